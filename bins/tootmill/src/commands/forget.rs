//! `tootmill forget`: accounts and posts out of a lake and its tables.

use std::{fs, path::PathBuf, time::Instant};

use clap::Args;
use serde_json::json;
use tootmill_lake::Lake;
use tootmill_metric::{Day, Registry};
use tootmill_policy::{Named, Whom};
use tootmill_privacy::{
    Erasure, KeyFile,
    log::{self, Done},
};
use tootmill_stages::{Erased, Erasing};

use super::{
    gdpr,
    import::now,
    lake::{LakeArguments, OutcomeArguments},
    policy::KeyArguments,
    purge::PurgeArguments,
    run::EngineArguments,
    yarn::ClusterArguments,
};
use crate::{failure::Failure, output::say, progress::Progress};

/// Forget accounts and posts: take every trace of them out of a lake and its tables, and keep them from coming back.
///
/// Their posts go out of raw files and posts, and the days are counted again; of days whose posts have expired their own rows go,
/// and what they share with others stays. Where others mention, answer or quote them, that is taken out. A search through every
/// file and row ends it, which fails where anything is left. If it is interrupted, the next one goes on with it. Only a keyed
/// hash stays, by which collectors leave them out; its key must lie apart from the lake.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill forget --account ada@a.example --dry-run --lake lake --instance mastodon.example\n  \
    tootmill forget --account 109348 --post 113539 --lake lake --instance mastodon.example --tables sqlite:tootmill.db")]
pub(crate) struct Forget {
    /// An account, by its id on the instance or its name: @USER of the instance, or USER@HOST; or by ID=@USER or ID=USER@HOST, so that
    /// its name is taken out of others' texts where its posts are kept without one; may be given more than once
    #[arg(long, value_name = "ID|ACCT|ID=ACCT")]
    account: Vec<String>,
    /// A post, by its id on the instance; may be given more than once
    #[arg(long, value_name = "ID", value_parser = parse_post)]
    post: Vec<String>,
    /// A file of accounts, one a line
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
    /// Say what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    lake: LakeArguments,
    #[command(flatten)]
    tables: PurgeArguments,
    #[command(flatten)]
    key: KeyArguments,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

impl Forget {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let (lake, began, registry) = (self.lake.open()?, Instant::now(), Registry::linked()?);
        let lease = gdpr::begin(&lake, "tootmill forget")?;
        if !self.dry_run {
            self.tables.check(&registry)?;
            self.tables.tell_of_others(&lake)?;
            self.cluster.refuse_jobs_of(&lake)?;
        }
        let mut whom = tootmill_privacy::unfinished(&lake)?.whom;
        if !whom.is_empty() {
            say("going on with an erasure that did not come to its end");
        }
        let named = self.whom()?;
        whom.add(named.clone());
        if whom.is_empty() {
            return Err(Failure::Usage("say whom to forget: --account, --accounts or --post".into()));
        }
        let progress = Progress::new(0, self.outcome.quiet);
        let erasing = Erasing { lake: &lake, registry: &registry, instance: &self.lake.instance };
        erasing.find(&mut whom, &progress)?;
        self.check_names(&lake, &named, &whom)?;
        if self.dry_run {
            let erased = erasing.count(&erasing.finder(&whom)?)?;
            progress.finish();
            return self.tell(&whom, &erased, 0, began);
        }
        let key = KeyFile::at(self.key.key.as_deref())?.read_or_make(&lake)?;
        let erasure = Erasure { whom, tables: self.tables.addresses() };
        tootmill_privacy::begin_erasure(&lake, &lease, &erasure, key)?;
        let whom = erasure.whom;
        let finder = erasing.finder(&whom)?;
        let erased = erasing.erase(&finder, &lease)?;
        erasing.recount(&lease, &self.engine.options(), &progress)?;
        let pending = self.tables.purge(&lake, &lease, &whom, &registry, self.outcome.quiet)?;
        let traces = erasing.traces(&finder, &progress)?;
        progress.finish();
        if !traces.is_empty() {
            return Err(Failure::permanent(format!(
                "something of them is left in {}: it goes on with the next `tootmill forget`",
                traces.join(", ")
            )));
        }
        // Noted first: twice is better than never.
        log::append(&lake, &done(&whom, &erased), now())?;
        tootmill_privacy::end_erasure(&lake, &lease)?;
        self.tell(&whom, &erased, pending, began)
    }

    /// Who is to be forgotten, as was said.
    fn whom(&self) -> Result<Whom, Failure> {
        let mut whom = Whom { posts: self.post.iter().cloned().collect(), ..Whom::default() };
        let listed = self.accounts.as_ref().map(|file| {
            let failed = |error| Failure::permanent(format!("cannot read `{}`: {error}", file.display()));
            fs::read_to_string(file).map_err(failed)
        });
        let listed = listed.transpose()?.unwrap_or_default();
        let listed = listed.lines().filter(|line| !line.trim().is_empty());
        for account in self.account.iter().map(String::as_str).chain(listed) {
            let named = Named::parse(account.trim(), &self.lake.instance);
            whom.add_account(named.map_err(|error| Failure::Usage(error.to_string()))?);
        }
        Ok(whom)
    }

    /// Fails where somebody is named of whom no id is known: the policy may have kept ids alone of what they posted, by which it is
    /// found.
    fn check_names(&self, lake: &Lake, named: &Whom, whom: &Whom) -> Result<(), Failure> {
        let mut unknown: Vec<&String> = named.named.difference(&whom.known).collect();
        if !unknown.is_empty() && lake.storage().find(&lake.forgotten())?.is_some() {
            let key = KeyFile::at(self.key.key.as_deref())?.read()?;
            let forgotten = tootmill_privacy::forgotten(lake, key)?;
            let before = unknown.extract_if(.., |name| forgotten.has_name(name));
            before.for_each(|name| say(format!("@{name} was forgotten before")));
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<String> = unknown.iter().map(|name| format!("@{name}")).collect();
        Err(Failure::permanent(format!(
            "nothing in the lake tells the id of {}, so that their posts cannot be found, and nothing was changed: give its id, which \
             https://{}/api/v1/accounts/lookup?acct=… tells, as `--account ID=@NAME`",
            unknown.join(", "),
            self.lake.instance
        )))
    }

    fn tell(&self, whom: &Whom, erased: &Erased, pending: usize, began: Instant) -> Result<(), Failure> {
        let (accounts, done) = (whom.accounts.len(), if self.dry_run { "would be" } else { "were" });
        let Erased { raw_lines, posts, redacted, days, closed_days, .. } = erased;
        let mut sentence = format!(
            "{accounts} accounts {done} forgotten: {posts} posts of {} days, {raw_lines} lines of raw files; others' posts {done} \
             redacted {redacted} times",
            days.len()
        );
        if !closed_days.is_empty() {
            sentence +=
                &format!("; of {} days without posts their own rows, while what they share stays", closed_days.len());
        }
        if pending > 0 {
            sentence += &format!(
                "; it is pending until {pending} files of HBase are gone, which `tootmill status --lake` tells"
            );
        }
        let seconds = began.elapsed().as_secs_f64();
        let data = json!({"dry_run": self.dry_run, "accounts": accounts, "erased": erased, "pending_files": pending, "seconds": seconds});
        self.outcome.tell(&sentence, &data)
    }
}

fn parse_post(id: &str) -> Result<String, String> {
    let id = id.trim();
    if id.is_empty() { Err("an id is not empty".into()) } else { Ok(id.into()) }
}

/// What was done, as the log has it: of nobody in particular.
fn done(whom: &Whom, erased: &Erased) -> Done {
    let days = erased.days.union(&erased.closed_days).filter_map(|day| Day::parse(day)).collect();
    Done { days, ..Done::by_command("tootmill forget") }
        .count("accounts", whom.accounts.len() as u64)
        .count("posts", erased.posts)
        .count("raw_lines", erased.raw_lines)
        .count("redacted", erased.redacted)
        .count("days", erased.days.len() as u64)
        .count("closed_days", erased.closed_days.len() as u64)
}
