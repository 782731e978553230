//! The cluster of the tests, and a folder of one test on its HDFS.

use std::{
    env, fs,
    path::Path,
    process::{self, Command},
    time::{SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use tootmill_yarn::{Cluster, Job};

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests need a cluster"))
}

pub fn cluster() -> Cluster {
    let cluster = Cluster::from_configuration(Path::new(&variable("HADOOP_CONF_DIR"))).unwrap();
    let cluster = cluster.with_resource_manager(&variable("TOOTMILL_RESOURCE_MANAGER"));
    let cluster = cluster.with_history_server(&variable("TOOTMILL_HISTORY_SERVER"));
    match env::var("TOOTMILL_LAUNCHER") {
        Ok(launcher) => cluster.with_launcher(&launcher).unwrap(),
        Err(_) => cluster,
    }
}

/// A folder on this machine and one on HDFS, which go with this value.
pub struct Folder {
    local: TempDir,
    remote: String,
    name: String,
}

impl Folder {
    /// Makes it, with files on this machine.
    pub fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let local = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(local.path().join(name), text).unwrap();
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("{name}-{now:x}-{}", process::id());
        Self { local, remote: format!("{}/tmp/tootmill-yarn-tests/{name}", variable("TOOTMILL_HDFS")), name }
    }

    pub fn local(&self) -> &Path {
        self.local.path()
    }

    pub fn purpose(&self) -> String {
        format!("tootmill-test-{}", self.name)
    }

    pub fn input(&self) -> String {
        format!("{}/in", self.remote)
    }

    pub fn output(&self) -> String {
        format!("{}/out", self.remote)
    }

    /// A job that reads the input and writes the output.
    pub fn job(&self, mapper: &str) -> Job {
        Job::new(&self.name, &self.purpose(), mapper, &self.output()).read(&self.input())
    }

    /// Puts files of lines into the input.
    pub fn put(&self, files: &[(&str, &[String])]) {
        let input = self.local().join("in");
        fs::create_dir(&input).unwrap();
        for (name, lines) in files {
            fs::write(input.join(name), lines.join("\n") + "\n").unwrap();
        }
        hdfs(&["-mkdir", "-p", &self.remote]);
        hdfs(&["-put", &input.display().to_string(), &self.input()]);
    }

    /// The files of the output.
    pub fn parts(&self) -> Vec<String> {
        let output = self.local().join("out");
        hdfs(&["-get", &self.output(), &output.display().to_string()]);
        let files = fs::read_dir(output).unwrap().map(|entry| entry.unwrap().path());
        let mut parts: Vec<_> =
            files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("part-")).collect();
        parts.sort();
        parts.iter().map(|part| fs::read_to_string(part).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = Command::new("hdfs").args(["dfs", "-rm", "-r", "-f", "-skipTrash", &self.remote]).output();
    }
}

fn hdfs(arguments: &[&str]) {
    let output = Command::new("hdfs").arg("dfs").args(arguments).output().unwrap();
    assert!(output.status.success(), "hdfs dfs {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The live applications with a tag.
pub fn live(tag: &str) -> Vec<String> {
    let url = format!("{}/ws/v1/cluster/apps", variable("TOOTMILL_RESOURCE_MANAGER"));
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let query = [("applicationTags", tag), ("states", "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING")];
    let answer: serde_json::Value = client.get(url).query(&query).send().unwrap().json().unwrap();
    let apps = answer["apps"]["app"].as_array().cloned().unwrap_or_default();
    apps.iter().map(|app| app["id"].to_string()).collect()
}
