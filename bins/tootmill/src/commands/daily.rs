//! `tootmill daily`: all stages for one day.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;
use tootmill_lake::{Lake, Place};
use tootmill_metric::{Day, Registry};
use tootmill_tables::Destination;

use super::{
    compact,
    lake::{LakeArguments, On, OutcomeArguments},
    load, merge,
    run::EngineArguments,
    submit::{self, parse_day},
    yarn::YarnArguments,
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
    /// Where the tables go: sqlite:FILE
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES")]
    tables: Destination,
    /// Where to compute [default: days of many posts on YARN where the lake is in HDFS, all else in this process]
    #[arg(long, value_name = "WHERE")]
    on: Option<On>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    yarn: YarnArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

/// Below so many bytes of compressed posts a job takes longer than this process, by default.
const SMALL: u64 = 64 << 20;

impl Daily {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let lake = self.lake.open()?;
        let quiet = self.outcome.quiet;
        let mut stages = Vec::new();
        let mut tell = |stage: &str, (sentence, data): (String, serde_json::Value)| {
            if !self.outcome.json {
                say(format!("{stage}: {sentence}"));
            }
            stages.push(json!({"stage": stage, "outcome": data}));
        };
        tell("compact", compact::in_lake(&lake, self.on.unwrap_or(On::Local), &self.engine, &self.yarn, quiet)?);
        let mut days: BTreeSet<Day> = lake.days_of_posts()?.into_iter().collect();
        if !days.contains(&self.date) {
            return Err(tootmill_stages::Error::NoPosts { day: self.date, lake: lake.address() }.into());
        }
        let registry = Registry::linked()?;
        days.retain(|day| *day <= self.date);
        let mut missing = BTreeSet::new();
        for day in days {
            if !tootmill_stages::is_counted(&lake, day, &registry)? {
                missing.insert(day);
            }
        }
        interrupt::check()?;
        let on = |day| match self.on {
            None if is_small(&lake, day)? => Ok(On::Local),
            on => Ok(On::or_where(on, &self.lake)),
        };
        for (_, told) in submit::in_lake(&lake, &missing, false, on, &self.engine, &self.yarn, quiet)? {
            tell("submit", told);
        }
        interrupt::check()?;
        tell("merge", merge::in_lake(&lake, self.on.unwrap_or(On::Local), &self.engine, &self.yarn, quiet)?);
        interrupt::check()?;
        tell("load", load::from_lake(&lake, &self.tables, None)?);
        self.outcome.tell(&format!("{} is done", self.date), &json!({"date": self.date.to_string(), "stages": stages}))
    }
}

fn is_small(lake: &Lake, day: Day) -> Result<bool, Failure> {
    let Some(posts) = lake.versions(Place::Posts(day)).current()? else { return Ok(true) };
    Ok(posts.files()?.iter().map(|file| file.bytes).sum::<u64>() < SMALL)
}
