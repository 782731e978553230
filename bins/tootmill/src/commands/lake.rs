//! The arguments that name a lake, and how what was done in it is told.

use std::io::Write;

use clap::Args;
use tootmill_engine::Counters;
use tootmill_lake::Lake;
use tootmill_metric::Day;

use super::stage::Told;
use crate::{failure::Failure, output::with_stdout};

/// Which lake.
#[derive(Args, Clone, Debug)]
pub(crate) struct LakeArguments {
    /// Where the lake is: a folder, or hdfs://HOST:PORT/FOLDER
    #[arg(long, value_name = "LAKE", env = "TOOTMILL_LAKE")]
    pub(crate) lake: String,
    /// The instance whose posts are meant, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    pub(crate) instance: String,
}

impl LakeArguments {
    pub(crate) fn open(&self) -> Result<Lake, Failure> {
        Ok(Lake::open(&self.lake, &self.instance)?)
    }

    /// The lake, which must be there: what was mistyped has nothing in it, and that is no answer.
    pub(crate) fn existing(&self) -> Result<Lake, Failure> {
        let lake = self.open()?;
        if lake.storage().find(lake.root())?.is_none() {
            return Err(Failure::permanent(format!(
                "there is no lake in `{}`: see --lake and --instance",
                lake.address()
            )));
        }
        Ok(lake)
    }
}

/// How the outcome is told.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct OutcomeArguments {
    /// Write what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl OutcomeArguments {
    /// Tells what a stage did.
    pub(crate) fn tell_stage(self, told: &Told) -> Result<(), Failure> {
        self.tell(&told.sentence, &told.data())
    }

    /// Tells what was done: a sentence, and the same as data.
    pub(crate) fn tell(self, sentence: &str, data: &serde_json::Value) -> Result<(), Failure> {
        let text = if self.json { format!("{data:#}") } else { sentence.to_string() };
        with_stdout(|output| Ok(writeln!(output, "{text}")?))
    }
}

/// The counters that are not zero, as a phrase.
pub(crate) fn phrase(counters: &Counters) -> String {
    let counted = counters.named().filter(|(_, count)| *count > 0);
    let counted: Vec<String> = counted.map(|(name, count)| format!("{name} {count}")).collect();
    if counted.is_empty() { "nothing counted".into() } else { counted.join(", ") }
}

/// Days as a phrase.
pub(crate) fn days(days: &[Day]) -> String {
    match days {
        [] => "no day".into(),
        [one] => one.to_string(),
        [first, .., last] => format!("{} days from {first} to {last}", days.len()),
    }
}

/// Days as data.
pub(crate) fn days_as_data(days: &[Day]) -> Vec<String> {
    days.iter().map(Day::to_string).collect()
}
