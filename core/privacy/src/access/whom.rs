//! Whom a line is about: an account by its id or its name, and what is learned of it on the way.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Value, json};
use sonic_rs::{Deserializer, to_array_iter};
use tootmill_metric::{BadLine, Line};
use tootmill_policy::Named;

/// An account, by all that it is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whom {
    ids: BTreeSet<String>,
    /// In lower case, with the host only where it is another instance's, as the instance writes names.
    name: Option<String>,
    /// The ids of their posts.
    posts: BTreeSet<String>,
}

impl Whom {
    /// For an account as it was named.
    pub(crate) fn new(account: Named) -> Self {
        let (ids, name) = match account {
            Named::Id(id) => (BTreeSet::from([id]), None),
            Named::Name(name) => (BTreeSet::new(), Some(name)),
        };
        Self { ids, name, posts: BTreeSet::new() }
    }

    pub(crate) fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    pub(crate) fn posts(&self) -> &BTreeSet<String> {
        &self.posts
    }

    /// Whether a key or a member is this account.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.ids.contains(text) || self.name.as_deref() == Some(&text.to_lowercase())
    }

    /// Takes from a line of theirs what it says of them.
    pub(crate) fn learn(&mut self, line: &str) {
        if let Some(theirs) = self.theirs(line) {
            self.ids.extend(text_at(theirs, &["account", "id"]).filter(|id| !id.is_empty()));
            self.posts.extend(text_at(theirs, &["id"]));
        }
    }

    /// The status of theirs that a line is: one that they wrote or boosted, or the one that somebody else boosted, without who.
    pub(crate) fn theirs<'l>(&self, line: &'l str) -> Option<&'l str> {
        if !is_shallow(line) {
            return None;
        }
        if self.is_account(line, &["account"]) {
            return Some(line);
        }
        raw_at(line, &["reblog"]).filter(|boosted| self.is_account(boosted, &["account"]))
    }

    /// Whether it notes that a post of theirs was deleted.
    pub(crate) fn deleted(&self, line: &str) -> bool {
        is_shallow(line) && text_at(line, &["deleted"]).is_some_and(|id| self.posts.contains(&id))
    }

    /// What in a status of somebody else is about them; nothing else of it, which is of others.
    pub(crate) fn mentioned(&self, line: &str) -> Option<Value> {
        if !is_shallow(line) {
            return None;
        }
        let mut about = serde_json::Map::new();
        let mentions = raw_at(line, &["mentions"]).map(to_array_iter).into_iter().flatten().map_while(Result::ok);
        for mention in mentions {
            let mention = mention.as_raw_str();
            if self.is_account(mention, &[]) {
                about.insert("mention".into(), serde_json::from_str(mention).unwrap_or_else(|_| mention.into()));
            }
        }
        let replied_to = text_at(line, &["in_reply_to_account_id"]).filter(|id| self.ids.contains(id));
        about.extend(replied_to.map(|id| ("in_reply_to_account_id".into(), id.into())));
        let quoted = ["quote", "quoted_status", "account"];
        if self.is_account(line, &quoted) {
            about.insert("quoted".into(), text_at(line, &["quote", "quoted_status", "id"]).into());
        }
        (!about.is_empty()).then(|| {
            about.insert(
                "in".into(),
                json!({"id": text_at(line, &["id"]), "created_at": text_at(line, &["created_at"])}),
            );
            Value::Object(about)
        })
    }

    /// Whether the account at a path is this one.
    fn is_account(&self, json: &str, path: &[&str]) -> bool {
        let field = |name| text_at(json, &[path, &[name]].concat());
        field("id").is_some_and(|id| self.ids.contains(&id))
            || self.name.is_some() && field("acct").is_some_and(|acct| self.name == Some(acct.to_lowercase()))
    }
}

/// The parser must not be shown what is nested too deep.
fn is_shallow(line: &str) -> bool {
    !matches!(Line::parse(line), Err(BadLine::NotJson | BadLine::TooDeep))
}

/// The value at a path, as it stands there.
fn raw_at<'l>(json: &'l str, path: &[&str]) -> Option<&'l str> {
    match sonic_rs::get(json, path).ok()?.as_raw_cow() {
        Cow::Borrowed(raw) => Some(raw),
        Cow::Owned(_) => None,
    }
}

/// The text at a path, or the digits of a number.
fn text_at(json: &str, path: &[&str]) -> Option<String> {
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

    fn whom(account: &str) -> Whom {
        Whom::new(Named::parse(account, "mill.example").unwrap())
    }

    #[test]
    fn what_is_theirs_is_told_from_what_is_like_it() {
        let mut ada = whom("ada@a.example");
        let post = r#"{"id":"7","created_at":"2026-11-24","account":{"id":42,"acct":"Ad\u0061@a.example"}}"#;
        ada.learn(post);
        assert_eq!(ada.ids, BTreeSet::from(["42".to_owned()]));
        for theirs in [post, r#"{"id":"8","account":{"id":"42"}}"#] {
            assert_eq!(ada.theirs(theirs), Some(theirs));
        }
        let boosted = r#"{"id":"7","account":{"id":"42"}}"#;
        let boost = format!(r#"{{"id":"9","account":{{"id":"5"}},"reblog":{boosted}}}"#);
        assert_eq!(ada.theirs(&boost), Some(boosted));
        ada.learn(&boost);
        assert_eq!(ada.ids.len(), 1, "who boosted it is somebody else");
        for others in [
            r#"{"id":"42","account":{"id":"421","acct":"ada"}}"#,
            r#"{"id":"1","account":{"id":"5","acct":"ada@b.example"}}"#,
            r#"{"id":"1","account":{"url":"42"}}"#,
            "42",
            "[",
        ] {
            assert_eq!(ada.theirs(others), None);
        }
        assert!(ada.deleted(r#"{"deleted":"7","observed":"2026-11-24"}"#) && !ada.deleted(r#"{"deleted":"8"}"#));
        let deep = format!(r#"{{"id":"1","account":{{"id":"42","x":{}1{}}}}}"#, "[".repeat(20_000), "]".repeat(20_000));
        assert_eq!(ada.theirs(&deep), None);
    }

    #[test]
    fn of_others_posts_only_what_is_about_them_is_told() {
        let ada = whom("42");
        let post = r#"{"id":"1","created_at":"2026-11-24","account":{"id":"5","acct":"bob"},"content":"secret",
            "mentions":[{"id":"9"},{"id":"42","acct":"ada"}],"in_reply_to_account_id":"42",
            "quote":{"quoted_status":{"id":"7","account":{"id":"42"},"content":"own"}}}"#;
        let about = ada.mentioned(post).unwrap();
        assert_eq!(
            about,
            json!({"mention": {"id": "42", "acct": "ada"}, "in_reply_to_account_id": "42", "quoted": "7",
                "in": {"id": "1", "created_at": "2026-11-24"}})
        );
        assert_eq!(ada.mentioned(r#"{"id":"1","mentions":[{"id":"9"}],"account":{"id":"5"}}"#), None);
    }
}
