//! Making, describing and removing tables.

use std::collections::BTreeSet;

use hbase_thrift::hbase::{ColumnDescriptor, THbaseSyncClient};
use tootmill_metric::{BloomFilter, Compression, Regions, Table};

use super::{
    error::{Cause, Error as HbaseError},
    loads::{self, Record, Story},
    schema::{BLOOM_FILTERS, COMPRESSIONS, Created, Family, Schema, compression_name, filter_name},
    splits::Splits,
    store::{Hbase, RUNS},
    thrift2::Thrift2,
};
use crate::{error::Error, rows::Rows, store::Watch};

/// How tables are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Making<'m> {
    /// The rows that will be in them, to be split by.
    pub keys: Option<&'m Rows>,
    /// This compression, or an error; without it what the metric declares, or else the next that the cluster has.
    pub compression: Option<Compression>,
}

/// A table that is to be split by the keys that are seen has so many regions from the start.
const REGIONS: u64 = 4;
/// With fewer rows than that it has one.
const WORTH_SPLITTING: u64 = 10_000;
/// Any table gets another region for so many bytes of rows.
const BYTES_OF_REGION: u64 = 1 << 30;

impl Hbase {
    /// The names of the tables that there are, as HBase has them.
    pub(super) fn table_names(&self, watch: &dyn Watch) -> Result<BTreeSet<String>, HbaseError> {
        let names = self.call("list the tables", watch, THbaseSyncClient::get_table_names)?;
        Ok(names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// Whether all the tables are there.
    pub(super) fn has_tables(&self, tables: &[Table], watch: &dyn Watch) -> Result<bool, HbaseError> {
        let names = self.table_names(watch)?;
        Ok(tables.iter().all(|table| names.contains(&self.name(table.name))))
    }

    /// Makes the tables that are not there, with the two that tell of loads, and says what was made and where a table is not
    /// as its metric declares it. Nothing that is there is changed.
    pub fn create_tables(
        &self,
        tables: &[Table],
        making: Making<'_>,
        watch: &dyn Watch,
    ) -> Result<Vec<Created>, Error> {
        let names = self.table_names(watch)?;
        let missing: Vec<bool> = tables.iter().map(|table| !names.contains(&self.name(table.name))).collect();
        let splits = match making.keys {
            Some(keys) if missing.contains(&true) => splits(keys, tables)?,
            _ => vec![Vec::new(); tables.len()],
        };
        self.create_own_tables(&names, watch)?;
        if missing.contains(&true) {
            // From now on until a load is done, nothing is known of what the tables hold.
            self.say_that_tables_change(watch)?;
        }
        let mut done = Vec::new();
        for (place, table) in tables.iter().enumerate() {
            let declared = Schema::declared(table, self.name(table.name));
            if missing.get(place) == Some(&true) {
                let splits = splits.get(place).map_or(&[][..], Vec::as_slice);
                done.push(self.create(&declared, splits, making.compression, watch)?);
            } else {
                let found = self.describe(&declared.table, watch)?;
                let differences = found.map_or_else(Vec::new, |found| declared.differences(&found));
                let regions = self.regions(&declared.table)?;
                done.push(Created { table: declared.table, is_new: false, regions, left_out: Vec::new(), differences });
            }
        }
        Ok(done)
    }

    /// The tables that tell of loads.
    fn create_own_tables(&self, names: &BTreeSet<String>, watch: &dyn Watch) -> Result<(), HbaseError> {
        for (table, family) in [(loads::TABLE, loads::FAMILY), (RUNS, "data")] {
            let name = self.name(table);
            if !names.contains(&name) {
                let family = Family {
                    name: family.into(),
                    versions: 1,
                    time_to_live: None,
                    bloom_filter: Some(BloomFilter::Row),
                    compression: Some(Compression::None),
                    encoding: None,
                };
                self.create(&Schema { table: name, families: vec![family] }, &[], None, watch)?;
            }
        }
        Ok(())
    }

    /// Makes a table.
    fn create(
        &self,
        declared: &Schema,
        splits: &[Vec<u8>],
        compression: Option<Compression>,
        watch: &dyn Watch,
    ) -> Result<Created, HbaseError> {
        let wanted = compression.or_else(|| declared.families.first().and_then(|family| family.compression));
        let wanted = wanted.unwrap_or(Compression::None);
        let others = COMPRESSIONS.into_iter().filter(|other| compression.is_none() && *other != wanted);
        let (mut left_out, mut is_new) = (Vec::new(), false);
        for candidate in [wanted].into_iter().chain(others) {
            match self.create_compressed(&declared.compressed(candidate), splits, &mut left_out, watch) {
                Err(error) if error.cause() == Some(Cause::Codec) && compression.is_none() => {}
                Err(error) if error.cause() == Some(Cause::Codec) => {
                    return Err(HbaseError::NoCodec {
                        table: declared.table.clone(),
                        codec: compression_name(wanted),
                        reason: error.to_string(),
                    });
                }
                Err(error) if error.cause() != Some(Cause::Exists) => return Err(error),
                made => {
                    // Otherwise somebody else made it, and has perhaps written to it already.
                    is_new = made.is_ok();
                    if candidate != wanted {
                        let (wanted, candidate) = (compression_name(wanted), compression_name(candidate));
                        left_out.push(format!("the compression is {candidate}, because the cluster has no {wanted}"));
                    }
                    break;
                }
            }
        }
        for what in &left_out {
            watch.note(&format!("table {}: {what}", declared.table));
        }
        let found = self.describe(&declared.table, watch)?;
        let differences = found.map_or_else(Vec::new, |found| declared.differences(&found));
        let regions = self.regions(&declared.table)?;
        Ok(Created { table: declared.table.clone(), is_new, regions, left_out, differences })
    }

    fn create_compressed(
        &self,
        schema: &Schema,
        splits: &[Vec<u8>],
        left_out: &mut Vec<String>,
        watch: &dyn Watch,
    ) -> Result<(), HbaseError> {
        let address = self.address();
        if let Some(server) = &address.thrift2 {
            let mut thrift2 = Thrift2::connect(&address, server)?;
            if let Some(namespace) = &address.namespace
                && !thrift2.namespaces()?.contains(namespace)
            {
                thrift2.create_namespace(namespace)?;
            }
            return thrift2.create_table(&schema.table, &schema.families, splits);
        }
        let families: Vec<ColumnDescriptor> = schema.families.iter().map(descriptor).collect();
        let action = format!("make the table `{}`", schema.table);
        let made =
            self.call(&action, watch, |client| client.create_table(schema.table.clone().into(), families.clone()));
        if matches!(&made, Err(error) if error.cause() == Some(Cause::NoNamespace)) {
            let what = format!("make the namespace `{}`", address.namespace.unwrap_or_default());
            return Err(HbaseError::Thrift2Needed { what });
        }
        made?;
        let wants = |sets: bool, what: &str| {
            sets.then(|| format!("{what}: only the Thrift2 server can do that (thrift2=HOST:PORT)"))
        };
        left_out.extend(wants(schema.families.iter().any(|family| family.encoding.is_some()), "no block encoding"));
        left_out.extend(wants(!splits.is_empty(), "not split from the start"));
        Ok(())
    }

    /// What a table is; `None` where it is not there.
    pub fn describe_table(&self, table: &Table) -> Result<Option<Schema>, HbaseError> {
        let name = self.name(table.name);
        if self.table_names(&())?.contains(&name) { self.describe(&name, &()) } else { Ok(None) }
    }

    /// What a metric declares its table to be.
    pub fn declared(&self, table: &Table) -> Schema {
        Schema::declared(table, self.name(table.name))
    }

    fn describe(&self, table: &str, watch: &dyn Watch) -> Result<Option<Schema>, HbaseError> {
        let address = self.address();
        let mut families = match &address.thrift2 {
            Some(server) => Thrift2::connect(&address, server)?.families(table)?,
            None => self.families(table, watch)?,
        };
        families.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((!families.is_empty()).then(|| Schema { table: table.into(), families }))
    }

    /// The families of a table, as Thrift1 knows them.
    pub(super) fn families(&self, table: &str, watch: &dyn Watch) -> Result<Vec<Family>, HbaseError> {
        let action = format!("describe the table `{table}`");
        let found = self.call(&action, watch, |client| client.get_column_descriptors(table.as_bytes().to_vec()))?;
        Ok(found.values().filter_map(family).collect())
    }

    /// How many regions a table has.
    pub fn regions(&self, table: &str) -> Result<usize, HbaseError> {
        Ok(self.region_starts(table)?.len())
    }

    /// The keys at which a table's regions begin; the first is empty.
    pub fn region_starts(&self, table: &str) -> Result<Vec<Vec<u8>>, HbaseError> {
        let action = format!("list the regions of `{table}`");
        let regions = self.call(&action, &(), |client| client.get_table_regions(table.as_bytes().to_vec()))?;
        let mut starts: Vec<Vec<u8>> = regions.into_iter().map(|region| region.start_key.unwrap_or_default()).collect();
        starts.sort();
        Ok(starts)
    }

    /// Removes tables with all that is in them, and gives the names of those that were there.
    pub fn drop_tables(&self, tables: &[&str]) -> Result<Vec<String>, Error> {
        let names = self.table_names(&())?;
        let tables = tables.iter().map(|table| self.name(table)).filter(|table| names.contains(table));
        let tables: Vec<String> = tables.collect();
        if !tables.is_empty() && names.contains(&self.name(loads::TABLE)) {
            self.say_that_tables_change(&())?;
        }
        for table in &tables {
            let name = table.clone().into_bytes();
            let action = format!("drop the table `{table}`");
            let is_enabled = self.call(&action, &(), |client| client.is_table_enabled(name.clone()))?;
            if is_enabled {
                self.call(&action, &(), |client| client.disable_table(name.clone()))?;
            }
            self.call(&action, &(), |client| client.delete_table(name.clone()))?;
        }
        Ok(tables)
    }

    /// Records that nothing is known of what the tables hold: the next load writes everything.
    pub(super) fn say_that_tables_change(&self, watch: &dyn Watch) -> Result<(), Error> {
        if let Some(last) = Story::of(self.records(watch)?).last {
            self.claim(&Record::begin(last.saturating_add(1)), watch)?;
        }
        Ok(())
    }
}

/// Where the tables should be split, by the rows that they will have.
fn splits(rows: &Rows, tables: &[Table]) -> Result<Vec<Vec<Vec<u8>>>, Error> {
    let mut sizes = vec![(0u64, 0u64); tables.len()];
    let mut read = rows.read(tables)?;
    for (place, (rows, bytes)) in sizes.iter_mut().enumerate() {
        while let Some(row) = read.next_of(place)? {
            *rows += 1;
            *bytes += (row.key.len() + row.cells.iter().flatten().map(String::len).sum::<usize>()) as u64;
        }
    }
    let mut read = rows.read(tables)?;
    let mut all = Vec::new();
    for (place, (table, (rows, bytes))) in tables.iter().zip(sizes).enumerate() {
        let by_size = 1 + bytes / BYTES_OF_REGION;
        let regions = match table.regions {
            Regions::BySeenKeys if rows >= WORTH_SPLITTING => by_size.max(REGIONS),
            _ => by_size,
        };
        let mut splits = Splits::new(rows, regions);
        while let Some(row) = read.next_of(place)? {
            splits.add(row.key.as_bytes());
        }
        all.push(splits.finish());
    }
    Ok(all)
}

/// A family as Thrift1 has it. Every field is set: what is not would be zero.
fn descriptor(family: &Family) -> ColumnDescriptor {
    ColumnDescriptor {
        name: Some(format!("{}:", family.name).into_bytes()),
        max_versions: Some(family.versions),
        compression: Some(compression_name(family.compression.unwrap_or(Compression::None)).into()),
        in_memory: Some(false),
        bloom_filter_type: Some(filter_name(family.bloom_filter.unwrap_or(BloomFilter::Row)).into()),
        bloom_filter_vector_size: Some(0),
        bloom_filter_nb_hashes: Some(0),
        block_cache_enabled: Some(true),
        time_to_live: Some(family.time_to_live.unwrap_or(i32::MAX)),
    }
}

fn family(descriptor: &ColumnDescriptor) -> Option<Family> {
    let name = String::from_utf8(descriptor.name.clone()?).ok()?;
    let bloom_filter = descriptor.bloom_filter_type.as_deref();
    let compression = descriptor.compression.as_deref();
    Some(Family {
        name: name.trim_end_matches(':').into(),
        versions: descriptor.max_versions?,
        time_to_live: descriptor.time_to_live.filter(|seconds| *seconds != i32::MAX && *seconds > 0),
        bloom_filter: BLOOM_FILTERS.into_iter().find(|filter| Some(filter_name(*filter)) == bloom_filter),
        compression: COMPRESSIONS.into_iter().find(|other| Some(compression_name(*other)) == compression),
        encoding: None,
    })
}
