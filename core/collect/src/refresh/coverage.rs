//! How many of a day's posts a refresh has seen again: it stands in the lake, since numbers of a part are no numbers of all.

use serde::{Deserialize, Serialize};
use tootmill_lake::{Lake, Place};
use tootmill_metric::Day;

use crate::{error::Error, lineage::Lineage};

/// What came of a refresh. `asked` is the sum of `observed`, `deleted`, `withdrawn` and `unexplained`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Coverage {
    /// When it began.
    pub at: String,
    /// How the instance was asked.
    pub how: How,
    /// How many posts the day had.
    pub of: u64,
    /// Of how many the instance was asked.
    pub asked: u64,
    /// How many it gave.
    pub observed: u64,
    /// How many were deleted.
    pub deleted: u64,
    /// How many it gave that the policy leaves out now, because their accounts want no part in it any more: they count no more
    /// than deleted ones.
    #[serde(default)]
    pub withdrawn: u64,
    /// How many it did not give, and it is not known that they were deleted: they are kept as they were.
    pub unexplained: u64,
    /// Who asked.
    pub observer: String,
}

/// How an instance is asked for a day's posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// For all of them, several at once.
    Batches,
    /// For a sample, one by one.
    Sample,
}

impl Coverage {
    /// That of the last refresh of a day; `None` where there was none.
    pub fn read(lake: &Lake, day: Day) -> Result<Option<Self>, Error> {
        let current = lake.versions(Place::Refreshed(day)).current()?;
        Ok(current.map(|version| version.manifest()).transpose()?)
    }

    /// Puts it into the lake, whole.
    pub(super) fn commit(&self, lineage: &Lineage, day: Day) -> Result<(), Error> {
        let lease = lineage.lease();
        lineage.lake().versions(Place::Refreshed(day)).stage(lease)?.commit(self, lease)?;
        Ok(())
    }
}
