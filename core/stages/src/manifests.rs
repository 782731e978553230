//! What each place of the lake says of what it was made from: by this a stage knows that there is nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tootmill_engine::Counters;

/// What is known of all raw files that were compacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CompactionManifest {
    /// The raw files, by their paths in the lake.
    pub files: BTreeSet<String>,
    /// The ids that were deleted.
    pub deleted: BTreeSet<String>,
    /// The posts that were seen and deleted, as `day id`, so that each is counted once.
    pub deleted_posts: BTreeSet<String>,
    /// What was counted while reading all of them.
    pub counters: Counters,
    /// The days' posts that count with this compaction, by day and version: whoever finds another version in a day finishes
    /// what was begun.
    pub posts: BTreeMap<String, u64>,
}

/// A day's posts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct PostsManifest {
    /// How many there are.
    pub posts: u64,
    /// How many of them were observed when they were ripe.
    pub ripe: u64,
    /// SHA-256 of their lines: posts that did not change are not made again.
    pub digest: String,
}

/// A day's states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct StatesManifest {
    /// The version of the posts that they were made from.
    pub posts: u64,
    /// The metrics that are in them.
    pub metrics: BTreeSet<String>,
    /// What was counted.
    pub counters: Counters,
}

/// The totals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct TotalsManifest {
    /// The days that are in them, with the versions of their states.
    pub days: BTreeMap<String, u64>,
    /// The metrics that are in them.
    pub metrics: BTreeSet<String>,
    /// What was counted: of the days, and while compacting.
    pub counters: Counters,
}

/// The rows of a day or of the totals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct RowsManifest {
    /// The version of the states or the totals that they were made from.
    pub states: u64,
    /// How many rows there are.
    pub rows: u64,
    /// SHA-256 of their lines, in hexadecimal: rows that were loaded before are known by it.
    pub digest: String,
}
