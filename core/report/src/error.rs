//! What can go wrong with a report.

use std::io;

use tootmill_metric::Status;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tables cannot be read.
    #[error(transparent)]
    Tables(#[from] tootmill_tables::Error),
    /// The lake cannot be read.
    #[error(transparent)]
    Lake(#[from] tootmill_lake::Error),
    /// A chart cannot be drawn.
    #[error("cannot draw a chart: {0}")]
    Chart(String),
    /// The page's data cannot be put together.
    #[error("cannot put the data of the page together: {0}")]
    Data(#[from] serde_json::Error),
    /// The page is larger than a page may be.
    #[error("the page has {bytes} bytes, and {most} are the most; show fewer rows of each table")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// The page cannot be compressed.
    #[error("cannot compress the data of the page: {0}")]
    Compress(io::Error),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Tables(error) => error.status(),
            Self::Lake(error) => error.status(),
            Self::Chart(_) | Self::Data(_) | Self::Compress(_) | Self::TooLarge { .. } => Status::Permanent,
        }
    }
}
