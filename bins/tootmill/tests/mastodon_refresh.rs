//! Posts that were collected from a server are looked at again: their favourites are in the tables then, and what was deleted
//! is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;
#[path = "mastodon/mod.rs"]
mod mock;

use std::path::Path;

use common::{run, stdout};
use mock::{Collector, Mock, Settings};
use serde_json::Value;
use tempfile::TempDir;

const DAY: &str = "2024-11-20";

/// The tables after the stages of the day.
fn tables(mill: &Collector) -> Value {
    mill.tootmill(&["daily", "--date", DAY, "--quiet"]);
    serde_json::from_str(&stdout(mill.folder(), &["tables", "dump"])).unwrap()
}

/// Where lies what was collected, which must be there.
#[track_caller]
fn paths(told: &Value) -> Vec<&str> {
    let paths: Vec<&str> = told["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert!(told["seconds"].is_f64() && !paths.is_empty(), "{told}");
    assert!(paths.iter().all(|path| Path::new(path).is_dir()), "{told}");
    paths
}

/// A server with a day's posts.
fn filled() -> (Mock, Vec<String>) {
    let mock = Mock::start(&Settings::default());
    let ids = mock.fill(48);
    mock.date(DAY);
    (mock, ids)
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn favourites_that_came_later_are_in_the_tables_and_deleted_posts_are_not() {
    let (mock, ids) = filled();
    let mill = Collector::new(&mock, None);
    let told = mill.collected(&["--last", "1000"]);
    assert_eq!((&told["counters"]["posts"], &told["rows"]), (&48.into(), &Value::Null), "{told}");
    assert!(paths(&told).iter().any(|path| path.contains("/raw/date=")), "{told}");
    let before = tables(&mill);
    assert_eq!(before, mock.tables(&[]));

    (0..5).for_each(|post| mock.favourite("hal", &ids[4 * post + 2]));
    [3, 24, 47].iter().for_each(|post| mock.delete(&ids[*post]));
    assert_ne!(before, mock.tables(&[]));
    assert_eq!(before, tables(&mill), "nobody has looked again");
    let told = mill.collected(&["--refresh"]);
    assert_eq!(told["counters"]["observed"], 45, "{told}");
    assert!(paths(&told).last().unwrap().contains(&format!("/refreshed/date={DAY}/v=1")), "{told}");
    let refreshed = &told["refreshed"][0];
    assert_eq!(refreshed["date"], DAY);
    let coverage = &refreshed["coverage"];
    let counted = ["of", "asked", "observed", "deleted", "unexplained"].map(|name| coverage[name].as_u64().unwrap());
    assert_eq!((counted, &coverage["how"]), ([48, 48, 45, 3, 0], &"batches".into()));
    assert_eq!(tables(&mill), mock.tables(&[]));

    let nothing = mill.collected(&["--refresh"]);
    let empty = Value::Array(vec![]);
    assert_eq!((&nothing["refreshed"], &nothing["paths"]), (&empty, &empty), "it is done");
    assert_eq!(mill.collected(&["--refresh", "--date", DAY])["refreshed"], Value::Array(vec![]));
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_server_without_batches_gives_a_sample_and_one_that_gives_nothing_deletes_nothing() {
    let (mock, ids) = filled();
    let mill = Collector::new(&mock, None);
    mill.collected(&["--last", "1000"]);
    let before = tables(&mill);
    mock.delete(&ids[3]);
    // All that is asked for by its id alone, as when a server is in trouble.
    mock.fault("/api/v1/statuses", &serde_json::json!({"type": "status", "status": 405}), None);
    let trouble = mock.fault("/api/v1/statuses/*", &serde_json::json!({"type": "status", "status": 404}), None);
    let ran = mill.collect(&["--refresh", "--sample", "20"]);
    assert!(ran.code == 75 && ran.stderr.contains("nothing is known of 20 posts"), "{}", ran.stderr);
    assert_eq!(tables(&mill), before);
    // The day is still due.
    mock.no_fault(&trouble);
    let coverage = &mill.collected(&["--refresh", "--sample", "20"])["refreshed"][0]["coverage"];
    assert_eq!((&coverage["how"], &coverage["asked"], &coverage["of"]), (&"sample".into(), &20.into(), &48.into()));
    let (observed, deleted) = (coverage["observed"].as_u64().unwrap(), coverage["deleted"].as_u64().unwrap());
    assert_eq!((observed + deleted, &coverage["unexplained"]), (20, &0.into()));
}

#[test]
fn options_of_a_refresh_need_it() {
    let folder = TempDir::new().unwrap();
    let lake = ["collect", "--lake", "lake", "--instance", "mill.test"];
    for wrong in [
        &["--date", DAY][..],
        &["--delay", "1h"],
        &["--sample", "5"],
        &["--refresh", "--last", "5"],
        &["--refresh", "--follow"],
    ] {
        assert_eq!(run(folder.path(), &[&lake[..], wrong].concat()).code, 2, "{wrong:?}");
    }
    // Nothing is due in an empty lake, and nobody is asked.
    assert_eq!(stdout(folder.path(), &[&lake[..], &["--refresh"]].concat()), "no day is due\n");
    let none = run(folder.path(), &[&lake[..], &["--refresh", "--date", DAY]].concat());
    assert!(none.code == 1 && none.stderr.contains(DAY), "{}", none.stderr);
}
