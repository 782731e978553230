//! A lake of a test's own in the HDFS of the cluster that the environment describes.

use std::{env, path::Path, process};

use tootmill_lake::open_storage;

use super::stdout;

/// A lake that is removed at the end.
pub struct Lake {
    pub address: String,
    pub instance: &'static str,
}

impl Lake {
    /// In a folder whose name begins so.
    pub fn new(folder: &str, instance: &'static str) -> Self {
        let hdfs = env::var("TOOTMILL_HDFS").expect("source the cluster.env of a development cluster");
        Self { address: format!("{hdfs}/{folder}-{}", process::id()), instance }
    }

    /// Runs a command over the lake, which is to succeed, and gives its outcome.
    #[track_caller]
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> serde_json::Value {
        let lake = ["--lake", &self.address, "--instance", self.instance, "--json", "--quiet"];
        serde_json::from_str(&stdout(folder, &[arguments, &lake].concat())).unwrap()
    }
}

impl Drop for Lake {
    fn drop(&mut self) {
        let removed = open_storage(&self.address).and_then(|(storage, path)| storage.remove(&path));
        if let Err(error) = removed {
            eprintln!("{} stays: {error}", self.address);
        }
    }
}
