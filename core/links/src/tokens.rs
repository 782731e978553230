//! The tokenizer of the HTML standard, as far as links need it: a content's `a` start tags and its runs of text.
//!
//! The standard first turns CR and CR LF into LF. That is left undone: where it matters for what is a token CR is white
//! space here, and in values and texts LF and CR mean the same to all that follows. URL parsing removes both, lists of
//! classes are split at both, and an address in text ends at both.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2_iter, memmem};

use crate::{anchor::Anchor, text::Text};

/// Elements whose content is text up to their end tag, whatever it looks like; of `plaintext`, all that follows.
const TEXT_ELEMENTS: [&str; 9] =
    ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"];

/// The tokens of a content, to be passed one by one: by turns a run of text, which may be empty, and markup.
pub(crate) struct Tokens<'a> {
    /// What was not passed yet.
    rest: &'a str,
    /// The element that the rest begins in, where its content is text.
    element: Option<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(content: &'a str) -> Self {
        Self { rest: content, element: None }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Passes what comes before the next `a` start tag, and that.
    pub(crate) fn next_anchor(&mut self) -> Option<Anchor<'a>> {
        while !self.is_at_end() {
            self.text();
            let anchor = self.markup();
            if anchor.is_some() {
                return anchor;
            }
        }
        None
    }

    /// Passes what comes before the next run of text, and that.
    pub(crate) fn next_text(&mut self) -> Option<Text<'a>> {
        while !self.is_at_end() {
            let text = self.text();
            if text.is_some() {
                return text;
            }
            self.markup();
        }
        None
    }

    /// Passes the run of text that stands here.
    pub(crate) fn text(&mut self) -> Option<Text<'a>> {
        let element = self.element.take();
        let (raw, markup) = self.rest.split_at(text_end(self.rest.as_bytes(), element));
        self.rest = markup;
        (!raw.is_empty()).then_some(Text { raw, element })
    }

    /// Passes the markup that stands here: a tag, a comment or the like. Gives it if it is an `a` start tag.
    pub(crate) fn markup(&mut self) -> Option<Anchor<'a>> {
        let markup = self.rest;
        // Markup that is not finished takes all that is left, and is no token.
        self.rest = "";
        let end = match markup.as_bytes() {
            [_, b'/', letter, ..] | [_, letter, ..] if letter.is_ascii_alphabetic() => {
                // With the `/` of an end tag, so that only start tags bear the names below.
                let name = &markup[1..skip(markup, 2, |byte| !is_space(byte) && !matches!(byte, b'/' | b'>'))];
                let mut attributes = Anchor::default();
                let end = read_attributes(markup, name.len() + 1, &mut attributes)?;
                self.rest = &markup[end..];
                if name.eq_ignore_ascii_case("a") {
                    return Some(attributes);
                }
                self.element = TEXT_ELEMENTS.iter().copied().find(|element| name.eq_ignore_ascii_case(element));
                return None;
            }
            [_, b'!', b'-', b'-', comment @ ..] => comment_end(comment)? + 4,
            // A doctype, or what the standard calls a bogus comment.
            other => memchr(b'>', other)?,
        };
        self.rest = &markup[end + 1..];
        None
    }
}

/// Where the text at the beginning of the rest ends.
fn text_end(rest: &[u8], element: Option<&str>) -> usize {
    let end = match element {
        // Tags often stand side by side, where a search costs more than a look.
        None if begins_markup(rest) => Some(0),
        None => memchr_iter(b'<', rest).find(|&at| begins_markup(&rest[at..])),
        Some("plaintext") => None,
        Some("script") => script_end(rest),
        Some(element) => memmem::find_iter(rest, "</").find(|&at| begins_tag(&rest[at + 2..], element)),
    };
    end.unwrap_or(rest.len())
}

/// Whether here is a `<` that is not just text.
fn begins_markup(rest: &[u8]) -> bool {
    match rest {
        [b'<', b'!' | b'?', ..] | [b'<', b'/', _, ..] => true,
        [b'<', next, ..] => next.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether the name of a tag begins here, and it is this name.
fn begins_tag(rest: &[u8], name: &str) -> bool {
    rest.split_at_checked(name.len()).is_some_and(|(begin, after)| {
        begin.eq_ignore_ascii_case(name.as_bytes())
            && after.first().is_some_and(|&byte| is_space(byte) || matches!(byte, b'/' | b'>'))
    })
}

/// Where the end tag of a script stands. In a script a `<!--` begins what looks like a comment, and a `<script>` in that
/// goes up to an end tag of its own, which is not the one.
fn script_end(script: &[u8]) -> Option<usize> {
    let mut depth = 0;
    memchr2_iter(b'<', b'-', script).find(|&at| {
        let rest = &script[at..];
        let begins = |tag: &str| rest.starts_with(tag.as_bytes());
        let is_end = begins("</") && begins_tag(&rest[2..], "script");
        // 1 after a `<!--`, 2 after a `<script>` in that.
        match depth {
            0 if begins("<!--") => depth = 1,
            1 if begins("<") && begins_tag(&rest[1..], "script") => depth = 2,
            2 if is_end => depth = 1,
            // The dashes may be those of the `<!--`.
            _ if begins("-->") => depth = 0,
            _ => return is_end,
        }
        false
    })
}

/// Where the comment ends: its `>`.
fn comment_end(comment: &[u8]) -> Option<usize> {
    memchr_iter(b'>', comment)
        .find(|&end| matches!(&comment[..end], b"" | b"-" | [.., b'-', b'-'] | [.., b'-', b'-', b'!']))
}

/// Reads the attributes of a tag from the end of its name on. Gives where the tag ends, after its `>`. They are filled in
/// and not given, for most are thrown away and to copy them took a tenth of all the time.
fn read_attributes<'a>(tag: &'a str, mut at: usize, attributes: &mut Anchor<'a>) -> Option<usize> {
    let bytes = tag.as_bytes();
    loop {
        at = skip(tag, at, |byte| is_space(byte) || byte == b'/');
        if *bytes.get(at)? == b'>' {
            return Some(at + 1);
        }
        // Whatever stands here begins a name, even a `=`.
        let name_end = skip(tag, at + 1, |byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
        let name = &bytes[at..name_end];
        let mut value = "";
        at = skip(tag, name_end, is_space);
        if bytes.get(at) == Some(&b'=') {
            at = skip(tag, at + 1, is_space);
            let quote = *bytes.get(at)?;
            if matches!(quote, b'"' | b'\'') {
                let start = at + 1;
                let end = start + memchr(quote, &bytes[start..])?;
                value = &tag[start..end];
                at = end + 1;
            } else {
                let start = at;
                at = skip(tag, start, |byte| !is_space(byte) && byte != b'>');
                value = &tag[start..at];
            }
        }
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        let attribute = if is("href") {
            &mut attributes.href
        } else if is("class") {
            &mut attributes.class
        } else if is("rel") {
            &mut attributes.rel
        } else {
            continue;
        };
        attribute.get_or_insert(value);
    }
}

/// The next place from `at` on where the byte is not one of those to pass.
fn skip(text: &str, mut at: usize, is_to_pass: impl Fn(u8) -> bool) -> usize {
    while text.as_bytes().get(at).is_some_and(|&byte| is_to_pass(byte)) {
        at += 1;
    }
    at
}

/// Tab, LF, FF, CR or space, as in the standard.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// What the tokenizer makes of a NUL nearly everywhere.
pub(crate) fn without_nul(raw: &str) -> Cow<'_, str> {
    if memchr(0, raw.as_bytes()).is_some() { raw.replace('\0', "\u{fffd}").into() } else { raw.into() }
}

#[cfg(test)]
mod tests {
    use crate::{anchors, oracle};

    /// The values of `href`, `-` where there is none.
    fn hrefs(content: &str) -> String {
        oracle::check(content);
        let href = |anchor: crate::Anchor<'_>| anchor.href().map_or("-".to_owned(), Into::into);
        anchors(content).map(href).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn attributes() {
        for (content, found) in [
            ("<a href=\"1\"><a href='2'><a href=3><a\thref\n=\r\x0C4 >", "1 2 3 4"),
            ("<A HREF=1><a hReF=2>", "1 2"),
            ("<a><a href><a href=><a href= ><a href=''><a class=x>", "-     -"),
            ("<a href=1 href=2 HREF=3><a href href=4><a x=1 href=5>", "1  5"),
            ("<a/href=1/><a/href=2/ ><a / href='3'/>", "1/ 2/ 3"),
            ("<a href=\"1\"href='2'class=x><a class='x'href=3>", "1 3"),
            ("<a =href=1><a == href=1><a href==2><a href /=3><a =\"href='4'\">", "- - =2  -"),
            ("<a href='\">'><a href=\"'>\"><a href=\"'>", "\"> '>"),
            ("<a href=1\"'<=`><a href\0=2><a \0href=3><a href=\0>", "1\"'<=` - - \u{fffd}"),
            ("<a href\u{a0}=1><a \u{a0}href=2><a é href=3>", "- - 3"),
            ("<a data-href=1 xlink:href=2><a hrefs=3>", "- -"),
        ] {
            assert_eq!(hrefs(content), found, "{content}");
        }
    }

    #[test]
    fn names_of_tags() {
        for (content, found) in [
            ("<abbr href=1><a-b href=2><a\0 href=3><aé href=4><ſ href=5>", ""),
            ("< a href=1></a href=2><\0a href=3></ a href=4>", ""),
            ("<<a href=1><p<a href=2><1<a href=3>", "1 3"),
            ("<p title='<a href=1>'><p title=<a href=2></p title='<a href=3>'><a href=4>", "4"),
            ("</p title='<a href=1>", ""),
        ] {
            assert_eq!(hrefs(content), found, "{content}");
        }
    }

    #[test]
    fn what_the_content_ends_in_is_no_tag() {
        let content = "<a href=1 class='x' rel=\"y\" / >";
        assert_eq!(hrefs(content), "1");
        for end in 0..content.len() {
            assert_eq!(hrefs(&content[..end]), "", "{}", &content[..end]);
        }
    }

    #[test]
    fn comments() {
        for (content, found) in [
            ("<!--<a href=1>--><a href=2>", "2"),
            ("<!--><a href=1><!---><a href=2><!----><a href=3>", "1 2 3"),
            ("<!----!><a href=1><!-- --!><a href=2>", "1 2"),
            ("<!-- -><a href=1> --!-> - -> --!--><a href=2>", "2"),
            ("<!---!><a href=1>--><a href=2>", "2"),
            ("<!--<!--><a href=1>--><!--<!-><a href=2>", "1"),
            ("<!-><a href=1><!><a href=2><!-x--><a href=3>", "1 2 3"),
            ("<!-- <a href=1>", ""),
            ("<?a><a href=1>?><? ?><a href=2></ '><a href=3>'></><a href=4>", "1 2 3 4"),
            ("<![CDATA[<a href=1>]]><![CDATA[><a href=2>]]>", "2"),
            ("<!doctype a PUBLIC '><a href=1>'><!DOCTYPE <a href=2>", "1"),
        ] {
            assert_eq!(hrefs(content), found, "{content}");
        }
    }

    #[test]
    fn elements_whose_content_is_text() {
        for element in ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"] {
            for (content, found) in [
                ("<X><a href=1></X><a href=2>", "2"),
                ("<x/><a href=1></x/><a href=2>", "2"),
                ("<x y='>'><a href=1></Xy></ x></\0x><<a href=2></x\n><a href=3>", "3"),
                ("<x></x y='<a href=1>'><a href=2>", "2"),
                ("<x><a href=1></x", ""),
                ("<x><a href=1></x <a href=2>", ""),
                ("<xy><a href=1></x><a href=2>", "1 2"),
                ("<x><x></x><a href=1></x>", "1"),
                ("<x><!--</x><a href=1>-->", "1"),
            ] {
                let content = content.replace('x', element).replace('X', &element.to_uppercase());
                assert_eq!(hrefs(&content), found, "{content}");
            }
        }
        assert_eq!(hrefs("<noscript><a href=1></noscript><svg><title><a href=2></svg></title><a href=3>"), "1 3");
        assert_eq!(hrefs("<a href=1><plaintext><a href=2></plaintext><a href=3>"), "1");
    }

    #[test]
    fn scripts_in_comments_in_scripts() {
        for (content, found) in [
            ("<script><!--</script><a href=1>", "1"),
            ("<script><!--<script></script><a href=1></script><a href=2>", "2"),
            ("<script><!--<script></script><script></script><a href=1></script><a href=2>", "2"),
            ("<script><!--<script>--></script><a href=1>", "1"),
            ("<script><!--><script></script><a href=1>", "1"),
            ("<script><!---><script></script><a href=1>", "1"),
            ("<script><!-<script></script><a href=1>", "1"),
            ("<script><!--<scripts></script><a href=1>", "1"),
            ("<script><!--<SCRIPT/</SCRIPT/</script><a href=1>", "1"),
            ("<script><!--<script <script </script></script><a href=1>", "1"),
            ("<script><!-- -- ><script></script>--><a href=1></script><a href=2>", "2"),
        ] {
            assert_eq!(hrefs(content), found, "{content}");
        }
    }
}
