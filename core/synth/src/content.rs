//! What posts and notes are made of besides words: hosts, links, hashtags, mentions and custom emojis.

use crate::{
    account::Account,
    put::{Folders, Hex, Put, put},
    random::{Random, Stream},
    words::{Script, ascii, host_end},
};

/// The attributes after the `href` of a link, in the orders that servers give them.
const LINK: [[&str; 2]; 3] = [
    [r#"\" rel=\"nofollow noopener noreferrer"#, r#"\" translate=\"no\" target=\"_blank\">"#],
    [r#"\" rel=\"nofollow noopener noreferrer"#, r#"\" target=\"_blank\">"#],
    [r#"\" target=\"_blank\" rel=\"nofollow noopener noreferrer"#, r#"\" translate=\"no\">"#],
];
const TAG_ELSEWHERE: &str =
    r#"\" class=\"mention hashtag\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">#<span>"#;
const TAG_HERE: &str = r#"\" class=\"mention hashtag\" rel=\"tag\">#<span>"#;
const MENTION: &str = r#"\" class=\"u-url mention\" rel=\"nofollow noopener noreferrer\" target=\"_blank\">@<span>"#;

/// Writes `length` items with commas between them.
pub fn list(out: &mut Vec<u8>, length: u64, mut item: impl FnMut(&mut Vec<u8>, u64)) {
    for place in 0..length {
        if place > 0 {
            out.push(b',');
        }
        item(out, place);
    }
}

/// A server, by its number: 0 is the one whose timeline this is; of the others, the smaller, the better known.
/// The names of the first 8,448 differ: 768 words with 11 ends, in turn so that well-known hosts don't end alike.
#[derive(Clone, Copy)]
pub struct Host(pub u64);

impl Host {
    pub const HERE: Self = Self(0);

    pub fn is_here(self) -> bool {
        self.0 == 0
    }

    /// The folder of files that come from elsewhere.
    pub fn cache(self) -> &'static str {
        if self.is_here() { "" } else { "cache/" }
    }
}

impl Put for Host {
    fn put(&self, out: &mut Vec<u8>) {
        match self.0.checked_sub(1) {
            None => put!(out, "tootmill.example"),
            Some(number) => put!(out, ascii().name(number), host_end(number + number / 768)),
        }
    }
}

/// A hashtag, by its number in a script; the smaller, the better known.
pub struct Tag {
    pub script: &'static Script,
    pub number: u64,
    pub capital: bool,
}

impl Put for Tag {
    fn put(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let [first, second] = self.words();
        put!(out, first, second);
        if self.capital {
            out[start].make_ascii_uppercase();
        }
    }
}

impl Tag {
    fn words(&self) -> [&'static str; 2] {
        let second = if self.number < 768 { "" } else { self.script.name(self.number / 768) };
        [self.script.name(self.number), second]
    }

    /// The tag's page: its name in lower case, percent-encoded.
    pub fn url(&self, out: &mut Vec<u8>, host: Host) {
        put!(out, "https://", host, "/tags/");
        let [first, second] = self.words();
        for byte in first.bytes().chain(second.bytes()) {
            let digit = |nibble: u8| b"0123456789ABCDEF"[usize::from(nibble & 15)];
            match byte {
                0..128 => out.push(byte),
                _ => out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]),
            }
        }
    }
}

/// A hashtag in a text.
pub fn hashtag(out: &mut Vec<u8>, tag: &Tag, host: Host) {
    put!(out, r#"<a href=\""#);
    tag.url(out, host);
    put!(out, if host.is_here() { TAG_HERE } else { TAG_ELSEWHERE }, tag, "</span></a>");
}

/// A mention in a text.
pub fn mention(out: &mut Vec<u8>, account: &Account) {
    put!(out, r#"<span class=\"h-card\"><a href=\"https://"#, account.host, "/@", account.user);
    put!(out, MENTION, account.user, "</span></a></span> ");
}

/// A link in a text, with the spans that shorten it on a page, and `rel` after the usual relations.
pub fn link(out: &mut Vec<u8>, random: &mut Random, rel: &str) {
    let www = if random.chance(300) { "www." } else { "" };
    let [before, after] = random.pick(&LINK);
    put!(out, r#"<a href=\"https://"#, www);
    let start = out.len();
    put!(out, Host(1 + random.rank(1 << 13)));
    match random.below(8) {
        0 => {}
        1 => put!(out, "/@", ascii().name(random.bits())),
        2 => put!(out, "/", Hex(random.bits())),
        kind => {
            put!(out, "/20", 18 + random.below(9), "/", 1 + random.below(12));
            for place in 0..kind {
                put!(out, if place == 0 { "/" } else { "-" }, ascii().name(random.bits()));
            }
            put!(out, "-", random.below(1 << 20), if kind == 3 { ".html?from=feed&amp;page=2" } else { "" });
        }
    }
    let url = start..out.len();
    put!(out, before, rel, after, r#"<span class=\"invisible\">https://"#, www, r#"</span><span class=\""#);
    let shown = url.start + url.len().min(30);
    put!(out, if shown < url.end { "ellipsis" } else { "" }, r#"\">"#);
    out.extend_from_within(url.start..shown);
    put!(out, r#"</span><span class=\"invisible\">"#);
    out.extend_from_within(shown..url.end);
    put!(out, "</span></a>");
}

/// A custom emoji, by its number below 4,096; written as its shortcode.
pub struct Emoji(pub u64);

impl Put for Emoji {
    fn put(&self, out: &mut Vec<u8>) {
        put!(out, ascii().name(self.0 % 48), "_", ascii().name(self.0 / 48));
    }
}

impl Emoji {
    /// Writes the object that posts and accounts list.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut random = Random::new(0, Stream::Emoji, self.0);
        let (folder, file) = (random.below(1_000_000), random.bits());
        put!(out, r#"{"shortcode":""#, self, "\"");
        for (key, form) in [("url", "original"), ("static_url", "static")] {
            put!(out, ",\"", key, r#"":"https://files.tootmill.example/cache/custom_emojis/images"#);
            put!(out, Folders(folder), "/", form, "/", Hex(file), ".png\"");
        }
        put!(out, r#","visible_in_picker":true}"#);
    }
}
