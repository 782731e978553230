//! An erasure on its way: whom it is of stands in the lake from before the first change until nothing is left, so that one that
//! was interrupted is gone on with; and the list of whom the lake has forgotten.

use tootmill_lake::{Lake, Lease};
use tootmill_policy::{Forgotten, Hashed, Key, Whom};

use crate::error::Error;

/// Whom an erasure is of that did not come to its end; nobody where none is on its way.
pub fn unfinished(lake: &Lake) -> Result<Whom, Error> {
    let read = |text: &str| serde_json::from_str(text);
    Ok(lake.storage().read_as(&lake.erasing(), read)?.unwrap_or_default())
}

/// Notes in the lake whom an erasure is of, and puts their hashes on the list of whom it has forgotten: from now on nothing of
/// them comes in.
pub fn begin_erasure(lake: &Lake, lease: &Lease, whom: &Whom, key: Key) -> Result<(), Error> {
    lease.check()?;
    let text = serde_json::to_string_pretty(whom).unwrap_or_default();
    lake.storage().write_text(&lake.erasing(), &text)?;
    let forgotten = Forgotten::new(Some(key));
    lake.storage().read_as(&lake.forgotten(), |text| forgotten.read(text))?;
    let accounts = whom.accounts.iter().map(|id| Hashed::Account(id));
    let more = accounts.chain(whom.posts.iter().map(|id| Hashed::Post(id)));
    let wrong = |error: tootmill_policy::BadList| tootmill_lake::Error::Content {
        path: lake.storage().address(&lake.forgotten()),
        reason: error.to_string(),
    };
    let list = forgotten.with(more).map_err(wrong)?;
    Ok(lake.storage().write_text(&lake.forgotten(), &list)?)
}

/// Says that an erasure is done: nothing says any more whom it was of.
pub fn end_erasure(lake: &Lake, lease: &Lease) -> Result<(), Error> {
    lease.check()?;
    Ok(lake.storage().remove(&lake.erasing())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_it_is_of_stands_in_the_lake_until_it_is_done_and_a_hash_stays() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let lease = lake.lease("a test").unwrap();
        assert!(unfinished(&lake).unwrap().is_empty());
        let mut whom = Whom::default();
        whom.add_account("4242", "mill.example");
        whom.posts.insert("77777".into());
        let key = || Key::new(&[7; Key::BYTES]);
        begin_erasure(&lake, &lease, &whom, key()).unwrap();
        assert_eq!(unfinished(&lake).unwrap(), whom);
        end_erasure(&lake, &lease).unwrap();
        assert!(unfinished(&lake).unwrap().is_empty());
        // Another one is added to the list, whose key is the same.
        begin_erasure(&lake, &lease, &Whom { posts: ["5".into()].into(), ..Whom::default() }, key()).unwrap();
        let list = lake.storage().read_text(&lake.forgotten()).unwrap().unwrap();
        let forgotten = Forgotten::new(Some(key()));
        forgotten.read(&list).unwrap();
        assert!(forgotten.len() == 3 && !list.contains("4242") && !list.contains("77777"), "{list}");
        let error = begin_erasure(&lake, &lease, &whom, Key::new(&[8; Key::BYTES])).unwrap_err();
        assert!(error.to_string().contains("another key"), "{error}");
    }
}
