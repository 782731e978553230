//! What can go wrong with tables.

use std::io;

use tootmill_metric::Status;

use crate::hbase;

/// Why tables cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text names no store.
    #[error(
        "`{0}` names no tables: write `sqlite:FILE`, for example sqlite:tootmill.db, or `hbase://HOST:PORT`, the address of HBase's Thrift server"
    )]
    Destination(String),
    /// There is no such file.
    #[error("there are no tables in `{0}`: make them with `tootmill run INPUT… --tables sqlite:{0}`")]
    Missing(String),
    /// There is no folder for the file.
    #[error("cannot make `{0}`: its folder is not there")]
    NoFolder(String),
    /// Nothing can be written in the folder of the file.
    #[error("cannot write `{file}`: its folder cannot be written ({source})")]
    Folder {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
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
    /// HBase's error.
    #[error(transparent)]
    Hbase(#[from] hbase::Error),
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
    /// A row key is empty, or longer than HBase's limit.
    #[error("the rows of `{table}` have a row key of {bytes} bytes: it must have 1 to 32,767")]
    Key {
        /// The row's table.
        table: String,
        /// The key's length.
        bytes: usize,
    },
    /// Rows are not in the order of records.
    #[error(
        "the rows of `{rows}` are not in the order of records, by metric and then by key, each row once: sort the records of all reducers together, and reduce them again"
    )]
    Order {
        /// The table with a row that comes too late.
        rows: String,
    },
    /// Rows cannot be read.
    #[error(transparent)]
    Rows(#[from] tootmill_engine::Error),
    /// Rows cannot be opened.
    #[error("cannot read the rows in `{rows}`: {source}")]
    OpenRows {
        /// Their name.
        rows: String,
        /// The cause.
        source: io::Error,
    },
    /// What the tables hold is not what was loaded.
    #[error(
        "`{table}` is not what was loaded: {differences} rows differ, the first is {first}; load again, everything is written then"
    )]
    Differs {
        /// The table.
        table: String,
        /// How many rows of it differ.
        differences: u64,
        /// What is wrong with the first of them.
        first: String,
    },
    /// A cell is not what its column holds.
    #[error("`{value}` in the column `{column}` of `{table}` is not what its metric declares: load again")]
    Value {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The cell's value.
        value: String,
    },
    /// A table cannot be written into a file.
    #[error("cannot write the table into `{file}`: {source}")]
    Export {
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
            Self::Differs { .. } => Status::Temporary,
            Self::Rows(error) => error.status(),
            Self::Hbase(error) => error.status(),
            _ => Status::Permanent,
        }
    }
}
