//! What is left of a post that was kept, once less was kept of it when it was observed again.

use std::borrow::Cow;

use sonic_rs::{LazyValue, to_array_iter, to_object_iter};
use tootmill_metric::{Post, Reduction, without_lone_surrogates};

use crate::{
    account::Account,
    fields::Unsound,
    policy::marks,
    reduce::{self, text_of},
    tags::Tags,
};

/// What is left of a post: of the fields that it has, whichever these are, what any policy leaves that reduces so. `None` where it
/// cannot be read well enough for that, so that nothing is to be left.
pub fn reduced_to<'l>(post: &Post<'l>, reduction: Reduction) -> Option<Cow<'l, str>> {
    if reduction <= post.reduction {
        return Some(Cow::Borrowed(post.line()));
    }
    let reduced =
        reduced(post.line(), reduction).or_else(|Unsound| reduced(&without_lone_surrogates(post.line()), reduction));
    reduced.ok().map(Cow::Owned)
}

fn reduced(line: &str, reduction: Reduction) -> Result<String, Unsound> {
    let (mut out, mut is_remote) = (String::from("{"), false);
    for entry in to_object_iter(line) {
        let (name, value) = entry.map_err(|_| Unsound)?;
        let raw = value.as_raw_str();
        if name == "account" {
            is_remote = Account::of(raw, &Tags(Vec::new()))?.is_remote();
        }
        // What marks such a post stands at its end.
        let is_dropped = name == Reduction::FIELD || name == "account" && reduction == Reduction::Account;
        if !is_dropped {
            write_field(&name, &value, "", &mut out)?;
        }
    }
    marks(is_remote, reduction, &mut out);
    out.push('}');
    Ok(out)
}

fn write_field(name: &str, value: &LazyValue<'_>, within: &str, out: &mut String) -> Result<(), Unsound> {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push_str(&serde_json::to_string(name).map_err(|_| Unsound)?);
    out.push(':');
    let path = if within.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{within}.{name}")) };
    write(value, &path, out)
}

fn write(value: &LazyValue<'_>, path: &str, out: &mut String) -> Result<(), Unsound> {
    let raw = value.as_raw_str();
    match raw.as_bytes().first() {
        Some(b'{') => {
            out.push('{');
            for entry in to_object_iter(raw) {
                let (name, value) = entry.map_err(|_| Unsound)?;
                write_field(&name, &value, path, out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            for (place, item) in to_array_iter(raw).enumerate() {
                out.push_str(if place > 0 { "," } else { "" });
                write(&item.map_err(|_| Unsound)?, path, out)?;
            }
            out.push(']');
        }
        _ => reduce::write(raw, text_of(path), out),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(line: &str, reduction: Reduction) -> String {
        reduced_to(&Post::parse(line).unwrap(), reduction).unwrap().into_owned()
    }

    const WHOLE: &str = r#"{"id":"1","created_at":"2026-11-24","language":"de","content":"<p>Ada <a href='https://b.example/x'>b</a></p>","n":1.50,"sensitive":true,"mentions":[{"id":"6","acct":"eva"}],"tags":[{"name":"art","url":"u"},"b"],"emojis":["blob"],"lists":[[{"a":"x"}]],"account":{"id":"7","acct":"ada@a.example","display_name":"Ada","followers_count":3,"created_at":"2023-01-01"}}"#;

    #[test]
    fn names_and_text_go_and_what_is_counted_stays() {
        let text = r#"{"id":"1","created_at":"2026-11-24","language":"de","content":"<a href='https://b.example/'></a>","n":1.50,"sensitive":true,"mentions":[{"id":"","acct":""}],"tags":[{"name":"art","url":""},"b"],"emojis":["blob"],"lists":[[{"a":""}]],"account":{"id":"7","acct":"","display_name":"","followers_count":3,"created_at":"2023-01-01"},"remote":true,"reduced":"text"}"#;
        assert_eq!(left(WHOLE, Reduction::Text), text);
        assert_eq!(left(WHOLE, Reduction::None), WHOLE);
        // The account is gone then, and that it was another instance's is known.
        let account = left(WHOLE, Reduction::Account);
        assert!(
            !account.contains("account\":{") && account.ends_with(r#""remote":true,"reduced":"account"}"#),
            "{account}"
        );
        assert_eq!(left(text, Reduction::Account), account);
        for (line, reduction) in
            [(text, Reduction::Text), (&*account, Reduction::Text), (&*account, Reduction::Account)]
        {
            assert_eq!(left(line, reduction), line);
        }
    }

    #[test]
    fn a_name_that_is_no_text_hides_nothing() {
        let odd = WHOLE.replace("display_name", "\\ud800");
        assert!(!left(&odd, Reduction::Text).contains("Ada"));
    }
}
