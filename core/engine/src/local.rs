//! The engine in one process: all cores, bounded memory, the same rows as on a cluster.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, BufWriter, Seek, Write},
    num::NonZeroUsize,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use tempfile::TempDir;
use tootmill_input::{Inputs, id_at_start, is_ripe};
use tootmill_metric::{Day, Instant, Line, Post, Registry};
use tootmill_policy::Policy;

use crate::{
    aggregate::Aggregate,
    compact::{Observations, Observed},
    counters::Counters,
    days::each_day,
    error::Error,
    identities::{Contested, Identities, contested},
    merge::Merged,
    read::{BadLimit, Provisional, Watch, Work, read_inputs},
    records::{Lines, Records},
    reduce::{reduce, write_records},
    rows::{Family, RowsWriter},
};

/// How a run is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many threads read and map.
    pub threads: NonZeroUsize,
    /// How many bytes the states may take in memory; what is more goes to disk.
    pub memory: usize,
    /// How many lines may be bad.
    pub bad_limit: BadLimit,
    /// Whether there are rows for each day besides the totals.
    pub by_day: bool,
    /// What counts of whose posts; everything where there is none, as where it was looked at when they were kept.
    pub policy: Option<Arc<Policy>>,
}

impl Default for Options {
    fn default() -> Self {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { threads, memory: 512 << 20, bad_limit: BadLimit::default(), by_day: true, policy: None }
    }
}

/// What a run gives. The rows are in files, which are removed with it.
#[derive(Debug)]
pub struct Outcome {
    /// What was counted.
    pub counters: Counters,
    /// The days that have posts.
    pub days: Vec<Day>,
    folder: TempDir,
}

impl Outcome {
    /// The file of the totals' rows.
    pub fn totals(&self) -> PathBuf {
        totals(self.folder.path())
    }

    /// The file of a day's rows; there is none where the options leave the days out.
    pub fn day(&self, day: Day) -> PathBuf {
        of_day(self.folder.path(), day, "rows")
    }
}

fn totals(folder: &Path) -> PathBuf {
    folder.join("totals.rows")
}

fn of_day(folder: &Path, day: Day, ending: &str) -> PathBuf {
    folder.join(format!("date={day}.{ending}"))
}

/// Reads the inputs, chooses among observations of the same post, and lets all metrics of the registry map and reduce.
///
/// Where every post is there once, the inputs are read once. Where a duplicate or a deletion shows, the ids are looked up
/// first, mostly without reading more of a post than its start, and then all posts are read.
pub fn run(inputs: &Inputs, registry: &Registry, options: &Options, watch: &dyn Watch) -> Result<Outcome, Error> {
    let (mut counters, tallies) = match map_all(inputs, registry, options, watch)? {
        Mapped::All(counters, tallies) => (counters, tallies),
        Mapped::Contested(contested) => map_uncontested(inputs, registry, options, contested, watch)?,
    };
    options.bad_limit.check(&counters)?;

    watch.pass("reducing");
    let folder = tempfile::Builder::new().prefix("tootmill-").tempdir().map_err(Error::Temporary)?;
    let mut days = BTreeSet::new();
    let mut sources = Vec::new();
    for tally in tallies {
        counters += &tally.counters;
        counters.unusable_keys += tally.aggregate.unusable_keys();
        days.extend(tally.days);
        sources.extend(tally.aggregate.into_sources()?);
    }
    let days: Vec<Day> = days.into_iter().collect();
    if options.by_day {
        let with_states = write_days(sources, registry, folder.path())?;
        write_rows_of_days(&with_states, registry, options.threads, folder.path())?;
        sources = states_of_days(&with_states, registry, folder.path())?;
    }
    write_rows(sources, registry, RowsWriter::new(create(&totals(folder.path()))?, Family::Data))?;
    Ok(Outcome { counters, days, folder })
}

/// Maps posts that were compacted before, and writes their merged records: what is kept of a day.
pub fn count(
    posts: &Inputs,
    registry: &Registry,
    options: &Options,
    output: &mut impl Write,
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    watch.pass("mapping");
    let memory = options.memory / options.threads.get();
    let mut counters_of: Vec<Counter<'_>> =
        (0..options.threads.get()).map(|_| Counter { tally: Tally::new(registry, false), memory }).collect();
    let mut counters = read_inputs(posts, options.policy.as_deref(), &mut counters_of, watch)?;
    options.bad_limit.check(&counters)?;
    watch.pass("merging");
    let mut sources = Vec::new();
    for Counter { tally, .. } in counters_of {
        counters += &tally.counters;
        counters.unusable_keys += tally.aggregate.unusable_keys();
        sources.extend(tally.aggregate.into_sources()?);
    }
    write_records(&mut Merged::new(sources, registry)?, output)?;
    output.flush().map_err(Error::Write)?;
    Ok(counters)
}

/// Maps every post, which was chosen before.
struct Counter<'r> {
    tally: Tally<'r>,
    memory: usize,
}

impl Work for Counter<'_> {
    fn line(&mut self, line: Line<'_>, _observed: Option<Instant>) -> Result<(), Error> {
        match line {
            Line::Post(post) => self.tally.map(&post, false),
            Line::Deletion(id) => return Err(Error::Deletion(id.into_owned())),
            Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_) => {}
        }
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        self.tally.aggregate.limit(self.memory)?;
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) {
        self.tally.aggregate.sort();
    }
}

/// What came of mapping every post as it came.
enum Mapped<'r> {
    /// Every post is there once.
    All(Counters, Vec<Tally<'r>>),
    /// Some are not, and nothing was mapped; which ones, if that is known already.
    Contested(Option<Contested>),
}

/// Maps every post as it comes, as long as it seems that every one is there once.
fn map_all<'r>(
    inputs: &Inputs,
    registry: &'r Registry,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Mapped<'r>, Error> {
    watch.pass("mapping");
    let provisional = Provisional::new(watch);
    let memory = options.memory / options.threads.get();
    let mut mappers: Vec<Mapper<'_>> = (0..options.threads.get())
        .map(|_| Mapper { tally: Tally::new(registry, options.by_day), identities: Identities::default(), memory })
        .collect();
    let counters = read_inputs(inputs, options.policy.as_deref(), &mut mappers, &provisional)?;
    if mappers.iter().any(|mapper| mapper.identities.is_contested_early()) {
        return Ok(Mapped::Contested(None));
    }
    let (tallies, identities): (Vec<Tally<'_>>, Vec<Identities>) =
        mappers.into_iter().map(|mapper| (mapper.tally, mapper.identities)).unzip();
    let contested = contested(identities, options.memory)?;
    if !contested.is_empty() {
        return Ok(Mapped::Contested(Some(contested)));
    }
    provisional.counts();
    Ok(Mapped::All(counters, tallies))
}

/// Maps the posts that are not contested as they come, and those that are after the choice among them.
fn map_uncontested<'r>(
    inputs: &Inputs,
    registry: &'r Registry,
    options: &Options,
    known: Option<Contested>,
    watch: &dyn Watch,
) -> Result<(Counters, Vec<Tally<'r>>), Error> {
    let contested = if let Some(contested) = known {
        contested
    } else {
        // Hardly ever has a record another id than that at its start; then the ids are read with all that is around them.
        let guessed = find_contested(inputs, options, true, watch)?;
        let provisional = Provisional::new(watch);
        if let Some(mapped) = map_chosen(inputs, registry, options, &guessed, true, &provisional)? {
            provisional.counts();
            return Ok(mapped);
        }
        find_contested(inputs, options, false, watch)?
    };
    // What is not guessed is right.
    Ok(map_chosen(inputs, registry, options, &contested, false, watch)?.unwrap_or_default())
}

/// Looks for the ids that several posts have, or a post and a deletion.
fn find_contested(inputs: &Inputs, options: &Options, guess: bool, watch: &dyn Watch) -> Result<Contested, Error> {
    watch.pass("looking for duplicates");
    let memory = options.memory / options.threads.get();
    let mut finders: Vec<Finder> =
        (0..options.threads.get()).map(|_| Finder { identities: Identities::default(), guess, memory }).collect();
    // Bad lines are told of when they are read as posts.
    read_inputs(inputs, options.policy.as_deref(), &mut finders, &Provisional::new(watch))?;
    contested(finders.into_iter().map(|finder| finder.identities).collect(), options.memory)
}

/// Maps the posts that are not contested as they come, and those that are after the choice among them. `None` where the
/// contested ids were guessed, and an id was not where it was guessed.
fn map_chosen<'r>(
    inputs: &Inputs,
    registry: &'r Registry,
    options: &Options,
    contested: &Contested,
    guess: bool,
    watch: &dyn Watch,
) -> Result<Option<(Counters, Vec<Tally<'r>>)>, Error> {
    watch.pass("mapping");
    // Half of the memory for the states, half for the observations that are kept aside.
    let memory = options.memory / options.threads.get() / 2;
    let mut choosers: Vec<Chooser<'_, 'r>> = (0..options.threads.get())
        .map(|_| Chooser {
            tally: Tally::new(registry, options.by_day),
            observations: Observations::default(),
            contested,
            guess,
            memory,
            is_right: true,
        })
        .collect();
    let mut counters = read_inputs(inputs, options.policy.as_deref(), &mut choosers, watch)?;
    if choosers.iter().any(|chooser| !chooser.is_right) {
        return Ok(None);
    }
    let (mut tallies, observations): (Vec<Tally<'r>>, Vec<Observations>) =
        choosers.into_iter().map(|chooser| (chooser.tally, chooser.observations)).unzip();
    watch.pass("choosing among observations");
    let mut chosen = Tally::new(registry, options.by_day);
    let mut not_counting = Counters::default();
    Observed::new(Counters::default(), observations).choose(|_, one| {
        let Some(post) = &one.post else {
            one.count(&mut not_counting);
            return Ok(());
        };
        not_counting.duplicates += one.observed.saturating_sub(1);
        chosen.map(post, one.is_ripe);
        // Looking at the memory of every day's tables takes longer than mapping a post.
        if chosen.counters.posts.is_multiple_of(1024) { chosen.aggregate.limit(memory) } else { Ok(()) }
    })?;
    counters += &not_counting;
    tallies.push(chosen);
    Ok(Some((counters, tallies)))
}

/// The states of the posts that a thread mapped, and what it counted.
struct Tally<'r> {
    aggregate: Aggregate<'r>,
    counters: Counters,
    days: BTreeSet<Day>,
    last_day: Option<Day>,
}

impl<'r> Tally<'r> {
    fn new(registry: &'r Registry, by_day: bool) -> Self {
        let aggregate = Aggregate::new(registry, by_day);
        Self { aggregate, counters: Counters::default(), days: BTreeSet::new(), last_day: None }
    }

    fn map(&mut self, post: &Post<'_>, is_ripe: bool) {
        let day = post.created_at.day();
        if self.last_day.replace(day) != Some(day) {
            self.days.insert(day);
        }
        self.counters.count_post(post, is_ripe);
        self.aggregate.map(post);
    }
}

/// Maps every post, and keeps its identity.
struct Mapper<'r> {
    tally: Tally<'r>,
    identities: Identities,
    memory: usize,
}

impl Work for Mapper<'_> {
    fn line(&mut self, line: Line<'_>, observed: Option<Instant>) -> Result<(), Error> {
        match line {
            Line::Post(post) => {
                self.identities.post(&post.id);
                self.tally.map(&post, is_ripe(post.created_at, observed));
            }
            Line::Deletion(id) => self.identities.deletion(&id),
            Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_) => {}
        }
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        if self.identities.is_contested_early() {
            return Ok(ControlFlow::Break(()));
        }
        // Eight bytes a post are little beside the states; a quarter is theirs where there are very many posts.
        self.identities.limit(self.memory / 4)?;
        self.tally.aggregate.limit(self.memory - self.memory / 4)?;
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) {
        self.identities.sort();
        self.tally.aggregate.sort();
    }
}

/// Keeps the identities alone, as they are guessed or as they are.
struct Finder {
    identities: Identities,
    guess: bool,
    memory: usize,
}

impl Work for Finder {
    fn record(&mut self, record: &[u8]) -> bool {
        let id = if self.guess { id_at_start(record) } else { None };
        id.map(|id| self.identities.post(id)).is_some()
    }

    fn line(&mut self, line: Line<'_>, _observed: Option<Instant>) -> Result<(), Error> {
        match line {
            Line::Post(post) => self.identities.post(&post.id),
            Line::Deletion(id) => self.identities.deletion(&id),
            Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_) => {}
        }
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        self.identities.limit(self.memory)?;
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self) {
        self.identities.sort();
    }
}

/// Maps the posts that are not contested, and keeps the others' observations aside.
struct Chooser<'c, 'r> {
    tally: Tally<'r>,
    observations: Observations,
    contested: &'c Contested,
    /// Whether the contested ids are guessed.
    guess: bool,
    memory: usize,
    /// Whether every id was where it was guessed.
    is_right: bool,
}

impl Work for Chooser<'_, '_> {
    fn several(&mut self) {
        // Only the first one's id was looked at.
        self.is_right &= !self.guess;
    }

    fn line(&mut self, line: Line<'_>, observed: Option<Instant>) -> Result<(), Error> {
        let id = match &line {
            Line::Post(post) => {
                if self.guess {
                    self.is_right &= id_at_start(post.line().as_bytes()).is_none_or(|guess| guess == post.id);
                }
                &post.id
            }
            Line::Deletion(id) => {
                self.is_right &= !self.guess || self.contested.knows_deletion(id);
                id
            }
            Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_) => return Ok(()),
        };
        match &line {
            _ if self.contested.contains(id) => self.observations.add(&line, observed),
            Line::Post(post) => self.tally.map(post, is_ripe(post.created_at, observed)),
            _ => {}
        }
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        self.observations.limit(self.memory)?;
        self.tally.aggregate.limit(self.memory)?;
        let goes_on = if self.is_right { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        Ok(goes_on)
    }

    fn finish(&mut self) {
        self.tally.aggregate.sort();
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Error> {
    File::create(path).map(|file| BufWriter::with_capacity(1 << 17, file)).map_err(Error::Temporary)
}

fn write_rows<'r>(
    sources: Vec<Box<dyn Records + 'r>>,
    registry: &'r Registry,
    mut rows: RowsWriter<BufWriter<File>>,
) -> Result<(), Error> {
    let mut merged = Merged::new(sources, registry)?;
    reduce(&mut merged, registry, |table, key, row| rows.write(table, key, row)).map_err(Error::temporary)?;
    rows.finish().map(drop).map_err(Error::Temporary)
}

/// Reduces each day's records to its rows, with several threads.
fn write_rows_of_days(days: &[Day], registry: &Registry, threads: NonZeroUsize, folder: &Path) -> Result<(), Error> {
    let reduce_days = |days: &[Day]| {
        days.iter().try_for_each(|day| {
            let rows = create(&of_day(folder, *day, "rows"))?;
            write_rows(vec![states_of(folder, *day)?], registry, RowsWriter::new(rows, Family::Day))
        })
    };
    thread::scope(|scope| {
        let parts = days.chunks(days.len().div_ceil(threads.get()).max(1));
        let threads: Vec<_> = parts.map(|days| scope.spawn(move || reduce_days(days))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(Error::Panicked)))
    })
}

fn states_of(folder: &Path, day: Day) -> Result<Box<dyn Records>, Error> {
    let file = File::open(of_day(folder, day, "states")).map_err(Error::Temporary)?;
    Ok(Box::new(Lines::new(BufReader::new(file))))
}

/// Writes each day's records to a file of its own, and gives the days.
fn write_days<'r>(
    sources: Vec<Box<dyn Records + 'r>>,
    registry: &'r Registry,
    folder: &Path,
) -> Result<Vec<Day>, Error> {
    let mut days = Vec::new();
    let create = |day| create(&of_day(folder, day, "states"));
    each_day(sources, registry, create, |day, mut file, _| {
        days.push(day);
        file.flush().map_err(Error::Temporary)
    })
    .map_err(Error::temporary)?;
    Ok(days)
}

/// The states of all days, from no more files than a process may open.
fn states_of_days(days: &[Day], registry: &Registry, folder: &Path) -> Result<Vec<Box<dyn Records>>, Error> {
    const FILES: usize = 256;
    if days.len() <= FILES {
        return days.iter().map(|day| states_of(folder, *day)).collect();
    }
    days.chunks(FILES)
        .map(|days| {
            let sources: Result<Vec<_>, _> = days.iter().map(|day| states_of(folder, *day)).collect();
            let mut output = BufWriter::new(tempfile::tempfile().map_err(Error::Temporary)?);
            write_records(&mut Merged::new(sources?, registry)?, &mut output).map_err(Error::temporary)?;
            let mut file = output.into_inner().map_err(|error| Error::Temporary(error.into_error()))?;
            file.rewind().map_err(Error::Temporary)?;
            Ok(Box::new(Lines::new(BufReader::new(file))) as _)
        })
        .collect()
}
