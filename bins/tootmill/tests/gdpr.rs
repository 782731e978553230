//! What a data protection officer asks for: the record of processing, the log of what was done, texts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use common::{run, stdout};
use serde_json::{Value, json};
use tempfile::TempDir;

const LAKE: [&str; 4] = ["--lake", "lake", "--instance", "mill.example"];
const TABLES: [&str; 2] = ["--tables", "sqlite:tootmill.db"];

/// What is of a person, in every field that may have it.
const PERSONAL: [&str; 4] = ["4242424242", "9797979797", "sesame", "1999-09-09"];

fn post(id: &str, account: &str) -> String {
    let account = json!({"id": account, "acct": "sesame@sesame.example", "display_name": "sesame", "indexable": true,
        "followers_count": 7, "created_at": "1999-09-09T00:00:00Z"});
    json!({"id": id, "created_at": "2026-11-24T10:00:00Z", "language": "de", "content": "<p>sesame</p>", "account": account})
        .to_string()
        + "\n"
}

/// A lake with a day that was imported, counted and loaded.
fn with_day() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("posts.jsonl"), post(PERSONAL[0], PERSONAL[1]) + &post("1", "2")).unwrap();
    stdout(folder.path(), &[&["import", "posts.jsonl", "--quiet"], &LAKE[..]].concat());
    daily(folder.path());
    folder
}

fn daily(folder: &Path) {
    stdout(folder, &[&["daily", "--date", "2026-11-24", "--quiet"], &LAKE[..], &TABLES].concat());
}

fn log(folder: &Path, more: &[&str]) -> String {
    stdout(folder, &[&["gdpr", "log"], &LAKE[..], more].concat())
}

#[test]
fn each_stage_that_changes_something_is_in_the_log_without_any_person() {
    let folder = with_day();
    let folder = folder.path();
    let entries: Value = serde_json::from_str(&log(folder, &["--json"])).unwrap();
    let told = entries.as_array().unwrap().iter().map(|entry| entry["what"].as_str().unwrap()).collect::<Vec<_>>();
    let stages = ["import", "compact", "submit", "merge", "load"].map(|stage| format!("tootmill {stage}"));
    assert_eq!(told, stages);
    for entry in entries.as_array().unwrap().iter().skip(1) {
        assert_eq!(entry["days"], json!(["2026-11-24"]), "{entry}");
        assert_eq!(entry["counts"]["posts"], if entry["what"] == "tootmill compact" { Value::Null } else { json!(2) });
    }
    assert_eq!(entries[0]["by"], json!({"policy": "default"}));
    assert_eq!(entries[1]["made"], json!(["posts/date=2026-11-24/v=1"]));
    for file in fs::read_dir(folder.join("lake/mill.example/privacy/log")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!PERSONAL.iter().any(|personal| text.contains(personal)), "{text}");
    }
    let before = log(folder, &["--verify", "--json"]);
    daily(folder);
    assert_eq!(log(folder, &["--verify", "--json"]), before, "nothing was done");
    assert_eq!(log(folder, &[]).lines().count(), 5);
}

#[test]
fn nothing_is_begun_where_what_it_does_cannot_be_noted() {
    let folder = with_day();
    let folder = folder.path();
    fs::remove_file(folder.join("lake/mill.example/privacy/log/HEAD")).unwrap();
    let raw = || fs::read_dir(folder.join("lake/mill.example/raw")).unwrap().count();
    let before = raw();
    let ran = run(folder, &[&["import", "posts.jsonl", "--observed", "2026-11-23"], &LAKE[..]].concat());
    assert!(ran.code == 1 && ran.stderr.contains("`HEAD` does not know it"), "{}", ran.stderr);
    assert_eq!(raw(), before);
}

#[test]
fn an_entry_that_was_changed_is_named() {
    let folder = with_day();
    let folder = folder.path();
    let verified: Value = serde_json::from_str(&log(folder, &["--verify", "--json"])).unwrap();
    let head = verified["head"].as_str().unwrap();
    assert!(log(folder, &["--verify", "--has", head]).contains("5 entries are as they were written"));
    assert_eq!(log(folder, &["--verify"]).lines().count(), 6, "the entries, and what is to be said of them");
    let unknown = run(folder, &[&["gdpr", "log", "--verify", "--has", "5f1c"], &LAKE[..]].concat());
    assert!(unknown.code == 1 && unknown.stderr.contains("none has the hash 5f1c"), "{}", unknown.stderr);
    let file = folder.join("lake/mill.example/privacy/log/00000003.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"posts\":2", "\"posts\":1")).unwrap();
    let ran = run(folder, &[&["gdpr", "log", "--verify"], &LAKE[..]].concat());
    assert!(ran.code == 1 && ran.stderr.contains("entry 3 of the processing log was changed"), "{}", ran.stderr);
    let shown = run(folder, &[&["gdpr", "log"], &LAKE[..]].concat());
    assert_eq!((shown.code, shown.stdout.lines().count()), (1, 2), "what is before it is shown");
}

#[test]
fn a_person_is_given_all_that_is_held_about_them_and_nobody_else_can_read_it() {
    let folder = with_day();
    let folder = folder.path();
    let ask = |account, more: &[&str]| {
        let arguments = [&["access", "--account", account], &LAKE[..], &TABLES, more].concat();
        run(folder, &arguments)
    };
    let ran = ask(PERSONAL[1], &["--format", "json"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut what: Vec<&str> =
        found["held"].as_array().unwrap().iter().map(|held| held["what"].as_str().unwrap()).collect();
    what.dedup();
    assert_eq!(what, ["post", "state", "row", "table_row"], "{found}");
    assert_eq!(found["held"][0]["places"].as_array().unwrap().len(), 2, "as it was observed, and as it counts");
    assert!(!ran.stdout.contains("\"2\"") && found["held"][0]["data"]["id"] == PERSONAL[0], "{found}");
    // Both accounts have the name.
    let of_both = ask("sesame@sesame.example", &["--output", "both.txt"]);
    assert_eq!(of_both.code, 0, "{}", of_both.stderr);
    let text = fs::read_to_string(folder.join("both.txt")).unwrap();
    assert!(text.contains("known here by id 2, 9797979797"), "{text}");
    assert_eq!(fs::metadata(folder.join("both.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(ask("1", &["--output", "both.txt"]).code, 1, "what is there is not written over");
    assert_eq!(ask("sesame", &[]).code, 1);
    // What was not searched, and what a name cannot find, is told; and what is not there has no answer.
    let by_name = ask("nobody@b.example", &[]).stdout;
    assert!(by_name.contains("Nothing was found.") && by_name.contains("not found by a name"), "{by_name}");
    assert!(by_name.contains("raw in the lake") && by_name.contains("the tables in sqlite:tootmill.db"), "{by_name}");
    let usual = run(folder, &[&["access", "--account", PERSONAL[1]], &LAKE[..]].concat());
    assert!(usual.stdout.contains("Rows about you in tables"), "{}", usual.stdout);
    fs::rename(folder.join("tootmill.db"), folder.join("other.db")).unwrap();
    let without = run(folder, &[&["access", "--account", PERSONAL[1]], &LAKE[..]].concat());
    assert!(
        without.stdout.contains("No tables were searched: there are none in sqlite:tootmill.db."),
        "{}",
        without.stdout
    );
    assert_eq!(ask(PERSONAL[1], &[]).code, 1, "tables that were named must be there");
    for wrong in [["--lake", "lakes", "--instance", "mill.example"], ["--lake", "lake", "--instance", "mil.example"]] {
        let ran = run(folder, &[&["access", "--account", PERSONAL[1]], &wrong[..]].concat());
        assert!(ran.code == 1 && ran.stderr.contains("there is no lake in"), "{}", ran.stderr);
        assert_eq!(run(folder, &[&["gdpr", "log", "--verify"], &wrong[..]].concat()).code, 1);
    }
    assert!(!folder.join("lakes").exists() && !folder.join("lake/mil.example").exists());
    let log = log(folder, &["--json"]);
    assert!(log.contains("tootmill access") && !PERSONAL.iter().any(|personal| log.contains(personal)), "{log}");
}

#[test]
fn the_record_says_what_is_known_and_asks_for_the_rest() {
    let folder = with_day();
    let folder = folder.path();
    let example = stdout(folder, &["gdpr", "record", "--example-config"]);
    let answered = example.replacen("name = \"\"", "name = \"University of the Mill\"", 1);
    fs::write(folder.join("privacy.toml"), answered).unwrap();
    let arguments = [&["gdpr", "record", "--config", "privacy.toml"], &LAKE[..], &TABLES].concat();
    let page = stdout(folder, &arguments);
    for told in [
        "- Controller: University of the Mill",
        "**to be filled in** (`processing.purpose`)",
        "| user | ",
        "`account.followers_count`",
        "tables: `sqlite:tootmill.db`",
        "policy default",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let record: Value = serde_json::from_str(&stdout(folder, &[&arguments[..], &["--json"]].concat())).unwrap();
    assert_eq!(record["metrics"].as_array().unwrap().len(), 7);
    assert_eq!(record["instance"], "mill.example");
    let missing = record["to_be_filled_in"].as_array().unwrap();
    assert!(missing.contains(&json!("processing.purpose")) && !missing.contains(&json!("controller.name")));
    assert_eq!(record["policies"][0]["policy"]["name"], "default");
    fs::write(folder.join("odd.toml"), "[controller]\nnmae = \"\"\n").unwrap();
    let odd = run(folder, &["gdpr", "record", "--config", "odd.toml"]);
    assert!(odd.code == 1 && odd.stderr.contains("`controller.nmae`"), "{}", odd.stderr);
}

#[test]
fn texts_are_filled_from_the_settings() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("privacy.toml"), "[controller]\nname = \"University of the Mill\"\n").unwrap();
    let notice = stdout(folder.path(), &["gdpr", "template", "notice", "--config", "privacy.toml"]);
    assert!(notice.contains("University of the Mill") && notice.contains("to be filled in"), "{notice}");
    assert!(notice.contains("policy default does it") && notice.contains("neither names nor text"), "{notice}");
    // Of a lake it says what is so there.
    fs::write(folder.path().join("posts.jsonl"), post("1", "2")).unwrap();
    stdout(
        folder.path(),
        &[&["import", "posts.jsonl", "--quiet", "--policy", "open", "--keep-all-fields"], &LAKE[..]].concat(),
    );
    for name in ["notice", "dpia"] {
        let text = stdout(folder.path(), &[&["gdpr", "template", name], &LAKE[..]].concat());
        assert!(text.contains("on record, by the policies: open") && text.contains("takes an objection"), "{text}");
        assert!(!text.contains("neither names nor text") && !text.contains("#nobot"), "{text}");
    }
    let unknown = run(folder.path(), &["gdpr", "template", "apology"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("notice"), "{}", unknown.stderr);
}
