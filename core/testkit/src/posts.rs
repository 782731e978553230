//! A strategy for statuses: small sets of values, so that keys meet, with the oddities of real ones.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// Values of which an optional field takes one, or is absent.
fn one_of(values: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    prop_oneof![1 => Just(None), 6 => select(values).prop_map(|text| Some(json!(text))), 1 => Just(Some(Value::Null))]
        .boxed()
}

fn count() -> BoxedStrategy<Option<Value>> {
    prop_oneof![
        4 => (0..9_i64).prop_map(|count| Some(json!(count))),
        1 => any::<u64>().prop_map(|count| Some(json!(count))),
        1 => select(vec![None, Some(Value::Null), Some(json!(-1)), Some(json!("3"))]),
    ]
    .boxed()
}

fn names(field: &'static str, values: &'static [&'static str]) -> BoxedStrategy<Option<Value>> {
    let name = select(values);
    prop_oneof![
        4 => vec(name.clone(), 0..4).prop_map(move |names| names.into_iter().map(|name| json!({field: name})).collect()),
        1 => vec(name, 0..4).prop_map(|names| json!(names)),
        1 => Just(Value::Null),
    ]
    .prop_map(Some)
    .boxed()
}

const DATES: &[&str] = &[
    "2023-10-19T16:39:53.500Z",
    "2023-10-19 16:39:53+00:00",
    "2023-10-19T18:39:53 +0200",
    "2023-10-20",
    "2006-01-01T00:00:00.000Z",
    "2023-11-01T00:30:00+01:00",
];

/// Fields of a status that a [`Post`](tootmill_metric::Post) has no field for: a metric may read them by their paths.
fn others() -> impl Strategy<Value = Vec<(&'static str, Option<Value>)>> {
    let text = || one_of(&["", "words", "https://a.example/1", "ada@a.example"]);
    let flag = || any::<Option<bool>>().prop_map(|flag| flag.map(Value::from));
    let mentions = vec((one_of(&["1", "2"]), text()), 0..3).prop_map(|mentions| {
        let mention = |(id, acct)| object([("id", id), ("acct", acct)]);
        Some(mentions.into_iter().map(mention).collect())
    });
    (
        (text(), text(), flag(), text()),
        (one_of(&["1", "2"]), one_of(&["1", "2"]), mentions),
        (text(), text(), count()),
        (count(), select(DATES)),
        prop::array::uniform3(any::<bool>()),
    )
        .prop_map(
            |(
                (url, uri, sensitive, spoiler),
                (reply_to, reply_to_account, mentions),
                (title, provider, width),
                (votes, expires_at),
                [has_application, has_card, has_poll],
            )| {
                let application = object([("name", provider.clone()), ("website", url.clone())]);
                let card = object([("title", title), ("provider_name", provider), ("width", width)]);
                let poll = object([("votes_count", votes), ("expires_at", Some(json!(expires_at)))]);
                vec![
                    ("url", url),
                    ("uri", uri),
                    ("sensitive", sensitive),
                    ("spoiler_text", spoiler),
                    ("in_reply_to_id", reply_to),
                    ("in_reply_to_account_id", reply_to_account),
                    ("mentions", mentions),
                    ("application", has_application.then_some(application)),
                    ("card", has_card.then_some(card)),
                    ("poll", has_poll.then_some(poll)),
                ]
            },
        )
}

/// Fields of an account that a [`Post`](tootmill_metric::Post) has no field for.
fn others_of_account() -> impl Strategy<Value = [(&'static str, Option<Value>); 5]> {
    let text = || one_of(&["", "ada", "eva@b.example", "<p>words</p>"]);
    (text(), text(), text(), count(), any::<Option<bool>>()).prop_map(|(acct, name, note, statuses, locked)| {
        [
            ("acct", acct),
            ("display_name", name),
            ("note", note),
            ("statuses_count", statuses),
            ("locked", locked.map(Value::from)),
        ]
    })
}

/// Statuses that are posts, as JSON.
pub fn statuses() -> impl Strategy<Value = String> {
    let account = (one_of(&["1", "2", "3", "", "a b\\c\td"]), one_of(DATES), count(), any::<Option<bool>>());
    let account = (account, others_of_account()).prop_map(|((id, created_at, followers, bot), others)| {
        let read =
            [("id", id), ("created_at", created_at), ("followers_count", followers), ("bot", bot.map(Value::from))];
        Some(object(read.into_iter().chain(others)))
    });
    let text = one_of(&[
        "<p>words</p>",
        "<a href=\"https://a.example/1\">a</a> <a href=\"http://b.example\">b</a>",
        "<a href=\"https://a.example/@c\" class=\"mention\">@c</a> https://d.example",
        "plain https://a.example and https://a.example",
    ]);
    let ids = prop_oneof![4 => (0..30_u32).prop_map(|id| id.to_string()), 1 => "[a-z \\\\]{1,8}"];
    (
        (ids, select(DATES), prop_oneof![8 => account, 1 => Just(None)]),
        (one_of(&["en", "ja", "", "de-CH"]), text, count(), count(), count()),
        names("shortcode", &["blob", "cat", "", "tab\there"]),
        names("name", &["Art", "art", "写真", "ÉTÉ", ""]),
        0..3_usize,
        others(),
    )
        .prop_map(
            |(
                (id, created_at, account),
                (language, content, reblogs, favourites, replies),
                emojis,
                tags,
                media,
                others,
            )| {
                let read = [
                    ("id", Some(json!(id))),
                    ("created_at", Some(json!(created_at))),
                    ("account", account),
                    ("language", language),
                    ("content", content),
                    ("reblogs_count", reblogs),
                    ("favourites_count", favourites),
                    ("replies_count", replies),
                    ("emojis", emojis),
                    ("tags", tags),
                    ("media_attachments", Some(vec![json!({"type": "image"}); media].into())),
                ];
                object(read.into_iter().chain(others)).to_string()
            },
        )
}

fn object(fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};

    use super::*;
    use crate::broken_law;

    /// Posts by the application that they were written with, which it declares or not.
    struct ByApplication(bool);

    const APPLICATION: [&str; 2] = ["application", "name"];

    impl Metric for ByApplication {
        type State = Count;

        fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
            emit.add(&format!("by {:?}", post.get::<String>(&APPLICATION)), Count::ONE);
        }

        fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
            Some(Row::new("posts", posts.total()))
        }

        fn hbase_table(&self) -> Table {
            Table::new("application_table").integer("posts", "posts")
        }

        fn about(&self) -> About {
            About::new("Posts.").reads(if self.0 { &["application.name"] } else { &[] }).personal_data(if self.0 {
                &["application.name"]
            } else {
                &[]
            })
        }
    }

    #[test]
    fn a_field_that_is_read_by_its_path_and_not_declared_is_found() {
        let broken = broken_law(&ByApplication(false)).expect("it declares nothing");
        assert!(broken.contains("does not declare"), "{broken}");
        assert_eq!(broken_law(&ByApplication(true)), None);
    }

    #[test]
    fn fields_that_are_read_by_their_paths_have_several_values() {
        let mut runner = TestRunner::deterministic();
        let statuses: Vec<String> = (0..200).map(|_| statuses().new_tree(&mut runner).unwrap().current()).collect();
        for path in [
            &APPLICATION[..],
            &["card", "provider_name"],
            &["poll", "votes_count"],
            &["sensitive"],
            &["spoiler_text"],
            &["mentions"],
            &["in_reply_to_id"],
            &["in_reply_to_account_id"],
            &["uri"],
            &["account", "acct"],
            &["account", "locked"],
        ] {
            let values = statuses.iter().map(|status| Post::parse(status).unwrap().get::<Value>(path));
            let values: BTreeSet<String> = values.map(|value| format!("{value:?}")).collect();
            assert!(values.len() > 2, "{path:?}: {values:?}");
        }
    }
}
