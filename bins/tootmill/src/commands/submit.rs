//! `tootmill submit`: a day's posts into its states and rows, on the cluster or in this process.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Map, Value, json};
use tootmill_lake::{Lake, Lease, Place};
use tootmill_metric::{Day, Registry};
use tootmill_privacy::log::Done;
use tootmill_stages::{Counted, count_day_on_yarn, count_days_on_yarn};

use super::{
    gdpr,
    lake::{LakeArguments, phrase},
    stage::{On, StageArguments, Told, paths},
};
use crate::{failure::Failure, output::say};

/// Map and reduce the posts of days: their states and rows.
///
/// A day whose states are there already, made from the posts that count, is passed over. On the cluster, several days are
/// computed by one job.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill submit --date 2026-11-24 --lake hdfs://namenode:8020/tootmill --instance mastodon.example\n  \
    tootmill submit --lake hdfs://namenode:8020/tootmill --instance mastodon.example --way stock --reducers 4 \\\n      \
    --launcher 'hadoop jar /usr/lib/hadoop-mapreduce/hadoop-streaming.jar' --set mapreduce.job.queuename=metrics")]
pub(crate) struct Submit {
    /// The day of the posts; may be given several times [default: all days that have posts]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Vec<Day>,
    /// All days that have posts, up to this one
    #[arg(long, value_name = "DAY", value_parser = parse_day, conflicts_with = "date")]
    until: Option<Day>,
    #[command(flatten)]
    lake: LakeArguments,
    /// Compute days again whose states are there already
    #[arg(long)]
    again: bool,
    /// Where to compute [default: on YARN where the lake is in HDFS]
    #[arg(long, value_name = "WHERE", env = "TOOTMILL_ON")]
    on: Option<On>,
    #[command(flatten)]
    stage: StageArguments,
}

pub(crate) fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "no day such as 2026-11-24".into())
}

impl Submit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (lake, began) = (self.lake.open()?, Instant::now());
        let mut days: BTreeSet<Day> = match &*self.date {
            [] => lake.posts()?.into_iter().map(|(day, _)| day).collect(),
            days => days.iter().copied().collect(),
        };
        if days.is_empty() {
            return Err(tootmill_stages::Error::Empty(lake.address()).into());
        }
        if let Some(until) = self.until {
            days.retain(|day| *day <= until);
        }
        let on = On::or_where(self.on, &self.lake);
        let days = in_lake(&lake, &days, self.again, |_| Ok(on), &self.stage)?;
        if !self.stage.outcome.json {
            days.iter().for_each(|(_, told)| say(&told.sentence));
        }
        self.stage.outcome.tell_stage(&of_all(&days, began.elapsed()))
    }
}

/// What all days came to together. There is one job at most.
fn of_all(days: &[(Day, Told)], elapsed: Duration) -> Told {
    let told = || days.iter().map(|(_, told)| told);
    let mut counters = BTreeMap::new();
    for (name, count) in told().flat_map(|told| &told.counters) {
        *counters.entry(*name).or_default() += count;
    }
    let by_day: Map<String, Value> = days.iter().map(|(day, told)| (day.to_string(), told.data())).collect();
    Told {
        sentence: format!("{} days are counted", days.len()),
        paths: told().flat_map(|told| told.paths.clone()).collect(),
        counters,
        rows: Some(told().filter_map(|told| told.rows).sum()),
        seconds: elapsed.as_secs_f64(),
        job: told().find_map(|told| told.job.clone()),
        own: json!({"days": by_day}),
    }
}

fn told(lake: &Lake, day: Day, counted: Counted, elapsed: Duration) -> Result<Told, Failure> {
    let Counted { was_done, counters, rows, job } = counted;
    let how = if was_done { "was counted already" } else { "is counted" };
    let mut sentence = format!("{day} {how}: {}, {rows} rows", phrase(&counters));
    if let Some(job) = &job {
        sentence += &format!("; {}", super::yarn::phrase(job));
    }
    Ok(Told {
        sentence,
        paths: paths(lake, [Place::States(day), Place::Rows(day)])?,
        counters: counters.named().collect(),
        rows: Some(rows),
        seconds: elapsed.as_secs_f64(),
        job,
        own: json!({"was_done": was_done}),
    })
}

/// Counts days, each where `on` says, and tells what was done.
pub(crate) fn in_lake(
    lake: &Lake,
    days: &BTreeSet<Day>,
    again: bool,
    on: impl Fn(Day) -> Result<On, Failure>,
    stage: &StageArguments,
) -> Result<Vec<(Day, Told)>, Failure> {
    let registry = Registry::linked()?;
    let lease = gdpr::begin(lake, "tootmill submit")?;
    let (mut done, mut by_jobs) = (Vec::new(), BTreeSet::new());
    for day in days {
        if on(*day)? == On::Yarn {
            by_jobs.insert(*day);
            continue;
        }
        let began = Instant::now();
        let counted = stage
            .here(|options, watch| tootmill_stages::count_day(lake, &lease, *day, again, &registry, options, watch))?;
        let told = told(lake, *day, counted, began.elapsed())?;
        note(lake, *day, &told)?;
        done.push((*day, told));
    }
    if !by_jobs.is_empty() {
        for (day, told) in by_job(lake, &lease, &by_jobs, again, &registry, stage)? {
            note(lake, day, &told)?;
            done.push((day, told));
        }
    }
    done.sort_by_key(|(day, _)| *day);
    Ok(done)
}

/// Notes in the log that a day was counted, if it was now: what comes after may fail.
fn note(lake: &Lake, day: Day, told: &Told) -> Result<(), Failure> {
    if told.own["was_done"] == true {
        return Ok(());
    }
    gdpr::note(lake, Done { days: vec![day], ..Done::by_command("tootmill submit") }, told)
}

/// Counts days by one job.
fn by_job(
    lake: &Lake,
    lease: &Lease,
    by_jobs: &BTreeSet<Day>,
    again: bool,
    registry: &Registry,
    stage: &StageArguments,
) -> Result<Vec<(Day, Told)>, Failure> {
    let began = Instant::now();
    let counted = stage.by_job(lake, |yarn| match by_jobs.first() {
        Some(day) if by_jobs.len() == 1 => {
            count_day_on_yarn(lake, lease, *day, again, registry, yarn).map(|counted| [(*day, counted)].into())
        }
        _ => count_days_on_yarn(lake, lease, by_jobs, again, registry, yarn),
    })?;
    let elapsed = began.elapsed();
    // The time is told with the job, and that with the first day that it made.
    let of_day = |counted: &Counted| if counted.job.is_some() { elapsed } else { Duration::ZERO };
    counted
        .into_iter()
        .map(|(day, counted)| {
            let elapsed = of_day(&counted);
            Ok((day, told(lake, day, counted, elapsed)?))
        })
        .collect()
}
