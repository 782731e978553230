//! `tootmill compact`: every post once, in the lake or at the head of a pipe.

use std::time::Instant;

use clap::Args;
use serde_json::json;
use tootmill_lake::{Lake, Place, find_inputs};
use tootmill_privacy::log::Done;
use tootmill_stages::Compacted;

use super::{
    gdpr,
    lake::{LakeArguments, days, days_as_data, phrase},
    stage::{On, StageArguments, Told, paths},
};
use crate::{
    failure::Failure,
    output::{say, with_stdout},
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
    /// Where the lake is: a folder, or hdfs://HOST:PORT/FOLDER
    #[arg(long, value_name = "LAKE", env = "TOOTMILL_LAKE")]
    lake: Option<String>,
    /// The instance whose posts are meant, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    instance: Option<String>,
    /// Where to compact: a day brings little that is new, for which a job takes longer
    #[arg(long, value_name = "WHERE", env = "TOOTMILL_ON", default_value = "local")]
    on: On,
    #[command(flatten)]
    stage: StageArguments,
}

impl Compact {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.stdout {
            return self.to_stdout();
        }
        let (Some(lake), Some(instance)) = (self.lake, self.instance) else {
            return Err(Failure::Usage("say which lake, by --lake and --instance, or --stdout INPUT…".into()));
        };
        let lake = LakeArguments { lake, instance }.open()?;
        self.stage.outcome.tell_stage(&in_lake(&lake, self.on, &self.stage)?)
    }

    fn to_stdout(&self) -> Result<(), Failure> {
        let inputs = find_inputs(self.inputs.iter().map(String::as_str))?;
        let counters = self
            .stage
            .here(|options, watch| with_stdout(|output| tootmill_engine::compact(&inputs, options, output, watch)));
        for (name, count) in counters?.named().filter(|(_, count)| *count > 0) {
            say(format!("{name}: {count}"));
        }
        Ok(())
    }
}

/// Compacts a lake, and tells what was done.
pub(crate) fn in_lake(lake: &Lake, on: On, stage: &StageArguments) -> Result<Told, Failure> {
    let began = Instant::now();
    let lease = gdpr::begin(lake, "tootmill compact")?;
    let (compacted, job) = match on {
        On::Local => (stage.here(|options, watch| tootmill_stages::compact(lake, &lease, options, watch))?, None),
        On::Yarn => stage.by_job(lake, |yarn| tootmill_stages::compact_on_yarn(lake, &lease, yarn))?,
    };
    let Compacted { files, counters, days: changed } = compacted;
    let mut sentence = match files {
        0 => "there is no new raw file".to_string(),
        _ => format!("compacted {files} raw files ({}); changed: {}", phrase(&counters), days(&changed)),
    };
    if let Some(job) = &job {
        sentence += &format!("; {}", super::yarn::phrase(job));
    }
    let told = Told {
        sentence,
        paths: paths(lake, changed.iter().map(|day| Place::Posts(*day)))?,
        counters: counters.named().collect(),
        rows: None,
        seconds: began.elapsed().as_secs_f64(),
        job,
        own: json!({"files": files, "days": days_as_data(&changed)}),
    };
    if files > 0 {
        let done = Done::by_command("tootmill compact").count("files", files as u64);
        gdpr::note(lake, Done { days: changed, ..done }, &told)?;
    }
    Ok(told)
}
