//! A policy: what is kept of whose posts.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sonic_rs::to_object_iter;
use tootmill_metric::{BadLine, Line, Reduction, Registry, without_lone_surrogates};

use crate::{
    account::Account,
    blocks::BlockList,
    fields::{Extent, Fields, Unsound},
    finder::is_object,
    forgotten::Forgotten,
    left::{self, Left},
    tags::{OPT_OUT_TAGS, Tag, Tags},
    whom::Whom,
    within::without_others,
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
    /// Nothing: it is the note of a policy by which the lines about it were kept before, whose counts are not this one's.
    Note,
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
            Self::Note | Self::LeftOut(_) => None,
        }
    }

    /// Whether a post of which something is in a lake is to be noted as deleted, as nothing is kept of it any more. That one was
    /// forgotten is not noted: it would tell its id.
    pub fn withdraws(&self) -> bool {
        self.line().is_none() && *self != Self::LeftOut(Reason::Forgotten)
    }

    /// The same, that borrows from no line.
    fn into_owned<'o>(self) -> Kept<'o> {
        match self {
            Self::Whole(line) => Kept::Whole(Cow::Owned(line.into_owned())),
            Self::Reduced(line) => Kept::Reduced(line),
            Self::NoObject => Kept::NoObject,
            Self::Note => Kept::Note,
            Self::LeftOut(reason) => Kept::LeftOut(reason),
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
const OTHERS: [&str; 10] = [
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
];

/// What is kept of whose posts.
#[derive(Clone, Debug)]
pub struct Policy {
    level: Level,
    /// The hosts of the instance that is observed: that of its pages, and that in the names of its people.
    hosts: Vec<String>,
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
        let whole = NEEDED.into_iter().chain(CONSENT).chain([HANDLE, Reduction::FIELD]).chain(reads());
        let is_kept = |path: &&str| level != Level::Strict || *path != "account" && !path.starts_with("account.");
        let reduced = NEEDED.into_iter().chain(CONSENT).chain(reads()).filter(is_kept);
        Self {
            level,
            hosts: vec![instance.into()],
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
            hosts: vec![String::new()],
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

    /// For an instance in the names of whose people this is the host as well.
    pub fn also_called(mut self, domain: &str) -> Self {
        if !self.hosts.iter().any(|host| host == domain) {
            self.hosts.push(domain.into());
        }
        self
    }

    /// Without whom a lake has forgotten, whatever the level.
    pub fn forgetting(self, forgotten: Forgotten) -> Self {
        Self { forgotten, ..self }
    }

    /// Whom the lake has forgotten.
    pub fn forgotten(&self) -> &Forgotten {
        &self.forgotten
    }

    /// What is left of a line that was kept without whom the lake has forgotten: nothing of what is theirs, and of what is others'
    /// no mention of them, no answer to them, and nothing that is quoted of them. In texts no name or address of those whom the line
    /// mentions or quotes; others' names stay, which no hash tells. Of what cannot be read, which may be theirs, no more is left than that it was there.
    pub fn without_forgotten(&self, line: &str) -> Left {
        if self.forgotten.is_empty() || line == NO_OBJECT {
            return Left::Same;
        }
        let no_object = || Left::Redacted(NO_OBJECT.into());
        if !is_object(line) {
            return no_object();
        }
        // As when it is kept.
        let left = self.left(line).or_else(|Unsound| self.left(&without_lone_surrogates(line)));
        left.unwrap_or_else(|Unsound| no_object())
    }

    fn left(&self, line: &str) -> Result<Left, Unsound> {
        if self.forgotten.is_empty() {
            return Ok(Left::Same);
        }
        let (left, taken) = left::left(line, &self.forgotten, None)?;
        match left {
            Left::Redacted(line) if !taken.is_empty() => self.without_names(line, taken),
            left => Ok(left),
        }
    }

    /// What is left of a line that is redacted, without names and addresses in texts. Of what they cannot be looked for in nothing is
    /// kept.
    fn without_names(&self, line: String, mut whom: Whom) -> Result<Left, Unsound> {
        let (instance, others) = self.hosts.split_first().ok_or(Unsound)?;
        let own: Vec<String> = whom.handles.iter().filter(|name| !name.contains('@')).cloned().collect();
        whom.handles.extend(others.iter().flat_map(|host| own.iter().map(move |user| format!("{user}@{host}"))));
        let finder = whom.finder(instance).map_err(|_| Unsound)?;
        Ok(match finder.left(&line) {
            Left::Same => Left::Redacted(line),
            left => left,
        })
    }

    /// With other tags that count.
    pub fn with_opt_out_tags(self, tags: impl IntoIterator<Item = Tag>) -> Self {
        Self { tags: Tags(tags.into_iter().map(|tag| tag.0).collect()), ..self }
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
        // What is kept whatever it is need not be read.
        if self.keeps_all() { Kept::Whole(Cow::Borrowed(line)) } else { self.keep_read(line, &Line::parse(line)) }
    }

    /// As [`keep`](Self::keep), of a line that was read as this.
    pub fn keep_read<'l>(&self, line: &'l str, read: &Result<Line<'_>, BadLine>) -> Kept<'l> {
        if self.keeps_all() {
            return Kept::Whole(Cow::Borrowed(line));
        }
        // Nobody can be asked.
        if let Err(BadLine::NotJson | BadLine::TooDeep) = read {
            return Kept::NoObject;
        }
        self.keep_object(line, read).unwrap_or_else(|Unsound| {
            let repaired = without_lone_surrogates(line);
            self.keep_object(&repaired, read).map_or(Kept::NoObject, Kept::into_owned)
        })
    }

    fn keep_object<'l>(&self, line: &'l str, read: &Result<Line<'_>, BadLine>) -> Result<Kept<'l>, Unsound> {
        match (read, self.left(line)?) {
            (Ok(Line::Policy(_)), _) => Ok(Kept::Note),
            (_, Left::Nothing) => Ok(Kept::LeftOut(Reason::Forgotten)),
            (_, Left::Redacted(line)) => self.keep_of_others(&line, read).map(Kept::into_owned),
            (_, Left::Same) => self.keep_of_others(line, read),
        }
    }

    /// What is kept of what is not of whom the lake has forgotten.
    fn keep_of_others<'l>(&self, line: &'l str, read: &Result<Line<'_>, BadLine>) -> Result<Kept<'l>, Unsound> {
        match read {
            Ok(Line::Post(post)) => self.keep_post(line, post.reduction),
            Ok(_) | Err(_) => self.keep_other(line),
        }
    }

    /// What is kept of what is no post: of a boost, say.
    fn keep_other<'l>(&self, line: &'l str) -> Result<Kept<'l>, Unsound> {
        if let Some(reason) = self.refusal_of_any(line)? {
            return Ok(Kept::LeftOut(reason));
        }
        Ok(Kept::Whole(if self.keeps_as_sent() {
            self.without_others(line)?
        } else {
            Cow::Owned(written(&self.others, line, Extent::Reduced)?)
        }))
    }

    /// Why nothing is to be kept of a status, by what is known of any account that it is of: a boost is of two.
    fn refusal_of_any(&self, status: &str) -> Result<Option<Reason>, Unsound> {
        for entry in to_object_iter(status) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(json) = value.as_raw_cow() else { return Err(Unsound) };
            let refusal = match &*name {
                "account" => self.refusal(&Account::of(json, &self.tags)?),
                "reblog" if json.starts_with('{') => self.refusal_of_any(json)?,
                _ => None,
            };
            if refusal.is_some() {
                return Ok(refusal);
            }
        }
        Ok(None)
    }

    /// Why nothing of an account is to be kept.
    fn refusal(&self, account: &Account<'_>) -> Option<Reason> {
        let is_blocked = self.hosts.iter().any(|own| {
            let (user, host) = account.user_and_host(own);
            self.blocked.has(account.id.as_deref(), user, host)
        });
        let blocked = is_blocked.then_some(Reason::Blocked);
        blocked.or(account.opts_out.filter(|_| self.level != Level::Open))
    }

    /// What is kept of a post, of which something may not have been kept before.
    fn keep_post<'l>(&self, line: &'l str, before: Reduction) -> Result<Kept<'l>, Unsound> {
        let account = self.account(line)?;
        if let Some(reason) = self.refusal(&account) {
            return Ok(Kept::LeftOut(reason));
        }
        let line = self.without_others(line)?;
        if self.reduces(&account) {
            return self.reduced(&line, &account, before).map(Kept::Reduced);
        }
        Ok(Kept::Whole(if self.all_fields { line } else { Cow::Owned(written(&self.whole, &line, Extent::Whole)?) }))
    }

    /// Whether of an account that is not refused no names and no text are kept.
    fn reduces(&self, account: &Account<'_>) -> bool {
        self.level != Level::Open && (!account.is_indexable || self.asks_discoverable && !account.is_discoverable)
    }

    /// A status without what is in it of accounts whose own posts would not be kept whole.
    fn without_others<'l>(&self, status: &'l str) -> Result<Cow<'l, str>, Unsound> {
        if self.level == Level::Open && self.blocked.is_empty() {
            return Ok(Cow::Borrowed(status));
        }
        let is_looked_at = |name: &str| self.all_fields || self.whole.looks_into(name);
        without_others(status, is_looked_at, |account| {
            let account = Account::of(account, &self.tags)?;
            Ok(self.refusal(&account).is_none() && !self.reduces(&account))
        })
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
                let Cow::Borrowed(json) = value.as_raw_cow() else { return Err(Unsound) };
                account = Account::of(json, &self.tags)?;
            }
        }
        Ok(account)
    }

    fn reduced(&self, line: &str, account: &Account<'_>, before: Reduction) -> Result<String, Unsound> {
        let reduction = if self.level == Level::Strict { Reduction::Account } else { Reduction::Text };
        let mut reduced = written(&self.reduced, line, Extent::Reduced)?;
        reduced.pop();
        marks(account.is_remote(), reduction.max(before), &mut reduced);
        reduced.push('}');
        Ok(reduced)
    }

    /// What tells its lists of who is not kept from others; `None` where there are none.
    pub fn digest_of_lists(&self) -> Option<String> {
        (!self.blocked.is_empty()).then(|| self.blocked.digest())
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

impl fmt::Display for Described {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name)?;
        if !self.honours.is_empty() {
            write!(formatter, ", asking for {}", self.honours.join(", "))?;
        }
        for tag in &self.opt_out_tags {
            write!(formatter, ", #{tag}")?;
        }
        if self.blocked > 0 {
            write!(formatter, "; {} entries in block lists", self.blocked)?;
        }
        match &self.fields {
            Some(fields) => write!(formatter, "; {} fields are kept", fields.len()),
            None => formatter.write_str("; all fields are kept"),
        }
    }
}

/// Writes what marks a post of which no names and no text are kept, behind its other fields.
pub(crate) fn marks(is_remote: bool, reduction: Reduction, out: &mut String) {
    if is_remote {
        out.extend([",\"", REMOTE, "\":true"]);
    }
    out.extend([",\"", Reduction::FIELD, "\":\"", reduction.name(), "\""]);
}

fn written(fields: &Fields, line: &str, extent: Extent) -> Result<String, Unsound> {
    let mut written = String::with_capacity(line.len().min(1 << 10));
    fields.write_object(line, extent, &mut written)?;
    Ok(written)
}

#[cfg(test)]
mod tests;
