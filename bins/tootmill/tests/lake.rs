//! A lake on disk, from raw files to tables, stage by stage and all at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{Ran, stdout, tootmill, with_posts};
use serde_json::Value;

const LAKE: [&str; 4] = ["--lake", "lake", "--instance", "mill.example"];

/// Runs a command over the lake, which is to succeed, and gives its outcome.
#[track_caller]
fn outcome(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(folder, &[arguments, &LAKE, &["--json", "--quiet"]].concat())).unwrap()
}

/// The tables with their totals and days.
fn tables(folder: &Path, file: &str) -> [String; 2] {
    let tables = format!("sqlite:{file}");
    ["data", "day"].map(|family| stdout(folder, &["tables", "dump", "--tables", &tables, "--family", family]))
}

fn post(id: &str, day: &str, more: &str) -> String {
    format!("{{\"id\":\"{id}\",\"created_at\":\"{day}T10:00:00Z\",\"language\":\"de\"{more}}}\n")
}

/// How many posts count, and how many of them are ripe, in the last of the `runs`.
fn posts_and_ripe(folder: &Path, file: &str) -> (u64, u64) {
    let dump = stdout(folder, &["tables", "dump", "--tables", &format!("sqlite:{file}"), "runs"]);
    let dump: Value = serde_json::from_str(&dump).unwrap();
    let run = dump["runs"].as_object().unwrap().iter().max_by_key(|(timestamp, _)| timestamp.parse::<i64>().unwrap());
    let count = |name: &str| run.unwrap().1[name].as_str().unwrap().parse().unwrap();
    (count("data:posts"), count("data:ripe"))
}

/// What the stages did that were not passed over, as `stage day`.
fn done(daily: &Value) -> Vec<String> {
    let stages = daily["stages"].as_array().unwrap().iter();
    let has_done = |stage: &&Value| {
        let outcome = &stage["outcome"];
        let is_done = |name: &str, unless: &Value| outcome.get(name).is_some_and(|value| value != unless);
        is_done("was_done", &true.into()) || is_done("files", &0.into()) || is_done("changed", &false.into())
    };
    stages.filter(has_done).map(|stage| stage["stage"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_lake_gives_the_tables_that_run_gives() {
    let folder = with_posts(3000);
    let folder = folder.path();
    let text = fs::read(folder.join("posts.jsonl")).unwrap();
    let half = text.len() / 2 + text[text.len() / 2..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(folder.join("first.jsonl"), &text[..half]).unwrap();
    fs::write(folder.join("second.jsonl"), &text[half..]).unwrap();
    // Of what was observed on the way some is ripe.
    for (part, observed) in [("first.jsonl", "2026-11-19"), ("second.jsonl", "2026-11-22T07:00:00Z")] {
        outcome(folder, &["import", part, "--observed", observed]);
        assert_eq!(outcome(folder, &["compact"])["files"], 1);
        outcome(folder, &["submit"]);
        outcome(folder, &["merge"]);
    }
    assert_eq!(outcome(folder, &["load", "--tables", "sqlite:lake.db"])["changed"], true);
    stdout(folder, &["run", "posts.jsonl", "--tables", "sqlite:posts.db", "--quiet"]);
    assert_eq!(tables(folder, "lake.db"), tables(folder, "posts.db"));
    let (posts, ripe) = posts_and_ripe(folder, "lake.db");
    assert!(ripe > posts / 10 && ripe < posts, "{ripe} of {posts} are ripe");
    assert_eq!(posts_and_ripe(folder, "posts.db"), (posts, 0), "nobody knows when these were observed");
    stdout(folder, &["run", "lake/mill.example/raw", "--tables", "sqlite:run.db", "--quiet"]);
    let runs = |file: &str| stdout(folder, &["tables", "dump", "--tables", &format!("sqlite:{file}"), "runs"]);
    assert_eq!(runs("lake.db"), runs("run.db"), "what was counted");
}

#[test]
fn submit_counts_the_days_up_to_one() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let posts: String = ["2026-11-19", "2026-11-20", "2026-11-21"].map(|day| post(day, day, "")).concat();
    fs::write(folder.join("posts.jsonl"), posts).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["compact"]);
    let counted = |until: &str| {
        let outcome = outcome(folder, &["submit", "--until", until]);
        outcome["days"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(counted("2026-11-18"), [""; 0]);
    assert_eq!(counted("2026-11-20"), ["2026-11-19", "2026-11-20"]);
}

#[test]
fn daily_does_what_is_missing_and_no_more() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let add = |posts: &str| {
        fs::write(folder.join("posts.jsonl"), posts).unwrap();
        fs::write(folder.join("all.jsonl"), fs::read_to_string(folder.join("all.jsonl")).unwrap_or_default() + posts)
            .unwrap();
        outcome(folder, &["import", "posts.jsonl"]);
    };
    let daily = |day: &str| done(&outcome(folder, &["daily", "--date", day, "--tables", "sqlite:lake.db"]));
    let same = || {
        stdout(folder, &["run", "all.jsonl", "--tables", "sqlite:run.db", "--quiet"]);
        assert_eq!(tables(folder, "lake.db"), tables(folder, "run.db"));
    };
    add(&(post("1", "2026-11-20", "") + &post("2", "2026-11-20", "") + &post("3", "2026-11-21", "")));
    assert_eq!(daily("2026-11-20"), ["compact", "submit", "merge", "load"]);
    assert_eq!(daily("2026-11-20"), [""; 0]);
    assert_eq!(daily("2026-11-21"), ["submit", "merge", "load"]);
    same();
    // A post of an earlier day comes late; one is edited, one is deleted, one is observed again as it was.
    add(&(post("4", "2026-11-20", "") + &post("3", "2026-11-21", ",\"edited_at\":\"2026-11-21T11:00:00Z\"")));
    assert_eq!(daily("2026-11-21"), ["compact", "submit", "submit", "merge", "load"]);
    same();
    add("{\"deleted\":\"1\"}\n");
    assert_eq!(daily("2026-11-21"), ["compact", "submit", "merge", "load"]);
    same();
    add(&post("2", "2026-11-20", ""));
    // Nothing changed but the count of observations.
    assert_eq!(daily("2026-11-21"), ["compact", "merge", "load"]);
    same();
}

#[test]
fn a_post_is_ripe_once_it_was_observed_a_day_later() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let daily = || done(&outcome(folder, &["daily", "--date", "2026-11-20", "--tables", "sqlite:lake.db"]));
    let add = |posts: &str, observed: &str| {
        fs::write(folder.join("posts.jsonl"), posts).unwrap();
        outcome(folder, &["import", "posts.jsonl", "--observed", observed]);
        daily()
    };
    let counted = || {
        stdout(folder, &["run", "lake/mill.example/raw", "--tables", "sqlite:run.db", "--quiet"]);
        assert_eq!(posts_and_ripe(folder, "run.db"), posts_and_ripe(folder, "lake.db"));
        posts_and_ripe(folder, "lake.db")
    };
    let [one, two, three] = ["1", "2", "3"].map(|id| post(id, "2026-11-20", ""));
    assert_eq!(add(&format!("{one}{two}"), "2026-11-20T20:00:00Z"), ["compact", "submit", "merge", "load"]);
    assert_eq!(counted(), (2, 0));
    // It looks as it did, but this is known now.
    assert_eq!(add(&two, "2026-11-22T20:00:00Z"), ["compact", "submit", "merge", "load"]);
    assert_eq!(counted(), (2, 1));
    assert_eq!(daily(), [""; 0]);
    // It stays so, when others come and when an earlier observation of it does.
    add(&format!("{two}{three}"), "2026-11-20T21:00:00Z");
    assert_eq!(counted(), (3, 1));
    assert_eq!(
        add(&two, "2026-11-23"),
        ["compact", "merge", "load"],
        "but for the count of observations nothing is new"
    );
    add("{\"deleted\":\"2\"}\n", "2026-11-23");
    assert_eq!(counted(), (2, 0));
}

/// As they were written before it was known which posts are ripe.
#[test]
fn a_lake_that_does_not_know_what_is_ripe_is_read() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let daily = || outcome(folder, &["daily", "--date", "2026-11-20", "--tables", "sqlite:lake.db"]);
    let [one, two] = ["1", "2"].map(|id| post(id, "2026-11-20", ""));
    fs::write(folder.join("posts.jsonl"), format!("{one}{two}")).unwrap();
    outcome(folder, &["import", "posts.jsonl", "--observed", "2026-11-22"]);
    daily();
    assert_eq!(posts_and_ripe(folder, "lake.db"), (2, 2));
    let version = folder.join("lake/mill.example/posts/date=2026-11-20/v=1");
    fs::write(version.join("_ids.zst"), zstd::encode_all(&b"1\n2\n"[..], 1).unwrap()).unwrap();
    let manifest = fs::read_to_string(version.join("_manifest.json")).unwrap();
    fs::write(version.join("_manifest.json"), manifest.replace("\"ripe\": 2,", "")).unwrap();
    fs::write(folder.join("posts.jsonl"), one).unwrap();
    outcome(folder, &["import", "posts.jsonl", "--observed", "2026-11-23"]);
    daily();
    assert_eq!(posts_and_ripe(folder, "lake.db"), (2, 1), "what is observed again is known");
}

#[test]
fn deletions_are_honoured_whatever_the_line_looks_like() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let add = |posts: &str| {
        fs::write(folder.join("posts.jsonl"), posts).unwrap();
        outcome(folder, &["import", "posts.jsonl"]);
        outcome(folder, &["daily", "--date", "2026-11-21", "--tables", "sqlite:lake.db"])
    };
    // Of two ids the last one counts; a day may lose all its posts.
    let twice = post("12", "2026-11-20", ",\"id\":\"13\"");
    add(&(twice + &post("3", "2026-11-21", "") + &post("4", "2026-11-21", "")));
    let daily = add("{\"deleted\":\"13\"}\n{\"deleted\":\"4\"}\n{\"deleted\":\"unknown\"}\n");
    assert_eq!(daily["stages"][0]["outcome"]["days"], serde_json::json!(["2026-11-20", "2026-11-21"]));
    let [data, _] = tables(folder, "lake.db");
    assert_eq!(serde_json::from_str::<Value>(&data).unwrap()["language_table"]["de"]["data:count"], "1");
    // It stays deleted when it is observed again.
    assert_eq!(add(&post("13", "2026-11-20", ""))["stages"][0]["outcome"]["days"], serde_json::json!([]));
}

/// The two programs of a compaction on a cluster, behind `sort`.
#[test]
fn a_reducer_makes_days_of_observations() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "") + &post("1", "2026-11-19", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl", "--policy", "open", "--keep-all-fields"]);
    outcome(folder, &["compact"]);
    fs::write(folder.join("lake/mill.example/posts/date=2026-11-19/CLOSED"), "").unwrap();
    // Among them a post that is deleted at once and the only one of its day, and one for a closed day.
    let observed = post("2", "2026-11-20", "")
        + &post("1", "2026-11-20", "")
        + &post("3", "2026-11-21", "")
        + "{\"deleted\":\"3\"}\n"
        + &post("5", "2026-11-19", "");
    fs::write(folder.join("observed.jsonl"), observed).unwrap();
    let program = env!("CARGO_BIN_EXE_tootmill");
    let pipe = format!(
        "set -o pipefail; '{program}' mapper --write observations < observed.jsonl 2>/dev/null | LC_ALL=C sort |
         '{program}' reducer --posts-of lake --instance mill.example > told.txt"
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &pipe])
        .current_dir(folder)
        .env("mapreduce_task_output_dir", folder.join("task"))
        // As Hadoop does where it reads the raw files.
        .env("mapreduce_map_input_file", "hdfs://mill/raw/date=2026-11-21/20261121T100000.000000Z-a.jsonl")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    for counted in ["duplicates,1", "deleted,1", "late,1"] {
        assert!(said.contains(&format!("reporter:counter:tootmill,{counted}\n")), "{counted}: {said}");
    }
    let told = fs::read_to_string(folder.join("told.txt")).unwrap();
    let told: Vec<&str> = told.lines().map(|line| line.rsplit_once('\t').map_or(line, |(told, _)| told)).collect();
    assert_eq!(told, ["day\t2026-11-20\t2\t2", "day\t2026-11-21\t0\t0", "deletion", "deleted"]);
    let posts = fs::File::open(folder.join("task/date=2026-11-20/part-00000.jsonl.zst")).unwrap();
    let posts = zstd::decode_all(posts).unwrap();
    assert_eq!(String::from_utf8(posts).unwrap(), post("1", "2026-11-20", "") + &post("2", "2026-11-20", ""));
    assert!(folder.join("task/date=2026-11-21").exists() && !folder.join("task/date=2026-11-19").exists());
}

#[test]
fn a_closed_day_stays_as_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["compact"]);
    fs::write(folder.join("lake/mill.example/posts/date=2026-11-20/CLOSED"), "").unwrap();
    fs::write(folder.join("posts.jsonl"), post("2", "2026-11-20", "") + &post("3", "2026-11-21", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    let compacted = outcome(folder, &["compact"]);
    assert_eq!((&compacted["days"], &compacted["counters"]["late"]), (&serde_json::json!(["2026-11-21"]), &1.into()));
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    let fails = |arguments: &[&str]| {
        // Whatever cluster there may be is none of ours.
        let mut command = tootmill(folder, arguments);
        ["HADOOP_CONF_DIR", "HADOOP_HOME", "TOOTMILL_RESOURCE_MANAGER"].iter().for_each(|name| {
            command.env_remove(name);
        });
        let ran: Ran = command.output().unwrap().into();
        (ran.code, ran.stderr)
    };
    let (code, said) = fails(&[&["daily", "--date", "2026-11-20", "-q"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there are no posts of 2026-11-20") && said.contains("tootmill compact"), "{said}");
    let (code, said) = fails(&[&["load"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there are no totals") && said.contains("tootmill merge"), "{said}");
    let (code, said) = fails(&["merge", "--lake", "ftp://mill/lake", "--instance", "mill.example"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("hdfs://HOST:PORT/FOLDER"), "{said}");
    assert_eq!(fails(&["compact"]).0, 2);
    assert_eq!(fails(&["compact", "--stdout"]).0, 2);
    let (code, said) = fails(&[&["submit"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there are no posts in `"), "{said}");
    // Too many bad lines: nothing is changed, and the raw file is still new.
    fs::write(folder.join("bad.jsonl"), "no post\n".repeat(200)).unwrap();
    outcome(folder, &["import", "bad.jsonl"]);
    let (code, said) = fails(&[&["compact", "-q"], &LAKE[..]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("200 of 200 lines are bad"), "{said}");
    assert!(!folder.join("lake/mill.example/posts").exists());
    assert_eq!(outcome(folder, &["compact", "--max-bad", "200"])["counters"]["bad"], 200);
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["compact"]);
    let (code, said) = fails(&[&["submit", "--on", "yarn"], &LAKE[..]].concat());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the nodes of a cluster cannot read the lake in `"), "{said}");
}

/// What a scheduler reads of every stage, whichever it is.
#[track_caller]
fn assert_told(folder: &Path, stage: &str, told: &Value, rows: Option<u64>) {
    let paths = told["paths"].as_array().unwrap();
    assert!(!paths.is_empty(), "{stage}: {told}");
    for path in paths.iter().map(|path| path.as_str().unwrap()) {
        let there = folder.join(path.strip_prefix("sqlite:").unwrap_or(path));
        assert!(there.exists(), "{stage}: {path} is not there");
    }
    assert!(told["counters"].as_object().unwrap().values().all(Value::is_u64), "{stage}: {told}");
    assert!(told["seconds"].as_f64().unwrap() > 0.0, "{stage}: {told}");
    assert_eq!(told["rows"].as_u64(), rows, "{stage}: {told}");
    assert_eq!(told["job"], Value::Null, "{stage}: {told}");
}

#[test]
fn every_stage_tells_where_what_it_made_lies_and_what_it_counted() {
    let folder = tempfile::TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(folder.join("posts.jsonl"), post("1", "2026-11-20", "") + &post("2", "2026-11-21", "")).unwrap();
    outcome(folder, &["import", "posts.jsonl"]);
    let compacted = outcome(folder, &["compact"]);
    assert_told(folder, "compact", &compacted, None);
    assert_eq!((compacted["paths"].as_array().unwrap().len(), &compacted["counters"]["lines"]), (2, &2.into()));
    let submitted = outcome(folder, &["submit"]);
    let of_days: Vec<&Value> = submitted["days"].as_object().unwrap().values().collect();
    let rows = of_days.iter().map(|day| day["rows"].as_u64().unwrap()).sum::<u64>();
    assert!(rows > 0 && of_days.len() == 2, "{submitted}");
    assert_told(folder, "submit", &submitted, Some(rows));
    assert_eq!(submitted["counters"]["posts"], 2, "of both days");
    of_days.iter().for_each(|day| assert_told(folder, "submit", day, day["rows"].as_u64()));
    let merged = outcome(folder, &["merge"]);
    assert_told(folder, "merge", &merged, merged["rows"].as_u64());
    let loaded = outcome(folder, &["load", "--tables", "sqlite:lake.db"]);
    let written = |loaded: &Value| {
        loaded["written"]["changed"].as_u64().unwrap() + loaded["written"]["day_rows"].as_u64().unwrap()
    };
    assert_told(folder, "load", &loaded, Some(written(&loaded)));
    assert_eq!(loaded["counters"]["posts"], 2);
    let again = outcome(folder, &["load", "--tables", "sqlite:lake.db"]);
    assert_told(folder, "load", &again, Some(0));
    let daily = outcome(folder, &["daily", "--date", "2026-11-21", "--tables", "sqlite:other.db"]);
    let load = daily["stages"].as_array().unwrap().last().unwrap()["outcome"].clone();
    assert_told(folder, "daily", &daily, Some(written(&load)));
    assert_eq!((&daily["counters"], &load["paths"]), (&load["counters"], &serde_json::json!(["sqlite:other.db"])));
}

#[test]
fn a_load_holds_the_lease_of_its_lake() {
    let folder = with_posts(300);
    let folder = folder.path();
    outcome(folder, &["import", "posts.jsonl"]);
    outcome(folder, &["daily", "--date", "2026-11-22", "--tables", "sqlite:lake.db"]);
    let load = |arguments: &[&str]| {
        Ran::from(tootmill(folder, &[&["load", "--tables", "sqlite:lake.db"], arguments].concat()).output().unwrap())
    };
    let lake = tootmill_lake::Lake::open(folder.join("lake").to_str().unwrap(), "mill.example").unwrap();
    let lease = lake.lease("tootmill milling").unwrap();
    let ran = load(&LAKE);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(ran.stderr.contains("is being written by `tootmill milling` (process"), "{}", ran.stderr);
    drop(lease);
    assert_eq!(load(&LAKE).code, 0);

    // While it loads nobody else writes: it waits here for a reader of SQLite's file, longer than anybody needs to look.
    let reader = rusqlite::Connection::open(folder.join("lake.db")).unwrap();
    reader.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut loading = tootmill(folder, &[&["load", "--tables", "sqlite:lake.db"], &LAKE[..]].concat()).spawn().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(8);
    let holder = loop {
        if let Some(holder) = lake.holder().unwrap() {
            break holder;
        }
        assert!(std::time::Instant::now() < deadline, "nobody holds the lease");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(holder.contains("`tootmill load`"), "{holder}");
    assert_eq!(Ran::from(tootmill(folder, &[&["merge"], &LAKE[..]].concat()).output().unwrap()).code, 75);
    reader.execute_batch("ROLLBACK").unwrap();
    assert!(loading.wait().unwrap().success());
}
