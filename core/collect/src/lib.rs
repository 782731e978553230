//! From an instance into the raw files of a lake: every post that its public timeline shows, without a gap.
//!
//! A [`Lineage`] is the right to collect one feed. [`catch_up`] reads the timeline from the newest committed post, which
//! [`Cursor`] finds in the lake, to the newest that there is; [`follow`] takes
//! what comes from then on, as the instance streams it. [`RawWriter`] commits what was observed. [`acceptance`] says
//! whether the instance's rules were accepted.

mod accepted;
mod catch_up;
mod cursor;
mod error;
mod follow;
mod lineage;
mod lines;
mod raw;
mod recent;
mod refresh;

pub use accepted::{Acceptance, accept, acceptance};
pub use catch_up::{Beginning, CatchUp, CaughtUp, OVERLAP, Progress, Watch, catch_up};
pub use cursor::{Cursor, Reached};
pub use error::Error;
pub use follow::{Follow, Followed, follow};
pub use lineage::{Kind, Lineage, Observer, RawName};
pub use raw::{Committed, Limits, RawWriter};
pub use refresh::{Coverage, DELAY, Due, How, Refresh, SAMPLE, due, refresh};
