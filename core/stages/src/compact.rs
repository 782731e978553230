//! Raw files into the days' posts, each once.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    io::{self, BufRead, Write},
};

use sha2::{Digest, Sha256};
use tootmill_engine::{Counters, KnownDay, Observed, Options, Watch, observe};
use tootmill_input::lines_of;
use tootmill_lake::{Compressed, DAY_FOLDER, Entry, IDS, Lake, Lease, PartsWriter, Place, Staged};
use tootmill_metric::{
    Day,
    field::{escape, unescape},
};

use crate::{
    at_once::several_at_once,
    error::Error,
    files::{inputs, told_by_reducers},
    manifests::{CompactionManifest, PostsManifest},
    yarn::{JobReport, Mapping, OnYarn, counters_of, posts_reducer},
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
pub fn compact(lake: &Lake, lease: &Lease, options: &Options, watch: &dyn Watch) -> Result<Compacted, Error> {
    let known = known(lake)?;
    let new = new_files(lake, &known)?;
    if new.is_empty() {
        return Ok(Compacted::default());
    }
    let mut observed = observe(&inputs(lake, &new), options, watch)?;
    watch.pass("writing");
    let counters = observed.take_counters();
    Compaction::new(lake, known, &new, counters).write(lease, observed)
}

/// The raw files that were not compacted yet.
fn new_files(lake: &Lake, known: &CompactionManifest) -> Result<Vec<Entry>, Error> {
    let files = lake.raw_files()?.into_iter();
    Ok(files.filter(|file| !known.files.contains(lake.relative(&file.path))).collect())
}

/// What is known since the last compaction.
pub(crate) fn known(lake: &Lake) -> Result<CompactionManifest, Error> {
    let current = lake.versions(Place::Compaction).current()?;
    Ok(current.map(|version| version.manifest()).transpose()?.unwrap_or_default())
}

/// Takes the lease of a lake, for what is to be done, and finishes what a compaction that was interrupted had decided on.
/// Every stage begins so.
pub fn begin(lake: &Lake, what: &str) -> Result<Lease, Error> {
    let lease = lake.lease(what)?;
    let manifest = known(lake)?;
    let mut days = Vec::new();
    for (day, number) in &manifest.posts {
        let Some(day) = Day::parse(day) else { continue };
        let current = lake.versions(Place::Posts(day)).current()?;
        if current.is_none_or(|version| version.number < *number) && !lake.is_closed(day)? {
            days.push((day, *number));
        }
    }
    switch(lake, days, &lease)?;
    Ok(lease)
}

/// How many posts days have; those without any are left out.
pub fn posts_of(lake: &Lake, days: impl IntoIterator<Item = Day>) -> Result<BTreeMap<Day, u64>, Error> {
    let mut posts = BTreeMap::new();
    for day in days {
        if let Some(version) = lake.versions(Place::Posts(day)).current()? {
            posts.insert(day, version.manifest::<PostsManifest>()?.posts);
        }
    }
    Ok(posts)
}

/// Makes versions of days' posts count.
fn switch(lake: &Lake, days: Vec<(Day, u64)>, lease: &Lease) -> Result<(), Error> {
    lease.check()?;
    several_at_once(days, |(day, number)| Ok(lake.versions(Place::Posts(day)).switch(number).map(drop)?)).map(drop)
}

/// Brings the days' posts up to date with the raw files that are new, by a job: a mapper reads raw files, a reducer makes a
/// day's posts.
pub fn compact_on_yarn(lake: &Lake, lease: &Lease, yarn: &OnYarn<'_>) -> Result<(Compacted, Option<JobReport>), Error> {
    let known = known(lake)?;
    let new = new_files(lake, &known)?;
    if new.is_empty() {
        return Ok((Compacted::default(), None));
    }
    let work = "compact";
    let (outcome, output) = yarn.run(lake, lease, work, &new, Mapping::Observations, |job, reducers| {
        job.reduce(&posts_reducer(lake), reducers)
            .set("stream.num.map.output.key.fields", "2")
            .set("stream.num.reduce.output.key.fields", "2")
            .set("mapreduce.partition.keypartitioner.options", "-k1,1")
    })?;
    let counters = counters_of(&outcome);
    yarn.bad_limit.check(&counters)?;
    let compacted = Compaction::new(lake, known, &new, counters).adopt(lease, &output)?;
    lake.storage().remove(&lake.aside(work))?;
    Ok((compacted, Some((&outcome).into())))
}

/// A compaction on its way.
struct Compaction<'l> {
    lake: &'l Lake,
    manifest: CompactionManifest,
    outcome: Compacted,
    sealed: BTreeMap<Day, u64>,
}

impl<'l> Compaction<'l> {
    fn new(lake: &'l Lake, mut known: CompactionManifest, new: &[Entry], counters: Counters) -> Self {
        known.files.extend(new.iter().map(|file| lake.relative(&file.path).to_string()));
        let outcome = Compacted { files: new.len(), counters, ..Compacted::default() };
        Self { lake, manifest: known, outcome, sealed: BTreeMap::new() }
    }

    /// Writes the posts of all days that change, and makes them count.
    fn write(mut self, lease: &Lease, mut observed: Observed) -> Result<Compacted, Error> {
        let new: HashSet<String> =
            observed.deleted().iter().filter(|id| !self.manifest.deleted.contains(*id)).cloned().collect();
        let folders = self.folders()?;
        let hit = self.days_with(&new, &folders)?;
        let changed = folders.into_iter().filter(|(day, _)| observed.days().contains(day) || hit.contains(day));
        for (day, folder) in changed.collect::<Vec<_>>() {
            self.add_known(&mut observed, day, folder);
        }
        observed.add_deleted(self.manifest.deleted.iter().cloned());
        self.manifest.deleted.extend(new);
        self.seal(observed, lease)?;
        self.commit(lease)
    }

    /// The folders of all days' posts, but for the days that are closed.
    fn folders(&self) -> Result<BTreeMap<Day, String>, Error> {
        let mut folders = BTreeMap::new();
        for (day, posts) in self.lake.posts()? {
            if !self.lake.is_closed(day)? {
                folders.insert(day, posts.folder);
            }
        }
        Ok(folders)
    }

    /// Lets a day's posts in a folder be chosen from too.
    fn add_known(&self, observed: &mut Observed, day: Day, folder: String) {
        let lake = self.lake.clone();
        observed.add_known(day, move || known_day(&lake, &folder).map_err(tootmill_lake::Error::into_io));
    }

    /// Seals the days' posts as they are chosen.
    fn seal(&mut self, observed: Observed, lease: &Lease) -> Result<(), Error> {
        let (lake, sealed) = (self.lake, &mut self.sealed);
        let open = |day| {
            let staged = lake.versions(Place::Posts(day)).stage(lease)?;
            Ok((staged.folder().to_string(), staged))
        };
        let done = |day, staged: Staged, manifest: PostsManifest| {
            sealed.extend(seal_changed(lake, lease, day, staged, &manifest)?);
            Ok(())
        };
        choose(lake, observed, &mut self.manifest.deleted_posts, &mut self.outcome.counters, open, done, |_| {})
    }

    /// Takes the days' posts that a job made, and makes them count.
    fn adopt(mut self, lease: &Lease, output: &str) -> Result<Compacted, Error> {
        let storage = self.lake.storage();
        let (mut made, mut new) = (BTreeMap::new(), HashSet::new());
        let told = told_by_reducers(self.lake, output)?;
        for line in lines_of(inputs(self.lake, &told)).lines() {
            let line = line.map_err(tootmill_engine::Error::ReadRecords)?;
            let wrong = || tootmill_lake::Error::Content { path: storage.address(output), reason: line.clone() };
            match Told::parse(&line).ok_or_else(wrong)? {
                Told::Day(day, manifest) => drop(made.insert(day, manifest)),
                Told::Deletion(id) => {
                    if self.manifest.deleted.insert(id.clone()) {
                        new.insert(id);
                    }
                }
                Told::DeletedPost(post) => drop(self.manifest.deleted_posts.insert(post)),
            }
        }
        // A reducer does not see what another one sees, so the deletions that are new are applied here.
        let mut folders = self.folders()?;
        folders.extend(made.keys().map(|day| (*day, format!("{output}/{DAY_FOLDER}{day}"))));
        let hit = self.days_with(&new, &folders)?;
        let mut observed = Observed::nothing();
        for (day, folder) in folders.into_iter().filter(|(day, _)| hit.contains(day)) {
            self.add_known(&mut observed, day, folder);
        }
        observed.add_deleted(new);
        self.seal(observed, lease)?;
        let adopt = |(day, manifest): (Day, PostsManifest)| {
            let staged = self.lake.versions(Place::Posts(day)).stage(lease)?;
            staged.adopt(&format!("{output}/{DAY_FOLDER}{day}"))?;
            seal_changed(self.lake, lease, day, staged, &manifest)
        };
        let made = made.into_iter().filter(|(day, _)| !hit.contains(day)).collect();
        self.sealed.extend(several_at_once(made, adopt)?.into_iter().flatten());
        self.commit(lease)
    }

    /// The days that have posts with one of the ids, by their folders.
    fn days_with(&self, ids: &HashSet<String>, folders: &BTreeMap<Day, String>) -> Result<BTreeSet<Day>, Error> {
        let mut found = BTreeSet::new();
        if ids.is_empty() {
            return Ok(found);
        }
        for (day, folder) in folders {
            for line in ids_in(self.lake, folder)? {
                let line = line.map_err(tootmill_engine::Error::ReadRecords)?;
                let id = line.split('\t').next().and_then(unescape);
                if id.is_some_and(|id| ids.contains(&*id)) {
                    found.insert(*day);
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Makes the new posts of all days count at once: the manifest names them, and whoever comes next finishes the rest.
    fn commit(mut self, lease: &Lease) -> Result<Compacted, Error> {
        self.manifest.counters += &self.outcome.counters;
        // What earlier ones decided on is done.
        self.manifest.posts = self.sealed.iter().map(|(day, number)| (day.to_string(), *number)).collect();
        self.lake.versions(Place::Compaction).stage(lease)?.commit(&self.manifest, lease)?;
        let days: Vec<(Day, u64)> = self.sealed.iter().map(|(day, number)| (*day, *number)).collect();
        switch(self.lake, days, lease)?;
        self.outcome.days = self.sealed.into_keys().collect();
        Ok(self.outcome)
    }
}

/// Writes every day's chosen posts: `open` gives their folder, with a value that `close` takes together with what they are;
/// `deletion` takes every deletion among sorted records. Counts, and notes the posts that are deleted.
fn choose<F>(
    lake: &Lake,
    observed: Observed,
    deleted_posts: &mut BTreeSet<String>,
    counters: &mut Counters,
    mut open: impl FnMut(Day) -> Result<(String, F), Error>,
    mut close: impl FnMut(Day, F, PostsManifest) -> Result<(), Error>,
    mut deletion: impl FnMut(&str),
) -> Result<(), Error> {
    let mut present: Option<(Day, Option<(DayWriter<'_>, F)>)> = None;
    let mut finish = |present: Option<(Day, Option<(DayWriter<'_>, F)>)>| match present {
        Some((day, Some((writer, value)))) => close(day, value, writer.finish()?),
        _ => Ok(()),
    };
    observed.choose(|day, chosen| {
        let Some(day) = day else {
            deletion(chosen.id);
            return Ok(());
        };
        if present.as_ref().is_none_or(|(before, _)| *before != day) {
            finish(present.take())?;
            let mut writer = None;
            if !lake.is_closed(day)? {
                let (folder, value) = open(day)?;
                writer = Some((DayWriter::new(lake, &folder)?, value));
            }
            present = Some((day, writer));
        }
        let Some((_, Some((writer, _)))) = &mut present else {
            counters.late += chosen.observed;
            return Ok(());
        };
        let is_new = chosen.post.is_some() || deleted_posts.insert(format!("{day} {}", chosen.id));
        counters.duplicates += chosen.observed - u64::from(is_new);
        if let Some(post) = &chosen.post {
            return writer.write(&post.id, chosen.is_ripe, post.line());
        }
        counters.deleted += u64::from(is_new);
        Ok::<_, Error>(())
    })?;
    finish(present)
}

/// What stands in [`IDS`] behind the id of a post that is ripe.
pub(crate) const RIPE: &str = "\tripe";

/// The lines of the ids beside a day's posts; none where there is no such file.
pub(crate) fn ids_in(lake: &Lake, folder: &str) -> Result<io::Lines<impl BufRead + use<>>, tootmill_lake::Error> {
    let file = lake.storage().find(&format!("{folder}/{IDS}.zst"))?;
    Ok(lines_of(inputs(lake, file.as_slice())).lines())
}

/// A day's posts in a folder, to be chosen from again.
fn known_day(lake: &Lake, folder: &str) -> Result<KnownDay, tootmill_lake::Error> {
    let posts = inputs(lake, &lake.storage().files_below(folder)?);
    let ripe = ids_in(lake, folder)?.map(|line| line.map(|line| line.ends_with(RIPE)));
    Ok(KnownDay { posts: Box::new(lines_of(posts)), ripe: Box::new(ripe) })
}

/// Writes a day's posts.
pub(crate) struct DayWriter<'l> {
    parts: PartsWriter<'l>,
    /// The ids, by which the days are found that a deletion touches.
    ids: Compressed<'l>,
    posts: u64,
    ripe: u64,
    digest: Sha256,
}

impl<'l> DayWriter<'l> {
    pub(crate) fn new(lake: &'l Lake, folder: &str) -> Result<Self, Error> {
        let parts = PartsWriter::new(&**lake.storage(), folder.into(), "jsonl");
        let ids = Compressed::create(&**lake.storage(), &format!("{folder}/{IDS}"))?;
        Ok(Self { parts, ids, posts: 0, ripe: 0, digest: Sha256::new() })
    }

    pub(crate) fn write(&mut self, id: &str, is_ripe: bool, post: &str) -> Result<(), Error> {
        self.posts += 1;
        self.ripe += u64::from(is_ripe);
        let ripe = if is_ripe { RIPE } else { "" };
        writeln!(self.ids, "{}{ripe}", escape(id)).map_err(tootmill_engine::Error::Write)?;
        self.digest.update(post);
        self.digest.update("\n");
        Ok(self.parts.write_line(post.as_bytes())?)
    }

    pub(crate) fn finish(self) -> Result<PostsManifest, Error> {
        self.parts.finish()?;
        self.ids.finish()?;
        Ok(PostsManifest { posts: self.posts, ripe: self.ripe, digest: hex::encode(self.digest.finalize()) })
    }
}

/// Seals a day's posts, if they are others than those that count, or others of them are ripe: which only grow more while
/// the posts stay the same.
fn seal_changed(
    lake: &Lake,
    lease: &Lease,
    day: Day,
    staged: Staged,
    manifest: &PostsManifest,
) -> Result<Option<(Day, u64)>, Error> {
    let before: Option<PostsManifest> =
        lake.versions(Place::Posts(day)).current()?.map(|version| version.manifest()).transpose()?;
    if before.as_ref() == Some(manifest) { Ok(None) } else { Ok(Some((day, staged.seal(manifest, lease)?))) }
}

/// What a reducer tells of its days, a line each.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Day(Day, PostsManifest),
    Deletion(String),
    DeletedPost(String),
}

impl Told {
    fn parse(line: &str) -> Option<Self> {
        // Hadoop ends a line with fewer fields than it expects with a TAB of its own.
        let fields: Vec<&str> = line.strip_suffix('\t').unwrap_or(line).split('\t').collect();
        Some(match *fields {
            ["day", day, posts, ripe, digest] => {
                let (posts, ripe) = (posts.parse().ok()?, ripe.parse().ok()?);
                Self::Day(Day::parse(day)?, PostsManifest { posts, ripe, digest: digest.into() })
            }
            ["deletion", id] => Self::Deletion(unescape(id)?.into_owned()),
            ["deleted", post] => Self::DeletedPost(unescape(post)?.into_owned()),
            _ => return None,
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day, PostsManifest { posts, ripe, digest }) => {
                write!(formatter, "day\t{day}\t{posts}\t{ripe}\t{digest}")
            }
            Self::Deletion(id) => write!(formatter, "deletion\t{}", escape(id)),
            Self::DeletedPost(post) => write!(formatter, "deleted\t{}", escape(post)),
        }
    }
}

/// The reducer of a compaction on a cluster: makes the posts of the days whose observations it gets, sorted, in a folder for
/// each in the task's own folder of output, and tells of them.
pub fn reduce_observations(
    lake: &Lake,
    records: impl BufRead + 'static,
    task_output: &str,
    told: &mut impl Write,
) -> Result<Counters, Error> {
    let known = known(lake)?;
    let of_day = lake.clone();
    let mut observed = Observed::of_sorted(records, move |day| {
        let current = of_day.versions(Place::Posts(day)).current().map_err(tootmill_lake::Error::into_io)?;
        let is_closed = of_day.is_closed(day).map_err(tootmill_lake::Error::into_io)?;
        let Some(current) = current.filter(|_| !is_closed) else { return Ok(None) };
        known_day(&of_day, &current.folder).map(Some).map_err(tootmill_lake::Error::into_io)
    });
    observed.add_deleted(known.deleted.iter().cloned());
    let mut counters = Counters::default();
    let mut deleted_posts = known.deleted_posts.clone();
    let mut lines = Vec::new();
    let mut deletions = Vec::new();
    choose(
        lake,
        observed,
        &mut deleted_posts,
        &mut counters,
        |day| Ok((format!("{task_output}/{DAY_FOLDER}{day}"), ())),
        |day, (), manifest| {
            lines.push(Told::Day(day, manifest));
            Ok(())
        },
        |id| deletions.push(Told::Deletion(id.into())),
    )?;
    let deleted = deleted_posts.difference(&known.deleted_posts).cloned().map(Told::DeletedPost);
    for line in lines.into_iter().chain(deletions).chain(deleted) {
        writeln!(told, "{line}").map_err(tootmill_engine::Error::Write)?;
    }
    Ok(counters)
}
