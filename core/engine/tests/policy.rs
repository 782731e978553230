//! A policy that is asked while lines are read counts as one that was asked when they were kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{fs, num::NonZeroUsize, sync::Arc};

use tempfile::TempDir;
use tootmill_engine::{BadLimit, Counters, Options, Silent, compact, run};
use tootmill_input::Inputs;
use tootmill_metric::Registry;
use tootmill_plugins as _;
use tootmill_policy::{Level, Policy, Tally};

/// A post; a second one and what is no post, of an account that wants no part; a post of one that says nothing; what cannot be read.
const LINES: [&str; 6] = [
    r#"{"id":"1","created_at":"2026-11-24T00:00:00Z","account":{"id":"1","indexable":true}}"#,
    r#"{"id":"2","created_at":"2026-11-24T00:00:00Z","account":{"id":"2","noindex":true}}"#,
    r#"{"id":"3","created_at":"2026-11-24T00:00:00Z","reblog":{},"account":{"id":"2","noindex":true}}"#,
    r#"{"id":"4","created_at":"2026-11-24T00:00:00Z","visibility":"private","account":{"id":"2","noindex":true}}"#,
    r#"{"id":"5","created_at":"2026-11-24T00:00:00Z","content":"words","account":{"id":"3","\ud800":1}}"#,
    "no JSON",
];

fn count(lines: &[String], policy: Option<&Policy>) -> Counters {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("posts.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    let inputs = Inputs::find([path.to_str().unwrap()]).unwrap();
    let options = Options {
        threads: NonZeroUsize::MIN,
        bad_limit: BadLimit { count: 100, share: 1.0 },
        policy: policy.map(|policy| Arc::new(policy.clone())),
        ..Options::default()
    };
    run(&inputs, &Registry::linked().unwrap(), &options, &Silent).unwrap().counters
}

#[test]
fn what_is_asked_while_reading_is_counted_as_what_was_asked_before_and_once() {
    let policy = Policy::new(Level::Default, "mill.example", &Registry::linked().unwrap());
    let lines = LINES.map(str::to_owned);
    let read = count(&lines, Some(&policy));
    assert_eq!((read.posts, read.left_out, read.reduced, read.bad), (2, 3, 1, 1));
    assert_eq!((read.boosts, read.not_public, read.lines), (0, 0, 6));

    // As a lake keeps them.
    let mut tally = Tally::default();
    let kept: Vec<_> = lines.iter().map(|line| policy.keep(line)).collect();
    kept.iter().for_each(|kept| tally.count(kept));
    let mut lake: Vec<String> = kept.iter().filter_map(|kept| kept.line().map(str::to_owned)).collect();
    lake.push(tally.note(Level::Default, "2026-11-24T10:00:00Z", None));
    let of_lake = count(&lake, None);
    assert_eq!(Counters { lines: 6, ..of_lake }, read);
    // What stands in the note is not counted again, where it is asked again.
    let again = count(&lake, Some(&policy));
    assert_eq!((again.posts, again.left_out, again.reduced, again.bad), (2, 0, 1, 1));
}

#[test]
fn what_was_reduced_once_is_reduced_whichever_observation_counts() {
    let says = |favourites: u64, says: &str| {
        format!(
            r#"{{"id":"1","created_at":"2026-11-24T00:00:00Z","favourites_count":{favourites},"content":"secret","account":{{"id":"7","acct":"secret@a.example","followers_count":3{says}}}}}"#
        )
    };
    let policy = |level| Policy::new(level, "mill.example", &Registry::linked().unwrap());
    let whole = policy(Level::Default).keep(&says(9, r#","indexable":true"#)).line().unwrap().to_owned();
    assert!(whole.contains("secret"));
    let later = says(1, "");
    for (level, left) in [
        (
            Level::Default,
            r#""account":{"id":"7","acct":"","followers_count":3,"indexable":true},"remote":true,"reduced":"text"}"#,
        ),
        (Level::Strict, r#""content":"","remote":true,"reduced":"account"}"#),
    ] {
        let reduced = policy(level).keep(&later).line().unwrap().to_owned();
        for lines in [[&whole, &reduced], [&reduced, &whole]] {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("posts.jsonl");
            fs::write(&path, lines.map(|line| format!("{line}\n")).concat()).unwrap();
            let inputs = Inputs::find([path.to_str().unwrap()]).unwrap();
            let mut compacted = Vec::new();
            compact(&inputs, &Options::default(), &mut compacted, &Silent).unwrap();
            let compacted = String::from_utf8(compacted).unwrap();
            assert!(
                compacted.contains(r#""favourites_count":9"#) && compacted.trim_end().ends_with(left),
                "{compacted}"
            );
            assert!(!compacted.contains("secret"), "{compacted}");
        }
    }
}
