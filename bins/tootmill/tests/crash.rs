//! Killed at any moment: the lake reads as before or after, and the next run ends in the same bytes as one that was never
//! killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use common::{tootmill, with_posts};
use tootmill_lake::{Storage, open_storage};

/// Files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// All files below a folder but those of the lease, and those of the log, which tell when something was done.
fn files(storage: &dyn Storage, folder: &str) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_string()];
    while let Some(next) = folders.pop() {
        for entry in storage.list(&next).unwrap() {
            if entry.is_folder {
                folders.extend(Some(entry.path).filter(|folder| !folder.ends_with("/privacy/log")));
            } else if !entry.name().starts_with("LEASE") {
                let mut bytes = Vec::new();
                storage.read(&entry.path, 0..entry.bytes).unwrap().read_to_end(&mut bytes).unwrap();
                files.insert(entry.path.strip_prefix(folder).unwrap().into(), bytes);
            }
        }
    }
    files
}

/// Puts files into a folder in the place of all that is there.
fn put(storage: &dyn Storage, folder: &str, files: &Files) {
    storage.remove(folder).unwrap();
    for (path, bytes) in files {
        let mut file = storage.create(&format!("{folder}{path}")).unwrap();
        file.write_all(bytes).unwrap();
        file.finish().unwrap();
    }
}

/// What readers see: of each place the version that counts.
fn seen(files: &Files) -> BTreeMap<&str, Vec<(&str, &[u8])>> {
    let currents = files.iter().filter_map(|(path, text)| Some((path.strip_suffix("/CURRENT")?, text)));
    let of_version = |(place, text): (&'_ str, &Vec<u8>)| {
        let version = format!("{place}/{}/", String::from_utf8(text.clone()).unwrap().trim());
        files.iter().filter(|(path, _)| path.starts_with(&version)).map(|(path, bytes)| (&**path, &**bytes)).collect()
    };
    currents.map(|current| (current.0, of_version(current))).collect()
}

/// Kills each stage at so many moments of its time.
fn kill_at_many_moments(address: &str, posts: u64, moments: u32) {
    let folder = with_posts(posts);
    let folder = folder.path();
    let (storage, path) = open_storage(address).unwrap();
    let storage = &*storage;
    let lake = ["--lake", address, "--instance", "mill.example", "--quiet"];
    // In HDFS, a process that was killed when it had the lease and had not said so yet is missed after a minute.
    let run = |arguments: &[&str]| {
        let start = Instant::now();
        loop {
            let ran = common::run(folder, &[arguments, &lake].concat());
            if ran.code != 75 || start.elapsed() > Duration::from_secs(90) {
                assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
                return;
            }
            thread::sleep(Duration::from_secs(1));
        }
    };
    halves(folder);
    let stages: [&[&str]; 3] = [&["compact"], &["submit", "--on", "local"], &["merge"]];
    // There is something that counts before, and something new for each stage to do.
    run(&["import", "first.jsonl", "--observed", "2026-11-23"]);
    stages.iter().for_each(|stage| run(stage));
    run(&["import", "second.jsonl", "--observed", "2026-11-24"]);
    for stage in stages {
        let before = files(storage, &path);
        let start = Instant::now();
        run(stage);
        let mut time = start.elapsed();
        let after = files(storage, &path);
        assert!(seen(&before) != seen(&after), "{stage:?} has something to do");
        for moment in 1..=moments {
            let delay = loop {
                put(storage, &path, &before);
                let delay = time * moment / (moments + 1);
                if kill_after(folder, &[stage, &lake].concat(), delay) {
                    break delay;
                }
                // It was over by then: quicker than the one that was timed.
                time = delay;
            };
            let left = files(storage, &path);
            for (place, version) in seen(&left) {
                let known = [seen(&before), seen(&after)];
                let is_known = known.iter().any(|known| known.get(place) == Some(&version));
                assert!(is_known, "{place} is neither as before nor as after {stage:?}, killed after {delay:?}");
            }
            assert!(seen(&before).keys().all(|place| seen(&left).contains_key(place)), "a place is gone");
            run(stage);
            common::stdout(folder, &[&["gdpr", "log", "--verify"], &lake[..4]].concat());
            let again = files(storage, &path);
            let differ = again.keys().chain(after.keys()).filter(|path| again.get(*path) != after.get(*path));
            let differ: Vec<_> = differ.collect();
            assert!(
                differ.is_empty(),
                "{stage:?}, killed after {delay:?} and run again, gives other files: {differ:?}"
            );
        }
    }
}

/// Cuts `posts.jsonl` into two files.
fn halves(folder: &Path) {
    let text = std::fs::read(folder.join("posts.jsonl")).unwrap();
    let half = text.len() / 2 + text[text.len() / 2..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    std::fs::write(folder.join("first.jsonl"), &text[..half]).unwrap();
    std::fs::write(folder.join("second.jsonl"), &text[half..]).unwrap();
}

/// Starts a command and kills it as the system does when memory is short; says whether it had not ended by then.
fn kill_after(folder: &Path, arguments: &[&str], delay: Duration) -> bool {
    let mut command = tootmill(folder, arguments);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(delay);
    process.kill().unwrap();
    process.wait().unwrap().code().is_none()
}

#[test]
fn a_lake_survives_a_kill_at_any_moment() {
    let folder = tempfile::TempDir::new().unwrap();
    kill_at_many_moments(folder.path().join("lake").to_str().unwrap(), 120, 5);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_lake_in_hdfs_survives_a_kill_at_any_moment() {
    let hdfs = std::env::var("TOOTMILL_HDFS").expect("source the cluster.env of a development cluster");
    let address = format!("{hdfs}/tmp/tootmill-crash-{}", std::process::id());
    kill_at_many_moments(&address, 15, 2);
    let (storage, path) = open_storage(&address).unwrap();
    storage.remove(&path).unwrap();
}
