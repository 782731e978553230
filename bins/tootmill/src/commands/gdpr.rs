//! `tootmill gdpr`: the record of processing, the log of what was done, and texts for whoever answers for it.

use std::{fs, io::Write, path::PathBuf};

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use serde_json::{Value, json};
use tootmill_lake::{Lake, Lease};
use tootmill_metric::Registry;
use tootmill_policy::{Level, Policy};
use tootmill_privacy::{
    Keeping, Settings, TEMPLATES, Template,
    log::{self, Done, Entry, Verified},
    record,
};
use tootmill_tables::Destination;

use super::{destination::DestinationParser, import::now, lake::LakeArguments, stage::Told};
use crate::{failure::Failure, output::with_stdout};

/// The record of processing, the log of what was done, and texts for whoever answers for people's data.
#[derive(Debug, Subcommand)]
pub(crate) enum Gdpr {
    Record(Box<Record>),
    Log(Log),
    Template(Texts),
}

impl Gdpr {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Record(record) => record.run(),
            Self::Log(log) => log.run(),
            Self::Template(texts) => texts.run(),
        }
    }
}

/// What no program can know.
#[derive(Args, Debug)]
struct SettingsArguments {
    /// A file of TOML that says who answers for it, why, on what basis and for how long
    #[arg(long, value_name = "FILE", env = "TOOTMILL_PRIVACY")]
    config: Option<PathBuf>,
}

impl SettingsArguments {
    fn settings(&self) -> Result<Settings, Failure> {
        let Some(file) = &self.config else { return Ok(Settings::default()) };
        let failed = |error: &dyn std::fmt::Display| {
            Failure::permanent(format!("cannot read the settings `{}`: {error}", file.display()))
        };
        let text = fs::read_to_string(file).map_err(|error| failed(&error))?;
        Settings::parse(&text).map_err(|error| failed(&error))
    }
}

/// The lake whose policies and retention are on record, if one is meant.
#[derive(Args, Debug)]
struct RecordedArguments {
    /// Where the lake is: a folder, or hdfs://HOST:PORT/FOLDER
    #[arg(long, value_name = "LAKE", env = "TOOTMILL_LAKE", requires = "instance")]
    lake: Option<String>,
    /// The instance whose posts are meant, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    instance: Option<String>,
}

impl RecordedArguments {
    fn existing(self) -> Result<Option<Lake>, Failure> {
        let named = self.lake.zip(self.instance);
        named.map(|(lake, instance)| LakeArguments { lake, instance }.existing()).transpose()
    }
}

/// Write the record of processing activities (article 30).
///
/// It is generated from what the linked metrics declare, from the policies that the lake has on record, and from the settings. What
/// is in none of them is told as to be filled in.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill gdpr record --example-config > privacy.toml\n  \
    tootmill gdpr record --config privacy.toml --lake lake --instance mastodon.example --tables sqlite:tootmill.db > record.md")]
pub(crate) struct Record {
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    lake: RecordedArguments,
    /// Where the tables are: sqlite:FILE, or hbase://HOST:PORT
    #[arg(long, value_name = "DEST", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Option<Destination>,
    /// Write it as JSON
    #[arg(long)]
    json: bool,
    /// Write settings to begin with instead, in which nothing is answered yet
    #[arg(long, conflicts_with = "json")]
    example_config: bool,
}

impl Record {
    fn run(self) -> Result<(), Failure> {
        if self.example_config {
            return with_stdout(|output| Ok(output.write_all(Settings::example().as_bytes())?));
        }
        let settings = self.settings.settings()?;
        let lake = self.lake.existing()?;
        let tables = self.tables.as_ref().map(Destination::to_string);
        let record = record(&Registry::linked()?, lake.as_ref(), tables, &settings, now())?;
        let text = if self.json { format!("{:#}\n", json!(record)) } else { record.markdown(&settings) };
        with_stdout(|output| Ok(output.write_all(text.as_bytes())?))
    }
}

/// Show what was done in a lake, as the processing log has it.
///
/// Each run that changed something has an entry: what it did, with which days, how many of what, by which policy; never an id or a
/// name of a person. Each entry has the hash of the one before it: where one is not as it was written, it is named, and the exit
/// code is 1. With --verify that all are is said at the end.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill gdpr log --lake lake --instance mastodon.example\n  \
    tootmill gdpr log --lake lake --instance mastodon.example --verify --has 5f1c…")]
pub(crate) struct Log {
    #[command(flatten)]
    lake: LakeArguments,
    /// Say at the end that all entries are there and as they were written, and the last hash; with --json nothing else
    #[arg(long)]
    verify: bool,
    /// With --verify: and one among them that has this hash, which an earlier verification told
    #[arg(long, value_name = "HASH", requires = "verify")]
    has: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Log {
    fn run(self) -> Result<(), Failure> {
        let (entries, broken) = log::entries(&self.lake.existing()?)?;
        with_stdout::<_, Failure>(|output| {
            if self.json && !self.verify {
                let entries: Vec<Value> = entries.iter().map(Entry::data).collect();
                return Ok(writeln!(output, "{:#}", json!(entries))?);
            }
            let shown = entries.iter().filter(|_| !self.json);
            Ok(shown.map(Entry::line).try_for_each(|line| writeln!(output, "{line}"))?)
        })?;
        let is_broken = |broken: log::Broken| Failure::permanent(broken.to_string());
        broken.map_or(Ok(()), |broken| Err(is_broken(broken)))?;
        if self.verify {
            self.tell(&log::verified(&entries, self.has.as_deref()).map_err(is_broken)?)?;
        }
        Ok(())
    }

    fn tell(&self, verified: &Verified) -> Result<(), Failure> {
        with_stdout(|output| match &verified.head {
            _ if self.json => {
                Ok(writeln!(output, "{:#}", json!({"entries": verified.entries, "head": verified.head}))?)
            }
            Some(head) => {
                Ok(writeln!(output, "{} entries are as they were written; the last is {head}", verified.entries)?)
            }
            None => Ok(writeln!(output, "there are no entries")?),
        })
    }
}

/// Write a text that people's data ask for, filled from the settings, and from the policies that the lake has on record.
///
/// Without a lake it says how posts are kept under the default policy.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  tootmill gdpr template notice --config privacy.toml --lake lake --instance mastodon.example > notice.md"
)]
pub(crate) struct Texts {
    /// Which: notice (what people are told), objection, rectification (answers), dpia (impact assessment), breach
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(TEMPLATES.map(|template| template.name)))]
    name: String,
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    lake: RecordedArguments,
}

impl Texts {
    fn run(self) -> Result<(), Failure> {
        let settings = self.settings.settings()?;
        let usual = Policy::new(Level::Default, "", &Registry::linked()?).described();
        let keeping = Keeping::of(self.lake.existing()?.as_ref(), usual)?;
        let text = Template::named(&self.name).map(|template| template.filled(&settings, &keeping)).unwrap_or_default();
        with_stdout(|output| Ok(output.write_all(text.as_bytes())?))
    }
}

/// Takes the lease of a lake, for what is to be done, if what is done can be noted in its log.
pub(crate) fn begin(lake: &Lake, what: &str) -> Result<Lease, Failure> {
    log::can_follow(lake)?;
    Ok(tootmill_stages::begin(lake, what)?)
}

/// Appends to the log of a lake what a stage did: its counters and what it made, and what it was done by.
pub(crate) fn note(lake: &Lake, done: Done, told: &Told) -> Result<(), Failure> {
    let mut done = done;
    let counters = told.counters.iter().filter(|(_, count)| **count > 0);
    done.counts.extend(counters.map(|(name, count)| ((*name).to_owned(), *count)));
    done.counts.extend(told.rows.map(|rows| ("rows".to_owned(), rows)));
    let root = lake.address();
    let within = |path: &String| {
        path.strip_prefix(&root).map_or_else(|| without_user(path), |path| path.trim_start_matches('/').into())
    };
    done.made.extend(told.paths.iter().map(within));
    log::append(lake, &done, now())?;
    Ok(())
}

/// The address of tables without who logs in there.
pub(crate) fn without_user(address: &str) -> String {
    let parts = address.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1)));
    parts.map_or_else(|| address.to_owned(), |(scheme, rest)| format!("{scheme}://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_is_in_the_log() {
        assert_eq!(without_user("hbase+https://ada:***@gateway:9443/hbase"), "hbase+https://gateway:9443/hbase");
        for address in ["hbase://thrift:9090?namespace=a", "sqlite:a@b.db"] {
            assert_eq!(without_user(address), address);
        }
    }
}
