//! What a lake does with people's data, on record.
//!
//! [`record_policy`] notes under which policy posts come into a lake, and [`policies()`] tells it. The [`log`] has an entry of
//! whatever was done in one. [`Record`] is the record of processing activities, of which [`Settings`] say what no
//! program can know, and a [`Template`] is filled from them and from what is [`Keeping`].
//! [`access()`] finds all that is held about one person. [`begin_erasure`] notes whom an erasure is of, and that the lake is to
//! know them by a hash alone from then on; its key is in a [`KeyFile`]. [`begin_retention`] notes which accounts leave. What HBase
//! has not removed yet is [`Pending`].

mod access;
mod erasure;
mod error;
mod hbase;
mod keeping;
mod key;
mod leaving;
pub mod log;
mod policies;
mod record;
mod retention;
mod settings;
mod template;
mod turn;

pub use access::{Access, Held, Tables, What, access};
pub use erasure::{Erasure, begin_erasure, end_erasure, forgotten, unfinished};
pub use error::Error;
pub use hbase::{Pending, note_pending, pending};
pub use keeping::Keeping;
pub use key::KeyFile;
pub use leaving::{Leaving, begin_retention, end_retention, leaving};
pub use policies::{Recorded, policies, record_policy};
pub use record::{MetricRecord, PlaceRecord, Record, record};
pub use retention::{Kept, record_retention, recorded_retention};
pub use settings::Settings;
pub use template::{TEMPLATES, Template};
