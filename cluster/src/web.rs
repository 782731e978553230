//! Requests to the web services of the daemons.

use std::{sync::LazyLock, time::Duration};

use reqwest::{
    Error, Url,
    blocking::{Client, RequestBuilder, Response},
};
use serde_json::Value;

/// Daemons on the same machine answer at once or not at all; and no proxy stands between.
static CLIENT: LazyLock<Result<Client, Error>> =
    LazyLock::new(|| Client::builder().timeout(Duration::from_secs(5)).no_proxy().build());

/// What stands at an address, or what is the matter.
pub(crate) fn get(url: &str) -> Result<Value, String> {
    ask(url, Client::get)?.json().map_err(|error| error.to_string())
}

/// Changes what stands at an address.
pub(crate) fn put(url: &str) -> Result<(), String> {
    ask(url, Client::put).map(drop)
}

fn ask(url: &str, request: impl Fn(&Client, Url) -> RequestBuilder) -> Result<Response, String> {
    let address = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
    let client = CLIENT.as_ref().map_err(Error::to_string)?;
    request(client, address).send().and_then(Response::error_for_status).map_err(|error| error.to_string())
}

/// The one bean of a JMX page.
pub(crate) fn bean(url: &str) -> Result<Value, String> {
    let bean = get(url)?.pointer_mut("/beans/0").map(Value::take);
    bean.ok_or_else(|| format!("{url} has no such bean"))
}
