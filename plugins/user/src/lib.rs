//! Accounts with their engagement rate, followers and posts.

use tootmill_metric::{About, Emit, Latest, Members, Metric, Post, Ratios, Regions, Row, Table};

/// See the crate's page.
pub struct User;

impl Metric for User {
    type State = (Ratios, Latest);

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Self::State>) {
        if let Some(account) = &post.account {
            let engagements = u128::from(post.reblogs_count) + u128::from(post.favourites_count);
            let rate = Ratios::one(engagements, account.followers_count);
            emit.add(account.id(), (rate, Latest::one(post, account.followers_count)));
        }
    }

    fn reduce(&self, _account: &str, posts: &mut Members<'_, Self::State>) -> Option<Row> {
        let (rates, followers) = posts.total();
        let row = Row::new("engagement_rate", rates.mean());
        Some(row.and("followers", followers.value()).and("posts", rates.ratios()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("user_table")
            .real("engagement_rate", "mean over the account's posts of (reblogs + favourites) / followers")
            .integer("followers", "followers at the account's latest post")
            .integer("posts", "posts of the account")
            .regions(Regions::BySeenKeys)
    }

    fn about(&self) -> About {
        About::new(
            "Each account's mean engagement rate over its posts, followers at its latest post, and number of posts.",
        )
        .reads(&["account.id", "account.followers_count", "reblogs_count", "favourites_count"])
        .personal_data(&[
            "account.id",
            "account.followers_count",
            "reblogs_count",
            "favourites_count",
            "id",
            "created_at",
        ])
    }
}
tootmill_metric::register!(User);

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_testkit::rows;

    tootmill_testkit::laws!(User);

    #[test]
    fn the_rate_is_the_mean_over_the_posts() {
        let rows = rows(
            &User,
            &[
                r#"{"id":"2","reblogs_count":1,"favourites_count":2,"account":{"id":"7","followers_count":4}}"#,
                r#"{"id":"10","reblogs_count":0,"favourites_count":0,"account":{"id":"7","followers_count":6}}"#,
                r#"{"id":"3","reblogs_count":1,"account":{"id":"8","followers_count":3}}"#,
            ],
        );
        // At the same time the longer id is the later post.
        assert_eq!(
            rows,
            "7 engagement_rate=0.375 followers=6 posts=2\n8 engagement_rate=0.3333333333333333 followers=3 posts=1\n"
        );
    }

    #[test]
    fn followers_are_those_of_the_latest_post() {
        let rows = rows(
            &User,
            &[
                r#"{"id":"9","created_at":"2023-10-20","account":{"id":"7","followers_count":5}}"#,
                r#"{"id":"1","created_at":"2023-10-21","account":{"id":"7","followers_count":4}}"#,
                r#"{"id":"1","created_at":"2023-10-21","account":{"id":"7","followers_count":3}}"#,
            ],
        );
        assert_eq!(rows, "7 engagement_rate=0 followers=4 posts=3\n");
    }

    #[test]
    fn without_followers_the_rate_is_zero() {
        let rows = rows(
            &User,
            &[
                r#"{"favourites_count":3,"account":{"id":"a","followers_count":0}}"#,
                r#"{"favourites_count":3,"account":{"id":"b","followers_count":-1}}"#,
                r#"{"favourites_count":-3,"account":{"id":"c","followers_count":null}}"#,
                r#"{"favourites_count":3,"account":{"id":"","followers_count":2}}"#,
            ],
        );
        let zero = |id| format!("{id} engagement_rate=0 followers=0 posts=1\n");
        assert_eq!(rows, ["a", "b", "c"].map(zero).concat());
    }
}
