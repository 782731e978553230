//! `tootmill status`: last loads, exit codes, what cannot be read, and the file for Prometheus.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path, process::Command};

use common::{Ran, run, stdout, tootmill, with_posts};
use serde_json::Value;

/// A port on which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// Nothing is looked at because the environment names it.
fn named_by_arguments_alone(program: &mut Command) -> &mut Command {
    for variable in ["TABLES", "HBASE_MASTER", "WEBHDFS", "LAKE", "INSTANCE"] {
        program.env_remove(format!("TOOTMILL_{variable}"));
    }
    program
}

/// What the findings of a check say.
fn says(data: &Value, check: &str) -> Vec<String> {
    let findings = data["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    findings.map(|finding| finding["says"].as_str().unwrap().to_owned()).collect()
}

/// The status as data, and the exit code.
fn status(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let arguments = [&["status", "--json"], arguments].concat();
    let mut program = tootmill(folder, &arguments);
    named_by_arguments_alone(&mut program);
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
    let mut shown = tootmill(folder, &["status", "--tables", tables, "--age", "inf,inf"]);
    let shown = Ran::from(named_by_arguments_alone(&mut shown).output().unwrap()).stdout;
    assert!(shown.contains(&as_of[..16]) && shown.ends_with("nothing reaches a threshold\n"), "{shown}");
}

#[test]
fn what_cannot_be_read_is_an_error_and_the_numbers_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let missing = ["--tables", "sqlite:no.db", "--hbase-master", NOBODY, "--prometheus", "status.prom"];
    let (code, data) = status(folder.path(), &missing);
    assert_eq!(code, 75, "what does not answer may answer the next time");
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
        &["status", "--lake", "lake"],
        &["status", "--date", "2026-11-24", "--hbase-master", NOBODY],
        &["status", "--tables", "sqlite:x", "--age", "3,2"],
    ] {
        let mut program = tootmill(folder.path(), arguments);
        let output = named_by_arguments_alone(&mut program).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let unwritable = run(folder.path(), &["status", "--hbase-master", NOBODY, "--prometheus", "no/folder.prom"]);
    assert_eq!(unwritable.code, 1);
    assert!(unwritable.stderr.contains("no/folder.prom"), "{}", unwritable.stderr);
}

#[test]
fn a_lake_tells_how_new_it_is_and_what_lies_in_it() {
    let folder = with_posts(300);
    let folder = folder.path();
    let lake = ["--lake", "lake", "--instance", "mill.example"];
    let (code, empty) = status(folder, &lake);
    assert_eq!((code, &empty["findings"][0]["check"]), (1, &"collected".into()), "{empty}");
    stdout(folder, &[&["import", "posts.jsonl", "--observed", "2026-11-23T06:00:00Z"], &lake[..]].concat());
    stdout(folder, &[&["daily", "--date", "2026-11-20", "--tables", "sqlite:lake.db"], &lake[..]].concat());
    let never = ["--tables", "sqlite:lake.db", "--age", "inf,inf", "--collected-age", "inf,inf"];
    let (code, data) = status(folder, &[&lake[..], &never].concat());
    let of_lake = &data["lake"];
    let newest = ["posts", "counted", "loaded"].map(|stage| of_lake[format!("newest_{stage}")].as_str().unwrap());
    assert_eq!((code, newest), (0, ["2026-11-22", "2026-11-20", "2026-11-20"]), "{data}");
    assert_eq!(of_lake["newest_observation"], "2026-11-23T06:00:00.000000Z");
    let places: Vec<&str> =
        of_lake["places"].as_array().unwrap().iter().map(|of| of["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["raw", "posts", "states", "totals", "rows"]);
    assert!(of_lake["places"].as_array().unwrap().iter().all(|of| of["bytes"].as_u64() > Some(0)), "{data}");
    assert_eq!(of_lake["files"], of_lake["small_files"], "all are small");
    assert_eq!(says(&data, "behind").len(), 2, "by two days, counted and loaded: {data}");
    // Every threshold of a lake decides the exit code.
    for threshold in [["--collected-age", "1,2"], ["--behind", "1,2"], ["--small-files", "1,2"]] {
        let (code, data) = status(folder, &[&lake[..], &threshold].concat());
        assert_eq!(code, 1, "{threshold:?}: {data}");
    }
    status(folder, &[&lake[..], &["--prometheus", "lake.prom"]].concat());
    let prometheus = fs::read_to_string(folder.join("lake.prom")).unwrap();
    assert!(prometheus.contains("place=\"raw\"} 1\n") && prometheus.contains("stage=\"counted\"} 1"), "{prometheus}");
}

#[test]
fn data_of_a_day_that_look_wrong_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lake = ["--lake", "lake", "--instance", "mill.example"];
    let mut id = 0;
    let mut add = |day: &str, posts: u64, language: &str| {
        let lines: String = (0..posts)
            .map(|_| {
                id += 1;
                format!("{{\"id\":\"{id}\",\"created_at\":\"{day}T10:00:00Z\",\"language\":\"{language}\"}}\n")
            })
            .collect();
        fs::write(folder.join("posts.jsonl"), lines).unwrap();
        stdout(folder, &[&["import", "posts.jsonl"], &lake[..]].concat());
        id
    };
    let daily =
        |day: &str| stdout(folder, &[&["daily", "--date", day, "--tables", "sqlite:lake.db"], &lake[..]].concat());
    let tables = ["--tables", "sqlite:lake.db"];
    let look = |day: &str| status(folder, &[&["--date", day], &lake[..], &tables].concat());
    let checks = |data: &Value| -> Vec<String> {
        let findings = data["findings"].as_array().unwrap().iter();
        findings.map(|finding| format!("{} {}", finding["check"], finding["about"]).replace('"', "")).collect()
    };

    add("2026-11-20", 10, "de");
    daily("2026-11-20");
    let (code, first) = look("2026-11-20");
    assert_eq!((code, &first["day"]["posts"], checks(&first)), (0, &10.into(), vec![]), "{first}");
    assert_eq!(first["day"]["notes"].as_array().unwrap().len(), 2, "nothing to compare with is said: {first}");

    add("2026-11-21", 12, "de");
    let last = add("2026-11-22", 4, "fr");
    daily("2026-11-22");
    let (code, few) = look("2026-11-22");
    assert_eq!((code, checks(&few)), (0, vec!["few_posts 2026-11-22".into()]), "{few}");
    assert_eq!((&few["day"]["median"], &few["day"]["new_lines"]), (&10.into(), &16.into()), "{few}");
    let (code, none) = look("2026-11-23");
    assert_eq!(
        (code, &none["day"]["posts"], checks(&none)),
        (1, &0.into(), vec!["few_posts 2026-11-23".into()]),
        "{none}"
    );

    // All French posts are deleted: a row less.
    let deleted: String = (last - 3..=last).map(|id| format!("{{\"deleted\":\"{id}\"}}\n")).collect();
    fs::write(folder.join("deleted.jsonl"), deleted).unwrap();
    stdout(folder, &[&["import", "deleted.jsonl"], &lake[..]].concat());
    daily("2026-11-22");
    let (_, shrunk) = look("2026-11-21");
    assert_eq!(checks(&shrunk), ["few_rows language_table"], "{shrunk}");
    let (code, _) = status(folder, &[&["--date", "2026-11-21", "--fewer-rows", "1,1"], &lake[..], &tables].concat());
    assert_eq!(code, 1);

    // By the tables alone, as where there is no lake.
    let (code, alone) = status(folder, &[&["--date", "2026-11-21"], &tables[..]].concat());
    assert_eq!((code, checks(&alone)), (0, vec!["few_rows language_table".into()]), "{alone}");
    let runs = stdout(folder, &["tables", "dump", "--tables", "sqlite:lake.db", "runs"]);
    assert!(runs.contains("\"data:rows_language_table\": \"1\""), "{runs}");
}

#[test]
fn what_should_have_gone_and_what_was_interrupted_is_found() {
    let folder = with_posts(30);
    let folder = folder.path();
    let lake = ["--lake", "lake", "--instance", "mill.example"];
    stdout(folder, &[&["import", "posts.jsonl", "--observed", "2020-01-01"], &lake[..]].concat());
    let (_, data) = status(folder, &lake);
    let overdue = "raw files of 2020-01-01 are there, which go after 30 days, and no `tootmill retain` was ever run";
    assert_eq!(says(&data, "erasures"), [overdue], "{data}");
    stdout(folder, &[&["retain", "--raw", "36500", "--posts", "36500"], &lake[..]].concat());
    assert_eq!(says(&status(folder, &lake).1, "erasures"), [""; 0], "it may stay for a hundred years");
    // What is interrupted is told, whatever cannot be known of HBase.
    let privacy = folder.join("lake/mill.example/privacy");
    fs::write(privacy.join("retaining.json"), r#"{"salt":"00","accounts":[]}"#).unwrap();
    fs::write(privacy.join("erasing.json"), r#"{"accounts":["7"]}"#).unwrap();
    fs::write(privacy.join("pending.json"), "no JSON").unwrap();
    let (code, data) = status(folder, &lake);
    let interrupted = ["an erasure was interrupted", "a retention was interrupted"];
    assert_eq!(
        (code, says(&data, "erasures"), says(&data, "readable").len()),
        (1, interrupted.map(Into::into).into(), 1)
    );
}
