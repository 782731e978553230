//! Accounts and posts that are forgotten: nothing of them is left in a lake and its tables, and all else is as if they had never
//! posted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{collections::BTreeSet, fs, path::Path};

use common::{
    content, killed,
    people::{AS_SENT, INSTANCE, Tenth, all, compute, forget, lake, make, tables, three_accounts},
    run, stdout, with_posts,
};
use serde_json::{Value, json};

/// Is there while an erasure is on its way.
const BEGUN: &str = "lake/mill.example/privacy/erasing.json";

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
    let meant = Tenth::of_posts_in(folder);
    make(folder, "posts.jsonl", "lake");
    make(folder, "rest.jsonl", "rest");
    assert_ne!(tables(folder, "lake"), tables(folder, "rest"));
    let before = all(folder, "lake");
    let would = forget(folder, "lake", &["--accounts", "accounts", "--dry-run"]);
    assert_eq!(all(folder, "lake"), before, "nothing was changed");
    let told = forget(folder, "lake", &["--accounts", "accounts"]);
    assert_eq!(told["erased"], would["erased"]);
    assert!(told["erased"]["posts"].as_u64() > Some(20), "{told}");
    assert_same(folder);
    let left = all(folder, "lake");
    assert!(meant.count_in(&before) > meant.ids.len() + 50);
    meant.assert_none_in(&left);

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
    meant.assert_none_in(&all(folder, "lake"));
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
    expire_all(folder);
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
    // And the report says so.
    let report = ["report", "--tables", "sqlite:lake.db", "--lake", "lake", INSTANCE[0], INSTANCE[1]];
    let numbers: Value = serde_json::from_str(&stdout(folder, &[&report[..], &["--json"]].concat())).unwrap();
    assert_eq!(numbers["forgotten"], json!({"times": 1}));
    stdout(folder, &report);
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(
        page.contains("Accounts or posts were forgotten (runs: 1)") && page.contains("together, such as languages")
    );
}

#[test]
fn of_a_day_whose_posts_have_expired_no_state_has_the_id_of_a_post_that_is_forgotten() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let before = tables(folder, "lake");
    expire_all(folder);
    let states =
        || content(&folder.join("lake/mill.example/states")) + &content(&folder.join("lake/mill.example/totals"));
    assert!(states().contains("900000001"));
    let told = forget(folder, "lake", &["--post", "900000001"]);
    assert_eq!((&told["erased"]["records"], &told["erased"]["posts"]), (&json!(1), &json!(0)), "{told}");
    assert!(!all(folder, "lake").contains("900000001"));
    // What was counted stays.
    assert_eq!(tables(folder, "lake"), before);
}

/// As if all that was observed and posted had been there for long enough.
fn expire_all(folder: &Path) {
    for day in ["22", "23", "24"] {
        let posts = folder.join(format!("lake/mill.example/posts/date=2026-11-{day}"));
        if posts.exists() {
            fs::remove_dir_all(&posts).unwrap();
            fs::create_dir(&posts).unwrap();
            fs::write(posts.join("CLOSED"), "").unwrap();
        }
    }
    fs::remove_dir_all(folder.join("lake/mill.example/raw")).unwrap();
}

#[test]
fn tables_that_are_not_there_are_missed_before_anything_is_changed() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let before = all(folder, "lake");
    let forget_ada = |more: &[&str]| {
        run(folder, &[&["forget", "--account", "@ada"], &lake("lake", "privacy.key")[..], more].concat())
    };
    for (tables, missing) in [(&[][..], "sqlite:tootmill.db"), (&["--tables", "sqlite:lakes.db"], "sqlite:lakes.db")] {
        let ran = forget_ada(tables);
        assert!(ran.code == 2 && ran.stderr.contains(missing) && ran.stderr.contains("--no-tables"), "{}", ran.stderr);
    }
    let both = forget_ada(&["--no-tables", "--tables", "sqlite:lake.db"]);
    assert!(both.code == 2 && both.stderr.contains("leave out --tables"), "{}", both.stderr);
    assert_eq!(all(folder, "lake"), before);
    let of_lake = lake("lake", "privacy.key");
    let mut none = common::tootmill(folder, &[&["forget", "--account", "@ada", "--no-tables"], &of_lake[..]].concat());
    let none: common::Ran = none.env("TOOTMILL_TABLES", "sqlite:lake.db").output().unwrap().into();
    assert!(
        none.code == 0 && none.stderr.contains("loaded into sqlite:lake.db once"),
        "{}: {}",
        none.code,
        none.stderr
    );
    assert!(!content(&folder.join("lake")).contains("400000001"));
    // Those of a first load that broke off have rows, and no load on record.
    assert!(content(folder).contains("400000001"));
    rusqlite::Connection::open(folder.join("lake.db")).unwrap().execute_batch("DELETE FROM runs").unwrap();
    forget(folder, "lake", &["--account", "400000001"]);
    assert!(!all(folder, "lake").contains("400000001"));
}

#[test]
fn an_erasure_that_is_killed_at_any_moment_is_gone_on_with_to_its_end() {
    let made = three_accounts();
    make(made.path(), "posts.jsonl", "lake");
    let forget_ada = |folder: &Path| {
        let arguments = ["forget", "--account", "@ada", "--tables", "sqlite:lake.db", "--quiet"];
        common::tootmill(folder, &[&arguments[..], &lake("lake", "privacy.key")].concat())
    };
    let mut unfinished = 0;
    killed::at_moments(12, made.path(), BEGUN, forget_ada, |whole, folder| {
        // Who it is of stands in the lake by then, or nothing was changed yet.
        if folder.join(BEGUN).exists() {
            unfinished += 1;
            let status = run(folder, &["status", "--lake", "lake", INSTANCE[0], INSTANCE[1]]);
            assert!(status.code == 1 && status.stdout.contains("erasure was interrupted"), "{}", status.stdout);
            forget(folder, "lake", &[]);
        } else {
            forget(folder, "lake", &["--account", "@ada"]);
        }
        assert_eq!(tables(folder, "lake"), tables(whole, "lake"));
        let left = all(folder, "lake");
        assert!(!left.contains("400000001") && !left.contains("sesame") && !has_word(&left, "ada"), "{left}");
    });
    assert!(unfinished > 1, "all but the first were over before they were killed");
}

#[test]
fn what_is_left_of_them_is_told_and_the_erasure_stays_on_its_way() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let fails = |more: &[&str], words: &str| {
        let arguments = ["forget", "--tables", "sqlite:lake.db", "--quiet"];
        let ran = run(folder, &[&arguments[..], &lake("lake", "privacy.key")[..], more].concat());
        assert!(ran.code == 1 && ran.stderr.contains(words), "{}: {}", ran.code, ran.stderr);
        assert!(folder.join(BEGUN).exists(), "who it is of is not known any more");
    };
    // A row that does not go.
    let tables = rusqlite::Connection::open(folder.join("lake.db")).unwrap();
    let stays = "CREATE TRIGGER stays BEFORE DELETE ON user_table WHEN OLD.row_key = '400000001' BEGIN SELECT RAISE(IGNORE); END";
    tables.execute_batch(stays).unwrap();
    fails(&["--account", "@ada"], "a row of them is left in the table user_table");
    tables.execute_batch("DROP TRIGGER stays").unwrap();
    // A file that nobody of ours has written.
    let notes = folder.join("lake/mill.example/notes.json");
    fs::write(&notes, r#"["400000001"]"#).unwrap();
    fails(&[], "notes.json: it goes on with the next `tootmill forget`");
    fs::remove_file(notes).unwrap();
    forget(folder, "lake", &[]);
    assert!(!folder.join(BEGUN).exists() && !all(folder, "lake").contains("400000001"));
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
        let ran = run(folder, &[&["forget", "--no-tables"], &lake("lake", "privacy.key")[..], whom].concat());
        assert!(ran.code == code && ran.stderr.contains(words), "{whom:?}: {} {}", ran.code, ran.stderr);
    }
    assert!(!folder.join("privacy.key").exists());
}
