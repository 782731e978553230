//! Which observations count, however they are found out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::fs;

use tempfile::TempDir;
use tootmill_engine::{Counters, Options, Silent, run};
use tootmill_input::Inputs;
use tootmill_metric::Registry;
use tootmill_plugins as _;

/// What comes of some lines: posts, duplicates, deleted posts, and the rows of the languages.
fn outcome(lines: &[&str]) -> (u64, u64, u64, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("posts.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    let inputs = Inputs::find([path.to_str().unwrap()]).unwrap();
    let registry = Registry::linked().unwrap();
    let outcome = run(&inputs, &registry, &Options::default(), &Silent).unwrap();
    let Counters { posts, duplicates, deleted, lines: read, .. } = outcome.counters;
    assert_eq!(read, lines.len() as u64, "every line is counted once, however often it is read");
    let rows = fs::read_to_string(outcome.totals()).unwrap();
    let rows = rows.lines().filter_map(|row| row.strip_prefix("language_table\t"));
    (posts, duplicates, deleted, rows.map(|row| row.replace("\tdata:count\t", "=")).collect::<Vec<_>>().join(" "))
}

const FIRST: &str = r#"{"id":"1","created_at":"2026-11-24T10:00:00Z","language":"de"}"#;
const EDITED: &str =
    r#"{"id":"1","created_at":"2026-11-24T10:00:00Z","edited_at":"2026-11-24T11:00:00Z","language":"en"}"#;
const OTHER: &str = r#"{"id":"2","created_at":"2026-11-24T10:00:00Z","language":"ja"}"#;
const OTHER_DAY: &str = r#"{"id":"1","created_at":"2026-11-25T10:00:00Z","language":"fr"}"#;
const DELETED: &str = r#"{"deleted":"1","at":"2026-11-25"}"#;

#[test]
fn the_latest_observation_counts_in_any_order() {
    let expected = (2, 2, 0, "en=1 ja=1".to_string());
    assert_eq!(outcome(&[FIRST, EDITED, OTHER, FIRST]), expected);
    assert_eq!(outcome(&[EDITED, OTHER, FIRST, FIRST]), expected);
}

#[test]
fn the_same_id_on_another_day_is_another_post() {
    assert_eq!(outcome(&[FIRST, OTHER_DAY, OTHER]), (3, 0, 0, "de=1 fr=1 ja=1".into()));
}

#[test]
fn a_deletion_counts_whichever_came_first() {
    let expected = (1, 1, 2, "ja=1".to_string());
    assert_eq!(outcome(&[FIRST, DELETED, EDITED, OTHER, OTHER_DAY]), expected);
    assert_eq!(outcome(&[DELETED, FIRST, OTHER_DAY, OTHER, EDITED]), expected);
    assert_eq!(outcome(&[OTHER, DELETED, DELETED]), (1, 0, 0, "ja=1".into()));
}

#[test]
fn an_id_that_is_not_where_it_is_guessed() {
    // It begins as 3, and is 1.
    let hidden = r#"{"id":"3","created_at":"2026-11-24T10:00:00Z","language":"pt","id":"1"}"#;
    // It begins as a post, and is a deletion.
    let hidden_deletion = r#"{"id":"9","deleted":"1"}"#;
    let escaped = r#"{"id":"\u0031","created_at":"2026-11-24T09:00:00Z","language":"pt"}"#;
    let first_of_all = r#"{"language":"pt","id":"1","created_at":"2026-11-24T09:00:00Z"}"#;
    let number = r#"{"id":1,"created_at":"2026-11-24T09:00:00Z","language":"pt"}"#;
    for line in [hidden, escaped, first_of_all, number] {
        assert_eq!(outcome(&[OTHER, EDITED, line]), (2, 1, 0, "en=1 ja=1".into()), "{line}");
        assert_eq!(outcome(&[OTHER, OTHER, line, EDITED]), (2, 2, 0, "en=1 ja=1".into()), "{line}");
    }
    assert_eq!(outcome(&[OTHER, OTHER, hidden_deletion, EDITED]), (1, 1, 1, "ja=1".into()));
}

#[test]
fn the_second_of_two_on_a_line_is_looked_at_too() {
    let two = [OTHER, FIRST].concat();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("posts.jsonl");
    // A duplicate early, so that ids are guessed.
    fs::write(&path, [&*two, EDITED, EDITED].join("\n")).unwrap();
    let inputs = Inputs::find([path.to_str().unwrap()]).unwrap();
    let counters = run(&inputs, &Registry::linked().unwrap(), &Options::default(), &Silent).unwrap().counters;
    assert_eq!((counters.posts, counters.duplicates), (2, 2));
}
