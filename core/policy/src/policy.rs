//! A policy: what is kept of whose posts.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sonic_rs::to_object_iter;
use tootmill_metric::{BadLine, Line, Post, Registry};

use crate::{
    account::Account,
    blocks::BlockList,
    fields::{Extent, Fields, Unsound},
    forgotten::Forgotten,
    tags::{OPT_OUT_TAGS, Tags},
};

/// How much accounts are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What accounts say of themselves does not matter.
    Open,
    /// Who does not want to be in it is left out; of who did not say `indexable` no names and no text are kept.
    #[default]
    Default,
    /// As the default, but that the account of who did not say `indexable` is not kept either.
    Strict,
}

/// A text that names no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no policy: it is open, default or strict")]
pub struct UnknownLevel(String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        let all = [Self::Open, Self::Default, Self::Strict];
        all.into_iter().find(|level| level.to_string() == text).ok_or_else(|| UnknownLevel(text.into()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "open",
            Self::Default => "default",
            Self::Strict => "strict",
        })
    }
}

/// What is kept of an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept<'l> {
    /// It, with the fields that are wanted. So is what is no post, of which only what it is is kept.
    Whole(Cow<'l, str>),
    /// It, without names and text.
    Reduced(String),
    /// Nothing, but that there was a line that is no object of JSON.
    NoObject,
    /// Nothing.
    LeftOut(Reason),
}

impl Kept<'_> {
    /// The line that is kept; `None` where none is.
    pub fn line(&self) -> Option<&str> {
        match self {
            Self::Whole(line) => Some(line),
            Self::Reduced(line) => Some(line),
            Self::NoObject => Some(NO_OBJECT),
            Self::LeftOut(_) => None,
        }
    }
}

/// Why nothing is kept of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The account says `noindex`.
    NoIndex,
    /// There is a tag in its profile.
    OptOutTag,
    /// It is on a list, or its server is.
    Blocked,
    /// It, or the post, was forgotten before.
    Forgotten,
}

/// A line that counts as bad, as what stood there did.
pub(crate) const NO_OBJECT: &str = "not a JSON object";

/// Fields that are always kept: by them posts are told apart, chosen from and counted.
const NEEDED: [&str; 10] = [
    "id",
    "created_at",
    "edited_at",
    "visibility",
    "reblogs_count",
    "favourites_count",
    "replies_count",
    "account.id",
    "account.bot",
    REMOTE,
];
/// What is written into a post of another instance where the name of its account, which told so, is not kept: whoever looks at
/// it again must know.
const REMOTE: &str = "remote";
/// What shows that an account may be kept.
const CONSENT: [&str; 3] = ["account.discoverable", "account.indexable", "account.noindex"];
/// By this people name their account where they ask what is held about it.
const HANDLE: &str = "account.acct";
/// All that is kept of what is no post.
const OTHERS: [&str; 13] = [
    "id",
    "created_at",
    "visibility",
    "reblog",
    "deleted",
    "observed",
    "gap.after",
    "gap.before",
    "gap.lineage",
    "gap.reason",
    "policy.name",
    "policy.left_out",
    "policy.reduced",
];

/// What is kept of whose posts.
#[derive(Clone, Debug)]
pub struct Policy {
    level: Level,
    /// The host of the instance that is observed.
    instance: String,
    all_fields: bool,
    asks_discoverable: bool,
    tags: Tags,
    blocked: BlockList,
    forgotten: Forgotten,
    whole: Fields,
    reduced: Fields,
    others: Fields,
}

/// A policy as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Described {
    /// Which one.
    pub name: Level,
    /// What in an account is looked at.
    pub honours: Vec<String>,
    /// The tags in a profile that count.
    pub opt_out_tags: Vec<String>,
    /// How many entries the lists of who is not kept have.
    pub blocked: usize,
    /// The fields that are kept; `None` for all.
    pub fields: Option<Vec<String>>,
    /// The fields that are kept, as far as they are no names and no text, of who did not say `indexable`; `None` where that
    /// does not matter.
    pub reduced_fields: Option<Vec<String>>,
}

impl Policy {
    /// A policy for posts of an instance, by its host, that keeps what these metrics read.
    pub fn new(level: Level, instance: &str, registry: &Registry) -> Self {
        let reads: Vec<&str> = registry.metrics().iter().flat_map(|one| one.metric.about().reads).collect();
        let reads = || reads.iter().copied();
        let whole = NEEDED.into_iter().chain(CONSENT).chain([HANDLE]).chain(reads());
        let is_kept = |path: &&str| level != Level::Strict || *path != "account" && !path.starts_with("account.");
        let reduced = NEEDED.into_iter().chain(CONSENT).chain(reads()).filter(is_kept);
        Self {
            level,
            instance: instance.into(),
            all_fields: false,
            asks_discoverable: false,
            tags: Tags(OPT_OUT_TAGS.map(str::to_owned).into()),
            blocked: BlockList::default(),
            forgotten: Forgotten::default(),
            whole: Fields::of(whole),
            reduced: Fields::of(reduced),
            others: Fields::of(OTHERS),
        }
    }

    /// Keeps everything as it was sent.
    pub fn as_sent() -> Self {
        let nothing = Fields::default();
        Self {
            level: Level::Open,
            instance: String::new(),
            all_fields: true,
            asks_discoverable: false,
            tags: Tags(Vec::new()),
            blocked: BlockList::default(),
            forgotten: Forgotten::default(),
            whole: nothing.clone(),
            reduced: nothing.clone(),
            others: nothing,
        }
    }

    /// Keeps all fields of posts that are not reduced, and not only those that metrics read.
    pub fn with_all_fields(self) -> Self {
        Self { all_fields: true, ..self }
    }

    /// With who is not kept, whatever the level.
    pub fn blocking(self, blocked: BlockList) -> Self {
        Self { blocked, ..self }
    }

    /// Without whom a lake has forgotten, whatever the level.
    pub fn forgetting(self, forgotten: Forgotten) -> Self {
        Self { forgotten, ..self }
    }

    /// Whom the lake has forgotten.
    pub fn forgotten(&self) -> &Forgotten {
        &self.forgotten
    }

    /// Whether a line is of whom the lake has forgotten.
    pub fn forgets(&self, line: &str) -> bool {
        matches!(Line::parse(line), Ok(Line::Post(post)) if self.has_forgotten(&post))
    }

    fn has_forgotten(&self, post: &Post<'_>) -> bool {
        self.forgotten.has(&post.id, post.account.as_ref().map(tootmill_metric::Account::id))
    }

    /// With other tags that count.
    pub fn with_opt_out_tags(self, tags: impl IntoIterator<Item = String>) -> Self {
        let tags = tags.into_iter().map(|tag| tag.trim_start_matches('#').to_lowercase()).collect();
        Self { tags: Tags(tags), ..self }
    }

    /// Takes an account that does not say `discoverable` for one that does not say `indexable`.
    pub fn asking_discoverable(self) -> Self {
        Self { asks_discoverable: true, ..self }
    }

    /// Which one.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Whether all is kept, whatever it is.
    pub fn keeps_all(&self) -> bool {
        self.keeps_as_sent() && self.blocked.is_empty() && self.forgotten.is_empty()
    }

    /// Whether what is kept is as it was sent.
    fn keeps_as_sent(&self) -> bool {
        self.level == Level::Open && self.all_fields
    }

    /// What is kept of an observation: of one object of JSON, or of what should be one.
    pub fn keep<'l>(&self, line: &'l str) -> Kept<'l> {
        if self.keeps_all() {
            return Kept::Whole(Cow::Borrowed(line));
        }
        match Line::parse(line) {
            Ok(Line::Post(post)) if self.has_forgotten(&post) => Kept::LeftOut(Reason::Forgotten),
            Ok(Line::Post(_)) => self.keep_post(line).unwrap_or(Kept::NoObject),
            _ if self.keeps_as_sent() => Kept::Whole(Cow::Borrowed(line)),
            Err(BadLine::NotJson | BadLine::TooDeep) => Kept::NoObject,
            Ok(_) | Err(_) => written(&self.others, line, Extent::Reduced)
                .map_or(Kept::NoObject, |line| Kept::Whole(Cow::Owned(line))),
        }
    }

    fn keep_post<'l>(&self, line: &'l str) -> Result<Kept<'l>, Unsound> {
        let account = self.account(line)?;
        let (user, host) = account.user_and_host(&self.instance);
        if self.blocked.has(account.id.as_deref(), user, host) {
            return Ok(Kept::LeftOut(Reason::Blocked));
        }
        if self.level != Level::Open {
            if let Some(reason) = account.opts_out {
                return Ok(Kept::LeftOut(reason));
            }
            if !account.is_indexable || self.asks_discoverable && !account.is_discoverable {
                return self.reduced(line, &account).map(Kept::Reduced);
            }
        }
        Ok(Kept::Whole(if self.all_fields {
            Cow::Borrowed(line)
        } else {
            Cow::Owned(written(&self.whole, line, Extent::Whole)?)
        }))
    }

    /// What the account of a post says, as far as it matters.
    fn account<'l>(&self, line: &'l str) -> Result<Account<'l>, Unsound> {
        let mut account = Account::default();
        if self.level == Level::Open && self.blocked.is_empty() {
            return Ok(account);
        }
        for entry in to_object_iter(line) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            if name == "account" {
                let Cow::Borrowed(json) = value.as_raw_cow() else { continue };
                account = Account::of(json, &self.tags)?;
            }
        }
        Ok(account)
    }

    fn reduced(&self, line: &str, account: &Account<'_>) -> Result<String, Unsound> {
        let mut reduced = written(&self.reduced, line, Extent::Reduced)?;
        if account.is_remote() && reduced.pop().is_some() {
            reduced.extend([",\"", REMOTE, "\":true}"]);
        }
        Ok(reduced)
    }

    /// It, as it is told.
    pub fn described(&self) -> Described {
        let honoured = [("noindex", true), ("indexable", true), ("discoverable", self.asks_discoverable)];
        let honoured = honoured.into_iter().filter(|(_, honoured)| *honoured && self.level != Level::Open);
        Described {
            name: self.level,
            honours: honoured.map(|(name, _)| name.to_owned()).collect(),
            opt_out_tags: if self.level == Level::Open { Vec::new() } else { self.tags.0.clone() },
            blocked: self.blocked.len(),
            fields: (!self.all_fields).then(|| self.whole.paths()),
            reduced_fields: (self.level != Level::Open).then(|| self.reduced.paths()),
        }
    }
}

fn written(fields: &Fields, line: &str, extent: Extent) -> Result<String, Unsound> {
    let mut written = String::with_capacity(line.len().min(1 << 10));
    fields.write_object(line, extent, &mut written)?;
    Ok(written)
}

#[cfg(test)]
mod tests;
