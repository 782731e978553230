//! `tootmill daily`: all stages for one day.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::json;
use tootmill_lake::Version;
use tootmill_metric::{Day, Registry};
use tootmill_tables::Destination;

use super::{
    compact,
    destination::DestinationParser,
    lake::LakeArguments,
    load::{self, LoadArguments},
    merge,
    stage::{On, StageArguments, Told},
    submit::{self, parse_day},
};
use crate::{failure::Failure, interrupt, output::say};

/// Bring the tables up to date with a day: compact, submit, merge, load.
///
/// Each stage is passed over where its result is there already, so it is safe to run again. Earlier days are computed too where
/// their posts changed, as when one comes late. On a cluster, a day of few posts is computed in this process, which is quicker
/// than a job.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    tootmill daily --date 2026-11-24 --lake hdfs://namenode:8020/tootmill --instance mastodon.example --tables sqlite:tootmill.db")]
pub(crate) struct Daily {
    /// The day of the posts
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Day,
    #[command(flatten)]
    lake: LakeArguments,
    /// Where the tables go: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// Where to compute [default: days of many posts on YARN where the lake is in HDFS, all else in this process]
    #[arg(long, value_name = "WHERE", env = "TOOTMILL_ON")]
    on: Option<On>,
    #[command(flatten)]
    load: LoadArguments,
    #[command(flatten)]
    stage: StageArguments,
}

/// Below so many bytes of compressed posts a job takes longer than this process, by default.
const SMALL: u64 = 64 << 20;

impl Daily {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (lake, began) = (self.lake.open()?, Instant::now());
        let mut stages = Vec::new();
        let mut tell = |stage: &'static str, told: Told| {
            if !self.stage.outcome.json {
                say(format!("{stage}: {}", told.sentence));
            }
            stages.push((stage, told));
        };
        tell("compact", compact::in_lake(&lake, self.on.unwrap_or(On::Local), &self.stage)?);
        let posts = lake.posts()?;
        if !posts.iter().any(|(day, _)| *day == self.date) {
            return Err(tootmill_stages::Error::NoPosts { day: self.date, lake: lake.address() }.into());
        }
        let registry = Registry::linked()?;
        let mut missing = BTreeMap::new();
        for (day, version) in posts.into_iter().filter(|(day, _)| *day <= self.date) {
            if !tootmill_stages::is_counted(&lake, day, &registry)? {
                missing.insert(day, version);
            }
        }
        interrupt::check()?;
        let on = |day| match (self.on, missing.get(&day)) {
            (None, Some(posts)) if is_small(posts)? => Ok(On::Local),
            (on, _) => Ok(On::or_where(on, &self.lake)),
        };
        let days = missing.keys().copied().collect();
        for (_, told) in submit::in_lake(&lake, &days, false, on, &self.stage)? {
            tell("submit", told);
        }
        interrupt::check()?;
        tell("merge", merge::in_lake(&lake, self.on.unwrap_or(On::Local), &self.stage)?);
        interrupt::check()?;
        tell("load", load::from_lake(&lake, &self.tables, None, self.load, self.stage.outcome.quiet)?);
        self.stage.outcome.tell_stage(&of_all(self.date, &stages, began.elapsed()))
    }
}

/// What all stages came to together: the counters and rows are those that were loaded.
fn of_all(date: Day, stages: &[(&'static str, Told)], elapsed: Duration) -> Told {
    let outcomes = stages.iter().map(|(stage, told)| json!({"stage": stage, "outcome": told.data()}));
    let last = stages.last().map(|(_, told)| told);
    Told {
        sentence: format!("{date} is done"),
        paths: stages.iter().flat_map(|(_, told)| told.paths.clone()).collect(),
        counters: last.map(|told| told.counters.clone()).unwrap_or_default(),
        rows: last.and_then(|told| told.rows),
        seconds: elapsed.as_secs_f64(),
        job: stages.iter().find_map(|(_, told)| told.job.clone()),
        own: json!({"date": date.to_string(), "stages": outcomes.collect::<Vec<_>>()}),
    }
}

fn is_small(posts: &Version) -> Result<bool, Failure> {
    Ok(posts.files()?.iter().map(|file| file.bytes).sum::<u64>() < SMALL)
}
