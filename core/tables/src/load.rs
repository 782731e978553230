//! What is loaded into the tables at once.

use std::path::Path;

use sha2::{Digest, Sha256};
use tootmill_metric::{Day, Instant, Table};

use crate::{error::Error, rows::Rows, store::ROWS};

/// The rows of a run and their story.
#[derive(Clone, Debug)]
pub struct Load {
    /// The tables that the rows are of, in the order of their metrics' names, as the rows are.
    pub tables: Vec<Table>,
    /// The logical time of the run: what the numbers are as of.
    pub as_of: Instant,
    /// The days whose posts are in the totals.
    pub days: Vec<Day>,
    /// The totals' rows.
    pub totals: Rows,
    /// Earlier totals' rows that can still be read: a store that holds one of them is told only what changed.
    pub earlier_totals: Vec<Rows>,
    /// The days' rows, in the order of the days.
    pub day_rows: Vec<DayRows>,
    /// What was counted, by name.
    pub counters: Vec<(&'static str, u64)>,
}

/// What one day alone gave.
#[derive(Clone, Debug)]
pub struct DayRows {
    /// The day.
    pub day: Day,
    /// The day's version, which grows whenever it is computed again; `None` where nobody counts them.
    pub version: Option<u64>,
    /// Its rows.
    pub rows: Rows,
}

impl DayRows {
    /// The rows in a file, of a day whose versions nobody counts.
    pub fn file(day: Day, path: &Path) -> Result<Self, Error> {
        Ok(Self { day, version: None, rows: Rows::file(path)? })
    }
}

impl Load {
    /// What `runs` tells of it, by name: what was counted, and how many rows of each table the totals have, which are given in
    /// the order of the tables.
    pub(crate) fn told(&self, rows: &[u64]) -> Vec<(String, u64)> {
        let of_tables = self.tables.iter().zip(rows).map(|(table, rows)| (format!("{ROWS}{}", table.name), *rows));
        self.counters.iter().map(|(name, count)| ((*name).to_owned(), *count)).chain(of_tables).collect()
    }

    /// A text by which it is known that the same was loaded before: SHA-256 over the tables' columns, the logical time, the
    /// days, the counters and the digests of the rows, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for table in &self.tables {
            hash.update(format!("{}{:?}\n", table.name, table.columns));
        }
        hash.update(format!("{}{:?}{:?}\n", self.as_of, self.days, self.counters));
        hash.update(self.totals.digest());
        for DayRows { day, rows, .. } in &self.day_rows {
            hash.update(format!("\n{day} {}", rows.digest()));
        }
        hex::encode(hash.finalize())
    }
}
