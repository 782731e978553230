//! What the author of a metric sees: the [`Metric`] trait, a [`Post`], states that [`Merge`], the [`Table`] that holds the
//! result, and the registry in which metrics are found.
//!
//! Start with [`Metric`]: its example is a whole metric. Nothing here does any input or output.

mod emit;
pub mod field;
mod instant;
mod json;
mod members;
mod merge;
mod metric;
mod post;
mod registry;
mod row;
mod states;
mod status;
mod surrogates;
mod table;

pub use emit::{Emit, LONGEST_KEY, States};
pub use instant::{Day, Instant, Month};
#[doc(hidden)]
pub use inventory;
pub use members::{MemberSource, Members};
pub use merge::{Merge, StateReader, StateWriter};
pub use metric::{About, COMMON_NAMES, Metric};
pub use post::{Account, BadLine, Id, Line, PolicyCounts, Post, Reduction, distinct, lowercase};
pub use registry::{AnyMetric, AnyState, AnyStates, Registered, Registration, Registry, RegistryError, Total, rows_of};
pub use row::{Row, Value};
pub use states::{Count, Latest, Ratios, Seen};
pub use status::Status;
pub use surrogates::without_lone_surrogates;
pub use table::{BloomFilter, Column, Compression, Kind, Regions, Table};
