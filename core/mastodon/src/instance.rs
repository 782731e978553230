//! What an instance says of itself: its version, where it streams, and who may read its timelines.

use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;

use crate::{
    client::{Answer, Client, refused},
    error::Error,
};

/// An instance's own description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its software and version, as in `4.5.0` or `0.20.0+git`.
    pub version: String,
    /// The host in the names of its people, where it says so: its pages may be on another one.
    pub domain: Option<String>,
    /// The base address of its streams, `wss://…` or `https://…`, where it has any.
    pub streaming: Option<Url>,
    /// Who may read the posts of its own people as they come.
    pub local_feed: Access,
    /// Who may read the posts of other instances as they come.
    pub remote_feed: Access,
}

/// Who may read a timeline: `configuration.timelines_access.live_feeds`, since Mastodon 4.5 (`entities/Instance.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The instance does not say.
    #[default]
    Unknown,
    /// Everybody.
    Public,
    /// Whoever has a token.
    Authenticated,
    /// Nobody.
    Disabled,
}

impl Access {
    fn parse(text: Option<&str>) -> Self {
        match text {
            Some("public") => Self::Public,
            Some("authenticated") => Self::Authenticated,
            Some("disabled") => Self::Disabled,
            _ => Self::Unknown,
        }
    }
}

impl Instance {
    /// Asks the instance: version 2 of its description, or version 1 where there is no such.
    pub fn of(client: &Client) -> Result<Self, Error> {
        let second = client.url("/api/v2/instance", &[])?;
        let (answer, instance) = client.read(&second, read::<Second>)?;
        if let Some(instance) = instance {
            return Ok(instance.into());
        }
        if ![StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status) {
            return Err(refused(&answer));
        }
        let (answer, instance) = client.read(&client.url("/api/v1/instance", &[])?, read::<First>)?;
        instance.map(Self::from).ok_or_else(|| refused(&answer))
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<Option<T>, String> {
    answer.status.is_success().then(|| answer.json()).transpose()
}

/// `GET /api/v2/instance`, as far as it is needed (`entities/Instance.md`).
#[derive(Deserialize)]
struct Second {
    version: Option<String>,
    domain: Option<String>,
    configuration: Option<Configuration>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    urls: Option<Urls>,
    timelines_access: Option<TimelinesAccess>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Urls {
    streaming: Option<String>,
    streaming_api: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TimelinesAccess {
    live_feeds: Option<LiveFeeds>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LiveFeeds {
    local: Option<String>,
    remote: Option<String>,
}

/// `GET /api/v1/instance` (`entities/V1_Instance.md`).
#[derive(Deserialize)]
struct First {
    version: Option<String>,
    uri: Option<String>,
    urls: Option<Urls>,
}

impl From<Second> for Instance {
    fn from(Second { version, domain, configuration }: Second) -> Self {
        let configuration = configuration.unwrap_or_default();
        let feeds = configuration.timelines_access.and_then(|access| access.live_feeds).unwrap_or_default();
        Self {
            version: version.unwrap_or_default(),
            domain,
            streaming: configuration.urls.unwrap_or_default().streaming.and_then(|url| Url::parse(&url).ok()),
            local_feed: Access::parse(feeds.local.as_deref()),
            remote_feed: Access::parse(feeds.remote.as_deref()),
        }
    }
}

impl From<First> for Instance {
    fn from(First { version, uri, urls }: First) -> Self {
        let streaming = urls.unwrap_or_default().streaming_api.and_then(|url| Url::parse(&url).ok());
        // A name, or the address of a page at that name.
        let domain = uri.map(|uri| uri.trim_start_matches("https://").trim_end_matches('/').to_owned());
        Self { version: version.unwrap_or_default(), domain, streaming, ..Self::default() }
    }
}
