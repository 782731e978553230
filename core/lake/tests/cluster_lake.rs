//! A lake in the HDFS of a cluster, whose address `TOOTMILL_HDFS` is; `hdfs` is in `PATH`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    env, fs, process,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use common::Holder;
use tootmill_lake::{Error, Lake, open_storage};
use tootmill_metric::Status;

/// A folder of HDFS, which goes with the value.
struct Folder(String);

impl Folder {
    fn new(name: &str) -> Self {
        let hdfs = env::var("TOOTMILL_HDFS").expect("source the cluster.env of a development cluster");
        Self(format!("{hdfs}/tmp/tootmill-lake-{name}-{}", process::id()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = open_storage(&self.0).and_then(|(storage, path)| storage.remove(&path));
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_storage_in_hdfs_keeps_files_in_folders() {
    let folder = Folder::new("files");
    let (storage, path) = open_storage(&folder.0).unwrap();
    common::files_in_folders(&*storage, &path);
    common::lines_in_parts(&*storage, &format!("{path}/parts"));
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn parts_of_files_are_read_across_blocks() {
    let folder = Folder::new("blocks");
    let local = tempfile::TempDir::new().unwrap();
    let text: String = (0..40_000).map(|number| format!("{number:09}\n")).collect();
    fs::write(local.path().join("numbers"), &text).unwrap();
    // Blocks of 64 KiB: their ends are within lines, and within packets.
    let put = Command::new("hdfs")
        .args(["dfs", "-D", "dfs.blocksize=65536", "-put"])
        .args([local.path().join("numbers").to_str().unwrap(), &folder.0])
        .status();
    assert!(put.unwrap().success());
    let (storage, path) = open_storage(&folder.0).unwrap();
    assert_eq!(storage.find(&path).unwrap().unwrap().bytes, 400_000);
    let block = 65_536;
    for (start, end) in [
        (0, 400_000),
        (block - 1, block + 1),
        (block, block * 2),
        (block - 10, block * 3 + 10),
        (399_999, 400_000),
        (block * 6, 400_000),
        (123_456, 234_567),
    ] {
        let read = common::read(&*storage, &path, start..end);
        assert!(read == text[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()], "{start}..{end}");
    }
    let beyond = storage.read(&path, 0..400_001).err().unwrap();
    assert!(beyond.to_string().contains("400000 bytes"), "{beyond}");
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_reader_in_hdfs_sees_one_version_whole() {
    let folder = Folder::new("versions");
    common::versions_of_a_place(&Lake::open(&folder.0, "mill.example").unwrap());
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn inputs_in_hdfs_are_found_by_name_folder_and_pattern() {
    common::inputs_of_a_folder(&Folder::new("inputs").0);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn one_process_writes_at_a_time_in_hdfs() {
    // A killed one is missed at once by its own machine.
    let start = Instant::now();
    common::one_writer_at_a_time(&Folder::new("lease").0);
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn who_stands_still_loses_the_lease_after_a_minute_and_hears_of_it() {
    let folder = Folder::new("lost");
    let lake = Lake::open(&folder.0, "mill.example").unwrap();
    let holder = Holder::of(&folder.0);
    holder.signal("-STOP");
    let start = Instant::now();
    let error = lake.lease("tootmill merge").unwrap_err();
    assert!(matches!(error, Error::Held { .. }), "{error}");
    let lease = loop {
        match lake.lease("tootmill merge") {
            Ok(lease) => break lease,
            Err(error) => assert_eq!(error.status(), Status::Temporary, "{error}"),
        }
        assert!(start.elapsed() < Duration::from_mins(3), "the lease was never given up");
        thread::sleep(Duration::from_secs(1));
    };
    // It may have shown itself just before it stopped, or half a minute before.
    assert!(start.elapsed() > Duration::from_secs(25), "{:?}", start.elapsed());
    holder.signal("-CONT");
    let said = holder.asks();
    assert!(said.contains("was lost, because this process stood still"), "{said}");
    lease.check().unwrap();
}

#[test]
fn holds_a_lease_for_other_tests() {
    common::hold_if_asked();
}

#[test]
fn a_namenode_that_is_not_there_is_missed_within_seconds() {
    let start = Instant::now();
    let (storage, path) = open_storage("hdfs://127.0.0.1:9/lake").unwrap();
    let error = storage.list(&path).unwrap_err();
    assert_eq!(error.status(), Status::Temporary, "{error}");
    assert!(error.to_string().contains("hdfs://127.0.0.1:9/lake"), "{error}");
    assert!(error.to_string().contains("is the NameNode running at this address?"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
