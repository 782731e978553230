//! The declaration of a table: what a store needs to know to create it, and a reader to understand it.

use std::time::Duration;

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers, never negative.
    Integer,
    /// Doubles.
    Real,
    /// Text.
    Text,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, without a family.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it says, in one line.
    pub meaning: &'static str,
}

/// Which filter HBase keeps of what a store file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BloomFilter {
    /// None.
    None,
    /// Of its rows.
    Row,
    /// Of its rows with their columns.
    RowColumn,
}

/// How HBase compresses the blocks of a store file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Zstandard.
    Zstd,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Gzip.
    Gz,
}

/// How a table's keys are spread over its regions from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regions {
    /// One region, which HBase splits as it grows.
    One,
    /// Split by the keys that are there at the first load.
    BySeenKeys,
}

/// A table as its metric declares it. The rows' totals are in the family `data`, what each day alone gave in `day`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, which ends in `_table`.
    pub name: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// How many versions of a cell of a day are kept.
    pub day_versions: u32,
    /// How long the cells of a day are kept; `None`: for ever.
    pub day_time_to_live: Option<Duration>,
    /// The filter of the store files.
    pub bloom_filter: BloomFilter,
    /// The compression of the store files.
    pub compression: Compression,
    /// How the keys are spread.
    pub regions: Regions,
}

impl Table {
    /// What every table's name ends in; what stands before it is the metric's name.
    pub const SUFFIX: &'static str = "_table";

    /// A table without columns and with the defaults: 400 versions of a day's cells, kept for ever, a filter of rows,
    /// Zstandard, one region. The name is the metric's, of `a-z`, `0-9` and `_`, followed by `_table`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            columns: Vec::new(),
            day_versions: 400,
            day_time_to_live: None,
            bloom_filter: BloomFilter::Row,
            compression: Compression::Zstd,
            regions: Regions::One,
        }
    }

    /// With a column of whole numbers.
    pub fn integer(self, name: &'static str, meaning: &'static str) -> Self {
        self.column(Column { name, kind: Kind::Integer, meaning })
    }

    /// With a column of doubles.
    pub fn real(self, name: &'static str, meaning: &'static str) -> Self {
        self.column(Column { name, kind: Kind::Real, meaning })
    }

    /// With a column of text.
    pub fn text(self, name: &'static str, meaning: &'static str) -> Self {
        self.column(Column { name, kind: Kind::Text, meaning })
    }

    fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// With so many versions of a day's cells.
    pub fn day_versions(self, day_versions: u32) -> Self {
        Self { day_versions, ..self }
    }

    /// With the cells of a day kept so long.
    pub fn day_time_to_live(self, day_time_to_live: Duration) -> Self {
        Self { day_time_to_live: Some(day_time_to_live), ..self }
    }

    /// With this filter.
    pub fn bloom_filter(self, bloom_filter: BloomFilter) -> Self {
        Self { bloom_filter, ..self }
    }

    /// With this compression.
    pub fn compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// With its keys spread so.
    pub fn regions(self, regions: Regions) -> Self {
        Self { regions, ..self }
    }

    /// The name of the metric that fills it: the table's without `_table`.
    pub fn metric_name(&self) -> &'static str {
        self.name.strip_suffix(Self::SUFFIX).unwrap_or(self.name)
    }

    /// What is wrong with the declaration, if anything.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_lowercase())
                && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        if !self.name.ends_with(Self::SUFFIX) || !is_name(self.metric_name()) {
            Some("its table's name is not `a-z`, `0-9` and `_`, followed by `_table`")
        } else if names.is_empty() {
            Some("its table has no columns")
        } else if !names.iter().all(|name| is_name(name)) {
            Some("a column's name is not of `a-z`, `0-9` and `_`")
        } else if names.iter().any(|name| ["row_key", "day", "timestamp"].contains(name)) {
            Some("a column is named `row_key`, `day` or `timestamp`, as columns of every table in SQLite are")
        } else if (1..names.len()).any(|place| names[..place].contains(&names[place])) {
            Some("two columns have the same name")
        } else {
            None
        }
    }
}
