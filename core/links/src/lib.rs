//! The links of a post: the hosts that its content, which is HTML, links to.
//!
//! Every post goes through here and most have no link, so each step first looks whether there is anything to do. What is
//! done takes time linear in the length of the content, whatever stands in it.

#![forbid(unsafe_code)]

mod anchor;
mod host;
#[cfg(any(test, feature = "oracle"))]
pub mod oracle;
mod text;
mod tokens;

pub use anchor::{Anchor, anchors};
pub use host::host;
pub use text::texts;

/// Calls `each` with the host of every link in the content: lower-case, IDN as punycode, without port and trailing dots.
/// Each link counts, so a host may come several times.
///
/// A link is the http or https address of an [anchor](anchors) that is neither a mention nor a hashtag. Only in a content
/// without any anchor it is an address that stands in the text.
///
/// ```
/// let mut hosts = Vec::new();
/// let content = r#"<a class="mention" href="https://social.example/@ada">@ada</a> <a href="http://Art.example:80">art</a>"#;
/// tootmill_links::hosts(content, &mut |host| hosts.push(host.to_owned()));
/// assert_eq!(hosts, ["art.example"]);
/// ```
pub fn hosts(content: &str, each: &mut impl FnMut(&str)) {
    let mut has_anchor = false;
    for anchor in anchors(content) {
        has_anchor = true;
        if !anchor.is_mention_or_hashtag()
            && let Some(host) = anchor.href().as_deref().and_then(host)
        {
            each(&host);
        }
    }
    if !has_anchor && text::may_have_url(content) {
        for text in texts(content) {
            text::urls(&text).filter_map(host).for_each(|host| each(&host));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn hosts_of(content: &str) -> Vec<String> {
        oracle::check(content);
        let mut found = Vec::new();
        hosts(content, &mut |host| found.push(host.to_owned()));
        found
    }

    #[test]
    fn every_link_counts() {
        let content = "<a href=http://b.example>1</a><a href='https://a.example/?x'>2</a><a href=//b.example>3</a>\
            <a>4</a><a href=http://b.example/5>";
        assert_eq!(hosts_of(content), ["b.example", "a.example", "b.example"]);
    }

    #[test]
    fn mentions_and_hashtags_are_no_links() {
        for attribute in [
            "class=mention",
            "class='u-url mention'",
            "class='\tmention\x0Cx'",
            "class=hashtag",
            "class=Hashtag",
            "class='&#109;ention'",
            "rel=tag",
            "rel='nofollow TAG'",
            "class=x rel=tag",
            "class=mention class=x",
        ] {
            assert!(hosts_of(&format!("<a {attribute} href=http://a.example>")).is_empty(), "{attribute}");
        }
        for attribute in [
            "class=mentions",
            "class='x-mention u_hashtag'",
            "class=tag",
            "rel=mention",
            "rel='tags'",
            "class=x class=mention",
            "class='mention\u{a0}x'",
            "class='mention\0'",
            "mention",
        ] {
            assert_eq!(hosts_of(&format!("<a {attribute} href=http://a.example>")), ["a.example"], "{attribute}");
        }
    }

    #[test]
    fn text_counts_only_where_there_is_no_anchor() {
        assert_eq!(
            hosts_of("<p>http://a.example/ and HTTPS://B.example.</p>http://a.example"),
            ["a.example", "b.example", "a.example"]
        );
        assert_eq!(hosts_of("http&#58;//a.example"), ["a.example"]);
        assert_eq!(hosts_of("<title>http:&sol;/a.example</title><style>http:&sol;/b.example</style>"), ["a.example"]);
        assert_eq!(hosts_of("http://a.example <abbr> </a> <!-- <a> --> <a"), ["a.example"]);
        assert_eq!(hosts_of("http://a.ex<b>ample</b> http://a.ex</>ample http://a.ex<!---->ample"), ["a.ex"; 3]);
        assert!(hosts_of("http://a.example <a>").is_empty());
        assert!(hosts_of("http://a.example <A class=mention href=http://b.example>").is_empty());
        assert!(hosts_of("<img src=http://a.example><!-- http://b.example --> c.example ://d.example").is_empty());
    }

    /// Times are only compared with each other, and so far apart that no noise comes between linear and quadratic.
    #[test]
    fn time_grows_with_the_length_and_not_with_its_square() {
        for (begin, again) in [
            ("", "<"),
            ("", "<a"),
            ("", "<a "),
            ("", "<a href=\""),
            ("", "<a href='http://é.example'>"),
            ("<a ", "href=x "),
            ("<a href='", "&"),
            ("", "</"),
            ("", "</>"),
            ("", "<!"),
            ("", "<!--"),
            ("<!--", "--!"),
            ("<!--", ">"),
            ("", "<title>"),
            ("<title>", "</title"),
            ("<script>", "<!--"),
            ("<script><!--", "<script"),
            ("<script><!--", "<script></script>"),
            ("", "http"),
            ("", "http://"),
            ("", "http://a.example "),
            ("http://a.example", "&"),
            ("http://a.example&#", "1"),
            ("http://a.example&", "a"),
            ("http://a.example", "."),
            ("http://", "a."),
            ("http://", "1."),
            ("http://", "@"),
            ("http://", "é."),
            ("http://", "xn--a."),
            ("http://", "\u{315}\u{300}"),
            ("http://a/", "a/.."),
        ] {
            let time = |length: usize| {
                let content = begin.to_owned() + &again.repeat(length / again.len());
                let once = |_| {
                    let start = Instant::now();
                    hosts(&content, &mut |_| {});
                    start.elapsed()
                };
                (0..3).map(once).min().unwrap_or_default()
            };
            let (short, long) = (time(1 << 12).max(Duration::from_micros(1)), time(1 << 17));
            assert!(long < short * (1 << 5) * 8, "{begin:?} {again:?}: {short:?} grows to {long:?}");
        }
    }
}
