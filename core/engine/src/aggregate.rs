//! Combines what the metrics emit, in bounded memory.

use std::collections::{BTreeMap, HashMap, VecDeque};

use tootmill_metric::{AnyStates, Day, Post, Registered, Registry};

use crate::{
    error::Error,
    records::Records,
    runs::{Run, merge_if_many, write_run},
};

/// The states of all metrics, of each day apart or of all days together, as lines `[day TAB] metric TAB key TAB member TAB
/// state`.
pub(crate) struct Aggregate<'r> {
    registry: &'r Registry,
    by_day: bool,
    days: Vec<OfDay<'r>>,
    places: HashMap<Option<Day>, usize>,
    last: usize,
    runs: Vec<Run>,
    unusable_keys: BTreeMap<Option<Day>, u64>,
}

struct OfDay<'r> {
    day: Option<Day>,
    metrics: Vec<Box<dyn AnyStates + 'r>>,
}

impl<'r> Aggregate<'r> {
    pub(crate) fn new(registry: &'r Registry, by_day: bool) -> Self {
        Self {
            registry,
            by_day,
            days: Vec::new(),
            places: HashMap::new(),
            last: 0,
            runs: Vec::new(),
            unusable_keys: BTreeMap::new(),
        }
    }

    /// How many fields stand before the state in the lines.
    pub(crate) fn fields(&self) -> usize {
        if self.by_day { 4 } else { 3 }
    }

    /// Maps a post.
    pub(crate) fn map(&mut self, post: &Post<'_>) {
        let day = self.by_day.then(|| post.created_at.day());
        if self.days.get(self.last).is_none_or(|of_day| of_day.day != day) {
            self.last = *self.places.entry(day).or_insert_with(|| {
                let metrics = self.registry.metrics().iter().map(|one| one.metric.states()).collect();
                self.days.push(OfDay { day, metrics });
                self.days.len() - 1
            });
        }
        if let Some(of_day) = self.days.get_mut(self.last) {
            of_day.metrics.iter_mut().for_each(|states| states.map(post));
        }
    }

    /// How much memory the next post may need in all.
    pub(crate) fn bytes(&self) -> usize {
        self.days.iter().flat_map(|of_day| &of_day.metrics).map(|states| states.bytes()).sum()
    }

    /// Puts the states on disk where they need more memory than that.
    pub(crate) fn limit(&mut self, bytes: usize) -> Result<(), Error> {
        if self.bytes() > bytes {
            let mut sorted = self.take_sorted();
            self.runs.push(write_run(|line| sorted.next(line))?);
            let (registry, fields) = (self.registry, self.fields());
            merge_if_many(&mut self.runs, fields, || Box::new(|metric| Ok(registry.get(metric)?.metric.total())))?;
        }
        Ok(())
    }

    /// The states as lines, in any order: for a mapper, whose output is sorted by others.
    pub(crate) fn take_lines(&mut self) -> impl FnMut(&mut String) -> bool + use<'r> {
        let mut states = self.take();
        move |line| states.next(line)
    }

    /// All states, as sorted sources of lines.
    pub(crate) fn into_sources(mut self) -> Result<Vec<Box<dyn Records + 'r>>, Error> {
        let fields = self.fields();
        let sorted = self.take_sorted();
        let mut sources: Vec<Box<dyn Records + 'r>> = vec![Box::new(sorted)];
        for run in self.runs {
            sources.push(run.records(fields)?);
        }
        Ok(sources)
    }

    /// Puts the states in the order of their records; after that they can only be taken.
    pub(crate) fn sort(&mut self) {
        self.days.iter_mut().flat_map(|of_day| &mut of_day.metrics).for_each(|states| states.sort());
    }

    /// How many keys were empty or too long, and so left out.
    pub(crate) fn unusable_keys(&self) -> u64 {
        self.unusable_keys_of_days().values().sum()
    }

    /// The same of each day.
    pub(crate) fn unusable_keys_of_days(&self) -> BTreeMap<Option<Day>, u64> {
        let mut counts = self.unusable_keys.clone();
        for OfDay { day, metrics } in &self.days {
            *counts.entry(*day).or_default() += metrics.iter().map(|states| states.unusable_keys()).sum::<u64>();
        }
        counts
    }

    fn take_sorted(&mut self) -> InMemory<'r> {
        self.sort();
        self.take()
    }

    fn take(&mut self) -> InMemory<'r> {
        self.unusable_keys = self.unusable_keys_of_days();
        self.places.clear();
        let mut days = std::mem::take(&mut self.days);
        days.sort_by_key(|of_day| of_day.day);
        let names = self.registry.metrics().iter().map(Registered::name);
        let with_prefix = days.into_iter().flat_map(|of_day| {
            let day = of_day.day.map(|day| format!("{day}\t")).unwrap_or_default();
            names.clone().map(move |name| format!("{day}{name}\t")).zip(of_day.metrics)
        });
        InMemory(with_prefix.collect())
    }
}

/// States in memory, each with what stands before its key in a line.
struct InMemory<'r>(VecDeque<(String, Box<dyn AnyStates + 'r>)>);

impl InMemory<'_> {
    /// Puts the next line into the empty string.
    fn next(&mut self, line: &mut String) -> bool {
        while let Some((prefix, states)) = self.0.front_mut() {
            line.push_str(prefix);
            if states.take_next(line) {
                return true;
            }
            line.clear();
            self.0.pop_front();
        }
        false
    }
}

impl Records for InMemory<'_> {
    fn next_record(&mut self, line: &mut String) -> Result<bool, Error> {
        line.clear();
        Ok(self.next(line))
    }
}
