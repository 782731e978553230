//! Maps posts to records: the program behind the streaming mapper.

use std::{collections::BTreeMap, io::Write, ops::ControlFlow};

use tootmill_input::Reader;
use tootmill_metric::{Day, Instant, Line, Registry};

use crate::{
    aggregate::Aggregate,
    counters::Counters,
    error::Error,
    read::{Watch, Work, read_stream},
};

/// Maps posts, JSON lines (as [`Reader::of_lines`] and [`Reader::lines_of`] read them), to records, combined as far as `memory`
/// bytes suffice, in no order.
///
/// It cannot see what other mappers see, so it takes each line for a post that counts, and a deletion for an error.
pub fn map(
    posts: Reader<'_>,
    registry: &Registry,
    memory: usize,
    output: &mut (impl Write + Send),
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    Mapper::new(registry, false, memory, output).run(posts, watch)
}

/// As [`map`], with the post's day in front of each record, and with what was counted of each day as records without a metric,
/// `day TAB TAB counter TAB TAB count`: for [`merge_by_day`](crate::merge_by_day).
pub fn map_by_day(
    posts: Reader<'_>,
    registry: &Registry,
    memory: usize,
    output: &mut (impl Write + Send),
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    let mut mapper = Mapper::new(registry, true, memory, output);
    let counters = mapper.run(posts, watch)?;
    mapper.write_counters()?;
    Ok(counters)
}

struct Mapper<'m, W> {
    aggregate: Aggregate<'m>,
    /// What was counted of each day, where records are by day.
    of_days: Option<BTreeMap<Day, Counters>>,
    memory: usize,
    output: &'m mut W,
    counters: Counters,
}

impl<'m, W: Write + Send> Mapper<'m, W> {
    fn new(registry: &'m Registry, by_day: bool, memory: usize, output: &'m mut W) -> Self {
        let aggregate = Aggregate::new(registry, by_day);
        Self { aggregate, of_days: by_day.then(BTreeMap::new), memory, output, counters: Counters::default() }
    }

    fn run(&mut self, posts: Reader<'_>, watch: &dyn Watch) -> Result<Counters, Error> {
        let mut counters = read_stream(posts, self, watch)?;
        self.write()?;
        counters += &self.counters;
        counters.unusable_keys = self.aggregate.unusable_keys();
        Ok(counters)
    }

    fn write_counters(&mut self) -> Result<(), Error> {
        let unusable_keys = self.aggregate.unusable_keys_of_days();
        for (day, counters) in self.of_days.iter_mut().flatten() {
            counters.unusable_keys = unusable_keys.get(&Some(*day)).copied().unwrap_or_default();
            for (name, count) in counters.named().filter(|(_, count)| *count > 0) {
                writeln!(self.output, "{day}\t\t{name}\t\t{count}").map_err(Error::Write)?;
            }
        }
        self.output.flush().map_err(Error::Write)
    }

    fn write(&mut self) -> Result<(), Error> {
        let mut next = self.aggregate.take_lines();
        let mut line = String::new();
        while next(&mut line) {
            line.push('\n');
            self.output.write_all(line.as_bytes()).map_err(Error::Write)?;
            line.clear();
        }
        self.output.flush().map_err(Error::Write)
    }
}

impl<W: Write + Send> Work for Mapper<'_, W> {
    fn line(&mut self, line: Line<'_>, _observed: Option<Instant>) -> Result<(), Error> {
        match line {
            Line::Post(post) => {
                self.counters.count_post(&post, false);
                if let Some(of_days) = &mut self.of_days {
                    of_days.entry(post.created_at.day()).or_default().count_post(&post, false);
                }
                self.aggregate.map(&post);
                Ok(())
            }
            Line::Deletion(id) => Err(Error::Deletion(id.into_owned())),
            Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_) => Ok(()),
        }
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        if self.aggregate.bytes() > self.memory {
            self.write()?;
        }
        Ok(ControlFlow::Continue(()))
    }
}
