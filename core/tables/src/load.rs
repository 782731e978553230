//! What is loaded into the tables at once.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tootmill_metric::{Day, Instant, Table};

/// The rows of a run and their story. Files of rows are as [`RowsWriter`](tootmill_engine::RowsWriter) writes them.
#[derive(Clone, Debug)]
pub struct Load {
    /// The tables that the rows are of.
    pub tables: Vec<Table>,
    /// The logical time of the run: what the numbers are as of.
    pub as_of: Instant,
    /// The days whose posts are in the totals.
    pub days: Vec<Day>,
    /// The file of the totals' rows.
    pub totals: PathBuf,
    /// The files of the days' rows, in the order of the days.
    pub day_rows: Vec<(Day, PathBuf)>,
    /// What was counted, by name.
    pub counters: Vec<(&'static str, u64)>,
}

/// A text by which it is known that the same was loaded before: SHA-256 over the tables' columns, the logical time, the days, the
/// counters and the rows, in hexadecimal.
pub fn digest(load: &Load) -> io::Result<String> {
    let mut hash = Sha256::new();
    for table in &load.tables {
        hash.update(format!("{}{:?}\n", table.name, table.columns));
    }
    hash.update(format!("{}{:?}{:?}\n", load.as_of, load.days, load.counters));
    let mut add = |name: &str, path: &Path| -> io::Result<()> {
        let mut file = File::open(path)?;
        hash.update(format!("{name} {}\n", file.metadata()?.len()));
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(()),
                length => hash.update(buffer.get(..length).unwrap_or_default()),
            }
        }
    };
    add("totals", &load.totals)?;
    load.day_rows.iter().try_for_each(|(day, path)| add(&day.to_string(), path))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
