//! The public timeline, page by page.

use std::fmt;

use serde_json::value::RawValue;
use tootmill_metric::{Id, Status};
use url::Url;

use crate::{
    client::{Answer, Client, refused, shown},
    error::Error,
    instance::{Access, Instance},
    link,
    observation::Observation,
    statuses::Statuses,
};

/// The most posts that Mastodon gives on a page (`methods/timelines.md#public`).
pub const PAGE: usize = 40;

/// Which posts of the public timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Only those of the instance's own people.
    pub local: bool,
    /// Only those of other instances.
    pub remote: bool,
    /// Only those with media attached.
    pub only_media: bool,
}

/// As `public`, `local`, `remote`; with `_media` behind it where only those count.
impl fmt::Display for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Both together are all (timelines/public_spec.rb).
        let whose = match (self.local, self.remote) {
            (true, false) => "local",
            (false, true) => "remote",
            _ => "public",
        };
        write!(formatter, "{whose}{}", if self.only_media { "_media" } else { "" })
    }
}

impl Feed {
    /// The parameters of a request for it.
    pub(crate) fn query(self) -> Vec<(&'static str, &'static str)> {
        let parameters = [("local", self.local), ("remote", self.remote), ("only_media", self.only_media)];
        parameters.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| (name, "true")).collect()
    }
}

/// A public timeline that may be read.
#[derive(Debug)]
pub struct Timeline<'c> {
    client: &'c Client,
    feed: Feed,
}

/// A page of a timeline.
#[derive(Debug)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// Its posts, the newest first.
    pub posts: Vec<Observation>,
    /// The page of newer posts, where the instance names one.
    pub newer: Option<Url>,
    /// The page of older posts, where the instance names one.
    pub older: Option<Url>,
}

const PATH: &str = "/api/v1/timelines/public";

impl<'c> Timeline<'c> {
    /// The path of all public timelines.
    pub const PATH: &'static str = PATH;
    /// What is asked for, for robots.txt.
    pub const ADDRESSES: &'static [&'static str] = &[PATH, "/api/v1/timelines/public?limit=40&min_id=1"];

    /// A timeline of an instance that lets us read it, as far as the instance says.
    pub fn open(client: &'c Client, instance: &Instance, feed: Feed) -> Result<Self, Error> {
        let timeline = Self { client, feed };
        let needed =
            [(!feed.remote || feed.local, instance.local_feed), (!feed.local || feed.remote, instance.remote_feed)];
        for (_, access) in needed.into_iter().filter(|(needed, _)| *needed) {
            match access {
                Access::Disabled => {
                    return Err(timeline.closed("the instance has turned it off", "try --local or --remote alone"));
                }
                Access::Authenticated if !client.has_token() => {
                    return Err(timeline.closed("the instance shows it only with a token", TOKEN));
                }
                _ => {}
            }
        }
        Ok(timeline)
    }

    /// Who asks.
    pub fn client(&self) -> &Client {
        self.client
    }

    /// Which timeline.
    pub fn feed(&self) -> Feed {
        self.feed
    }

    /// The statuses of the same instance, by their ids.
    pub fn statuses(&self) -> Statuses<'c> {
        Statuses::of(self.client)
    }

    /// The newest posts.
    pub fn newest(&self, limit: usize) -> Result<Page, Error> {
        self.page(&self.url(limit, &[])?)
    }

    /// The posts right above one, oldest of the newer ones; nothing where there is none.
    pub fn above(&self, id: &Id, limit: usize) -> Result<Page, Error> {
        self.page(&self.url(limit, &[("min_id", id.as_str())])?)
    }

    /// The posts right below one.
    pub fn below(&self, id: &Id) -> Result<Page, Error> {
        self.page(&self.url(PAGE, &[("max_id", id.as_str())])?)
    }

    /// The page that another one names. It stays the same timeline, whatever its address leaves out.
    pub fn named(&self, url: &Url) -> Result<Page, Error> {
        let (mut complete, limit) = (url.clone(), PAGE.to_string());
        for (name, value) in self.feed.query().into_iter().chain([("limit", &*limit)]) {
            if !url.query_pairs().any(|(there, _)| there == name) {
                complete.query_pairs_mut().append_pair(name, value);
            }
        }
        self.page(&complete)
    }

    fn url(&self, limit: usize, more: &[(&str, &str)]) -> Result<Url, Error> {
        let limit = limit.to_string();
        let mut query = self.feed.query();
        query.push(("limit", &limit));
        let query: Vec<(&str, &str)> = query.into_iter().chain(more.iter().copied()).collect();
        self.client.url(PATH, &query)
    }

    fn page(&self, url: &Url) -> Result<Page, Error> {
        let (answer, posts) = self.client.read(url, read_posts)?;
        match (answer.status.as_u16(), posts) {
            (_, Some(posts)) => {
                // An address elsewhere is not followed: behind a proxy an instance may not know its own.
                let named = |relation| {
                    let url = link::find(&answer.headers, relation, &answer.url)?;
                    (url.origin() == answer.url.origin() && url.path() == answer.url.path()).then_some(url)
                };
                Ok(Page { newer: named("prev"), older: named("next"), url: answer.url, posts })
            }
            // Which of the two an instance answers depends on its version: see PR 11802 and issue 942 of the documentation.
            (code @ (401 | 422), None) if self.client.has_token() => Err(self.closed(
                &format!("the instance answers {code} to this token"),
                "it must be a valid one of a user, \
                    with the scope read:statuses: see `tootmill auth status`",
            )),
            (code @ (401 | 422), None) => {
                Err(self.closed(&format!("the instance answers {code} without a token"), TOKEN))
            }
            (_, None) => Err(refused(&answer)),
        }
    }

    /// The error of a timeline that gives nothing.
    pub fn empty(&self) -> Error {
        self.closed(
            "it is empty, although the instance does not say that it is closed",
            "look at it in a browser: where there are posts, a user's token may help (`tootmill auth login`, scope read:statuses)",
        )
    }

    fn closed(&self, reason: &str, advice: &'static str) -> Error {
        let (feed, instance) = (self.feed.to_string(), self.client.base().to_string());
        Error::Closed { feed, instance, reason: reason.into(), advice }
    }

    /// The error of pages that do not follow each other.
    pub fn broken(page: &Page, reason: &'static str) -> Error {
        Error::Paging { url: shown(&page.url), reason, status: Status::Permanent }
    }

    /// The error of a page that lacks posts: a copy of the database may be behind, or a cache.
    pub fn incomplete(page: &Page, reason: &'static str) -> Error {
        Error::Paging { url: shown(&page.url), reason, status: Status::Temporary }
    }
}

const TOKEN: &str = "get a user's token with the scope read:statuses: `tootmill auth login`";

/// The statuses of an answer, each as it stands there; `None` for a refusal.
pub(crate) fn read_posts(answer: &Answer) -> Result<Option<Vec<Observation>>, String> {
    if !answer.status.is_success() {
        return Ok(None);
    }
    // Bytes that are not UTF-8 occur in old posts, and must not lose the page.
    let text = String::from_utf8_lossy(&answer.body);
    let posts: Vec<&RawValue> =
        serde_json::from_str(&text).map_err(|error| format!("the answer is no list of posts: {error}"))?;
    Ok(Some(posts.into_iter().map(|post| Observation::of(post.get())).collect()))
}
