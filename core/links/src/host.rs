//! The host of an address.

use std::borrow::Cow;

use url::Url;

/// The host of an http or https address, as the URL standard reads it without a base: lower-case, IDN as punycode, without
/// port and trailing dots, and so empty where it is nothing but dots. `None` where it is none, as for a relative address.
///
/// ```
/// assert_eq!(tootmill_links::host("https://www.example/a?b#c").as_deref(), Some("www.example"));
/// assert_eq!(tootmill_links::host(" HTTP://ada@Bücher.example.:8080").as_deref(), Some("xn--bcher-kva.example"));
/// assert_eq!(tootmill_links::host("/tags/art"), None);
/// ```
pub fn host(href: &str) -> Option<Cow<'_, str>> {
    plain_host(href).map(Cow::Borrowed).or_else(|| standard_host(href).map(Cow::Owned))
}

/// What the standard says of any address.
fn standard_host(href: &str) -> Option<String> {
    let url = Url::parse(href).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.host_str()?.trim_end_matches('.').to_owned())
}

/// What the standard says of an address that is plain, as nearly every one is, at a tenth of the cost: nothing in its host
/// is to be mapped, decoded or read as a number, and what follows can neither make a user name of it nor be an error.
fn plain_host(href: &str) -> Option<&str> {
    let rest = href.strip_prefix("https://").or_else(|| href.strip_prefix("http://"))?;
    let is_plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    let host = &rest[..rest.bytes().take_while(is_plain).count()];
    let ends = matches!(rest.as_bytes().get(host.len()), None | Some(b'/' | b'?' | b'#'));
    // A last label that begins with a digit may make it an IPv4 address.
    let is_name =
        host.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_lowercase()));
    // No label is empty, and none is punycode.
    let has_plain_labels =
        !host.starts_with('.') && !host.as_bytes().windows(2).any(|two| matches!(two, b".." | b"--"));
    (ends && is_name && has_plain_labels).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_are_read_as_the_url_standard_says() {
        for (href, host) in [
            ("HTTPS://WWW.Example.", Some("www.example")),
            ("http://a.example...", Some("a.example")),
            (" \n\0http://a.example\t", Some("a.example")),
            ("ht\ntp://a.ex\tample", Some("a.example")),
            ("http:a.example", Some("a.example")),
            ("http:\\\\a.example\\b", Some("a.example")),
            ("http:////a.example", Some("a.example")),
            ("http://a.example@b.example", Some("b.example")),
            ("http://a.example:80@b.example", Some("b.example")),
            ("http://a.example:/", Some("a.example")),
            ("http://a.example:8080", Some("a.example")),
            ("http://a.example:65536", None),
            ("http://a.example:x", None),
            ("http://bücher.example", Some("xn--bcher-kva.example")),
            ("http://faß.example", Some("xn--fa-hia.example")),
            ("http://xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("http://xn--a.example", None),
            ("http://a。example", Some("a.example")),
            ("http://a%2Eexample", Some("a.example")),
            ("http://a_b.example", Some("a_b.example")),
            ("http://127.1", Some("127.0.0.1")),
            ("http://0x7f.1./", Some("127.0.0.1")),
            ("http://1.2.3.256", None),
            ("http://a.1", None),
            ("http://a.1b", Some("a.1b")),
            ("http://[::1]:80/", Some("[::1]")),
            ("http://a b", None),
            ("http://a\u{fffd}", None),
            ("http://", None),
            ("http://./", Some("")),
            ("http://?a", None),
            ("ftp://a.example", None),
            ("mailto:a@b.example", None),
            ("//a.example", None),
            ("a.example", None),
            ("", None),
        ] {
            assert_eq!(super::host(href).as_deref(), host, "{href:?}");
        }
    }

    #[test]
    fn most_hosts_are_borrowed() {
        for href in ["http://a", "https://a.b-c.d1/", "http://1.a?b@c", "https://a#:x", "https://-a-.example/é \0"] {
            assert_eq!(plain_host(href).map(str::to_owned), standard_host(href), "{href:?}");
            assert!(matches!(host(href), Some(Cow::Borrowed(_))), "{href:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// From addresses of which the greater part is plain to what is odd all over.
        #[test]
        fn a_plain_host_is_what_the_standard_says(
            href in "https?://[a-z0-9.-]{0,12}(\\PC|[-.:@/\\\\?#%0-9x\t\n\0]){0,3}[a-z0-9.-]{0,4}(xn--)?(\\.[a-z]{1,3})?(|[/?#:@]\\PC*)",
        ) {
            if let Some(host) = plain_host(&href) {
                prop_assert_eq!(Some(host.to_owned()), standard_host(&href));
            }
        }
    }
}
