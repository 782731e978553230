//! `tootmill load`: the rows of a lake into tables.

use clap::Args;
use serde_json::json;
use tootmill_lake::Lake;
use tootmill_metric::{Instant, Registered, Registry};
use tootmill_stages::LoadableRows;
use tootmill_tables::{Destination, Load as TablesLoad, Loaded};

use super::{
    lake::{LakeArguments, OutcomeArguments, days, days_as_data},
    run::parse_time,
};
use crate::failure::Failure;

/// Load the rows of a lake into tables: the totals' and each day's own.
///
/// Loading the same rows again changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill load --lake lake --instance mastodon.example --tables sqlite:tootmill.db")]
pub(crate) struct Load {
    #[command(flatten)]
    lake: LakeArguments,
    /// Where the tables go: sqlite:FILE
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES")]
    tables: Destination,
    /// The logical time of the numbers, a day or an instant [default: the day after the latest day of posts]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<Instant>,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

impl Load {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (sentence, data) = from_lake(&self.lake.open()?, &self.tables, self.as_of)?;
        self.outcome.tell(&sentence, &data)
    }
}

/// Loads the rows of a lake, and tells what was done.
pub(crate) fn from_lake(
    lake: &Lake,
    tables: &Destination,
    as_of: Option<Instant>,
) -> Result<(String, serde_json::Value), Failure> {
    let registry = Registry::linked()?;
    tables.check()?;
    let LoadableRows { days: all, counters, totals, of_days, folder: _folder } = tootmill_stages::loadable_rows(lake)?;
    let Some(as_of) = as_of.or_else(|| all.last().map(|day| day.next().start())) else {
        return Err(Failure::permanent(format!(
            "the totals of `{}` have no days: count some first, by `tootmill submit`, then `tootmill merge`",
            lake.address()
        )));
    };
    let load = TablesLoad {
        tables: registry.metrics().iter().map(|registered: &Registered| registered.table.clone()).collect(),
        as_of,
        days: all.clone(),
        totals,
        day_rows: of_days,
        counters: counters.named().collect(),
    };
    let loaded = tables.create()?.replace(&load)?;
    let sentence = match loaded {
        Loaded::Unchanged => format!("{tables} held the rows of {} already", days(&all)),
        Loaded::Written { .. } => format!("loaded the rows of {} into {tables}", days(&all)),
    };
    let data = json!({
        "tables": tables.to_string(), "as_of": as_of.to_string(), "days": days_as_data(&all),
        "changed": loaded != Loaded::Unchanged,
    });
    Ok((sentence, data))
}
