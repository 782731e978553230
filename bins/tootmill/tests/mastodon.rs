//! What the tests of collecting stand on: the server that they fill, and the tables that are computed from its database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;
#[path = "mastodon/follow.rs"]
mod follow;
// Not `mod mastodon`, which is this file.
#[path = "mastodon/mod.rs"]
mod mock;

use std::fs;

use common::stdout;
use mock::{ACCOUNTS, Mock, Settings, token};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The public timeline from the beginning, oldest first, by pages of 40.
fn timeline(mock: &Mock, options: &str) -> Vec<Value> {
    let mut posts: Vec<Value> = Vec::new();
    loop {
        let after = posts.last().map_or("0", |post| post["id"].as_str().unwrap());
        let address = format!("{}/api/v1/timelines/public?limit=40&min_id={after}{options}", mock.url());
        let page: Vec<Value> = reqwest::blocking::get(address).unwrap().json().unwrap();
        if page.is_empty() {
            return posts;
        }
        posts.extend(page.into_iter().rev());
    }
}

fn ids(posts: &[Value]) -> Vec<&str> {
    posts.iter().map(|post| post["id"].as_str().unwrap()).collect()
}

/// Writes posts as a file of lines and gives our tables of them.
fn our_tables(posts: &[Value]) -> Value {
    let folder = TempDir::new().unwrap();
    let lines: String = posts.iter().map(|post| format!("{post}\n")).collect();
    fs::write(folder.path().join("posts.jsonl"), lines).unwrap();
    stdout(folder.path(), &["run", "posts.jsonl"]);
    serde_json::from_str(&stdout(folder.path(), &["tables", "dump"])).unwrap()
}

#[track_caller]
fn same_tables(ours: &Value, theirs: &Value) {
    for (table, rows) in theirs.as_object().unwrap() {
        assert_eq!(&ours[table], rows, "{table}");
    }
    assert_eq!(ours.as_object().unwrap().len(), theirs.as_object().unwrap().len());
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn posts_are_all_on_the_public_timeline_and_give_the_tables_of_the_database() {
    let mock = Mock::start(&Settings::default());
    let mut filled = mock.fill(48);
    assert_eq!(ids(&timeline(&mock, "")), filled);
    mock.multiply(4);
    let all = timeline(&mock, "");
    filled.splice(..0, ids(&all[..4 * filled.len()]).into_iter().map(str::to_owned));
    assert_eq!(ids(&all), filled);
    assert!(filled.is_sorted(), "as long as the ids have as many digits");
    let (local, remote) = (timeline(&mock, "&local=true"), timeline(&mock, "&remote=true"));
    assert_eq!(local.len() + remote.len(), filled.len());
    assert!(local.len() > 40 && remote.len() > 40, "both take more than a page");

    mock.edit(&filled[3], "now of https://edited.example/");
    mock.delete(&filled.remove(50));
    mock.favourite("hal", &filled[7]);
    let late = mock.post("ada", &json!({ "status": "one more #late" }));
    filled.push(late["id"].as_str().unwrap().to_owned());
    mock.date("2026-11-20");
    let posts = timeline(&mock, "");
    assert_eq!(ids(&posts), filled);

    let theirs = mock.tables(&[]);
    same_tables(&our_tables(&posts), &theirs);
    same_tables(&our_tables(&timeline(&mock, "&local=true")), &mock.tables(&["--whose", "local"]));
    same_tables(&our_tables(&timeline(&mock, "&remote=true")), &mock.tables(&["--whose", "remote"]));
    assert_eq!(theirs, mock.tables(&["--date", "2026-11-20"]));
    // Each text was posted twenty times, the copies included.
    for (table, row, count) in [
        ("url_table", "mill.example", "40"),
        ("url_table", "loud.example", "20"),
        ("url_table", "xn--bcher-kva.example", "20"),
        ("url_table", "edited.example", "1"),
        ("tag_table", "straße", "20"),
        ("tag_table", "late", "1"),
        ("toot_with_media_table", "toot_with_media", "45"),
    ] {
        assert_eq!(theirs[table][row]["data:count"], count, "{table}: {row}");
    }
    assert_eq!(theirs["croissance_table"].as_object().unwrap().len(), ACCOUNTS.len());
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_server_fails_as_it_is_told_and_is_there_again_after_a_stop() {
    let mut mock = Mock::start(&Settings::default());
    let timeline = "/api/v1/timelines/public";
    let asked = |mock: &Mock| reqwest::blocking::get(format!("{}{timeline}", mock.url()));
    let id = mock.post("bo", &json!({ "status": "before" }))["id"].clone();
    mock.fault(timeline, &json!({ "type": "status", "status": 503 }), Some(1));
    let malformed = mock.fault(timeline, &json!({ "type": "malformed" }), None);
    assert_eq!(asked(&mock).unwrap().status(), 503);
    assert!(asked(&mock).unwrap().json::<Value>().is_err());
    mock.no_fault(&malformed);
    assert_eq!(asked(&mock).unwrap().json::<Value>().unwrap()[0]["id"], id);
    mock.fault(timeline, &json!({ "type": "ratelimit" }), None);
    assert_eq!(asked(&mock).unwrap().status(), 429);
    mock.no_faults();
    assert_eq!(mock.requests(timeline).len(), 4);

    mock.stop();
    assert!(asked(&mock).is_err());
    mock.restart(&Settings { rate_limit: Some((2, 600)), ..Settings::default() });
    let statuses: Vec<u16> = (0..3).map(|_| asked(&mock).unwrap().status().as_u16()).collect();
    assert!(statuses.contains(&429) && statuses[0] == 200, "{statuses:?}");
    assert_eq!(mock.post("bo", &json!({ "status": "after" }))["account"]["username"], "bo");
    assert_eq!(mock.log().matches(&token("bo")).count(), 0);
}
