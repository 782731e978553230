//! The stages of a day over the lake: compact, count, merge; in this process or as a job on YARN.
//!
//! Each stage reads what counts in one place of the lake, makes the next place's version, and commits it whole. A stage whose
//! result is there already does nothing, so all can be done again at any time.

mod at_once;
mod compact;
mod count;
mod erase;
mod error;
mod files;
mod import;
mod load;
mod manifests;
mod merge;
mod retain;
mod rows;
mod states;
mod yarn;

pub use compact::{Compacted, begin, compact, compact_on_yarn, posts_of, reduce_observations};
pub use count::{Counted, count_day, count_day_on_yarn, count_days_on_yarn, is_counted, reduce_by_day};
pub use erase::{Erased, Erasing};
pub use error::Error;
pub use import::{Imported, import};
pub use load::{LakeDay, LakeRows, LoadableRows, loadable_rows};
pub use manifests::{CompactionManifest, PostsManifest, RowsManifest, StatesManifest, TotalsManifest};
pub use merge::{MergedDays, merge, merge_on_yarn};
pub use retain::{Retained, Retention, accounts_not_seen, not_counted, retain};
pub use yarn::{JobReport, OnYarn, Way, tag};
