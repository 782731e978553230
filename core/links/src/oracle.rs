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

/// A token as text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Anchor { href: Option<String>, class: Option<String>, rel: Option<String> },
    Text(String),
}

/// Panics unless this crate finds in the content what the standard says: the same anchors, texts and hosts.
pub fn check(content: &str) {
    let standard = standard(content);
    let mut ours = Vec::new();
    let mut tokens = Tokens::new(content);
    while !tokens.is_at_end() {
        ours.extend(tokens.text().map(|text| Found::Text(text.decoded().into())));
        ours.extend(tokens.markup().map(|anchor| Found::Anchor {
            href: anchor.href().map(Into::into),
            class: anchor.class().map(Into::into),
            rel: anchor.rel().map(Into::into),
        }));
    }
    assert_eq!(one_newline(&ours), one_newline(&standard), "tokens of {content:?}");
    let mut hosts = Vec::new();
    crate::hosts(content, &mut |host| hosts.push(host.to_owned()));
    assert_eq!(hosts, standard_hosts(&standard), "hosts of {content:?}");
}

/// Panics unless [`crate::host`] is what `url` says.
pub fn check_host(href: &str) {
    assert_eq!(crate::host(href).as_deref(), host(href).as_deref(), "host of {href:?}");
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
                    "a" => self.found.borrow_mut().push(Found::Anchor {
                        href: value(&tag, "href"),
                        class: value(&tag, "class"),
                        rel: value(&tag, "rel"),
                    }),
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
    let anchors: Vec<_> = found.iter().filter(|found| matches!(found, Found::Anchor { .. })).collect();
    if anchors.is_empty() {
        let texts = found.iter().filter_map(|found| if let Found::Text(text) = found { Some(text) } else { None });
        return texts.flat_map(|text| urls(text)).filter_map(|url| host(&url)).collect();
    }
    let mut hosts = Vec::new();
    for anchor in anchors {
        if let Found::Anchor { href: Some(href), class, rel } = anchor
            && !words(class).any(|class| class == "mention" || class == "hashtag")
            && !words(rel).any(|rel| rel == "tag")
        {
            hosts.extend(host(href));
        }
    }
    hosts
}

fn words(value: &Option<String>) -> impl Iterator<Item = String> {
    value.iter().flat_map(|value| value.split(['\t', '\n', '\x0C', '\r', ' '])).map(str::to_ascii_lowercase)
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
    if host.is_empty() { None } else { Some(host.to_owned()) }
}

/// With one LF for CR and LF in any number: the crate leaves them as they are, for they make no difference to links.
fn one_newline(found: &[Found]) -> Vec<Found> {
    let newline = |text: &String| {
        let lines: Vec<&str> = text.split(['\r', '\n']).collect();
        let mut text = lines.join("\n");
        while text.contains("\n\n") {
            text = text.replace("\n\n", "\n");
        }
        text
    };
    let each = |found: &Found| match found {
        Found::Text(text) => Found::Text(newline(text)),
        Found::Anchor { href, class, rel } => Found::Anchor {
            href: href.as_ref().map(newline),
            class: class.as_ref().map(newline),
            rel: rel.as_ref().map(newline),
        },
    };
    found.iter().map(each).collect()
}
