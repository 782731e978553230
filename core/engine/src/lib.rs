//! Records, the map, merge and reduce drivers over any reader and writer, and the engine that runs them in one process.
//!
//! [`map`] turns posts into records, [`Merged`] sorted records into merged ones, [`reduce`] those into rows: that is all that
//! the programs behind Hadoop Streaming need. [`run`] does the same in one process, with threads, in bounded memory, and
//! chooses among observations of the same post before.

mod aggregate;
mod compact;
mod counters;
mod days;
mod error;
mod identities;
mod local;
mod map;
mod merge;
mod read;
mod records;
mod reduce;
mod rows;
mod runs;

pub use compact::{Chosen, KnownDay, Observed, compact, map_observations, observe};
pub use counters::Counters;
pub use days::merge_by_day;
pub use error::Error;
pub use local::{Options, Outcome, count, run};
pub use map::{map, map_by_day};
pub use merge::{Counts, Merged};
pub use read::{BadLimit, Silent, Watch};
pub use records::{Lines, Record, Records};
pub use reduce::{reduce, write_records};
pub use rows::{Cell, Family, RowsReader, RowsWriter};
