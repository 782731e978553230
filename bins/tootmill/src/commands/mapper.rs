//! `tootmill mapper`: posts to records, as Hadoop Streaming runs it.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytesize::ByteSize;
use clap::{Parser, ValueEnum};
use tootmill_engine::{Counters, Error, Silent, map, map_by_day, map_observations};
use tootmill_input::{Inputs, Reader};
use tootmill_lake::{Split, splits_as_inputs};
use tootmill_metric::Registry;

use super::run::parse_memory;
use crate::{failure::Failure, output::with_stdout};

/// Map posts, JSON lines on standard input, to records on standard output.
///
/// Records are `metric TAB key TAB member TAB state`, combined as far as the memory suffices. The posts must be compacted:
/// every line counts. Counters go to standard error, as Hadoop Streaming reads them.
#[derive(Debug, Parser)]
#[command(
    after_help = "Example:\n  tootmill compact --stdout posts/ | tootmill mapper | LC_ALL=C sort | tootmill reducer --rows"
)]
pub(crate) struct Mapper {
    /// Standard input names parts of files, a line `OFFSET TAB LENGTH TAB ADDRESS` each, from which to read the posts
    #[arg(long)]
    splits: bool,
    /// What to write
    #[arg(long, value_name = "WHAT", default_value = "records")]
    write: Write,
    /// Memory for combining
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = parse_memory)]
    memory: ByteSize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Write {
    /// Records of metrics
    Records,
    /// Records of metrics with the post's day in front of each, for a reducer with --by-day
    RecordsByDay,
    /// Observations of posts, for a reducer with --posts-of
    Observations,
    /// The lines as they are, which are records already
    Lines,
}

impl Mapper {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let registry = Registry::linked()?;
        let memory = usize::try_from(self.memory.as_u64()).unwrap_or(usize::MAX);
        let inputs = if self.splits { splits()? } else { Inputs::default() };
        // Where Hadoop reads, it says which file is on standard input.
        let file = std::env::var("mapreduce_map_input_file");
        let counters = with_stdout(|output| {
            if self.write == Write::Lines {
                let passed = if self.splits { pass_on(&inputs, output) } else { copy(io::stdin(), output) };
                return passed.map(|()| Counters::default());
            }
            let lines = match &file {
                _ if self.splits => Reader::lines_of(&inputs),
                Ok(file) => Reader::of_lines(io::stdin()).named(file),
                Err(_) => Reader::of_lines(io::stdin()),
            };
            match self.write {
                Write::RecordsByDay => map_by_day(lines, &registry, memory, output, &Silent),
                Write::Observations => map_observations(lines, memory, output, &Silent),
                Write::Records | Write::Lines => map(lines, &registry, memory, output, &Silent),
            }
        });
        let counters: Counters = counters.map_err(|error| Failure::from(error).or_output_needed())?;
        counters.report(&mut io::stderr().lock())?;
        Ok(())
    }
}

/// The parts of files that standard input names.
fn splits() -> Result<Inputs, Failure> {
    let lines: io::Result<Vec<String>> = io::stdin().lines().collect();
    let lines = lines.map_err(|error| Failure::permanent(format!("cannot read the splits: {error}")))?;
    let splits: Option<Vec<Split>> = lines.iter().map(|line| Split::parse(line)).collect();
    let splits = splits.ok_or_else(|| {
        Failure::permanent("standard input has a line that is no split: OFFSET TAB LENGTH TAB ADDRESS".to_string())
    })?;
    Ok(splits_as_inputs(&splits)?)
}

/// Passes on the lines of all inputs.
fn pass_on(inputs: &Inputs, output: &mut impl io::Write) -> Result<(), Error> {
    inputs.inputs().iter().try_for_each(|input| copy(input.open(Arc::default())?, output))
}

fn copy(mut lines: impl Read, output: &mut impl io::Write) -> Result<(), Error> {
    io::copy(&mut lines, output).map(drop).map_err(Error::Write)
}
