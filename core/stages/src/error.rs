//! What can go wrong in a stage.

use std::{io, path::PathBuf};

use tootmill_lake::Place;
use tootmill_metric::{Day, Status};

/// Why a stage did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lake cannot be read or changed.
    #[error(transparent)]
    Lake(#[from] tootmill_lake::Error),
    /// Posts cannot be mapped, or records merged.
    #[error(transparent)]
    Engine(#[from] tootmill_engine::Error),
    /// There is nothing to do something with.
    #[error("there are no posts of {day} in `{lake}`: collect or import them, then `tootmill compact`")]
    NoPosts {
        /// The day.
        day: Day,
        /// The lake.
        lake: String,
    },
    /// Metrics were added or removed since a day was counted.
    #[error(
        "the states of {day} in `{lake}` were made with other metrics than this program has: run `tootmill submit`, then merge"
    )]
    OtherMetrics {
        /// The day.
        day: Day,
        /// The lake.
        lake: String,
    },
    /// There are no posts at all.
    #[error("there are no posts in `{0}`: collect or import them, then `tootmill compact`")]
    Empty(String),
    /// A job could not be run.
    #[error(transparent)]
    Yarn(#[from] tootmill_yarn::Error),
    /// The program to ship cannot be read.
    #[error("cannot ship the program `{path}` to the cluster: {source}")]
    Program {
        /// The program.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// More accounts and posts are to be forgotten than can be looked for at once.
    #[error(transparent)]
    TooMany(#[from] tootmill_policy::TooMany),
    /// No totals are there.
    #[error("there are no totals in `{0}`: count days by `tootmill submit`, then `tootmill merge`")]
    NoTotals(String),
    /// Rows are not those of the states that count.
    #[error("the rows in {place:?} of `{lake}` are not up to date: run `tootmill submit` and `tootmill merge` again")]
    StaleRows {
        /// Which rows.
        place: Place,
        /// The lake.
        lake: String,
    },
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Lake(error) => error.status(),
            Self::Engine(error) => error.status(),
            Self::Yarn(error) => error.status(),
            Self::NoPosts { .. }
            | Self::OtherMetrics { .. }
            | Self::Empty(_)
            | Self::Program { .. }
            | Self::NoTotals(_)
            | Self::TooMany(_)
            | Self::StaleRows { .. } => Status::Permanent,
        }
    }
}
