//! How far a lineage has come: read from what it committed, and stored nowhere else.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tootmill_mastodon::Observation;
use tootmill_metric::{Id, Instant};

use crate::{error::Error, lineage::Lineage, lines::lines};

/// How far a lineage has come.
#[derive(Debug)]
pub struct Cursor {
    /// The newest post that is committed.
    pub newest: Id,
    /// When it was written, where that is known.
    pub written: Option<Instant>,
    /// The post above which to read again: the overlap is between it and the newest.
    pub start: Id,
    /// The observations in the overlap by their hashes, to know those that come again unchanged.
    known: BTreeSet<(Option<Id>, u64)>,
    hashing: RandomState,
}

impl Cursor {
    /// Reads the last files of the lineage; `None` where nothing was collected.
    ///
    /// The overlap begins at the newest post that was written so long before the newest of all.
    pub fn read(lineage: &Lineage, overlap: Duration) -> Result<Option<Self>, Error> {
        let overlap = i64::try_from(overlap.as_micros()).unwrap_or(i64::MAX);
        let hashing = RandomState::new();
        let (mut seen, mut known) = (Vec::new(), BTreeSet::new());
        for file in lineage.files()? {
            let before = seen.len();
            for line in lines(lineage.lake(), &file) {
                let observation = Observation::of(line?);
                known.insert((observation.id.clone(), hashing.hash_one(&observation.json)));
                seen.extend(observation.id.map(|id| (id, observation.created_at)));
            }
            // A late post may be old in a file of new ones: the file's own newest says how far back it leads.
            let newest = newest(&seen).and_then(|(_, written)| written);
            let of_file = seen.get(before..).and_then(newest_of).and_then(|(_, written)| written);
            if let (Some(newest), Some(of_file)) = (newest, of_file)
                && is_before(of_file, newest, overlap)
            {
                break;
            }
        }
        let Some((newest, written)) = newest(&seen) else { return Ok(None) };
        let before = |(_, at): &&Seen| match (*at, written) {
            (Some(at), Some(written)) => is_before(at, written, overlap),
            _ => false,
        };
        let start = seen.iter().filter(before).map(|(id, _)| id).max();
        let start = start.or_else(|| seen.iter().map(|(id, _)| id).min()).unwrap_or(&newest).clone();
        known.retain(|(id, _)| id.as_ref().is_none_or(|id| *id > start));
        Ok(Some(Self { newest, written, start, known, hashing }))
    }

    /// Whether just this observation is committed.
    pub(crate) fn knows(&self, observation: &Observation) -> bool {
        self.known.contains(&(observation.id.clone(), self.hashing.hash_one(&observation.json)))
    }
}

/// A post that was seen: its id, and when it was written.
type Seen = (Id, Option<Instant>);

fn newest(seen: &[Seen]) -> Option<(Id, Option<Instant>)> {
    newest_of(seen).map(|(id, written)| (id.clone(), written))
}

fn newest_of(seen: &[Seen]) -> Option<(&Id, Option<Instant>)> {
    seen.iter().max_by(|one, other| one.0.cmp(&other.0)).map(|(id, written)| (id, *written))
}

fn is_before(at: Instant, newest: Instant, overlap: i64) -> bool {
    at.micros() <= newest.micros().saturating_sub(overlap)
}
