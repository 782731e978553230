//! `tootmill merge`: the days' states into the totals.

use clap::Args;
use serde_json::json;
use tootmill_lake::Lake;
use tootmill_metric::Registry;
use tootmill_stages::MergedDays;

use super::lake::{LakeArguments, OutcomeArguments, days, days_as_data};
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
    #[command(flatten)]
    outcome: OutcomeArguments,
}

impl Merge {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (sentence, data) = in_lake(&self.lake.open()?)?;
        self.outcome.tell(&sentence, &data)
    }
}

/// Merges in this process, and tells what was done.
pub(crate) fn in_lake(lake: &Lake) -> Result<(String, serde_json::Value), Failure> {
    let registry = Registry::linked()?;
    let mut lease = lake.lease("tootmill merge")?;
    let merged = tootmill_stages::merge(lake, &mut lease, &registry)?;
    Ok(told(&merged))
}

/// What merging did, as a sentence and as data.
pub(crate) fn told(merged: &MergedDays) -> (String, serde_json::Value) {
    let MergedDays { was_done, new, from_all, days: all, counters, rows } = merged;
    let sentence = match (was_done, from_all) {
        (true, _) => format!("the totals were up to date: {}, {rows} rows", days(all)),
        (false, true) => format!("merged the states of {}: {rows} rows", days(all)),
        (false, false) => format!("merged {} into the totals of {}: {rows} rows", days(new), days(all)),
    };
    let data = json!({
        "was_done": was_done, "from_all": from_all, "new": days_as_data(new), "days": days_as_data(all),
        "counters": counters, "rows": rows,
    });
    (sentence, data)
}
