//! What a lake does with people's data, on record.
//!
//! [`record_policy`] notes under which policy posts come into a lake, and [`policies()`] tells it. [`begin_erasure`] notes whom an
//! erasure is of, and that the lake is to know them by a hash alone from then on; its key is in a [`KeyFile`].

mod erasure;
mod error;
mod key;
mod policies;

pub use erasure::{begin_erasure, end_erasure, unfinished};
pub use error::Error;
pub use key::KeyFile;
pub use policies::{Recorded, policies, record_policy};
