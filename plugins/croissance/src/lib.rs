//! Accounts by the month in which they were created (croissance: growth), each distinct account once.

use tootmill_metric::{About, Emit, Members, Metric, Post, Row, Seen, Table};

/// See the crate's page.
pub struct Croissance;

impl Metric for Croissance {
    type State = Seen;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Seen>) {
        if let Some(account) = &post.account
            && let Some(created_at) = account.created_at
        {
            emit.member(&created_at.month(), account.id(), Seen);
        }
    }

    fn reduce(&self, _month: &str, accounts: &mut Members<'_, Seen>) -> Option<Row> {
        Some(Row::new("count", accounts.count()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("croissance_table").integer("count", "distinct accounts created in the month")
    }

    fn about(&self) -> About {
        About::new("Distinct accounts seen in the posts, by the month (UTC) in which the account was created.")
            .reads(&["account.id", "account.created_at"])
            .personal_data(&["account.id", "account.created_at"])
    }
}
tootmill_metric::register!(Croissance);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(Croissance);

    #[test]
    fn an_account_is_counted_once_in_its_month() {
        let rows = rows(
            &Croissance,
            &[
                r#"{"account":{"id":"1","created_at":"2006-12-31T23:30:00-01:00"}}"#,
                r#"{"account":{"id":1,"created_at":"2007-01-01"}}"#,
                r#"{"account":{"id":"2","created_at":"2007-01-31 00:00:00+00:00"}}"#,
                r#"{"account":{"id":"3","created_at":"2023-08-07T00:00:00.000Z"}}"#,
            ],
        );
        assert_eq!(rows, "2007-01 count=2\n2023-08 count=1\n");
    }

    #[test]
    fn an_account_without_id_or_date_is_left_out() {
        let rows = rows(
            &Croissance,
            &[
                r#"{"account":{"id":"1","created_at":null}}"#,
                r#"{"account":{"id":"2","created_at":1691366400}}"#,
                r#"{"account":{"created_at":"2023-08-07"}}"#,
                r#"{"account":null}"#,
            ],
        );
        assert_eq!(rows, "");
    }
}
