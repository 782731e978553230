//! Where posts, states and rows lie, on disk or HDFS, and how they are committed.
//!
//! A [`Storage`] has files in folders; [`open_storage`] finds the one that an address names. A [`Lake`] is the layout of one
//! instance's data on it. What can be made again lies in [`Versions`], of which a reader sees one, whole. Whoever changes
//! a lake holds its [`Lease`].

mod error;
mod hdfs;
mod inputs;
mod lake;
mod lease;
mod local;
mod parts;
mod split;
mod storage;
mod survey;
mod versions;

pub use error::Error;
pub use inputs::{find_inputs, input, splits_as_inputs};
pub use lake::{DAY_FOLDER, IDS, Lake, Place};
pub use lease::{Lease, Lock};
pub use parts::{Compressed, PartsWriter};
pub use split::Split;
pub use storage::{Entry, Sink, Storage, open_storage};
pub use survey::{Files, Survey};
pub use versions::{Staged, Version, Versions};
