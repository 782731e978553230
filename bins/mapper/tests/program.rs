//! The program as Hadoop Streaming runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

#[test]
fn posts_become_records_and_counters() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tootmill-mapper"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let post = r#"{"id":"1","created_at":"2026-11-24T00:00:00Z","language":"en","tags":[{"name":"Art"}]}"#;
    write!(program.stdin.take().unwrap(), "{post}\n{post}\nno post\n").unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "language\ten\t\t2\ntag\tart\t\t2\n");
    let counters = String::from_utf8(output.stderr).unwrap();
    assert!(counters.contains("reporter:counter:tootmill,posts,2\n"), "{counters}");
    assert!(counters.contains("reporter:counter:tootmill,bad,1\n"), "{counters}");
}
