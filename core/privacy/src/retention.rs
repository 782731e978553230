//! For how long a lake keeps what, on record: as the last retention was told.

use serde::{Deserialize, Serialize};
use tootmill_lake::{Lake, Lease};

use crate::error::Error;

/// Days for which something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Kept {
    /// Raw files, after they were observed.
    pub raw: u32,
    /// Posts, after they were written.
    pub posts: u32,
    /// Accounts, after they posted for the last time; `None` for ever.
    pub accounts: Option<u32>,
}

/// Notes for how long the lake keeps what.
pub fn record_retention(lake: &Lake, lease: &Lease, kept: Kept) -> Result<(), Error> {
    lease.check()?;
    let text = serde_json::to_string_pretty(&kept).unwrap_or_default();
    Ok(lake.storage().write_text(&lake.retention(), &text)?)
}

/// For how long the lake keeps what; `None` where nothing ever went for its age.
pub fn recorded_retention(lake: &Lake) -> Result<Option<Kept>, Error> {
    Ok(lake.storage().read_as(&lake.retention(), |text| serde_json::from_str(text))?)
}
