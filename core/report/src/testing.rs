//! What the tests of this crate share: a store in memory, and metrics that are declarations alone.

use std::collections::{BTreeMap, BTreeSet};

use tootmill_metric::{About, Count, Day, Emit, Members, Metric, Post, Registered, Table};
use tootmill_tables::{Each, Error, Load, LoadOptions, Loaded, Part, Row, Run, Store, Watch};

/// A row with these cells.
pub(crate) fn row(key: &str, cells: &[&str]) -> Row {
    let mut row = Row::default();
    row.key = key.into();
    row.cells = cells.iter().map(|cell| Some((*cell).into())).collect();
    row
}

/// A table of this name: of accounts, or with counts.
pub(crate) fn table(name: &'static str) -> Table {
    match name {
        "user_table" => Table::new(name)
            .real("engagement_rate", "mean engagement")
            .integer("followers", "followers")
            .integer("posts", "posts"),
        _ => Table::new(name).integer("count", "how many there are"),
    }
}

/// A metric that is the declaration of the table of this name alone.
pub(crate) struct Declared(pub &'static str);

impl Metric for Declared {
    type State = Count;

    fn map(&self, _: &Post<'_>, _: &mut Emit<'_, Count>) {}

    fn reduce(&self, _: &str, _: &mut Members<'_, Count>) -> Option<tootmill_metric::Row> {
        None
    }

    fn hbase_table(&self) -> Table {
        table(self.0)
    }

    fn about(&self) -> About {
        About::new("What the metric says that it counts.")
    }
}

/// A metric that reads personal data.
pub(crate) struct Personal;

impl Metric for Personal {
    type State = Count;

    fn map(&self, _: &Post<'_>, _: &mut Emit<'_, Count>) {}

    fn reduce(&self, _: &str, _: &mut Members<'_, Count>) -> Option<tootmill_metric::Row> {
        None
    }

    fn hbase_table(&self) -> Table {
        table("own_table")
    }

    fn about(&self) -> About {
        About::new("What the metric says that it counts.").personal_data(&["account.id"])
    }
}

/// The metric of this name as the registry has it.
pub(crate) fn registered(name: &'static str) -> Registered {
    Registered { metric: Box::new(Declared(name)), table: table(name) }
}

/// Tables in memory.
#[derive(Default)]
pub(crate) struct Kept {
    totals: BTreeMap<(&'static str, String), Row>,
    days: BTreeMap<(&'static str, String, Day), Row>,
    pub runs: Vec<Run>,
}

impl Kept {
    pub(crate) fn put(&mut self, table: &Table, key: &str, cells: &[&str]) {
        self.totals.insert((table.name, key.into()), row(key, cells));
    }

    pub(crate) fn put_day(&mut self, table: &Table, key: &str, day: &str, cells: &[&str]) {
        self.days.insert((table.name, key.into(), Day::parse(day).unwrap()), row(key, cells));
    }
}

impl Store for Kept {
    fn replace(&mut self, _: &Load, _: LoadOptions, _: &dyn Watch) -> Result<Loaded, Error> {
        Ok(Loaded::default())
    }

    fn erase(&mut self, _: &[Table], keys: &BTreeSet<String>) -> Result<(), Error> {
        self.totals.retain(|(_, key), _| !keys.contains(key));
        Ok(())
    }

    fn scan(&self, table: &Table, part: Part, each: Each<'_>) -> Result<(), Error> {
        if part == Part::Totals {
            let mut rows = self.totals.iter().filter(|((name, _), _)| *name == table.name);
            return rows.try_for_each(|(_, row)| each(None, row));
        }
        let mut rows = self.days.iter().filter(|((name, ..), _)| *name == table.name);
        rows.try_for_each(|((.., day), row)| each(Some(*day), row))
    }

    fn runs(&self) -> Result<Vec<Run>, Error> {
        Ok(self.runs.clone())
    }
}
