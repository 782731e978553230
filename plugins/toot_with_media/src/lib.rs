//! Posts with at least one media attachment.

use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};

/// See the crate's page.
pub struct TootWithMedia;

impl Metric for TootWithMedia {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        if post.media_attachments > 0 {
            emit.add("toot_with_media", Count::ONE);
        }
    }

    fn reduce(&self, _key: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("toot_with_media_table").integer("count", "posts with at least one media attachment")
    }

    fn about(&self) -> About {
        About::new("Posts with at least one media attachment.").reads(&["media_attachments"])
    }
}
tootmill_metric::register!(TootWithMedia);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(TootWithMedia);

    #[test]
    fn a_post_counts_once_however_many_media_it_has() {
        let rows = rows(
            &TootWithMedia,
            &[
                r#"{"media_attachments":[{"id":"1"},{"id":"2"}]}"#,
                r#"{"media_attachments":[{"id":"3"}]}"#,
                r#"{"media_attachments":[]}"#,
                r#"{"media_attachments":null}"#,
                r#"{"media_attachments":"1"}"#,
                r"{}",
            ],
        );
        assert_eq!(rows, "toot_with_media count=2\n");
    }
}
