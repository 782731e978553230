//! The same metrics on a real cluster give the same bytes as in one process: a synthetic week with every oddity, in every way
//! that posts can go. The cluster is the one that the environment describes (`cluster.env` of `cargo xtask cluster up`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    path::Path,
    process::Command,
};

use common::{lake::Lake, run, stdout, with_posts};
use serde_json::Value;

/// The rows of a lake that count, by place (`totals`, `date=…`), sorted.
fn rows(lake: &Lake, folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let local = folder.join(format!("rows-{}", lake.instance));
    let _ = fs::remove_dir_all(&local);
    let rows = format!("{}/{}/rows", lake.address, lake.instance);
    hdfs(&["-get", &rows, local.to_str().unwrap()]);
    let places = local.read_dir().unwrap().map(|place| place.unwrap().path());
    places.map(|place| (place.file_name().unwrap().to_str().unwrap().into(), rows_in(&place))).collect()
}

#[track_caller]
fn hdfs(arguments: &[&str]) {
    assert!(Command::new("hdfs").arg("dfs").args(arguments).status().unwrap().success(), "{arguments:?}");
}

/// The rows of the version that counts in a folder.
fn rows_in(place: &Path) -> BTreeSet<String> {
    let current = fs::read_to_string(place.join("CURRENT")).unwrap();
    let mut rows = String::new();
    for file in place.join(current.trim()).read_dir().unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|ending| ending == "zst") {
            zstd::Decoder::new(fs::File::open(file).unwrap()).unwrap().read_to_string(&mut rows).unwrap();
        }
    }
    rows.lines().map(String::from).collect()
}

/// The rows of the pipe.
fn rows_of_the_pipe(folder: &Path) -> BTreeSet<String> {
    let program = env!("CARGO_BIN_EXE_tootmill");
    let pipe = format!(
        "set -o pipefail; '{program}' compact --stdout posts.jsonl | '{program}' mapper | LC_ALL=C sort | '{program}' reducer --rows"
    );
    let output = Command::new("bash").args(["-c", &pipe]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn every_way_on_a_cluster_gives_the_same_bytes() {
    let folder = with_posts(700);
    let folder = folder.path();
    let of_pipe = rows_of_the_pipe(folder);
    assert!(of_pipe.len() > 1000, "{} rows", of_pipe.len());
    let text = fs::read(folder.join("posts.jsonl")).unwrap();
    let half = text.len() / 2 + text[text.len() / 2..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(folder.join("first.jsonl"), &text[..half]).unwrap();
    fs::write(folder.join("second.jsonl"), &text[half..]).unwrap();

    // All at once: compacted by two jobs, the second merging into the first one's posts; counted by one job; merged by one.
    let at_once = Lake::new("same-bytes", "at-once.example");
    // The first half lies there as plain lines, of which mappers get parts that are cut within lines. Half of the week is
    // ripe when each half is observed, and the second is read by Hadoop.
    let raw = format!("{}/{}/raw/date=2026-11-20", at_once.address, at_once.instance);
    hdfs(&["-mkdir", "-p", &raw]);
    let put = format!("{raw}/20261120T000000.000000Z-put.jsonl");
    hdfs(&["-put", folder.join("first.jsonl").to_str().unwrap(), &put]);
    let compacted = at_once.run(folder, &["compact", "--on", "yarn", "--mapper-input", "300KB"]);
    assert_eq!(compacted["files"], 1);
    assert!(compacted["job"]["maps"].as_u64().unwrap() > 2, "{compacted}");
    // As they were sent, like those that lie there: where two observations tie, their bytes decide.
    let as_sent = ["--policy", "open", "--keep-all-fields"];
    at_once.run(folder, &[&["import", "second.jsonl", "--observed", "2026-11-22"], &as_sent[..]].concat());
    at_once.run(folder, &["compact", "--on", "yarn", "--way", "stock", "--reducers", "2"]);
    let submit = ["submit", "--on", "yarn", "--reducers", "3", "--json", "--quiet", "--lake", &at_once.address];
    let ran = run(folder, &[&submit[..], &["--instance", at_once.instance]].concat());
    let counted: Value = serde_json::from_str(&ran.stdout).unwrap();
    // Where the job can be watched is said at once, whoever reads it, and told in the end.
    let (application, page) = (&counted["job"]["application"], counted["job"]["tracking_url"].as_str().unwrap());
    assert!(page.ends_with(application.as_str().unwrap()), "{counted}");
    assert!(ran.stderr.contains(&format!("the job is {}: {page}\n", application.as_str().unwrap())), "{}", ran.stderr);
    assert!(reqwest::blocking::get(page).unwrap().status().is_success(), "{page}");
    let days: Vec<String> = counted["days"].as_object().unwrap().keys().cloned().collect();
    assert!(days.len() > 7, "a week, and what comes late: {days:?}");
    at_once.run(folder, &["merge", "--on", "yarn", "--reducers", "2"]);
    let all_at_once = rows(&at_once, folder);
    assert_eq!(all_at_once["totals"], of_pipe);

    // Day by day: each day counted in another way and merged into the totals before the next.
    let by_day = Lake::new("same-bytes", "by-day.example");
    by_day.run(folder, &["import", "posts.jsonl", "--observed", "2026-11-21"]);
    by_day.run(folder, &["compact"]);
    let ways: [&[&str]; 4] = [
        &["--on", "yarn", "--way", "direct"],
        &["--on", "yarn", "--way", "stock", "--reducers", "1"],
        &["--on", "yarn", "--way", "stock", "--reducers", "3", "--combiner"],
        &["--on", "yarn", "--way", "direct", "--reducers", "3", "--combiner"],
    ];
    let (first, last) = days.split_at(days.len() - ways.len());
    let ways = ways.iter().zip(last).map(|(way, day)| (day, *way));
    let in_this_process = first.iter().map(|day| (day, &["--on", "local"][..]));
    for (day, way) in in_this_process.chain(ways) {
        let counted = by_day.run(folder, &[&["submit", "--date", day][..], way].concat());
        assert_eq!(counted["days"][day]["was_done"], false);
        if way.contains(&"yarn") {
            by_day.run(folder, &["merge"]);
        }
    }
    assert!(rows(&by_day, folder) == all_at_once, "the rows of the totals or of a day differ");

    // A day that is computed again means a merge of all days, and the same bytes.
    let again = days.last().unwrap();
    by_day.run(folder, &["submit", "--on", "local", "--again", "--date", again]);
    assert_eq!(by_day.run(folder, &["merge"])["from_all"], true);
    assert!(rows(&by_day, folder) == all_at_once, "the rows of the totals or of a day differ");

    // And with the posts taken from HDFS into one process.
    let posts = format!("{}/{}/posts/*/v=*/*.zst", by_day.address, by_day.instance);
    stdout(folder, &["run", &posts, "--tables", "sqlite:lake.db", "--quiet"]);
    stdout(folder, &["run", "posts.jsonl", "--tables", "sqlite:posts.db", "--quiet"]);
    let dump = |tables: &str, family: &str| stdout(folder, &["tables", "dump", "--tables", tables, "--family", family]);
    for lake in [&at_once, &by_day] {
        let (tables, of_raw) = (format!("sqlite:{}.db", lake.instance), format!("sqlite:{}-raw.db", lake.instance));
        lake.run(folder, &["load", "--tables", &tables]);
        // What was counted on the way, and each day's own; the raw files tell what is ripe.
        let raw = format!("{}/{}/raw", lake.address, lake.instance);
        let ran: Value =
            serde_json::from_str(&stdout(folder, &["run", &raw, "--tables", &of_raw, "--json", "--quiet"])).unwrap();
        let counted = |name: &str| ran["counters"][name].as_u64().unwrap();
        assert!(counted("ripe") > 50 && counted("ripe") < counted("posts"), "{ran}");
        for (what, other) in [
            (&["runs"][..], &*of_raw),
            (&["--family", "data"], "sqlite:posts.db"),
            (&["--family", "day"], "sqlite:posts.db"),
        ] {
            let dump = |tables: &str| stdout(folder, &[&["tables", "dump", "--tables", tables], what].concat());
            assert_eq!(dump(&tables), dump(other), "{} {what:?}", lake.instance);
        }
    }
    for family in ["data", "day"] {
        assert_eq!(dump("sqlite:lake.db", family), dump("sqlite:posts.db", family));
    }
}
