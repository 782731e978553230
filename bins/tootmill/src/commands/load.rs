//! `tootmill load`: the rows of a lake, or files of rows, into tables.

use std::{sync::Arc, time::Instant as Moment};

use clap::Args;
use serde_json::json;
use tootmill_input::lines_of;
use tootmill_lake::{Lake, Lease, find_inputs};
use tootmill_metric::{Day, Instant, Registered, Registry, Table};
use tootmill_privacy::log::Done;
use tootmill_stages::{LakeDay, LakeRows, LoadableRows};
use tootmill_tables::{DayRows, Destination, Load as TablesLoad, LoadOptions, Loaded, Rows, Written};

use super::{
    destination::DestinationParser,
    gdpr,
    lake::{LakeArguments, OutcomeArguments, days, days_as_data},
    run::parse_time,
    stage::Told,
};
use crate::{failure::Failure, progress::LoadProgress};

/// Load rows into tables: those of a lake, the totals' and each day's own, or files of rows.
///
/// Meanwhile nobody else writes to the lake, nor loads from it: another command is told who does, and ends with exit code 75.
/// Loading the same rows again changes nothing. In HBase, tables that are not there are made, and of the totals only the rows are
/// written that changed since the last load; a load that did not come to its end is repeated in full by the next.
#[derive(Args, Debug)]
#[command(
    override_usage = "tootmill load [OPTIONS] --lake <LAKE> --instance <HOST>\n       \
        tootmill load [OPTIONS] --as-of <TIME> <ROWS>...",
    after_help = "Examples:\n  \
    tootmill load --lake lake --instance mastodon.example --tables sqlite:tootmill.db\n  \
    tootmill load --lake hdfs://namenode:8020/tootmill --instance mastodon.example --tables hbase://thrift:9090 --verify\n  \
    tootmill load totals.rows.zst --as-of 2026-11-25 --tables hbase://thrift:9090"
)]
pub(crate) struct Load {
    /// Instead of a lake: files of rows, as `tootmill reducer --rows` writes them, read one after the other as one, also .gz, .zst
    /// and hdfs://…; `-` is standard input. The tables become these totals and have no days; a lake is then not looked at
    #[arg(value_name = "ROWS")]
    rows: Vec<String>,
    // Not LakeArguments: the environment may name a lake where files are given.
    /// Where the lake is: a folder, or hdfs://HOST:PORT/FOLDER
    #[arg(long, value_name = "LAKE", env = "TOOTMILL_LAKE")]
    lake: Option<String>,
    /// The instance whose posts are meant, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    instance: Option<String>,
    /// Where the tables go: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// The logical time of the numbers, a day or an instant; needed for files, which do not tell their days [default: the day after
    /// the latest day of posts]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<Instant>,
    #[command(flatten)]
    how: LoadArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

impl Load {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self { tables, as_of, how, outcome: OutcomeArguments { quiet, .. }, .. } = self;
        let told = match (self.rows.is_empty(), self.lake, self.instance) {
            (false, ..) => from_files(&self.rows, &tables, as_of, how, quiet)?,
            (true, Some(lake), Some(instance)) => {
                from_lake(&LakeArguments { lake, instance }.open()?, &tables, as_of, how, quiet)?
            }
            (true, ..) => {
                return Err(Failure::Usage("name a lake by --lake and --instance, or files of rows".into()));
            }
        };
        self.outcome.tell_stage(&told)
    }
}

/// How rows are loaded.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct LoadArguments {
    /// Write all rows of the totals and all days, not only what changed
    #[arg(long)]
    all: bool,
    /// Read back what was written, and compare every cell
    #[arg(long)]
    verify: bool,
    /// Leave out days that are older than the time to live of their tables in HBase
    #[arg(long)]
    leave_out_expired: bool,
}

impl LoadArguments {
    /// As usual, but that days may be older than the time to live of their tables.
    pub(crate) fn leaving_out_expired() -> Self {
        Self { leave_out_expired: true, ..Self::default() }
    }

    pub(crate) fn options(self) -> LoadOptions {
        LoadOptions { all: self.all, verify: self.verify, leave_out_expired: self.leave_out_expired }
    }
}

/// Loads the rows of a lake, and tells what was done.
pub(crate) fn from_lake(
    lake: &Lake,
    tables: &Destination,
    as_of: Option<Instant>,
    how: LoadArguments,
    quiet: bool,
) -> Result<Told, Failure> {
    tables.check()?;
    // Until the rows are loaded: whoever changes the lake meanwhile could load others, and the later ones would be lost.
    let lease = gdpr::begin(lake, "tootmill load")?;
    under_lease(lake, &lease, tables, as_of, how, quiet)
}

/// As [`from_lake`], for whoever holds the lease of the lake.
pub(crate) fn under_lease(
    lake: &Lake,
    lease: &Lease,
    tables: &Destination,
    as_of: Option<Instant>,
    how: LoadArguments,
    quiet: bool,
) -> Result<Told, Failure> {
    let (metric_tables, began) = (metric_tables()?, Moment::now());
    let LoadableRows { counters, totals, earlier_totals, days: of_days } = tootmill_stages::loadable_rows(lake)?;
    let all: Vec<Day> = of_days.iter().map(|of_day| of_day.day).collect();
    let Some(as_of) = as_of.or_else(|| all.last().map(|day| day.next().start())) else {
        return Err(Failure::permanent(format!(
            "the totals of `{}` have no days: count some first, by `tootmill submit`, then `tootmill merge`",
            lake.address()
        )));
    };
    let what = days(&all);
    let load = TablesLoad {
        tables: metric_tables,
        as_of,
        days: all,
        totals: rows(totals),
        earlier_totals: earlier_totals.into_iter().map(rows).collect(),
        day_rows: of_days.into_iter().map(day_rows).collect(),
        counters: counters.named().collect(),
    };
    lease.check()?;
    let told = replace(tables, &what, &load, how, quiet, began)?;
    if told.own["changed"] == true {
        gdpr::note(lake, Done { days: load.days, ..Done::by_command("tootmill load") }, &told)?;
    }
    // A process that stood still may have written older rows over another's: then the load is to be repeated.
    lease.check()?;
    Ok(told)
}

/// Loads files of rows as totals that have no days, and tells what was done.
fn from_files(
    files: &[String],
    tables: &Destination,
    as_of: Option<Instant>,
    how: LoadArguments,
    quiet: bool,
) -> Result<Told, Failure> {
    let Some(as_of) = as_of else {
        return Err(Failure::Usage("files of rows do not tell what day their numbers are of: say --as-of TIME".into()));
    };
    let (metric_tables, began) = (metric_tables()?, Moment::now());
    tables.check()?;
    let inputs = Arc::new(find_inputs(files.iter().map(String::as_str))?);
    let what = files.join(", ");
    let load = TablesLoad {
        tables: metric_tables,
        as_of,
        days: Vec::new(),
        totals: Rows::digested(&*what, move || Ok(Box::new(lines_of(Arc::clone(&inputs)))))?,
        earlier_totals: Vec::new(),
        day_rows: Vec::new(),
        counters: Vec::new(),
    };
    replace(tables, &what, &load, how, quiet, began)
}

fn metric_tables() -> Result<Vec<Table>, Failure> {
    let registry = Registry::linked()?;
    Ok(registry.metrics().iter().map(|registered: &Registered| registered.table.clone()).collect())
}

/// Makes the tables hold what is loaded, and tells what was done.
fn replace(
    tables: &Destination,
    what: &str,
    load: &TablesLoad,
    how: LoadArguments,
    quiet: bool,
    began: Moment,
) -> Result<Told, Failure> {
    let watch = LoadProgress::new(quiet);
    let loaded = tables.create()?.replace(load, how.options(), &watch);
    watch.finish();
    let Loaded { written, verified } = loaded?;
    let mut sentence = match &written {
        None => format!("{tables} held the rows of {what} already"),
        Some(written) => format!("loaded the rows of {what} into {tables}: {}", phrase(written)),
    };
    if let Some(cells) = verified {
        sentence += &format!("; {cells} cells are right");
    }
    Ok(Told {
        sentence,
        paths: vec![tables.to_string()],
        counters: load.counters.iter().copied().collect(),
        rows: Some(written.as_ref().map_or(0, |written| written.changed + written.day_rows)),
        seconds: began.elapsed().as_secs_f64(),
        job: None,
        own: json!({
            "tables": tables.to_string(), "as_of": load.as_of.to_string(), "days": days_as_data(&load.days),
            "changed": written.is_some(), "written": written.as_ref().map(as_data), "verified_cells": verified,
        }),
    })
}

/// Rows of a lake as rows to load.
pub(crate) fn rows(rows: LakeRows) -> Rows {
    Rows::new(rows.address.clone(), rows.digest.clone(), move || rows.open())
}

fn day_rows(LakeDay { day, version, rows: of_lake }: LakeDay) -> DayRows {
    DayRows { day, version: Some(version), rows: rows(of_lake) }
}

/// What was written, as a phrase.
fn phrase(written: &Written) -> String {
    let Written { rows, changed, removed, days, day_rows, retries, .. } = written;
    let mut phrase = format!("{changed} of {rows} rows of the totals written, {removed} removed");
    if *days > 0 {
        phrase += &format!(", {day_rows} rows of {days} days");
    }
    if *retries > 0 {
        phrase += &format!(", {retries} retries");
    }
    phrase
}

/// What was written, as data.
pub(crate) fn as_data(written: &Written) -> serde_json::Value {
    let Written { timestamp, rows, changed, removed, days, day_rows, retries } = written;
    json!({
        "timestamp": timestamp, "rows": rows, "changed": changed, "removed": removed, "days": days, "day_rows": day_rows,
        "retries": retries,
    })
}
