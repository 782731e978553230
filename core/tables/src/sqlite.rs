//! The store in SQLite: one SQL table a metric, with typed columns, that any SQLite tool can read.
//!
//! `language_table (row_key, count, timestamp)` has the totals, `language_table_daily (day, row_key, count, timestamp)` what
//! each day alone gave, and `runs` a row a load.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Statement, ToSql, Transaction, TransactionBehavior,
    types::{ToSqlOutput, Value, ValueRef},
};
use tootmill_engine::Family;
use tootmill_metric::{Day, Instant, Kind, Table};

use crate::{
    error::Error,
    load::{DayRows, Load},
    rows::{Row, Rows},
    store::{Each, LoadOptions, Loaded, Part, Run, Store, Watch, Written},
    verify::verify,
};

/// How long to wait for another program that writes to the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tables in a file of SQLite.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    file: PathBuf,
}

impl Sqlite {
    /// Opens the file to write, and makes it if it is not there.
    pub fn create(file: &Path) -> Result<Self, Error> {
        Self::connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens the file to read.
    pub fn open(file: &Path) -> Result<Self, Error> {
        if !file.exists() {
            return Err(Error::Missing(file.display().to_string()));
        }
        Self::connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn connect(file: &Path, flags: OpenFlags) -> Result<Self, Error> {
        let doing = doing("open the tables", file);
        let connection = Connection::open_with_flags(file, flags).map_err(&doing)?;
        connection.busy_timeout(PATIENCE).map_err(&doing)?;
        // Is it a database at all? SQLite looks at a file when it is first read.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(&doing)?;
        Ok(Self { connection, file: file.into() })
    }

    fn has_table(&self, table: &str) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
        let found = self.connection.query_row(sql, [table], |_| Ok(())).optional();
        Ok(found.map_err(doing("look for a table", &self.file))?.is_some())
    }
}

/// Turns SQLite's error into ours, which says what was being done.
fn doing(action: &'static str, file: &Path) -> impl Fn(rusqlite::Error) -> Error + use<> {
    let file = file.display().to_string();
    move |source| Error::Sqlite { action, file: file.clone(), source }
}

/// The name of the SQL table that holds a family.
pub(crate) fn name(table: &Table, family: Family) -> String {
    match family {
        Family::Data => table.name.into(),
        Family::Day => format!("{}_daily", table.name),
    }
}

/// The columns of the SQL table with their types, and its primary key.
fn columns(table: &Table, family: Family) -> (Vec<(&'static str, &'static str)>, &'static str) {
    let (mut columns, primary_key) = match family {
        Family::Data => (vec![("row_key", "TEXT NOT NULL")], "row_key"),
        Family::Day => (vec![("day", "TEXT NOT NULL"), ("row_key", "TEXT NOT NULL")], "day, row_key"),
    };
    columns.extend(table.columns.iter().map(|column| {
        let sql_type = match column.kind {
            Kind::Integer => "INTEGER",
            Kind::Real => "REAL",
            Kind::Text => "TEXT",
        };
        (column.name, sql_type)
    }));
    columns.push(("timestamp", "INTEGER NOT NULL"));
    (columns, primary_key)
}

impl Store for Sqlite {
    fn replace(&mut self, load: &Load, options: LoadOptions, watch: &dyn Watch) -> Result<Loaded, Error> {
        let file = self.file.clone();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = transaction.map_err(doing("begin a load", &file))?;
        let written = replace(&transaction, &file, load, options.all)?;
        transaction.commit().map_err(doing("commit a load", &file))?;
        let verified = if options.verify { Some(verify(self, load, |_| true, watch)?) } else { None };
        Ok(Loaded { written, verified })
    }

    fn scan(&self, table: &Table, part: Part, each: Each<'_>) -> Result<(), Error> {
        let family = if part == Part::Totals { Family::Data } else { Family::Day };
        let name = name(table, family);
        if !self.has_table(&name)? {
            return Ok(());
        }
        let reading = doing("read a table", &self.file);
        let names: String = table.columns.iter().map(|column| format!(", \"{}\"", column.name)).collect();
        let (day, condition, order) = match part {
            Part::Totals => ("NULL", String::new(), "row_key"),
            Part::Days => ("day", String::new(), "row_key, day"),
            Part::Day(day) => ("day", format!("WHERE day = '{day}'"), "row_key"),
        };
        let sql = format!("SELECT row_key, {day}{names} FROM \"{name}\" {condition} ORDER BY {order}");
        let mut statement = self.connection.prepare(&sql).map_err(&reading)?;
        let mut rows = statement.query([]).map_err(&reading)?;
        while let Some(row) = rows.next().map_err(&reading)? {
            let day: Option<String> = row.get(1).map_err(&reading)?;
            let cells = (2..table.columns.len() + 2).map(|place| Ok(text_of(row.get_ref(place)?)));
            let cells = cells.collect::<rusqlite::Result<_>>().map_err(&reading)?;
            each(day.and_then(|day| Day::parse(&day)), &Row::new(row.get(0).map_err(&reading)?, cells))?;
        }
        Ok(())
    }

    fn erase(&mut self, tables: &[Table], keys: &BTreeSet<String>) -> Result<(), Error> {
        let erasing = doing("erase rows", &self.file);
        self.connection.pragma_update(None, "secure_delete", true).map_err(&erasing)?;
        for name in tables.iter().flat_map(|table| [Family::Data, Family::Day].map(|family| name(table, family))) {
            if self.has_table(&name)? {
                let delete = || {
                    let sql = format!("DELETE FROM \"{name}\" WHERE row_key = ?");
                    let mut delete = self.connection.prepare(&sql)?;
                    keys.iter().try_for_each(|key| delete.execute([key]).map(drop))
                };
                delete().map_err(&erasing)?;
            }
        }
        // What was deleted before lies in free pages, and in the log where there is one: all is written anew.
        self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(&erasing)
    }

    fn runs(&self) -> Result<Vec<Run>, Error> {
        if !self.has_table("runs")? {
            return Ok(Vec::new());
        }
        let reading = doing("read the table `runs`", &self.file);
        let mut statement = self.connection.prepare("SELECT * FROM runs ORDER BY timestamp").map_err(&reading)?;
        let names: Vec<String> = statement.column_names().map(String::from).collect();
        let runs = statement.query_map([], |row| {
            let (as_of, days): (String, String) = (row.get("as_of")?, row.get("days")?);
            let counters = names.iter().filter(|name| !RUN_COLUMNS.contains(&&***name));
            Ok(Run {
                timestamp: row.get("timestamp")?,
                as_of: Instant::parse(&as_of).unwrap_or_default(),
                days: days.split('"').filter_map(Day::parse).collect(),
                counters: counters
                    .map(|name| Ok((name.clone(), row.get::<_, Option<i64>>(name.as_str())?.map(i64::cast_unsigned))))
                    .collect::<rusqlite::Result<Vec<_>>>()?
                    .into_iter()
                    .filter_map(|(name, count)| Some((name, count?)))
                    .collect(),
            })
        });
        runs.map_err(&reading)?.collect::<Result<_, _>>().map_err(&reading)
    }
}

/// The columns of `runs` that are not counters.
const RUN_COLUMNS: [&str; 4] = ["timestamp", "as_of", "days", "digest"];

/// Replaces everything within the transaction, unless the last load was the same.
fn replace(transaction: &Transaction<'_>, file: &Path, load: &Load, always: bool) -> Result<Option<Written>, Error> {
    let writing = doing("write the table `runs`", file);
    let digest = load.digest();
    create_runs(transaction).map_err(&writing)?;
    let last: Option<(i64, String)> = transaction
        .query_row("SELECT timestamp, digest FROM runs ORDER BY timestamp DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(&writing)?;
    let timestamp = match last {
        Some((_, last)) if last == digest && !always => return Ok(None),
        Some((last, _)) => load.as_of.millis().max(last.saturating_add(1)),
        None => load.as_of.millis(),
    };
    for table in &load.tables {
        for family in [Family::Data, Family::Day] {
            create_table(transaction, file, table, family)?;
        }
    }
    let of_tables = insert(transaction, file, &load.tables, None, &load.totals, timestamp)?;
    let rows = of_tables.iter().sum();
    let mut written =
        Written { timestamp, rows, changed: rows, days: load.day_rows.len() as u64, ..Written::default() };
    for DayRows { day, rows, .. } in &load.day_rows {
        written.day_rows +=
            insert(transaction, file, &load.tables, Some(*day), rows, timestamp)?.into_iter().sum::<u64>();
    }
    insert_run(transaction, load, &load.told(&of_tables), timestamp, &digest).map_err(&writing)?;
    Ok(Some(written))
}

/// Makes an empty SQL table, whatever rows there were.
fn create_table(transaction: &Transaction<'_>, file: &Path, table: &Table, family: Family) -> Result<(), Error> {
    let name = name(table, family);
    let writing = doing("create a table", file);
    let (columns, primary_key) = columns(table, family);
    let definitions: String = columns.iter().map(|(name, kind)| format!("\"{name}\" {kind}, ")).collect();
    let sql = format!("CREATE TABLE IF NOT EXISTS \"{name}\" ({definitions}PRIMARY KEY ({primary_key})) WITHOUT ROWID");
    transaction.execute(&sql, []).map_err(&writing)?;
    let found: Vec<String> = transaction
        .prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")
        .and_then(|mut statement| statement.query_map([&name], |row| row.get(0))?.collect())
        .map_err(&writing)?;
    let declared: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    if found != declared {
        let (found, declared, file) = (found.join(", "), declared.join(", "), file.display().to_string());
        return Err(Error::Columns { table: name, file, found, declared });
    }
    transaction.execute(&format!("DELETE FROM \"{name}\""), []).map_err(&writing)?;
    Ok(())
}

/// Inserts rows, and gives their numbers, table by table.
fn insert(
    transaction: &Transaction<'_>,
    file: &Path,
    tables: &[Table],
    day: Option<Day>,
    rows: &Rows,
    timestamp: i64,
) -> Result<Vec<u64>, Error> {
    let family = if day.is_some() { Family::Day } else { Family::Data };
    let day = day.map(|day| day.to_string());
    let writing = doing("write a table", file);
    let mut read = rows.read(tables)?;
    let mut counts = vec![0; tables.len()];
    while let Some(place) = read.table()? {
        let (Some(table), Some(count)) = (tables.get(place), counts.get_mut(place)) else { break };
        let marks = vec!["?"; columns(table, family).0.len()].join(", ");
        let sql = format!("INSERT INTO \"{}\" VALUES ({marks})", name(table, family));
        let mut statement = transaction.prepare(&sql).map_err(&writing)?;
        while let Some(row) = read.next_of(place)? {
            insert_row(&mut statement, table, day.as_deref(), row, timestamp).map_err(&writing)?;
            *count += 1;
        }
    }
    Ok(counts)
}

fn insert_row(
    statement: &mut Statement<'_>,
    table: &Table,
    day: Option<&str>,
    row: &Row,
    timestamp: i64,
) -> rusqlite::Result<()> {
    let of_row = day.into_iter().chain([&*row.key]).map(text_value);
    let cells = table.columns.iter().zip(&row.cells).map(|(column, value)| {
        value.as_ref().map_or(ToSqlOutput::Owned(Value::Null), |value| sql_value(column.kind, value))
    });
    let all = of_row.chain(cells).chain([ToSqlOutput::Owned(Value::Integer(timestamp))]);
    for (place, value) in (1..).zip(all) {
        statement.raw_bind_parameter(place, value)?;
    }
    statement.raw_execute().map(drop)
}

fn text_value(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
}

/// The value as SQLite holds it. An integer above what SQLite's integers hold stays exact as a blob of its text.
fn sql_value(kind: Kind, value: &str) -> ToSqlOutput<'_> {
    match kind {
        Kind::Integer => value.parse().map_or(ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes())), |value| {
            ToSqlOutput::Owned(Value::Integer(value))
        }),
        Kind::Real => value.parse().map_or(text_value(value), |value| ToSqlOutput::Owned(Value::Real(value))),
        Kind::Text => text_value(value),
    }
}

/// The value as the format of rows has it.
fn text_of(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(integer.to_string()),
        ValueRef::Real(real) => Some(tootmill_metric::Value::Real(real).to_string()),
        ValueRef::Text(text) | ValueRef::Blob(text) => Some(String::from_utf8_lossy(text).into_owned()),
    }
}

/// Makes the table `runs`, without a column for what is counted.
fn create_runs(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction
        .execute(
            "CREATE TABLE IF NOT EXISTS runs \
         (timestamp INTEGER PRIMARY KEY, as_of TEXT NOT NULL, days TEXT NOT NULL, digest TEXT NOT NULL)",
            [],
        )
        .map(drop)
}

/// Adds the columns to `runs` that are not there yet, for what is counted.
fn add_columns(transaction: &Transaction<'_>, told: &[(String, u64)]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare("SELECT name FROM pragma_table_info('runs')")?;
    let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for (name, _) in told.iter().filter(|(name, _)| !found.contains(name)) {
        transaction.execute(&format!("ALTER TABLE runs ADD COLUMN \"{name}\" INTEGER"), [])?;
    }
    Ok(())
}

fn insert_run(
    transaction: &Transaction<'_>,
    load: &Load,
    told: &[(String, u64)],
    timestamp: i64,
    digest: &str,
) -> rusqlite::Result<()> {
    add_columns(transaction, told)?;
    let names: String = told.iter().map(|(name, _)| format!(", \"{name}\"")).collect();
    let marks = ", ?".repeat(told.len());
    let days: Vec<String> = load.days.iter().map(|day| format!("\"{day}\"")).collect();
    let mut values: Vec<Box<dyn ToSql>> = vec![
        Box::new(timestamp),
        Box::new(load.as_of.to_string()),
        Box::new(format!("[{}]", days.join(","))),
        Box::new(digest.to_string()),
    ];
    values.extend(told.iter().map(|(_, count)| Box::new(count.cast_signed()) as Box<dyn ToSql>));
    let sql = format!("INSERT INTO runs (timestamp, as_of, days, digest{names}) VALUES (?, ?, ?, ?{marks})");
    transaction.execute(&sql, rusqlite::params_from_iter(values)).map(drop)
}
