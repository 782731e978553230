//! `tootmill report`: the page's file, the numbers as JSON, and what accounts are called.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{Ran, tootmill, with_posts};
use serde_json::{Value, json};
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let mut program = tootmill(folder, arguments);
    for variable in ["TOOTMILL_TABLES", "TOOTMILL_LAKE", "TOOTMILL_INSTANCE"] {
        program.env_remove(variable);
    }
    program.output().unwrap().into()
}

#[track_caller]
fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout
}

#[test]
fn the_page_is_one_file_and_the_numbers_are_json() {
    let folder = with_posts(500);
    let folder = folder.path();
    stdout(folder, &["run", "posts.jsonl", "--quiet"]);
    assert_eq!(stdout(folder, &["report"]), "The page is in report.html.\n");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Content-Security-Policy"), "{page}");
    let numbers: Value = serde_json::from_str(&stdout(folder, &["report", "--json", "--top", "3"])).unwrap();
    let dump: Value = serde_json::from_str(&stdout(folder, &["tables", "dump", "tag_table"])).unwrap();
    let tags = numbers["rankings"].as_array().unwrap().iter().find(|one| one["table"] == "tag_table").unwrap();
    assert_eq!(tags["rows"], dump["tag_table"].as_object().unwrap().len());
    let top = tags["top"].as_array().unwrap();
    assert_eq!(top.len(), 3);
    for row in top {
        assert_eq!(row["cells"][0], dump["tag_table"][row["key"].as_str().unwrap()]["data:count"]);
    }
    // With JSON a page is made only where its file is named.
    fs::remove_file(folder.join("report.html")).unwrap();
    stdout(folder, &["report", "--json"]);
    assert!(!folder.join("report.html").exists());
    serde_json::from_str::<Value>(&stdout(folder, &["report", "--json", "-o", "page.html"])).unwrap();
    assert!(folder.join("page.html").exists());
}

#[test]
fn accounts_that_want_to_be_found_are_called_by_name() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let post = |id: &str, account: &str, discoverable: Value, indexable: bool| {
        json!({
            "id": id, "created_at": "2026-11-24T10:00:00Z",
            "account": {"id": account, "acct": format!("name-of-{account}"), "followers_count": 9, "discoverable": discoverable,
                "indexable": indexable},
        })
    };
    let posts = [
        post("1", "7", true.into(), true),
        post("2", "8", false.into(), true),
        post("3", "9", Value::Null, true),
        // Of this one the name is not kept.
        post("4", "10", true.into(), false),
    ];
    let lines: String = posts.iter().map(|post| format!("{post}\n")).collect();
    fs::write(folder.join("posts.jsonl"), lines).unwrap();
    let lake = ["--lake", "lake", "--instance", "mill.example"];
    stdout(folder, &[&["import", "posts.jsonl"], &lake[..]].concat());
    stdout(folder, &[&["daily", "--date", "2026-11-24", "--tables", "sqlite:tootmill.db"], &lake[..]].concat());
    let named: Value = serde_json::from_str(&stdout(folder, &[&["report", "--json"], &lake[..]].concat())).unwrap();
    assert_eq!(named["accounts"]["names"], json!({"7": "name-of-7"}));
    stdout(folder, &[&["report"], &lake[..]].concat());
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(
        page.contains("@name-of-7")
            && !page.contains("name-of-8")
            && !page.contains("name-of-9")
            && !page.contains("name-of-10"),
        "{page}"
    );
    assert!(page.contains("What the posts on mill.example say"), "{page}");
    // So is under which policy they came.
    assert_eq!(named["policies"][0]["by"], "import");
    let policy = named["policies"][0]["policy"].as_str().unwrap();
    assert!(policy.starts_with("default, asking for noindex") && page.contains(policy), "{policy}");
    stdout(folder, &["run", "posts.jsonl", "--policy", "strict", "--tables", "sqlite:run.db", "--quiet"]);
    let of_run: Value =
        serde_json::from_str(&stdout(folder, &["report", "--json", "--tables", "sqlite:run.db"])).unwrap();
    assert_eq!(of_run["story"]["counters"]["policy_strict"]["count"], 1);
    stdout(folder, &["report", "-o", "ids.html"]);
    assert!(!fs::read_to_string(folder.join("ids.html")).unwrap().contains("name-of"));
}

#[test]
fn what_cannot_be_is_told() {
    let folder = TempDir::new().unwrap();
    let missing = run(folder.path(), &["report", "--tables", "sqlite:no.db"]);
    assert_eq!(missing.code, 1, "{}", missing.stderr);
    assert!(missing.stderr.contains("there are no tables in `no.db`"), "{}", missing.stderr);
    let no_instance = run(folder.path(), &["report", "--lake", "lake"]);
    assert_eq!(no_instance.code, 2, "{}", no_instance.stderr);
    rusqlite::Connection::open(folder.path().join("tootmill.db")).unwrap().execute_batch("VACUUM").unwrap();
    stdout(folder.path(), &["report", "-o", "new/folder/report.html"]);
    fs::write(folder.path().join("no"), "").unwrap();
    let unwritable = run(folder.path(), &["report", "-o", "no/report.html"]);
    assert_eq!(unwritable.code, 1, "{}", unwritable.stderr);
    assert!(unwritable.stderr.contains("no/report.html"), "{}", unwritable.stderr);
    for top in ["0", "101"] {
        let refused = run(folder.path(), &["report", "--top", top]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains("1..=100"), "{}", refused.stderr);
    }
}
