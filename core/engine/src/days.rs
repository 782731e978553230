//! Records with a day in front, into the records of each day.

use std::io::{BufRead, Write};

use tootmill_metric::{Count, Day, Registry, StateReader, Total};

use crate::{
    counters::Counters,
    error::Error,
    merge::{Counts, MakeTotal, Merged},
    records::{Lines, Records},
};

/// How many fields stand before the state: day, metric, key, member.
const FIELDS: usize = 4;

/// Merges sorted records as [`map_by_day`](crate::map_by_day) writes them: `open` gives what a day's merged records are
/// written to, `close` takes it with what was counted of the day, as far as these records say.
pub fn merge_by_day<W: Write, E: From<Error>>(
    records: impl BufRead,
    registry: &Registry,
    open: impl FnMut(Day) -> Result<W, E>,
    close: impl FnMut(Day, W, Counters) -> Result<(), E>,
) -> Result<Counts, E> {
    each_day(vec![Box::new(Lines::of_fields(records, FIELDS))], registry, open, close)
}

pub(crate) fn each_day<'r, W: Write, E: From<Error>>(
    sources: Vec<Box<dyn Records + 'r>>,
    registry: &'r Registry,
    mut open: impl FnMut(Day) -> Result<W, E>,
    mut close: impl FnMut(Day, W, Counters) -> Result<(), E>,
) -> Result<Counts, E> {
    let make_total: MakeTotal<'_> = Box::new(|metric| match metric {
        // What was counted.
        "" => Ok(Box::<Total<Count>>::default()),
        metric => Ok(registry.get(metric)?.metric.total()),
    });
    let mut merged = Merged::of_fields(sources, FIELDS, make_total)?;
    let mut present: Option<(Day, W, Counters)> = None;
    while merged.advance()? {
        let line = merged.line();
        let (text, record) = line.split_once('\t').unwrap_or_default();
        let day = Day::parse(text).ok_or_else(|| merged.bad_state(text))?;
        if present.as_ref().is_none_or(|(before, ..)| *before != day) {
            if let Some((day, output, counters)) = present.take() {
                close(day, output, counters)?;
            }
            present = Some((day, open(day)?, Counters::default()));
        }
        let Some((_, output, counters)) = &mut present else { continue };
        if merged.record().metric.is_empty() {
            let record = merged.record();
            let count: Count = StateReader::read(record.state).ok_or_else(|| merged.bad_state(record.state))?;
            if let Some(counter) = counters.get_mut(record.key) {
                *counter += count.0;
            }
            continue;
        }
        output.write_all(record.as_bytes()).and_then(|()| output.write_all(b"\n")).map_err(Error::Write)?;
    }
    if let Some((day, output, counters)) = present {
        close(day, output, counters)?;
    }
    Ok(merged.counts())
}
