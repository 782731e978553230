//! `tootmill tables export`, as a user sees it; `analysis.rs` reads what comes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, process::Command};

use common::{run, stdout, with_posts};
use tempfile::TempDir;

#[test]
fn every_table_has_a_file_for_each_family() {
    let folder = with_posts(500);
    let folder = folder.path();
    stdout(folder, &["run", "posts.jsonl", "--quiet"]);
    let said = stdout(folder, &["tables", "export"]);
    assert_eq!(said.lines().count(), 14, "{said}");
    assert!(said.contains("\nexport/toot_with_media_table.parquet: 1 row\n"), "{said}");
    assert_eq!(fs::read_dir(folder.join("export")).unwrap().count(), 14);
    let data = stdout(folder, &["tables", "export", "--format=csv", "--family=day", "--table=tag_table", "--json"]);
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let file = &data[0];
    assert_eq!((&file["table"], &file["family"]), (&"tag_table".into(), &"day".into()));
    let csv = fs::read_to_string(folder.join(file["file"].as_str().unwrap())).unwrap();
    assert_eq!(file["rows"], csv.lines().count() - 1);
    let to_stdout = ["tables", "export", "--format=csv", "--table=tag_table", "--stdout"];
    assert_eq!(stdout(folder, &[&to_stdout[..], &["--family=day"]].concat()), csv);
    assert!(stdout(folder, &to_stdout).starts_with("row_key,count\n"));
}

#[test]
fn what_cannot_be_done_is_told() {
    let folder = with_posts(50);
    let folder = folder.path();
    stdout(folder, &["run", "posts.jsonl", "--quiet"]);
    fs::write(folder.join("file"), "").unwrap();
    for (arguments, code, words) in [
        (&["--stdout"][..], 2, "one table as CSV"),
        (&["--stdout", "--table=tag_table", "--format=parquet"], 2, "one table as CSV"),
        (&["--stdout", "--folder=f"], 2, "cannot be used with"),
        (&["--table=shoe_table"], 2, "there is no table `shoe_table`; there are"),
        (&["--tables=sqlite:no.db"], 1, "there are no tables in `no.db`"),
        (&["--folder=file"], 1, "cannot write the table into `file/croissance_table.parquet`"),
    ] {
        let ran = run(folder, &[&["tables", "export"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}

/// Rows are many times larger than the memory that there is.
#[test]
fn half_a_million_rows_are_exported_in_little_memory() {
    let folder = TempDir::new().unwrap();
    let tables = rusqlite::Connection::open(folder.path().join("tootmill.db")).unwrap();
    let rows = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500000) \
                SELECT printf('%0100d', n), n, 0 FROM numbers";
    tables
        .execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE tag_table (row_key TEXT NOT NULL, count INTEGER, timestamp INTEGER NOT NULL, \
             PRIMARY KEY (row_key)) WITHOUT ROWID; INSERT INTO tag_table {rows}"
        ))
        .unwrap();
    for format in ["parquet", "csv"] {
        let export = format!("tables export --table tag_table --family data --format {format}");
        let script = format!("ulimit -d 40000; exec {} {export}", env!("CARGO_BIN_EXE_tootmill"));
        let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said, format!("export/tag_table.{format}: 500,000 rows\n"), "{:?}", output.stderr);
    }
}
