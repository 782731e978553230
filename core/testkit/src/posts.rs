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

/// Statuses that are posts, as JSON.
pub fn statuses() -> impl Strategy<Value = String> {
    let account = (one_of(&["1", "2", "3", "", "a b\\c\td"]), one_of(DATES), count(), any::<Option<bool>>());
    let account = account.prop_map(|(id, created_at, followers, bot)| {
        Some(object([
            ("id", id),
            ("created_at", created_at),
            ("followers_count", followers),
            ("bot", bot.map(Value::from)),
        ]))
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
    )
        .prop_map(
            |((id, created_at, account), (language, content, reblogs, favourites, replies), emojis, tags, media)| {
                object([
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
                ])
                .to_string()
            },
        )
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect()
}
