//! A lake on the disk of this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use tempfile::TempDir;
use tootmill_lake::{Error, Lake, open_storage};

fn folder() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("lake").to_str().unwrap().to_string();
    (folder, path)
}

#[test]
fn a_storage_keeps_files_in_folders() {
    let (_folder, path) = folder();
    let (storage, path) = open_storage(&path).unwrap();
    common::files_in_folders(&*storage, &path);
    common::lines_in_parts(&*storage, &format!("{path}/parts"));
}

#[test]
fn a_reader_sees_one_version_whole() {
    let (_folder, path) = folder();
    common::versions_of_a_place(&Lake::open(&path, "mill.example").unwrap());
}

#[test]
fn inputs_are_found_by_name_folder_and_pattern() {
    let (_folder, path) = folder();
    common::inputs_of_a_folder(&path);
}

#[test]
fn one_process_writes_at_a_time() {
    let (_folder, path) = folder();
    common::one_writer_at_a_time(&path);
}

#[test]
fn holds_a_lease_for_other_tests() {
    common::hold_if_asked();
}

#[test]
fn addresses_and_instances_are_what_they_can_be() {
    for address in ["s3://mill/lake", "hdfs://mill:8020", "file:///lake"] {
        assert!(matches!(open_storage(address).unwrap_err(), Error::Address(_)), "{address}");
    }
    let (_, path) = open_storage("/a//b/./c/").unwrap();
    assert_eq!(path, "/a/b/c");
    // No server is asked before there is something to do.
    let (storage, path) = open_storage("hdfs://mill.example:8020//lake/").unwrap();
    assert_eq!(storage.address(&path), "hdfs://mill.example:8020/lake");
    for instance in ["", ".", "..", "_aside", "a/b", "a:b", "a*"] {
        assert!(matches!(Lake::open("/lake", instance).unwrap_err(), Error::Instance(_)), "{instance}");
    }
    assert_eq!(Lake::open("/lake/", "mill.example").unwrap().address(), "/lake/mill.example");
}
