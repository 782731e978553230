//! Posts by hashtag, in lower case.

use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table, distinct, lowercase};

/// See the crate's page.
pub struct Tag;

impl Metric for Tag {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        for tag in distinct(post.tags.iter().map(|tag| lowercase(tag))) {
            emit.add(&tag, Count::ONE);
        }
    }

    fn reduce(&self, _tag: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("tag_table").integer("count", "posts using the hashtag")
    }

    fn about(&self) -> About {
        About::new("Posts by hashtag in lower case (Unicode), each tag once a post.").reads(&["tags.name"])
    }
}
tootmill_metric::register!(Tag);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(Tag);

    #[test]
    fn tags_in_every_script_in_lower_case_each_once_a_post() {
        let rows = rows(
            &Tag,
            &[
                r#"{"tags":[{"name":"Caturday"},{"name":"caturday"},{"name":"ÉTÉ"}]}"#,
                r#"{"tags":["CATURDAY","ΟΔΟΣ","写真","caf\u00c9"]}"#,
                r#"{"tags":[{"name":null},{"shortcode":"x"},""]}"#,
                r#"{"tags":null}"#,
            ],
        );
        assert_eq!(rows, "café count=1\ncaturday count=2\nété count=1\nοδος count=1\n写真 count=1\n");
    }
}
