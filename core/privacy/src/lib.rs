//! What a lake does with people's data, on record.
//!
//! [`record_policy`] notes under which policy posts come into a lake, and [`policies()`] tells it. [`begin_erasure`] notes whom an
//! erasure is of, and that the lake is to know them by a hash alone from then on; its key is in a [`KeyFile`]. What HBase has not
//! removed yet is [`Pending`].

mod erasure;
mod error;
mod hbase;
mod key;
mod policies;
mod retention;

pub use erasure::{Leaving, begin_erasure, begin_retention, end_erasure, end_retention, unfinished};
pub use error::Error;
pub use hbase::{Pending, note_pending, pending};
pub use key::KeyFile;
pub use policies::{Recorded, policies, record_policy};
pub use retention::{Kept, record_retention, recorded_retention};
