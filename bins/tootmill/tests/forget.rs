//! Accounts and posts that are forgotten: nothing of them is left in a lake and its tables, and all else is as if they had never
//! posted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{collections::BTreeSet, fs, path::Path, process::Stdio, thread, time::Instant};

use common::{
    content,
    people::{AS_SENT, INSTANCE, all, compute, forget, has_number, lake, make, tables, three_accounts},
    run, stdout, with_posts,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tootmill_metric::Line;

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

/// Whether a text has a word, which the hashes in the log may have within them.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|character: char| !character.is_alphanumeric()).any(|one| one == word)
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
    for of_ada in ["400000001", "900000001", "900000003", "sesame"] {
        assert!(!left.contains(of_ada), "{of_ada} is left: {left}");
    }
    assert!(!has_word(&left, "ada"), "{left}");
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

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn an_erasure_that_is_killed_at_any_moment_is_gone_on_with_to_its_end() {
    const MOMENTS: u32 = 12;
    let made = three_accounts();
    make(made.path(), "posts.jsonl", "lake");
    let forget_ada = |folder: &Path| {
        let arguments = ["forget", "--account", "@ada", "--tables", "sqlite:lake.db", "--quiet"];
        common::tootmill(folder, &[&arguments[..], &lake("lake", "privacy.key")].concat())
    };
    let whole = TempDir::new().unwrap();
    copy(made.path(), whole.path());
    let began = Instant::now();
    assert!(forget_ada(whole.path()).status().unwrap().success());
    let time = began.elapsed();
    let (mut killed, mut unfinished) = (0, 0);
    for moment in 1..=MOMENTS {
        let folder = TempDir::new().unwrap();
        let folder = folder.path();
        copy(made.path(), folder);
        let mut process = forget_ada(folder).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(time * moment / (MOMENTS + 1));
        process.kill().unwrap();
        killed += u32::from(process.wait().unwrap().code().is_none());
        // Who it is of stands in the lake by then, or nothing was changed yet.
        if folder.join("lake/mill.example/privacy/erasing.json").exists() {
            unfinished += 1;
            let status = run(folder, &["status", "--lake", "lake", INSTANCE[0], INSTANCE[1]]);
            assert!(status.code == 1 && status.stdout.contains("erasure was interrupted"), "{}", status.stdout);
            forget(folder, "lake", &[]);
        } else {
            forget(folder, "lake", &["--account", "@ada"]);
        }
        assert_eq!(tables(folder, "lake"), tables(whole.path(), "lake"), "killed at moment {moment}");
        let left = all(folder, "lake");
        assert!(!left.contains("400000001") && !left.contains("sesame") && !has_word(&left, "ada"), "{left}");
    }
    assert!(killed * 2 > MOMENTS && unfinished > 1, "{killed} were killed, {unfinished} in the middle");
}

#[test]
fn a_name_whose_id_is_not_known_is_refused_and_nothing_is_changed() {
    let folder = three_accounts();
    let folder = folder.path();
    let of_lake = lake("lake", "privacy.key");
    // The policy keeps no names of who did not say that they may be.
    stdout(folder, &[&["import", "posts.jsonl", "--quiet"], &of_lake[..]].concat());
    compute(folder, "lake");
    let before = all(folder, "lake");
    for more in [&[][..], &["--account", "400000002"], &["--post", "900000002"], &["--dry-run"]] {
        let named = ["forget", "--account", "@ada", "--tables", "sqlite:lake.db", "--quiet"];
        let ran = run(folder, &[&named[..], &of_lake, more].concat());
        let told = ran.stderr.contains("@ada") && ran.stderr.contains("give its id");
        assert!(ran.code == 1 && told, "{more:?}: {} {}", ran.code, ran.stderr);
    }
    assert_eq!(all(folder, "lake"), before);
    assert!(!folder.join("privacy.key").exists());
    forget(folder, "lake", &["--account", "400000001"]);
    assert!(!all(folder, "lake").contains("400000001"));
}

#[test]
fn what_cannot_be_is_said() {
    let folder = three_accounts();
    let folder = folder.path();
    for (whom, code, words) in [
        (&[][..], 2, "say whom"),
        (&["--accounts", "missing"], 1, "missing"),
        (&["--post", ""], 2, "empty"),
        (&["--account", "", "--post", "1"], 2, "no account"),
        (&["--account", "id:"], 2, "no account"),
        (&["--account", "https://mill.example/@ada"], 2, "no account"),
    ] {
        let ran = run(folder, &[&["forget"], &lake("lake", "privacy.key")[..], whom].concat());
        assert!(ran.code == code && ran.stderr.contains(words), "{whom:?}: {} {}", ran.code, ran.stderr);
    }
    assert!(!folder.join("privacy.key").exists());
}
