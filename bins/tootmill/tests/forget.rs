//! Accounts and posts that are forgotten: nothing of them is left in a lake and its tables, and all else is as if they had never
//! posted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{collections::BTreeSet, fs, path::Path};

use common::{content, run, stdout, with_posts};
use serde_json::{Value, json};
use tempfile::TempDir;
use tootmill_metric::Line;

const INSTANCE: [&str; 2] = ["--instance", "mill.example"];
const AS_SENT: [&str; 3] = ["--policy", "open", "--keep-all-fields"];

fn lake<'a>(name: &'a str, key: &'a str) -> [&'a str; 6] {
    ["--lake", name, INSTANCE[0], INSTANCE[1], "--key", key]
}

/// Imports a file as it is, and computes and loads all.
fn make(folder: &Path, posts: &str, name: &str) {
    let of_lake = lake(name, "privacy.key");
    stdout(folder, &[&["import", posts, "--observed", "2026-11-25T10:00", "--quiet"], &of_lake[..], &AS_SENT].concat());
    compute(folder, name);
}

fn compute(folder: &Path, name: &str) {
    let tables = format!("sqlite:{name}.db");
    let stages: [&[&str]; 4] = [&["compact"], &["submit", "--on", "local"], &["merge"], &["load", "--tables", &tables]];
    for stage in stages {
        stdout(folder, &[stage, &["--quiet", "--lake", name], &INSTANCE].concat());
    }
}

fn forget(folder: &Path, name: &str, whom: &[&str]) -> Value {
    let tables = format!("sqlite:{name}.db");
    let said = stdout(
        folder,
        &[&["forget", "--tables", &tables, "--json", "--quiet"], &lake(name, "privacy.key")[..], whom].concat(),
    );
    serde_json::from_str(&said).unwrap()
}

fn tables(folder: &Path, name: &str) -> Value {
    let dump = |family| -> Value {
        let tables = format!("sqlite:{name}.db");
        serde_json::from_str(&stdout(folder, &["tables", "dump", "--tables", &tables, "--family", family])).unwrap()
    };
    json!([dump("data"), dump("day")])
}

/// All that is in the lake and its tables.
fn all(folder: &Path, name: &str) -> String {
    content(&folder.join(name)) + &String::from_utf8_lossy(&fs::read(folder.join(format!("{name}.db"))).unwrap())
}

/// The tables of `lake` are those of `rest`.
#[track_caller]
fn assert_same(folder: &Path) {
    let mut differences = Vec::new();
    let (lake, rest) = (tables(folder, "lake"), tables(folder, "rest"));
    for (of_lake, of_rest) in lake.as_array().unwrap().iter().zip(rest.as_array().unwrap()) {
        for (name, table) in of_lake.as_object().unwrap() {
            let (table, rest) = (table.as_object().unwrap(), of_rest[name].as_object().unwrap());
            let keys: BTreeSet<&String> = table.keys().chain(rest.keys()).collect();
            let differ = keys.into_iter().filter(|key| table.get(*key) != rest.get(*key));
            differences
                .extend(differ.map(|key| format!("{name} {key}: {:?} and not {:?}", table.get(key), rest.get(key))));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Whether a text has a number as a whole.
fn has_number(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = text.as_bytes();
        !is_digit(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_digit(bytes.get(at + number.len()))
    })
}

#[test]
fn of_a_tenth_of_the_accounts_nothing_is_left_and_the_rest_is_as_if_they_had_never_posted() {
    let folder = with_posts(600);
    let folder = folder.path();
    let posts = fs::read_to_string(folder.join("posts.jsonl"))
        .unwrap_or_else(|_| String::from_utf8_lossy(&fs::read(folder.join("posts.jsonl")).unwrap()).into_owned());
    let account_of = |line: &str| match Line::parse(line) {
        Ok(Line::Post(post)) => post.account.map(|account| account.id().to_owned()),
        _ => None,
    };
    let accounts: BTreeSet<String> = posts.lines().filter_map(account_of).filter(|id| id.len() > 12).collect();
    let meant: BTreeSet<&String> = accounts.iter().step_by(10).collect();
    assert!(meant.len() > 10, "{}", meant.len());
    let is_theirs = |line: &&str| account_of(line).is_some_and(|id| meant.contains(&id));
    let rest: String = posts.lines().filter(|line| !is_theirs(line)).map(|line| format!("{line}\n")).collect();
    fs::write(folder.join("rest.jsonl"), rest).unwrap();
    make(folder, "posts.jsonl", "lake");
    make(folder, "rest.jsonl", "rest");
    assert_ne!(tables(folder, "lake"), tables(folder, "rest"));
    let before = all(folder, "lake");
    fs::write(folder.join("accounts"), meant.iter().map(|id| format!("{id}\n")).collect::<String>()).unwrap();
    let would = forget(folder, "lake", &["--accounts", "accounts", "--dry-run"]);
    assert_eq!(all(folder, "lake"), before, "nothing was changed");
    let told = forget(folder, "lake", &["--accounts", "accounts"]);
    assert_eq!(told["erased"], would["erased"]);
    assert!(told["erased"]["posts"].as_u64() > Some(20), "{told}");
    assert_same(folder);
    let left = all(folder, "lake");
    let others: String = fs::read_to_string(folder.join("rest.jsonl")).unwrap_or_default();
    let mut searched = 0;
    for id in &meant {
        assert!(has_number(&before, id) && !has_number(&left, id), "{id} is left");
    }
    for theirs in posts.lines().filter(is_theirs).filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let account = &theirs["account"];
        for text in [&account["acct"], &account["url"], &account["display_name"], &theirs["content"], &theirs["id"]] {
            let Some(text) = text.as_str().filter(|text| text.len() > 20 && !others.contains(*text)) else { continue };
            let text = serde_json::to_string(text).unwrap();
            let text = text.trim_matches('"');
            searched += u32::from(before.contains(text));
            assert!(!left.contains(text), "{text} is left");
        }
    }
    assert!(searched > 50, "{searched}");

    // They do not come back, whatever is computed again.
    stdout(
        folder,
        &[
            &["import", "posts.jsonl", "--observed", "2026-11-25T11:00", "--quiet"],
            &lake("lake", "privacy.key")[..],
            &AS_SENT,
        ]
        .concat(),
    );
    compute(folder, "lake");
    assert_same(folder);
    let other_key = run(folder, &[&["import", "posts.jsonl"], &lake("lake", "other.key")[..]].concat());
    assert!(other_key.code == 1 && other_key.stderr.contains("no key"), "{}", other_key.stderr);
}

fn post(id: u32, account: u32, more: &Value) -> String {
    let name = ["ada", "bob@b.example", "eva"][account as usize - 1];
    let mut post = json!({"id": format!("90000000{id}"), "created_at": format!("2026-11-2{}T10:00:00Z", 2 + id % 3), "content": "",
        "account": {"id": format!("40000000{account}"), "acct": name, "created_at": "2026-01-01T00:00:00Z", "followers_count": 3}});
    post.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("{post}\n")
}

/// Six posts of three accounts, who answer and name each other.
fn three_accounts() -> TempDir {
    let folder = TempDir::new().unwrap();
    let answer = json!({"in_reply_to_id": "900000001", "in_reply_to_account_id": "400000001", "mentions": [{"id": "400000001", "acct": "ada"}],
        "content": "<p><a href=\"https://mill.example/@ada\" class=\"u-url mention\">@<span>ada</span></a> yes</p>"});
    let posts = [
        post(1, 1, &json!({"content": "<p>sesame</p>"})),
        post(2, 2, &answer),
        post(3, 1, &json!({"content": "<p>sesame again</p>"})),
        post(4, 3, &json!({"content": "<p>alone</p>"})),
        post(5, 2, &json!({})),
        json!({"deleted": "900000003", "observed": "2026-11-25"}).to_string() + "\n",
    ];
    fs::write(folder.path().join("posts.jsonl"), posts.concat()).unwrap();
    folder
}

#[test]
fn an_account_is_forgotten_by_its_name_and_nobody_answers_or_names_it_any_more() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let told = forget(folder, "lake", &["--account", "@Ada@mill.example"]);
    assert_eq!(
        (&told["accounts"], &told["erased"]["posts"], &told["erased"]["raw_lines"]),
        (&json!(1), &json!(1), &json!(3))
    );
    let left = all(folder, "lake");
    for of_ada in ["ada", "400000001", "900000001", "900000003", "sesame"] {
        assert!(!left.contains(of_ada), "{of_ada} is left: {left}");
    }
    assert!(left.contains("yes</p>") && left.contains("alone") && left.contains("400000003"));
    let users = tables(folder, "lake")[0]["user_table"].as_object().unwrap().len();
    assert_eq!(users, 2);
    let again = forget(folder, "lake", &["--account", "@Ada@mill.example"]);
    assert_eq!(
        (&again["erased"]["posts"], &again["erased"]["raw_lines"]),
        (&json!(0), &json!(0)),
        "there is nothing to do"
    );
}

#[test]
fn a_post_is_forgotten_and_its_account_is_not() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    forget(folder, "lake", &["--post", "900000002"]);
    let left = all(folder, "lake");
    assert!(
        !left.contains("900000002")
            && !left.contains("yes</p>")
            && left.contains("400000002")
            && left.contains("sesame")
    );
    stdout(folder, &[&["import", "posts.jsonl", "--quiet"], &lake("lake", "privacy.key")[..], &AS_SENT].concat());
    assert!(!content(&folder.join("lake")).contains("900000002"));
}

#[test]
fn of_days_whose_posts_have_expired_their_own_rows_go_and_what_they_share_stays() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let before = tables(folder, "lake");
    for day in ["22", "23", "24"] {
        let posts = folder.join(format!("lake/mill.example/posts/date=2026-11-{day}"));
        if posts.exists() {
            fs::remove_dir_all(&posts).unwrap();
            fs::create_dir(&posts).unwrap();
            fs::write(posts.join("CLOSED"), "").unwrap();
        }
    }
    fs::remove_dir_all(folder.join("lake/mill.example/raw")).unwrap();
    // Nothing tells the name of an account any more: its id does.
    let told = forget(folder, "lake", &["--account", "400000001"]);
    assert_eq!(
        (&told["erased"]["records"], &told["erased"]["closed_days"]),
        (&json!(2), &json!(["2026-11-23"])),
        "{told}"
    );
    let after = tables(folder, "lake");
    let languages = |tables: &Value| tables[0]["language_table"].clone();
    assert_eq!(languages(&before), languages(&after));
    assert_eq!(after[0]["user_table"].as_object().unwrap().keys().collect::<Vec<_>>(), ["400000002", "400000003"]);
    assert_eq!(after[0]["croissance_table"]["2026-01"]["data:count"], "2");
    assert!(!all(folder, "lake").contains("400000001"));
}

#[test]
fn what_cannot_be_is_said() {
    let folder = three_accounts();
    let folder = folder.path();
    for (whom, code, words) in [(&[][..], 2, "say whom"), (&["--accounts", "missing"], 1, "missing")] {
        let ran = run(folder, &[&["forget"], &lake("lake", "privacy.key")[..], whom].concat());
        assert!(ran.code == code && ran.stderr.contains(words), "{whom:?}: {} {}", ran.code, ran.stderr);
    }
    assert!(!folder.join("privacy.key").exists());
}
