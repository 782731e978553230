//! A run of text, and the addresses that stand in it as plain text.

use std::{borrow::Cow, iter};

use htmlize::unescape;
use memchr::{memchr2_iter, memmem};

use crate::tokens::{Tokens, without_nul};

/// A run of text between markup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// As it stands in the content.
    pub(crate) raw: &'a str,
    /// The element that makes it text, where it would be markup otherwise.
    pub(crate) element: Option<&'static str>,
}

impl<'a> Text<'a> {
    /// The text that is meant.
    pub(crate) fn decoded(&self) -> Cow<'a, str> {
        match self.element {
            // Only here the tokenizer leaves a NUL as it is.
            None => unescape(self.raw),
            Some("textarea" | "title") => unescape(without_nul(self.raw)),
            Some(_) => without_nul(self.raw),
        }
    }
}

/// The runs of text of a content, in order, decoded.
pub fn texts(content: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut tokens = Tokens::new(content);
    iter::from_fn(move || tokens.next_text()).map(|text| text.decoded())
}

/// Whether it is worth looking for addresses in the text of a content. Their `://` may be written with references.
pub(crate) fn may_have_url(content: &str) -> bool {
    let bytes = content.as_bytes();
    memchr2_iter(b'&', b':', bytes).any(|at| bytes[at] == b'&' || bytes[at..].starts_with(b"://"))
}

/// What stands in a text as an address: from `http://` or `https://`, in any case, to white space, a control character or
/// one of ``<>"` ``, less the punctuation at its end. The next one is looked for after that.
pub(crate) fn urls(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        loop {
            let separator = memmem::find(rest.as_bytes(), b"://")?;
            let (before, after) = (&rest[..separator], &rest[separator + 3..]);
            let Some(scheme) = ["https", "http"].iter().find(|scheme| ends_with(before, scheme)) else {
                rest = after;
                continue;
            };
            let from_scheme = &rest[separator - scheme.len()..];
            let (url, after) = from_scheme.split_at(from_scheme.find(ends_url).unwrap_or(from_scheme.len()));
            rest = after;
            return Some(url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']', '}', '*', '_']));
        }
    })
}

/// Whether the text ends with the word in any case.
fn ends_with(text: &str, word: &str) -> bool {
    text.len().checked_sub(word.len()).is_some_and(|at| text.as_bytes()[at..].eq_ignore_ascii_case(word.as_bytes()))
}

fn ends_url(character: char) -> bool {
    character.is_whitespace() || character.is_control() || matches!(character, '<' | '>' | '"' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_markup_begins() {
        for (content, runs) in [
            ("<p>1 &lt; 2<br>3 < 4</p>", &["1 < 2", "3 < 4"][..]),
            ("a<!-- b -->c<?d?>e</>f</ g>h<!doctype i>j", &["a", "c", "e", "f", "h", "j"]),
            ("a<", &["a<"]),
            ("a</", &["a</"]),
            ("a<!", &["a"]),
            ("a<b", &["a"]),
            ("a<1<b>", &["a<1"]),
            ("&am<b>p;", &["&am", "p;"]),
            ("&notit;&ampx\0", &["¬it;&x\0"]),
            ("<title>&lt;b>\0</title>c", &["<b>\u{fffd}", "c"]),
            ("<xmp>&lt;b>\0</xmp>c", &["&lt;b>\u{fffd}", "c"]),
        ] {
            crate::oracle::check(content);
            assert_eq!(texts(content).collect::<Vec<_>>(), runs, "{content}");
        }
    }

    #[test]
    fn addresses_in_text_end_at_spaces_and_lose_their_punctuation() {
        for (text, found) in [
            ("http://a", &["http://a"][..]),
            ("see http://a/b_(c), HTTPS://b/?d.\n", &["http://a/b_(c", "HTTPS://b/?d"]),
            (
                "http://a\u{3000}http://b\u{a0}http://c\u{85}http://d\0http://e\u{7f}",
                &["http://a", "http://b", "http://c", "http://d", "http://e"],
            ),
            ("<http://a>\"http://b\"`http://c`'http://d'", &["http://a", "http://b", "http://c", "http://d"]),
            ("http://a.,;:!?')]}*_", &["http://a"]),
            ("http://a/\u{200b}é", &["http://a/\u{200b}é"]),
            ("http://http://a https://a,http://b", &["http://http://a", "https://a,http://b"]),
            ("xhttp://a shttps://b hhttp://c", &["http://a", "https://b", "http://c"]),
            ("://http:// htt://a http:/b https//c ftp://d", &["http://"]),
            ("http://.", &["http://"]),
            ("éhttps://a", &["https://a"]),
        ] {
            assert_eq!(urls(text).collect::<Vec<_>>(), found, "{text}");
        }
    }
}
