//! Chooses among observations of the same post, in bounded memory.

use std::{io::Write, ops::ControlFlow};

use tootmill_input::{Inputs, Observation, identity_key};
use tootmill_metric::{Line, Post, StateReader, States, Total};

use crate::{
    counters::Counters,
    error::Error,
    local::Options,
    merge::{MakeTotal, Merged},
    read::{Watch, Work, read_inputs},
    records::Records,
    runs::{Run, merge_if_many, write_run},
};

/// Writes every post that counts to the output, once, as one JSON line: its latest observation, unless it was deleted. Sorted
/// by id, then by day.
pub fn compact(
    inputs: &Inputs,
    options: &Options,
    output: &mut impl Write,
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    let memory = options.memory / options.threads.get();
    let mut workers: Vec<Compacter> =
        (0..options.threads.get()).map(|_| Compacter { observations: Observations::default(), memory }).collect();
    watch.pass("reading");
    let mut counters = read_inputs(inputs, &mut workers, watch)?;
    options.bad_limit.check(&counters)?;
    watch.pass("writing");
    let observations = workers.into_iter().map(|worker| worker.observations).collect();
    choose(observations, &mut counters, |counters, post| {
        counters.count_post(post);
        output.write_all(post.line().as_bytes()).and_then(|()| output.write_all(b"\n")).map_err(Error::Write)
    })?;
    output.flush().map_err(Error::Write)?;
    Ok(counters)
}

struct Compacter {
    observations: Observations,
    memory: usize,
}

impl Work for Compacter {
    fn line(&mut self, line: Line<'_>) -> Result<(), Error> {
        self.observations.add(&line);
        Ok(())
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        self.observations.limit(self.memory)?;
        Ok(ControlFlow::Continue(()))
    }
}

/// Observations by id and day, as lines `id TAB day TAB observation`; the day of a deletion is empty, so that it comes first.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    states: States<Observation>,
    runs: Vec<Run>,
}

/// How many fields stand before the observation in a line.
const FIELDS: usize = 2;

impl Observations {
    /// Adds a post's observation or a deletion.
    pub(crate) fn add(&mut self, line: &Line<'_>) {
        match line {
            Line::Post(post) => {
                let day = post.created_at.day().to_string();
                self.states.add(&identity_key(&post.id), &day, Observation::of(post));
            }
            Line::Deletion(id) => self.states.add(&identity_key(id), "", Observation::default()),
            Line::Boost | Line::NotPublic => {}
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

fn make_total() -> MakeTotal<'static> {
    Box::new(|_| Ok(Box::<Total<Observation>>::default()))
}

/// Calls `each` with the latest observation of every post that was not deleted, and counts the others.
pub(crate) fn choose(
    all: Vec<Observations>,
    counters: &mut Counters,
    mut each: impl FnMut(&mut Counters, &Post<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut sources: Vec<Box<dyn Records>> = Vec::new();
    for mut observations in all {
        sources.push(Box::new(InMemory(observations.take_sorted())));
        for run in observations.runs {
            sources.push(run.records(FIELDS)?);
        }
    }
    let mut merged = Merged::of_fields(sources, FIELDS, make_total())?;
    let mut deleted = String::new();
    while merged.advance()? {
        let record = merged.record();
        if record.member.is_empty() {
            deleted.clear();
            deleted.push_str(record.key);
            continue;
        }
        let observation: Observation = StateReader::read(record.state).ok_or_else(|| merged.bad_state(record.state))?;
        counters.duplicates += observation.observed().saturating_sub(1);
        if record.key == deleted {
            counters.deleted += 1;
            continue;
        }
        let object = observation.object().unwrap_or_default();
        match Line::parse(object) {
            Ok(Line::Post(post)) => each(counters, &post)?,
            _ => return Err(merged.bad_state(object)),
        }
    }
    Ok(())
}
