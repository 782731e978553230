//! Chooses among observations of the same post, in bounded memory but for the ids that were deleted.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet, VecDeque},
    io::{self, BufRead, Write},
    ops::ControlFlow,
};

use tootmill_input::{Inputs, Observation, Reader, identity_key, is_ripe};
use tootmill_metric::{Day, Instant, Line, Merge as _, Post, StateReader, StateWriter, States, Total, field::unescape};
use tootmill_policy::reduced_to;

use crate::{
    counters::Counters,
    error::Error,
    local::Options,
    merge::{MakeTotal, Merged},
    read::{Watch, Work, read_inputs, read_stream},
    records::{Lines, Records},
    runs::{Run, merge_if_many, write_run},
};

/// Writes every post that counts to the output, once, as one JSON line: its latest observation, unless it was deleted. Sorted
/// by day, then by id.
pub fn compact(
    inputs: &Inputs,
    options: &Options,
    output: &mut impl Write,
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    let mut observed = observe(inputs, options, watch)?;
    let mut counters = observed.take_counters();
    watch.pass("writing");
    observed.choose(|day, chosen| {
        if day.is_some() {
            chosen.count(&mut counters);
        }
        let Some(post) = &chosen.post else { return Ok::<_, Error>(()) };
        output.write_all(post.line().as_bytes()).and_then(|()| output.write_all(b"\n")).map_err(Error::Write)
    })?;
    output.flush().map_err(Error::Write)?;
    Ok(counters)
}

/// Reads all observations and deletions. Too many bad lines are an error.
pub fn observe(inputs: &Inputs, options: &Options, watch: &dyn Watch) -> Result<Observed, Error> {
    let memory = options.memory / options.threads.get();
    let mut workers: Vec<Observer> =
        (0..options.threads.get()).map(|_| Observer { observations: Observations::default(), memory }).collect();
    watch.pass("reading");
    let counters = read_inputs(inputs, options.policy.as_deref(), &mut workers, watch)?;
    options.bad_limit.check(&counters)?;
    Ok(Observed::new(counters, workers.into_iter().map(|worker| worker.observations)))
}

/// What was observed of posts, and what is known of them from before.
pub struct Observed {
    counters: Counters,
    days: BTreeSet<Day>,
    deleted: HashSet<String>,
    observations: Vec<Observations>,
    sorted: Option<Box<dyn Records>>,
    known: KnownPosts,
}

/// One post, as far as observations of it go.
#[derive(Debug)]
pub struct Chosen<'p> {
    /// Its latest observation, reduced as any was; `None` where it was deleted, or where it is a deletion that was observed.
    pub post: Option<Post<'p>>,
    /// Its id.
    pub id: &'p str,
    /// How many observations there were.
    pub observed: u64,
    /// Whether it [was ripe](is_ripe) in one of them.
    pub is_ripe: bool,
}

impl Chosen<'_> {
    /// Counts it.
    pub fn count(&self, counters: &mut Counters) {
        counters.duplicates += self.observed.saturating_sub(1);
        match &self.post {
            Some(post) => counters.count_post(post, self.is_ripe),
            None => counters.deleted += 1,
        }
    }
}

impl std::fmt::Debug for Observed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Observed").field("days", &self.days).finish_non_exhaustive()
    }
}

impl Observed {
    pub(crate) fn new(counters: Counters, observations: impl IntoIterator<Item = Observations>) -> Self {
        let mut observed = Self {
            counters,
            days: BTreeSet::new(),
            deleted: HashSet::new(),
            observations: Vec::new(),
            sorted: None,
            known: KnownPosts::default(),
        };
        for mut observations in observations {
            observed.days.append(&mut observations.days);
            observed.deleted.extend(std::mem::take(&mut observations.deleted));
            observed.observations.push(observations);
        }
        observed
    }

    /// What [`map_observations`] wrote, sorted, of some days or all; `known` gives a day's posts as they were chosen before.
    pub fn of_sorted(
        records: impl BufRead + 'static,
        known: impl FnMut(Day) -> io::Result<Option<KnownDay>> + 'static,
    ) -> Self {
        let sorted = WithKnown {
            records: Lines::of_fields(records, FIELDS),
            next: Next::Unread,
            line: String::new(),
            open: Box::new(known),
            day: None,
            known: KnownPosts::default(),
            next_known: Next::End,
            known_line: String::new(),
        };
        Self { sorted: Some(Box::new(sorted)), ..Self::new(Counters::default(), []) }
    }

    /// Nothing, to add known posts to.
    pub fn nothing() -> Self {
        Self::new(Counters::default(), [])
    }

    /// What was counted while reading; the posts are not counted yet.
    pub fn take_counters(&mut self) -> Counters {
        std::mem::take(&mut self.counters)
    }

    /// The days on which the observed posts were created.
    pub fn days(&self) -> &BTreeSet<Day> {
        &self.days
    }

    /// The ids that were deleted.
    pub fn deleted(&self) -> &HashSet<String> {
        &self.deleted
    }

    /// Adds ids that are known to be deleted.
    pub fn add_deleted(&mut self, ids: impl IntoIterator<Item = String>) {
        self.deleted.extend(ids);
    }

    /// Adds a day's posts as they were chosen before. They are opened when it is the day's turn; days are to be added in their
    /// order.
    pub fn add_known(&mut self, day: Day, open: impl FnOnce() -> io::Result<KnownDay> + 'static) {
        self.known.days.push_back((day, Box::new(open)));
    }

    /// Calls `each` with the day and every post, sorted by day, then by id; without a day, before, with every deletion among
    /// sorted records.
    pub fn choose<E: From<Error>>(
        mut self,
        mut each: impl FnMut(Option<Day>, &Chosen<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sources: Vec<Box<dyn Records>> = Vec::new();
        for mut observations in self.observations {
            sources.push(Box::new(InMemory(observations.take_sorted())));
            for run in observations.runs {
                sources.push(run.records(FIELDS)?);
            }
        }
        sources.push(Box::new(self.known));
        sources.extend(self.sorted);
        let mut merged = Merged::of_fields(sources, FIELDS, make_total())?;
        while merged.advance()? {
            let record = merged.record();
            if record.key.is_empty() {
                let id = id_of(record.member).ok_or_else(|| merged.bad_state(record.member))?;
                each(None, &Chosen { post: None, id: &id, observed: 0, is_ripe: false })?;
                self.deleted.insert(id);
                continue;
            }
            let day = Day::parse(record.key).ok_or_else(|| merged.bad_state(record.key))?;
            let observation: Observation =
                StateReader::read(record.state).ok_or_else(|| merged.bad_state(record.state))?;
            let object = observation.object().unwrap_or_default();
            let Ok(Line::Post(post)) = Line::parse(object) else { return Err(merged.bad_state(object).into()) };
            let id = post.id.clone();
            // No more is told of it than of the observation of which least was kept.
            let left = reduced_to(&post, observation.reduction());
            let post = match &left {
                Some(Cow::Borrowed(_)) => Some(post),
                Some(Cow::Owned(left)) => Post::parse(left).ok(),
                None => None,
            };
            let post = post.filter(|_| !self.deleted.contains(&*id));
            let (observed, is_ripe) = (observation.observed(), observation.is_ripe());
            each(Some(day), &Chosen { post, id: &id, observed, is_ripe })?;
        }
        Ok(())
    }
}

/// Writes the observations of a stream of lines as records `day TAB id TAB observation`, and deletions as such without a day,
/// each as often as the memory makes it necessary, in no order: the mapper of a compaction on a cluster.
pub fn map_observations(
    posts: Reader<'_>,
    memory: usize,
    output: &mut impl Write,
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    let mut mapper = ObservationMapper { observations: Observations::default(), memory, output };
    let counters = read_stream(posts, &mut mapper, watch)?;
    mapper.write()?;
    Ok(counters)
}

struct ObservationMapper<'o, W> {
    observations: Observations,
    memory: usize,
    output: &'o mut W,
}

impl<W: Write> ObservationMapper<'_, W> {
    fn write(&mut self) -> Result<(), Error> {
        let mut states = std::mem::take(&mut self.observations.states);
        let mut line = String::new();
        let deletion = || {
            let mut state = String::new();
            Observation::default().write(&mut StateWriter::new(&mut state));
            state
        };
        for id in self.observations.deleted.drain() {
            writeln!(self.output, "\t{}\t{}", member(&id), deletion()).map_err(Error::Write)?;
        }
        while states.take_next(&mut line) {
            line.push('\n');
            self.output.write_all(line.as_bytes()).map_err(Error::Write)?;
            line.clear();
        }
        self.output.flush().map_err(Error::Write)
    }
}

/// A post's id as it stands in a record.
fn member(id: &str) -> String {
    tootmill_metric::field::escape(&identity_key(id)).into_owned()
}

/// The id of a member: what stands behind its length.
fn id_of(member: &str) -> Option<String> {
    unescape(member)?.get(identity_key("").len()..).map(String::from)
}

impl<W: Write> Work for ObservationMapper<'_, W> {
    fn line(&mut self, line: Line<'_>, observed: Option<Instant>) -> Result<(), Error> {
        self.observations.add(&line, observed);
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        if self.observations.states.bytes() > self.memory {
            self.write()?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

struct Observer {
    observations: Observations,
    memory: usize,
}

impl Work for Observer {
    fn line(&mut self, line: Line<'_>, observed: Option<Instant>) -> Result<(), Error> {
        self.observations.add(&line, observed);
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        self.observations.limit(self.memory)?;
        Ok(ControlFlow::Continue(()))
    }
}

/// Observations by day and id, as lines `day TAB id TAB observation`, and the ids that were deleted.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    states: States<Observation>,
    runs: Vec<Run>,
    days: BTreeSet<Day>,
    deleted: HashSet<String>,
}

/// How many fields stand before the observation in a line.
const FIELDS: usize = 2;

impl Observations {
    /// Adds a post's observation, made at that time where it is known, or a deletion.
    pub(crate) fn add(&mut self, line: &Line<'_>, observed: Option<Instant>) {
        match line {
            Line::Post(post) => {
                let day = post.created_at.day();
                self.days.insert(day);
                let observation = Observation::of(post, is_ripe(post.created_at, observed));
                self.states.add(&day.to_string(), &identity_key(&post.id), observation);
            }
            Line::Deletion(id) => {
                self.deleted.insert(id.clone().into_owned());
            }
            Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_) => {}
        }
    }

    /// Puts the observations on disk where they need more memory than that.
    pub(crate) fn limit(&mut self, bytes: usize) -> Result<(), Error> {
        if self.states.bytes() > bytes {
            let mut states = self.take_sorted();
            self.runs.push(write_run(|line| states.take_next(line))?);
            merge_if_many(&mut self.runs, FIELDS, make_total)?;
        }
        Ok(())
    }

    fn take_sorted(&mut self) -> States<Observation> {
        let mut states = std::mem::take(&mut self.states);
        states.sort();
        states
    }
}

struct InMemory(States<Observation>);

impl Records for InMemory {
    fn next_record(&mut self, line: &mut String) -> Result<bool, Error> {
        line.clear();
        Ok(self.0.take_next(line))
    }
}

/// A day's posts as they were chosen before.
pub struct KnownDay {
    /// The posts, JSON lines, sorted by id.
    pub posts: Box<dyn BufRead>,
    /// Of each of them, in the same order, whether it was ripe in one of its observations; where there are fewer, the rest was
    /// not.
    pub ripe: Box<dyn Iterator<Item = io::Result<bool>>>,
}

impl std::fmt::Debug for KnownDay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KnownDay").finish_non_exhaustive()
    }
}

/// Opens a day's posts.
type OpenPosts = Box<dyn FnOnce() -> io::Result<KnownDay>>;

/// The posts of days as they were chosen before, each as an observation.
#[derive(Default)]
struct KnownPosts {
    days: VecDeque<(Day, OpenPosts)>,
    present: Option<(Day, KnownDay)>,
    post: String,
    /// The present post's line, from 1.
    number: u64,
}

impl std::fmt::Debug for KnownPosts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days: Vec<Day> = self.days.iter().map(|(day, _)| *day).collect();
        formatter.debug_struct("KnownPosts").field("days", &days).finish_non_exhaustive()
    }
}

impl Records for KnownPosts {
    fn next_record(&mut self, line: &mut String) -> Result<bool, Error> {
        line.clear();
        loop {
            let Some((day, KnownDay { posts, ripe })) = &mut self.present else {
                let Some((day, open)) = self.days.pop_front() else { return Ok(false) };
                self.present = Some((day, open().map_err(Error::ReadRecords)?));
                self.number = 0;
                continue;
            };
            self.post.clear();
            self.number += 1;
            if posts.read_line(&mut self.post).map_err(Error::ReadRecords)? == 0 {
                self.present = None;
                continue;
            }
            let Ok(Line::Post(post)) = Line::parse(self.post.trim_end()) else {
                return Err(Error::NoPost { day: *day, number: self.number });
            };
            let is_ripe = ripe.next().transpose().map_err(Error::ReadRecords)?.unwrap_or_default();
            line.push_str(&format!("{day}\t{}\t", member(&post.id)));
            Observation::of(&post, is_ripe).write(&mut StateWriter::new(line));
            return Ok(true);
        }
    }
}

/// Opens a day's posts, if it has some.
type FindPosts = Box<dyn FnMut(Day) -> io::Result<Option<KnownDay>>>;

/// Sorted records of observations, and among them, of the days that they are of, the posts that were chosen before.
struct WithKnown<R> {
    records: Lines<R>,
    next: Next,
    line: String,
    open: FindPosts,
    /// The day whose known posts were opened last.
    day: Option<Day>,
    known: KnownPosts,
    next_known: Next,
    known_line: String,
}

/// Whether a source's next line was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Unread,
    Read,
    End,
}

impl Next {
    /// Reads the next line, unless it was read.
    fn read(&mut self, line: &mut String, source: &mut impl Records) -> Result<(), Error> {
        if *self == Self::Unread {
            *self = if source.next_record(line)? { Self::Read } else { Self::End };
        }
        Ok(())
    }
}

/// What a line is sorted by.
fn key(line: &str) -> &str {
    line.match_indices('\t').nth(FIELDS - 1).map_or(line, |(end, _)| line.get(..=end).unwrap_or(line))
}

impl<R: BufRead> Records for WithKnown<R> {
    fn next_record(&mut self, line: &mut String) -> Result<bool, Error> {
        self.next.read(&mut self.line, &mut self.records)?;
        self.next_known.read(&mut self.known_line, &mut self.known)?;
        let day = (self.next == Next::Read).then(|| Day::parse(self.line.split('\t').next().unwrap_or_default()));
        if let Some(Some(day)) = day
            && self.day != Some(day)
            && self.next_known == Next::End
        {
            self.day = Some(day);
            if let Some(posts) = (self.open)(day).map_err(Error::ReadRecords)? {
                self.known = KnownPosts { present: Some((day, posts)), ..KnownPosts::default() };
                self.next_known = Next::Unread;
                self.next_known.read(&mut self.known_line, &mut self.known)?;
            }
        }
        let known_is_first =
            self.next_known == Next::Read && (self.next != Next::Read || key(&self.known_line) < key(&self.line));
        let (next, found) = if known_is_first {
            (&mut self.next_known, &mut self.known_line)
        } else {
            (&mut self.next, &mut self.line)
        };
        if *next == Next::End {
            return Ok(false);
        }
        *next = Next::Unread;
        std::mem::swap(line, found);
        Ok(true)
    }
}

fn make_total() -> MakeTotal<'static> {
    Box::new(|_| Ok(Box::<Total<Observation>>::default()))
}
