//! The schema of a table in HBase: what a metric declares, what HBase has, and how the two differ.

use std::{fmt, fmt::Write as _};

use tootmill_engine::Family as TableFamily;
use tootmill_metric::{BloomFilter, Compression, Table};

/// How HBase writes the keys within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    None,
    /// What is equal to the key before is left out.
    Prefix,
    /// As differences.
    Diff,
    /// As differences, in a way that is quick to read.
    FastDiff,
    /// As they are, with an index of the rows.
    RowIndexV1,
}

/// One column family. What is `None` is not known, but for the time to live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// How many versions of a cell are kept.
    pub versions: i32,
    /// How long cells are kept, in seconds; `None`: for ever.
    pub time_to_live: Option<i32>,
    /// The filter of the store files.
    pub bloom_filter: Option<BloomFilter>,
    /// The compression of the store files.
    pub compression: Option<Compression>,
    /// The encoding of the blocks, which Thrift1 doesn't tell.
    pub encoding: Option<Encoding>,
}

/// The schema of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The table's name in HBase, with its namespace.
    pub table: String,
    /// Its families.
    pub families: Vec<Family>,
}

impl Schema {
    /// What a metric declares: `data` has one version that stays, `day` as many and as long as is declared.
    pub fn declared(table: &Table, name: String) -> Self {
        let family = |family: TableFamily, versions, time_to_live| Family {
            name: family.name().into(),
            versions,
            time_to_live,
            bloom_filter: Some(table.bloom_filter),
            compression: Some(table.compression),
            encoding: Some(Encoding::FastDiff),
        };
        let seconds = table.day_time_to_live.map(|time| i32::try_from(time.as_secs()).unwrap_or(i32::MAX));
        let versions = i32::try_from(table.day_versions).unwrap_or(i32::MAX);
        Self {
            table: name,
            families: vec![family(TableFamily::Data, 1, None), family(TableFamily::Day, versions, seconds)],
        }
    }

    /// The same with another compression.
    pub(crate) fn compressed(&self, compression: Compression) -> Self {
        let mut schema = self.clone();
        for family in &mut schema.families {
            family.compression = Some(compression);
        }
        schema
    }

    /// Where `found` is not as this.
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut add = |family: &str, attribute, declared: Option<String>, found: Option<String>| {
            let known = declared.is_some() && found.is_some();
            if known && declared != found {
                let (declared, found) = (declared.unwrap_or_default(), found.unwrap_or_default());
                differences.push(Difference {
                    table: self.table.clone(),
                    family: family.into(),
                    attribute,
                    declared,
                    found,
                });
            }
        };
        let there = || Some("there".to_string());
        let missing = || Some("missing".to_string());
        for family in &self.families {
            let Some(other) = found.families.iter().find(|other| other.name == family.name) else {
                add(&family.name, "family", there(), missing());
                continue;
            };
            for ((attribute, declared), (_, found)) in family.attributes().into_iter().zip(other.attributes()) {
                add(&family.name, attribute, declared, found);
            }
        }
        for other in &found.families {
            if !self.families.iter().any(|family| family.name == other.name) {
                add(&other.name, "family", missing(), there());
            }
        }
        differences
    }

    /// The command that makes the table in `hbase shell`.
    pub fn in_shell(&self, splits: &[Vec<u8>]) -> String {
        let mut command = format!("create '{}'", self.table);
        for family in &self.families {
            let _ = write!(command, ",\n  {{NAME => '{}'", family.name);
            for (attribute, value) in family.attributes() {
                let Some(value) = value else { continue };
                let value = if value.bytes().all(|byte| byte.is_ascii_digit()) { value } else { format!("'{value}'") };
                let _ = write!(command, ", {attribute} => {value}");
            }
            command.push('}');
        }
        if !splits.is_empty() {
            let splits: Vec<String> = splits.iter().map(|split| format!("\"{}\"", shown(split))).collect();
            let _ = write!(command, ",\n  SPLITS => [{}]", splits.join(", "));
        }
        command
    }
}

impl Family {
    /// Its attributes, by the names that HBase's shell has for them.
    pub fn attributes(&self) -> [(&'static str, Option<String>); 5] {
        [
            ("VERSIONS", Some(self.versions.to_string())),
            ("TTL", Some(self.time_to_live.map_or("FOREVER".into(), |seconds| seconds.to_string()))),
            ("BLOOMFILTER", self.bloom_filter.map(|filter| filter_name(filter).into())),
            ("COMPRESSION", self.compression.map(|compression| compression_name(compression).into())),
            ("DATA_BLOCK_ENCODING", self.encoding.map(|encoding| encoding_name(encoding).into())),
        ]
    }
}

/// One attribute in which a table is not as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The family.
    pub family: String,
    /// The attribute.
    pub attribute: &'static str,
    /// What the metric declares.
    pub declared: String,
    /// What HBase has.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, family, attribute, declared, found } = self;
        write!(f, "{table} {family} {attribute}: {found}, declared {declared}")
    }
}

/// What making a table did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The table's name in HBase.
    pub table: String,
    /// Whether it was made; it was there already otherwise.
    pub is_new: bool,
    /// How many regions it was made with.
    pub regions: usize,
    /// What could not be done as declared.
    pub left_out: Vec<String>,
    /// Where it is not as declared.
    pub differences: Vec<Difference>,
}

/// All filters.
pub(crate) const BLOOM_FILTERS: [BloomFilter; 3] = [BloomFilter::None, BloomFilter::Row, BloomFilter::RowColumn];

pub(crate) fn filter_name(filter: BloomFilter) -> &'static str {
    match filter {
        BloomFilter::None => "NONE",
        BloomFilter::Row => "ROW",
        BloomFilter::RowColumn => "ROWCOL",
    }
}

/// The codecs, the best first.
pub(crate) const COMPRESSIONS: [Compression; 5] =
    [Compression::Zstd, Compression::Snappy, Compression::Lz4, Compression::Gz, Compression::None];

pub(crate) fn compression_name(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "NONE",
        Compression::Zstd => "ZSTD",
        Compression::Snappy => "SNAPPY",
        Compression::Lz4 => "LZ4",
        Compression::Gz => "GZ",
    }
}

fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::None => "NONE",
        Encoding::Prefix => "PREFIX",
        Encoding::Diff => "DIFF",
        Encoding::FastDiff => "FAST_DIFF",
        Encoding::RowIndexV1 => "ROW_INDEX_V1",
    }
}

/// Bytes as the shell reads them between double quotes.
fn shown(bytes: &[u8]) -> String {
    let shown = bytes.iter().map(|byte| match byte {
        b'"' | b'\\' | b'#' => format!("\\x{byte:02X}"),
        0x20..=0x7e => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02X}"),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_table_that_differs_is_shown_attribute_by_attribute() {
        let table = Table::new("tag_table").integer("count", "").day_time_to_live(Duration::from_mins(1));
        let declared = Schema::declared(&table, "tag_table".into());
        assert_eq!(declared.differences(&declared), []);
        let mut found = declared.compressed(Compression::Gz);
        found.families[1].time_to_live = None;
        found.families[1].encoding = None;
        found.families[0].name = "other".into();
        let differences: Vec<String> = declared.differences(&found).iter().map(ToString::to_string).collect();
        assert_eq!(
            differences,
            [
                "tag_table data family: missing, declared there",
                "tag_table day TTL: FOREVER, declared 60",
                "tag_table day COMPRESSION: GZ, declared ZSTD",
                "tag_table other family: there, declared missing",
            ]
        );
    }

    #[test]
    fn the_shell_makes_the_same_table() {
        let table = Table::new("tag_table").integer("count", "");
        let schema = Schema::declared(&table, "mastodon:tag_table".into());
        assert_eq!(
            schema.in_shell(&[b"a\"\xff".to_vec()]),
            "create 'mastodon:tag_table',\n  \
             {NAME => 'data', VERSIONS => 1, TTL => 'FOREVER', BLOOMFILTER => 'ROW', COMPRESSION => 'ZSTD', DATA_BLOCK_ENCODING => 'FAST_DIFF'},\n  \
             {NAME => 'day', VERSIONS => 400, TTL => 'FOREVER', BLOOMFILTER => 'ROW', COMPRESSION => 'ZSTD', DATA_BLOCK_ENCODING => 'FAST_DIFF'},\n  \
             SPLITS => [\"a\\x22\\xFF\"]"
        );
    }
}
