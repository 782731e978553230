//! Tests of policies, on statuses as servers send them.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use tootmill_metric::{About, Account, AnyMetric, Count, Emit, Members, Metric, Post, Registered, Row, Table};
use tootmill_plugins as _;
use tootmill_synth::Timeline;

use super::*;
use crate::forgotten::{Hashed, Key};

fn policy(level: Level) -> Policy {
    Policy::new(level, "mill.example", &Registry::linked().unwrap())
}

/// A post of an account that says this of itself.
fn post(account: &Value) -> String {
    let mut of_post = json!({"id": "7", "acct": "ada@a.example", "username": "ada", "display_name": "Ada", "bot": true,
        "created_at": "2023-01-01", "followers_count": 3, "url": "https://a.example/@ada", "note": "<p>words</p>"});
    of_post.as_object_mut().unwrap().extend(account.as_object().unwrap().clone());
    json!({"id": "1", "created_at": "2026-11-24T10:00:00Z", "language": "de", "visibility": "public",
        "content": "<p>Ada <a href=\"https://b.example/secret\">b</a> <a class=\"mention\" href=\"https://c.example/@eva\">@eva</a></p>",
        "uri": "https://a.example/1", "reblogs_count": 2, "favourites_count": 1, "replies_count": 0, "spoiler_text": "secret",
        "media_attachments": [{"id": "5", "description": "secret"}], "mentions": [{"acct": "eva@c.example", "id": "6"}],
        "tags": [{"name": "art", "url": "https://a.example/tags/art"}], "emojis": [{"shortcode": "blob", "url": "x"}],
        "account": of_post})
    .to_string()
}

fn kept(policy: &Policy, account: &Value) -> Result<(bool, Value), Reason> {
    match policy.keep(&post(account)) {
        Kept::Whole(line) => Ok((true, serde_json::from_str(&line).unwrap())),
        Kept::Reduced(line) => Ok((false, serde_json::from_str(&line).unwrap())),
        Kept::LeftOut(reason) => Err(reason),
        Kept::NoObject | Kept::Note => panic!("it is a post"),
    }
}

#[test]
fn who_wants_no_part_is_left_out() {
    let tag =
        json!({"indexable": true, "note": "<p><a href=\"https://a.example/tags/nobot\">#<span>NoBot</span></a></p>"});
    for level in [Level::Default, Level::Strict] {
        let policy = policy(level);
        assert_eq!(kept(&policy, &json!({"noindex": true, "indexable": true})), Err(Reason::NoIndex));
        assert_eq!(kept(&policy, &tag), Err(Reason::OptOutTag));
        assert!(kept(&policy.clone().with_opt_out_tags(["#Other".parse().unwrap()]), &tag).is_ok());
        assert_eq!(
            kept(
                &policy.with_opt_out_tags(["#Other".parse().unwrap()]),
                &json!({"fields": [{"name": "x", "value": "#OTHER"}]})
            ),
            Err(Reason::OptOutTag)
        );
    }
    assert!(kept(&policy(Level::Open), &json!({"noindex": true})).unwrap().0);
    assert!(kept(&policy(Level::Open), &tag).unwrap().0);
}

#[test]
fn who_is_on_a_list_is_left_out_whatever_the_level() {
    for level in [Level::Open, Level::Default, Level::Strict] {
        let blocking = |list: &str| {
            let mut blocked = BlockList::default();
            blocked.add(list).unwrap();
            policy(level).blocking(blocked)
        };
        for list in ["a.example", "example", "Ada@A.example", "id:7"] {
            assert_eq!(kept(&blocking(list), &json!({"indexable": true})), Err(Reason::Blocked), "{list}");
        }
        for list in ["b.example", "eva@a.example", "id:1", "mill.example"] {
            assert!(kept(&blocking(list), &json!({})).is_ok(), "{list}");
        }
        // An account of the instance itself has no host in its name.
        for list in ["mill.example", "ada@mill.example"] {
            assert_eq!(kept(&blocking(list), &json!({"acct": "ada"})), Err(Reason::Blocked), "{list}");
        }
        // Which may be another one than that of its pages.
        let called = blocking("ada@mill.test").also_called("mill.test");
        assert_eq!(kept(&called, &json!({"acct": "ada"})), Err(Reason::Blocked));
        assert!(kept(&called, &json!({"acct": "ada@a.example"})).is_ok());
        let all = blocking("b.example").with_all_fields();
        assert_eq!(all.keep(&post(&json!({"acct": "x@b.example"}))), Kept::LeftOut(Reason::Blocked));
    }
}

#[test]
fn a_list_is_asked_of_what_is_no_post_as_well() {
    let by = |acct: &str| json!({"id": "7", "acct": acct, "note": "<p>words</p>"});
    let (spam, ham) = (by("x@spam.example"), by("ada@a.example"));
    for level in [Level::Open, Level::Default, Level::Strict] {
        let mut blocked = BlockList::default();
        blocked.add("spam.example").unwrap();
        let policy = policy(level).blocking(blocked);
        for policy in [policy.clone(), policy.with_all_fields()] {
            for theirs in [
                json!({"id": "1", "created_at": "2026-11-24", "reblog": {"id": "2", "account": ham}, "account": spam}),
                json!({"id": "1", "created_at": "2026-11-24", "reblog": {"id": "2", "account": spam}, "account": ham}),
                json!({"id": "1", "created_at": "2026-11-24", "visibility": "private", "account": spam}),
                json!({"id": "1", "account": spam}),
                json!({"created_at": "2026-11-24", "account": spam}),
            ] {
                assert_eq!(policy.keep(&theirs.to_string()), Kept::LeftOut(Reason::Blocked), "{theirs}");
                let others = theirs.to_string().replace("spam", "ham");
                assert!(policy.keep(&others).line().is_some(), "{others}");
            }
            // So is what accounts say.
            let nobot = json!({"note": "#nobot"});
            for theirs in [
                json!({"id": "1", "created_at": "2026-11-24", "reblog": {"id": "2", "account": nobot}, "account": ham}),
                json!({"id": "1", "created_at": "2026-11-24", "visibility": "private", "account": nobot}),
            ] {
                let opts_out = matches!(policy.keep(&theirs.to_string()), Kept::LeftOut(Reason::OptOutTag));
                assert_eq!(opts_out, level != Level::Open, "{theirs}");
            }
            // Nobody can be asked where there are several objects, or what is no JSON.
            for line in [r#"{"account":{"acct":"x@spam.example"}} {}"#, r#"{"account":{"acct":"x@spam.example"}"#] {
                assert_eq!(policy.keep(line), Kept::NoObject, "{line}");
            }
        }
    }
}

/// A policy for a lake that has forgotten ada, whose id is 42, eva@a.example and the post 777.
fn forgetting(policy: Policy) -> Policy {
    let forgotten = Forgotten::new(Some(Key::new(&[7; Key::BYTES])));
    let hashed = [Hashed::Account("42"), Hashed::Name("eva@a.example"), Hashed::Post("777")];
    forgotten.read(&forgotten.with(hashed).unwrap()).unwrap();
    policy.forgetting(forgotten)
}

#[test]
fn nothing_is_kept_of_whom_the_lake_has_forgotten() {
    for level in [Level::Open, Level::Default, Level::Strict] {
        for policy in [policy(level), policy(level).with_all_fields()].map(forgetting) {
            let (ada, bob) = (json!({"id": "42", "acct": "ada"}), json!({"id": "9", "acct": "bob"}));
            for theirs in [
                json!({"id": "1", "created_at": "2026-11-24", "account": ada}),
                json!({"id": "1", "created_at": "2026-11-24", "account": {"id": "8", "acct": "Eva@A.example"}}),
                json!({"id": "777", "created_at": "2026-11-24", "account": bob}),
                json!({"id": "1", "created_at": "2026-11-24", "account": bob, "reblog": {"id": "2", "account": ada}}),
                json!({"id": "1", "created_at": "2026-11-24", "account": bob, "reblog": {"id": "777", "account": bob}}),
                json!({"id": "1", "created_at": "2026-11-24", "visibility": "private", "account": ada}),
                json!({"id": "1", "created_at": "2026-11-24", "account": ada, "\u{ffff}": 1}),
                json!({"deleted": "777", "observed": "2026-11-24"}),
                json!({"created_at": "2026-11-24", "account": ada}),
            ] {
                let theirs = theirs.to_string();
                let kept = policy.keep(&theirs);
                assert!(kept == Kept::LeftOut(Reason::Forgotten) && !kept.withdraws(), "{theirs}: {kept:?}");
                assert_eq!(policy.without_forgotten(&theirs), Left::Nothing);
                // Ids tell them: those of an account and of a post may be the same.
                let others = theirs.replace("42", "43").replace("777", "42").to_lowercase().replace("eva", "eve");
                assert!(policy.keep(&others).line().is_some(), "{others}");
            }
        }
    }
    assert!(Kept::LeftOut(Reason::NoIndex).withdraws() && !Kept::NoObject.withdraws());
}

#[test]
fn others_posts_do_not_lead_to_whom_the_lake_has_forgotten() {
    let mut post: Value = serde_json::from_str(&post(&json!({"indexable": true}))).unwrap();
    post.as_object_mut().unwrap().extend(
        json!({"in_reply_to_id": "777", "in_reply_to_account_id": "42",
            "mentions": [{"id": "42", "acct": "x"}, {"id": "8", "acct": "bob"}, {"id": "9", "acct": "eva@a.example"}],
            "quote": {"state": "accepted", "quoted_status": {"id": "5", "account": {"id": "42"}, "content": "secret"}}})
        .as_object()
        .unwrap()
        .clone(),
    );
    for level in [Level::Open, Level::Default] {
        let Kept::Whole(kept) = forgetting(policy(level).with_all_fields()).keep(&post.to_string()).into_owned() else {
            panic!("it is whole")
        };
        let kept: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!((&kept["in_reply_to_id"], &kept["in_reply_to_account_id"]), (&Value::Null, &Value::Null));
        assert_eq!(kept["mentions"], json!([{"id": "8", "acct": "bob"}]));
        assert_eq!(kept["quote"], json!({"state": "accepted", "quoted_status": null}));
        assert_eq!((&kept["content"], &kept["account"]), (&post["content"], &post["account"]));
    }
    let Kept::Whole(kept) = policy(Level::Open).with_all_fields().keep(&post.to_string()).into_owned() else {
        panic!()
    };
    assert!(kept.contains("secret"), "without a list it is as it was sent");
}

#[test]
fn a_name_in_a_text_is_found_by_the_mention_that_comes_with_it() {
    let mut post: Value = serde_json::from_str(&post(&json!({"indexable": true}))).unwrap();
    post.as_object_mut().unwrap().extend(
        json!({"spoiler_text": "for @ada@mill.test", "mentions": [
                {"id": "42", "username": "ada", "acct": "Ada", "url": "https://mill.example/people/ada"},
                {"id": "8", "acct": "bob", "url": "https://mill.example/@bob"},
                {"id": "9", "acct": "eva@a.example", "url": "https://web.a.example/7"}],
            "content": "<p><a href=\"https://mill.example/people/ada\" class=\"u-url mention\">@<span>ada</span></a> \
                <a href=\"https://mill.example/@bob\" class=\"u-url mention\">@<span>bob</span></a> \
                <a href=\"https://web.a.example/7/12\">eva@a.example</a> and ada</p>"})
        .as_object()
        .unwrap()
        .clone(),
    );
    let content = "<p><a href=\"https://mill.example/\" class=\"u-url mention\"></a> \
        <a href=\"https://mill.example/@bob\" class=\"u-url mention\">@<span>bob</span></a> \
        <a href=\"https://web.a.example/\"></a> and ada</p>";
    let mut unlisted = post.clone();
    unlisted["mentions"] = json!([]);
    for level in [Level::Open, Level::Default, Level::Strict] {
        for all in [false, true] {
            let policy = policy(level).also_called("mill.test");
            let policy = if all { policy.with_all_fields() } else { policy };
            let before = policy.keep(&post.to_string()).into_owned();
            let policy = forgetting(policy);
            let Kept::Whole(kept) = policy.keep(&post.to_string()).into_owned() else { panic!("it is whole") };
            let read: Value = serde_json::from_str(&kept).unwrap();
            assert_eq!(read["content"], content, "{level}");
            assert_eq!(policy.without_forgotten(&kept), Left::Same);
            if all {
                assert_eq!((&read["spoiler_text"], &read["mentions"]), (&json!("for "), &json!([post["mentions"][1]])));
                // It was kept before anybody was forgotten.
                assert_eq!(policy.without_forgotten(before.line().unwrap()), Left::Redacted(kept.into_owned()));
            }
            // Where the server lists no mention, no hash tells where a name stands.
            let unlisted = policy.keep(&unlisted.to_string()).into_owned();
            assert!(unlisted.line().is_some_and(|line| line.contains("eva@a.example")));
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_left_as_it_stands_once_somebody_was_forgotten() {
    let all = policy(Level::Open).with_all_fields();
    let line = |id: &str| format!(r#"{{"\ud800":1,"id":"1","created_at":"2026-11-24","account":{{"id":"{id}"}}}}"#);
    let deep = format!(r#"{{"id":"1","account":{{"id":"42"}},"x":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let several = r#"{"id":"1"} {"account":{"id":"42"}}"#.to_owned();
    let (ada, bob, broken) = (line("42"), line("43"), r#"{"account":{"id":"42"}"#.to_owned());
    let no_object = || Left::Redacted(NO_OBJECT.into());
    for (line, left) in [
        (ada, Left::Nothing),
        (bob, Left::Same),
        (deep, no_object()),
        (several, no_object()),
        (broken, no_object()),
        (NO_OBJECT.to_owned(), Left::Same),
    ] {
        assert_eq!(all.without_forgotten(&line), Left::Same, "nobody is forgotten yet");
        assert_eq!(forgetting(all.clone()).without_forgotten(&line), left, "{}", &line[..line.len().min(80)]);
    }
}

/// A metric that reads posts that are quoted.
struct Quotes;

impl Metric for Quotes {
    type State = Count;

    fn map(&self, _: &Post<'_>, _: &mut Emit<'_, Count>) {}

    fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("posts", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("quotes_table").integer("posts", "posts")
    }

    fn about(&self) -> About {
        About::new("Quotes.").reads(&["quote.state", "quote.quoted_status.content"])
    }
}

#[test]
fn a_quote_is_kept_only_where_the_post_that_it_quotes_would_be() {
    let registry = Registry::new([Box::new(Quotes) as Box<dyn AnyMetric>]).unwrap();
    let mut blocked = BlockList::default();
    blocked.add("spam.example").unwrap();
    let quote = |says: Value| {
        let quoted: Value = serde_json::from_str(&post(&says)).unwrap();
        json!({"state": "accepted", "quoted_status": quoted})
    };
    let spam = json!({"indexable": true, "acct": "x@spam.example"});
    for level in [Level::Open, Level::Default, Level::Strict] {
        let policy = Policy::new(level, "mill.example", &registry).blocking(blocked.clone());
        for policy in [policy.clone(), policy.with_all_fields()] {
            let left = |says: Value| {
                let mut quoting: Value = serde_json::from_str(&post(&json!({"indexable": true}))).unwrap();
                quoting["quote"] = quote(says);
                let quoting = quoting.to_string();
                let Kept::Whole(line) = policy.keep(&quoting) else { panic!("{quoting}") };
                let kept: Value = serde_json::from_str(&line).unwrap();
                (kept["quote"]["state"] == "accepted").then(|| kept["quote"]["quoted_status"]["content"].is_string())
            };
            assert_eq!(left(json!({"indexable": true})), Some(true), "{level}");
            assert_eq!(left(spam.clone()), Some(false), "{level}");
            for says in [json!({}), json!({"indexable": true, "noindex": true})] {
                assert_eq!(left(says), Some(level == Level::Open), "{level}");
            }
        }
    }
}

#[test]
fn of_who_may_be_found_the_fields_are_kept_that_metrics_read() {
    let (is_whole, post) = kept(&policy(Level::Default), &json!({"indexable": true})).unwrap();
    assert!(is_whole);
    assert_eq!(
        post,
        json!({"id": "1", "created_at": "2026-11-24T10:00:00Z", "language": "de", "visibility": "public",
            "content": "<p>Ada <a href=\"https://b.example/secret\">b</a> <a class=\"mention\" href=\"https://c.example/@eva\">@eva</a></p>",
            "reblogs_count": 2, "favourites_count": 1, "replies_count": 0, "media_attachments": [{}],
            "tags": [{"name": "art"}], "emojis": [{"shortcode": "blob"}],
            "account": {"id": "7", "acct": "ada@a.example", "bot": true, "indexable": true, "created_at": "2023-01-01",
                "followers_count": 3}})
    );
}

#[test]
fn of_who_did_not_say_so_ids_dates_and_counts_are_kept_and_of_links_the_hosts() {
    let mut expected = json!({"id": "1", "created_at": "2026-11-24T10:00:00Z", "language": "de", "visibility": "public",
        "content": "<a href='https://b.example/'></a>", "reblogs_count": 2, "favourites_count": 1, "replies_count": 0,
        "media_attachments": [{}], "tags": [{"name": "art"}], "emojis": [{"shortcode": "blob"}], "remote": true, "reduced": "text",
        "account": {"id": "7", "bot": true, "created_at": "2023-01-01", "followers_count": 3}});
    assert_eq!(kept(&policy(Level::Default), &json!({})), Ok((false, expected.clone())));
    // All fields are those of posts that are not reduced.
    assert_eq!(kept(&policy(Level::Default).with_all_fields(), &json!({})), Ok((false, expected.clone())));
    let local = kept(&policy(Level::Default), &json!({"acct": "ada", "indexable": false})).unwrap();
    assert_eq!((local.0, local.1.get("remote"), &local.1["account"]["indexable"]), (false, None, &json!(false)));
    expected.as_object_mut().unwrap().remove("account");
    expected["reduced"] = json!("account");
    assert_eq!(kept(&policy(Level::Strict), &json!({})), Ok((false, expected)));
    assert!(kept(&policy(Level::Strict), &json!({"indexable": true})).unwrap().0);
    assert!(kept(&policy(Level::Open), &json!({})).unwrap().0);
    let asking = policy(Level::Default).asking_discoverable();
    assert!(!kept(&asking, &json!({"indexable": true, "discoverable": null})).unwrap().0);
    assert!(kept(&asking, &json!({"indexable": true, "discoverable": true})).unwrap().0);
}

#[test]
fn a_post_without_an_account_says_nothing() {
    let line = r#"{"id":"1","created_at":"2026-11-24","content":"secret","account":null}"#;
    assert_eq!(
        policy(Level::Default).keep(line),
        Kept::Reduced(r#"{"id":"1","created_at":"2026-11-24","content":"","account":null,"reduced":"text"}"#.into())
    );
}

#[test]
fn a_name_that_is_no_text_does_not_lose_the_post() {
    let odd = |says: Value| post(&says).replace("\"note\":", "\"\\ud800\":1,\"note\":");
    let noindex = odd(json!({"noindex": true}));
    assert!(noindex.contains("\\ud800"));
    for level in [Level::Default, Level::Strict] {
        assert_eq!(policy(level).keep(&noindex), Kept::LeftOut(Reason::NoIndex));
        assert_eq!(policy(level).keep(&odd(json!({}))), policy(level).keep(&post(&json!({}))));
        assert_eq!(
            policy(level).keep(&odd(json!({"indexable": true}))),
            policy(level).keep(&post(&json!({"indexable": true})))
        );
    }
}

#[test]
fn of_what_is_no_post_only_what_it_is_is_kept() {
    let kept = |line: &str| policy(Level::Default).keep(line).line().unwrap().to_owned();
    assert_eq!(
        kept(r#"{"id":"1","created_at":"2026-11-24","reblog":{"id":"2","content":"secret"},"account":{"acct":"ada"}}"#),
        r#"{"id":"1","created_at":"2026-11-24","reblog":{}}"#
    );
    assert_eq!(
        kept(r#"{"id":"1","visibility":"unlisted","content":"secret","created_at":"2026-11-24"}"#),
        r#"{"id":"1","visibility":"unlisted","created_at":"2026-11-24"}"#
    );
    let deletion = r#"{"deleted":"12","observed":"2026-11-24T10:00:00Z"}"#;
    assert_eq!(kept(deletion), deletion);
    let note = r#"{"policy":{"name":"strict","left_out":3,"reduced":4},"observed":"2026-11-24T10:00:00Z"}"#;
    assert_eq!(policy(Level::Default).keep(note), Kept::Note);
    let gap =
        r#"{"gap":{"after":"7","before":null,"lineage":"public","reason":"closed"},"observed":"2026-11-24T10:00:00Z"}"#;
    assert!(matches!(Line::parse(&kept(gap)), Ok(Line::Gap)));
    for secret in [r#"{"secret":"#, "secret", r#"{"id":null,"secret":"secret"}"#, r#"{"id":"1","created_at":"secret"}"#]
    {
        assert!(!kept(secret).contains("secret"), "{secret}");
    }
}

#[test]
fn as_it_was_sent_is_as_it_was_sent() {
    let all = policy(Level::Open).with_all_fields();
    for line in [&*post(&json!({"noindex": true})), "secret", "", r#"{"reblog":{"a":1}}"#] {
        assert_eq!(all.keep(line), Kept::Whole(line.into()));
        assert_eq!(Policy::as_sent().keep(line), Kept::Whole(line.into()));
    }
    assert!(all.keeps_all());
}

/// What of a post comes into the metrics and is counted, whatever its line.
fn kind(line: &str) -> String {
    match Line::parse(line) {
        Ok(Line::Post(post)) => format!("post {} {} {:?}", post.id, post.created_at, post.edited_at),
        Ok(Line::Deletion(id)) => format!("deletion {id}"),
        Ok(Line::Policy(counts)) => format!("{counts:?}"),
        Ok(other @ (Line::Boost | Line::NotPublic | Line::Gap)) => format!("{other:?}"),
        Err(BadLine::TooDeep) => BadLine::NotJson.to_string(),
        Err(bad) => bad.to_string(),
    }
}

fn rows(metric: &Registered, lines: &[&str]) -> Vec<String> {
    let mut states = metric.metric.states();
    lines.iter().filter_map(|line| Post::parse(line).ok()).for_each(|post| states.map(&post));
    states.sort();
    let (mut rows, mut row) = (Vec::new(), String::new());
    while states.take_next(&mut row) {
        rows.push(std::mem::take(&mut row));
    }
    rows
}

#[test]
fn every_metric_gives_the_same_from_what_is_kept() {
    let mut text = Vec::new();
    Timeline { posts: 3_000, ..Timeline::default() }.write_to(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let registry = Registry::linked().unwrap();
    for level in [Level::Open, Level::Default, Level::Strict] {
        let policy = policy(level);
        let kept: Vec<Kept<'_>> = lines.iter().map(|line| policy.keep(line)).collect();
        let kept: Vec<&str> = kept.iter().filter_map(Kept::line).collect();
        assert_eq!(kept.len(), lines.len(), "nobody wants to be left out");
        for (line, kept) in lines.iter().zip(&kept) {
            assert_eq!(kind(line), kind(kept), "{line}");
        }
        let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
        assert!(bytes(&kept) * 3 < bytes(&lines), "{} of {}", bytes(&kept), bytes(&lines));
        let of_accounts = ["user", "croissance"];
        for metric in registry.metrics() {
            let is_without = level == Level::Strict && of_accounts.contains(&metric.name());
            let expected = if is_without { Vec::new() } else { rows(metric, &lines) };
            assert!(is_without || expected.len() > 10 || metric.name() == "toot_with_media");
            assert_eq!(rows(metric, &kept), expected, "{} by {level}", metric.name());
        }
    }
}

#[test]
fn nothing_that_was_not_declared_is_left_of_who_did_not_say_so() {
    const MARK: &str = "SECRET";
    /// Marks every text but those that a status is read by.
    fn mark(value: &mut Value, path: &str) {
        match value {
            Value::String(text) => {
                let is_read = ["id", "created_at", "edited_at", "visibility", "language", "account.id"].contains(&path)
                    || path.ends_with("tags.name")
                    || path == "emojis.shortcode"
                    || text.parse::<u64>().is_err() && tootmill_metric::Instant::parse(text).is_some();
                if !is_read {
                    text.insert_str(0, MARK);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| mark(item, path)),
            Value::Object(fields) => {
                let path = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                fields.iter_mut().for_each(|(name, value)| mark(value, &path(name)));
            }
            _ => {}
        }
    }
    let mut text = Vec::new();
    Timeline { posts: 300, oddities: false, ..Timeline::default() }.write_to(&mut text).unwrap();
    let mut marks = 0;
    for line in String::from_utf8(text).unwrap().lines() {
        let mut status: Value = serde_json::from_str(line).unwrap();
        mark(&mut status, "");
        let marked = status.to_string();
        marks += marked.matches(MARK).count();
        for level in [Level::Default, Level::Strict] {
            let Kept::Reduced(kept) = policy(level).with_all_fields().keep(&marked) else { panic!("{marked}") };
            assert!(!kept.contains(MARK), "{kept}");
        }
    }
    assert!(marks > 3_000, "{marks}");
}

#[test]
fn a_policy_tells_what_it_does() {
    let described = policy(Level::Default).described();
    let number = described.fields.as_ref().unwrap().len();
    let sentence = format!("default, asking for noindex, indexable, #nobot, #noindex; {number} fields are kept");
    assert_eq!(described.to_string(), sentence);
    assert_eq!(described.honours, ["noindex", "indexable"]);
    assert_eq!(described.opt_out_tags, OPT_OUT_TAGS);
    assert!(described.fields.unwrap().contains(&"account.acct".to_owned()));
    let reduced = described.reduced_fields.unwrap();
    assert!(reduced.contains(&"account.id".to_owned()) && !reduced.contains(&"account.acct".to_owned()));
    assert!(!policy(Level::Strict).described().reduced_fields.unwrap().iter().any(|path| path.starts_with("account")));
    let open = policy(Level::Open).with_all_fields().described();
    assert_eq!(open.to_string(), "open; all fields are kept");
    assert!(
        open.honours.is_empty()
            && open.opt_out_tags.is_empty()
            && open.fields.is_none()
            && open.reduced_fields.is_none()
    );
    for level in [Level::Open, Level::Default, Level::Strict] {
        assert_eq!(level.to_string().parse(), Ok(level));
    }
    assert!("Open".parse::<Level>().is_err());
}

/// A status as no server should send it: with names twice, names that are no names, and values of any type, in any place.
fn odd_statuses() -> impl Strategy<Value = String> {
    let name = select(vec![
        "id",
        "created_at",
        "edited_at",
        "visibility",
        "reblog",
        "deleted",
        "gap",
        "policy",
        "account",
        "content",
        "tags",
        "emojis",
        "quote",
        "reduced",
        "remote",
        "observed",
        r"\u0069d",
        r"\ud800",
        r"a\ud83d",
        r"\u0000",
        "",
        r#"\""#,
        "x",
    ]);
    let value = select(vec![
        "null",
        "true",
        "7",
        "-1.5e3",
        "12345678901234567890123",
        r#""""#,
        r#""x""#,
        r#""\ud800""#,
        r##""#nobot""##,
        "[]",
        "{}",
        r#"[null,"a",{"name":"b"},[1]]"#,
        r#"{"id":"1","acct":"ada@a.example"}"#,
        r#"{"\ud800":1,"id":"2"}"#,
        r#"{"indexable":true,"id":"3"}"#,
        r#"{"account":{"id":"4"},"content":"x"}"#,
        r#"{"left_out":1}"#,
        r#""2026-11-24""#,
        r#""2026-11-24T10:00:00\u002B00:00""#,
        r#""private""#,
        r#"" \n	""#,
    ]);
    let odd = (any::<prop::sample::Index>(), name, value);
    (tootmill_testkit::statuses(), prop::collection::vec(odd, 0..4), any::<bool>()).prop_map(
        |(status, odd, is_pretty)| {
            let status: serde_json::Map<String, Value> = serde_json::from_str(&status).unwrap();
            let mut fields: Vec<String> = status.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            for (place, name, value) in odd {
                fields.insert(place.index(fields.len() + 1), format!("\"{name}\":{value}"));
            }
            format!("{{{}}}", fields.join(if is_pretty { " , " } else { "," }))
        },
    )
}

proptest! {
    #[test]
    fn any_line_stays_what_it_is(line in prop_oneof![1 => "\\PC{0,60}", 9 => odd_statuses()], level in 0..3_usize, all in any::<bool>()) {
        let policy = policy([Level::Open, Level::Default, Level::Strict][level]);
        let policy = if all && level > 0 { policy.with_all_fields() } else { policy };
        let kept = policy.keep(&line);
        let Some(kept) = kept.line() else {
            prop_assert!(kept == Kept::Note || level > 0);
            return Ok(());
        };
        prop_assert_eq!(kind(kept), kind(&line));
        prop_assert!(!kept.contains('\n'));
        let again = policy.keep(kept);
        prop_assert_eq!(again.line(), Some(kept));
    }

    #[test]
    fn any_status_gives_the_same_when_it_is_kept_again(line in tootmill_testkit::statuses(), level in 0..3_usize) {
        let policy = policy([Level::Open, Level::Default, Level::Strict][level]);
        let kept = policy.keep(&line);
        let kept = kept.line().unwrap();
        prop_assert_eq!(kind(kept), kind(&line));
        let whole: Option<Account<'_>> = Post::parse(&line).unwrap().account;
        if level < 2 {
            prop_assert_eq!(Post::parse(kept).unwrap().account.map(|account| account.id().to_owned()), whole.map(|account| account.id().to_owned()));
        }
        let again = policy.keep(kept);
        prop_assert_eq!(again.line().unwrap(), kept);
    }
}
