//! What can go wrong between posts and rows.

use std::io;

use tootmill_metric::{Day, RegistryError, Status};

/// Why posts did not become rows.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be read.
    #[error(transparent)]
    Input(#[from] tootmill_input::Error),
    /// Records cannot be read.
    #[error("cannot read records: {0}")]
    ReadRecords(#[source] io::Error),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Write(#[source] io::Error),
    /// Temporary files cannot be written or read back.
    #[error("cannot use temporary files: {0}; they are in the folder that TMPDIR names")]
    Temporary(#[source] io::Error),
    /// A line is no record.
    #[error("line {number} is no record (metric TAB key TAB member TAB state): `{line}`")]
    NoRecord {
        /// The line's number, from 1.
        number: u64,
        /// The line, or its beginning.
        line: String,
    },
    /// A line is no row.
    #[error("line {number} is no row (table TAB row key TAB column TAB value): `{line}`")]
    NoRow {
        /// The line's number, from 1.
        number: u64,
        /// The line, or its beginning.
        line: String,
    },
    /// A line of a day's posts is none.
    #[error("line {number} of the posts of {day} is no post: they were changed since they were compacted")]
    NoPost {
        /// The day.
        day: Day,
        /// The line's number, from 1.
        number: u64,
    },
    /// Records are not in their order.
    #[error("the records are not sorted: `{after}` comes after `{before}`; sort them with LC_ALL=C sort")]
    NotSorted {
        /// The earlier record's metric, key and member.
        before: String,
        /// The later record's.
        after: String,
    },
    /// A state does not read back.
    #[error("the state `{state}` of `{record}` cannot be read: was it written by another version?")]
    BadState {
        /// The metric, key and member.
        record: String,
        /// The state's text.
        state: String,
    },
    /// A metric is not linked, or cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A mapper met a deletion.
    #[error(
        "the input has a line `{{\"deleted\": …}}` (id `{0}`): a mapper cannot look for the post; compact the posts first"
    )]
    Deletion(String),
    /// Too many lines are bad.
    #[error("{bad} of {lines} lines are bad, more than the limit allows; nothing was changed")]
    TooManyBad {
        /// How many lines are bad.
        bad: u64,
        /// Of how many.
        lines: u64,
    },
    /// A thread of the engine ended early.
    #[error("a thread of the engine panicked; this is a defect, please report it")]
    Panicked,
}

impl Error {
    /// The error of writing an output that is a temporary file.
    pub fn temporary(self) -> Self {
        match self {
            Self::Write(error) => Self::Temporary(error),
            error => error,
        }
    }

    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Input(error) => error.status(),
            // So a storage says that a server does not answer, or that a connection broke.
            Self::ReadRecords(error) | Self::Write(error) if error.kind() == io::ErrorKind::TimedOut => {
                Status::Temporary
            }
            _ => Status::Permanent,
        }
    }
}

/// The beginning of a text, short enough for a message.
pub(crate) fn beginning(text: &str) -> String {
    let mut characters = text.chars();
    let mut beginning: String = characters.by_ref().take(120).collect();
    if characters.next().is_some() {
        beginning.push('…');
    }
    beginning
}

/// For writers that are not ours.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
