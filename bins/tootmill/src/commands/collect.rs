//! `tootmill collect`: posts from an instance into a lake.

mod instance;
mod refresh;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant as Moment},
};

use clap::Args;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tootmill_collect::{Beginning, CatchUp, CaughtUp, Committed, Follow, Followed, Limits, Lineage, catch_up, follow};
use tootmill_lake::Lake;
use tootmill_mastodon::{Feed, Instance, Statuses, Stream, Timeline};
use tootmill_metric::{Day, Instant};
use tootmill_policy::{Level, Policy};
use tootmill_privacy::log::{self, Done};

pub(in crate::commands) use self::instance::contact;
use self::{
    instance::{InstanceArguments, Reached},
    refresh::RefreshArguments,
};
use super::{
    gdpr,
    import::now,
    lake::{LakeArguments, OutcomeArguments},
    policy::{self, PolicyArguments},
    run::parse_time,
    stage::Told,
};
use crate::{failure::Failure, interrupt, output::say, progress::CollectProgress};

/// Collect posts from an instance's public timeline into a lake.
///
/// What is new since the newest post that the lake holds is read page by page, within the instance's limits, up to the newest
/// that there is, and some minutes before are read again for posts that came late. It can be stopped at any moment, and goes on
/// where it was. Run it every few minutes, or with --follow: then it goes on with what the instance streams, until it is stopped.
/// With --refresh, posts that were collected are looked at again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill collect --last 1000 --accept-rules --contact admin@mill.example --lake lake --instance mastodon.example\n  \
    tootmill collect --follow --contact admin@mill.example --lake lake --instance mastodon.example\n  \
    tootmill collect --contact admin@mill.example --lake hdfs://namenode:8020/tootmill --instance mastodon.example\n  \
    tootmill collect --refresh --contact admin@mill.example --lake lake --instance mastodon.example")]
pub(crate) struct Collect {
    #[command(flatten)]
    lake: LakeArguments,
    #[command(flatten)]
    instance: InstanceArguments,
    #[command(flatten)]
    feed: FeedArguments,
    #[command(flatten)]
    pages: PageArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    stream: StreamArguments,
    #[command(flatten)]
    refresh: RefreshArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

/// What is done, as the log has it.
const COLLECTING: &str = "tootmill collect";
const FOLLOWING: &str = "tootmill collect --follow";
const REFRESHING: &str = "tootmill collect --refresh";

/// Which posts of the timeline.
#[derive(Args, Clone, Copy, Debug)]
struct FeedArguments {
    /// Only posts of the instance's own people
    #[arg(long, conflicts_with = "remote")]
    local: bool,
    /// Only posts of other instances
    #[arg(long)]
    remote: bool,
    /// Only posts with media attached
    #[arg(long)]
    only_media: bool,
}

/// How pages are read and committed.
#[derive(Args, Debug)]
struct PageArguments {
    /// The first time: begin with the posts since then, a day or an instant
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "last")]
    since: Option<Instant>,
    /// The first time: begin with so many of the newest posts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    last: Option<u64>,
    /// Begin at --since or --last although posts were collected before, and record what is between as a gap
    #[arg(long)]
    leave_gap: bool,
    /// How much is read again, for posts that come late
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    overlap: Duration,
    /// How long posts may wait to be committed
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_duration)]
    commit_every: Duration,
}

/// Whether and how a stream is followed.
#[derive(Args, Debug)]
struct StreamArguments {
    /// Go on with what the instance streams, until it is stopped by Ctrl-C or SIGTERM
    #[arg(long, conflicts_with = "refresh")]
    follow: bool,
    /// With --follow: how long a stream may be silent, without a heartbeat either, before it is opened again
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = parse_duration)]
    silence: Duration,
    /// With --follow: how often to look at the pages whether the stream has brought everything
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    check_every: Duration,
}

impl Collect {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.pages.leave_gap && self.pages.since.is_none() && self.pages.last.is_none() {
            return Err(Failure::Usage("--leave-gap needs --since or --last: where to begin".into()));
        }
        let (lake, began) = (self.lake.open()?, Began::now());
        log::can_follow(&lake)?;
        let progress = Arc::new(CollectProgress::new(self.outcome.quiet));
        let done = if self.stream.follow {
            self.follow(&lake, &progress, &began)
        } else if self.refresh.refresh {
            self.refresh(&lake, &progress, &began)
        } else {
            self.catch_up(&lake, &progress, &began)
        };
        progress.finish();
        let told = done?;
        if !self.stream.follow {
            let what = if self.refresh.refresh { REFRESHING } else { COLLECTING };
            note(&lake, self.policy.level(), what, &began, &told)?;
        }
        self.outcome.tell_stage(&told)
    }

    /// What is kept, on record.
    fn policy(&self, lake: &Lake, instance: &Instance) -> Result<Arc<Policy>, Failure> {
        let mut policy = self.policy.policy(&self.lake.instance)?;
        if let Some(domain) = &instance.domain {
            policy = policy.also_called(domain);
        }
        policy::record(lake, &format!("collect {}", self.feed.feed()), &policy, now())?;
        Ok(Arc::new(policy))
    }

    fn catch_up(&self, lake: &Lake, progress: &Arc<CollectProgress>, began: &Began) -> Result<Told, Failure> {
        let Reached { client, instance, observer } =
            self.instance.reach(&self.lake.instance, lake, Timeline::ADDRESSES, &Arc::default(), progress)?;
        let timeline = Timeline::open(&client, &instance, self.feed.feed())?;
        let lineage = Lineage::begin(lake, self.feed.feed(), observer, &self.policy(lake, &instance)?)?;
        let told = catch_up(&timeline, &lineage, &self.pages.how(), &**progress);
        let told = or_noted(told, COLLECTING, began, &lineage)?;
        if told.falls_behind() {
            say(format!(
                "the timeline grows faster than it may be read: it was {} s behind, now it is {} s; use --follow",
                told.behind_before.unwrap_or_default(),
                told.behind.unwrap_or_default()
            ));
        }
        let CaughtUp { posts, known, pages, committed: Committed { files, policy, .. }, .. } = told;
        let counters = [
            ("posts", posts),
            ("known", known),
            ("left_out", policy.left_out),
            ("reduced", policy.reduced),
            ("pages", pages),
            ("files", files),
        ];
        Ok(Told { sentence: sentence(&told), own: json!(told), ..began.told(lake, files > 0, &counters)? })
    }

    /// Follows until it is stopped. The instance is reached anew every day, for its rules and robots.txt may have changed, and
    /// when another token has taken the place of one that works no more. Each time is an entry of the log.
    fn follow(&self, lake: &Lake, progress: &Arc<CollectProgress>, began: &Began) -> Result<Told, Failure> {
        let stop = Arc::default();
        interrupt::set(&stop)?;
        let addresses = [Timeline::ADDRESSES, Stream::ADDRESSES].concat();
        let mut how = self.stream.how(self.pages.how());
        let mut told = Followed::default();
        while !stop.load(Ordering::Relaxed) {
            let reached = self.instance.reach(&self.lake.instance, lake, &addresses, &stop, progress)?;
            let Reached { client, instance, observer } = &reached;
            let lineage = Lineage::begin(lake, self.feed.feed(), observer.clone(), &self.policy(lake, instance)?)?;
            let since = Began::now();
            let followed = follow(client, instance, &lineage, &how, &**progress);
            match or_noted(followed, FOLLOWING, &since, &lineage) {
                Ok(more) => {
                    note(lake, self.policy.level(), FOLLOWING, &since, &of_stream(lake, &since, &more)?)?;
                    told += more;
                }
                Err(error)
                    if error.is_of_the_token() && self.instance.has_other_token(&self.lake.instance, &reached)? =>
                {
                    say("the token works no more, and another is there: going on with it");
                }
                Err(error) => return Err(error.into()),
            }
            (how.catch_up.beginning, how.catch_up.leave_gap) = (None, false);
        }
        of_stream(lake, began, &told)
    }

    fn refresh(&self, lake: &Lake, progress: &Arc<CollectProgress>, began: &Began) -> Result<Told, Failure> {
        let days = self.refresh.due(lake)?;
        if days.is_empty() {
            return refresh::told(lake, &[], began);
        }
        let stop = Arc::default();
        interrupt::set(&stop)?;
        let addresses = [Timeline::ADDRESSES, Statuses::ADDRESSES].concat();
        let Reached { client, instance, observer } =
            self.instance.reach(&self.lake.instance, lake, &addresses, &stop, progress)?;
        // What was observed until a signal came is committed.
        let timeline = Timeline::open(&client, &instance, self.feed.feed())?;
        let lineage = Lineage::refresh(lake, self.feed.feed(), observer, &self.policy(lake, &instance)?)?;
        let refresh = |day| {
            let coverage = tootmill_collect::refresh(&timeline, &lineage, day, &self.refresh.how(), &**progress)?;
            Ok((day, coverage))
        };
        let days = days.into_iter().map(refresh).collect::<Result<Vec<_>, tootmill_collect::Error>>();
        let days = or_noted(days, REFRESHING, began, &lineage)?;
        refresh::told(lake, &days, began)
    }
}

/// Notes in the log what was collected, if something was.
fn note(lake: &Lake, level: Level, what: &str, began: &Began, told: &Told) -> Result<(), Failure> {
    if told.paths.is_empty() {
        return Ok(());
    }
    let done = Done::by_command(what).by("policy", level.to_string());
    gdpr::note(lake, Done { days: began.days(), ..done }, told)
}

/// What came of the work. Where it failed, what it had committed before is noted in the log.
fn or_noted<T>(
    done: Result<T, tootmill_collect::Error>,
    what: &str,
    since: &Began,
    lineage: &Lineage,
) -> Result<T, tootmill_collect::Error> {
    let Committed { files, lines, policy, .. } = lineage.committed();
    if done.is_err() && files > 0 {
        let (lake, level) = (lineage.lake(), lineage.policy().level());
        let counters = [("lines", lines), ("left_out", policy.left_out), ("reduced", policy.reduced), ("files", files)];
        let told = since.told(lake, true, &counters);
        if let Err(failure) = told.and_then(|told| note(lake, level, what, since, &told)) {
            say(format!("what was collected before it failed is not in the log: {failure}"));
        }
    }
    done
}

/// When collecting began.
struct Began {
    at: Instant,
    moment: Moment,
}

impl Began {
    fn now() -> Self {
        Self { at: now(), moment: Moment::now() }
    }

    /// The days since, which are those of the raw files.
    fn days(&self) -> Vec<Day> {
        let (mut days, last) = (vec![self.at.day()], now().day());
        while let Some(next) = days.last().map(|day| day.next()).filter(|next| *next <= last) {
            days.push(next);
        }
        days
    }

    /// What was collected since: its counters, the folders of the days on which it was observed where there is something, and
    /// the time.
    fn told(&self, lake: &Lake, is_something: bool, counters: &[(&'static str, u64)]) -> Result<Told, Failure> {
        let mut paths = Vec::new();
        for folder in self.days().into_iter().filter(|_| is_something).map(|day| lake.raw(day)) {
            if lake.storage().find(&folder)?.is_some() {
                paths.push(lake.storage().address(&folder));
            }
        }
        let (seconds, counters) = (self.moment.elapsed().as_secs_f64(), counters.iter().copied().collect());
        Ok(Told { sentence: String::new(), paths, counters, rows: None, seconds, job: None, own: Value::Null })
    }
}

impl StreamArguments {
    fn how(&self, catch_up: CatchUp) -> Follow {
        Follow { catch_up, silence: self.silence, check: self.check_every, ..Follow::default() }
    }
}

impl FeedArguments {
    fn feed(self) -> Feed {
        Feed { local: self.local, remote: self.remote, only_media: self.only_media }
    }
}

impl PageArguments {
    fn how(&self) -> CatchUp {
        let since = self.since.map(Beginning::Since);
        CatchUp {
            beginning: since.or(self.last.map(Beginning::Last)),
            leave_gap: self.leave_gap,
            overlap: self.overlap,
            overlap_posts: usize::MAX,
            limits: Limits { time: self.commit_every, ..Limits::default() },
        }
    }
}

fn sentence(told: &CaughtUp) -> String {
    let CaughtUp { posts, known, pages, committed, behind, .. } = told;
    let again = if *known > 0 { format!(", {known} were known") } else { String::new() };
    let behind = behind.map_or_else(String::new, |seconds| format!("; the newest was written {seconds} s ago"));
    let policy = policy::phrase(&committed.policy);
    format!("{posts} posts in {pages} pages were collected into {} files{again}{policy}{behind}", committed.files)
}

/// What was streamed since.
fn of_stream(lake: &Lake, began: &Began, told: &Followed) -> Result<Told, Failure> {
    let Followed { posts, deletions, by_pages, gaps, unreadable, committed: Committed { files, policy, .. }, .. } =
        told;
    let counters = [
        ("posts", *posts),
        ("left_out", policy.left_out),
        ("reduced", policy.reduced),
        ("deletions", *deletions),
        ("by_pages", *by_pages),
        ("gaps", *gaps),
        ("unreadable", *unreadable),
        ("files", *files),
    ];
    Ok(Told {
        own: json!(told),
        sentence: sentence_of_stream(told),
        ..began.told(lake, files + by_pages > 0, &counters)?
    })
}

fn sentence_of_stream(told: &Followed) -> String {
    let Followed { posts, deletions, by_pages, connections, gaps, committed, unreadable, .. } = told;
    let mut gaps = if *gaps > 0 { format!("; {gaps} gaps were recorded") } else { String::new() };
    if *unreadable > 0 {
        gaps += &format!("; {unreadable} events could not be read");
    }
    format!(
        "{posts} posts and {deletions} deletions were streamed into {} files, over {connections} connections; {by_pages} posts \
         were read by pages{gaps}{}",
        committed.files,
        policy::phrase(&committed.policy)
    )
}

const LONGEST: Duration = Duration::from_hours(24 * 366);

/// A length of time, as in `90s`, `15m` or `24h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration =
        text.parse().map_err(|_| "a length of time is expected, as in 90s, 15m or 24h".to_string())?;
    let time = Duration::try_from(parsed).map_err(|_| "a length of time cannot be negative".to_string())?;
    if time > LONGEST { Err("a year is the longest that makes sense".into()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use tootmill_collect::{Error, Kind, Limits, Observer, RawWriter};

    use super::*;

    #[test]
    fn deletions_alone_are_something_that_was_streamed() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let began = Began::now();
        lake.storage().write_text(&format!("{}/a.jsonl", lake.raw(began.at.day())), "{}").unwrap();
        let committed = Committed { files: 1, lines: 1, ..Committed::default() };
        let told = |told| of_stream(&lake, &began, &told).unwrap().paths.len();
        assert_eq!(told(Followed { deletions: 1, committed, ..Followed::default() }), 1);
        assert_eq!(told(Followed::default()), 0);
    }

    #[test]
    fn what_was_committed_before_it_failed_is_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let policy = Arc::new(Policy::as_sent());
        let lineage = Lineage::begin(&lake, Feed::default(), Observer::anonymous(), &policy).unwrap();
        let began = Began::now();
        let entries = || log::entries(&lake).unwrap().0;
        or_noted(Err::<(), _>(Error::NoLongerSeveral), COLLECTING, &began, &lineage).unwrap_err();
        assert_eq!(entries(), [], "nothing was committed");
        let mut writer = RawWriter::new(&lineage, Kind::Pages, Limits::default());
        writer.write_deletion("7").unwrap();
        writer.commit().unwrap();
        or_noted(Ok(()), COLLECTING, &began, &lineage).unwrap();
        assert_eq!(entries(), [], "it is noted with all that came of it");
        or_noted(Err::<(), _>(Error::NoLongerSeveral), COLLECTING, &began, &lineage).unwrap_err();
        assert_eq!(entries()[0].data()["counts"], json!({"files": 1, "lines": 1}));
    }
}
