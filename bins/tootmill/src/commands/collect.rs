//! `tootmill collect`: posts from an instance into a lake.

mod instance;
mod refresh;

use std::{sync::Arc, time::Duration};

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;
use tootmill_collect::{Beginning, CatchUp, CaughtUp, Follow, Followed, Limits, Lineage, catch_up, follow};
use tootmill_lake::Lake;
use tootmill_mastodon::{Feed, Statuses, Stream, Timeline};
use tootmill_metric::Instant;

use self::{
    instance::{InstanceArguments, Reached},
    refresh::RefreshArguments,
};
use super::{
    lake::{LakeArguments, OutcomeArguments},
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
    stream: StreamArguments,
    #[command(flatten)]
    refresh: RefreshArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

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
    #[arg(long, value_name = "N")]
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
    /// With --follow: if no post came for so long, look at the pages whether there is none
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    check_after: Duration,
}

impl Collect {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.pages.leave_gap && self.pages.since.is_none() && self.pages.last.is_none() {
            return Err(Failure::Usage("--leave-gap needs --since or --last: where to begin".into()));
        }
        let lake = self.lake.open()?;
        let progress = Arc::new(CollectProgress::new(self.outcome.quiet));
        let done = if self.stream.follow {
            self.follow(&lake, &progress)
        } else if self.refresh.refresh {
            self.refresh(&lake, &progress)
        } else {
            self.catch_up(&lake, &progress)
        };
        progress.finish();
        let (sentence, data) = done?;
        self.outcome.tell(&sentence, &data)
    }

    fn catch_up(&self, lake: &Lake, progress: &Arc<CollectProgress>) -> Result<Told, Failure> {
        let Reached { client, instance, observer } =
            self.instance.reach(&self.lake.instance, lake, &[Timeline::PATH], progress)?;
        let timeline = Timeline::open(&client, &instance, self.feed.feed())?;
        let lineage = Lineage::begin(lake, self.feed.feed(), observer)?;
        let told = catch_up(&timeline, &lineage, &self.pages.how(), &**progress)?;
        if told.falls_behind() {
            say(format!(
                "the timeline grows faster than it may be read: it was {} s behind, now it is {} s; use --follow",
                told.behind_before.unwrap_or_default(),
                told.behind.unwrap_or_default()
            ));
        }
        Ok((sentence(&told), json!(told)))
    }

    fn follow(&self, lake: &Lake, progress: &Arc<CollectProgress>) -> Result<Told, Failure> {
        let paths = [Timeline::PATH, Stream::PATH];
        let Reached { client, instance, observer } =
            self.instance.reach(&self.lake.instance, lake, &paths, progress)?;
        interrupt::set(&client.settings().stop)?;
        let lineage = Lineage::begin(lake, self.feed.feed(), observer)?;
        let how = Follow { catch_up: self.pages.how(), silence: self.stream.silence, quiet: self.stream.check_after };
        let told = follow(&client, &instance, &lineage, &how, &**progress)?;
        Ok((sentence_of_stream(&told), json!(told)))
    }

    fn refresh(&self, lake: &Lake, progress: &Arc<CollectProgress>) -> Result<Told, Failure> {
        let days = self.refresh.due(lake)?;
        if days.is_empty() {
            return Ok(refresh::told(&[]));
        }
        let paths = [Timeline::PATH, Statuses::PATH];
        let Reached { client, instance, observer } =
            self.instance.reach(&self.lake.instance, lake, &paths, progress)?;
        // What was observed until a signal came is committed.
        interrupt::set(&client.settings().stop)?;
        let timeline = Timeline::open(&client, &instance, self.feed.feed())?;
        let lineage = Lineage::refresh(lake, self.feed.feed(), observer)?;
        let refresh = |day| {
            let coverage = tootmill_collect::refresh(&timeline, &lineage, day, &self.refresh.how(), &**progress)?;
            Ok((day, coverage))
        };
        let days = days.into_iter().map(refresh).collect::<Result<Vec<_>, Failure>>()?;
        Ok(refresh::told(&days))
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
            limits: Limits { time: self.commit_every, ..Limits::default() },
        }
    }
}

fn sentence(told: &CaughtUp) -> String {
    let CaughtUp { posts, known, pages, committed, behind, .. } = told;
    let again = if *known > 0 { format!(", {known} were known") } else { String::new() };
    let behind = behind.map_or_else(String::new, |seconds| format!("; the newest was written {seconds} s ago"));
    format!("{posts} posts in {pages} pages were collected into {} files{again}{behind}", committed.files)
}

fn sentence_of_stream(told: &Followed) -> String {
    let Followed { posts, deletions, by_pages, connections, gaps, committed, .. } = told;
    let gaps = if *gaps > 0 { format!("; {gaps} gaps were recorded") } else { String::new() };
    format!(
        "{posts} posts and {deletions} deletions were streamed into {} files, over {connections} connections; {by_pages} posts \
         were read by pages{gaps}",
        committed.files
    )
}

/// A length of time, as in `90s`, `15m` or `24h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration =
        text.parse().map_err(|_| "a length of time is expected, as in 90s, 15m or 24h".to_string())?;
    Duration::try_from(parsed).map_err(|_| "a length of time cannot be negative".into())
}
