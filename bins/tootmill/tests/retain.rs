//! What has been in a lake for long enough goes: raw files, posts, deleted ones at once, and accounts that were not seen for long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{
    content, killed,
    people::{AS_SENT, all, compute, lake, make, tables, three_accounts},
    run, stdout,
};
use serde_json::{Value, json};

/// Is there while a retention is on its way.
const BEGUN: &str = "lake/mill.example/privacy/retaining.json";

fn retain(folder: &Path, arguments: &[&str]) -> Value {
    // The key is nothing to it.
    let of_lake = &lake("lake", "")[..4];
    let tables = ["--tables", "sqlite:lake.db", "--json", "--quiet"];
    let said = stdout(folder, &[&["retain"], of_lake, &tables, arguments].concat());
    serde_json::from_str(&said).unwrap()
}

#[test]
fn the_text_of_a_deleted_post_is_in_no_file_any_more_and_its_id_keeps_it_away() {
    let folder = three_accounts();
    let folder = folder.path();
    let posts = fs::read_to_string(folder.join("posts.jsonl")).unwrap();
    let answer = posts.lines().nth(1).unwrap().replace("900000002", "900000006").replace("900000001", "900000003");
    fs::write(folder.join("posts.jsonl"), posts + &answer + "\n").unwrap();
    make(folder, "posts.jsonl", "lake");
    let before = tables(folder, "lake");
    assert!(content(&folder.join("lake")).contains("sesame again"));
    let with_posts = || ["raw", "posts"].map(|place| content(&folder.join("lake/mill.example").join(place))).concat();
    assert!(with_posts().contains("900000003"));
    let told = retain(folder, &["--as-of", "2026-11-26"]);
    assert_eq!((&told["retained"]["deleted"], &told["retained"]["raw_days"]), (&json!(2), &json!([])));
    let left = all(folder, "lake");
    assert!(!left.contains("sesame again") && left.contains("sesame"));
    assert!(!with_posts().contains("900000003") && with_posts().contains("900000006"), "{}", with_posts());
    assert_eq!(told["retained"]["redacted"], 1);
    // It stays deleted, even where it is observed again.
    stdout(folder, &[&["import", "posts.jsonl", "--quiet"], &lake("lake", "privacy.key")[..], &AS_SENT].concat());
    compute(folder, "lake");
    assert_eq!(tables(folder, "lake"), before);
    // By its id, which nobody needs any more once its day is closed.
    assert!(all(folder, "lake").contains("900000003"));
    retain(folder, &["--as-of", "2028-01-01"]);
    assert!(!all(folder, "lake").contains("900000003"));
}

#[test]
fn an_account_that_posted_again_before_a_retention_was_gone_on_with_keeps_its_row() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let before = tables(folder, "lake");
    let leaving = json!({"salt": "salt", "accounts": ["400000002", "400000009"]});
    fs::write(folder.join(BEGUN), leaving.to_string()).unwrap();
    // Without the accounts, of which some days may be rid already, it would never come to its end.
    let without = run(folder, &[&["retain", "--no-tables"], &lake("lake", "")[..4]].concat());
    assert!(without.code == 2 && without.stderr.contains("say --accounts"), "{}: {}", without.code, without.stderr);
    retain(folder, &["--as-of", "2026-11-26", "--accounts", "400"]);
    assert_eq!(tables(folder, "lake"), before);
}

#[test]
fn days_and_accounts_go_and_what_they_counted_together_stays() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let before = tables(folder, "lake");
    let files = content(&folder.join("lake"));
    // Of 2026-11-23 and -24 no day has been there for long enough yet.
    let arguments = ["--as-of", "2027-01-02", "--raw", "38", "--posts", "40", "--accounts", "40"];
    let would = retain(folder, &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(content(&folder.join("lake")), files, "nothing was changed");
    let told = retain(folder, &arguments);
    assert_eq!(told["retained"], would["retained"]);
    let expected =
        json!({"raw_days": [], "posts_days": ["2026-11-22"], "deleted": 2, "redacted": 0, "accounts": 0, "kept": []});
    assert_eq!(told["retained"], expected);
    assert_eq!(tables(folder, "lake"), before);

    let arguments = ["--as-of", "2027-01-03", "--raw", "38", "--posts", "40", "--accounts", "40"];
    let told = retain(folder, &arguments);
    let expected = json!({"raw_days": ["2026-11-25"], "posts_days": ["2026-11-23"], "deleted": 0, "redacted": 0, "accounts": 2, "kept": []});
    assert_eq!(told["retained"], expected, "the accounts whose last posts were on the 23rd");
    let after = tables(folder, "lake");
    assert_eq!(
        (&before[0]["croissance_table"], &before[0]["language_table"]),
        (&after[0]["croissance_table"], &after[0]["language_table"])
    );
    let left = all(folder, "lake");
    // A post of the 24th answers the first, and has its id until it goes, too.
    assert_eq!(["400000001", "400000002", "400000003"].map(|id| left.contains(id)), [true, true, false]);
    assert_eq!(after[0]["user_table"].as_object().unwrap().len(), 1);
    let again = retain(folder, &arguments);
    let nothing = json!({"raw_days": [], "posts_days": [], "deleted": 0, "redacted": 0, "accounts": 0, "kept": []});
    assert_eq!(again["retained"], nothing);

    // What comes for a day that is closed is late.
    stdout(folder, &[&["import", "posts.jsonl", "--quiet"], &lake("lake", "privacy.key")[..], &AS_SENT].concat());
    compute(folder, "lake");
    assert_eq!(tables(folder, "lake"), after);
}

#[test]
fn a_retention_that_is_killed_at_any_moment_is_gone_on_with_to_its_end() {
    let made = three_accounts();
    make(made.path(), "posts.jsonl", "lake");
    let arguments = ["--as-of", "2027-01-03", "--raw", "38", "--posts", "40", "--accounts", "40"];
    let retains = |folder: &Path| {
        let of_tables = ["retain", "--tables", "sqlite:lake.db", "--quiet"];
        common::tootmill(folder, &[&of_tables[..], &lake("lake", "")[..4], &arguments].concat())
    };
    let mut unfinished = 0;
    killed::at_moments(12, made.path(), BEGUN, retains, |whole, folder| {
        unfinished += u32::from(folder.join(BEGUN).exists());
        retain(folder, &arguments);
        assert_eq!(tables(folder, "lake"), tables(whole, "lake"));
        // What is no more in the one is no more in the other.
        let texts = ["400000001", "400000002", "400000003", "900000001", "900000003", "sesame", "alone", "salt"];
        let in_lake = |folder| {
            let all = all(folder, "lake");
            texts.map(|text| all.contains(text))
        };
        assert_eq!(in_lake(folder), in_lake(whole));
        let again = retain(folder, &arguments);
        assert_eq!((&again["retained"]["deleted"], &again["retained"]["accounts"]), (&json!(0), &json!(0)));
    });
    assert!(unfinished > 1, "all but the first were over before they were killed");
}

#[test]
fn a_retention_that_was_interrupted_with_nobody_on_the_way_out_is_gone_on_with_without_accounts() {
    let folder = three_accounts();
    let folder = folder.path();
    make(folder, "posts.jsonl", "lake");
    let leaving = json!({"salt": "salt", "accounts": [], "tables": ["sqlite:lake.db"]});
    fs::write(folder.join(BEGUN), leaving.to_string()).unwrap();
    retain(folder, &["--as-of", "2026-11-26"]);
    assert!(!folder.join(BEGUN).exists());
}

#[test]
fn what_is_not_counted_yet_is_kept() {
    let folder = three_accounts();
    let folder = folder.path();
    let of_lake = lake("lake", "privacy.key");
    let observed = ["--observed", "2026-11-25", "--quiet"];
    stdout(folder, &[&["import", "posts.jsonl"], &of_lake[..], &AS_SENT, &observed].concat());
    let told = retain(folder, &["--as-of", "2028-01-01"]);
    assert!(told["retained"]["kept"][0].as_str().unwrap().contains("not compacted"), "{told}");
    stdout(folder, &[&["compact", "--quiet"], &of_lake[..4]].concat());
    let told = retain(folder, &["--as-of", "2028-01-01"]);
    assert_eq!(
        (&told["retained"]["raw_days"], told["retained"]["kept"].as_array().unwrap().len()),
        (&json!(["2026-11-25"]), 3)
    );
    assert!(content(&folder.join("lake")).contains("sesame"));
    let short = run(folder, &[&["retain", "--accounts", "10"], &of_lake[..4]].concat());
    assert!(short.code == 2 && short.stderr.contains("--accounts"), "{}", short.stderr);
}
