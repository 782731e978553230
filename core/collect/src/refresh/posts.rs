//! The posts of a day, by their ids, and a sample of them.

use sha2::{Digest, Sha256};
use tootmill_lake::{IDS, Lake, Version};
use tootmill_metric::{Id, field::unescape};

use crate::{error::Error, lines::lines};

/// The ids of a day's posts.
pub(super) fn ids(lake: &Lake, posts: &Version) -> Result<Vec<Id>, Error> {
    let path = format!("{}/{IDS}.zst", posts.folder);
    let wrong = |reason: String| tootmill_lake::Error::Content { path: lake.storage().address(&path), reason };
    let file = lake.storage().find(&path)?.ok_or_else(|| wrong("it is not there".into()))?;
    let id = |line: String| {
        // What else is known of a post stands behind its id.
        let field = line.split('\t').next().unwrap_or_default();
        unescape(field).map(|id| Id::new(&id)).ok_or_else(|| wrong(format!("`{line}` is no id")).into())
    };
    lines(lake, &file).map(|line| line.and_then(id)).collect()
}

/// So many of the ids, those with the least digests: the same ones whoever asks, however many there are besides.
pub(super) fn sample(ids: &[Id], most: usize) -> Vec<&Id> {
    let mut ids: Vec<&Id> = ids.iter().collect();
    ids.sort_by_cached_key(|id| -> [u8; 32] { Sha256::digest(id.as_str()).into() });
    ids.truncate(most);
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_same_whoever_asks_and_grows_by_what_was_not_in_it() {
        let ids: Vec<Id> = (0..1000).map(|id| Id::new(&id.to_string())).collect();
        let backwards: Vec<Id> = ids.iter().rev().cloned().collect();
        assert_eq!(sample(&ids, 100), sample(&backwards, 100));
        assert_eq!(sample(&ids, 100), sample(&ids, 200)[..100]);
        assert_eq!(sample(&ids, 5000).len(), 1000);
        // As many of the first half as of the second, about: ids have an order, which a sample must not have.
        let old = sample(&ids, 100).into_iter().filter(|id| **id < Id::new("500")).count();
        assert!((30..=70).contains(&old), "{old}");
        // Pinned, so that it is the same tomorrow.
        let first: Vec<&str> = sample(&ids, 5).into_iter().map(Id::as_str).collect();
        assert_eq!(first, ["886", "286", "671", "245", "374"]);
    }
}
