//! What in a post of somebody else is about a person.

use std::borrow::Cow;

use serde_json::{Value, json};
use sonic_rs::{Deserializer, to_array_iter};
use tootmill_policy::{Finder, Whom};

/// What in a status of somebody else, which is not nested too deep, is about them; nothing else of it, which is of others.
pub(super) fn mentioned(whom: &Whom, finder: &Finder<'_>, line: &str) -> Option<Value> {
    let mut about = serde_json::Map::new();
    let mentions = raw_at(line, &["mentions"]).map(to_array_iter).into_iter().flatten().map_while(Result::ok);
    for mention in mentions {
        let mention = mention.as_raw_str();
        if whom.is_account(mention) {
            about.insert("mention".into(), serde_json::from_str(mention).unwrap_or_else(|_| mention.into()));
        }
    }
    let replied_to = text_at(line, &["in_reply_to_account_id"]).filter(|id| whom.accounts.contains(id));
    about.extend(replied_to.map(|id| ("in_reply_to_account_id".into(), id.into())));
    if raw_at(line, &["quote", "quoted_status", "account"]).is_some_and(|account| whom.is_account(account)) {
        about.insert("quoted".into(), text_at(line, &["quote", "quoted_status", "id"]).into());
    }
    if text_at(line, &["content"]).is_some_and(|content| finder.redacted(&content).is_some()) {
        about.insert("named_in_the_text".into(), true.into());
    }
    (!about.is_empty()).then(|| {
        let within = json!({"id": text_at(line, &["id"]), "created_at": text_at(line, &["created_at"])});
        about.insert("in".into(), within);
        Value::Object(about)
    })
}

/// The value at a path, as it stands there.
fn raw_at<'l>(json: &'l str, path: &[&str]) -> Option<&'l str> {
    match sonic_rs::get(json, path).ok()?.as_raw_cow() {
        Cow::Borrowed(raw) => Some(raw),
        Cow::Owned(_) => None,
    }
}

/// The text at a path, or the digits of a number.
pub(super) fn text_at(json: &str, path: &[&str]) -> Option<String> {
    let raw = raw_at(json, path)?;
    match raw.as_bytes().first()? {
        b'"' => Deserializer::from_str(raw).utf8_lossy().deserialize().ok(),
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_others_posts_only_what_is_about_them_is_told() {
        let handles = ["ada".into()].into();
        let ada = Whom { accounts: ["42".into()].into(), handles, ..Whom::default() };
        let finder = ada.finder("mill.example").unwrap();
        let post = r#"{"id":"1","created_at":"2026-11-24","account":{"id":"5","acct":"bob"},"content":"secret",
            "mentions":[{"id":"9"},{"id":"42","acct":"ada"}],"in_reply_to_account_id":"42",
            "quote":{"quoted_status":{"id":"7","account":{"id":"42"},"content":"own"}}}"#;
        let about = mentioned(&ada, &finder, post).unwrap();
        assert_eq!(
            about,
            json!({"mention": {"id": "42", "acct": "ada"}, "in_reply_to_account_id": "42", "quoted": "7",
                "in": {"id": "1", "created_at": "2026-11-24"}})
        );
        assert_eq!(mentioned(&ada, &finder, r#"{"id":"1","mentions":[{"id":"9"}],"account":{"id":"5"}}"#), None);
        let named = r#"{"id":"1","content":"thanks @ada","account":{"id":"5"}}"#;
        assert_eq!(mentioned(&ada, &finder, named).unwrap()["named_in_the_text"], true);
    }
}
