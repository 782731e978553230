//! Reading a table in the order of its keys, in constant memory, with going on where the server was lost.

use std::collections::{BTreeMap, VecDeque};

use hbase_thrift::hbase::{TCell, THbaseSyncClient, TRowResult, TScan};

use super::{
    connection::{Connection, Retries, again},
    error::{Cause, Error},
};
use crate::store::Watch;

/// What a scan looks at.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// The table's name in HBase.
    pub(crate) table: String,
    /// The column family.
    pub(crate) family: &'static str,
    /// Cells of these timestamps alone; all, the newest of each column, if there are none.
    pub(crate) timestamps: Vec<i64>,
    /// How many scans go on at once, and share the memory.
    pub(crate) at_once: usize,
}

/// How many rows are fetched at once, of all scans that go on at once.
const ROWS: usize = 2000;

/// A scan. A table that is not there has no rows.
pub(crate) struct Scan<'s> {
    range: Range,
    retries: &'s Retries,
    watch: &'s dyn Watch,
    /// The server's name for it, and the connection over which it was opened.
    scanner: Option<(i32, u64)>,
    /// Where to begin, if not at the first row.
    start: Option<Vec<u8>>,
    fetched: VecDeque<TRowResult>,
    is_at_end: bool,
}

/// A row: its key, and its cells by their columns, with the family.
pub(crate) type Found = (Vec<u8>, BTreeMap<Vec<u8>, TCell>);

impl<'s> Scan<'s> {
    pub(crate) fn new(range: Range, retries: &'s Retries, watch: &'s dyn Watch) -> Self {
        Self { range, retries, watch, scanner: None, start: None, fetched: VecDeque::new(), is_at_end: false }
    }

    /// The next row.
    pub(crate) fn next(&mut self, connection: &mut Connection) -> Result<Option<Found>, Error> {
        while self.fetched.is_empty() {
            if self.is_at_end {
                return Ok(None);
            }
            let (patience, retries, watch) = (connection.address().patience, self.retries, self.watch);
            again(patience, retries, watch, || self.fetch(connection))?;
        }
        let Some(row) = self.fetched.pop_front() else { return Ok(None) };
        Ok(Some((row.row.unwrap_or_default(), row.columns.unwrap_or_default())))
    }

    fn fetch(&mut self, connection: &mut Connection) -> Result<(), Error> {
        let action = format!("read the table `{}`", self.range.table);
        let scanner = match self.scanner.take() {
            Some((scanner, generation)) if generation == connection.generation() => scanner,
            // A server that was started again may have given the name to somebody else's scan.
            _ => {
                let scan = self.describe();
                let table = self.range.table.clone().into_bytes();
                let opened =
                    connection.once(&action, |client| client.scanner_open_with_scan(table, scan, BTreeMap::new()));
                match opened {
                    Err(error) if error.cause() == Some(Cause::NoTable) && self.start.is_none() => {
                        self.is_at_end = true;
                        return Ok(());
                    }
                    opened => opened?,
                }
            }
        };
        let rows_at_once = self.rows_at_once();
        let rows = match connection.once(&action, |client| client.scanner_get_list(scanner, rows_at_once)) {
            Err(error) if error.cause() == Some(Cause::NoTable) && self.start.is_none() => Vec::new(),
            rows => rows?,
        };
        if let Some(row) = rows.last().and_then(|row| row.row.as_ref()) {
            // The least key that is greater.
            let mut start = row.clone();
            start.push(0);
            self.start = Some(start);
            self.scanner = Some((scanner, connection.generation()));
        } else {
            self.is_at_end = true;
            // It goes by itself otherwise.
            let _ = connection.once(&action, |client| client.scanner_close(scanner));
        }
        self.fetched.extend(rows);
        Ok(())
    }

    fn rows_at_once(&self) -> i32 {
        i32::try_from((ROWS / self.range.at_once.max(1)).max(10)).unwrap_or(i32::MAX)
    }

    fn describe(&self) -> TScan {
        let filter = (!self.range.timestamps.is_empty()).then(|| {
            let timestamps: Vec<String> = self.range.timestamps.iter().map(i64::to_string).collect();
            format!("TimestampsFilter ({})", timestamps.join(", ")).into_bytes()
        });
        TScan {
            start_row: self.start.clone(),
            stop_row: None,
            timestamp: None,
            columns: Some(vec![self.range.family.into()]),
            caching: Some(self.rows_at_once()),
            filter_string: filter,
            batch_size: None,
            sort_columns: None,
            reversed: None,
            // A whole table would push out what others read often.
            cache_blocks: Some(false),
        }
    }
}
