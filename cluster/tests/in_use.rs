//! A cluster that is up, as `TOOTMILL_CLUSTER` names it: jobs of any user run, can be killed, and leave nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    env,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tootmill_cluster::{Cluster, Container, State};

fn cluster() -> Cluster {
    let folder =
        env::var("TOOTMILL_CLUSTER").expect("TOOTMILL_CLUSTER: source the cluster.env of a cluster that is up");
    Cluster::open(folder.as_ref()).unwrap()
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn every_daemon_answers() {
    let cluster = cluster();
    for daemon in cluster.daemons() {
        assert_eq!(cluster.state(daemon), State::Answers, "{daemon}");
    }
    assert_eq!(cluster.daemons().len(), 10);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_job_runs_as_the_user_that_submits_it() {
    let cluster = cluster();
    cluster.make_home("alice").unwrap();
    let as_alice = |program| {
        let mut command = cluster.command(program);
        command.env("HADOOP_USER_NAME", "alice");
        command
    };
    run(as_alice("sh")
        .args(["-c", "printf 'b\\na\\nb\\n' | hdfs dfs -put -f - grain && hdfs dfs -rm -r -f -skipTrash flour"]));
    run(as_alice("mapred").args([
        "streaming",
        "-input",
        "grain",
        "-output",
        "flour",
        "-mapper",
        "cat",
        "-reducer",
        "uniq -c",
    ]));
    let counted = run(as_alice("hdfs").args(["dfs", "-cat", "/user/alice/flour/part-*"]));
    assert_eq!(counted.split_whitespace().collect::<Vec<_>>(), ["1", "a", "2", "b"]);
    let owner = run(as_alice("hdfs").args(["dfs", "-stat", "%u", "/user/alice/flour/_SUCCESS"]));
    assert_eq!(owner, "alice\n");
    // And nobody writes to the homes of others.
    let refused = as_alice("hdfs").args(["dfs", "-touchz", "/user/not-mine"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Permission denied: user=alice"), "{refused:?}");
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_job_is_killed_by_a_plain_request() {
    let cluster = cluster();
    cluster.make_home("bob").unwrap();
    let as_bob = |program| {
        let mut command = cluster.command(program);
        command.env("HADOOP_USER_NAME", "bob").stdin(Stdio::null());
        command
    };
    run(as_bob("sh").args(["-c", "echo x | hdfs dfs -put -f - grain && hdfs dfs -rm -r -f -skipTrash flour"]));
    let mut job = as_bob("mapred");
    job.args(["streaming", "-input", "grain", "-output", "flour", "-mapper", "sleep 347", "-reducer", "cat"]);
    let mut job = job.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let sleeping = || cluster.containers().into_iter().find(|container| container.command.ends_with("sleep 347"));
    let container = eventually(sleeping);
    let job_of = |container: &Container| container.id.split('_').skip(1).take(2).collect::<Vec<_>>().join("_");
    let application = format!("application_{}", job_of(&container));
    let masters = cluster.containers().into_iter().filter(Container::is_application_master);
    assert_eq!(masters.filter(|master| job_of(master) == job_of(&container)).count(), 1);

    let resource_manager = cluster.environment().get("TOOTMILL_RESOURCE_MANAGER").unwrap();
    let state = format!("{resource_manager}/ws/v1/cluster/apps/{application}/state");
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let kill = client.put(format!("{state}?user.name=bob")).json(&serde_json::json!({"state": "KILLED"}));
    assert!(kill.send().unwrap().status().is_success());
    eventually(|| {
        let answer: Value = client.get(&state).send().unwrap().json().unwrap();
        (answer["state"] == "KILLED").then_some(())
    });
    assert!(!job.wait().unwrap().success());
    eventually(|| sleeping().is_none().then_some(()));
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn eventually<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "it did not come");
        thread::sleep(Duration::from_millis(100));
    }
}
