//! Merges sorted sources of records into one, with one record a metric, key and member.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

use tootmill_metric::{AnyState, Registry};

use crate::{
    error::{Error, beginning},
    records::{Record, Records},
};

/// Makes the state of a metric by its name.
pub(crate) type MakeTotal<'r> = Box<dyn Fn(&str) -> Result<Box<dyn AnyState>, Error> + 'r>;

/// Sorted records from sorted sources, equal ones merged. In constant memory, but for a line of each source.
pub struct Merged<'r> {
    sources: BinaryHeap<Source<'r>>,
    /// How many fields stand before the state.
    fields: usize,
    make_total: MakeTotal<'r>,
    total: Option<(String, Box<dyn AnyState>)>,
    line: Line,
    counts: Counts,
}

/// How many records were read, and how many were left after merging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records of the sources.
    pub records: u64,
    /// Records after equal ones were merged.
    pub merged: u64,
}

/// A record as text, and where its fields begin.
#[derive(Default)]
struct Line {
    text: String,
    /// The state, which is the last field, and the three before it, the last first; 0 where there are fewer.
    starts: [usize; 4],
}

impl Line {
    /// Finds the fields; `false` where there are not so many before the state.
    fn find_fields(&mut self, fields: usize) -> bool {
        self.starts = [0; 4];
        let mut found = 0;
        for tab in memchr::memchr_iter(b'\t', self.text.as_bytes()).take(fields) {
            self.starts.rotate_right(1);
            self.starts[0] = tab + 1;
            found += 1;
        }
        found == fields
    }

    /// The fields before the state, with the TAB behind each: what records are sorted by.
    fn key(&self) -> &str {
        self.text.get(..self.starts[0]).unwrap_or_default()
    }

    fn state(&self) -> &str {
        self.text.get(self.starts[0]..).unwrap_or_default()
    }

    /// The field so many before the state.
    fn before_state(&self, place: usize) -> &str {
        self.text.get(self.starts[place]..self.starts[place - 1].saturating_sub(1)).unwrap_or_default()
    }
}

struct Source<'r> {
    line: Line,
    /// The line's number, from 1.
    number: u64,
    records: Box<dyn Records + 'r>,
}

impl Source<'_> {
    /// Reads the next record into the line; `false` after the last one.
    fn advance(&mut self, fields: usize, before: &str) -> Result<bool, Error> {
        self.number += 1;
        if !self.records.next_record(&mut self.line.text)? {
            return Ok(false);
        }
        if !self.line.find_fields(fields) {
            return Err(Error::NoRecord { number: self.number, line: beginning(&self.line.text) });
        }
        if self.line.key() < before {
            return Err(Error::NotSorted { before: beginning(before), after: beginning(self.line.key()) });
        }
        Ok(true)
    }
}

// The heap gives the greatest first: that is to be the source with the least key.
impl Ord for Source<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.line.key().cmp(self.line.key())
    }
}

impl PartialOrd for Source<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Source<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Source<'_> {}

impl<'r> Merged<'r> {
    /// Merges sources of records of the metrics in the registry.
    pub fn new(
        sources: impl IntoIterator<Item = Box<dyn Records + 'r>>,
        registry: &'r Registry,
    ) -> Result<Self, Error> {
        Self::of_fields(sources, 3, Box::new(|metric| Ok(registry.get(metric)?.metric.total())))
    }

    /// Merges sources of lines that have so many fields before the state, the third before it being the metric.
    pub(crate) fn of_fields(
        sources: impl IntoIterator<Item = Box<dyn Records + 'r>>,
        fields: usize,
        make_total: MakeTotal<'r>,
    ) -> Result<Self, Error> {
        let mut heap = BinaryHeap::new();
        for records in sources {
            let mut source = Source { line: Line::default(), number: 0, records };
            if source.advance(fields, "")? {
                heap.push(source);
            }
        }
        Ok(Self { sources: heap, fields, make_total, total: None, line: Line::default(), counts: Counts::default() })
    }

    /// Goes to the next record; `false` after the last one.
    pub fn advance(&mut self) -> Result<bool, Error> {
        let Some(mut first) = self.sources.peek_mut() else { return Ok(false) };
        std::mem::swap(&mut self.line, &mut first.line);
        if first.advance(self.fields, self.line.key())? {
            drop(first);
        } else {
            PeekMut::pop(first);
        }
        self.counts.records += 1;
        self.counts.merged += 1;
        // A metric that is not linked is an error even where nothing is merged.
        total_of(self.line.before_state(3), &self.make_total, &mut self.total)?;
        let mut is_merged = false;
        while let Some(mut next) = self.sources.peek_mut()
            && next.line.key() == self.line.key()
        {
            let total = total_of(self.line.before_state(3), &self.make_total, &mut self.total)?;
            if !is_merged {
                is_merged = true;
                merge(total, &self.line)?;
            }
            merge(total, &next.line)?;
            self.counts.records += 1;
            if !next.advance(self.fields, self.line.key())? {
                PeekMut::pop(next);
            }
        }
        if is_merged && let Some((_, total)) = &mut self.total {
            self.line.text.truncate(self.line.starts[0]);
            total.take(&mut self.line.text);
        }
        Ok(true)
    }

    /// How many records were read and left so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The record that was gone to.
    pub fn record(&self) -> Record<'_> {
        let line = &self.line;
        Record {
            metric: line.before_state(3),
            key: line.before_state(2),
            member: line.before_state(1),
            state: line.state(),
        }
    }

    /// The record that was gone to, as a line with all its fields.
    pub(crate) fn line(&self) -> &str {
        &self.line.text
    }

    /// The error of a state of the present record that does not read back.
    pub(crate) fn bad_state(&self, state: &str) -> Error {
        bad_state(&self.line, state)
    }
}

fn bad_state(line: &Line, state: &str) -> Error {
    Error::BadState { record: beginning(line.key().trim_end_matches('\t')), state: beginning(state) }
}

fn merge(total: &mut Box<dyn AnyState>, line: &Line) -> Result<(), Error> {
    if total.merge(line.state()) { Ok(()) } else { Err(bad_state(line, line.state())) }
}

/// The state of a metric, which is made once for all its records in a row.
fn total_of<'t>(
    metric: &str,
    make: &MakeTotal<'_>,
    total: &'t mut Option<(String, Box<dyn AnyState>)>,
) -> Result<&'t mut Box<dyn AnyState>, Error> {
    if total.as_ref().is_none_or(|(name, _)| name != metric) {
        *total = None;
    }
    Ok(match total {
        Some((_, state)) => state,
        none => &mut none.insert((metric.into(), make(metric)?)).1,
    })
}
