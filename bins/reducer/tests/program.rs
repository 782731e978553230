//! The program as Hadoop Streaming runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

fn reduced(arguments: &[&str], records: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tootmill-reducer"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(records.as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn records_become_merged_records_or_rows() {
    let records = "croissance\t2022-11\t1\t\ncroissance\t2022-11\t1\t\ncroissance\t2022-11\t2\t\nlanguage\ten\t\t2\nlanguage\ten\t\t3\n";
    assert_eq!(reduced(&[], records), "croissance\t2022-11\t1\t\ncroissance\t2022-11\t2\t\nlanguage\ten\t\t5\n");
    let rows = "croissance_table\t2022-11\tdata:count\t2\nlanguage_table\ten\tdata:count\t5\n";
    assert_eq!(reduced(&["--rows"], records), rows);
}
