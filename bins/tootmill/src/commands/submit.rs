//! `tootmill submit`: a day's posts into its states and rows, on the cluster or in this process.

use clap::Args;
use serde_json::json;
use tootmill_lake::Lake;
use tootmill_metric::{Day, Registry};
use tootmill_stages::Counted;

use super::{
    lake::{LakeArguments, On, OutcomeArguments, phrase},
    run::EngineArguments,
};
use crate::{failure::Failure, output::say, progress::Progress};

/// Map and reduce the posts of days: their states and rows.
///
/// A day whose states are there already, made from the posts that count, is passed over.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    tootmill submit --date 2026-11-24 --lake hdfs://namenode:8020/tootmill --instance mastodon.example")]
pub(crate) struct Submit {
    /// The day of the posts; may be given several times [default: all days that have posts]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Vec<Day>,
    #[command(flatten)]
    lake: LakeArguments,
    /// Where to compute [default: on YARN where the lake is in HDFS]
    #[arg(long, value_name = "WHERE")]
    on: Option<On>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

pub(crate) fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "no day such as 2026-11-24".into())
}

impl Submit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let lake = self.lake.open()?;
        let days = if self.date.is_empty() { lake.days_of_posts()? } else { self.date };
        let mut done = serde_json::Map::new();
        for day in days {
            let (sentence, data) = in_lake(&lake, day, &self.engine, self.outcome.quiet)?;
            if !self.outcome.json {
                say(sentence);
            }
            done.insert(day.to_string(), data);
        }
        self.outcome.tell(&format!("{} days are counted", done.len()), &json!({ "days": done }))
    }
}

/// Counts a day, and tells what was done.
pub(crate) fn in_lake(
    lake: &Lake,
    day: Day,
    engine: &EngineArguments,
    quiet: bool,
) -> Result<(String, serde_json::Value), Failure> {
    let registry = Registry::linked()?;
    let mut lease = lake.lease("tootmill submit")?;
    let progress = Progress::new(0, quiet);
    let counted = tootmill_stages::count_day(lake, &mut lease, day, &registry, &engine.options(), &progress);
    progress.finish();
    let Counted { was_done, counters, rows } = counted?;
    let how = if was_done { "was counted already" } else { "is counted" };
    let sentence = format!("{day} {how}: {}, {rows} rows", phrase(&counters));
    Ok((sentence, json!({"was_done": was_done, "counters": counters, "rows": rows})))
}
