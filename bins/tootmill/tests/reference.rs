//! The tables against an independent program, written in Python from the design alone: every cell of a synthetic week with
//! every oddity, in every form of input, and of the files that `TOOTMILL_TEST_POSTS` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path, process::Command};

use common::{stdout, with_posts};
use serde_json::Value;

fn reference(folder: &Path, arguments: &[&str]) -> Value {
    let python = std::env::var("TOOTMILL_REFERENCE_PYTHON")
        .expect("TOOTMILL_REFERENCE_PYTHON names a Python with the requirements");
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/reference.py");
    let output = Command::new(python).arg(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn agree(folder: &Path, input: &str) {
    let done: Value = serde_json::from_str(&stdout(folder, &["run", input, "--json", "--max-bad-share", "1"])).unwrap();
    for (name, count) in reference(folder, &[input, "--counters"]).as_object().unwrap() {
        assert_eq!(&done["counters"][name], count, "{input}: {name}");
    }
    for family in ["data", "day"] {
        let ours: Value = serde_json::from_str(&stdout(folder, &["tables", "dump", "--family", family])).unwrap();
        let theirs = reference(folder, &[input, "--family", family]);
        for (table, rows) in theirs.as_object().unwrap() {
            let (ours, theirs) = (ours[table].as_object().unwrap(), rows.as_object().unwrap());
            let differs = ours.keys().chain(theirs.keys()).find(|key| ours.get(*key) != theirs.get(*key));
            if let Some(key) = differs {
                panic!("{input}, {table}, {family}: {key:?} is {:?}, not {:?}", ours.get(key), theirs.get(key));
            }
        }
    }
}

/// Two gaps, two notes of a policy, and what is none.
const NOTES: &str = r#"{"gap":{"after":"1","before":null,"lineage":"public","reason":"expired"},"observed":"2026-11-24T10:00:00Z"}
{"gap":{}}
{"gap":"after"}
{"gap":null,"id":"gap","created_at":"2026-11-20"}
{"policy":{"name":"default","left_out":3,"reduced":40},"observed":"2026-11-24T10:00:00Z"}
{"policy":{"left_out":-3,"reduced":"4"},"id":null}
{"policy":{"left_out":5},"id":"policy","created_at":"2026-11-20"}
{"policy":["left_out"]}
"#;

#[test]
#[ignore = "needs the Python of tests/reference"]
fn a_synthetic_week_in_every_form() {
    let folder = with_posts(8_000);
    let mut lines = fs::read(folder.path().join("posts.jsonl")).unwrap();
    lines.splice(0..0, NOTES.bytes());
    fs::write(folder.path().join("posts.jsonl"), &lines).unwrap();
    agree(folder.path(), "posts.jsonl");
    fs::write(folder.path().join("posts.jsonl.zst"), zstd::encode_all(&*lines, 1).unwrap()).unwrap();
    agree(folder.path(), "posts.jsonl.zst");
    let sound = |line: &&[u8]| serde_json::from_slice::<Value>(line).is_ok_and(|value| value.is_object());
    let objects: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(sound).collect();
    fs::write(folder.path().join("array.json"), [b"[".as_slice(), &objects.join(&b","[..]), b"]"].concat()).unwrap();
    agree(folder.path(), "array.json");
    fs::write(folder.path().join("concatenated.json"), [b"\xef\xbb\xbf".as_slice(), &objects.concat()].concat())
        .unwrap();
    agree(folder.path(), "concatenated.json");
    let pretty = |object: &&[u8]| serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(object).unwrap()).unwrap();
    let pretty: Vec<Vec<u8>> = objects.iter().take(2_000).map(pretty).collect();
    fs::write(folder.path().join("pretty.json"), pretty.join(&b"\r\n"[..])).unwrap();
    agree(folder.path(), "pretty.json");
}

#[test]
#[ignore = "needs the Python of tests/reference"]
fn files_of_your_own() {
    for file in std::env::var("TOOTMILL_TEST_POSTS").unwrap_or_default().split_whitespace() {
        agree(tempfile::TempDir::new().unwrap().path(), file);
    }
}
