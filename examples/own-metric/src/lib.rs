//! Posts by the application that they were written with, and how many accounts use it.

use tootmill_metric::{About, Count, Emit, Members, Merge, Metric, Post, Row, Table};

/// See the crate's page.
pub struct Own;

/// The key of posts whose server does not name the application, as for nearly all that come from other servers.
const UNKNOWN: &str = "(unknown)";

impl Metric for Own {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        if let Some(account) = &post.account {
            // `Post` has no field for it, so it is read by its path.
            let application = post.get::<String>(&["application", "name"]).filter(|name| !name.is_empty());
            emit.member(application.as_deref().unwrap_or(UNKNOWN), account.id(), Count::ONE);
        }
    }

    fn reduce(&self, _application: &str, accounts: &mut Members<'_, Count>) -> Option<Row> {
        let (mut seen, mut posts) = (0_u64, Count::default());
        while let Some((_account, of_account)) = accounts.next_member() {
            seen += 1;
            posts.merge(*of_account);
        }
        Some(Row::new("posts", posts).and("accounts", seen))
    }

    fn hbase_table(&self) -> Table {
        Table::new("own_table")
            .integer("posts", "posts written with the application")
            .integer("accounts", "distinct accounts that wrote them")
    }

    fn about(&self) -> About {
        About::new("Posts and the accounts that wrote them, by application; `(unknown)` where none is named.")
            .reads(&["account.id", "application.name"])
            .personal_data(&["account.id", "application.name"])
    }
}
tootmill_metric::register!(Own);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(Own);

    #[test]
    fn posts_and_distinct_accounts_by_application() {
        let rows = rows(
            &Own,
            &[
                r#"{"account":{"id":"1"},"application":{"name":"Web","website":null}}"#,
                r#"{"account":{"id":"1"},"application":{"name":"Web"}}"#,
                r#"{"account":{"id":"2"},"application":{"name":"Web"}}"#,
                r#"{"account":{"id":"2"},"application":{"name":"Tusky"}}"#,
            ],
        );
        assert_eq!(rows, "Tusky posts=1 accounts=1\nWeb posts=3 accounts=2\n");
    }

    #[test]
    fn an_application_that_is_not_named_is_unknown() {
        let rows = rows(
            &Own,
            &[
                r#"{"account":{"id":"1"}}"#,
                r#"{"account":{"id":"1"},"application":null}"#,
                r#"{"account":{"id":"1"},"application":{"name":""}}"#,
                r#"{"account":{"id":"1"},"application":{"name":7}}"#,
                r#"{"account":null,"application":{"name":"Web"}}"#,
            ],
        );
        assert_eq!(rows, "(unknown) posts=4 accounts=1\n");
    }
}
