//! What every store of tables does.

use std::collections::BTreeSet;

use tootmill_metric::{Day, Instant, Table};

use crate::{error::Error, load::Load, rows::Row};

/// How a load is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions {
    /// Write all rows, and not only those that changed.
    pub all: bool,
    /// Read back what was written, and compare every cell; all there is, where nothing was written.
    pub verify: bool,
    /// Leave out days whose cells the table's time to live would hide; without this they are an error.
    pub leave_out_expired: bool,
}

/// Is told how a load goes on.
pub trait Watch: Sync {
    /// So many rows of so many were dealt with.
    fn progress(&self, _what: &str, _rows: u64, _of: u64) {}
    /// Something that a person wants to know: a server that does not answer, a codec that is not there.
    fn note(&self, _text: &str) {}
}

/// Nobody looks.
impl Watch for () {}

/// What a load did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What was written; `None`: the last load was the same.
    pub written: Option<Written>,
    /// How many cells were read back and are right, where that was asked for.
    pub verified: Option<u64>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The timestamp of the totals' cells, in milliseconds since 1970: the logical time, or one more than the last load's where
    /// that is later.
    pub timestamp: i64,
    /// How many rows the totals have.
    pub rows: u64,
    /// How many rows of the totals were written.
    pub changed: u64,
    /// How many rows of the totals were removed.
    pub removed: u64,
    /// How many days were written.
    pub days: u64,
    /// How many rows of days were written, with those that have zeros because the day has them no longer.
    pub day_rows: u64,
    /// How often something was tried again.
    pub retries: u64,
}

/// A part of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The totals over all days.
    Totals,
    /// What each day alone gave.
    Days,
    /// What this day alone gave.
    Day(Day),
}

/// What a reader does with a row: its day, where it is of one, and the row.
pub type Each<'f> = &'f mut dyn FnMut(Option<Day>, &Row) -> Result<(), Error>;

/// One load, as the table `runs` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The timestamp of its cells, in milliseconds since 1970.
    pub timestamp: i64,
    /// What the numbers are as of.
    pub as_of: Instant,
    /// The days in the totals.
    pub days: Vec<Day>,
    /// What was counted, by name; as `rows_TABLE` how many rows a table's totals had, in loads that tell it.
    pub counters: Vec<(String, u64)>,
}

/// What stands before a table's name where `runs` tells how many rows it had.
pub(crate) const ROWS: &str = "rows_";

impl Run {
    /// What was counted by this name; none where the load does not tell it.
    pub fn counter(&self, name: &str) -> Option<u64> {
        self.counters.iter().find(|(counter, _)| counter == name).map(|(_, count)| *count)
    }

    /// How many rows the totals of each table had, by the table's name.
    pub fn rows(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counters.iter().filter_map(|(name, rows)| Some((name.strip_prefix(ROWS)?, *rows)))
    }
}

/// A store of tables.
pub trait Store {
    /// Makes the tables hold these totals and these days, and nothing else.
    ///
    /// SQLite does it all at once or not at all. In HBase readers see rows change one by one; a load that was not finished is
    /// repeated in full by the next.
    fn replace(&mut self, load: &Load, options: LoadOptions, watch: &dyn Watch) -> Result<Loaded, Error>;

    /// Calls `each` with every row of a part of a table, in the byte order of the keys, then of the days. A table that is not
    /// there has no rows.
    fn scan(&self, table: &Table, part: Part, each: Each<'_>) -> Result<(), Error>;

    /// Removes what is left of the rows with these keys, whatever a load has taken out already. In SQLite no byte of them is left
    /// then, in HBase none that can be read.
    fn erase(&mut self, tables: &[Table], keys: &BTreeSet<String>) -> Result<(), Error>;

    /// The loads, the oldest first.
    fn runs(&self) -> Result<Vec<Run>, Error>;
}
