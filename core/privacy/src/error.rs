//! What can go wrong with the record of what is done with people's data.

use tootmill_metric::Status;

use crate::{access::NoAccount, log::Broken};

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
    /// The settings cannot be understood.
    #[error("the settings cannot be understood: {0}; `tootmill gdpr record --example-config` writes what is asked for")]
    Settings(String),
    /// The processing log is not as it was written, so that nothing can follow on it.
    #[error(transparent)]
    Log(Broken),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Lake(error) => error.status(),
            Self::Tables(error) => error.status(),
            Self::NoAccount(_) | Self::Log(_) | Self::Settings(_) => Status::Permanent,
        }
    }
}
