//! `tootmill compact`: every post once, at the head of a pipe.

use clap::Args;
use tootmill_input::Inputs;

use super::run::{EngineArguments, InputArguments};
use crate::{
    failure::Failure,
    output::{say, with_stdout},
    progress::Progress,
};

/// Choose among observations of the same post, and write every post once, as JSON lines.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  tootmill compact --stdout posts/ | tootmill mapper | LC_ALL=C sort | tootmill reducer --rows"
)]
pub(crate) struct Compact {
    #[command(flatten)]
    inputs: InputArguments,
    /// Write the posts to standard output
    #[arg(long, required = true)]
    stdout: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

impl Compact {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let inputs = Inputs::find(self.inputs.inputs.iter().map(String::as_str))?;
        let progress = Progress::new(inputs.bytes(), false);
        let counters =
            with_stdout(|output| tootmill_engine::compact(&inputs, &self.engine.options(), output, &progress));
        progress.finish();
        for (name, count) in counters?.named().filter(|(_, count)| *count > 0) {
            say(format!("{name}: {count}"));
        }
        Ok(())
    }
}
