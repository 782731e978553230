//! Whatever is left of who is forgotten is found, in whichever file of the lake it is, and nothing that only looks like it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::io::Write as _;

use tootmill_engine::Silent;
use tootmill_lake::{Compressed, Lake};
use tootmill_metric::{About, AnyMetric, Emit, Latest, Members, Metric, Post, Registry, Row, Table};
use tootmill_policy::{Named, Whom};
use tootmill_stages::Erasing;

/// The number of favourites of each account's latest post.
struct LatestOfAccount;

impl Metric for LatestOfAccount {
    type State = Latest;

    fn map(&self, _: &Post<'_>, _: &mut Emit<'_, Latest>) {}

    fn reduce(&self, _: &str, posts: &mut Members<'_, Latest>) -> Option<Row> {
        Some(Row::new("favourites", posts.total().value()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("latest_table").integer("favourites", "favourites of the latest post")
    }

    fn about(&self) -> About {
        About::new("The latest post's favourites.").personal_data(&["account.id", "id", "favourites_count"])
    }
}

fn whom() -> Whom {
    let mut whom = Whom { posts: ["777".into()].into(), ..Whom::default() };
    for account in ["42", "@ada@a.example"] {
        whom.add_account(Named::parse(account, "mill.example").unwrap());
    }
    whom
}

/// Whether something is found where a lake has nothing but this file.
fn is_found(path: &str, text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
    let storage = lake.storage();
    let path = format!("{}/{path}", lake.root());
    if let Some(path) = path.strip_suffix(".zst") {
        let mut file = Compressed::create(&**storage, path).unwrap();
        file.write_line(text.as_bytes()).unwrap();
        file.finish().unwrap();
    } else {
        let mut file = storage.create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap();
    }
    let metrics: [Box<dyn AnyMetric>; 1] = [Box::new(LatestOfAccount)];
    let registry = Registry::new(metrics).unwrap();
    let erasing = Erasing { lake: &lake, registry: &registry, instance: "mill.example" };
    let traces = erasing.traces(&whom().finder("mill.example").unwrap(), &Silent).unwrap();
    assert!(traces.iter().all(|trace| *trace == storage.address(&path)), "{traces:?}");
    !traces.is_empty()
}

#[test]
fn whatever_is_left_is_found_in_any_file_of_the_lake() {
    for (path, text) in [
        ("raw/date=2026-11-24/a.jsonl.zst", r#"{"id":"1","account":{"id":"42"}}"#),
        ("raw/ada@a.example/a.jsonl.zst", r#"{"id":"1","account":{"id":"9"}}"#),
        ("posts/date=2026-11-24/v=1/part-00000.jsonl.zst", r#"{"id":"1","in_reply_to_id":"777"}"#),
        ("posts/date=2026-11-24/v=1/part-00000.jsonl.zst", r#"{"id":"1","content":"to @ada@a.example"}"#),
        ("posts/date=2026-11-24/v=1/_ids.zst", "777\tx"),
        ("states/date=2026-11-24/v=1/part-00000.records.zst", "latest\t42\t\t1 5 9 3"),
        ("states/date=2026-11-24/v=1/part-00000.records.zst", "latest\t9\t\t1 5 777 3"),
        ("states/date=2026-11-24/v=1/part-00000.records.zst", "gone\tx\t42\t5"),
        ("totals/v=1/part-00000.records.zst", "latest\t9\t\t1 5 777 3"),
        ("rows/totals/v=1/part-00000.rows.zst", "latest_table\t42\t1"),
        ("compaction/v=1/_manifest.json", r#"{"deleted":["1","777"]}"#),
        ("compaction/v=1/_manifest.json", "{\n  \"deleted_posts\": [\n    \"2026-11-24 777\"\n  ]\n}"),
        ("privacy/retaining.json", r#"{"accounts":["42"]}"#),
        ("privacy/log/00000001.json", r#"{"of":"@ada@a.example"}"#),
        ("_aside/states-2026-11-24/x", r#"["777"]"#),
    ] {
        assert!(is_found(path, text), "{path} {text}");
    }
}

#[test]
fn what_only_looks_like_it_is_not_found() {
    for (path, text) in [
        ("raw/date=2026-11-24/42.jsonl.zst", r#"{"id":"42","content":"42 times 777","account":{"id":"777"}}"#),
        ("posts/date=2026-11-24/v=1/_ids.zst", "42\t777"),
        ("states/date=2026-11-24/v=1/part-00000.records.zst", "latest\t777\t\t1 777 42 777"),
        ("rows/totals/v=1/part-00000.rows.zst", "language_table\ten\t42"),
        ("privacy/log/00000777.json", r#"{"hash":"a42","rows":42,"seconds":777,"at":"2026-11-24T10:42:00Z"}"#),
        ("compaction/v=1/_manifest.json", r#"{"deleted":["42"]}"#),
        // It says whom an erasure is of that is on its way.
        ("privacy/erasing.json", r#"{"accounts":["42"]}"#),
    ] {
        assert!(!is_found(path, text), "{path} {text}");
    }
}
