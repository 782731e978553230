//! Ten thousand wrong answers from a generator: no panic, no lost post, and nothing that was sent is lost.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::instance::{Instance, Mill, Reply, Request, all, answer, on, quick};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tootmill_mastodon::{Client, Feed, Settings};

const WRONG: usize = 10_000;
const POSTS: u64 = 600;

/// What a server in trouble sends instead of a page.
#[derive(Clone, Debug)]
enum Wrong {
    /// A body that is no list of anything.
    Body(Vec<u8>),
    /// The right body, cut off here (in thousandths) with an honest length.
    CutOff(usize),
    /// The right body, and a connection that ends in its middle.
    BrokenOff,
    /// No answer at all.
    Reset,
    /// A refusal that may pass.
    Refused(u16, Vec<u8>),
    /// The right posts, with objects among them that are none.
    Among(Vec<String>),
    /// No posts, although there are some.
    Nothing,
    /// An answer that came to another question: the newest posts.
    Newest,
}

/// A value of JSON that is no post, or looks nearly like one.
fn junk() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("null".to_string()),
        Just("[]".into()),
        Just("{}".into()),
        Just(r#"{"id": ""}"#.into()),
        Just(r#"{"id": 1e9, "created_at": "2026-11-01"}"#.into()),
        Just(r#"{"id": {"id": "7"}, "created_at": 5}"#.into()),
        Just(r#"{"id": "\ud83d", "created_at": "2026-11-01T00:00:00Z"}"#.into()),
        Just(r#"{"id": null, "created_at": "0000-00-00"}"#.into()),
        Just(format!("{}{}", "[".repeat(5000), "]".repeat(5000))),
        Just(format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000))),
        "[a-z]{0,20}".prop_map(|text| format!("{text:?}")),
        any::<i64>().prop_map(|number| number.to_string()),
    ];
    odd.boxed()
}

fn wrong() -> impl Strategy<Value = Wrong> {
    let text = prop_oneof![
        Just("<html><body>502 Bad Gateway</body></html>".to_string()),
        Just(r#"{"error": "There was a temporary problem"}"#.into()),
        Just(r#"{"error": "truncated"#.into()),
        Just("[".repeat(100_000)),
        Just(r#"[{"id": "1", "created_at": "2026-11-01T00:00:00Z"},]"#.into()),
        Just(String::new()),
        "\\PC{0,80}".prop_filter("a list", |text| serde_json::from_str::<Vec<serde_json::Value>>(text).is_err()),
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 1..200)
        .prop_filter("a list", |bytes| serde_json::from_slice::<Vec<serde_json::Value>>(bytes).is_err());
    let statuses = prop_oneof![Just(429), Just(500), Just(502), Just(503), Just(504), Just(408), Just(599)];
    prop_oneof![
        6 => text.prop_map(|text| Wrong::Body(text.into_bytes())),
        3 => bytes.prop_map(Wrong::Body),
        3 => (0..1000_usize).prop_map(Wrong::CutOff),
        2 => Just(Wrong::BrokenOff),
        1 => Just(Wrong::Reset),
        3 => (statuses, "[a-z<{\"]{0,30}").prop_map(|(code, said)| Wrong::Refused(code, said.into_bytes())),
        3 => proptest::collection::vec(junk(), 1..6).prop_map(Wrong::Among),
        2 => Just(Wrong::Nothing),
        2 => Just(Wrong::Newest),
    ]
}

impl Wrong {
    fn reply(&self, right: Reply, newest: impl FnOnce() -> Reply) -> Reply {
        let Reply::Answer { status, headers, body } = right else { return Reply::Reset };
        match self {
            Self::Body(bytes) => Reply::bytes(200, bytes.clone()),
            // All but the last byte at most: a whole list is not wrong.
            Self::CutOff(at) => Reply::bytes(200, &body[..(body.len() - 1) * at / 1000]),
            Self::BrokenOff => Reply::Cut(body),
            Self::Reset => Reply::Reset,
            Self::Refused(code, said) => Reply::bytes(*code, said.clone()),
            Self::Among(junk) => {
                let posts: Vec<Box<serde_json::value::RawValue>> = serde_json::from_slice(&body).unwrap();
                let mut all: Vec<String> = posts.iter().map(|post| post.get().to_string()).collect();
                for (place, odd) in junk.iter().enumerate() {
                    all.insert((place * 7).min(all.len()), odd.clone());
                }
                Reply::Answer { status, headers, body: format!("[{}]", all.join(",")).into_bytes() }
            }
            Self::Nothing => Reply::bytes(200, "[]"),
            Self::Newest => newest(),
        }
    }
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_wrong_answers_lose_no_post() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let generator = wrong();
    let generated = (0..WRONG).map(|_| generator.new_tree(&mut runner).unwrap().current());
    let wrong = Arc::new(Mutex::new(generated.collect::<Vec<_>>()));
    let left = Arc::clone(&wrong);
    let mut turn = 0_u64;
    let instance = Instance::start(move |request, posts| {
        // Only pages above a post: an empty timeline at the start is a refusal of its own, and its newest post the fence.
        request.get("min_id").filter(|_| request.get("limit") == Some("40"))?;
        turn += 1;
        if turn.is_multiple_of(20) {
            return None;
        }
        let wrong = wrong.lock().unwrap().pop()?;
        let newest = || {
            answer(
                &Request { path: request.path.clone(), query: vec![("limit".into(), "40".into())], has_token: false },
                posts,
                "",
            )
        };
        Some(wrong.reply(answer(request, posts, ""), newest))
    });
    let mill = Mill::new();
    instance.post(1, 0);
    mill.collect(&instance, all(10_000)).unwrap();
    let settings = Settings { timeout: Duration::from_secs(5), pause: Duration::from_micros(10), ..quick() };
    let client = Client::new(&instance.url, settings, Box::new(())).unwrap();
    let mut posted = 1;
    while !left.lock().unwrap().is_empty() {
        if posted < POSTS {
            (posted + 1..=posted + 100).for_each(|id| instance.post(id, id * 100));
            posted += 100;
        }
        // Some wrong answers are told as what they are, and the next run goes on.
        let _ = mill.collect_by(&client, on(), Feed::default());
    }
    mill.collect_by(&client, on(), Feed::default()).unwrap();
    assert_eq!(mill.ids().into_iter().collect::<BTreeSet<_>>(), (1..=posted).collect::<BTreeSet<_>>());
    // What was among the posts was kept as well.
    assert!(mill.raw().iter().any(|line| line.get("id").is_some_and(serde_json::Value::is_object)));
}
