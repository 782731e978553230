//! Maps posts to records: the program behind the streaming mapper.

use std::{io::Write, ops::ControlFlow};

use tootmill_input::Reader;
use tootmill_metric::{Line, Registry};

use crate::{
    aggregate::Aggregate,
    counters::Counters,
    error::Error,
    read::{Watch, Work, read_stream},
};

/// Maps posts, JSON lines (as [`Reader::of_lines`] and [`Reader::lines_of`] read them), to records, combined as far as `memory` bytes suffice, in no order.
///
/// It cannot see what other mappers see, so it takes each line for a post that counts, and a deletion for an error.
pub fn map(
    posts: Reader<'_>,
    registry: &Registry,
    memory: usize,
    output: &mut (impl Write + Send),
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    let mut mapper =
        Mapper { aggregate: Aggregate::new(registry, false), memory, output, counters: Counters::default() };
    let read = read_stream(posts, &mut mapper, watch)?;
    mapper.write()?;
    mapper.counters += &read;
    mapper.counters.unusable_keys = mapper.aggregate.unusable_keys();
    Ok(mapper.counters)
}

struct Mapper<'m, W> {
    aggregate: Aggregate<'m>,
    memory: usize,
    output: &'m mut W,
    counters: Counters,
}

impl<W: Write> Mapper<'_, W> {
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

impl<W: Write> Work for Mapper<'_, W> {
    fn line(&mut self, line: Line<'_>) -> Result<(), Error> {
        match line {
            Line::Post(post) => {
                self.counters.count_post(&post);
                self.aggregate.map(&post);
                Ok(())
            }
            Line::Deletion(id) => Err(Error::Deletion(id.into_owned())),
            Line::Boost | Line::NotPublic => Ok(()),
        }
    }

    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error> {
        if self.aggregate.bytes() > self.memory {
            self.write()?;
        }
        Ok(ControlFlow::Continue(()))
    }
}
