//! The program under test, collecting from the test's server into a lake.

use std::{
    collections::BTreeMap,
    io::BufRead,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;
use tootmill_lake::{Lake, find_inputs};

use super::Mock;
use crate::common::{Ran, run, stdout, tootmill};

/// A lake, and a server to collect from.
pub struct Collector {
    folder: TempDir,
    lake: String,
    from: String,
}

const INSTANCE: &str = "mill.test";

impl Collector {
    /// Into a lake in a folder of its own, or at an address.
    pub fn new(mock: &Mock, lake: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        let lake = lake.map_or_else(|| folder.path().join("lake").to_str().unwrap().to_owned(), str::to_owned);
        Self { folder, lake, from: mock.url() }
    }

    /// The same lake, and another way to the server.
    pub fn from(mut self, url: String) -> Self {
        self.from = url;
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let lake = ["collect", "--from", &self.from, "--lake", &self.lake, "--instance", INSTANCE];
        let quick = ["--accept-rules", "--requests-per-minute", "0"];
        [&lake, &quick[..], more].concat()
    }

    /// Collects.
    pub fn collect(&self, more: &[&str]) -> Ran {
        run(self.folder(), &self.arguments(more))
    }

    /// Collects, and succeeds, and says what it did.
    #[track_caller]
    pub fn collected(&self, more: &[&str]) -> Value {
        let arguments = self.arguments(&[more, &["--json", "--quiet"]].concat());
        serde_json::from_str(&stdout(self.folder(), &arguments)).unwrap()
    }

    /// The command that collects, to be run.
    pub fn command(&self, more: &[&str]) -> Command {
        tootmill(self.folder(), &self.arguments(more))
    }

    /// Begins to collect.
    pub fn start(&self, more: &[&str]) -> Child {
        self.command(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Another command over the lake, which is to succeed.
    #[track_caller]
    pub fn tootmill(&self, arguments: &[&str]) -> String {
        stdout(self.folder(), &[arguments, &["--lake", &self.lake, "--instance", INSTANCE]].concat())
    }

    /// Brings tables up to date with a day, and compares them with those that are computed from the server's own database.
    #[track_caller]
    pub fn assert_tables(&self, mock: &Mock, day: &str) {
        self.tootmill(&["daily", "--date", day, "--quiet", "--tables", "sqlite:tables.db"]);
        let ours = stdout(self.folder(), &["tables", "dump", "--tables", "sqlite:tables.db"]);
        let (ours, theirs): (Value, Value) = (serde_json::from_str(&ours).unwrap(), mock.tables(&[]));
        for (table, rows) in theirs.as_object().unwrap() {
            assert_eq!(&ours[table], rows, "{table}");
        }
        assert!(theirs["tag_table"].as_object().unwrap().len() > 5, "{theirs}");
    }

    pub fn lake(&self) -> Lake {
        Lake::open(&self.lake, INSTANCE).unwrap()
    }

    /// How often each id stands in the raw files.
    pub fn raw(&self) -> BTreeMap<String, usize> {
        let files = self.lake().raw_files().unwrap();
        ids(&files.iter().map(|file| self.lake().storage().address(&file.path)).collect::<Vec<_>>())
    }

    /// How often each id stands among the posts that count.
    pub fn posts(&self) -> BTreeMap<String, usize> {
        let versions = self.lake().posts().unwrap();
        let files = versions.iter().flat_map(|(_, version)| version.files().unwrap());
        ids(&files.map(|file| self.lake().storage().address(&file.path)).collect::<Vec<_>>())
    }
}

fn ids(files: &[String]) -> BTreeMap<String, usize> {
    let mut ids = BTreeMap::new();
    if files.is_empty() {
        return ids;
    }
    for line in tootmill_input::lines_of(find_inputs(files.iter().map(|file| &**file)).unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(id) = line["id"].as_str() {
            *ids.entry(id.to_owned()).or_default() += 1;
        }
    }
    ids
}
