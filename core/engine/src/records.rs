//! The record format, and where records come from.

use std::io::BufRead;

use crate::error::{Error, beginning};

/// One record: `metric TAB key TAB member TAB state`, each field [escaped](tootmill_metric::field::escape).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// The key, escaped.
    pub key: &'a str,
    /// The member, escaped.
    pub member: &'a str,
    /// The state's text.
    pub state: &'a str,
}

impl<'a> Record<'a> {
    /// Reads a line without its end; `None` where it is no record.
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t');
        let record =
            Self { metric: fields.next()?, key: fields.next()?, member: fields.next()?, state: fields.next()? };
        (fields.next().is_none() && !record.metric.is_empty() && !record.key.is_empty()).then_some(record)
    }
}

/// A source of sorted records, as lines without their ends.
pub trait Records {
    /// Puts the next record into the line; `false` after the last one.
    fn next_record(&mut self, line: &mut String) -> Result<bool, Error>;
}

/// Records from a stream of lines.
#[derive(Debug)]
pub struct Lines<R> {
    stream: R,
    number: u64,
    /// How many fields stand before the state.
    fields: usize,
}

impl<R: BufRead> Lines<R> {
    /// Reads the stream.
    pub fn new(stream: R) -> Self {
        Self::of_fields(stream, 3)
    }

    /// Reads lines with so many fields before the state.
    pub(crate) fn of_fields(stream: R, fields: usize) -> Self {
        Self { stream, number: 0, fields }
    }
}

impl<R: BufRead> Records for Lines<R> {
    fn next_record(&mut self, line: &mut String) -> Result<bool, Error> {
        line.clear();
        self.number += 1;
        if self.stream.read_line(line).map_err(Error::ReadRecords)? == 0 {
            return Ok(false);
        }
        if line.ends_with('\n') {
            line.pop();
        }
        let is_sound = match self.fields {
            3 => Record::parse(line).is_some(),
            fields => memchr::memchr_iter(b'\t', line.as_bytes()).count() == fields,
        };
        if !is_sound {
            return Err(Error::NoRecord { number: self.number, line: beginning(line) });
        }
        Ok(true)
    }
}
