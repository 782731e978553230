//! What is left of a value that is not to tell who wrote it or what: numbers, dates, and texts that are known to be harmless.

use std::borrow::Cow;

use sonic_rs::Deserializer;
use tootmill_metric::{COMMON_NAMES, Instant};

use crate::fields::Text;

/// Texts that are kept beside those that many have: codes, and names that stand alone in a list.
const HARMLESS: [&str; 10] = [
    "account.id",
    "deleted",
    "emojis",
    "gap.after",
    "gap.before",
    "gap.lineage",
    "gap.reason",
    "id",
    "policy.name",
    "tags",
];

/// What becomes of the text of a field, by its path. What nobody has thought of is erased.
pub(crate) fn text_of(path: &str) -> Text {
    let name = path.rsplit('.').next().unwrap_or(path);
    match path {
        _ if HARMLESS.contains(&path) || COMMON_NAMES.contains(&path) => Text::Kept,
        "content" => Text::Hosts,
        _ if name == "id" || name.ends_with("_id") => Text::OtherId,
        _ => Text::Erased,
    }
}

/// Writes what is left of a text, a number, a truth value or null. A text that is erased is left as an empty one, a number as
/// a zero: metrics may look whether there is any.
pub(crate) fn write(raw: &str, text: Text, out: &mut String) {
    match (raw.as_bytes().first(), text) {
        (Some(b'"'), Text::Hosts) => write_hosts(&decoded(raw), out),
        (Some(b'"'), Text::Erased) if Instant::parse(&decoded(raw)).is_some() => out.push_str(raw),
        (Some(b'"'), Text::Erased | Text::OtherId) => out.push_str("\"\""),
        (Some(b'-' | b'0'..=b'9'), Text::OtherId) => out.push('0'),
        _ => out.push_str(raw),
    }
}

/// The text that a JSON string says; nothing where it is none.
pub(crate) fn decoded(raw: &str) -> Cow<'_, str> {
    let is_plain = raw.len() >= 2 && raw.starts_with('"') && !raw.contains('\\');
    if is_plain {
        return Cow::Borrowed(raw.trim_matches('"'));
    }
    let text: Result<String, _> = Deserializer::from_str(raw).utf8_lossy().deserialize();
    Cow::Owned(text.unwrap_or_default())
}

/// Writes a content, as a JSON string, that has links to the same hosts in the same order, and no more.
fn write_hosts(content: &str, out: &mut String) {
    out.push('"');
    tootmill_links::hosts(content, &mut |host| {
        out.push_str("<a href='https://");
        // A host that ended in dots may be none without them, or another one: the last label of an address may not be a number,
        // but two dots behind it make it a name.
        let stays = tootmill_links::host(&format!("https://{host}")).as_deref() == Some(host);
        let dots = if stays { "" } else { ".." };
        for character in host.chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '\'' => out.push_str("&#39;"),
                '"' => out.push_str("&quot;"),
                other => out.push(other),
            }
        }
        out.extend([dots, "/'></a>"]);
    });
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reduced(content: &str) -> String {
        let mut out = String::new();
        write_hosts(content, &mut out);
        serde_json::from_str(&out).unwrap()
    }

    fn hosts(content: &str) -> Vec<String> {
        let mut hosts = Vec::new();
        tootmill_links::hosts(content, &mut |host| hosts.push(host.to_owned()));
        hosts
    }

    #[test]
    fn of_a_content_the_hosts_of_its_links_are_left() {
        assert_eq!(
            reduced(
                "<p>Ada <a href=\"https://a.example/@ada?b\">a</a> <a class=mention href=\"https://b.example/@c\">@c</a></p>"
            ),
            "<a href='https://a.example/'></a>"
        );
        assert_eq!(
            reduced("see http://a.example/secret and https://B.example."),
            "<a href='https://a.example/'></a><a href='https://b.example/'></a>"
        );
        assert_eq!(reduced("words"), "");
        for odd in [
            "http://./a",
            "http://a.1../",
            "<a href=\"http://1../\">",
            "http://[::1]/a",
            "http://a\"b&c'd.example/",
            "<a href='http://1.2.3.4/x'>",
            "http://é.example",
        ] {
            assert_eq!(hosts(&reduced(odd)), hosts(odd), "{odd}");
            assert_eq!(hosts(odd).len(), 1, "{odd}");
        }
    }

    #[test]
    fn dates_are_kept_and_other_texts_are_not() {
        let left = |raw: &str, text| {
            let mut out = String::new();
            write(raw, text, &mut out);
            out
        };
        for date in ["\"2026-11-24\"", r#""2026-11-24T10:00:00\u002B00:00""#] {
            assert_eq!(left(date, Text::Erased), date);
        }
        assert_eq!(left("\"2026-11-24\"", Text::OtherId), "\"\"");
        for text in ["\"\"", "\"Ada\"", "\"\\u0041\"", "\"\\\"2026-11-24\\\"\"", "\""] {
            assert_eq!(left(text, Text::Erased), "\"\"", "{text}");
        }
        assert_eq!(["7", "-7", "1e3"].map(|number| left(number, Text::OtherId)), ["0"; 3]);
        assert_eq!(["7", "true", "null"].map(|value| left(value, Text::Erased)), ["7", "true", "null"]);
    }

    proptest! {
        #[test]
        fn the_hosts_are_the_same_whatever_the_content(content in "(<a href=['\"]?|https?://|[a-c&;'\"<>./:@#é \\[\\]1-]){0,40}") {
            prop_assert_eq!(hosts(&reduced(&content)), hosts(&content));
        }

        #[test]
        fn any_text_is_decoded_as_json_says(text in "\\PC*") {
            let raw = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(&*decoded(&raw), &*text);
        }
    }
}
