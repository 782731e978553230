//! The same answers by the book, to compare with: html5ever's tokenizer, `url` for every address, no shortcut.

use std::cell::{Cell, RefCell};

use html5ever::{
    TokenizerResult,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::RawKind::{Rawtext, Rcdata, ScriptData},
    },
};
use url::Url;

use crate::tokens::Tokens;

/// Asserts that this crate finds in the content what the standards say: the same anchors, texts and hosts.
///
/// # Panics
///
/// If it does not.
pub fn check(content: &str) {
    let standard = standard(content);
    let mut ours = Vec::new();
    let mut tokens = Tokens::new(content);
    while !tokens.is_at_end() {
        ours.extend(tokens.text().map(|text| Found::Text(text.decoded().into())));
        ours.extend(tokens.markup().map(|anchor| {
            Found::Anchor([anchor.href(), anchor.class(), anchor.rel()].map(|value| value.map(Into::into)))
        }));
    }
    assert_eq!(with_one_newline(&ours), with_one_newline(&standard), "tokens of {content:?}");
    let mut hosts = Vec::new();
    crate::hosts(content, &mut |host| hosts.push(host.to_owned()));
    assert_eq!(hosts, standard_hosts(&standard), "hosts of {content:?}");
}

/// Asserts that [`crate::host`] is what `url` says.
///
/// # Panics
///
/// If it is not.
pub fn check_host(href: &str) {
    assert_eq!(crate::host(href).as_deref(), host(href).as_deref(), "host of {href:?}");
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    /// The values of `href`, `class` and `rel`.
    Anchor([Option<String>; 3]),
    Text(String),
}

/// With one LF for any number of CR and LF, which the crate leaves as they are: they make no difference to links.
fn with_one_newline(found: &[Found]) -> Vec<Found> {
    let newline = |text: &String| {
        let mut text = text.replace('\r', "\n");
        while text.contains("\n\n") {
            text = text.replace("\n\n", "\n");
        }
        text
    };
    let each = |found: &Found| match found {
        Found::Anchor(values) => Found::Anchor(values.each_ref().map(|value| value.as_ref().map(newline))),
        Found::Text(text) => Found::Text(newline(text)),
    };
    found.iter().map(each).collect()
}

fn standard(content: &str) -> Vec<Found> {
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts { discard_bom: false, ..Default::default() });
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(content));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.found.into_inner()
}

#[derive(Default)]
struct Sink {
    found: RefCell<Vec<Found>>,
    /// Whether the last thing found is a text that goes on.
    in_text: Cell<bool>,
}

impl Sink {
    fn text(&self, more: &str) {
        let mut found = self.found.borrow_mut();
        match found.last_mut() {
            Some(Found::Text(text)) if self.in_text.get() => text.push_str(more),
            _ => found.push(Found::Text(more.to_owned())),
        }
        self.in_text.set(true);
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => self.text(&text),
            Token::NullCharacterToken => self.text("\0"),
            // A `</>` is no token, but it is no text either.
            Token::ParseError(error) if error != "Saw > in state EndTagOpen" => {}
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                self.in_text.set(false);
                match &*tag.name {
                    "a" => self
                        .found
                        .borrow_mut()
                        .push(Found::Anchor(["href", "class", "rel"].map(|name| value(&tag, name)))),
                    "script" => return TokenSinkResult::RawData(ScriptData),
                    "textarea" | "title" => return TokenSinkResult::RawData(Rcdata),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => return TokenSinkResult::RawData(Rawtext),
                    "plaintext" => return TokenSinkResult::Plaintext,
                    _ => {}
                }
            }
            _ => self.in_text.set(false),
        }
        TokenSinkResult::Continue
    }
}

fn value(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| attribute.value.to_string())
}

fn standard_hosts(found: &[Found]) -> Vec<String> {
    let mut has_anchor = false;
    let mut in_anchors = Vec::new();
    let mut in_texts = Vec::new();
    for found in found {
        match found {
            Found::Anchor([href, class, rel]) => {
                has_anchor = true;
                let is_mention = words(class.as_ref()).any(|class| class == "mention" || class == "hashtag");
                if !is_mention && words(rel.as_ref()).all(|rel| rel != "tag") {
                    in_anchors.extend(href.as_deref().and_then(host));
                }
            }
            Found::Text(text) => in_texts.extend(urls(text).iter().filter_map(|url| host(url))),
        }
    }
    if has_anchor { in_anchors } else { in_texts }
}

fn words(value: Option<&String>) -> impl Iterator<Item = String> {
    value.into_iter().flat_map(|value| value.split(['\t', '\n', '\x0C', '\r', ' '])).map(str::to_ascii_lowercase)
}

fn urls(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let begins = |at: usize, scheme: &str| {
        scheme.chars().enumerate().all(|(n, of)| characters.get(at + n).is_some_and(|is| is.eq_ignore_ascii_case(&of)))
    };
    let mut urls = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if !begins(at, "http://") && !begins(at, "https://") {
            at += 1;
            continue;
        }
        let is_of_url = |is: &&char| !is.is_whitespace() && !is.is_control() && !"<>\"`".contains(**is);
        let mut url: String = characters[at..].iter().take_while(is_of_url).collect();
        at += url.chars().count();
        while url.ends_with(|last| ".,;:!?')]}*_".contains(last)) {
            url.pop();
        }
        urls.push(url);
    }
    urls
}

fn host(href: &str) -> Option<String> {
    let url = Url::parse(href).ok()?;
    if !["http", "https"].contains(&url.scheme()) {
        return None;
    }
    let host = url.host_str()?.trim_end_matches('.');
    Some(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*, sample::select};

    const MARKUP: &[&str] = &[
        "<",
        "</",
        ">",
        "/",
        "/>",
        "=",
        "\"",
        "'",
        "`",
        " ",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\x0C",
        "\0",
        "-",
        "--",
        "!",
        "?",
        "&",
        ";",
        "#",
        "a",
        "A",
        "x",
        "é",
        "<a",
        "<A ",
        "<a ",
        "<a/",
        "</a>",
        "<a>",
        "<abbr ",
        "<p>",
        "<br/>",
        "<p title='",
        "<!--",
        "-->",
        "--!>",
        "<!-->",
        "<!--->",
        "<!",
        "<!doctype ",
        "<?",
        "<![CDATA[",
        "]]>",
        "</>",
        "</ ",
        "href",
        " HREF=",
        " href=",
        " href=\"",
        " href='",
        " class=",
        " class=mention",
        " class=\"u-url Mention\"",
        " rel=tag",
        " rel='",
        "hashtag",
    ];
    const ELEMENTS: &[&str] = &[
        "<script",
        "<script>",
        "</script",
        "</script>",
        "<SCRIPT ",
        "<style>",
        "</style>",
        "<textarea>",
        "</textarea ",
        "<title>",
        "</title/",
        "<xmp>",
        "</XMP>",
        "<iframe>",
        "</iframe>",
        "<noembed>",
        "</noembed>",
        "<noframes>",
        "</noframes>",
        "<plaintext>",
        "</plaintext>",
        "<noscript>",
        "</noscript>",
        "<svg>",
        "<titles>",
        "</titles>",
    ];
    const REFERENCES: &[&str] = &[
        "&amp;",
        "&amp",
        "&AMP;",
        "&#58;",
        "&#x2f",
        "&#x2F;",
        "&colon;",
        "&sol;",
        "&lt;",
        "&lt",
        "&gt",
        "&quot;",
        "&nbsp;",
        "&Tab;",
        "&notit;",
        "&notin;",
        "&not",
        "&copy=",
        "&#0;",
        "&#13;",
        "&#10;",
        "&#128;",
        "&#x85;",
        "&#xD800;",
        "&#x110000;",
        "&#99999999999;",
        "&#",
        "&#x",
        "&zz;",
        "&nGg;",
        "&CounterClockwiseContourIntegral;",
        "&Aacut",
        "&frac12",
        "&sup1a",
    ];
    const ADDRESSES: &[&str] = &[
        "http://",
        "https://",
        "HTTP://",
        "hTTps://a.b",
        "http://a.example/",
        "http://a.example.",
        "http",
        "https:",
        ":",
        "//",
        "://",
        "@",
        "s",
        "mention",
        "tag",
        "1",
        ".",
        "xn--",
        "。",
        "\u{3000}",
        "\u{85}",
        "\u{fffd}",
        ")",
        "]*_",
        ",",
        "{",
        "\\",
        "[::1]",
        ":80",
        "b.example",
        "%41",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn contents_are_read_as_the_standards_say(
            content in vec(
                prop_oneof![
                    6 => select(MARKUP).prop_map(str::to_owned),
                    2 => select(ELEMENTS).prop_map(str::to_owned),
                    2 => select(REFERENCES).prop_map(str::to_owned),
                    3 => select(ADDRESSES).prop_map(str::to_owned),
                    1 => any::<char>().prop_map(String::from),
                ],
                0..20,
            )
        ) {
            check(&content.concat());
        }

        #[test]
        fn addresses_are_read_as_the_standard_says(
            begin in "|https?://",
            rest in vec(
                prop_oneof![
                    select(ADDRESSES).prop_map(str::to_owned),
                    "[a-z0-9.-]{1,3}",
                    any::<char>().prop_map(String::from),
                ],
                0..8,
            ),
        ) {
            check_host(&(begin + &rest.concat()));
        }
    }
}
