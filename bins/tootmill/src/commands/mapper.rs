//! `tootmill mapper`: posts to records, as Hadoop Streaming runs it.

use bytesize::ByteSize;
use clap::Parser;
use tootmill_engine::{Counters, Silent, map};
use tootmill_input::Reader;
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
    /// Memory for combining
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = parse_memory)]
    memory: ByteSize,
}

impl Mapper {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let registry = Registry::linked()?;
        let memory = usize::try_from(self.memory.as_u64()).unwrap_or(usize::MAX);
        let counters = with_stdout(|output| map(Reader::of_lines(std::io::stdin()), &registry, memory, output, &Silent));
        let counters: Counters = counters.map_err(|error| Failure::from(error).or_output_needed())?;
        counters.report(&mut std::io::stderr().lock())?;
        Ok(())
    }
}
