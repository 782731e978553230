//! `tootmill submit`: a day's posts into its states and rows, on the cluster or in this process.

use clap::Args;
use serde_json::json;
use tootmill_lake::Lake;
use tootmill_metric::{Day, Registry};
use tootmill_stages::{Counted, count_day, count_day_on_yarn, count_days_on_yarn};

use super::{
    lake::{LakeArguments, On, OutcomeArguments, phrase},
    run::EngineArguments,
    yarn::YarnArguments,
};
use crate::{
    failure::Failure,
    output::say,
    progress::{JobProgress, Progress},
};

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
    #[command(flatten)]
    lake: LakeArguments,
    /// Compute days again whose states are there already
    #[arg(long)]
    again: bool,
    /// Where to compute [default: on YARN where the lake is in HDFS]
    #[arg(long, value_name = "WHERE")]
    on: Option<On>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    yarn: YarnArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

pub(crate) fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "no day such as 2026-11-24".into())
}

impl Submit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let lake = self.lake.open()?;
        let days = if self.date.is_empty() { lake.days_of_posts()? } else { self.date.clone() };
        if days.is_empty() {
            return Err(tootmill_stages::Error::Empty(lake.address()).into());
        }
        let on = On::or_where(self.on, &self.lake);
        let told = if on == On::Yarn && days.len() > 1 {
            self.by_one_job(&lake, &days)?
        } else {
            let one = |day| in_lake(&lake, day, self.again, on, &self.engine, &self.yarn, self.outcome.quiet);
            days.iter().map(|day| Ok((*day, one(*day)?))).collect::<Result<_, Failure>>()?
        };
        let mut done = serde_json::Map::new();
        for (day, (sentence, data)) in told {
            if !self.outcome.json {
                say(sentence);
            }
            done.insert(day.to_string(), data);
        }
        self.outcome.tell(&format!("{} days are counted", done.len()), &json!({ "days": done }))
    }

    fn by_one_job(&self, lake: &Lake, days: &[Day]) -> Result<Vec<(Day, Told)>, Failure> {
        let registry = Registry::linked()?;
        let lease = lake.lease("tootmill submit")?;
        let watch = JobProgress::new(self.outcome.quiet);
        let yarn = self.yarn.on_yarn(&self.engine, &watch)?;
        let counted = count_days_on_yarn(lake, &lease, days, self.again, &registry, &yarn);
        watch.finish();
        Ok(counted?.iter().map(|(day, counted)| (*day, told(*day, counted))).collect())
    }
}

/// What was done, as a sentence and as data.
pub(crate) type Told = (String, serde_json::Value);

fn told(day: Day, counted: &Counted) -> Told {
    let Counted { was_done, counters, rows, job } = counted;
    let how = if *was_done { "was counted already" } else { "is counted" };
    let mut sentence = format!("{day} {how}: {}, {rows} rows", phrase(counters));
    if let Some(job) = &job {
        sentence += &format!("; {}", super::yarn::phrase(job));
    }
    (sentence, json!({"was_done": was_done, "counters": counters, "rows": rows, "job": job}))
}

/// Counts a day, and tells what was done.
pub(crate) fn in_lake(
    lake: &Lake,
    day: Day,
    again: bool,
    on: On,
    engine: &EngineArguments,
    yarn: &YarnArguments,
    quiet: bool,
) -> Result<Told, Failure> {
    let registry = Registry::linked()?;
    let lease = lake.lease(&format!("tootmill submit --date {day}"))?;
    let counted = match on {
        On::Local => {
            let progress = Progress::new(0, quiet);
            let counted = count_day(lake, &lease, day, again, &registry, &engine.options(), &progress);
            progress.finish();
            counted?
        }
        On::Yarn => {
            let watch = JobProgress::new(quiet);
            let counted = count_day_on_yarn(lake, &lease, day, again, &registry, &yarn.on_yarn(engine, &watch)?);
            watch.finish();
            counted?
        }
    };
    Ok(told(day, &counted))
}
