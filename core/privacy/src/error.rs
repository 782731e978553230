//! What can go wrong with the record of what is done with people's data.

use tootmill_metric::Status;
use tootmill_policy::{NoAccount, TooMany};

use crate::log::Broken;

/// Why the record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lake cannot be read or changed.
    #[error(transparent)]
    Lake(#[from] tootmill_lake::Error),
    /// Tables cannot be read.
    #[error(transparent)]
    Tables(#[from] tootmill_tables::Error),
    /// A text names no account.
    #[error(transparent)]
    NoAccount(#[from] NoAccount),
    /// An account has more posts than can be looked for at once.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The settings cannot be understood.
    #[error("the settings cannot be understood: {0}; `tootmill gdpr record --example-config` writes what is asked for")]
    Settings(String),
    /// The processing log is not as it was written, so that nothing can follow on it.
    #[error(transparent)]
    Log(Broken),
    /// The key of whom was forgotten cannot be used.
    #[error("cannot use the key in `{file}`: {reason}")]
    Key {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The program that is to compact tables did not.
    #[error("`{program}` did not flush and compact the tables in HBase: {reason}")]
    HbaseAdmin {
        /// The program.
        program: String,
        /// What it said last.
        reason: String,
    },
    /// What was interrupted was of more tables.
    #[error(
        "what was interrupted was to take them out of {tables} as well: name these tables by --tables, too, or where they are no more, \
         take them out of {file}"
    )]
    OtherTables {
        /// Their addresses.
        tables: String,
        /// The file that says so.
        file: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// There is no folder for configuration.
    #[error("there is no home folder for the key of whom was forgotten: name a file by --key")]
    NoPlaceForKey,
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Lake(error) => error.status(),
            Self::Tables(error) => error.status(),
            Self::NoAccount(_)
            | Self::TooMany(_)
            | Self::Log(_)
            | Self::Settings(_)
            | Self::Key { .. }
            | Self::HbaseAdmin { .. }
            | Self::OtherTables { .. }
            | Self::Random(_)
            | Self::NoPlaceForKey => Status::Permanent,
        }
    }
}
