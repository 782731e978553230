//! `tootmill access`: what is held about one person.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde_json::json;
use tootmill_metric::Registry;
use tootmill_privacy::{
    Tables, access,
    log::{self, Done},
};
use tootmill_tables::Destination;

use super::{
    destination::{self, DestinationParser},
    import::now,
    lake::LakeArguments,
};
use crate::{
    failure::Failure,
    output::{say, with_stdout},
};

/// Write all that is held about an account, for the person whose it is (article 15).
///
/// Whether it is theirs has to be known before: see docs/privacy.md. All files of the lake are read, those that count no more among
/// them, and all rows of tables that have accounts in them; the answer says where it was looked. Of posts of others only what is
/// about the person is told. The log of the lake notes that it was asked, and not of whom.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill access --account ada@other.example --lake lake --instance mastodon.example --tables sqlite:tootmill.db --output ada.txt\n  \
    tootmill access --account 109302436954721982 --format json --lake lake --instance mastodon.example")]
pub(crate) struct Access {
    /// The account: its id, or its name as USER@HOST, or @USER of the instance, or both as ID=@USER or ID=USER@HOST; an id that is not
    /// of digits as id:ID
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// Where the tables are, to look there as well: sqlite:FILE, or hbase://HOST:PORT [default: sqlite:tootmill.db, if it is there]
    #[arg(long, value_name = "DEST", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Option<Destination>,
    /// A text to read, or JSON
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,
    /// Write to a file that is not there yet and that nobody else may read [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Access {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let lake = self.lake.existing()?;
        log::can_follow(&lake)?;
        let tables = self.tables.clone().unwrap_or_else(destination::usual);
        // Tables that were named must be there, and those that nobody named need not.
        let store = (self.tables.is_some() || tables.is_there()).then(|| tables.open()).transpose()?;
        let tables = Tables { name: &tables.to_string(), store: store.as_deref() };
        let found = access(&lake, &tables, &Registry::linked()?, &self.account, now())?;
        let text = match self.format {
            Format::Text => found.text(),
            Format::Json => format!("{:#}\n", json!(found)),
        };
        match &self.output {
            Some(file) => {
                write_private(file, &text)
                    .map_err(|error| Failure::permanent(format!("cannot write `{}`: {error}", file.display())))?;
                say(format!("{} things were found; they are in {}", found.held.len(), file.display()));
                found.limits.iter().for_each(say);
            }
            None => with_stdout::<_, Failure>(|output| Ok(output.write_all(text.as_bytes())?))?,
        }
        log::append(&lake, &Done::by_command("tootmill access").count("held", found.held.len() as u64), now())?;
        Ok(())
    }
}

/// Writes a new file that its owner alone may read.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
