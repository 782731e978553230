//! The stages one by one, in a shell pipe with the system's `sort`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use common::{stdout, with_posts};

fn bash(folder: &Path, script: &str) -> (Option<i32>, String, String) {
    let script = script.replace("tootmill", env!("CARGO_BIN_EXE_tootmill"));
    let output =
        Command::new("bash").args(["-c", &format!("set -o pipefail; {script}")]).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The cells of rows, and those of a dump, by table, key and column.
type Cells = BTreeMap<(String, String, String), String>;

fn cells_of_rows(rows: &str) -> Cells {
    let mut reader = tootmill_engine::RowsReader::new(rows.as_bytes());
    let mut cells = Cells::new();
    while let Some(cell) = reader.next_cell().unwrap() {
        let column = format!("data:{}", cell.column);
        cells.insert((cell.table.into(), cell.key.into(), column), cell.value.into());
    }
    cells
}

fn cells_of_dump(dump: &str) -> Cells {
    let tables: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> = serde_json::from_str(dump).unwrap();
    let rows =
        tables.into_iter().flat_map(|(table, rows)| rows.into_iter().map(move |(key, row)| (table.clone(), key, row)));
    rows.flat_map(|(table, key, row)| {
        row.into_iter().map(move |(column, value)| ((table.clone(), key.clone(), column), value))
    })
    .collect()
}

#[test]
fn the_pipe_gives_what_run_gives() {
    let folder = with_posts(5_000);
    stdout(folder.path(), &["run", "posts.jsonl", "-q"]);
    let dump = cells_of_dump(&stdout(folder.path(), &["tables", "dump"]));
    assert!(dump.len() > 5_000);
    let whole = "tootmill compact --stdout posts.jsonl | tootmill mapper | LC_ALL=C sort | tootmill reducer --rows";
    let (code, rows, said) = bash(folder.path(), whole);
    assert_eq!(code, Some(0), "{said}");
    assert!(cells_of_rows(&rows) == dump, "the pipe and `run` differ");
    assert!(said.contains("reporter:counter:tootmill,posts,"), "{said}");

    // Three mappers, each with a combiner, and two reducers, which share the keys by their first byte.
    let cut = "
        tootmill compact --stdout posts.jsonl > compacted.jsonl && split -n l/3 compacted.jsonl part. &&
        for part in part.*; do tootmill mapper < $part | LC_ALL=C sort | tootmill reducer; done > records &&
        (grep -P '^[a-s]' records | LC_ALL=C sort | tootmill reducer --rows;
         grep -vP '^[a-s]' records | LC_ALL=C sort | tootmill reducer --rows) | LC_ALL=C sort > cut.rows";
    let (code, _, said) = bash(folder.path(), cut);
    assert_eq!(code, Some(0), "{said}");
    let mut sorted: Vec<&str> = rows.lines().collect();
    sorted.sort_unstable();
    let cut = fs::read_to_string(folder.path().join("cut.rows")).unwrap();
    assert!(cut.lines().eq(sorted), "cut and combined, the rows differ");
}

#[test]
fn a_stage_that_cannot_go_on_fails() {
    let folder = with_posts(2_000);
    let (code, _, said) = bash(folder.path(), "tootmill mapper < posts.jsonl > records");
    assert_eq!(code, Some(1), "there are deletions in it");
    assert!(said.contains("compact the posts first"), "{said}");
    let (code, _, said) = bash(folder.path(), r"printf 'tag\tb\t\t1\ntag\ta\t\t1\n' | tootmill reducer --rows");
    assert_eq!(code, Some(1));
    assert!(said.contains("LC_ALL=C sort"), "{said}");
    let (code, _, said) =
        bash(folder.path(), "tootmill compact --stdout posts.jsonl 2>/dev/null | tootmill mapper | true");
    assert_eq!(code, Some(1), "a mapper whose output is lost has failed: {said}");
}

#[test]
fn rows_of_the_pipe_are_loaded_from_files() {
    let folder = with_posts(2_000);
    let folder = folder.path();
    let pipe = "tootmill compact --stdout posts.jsonl | tootmill mapper | LC_ALL=C sort | tootmill reducer --rows";
    let (code, rows, said) = bash(folder, pipe);
    assert_eq!(code, Some(0), "{said}");
    stdout(folder, &["run", "posts.jsonl", "--totals-only", "-q"]);
    let dump = |file: &str| stdout(folder, &["tables", "dump", "--tables", &format!("sqlite:{file}")]);

    // Cut within a row, which is no matter where the files are read as one; one of them compressed.
    let cut = rows.len() / 2 + rows[rows.len() / 2..].find('\t').unwrap();
    fs::write(folder.join("1.rows.zst"), zstd::encode_all(&rows.as_bytes()[..cut], 1).unwrap()).unwrap();
    fs::write(folder.join("2.rows"), &rows[cut..]).unwrap();
    let load = |more: &[&str]| {
        let files = ["load", "1.rows.zst", "2.rows", "--tables", "sqlite:files.db", "--quiet", "--json"];
        common::run(folder, &[&files, more].concat())
    };
    for changed in [true, false] {
        let loaded = load(&["--as-of", "2026-11-25"]);
        assert_eq!(loaded.code, 0, "{}", loaded.stderr);
        assert!(loaded.stdout.contains(&format!("\"changed\": {changed}")), "{}", loaded.stdout);
    }
    assert_eq!(dump("files.db"), dump("tootmill.db"));
    let load_of_pipe = format!("{pipe} | tootmill load - --as-of 2026-11-25 --tables sqlite:piped.db");
    let (code, _, said) = bash(folder, &load_of_pipe);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(dump("piped.db"), dump("tootmill.db"));

    let loaded = load(&[]);
    assert_eq!(loaded.code, 2, "{}", loaded.stderr);
    assert!(loaded.stderr.contains("--as-of"), "{}", loaded.stderr);
    // Whoever exports the lake for other commands can load files all the same.
    let mut exported =
        common::tootmill(folder, &["load", "2.rows", "--as-of", "2026-11-25", "--tables", "sqlite:files.db"]);
    exported.env("TOOTMILL_LAKE", "no-lake").env("TOOTMILL_INSTANCE", "mill.example");
    let loaded: common::Ran = exported.output().unwrap().into();
    assert!(loaded.stderr.contains("line 1 is no row"), "{}", loaded.stderr);
    let loaded = common::run(folder, &["load", "--as-of", "2026-11-25"]);
    assert_eq!(loaded.code, 2, "{}", loaded.stderr);
    assert!(loaded.stderr.contains("--lake"), "{}", loaded.stderr);
}
