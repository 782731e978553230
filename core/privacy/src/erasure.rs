//! An erasure on its way: whom it is of stands in the lake from before the first change until nothing is left, so that one that
//! was interrupted is gone on with; and the list of whom the lake has forgotten.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tootmill_lake::{Lake, Lease};
use tootmill_policy::{Forgotten, Hashed, Key, Whom};

use crate::{error::Error, leaving::leaving};

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
    let mut leaving = leaving(lake)?;
    // The retention would not take them out of its tables any more.
    if let Some(leaving) = leaving.as_mut().filter(|leaving| !leaving.accounts.is_disjoint(&whom.accounts)) {
        are_all_among(&leaving.tables, tables, || lake.storage().address(&lake.retaining()))?;
    }
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
    if let Some(leaving) = &mut leaving {
        leaving.accounts.retain(|id| !whom.accounts.contains(id));
        let text = serde_json::to_string_pretty(leaving).unwrap_or_default();
        lake.storage().write_text(&lake.retaining(), &text)?;
    }
    Ok(())
}

/// Says that an erasure is done: nothing says any more whom it was of.
pub fn end_erasure(lake: &Lake, lease: &Lease) -> Result<(), Error> {
    lease.check()?;
    Ok(lake.storage().remove(&lake.erasing())?)
}

/// Fails where an interrupted one was of more tables, as its file notes.
pub(crate) fn are_all_among(
    noted: &BTreeSet<String>,
    tables: &BTreeSet<String>,
    file: impl FnOnce() -> String,
) -> Result<(), Error> {
    let others: Vec<&str> = noted.difference(tables).map(String::as_str).collect();
    if others.is_empty() { Ok(()) } else { Err(Error::OtherTables { tables: others.join(", "), file: file() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaving::{begin_retention, end_retention};
    use tootmill_policy::Named;

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
        // Who is on the way out of tables by a retention is not forgotten without these.
        let whom = Whom { accounts: ["2".into()].into(), ..Whom::default() };
        let of_leaving = begin_erasure(&lake, &lease, &Erasure { whom, tables: one }, Key::new(&[7; Key::BYTES]));
        assert!(of_leaving.unwrap_err().to_string().contains("retaining.json"));
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
