//! What stands in a status of other accounts than its author's: a status that it quotes, say.

use std::borrow::Cow;

use sonic_rs::{LazyValue, to_array_iter, to_object_iter};

use crate::fields::Unsound;

/// The field that says whose an object is.
const ACCOUNT: &str = "account";

/// A status without what is in it of other accounts, where these are not wanted: null stands in its place. `is_looked_at`
/// says which of the status's fields matter at all, `is_wanted` whether an account is, by its JSON.
pub(crate) fn without_others(
    status: &str,
    is_looked_at: impl Fn(&str) -> bool,
    is_wanted: impl Fn(&str) -> Result<bool, Unsound>,
) -> Result<Cow<'_, str>, Unsound> {
    let mut has_others = false;
    for entry in to_object_iter(status) {
        let (name, value) = entry.map_err(|_| Unsound)?;
        has_others |= name != ACCOUNT && is_looked_at(&name) && may_name_account(value.as_raw_str());
    }
    if !has_others {
        return Ok(Cow::Borrowed(status));
    }
    let mut left = String::with_capacity(status.len());
    Others { is_wanted }.write_fields(status, &mut left)?;
    Ok(Cow::Owned(left))
}

/// Whether there can be an account in a value: most have none, and are not read.
fn may_name_account(raw: &str) -> bool {
    raw.starts_with(['{', '[']) && (raw.contains("\"account\"") || raw.contains("\\u"))
}

struct Others<W> {
    is_wanted: W,
}

impl<W: Fn(&str) -> Result<bool, Unsound>> Others<W> {
    /// Writes an object that is wanted itself, and what is wanted of what is in it.
    fn write_fields(&self, object: &str, out: &mut String) -> Result<(), Unsound> {
        out.push('{');
        let mut comma = "";
        for entry in to_object_iter(object) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            out.push_str(comma);
            out.push_str(&serde_json::to_string(&name).map_err(|_| Unsound)?);
            out.push(':');
            if name == ACCOUNT {
                out.push_str(value.as_raw_str());
            } else {
                self.write(&value, out)?;
            }
            comma = ",";
        }
        out.push('}');
        Ok(())
    }

    fn write(&self, value: &LazyValue<'_>, out: &mut String) -> Result<(), Unsound> {
        let raw = value.as_raw_str();
        if !may_name_account(raw) {
            out.push_str(raw);
        } else if raw.starts_with('[') {
            out.push('[');
            let mut comma = "";
            for item in to_array_iter(raw) {
                out.push_str(comma);
                self.write(&item.map_err(|_| Unsound)?, out)?;
                comma = ",";
            }
            out.push(']');
        } else if self.is_of_the_wanted(raw)? {
            self.write_fields(raw, out)?;
        } else {
            out.push_str("null");
        }
        Ok(())
    }

    /// Whether an object is of no account, or of one that is wanted.
    fn is_of_the_wanted(&self, object: &str) -> Result<bool, Unsound> {
        for entry in to_object_iter(object) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let account = value.as_raw_str();
            if name == ACCOUNT && account.starts_with('{') && !(self.is_wanted)(account)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(status: &str) -> Cow<'_, str> {
        without_others(status, |name| name != "unread", |account| Ok(account.contains("wanted"))).unwrap()
    }

    #[test]
    fn what_is_of_others_who_are_not_wanted_is_null_wherever_it_stands() {
        let wanted = r#"{"account":{"id":"wanted"},"text":"a \u0061","n":1.50}"#;
        let other = r#"{"text":"secret","account":{"id":"1"}}"#;
        let quote =
            |inner: &str| format!(r#"{{"id":"1","account":{{"id":"9"}},"quote":{{"state":"x","of":{inner}}}}}"#);
        assert_eq!(left(&quote(other)), quote("null"));
        assert_eq!(left(&quote(wanted)), quote(wanted));
        let escaped = other.replace("account", "\\u0061ccount");
        assert_eq!(left(&quote(&escaped)), quote("null"));
        assert_eq!(
            left(&quote(&format!("[{wanted},[{other},7],{other}]"))),
            quote(&format!("[{wanted},[null,7],null]"))
        );
        let deeper = format!(r#"{{"account":{{"id":"wanted"}},"quote":{other}}}"#);
        assert_eq!(left(&quote(&deeper)), quote(r#"{"account":{"id":"wanted"},"quote":null}"#));
    }

    #[test]
    fn what_is_of_nobody_else_is_not_touched() {
        for status in [
            r#"{ "id" : "1", "account":{"id":"9","moved":{"account":{}}}, "quote":{"quoted_status_id":"2"} }"#,
            r#"{"unread":{"account":{"id":"1"}}}"#,
            r#"{"quote":{"account":"1"}}"#,
            "{}",
        ] {
            assert_eq!(left(status), status);
        }
        for broken in ["{", r#"{"a":{"account":}}"#, r#"{"a":{"account":{"id":"wanted"},1}}"#, "[]"] {
            assert!(without_others(broken, |_| true, |_| Ok(true)).is_err(), "{broken}");
        }
    }
}
