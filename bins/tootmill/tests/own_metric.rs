//! A program from outside the workspace, with a metric of its own: `examples/own-metric`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{collections::BTreeMap, path::Path, process::Command};

use common::{
    Ran,
    own::{built, cargo},
    stdout, with_posts,
};

/// Runs a line of the shell, in which `own-metric` is the program, and gives its standard output.
#[track_caller]
fn shell(program: &Path, folder: &Path, line: &str) -> String {
    let line = line.replace("own-metric", program.to_str().unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("set -o pipefail; {line}")]).current_dir(folder);
    let ran = Ran::from(bash.output().unwrap());
    assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
    ran.stdout
}

/// Rows by key, the cells of each by column.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

fn rows_of_pipe(rows: &str) -> Rows {
    let mut reader = tootmill_engine::RowsReader::new(rows.as_bytes());
    let mut found = Rows::new();
    while let Some(cell) = reader.next_cell().unwrap() {
        if cell.table == "own_table" {
            let row = found.entry(cell.key.into()).or_default();
            row.insert(format!("data:{}", cell.column), cell.value.into());
        }
    }
    found
}

#[test]
fn a_metric_from_outside_runs_beside_ours() {
    let program = built();
    let folder = with_posts(20_000);
    let shell = |line: &str| shell(&program, folder.path(), line);
    let listed = shell("own-metric metrics list");
    let (own, ours): (Vec<&str>, Vec<&str>) = listed.lines().partition(|line| line.contains("own_table"));
    assert_eq!(own.len(), 1, "{listed}");
    assert!(ours.iter().copied().eq(stdout(folder.path(), &["metrics", "list"]).lines()), "{listed}");

    shell("own-metric run posts.jsonl --quiet");
    let mut dump: BTreeMap<String, Rows> = serde_json::from_str(&shell("own-metric tables dump own_table")).unwrap();
    let rows = dump.remove("own_table").unwrap();
    let count = |column: &str| rows["Web"][column].parse::<u64>().unwrap();
    let (posts, accounts) = (count("data:posts"), count("data:accounts"));
    assert!(posts > accounts && accounts > 0, "{rows:?}");
    assert!(rows.contains_key("(unknown)"), "{rows:?}");

    let pipe =
        "own-metric compact --stdout posts.jsonl | own-metric mapper | LC_ALL=C sort | own-metric reducer --rows";
    assert_eq!(rows_of_pipe(&shell(pipe)), rows, "the pipe and `run` differ");

    cargo(&["test"]);
}
