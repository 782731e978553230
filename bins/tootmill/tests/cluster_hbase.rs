//! A synthetic week from posts to tables in HBase by `tootmill daily`, read back by another client: cell for cell the tables that
//! SQLite has of the same posts; what is exported and what the notebook draws are the same as well. The cluster is the one that
//! the environment describes (`cluster.env` of `cargo xtask cluster up`); `TOOTMILL_HAPPYBASE_PYTHON` names a Python with
//! `tests/happybase/requirements.txt`, `TOOTMILL_NOTEBOOK_PYTHON` one with `tests/notebook/requirements.txt`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    env, fs,
    path::Path,
    process::{self, Command},
};

use common::{
    analysis::{assert_charts, dump},
    lake::Lake,
    run, stdout, with_posts,
};
use serde_json::Value;

#[track_caller]
fn of_environment(variable: &str) -> String {
    env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: source the cluster.env of a development cluster"))
}

/// A namespace of the test's own in HBase.
struct Namespace(String);

impl Namespace {
    fn new() -> Self {
        Self(format!("test_{}", process::id()))
    }

    /// Its tables as our program is told of them.
    fn address(&self) -> String {
        let (thrift1, thrift2) = (of_environment("TOOTMILL_THRIFT1"), of_environment("TOOTMILL_THRIFT2"));
        format!("hbase://{thrift1}?thrift2={thrift2}&namespace={}", self.0)
    }

    /// What another client reads in a family.
    fn read(&self, family: &str) -> Value {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/happybase/tables.py");
        let server = of_environment("TOOTMILL_THRIFT1");
        let mut python = Command::new(of_environment("TOOTMILL_HAPPYBASE_PYTHON"));
        let output = python.args([program, &server, &self.0, family]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        for names in [&[][..], &["runs", "tootmill_loads"]] {
            let drop = ["tables", "drop", "--yes", "--tables", &self.address()];
            let dropped = run(Path::new("."), &[&drop, names].concat());
            if dropped.code != 0 {
                eprintln!("tables of {} stay: {}", self.0, dropped.stderr);
            }
        }
    }
}

const SQLITE: &str = "sqlite:posts.db";

/// Cuts `posts.jsonl` in two: the lines with a text, and the others.
fn set_aside(folder: &Path, text: &str) -> [String; 2] {
    let posts = fs::read(folder.join("posts.jsonl")).unwrap();
    let lines = posts.split_inclusive(|byte| *byte == b'\n');
    let (with, without): (Vec<_>, Vec<_>) =
        lines.partition(|line| line.windows(text.len()).any(|window| window == text.as_bytes()));
    [("with.jsonl", with), ("without.jsonl", without)].map(|(file, lines)| {
        assert!(lines.len() > 20, "{} lines in {file}", lines.len());
        fs::write(folder.join(file), lines.concat()).unwrap();
        file.to_string()
    })
}

/// Fails at the first row that is not the same in both.
#[track_caller]
fn assert_same(family: &str, theirs: &Value, sqlite: &Value) {
    let (theirs, sqlite) = (theirs.as_object().unwrap(), sqlite.as_object().unwrap());
    assert!(theirs.keys().eq(sqlite.keys()), "the tables are {:?}", theirs.keys());
    for (table, rows) in sqlite {
        let (theirs, ours) = (theirs[table].as_object().unwrap(), rows.as_object().unwrap());
        let differs = theirs.keys().chain(ours.keys()).find(|key| theirs.get(*key) != ours.get(*key));
        if let Some(key) = differs {
            panic!("{table}, {family}, {key:?}: happybase reads {:?}, not {:?}", theirs.get(key), ours.get(key));
        }
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_week_in_hbase_is_cell_for_cell_the_week_in_sqlite() {
    let folder = with_posts(600);
    let folder = folder.path();
    let (lake, namespace) = (Lake::new("hbase", "mill.example"), Namespace::new());
    let address = namespace.address();
    let import = |file: &str| lake.run(folder, &["import", file]);
    let daily = |day: &str| {
        let daily = lake.run(folder, &["daily", "--date", day, "--tables", &address, "--verify"]);
        let load = &daily["stages"].as_array().unwrap().last().unwrap()["outcome"];
        assert_eq!(load["changed"], true, "{day} is something new");
        assert!(load["verified_cells"].as_u64().unwrap() > 100, "{load}");
    };

    // A week, but for what speaks of its third day; a post that will be deleted has a row of its own.
    let [third_day, others] = set_aside(folder, "2026-11-18T");
    let doomed = r#"{"id":"doomed","created_at":"2026-11-17T10:00:00Z","language":"xx"}"#;
    fs::write(folder.join("doomed.jsonl"), format!("{doomed}\n")).unwrap();
    import(&others);
    import("doomed.jsonl");
    for day in ["2026-11-16", "2026-11-17", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"] {
        daily(day);
    }
    let before = namespace.read("day");
    assert_eq!(before["language_table"]["xx"]["2026-11-17"]["day:count"], "1");

    // The third day after the seventh; then a post of the second comes late, and one is deleted.
    import(&third_day);
    daily("2026-11-18");
    let late_post = r#"{"id":"late","created_at":"2026-11-17T11:00:00Z","language":"yy"}"#;
    fs::write(folder.join("late.jsonl"), format!("{late_post}\n{}\n", r#"{"deleted":"doomed"}"#)).unwrap();
    import("late.jsonl");
    daily("2026-11-22");
    let again = lake.run(folder, &["daily", "--date", "2026-11-22", "--tables", &address]);
    assert_eq!(again["stages"].as_array().unwrap().last().unwrap()["outcome"]["changed"], false, "{again}");

    let inputs = ["posts.jsonl", "doomed.jsonl", "late.jsonl"];
    stdout(folder, &[&["run"], &inputs[..], &["--tables", SQLITE, "--quiet"]].concat());
    for family in ["data", "day"] {
        let dump = |tables: &str| stdout(folder, &["tables", "dump", "--tables", tables, "--family", family]);
        let sqlite: Value = serde_json::from_str(&dump(SQLITE)).unwrap();
        let languages = sqlite["language_table"].as_object().unwrap();
        assert!(languages.contains_key("yy") && !languages.contains_key("xx"), "{languages:?}");
        assert_same(family, &namespace.read(family), &sqlite);
        assert_eq!(dump(&address), dump(SQLITE), "{family}");
    }
    assert_analysed_alike(folder, &address);
}

/// Exports from HBase are, byte for byte, those from SQLite, and the notebook draws what they say.
#[track_caller]
fn assert_analysed_alike(folder: &Path, address: &str) {
    for format in ["csv", "parquet"] {
        let export = |tables: &str, to: &str| {
            let said = stdout(folder, &["tables", "export", "--tables", tables, "--format", format, "--folder", to]);
            assert_eq!(said.lines().count(), 14, "{said}");
        };
        export(SQLITE, "of-sqlite");
        export(address, "of-hbase");
    }
    for entry in fs::read_dir(folder.join("of-sqlite")).unwrap() {
        let name = entry.unwrap().file_name();
        let read = |of: &str| fs::read(folder.join(of).join(&name)).unwrap();
        assert!(read("of-hbase") == read("of-sqlite"), "{} differs", name.display());
    }
    assert_charts(folder, Some(address), &dump(folder, SQLITE, "data"));
}
