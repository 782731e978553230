//! Bad input is a counted skip or a clear error, never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{fs, num::NonZeroUsize};

use proptest::prelude::*;
use tempfile::TempDir;
use tootmill_engine::{BadLimit, Counters, Error, Lines, Merged, Options, Silent, map, reduce, run};
use tootmill_input::{Inputs, Reader};
use tootmill_metric::Registry;
use tootmill_plugins as _;

const POST: &str = r#"{"id":"1","created_at":"2026-11-24T00:00:00Z"}"#;

fn count(content: &[u8], limit: BadLimit) -> Result<Counters, Error> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("posts.jsonl");
    fs::write(&path, content).unwrap();
    let inputs = Inputs::find([path.to_str().unwrap()]).unwrap();
    let options = Options { threads: NonZeroUsize::MIN, bad_limit: limit, ..Options::default() };
    run(&inputs, &Registry::linked().unwrap(), &options, &Silent).map(|outcome| outcome.counters)
}

fn post(id: usize) -> String {
    POST.replace("\"1\"", &format!("\"{id}\"")) + "\n"
}

#[test]
fn broken_lines_are_counted_and_the_run_goes_on() {
    let binary = b"\0\x01\xff\xfe\n\x80{}\n".to_vec();
    let deep = format!("{{\"id\":{}\n", "[".repeat(100_000)).into_bytes();
    let long_id = POST.replace("\"1\"", &format!("\"{}\"", "9".repeat(10_000))).into_bytes();
    let content = [
        post(1).into_bytes(),
        b"{\"id\":\"2\",\n".to_vec(),
        binary,
        deep,
        long_id,
        b"\n".to_vec(),
        post(3).into_bytes(),
    ];
    let counters = count(&content.concat(), BadLimit::default()).unwrap();
    assert_eq!((counters.posts, counters.bad, counters.lines), (3, 4, 7));
}

#[test]
fn a_note_of_a_policy_may_say_any_number() {
    let note = format!(r#"{{"policy":{{"left_out":{max},"reduced":{max}}}}}"#, max = u64::MAX);
    for lines in [format!("{note}\n{note}\n{POST}\n"), format!("{POST}\n{POST}\n{note}\n{note}\n")] {
        let counters = count(lines.as_bytes(), BadLimit::default()).unwrap();
        assert_eq!((counters.posts, counters.left_out, counters.reduced), (1, u64::MAX, u64::MAX));
    }
}

#[test]
fn an_object_that_is_too_deep_does_not_take_its_neighbours_with_it() {
    let deep = format!("{{\"id\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let counters = count([post(1).trim(), &deep, post(3).trim()].concat().as_bytes(), BadLimit::default()).unwrap();
    assert_eq!((counters.posts, counters.bad, counters.lines), (2, 1, 3));
}

#[test]
fn a_line_of_100_mb_is_read() {
    let line = format!(r#"{{"id":"2","created_at":"2026-11-24","content":"{}"}}"#, "x".repeat(100_000_000));
    let counters = count([post(1), line, post(3)].join("\n").as_bytes(), BadLimit::default()).unwrap();
    assert_eq!((counters.posts, counters.bad), (3, 0));
}

#[test]
fn too_many_bad_lines_fail_at_the_end() {
    let content = |bad: usize, good: usize| "x\n".repeat(bad) + &(0..good).map(post).collect::<String>();
    let limit = BadLimit::default();
    assert_eq!(count(content(100, 10).as_bytes(), limit).unwrap().bad, 100);
    assert_eq!(count(content(101, 9_999).as_bytes(), limit).unwrap().bad, 101);
    let error = count(content(101, 9_900).as_bytes(), limit).unwrap_err();
    assert_eq!(error.to_string(), "101 of 10001 lines are bad, more than the limit allows; nothing was changed");
    assert!(count(content(101, 9).as_bytes(), BadLimit { count: 200, share: 0.0 }).is_ok());
    assert!(count(content(101, 9).as_bytes(), BadLimit { count: 0, share: 1.0 }).is_ok());
}

#[test]
fn a_mapper_stops_at_a_deletion() {
    let registry = Registry::linked().unwrap();
    let input = std::io::Cursor::new(post(1) + "{\"deleted\":\"1\"}\n");
    let error = map(Reader::of_lines(input), &registry, 1 << 20, &mut Vec::new(), &Silent).unwrap_err();
    assert!(matches!(&error, Error::Deletion(id) if id == "1"), "{error}");
}

fn reduce_text(records: &str) -> Result<u64, Error> {
    let registry = Registry::linked().unwrap();
    let mut rows = 0;
    let mut merged = Merged::new([Box::new(Lines::new(records.as_bytes())) as _], &registry)?;
    reduce(&mut merged, &registry, |_, _, _| {
        rows += 1;
        Ok(())
    })?;
    Ok(rows)
}

#[test]
fn records_that_cannot_be_are_named() {
    let error = |records: &str| reduce_text(records).unwrap_err().to_string();
    assert_eq!(reduce_text("language\ten\t\t2\nlanguage\ten\t\t3\ntag\ta\t\t1\n").unwrap(), 2);
    assert!(error("language\ten\t\t2\nlanguage en 3\n").starts_with("line 2 is no record"));
    assert!(
        error("language\ten\t\t2\nemoji\ta\t\t1\n").contains("not sorted: `emoji\ta\t\t` comes after `language\ten")
    );
    assert!(error("language\ten\t\ttwo\n").contains("the state `two`"));
    assert!(error("language\ten\t\t2\nlanguage\ten\t\ttwo\n").contains("the state `two`"));
    assert!(error("shoes\t42\t\t1\n").contains("there is no metric `shoes`; the linked ones are croissance, emoji"));
}

proptest! {
    #[test]
    fn any_lines_are_posts_or_counted(lines in proptest::collection::vec("[ -~]{0,30}|\\{\"id\":[0-9\"a]{1,4},\"created_at\":\"2026-11-2[0-9]\"\\}", 0..20)) {
        let content = lines.join("\n");
        let counters = count(content.as_bytes(), BadLimit { count: u64::MAX, share: 1.0 }).unwrap();
        let known = counters.posts + counters.bad + counters.boosts + counters.not_public + counters.duplicates;
        prop_assert_eq!(known, counters.lines);
    }
}
