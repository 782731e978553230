//! `tootmill report`: what the tables say, as a page that people look at, or as JSON.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use tootmill_lake::Lake;
use tootmill_metric::Registry;
use tootmill_privacy::{Recorded, log};
use tootmill_report::{Forgotten, InForce, Numbers, Options};
use tootmill_tables::Destination;

use super::destination::DestinationParser;
use crate::{
    failure::Failure,
    output::{with_stdout, write_whole},
    reading::Reading,
};

/// Make a page of what the tables say: one file that needs no network, below one megabyte.
///
/// It shows who grew, what was talked about, in which language, linking where, and how sure the numbers are. Accounts are shown
/// by their ids; with --lake those that want to be found are shown by name. The page has ids of accounts in it, which are
/// personal data.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tootmill report --tables sqlite:tootmill.db --open\n  tootmill report --tables hbase://localhost:9090 --lake hdfs://namenode:8020/lake --instance mastodon.example -o report.html\n  tootmill report --json"
)]
pub(crate) struct Report {
    /// Where the tables are: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// Where the lake is, to know what accounts are called: a folder, or hdfs://HOST:PORT/FOLDER
    #[arg(long, value_name = "LAKE", env = "TOOTMILL_LAKE", requires = "instance")]
    lake: Option<String>,
    /// The instance whose posts were counted, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    instance: Option<String>,
    /// The file for the page, which is replaced whole; its folder is made if it is not there [default: report.html, with --json none]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show the page in a browser
    #[arg(long)]
    open: bool,
    /// Write the numbers to standard output, as JSON
    #[arg(long)]
    json: bool,
    /// The least posts of an account that is compared by its engagement
    #[arg(long, value_name = "N", default_value_t = Options::default().least_posts)]
    least_posts: u64,
    /// The least followers of an account that is compared by its engagement
    #[arg(long, value_name = "N", default_value_t = Options::default().least_followers)]
    least_followers: u64,
    /// How many rows of each table are shown at first, 1 to 100
    #[arg(long, value_name = "N", default_value_t = Options::default().top, value_parser = clap::value_parser!(u16).range(1..=100))]
    top: u16,
    /// How many days the trends go back
    #[arg(long, value_name = "N", default_value_t = Options::default().days, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
}

impl Report {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let numbers = self.numbers()?;
        let file = self.output.clone().or_else(|| (!self.json || self.open).then(|| "report.html".into()));
        if let Some(file) = &file {
            let page = tootmill_report::page(&numbers, self.instance.as_deref())?;
            make_folder(file)?;
            write_whole(file, &page)?;
        }
        self.tell(&numbers, file.as_ref())?;
        match file.filter(|_| self.open) {
            Some(file) => open::that_detached(&file).map_err(|error| {
                Failure::permanent(format!("cannot show `{}` in a browser: {error}; open it yourself", file.display()))
            }),
            None => Ok(()),
        }
    }

    fn numbers(&self) -> Result<Numbers, Failure> {
        let lake = self.lake.as_deref().zip(self.instance.as_deref());
        let lake = lake.map(|(lake, instance)| Lake::open(lake, instance)).transpose()?;
        let options = Options {
            least_posts: self.least_posts,
            least_followers: self.least_followers,
            top: self.top,
            days: self.days,
        };
        let reading = Reading::new(self.tables.open()?);
        let numbers = Numbers::read(&reading, &Registry::linked()?, lake.as_ref(), &options)?;
        let recorded = lake.as_ref().map(tootmill_privacy::policies).transpose()?.unwrap_or_default();
        let in_force = |Recorded { since, by, policy, .. }| InForce { since, by, policy: policy.to_string() };
        let forgotten = lake.as_ref().map(forgotten).transpose()?.flatten();
        Ok(Numbers { policies: recorded.into_iter().map(in_force).collect(), forgotten, ..numbers })
    }

    fn tell(&self, numbers: &Numbers, file: Option<&PathBuf>) -> Result<(), Failure> {
        with_stdout(|output| {
            if self.json {
                let text = serde_json::to_string_pretty(numbers);
                let text =
                    text.map_err(|error| Failure::permanent(format!("cannot write the numbers as JSON: {error}")))?;
                writeln!(output, "{text}")?;
            } else if let Some(file) = file {
                writeln!(output, "The page is in {}.", file.display())?;
            }
            Ok(())
        })
    }
}

/// Makes the folder of a file.
fn make_folder(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), fs::create_dir_all)
        .map_err(|error| Failure::permanent(format!("cannot make the folder of `{}`: {error}", file.display())))
}

/// What was forgotten of what was in the lake, as its log has it.
fn forgotten(lake: &Lake) -> Result<Option<Forgotten>, Failure> {
    let (entries, _) = log::entries(lake)?;
    let times = entries.iter().filter(|entry| entry.what() == "tootmill forget").count() as u64;
    Ok((times > 0).then_some(Forgotten { times }))
}
