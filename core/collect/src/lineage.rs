//! A lineage: what is collected from one feed of an instance, one observation after the other, without a gap.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tootmill_lake::{Entry, Lake, Lease};
use tootmill_mastodon::{Feed, Owner};
use tootmill_policy::Policy;

use crate::{error::Error, raw::Committed};

/// The right to collect a feed into a lake. One process has it at a time, beside others with other feeds.
#[derive(Debug)]
pub struct Lineage {
    lake: Lake,
    feed: Feed,
    observer: Observer,
    policy: Arc<Policy>,
    /// What is done, in names of folders.
    work: String,
    lease: Lease,
    /// By all of its writers.
    committed: Mutex<Committed>,
}

impl Lineage {
    /// Takes the right, and removes what a process that was killed had not committed.
    pub fn begin(lake: &Lake, feed: Feed, observer: Observer, policy: &Arc<Policy>) -> Result<Self, Error> {
        Self::take(lake, feed, observer, policy, feed.to_string())
    }

    /// Takes the right to look again at what was collected, which may go on meanwhile.
    pub fn refresh(lake: &Lake, feed: Feed, observer: Observer, policy: &Arc<Policy>) -> Result<Self, Error> {
        Self::take(lake, feed, observer, policy, format!("refresh-{feed}"))
    }

    fn take(lake: &Lake, feed: Feed, observer: Observer, policy: &Arc<Policy>, work: String) -> Result<Self, Error> {
        let lease = lake.collecting(&work, "tootmill collect")?;
        let lineage = Self {
            lake: lake.clone(),
            feed,
            observer,
            policy: Arc::clone(policy),
            work,
            lease,
            committed: Mutex::default(),
        };
        lake.storage().remove(&lineage.aside())?;
        lineage.look_whom_the_lake_forgot()?;
        Ok(lineage)
    }

    /// Reads whom the lake has forgotten; gives whether these are others than before.
    pub(crate) fn look_whom_the_lake_forgot(&self) -> Result<bool, Error> {
        let read = |text: &str| self.policy.forgotten().read(text);
        Ok(self.lake.storage().read_as(&self.lake.forgotten(), read)?.unwrap_or(false))
    }

    /// Where it is collected to.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// What is collected.
    pub fn feed(&self) -> Feed {
        self.feed
    }

    /// Who observes.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// What is kept of what is observed.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What was committed until now, also where the work fails later.
    pub fn committed(&self) -> Committed {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was committed.
    pub(crate) fn has_committed(&self, more: Committed) {
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) += more;
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Where files are written before they are committed.
    pub(crate) fn aside(&self) -> String {
        self.lake.aside(&format!("collect-{}", self.work))
    }

    /// The raw files with which it can go on, the latest first.
    pub(crate) fn files(&self) -> Result<Vec<Entry>, Error> {
        let feed = self.feed.to_string();
        let mut files = self.lake.raw_files()?;
        files.retain(|file| RawName::parse(file.name()).is_some_and(|name| name.feed == feed && name.kind.continues()));
        files.sort_by(|one, other| other.name().cmp(one.name()));
        Ok(files)
    }
}

/// Who observes: what one may see, another may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observer(String);

impl Observer {
    /// Whoever has no token.
    pub fn anonymous() -> Self {
        Self("anonymous".into())
    }

    /// Who has a token. Names do not belong into file names, so it is a digest: of the account, or of the token itself where
    /// it may not say whose it is.
    pub fn with_token(instance: &str, owner: &Owner, token: &SecretString) -> Self {
        let who = match owner {
            Owner::Account { id, .. } => format!("account {id}"),
            Owner::App { name } => format!("application {name}"),
            Owner::Hidden => token.expose_secret().into(),
        };
        let digest = hex::encode(Sha256::digest(format!("{instance} {who}")));
        Self(format!("as_{}", digest.chars().take(8).collect::<String>()))
    }
}

impl fmt::Display for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How observations came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By pages of the timeline.
    Pages,
    /// As the instance streamed them.
    Stream,
    /// By asking for known posts once more.
    Refresh,
}

impl Kind {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Pages, "pages"), (Self::Stream, "stream"), (Self::Refresh, "refresh")];

    /// Whether the newest post among them says how far the lineage has come.
    fn continues(self) -> bool {
        self != Self::Refresh
    }
}

/// The name of a raw file: `TIME-FEED-KIND-OBSERVER-UNIQUE.jsonl.zst`, with the time of its first observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawName<'a> {
    /// When its first line was observed, as `20261124T101112.123456Z`.
    pub time: &'a str,
    /// Of which feed it is.
    pub feed: &'a str,
    /// How its observations came.
    pub kind: Kind,
    /// Who observed.
    pub observer: &'a str,
    unique: &'a str,
}

impl<'a> RawName<'a> {
    /// Takes a file's name apart; `None` where it was not collected.
    pub fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.splitn(5, '-');
        let (time, feed, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let (kind, _) = *Kind::ALL.iter().find(|(_, name)| *name == kind)?;
        Some(Self { time, feed, kind, observer: parts.next()?, unique: parts.next()? })
    }
}

/// The name of a new raw file, before its ending.
pub(crate) fn raw_name(lineage: &Lineage, kind: Kind, observed: tootmill_metric::Instant, number: u64) -> String {
    let time = tootmill_input::raw_name(observed);
    let kind = Kind::ALL.iter().find(|(one, _)| *one == kind).map_or("", |(_, name)| *name);
    format!("{time}-{}-{kind}-{}-{}-{number:06}", lineage.feed, lineage.observer, lineage.lease.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_how_and_by_whom() {
        let name =
            RawName::parse("20261124T101112.123456Z-local_media-stream-as_0123abcd-18f-7-000001.jsonl.zst").unwrap();
        let expected = ("20261124T101112.123456Z", "local_media", Kind::Stream, "as_0123abcd");
        assert_eq!((name.time, name.feed, name.kind, name.observer), expected);
        for other in ["20261124T101112.123456Z-import-18f-7", "posts.jsonl", "a-b-c-d-e", ""] {
            assert_eq!(RawName::parse(other), None, "{other}");
        }
    }
}
