//! What the servers of a development cluster with HBase 2.6.1 said, for tests: one region server, and a table of four regions
//! with 980 of 1,000 rows in one of them. Cut down to the attributes that are used, and some that look like them.

use std::{cell::RefCell, collections::BTreeMap};

use serde_json::Value;
use tootmill_metric::{Instant, Status};

use crate::{Error, HBase, LastLoad, Loads, Outcome, Seen, Thresholds};

pub(crate) const MASTER: &str = "http://127.0.0.1:25792";

/// The answers by their addresses, and which of them were asked for.
pub(crate) struct Recorded {
    answers: BTreeMap<String, Value>,
    pub(crate) asked: RefCell<Vec<String>>,
}

impl Recorded {
    pub(crate) fn new() -> Self {
        let region_server = "http://localhost:25794";
        let bean = |server, bean| format!("{server}/jmx?qry=Hadoop:service=HBase,name={bean}");
        let answers = [
            (bean(MASTER, "Master,sub=Server"), include_str!("recorded/master.json")),
            (bean(MASTER, "Master,sub=AssignmentManager"), include_str!("recorded/assignment.json")),
            (format!("{MASTER}/api/v1/admin/cluster_metrics/live_servers"), include_str!("recorded/live-servers.json")),
            (bean(region_server, "RegionServer,sub=Server"), include_str!("recorded/region-server.json")),
            (bean(region_server, "RegionServer,sub=Regions"), include_str!("recorded/regions.json")),
        ];
        let answers = answers.map(|(url, text)| (url, serde_json::from_str(text).unwrap()));
        Self { answers: answers.into(), asked: RefCell::default() }
    }

    /// Changes the one answer whose address has this in it.
    pub(crate) fn change(&mut self, of: &str, pointer: &str, value: impl Into<Value>) {
        let (_, answer) = self.answers.iter_mut().find(|(url, _)| url.contains(of)).unwrap();
        *answer.pointer_mut(pointer).unwrap() = value.into();
    }

    /// From now on, addresses with this in them are not there.
    pub(crate) fn remove(&mut self, of: &str) {
        self.answers.retain(|url, _| !url.contains(of));
    }

    pub(crate) fn ask(&self, url: &str) -> Result<Value, Error> {
        self.asked.borrow_mut().push(url.to_owned());
        let silent = || Error::Ask { url: url.into(), reason: "refused".into(), status: Status::Temporary };
        match self.answers.get(url) {
            Some(answer) => Ok(answer.clone()),
            None if url.contains("/api/") => Err(Error::Unknown { url: url.into() }),
            None => Err(silent()),
        }
    }

    pub(crate) fn read(&self) -> Result<HBase, Error> {
        HBase::ask(&|url| self.ask(url), &[format!("{MASTER}/")], None)
    }

    /// Together with loads: one of 36 hours ago, one too old, one that never was.
    pub(crate) fn outcome(&self) -> Outcome {
        let taken = Instant::parse("2026-11-24T12:00").unwrap();
        let load =
            |table: &str, finished| LastLoad { table: table.into(), finished: Instant::parse(finished).unwrap() };
        let loads = Loads {
            expected: ["toot_with_media_table", "tag_table", "url_table"].map(Into::into).into(),
            last: vec![
                load("toot_with_media_table", "2026-11-22"),
                load("toot_with_media_table", "2026-11-23"),
                load("tag_table", "2026-11-20"),
            ],
            newest_day: None,
        };
        let thresholds = Thresholds { least_requests: 1000, ..Thresholds::DEFAULT };
        Outcome::of(taken, Seen { hbase: Some(self.read()), loads: Some(Ok(loads)), ..Seen::default() }, &thresholds)
    }
}
