//! The `Link` header of a page: where the newer and the older posts are.

use reqwest::header::{HeaderMap, LINK};
use url::Url;

/// The address with this relation (RFC 8288), relative to the page's own.
pub(crate) fn find(headers: &HeaderMap, relation: &str, page: &Url) -> Option<Url> {
    let values = headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find(|(_, parameters)| has(parameters, relation)).and_then(|(url, _)| page.join(url).ok())
}

/// The links of a value: `<address>; parameters, <address>; …`. A comma may stand in an address.
fn links(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split('<').skip(1).filter_map(|link| link.split_once('>'))
}

fn has(parameters: &str, relation: &str) -> bool {
    parameters.split([';', ',']).filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|one| one.eq_ignore_ascii_case(relation))
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn links_are_found_by_their_relation() {
        let page = Url::parse("https://mill.example/api/v1/timelines/public?min_id=1").unwrap();
        // As Mastodon writes it (controllers/concerns/api/pagination.rb).
        let mastodon =
            r#"<https://mill.example/a?max_id=1>; rel="next", <https://mill.example/a?min_id=9,8>; rel="prev""#;
        for (header, expected) in [
            (mastodon, Some("https://mill.example/a?min_id=9,8")),
            ("</b?min_id=2>;rel=prev", Some("https://mill.example/b?min_id=2")),
            (r#"<https://other.example/>; title="x"; REL="first Prev""#, Some("https://other.example/")),
            (r#"<https://mill.example/a>; rel="next""#, None),
            ("<https://mill.example/a; rel=prev", None),
            ("", None),
        ] {
            let headers = [(LINK, HeaderValue::from_static(header))].into_iter().collect();
            assert_eq!(find(&headers, "prev", &page).as_ref().map(Url::as_str), expected, "{header}");
        }
    }
}
