//! Links by the host that they lead to.

use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};

/// See the crate's page.
pub struct Url;

impl Metric for Url {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        post.link_hosts(|host| emit.add(host, Count::ONE));
    }

    fn reduce(&self, _host: &str, links: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", links.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("url_table").integer("count", "links to the host")
    }

    fn about(&self) -> About {
        About::new("Links in the posts by host, every link once; mentions and hashtags are not links.")
            .reads(&["content"])
    }
}
tootmill_metric::register!(Url);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(Url);

    #[test]
    fn every_link_once_without_mentions_and_hashtags() {
        let rows = rows(
            &Url,
            &[
                r#"{"content":"<p><a href=\"https://A.example:8443/1\">1</a> <a href='http://a.example/2' rel=nofollow>2</a></p>"}"#,
                r#"{"content":"\u003ca href=\"https://instance.example/@b\" class=\"u-url mention\"\u003e@b\u003c/a\u003e"}"#,
                r#"{"content":"<a href=\"https://instance.example/tags/c\" rel=\"TAG\">#c</a> https://text.example"}"#,
                r#"{"content":"<a href=\"mailto:d@e.example\">d</a><a href=\"/relative\">e</a><a>f</a>"}"#,
                r#"{"content":"<a href=\"https://b&#252;cher.example./\">g</a>"}"#,
            ],
        );
        assert_eq!(rows, "a.example count=2\nxn--bcher-kva.example count=1\n");
    }

    #[test]
    fn addresses_in_plain_text_where_there_is_no_a_tag() {
        let rows = rows(
            &Url,
            &[
                r#"{"content":"see https://a.example/x, HTTP://B.example. and\nhttps://a.example"}"#,
                r#"{"content":"<p>(https://c.example)</p>"}"#,
                r#"{"content":"no link: example.org"}"#,
                r#"{"content":null}"#,
            ],
        );
        assert_eq!(rows, "a.example count=2\nb.example count=1\nc.example count=1\n");
    }
}
