//! `tootmill collect`: posts from an instance into a lake.

mod refresh;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;
use tootmill_collect::{
    Acceptance, Beginning, CatchUp, CaughtUp, Coverage, Limits, Lineage, Observer, accept, acceptance, catch_up,
};
use tootmill_lake::Lake;
use tootmill_mastodon::{Client, Feed, Instance, Rules, Settings, Statuses, Timeline, check_robots};
use tootmill_metric::{Day, Instant};

use self::refresh::RefreshArguments;
use super::{
    lake::{LakeArguments, OutcomeArguments},
    run::parse_time,
};
use crate::{failure::Failure, output::say, progress::CollectProgress};

/// Collect posts from an instance's public timeline into a lake.
///
/// What is new since the newest post that the lake holds is read page by page, within the instance's limits, up to the newest
/// that there is, and some minutes before are read again for posts that came late. It can be stopped at any moment, and goes on
/// where it was. Run it every few minutes, or with --follow. With --refresh, posts that were collected are looked at again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill collect --last 1000 --accept-rules --contact admin@mill.example --lake lake --instance mastodon.example\n  \
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
    refresh: RefreshArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
}

/// Which instance, and how it is asked.
#[derive(Args, Debug)]
pub(crate) struct InstanceArguments {
    /// Where the instance is [default: https:// and the instance's host]
    #[arg(long, value_name = "URL", env = "TOOTMILL_FROM")]
    from: Option<String>,
    /// Where its administrators can reach you: an address of mail or of a page, for the User-Agent
    #[arg(long, value_name = "ADDRESS", env = "TOOTMILL_CONTACT")]
    contact: Option<String>,
    /// Accept the instance's rules, terms of service and privacy policy as they are now
    #[arg(long)]
    accept_rules: bool,
    /// The most requests a minute, whatever the instance allows; 0 for no such limit
    #[arg(long, value_name = "N", default_value_t = 60)]
    requests_per_minute: u32,
    /// How long the instance may be silent
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// For how long a request that fails is made again
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    patience: Duration,
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

impl Collect {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.pages.leave_gap && self.pages.since.is_none() && self.pages.last.is_none() {
            return Err(Failure::Usage("--leave-gap needs --since or --last: where to begin".into()));
        }
        let lake = self.lake.open()?;
        let progress = Arc::new(CollectProgress::new(self.outcome.quiet));
        if self.refresh.refresh {
            let done = self.refresh(&lake, &progress);
            progress.finish();
            return refresh::tell(self.outcome, &done?);
        }
        let done = self.collect(&lake, &progress);
        progress.finish();
        let told = done?;
        if told.falls_behind() {
            say(format!(
                "the timeline grows faster than it may be read: it was {} s behind, now it is {} s; use --follow",
                told.behind_before.unwrap_or_default(),
                told.behind.unwrap_or_default()
            ));
        }
        self.outcome.tell(&sentence(&told), &json!(told))
    }

    fn collect(&self, lake: &Lake, progress: &Arc<CollectProgress>) -> Result<CaughtUp, Failure> {
        let client = self.instance.client(&self.lake.instance, progress)?;
        check_robots(&client, Timeline::PATH)?;
        self.instance.check_rules(&client, lake)?;
        let timeline = Timeline::open(&client, &Instance::of(&client)?, self.feed.feed())?;
        let lineage = Lineage::begin(lake, self.feed.feed(), Observer::anonymous())?;
        Ok(catch_up(&timeline, &lineage, &self.pages.how(), &**progress)?)
    }

    fn refresh(&self, lake: &Lake, progress: &Arc<CollectProgress>) -> Result<Vec<(Day, Coverage)>, Failure> {
        let days = self.refresh.due(lake)?;
        if days.is_empty() {
            return Ok(Vec::new());
        }
        let client = self.instance.client(&self.lake.instance, progress)?;
        check_robots(&client, Statuses::PATH)?;
        self.instance.check_rules(&client, lake)?;
        let timeline = Timeline::open(&client, &Instance::of(&client)?, self.feed.feed())?;
        let lineage = Lineage::refresh(lake, self.feed.feed(), Observer::anonymous())?;
        let refresh =
            |day| Ok((day, tootmill_collect::refresh(&timeline, &lineage, day, &self.refresh.how(), &**progress)?));
        days.into_iter().map(refresh).collect()
    }
}

impl InstanceArguments {
    fn client(&self, instance: &str, progress: &Arc<CollectProgress>) -> Result<Client, Failure> {
        let settings = Settings {
            contact: self.contact.clone().unwrap_or_default(),
            requests_a_minute: NonZeroU32::new(self.requests_per_minute),
            timeout: self.timeout,
            patience: self.patience,
            ..Settings::default()
        };
        let client = Client::new(self.from.as_deref().unwrap_or(instance), settings, Box::new(Arc::clone(progress)))?;
        if self.contact.is_none() && !client.is_on_this_machine() {
            return Err(Failure::Usage(
                "--contact is needed: the instance's administrators must be able to reach whoever runs this".into(),
            ));
        }
        Ok(client)
    }

    /// Shows the rules and records that they were accepted, or fails where they were not.
    fn check_rules(&self, client: &Client, lake: &Lake) -> Result<(), Failure> {
        let rules = Rules::of(client)?;
        let state = acceptance(lake, &rules)?;
        if state == Acceptance::Given {
            return Ok(());
        }
        say(shown(&rules, client.base().as_str()));
        if self.accept_rules {
            return Ok(accept(lake, &rules)?);
        }
        let (instance, changed) = (client.base().to_string(), state == Acceptance::Changed);
        Err(tootmill_collect::Error::Rules { instance, changed }.into())
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

/// The rules as a person reads them.
fn shown(rules: &Rules, instance: &str) -> String {
    let mut text = format!("The rules of {instance}:\n");
    if rules.rules.is_empty() {
        text += "  (it has none)\n";
    }
    for (number, rule) in rules.rules.iter().enumerate() {
        text += &format!("  {}. {rule}\n", number + 1);
    }
    for (name, page) in [("terms of service", &rules.terms), ("privacy policy", &rules.privacy)] {
        match page {
            Some(page) => text += &format!("\nIts {name}:\n{}\n", nanohtml2text::html2text(page).trim()),
            None => text += &format!("\nIt has no {name}.\n"),
        }
    }
    text
}

fn sentence(told: &CaughtUp) -> String {
    let CaughtUp { posts, known, pages, committed, behind, .. } = told;
    let again = if *known > 0 { format!(", {known} were known") } else { String::new() };
    let behind = behind.map_or_else(String::new, |seconds| format!("; the newest was written {seconds} s ago"));
    format!("{posts} posts in {pages} pages were collected into {} files{again}{behind}", committed.files)
}

/// A length of time, as in `90s`, `15m` or `24h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration =
        text.parse().map_err(|_| "a length of time is expected, as in 90s, 15m or 24h".to_string())?;
    Duration::try_from(parsed).map_err(|_| "a length of time cannot be negative".into())
}
