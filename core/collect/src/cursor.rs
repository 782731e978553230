//! How far a lineage has come: read from what it committed, and stored nowhere else.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use serde::Deserialize;
use serde_json::value::RawValue;
use tootmill_input::observed_at;
use tootmill_lake::Entry;
use tootmill_mastodon::Observation;
use tootmill_metric::{Id, Instant};

use crate::{
    error::Error,
    lineage::{Kind, Lineage, RawName},
    lines::lines,
    raw::to_the_second,
};

/// How far a lineage has come.
#[derive(Debug, Default)]
pub struct Reached {
    /// By the posts that are committed; `None` where none is.
    pub cursor: Option<Cursor>,
    /// When the latest post was written of those of which it is noted what a policy did, to the second; `None` where nothing
    /// is noted.
    pub told: Option<Instant>,
}

/// How far a lineage has come, by the posts that are committed.
#[derive(Debug)]
pub struct Cursor {
    /// The newest post that is committed.
    pub newest: Id,
    /// When the latest of all was written, where that is known.
    pub written: Option<Instant>,
    /// The post above which to read again: the overlap is between it and the newest.
    pub start: Id,
    /// The observations in the overlap by their hashes, to know those that come again unchanged.
    known: BTreeSet<(Option<Id>, u64)>,
    /// What is noted to be deleted.
    deleted: BTreeSet<Id>,
    hashing: RandomState,
}

/// How far ahead a clock may be, in microseconds.
const A_DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// Posts are streamed within this time after they were written, in microseconds; edits, and posts that come late, are older.
const FRESH: i64 = 60 * 60 * 1_000_000;

impl Cursor {
    /// Reads the last files of the lineage.
    ///
    /// The overlap begins at the newest post that was written so long before the latest: what came late has its place after it. It has so many posts at most.
    pub fn read(lineage: &Lineage, overlap: Duration, most: usize) -> Result<Reached, Error> {
        let overlap = i64::try_from(overlap.as_micros()).unwrap_or(i64::MAX);
        let hashing = RandomState::new();
        let (mut seen, mut known, mut deleted) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let (mut latest, mut old, mut told) = (None, Instant::default(), None);
        for file in lineage.files()? {
            let mut posts: Vec<Seen> = Vec::new();
            for line in lines(lineage.lake(), &file) {
                let observation = Observation::of(line?);
                if observation.id.is_none() {
                    let note = Note::of(&observation.json);
                    told = told.max(note.told());
                    deleted.extend(note.deleted.map(|id| Id::new(&id)));
                }
                known.insert((observation.id.clone(), hashing.hash_one(&observation.json)));
                posts.extend(observation.id.map(|id| (id, observation.created_at)));
            }
            // By the instance's clock: one that came late is not the latest, and one of next year says nothing.
            let observed = observed_at(&file.path).map_or(i64::MAX, |at| at.micros().saturating_add(A_DAY));
            latest =
                latest.max(posts.iter().filter_map(|(_, written)| *written).filter(|at| at.micros() <= observed).max());
            old = latest.map_or(old, |latest: Instant| Instant::from_micros(latest.micros().saturating_sub(overlap)));
            // Until there is a file before that with the newest: that one may have nothing but what came late.
            let is_before = newest(&posts).map(|(id, _)| id) < newest(&seen).map(|(id, _)| id);
            let leads_back = is_before && leads_back(&file, &posts, old);
            seen.extend(posts);
            if leads_back {
                break;
            }
        }
        let Some(newest) = newest(&seen).map(|(id, _)| id.clone()) else { return Ok(Reached { cursor: None, told }) };
        let is_old = |(_, written): &&Seen| written.is_some_and(|written| latest.is_some() && written <= old);
        let start = seen.iter().filter(is_old).map(|(id, _)| id).max();
        let start = start.or_else(|| seen.iter().map(|(id, _)| id).min()).unwrap_or(&newest).clone();
        let mut again: Vec<&Id> = seen.iter().map(|(id, _)| id).filter(|id| **id > start).collect();
        again.sort_unstable();
        again.dedup();
        let start = again.iter().rev().nth(most).map_or(start, |id| (*id).clone());
        known.retain(|(id, _)| id.as_ref().is_none_or(|id| *id > start));
        deleted.retain(|id| *id > start);
        Ok(Reached { cursor: Some(Self { newest, written: latest, start, known, deleted, hashing }), told })
    }

    /// Whether just this line is committed, of the post with the id.
    pub(crate) fn knows(&self, id: Option<&Id>, line: &str) -> bool {
        self.known.contains(&(id.cloned(), self.hashing.hash_one(line)))
    }

    /// Whether a post is committed, and not that it was deleted.
    pub(crate) fn has(&self, id: &Id) -> bool {
        let mut observations = self.known.range((Some(id.clone()), 0)..);
        observations.next().is_some_and(|(known, _)| known.as_ref() == Some(id)) && !self.deleted.contains(id)
    }
}

impl Reached {
    /// Whether a post that is left out was read when it was noted how many are: nothing else is known of it.
    pub(crate) fn was_told_of(&self, post: &Observation) -> bool {
        self.told.zip(post.created_at).is_some_and(|(told, written)| to_the_second(written) <= told)
    }
}

/// A line that is no post.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Note<'a> {
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    #[serde(borrow)]
    read: Option<Cow<'a, str>>,
    #[serde(borrow)]
    deleted: Option<Cow<'a, str>>,
}

impl<'a> Note<'a> {
    /// Of any line; one that is no note says nothing.
    fn of(line: &'a str) -> Self {
        serde_json::from_str(line).unwrap_or_default()
    }

    /// Until when, by the times of the posts, it is noted what a policy did.
    fn told(&self) -> Option<Instant> {
        self.policy.and(self.read.as_deref()).and_then(Instant::parse)
    }
}

/// A post that was seen: its id, and when it was written.
type Seen = (Id, Option<Instant>);

fn newest(posts: &[Seen]) -> Option<&Seen> {
    posts.iter().max_by(|one, other| one.0.cmp(&other.0))
}

/// Whether no file before this one has newer posts, and it has old ones: further back there is nothing to find.
fn leads_back(file: &Entry, posts: &[Seen], old: Instant) -> bool {
    let is_old = |written: &Option<Instant>| written.is_some_and(|written| written <= old);
    if RawName::parse(file.name()).is_some_and(|name| name.kind == Kind::Pages) {
        // In the order of ids.
        return posts.iter().any(|(_, written)| is_old(written));
    }
    // In the order in which they came: a file may have nothing but edits of posts that are years old.
    let newest = newest(posts).and_then(|(_, written)| *written);
    let observed = observed_at(&file.path);
    let is_fresh = newest.zip(observed).is_some_and(|(newest, observed)| observed.micros() - newest.micros() < FRESH);
    is_fresh && is_old(&newest)
}
