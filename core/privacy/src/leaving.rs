//! A retention of accounts on its way: who leaves stands in the lake from before the first change until it has come to its end.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tootmill_lake::{Lake, Lease};

use crate::{erasure::are_all_among, error::Error};

/// Accounts that are on their way out of a lake because they were not seen for long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Leaving {
    /// A random text for the members that take their place. Nobody knows it once they are gone.
    pub salt: String,
    /// Their ids.
    pub accounts: BTreeSet<String>,
    /// The addresses of the tables that they leave as well.
    #[serde(default)]
    pub tables: BTreeSet<String>,
}

/// The accounts that a retention was to let go that did not come to its end; `None` where none was interrupted.
pub fn leaving(lake: &Lake) -> Result<Option<Leaving>, Error> {
    Ok(lake.storage().read_as(&lake.retaining(), |text| serde_json::from_str(text))?)
}

/// Notes in the lake which accounts are on their way out, and out of which tables. Those of a retention that was interrupted are among
/// them, whose random text is gone on with. Fails where that one was of more tables.
pub fn begin_retention(
    lake: &Lake,
    lease: &Lease,
    accounts: BTreeSet<String>,
    tables: BTreeSet<String>,
) -> Result<Leaving, Error> {
    lease.check()?;
    let mut leaving = leaving(lake)?.unwrap_or_default();
    are_all_among(&leaving.tables, &tables, || lake.storage().address(&lake.retaining()))?;
    leaving.tables = tables;
    if leaving.salt.is_empty() {
        leaving.salt = hex::encode(crate::key::random()?);
    }
    leaving.accounts.extend(accounts);
    let text = serde_json::to_string_pretty(&leaving).unwrap_or_default();
    lake.storage().write_text(&lake.retaining(), &text)?;
    Ok(leaving)
}

/// Says that a retention has come to its end.
pub fn end_retention(lake: &Lake, lease: &Lease) -> Result<(), Error> {
    lease.check()?;
    Ok(lake.storage().remove(&lake.retaining())?)
}

#[cfg(test)]
mod tests {
    use tootmill_policy::{Key, Whom};

    use super::*;
    use crate::erasure::{Erasure, begin_erasure};

    #[test]
    fn a_retention_that_was_interrupted_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let lease = lake.lease("a test").unwrap();
        let first = begin_retention(&lake, &lease, ["1".into()].into(), BTreeSet::new()).unwrap();
        let again = begin_retention(&lake, &lease, ["2".into()].into(), BTreeSet::new()).unwrap();
        assert_eq!((&again.salt, again.accounts.len()), (&first.salt, 2));
        assert_eq!(leaving(&lake).unwrap(), Some(again));
        end_retention(&lake, &lease).unwrap();
        assert_eq!(leaving(&lake).unwrap(), None);
        let next = begin_retention(&lake, &lease, BTreeSet::new(), BTreeSet::new()).unwrap();
        assert!(next.accounts.is_empty() && next.salt != first.salt && next.salt.len() == 64);
    }

    #[test]
    fn who_is_forgotten_is_no_longer_on_the_way_out_by_a_retention() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let lease = lake.lease("a test").unwrap();
        let salt = begin_retention(&lake, &lease, ["1".into(), "2".into()].into(), BTreeSet::new()).unwrap().salt;
        let whom = Whom { accounts: ["1".into()].into(), ..Whom::default() };
        let erasure = Erasure { whom, ..Erasure::default() };
        begin_erasure(&lake, &lease, &erasure, Key::new(&[7; Key::BYTES])).unwrap();
        let left = begin_retention(&lake, &lease, BTreeSet::new(), BTreeSet::new()).unwrap();
        assert_eq!(left, Leaving { salt, accounts: ["2".into()].into(), tables: BTreeSet::new() });
    }
}
