//! `tootmill tables create`, `describe`, `diff` and `drop`: the tables' schema in HBase.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde_json::json;
use tootmill_metric::{Compression, Registry, Table};
use tootmill_tables::{
    Destination,
    hbase::{Address, Created, Hbase, Making, Schema},
};

use super::{LOADS, RUNS, chosen, metric_tables, named};
use crate::{
    commands::{destination::DestinationParser, lake::LakeArguments, load},
    failure::Failure,
    output::{say, with_stdout},
    progress::LoadProgress,
};

/// Which tables.
#[derive(Args, Debug)]
pub(crate) struct WhichTables {
    /// Where the tables are: hbase://HOST:PORT, HBase's Thrift server, with options as ?namespace=NAME&thrift2=HOST:PORT
    #[arg(long, value_name = "DEST", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// Write what was found or done as JSON
    #[arg(long)]
    json: bool,
    /// Tables [default: every metric's table]
    #[arg(value_name = "TABLE")]
    names: Vec<String>,
}

impl WhichTables {
    fn connect(&self) -> Result<Hbase, Failure> {
        Ok(Hbase::connect(self.address()?.clone()).map_err(tootmill_tables::Error::from)?)
    }

    fn address(&self) -> Result<&Address, Failure> {
        match &self.tables {
            Destination::Hbase(address) => Ok(address),
            Destination::Sqlite(_) => Err(Failure::Usage(
                "in SQLite tables are made by whoever loads, and have no schema to look at but SQLite's own: name \
                 hbase://HOST:PORT"
                    .into(),
            )),
        }
    }

    fn tell(&self, text: &str, data: &serde_json::Value) -> Result<(), Failure> {
        let text = if self.json { format!("{data:#}") } else { text.trim_end().to_string() };
        with_stdout(|output| Ok(writeln!(output, "{text}")?))
    }
}

/// Make tables in HBase, as their metrics declare them. What is there already is not changed.
///
/// Only the Thrift2 server can set the block encoding, split a table from the start, and make a namespace: name it as
/// thrift2=HOST:PORT in the address. With a lake, a table whose metric asks for it is split by the keys that the lake has; `load`
/// does so by itself.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    tootmill tables create --tables 'hbase://thrift:9090?thrift2=thrift:9091&namespace=mastodon_example'")]
pub(crate) struct Create {
    #[command(flatten)]
    which: WhichTables,
    /// Compress with this codec, or fail [default: what the metric declares, or what the cluster has]
    #[arg(long, value_name = "CODEC")]
    compression: Option<Codec>,
    /// Split by the keys in this lake
    #[arg(long, value_name = "LAKE", requires = "instance")]
    lake: Option<String>,
    /// The instance of the lake
    #[arg(long, value_name = "HOST", requires = "lake")]
    instance: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Codec {
    None,
    Zstd,
    Snappy,
    Lz4,
    Gz,
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::None,
            Codec::Zstd => Self::Zstd,
            Codec::Snappy => Self::Snappy,
            Codec::Lz4 => Self::Lz4,
            Codec::Gz => Self::Gz,
        }
    }
}

impl Create {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let registry = Registry::linked()?;
        let rows = match (self.lake, self.instance) {
            (Some(lake), Some(instance)) => {
                Some(load::rows(tootmill_stages::loadable_rows(&LakeArguments { lake, instance }.open()?)?.totals))
            }
            _ => None,
        };
        let tables = chosen(&registry, self.which.names.clone())?;
        // The rows are of all tables, so all are needed to read them.
        let all = chosen(&registry, Vec::new())?;
        if rows.is_some() && tables.len() < all.len() {
            return Err(Failure::Usage("with a lake all tables are made: leave their names out".into()));
        }
        let making = Making { keys: rows.as_ref(), compression: self.compression.map(Compression::from) };
        let made = self.which.connect()?.create_tables(&tables, making, &LoadProgress::new(self.which.json))?;
        let text: String = made.iter().map(sentence).collect();
        let data: Vec<_> = made.iter().map(as_data).collect();
        self.which.tell(&text, &json!(data))
    }
}

fn sentence(created: &Created) -> String {
    let Created { table, is_new, regions, differences, .. } = created;
    let regions = if *regions == 1 { "1 region".into() } else { format!("{regions} regions") };
    let made = if *is_new { "made" } else { "is there already" };
    let differences: String = differences.iter().map(|difference| format!("  {difference}\n")).collect();
    format!("{table}: {made}, {regions}\n{differences}")
}

fn as_data(created: &Created) -> serde_json::Value {
    let Created { table, is_new, regions, left_out, differences } = created;
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    json!({"table": table, "new": is_new, "regions": regions, "left_out": left_out, "differences": differences})
}

/// Show tables as they are in HBase, or as their metrics declare them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill tables describe --tables hbase://thrift:9090 user_table\n  \
    tootmill tables describe --tables hbase://thrift:9090 --shell       # the commands that make them in `hbase shell`")]
pub(crate) struct Describe {
    #[command(flatten)]
    which: WhichTables,
    /// Show the commands of `hbase shell` that make the tables as declared; no server is asked
    #[arg(long)]
    shell: bool,
}

impl Describe {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let tables = chosen(&Registry::linked()?, self.which.names.clone())?;
        if self.shell {
            let address = self.which.address()?;
            let commands: Vec<String> =
                tables.iter().map(|table| Schema::declared(table, address.table(table.name)).in_shell(&[])).collect();
            return self.which.tell(&commands.join("\n"), &json!(commands));
        }
        let hbase = self.which.connect()?;
        let (mut text, mut data) = (String::new(), serde_json::Map::new());
        for table in &tables {
            let name = hbase.declared(table).table;
            match described(&hbase, table)? {
                None => text += &format!("{name}: is not there\n"),
                Some((schema, regions)) => {
                    text += &format!("{name}, {regions} regions\n{}", families_as_text(&schema));
                    let families = schema.families.iter().map(|family| (family.name.clone(), attributes(family)));
                    let families: serde_json::Map<_, _> = families.collect();
                    data.insert(name, json!({"regions": regions, "families": families}));
                }
            }
        }
        self.which.tell(&text, &data.into())
    }
}

fn described(hbase: &Hbase, table: &Table) -> Result<Option<(Schema, usize)>, Failure> {
    let described = || {
        let Some(schema) = hbase.describe_table(table)? else { return Ok(None) };
        let regions = hbase.regions(&schema.table)?;
        Ok(Some((schema, regions)))
    };
    Ok(described().map_err(|error: tootmill_tables::hbase::Error| tootmill_tables::Error::from(error))?)
}

fn families_as_text(schema: &Schema) -> String {
    let family = |family: &tootmill_tables::hbase::Family| {
        let attributes = family.attributes().into_iter();
        let attributes: Vec<String> =
            attributes.filter_map(|(name, value)| Some(format!("{name} {}", value?))).collect();
        format!("  {}: {}\n", family.name, attributes.join(", "))
    };
    schema.families.iter().map(family).collect()
}

fn attributes(family: &tootmill_tables::hbase::Family) -> serde_json::Value {
    family.attributes().into_iter().map(|(name, value)| (name.to_string(), json!(value))).collect()
}

/// Show where tables in HBase are not as their metrics declare them. Exit code 1 if some are not.
///
/// Nothing is changed: what a difference costs is for an operator to weigh. To take a declaration over, use `alter` of `hbase
/// shell`, or drop the tables and load again.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill tables diff --tables hbase://thrift:9090")]
pub(crate) struct Diff {
    #[command(flatten)]
    which: WhichTables,
}

impl Diff {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let hbase = self.which.connect()?;
        let mut differences = Vec::new();
        for table in &chosen(&Registry::linked()?, self.which.names.clone())? {
            let declared = hbase.declared(table);
            match described(&hbase, table)? {
                None => differences.push(format!("{}: is not there", declared.table)),
                Some((found, _)) => {
                    differences.extend(declared.differences(&found).iter().map(ToString::to_string));
                }
            }
        }
        let text = if differences.is_empty() { "all is as declared".into() } else { differences.join("\n") };
        self.which.tell(&text, &json!(differences))?;
        match differences.len() {
            0 => Ok(()),
            count => Err(Failure::permanent(format!("tables are not as declared: {count} differences"))),
        }
    }
}

/// Remove tables from HBase, with all that is in them.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill tables drop --tables hbase://thrift:9090 --yes tag_table")]
pub(crate) struct Drop {
    #[command(flatten)]
    which: WhichTables,
    /// Really remove them
    #[arg(long)]
    yes: bool,
}

impl Drop {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let registry = Registry::linked()?;
        let names = match self.which.names.clone() {
            names if names.is_empty() => metric_tables(&registry),
            names => named(&registry, names, &[RUNS, LOADS])?,
        };
        if !self.yes {
            return Err(Failure::Usage(format!(
                "this removes {} with all that is in them from {}: say --yes",
                names.join(", "),
                self.which.tables
            )));
        }
        let hbase = self.which.connect()?;
        if names.iter().any(|name| name == LOADS) {
            for table in
                chosen(&registry, Vec::new())?.iter().filter(|table| !names.iter().any(|name| name == table.name))
            {
                if described(&hbase, table)?.is_some() {
                    return Err(Failure::permanent(format!(
                        "without {LOADS} nobody would know at what time the cells of {} stand, and later loads could lose \
                         against them: drop the metrics' tables first",
                        table.name
                    )));
                }
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let dropped = hbase.drop_tables(&names)?;
        if dropped.is_empty() && !self.which.json {
            say("none of them is there");
        }
        let text: String = dropped.iter().map(|table| format!("{table}: dropped\n")).collect();
        self.which.tell(&text, &json!(dropped))
    }
}
