//! When the tables were loaded.

use std::collections::BTreeMap;

use tootmill_metric::{Day, Instant};

/// The last load of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastLoad {
    /// The table.
    pub table: String,
    /// When it finished; in a store that does not keep that, what its numbers are as of.
    pub finished: Instant,
}

/// What a store says of its loads.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    /// The tables that should be loaded: every metric's.
    pub expected: Vec<String>,
    /// The tables that were, with their last load.
    pub last: Vec<LastLoad>,
    /// The newest day that is in them.
    pub newest_day: Option<Day>,
}

impl Loads {
    /// Each table with its last load, or none.
    pub(crate) fn by_table(&self) -> BTreeMap<&str, Option<Instant>> {
        let mut by_table: BTreeMap<&str, Option<Instant>> =
            self.expected.iter().map(|table| (table.as_str(), None)).collect();
        for LastLoad { table, finished } in &self.last {
            let last = by_table.entry(table).or_default();
            *last = (*last).max(Some(*finished));
        }
        by_table
    }
}
