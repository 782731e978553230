//! `tootmill tables dump`: what the tables hold, as JSON.

use std::io::Write;

use clap::Args;
use tootmill_engine::Family;
use tootmill_metric::{Day, Registry, Table};
use tootmill_tables::{Destination, Error, Part, Row, Run, Store};

use super::{FamilyName, RUNS, metric_tables, named, table};
use crate::{commands::destination::DestinationParser, failure::Failure, output::with_stdout};

/// Write tables as JSON: `{"table": {"row": {"data:column": "value"}}}`, rows in the byte order of their keys.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tootmill tables dump language_table\n  tootmill tables dump --family day tag_table\n  tootmill tables dump runs"
)]
pub(crate) struct Dump {
    /// Where the tables are: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// The totals over all days, or what each day alone gave, with the day in front of the column
    #[arg(long, value_enum, default_value = "data")]
    family: FamilyName,
    /// Tables, or `runs`, the story of the loads [default: every metric's table]
    #[arg(value_name = "TABLE")]
    names: Vec<String>,
}

impl Dump {
    pub(super) fn run(self) -> Result<(), Failure> {
        let registry = Registry::linked()?;
        let names =
            if self.names.is_empty() { metric_tables(&registry) } else { named(&registry, self.names, &[RUNS])? };
        let store = self.tables.open()?;
        let part = match self.family {
            FamilyName::Data => Part::Totals,
            FamilyName::Day => Part::Days,
        };
        with_stdout(|output| {
            output.write_all(b"{")?;
            for (place, name) in names.iter().enumerate() {
                output.write_all(if place == 0 { b"\n" } else { b",\n" })?;
                write!(output, "{}: {{", json(name))?;
                match table(&registry, name) {
                    Some(table) => dump(output, &*store, table, part)?,
                    None => dump_runs(output, &store.runs()?)?,
                }
                output.write_all(b"}")?;
            }
            output.write_all(b"\n}\n").map_err(Failure::from)
        })
    }
}

fn json(text: &str) -> serde_json::Value {
    text.into()
}

/// Writes the rows of a table one by one.
fn dump(output: &mut impl Write, store: &dyn Store, table: &Table, part: Part) -> Result<(), Failure> {
    let family = if part == Part::Totals { Family::Data } else { Family::Day };
    let mut last_key: Option<String> = None;
    store.scan(table, part, &mut |day: Option<Day>, row: &Row| {
        let prefix = |column: &str| json(&format!("{}:{column}", family.name()));
        let cells: Vec<String> =
            row.named(table).map(|(column, value)| format!("{}: {}", prefix(column), json(value))).collect();
        let cells = cells.join(", ");
        let day = day.map(|day| json(&day.to_string()));
        match (&day, &last_key) {
            (None, last) => {
                output.write_all(if last.is_some() { b",\n" } else { b"\n" })?;
                write!(output, "  {}: {{{cells}}}", json(&row.key))?;
            }
            // The days of one row follow one another.
            (Some(day), Some(last)) if *last == row.key => write!(output, ", {day}: {{{cells}}}")?,
            (Some(day), last) => {
                output.write_all(if last.is_some() { b"},\n" } else { b"\n" })?;
                write!(output, "  {}: {{{day}: {{{cells}}}", json(&row.key))?;
            }
        }
        if last_key.as_ref() != Some(&row.key) {
            last_key = Some(row.key.clone());
        }
        Ok(())
    })?;
    if last_key.is_some() {
        output.write_all(if family == Family::Day { b"}\n" } else { b"\n" })?;
    }
    Ok(())
}

/// Writes the loads, by their timestamps, with the columns of the family `data` as the other tables have them.
fn dump_runs(output: &mut impl Write, runs: &[Run]) -> Result<(), Error> {
    for (place, run) in runs.iter().enumerate() {
        let days: Vec<String> = run.days.iter().map(ToString::to_string).collect();
        let mut cells = vec![("as_of", run.as_of.to_string()), ("days", days.join(" "))];
        cells.extend(run.counters.iter().map(|(name, count)| (&**name, count.to_string())));
        let cells: Vec<String> = cells
            .iter()
            .map(|(column, value)| format!("{}: {}", json(&format!("data:{column}")), json(value)))
            .collect();
        output.write_all(if place == 0 { b"\n" } else { b",\n" })?;
        write!(output, "  {}: {{{}}}", json(&run.timestamp.to_string()), cells.join(", "))?;
    }
    output.write_all(if runs.is_empty() { b"" } else { b"\n" })?;
    Ok(())
}
