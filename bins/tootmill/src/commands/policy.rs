//! The arguments that say what is kept of whose posts.

use std::{fs, path::PathBuf};

use clap::Args;
use tootmill_lake::Lake;
use tootmill_metric::{Instant, Registry};
use tootmill_policy::{BlockList, Forgotten, Level, OPT_OUT_TAGS, Policy, Tag, Tally};
use tootmill_privacy::KeyFile;

use crate::{failure::Failure, output::say};

/// What is kept of whose posts.
#[derive(Args, Clone, Debug)]
pub(crate) struct PolicyArguments {
    /// Whose posts are kept, and how much of them: open, default or strict
    #[arg(long, value_name = "POLICY", default_value_t = Level::Default, env = "TOOTMILL_POLICY")]
    policy: Level,
    /// Keep all fields of posts that are kept with their text, not only those that metrics read
    #[arg(long)]
    keep_all_fields: bool,
    #[command(flatten)]
    who: WhoArguments,
    #[command(flatten)]
    key: KeyArguments,
}

/// The key of whom the lake has forgotten.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyArguments {
    /// The file with the key of the hashes of whom the lake has forgotten [default: tootmill/privacy.key in the folder for
    /// configuration]
    #[arg(long, value_name = "FILE", env = "TOOTMILL_PRIVACY_KEY")]
    pub(crate) key: Option<PathBuf>,
}

impl KeyArguments {
    /// Whom a lake has forgotten, once it is read.
    fn forgotten(&self) -> Result<Forgotten, Failure> {
        let file = match KeyFile::at(self.key.as_deref()) {
            // Without a home no key was ever made.
            Err(tootmill_privacy::Error::NoPlaceForKey) => return Ok(Forgotten::default()),
            file => file?,
        };
        // What is wrong with one that is there is said before anything is done.
        file.read()?;
        // A collector may have begun before the first was forgotten, and the key with that.
        Ok(Forgotten::with_key_from(move || file.read().map_err(|error| error.to_string())))
    }
}

/// Who is asked what.
#[derive(Args, Clone, Debug)]
pub(crate) struct WhoArguments {
    /// A list of whom not to keep, a line each: HOST, USER@HOST or id:ACCOUNT; may be given more than once
    #[arg(long, value_name = "FILE")]
    block_list: Vec<PathBuf>,
    /// A tag by which people say in their profile that they want no part in this; may be given more than once
    #[arg(long, value_name = "TAG", default_values = OPT_OUT_TAGS)]
    opt_out_tag: Vec<Tag>,
    /// Keep names and text of accounts only that say `discoverable` besides `indexable`
    #[arg(long)]
    ask_discoverable: bool,
}

impl PolicyArguments {
    /// How much accounts are asked.
    pub(crate) fn level(&self) -> Level {
        self.policy
    }

    /// The policy for posts of an instance.
    pub(crate) fn policy(&self, instance: &str) -> Result<Policy, Failure> {
        let policy = self.who.policy(self.policy, instance)?.forgetting(self.key.forgotten()?);
        Ok(if self.keep_all_fields { policy.with_all_fields() } else { policy })
    }
}

impl WhoArguments {
    /// Whether one is asked more than a policy asks by itself.
    pub(crate) fn ask_more(&self) -> bool {
        !self.block_list.is_empty()
            || self.ask_discoverable
            || self.opt_out_tag.iter().map(Tag::as_str).ne(OPT_OUT_TAGS)
    }

    /// Whether there are lists of whom not to keep.
    pub(crate) fn has_lists(&self) -> bool {
        !self.block_list.is_empty()
    }

    /// A policy of this level for posts of an instance.
    pub(crate) fn policy(&self, level: Level, instance: &str) -> Result<Policy, Failure> {
        let mut blocked = BlockList::default();
        for file in &self.block_list {
            let failed = |error: &dyn std::fmt::Display| {
                Failure::permanent(format!("cannot read the block list `{}`: {error}", file.display()))
            };
            let list = fs::read_to_string(file).map_err(|error| failed(&error))?;
            blocked.add(&list).map_err(|error| failed(&error))?;
        }
        let policy = Policy::new(level, instance, &Registry::linked()?)
            .blocking(blocked)
            .with_opt_out_tags(self.opt_out_tag.iter().cloned());
        Ok(if self.ask_discoverable { policy.asking_discoverable() } else { policy })
    }
}

/// What a policy did, behind what was done.
pub(crate) fn phrase(tally: &Tally) -> String {
    let mut phrase = String::new();
    if tally.left_out > 0 {
        phrase += &format!("; {} were left out", tally.left_out);
    }
    if tally.reduced > 0 {
        phrase += &format!("; of {} neither names nor text were kept", tally.reduced);
    }
    phrase
}

/// Notes in the lake under which policy posts come into it by something, and says what is new.
pub(crate) fn record(lake: &Lake, by: &str, policy: &Policy, now: Instant) -> Result<(), Failure> {
    let new = tootmill_privacy::record_policy(lake, by, policy, now)?;
    if !new.is_empty() {
        say(format!(
            "kept from now on: {}; posts that came before do not have it, and no metric sees it in them",
            new.join(", ")
        ));
    }
    Ok(())
}
