//! Posts by custom emoji.

use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table, distinct};

/// See the crate's page.
pub struct Emoji;

impl Metric for Emoji {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        for shortcode in distinct(post.emojis.iter().map(|shortcode| &**shortcode)) {
            emit.add(shortcode, Count::ONE);
        }
    }

    fn reduce(&self, _shortcode: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("emoji_table").integer("count", "posts using the custom emoji")
    }

    fn about(&self) -> About {
        About::new("Posts by the shortcode of the custom emoji that they use, each emoji once a post.")
            .reads(&["emojis.shortcode"])
    }
}
tootmill_metric::register!(Emoji);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(Emoji);

    #[test]
    fn lists_of_objects_and_of_strings_each_emoji_once_a_post() {
        let rows = rows(
            &Emoji,
            &[
                r#"{"emojis":[{"shortcode":"blobcat","url":"https://a.example/b.png"},{"shortcode":"BlobCat"}]}"#,
                r#"{"emojis":["blobcat","blobcat"]}"#,
                r#"{"emojis":[{"shortcode":""},{"name":"other"},7,null]}"#,
                r#"{"emojis":{}}"#,
            ],
        );
        assert_eq!(rows, "BlobCat count=1\nblobcat count=2\n");
    }
}
