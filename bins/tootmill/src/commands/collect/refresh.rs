//! `tootmill collect --refresh`: posts that were collected are looked at again.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tootmill_collect::{Coverage, Due, Error, How, Refresh, due};
use tootmill_lake::{Lake, Place};
use tootmill_metric::Day;

use super::{Began, parse_duration};
use crate::{
    commands::{
        stage::{Told, paths},
        submit::parse_day,
    },
    failure::Failure,
};

/// Which posts are looked at again.
#[derive(Args, Debug)]
pub(super) struct RefreshArguments {
    /// Look again at the posts of days that are due, for what people did with them since; deleted ones are removed
    #[arg(long, conflicts_with_all = ["since", "last", "leave_gap"])]
    pub(super) refresh: bool,
    /// Of this day alone [default: all days with posts that are due, the oldest first]
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "refresh")]
    date: Option<Day>,
    /// How long after its end a day is due
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_duration, requires = "refresh")]
    delay: Duration,
    /// Posts expire so many days after the end of their day: within the last two of them they are looked at once more
    #[arg(long, value_name = "DAYS", requires = "refresh")]
    expires_after: Option<u32>,
    /// The most posts of a day that are asked for one by one, where the instance does not give several at once
    #[arg(long, value_name = "N", default_value_t = tootmill_collect::SAMPLE, requires = "refresh")]
    sample: usize,
}

impl RefreshArguments {
    pub(super) fn due(&self, lake: &Lake) -> Result<Vec<Day>, Error> {
        let expires_after = self.expires_after.map(|days| Duration::from_hours(24 * u64::from(days)));
        due(lake, self.date, &Due { delay: self.delay, expires_after })
    }

    pub(super) fn how(&self) -> Refresh {
        Refresh { sample: self.sample, ..Refresh::default() }
    }
}

/// What came of each day.
pub(super) fn told(lake: &Lake, days: &[(Day, Coverage)], began: &Began) -> Result<Told, Failure> {
    let sentences: Vec<String> = days.iter().map(|(day, coverage)| sentence(*day, coverage)).collect();
    let data: Vec<Value> =
        days.iter().map(|(day, coverage)| json!({"date": day.to_string(), "coverage": coverage})).collect();
    let text = if days.is_empty() { "no day is due".into() } else { sentences.join("\n") };
    let sum = |number: fn(&Coverage) -> u64| days.iter().map(|(_, coverage)| number(coverage)).sum();
    let counters = [
        ("asked", sum(|coverage| coverage.asked)),
        ("observed", sum(|coverage| coverage.observed)),
        ("deleted", sum(|coverage| coverage.deleted)),
        ("unexplained", sum(|coverage| coverage.unexplained)),
    ];
    let is_something = days.iter().any(|(_, coverage)| coverage.observed + coverage.deleted > 0);
    let mut told = began.told(lake, is_something, &counters)?;
    told.paths.extend(paths(lake, days.iter().map(|(day, _)| Place::Refreshed(*day)))?);
    Ok(Told { sentence: text, own: json!({"refreshed": data}), ..told })
}

fn sentence(day: Day, coverage: &Coverage) -> String {
    let Coverage { how, of, asked, observed, deleted, withdrawn, unexplained, .. } = coverage;
    let asked = match how {
        How::Batches => format!("all {asked} posts"),
        How::Sample => format!("a sample of {asked} of {of} posts"),
    };
    let unexplained = match unexplained {
        0 => String::new(),
        some => format!(", {some} were not given without a reason and are kept as they were"),
    };
    let withdrawn = match withdrawn {
        0 => String::new(),
        some => format!(", {some} are of accounts that want no part in it any more"),
    };
    format!("{day}: {asked}: {observed} were observed again, {deleted} were deleted{withdrawn}{unexplained}")
}
