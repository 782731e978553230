//! `tootmill merge`: the days' states into the totals.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use tootmill_lake::{Lake, Place};
use tootmill_metric::Registry;
use tootmill_privacy::log::Done;
use tootmill_stages::MergedDays;

use super::{
    gdpr,
    lake::{LakeArguments, days, days_as_data},
    stage::{On, StageArguments, Told, paths},
};
use crate::failure::Failure;

/// Bring the totals of a lake, and their rows, up to date with the days' states.
///
/// A new day is merged in at the cost of its distinct keys; where a day was computed again, all days' states are merged. Both
/// end in the same bytes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill merge --lake hdfs://namenode:8020/tootmill --instance mastodon.example")]
pub(crate) struct Merge {
    #[command(flatten)]
    lake: LakeArguments,
    /// Where to merge
    #[arg(long, value_name = "WHERE", env = "TOOTMILL_ON", default_value = "local")]
    on: On,
    #[command(flatten)]
    stage: StageArguments,
}

impl Merge {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.stage.outcome.tell_stage(&in_lake(&self.lake.open()?, self.on, &self.stage)?)
    }
}

/// Merges, and tells what was done.
pub(crate) fn in_lake(lake: &Lake, on: On, stage: &StageArguments) -> Result<Told, Failure> {
    let (registry, began) = (Registry::linked()?, Instant::now());
    let lease = gdpr::begin(lake, "tootmill merge")?;
    let merged = match on {
        On::Local => tootmill_stages::merge(lake, &lease, &registry)?,
        On::Yarn => stage.by_job(lake, |yarn| tootmill_stages::merge_on_yarn(lake, &lease, &registry, yarn))?,
    };
    let MergedDays { was_done, new, from_all, days: all, counters, rows, job } = merged;
    let mut sentence = match (was_done, from_all) {
        (true, _) => format!("the totals were up to date: {}, {rows} rows", days(&all)),
        (false, true) => format!("merged the states of {}: {rows} rows", days(&all)),
        (false, false) => format!("merged {} into the totals of {}: {rows} rows", days(&new), days(&all)),
    };
    if let Some(job) = &job {
        sentence += &format!("; {}", super::yarn::phrase(job));
    }
    let told = Told {
        sentence,
        paths: paths(lake, [Place::Totals, Place::RowsOfTotals])?,
        counters: counters.named().collect(),
        rows: Some(rows),
        seconds: began.elapsed().as_secs_f64(),
        job,
        own: json!({
            "was_done": was_done, "from_all": from_all, "new": days_as_data(&new), "days": days_as_data(&all),
        }),
    };
    if !was_done {
        let days = if from_all { all } else { new };
        gdpr::note(lake, Done { days, ..Done::by_command("tootmill merge") }, &told)?;
    }
    Ok(told)
}
