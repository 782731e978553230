//! Accounts forgotten on a cluster: a lake in HDFS, and tables in HBase, of which no cell is left, not even a raw one. The cluster
//! is the one that the environment describes (`cluster.env` of `cargo xtask cluster up`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    collections::BTreeSet,
    env, fs,
    io::{Read, Write},
    path::Path,
    process::{self, Command, Stdio},
};

use common::{lake::Lake, people::has_number, run, stdout, with_posts};
use serde_json::Value;
use tootmill_lake::{Storage, open_storage};
use tootmill_metric::Line;

const ADMIN: &str = concat!("hbase ", env!("CARGO_MANIFEST_DIR"), "/tests/hbase_faults/HbaseAdmin.java");

/// What HBase's own client answers.
fn ask(order: &str) -> String {
    let (program, source) = ADMIN.split_once(' ').unwrap();
    let mut asked = Command::new(program);
    let mut asked =
        asked.arg(source).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    writeln!(asked.stdin.take().unwrap(), "{order}").unwrap();
    let output = asked.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// All that is in the files of a lake, decompressed.
fn content(storage: &dyn Storage, folder: &str) -> String {
    let mut all = String::new();
    for entry in storage.list(folder).unwrap() {
        if entry.is_folder {
            all += &content(storage, &entry.path);
            continue;
        }
        let mut bytes = Vec::new();
        storage.read(&entry.path, 0..entry.bytes).unwrap().read_to_end(&mut bytes).unwrap();
        let bytes = if entry.is_compressed() { zstd::decode_all(&*bytes).unwrap() } else { bytes };
        all += &entry.path;
        all += &String::from_utf8_lossy(&bytes);
    }
    all
}

fn dump(folder: &Path, tables: &str, family: &str) -> Value {
    serde_json::from_str(&stdout(folder, &["tables", "dump", "--tables", tables, "--family", family])).unwrap()
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn of_accounts_that_are_forgotten_no_cell_is_left_in_hbase_and_no_byte_in_hdfs() {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set: source a cluster.env"));
    let folder = with_posts(400);
    let folder = folder.path();
    let (lake, namespace) = (Lake::new("forget", "mill.example"), format!("forget_{}", process::id()));
    let (thrift1, thrift2) = (variable("TOOTMILL_THRIFT1"), variable("TOOTMILL_THRIFT2"));
    let tables = format!("hbase://{thrift1}?thrift2={thrift2}&namespace={namespace}");
    let root = format!("{}/hbase", variable("TOOTMILL_HDFS"));
    let as_sent = ["--policy", "open", "--keep-all-fields", "--key", "privacy.key"];
    lake.run(folder, &[&["import", "posts.jsonl"][..], &as_sent].concat());
    for stage in [&["compact"][..], &["submit", "--on", "local"], &["merge"], &["load", "--tables", &tables]] {
        lake.run(folder, stage);
    }
    let posts = fs::read(folder.join("posts.jsonl")).unwrap();
    let posts = String::from_utf8_lossy(&posts);
    let account_of = |line: &str| match Line::parse(line) {
        Ok(Line::Post(post)) => post.account.map(|account| account.id().to_owned()),
        _ => None,
    };
    let users = dump(folder, &tables, "data")["user_table"].as_object().unwrap().clone();
    let meant: BTreeSet<&String> = users.keys().filter(|id| id.len() > 12).step_by(10).collect();
    assert!(meant.len() > 10, "{}", meant.len());
    fs::write(folder.join("accounts"), meant.iter().map(|id| format!("{id}\n")).collect::<String>()).unwrap();
    let cells = |id: &str| ask(&format!("cells {namespace}:user_table {id}")).parse::<u64>().unwrap();
    let one = meant.iter().next().unwrap();
    assert!(cells(one) > 3);

    let of_hbase = ["--tables", &tables, "--hbase-root", &root, "--hbase-admin", ADMIN, "--key", "privacy.key"];
    let told = lake.run(folder, &[&["forget", "--accounts", "accounts"][..], &of_hbase].concat());
    for id in &meant {
        assert_eq!(cells(id), 0, "{id}");
    }
    // What the table's files held lies in the archive and the logs yet, and that is said.
    assert!(told["pending_files"].as_u64() > Some(0), "{told}");
    let status = run(folder, &["status", "--lake", &lake.address, "--instance", lake.instance]);
    assert!(status.stdout.contains("may hold what was erased"), "{}{}", status.stdout, status.stderr);
    let (storage, path) = open_storage(&lake.address).unwrap();
    let left = content(&*storage, &path);
    meant.iter().for_each(|id| assert!(!has_number(&left, id), "{id} is left"));

    let rest: String = posts
        .lines()
        .filter(|line| account_of(line).is_none_or(|id| !meant.contains(&id)))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(folder.join("rest.jsonl"), rest).unwrap();
    stdout(folder, &["run", "rest.jsonl", "--tables", "sqlite:rest.db", "--quiet"]);
    for family in ["data", "day"] {
        assert_eq!(dump(folder, &tables, family), dump(folder, "sqlite:rest.db", family), "{family}");
    }
    for names in [&[][..], &["runs", "tootmill_loads"]] {
        stdout(folder, &[&["tables", "drop", "--yes", "--tables", &tables], names].concat());
    }
}
