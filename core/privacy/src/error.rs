//! What can go wrong with the record of what is done with people's data.

use tootmill_metric::Status;

/// Why the record could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lake cannot be read or changed.
    #[error(transparent)]
    Lake(#[from] tootmill_lake::Error),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Lake(error) => error.status(),
        }
    }
}
