//! `tootmill import`: files of posts into a lake.

use clap::Args;
use serde_json::json;
use tootmill_lake::{Lake, find_inputs};
use tootmill_metric::Instant;
use tootmill_policy::Policy;
use tootmill_privacy::log::{Done, append};
use tootmill_stages::Imported;

use super::{
    gdpr,
    lake::{LakeArguments, OutcomeArguments},
    policy::{PolicyArguments, phrase, record},
    run::{InputArguments, parse_time},
};
use crate::{failure::Failure, progress::Progress};

/// Add files of posts to a lake, as if they had been observed.
///
/// What the policy keeps of them becomes raw files of the day on which they were observed, one object a line. `tootmill compact`
/// makes posts of them, and finds out what is none.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  tootmill import posts/ --lake hdfs://namenode:8020/tootmill --instance mastodon.example"
)]
pub(crate) struct Import {
    #[command(flatten)]
    inputs: InputArguments,
    #[command(flatten)]
    lake: LakeArguments,
    /// When they were observed, a day or an instant [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    observed: Option<Instant>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

impl Import {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let lake = self.lake.open()?;
        let policy = self.policy.policy(&self.lake.instance)?;
        let inputs = find_inputs(self.inputs.inputs.iter().map(String::as_str))?;
        let lease = gdpr::begin(&lake, "tootmill import")?;
        let observed = self.observed.unwrap_or_else(now);
        let progress = Progress::new(inputs.bytes(), self.outcome.quiet);
        record(&lake, "import", &policy, now())?;
        let imported = tootmill_stages::import(&lake, &lease, &inputs, observed, &policy, &progress);
        progress.finish();
        let imported = imported?;
        if imported != Imported::default() {
            log(&lake, observed, &policy, imported)?;
        }
        let Imported { lines, tally } = imported;
        let folder = lake.storage().address(&lake.raw(observed.day()));
        let sentence = format!("{lines} lines were added to {folder}{}", phrase(&tally));
        self.outcome.tell(&sentence, &json!({"lines": lines, "folder": folder, "policy": tally}))
    }
}

fn log(lake: &Lake, observed: Instant, policy: &Policy, imported: Imported) -> Result<(), Failure> {
    let Imported { lines, tally } = imported;
    let done = Done::by_command("tootmill import")
        .count("lines", lines)
        .count("left_out", tally.left_out)
        .count("reduced", tally.reduced)
        .by("policy", policy.level().to_string());
    let made = vec![lake.relative(&lake.raw(observed.day())).to_owned()];
    append(lake, &Done { days: vec![observed.day()], made, ..done }, now())?;
    Ok(())
}

/// The present time.
pub(crate) fn now() -> Instant {
    Instant::from_micros(jiff::Timestamp::now().as_microsecond())
}
