//! `tootmill status`: last loads, exit codes, what cannot be read, and the file for Prometheus.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{run, stdout, tootmill, with_posts};
use serde_json::Value;

/// A port on which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// The status as data, and the exit code.
fn status(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["status", "--json"], arguments].concat();
    let mut program = tootmill(folder, &arguments);
    program.env_remove("TOOTMILL_TABLES").env_remove("TOOTMILL_HBASE_MASTER");
    let output = program.output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_age_of_the_last_load_decides_the_exit_code() {
    let folder = with_posts(200);
    let folder = folder.path();
    stdout(folder, &["run", "posts.jsonl", "--quiet"]);
    let tables = "sqlite:tootmill.db";
    let (code, old) = status(folder, &["--tables", tables, "--age", "0.000001,inf"]);
    assert_eq!((code, &old["level"]), (0, &"warn".into()), "a warning alone is no failure: {old}");
    let (code, failed) =
        status(folder, &["--tables", tables, "--age", "0.000001,0.000001", "--prometheus", "status.prom"]);
    assert_eq!((code, &failed["level"]), (1, &"error".into()), "{failed}");
    let findings = failed["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 7, "one for each table: {failed}");
    assert!(findings.iter().all(|finding| finding["check"] == "last_load"), "{failed}");
    let (code, fresh) = status(folder, &["--tables", tables, "--age", "inf,inf"]);
    assert_eq!((code, &fresh["level"]), (0, &"ok".into()), "{fresh}");
    let as_of = fresh["tables"][0]["last_load"].as_str().unwrap();

    let prometheus = fs::read_to_string(folder.join("status.prom")).unwrap();
    assert!(prometheus.contains("tootmill_table_last_load_timestamp_seconds{table=\"tag_table\"} 1"), "{prometheus}");
    assert!(prometheus.contains("{check=\"last_load\",level=\"error\"} 7\n"), "{prometheus}");
    let shown = stdout(folder, &["status", "--tables", tables, "--age", "inf,inf"]);
    assert!(shown.contains(&as_of[..16]) && shown.ends_with("nothing reaches a threshold\n"), "{shown}");
}

#[test]
fn what_cannot_be_read_is_an_error_and_the_numbers_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let missing = ["--tables", "sqlite:no.db", "--hbase-master", NOBODY, "--prometheus", "status.prom"];
    let (code, data) = status(folder.path(), &missing);
    assert_eq!(code, 1);
    let findings = data["findings"].as_array().unwrap();
    let about: Vec<&Value> = findings.iter().map(|finding| &finding["about"]).collect();
    assert_eq!(about, ["HBase", "last loads"], "{data}");
    assert!(findings[0]["says"].as_str().unwrap().contains(NOBODY), "{data}");
    assert!(findings[1]["says"].as_str().unwrap().contains("no.db"), "{data}");
    let prometheus = fs::read_to_string(folder.path().join("status.prom")).unwrap();
    assert!(prometheus.contains("{check=\"readable\",level=\"error\"} 2\n"), "{prometheus}");
}

#[test]
fn nothing_to_look_at_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["status"][..],
        &["status", "--hbase-master", "master:16000"],
        &["status", "--tables", "sqlite:x", "--age", "3,2"],
    ] {
        let mut program = tootmill(folder.path(), arguments);
        let output = program.env_remove("TOOTMILL_TABLES").env_remove("TOOTMILL_HBASE_MASTER").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let unwritable = run(folder.path(), &["status", "--hbase-master", NOBODY, "--prometheus", "no/folder.prom"]);
    assert_eq!(unwritable.code, 1);
    assert!(unwritable.stderr.contains("no/folder.prom"), "{}", unwritable.stderr);
}
