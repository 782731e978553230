//! A lake on disk, from raw files to tables, stage by stage and all at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{Ran, stdout, tootmill, with_posts};
use serde_json::Value;

const LAKE: [&str; 4] = ["--lake", "lake", "--instance", "mill.example"];

/// Runs a command over the lake, which is to succeed, and gives its outcome.
#[track_caller]
fn outcome(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(folder, &[arguments, &LAKE, &["--json", "--quiet"]].concat())).unwrap()
}

/// The tables with their totals and days.
fn tables(folder: &Path, file: &str) -> [String; 2] {
    let tables = format!("sqlite:{file}");
    ["data", "day"].map(|family| stdout(folder, &["tables", "dump", "--tables", &tables, "--family", family]))
}

fn post(id: &str, day: &str, more: &str) -> String {
    format!("{{\"id\":\"{id}\",\"created_at\":\"{day}T10:00:00Z\",\"language\":\"de\"{more}}}\n")
}

/// What the stages did that were not passed over, as `stage day`.
fn done(daily: &Value) -> Vec<String> {
    let stages = daily["stages"].as_array().unwrap().iter();
    let has_done = |stage: &&Value| {
        let outcome = &stage["outcome"];
        let is_done = |name: &str, unless: &Value| outcome.get(name).is_some_and(|value| value != unless);
        is_done("was_done", &true.into()) || is_done("files", &0.into()) || is_done("changed", &false.into())
    };
    stages.filter(has_done).map(|stage| stage["stage"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_lake_gives_the_tables_that_run_gives() {
    let folder = with_posts(3000);
    let folder = folder.path();
    let text = fs::read(folder.join("posts.jsonl")).unwrap();
    let half = text.len() / 2 + text[text.len() / 2..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(folder.join("first.jsonl"), &text[..half]).unwrap();
    fs::write(folder.join("second.jsonl"), &text[half..]).unwrap();
    for part in ["first.jsonl", "second.jsonl"] {
        outcome(folder, &["import", part]);
        assert_eq!(outcome(folder, &["compact"])["files"], 1);
        outcome(folder, &["submit"]);
        outcome(folder, &["merge"]);
    }
    assert_eq!(outcome(folder, &["load", "--tables", "sqlite:lake.db"])["changed"], true);
    stdout(folder, &["run", "posts.jsonl", "--tables", "sqlite:run.db", "--quiet"]);
    assert_eq!(tables(folder, "lake.db"), tables(folder, "run.db"));
    let runs = |file: &str| stdout(folder, &["tables", "dump", "--tables", &format!("sqlite:{file}"), "runs"]);
    assert_eq!(runs("lake.db"), runs("run.db"), "what was counted");
}

#[test]
fn daily_does_what_is_missing_and_no_more() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let add = |posts: &str| {
        fs::write(folder.join("posts.jsonl"), posts).unwrap();
        fs::write(folder.join("all.jsonl"), fs::read_to_string(folder.join("all.jsonl")).unwrap_or_default() + posts)
            .unwrap();
        outcome(folder, &["import", "posts.jsonl"]);
    };
    let daily = |day: &str| done(&outcome(folder, &["daily", "--date", day, "--tables", "sqlite:lake.db"]));
    let same = || {
        stdout(folder, &["run", "all.jsonl", "--tables", "sqlite:run.db", "--quiet"]);
        assert_eq!(tables(folder, "lake.db"), tables(folder, "run.db"));
    };
    add(&(post("1", "2026-11-20", "") + &post("2", "2026-11-20", "") + &post("3", "2026-11-21", "")));
    assert_eq!(daily("2026-11-20"), ["compact", "submit", "merge", "load"]);
    assert_eq!(daily("2026-11-20"), [""; 0]);
    assert_eq!(daily("2026-11-21"), ["submit", "merge", "load"]);
    same();
    // A post of an earlier day comes late; one is edited, one is deleted, one is observed again as it was.
    add(&(post("4", "2026-11-20", "") + &post("3", "2026-11-21", ",\"edited_at\":\"2026-11-21T11:00:00Z\"")));
    assert_eq!(daily("2026-11-21"), ["compact", "submit", "submit", "merge", "load"]);
    same();
    add("{\"deleted\":\"1\"}\n");
    assert_eq!(daily("2026-11-21"), ["compact", "submit", "merge", "load"]);
    same();
    add(&post("2", "2026-11-20", ""));
    // Nothing changed but the count of observations.
    assert_eq!(daily("2026-11-21"), ["compact", "merge", "load"]);
    same();
}

#[test]
fn deletions_are_honoured_whatever_the_line_looks_like() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let add = |posts: &str| {
        fs::write(folder.join("posts.jsonl"), posts).unwrap();
        outcome(folder, &["import", "posts.jsonl"]);
        outcome(folder, &["daily", "--date", "2026-11-21", "--tables", "sqlite:lake.db"])
    };
    // Of two ids the last one counts; a day may lose all its posts.
    let twice = post("12", "2026-11-20", ",\"id\":\"13\"");
    add(&(twice + &post("3", "2026-11-21", "") + &post("4", "2026-11-21", "")));
    let daily = add("{\"deleted\":\"13\"}\n{\"deleted\":\"4\"}\n{\"deleted\":\"unknown\"}\n");
    assert_eq!(daily["stages"][0]["outcome"]["days"], serde_json::json!(["2026-11-20", "2026-11-21"]));
    let [data, _] = tables(folder, "lake.db");
    assert_eq!(serde_json::from_str::<Value>(&data).unwrap()["language_table"]["de"]["data:count"], "1");
    // It stays deleted when it is observed again.
    assert_eq!(add(&post("13", "2026-11-20", ""))["stages"][0]["outcome"]["days"], serde_json::json!([]));
}

/// The two programs of a compaction on a cluster, behind `sort`.
#[test]
fn a_reducer_makes_days_of_observations() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "") + &post("1", "2026-11-19", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["compact"]);
    fs::write(folder.join("lake/mill.example/posts/date=2026-11-19/CLOSED"), "").unwrap();
    // Among them a post that is deleted at once and the only one of its day, and one for a closed day.
    let observed = post("2", "2026-11-20", "")
        + &post("1", "2026-11-20", "")
        + &post("3", "2026-11-21", "")
        + "{\"deleted\":\"3\"}\n"
        + &post("5", "2026-11-19", "");
    fs::write(folder.join("observed.jsonl"), observed).unwrap();
    let program = env!("CARGO_BIN_EXE_tootmill");
    let pipe = format!(
        "set -o pipefail; '{program}' mapper --write observations < observed.jsonl 2>/dev/null | LC_ALL=C sort |
         '{program}' reducer --posts-of lake --instance mill.example > told.txt"
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &pipe])
        .current_dir(folder)
        .env("mapreduce_task_output_dir", folder.join("task"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    for counted in ["duplicates,1", "deleted,1", "late,1"] {
        assert!(said.contains(&format!("reporter:counter:tootmill,{counted}\n")), "{counted}: {said}");
    }
    let told = fs::read_to_string(folder.join("told.txt")).unwrap();
    let told: Vec<&str> = told.lines().map(|line| line.rsplit_once('\t').map_or(line, |(told, _)| told)).collect();
    assert_eq!(told, ["day\t2026-11-20\t2", "day\t2026-11-21\t0", "deletion", "deleted"]);
    let posts = fs::File::open(folder.join("task/date=2026-11-20/part-00000.jsonl.zst")).unwrap();
    let posts = zstd::decode_all(posts).unwrap();
    assert_eq!(String::from_utf8(posts).unwrap(), post("1", "2026-11-20", "") + &post("2", "2026-11-20", ""));
    assert!(folder.join("task/date=2026-11-21").exists() && !folder.join("task/date=2026-11-19").exists());
}

#[test]
fn a_closed_day_stays_as_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["compact"]);
    fs::write(folder.join("lake/mill.example/posts/date=2026-11-20/CLOSED"), "").unwrap();
    fs::write(folder.join("posts.jsonl"), post("2", "2026-11-20", "") + &post("3", "2026-11-21", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    let compacted = outcome(folder, &["compact"]);
    assert_eq!((&compacted["days"], &compacted["counters"]["late"]), (&serde_json::json!(["2026-11-21"]), &1.into()));
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let fails = |arguments: &[&str]| {
        // Whatever cluster there may be is none of ours.
        let mut command = tootmill(folder, arguments);
        ["HADOOP_CONF_DIR", "HADOOP_HOME", "TOOTMILL_RESOURCE_MANAGER"].iter().for_each(|name| {
            command.env_remove(name);
        });
        let ran: Ran = command.output().unwrap().into();
        (ran.code, ran.stderr)
    };
    let (code, said) = fails(&[&["daily", "--date", "2026-11-20", "-q"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there are no posts of 2026-11-20") && said.contains("tootmill compact"), "{said}");
    let (code, said) = fails(&[&["load"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there are no totals") && said.contains("tootmill merge"), "{said}");
    let (code, said) = fails(&["merge", "--lake", "ftp://mill/lake", "--instance", "mill.example"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("hdfs://HOST:PORT/FOLDER"), "{said}");
    assert_eq!(fails(&["compact"]).0, 2);
    assert_eq!(fails(&["compact", "--stdout"]).0, 2);
    let (code, said) = fails(&[&["submit"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there are no posts in `"), "{said}");
    // Too many bad lines: nothing is changed, and the raw file is still new.
    fs::write(folder.join("bad.jsonl"), "no post\n".repeat(200)).unwrap();
    outcome(folder, &["import", "bad.jsonl"]);
    let (code, said) = fails(&[&["compact", "-q"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("200 of 200 lines are bad"), "{said}");
    assert!(!folder.join("lake/mill.example/posts").exists());
    assert_eq!(outcome(folder, &["compact", "--max-bad", "200"])["counters"]["bad"], 200);
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["compact"]);
    let (code, said) = fails(&[&["submit", "--on", "yarn"], &LAKE[..]].concat());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the nodes of a cluster cannot read the lake in `"), "{said}");
}
