//! Finds out whether two posts may be the same, or one was deleted, at the cost of eight bytes a post.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    hash::BuildHasher,
    io::{BufReader, BufWriter, Read, Seek, Write},
};

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use crate::error::Error;

/// A set of ids, as hashes.
type Ids = HashSet<u64, FixedState>;

/// Which posts are not to be counted as they come.
#[derive(Debug, Default)]
pub(crate) struct Contested {
    /// Ids that several posts may have, or that may be of deleted posts: there may be a few too many.
    ids: Ids,
    /// Whether there are so many that every id is taken for one.
    all: bool,
    deletions: Ids,
}

impl Contested {
    pub(crate) fn is_empty(&self) -> bool {
        !self.all && self.ids.is_empty()
    }

    /// Whether there may be several posts with this id, or a post and its deletion.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.all || self.ids.contains(&hash(id))
    }

    /// Whether the deletion of this id was met.
    pub(crate) fn knows_deletion(&self, id: &str) -> bool {
        self.deletions.contains(&hash(id))
    }
}

/// The hash by which ids are compared first.
fn hash(id: &str) -> u64 {
    FixedState::default().hash_one(id)
}

/// The ids of posts and deletions, as hashes.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    posts: Vec<u64>,
    deletions: Vec<u64>,
    runs: Vec<File>,
    /// Some of the posts' hashes, at places that follow from them: where one is met again there, it is a duplicate.
    recent: Vec<u64>,
    met_again: bool,
}

/// How many hashes are kept to meet duplicates early: as many as fit into a core's cache.
const RECENT: usize = 1 << 15;

impl Identities {
    pub(crate) fn post(&mut self, id: &str) {
        let hash = hash(id);
        self.posts.push(hash);
        if self.recent.is_empty() {
            self.recent.resize(RECENT, 0);
        }
        // The low bits, whatever the width of the place.
        #[allow(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
        if let Some(recent) = self.recent.get_mut(hash as usize % RECENT) {
            self.met_again |= std::mem::replace(recent, hash) == hash;
        }
    }

    pub(crate) fn deletion(&mut self, id: &str) {
        self.deletions.push(hash(id));
    }

    /// Puts the hashes in order, as [`contested`] wants them.
    pub(crate) fn sort(&mut self) {
        self.posts.sort_unstable();
    }

    /// Whether a duplicate was met early, or there is a deletion, whose post is seldom far away. `false` tells nothing.
    pub(crate) fn is_contested_early(&self) -> bool {
        self.met_again || !self.deletions.is_empty()
    }

    /// Puts the posts' hashes on disk where they need more memory than that.
    pub(crate) fn limit(&mut self, bytes: usize) -> Result<(), Error> {
        if self.posts.len() * size_of::<u64>() > bytes {
            self.sort();
            let mut output = BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(Error::Temporary)?);
            self.posts.iter().try_for_each(|hash| output.write_all(&hash.to_le_bytes())).map_err(Error::Temporary)?;
            self.runs.push(output.into_inner().map_err(|error| Error::Temporary(error.into_error()))?);
            self.posts.clear();
        }
        Ok(())
    }
}

/// The ids that two posts have, or a post and a deletion, whichever thread met them; all ids, where these would need more than
/// an eighth of the memory, in bytes.
pub(crate) fn contested(all: Vec<Identities>, memory: usize) -> Result<Contested, Error> {
    let mut sources: Vec<Box<dyn Iterator<Item = Result<u64, Error>>>> = Vec::new();
    let mut deletions = Ids::default();
    for mut identities in all {
        identities.sort();
        deletions.extend(identities.deletions);
        sources.push(Box::new(identities.posts.into_iter().map(Ok)));
        for mut run in identities.runs {
            run.rewind().map_err(Error::Temporary)?;
            let mut run = BufReader::with_capacity(1 << 16, run);
            sources.push(Box::new(std::iter::from_fn(move || {
                let mut hash = [0; 8];
                match run.read_exact(&mut hash) {
                    Ok(()) => Some(Ok(u64::from_le_bytes(hash))),
                    Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
                    Err(error) => Some(Err(Error::Temporary(error))),
                }
            })));
        }
    }
    let mut next = BinaryHeap::new();
    for (source, hashes) in sources.iter_mut().enumerate() {
        if let Some(hash) = hashes.next() {
            next.push(Reverse((hash?, source)));
        }
    }
    let mut ids = Ids::default();
    let mut last = None;
    while let Some(mut top) = next.peek_mut() {
        let Reverse((hash, source)) = *top;
        if last.replace(hash) == Some(hash) || deletions.contains(&hash) {
            ids.insert(hash);
            if ids.allocation_size() > memory / 8 {
                return Ok(Contested { ids: Ids::default(), all: true, deletions });
            }
        }
        match sources.get_mut(source).and_then(Iterator::next) {
            Some(hash) => *top = Reverse((hash?, source)),
            None => {
                std::collections::binary_heap::PeekMut::pop(top);
            }
        }
    }
    Ok(Contested { ids, all: false, deletions })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_in_one_set(posts in proptest::collection::vec((0..40_u8, 0..3_usize), 0..60), deletions in proptest::collection::vec(0..40_u8, 0..4)) {
            let mut all = [Identities::default(), Identities::default(), Identities::default()];
            for (id, thread) in &posts {
                all[*thread].post(&id.to_string());
                all[*thread].limit(5 * 8).unwrap();
            }
            deletions.iter().for_each(|id| all[0].deletion(&id.to_string()));
            let expected: Ids = posts.iter().map(|(id, _)| *id)
                .filter(|id| deletions.contains(id) || posts.iter().filter(|post| post.0 == *id).count() > 1)
                .map(|id| hash(&id.to_string()))
                .collect();
            prop_assert_eq!(contested(all.into(), 1 << 20).unwrap().ids, expected);
        }
    }
}
