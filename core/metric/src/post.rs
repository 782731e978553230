//! A line of input and what it is: a post, a boost, a status that isn't public, a deletion, a gap.

use std::{borrow::Cow, cmp::Ordering};

use compact_str::CompactString;
use serde::{Deserialize, de::MapAccess};
use sonic_rs::Deserializer;

use crate::{
    Instant,
    json::{AnyObject, Field, Flag, Length, Name, Names, NotNull, Number, Optional, RawId, Shortcode, Text, object},
};

/// A post's id, opaque: a shorter one comes before a longer one, those of one length are in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(CompactString);

impl Id {
    /// The id with this text.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        if self.0.is_heap_allocated() { self.0.capacity() } else { 0 }
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One public post, borrowed from the line that it stands on.
///
/// Servers differ, so every field but `id` and `created_at` may be absent; one of a type that it should not have counts as
/// absent.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Opaque, not empty. Unique together with the UTC day of `created_at`.
    pub id: Cow<'a, str>,
    /// When it was written.
    pub created_at: Instant,
    /// When it was last edited.
    pub edited_at: Option<Instant>,
    /// The language's code as served, declared by the author or guessed by the server.
    pub language: Option<Cow<'a, str>>,
    /// The text, HTML.
    pub content: Cow<'a, str>,
    /// How often it was boosted; 0 where absent or negative, as the other counts.
    pub reblogs_count: u64,
    /// How many favourites it has.
    pub favourites_count: u64,
    /// How many replies it has.
    pub replies_count: u64,
    /// How many media attachments it has.
    pub media_attachments: usize,
    /// The shortcodes of the custom emoji in it, as served: one may stand in it twice.
    pub emojis: Vec<Cow<'a, str>>,
    /// The names of its hashtags, as served: in any case, and one may stand in it twice.
    pub tags: Vec<Cow<'a, str>>,
    /// Who wrote it, unless the account has no usable id.
    pub account: Option<Account<'a>>,
    /// What of it was not kept.
    pub reduction: Reduction,
    line: &'a str,
}

/// What of a post a policy did not keep. It stands in the post, so that what is known of it from elsewhere can be reduced too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reduction {
    /// Nothing that is known.
    #[default]
    None,
    /// Names and text.
    Text,
    /// The account as well.
    Account,
}

impl Reduction {
    /// All, from the whole post on.
    pub const ALL: [Self; 3] = [Self::None, Self::Text, Self::Account];
    /// The field of a post that says it.
    pub const FIELD: &str = "reduced";

    /// As it stands in the field, where it does.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Text => "text",
            Self::Account => "account",
        }
    }

    /// What a field says.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.name() == name).unwrap_or_default()
    }
}

/// Who wrote a post, as the server knew the account when it sent the post.
#[derive(Clone, Debug)]
pub struct Account<'a> {
    id: Cow<'a, str>,
    /// When the account was created.
    pub created_at: Option<Instant>,
    /// How many follow it; 0 where absent or negative.
    pub followers_count: u64,
    /// Whether it says of itself that it is a bot.
    pub bot: bool,
}

impl Account<'_> {
    /// Its id, opaque, not empty.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<'a> Post<'a> {
    /// Reads a post from one JSON object: for tests and examples, where it is known to be one.
    ///
    /// ```
    /// # use tootmill_metric::Post;
    /// let post = Post::parse(r#"{"id": 7, "created_at": "2026-11-24T10:00:00Z", "language": "ja"}"#).unwrap();
    /// assert_eq!((&*post.id, post.language.as_deref()), ("7", Some("ja")));
    /// ```
    pub fn parse(line: &'a str) -> Result<Self, BadLine> {
        match Line::parse(line)? {
            Line::Post(post) => Ok(post),
            Line::Boost | Line::NotPublic | Line::Deletion(_) | Line::Gap | Line::Policy(_) => Err(BadLine::NotAPost),
        }
    }

    /// Any other field of the status, by its path, as any type that serde can read; `None` where it is absent or of another
    /// type. It scans the line again, so a metric that reads many fields should read their common parent once.
    ///
    /// ```
    /// # use tootmill_metric::Post;
    /// let post = Post::parse(r#"{"id":"7","created_at":"2026-11-24","card":{"provider_name":"Example"}}"#).unwrap();
    /// assert_eq!(post.get::<String>(&["card", "provider_name"]).as_deref(), Some("Example"));
    /// assert_eq!(post.get::<bool>(&["sensitive"]), None);
    /// ```
    pub fn get<T: Deserialize<'a>>(&self, path: &[&str]) -> Option<T> {
        Deserializer::from_str(self.raw(path)?).utf8_lossy().deserialize().ok()
    }

    /// The value at the path, as it stands in the line. Not generic, so that the parser, which recurses, is compiled here,
    /// optimised in every profile, and not in a metric's crate, where it would need more stack than there is.
    fn raw(&self, path: &[&str]) -> Option<&'a str> {
        let Cow::Borrowed(value) = sonic_rs::get(self.line, path).ok()?.as_raw_cow() else { return None };
        Some(value)
    }

    /// The line that it was read from.
    pub fn line(&self) -> &'a str {
        self.line
    }

    /// Calls `each` with the host of every link in the content, every link once: lower-case, without port. Links are what
    /// the HTML and URL standards read in it; mentions and hashtags are not links.
    pub fn link_hosts(&self, mut each: impl FnMut(&str)) {
        tootmill_links::hosts(&self.content, &mut each);
    }
}

/// Names without repetition, in the order of their bytes.
///
/// ```
/// let tags = ["Caturday", "caturday", "art"];
/// assert_eq!(tootmill_metric::distinct(tags.map(str::to_lowercase)), ["art", "caturday"]);
/// ```
pub fn distinct<T: Ord>(names: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut names: Vec<T> = names.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The text in lower case (Unicode), borrowed where it plainly is already.
///
/// ```
/// assert_eq!(tootmill_metric::lowercase("ÉTÉ"), "été");
/// ```
pub fn lowercase(text: &str) -> Cow<'_, str> {
    let is_lower = text.bytes().fold(true, |lower, byte| lower & byte.is_ascii() & !byte.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// What a line of input is.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly every line is a post, and none is kept")]
pub enum Line<'a> {
    /// A public post.
    Post(Post<'a>),
    /// A boost, which is not a post of its own.
    Boost,
    /// A status with a visibility other than public.
    NotPublic,
    /// The note that the post with this id was deleted.
    Deletion(Cow<'a, str>),
    /// The note that posts are missing here: whoever observed them knows that it did not see them.
    Gap,
    /// The note of what a policy did with observations before they were kept.
    Policy(PolicyCounts),
}

/// With how many observations a policy did something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyCounts {
    /// How many were left out.
    pub left_out: u64,
    /// Of how many neither names nor text were kept.
    pub reduced: u64,
}

impl<'a> Field<'a> for PolicyCounts {
    fn object<A: MapAccess<'a>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut counts = Self::default();
        while let Some(name) = object.next_key::<Cow<'a, str>>()? {
            let count = Number::or_zero(object.next_value::<Optional<Number>>()?.0);
            match &*name {
                "left_out" => counts.left_out = count,
                "reduced" => counts.reduced = count,
                _ => {}
            }
        }
        Ok(Some(counts))
    }
}

/// Why a line is none of what a [`Line`] can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// No JSON object.
    #[error("not a JSON object")]
    NotJson,
    /// More than 128 levels of brackets.
    #[error("more than {} levels deep", Line::DEPTH)]
    TooDeep,
    /// No usable id.
    #[error("no usable `id`")]
    NoId,
    /// No usable date.
    #[error("no usable `created_at`")]
    NoDate,
    /// A boost, a deletion, a gap or not public, where only a post serves.
    #[error("not a public post")]
    NotAPost,
}

object! {
    struct Status<'a> {
        id: RawId<'a> = "id",
        created_at: Text<'a> = "created_at",
        edited_at: Text<'a> = "edited_at",
        deleted: RawId<'a> = "deleted",
        gap: AnyObject = "gap",
        policy: PolicyCounts = "policy",
        reblog: NotNull = "reblog",
        visibility: Text<'a> = "visibility",
        language: Text<'a> = "language",
        content: Text<'a> = "content",
        reblogs_count: Number = "reblogs_count",
        favourites_count: Number = "favourites_count",
        replies_count: Number = "replies_count",
        media_attachments: Length = "media_attachments",
        emojis: Names<'a, Shortcode<'a>> = "emojis",
        tags: Names<'a, Name<'a>> = "tags",
        account: RawAccount<'a> = "account",
        reduced: Text<'a> = "reduced",
    }
}

object! {
    struct RawAccount<'a> {
        id: RawId<'a> = "id",
        created_at: Text<'a> = "created_at",
        followers_count: Number = "followers_count",
        bot: Flag = "bot",
    }
}

impl<'a> Line<'a> {
    /// How many levels of brackets a line may have.
    pub const DEPTH: usize = 128;

    /// Reads a line that holds one JSON object.
    pub fn parse(line: &'a str) -> Result<Self, BadLine> {
        if is_too_deep(line.as_bytes()) {
            return Err(BadLine::TooDeep);
        }
        let mut json = Deserializer::from_str(line).utf8_lossy();
        let status: Optional<Status<'a>> = json.deserialize().map_err(|_| BadLine::NotJson)?;
        json.end().map_err(|_| BadLine::NotJson)?;
        let status = status.0.ok_or(BadLine::NotJson)?;
        if status.reblog.is_some() {
            return Ok(Self::Boost);
        }
        if let Some(id) = status.deleted.and_then(|id| id.text(line, &["deleted"])) {
            return Ok(Self::Deletion(id));
        }
        if status.gap.is_some() {
            return Ok(Self::Gap);
        }
        if status.visibility.is_some_and(|visibility| visibility.0 != "public") {
            return Ok(Self::NotPublic);
        }
        let date = |text: Option<Text<'_>>| text.and_then(|text| Instant::parse(&text.0));
        let account = status.account.and_then(|account| {
            Some(Account {
                id: account.id?.text(line, &["account", "id"])?,
                created_at: date(account.created_at),
                followers_count: Number::or_zero(account.followers_count),
                bot: account.bot.is_some_and(|bot| bot.0),
            })
        });
        let Some(id) = status.id.and_then(|id| id.text(line, &["id"])) else {
            // A status may have a field of that name.
            return status.policy.map(Self::Policy).ok_or(BadLine::NoId);
        };
        Ok(Self::Post(Post {
            id,
            created_at: date(status.created_at).ok_or(BadLine::NoDate)?,
            edited_at: date(status.edited_at),
            language: status.language.map(|language| language.0),
            content: status.content.map_or(Cow::Borrowed(""), |content| content.0),
            reblogs_count: Number::or_zero(status.reblogs_count),
            favourites_count: Number::or_zero(status.favourites_count),
            replies_count: Number::or_zero(status.replies_count),
            media_attachments: status.media_attachments.map_or(0, |list| list.0),
            emojis: status.emojis.map_or_else(Vec::new, |names| names.0),
            tags: status.tags.map_or_else(Vec::new, |names| names.0),
            account,
            reduction: status.reduced.map_or_else(Reduction::default, |name| Reduction::named(&name.0)),
            line,
        }))
    }
}

/// Whether the brackets outside of strings are nested too deep for a parser that recurses.
fn is_too_deep(line: &[u8]) -> bool {
    // `[` and `{` differ in one bit. Few posts have so many brackets at all, so the rest is seldom done. Counted in bytes, in
    // pieces that cannot overflow one, many are compared at once.
    let opening = |byte: u8| byte | 0x20 == b'{';
    let in_piece = |piece: &[u8]| usize::from(piece.iter().map(|byte| u8::from(opening(*byte))).sum::<u8>());
    if line.chunks(255).map(in_piece).sum::<usize>() <= Line::DEPTH {
        return false;
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut bytes = line.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            _ if in_string => {}
            _ if opening(byte) => {
                depth += 1;
                if depth > Line::DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
