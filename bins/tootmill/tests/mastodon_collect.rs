//! `tootmill collect` from a real server: every post once, the tables of its own database, killed at any moment, in a storm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;
#[path = "mastodon/mod.rs"]
mod mock;

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mock::{Collector, Mock, Settings};
use serde_json::json;

const DAY: &str = "2026-11-20";

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn what_is_collected_gives_the_tables_of_the_servers_database() {
    let mock = Mock::start(&Settings::default());
    mock.fill(1000);
    mock.date(DAY);
    let collector = Collector::new(&mock, None);
    assert!(collector.collect(&[]).stderr.contains("--since or --last"));
    let told = collector.collected(&["--since", "2026-11-20"]);
    assert_eq!(told["posts"], 1000);
    collector.assert_tables(&mock, DAY);
    assert_eq!(collector.collected(&[])["posts"], 0);
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn rules_are_accepted_once_and_again_when_they_change() {
    let mut mock = Mock::start(&Settings { privacy_policy: "<p>We keep <b>little</b>.</p>", ..Settings::default() });
    mock.fill(3);
    let collector = Collector::new(&mock, None);
    let from = mock.url();
    let lake = collector.lake();
    let lake = lake.address();
    let lake = lake.strip_suffix("/mill.test").unwrap();
    let collect = |more: &[&str]| {
        let arguments = ["collect", "--lake", lake, "--instance", "mill.test", "--from", &from, "--last", "9"];
        common::run(collector.folder(), &[&arguments, more].concat())
    };
    let refused = collect(&[]);
    assert_eq!(refused.code, 1);
    for text in ["1. Be kind.", "We keep little.", "It has no terms of service", "--accept-rules"] {
        assert!(refused.stderr.contains(text), "{}", refused.stderr);
    }
    assert!(!mock.log().contains("timelines"), "nothing is read before");
    assert_eq!(collect(&["--accept-rules"]).code, 0);
    assert_eq!(collect(&[]).code, 0);
    mock.restart(&Settings { rules: vec!["Be kind.", "No programs."], ..Settings::default() });
    let changed = collect(&[]);
    assert!(changed.code == 1 && changed.stderr.contains("have changed"), "{}", changed.stderr);
    assert_eq!(collect(&["--accept-rules"]).code, 0);
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_limit_of_the_server_is_waited_for_and_told() {
    // Windows begin at multiples of four seconds: whatever is left of the first, the second is waited for as a whole.
    let mock = Mock::start(&Settings { rate_limit: Some((6, 4)), ..Settings::default() });
    mock.fill(8);
    mock.multiply(40);
    let collector = Collector::new(&mock, None);
    let collected = collector.collect(&["--last", "300"]);
    assert_eq!(collected.code, 0, "{}", collected.stderr);
    assert!(collected.stderr.contains("for the instance's limit of requests"), "{}", collected.stderr);
    assert_eq!(collector.raw().len(), 300);
}

/// Posts by the API until it is told to end; gives the ids.
fn post_until(mock: &Mock, end: &AtomicBool) -> Vec<String> {
    let mut ids = Vec::new();
    while !end.load(Ordering::Relaxed) {
        let status = json!({ "status": format!("grain no. {} #mill", ids.len()) });
        ids.push(mock.post("ada", &status)["id"].as_str().unwrap().to_owned());
        thread::sleep(Duration::from_millis(20));
    }
    ids
}

/// Every id once among the posts, and at least once in raw.
#[track_caller]
fn assert_all_once(collector: &Collector, ids: &[String]) {
    collector.tootmill(&["compact", "--quiet"]);
    let (raw, posts) = (collector.raw(), collector.posts());
    let missing: Vec<&String> = ids.iter().filter(|id| !raw.contains_key(*id)).collect();
    assert!(missing.is_empty(), "raw misses {missing:?}");
    let once: BTreeMap<String, usize> = ids.iter().map(|id| (id.clone(), 1)).collect();
    assert_eq!(posts, once);
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_collector_that_is_killed_fifty_times_misses_no_post() {
    let mock = Mock::start(&Settings::default());
    mock.fill(10);
    mock.multiply(60);
    let collector = Collector::new(&mock, None);
    collector.collected(&["--last", "10000"]);
    let (end, mut killed) = (AtomicBool::new(false), 0);
    // Small files, committed often, so that there is much to kill it at.
    let often = ["--commit-every", "5ms", "--overlap", "1h"];
    let begun = Instant::now();
    collector.collected(&often);
    let whole = begun.elapsed();
    let added = thread::scope(|scope| {
        let posting = scope.spawn(|| post_until(&mock, &end));
        // The moments are spread over a run, in an order that is none; one that came too late does not count.
        for moment in 0.. {
            let mut child = collector.start(&often);
            thread::sleep(whole * ((moment * 37) % 50 + 1) / 50);
            killed += u32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
            if killed == 50 {
                break;
            }
        }
        end.store(true, Ordering::Relaxed);
        posting.join().unwrap()
    });
    collector.collected(&often);
    let ids = mock.public();
    assert!(added.len() > 50 && added.iter().all(|id| ids.contains(id)), "{}", added.len());
    assert_all_once(&collector, &ids);
}

/// A way to the server on which, by turns, connections are reset or break off.
fn bad_line(mock: &Mock) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let to = mock.url().strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        for (turn, from) in listener.incoming().flatten().enumerate() {
            let Ok(server) = TcpStream::connect(&to) else { continue };
            thread::spawn(move || carry(&from, &server, [None, Some(0), None, Some(700), None, Some(1)][turn % 6]));
        }
    });
    url
}

/// Carries bytes both ways; of the answer only so many.
fn carry(from: &TcpStream, server: &TcpStream, mut left: Option<usize>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::copy(&mut { from }, &mut { server });
            let _ = server.shutdown(Shutdown::Write);
        });
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = { server }.read(&mut buffer) {
            let carried = left.map_or(read, |left| left.min(read));
            left = left.map(|left| left - carried);
            if { from }.write_all(&buffer[..carried]).is_err() || left == Some(0) {
                break;
            }
        }
        for end in [from, server] {
            let _ = end.shutdown(Shutdown::Both);
        }
    });
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_storm_of_failures_loses_no_post() {
    let mock = Mock::start(&Settings::default());
    let mut ids = mock.fill(16);
    let collector = Collector::new(&mock, None).from(bad_line(&mock));
    let begin = ["--last", "1000", "--timeout", "2s", "--patience", "60s"];
    collector.collected(&begin);
    let end = AtomicBool::new(false);
    let paths = ["/api/v1/timelines/public", "/api/v2/instance", "/api/v1/instance/rules", "/robots.txt"];
    ids.extend(thread::scope(|scope| {
        let posting = scope.spawn(|| post_until(&mock, &end));
        for (turn, effect) in [
            json!({ "type": "status", "status": 500 }),
            json!({ "type": "ratelimit", "headers": { "Retry-After": "1" } }),
            json!({ "type": "malformed" }),
            json!({ "type": "malformed", "truncate": false }),
            json!({ "type": "latency", "delay_ms": 300 }),
            json!({ "type": "latency", "delay_ms": 3000 }),
            json!({ "type": "timeout" }),
            json!({ "type": "status", "status": 503, "headers": { "Retry-After": "1" } }),
            json!({ "type": "status", "status": 429, "headers": { "X-RateLimit-Reset": "2026-01-01T00:00:00.000000Z" } }),
        ]
        .iter()
        .enumerate()
        {
            mock.fault(paths[0], effect, Some(2));
            mock.fault(paths[turn % 4], effect, Some(1));
            let told = collector.collected(&["--timeout", "2s", "--patience", "60s", "--overlap", "30s"]);
            assert!(told["posts"].as_u64().unwrap() > 0, "{effect}: {told}");
        }
        end.store(true, Ordering::Relaxed);
        posting.join().unwrap()
    }));
    mock.no_faults();
    collector.collected(&[]);
    assert_all_once(&collector, &ids);
}

/// All that is in files below a folder, decompressed where it is compressed.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(path.to_str().unwrap().bytes());
        if path.is_dir() {
            all.extend(all_bytes(&path));
        } else if path.extension().is_some_and(|ending| ending == "zst") {
            all.extend(zstd::decode_all(fs::File::open(&path).unwrap()).unwrap());
        } else {
            all.extend(fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_token_is_used_and_is_in_nothing_that_is_said_or_written() {
    let mock = Mock::start(&Settings::default());
    let mut ids = mock.fill(8);
    mock.date(DAY);
    let collector = Collector::new(&mock, None);
    let secret = mock::token("ada");
    let collect = |more: &[&str]| {
        let ran: common::Ran = collector.command(more).env("TOOTMILL_TOKEN", &secret).output().unwrap().into();
        assert!(!ran.stdout.contains(&secret) && !ran.stderr.contains(&secret), "{} {}", ran.stdout, ran.stderr);
        ran
    };
    assert_eq!(collect(&["--last", "100", "--json"]).code, 0);
    let files = collector.lake().raw_files().unwrap();
    assert!(!files.is_empty() && files.iter().all(|file| file.path.contains("-public-pages-as_")), "{files:?}");
    // However it fails.
    for (path, effect, code) in [
        (
            "/api/v1/timelines/public",
            json!({ "type": "status", "status": 401, "body": { "error": secret.clone() } }),
            1,
        ),
        ("/api/v1/timelines/public", json!({ "type": "status", "status": 403 }), 1),
        ("/api/v1/timelines/public", json!({ "type": "status", "status": 500 }), 75),
        ("/api/v1/timelines/public", json!({ "type": "malformed" }), 75),
        ("/api/v1/accounts/verify_credentials", json!({ "type": "status", "status": 401 }), 1),
        (
            "/api/v2/instance",
            json!({ "type": "status", "status": 302, "headers": { "Location": "http://127.0.0.2:9/" } }),
            1,
        ),
    ] {
        mock.fault(path, &effect, None);
        let ran = collect(&["--patience", "0s"]);
        assert_eq!(ran.code, code, "{effect}: {}", ran.stderr);
        mock.no_faults();
    }
    // Nor when it streams, or looks again.
    let mut following =
        collector.command(&["--follow"]).env("TOOTMILL_TOKEN", &secret).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(2));
    mock.fault(
        "/api/v1/streaming/*",
        &json!({ "type": "status", "status": 403, "body": { "error": secret.clone() } }),
        None,
    );
    Command::new("kill").args(["-TERM", &following.id().to_string()]).status().unwrap();
    assert!(following.wait().unwrap().success());
    let mut said = String::new();
    following.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let refused = collect(&["--follow"]);
    assert!(refused.code == 1 && !said.contains(&secret), "{said} {}", refused.stderr);
    mock.no_faults();
    collector.tootmill(&["compact", "--quiet"]);
    let refreshed = collect(&["--refresh"]);
    assert!(
        refreshed.code == 0 && refreshed.stdout.contains("all 8 posts"),
        "{} {}",
        refreshed.stdout,
        refreshed.stderr
    );
    ids.push(mock.post("bo", &json!({ "status": "one more" }))["id"].as_str().unwrap().to_owned());
    assert_eq!(collect(&[]).code, 0);
    assert_all_once(&collector, &ids);
    let bytes = all_bytes(collector.folder());
    assert!(bytes.windows(secret.len()).all(|window| window != secret.as_bytes()));
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_server_that_is_away_is_worth_a_retry() {
    let mut mock = Mock::start(&Settings::default());
    mock.stop();
    let ran = Collector::new(&mock, None).collect(&["--last", "1", "--patience", "1s"]);
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(ran.stderr.contains(&mock.url()), "{}", ran.stderr);
}
