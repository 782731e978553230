//! `tootmill tables`: what the tables are, and what they hold.

mod dump;
mod export;
mod schema;

use std::collections::HashSet;

use clap::{Subcommand, ValueEnum};
use tootmill_engine::Family;
use tootmill_metric::{Registry, Table};

use crate::failure::Failure;

/// Look at the tables; make and drop them in HBase.
#[derive(Debug, Subcommand)]
pub(crate) enum Tables {
    Dump(dump::Dump),
    Export(export::Export),
    Create(schema::Create),
    Describe(schema::Describe),
    Diff(schema::Diff),
    Drop(schema::Drop),
}

impl Tables {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Dump(dump) => dump.run(),
            Self::Export(export) => export.run(),
            Self::Create(create) => create.run(),
            Self::Describe(describe) => describe.run(),
            Self::Diff(diff) => diff.run(),
            Self::Drop(drop) => drop.run(),
        }
    }
}

/// A family of columns, as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FamilyName {
    Data,
    Day,
}

impl From<FamilyName> for Family {
    fn from(family: FamilyName) -> Self {
        match family {
            FamilyName::Data => Self::Data,
            FamilyName::Day => Self::Day,
        }
    }
}

/// The table that tells of the loads.
pub(super) const RUNS: &str = "runs";

/// The loader's own table.
pub(super) const LOADS: &str = "tootmill_loads";

/// The names of all metrics' tables.
fn metric_tables(registry: &Registry) -> Vec<String> {
    registry.metrics().iter().map(|registered| registered.table.name.to_string()).collect()
}

fn table<'r>(registry: &'r Registry, name: &str) -> Option<&'r Table> {
    registry.metrics().iter().map(|registered| &registered.table).find(|table| table.name == name)
}

/// The names, each once, which must be of tables that there are, or among the others.
fn named(registry: &Registry, mut names: Vec<String>, others: &[&str]) -> Result<Vec<String>, Failure> {
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if let Some(unknown) = names.iter().find(|name| !others.contains(&&***name) && table(registry, name).is_none()) {
        let known: Vec<String> =
            metric_tables(registry).into_iter().chain(others.iter().map(ToString::to_string)).collect();
        return Err(Failure::Usage(format!("there is no table `{unknown}`; there are {}", known.join(", "))));
    }
    Ok(names)
}

/// The tables of these names, all metrics' if there are none.
fn chosen(registry: &Registry, names: Vec<String>) -> Result<Vec<Table>, Failure> {
    let names = if names.is_empty() { metric_tables(registry) } else { named(registry, names, &[])? };
    let mut tables: Vec<Table> = names.iter().filter_map(|name| table(registry, name).cloned()).collect();
    // The order in which rows are.
    tables.sort_by_key(Table::metric_name);
    Ok(tables)
}
