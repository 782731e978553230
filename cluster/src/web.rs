//! Requests to the web services of the daemons.

use std::{sync::LazyLock, time::Duration};

use serde_json::Value;
use ureq::Agent;

/// Daemons on the same machine answer at once or not at all; and no proxy stands between.
static AGENT: LazyLock<Agent> =
    LazyLock::new(|| Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).proxy(None).build().into());

/// What stands at an address, or what is the matter.
pub(crate) fn get(url: &str) -> Result<Value, String> {
    read(url, AGENT.get(url).call())
}

/// Changes what stands at an address.
pub(crate) fn put(url: &str) -> Result<(), String> {
    AGENT.put(url).send_empty().map(drop).map_err(|error| format!("{url}: {error}"))
}

/// The one bean of a JMX page.
pub(crate) fn bean(url: &str) -> Result<Value, String> {
    let bean = get(url)?.pointer_mut("/beans/0").map(Value::take);
    bean.ok_or_else(|| format!("{url} has no such bean"))
}

fn read(url: &str, response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let text = response.and_then(|mut response| response.body_mut().read_to_string());
    let text = text.map_err(|error| format!("{url}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{url}: {error}"))
}
