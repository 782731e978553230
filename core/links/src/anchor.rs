//! An `a` start tag, and whether it is a mention or a hashtag.

use std::{borrow::Cow, iter};

use htmlize::unescape_attribute;
use memchr::{memchr_iter, memchr2};

use crate::tokens::{Tokens, without_nul};

/// The attributes of an `a` start tag that matter to links. Of several with the same name the first counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anchor<'a> {
    // As they stand in the content.
    pub(crate) href: Option<&'a str>,
    pub(crate) class: Option<&'a str>,
    pub(crate) rel: Option<&'a str>,
}

impl<'a> Anchor<'a> {
    /// The value of `href`, its character references decoded.
    pub fn href(&self) -> Option<Cow<'a, str>> {
        self.href.map(decoded)
    }

    /// The value of `class`, its character references decoded.
    pub fn class(&self) -> Option<Cow<'a, str>> {
        self.class.map(decoded)
    }

    /// The value of `rel`, its character references decoded.
    pub fn rel(&self) -> Option<Cow<'a, str>> {
        self.rel.map(decoded)
    }

    /// Whether it leads to an account or a hashtag, and not to what the post is about: among its classes is `mention` or
    /// `hashtag`, or `tag` in its `rel`, in any case.
    pub fn is_mention_or_hashtag(&self) -> bool {
        has_word(self.class(), &["mention", "hashtag"]) || has_word(self.rel(), &["tag"])
    }
}

fn has_word(value: Option<Cow<'_, str>>, words: &[&str]) -> bool {
    let is_one = |word: &str| words.iter().any(|one| word.eq_ignore_ascii_case(one));
    value.is_some_and(|value| value.split_ascii_whitespace().any(is_one))
}

fn decoded(value: &str) -> Cow<'_, str> {
    // One look instead of two, for nearly every value is as it is.
    if memchr2(b'&', 0, value.as_bytes()).is_none() { value.into() } else { unescape_attribute(without_nul(value)) }
}

/// The `a` start tags that the HTML standard's tokenizer gives for the content, in order.
///
/// ```
/// let mut anchors = tootmill_links::anchors("<A HREF='/?a&amp;b' class=x><!-- <a> --><abbr>");
/// assert_eq!(anchors.next().unwrap().href().unwrap(), "/?a&b");
/// assert!(anchors.next().is_none());
/// ```
pub fn anchors(content: &str) -> impl Iterator<Item = Anchor<'_>> {
    let bytes = content.as_bytes();
    let may_have_one = memchr_iter(b'<', bytes).any(|at| matches!(bytes.get(at + 1), Some(b'a' | b'A')));
    let mut tokens = Tokens::new(if may_have_one { content } else { "" });
    iter::from_fn(move || tokens.next_anchor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_by_the_rules_for_attributes() {
        for (raw, value) in [
            ("?a&amp;b&#38;c&#x26;d", "?a&b&c&d"),
            ("&amp", "&"),
            ("?a&copy=1&copyb&copy;&copy-", "?a&copy=1&copyb©©-"),
            ("&notit; &notin; &not", "&notit; ∉ ¬"),
            ("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ("&#128;&#x81;", "€\u{81}"),
            ("&#;&#x;&;&nosuch;&", "&#;&#x;&;&nosuch;&"),
            ("\0&am\0p;", "\u{fffd}&am\u{fffd}p;"),
            ("&amp;amp;", "&amp;"),
        ] {
            let content = format!("<a href='{raw}' class='{raw}' rel='{raw}'>");
            crate::oracle::check(&content);
            let anchor = anchors(&content).next().unwrap();
            for decoded in [anchor.href(), anchor.class(), anchor.rel()] {
                assert_eq!(decoded.as_deref(), Some(value));
            }
        }
    }
}
