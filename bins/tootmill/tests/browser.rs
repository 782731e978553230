//! The page of `tootmill report` in a real browser: the numbers of every chart are those of `tables dump`, its rows are sorted,
//! searched and saved, nothing leaves it, it fits a phone, and axe-core finds no serious fault.
//!
//! `TOOTMILL_BROWSER_PYTHON` names a Python with `browser/requirements.txt`, `CHROMIUM` a browser. Screenshots stay in
//! `target/artefacts/report`; `TOOTMILL_PICTURE=docs/report.png` makes the one of the README.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use common::{own::built, with_posts};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs the program, which is to succeed, and gives its standard output.
#[track_caller]
fn stdout(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    for variable in ["TOOTMILL_TABLES", "TOOTMILL_LAKE", "TOOTMILL_INSTANCE"] {
        command.env_remove(variable);
    }
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes the page of the tables in the folder, and looks at it.
#[track_caller]
fn look(program: &Path, folder: &Path, name: &str) {
    let run = |arguments: &[&str]| stdout(program, folder, arguments);
    let parsed = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    let page = format!("{name}.html");
    let metrics = parsed(run(&["metrics", "list", "--json"]));
    run(&["report", "-o", &page]);
    let dump = json!({
        "totals": parsed(run(&["tables", "dump"])),
        "days": parsed(run(&["tables", "dump", "--family", "day"])),
        "runs": parsed(run(&["tables", "dump", "runs"]))["runs"],
        "columns": columns(&metrics),
        "personal": personal(&metrics),
    });
    fs::write(folder.join("dump.json"), dump.to_string()).unwrap();
    let named = |variable: &str| env::var(variable).unwrap_or_else(|_| panic!("{variable}: see the top of this file"));
    let (python, _) = (named("TOOTMILL_BROWSER_PYTHON"), named("CHROMIUM"));
    let mut looking = Command::new(python);
    looking.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/look.py"));
    looking.args([&page, "dump.json"]).arg(root().join("target/artefacts/report")).current_dir(folder);
    if let (Ok(picture), "week") = (env::var("TOOTMILL_PICTURE"), name) {
        looking.arg("--picture").arg(root().join(picture));
    }
    let output = looking.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// The names of the columns of each table.
fn columns(metrics: &Value) -> Value {
    let names = |metric: &Value| -> Vec<Value> {
        metric["columns"].as_array().unwrap().iter().map(|column| column["name"].clone()).collect()
    };
    let metrics = metrics.as_array().unwrap().iter();
    metrics.map(|metric| (metric["table"].as_str().unwrap().to_owned(), json!(names(metric)))).collect()
}

/// The names of the tables whose metrics read personal data.
fn personal(metrics: &Value) -> Value {
    let metrics = metrics.as_array().unwrap().iter();
    let is_personal = |metric: &&Value| metric["personal_data"].as_array().is_some_and(|fields| !fields.is_empty());
    metrics.filter(is_personal).map(|metric| metric["table"].clone()).collect()
}

fn ours() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tootmill"))
}

/// A synthetic week, loaded twice so that there are changes, with a metric that is not ours.
#[test]
#[ignore = "needs the Python of tests/browser and Chromium"]
fn a_week_with_a_metric_of_ones_own() {
    let program = built();
    let folder = with_posts(6_000);
    // As bytes, because not every line is UTF-8.
    let posts = fs::read(folder.path().join("posts.jsonl")).unwrap();
    let first: Vec<u8> = posts.split_inclusive(|byte| *byte == b'\n').take(3_000).flatten().copied().collect();
    fs::write(folder.path().join("first.jsonl"), first).unwrap();
    for input in ["first.jsonl", "posts.jsonl"] {
        stdout(&program, folder.path(), &["run", input, "--quiet"]);
    }
    look(&program, folder.path(), "week");
}

#[test]
#[ignore = "needs the Python of tests/browser and Chromium"]
fn tables_without_a_row() {
    let folder = TempDir::new().unwrap();
    Connection::open(folder.path().join("tootmill.db")).unwrap().execute_batch("VACUUM").unwrap();
    look(ours(), folder.path(), "empty");
}

#[test]
#[ignore = "needs the Python of tests/browser and Chromium"]
fn tables_of_one_post() {
    let folder = with_one_post();
    look(ours(), folder.path(), "one");
}

fn with_one_post() -> TempDir {
    let folder = TempDir::new().unwrap();
    let post = json!({
        "id": "1", "created_at": "2026-11-24T10:00:00Z", "language": "en", "reblogs_count": 1, "tags": [{"name": "Mill"}],
        "content": "<a href=\"https://mill.example/\">mill</a>", "emojis": [{"shortcode": "mill"}],
        "media_attachments": [{}],
        "account": {"id": "7", "created_at": "2026-03-01T00:00:00Z", "followers_count": 4},
    });
    fs::write(folder.path().join("posts.jsonl"), post.to_string()).unwrap();
    stdout(ours(), folder.path(), &["run", "posts.jsonl", "--quiet"]);
    folder
}

/// Keys in any script and direction, with what HTML means something by, and one that is as long as a key can be.
const ODD: &[&str] = &[
    "<script>alert(1)</script>",
    "</script><!--",
    "a&amp;\"b'",
    "שלום_עולם",
    "مرحبا\u{202e}بالعالم",
    "日本語タグ",
    "ไทยแลนด์",
    "👩🏽‍🌾👨‍👩‍👧‍👦",
    "z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}algo",
    "=HYPERLINK(1)",
    "with,comma \"quoted\"",
    " two\nlines\t",
];

#[test]
#[ignore = "needs the Python of tests/browser and Chromium"]
fn a_million_rows_and_odd_names() {
    let folder = with_one_post();
    let tables = Connection::open(folder.path().join("tootmill.db")).unwrap();
    tables
        .execute_batch(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000)
             INSERT INTO tag_table SELECT 'tag' || (n * 7919 % 1000003), 1 + 2000000 / n, 1 FROM n;
             UPDATE runs SET posts = 9000000;",
        )
        .unwrap();
    let long = "long".repeat(8_000);
    for (place, key) in ODD.iter().copied().chain([&*long]).enumerate() {
        let count = 3_000_000 + i64::try_from(place).unwrap();
        tables.execute("INSERT INTO tag_table VALUES (?, ?, 1)", (key, count)).unwrap();
        tables.execute("INSERT INTO url_table VALUES (?, ?, 1)", (key, count)).unwrap();
        tables.execute("INSERT INTO tag_table_daily VALUES ('2026-11-24', ?, ?, 1)", (key, 5)).unwrap();
    }
    look(ours(), folder.path(), "million");
}
