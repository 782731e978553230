//! What a lake does with people's data, on record.
//!
//! [`record_policy`] notes under which policy posts come into a lake, and [`policies()`] tells it. The [`log`] has an entry of
//! whatever was done in one. [`Record`] is the record of processing activities, of which [`Settings`] say what no program can know.
//! [`access()`] finds all that is held about one person.

mod access;
mod error;
pub mod log;
mod policies;
mod record;
mod settings;
mod template;
mod turn;

pub use access::{Access, Held, NoAccount, What, access};
pub use error::Error;
pub use policies::{Recorded, policies, record_policy};
pub use record::{MetricRecord, PlaceRecord, Record, record};
pub use settings::Settings;
pub use template::{TEMPLATES, Template};
