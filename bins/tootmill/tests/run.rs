//! `tootmill run` and what comes out of it, as a user sees them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, process::Command};

use common::{run, stdout, tootmill, with_posts};
use tempfile::TempDir;

const POST: &str = r#"{"id":"1","created_at":"2026-11-24T10:00:00Z","language":"en","tags":[{"name":"Art"}],"account":{"id":"7","created_at":"2022-11-05","followers_count":4},"favourites_count":1}"#;

fn with_file(name: &str, content: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}

#[test]
fn the_tables_of_one_post() {
    let folder = with_file("posts.json", POST);
    stdout(folder.path(), &["run", "posts.json", "--quiet"]);
    insta::assert_snapshot!(stdout(folder.path(), &["tables", "dump"]));
    insta::assert_snapshot!(stdout(folder.path(), &["tables", "dump", "--family", "day", "tag_table", "url_table"]));
    insta::assert_snapshot!(stdout(folder.path(), &["tables", "dump", "runs"]));
}

#[test]
fn the_summary_of_a_run() {
    let folder = with_posts(3_000);
    let ran = run(folder.path(), &["run", "posts.jsonl", "--threads", "1"]);
    let lines = ran.stdout.lines().map(str::trim_end).filter(|line| !line.contains("MB/s"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn a_known_gap_is_told() {
    let gap = r#"{"gap":{"after":"1","before":null,"lineage":"public","reason":"expired"},"observed":"2026-11-24T12:00:00Z"}"#;
    let folder = with_file("posts.jsonl", &format!("{POST}\n{gap}\n"));
    let said = stdout(folder.path(), &["run", "posts.jsonl"]);
    assert!(said.contains("\nknown gaps: 1, in which posts were not observed\n"), "{said}");
    let runs = stdout(folder.path(), &["tables", "dump", "runs"]);
    assert!(runs.contains("\"data:known_gaps\": \"1\"") && runs.contains("\"data:bad\": \"0\""), "{runs}");
}

#[test]
fn loading_the_same_again_changes_nothing() {
    let folder = with_posts(500);
    let run_json = || stdout(folder.path(), &["run", "posts.jsonl", "--json"]);
    assert!(run_json().contains("\"changed\": true"));
    let before = fs::read(folder.path().join("tootmill.db")).unwrap();
    assert!(run_json().contains("\"changed\": false"));
    assert!(fs::read(folder.path().join("tootmill.db")).unwrap() == before, "the file was changed");
    // The same numbers of another day are something else.
    fs::write(folder.path().join("moved.json"), POST.replace("2026-11-24", "2026-11-20")).unwrap();
    fs::write(folder.path().join("one.json"), POST).unwrap();
    for (file, changed) in [("one.json", true), ("moved.json", true), ("moved.json", false)] {
        let said = stdout(folder.path(), &["run", file, "--json", "--as-of", "2026-10-01"]);
        assert!(said.contains(&format!("\"changed\": {changed}")), "{file}: {said}");
    }
    // Other numbers as of the same time are written at a later timestamp.
    fs::write(folder.path().join("one.json"), POST).unwrap();
    stdout(folder.path(), &["run", "one.json", "-q", "--as-of", "2026-11-01"]);
    let runs: serde_json::Value = serde_json::from_str(&stdout(folder.path(), &["tables", "dump", "runs"])).unwrap();
    let timestamps: Vec<i64> = runs["runs"].as_object().unwrap().keys().map(|key| key.parse().unwrap()).collect();
    assert_eq!(timestamps.len(), 4);
    assert!(timestamps.windows(2).all(|pair| pair[1] == pair[0] + 1), "{timestamps:?}");
    let tags: serde_json::Value =
        serde_json::from_str(&stdout(folder.path(), &["tables", "dump", "tag_table"])).unwrap();
    assert_eq!(
        tags,
        serde_json::json!({"tag_table": {"art": {"data:count": "1"}}}),
        "the tables are the totals of the last inputs"
    );
}

#[test]
fn any_sqlite_tool_can_read_the_tables() {
    let folder = with_posts(2_000);
    stdout(folder.path(), &["run", "posts.jsonl", "-q"]);
    let connection = rusqlite::Connection::open(folder.path().join("tootmill.db")).unwrap();
    let top: (String, i64) = connection
        .query_row("SELECT row_key, count FROM language_table ORDER BY count DESC", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let daily: i64 = connection
        .query_row("SELECT sum(count) FROM language_table_daily WHERE row_key = ?", [&top.0], |row| row.get(0))
        .unwrap();
    assert_eq!(top.1, daily);
    let rate: f64 = connection.query_row("SELECT max(engagement_rate) FROM user_table", [], |row| row.get(0)).unwrap();
    assert!(rate > 0.0);
}

#[test]
fn what_cannot_be_read_is_named_and_changes_nothing() {
    let folder = with_file("posts.json", POST);
    stdout(folder.path(), &["run", "posts.json", "-q"]);
    let before = fs::read(folder.path().join("tootmill.db")).unwrap();
    let gzip = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, POST.repeat(100).as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    fs::write(folder.path().join("cut.jsonl.gz"), &gzip[..gzip.len() / 2]).unwrap();
    fs::write(folder.path().join("empty.json"), "").unwrap();
    fs::write(folder.path().join("bad.jsonl"), "x\n".repeat(200)).unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut said = String::new();
    for input in
        ["missing.json", "cut.jsonl.gz", "empty.json", "bad.jsonl", "folder", "*.nothing", "hdfs://a.example/posts"]
    {
        let ran = run(folder.path(), &["run", input]);
        assert_eq!(ran.code, 1, "{input}: {}", ran.stderr);
        said += &format!("$ tootmill run {input}\n{}", ran.stderr.lines().last().unwrap());
        said += "\n";
    }
    insta::assert_snapshot!(said);
    assert!(fs::read(folder.path().join("tootmill.db")).unwrap() == before, "the tables were changed");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = TempDir::new().unwrap();
    for arguments in [
        &["run"][..],
        &["run", "a.json", "--tables", "mysql:x"],
        &["run", "a.json", "--memory", "1"],
        &["run", "a.json", "--threads", "100000"],
        &["run", "a.json", "--as-of", "yesterday"],
        &["tables", "dump", "shoes_table"],
        &["grind"],
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}");
        assert!(ran.stderr.starts_with("error: "), "{arguments:?}: {}", ran.stderr);
    }
    let missing = run(folder.path(), &["tables", "dump"]);
    assert_eq!((missing.code, missing.stderr.lines().count()), (1, 1), "{}", missing.stderr);
    assert!(!folder.path().join("tootmill.db").exists(), "looking makes no file");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = with_file("posts.json", POST);
    let ran = run(folder.path(), &["run", "posts.json", "--tables", "sqlite:posts.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("posts.json") && ran.stderr.contains("not a database"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("posts.json")).unwrap(), POST);
}

#[test]
fn a_locked_database_is_worth_a_retry() {
    let folder = with_file("posts.json", POST);
    stdout(folder.path(), &["run", "posts.json", "-q"]);
    let connection = rusqlite::Connection::open(folder.path().join("tootmill.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ran = run(folder.path(), &["run", "posts.json", "-q", "--as-of", "2027-01-01"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
}

/// A disk that is full is played by a limit on the size of files.
#[test]
fn a_full_disk_is_an_error_and_changes_nothing() {
    let folder = with_posts(5_000);
    fs::write(folder.path().join("one.json"), POST).unwrap();
    stdout(folder.path(), &["run", "one.json", "-q"]);
    let before = stdout(folder.path(), &["tables", "dump"]);
    let script = format!("trap '' XFSZ; ulimit -f 200; exec {} run posts.jsonl", env!("CARGO_BIN_EXE_tootmill"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.lines().last().unwrap().starts_with("error: cannot "), "{said}");
    assert_eq!(stdout(folder.path(), &["tables", "dump"]), before);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran: common::Ran = tootmill(folder.path(), &["tables", "dump"]).stdout(full).output().unwrap().into();
    assert_eq!(
        (ran.code, &*ran.stderr),
        (1, "error: cannot write the output: No space left on device (os error 28)\n")
    );
}

#[test]
fn nobody_listening_is_no_panic() {
    let folder = with_file("bad.jsonl", &"x\n".repeat(200));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = tootmill(folder.path(), &["run", "bad.jsonl"]).stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn tables_that_cannot_be_made_are_found_before_the_work() {
    let folder = with_file("posts.json", POST);
    let ran = run(folder.path(), &["run", "missing.json", "--tables", "sqlite:no/such/folder/x.db"]);
    assert_eq!((ran.code, &*ran.stderr), (1, "error: cannot make `no/such/folder/x.db`: its folder is not there\n"));
}

#[test]
fn nobody_reading_is_no_error() {
    let folder = with_posts(3_000);
    stdout(folder.path(), &["run", "posts.jsonl", "-q"]);
    for command in ["tables dump", "synth --posts 100000", "metrics describe"] {
        let script = format!("set -o pipefail; {} {command} | head -c 10", env!("CARGO_BIN_EXE_tootmill"));
        let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{command}: {output:?}");
        assert_eq!(output.stdout.len(), 10);
    }
}

#[test]
fn standard_input_is_read_twice_where_it_must() {
    let folder = TempDir::new().unwrap();
    let script = format!(
        "(echo '{POST}'; echo '{POST}'; echo '{}') | {} run - --json",
        POST.replace("\"id\":\"1\"", "\"id\":\"2\""),
        env!("CARGO_BIN_EXE_tootmill")
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    let done: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["counters"]["posts"], &done["counters"]["duplicates"]), (&2.into(), &1.into()));
}
