//! Tags by which people say in their profile that they want no part in this.

use std::str::FromStr;

use sonic_rs::{to_array_iter, to_object_iter};

use crate::{fields::Unsound, reduce::decoded};

/// What people write, by old custom, who do not want to be indexed or read by programs.
pub const OPT_OUT_TAGS: [&str; 2] = ["nobot", "noindex"];

/// A tag that people can have in their profile: in lower case and without `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(pub(crate) String);

impl Tag {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no tag, so that nobody could ever have it in a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no tag: one has letters, digits and `_` only")]
pub struct NoTag(String);

impl FromStr for Tag {
    type Err = NoTag;

    fn from_str(text: &str) -> Result<Self, NoTag> {
        let tag = text.strip_prefix(SIGNS).unwrap_or(text);
        let is_tag = !tag.is_empty() && tag.chars().all(is_of_tag);
        is_tag.then(|| Self(tag.to_lowercase())).ok_or_else(|| NoTag(text.into()))
    }
}

/// What a tag begins with.
const SIGNS: [char; 2] = ['#', '＃'];

fn is_of_tag(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The tags that count, in lower case and without `#`.
#[derive(Clone, Debug)]
pub(crate) struct Tags(pub Vec<String>);

/// What stands between two runs of text, and is part of no tag.
const MARKUP: char = '\u{1}';

impl Tags {
    /// Whether one of them is in a JSON string of HTML.
    pub fn are_in(&self, raw: &str) -> bool {
        may_have_tag(raw) && self.are_in_html(&decoded(raw))
    }

    /// Whether one of them is in a JSON string of plain text, which some servers send as HTML.
    pub fn are_in_plain(&self, raw: &str) -> bool {
        may_have_tag(raw) && {
            let text = decoded(raw);
            self.are_in_text(&text) || self.are_in_html(&text)
        }
    }

    /// Whether one of them is in a name or a value of the fields of a profile.
    pub fn are_in_fields(&self, raw: &str) -> Result<bool, Unsound> {
        if !raw.starts_with('[') || !may_have_tag(raw) {
            return Ok(false);
        }
        for field in to_array_iter(raw) {
            let field = field.map_err(|_| Unsound)?;
            if !field.as_raw_str().starts_with('{') {
                continue;
            }
            for entry in to_object_iter(field.as_raw_str()) {
                let (name, value) = entry.map_err(|_| Unsound)?;
                let has_tag = if name == "name" { Self::are_in_plain } else { Self::are_in };
                if has_tag(self, value.as_raw_str()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn are_in_html(&self, html: &str) -> bool {
        let mut text = String::with_capacity(html.len());
        for run in tootmill_links::texts(html) {
            text.push(MARKUP);
            text.push_str(&run);
        }
        self.are_in_text(&text)
    }

    fn are_in_text(&self, text: &str) -> bool {
        // `#<span>nobot</span>` is how Mastodon writes a tag.
        text.split(SIGNS).skip(1).any(|after| {
            let after = after.trim_start_matches(MARKUP);
            let end = after.find(|character| !is_of_tag(character));
            let word = after.get(..end.unwrap_or(after.len())).unwrap_or_default().to_lowercase();
            self.0.contains(&word)
        })
    }
}

/// Whether there can be a tag in a JSON text: few profiles have one, and the rest need not be read.
fn may_have_tag(raw: &str) -> bool {
    raw.contains(SIGNS) || raw.contains("\\u") || raw.contains("&num;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_tag(html: &str) -> bool {
        let raw = serde_json::to_string(html).unwrap();
        let escaped: String = html.chars().map(|character| format!("\\u{:04x}", u32::from(character))).collect();
        let tags = Tags(OPT_OUT_TAGS.map(str::to_owned).into());
        let found = tags.are_in(&raw);
        assert_eq!(tags.are_in(&format!("\"{escaped}\"")), found, "{html}");
        let fields = format!(r#"[null,7,{{"name":"a","value":{raw}}}]"#);
        assert_eq!(tags.are_in_fields(&fields).unwrap(), found, "{html}");
        found
    }

    #[test]
    fn a_tag_is_found_however_it_is_written() {
        for html in [
            "#nobot",
            "#NoBot",
            "<p>I am Ada. #noindex</p>",
            "<p>#nobot</p><p>More</p>",
            "<a href=\"https://a.example/tags/nobot\" class=\"mention hashtag\" rel=\"tag\">#<span>nobot</span></a>",
            "#nobot, #art",
            "#art#nobot",
            "＃nobot",
            "&#35;nobot &num;x",
            "a #nobot\nb",
        ] {
            assert!(has_tag(html), "{html}");
        }
        for html in [
            "",
            "nobot",
            "#nobots",
            "#no bot",
            "# nobot",
            "#nobot_",
            "<a href='https://a.example/#nobot'>a</a>",
            "#art",
            "#",
            "#<b>no</b>bot",
        ] {
            assert!(!has_tag(html), "{html}");
        }
    }

    #[test]
    fn what_is_plain_text_hides_no_tag_in_a_tag_of_html() {
        let tags = Tags(OPT_OUT_TAGS.map(str::to_owned).into());
        for text in ["I <b #nobot", "<title>#nobot", "&#35;nobot", "#<b>nobot"] {
            let raw = serde_json::to_string(text).unwrap();
            assert!(tags.are_in_plain(&raw), "{text}");
            assert!(tags.are_in_fields(&format!(r#"[{{"name":{raw},"value":""}}]"#)).unwrap(), "{text}");
        }
        assert!(!tags.are_in_plain("\"nobot\""));
    }

    #[test]
    fn a_tag_that_nobody_could_have_is_none() {
        for (text, tag) in [("nobot", "nobot"), ("#NoBot", "nobot"), ("＃ÉTÉ_1", "été_1")] {
            assert_eq!(text.parse(), Ok(Tag(tag.into())), "{text}");
        }
        for none in ["", "#", "##a", "no-bot", "no bot", " nobot", "a#b"] {
            assert_eq!(none.parse::<Tag>(), Err(NoTag(none.into())), "{none}");
        }
    }

    #[test]
    fn what_is_no_text_has_no_tag() {
        let tags = Tags(vec!["nobot".into()]);
        for raw in ["null", "7", "{\"a\":\"#nobot\"}", "[\"#nobot\"]", "\"#nobot", "{}"] {
            assert!(!tags.are_in_fields(raw).unwrap(), "{raw}");
        }
        // It may have one, and whoever asks looks again at what is repaired.
        assert!(tags.are_in_fields(r##"[{"\ud800":"","value":"#nobot"}]"##).is_err());
        assert!(!tags.are_in("null"));
    }
}
