//! What a line is, read by the book: by serde_json, one level at a time, all of it kept.

use std::{borrow::Borrow, collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use serde_json::{from_str, value::RawValue};
use tootmill_input::read_line;
use tootmill_metric::{BadLine, Instant, Line};

/// Panics unless the record is read as what it is.
pub fn check(record: &[u8]) {
    let mut repaired = String::new();
    let ours = read_line(record, &mut repaired);
    let line = &*String::from_utf8_lossy(record);
    let Ok(json) = from_str::<&RawValue>(line) else {
        let is_bad = matches!(ours, Err(BadLine::NotJson | BadLine::TooDeep));
        assert!(is_bad || has_wrong_escape(line), "{ours:?} is no JSON: {line:?}");
        return;
    };
    match (expected(Json(json)), ours) {
        (_, Err(BadLine::NotJson)) if has_infinite_number(line) => {}
        (Expected::Bad(expected), Err(bad)) => assert_eq!(bad, expected, "of {line:?}"),
        (Expected::Boost, Ok(Line::Boost))
        | (Expected::NotPublic, Ok(Line::NotPublic))
        | (Expected::Gap, Ok(Line::Gap))
        | (Expected::Policy, Ok(Line::Policy(_))) => {}
        (Expected::Deletion(expected), Ok(Line::Deletion(id))) => assert_eq!(id, expected, "of {line:?}"),
        (Expected::Post(expected), Ok(Line::Post(post))) => {
            let account = post
                .account
                .as_ref()
                .map(|account| (account.id().to_owned(), account.created_at, account.followers_count, account.bot));
            let names = |names: &[std::borrow::Cow<'_, str>]| names.iter().map(|name| name.to_string()).collect();
            let found = Post {
                id: post.id.to_string(),
                dates: (Some(post.created_at), post.edited_at),
                language: post.language.as_ref().map(ToString::to_string),
                content: post.content.to_string(),
                counts: [post.reblogs_count, post.favourites_count, post.replies_count],
                media_attachments: post.media_attachments,
                emojis: names(&post.emojis),
                tags: names(&post.tags),
                account,
            };
            assert_eq!(found, *expected, "of {line:?}");
            assert_eq!(Instant::parse(&post.created_at.to_string()), Some(post.created_at), "of {line:?}");
        }
        (expected, ours) => panic!("{ours:?} is {expected:?}: {line:?}"),
    }
}

#[derive(Debug)]
enum Expected {
    Post(Box<Post>),
    Boost,
    NotPublic,
    Deletion(String),
    Gap,
    Policy,
    Bad(BadLine),
}

#[derive(Debug, PartialEq)]
struct Post {
    id: String,
    dates: (Option<Instant>, Option<Instant>),
    language: Option<String>,
    content: String,
    counts: [u64; 3],
    media_attachments: usize,
    emojis: Vec<String>,
    tags: Vec<String>,
    account: Option<(String, Option<Instant>, u64, bool)>,
}

/// As section 4 of the design says.
fn expected(json: Json<'_>) -> Expected {
    if json.depth() > Line::DEPTH {
        return Expected::Bad(BadLine::TooDeep);
    }
    let Some(status) = json.object() else { return Expected::Bad(BadLine::NotJson) };
    let field = |name| status.get(name).copied();
    if field("reblog").is_some_and(|reblog| !reblog.is_null()) {
        return Expected::Boost;
    }
    if let Some(id) = field("deleted").and_then(Json::id) {
        return Expected::Deletion(id);
    }
    if field("gap").is_some_and(|gap| gap.object().is_some()) {
        return Expected::Gap;
    }
    if field("visibility").and_then(Json::text).is_some_and(|visibility| visibility != "public") {
        return Expected::NotPublic;
    }
    let Some(id) = field("id").and_then(Json::id) else {
        let is_note = field("policy").is_some_and(|policy| policy.object().is_some());
        return if is_note { Expected::Policy } else { Expected::Bad(BadLine::NoId) };
    };
    let created_at = field("created_at").and_then(Json::date);
    if created_at.is_none() {
        return Expected::Bad(BadLine::NoDate);
    }
    let names = |list, name| {
        let items = field(list).and_then(Json::list).unwrap_or_default().into_iter();
        items.filter_map(|item| item.text().or_else(|| item.object()?.get(name)?.text())).collect()
    };
    let account = field("account").and_then(Json::object).and_then(|account| {
        let field = |name| account.get(name).copied();
        let bot = field("bot").is_some_and(|bot| bot.0.get() == "true");
        let followers_count = field("followers_count").map_or(0, Json::count);
        Some((field("id")?.id()?, field("created_at").and_then(Json::date), followers_count, bot))
    });
    Expected::Post(Box::new(Post {
        id,
        dates: (created_at, field("edited_at").and_then(Json::date)),
        language: field("language").and_then(Json::text),
        content: field("content").and_then(Json::text).unwrap_or_default(),
        counts: ["reblogs_count", "favourites_count", "replies_count"].map(|name| field(name).map_or(0, Json::count)),
        media_attachments: field("media_attachments")
            .and_then(Json::list)
            .map_or(0, |list| list.iter().filter(|item| !item.is_null()).count()),
        emojis: names("emojis", "shortcode"),
        tags: names("tags", "name"),
        account,
    }))
}

/// A valid value as it stands in the line. The last of members with the same name counts.
#[derive(Clone, Copy)]
struct Json<'a>(&'a RawValue);

impl<'a> Json<'a> {
    fn object(self) -> Option<HashMap<Text, Json<'a>>> {
        let members: HashMap<Text, &RawValue> = from_str(self.0.get()).ok()?;
        Some(members.into_iter().map(|(name, value)| (name, Json(value))).collect())
    }

    fn list(self) -> Option<Vec<Json<'a>>> {
        let items: Vec<&RawValue> = from_str(self.0.get()).ok()?;
        Some(items.into_iter().map(Json).collect())
    }

    fn text(self) -> Option<String> {
        from_str::<Text>(self.0.get()).ok().map(|text| text.0)
    }

    fn date(self) -> Option<Instant> {
        Instant::parse(&self.text()?)
    }

    fn count(self) -> u64 {
        self.0.get().parse().unwrap_or(0)
    }

    fn id(self) -> Option<String> {
        let number = self.0.get();
        let digits = number.strip_prefix('-').unwrap_or(number);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(number.to_owned());
        }
        self.text().filter(|text| !text.is_empty())
    }

    fn is_null(self) -> bool {
        self.0.get() == "null"
    }

    fn depth(self) -> usize {
        let (mut depth, mut deepest, mut in_string, mut escaped) = (0, 0, false, false);
        for byte in self.0.get().bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = !in_string,
                b'[' | b'{' if !in_string => depth += 1,
                b']' | b'}' if !in_string => depth -= 1,
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    }
}

/// sonic-rs does not look at the digits of a `\u` in a string that nobody reads.
fn has_wrong_escape(line: &str) -> bool {
    line.split("\\u")
        .skip(1)
        .any(|after| after.len() < 4 || !after.bytes().take(4).all(|byte| byte.is_ascii_hexdigit()))
}

/// sonic-rs refuses a number that is too large for a double, where somebody reads it.
fn has_infinite_number(line: &str) -> bool {
    let mut numbers = line.split(|character| !matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
    numbers.any(|number| number.parse().is_ok_and(f64::is_infinite))
}

/// A string; each lone surrogate in it is read as U+FFFD.
#[derive(PartialEq, Eq, Hash)]
struct Text(String);

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes, serde_json gives a lone surrogate like any other character, in three bytes that are not UTF-8.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: de::Error>(self, mut bytes: &[u8]) -> Result<Text, E> {
        let mut text = Vec::with_capacity(bytes.len());
        while let [first, rest @ ..] = bytes {
            bytes = if let [0xed, 0xa0..=0xbf, _, rest @ ..] = bytes {
                text.extend("\u{fffd}".bytes());
                rest
            } else {
                text.push(*first);
                rest
            };
        }
        String::from_utf8(text).map(Text).map_err(E::custom)
    }
}
