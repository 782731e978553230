//! What a lake does with people's data, on record.
//!
//! [`record_policy`] notes under which policy posts come into a lake, and [`policies()`] tells it.

mod error;
mod policies;

pub use error::Error;
pub use policies::{Recorded, policies, record_policy};
