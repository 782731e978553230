//! A status whose every field is marked, to find out which of them a metric's output has in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tootmill_metric::{COMMON_NAMES, Instant};

/// A status in which every field has a value that no other has, and by which it is found again wherever it comes out.
pub(crate) struct Marked {
    status: Value,
    marks: Vec<Mark>,
}

/// What tells a field.
struct Mark {
    path: String,
    /// The texts of which one is in whatever the field's value is in.
    forms: Vec<String>,
}

/// A text that gets a mark, one that looks like an address, one that is the name of an account, a date, and HTML.
const TEXT: &str = "text";
const URL: &str = "url";
const ACCT: &str = "acct";
const DATE: &str = "date";
const HTML: &str = "html";

impl Marked {
    /// A status as Mastodon sends them, and in it whatever else is read.
    pub fn with(reads: &[&str]) -> Self {
        let mut status = status();
        for path in reads {
            insert(&mut status, path);
        }
        let mut marks = Vec::new();
        mark(&mut status, String::new(), &mut marks);
        Self { status, marks }
    }

    /// It and another with other numbers, so that a sum over posts is of none of them; as a line each. So with all truth values
    /// true and with none, and without one of its fields, however deep: a metric may read another one instead.
    pub fn pairs(&self) -> Vec<[String; 2]> {
        let mut opposite = self.status.clone();
        negate(&mut opposite);
        let (mut pairs, mut paths) = (Vec::new(), BTreeSet::new());
        paths_in(&self.status, "", &mut paths);
        for status in [&self.status, &opposite] {
            pairs.push(pair(status));
            for path in &paths {
                let mut without = status.clone();
                remove(&mut without, path);
                pairs.push(pair(&without));
            }
        }
        pairs
    }

    /// The paths of the fields that a text has in it. Whether a value was true leaves no trace, nor does a name that many have.
    pub fn found_in(&self, text: &str) -> Vec<&str> {
        let text = text.to_lowercase();
        let marks = self.marks.iter().filter(|mark| mark.forms.iter().any(|form| text.contains(form)));
        marks.map(|mark| mark.path.as_str()).filter(|path| !COMMON_NAMES.contains(path)).collect()
    }
}

/// A status with what stands for its values.
fn status() -> Value {
    let emoji =
        json!([{"shortcode": TEXT, "url": URL, "static_url": URL, "visible_in_picker": true, "category": TEXT}]);
    let account = json!({
        "id": TEXT, "username": TEXT, "acct": ACCT, "display_name": TEXT, "note": HTML, "url": URL, "uri": URL,
        "avatar": URL, "avatar_static": URL, "header": URL, "header_static": URL, "created_at": DATE,
        "last_status_at": DATE, "followers_count": 0, "following_count": 0, "statuses_count": 0, "bot": true,
        "locked": true, "group": true, "discoverable": true, "indexable": true, "noindex": true,
        "hide_collections": true, "emojis": emoji, "roles": [{"id": TEXT, "name": TEXT, "color": TEXT}],
        "fields": [{"name": TEXT, "value": HTML, "verified_at": DATE}],
    });
    let card = json!({
        "url": URL, "title": TEXT, "description": TEXT, "type": TEXT, "language": TEXT, "author_name": TEXT,
        "author_url": URL, "provider_name": TEXT, "provider_url": URL, "html": HTML, "width": 0, "height": 0,
        "image": URL, "image_description": TEXT, "embed_url": URL, "blurhash": TEXT, "published_at": DATE,
        "authors": [{"name": TEXT, "url": URL, "account": {"id": TEXT, "acct": ACCT}}],
    });
    let media = json!([{
        "id": TEXT, "type": TEXT, "url": URL, "preview_url": URL, "remote_url": URL, "description": TEXT,
        "blurhash": TEXT, "meta": {"original": {"width": 0, "height": 0}, "focus": {"x": 0, "y": 0}},
    }]);
    json!({
        "id": TEXT, "created_at": DATE, "edited_at": DATE, "visibility": "public", "language": TEXT, "uri": URL,
        "url": URL, "in_reply_to_id": TEXT, "in_reply_to_account_id": TEXT, "sensitive": true, "spoiler_text": TEXT,
        "content": HTML, "text": TEXT, "reblogs_count": 0, "favourites_count": 0, "replies_count": 0,
        "quotes_count": 0, "application": {"name": TEXT, "website": URL}, "account": account, "card": card,
        "media_attachments": media, "mentions": [{"id": TEXT, "username": TEXT, "url": URL, "acct": ACCT}],
        "tags": [{"name": TEXT, "url": URL}], "emojis": emoji,
        "poll": {
            "id": TEXT, "expires_at": DATE, "expired": true, "multiple": true, "votes_count": 0, "voters_count": 0,
            "options": [{"title": TEXT, "votes_count": 0}],
        },
        "quote": {"state": TEXT, "quoted_status": {"id": TEXT, "content": HTML, "account": {"id": TEXT, "acct": ACCT}}},
    })
}

/// A text at a path where there is nothing yet.
fn insert(at: &mut Value, path: &str) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match at {
        Value::Array(items) => items.iter_mut().for_each(|item| insert(item, path)),
        Value::Object(fields) => {
            let field = fields.entry(name).or_insert_with(|| rest.map_or_else(|| json!(TEXT), |_| json!({})));
            if let Some(rest) = rest {
                insert(field, rest);
            }
        }
        _ => {}
    }
}

/// The paths of all fields, with those that have fields themselves.
fn paths_in(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| paths_in(item, path, paths)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                paths_in(value, &path, paths);
                paths.insert(path);
            }
        }
        _ => {}
    }
}

/// Removes a field, from each object of a list.
fn remove(at: &mut Value, path: &str) {
    match (at, path.split_once('.')) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| remove(item, path)),
        (Value::Object(fields), None) => drop(fields.remove(path)),
        (Value::Object(fields), Some((name, rest))) => {
            if let Some(at) = fields.get_mut(name) {
                remove(at, rest);
            }
        }
        _ => {}
    }
}

/// Puts a mark into every value.
fn mark(value: &mut Value, path: String, marks: &mut Vec<Mark>) {
    match value {
        Value::Object(fields) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            fields.iter_mut().for_each(|(name, value)| mark(value, below(name), marks));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, path.clone(), marks)),
        Value::Number(_) => {
            let number = 1_300_000_011 + 1_000_003 * marks.len() as u64;
            *value = json!(number);
            marks.push(Mark { path, forms: vec![number.to_string(), (number + OTHER).to_string()] });
        }
        Value::String(kind) => {
            let name = format!("mark{:03}x", marks.len());
            let (text, forms) = match kind.as_str() {
                URL => (format!("https://{name}.example/{name}"), vec![name]),
                ACCT => (format!("{name}@{name}.example"), vec![name]),
                // Of a link in the text the host may be kept, so that it bears no mark.
                HTML => (format!("<p>{name} <a href=\"https://a.example/{name}\">{name}</a></p>"), vec![name]),
                DATE => date(&path, marks.len()),
                TEXT => (name.clone(), vec![name]),
                _ => return,
            };
            *value = json!(text);
            marks.push(Mark { path, forms });
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// A date of the future, and how it may come out: as text, or in seconds since 1970 or parts of them. Of an account the day
/// says enough.
fn date(path: &str, number: usize) -> (String, Vec<String>) {
    let (month, day) = (number / 28 % 12 + 1, number % 28 + 1);
    let year = 2031 + number / (28 * 12);
    let day = format!("{year}-{month:02}-{day:02}");
    let text = format!("{day}t03:04:05");
    let seconds = Instant::parse(&text.to_uppercase()).unwrap_or_default().micros() / 1_000_000;
    let mut forms = vec![seconds.to_string(), text.clone(), text.replace('t', " ")];
    if path.starts_with("account.") {
        forms.push(day);
    }
    (format!("{}.678Z", text.to_uppercase()), forms)
}

/// By how much a number differs between the two of a pair.
const OTHER: u64 = 400_000_000;

fn pair(status: &Value) -> [String; 2] {
    let mut other = status.clone();
    raise(&mut other);
    [status, &other].map(Value::to_string)
}

fn raise(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_u64().unwrap_or_default() + OTHER),
        Value::Object(fields) => fields.values_mut().for_each(raise),
        Value::Array(items) => items.iter_mut().for_each(raise),
        _ => {}
    }
}

fn negate(value: &mut Value) {
    match value {
        Value::Bool(truth) => *truth = !*truth,
        Value::Object(fields) => fields.values_mut().for_each(negate),
        Value::Array(items) => items.iter_mut().for_each(negate),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_metric::Post;

    #[test]
    fn every_line_is_a_post_and_every_field_is_found_by_its_mark_alone() {
        let marked = Marked::with(&["pleroma.emoji_reactions", "account.fields.name", "tags.history.uses"]);
        let pairs = marked.pairs();
        let posts =
            pairs.iter().filter(|[one, other]| one != other && Post::parse(one).and(Post::parse(other)).is_ok());
        // Without an id or without a date there is none.
        assert_eq!(posts.count(), pairs.len() - 4);
        assert!(marked.marks.len() > 80);
        for mark in &marked.marks {
            let path = mark.path.as_str();
            for form in &mark.forms {
                let expected: &[&str] = if COMMON_NAMES.contains(&path) { &[] } else { &[path] };
                assert_eq!(marked.found_in(&form.to_uppercase()), expected, "{form}");
            }
        }
        let found = marked.found_in(&pairs[0][0]);
        for path in ["pleroma.emoji_reactions", "tags.history.uses", "account.fields.name", "quote.quoted_status.id"] {
            assert!(found.contains(&path), "{path}");
        }
    }
}
