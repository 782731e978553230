//! `tootmill synth`: a synthetic timeline.

use clap::Args;
use tootmill_metric::{Day, Instant};
use tootmill_synth::Timeline;

use crate::{failure::Failure, output::with_stdout};

/// Write a synthetic public timeline, JSON lines: the same bytes for the same seed, with every oddity of real ones.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill synth --posts 100000 --seed 7 > posts.jsonl")]
pub(crate) struct Synth {
    /// How many posts there are; oddities add some lines to them
    #[arg(long, value_name = "N", default_value_t = Timeline::default().posts)]
    posts: u64,
    /// What everything random follows from
    #[arg(long, value_name = "S", default_value_t = Timeline::default().seed)]
    seed: u64,
    /// The first day [default: 2026-11-16]
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    start: Option<u32>,
    /// Over how many days the posts are spread
    #[arg(long, value_name = "N", default_value_t = Timeline::default().days)]
    days: u32,
    /// Write plain posts only
    #[arg(long)]
    clean: bool,
}

/// A day as its number since 1970-01-01.
fn parse_day(text: &str) -> Result<u32, String> {
    let day = Day::parse(text).map(Day::start).map(Instant::millis);
    let day = day.and_then(|millis| u32::try_from(millis / 86_400_000).ok());
    day.ok_or_else(|| "no day from 1970-01-01 on, such as 2026-11-24".into())
}

impl Synth {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self { posts, seed, start, days, clean } = self;
        let start = start.unwrap_or(Timeline::default().start);
        let timeline = Timeline { posts, seed, start, days, oddities: !clean };
        with_stdout(|output| Ok(timeline.write_to(output).map(drop)?))
    }
}
