//! Raw files into the days' posts, each once.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::BufRead,
    thread,
};

use sha2::{Digest, Sha256};
use tootmill_engine::{Counters, Observed, Options, Watch, observe};
use tootmill_input::id_at_start;
use tootmill_lake::{Entry, Lake, Lease, PartsWriter, Place, Staged};
use tootmill_metric::{Day, Line};

use crate::{
    error::Error,
    files::{inputs, lines_of},
    manifests::{CompactionManifest, PostsManifest},
};

/// What came of compacting.
#[derive(Debug, Default)]
pub struct Compacted {
    /// How many raw files were new.
    pub files: usize,
    /// What was counted while reading them.
    pub counters: Counters,
    /// The days whose posts changed.
    pub days: Vec<Day>,
}

/// Brings the days' posts up to date with the raw files that are new.
///
/// Of a post that was observed several times, today or before, the latest observation counts; a deleted one counts nowhere.
pub fn compact(lake: &Lake, lease: &mut Lease, options: &Options, watch: &dyn Watch) -> Result<Compacted, Error> {
    let known = finish_commit(lake, lease)?;
    let new = new_files(lake, &known)?;
    if new.is_empty() {
        return Ok(Compacted::default());
    }
    let observed = observe(&inputs(lake, &new), options, watch)?;
    watch.pass("writing");
    Compaction::new(lake, known, &new).write(lease, observed)
}

/// The raw files that were not compacted yet.
pub(crate) fn new_files(lake: &Lake, known: &CompactionManifest) -> Result<Vec<Entry>, Error> {
    let files = lake.raw_files()?.into_iter();
    Ok(files.filter(|file| !known.files.contains(lake.relative(&file.path))).collect())
}

/// Finishes what a compaction that was interrupted had decided on, and gives what is known since.
pub fn finish_commit(lake: &Lake, lease: &mut Lease) -> Result<CompactionManifest, Error> {
    let Some(current) = lake.versions(Place::Compaction).current()? else { return Ok(CompactionManifest::default()) };
    let manifest: CompactionManifest = current.manifest()?;
    let mut days = Vec::new();
    for (day, number) in &manifest.posts {
        let Some(day) = Day::parse(day) else { continue };
        let current = lake.versions(Place::Posts(day)).current()?;
        if current.is_none_or(|version| version.number < *number) && !lake.is_closed(day)? {
            days.push((day, *number));
        }
    }
    switch(lake, &days, lease)?;
    Ok(manifest)
}

/// Makes versions of days' posts count: several at once, because closing a small file in HDFS takes its time.
fn switch(lake: &Lake, days: &[(Day, u64)], lease: &mut Lease) -> Result<(), Error> {
    const AT_ONCE: usize = 16;
    lease.check()?;
    let switch = |days: &[(Day, u64)]| {
        days.iter().try_for_each(|(day, number)| {
            lake.versions(Place::Posts(*day)).switch(*number).map(drop).map_err(Error::from)
        })
    };
    thread::scope(|scope| {
        let parts = days.chunks(days.len().div_ceil(AT_ONCE).max(1));
        let threads: Vec<_> = parts.map(|days| scope.spawn(move || switch(days))).collect();
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap_or(Err(tootmill_engine::Error::Panicked.into())));
        outcomes.collect::<Vec<_>>().into_iter().collect()
    })
}

/// A compaction on its way.
pub(crate) struct Compaction<'l> {
    lake: &'l Lake,
    manifest: CompactionManifest,
    outcome: Compacted,
    sealed: BTreeMap<Day, u64>,
}

impl<'l> Compaction<'l> {
    pub(crate) fn new(lake: &'l Lake, mut known: CompactionManifest, new: &[Entry]) -> Self {
        known.files.extend(new.iter().map(|file| lake.relative(&file.path).to_string()));
        let outcome = Compacted { files: new.len(), ..Compacted::default() };
        Self { lake, manifest: known, outcome, sealed: BTreeMap::new() }
    }

    /// Writes the posts of all days that change, and makes them count.
    pub(crate) fn write(mut self, lease: &mut Lease, mut observed: Observed) -> Result<Compacted, Error> {
        let mut counters = observed.take_counters();
        let new: HashSet<String> =
            observed.deleted().iter().filter(|id| !self.manifest.deleted.contains(*id)).cloned().collect();
        let mut days = observed.days().clone();
        days.append(&mut self.days_with(&new)?);
        let mut closed = BTreeSet::new();
        for day in &days {
            if self.lake.is_closed(*day)? {
                closed.insert(*day);
            } else if let Some(posts) = self.lake.versions(Place::Posts(*day)).current()? {
                let posts = inputs(self.lake, &posts.files()?);
                observed.add_known(*day, move || Ok(Box::new(lines_of(posts))));
            }
        }
        observed.add_deleted(self.manifest.deleted.iter().cloned());
        self.manifest.deleted.extend(new);

        let mut open: Option<DayWriter<'_>> = None;
        let mut failed = None;
        let lake = self.lake;
        observed.choose(|day, post| {
            if closed.contains(&day) {
                counters.late += post.observed;
                return Ok(());
            }
            if open.as_ref().is_none_or(|open| open.day != day) {
                let next = close(open.take(), &mut self.sealed).and_then(|()| DayWriter::new(lake, day));
                match next {
                    Ok(next) => open = Some(next),
                    Err(error) => return stop(&mut failed, error),
                }
            }
            let written = match (&post.post, &mut open) {
                (Some(post), Some(open)) => open.write(post.line()),
                _ => Ok(()),
            };
            let was_deleted = post.post.is_none() && !self.manifest.deleted_posts.insert(format!("{day} {}", post.id));
            counters.duplicates += post.observed - u64::from(!was_deleted);
            counters.deleted += u64::from(post.post.is_none() && !was_deleted);
            written.or_else(|error| stop(&mut failed, error))
        })
        .map_err(|error| failed.take().unwrap_or_else(|| error.into()))?;
        close(open.take(), &mut self.sealed)?;
        self.outcome.counters = counters;
        self.commit(lease)
    }

    /// The days that have posts with one of the ids.
    pub(crate) fn days_with(&self, ids: &HashSet<String>) -> Result<BTreeSet<Day>, Error> {
        let mut found = BTreeSet::new();
        if ids.is_empty() {
            return Ok(found);
        }
        for day in self.lake.days_of_posts()? {
            let Some(posts) = self.lake.versions(Place::Posts(day)).current()? else { continue };
            let mut lines = lines_of(inputs(self.lake, &posts.files()?));
            let mut line = Vec::new();
            loop {
                line.clear();
                if lines.read_until(b'\n', &mut line).map_err(tootmill_engine::Error::ReadRecords)? == 0 {
                    break;
                }
                let is_one = match id_at_start(&line) {
                    Some(id) => ids.contains(id),
                    None => std::str::from_utf8(&line).is_ok_and(
                        |line| matches!(Line::parse(line), Ok(Line::Post(post)) if ids.contains(&*post.id)),
                    ),
                };
                if is_one {
                    found.insert(day);
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Makes the new posts of all days count at once: the manifest names them, and whoever comes next finishes the rest.
    fn commit(mut self, lease: &mut Lease) -> Result<Compacted, Error> {
        self.manifest.counters += &self.outcome.counters;
        self.manifest.posts.extend(self.sealed.iter().map(|(day, number)| (day.to_string(), *number)));
        self.lake.versions(Place::Compaction).stage()?.commit(&self.manifest, lease)?;
        let days: Vec<(Day, u64)> = self.sealed.iter().map(|(day, number)| (*day, *number)).collect();
        switch(self.lake, &days, lease)?;
        self.outcome.days = self.sealed.into_keys().collect();
        Ok(self.outcome)
    }
}

/// Keeps the cause while the engine stops for it.
fn stop(failed: &mut Option<Error>, error: Error) -> Result<(), tootmill_engine::Error> {
    *failed = Some(error);
    Err(tootmill_engine::Error::Write(std::io::ErrorKind::Other.into()))
}

/// Writes a day's posts.
pub(crate) struct DayWriter<'l> {
    day: Day,
    staged: Staged,
    /// What the posts are now.
    before: Option<PostsManifest>,
    parts: PartsWriter<'l>,
    posts: u64,
    digest: Sha256,
}

impl<'l> DayWriter<'l> {
    fn new(lake: &'l Lake, day: Day) -> Result<Self, Error> {
        let versions = lake.versions(Place::Posts(day));
        let before = versions.current()?.map(|version| version.manifest()).transpose()?;
        let staged = versions.stage()?;
        let parts = PartsWriter::new(&**lake.storage(), staged.folder(), "jsonl");
        Ok(Self { day, staged, before, parts, posts: 0, digest: Sha256::new() })
    }

    fn write(&mut self, post: &str) -> Result<(), Error> {
        self.posts += 1;
        self.digest.update(post);
        self.digest.update("\n");
        Ok(self.parts.write_line(post.as_bytes())?)
    }
}

/// Seals a day's posts, if they are others than before.
fn close(open: Option<DayWriter<'_>>, sealed: &mut BTreeMap<Day, u64>) -> Result<(), Error> {
    let Some(DayWriter { day, staged, before, parts, posts, digest }) = open else { return Ok(()) };
    parts.finish()?;
    let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = PostsManifest { posts, digest };
    if before.as_ref() != Some(&manifest) {
        sealed.insert(day, staged.seal(&manifest)?);
    }
    Ok(())
}
