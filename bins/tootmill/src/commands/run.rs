//! `tootmill run`: the main job in one process.

use std::{io::Write, num::NonZeroUsize, sync::Arc};

use bytesize::ByteSize;
use clap::Args;
use serde_json::json;
use tootmill_engine::{BadLimit, Counters, Options, Outcome};
use tootmill_metric::{Day, Instant, Registered, Registry};
use tootmill_policy::{Level, Policy};
use tootmill_tables::{DayRows, Destination, Load, Loaded, Rows};

use super::{
    destination::DestinationParser,
    load::{LoadArguments, as_data},
    policy::WhoArguments,
};
use crate::{
    failure::Failure,
    output::with_stdout,
    progress::{LoadProgress, Progress},
    summary,
};

/// Read posts, compute all metrics, and load the tables, in one process.
///
/// The tables become the totals of the inputs, with each day's own beside them. Of a post that was observed more than once the
/// latest observation counts; boosts, deleted posts and what is not public do not. When a post was observed is known of the raw
/// files of a lake; posts of other files are not counted as ripe.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill run posts/ more.jsonl.gz --tables sqlite:tootmill.db")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) inputs: InputArguments,
    /// Where the tables go: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", value_parser = DestinationParser)]
    pub(crate) tables: Destination,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
    /// Count only what this policy keeps, as if the posts were collected under it: open, default or strict [default: all counts]
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Option<Level>,
    #[command(flatten)]
    pub(crate) who: WhoArguments,
    /// With --policy: the instance that the posts are from, by the host in its people's names
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    pub(crate) instance: Option<String>,
    /// The logical time of the numbers, a day or an instant [default: the day after the latest post]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<Instant>,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    /// Compute the totals alone, without each day's own rows
    #[arg(long)]
    pub(crate) totals_only: bool,
    /// Write what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show neither progress nor summary, only bad lines
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What is read.
#[derive(Args, Debug)]
pub(crate) struct InputArguments {
    /// Files, folders or patterns of posts, also hdfs://…; `-` is standard input. JSON lines, arrays or single objects, plain, .gz or
    /// .zst
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<String>,
}

/// How the engine works.
#[derive(Args, Debug)]
pub(crate) struct EngineArguments {
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Memory for aggregation; what is more goes to temporary files
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_memory)]
    pub(crate) memory: ByteSize,
    /// This many bad lines are never too many
    #[arg(long, value_name = "N", default_value_t = BadLimit::default().count)]
    pub(crate) max_bad: u64,
    /// This share of bad lines is never too much
    #[arg(long, value_name = "SHARE", default_value_t = BadLimit::default().share)]
    pub(crate) max_bad_share: f64,
}

impl EngineArguments {
    pub(crate) fn options(&self) -> Options {
        let default = Options::default();
        Options {
            threads: self.threads.unwrap_or(default.threads),
            memory: usize::try_from(self.memory.as_u64()).unwrap_or(usize::MAX),
            bad_limit: BadLimit { count: self.max_bad, share: self.max_bad_share },
            by_day: true,
            policy: None,
        }
    }
}

/// The least memory that makes sense.
const LEAST_MEMORY: ByteSize = ByteSize::mib(16);

pub(crate) fn parse_memory(text: &str) -> Result<ByteSize, String> {
    let memory: ByteSize = text.parse()?;
    if memory < LEAST_MEMORY { Err(format!("less than {LEAST_MEMORY}")) } else { Ok(memory) }
}

fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads = text.parse::<NonZeroUsize>().ok().filter(|threads| threads.get() <= MOST_THREADS);
    threads.ok_or_else(|| format!("no number from 1 to {MOST_THREADS}"))
}

/// More threads than that have too little memory each.
const MOST_THREADS: usize = 256;

pub(crate) fn parse_time(text: &str) -> Result<Instant, String> {
    Instant::parse(text)
        .ok_or_else(|| "neither a day such as 2026-11-24 nor an instant such as 2026-11-24T12:00:00Z".into())
}

impl Run {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let registry = Registry::linked()?;
        let started = std::time::Instant::now();
        self.tables.check()?;
        let inputs = tootmill_lake::find_inputs(self.inputs.inputs.iter().map(String::as_str))?;
        let options = Options { by_day: !self.totals_only, policy: self.policy()?, ..self.engine.options() };
        let progress = Progress::new(inputs.bytes(), self.quiet);
        let outcome = tootmill_engine::run(&inputs, &registry, &options, &progress);
        progress.finish();
        let outcome = outcome?;
        let as_of = self.as_of.or_else(|| outcome.days.last().map(|day| day.next().start()));
        let Some(as_of) = as_of else {
            let counted = outcome.counters.named().filter(|(name, count)| *count > 0 && *name != "lines");
            let counted: Vec<String> = counted.map(|(name, count)| format!("{name}: {count}")).collect();
            let counted = if counted.is_empty() { "nothing at all".into() } else { counted.join(", ") };
            return Err(Failure::permanent(format!(
                "no post in the input counts ({counted}); the tables were not changed; to empty them, say --as-of TIME"
            )));
        };
        let tables = registry.metrics().iter().map(|registered: &Registered| registered.table.clone()).collect();
        let load = Load {
            tables,
            as_of,
            days: outcome.days.clone(),
            totals: Rows::file(&outcome.totals())?,
            earlier_totals: Vec::new(),
            day_rows: if self.totals_only { Vec::new() } else { day_rows(&outcome)? },
            counters: outcome.counters.named().chain(self.policy.map(|level| (name_of(level), 1))).collect(),
        };
        let watch = LoadProgress::new(self.quiet);
        let loaded = self.tables.create()?.replace(&load, self.load.options(), &watch);
        watch.finish();
        let loaded = loaded?;
        let done = Done { counters: &outcome.counters, days: &outcome.days, as_of, loaded: &loaded };
        if self.json {
            with_stdout(|output| Ok(writeln!(output, "{:#}", done.json(&self.tables))?))
        } else if self.quiet {
            Ok(())
        } else {
            let store = self.tables.open()?;
            with_stdout(|output| {
                summary::write(output, &done, &*store, &registry, &self.tables, started.elapsed(), inputs.bytes())
            })
        }
    }
}

impl Run {
    fn policy(&self) -> Result<Option<Arc<Policy>>, Failure> {
        let Some(level) = self.policy else {
            let missing = "--block-list, --opt-out-tag and --ask-discoverable need --policy: whose posts count";
            return if self.who.ask_more() { Err(Failure::Usage(missing.into())) } else { Ok(None) };
        };
        if self.instance.is_none() && self.who.has_lists() {
            let missing = "--block-list needs --instance: the names of that one's own people have no host in the posts";
            return Err(Failure::Usage(missing.into()));
        }
        let instance = self.instance.as_deref().unwrap_or_default();
        // Fields that no metric reads are dropped as well as not.
        Ok(Some(Arc::new(self.who.policy(level, instance)?.with_all_fields())))
    }
}

/// The counter by which a load says under which policy it counted.
fn name_of(level: Level) -> &'static str {
    match level {
        Level::Open => "policy_open",
        Level::Default => "policy_default",
        Level::Strict => "policy_strict",
    }
}

fn day_rows(outcome: &Outcome) -> Result<Vec<DayRows>, Failure> {
    Ok(outcome.days.iter().map(|day| DayRows::file(*day, &outcome.day(*day))).collect::<Result<_, _>>()?)
}

/// What a run did.
pub(crate) struct Done<'d> {
    pub(crate) counters: &'d Counters,
    pub(crate) days: &'d [Day],
    pub(crate) as_of: Instant,
    pub(crate) loaded: &'d Loaded,
}

impl Done<'_> {
    fn json(&self, tables: &Destination) -> serde_json::Value {
        let counters: serde_json::Map<_, _> =
            self.counters.named().map(|(name, count)| (name.into(), count.into())).collect();
        json!({
            "tables": tables.to_string(),
            "as_of": self.as_of.to_string(),
            "days": self.days.iter().map(Day::to_string).collect::<Vec<_>>(),
            "counters": counters,
            "changed": self.loaded.written.is_some(),
            "written": self.loaded.written.as_ref().map(as_data),
            "verified_cells": self.loaded.verified,
        })
    }
}
