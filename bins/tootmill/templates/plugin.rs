//! Posts by whether they are replies.

use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};

/// See the crate's page.
pub struct {{Type}};

impl Metric for {{Type}} {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        let is_reply = post.get::<String>(&["in_reply_to_id"]).is_some();
        emit.add(if is_reply { "reply" } else { "no_reply" }, Count::ONE);
    }

    fn reduce(&self, _key: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("{{name}}_table").integer("count", "posts")
    }

    fn about(&self) -> About {
        About::new("Posts by whether they are replies.").reads(&["in_reply_to_id"])
    }
}
tootmill_metric::register!({{Type}});

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!({{Type}});

    #[test]
    fn replies_and_others() {
        let rows = rows(&{{Type}}, &[r#"{"in_reply_to_id":"1"}"#, r#"{"in_reply_to_id":null}"#, r"{}"]);
        assert_eq!(rows, "no_reply count=2\nreply count=1\n");
    }
}
