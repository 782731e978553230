//! `tootmill tables export`: tables as files for pandas, Polars, DuckDB and the like.

use std::{io::Write, path::PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use tootmill_engine::Family;
use tootmill_metric::{Registry, Table};
use tootmill_tables::{Destination, Exported, Format, export, export_csv};

use super::{FamilyName, chosen};
use crate::{
    commands::destination::DestinationParser, failure::Failure, output::with_stdout, reading::Reading,
    summary::thousands,
};

/// Write tables as CSV or Parquet: a file with each table's totals, and one with its days.
///
/// A file is called as the table in SQLite, `tag_table.parquet` or `tag_table_daily.parquet`, and is replaced whole. Its columns
/// are `row_key` and those of `tootmill metrics describe`; days have `day` before them. In Parquet they are typed: text, whole
/// numbers, doubles, dates. CSV has no types: name them to whoever reads it, or an account's id becomes a number and a tag
/// `null` becomes nothing. Files of `user_table` are copies of personal data, which are yours to look after.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    tootmill tables export --folder export\n  \
    tootmill tables export --table tag_table --format csv --stdout | head\n  \
    duckdb -c \"SELECT * FROM 'export/tag_table.parquet' ORDER BY count DESC LIMIT 5\"")]
pub(crate) struct Export {
    /// Where the tables are: sqlite:FILE, or hbase://HOST:PORT, HBase's Thrift server
    #[arg(long, value_name = "DEST", default_value = "sqlite:tootmill.db", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Destination,
    /// A table; may be given several times [default: every metric's table]
    #[arg(long = "table", value_name = "TABLE")]
    names: Vec<String>,
    /// The totals over all days, or what each day alone gave [default: both]
    #[arg(long, value_enum)]
    family: Option<FamilyName>,
    /// The form of the files
    #[arg(long, value_enum, default_value = "parquet")]
    format: FormatName,
    /// Where the files go
    #[arg(long, value_name = "FOLDER", default_value = "export", conflicts_with = "stdout")]
    folder: PathBuf,
    /// Write one table to standard output instead, as CSV; its totals, or its days with --family day
    #[arg(long)]
    stdout: bool,
    /// Write which files were made as JSON
    #[arg(long, conflicts_with = "stdout")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Csv,
    Parquet,
}

impl From<FormatName> for Format {
    fn from(format: FormatName) -> Self {
        match format {
            FormatName::Csv => Self::Csv,
            FormatName::Parquet => Self::Parquet,
        }
    }
}

impl Export {
    pub(super) fn run(self) -> Result<(), Failure> {
        let tables = chosen(&Registry::linked()?, self.names)?;
        if self.stdout {
            let ([table], FormatName::Csv) = (&*tables, self.format) else {
                return Err(Failure::Usage(
                    "standard output takes one table as CSV: say --table TABLE --format csv".into(),
                ));
            };
            let (store, family) = (self.tables.open()?, self.family.map_or(Family::Data, Family::from));
            return with_stdout(|output| Ok(export_csv(&*store, table, family, output).map(drop)?));
        }
        let families = self.family.map_or(vec![Family::Data, Family::Day], |family| vec![family.into()]);
        let store = Reading::new(self.tables.open()?);
        let mut files = Vec::new();
        for table in &tables {
            for family in &families {
                files.push((table, *family, export(&store, table, *family, self.format.into(), &self.folder)?));
            }
        }
        with_stdout(|output| {
            if self.json {
                let files: Vec<_> = files.iter().map(as_data).collect();
                return Ok(writeln!(output, "{:#}", json!(files))?);
            }
            for (_, _, Exported { file, rows }) in &files {
                let rows = if *rows == 1 { "1 row".into() } else { format!("{} rows", thousands(*rows)) };
                writeln!(output, "{}: {rows}", file.display())?;
            }
            Ok(())
        })
    }
}

fn as_data((table, family, file): &(&Table, Family, Exported)) -> serde_json::Value {
    let Exported { file, rows } = file;
    json!({"table": table.name, "family": family.name(), "file": file.display().to_string(), "rows": rows})
}
