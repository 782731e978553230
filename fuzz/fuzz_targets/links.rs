//! In any content, from the fuzzer or made by its choices, the anchors, texts and hosts that are found are those of the
//! standards; and the host of any address is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tootmill_fuzz::Choices;
use tootmill_links::oracle;

/// What makes a difference to a tokenizer or a URL parser.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "<", ">", "</", "/>", "a", "A", "p", "br", "<a ", "<A\n", "</a>", "<abbr ", "<!--", "-->", "--!>", "-", "<!", "<!-->", "<?", "<![CDATA[", "]]>",
    "<!doctype ", "script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext", "</script",
    "<script>", "</title>", "<title>", "href", "HREF", "href=", "href='", "href=\"", "class", "class=", " rel=", "class=\"", "mention", "hashtag", "tag", "Tag ",
    "=", "\"", "'", "/", " ", "\t", "\n", "\r", "\x0c", "\0", "`", "&", "&amp;", "&lt", "&sol;", "&colon;", "&#58;", "&#x2F", "&#0;", "&#xD800;", "&not", ";",
    "http://", "https://", "HTTP:", "http:/", "http:\\\\", "ftp://", "://", "http", "é", "ß", "ü.example", "\u{ad}", "\u{feff}", "\u{3000}", "\u{ff0e}", "xn--",
    "xn--bcher-kva", "a.example", "1.2.3.4", "0x7f.1", "[::1]", ":80", ":443", ":", "@", "#", "?", ".", ".,;:!?')]}*_", "%41", "%2f", "%", "..", "\\", "\u{85}",
];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    oracle::check(&text);
    oracle::check_host(&text);
    let mut choices = Choices(bytes);
    let mut content = String::new();
    while !choices.0.is_empty() {
        content += choices.one_of(PARTS);
    }
    oracle::check(&content);
    oracle::check_host(&("http://".to_owned() + &content));
});
