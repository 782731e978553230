//! What every store of tables does.

use std::{fmt, io, path::PathBuf, str::FromStr};

use tootmill_engine::Family;
use tootmill_metric::{Day, Instant, Status, Table};

use crate::{load::Load, sqlite::Sqlite};

/// Why tables cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text names no store.
    #[error("`{0}` names no tables: write `sqlite:FILE`, for example sqlite:tootmill.db")]
    Destination(String),
    /// There is no such file.
    #[error("there are no tables in `{0}`: make them with `tootmill run INPUT… --tables sqlite:{0}`")]
    Missing(String),
    /// There is no folder for the file.
    #[error("cannot make `{0}`: its folder is not there")]
    NoFolder(String),
    /// SQLite's own error.
    #[error("cannot {action} in `{file}`: {source}")]
    Sqlite {
        /// What was being done.
        action: &'static str,
        /// The file.
        file: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// A table has other columns than its metric declares.
    #[error(
        "the table `{table}` in `{file}` has the columns {found}, but its metric declares {declared}: load into a new file"
    )]
    Columns {
        /// The table.
        table: String,
        /// The file.
        file: String,
        /// The columns that it has.
        found: String,
        /// The columns that it should have.
        declared: String,
    },
    /// A row is of a table or a column that no metric declares.
    #[error("the rows have the column `{column}` of `{table}`, which no linked metric declares")]
    Undeclared {
        /// The row's table.
        table: String,
        /// The cell's column.
        column: String,
    },
    /// Rows cannot be read.
    #[error(transparent)]
    Rows(#[from] tootmill_engine::Error),
    /// A file of rows cannot be opened.
    #[error("cannot read the rows in `{file}`: {source}")]
    OpenRows {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// What a reader of the tables did with a row failed.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Sqlite { source: rusqlite::Error::SqliteFailure(failure, _), .. }
                if matches!(failure.code, rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) =>
            {
                Status::Temporary
            }
            Self::Rows(error) => error.status(),
            _ => Status::Permanent,
        }
    }
}

/// Where tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// In a file of SQLite.
    Sqlite(PathBuf),
}

impl FromStr for Destination {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            _ => Err(Error::Destination(text.into())),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
        }
    }
}

impl Destination {
    /// Whether tables can be there: a store that is there can be read, or one can be made.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) if file.exists() => Sqlite::open(file).map(drop),
            Self::Sqlite(file) => match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                    Err(Error::NoFolder(file.display().to_string()))
                }
                _ => Ok(()),
            },
        }
    }

    /// Opens the tables to write, and makes the store if it is not there.
    pub fn create(&self) -> Result<Box<dyn Store>, Error> {
        match self {
            Self::Sqlite(file) => Ok(Box::new(Sqlite::create(file)?)),
        }
    }

    /// Opens the tables to read.
    pub fn open(&self) -> Result<Box<dyn Store>, Error> {
        match self {
            Self::Sqlite(file) => Ok(Box::new(Sqlite::open(file)?)),
        }
    }
}

/// What a load did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The tables hold the rows now.
    Written {
        /// The timestamp of the cells, in milliseconds since 1970: the logical time, or one more than the last load's where
        /// that is later.
        timestamp: i64,
        /// How many rows the totals have.
        rows: u64,
    },
    /// The last load was the same, and nothing was written.
    Unchanged,
}

/// One row of a table, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredRow {
    /// The row key.
    pub key: String,
    /// The day, `YYYY-MM-DD`, in the family `day`.
    pub day: Option<String>,
    /// The cells: columns, without their family, and values.
    pub cells: Vec<(String, String)>,
}

/// One load, as the table `runs` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The timestamp of its cells, in milliseconds since 1970.
    pub timestamp: i64,
    /// What the numbers are as of.
    pub as_of: Instant,
    /// The days in the totals.
    pub days: Vec<Day>,
    /// What was counted, by name.
    pub counters: Vec<(String, u64)>,
}

/// A store of tables.
pub trait Store {
    /// Makes the tables hold these totals and these days, and nothing else, all at once or not at all.
    fn replace(&mut self, load: &Load) -> Result<Loaded, Error>;

    /// Calls `each` with every row of a table, in the byte order of the keys, then of the days. A table that is not there
    /// has no rows.
    fn scan(
        &self,
        table: &Table,
        family: Family,
        each: &mut dyn FnMut(&StoredRow) -> Result<(), Error>,
    ) -> Result<(), Error>;

    /// The loads, the oldest first.
    fn runs(&self) -> Result<Vec<Run>, Error>;
}
