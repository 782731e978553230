//! An erasure on its way: whom it is of stands in the lake from before the first change until nothing is left, so that one that
//! was interrupted is gone on with; and the list of whom the lake has forgotten.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tootmill_lake::{Lake, Lease};
use tootmill_policy::{Forgotten, Hashed, Key, Whom};

use crate::error::Error;

/// An erasure on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Erasure {
    /// Whom it is of.
    #[serde(flatten)]
    pub whom: Whom,
    /// The addresses of the tables that it is of as well.
    #[serde(default)]
    pub tables: BTreeSet<String>,
}

/// An erasure that did not come to its end; of nobody where none is on its way.
pub fn unfinished(lake: &Lake) -> Result<Erasure, Error> {
    let read = |text: &str| serde_json::from_str(text);
    Ok(lake.storage().read_as(&lake.erasing(), read)?.unwrap_or_default())
}

/// Whom a lake has forgotten, by their hashes.
pub fn forgotten(lake: &Lake, key: Option<Key>) -> Result<Forgotten, Error> {
    let forgotten = Forgotten::new(key);
    lake.storage().read_as(&lake.forgotten(), |text| forgotten.read(text))?;
    Ok(forgotten)
}

/// Puts the hashes of accounts, of the names by which they were meant, and of posts on the list of whom the lake has forgotten: from
/// now on nothing of them comes in. Then notes whom the erasure is of. Fails where one that was interrupted was of more tables: nobody
/// would look there any more.
pub fn begin_erasure(lake: &Lake, lease: &Lease, erasure: &Erasure, key: Key) -> Result<(), Error> {
    lease.check()?;
    let Erasure { whom, tables } = erasure;
    are_all_among(&unfinished(lake)?.tables, tables, || lake.storage().address(&lake.erasing()))?;
    let forgotten = forgotten(lake, Some(key))?;
    let accounts = whom.accounts.iter().map(|id| Hashed::Account(id));
    let more = accounts
        .chain(whom.named.iter().map(|name| Hashed::Name(name)))
        .chain(whom.posts.iter().map(|id| Hashed::Post(id)));
    let wrong = |error: tootmill_policy::BadList| tootmill_lake::Error::Content {
        path: lake.storage().address(&lake.forgotten()),
        reason: error.to_string(),
    };
    let list = forgotten.with(more).map_err(wrong)?;
    lake.storage().write_text(&lake.forgotten(), &list)?;
    let text = serde_json::to_string_pretty(erasure).unwrap_or_default();
    lake.storage().write_text(&lake.erasing(), &text)?;
    // A retention that was interrupted goes on without them.
    if let Some(mut leaving) = leaving(lake)? {
        leaving.accounts.retain(|id| !whom.accounts.contains(id));
        let text = serde_json::to_string_pretty(&leaving).unwrap_or_default();
        lake.storage().write_text(&lake.retaining(), &text)?;
    }
    Ok(())
}

/// Says that an erasure is done: nothing says any more whom it was of.
pub fn end_erasure(lake: &Lake, lease: &Lease) -> Result<(), Error> {
    lease.check()?;
    Ok(lake.storage().remove(&lake.erasing())?)
}

fn are_all_among(
    noted: &BTreeSet<String>,
    tables: &BTreeSet<String>,
    file: impl FnOnce() -> String,
) -> Result<(), Error> {
    let others: Vec<&str> = noted.difference(tables).map(String::as_str).collect();
    if others.is_empty() { Ok(()) } else { Err(Error::OtherTables { tables: others.join(", "), file: file() }) }
}

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
    use super::*;
    use tootmill_policy::Named;

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
    fn what_was_interrupted_is_of_all_its_tables() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let lease = lake.lease("a test").unwrap();
        let both: BTreeSet<String> = ["hbase://a:1".into(), "sqlite:b.db".into()].into();
        let one: BTreeSet<String> = ["sqlite:b.db".into()].into();
        let forget = |tables: &BTreeSet<String>| {
            let whom = Whom { accounts: ["1".into()].into(), ..Whom::default() };
            let erasure = Erasure { whom, tables: tables.clone() };
            begin_erasure(&lake, &lease, &erasure, Key::new(&[7; Key::BYTES]))
        };
        let retain = |tables: &BTreeSet<String>| begin_retention(&lake, &lease, ["2".into()].into(), tables.clone());
        forget(&one).unwrap();
        forget(&both).unwrap();
        // Each has its own: what ends beside it takes nothing from it.
        retain(&one).unwrap();
        end_retention(&lake, &lease).unwrap();
        let error = forget(&one).unwrap_err().to_string();
        assert!(error.contains("out of hbase://a:1 as well") && error.contains("erasing.json"), "{error}");
        retain(&both).unwrap();
        end_erasure(&lake, &lease).unwrap();
        assert!(retain(&one).unwrap_err().to_string().contains("retaining.json"));
        forget(&one).unwrap();
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

    #[test]
    fn whom_it_is_of_stands_in_the_lake_until_it_is_done_and_a_hash_stays() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let lease = lake.lease("a test").unwrap();
        assert_eq!(unfinished(&lake).unwrap(), Erasure::default());
        let mut whom = Whom::default();
        whom.add_account(Named::Id("4242".into()));
        whom.add_account(Named::Name("ada@a.example".into()));
        whom.posts.extend(["77777".into(), "8888".into()]);
        let key = || Key::new(&[7; Key::BYTES]);
        let erasure = Erasure { whom, tables: ["sqlite:a.db".into()].into() };
        begin_erasure(&lake, &lease, &erasure, key()).unwrap();
        assert_eq!(unfinished(&lake).unwrap(), erasure);
        end_erasure(&lake, &lease).unwrap();
        assert_eq!(unfinished(&lake).unwrap(), Erasure::default());
        // Another one is added to the list, whose key is the same.
        let of_a_post = Erasure { whom: Whom { posts: ["5".into()].into(), ..Whom::default() }, ..Erasure::default() };
        begin_erasure(&lake, &lease, &of_a_post, key()).unwrap();
        let list = lake.storage().read_text(&lake.forgotten()).unwrap().unwrap();
        let forgotten = forgotten(&lake, Some(key())).unwrap();
        assert!(forgotten.len() == 5 && forgotten.has_name("Ada@a.example") && !list.contains("77777"), "{list}");
        let error = begin_erasure(&lake, &lease, &of_a_post, Key::new(&[8; Key::BYTES])).unwrap_err();
        assert!(error.to_string().contains("another key"), "{error}");
    }
}
