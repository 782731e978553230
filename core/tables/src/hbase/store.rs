//! The store in HBase: what it is connected to, and reading it.
//!
//! A cell of the totals has the load's timestamp, which only grows; a cell of a day has the day's start plus the day's version in
//! milliseconds. So whatever is written late, or twice, or by a server that was thought dead, the right cell wins.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use serde_json::Value;
use tootmill_engine::Family as TableFamily;
use tootmill_metric::{Day, Instant, Kind, Table};

use super::{
    address::Address,
    connection::{Client, Connection, Retries},
    error::Error as HbaseError,
    loads::{self, Record, Story},
    replace,
    scan::{Found, Range, Scan},
};
use crate::{
    error::Error,
    load::Load,
    rows::Row,
    store::{Each, LoadOptions, Loaded, Part, Run, Store, Watch},
};

/// Tables in HBase.
pub struct Hbase {
    pub(super) connection: RefCell<Connection>,
    pub(super) retries: Retries,
    /// The versions of the days that are read, once they are known.
    pub(super) versions: RefCell<Option<BTreeMap<Day, u64>>>,
}

/// The table that tells people of the loads.
pub(super) const RUNS: &str = "runs";

impl Hbase {
    /// Connects to the Thrift server. One that does not answer is an error within seconds.
    pub fn connect(address: Address) -> Result<Self, HbaseError> {
        let connection = RefCell::new(Connection::first(address)?);
        Ok(Self { connection, retries: Retries::default(), versions: RefCell::new(None) })
    }

    pub(super) fn address(&self) -> Address {
        self.connection.borrow().address().clone()
    }

    /// A table's name in HBase.
    pub(super) fn name(&self, table: &str) -> String {
        self.connection.borrow().address().table(table)
    }

    /// Calls, and calls again while that is worth it.
    pub(super) fn call<T>(
        &self,
        action: &str,
        watch: &dyn Watch,
        call: impl FnMut(&mut Client) -> thrift::Result<T>,
    ) -> Result<T, HbaseError> {
        self.connection.borrow_mut().call(action, &self.retries, watch, call)
    }

    /// Calls `each` with every row of a family, of some timestamps or the newest.
    pub(super) fn each_found(
        &self,
        table: &str,
        family: &'static str,
        timestamps: Vec<i64>,
        watch: &dyn Watch,
        mut each: impl FnMut(&Found) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut scan =
            Scan::new(Range { table: self.name(table), family, timestamps, at_once: 1 }, &self.retries, watch);
        while let Some(found) = self.next(&mut scan)? {
            each(&found)?;
        }
        Ok(())
    }

    fn next(&self, scan: &mut Scan<'_>) -> Result<Option<Found>, HbaseError> {
        scan.next(&mut self.connection.borrow_mut())
    }

    /// All records of the loads.
    pub(super) fn records(&self, watch: &dyn Watch) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        self.each_found(loads::TABLE, loads::FAMILY, Vec::new(), watch, |found| {
            records.extend(Record::read(found));
            Ok(())
        })?;
        Ok(records)
    }

    /// When the last load was done, by the clock of who loaded; `None` if there is none.
    pub fn last_done(&self) -> Result<Option<Instant>, Error> {
        let finished = Story::of(self.records(&())?).finished;
        Ok(finished.and_then(|record| Instant::parse(&record.done?)))
    }

    /// The timestamp of the cells of a day, where the tables hold it.
    fn timestamp_of(&self, day: Day) -> Result<Option<i64>, Error> {
        Ok(self.versions()?.get(&day).map(|version| timestamp_of(day, *version)))
    }

    fn versions(&self) -> Result<BTreeMap<Day, u64>, Error> {
        if let Some(versions) = &*self.versions.borrow() {
            return Ok(versions.clone());
        }
        let days = Story::of(self.records(&())?).days;
        let versions: BTreeMap<Day, u64> = days.into_iter().map(|(day, (version, _))| (day, version)).collect();
        *self.versions.borrow_mut() = Some(versions.clone());
        Ok(versions)
    }

    /// The rows of all days, those of one key one after the other: a scan a day, merged.
    fn scan_days(&self, table: &Table, each: Each<'_>) -> Result<(), Error> {
        let mut scans = Vec::new();
        let mut heads = BinaryHeap::new();
        let versions = self.versions()?;
        let at_once = versions.len();
        for (day, version) in versions {
            let timestamps = vec![timestamp_of(day, version)];
            let range = Range { table: self.name(table.name), family: TableFamily::Day.name(), timestamps, at_once };
            let mut scan = Scan::new(range, &self.retries, &());
            if let Some((key, cells)) = self.next(&mut scan)? {
                heads.push(Reverse((key, day, scans.len(), HeadCells(cells))));
            }
            scans.push(scan);
        }
        while let Some(Reverse((key, day, place, HeadCells(cells)))) = heads.pop() {
            let row = row_of(table, TableFamily::Day, &(key, cells));
            if !is_zero(table, &row) {
                each(Some(day), &row)?;
            }
            if let Some(scan) = scans.get_mut(place)
                && let Some((key, cells)) = self.next(scan)?
            {
                heads.push(Reverse((key, day, place, HeadCells(cells))));
            }
        }
        Ok(())
    }
}

/// The cells of a row that waits for its turn, which has nothing to do with them.
struct HeadCells(BTreeMap<Vec<u8>, hbase_thrift::hbase::TCell>);

impl PartialEq for HeadCells {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for HeadCells {}

impl PartialOrd for HeadCells {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HeadCells {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// The timestamp of a day's cells: its start plus the version in milliseconds.
pub(super) fn timestamp_of(day: Day, version: u64) -> i64 {
    day.start().millis().saturating_add_unsigned(version)
}

/// A row of a table as HBase has it.
pub(super) fn row_of(table: &Table, family: TableFamily, (key, cells): &Found) -> Row {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let of_column = |name: &str| {
        let cell = cells.get(format!("{}:{name}", family.name()).as_bytes())?;
        // In a day an empty text stands for a cell that was there before.
        cell.value.as_deref().filter(|value| family == TableFamily::Data || !value.is_empty()).map(text)
    };
    Row::new(text(key), table.columns.iter().map(|column| of_column(column.name)).collect())
}

/// What stands in a cell of a day that has the row no longer.
pub(super) fn zero(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer | Kind::Real => "0",
        Kind::Text => "",
    }
}

/// Whether a day has the row no longer.
pub(super) fn is_zero(table: &Table, row: &Row) -> bool {
    table
        .columns
        .iter()
        .zip(&row.cells)
        .all(|(column, value)| value.as_ref().is_none_or(|value| value == zero(column.kind)))
}

impl Store for Hbase {
    fn replace(&mut self, load: &Load, options: LoadOptions, watch: &dyn Watch) -> Result<Loaded, Error> {
        replace::replace(self, load, options, watch)
    }

    fn scan(&self, table: &Table, part: Part, each: Each<'_>) -> Result<(), Error> {
        match part {
            Part::Totals => {
                let family = TableFamily::Data;
                self.each_found(table.name, family.name(), Vec::new(), &(), |found| {
                    each(None, &row_of(table, family, found))
                })
            }
            Part::Day(day) => {
                let Some(timestamp) = self.timestamp_of(day)? else { return Ok(()) };
                let family = TableFamily::Day;
                self.each_found(table.name, family.name(), vec![timestamp], &(), |found| {
                    let row = row_of(table, family, found);
                    if is_zero(table, &row) { Ok(()) } else { each(Some(day), &row) }
                })
            }
            Part::Days => self.scan_days(table, each),
        }
    }

    fn erase(&mut self, tables: &[Table], keys: &BTreeSet<String>) -> Result<(), Error> {
        Ok(self.erase_rows(tables, keys)?)
    }

    fn runs(&self) -> Result<Vec<Run>, Error> {
        let mut runs = Vec::new();
        self.each_found(RUNS, TableFamily::Data.name(), Vec::new(), &(), |found| {
            runs.extend(run_of(found));
            Ok(())
        })?;
        Ok(runs)
    }
}

/// The cells of a load in the table `runs`, by their columns.
pub(super) fn cells_of_run(load: &Load, rows: &[u64]) -> Vec<(String, String)> {
    let days: Vec<String> = load.days.iter().map(Day::to_string).collect();
    let mut cells = vec![("as_of".to_string(), load.as_of.to_string()), ("days".into(), Value::from(days).to_string())];
    cells.extend(load.told(rows).into_iter().map(|(name, count)| (name, count.to_string())));
    cells
}

fn run_of((key, cells): &Found) -> Option<Run> {
    let timestamp = std::str::from_utf8(key).ok()?.parse().ok()?;
    let mut run = Run { timestamp, as_of: Instant::default(), days: Vec::new(), counters: Vec::new() };
    for (column, cell) in cells {
        let column = std::str::from_utf8(column).ok()?.split_once(':')?.1;
        let value = std::str::from_utf8(cell.value.as_ref()?).ok()?;
        match column {
            "as_of" => run.as_of = Instant::parse(value)?,
            "days" => {
                let days: Vec<String> = serde_json::from_str(value).ok()?;
                run.days = days.iter().filter_map(|day| Day::parse(day)).collect();
            }
            counter => run.counters.push((counter.into(), value.parse().ok()?)),
        }
    }
    Some(run)
}
