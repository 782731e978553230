//! `tootmill check`: every part is looked at, and the exit code says whether waiting helps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
};

use common::{Ran, tootmill};
use serde_json::Value;
use tempfile::TempDir;
use tootmill_lake::Lake;

/// An instance that says of itself this, and nothing else.
fn instance(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            assert!(lines.map_while(Result::ok).any(|line| line.is_empty()), "the request ends");
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            // A client that goes away is the client's test to fail.
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    format!("http://{address}")
}

/// A port at which nobody is.
fn nobody() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

const OPEN: &str = r#"{"version":"4.5.0"}"#;

fn command(folder: &Path, from: &str, more: &[&str]) -> Command {
    let lake = ["check", "--from", from, "--lake", "lake", "--instance", "mill.example", "--patience", "0s"];
    let mut command = tootmill(folder, &[&lake, more].concat());
    for variable in ["TOKEN", "TOKEN_FILE", "FROM", "CONTACT", "TABLES", "ON", "RESOURCE_MANAGER", "HISTORY_SERVER"] {
        command.env_remove(format!("TOOTMILL_{variable}"));
    }
    for variable in ["HADOOP_CONF_DIR", "HADOOP_HOME"] {
        command.env_remove(variable);
    }
    command.env("TOOTMILL_TOKENS", "tokens.json");
    command
}

/// The exit code, and what is said of each part.
fn check(folder: &Path, from: &str, more: &[&str]) -> (i32, Value) {
    let ran = Ran::from(command(folder, from, &[more, &["--json"]].concat()).output().unwrap());
    (ran.code, serde_json::from_str(&ran.stdout).unwrap())
}

/// The parts that answer, and those that do not.
fn parts(data: &Value, answers: bool) -> Vec<&str> {
    let parts = data.as_array().unwrap().iter();
    parts.filter(|part| part["answers"] == answers).map(|part| part["part"].as_str().unwrap()).collect()
}

#[test]
fn what_a_day_needs_answers_and_nothing_is_changed() {
    let folder = TempDir::new().unwrap();
    let (code, data) = check(folder.path(), &instance(OPEN), &["--tables", "sqlite:new.db"]);
    assert_eq!((code, parts(&data, true)), (0, vec!["instance", "lake", "tables"]), "{data}");
    assert!(data[0]["says"].as_str().unwrap().contains("4.5.0, and is asked without a token"), "{data}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
    let shown = Ran::from(command(folder.path(), &instance(OPEN), &[]).output().unwrap()).stdout;
    assert!(shown.contains("\ntables    answers    sqlite:tootmill.db\n"), "{shown}");
}

#[test]
fn who_writes_to_the_lake_is_said_and_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let lake = Lake::open(folder.path().join("lake").to_str().unwrap(), "mill.example").unwrap();
    let lease = lake.lease("tootmill milling").unwrap();
    let (code, data) = check(folder.path(), &instance(OPEN), &[]);
    assert_eq!(code, 0, "{data}");
    assert!(data[1]["says"].as_str().unwrap().contains("is being written by `tootmill milling` (process"), "{data}");
    assert!(data[1]["advice"].as_str().unwrap().contains("75"), "{data}");
    drop(lease);
    assert!(check(folder.path(), &instance(OPEN), &[]).1[1]["says"].as_str().unwrap().contains("nobody"));
}

#[test]
fn what_may_pass_is_75_and_what_is_wrong_for_good_is_1() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (nobody, closed) = (
        nobody(),
        instance(
            r#"{"configuration":{"timelines_access":{"live_feeds":
        {"local":"authenticated","remote":"authenticated"}}}}"#,
        ),
    );
    let (code, data) = check(folder, &nobody, &[]);
    assert_eq!((code, parts(&data, false)), (75, vec!["instance"]), "{data}");
    let (code, data) = check(folder, &closed, &[]);
    assert_eq!((code, parts(&data, false)), (1, vec!["instance"]), "{data}");
    assert!(data[0]["says"].as_str().unwrap().contains("only with a token"), "{data}");

    // A cluster that does not answer may come back, tables without a folder do not: the worse one counts, and both are said.
    let yarn = ["--on", "yarn", "--resource-manager", &nobody, "--history-server", &nobody];
    let (code, data) = check(folder, &instance(OPEN), &yarn);
    assert_eq!((code, parts(&data, false)), (75, vec!["cluster"]), "{data}");
    let (code, data) = check(folder, &nobody, &[&yarn[..], &["--tables", "sqlite:no/tables.db"]].concat());
    assert_eq!((code, parts(&data, false)), (1, vec!["instance", "cluster", "tables"]), "{data}");
    assert!(data.as_array().unwrap().iter().all(|part| part["answers"] == true || part["advice"].is_string()));
    let ran = Ran::from(command(folder, &nobody, &["--tables", "sqlite:no/tables.db"]).output().unwrap());
    assert!(ran.stderr.ends_with("error: not all that a day needs answers: instance, tables\n"), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("instance  no answer  ") && ran.stdout.contains("tables    wrong      "),
        "{}",
        ran.stdout
    );
}

#[test]
fn nobody_is_asked_without_an_address_to_reach_us_or_a_cluster_that_is_named() {
    let folder = TempDir::new().unwrap();
    for (from, more) in [("https://mill.example", &[][..]), (&nobody(), &["--on", "yarn"])] {
        let ran = Ran::from(command(folder.path(), from, more).output().unwrap());
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{}", ran.stderr);
    }
}
