//! Accounts forgotten on a cluster: a lake in HDFS, and tables in HBase, of which no cell is left, not even a raw one. The cluster
//! is the one that the environment describes (`cluster.env` of `cargo xtask cluster up`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    cell::RefCell,
    env,
    fs::{self, File},
    io::{Read, Write},
    path::Path,
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{
    killed,
    lake::Lake,
    people::{INSTANCE, Tenth, lake, make, three_accounts},
    run, stdout, tootmill,
};
use serde_json::Value;
use tempfile::TempDir;
use tootmill_lake::{Storage, open_storage};
use tootmill_synth::Timeline;

/// Is there while an erasure is on its way.
const BEGUN: &str = "lake/mill.example/privacy/erasing.json";

const ADMIN: &str = concat!("hbase ", env!("CARGO_MANIFEST_DIR"), "/tests/hbase_faults/HbaseAdmin.java");

/// What HBase's own client answers to orders, a line each.
fn ask(orders: &str) -> String {
    let (program, source) = ADMIN.split_once(' ').unwrap();
    let mut asked = Command::new(program);
    let mut asked =
        asked.arg(source).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    asked.stdin.take().unwrap().write_all(orders.as_bytes()).unwrap();
    let output = asked.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// All that is in the files of a folder, decompressed, but programs; of one that goes meanwhile, nothing.
fn content(storage: &dyn Storage, folder: &str) -> String {
    let mut all = String::new();
    for entry in storage.list(folder).unwrap() {
        if entry.is_folder {
            all += &if entry.name() == "_programs" { String::new() } else { content(storage, &entry.path) };
            continue;
        }
        let mut bytes = Vec::new();
        let read = storage.read(&entry.path, 0..entry.bytes).map(|mut file| file.read_to_end(&mut bytes));
        if !matches!(read, Ok(Ok(_))) {
            continue;
        }
        let bytes = if entry.is_compressed() { zstd::decode_all(&*bytes).unwrap() } else { bytes };
        all += &entry.path;
        all += &String::from_utf8_lossy(&bytes);
    }
    all
}

fn dump(folder: &Path, tables: &str, family: &str) -> Value {
    serde_json::from_str(&stdout(folder, &["tables", "dump", "--tables", tables, "--family", family])).unwrap()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: source a cluster.env"))
}

/// The tables of a namespace.
fn tables(namespace: &str) -> String {
    let (thrift1, thrift2) = (variable("TOOTMILL_THRIFT1"), variable("TOOTMILL_THRIFT2"));
    format!("hbase://{thrift1}?thrift2={thrift2}&namespace={namespace}")
}

/// How many cells of each account are stored, of all versions and marks.
fn cells<'a>(namespace: &str, accounts: impl IntoIterator<Item = &'a str>) -> Vec<u64> {
    let orders = accounts.into_iter().map(|account| format!("cells {namespace}:user_table {account}\n"));
    ask(&orders.collect::<String>()).lines().map(|cells| cells.parse().unwrap()).collect()
}

fn drop_tables(folder: &Path, namespace: &str) {
    for names in [&[][..], &["runs", "tootmill_loads"]] {
        stdout(folder, &[&["tables", "drop", "--yes", "--tables", &tables(namespace)], names].concat());
    }
}

/// Adds posts with a date that is to come, whose cells are later than any mark of a removal that HBase makes by its own clock.
fn with_days_to_come(posts: &Path) {
    let before = String::from_utf8_lossy(&fs::read(posts).unwrap()).into_owned();
    let more = before.lines().enumerate().step_by(3).filter_map(|(number, line)| {
        let mut post: Value = serde_json::from_str(line).ok()?;
        post["account"]["id"].as_str()?;
        post["id"] = format!("9{number:017}").into();
        post["created_at"] = "2031-01-01T00:00:00.000Z".into();
        Some(format!("{post}\n"))
    });
    let more: String = more.collect();
    assert!(more.lines().count() > 50);
    File::options().append(true).open(posts).unwrap().write_all(more.as_bytes()).unwrap();
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn of_accounts_that_are_forgotten_no_cell_is_left_in_hbase_and_no_byte_in_hdfs() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    // Nobody else's tests have these accounts, in the logs of the same HBase.
    let timeline = Timeline { posts: 400, seed: process::id().into(), ..Timeline::default() };
    timeline.write_to(&mut File::create(folder.join("posts.jsonl")).unwrap()).unwrap();
    with_days_to_come(&folder.join("posts.jsonl"));
    let meant = Tenth::of_posts_in(folder);
    let (lake, namespace) = (Lake::new("forget", "mill.example"), format!("forget_{}", process::id()));
    let tables = tables(&namespace);
    let hdfs = variable("TOOTMILL_HDFS");
    let root = format!("{hdfs}/hbase");
    let as_sent = ["--policy", "open", "--keep-all-fields", "--key", "privacy.key"];
    lake.run(folder, &[&["import", "posts.jsonl"][..], &as_sent].concat());
    for stage in [&["compact"][..], &["submit", "--on", "local"], &["merge"], &["load", "--tables", &tables]] {
        lake.run(folder, stage);
    }
    let cells_of_theirs = || cells(&namespace, meant.ids.iter().map(String::as_str));
    assert!(cells_of_theirs().iter().filter(|cells| **cells > 3).count() * 2 > meant.ids.len());
    let everywhere = || {
        let (storage, _) = open_storage(&format!("{hdfs}/")).unwrap();
        content(&*storage, "/")
    };
    assert!(meant.count_in(&everywhere()) > meant.ids.len() + 50);
    let of_hbase = ["--tables", &tables, "--hbase-root", &root, "--hbase-admin", ADMIN, "--key", "privacy.key"];
    let told = lake.run(folder, &[&["forget", "--accounts", "accounts"][..], &of_hbase].concat());
    assert_eq!(cells_of_theirs(), vec![0; meant.ids.len()]);
    // What the table's files held lies in the archive and the logs yet, and that is said until it is gone.
    assert!(told["pending_files"].as_u64() > Some(0), "{told}");
    let is_pending = || {
        let status = run(folder, &["status", "--lake", &lake.address, "--instance", lake.instance]);
        status.stdout.contains("may hold what was erased")
    };
    assert!(is_pending());
    let began = Instant::now();
    while is_pending() {
        assert!(began.elapsed() < Duration::from_mins(5), "it is pending for too long");
        // A log is kept as long as any table, of other tests too, has something in it that is not flushed: for an hour, by itself.
        assert_eq!(ask("flush_all now\n"), "done");
        thread::sleep(Duration::from_secs(5));
    }
    meant.assert_none_in(&everywhere());
    stdout(folder, &["report", "--tables", &tables, "--lake", &lake.address, "--instance", lake.instance]);
    meant.assert_none_in(&fs::read_to_string(folder.join("report.html")).unwrap());
    meant.assert_none_in(&common::content(&Path::new(&variable("TOOTMILL_CLUSTER")).join("logs")));

    stdout(folder, &["run", "rest.jsonl", "--tables", "sqlite:rest.db", "--quiet"]);
    for family in ["data", "day"] {
        assert_eq!(dump(folder, &tables, family), dump(folder, "sqlite:rest.db", family), "{family}");
    }
    drop_tables(folder, &namespace);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn an_erasure_in_hbase_that_is_killed_at_any_moment_is_gone_on_with_to_its_end() {
    let made = three_accounts();
    make(made.path(), "posts.jsonl", "lake");
    let root = format!("{}/hbase", variable("TOOTMILL_HDFS"));
    let namespace = |folder: &Path| folder.file_name().unwrap().to_string_lossy().replace('.', "forget_");
    let forget = |folder: &Path, whom: &[&str]| {
        let tables = tables(&namespace(folder));
        let of_hbase = ["--tables", &tables, "--hbase-root", &root, "--hbase-admin", ADMIN, "--quiet"];
        tootmill(folder, &[&["forget"], whom, &of_hbase, &lake("lake", "privacy.key")].concat())
    };
    let made_of = RefCell::new(Vec::new());
    let load_and_forget = |folder: &Path| {
        let tables = tables(&namespace(folder));
        made_of.borrow_mut().push(namespace(folder));
        stdout(folder, &[&["load", "--tables", &tables, "--lake", "lake", "--quiet"], &INSTANCE[..]].concat());
        forget(folder, &["--account", "@ada"])
    };
    let mut unfinished = 0;
    killed::at_moments(3, made.path(), BEGUN, load_and_forget, |whole, folder| {
        let is_unfinished = folder.join(BEGUN).exists();
        unfinished += u32::from(is_unfinished);
        let whom: &[&str] = if is_unfinished { &[] } else { &["--account", "@ada"] };
        assert!(forget(folder, whom).stdout(Stdio::null()).status().unwrap().success());
        let (killed, whole) = (namespace(folder), namespace(whole));
        for family in ["data", "day"] {
            assert_eq!(dump(folder, &tables(&killed), family), dump(folder, &tables(&whole), family), "{family}");
        }
        for namespace in [killed, whole] {
            let cells = cells(&namespace, ["400000001", "400000002"]);
            assert!(cells[0] == 0 && cells[1] > 0, "{cells:?}");
        }
    });
    assert!(unfinished > 1, "all but the first were over before they were killed");
    made_of.borrow().iter().for_each(|namespace| drop_tables(made.path(), namespace));
}
