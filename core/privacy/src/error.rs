//! What can go wrong with the record of what is done with people's data.

use tootmill_metric::Status;

/// Why the record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lake cannot be read or changed.
    #[error(transparent)]
    Lake(#[from] tootmill_lake::Error),
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
            Self::Key { .. } | Self::HbaseAdmin { .. } | Self::Random(_) | Self::NoPlaceForKey => Status::Permanent,
        }
    }
}
