//! `tootmill retain`: what has been in a lake for long enough goes.

use std::{collections::BTreeSet, time::Instant as Moment};

use clap::Args;
use serde_json::json;
use tootmill_lake::Lake;
use tootmill_metric::{Day, Registry};
use tootmill_policy::Whom;
use tootmill_privacy::{
    Kept,
    log::{self, Done},
};
use tootmill_stages::{Erasing, Retained, Retention};

use super::{
    gdpr,
    import::now,
    lake::{LakeArguments, OutcomeArguments},
    purge::PurgeArguments,
    run::EngineArguments,
    submit::parse_day,
    yarn::ClusterArguments,
};
use crate::{failure::Failure, output::say, progress::Progress};

/// Let go what has been in a lake for long enough: raw files, posts, and accounts that were not seen for long.
///
/// Raw files and posts go by whole days, once they are compacted and counted; what comes for a day later is counted as late and
/// left out. So do the observations of posts that were deleted. An account that is gone has no row of its own any more, and what
/// it is counted in with others stays. Run it every day; again it does nothing.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill retain --dry-run --lake lake --instance mastodon.example\n  \
    tootmill retain --raw 30 --posts 180 --accounts 400 --lake lake --instance mastodon.example --tables sqlite:tootmill.db")]
pub(crate) struct Retain {
    /// Keep raw files for so many days after they were observed
    #[arg(long, value_name = "DAYS", default_value_t = Kept::USUAL.raw)]
    raw: u32,
    /// Keep posts for so many days after they were written
    #[arg(long, value_name = "DAYS", default_value_t = Kept::USUAL.posts)]
    posts: u32,
    /// Keep accounts for so many days after they posted for the last time, at least as long as posts [default: for ever]
    #[arg(long, value_name = "DAYS")]
    accounts: Option<u32>,
    /// The day from which is counted [default: today]
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    as_of: Option<Day>,
    /// Say what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    lake: LakeArguments,
    #[command(flatten)]
    tables: PurgeArguments,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

impl Retain {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.accounts.is_some_and(|accounts| accounts < self.posts) {
            return Err(Failure::Usage("accounts must be kept for as long as posts: --accounts".into()));
        }
        let (lake, began, registry) = (self.lake.open()?, Moment::now(), Registry::linked()?);
        let lease = gdpr::begin(&lake, "tootmill retain")?;
        if !self.dry_run {
            self.cluster.refuse_jobs_of(&lake)?;
        }
        let progress = Progress::new(0, self.outcome.quiet);
        let (instance, retention) = (&self.lake.instance, self.retention());
        let retain = |lease, salt: &str| {
            tootmill_stages::retain(&lake, lease, &retention, &registry, instance, salt.as_bytes(), &progress)
        };
        let retained = if self.dry_run {
            retain(None, "")?
        } else {
            let interrupted = tootmill_privacy::leaving(&lake)?;
            // Without accounts that go no tables are needed.
            let tables = if self.accounts.is_some() {
                self.tables.check(&registry)?;
                self.tables.tell_of_others(&lake)?;
                self.tables.addresses()
            } else if let Some(one) = interrupted.as_ref().filter(|one| !one.accounts.is_empty()) {
                let accounts = one.accounts.len();
                let said = format!(
                    "a retention of {accounts} accounts was interrupted: say --accounts, as it did, to bring it to its end"
                );
                return Err(Failure::Usage(said));
            } else {
                interrupted.as_ref().map(|one| one.tables.clone()).unwrap_or_default()
            };
            let accounts = tootmill_stages::accounts_not_seen(&lake, &retention, &registry)?;
            let leaving = tootmill_privacy::begin_retention(&lake, &lease, accounts, tables)?;
            let kept = Kept { raw: self.raw, posts: self.posts, accounts: self.accounts };
            tootmill_privacy::record_retention(&lake, &lease, kept)?;
            let retained = retain(Some(&lease), &leaving.salt)?;
            if interrupted.is_some() || !leaving.accounts.is_empty() || retained.changes_days() {
                let erasing = Erasing { lake: &lake, registry: &registry, instance };
                erasing.recount(&lease, &self.engine.options(), &progress)?;
            }
            let gone = tootmill_stages::not_counted(&lake, &registry, &leaving.accounts)?;
            if !gone.is_empty() {
                let gone = Whom { accounts: gone.clone(), ..Whom::default() };
                self.tables.purge(&lake, &lease, &gone, &registry, self.outcome.quiet)?;
            }
            // An interrupted one may have taken some out of the states already.
            let retained = Retained { accounts: gone.len() as u64, ..retained };
            // Noted first: twice is better than never.
            self.note(&lake, &retained)?;
            tootmill_privacy::end_retention(&lake, &lease)?;
            retained
        };
        progress.finish();
        self.tell(&retained, began)
    }

    /// The first days that are kept.
    fn retention(&self) -> Retention {
        let today = self.as_of.unwrap_or_else(|| now().day());
        let from = |days| Kept::first_day(days, today);
        Retention { raw: Some(from(self.raw)), posts: Some(from(self.posts)), accounts: self.accounts.map(from) }
    }

    /// Notes in the log what went, if something did.
    fn note(&self, lake: &Lake, retained: &Retained) -> Result<(), Failure> {
        let Retained { raw_days, posts_days, deleted, redacted, accounts, .. } = retained;
        let (raw, posts) = (raw_days.len() as u64, posts_days.len() as u64);
        if raw + posts + deleted + accounts == 0 {
            return Ok(());
        }
        let gone: BTreeSet<Day> = raw_days.iter().chain(posts_days).filter_map(|day| Day::parse(day)).collect();
        let days = |days: u32| format!("{days} days");
        let done = Done { days: gone.into_iter().collect(), ..Done::by_command("tootmill retain") }
            .by("raw", days(self.raw))
            .by("posts", days(self.posts))
            .by("accounts", self.accounts.map_or_else(|| "for ever".into(), days))
            .count("raw_days", raw)
            .count("posts_days", posts)
            .count("deleted", *deleted)
            .count("redacted", *redacted)
            .count("accounts", *accounts);
        log::append(lake, &done, now())?;
        Ok(())
    }

    fn tell(&self, retained: &Retained, began: Moment) -> Result<(), Failure> {
        let done = if self.dry_run { "would go" } else { "went" };
        let Retained { raw_days, posts_days, deleted, redacted, accounts, kept } = retained;
        kept.iter().for_each(|kept| say(format!("kept: {kept}")));
        let sentence = format!(
            "raw files of {} days {done}, posts of {} days, {deleted} observations of deleted posts (others' posts were \
             redacted {redacted} times), {accounts} accounts",
            raw_days.len(),
            posts_days.len()
        );
        let seconds = began.elapsed().as_secs_f64();
        self.outcome.tell(&sentence, &json!({"dry_run": self.dry_run, "retained": retained, "seconds": seconds}))
    }
}
