//! What is left of a line without those of whom nothing is to be left.

use std::borrow::Cow;

use sonic_rs::{LazyValue, to_array_iter, to_object_iter};
use tootmill_metric::Line;

use crate::{
    account::id,
    fields::Unsound,
    finder::Finder,
    reduce::decoded,
    status::Known,
    whom::{Sought, Whom},
};

/// What is left of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It, as it is.
    Same,
    /// It, without what told of somebody who is to be forgotten.
    Redacted(String),
    /// Nothing.
    Nothing,
}

/// What is left of a line without those that are sought; of texts, without the names and addresses that a finder looks for. Also the
/// names and addresses of those who were taken out, as the line tells them.
pub(crate) fn left(line: &str, sought: &impl Sought, finder: Option<&Finder<'_>>) -> Result<(Left, Whom), Unsound> {
    let mut walk = Walk { sought, finder, taken: Whom::default() };
    // Nearly every line has nothing of them.
    if !walk.is_in_object(line, "", Line::DEPTH)? {
        return Ok((Left::Same, walk.taken));
    }
    let mut left = String::with_capacity(line.len());
    let is_left = walk.object(line, "", Line::DEPTH, &mut left)?;
    Ok((if is_left { Left::Redacted(left) } else { Left::Nothing }, walk.taken))
}

/// Looks for them in a line, and writes what is left of it. What is not changed stays as it stands.
struct Walk<'s, S> {
    sought: &'s S,
    finder: Option<&'s Finder<'s>>,
    /// The names and addresses of those who were taken out.
    taken: Whom,
}

impl<S: Sought> Walk<'_, S> {
    /// Whether something of them is in an object that stands under a name, so that there is something to write.
    fn is_in_object(&self, json: &str, under: &str, depth: usize) -> Result<bool, Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        let mut known = Known::default();
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return Err(Unsound) };
            known.read(&name, raw);
            if self.is_in(raw, &name, depth)? || under.is_empty() && self.is_deletion(&name, raw) {
                return Ok(true);
            }
        }
        Ok(known.is_sought(under, self.sought))
    }

    /// Whether something of them is in a value.
    fn is_in(&self, raw: &str, name: &str, depth: usize) -> Result<bool, Unsound> {
        match raw.as_bytes().first() {
            Some(b'{') => self.is_in_object(raw, name, depth),
            Some(b'[') => {
                let depth = depth.checked_sub(1).ok_or(Unsound)?;
                for item in to_array_iter(raw) {
                    if self.is_in(item.map_err(|_| Unsound)?.as_raw_str(), name, depth)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(self.is_sought_id(raw, name) || self.redacted(raw).is_some()),
        }
    }

    /// Writes an object that stands under a name; `false` where nothing of it is left.
    fn object(&mut self, json: &str, under: &str, depth: usize, out: &mut String) -> Result<bool, Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        if self.is_sought(json, under)? {
            return Ok(false);
        }
        out.push('{');
        let mut comma = "";
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            out.push_str(comma);
            match &name {
                Cow::Borrowed(name) => out.extend(["\"", name, "\""]),
                // It has escapes.
                Cow::Owned(name) => out.push_str(&serde_json::to_string(name).map_err(|_| Unsound)?),
            }
            out.push(':');
            if !self.value(&value, &name, depth, out)? {
                out.push_str("null");
            }
            comma = ",";
        }
        out.push('}');
        Ok(true)
    }

    /// Writes a value; `false` where nothing of it is left, and nothing was written.
    fn value(&mut self, value: &LazyValue<'_>, name: &str, depth: usize, out: &mut String) -> Result<bool, Unsound> {
        let raw = value.as_raw_str();
        match raw.as_bytes().first() {
            Some(b'{') => {
                let before = out.len();
                let is_left = self.object(raw, name, depth, out)?;
                if !is_left {
                    out.truncate(before);
                }
                return Ok(is_left);
            }
            Some(b'[') => self.list(raw, name, depth, out)?,
            _ if self.is_sought_id(raw, name) => return Ok(false),
            _ => match self.redacted(raw) {
                Some(text) => out.push_str(&serde_json::to_string(&text).map_err(|_| Unsound)?),
                None => out.push_str(raw),
            },
        }
        Ok(true)
    }

    fn list(&mut self, json: &str, name: &str, depth: usize, out: &mut String) -> Result<(), Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        out.push('[');
        let mut comma = "";
        for item in to_array_iter(json) {
            let item = item.map_err(|_| Unsound)?;
            let before = out.len();
            out.push_str(comma);
            if self.value(&item, name, depth, out)? {
                comma = ",";
            } else {
                out.truncate(before);
            }
        }
        out.push(']');
        Ok(())
    }

    /// Whether an object is one of the accounts, or of their posts, or the note that one was deleted. Who goes with it is noted.
    fn is_sought(&mut self, json: &str, under: &str) -> Result<bool, Unsound> {
        let (mut known, mut is_theirs) = (Known::default(), false);
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return Err(Unsound) };
            known.read(&name, raw);
            match &*name {
                "account" if raw.starts_with('{') => is_theirs |= self.takes(&Known::of(raw)?, &name),
                "reblog" if under.is_empty() && raw.starts_with('{') => is_theirs |= self.is_sought(raw, &name)?,
                _ => is_theirs |= under.is_empty() && self.is_deletion(&name, raw),
            }
        }
        Ok(self.takes(&known, under) || is_theirs)
    }

    /// Whether it is sought; its name and addresses are noted then.
    fn takes(&mut self, known: &Known<'_>, under: &str) -> bool {
        let is_sought = known.is_sought(under, self.sought);
        if is_sought {
            known.tell(&mut self.taken);
        }
        is_sought
    }

    /// Whether a field of a line is the note that one of the posts was deleted.
    fn is_deletion(&self, name: &str, raw: &str) -> bool {
        name == "deleted" && self.sought.has_post(&id(raw))
    }

    /// Whether a plain value is the id of one of the accounts or posts, as its name says what it is.
    fn is_sought_id(&self, raw: &str, name: &str) -> bool {
        if !raw.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit()) {
            false
        } else if name.ends_with("account_id") {
            self.sought.has(&id(raw), "")
        } else if name.ends_with("_id") || name == "after" || name == "before" {
            self.sought.has_post(&id(raw))
        } else {
            false
        }
    }

    /// What is left of a text, where it has a name or an address of theirs.
    fn redacted(&self, raw: &str) -> Option<String> {
        self.finder.filter(|_| raw.starts_with('"'))?.redacted(&decoded(raw))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{
        collection::{btree_map, vec},
        prelude::*,
        sample::select,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{policy::NO_OBJECT, whom::tests::ada};

    fn left(line: &str) -> Left {
        ada().finder("mill.example").unwrap().left(line)
    }

    fn redacted(line: &Value) -> Value {
        match left(&line.to_string()) {
            Left::Redacted(line) => serde_json::from_str(&line).unwrap(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn of_their_own_nothing_is_left() {
        for theirs in [
            json!({"id": "1", "account": {"id": "42"}}),
            json!({"id": "1", "account": {"id": 42}, "content": "x"}),
            json!({"id": "1", "account": {"id": "9", "acct": "ADA@a.example"}}),
            json!({"id": "1", "account": {"id": "9", "acct": "eva"}}),
            json!({"id": 777, "account": {"id": "9"}}),
            json!({"id": "1", "account": {"id": "9"}, "reblog": {"id": "2", "account": {"id": "42"}}}),
            json!({"deleted": "777", "observed": "2026-11-24"}),
        ] {
            assert_eq!(left(&theirs.to_string()), Left::Nothing, "{theirs}");
        }
        assert_eq!(left(r#"{"id":"1","account":{"id":"\u0034\u0032"}}"#), Left::Nothing);
    }

    #[test]
    fn an_id_that_is_missing_or_empty_is_nobodys() {
        let empty: BTreeSet<String> = [String::new()].into();
        let whom = Whom { accounts: empty.clone(), posts: empty, ..Whom::default() };
        for line in [
            r#"{"policy":{"name":"default"},"observed":"2026-11-24"}"#,
            r#"{"deleted":"","gap":{"after":"","in_reply_to_account_id":""}}"#,
            r#"{"content":"\u0041","account":{"acct":"bob"},"mentions":[{"id":""}]}"#,
        ] {
            assert_eq!(whom.finder("mill.example").unwrap().left(line), Left::Same, "{line}");
        }
    }

    #[test]
    fn what_is_of_others_stays_as_it_stands() {
        for others in [
            r#"{"id":"42","created_at":"2026-11-24","account":{"id":"777","acct":"ada@b.example"},"n":1.50,"t":"\ud83d"}"#,
            r#"{"id":"1","account":{"id":"4242"},"content":"adam@a.example nada@a.example ada@a.example.org @evan @eva@b.example https://b.example/@eva"}"#,
            r#"{"content":"<a href=\"https://b.example/@ada\" class=\"u-url mention\">@<span>ada</span></a>"}"#,
            r#"{"content":"\u003ca class='mention' data-href='x' href=https:\/\/b.example\/@ada>@\u003cspan\u003eada\u003c/span\u003e</a>"}"#,
            r#"{"content":"<a href=\"https://b.example/@ada\"><b>@<span>ada</span></b>, @<span>ada</span></a>"}"#,
            r#"{"policy":{"name":"default","left_out":42}}"#,
            r#"{"id":"1","content":"42 times 777, \u003cb\u003e","in_reply_to_id":"42","in_reply_to_account_id":"777"}"#,
            "not a JSON object",
            "nothing [",
        ] {
            assert_eq!(left(others), Left::Same, "{others}");
        }
    }

    #[test]
    fn others_posts_tell_nothing_of_them() {
        let post = json!({"id": "1", "account": {"id": "9", "acct": "bob"}, "in_reply_to_id": "777", "in_reply_to_account_id": "42",
            "mentions": [{"id": "42", "acct": "x"}, {"id": "8", "acct": "bob@b.example"}, {"id": 7, "acct": "Eva"}],
            "quote": {"state": "accepted", "quoted_status": {"id": "5", "account": {"id": "42"}, "content": "secret"}},
            "content": "<p><a href=\"https://a.example/@ada\" class=\"u-url mention\">@<span>ada</span></a> see https://a.example/@Ada/12?b and \
                @ada@a.example, @eva!</p>"});
        let left_of = left;
        let left = redacted(&post);
        assert_eq!((&left["in_reply_to_id"], &left["in_reply_to_account_id"]), (&Value::Null, &Value::Null));
        assert_eq!(left["mentions"], json!([{"id": "8", "acct": "bob@b.example"}]));
        assert_eq!(left["quote"], json!({"state": "accepted", "quoted_status": null}));
        let content =
            "<p><a href=\"https://a.example/\" class=\"u-url mention\"></a> see https://a.example/ and , !</p>";
        assert_eq!(left["content"], content);
        assert_eq!(left["account"], post["account"]);
        assert_eq!(
            redacted(&json!({"gap": {"after": "777", "before": "9"}})),
            json!({"gap": {"after": null, "before": "9"}})
        );
        for line in [r#"{"a": ada@a.example"#, r#"{"a":1} {"account":{"acct":"ada@a.example"}}"#] {
            assert_eq!(left_of(line), Left::Redacted(NO_OBJECT.into()), "{line}");
        }
    }

    /// Values in which something of them may be, or not.
    fn values() -> impl Strategy<Value = Value> {
        let texts = [
            "42",
            "777",
            "7",
            "",
            "ada@a.example",
            "Eva",
            "bob",
            "@eva and nada@a.example",
            "<a href='https://a.example/@ada'>@<span>ada</span>",
        ];
        let plain = prop_oneof![
            select(texts.to_vec()).prop_map(Value::from),
            select(vec![json!(null), json!(true), json!(42), json!(777), json!(1.5)]),
        ];
        let names = "id acct account mentions reblog quote quoted_status deleted in_reply_to_id in_reply_to_account_id after url \u{1}\"é x";
        let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
        plain.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                1 => vec(inner.clone(), 0..4).prop_map(Value::from),
                3 => btree_map(select(names.clone()), inner, 0..5).prop_map(|fields| json!(fields)),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_is_written_otherwise_and_then_there_is_no_more(value in values()) {
            let line = json!({"x": value, "mentions": [value]}).to_string();
            let line = if value.is_object() { value.to_string() } else { line };
            let whom = ada();
            let finder = whom.finder("mill.example").unwrap();
            let mut walk = Walk { sought: &whom, finder: Some(&finder), taken: Whom::default() };
            let is_found = walk.is_in_object(&line, "", Line::DEPTH).unwrap();
            let mut written = String::new();
            let is_left = walk.object(&line, "", Line::DEPTH, &mut written).unwrap();
            prop_assert_eq!(is_found, !is_left || written != line);
            if is_found {
                prop_assert!(finder.may_have(&line), "{}", line);
                prop_assert_eq!(finder.left(&line), if is_left { Left::Redacted(written.clone()) } else { Left::Nothing });
            }
            prop_assert!(!is_left || finder.left(&written) == Left::Same, "{}", written);
        }
    }
}
