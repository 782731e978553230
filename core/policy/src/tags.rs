//! Tags by which people say in their profile that they want no part in this.

use sonic_rs::to_array_iter;

use crate::reduce::decoded;

/// What people write, by old custom, who do not want to be indexed or read by programs.
pub const OPT_OUT_TAGS: [&str; 2] = ["nobot", "noindex"];

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

    /// Whether one of them is in a name or a value of the fields of a profile.
    pub fn are_in_fields(&self, raw: &str) -> bool {
        if !raw.starts_with('[') || !may_have_tag(raw) {
            return false;
        }
        let of_field = |field: sonic_rs::Result<sonic_rs::LazyValue<'_>>| {
            field.is_ok_and(|field| {
                let entries = sonic_rs::to_object_iter(field.as_raw_str()).filter_map(Result::ok);
                entries.into_iter().any(|(_, value)| self.are_in(value.as_raw_str()))
            })
        };
        to_array_iter(raw).any(of_field)
    }

    fn are_in_html(&self, html: &str) -> bool {
        let mut text = String::with_capacity(html.len());
        for run in tootmill_links::texts(html) {
            text.push(MARKUP);
            text.push_str(&run);
        }
        // `#<span>nobot</span>` is how Mastodon writes a tag.
        text.split(['#', '＃']).skip(1).any(|after| {
            let after = after.trim_start_matches(MARKUP);
            let end = after.find(|character: char| !character.is_alphanumeric() && character != '_');
            let word = after.get(..end.unwrap_or(after.len())).unwrap_or_default().to_lowercase();
            self.0.contains(&word)
        })
    }
}

/// Whether there can be a tag in a JSON text: few profiles have one, and the rest need not be read.
fn may_have_tag(raw: &str) -> bool {
    raw.contains(['#', '＃']) || raw.contains("\\u") || raw.contains("&num;")
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
        assert_eq!(tags.are_in_fields(&format!(r#"[null,7,{{"name":"a","value":{raw}}}]"#)), found, "{html}");
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
    fn what_is_no_text_has_no_tag() {
        let tags = Tags(vec!["nobot".into()]);
        for raw in ["null", "7", "{\"a\":\"#nobot\"}", "[\"#nobot\"]", "\"#nobot", "{}"] {
            assert!(!tags.are_in_fields(raw), "{raw}");
        }
        assert!(!tags.are_in("null"));
    }
}
