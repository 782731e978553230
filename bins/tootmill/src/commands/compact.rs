//! `tootmill compact`: every post once, in the lake or at the head of a pipe.

use clap::Args;
use serde_json::json;
use tootmill_lake::{Lake, find_inputs};
use tootmill_stages::Compacted;

use super::{
    lake::{LakeArguments, OutcomeArguments, days, days_as_data, phrase},
    run::EngineArguments,
};
use crate::{
    failure::Failure,
    output::{say, with_stdout},
    progress::Progress,
};

/// Choose among observations of the same post: raw files into posts, in a lake or to standard output.
///
/// In a lake, the raw files that are new are merged into the posts of the days on which they were created. Of a post that was
/// observed several times the latest observation counts; a deleted one counts nowhere.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill compact --lake hdfs://namenode:8020/tootmill --instance mastodon.example\n  \
    tootmill compact --stdout posts/ | tootmill mapper | LC_ALL=C sort | tootmill reducer --rows")]
pub(crate) struct Compact {
    /// With --stdout: files, folders or patterns of posts, as `tootmill run` reads them
    #[arg(value_name = "INPUT", requires = "stdout")]
    inputs: Vec<String>,
    /// Write the posts of the inputs to standard output, and touch no lake
    #[arg(long, requires = "inputs", conflicts_with_all = ["json", "quiet"])]
    stdout: bool,
    #[command(flatten)]
    lake: Option<LakeArguments>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

impl Compact {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.stdout {
            return self.to_stdout();
        }
        let Some(lake) = &self.lake else {
            return Err(Failure::Usage("say which lake, by --lake and --instance, or --stdout INPUT…".into()));
        };
        let (sentence, data) = in_lake(&lake.open()?, &self.engine, self.outcome.quiet)?;
        self.outcome.tell(&sentence, &data)
    }

    fn to_stdout(self) -> Result<(), Failure> {
        let inputs = find_inputs(self.inputs.iter().map(String::as_str))?;
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

/// Compacts a lake, and tells what was done.
pub(crate) fn in_lake(
    lake: &Lake,
    engine: &EngineArguments,
    quiet: bool,
) -> Result<(String, serde_json::Value), Failure> {
    let mut lease = lake.lease("tootmill compact")?;
    let progress = Progress::new(0, quiet);
    let compacted = tootmill_stages::compact(lake, &mut lease, &engine.options(), &progress);
    progress.finish();
    let Compacted { files, counters, days: changed } = compacted?;
    let sentence = match files {
        0 => "there is no new raw file".to_string(),
        _ => format!("compacted {files} raw files ({}); changed: {}", phrase(&counters), days(&changed)),
    };
    Ok((sentence, json!({"files": files, "counters": counters, "days": days_as_data(&changed)})))
}
