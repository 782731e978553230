//! A lake that posts come into under a policy: its tables follow it, and nothing of what is not to be kept is in any file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{content, run, stdout};
use serde_json::{Value, json};
use tempfile::TempDir;

const LAKE: [&str; 4] = ["--lake", "lake", "--instance", "mill.example"];

/// Text that is to be in no file.
const SECRET: &str = "sesame";

fn post(id: u32, account: u32, says: &Value) -> String {
    let mut of_post = json!({"id": account.to_string(), "acct": format!("{SECRET}{account}@a.example"), "followers_count": 10,
        "display_name": SECRET, "created_at": "2026-01-01T00:00:00Z", "note": "<p>words</p>"});
    of_post.as_object_mut().unwrap().extend(says.as_object().unwrap().clone());
    let content = format!("<p>{SECRET} <a href=\"https://b.example/{SECRET}\">b</a></p>");
    json!({"id": id.to_string(), "created_at": "2026-11-24T10:00:00Z", "language": "de", "content": content, "favourites_count": 1,
        "uri": format!("https://a.example/{SECRET}"), "tags": [{"name": "art", "url": SECRET}], "account": of_post})
    .to_string()
        + "\n"
}

/// One post each of accounts 1, which says `indexable`, 2, which says nothing, 3, which says `noindex`, 4, which has a tag,
/// 5, whose server is on a list, and 6, which is on a list and the instance's own.
fn with_posts() -> TempDir {
    let folder = TempDir::new().unwrap();
    let indexable = json!({"indexable": true, "display_name": "", "acct": "ada"});
    let says = [
        indexable,
        json!({}),
        json!({"noindex": true, "indexable": true}),
        json!({"note": "<p><a href=\"https://a.example/tags/nobot\" class=\"mention hashtag\">#<span>NoBot</span></a></p>"}),
        json!({"acct": format!("{SECRET}@spam.example")}),
    ];
    let posts: String = (1..).zip(&says).map(|(number, says)| post(number + 10, number, says)).collect();
    let posts = posts.replacen(SECRET, "words", 4);
    fs::write(folder.path().join("posts.jsonl"), posts + "{\"" + SECRET + "\n").unwrap();
    let local = post(16, 6, &json!({"acct": "bob"}));
    fs::write(
        folder.path().join("posts.jsonl"),
        fs::read_to_string(folder.path().join("posts.jsonl")).unwrap() + &local,
    )
    .unwrap();
    fs::write(folder.path().join("blocked"), "spam.example\nbob@mill.example\n").unwrap();
    folder
}

fn tables(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&stdout(folder, &["tables", "dump", "--tables", &format!("sqlite:{file}")])).unwrap()
}

fn last_run(folder: &Path, file: &str) -> Value {
    let runs = stdout(folder, &["tables", "dump", "--tables", &format!("sqlite:{file}"), "runs"]);
    let runs: Value = serde_json::from_str(&runs).unwrap();
    runs["runs"].as_object().unwrap().values().next().unwrap().clone()
}

#[test]
fn tables_of_a_lake_follow_its_policy_and_so_do_those_of_run_if_it_is_asked_to() {
    let folder = with_posts();
    let folder = folder.path();
    let max_bad = ["--max-bad-share", "1"];
    for (policy, users, left_out, reduced) in
        [("open", &["1", "2", "3", "4"][..], 2, 0), ("default", &["1", "2"], 4, 1), ("strict", &["1"], 4, 1)]
    {
        let asked = ["--policy", policy, "--block-list", "blocked"];
        let imported = stdout(folder, &[&["import", "posts.jsonl", "--json", "--quiet"], &LAKE[..], &asked].concat());
        let imported: Value = serde_json::from_str(&imported).unwrap();
        assert_eq!(imported["policy"]["left_out"], left_out, "{imported}");
        let file = format!("{policy}.db");
        let to = ["--date", "2026-11-24", "--tables", &format!("sqlite:{file}"), "--quiet"];
        stdout(folder, &[&["daily"], &to[..], &LAKE, &max_bad].concat());
        let of_lake = tables(folder, &file);
        let found: Vec<&String> = of_lake["user_table"].as_object().unwrap().keys().collect();
        assert_eq!(found, users, "{policy}");
        let counted = if policy == "strict" { 2 } else { users.len() };
        assert_eq!(of_lake["url_table"]["b.example"]["data:count"], counted.to_string(), "{policy}");
        assert_eq!(of_lake["tag_table"]["art"]["data:count"], counted.to_string(), "{policy}");
        let story = last_run(folder, &file);
        let story = ["data:posts", "data:left_out", "data:reduced", "data:bad"].map(|name| story[name].clone());
        assert_eq!(story, [counted, left_out, reduced, 1].map(|count| json!(count.to_string())), "{policy}");

        stdout(
            folder,
            &[&["run", "posts.jsonl", "--tables", "sqlite:run.db", "--quiet"], &asked[..], &LAKE[2..], &max_bad]
                .concat(),
        );
        assert_eq!(tables(folder, "run.db"), of_lake, "{policy}");
        if policy != "open" {
            let found = content(&folder.join("lake"));
            assert!(!found.contains(SECRET), "{found}");
            assert!(found.contains("words"), "what account 1 wrote is kept");
        }
        let recorded = fs::read_to_string(folder.join("lake/mill.example/privacy/policies.json")).unwrap();
        let recorded: Value = serde_json::from_str(&recorded).unwrap();
        assert_eq!((&recorded[0]["policy"]["name"], &recorded[0]["policy"]["blocked"]), (&json!(policy), &json!(2)));
        fs::remove_dir_all(folder.join("lake")).unwrap();
        fs::remove_file(folder.join("run.db")).unwrap();
    }
    stdout(folder, &[&["run", "posts.jsonl", "--tables", "sqlite:run.db", "--quiet"], &max_bad[..]].concat());
    assert_eq!(tables(folder, "run.db")["user_table"].as_object().unwrap().len(), 6, "nobody asked for a policy");
}

#[test]
fn posts_follow_the_later_observation_that_says_less_and_numbers_do_not() {
    let folder = with_posts();
    let folder = folder.path();
    let posts = || {
        let day = folder.join("lake/mill.example/posts/date=2026-11-24");
        content(&day.join(fs::read_to_string(day.join("CURRENT")).unwrap().trim()))
    };
    let import = |policy: &str, observed: &str| {
        let asked = ["import", "posts.jsonl", "--policy", policy, "--observed", observed];
        stdout(folder, &[&asked, &LAKE[..]].concat());
        let to = ["--date", "2026-11-24", "--tables", "sqlite:tables.db", "--quiet", "--max-bad-share", "1"];
        stdout(folder, &[&["daily"], &to[..], &LAKE].concat());
        let users = tables(folder, "tables.db")["user_table"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        (users, posts().matches(SECRET).count())
    };
    let (users, secrets) = import("open", "2026-11-24");
    assert!(users.len() == 6 && secrets > 3, "{users:?} {secrets}");
    // Account 2 says nothing.
    let lines = fs::read_to_string(folder.join("posts.jsonl")).unwrap();
    let of_two: String = lines.lines().filter(|line| line.contains("\"id\":\"12\"")).collect();
    fs::write(folder.join("posts.jsonl"), of_two + "\n").unwrap();
    let (users, fewer) = import("default", "2026-11-25");
    assert!(users.len() == 6 && fewer < secrets, "{users:?} {fewer} of {secrets}");
    assert_eq!(import("strict", "2026-11-26"), (["1", "3", "4", "5", "6"].map(str::to_owned).into(), fewer));
}

#[test]
fn everything_is_kept_as_it_was_sent_where_that_is_asked_for() {
    let folder = with_posts();
    let folder = folder.path();
    stdout(folder, &[&["import", "posts.jsonl", "--policy", "open", "--keep-all-fields"], &LAKE[..]].concat());
    let posts = fs::read_to_string(folder.join("posts.jsonl")).unwrap();
    assert!(content(&folder.join("lake/mill.example/raw")).contains(&posts));
    let said = run(folder, &[&["import", "posts.jsonl"], &LAKE[..]].concat());
    assert_eq!((said.code, said.stderr.contains("kept from now on")), (0, false), "{}", said.stderr);
}

#[test]
fn what_does_not_go_together_is_said() {
    let folder = with_posts();
    let folder = folder.path();
    fs::write(folder.join("odd"), "a.example\ntwo words\n").unwrap();
    for (arguments, code, words) in [
        (&["import", "posts.jsonl", "--policy", "mild"][..], 2, "open, default or strict"),
        (&["import", "posts.jsonl", "--opt-out-tag", "no-bot"], 2, "is no tag"),
        (&["import", "posts.jsonl", "--opt-out-tag", ""], 2, "is no tag"),
        (&["import", "posts.jsonl", "--block-list", "odd"], 1, "line 2"),
        (&["import", "posts.jsonl", "--block-list", "missing"], 1, "missing"),
        (&["run", "posts.jsonl", "--block-list", "blocked"], 2, "--policy"),
        (&["run", "posts.jsonl", "--policy", "open", "--block-list", "blocked"], 2, "--instance"),
    ] {
        let lake = if arguments[0] == "run" { &[][..] } else { &LAKE };
        let ran = run(folder, &[arguments, lake].concat());
        assert!(ran.code == code && ran.stderr.contains(words), "{arguments:?}: {} {}", ran.code, ran.stderr);
    }
    assert!(!folder.join("lake/mill.example/privacy").exists(), "nothing was done");
}
