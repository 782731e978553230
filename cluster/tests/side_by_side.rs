//! Two clusters side by side, started at the same moment: neither is in the other's way, and nothing of them is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use tootmill_cluster::{Cluster, Daemon, Environment, Options, State};

#[test]
#[ignore = "starts clusters of its own"]
fn two_clusters_start_at_once_and_leave_nothing() {
    let start = || Cluster::up(&Options { hbase: false, ..Options::default() }).unwrap();
    let (mut one, mut other) = thread::scope(|scope| {
        let (one, other) = (scope.spawn(start), scope.spawn(start));
        (one.join().unwrap(), other.join().unwrap())
    });
    let addresses = |cluster: &Cluster| -> BTreeSet<String> {
        cluster.daemons().into_iter().map(|daemon| cluster.address(daemon)).collect()
    };
    let (ones, others) = (addresses(&one), addresses(&other));
    assert!(ones.is_disjoint(&others), "{ones:?} {others:?}");

    // Each has its own file, so that one that talked to the other would be seen.
    for (cluster, text) in [(&one, "one\n"), (&other, "the other\n")] {
        put(cluster, "/tmp/mill", text);
        assert_eq!(output(cluster.command("hdfs").args(["dfs", "-cat", "/tmp/mill"])), text);
    }
    // The file for shells says the same as the library, and a shell that has it needs no more.
    let file = one.folder().join("cluster.env");
    assert_eq!(&Environment::read(&file).unwrap(), one.environment());
    let mut shell = Command::new("sh");
    shell.args(["-ec", ". \"$0\" && hadoop fs -cat /tmp/mill"]).arg(&file);
    assert_eq!(output(&mut shell), "one\n");

    // A DataNode comes back where it was, with what it had.
    let address = other.address(Daemon::DataNode1);
    other.stop(Daemon::DataNode1).unwrap();
    assert_eq!(other.state(Daemon::DataNode1), State::Down);
    TcpStream::connect(&address).unwrap_err();
    other.start(Daemon::DataNode1).unwrap();
    assert_eq!(other.state(Daemon::DataNode1), State::Answers);
    assert_eq!(output(other.command("hdfs").args(["dfs", "-cat", "/tmp/mill"])), "the other\n");
    // So does a NodeManager that has crashed.
    one.kill(Daemon::NodeManager).unwrap();
    assert_eq!(one.state(Daemon::NodeManager), State::Down);
    one.start(Daemon::NodeManager).unwrap();

    // One goes by name, the other with its value.
    let folders = [one.folder().to_owned(), other.folder().to_owned()];
    one.down().unwrap();
    drop(other);
    for folder in &folders {
        assert_eq!(processes(folder), [""; 0]);
        assert!(!folder.exists(), "{} is left", folder.display());
    }
    for address in ones.union(&others) {
        assert!(TcpStream::connect(address).is_err(), "{address} is still open");
    }
}

#[test]
#[ignore = "starts clusters of its own"]
fn a_start_that_is_interrupted_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("cluster");
    let options = Options { dir: Some(dir.clone()), ..Options::default() };
    let interrupted = options.interrupted.clone();
    let error = thread::scope(|scope| {
        let up = scope.spawn(|| Cluster::up(&options).unwrap_err());
        while processes(&dir).is_empty() {
            thread::yield_now();
        }
        interrupted.store(true, std::sync::atomic::Ordering::Relaxed);
        up.join().unwrap()
    });
    assert_eq!(error.to_string(), "interrupted, and all that was started is stopped");
    assert_eq!(processes(&dir), [""; 0]);
}

fn put(cluster: &Cluster, path: &str, text: &str) {
    let mut command = cluster.command("hdfs");
    let mut child = command.args(["dfs", "-put", "-", path]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "putting {path}");
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The command lines of all processes that have the folder in theirs.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|process| process.path().join("cmdline"));
    let read = |path: PathBuf| Some(String::from_utf8_lossy(&fs::read(path).ok()?).replace('\0', " "));
    processes.filter_map(read).filter(|line| line.contains(folder)).collect()
}
