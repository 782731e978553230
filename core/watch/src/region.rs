//! A region, as its server tells of it.

use crate::{Error, jmx::Bean};

/// A region and its numbers. A region's full name has the row key in it that it begins with, which may be an account's id:
/// only the encoded name, a hash, is known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// Its table, with the name space in front where that is not `default`.
    pub table: String,
    /// Its encoded name.
    pub encoded: String,
    /// The files of its stores.
    pub store_files: u64,
    /// The bytes of those files.
    pub store_bytes: u64,
    /// The bytes that are not in a file yet.
    pub memory_bytes: u64,
    /// Reading requests since its server opened it.
    pub reads: u64,
    /// Writing requests since its server opened it.
    pub writes: u64,
}

impl Region {
    /// Requests since its server opened it.
    pub fn requests(&self) -> u64 {
        self.reads.saturating_add(self.writes)
    }
}

/// The regions that the bean `RegionServer,sub=Regions` tells of, which has an attribute for each number of each, and more
/// for their stores.
pub(crate) fn regions(bean: &Bean) -> Result<Vec<Region>, Error> {
    let of_regions = bean.names().filter_map(|name| name.strip_suffix("_metric_storeFileCount"));
    let read = |(of, Name { namespace, table, encoded }): (&str, Name<'_>)| {
        let number = |metric: &str| bean.number(&format!("{of}_metric_{metric}"));
        Ok(Region {
            table: if namespace == "default" { table.to_owned() } else { format!("{namespace}:{table}") },
            encoded: encoded.to_owned(),
            store_files: number("storeFileCount")?,
            store_bytes: number("storeFileSize")?,
            memory_bytes: number("memStoreSize")?,
            reads: number("readRequestCount")?,
            writes: number("writeRequestCount")?,
        })
    };
    of_regions.filter_map(|of| Some((of, parse(of)?))).map(read).collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Name<'n> {
    namespace: &'n str,
    table: &'n str,
    encoded: &'n str,
}

/// Reads `Namespace_hbase_table_meta_region_1588230740`. Tables have `_table` and the like in their names, encoded names
/// have no `_`; a name space with `_table_` in its own name is misread, because nothing tells the two apart.
fn parse(text: &str) -> Option<Name<'_>> {
    let (table, encoded) = text.strip_prefix("Namespace_")?.rsplit_once("_region_")?;
    let (namespace, table) = table.split_once("_table_")?;
    Some(Name { namespace, table, encoded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_whatever_the_table_is_called() {
        for (text, namespace, table, encoded) in [
            ("Namespace_hbase_table_meta_region_1588230740", "hbase", "meta", "1588230740"),
            ("Namespace_default_table_toot_with_media_table_region_8c8a", "default", "toot_with_media_table", "8c8a"),
            ("Namespace_default_table__table__region_x_region_8c8a", "default", "_table__region_x", "8c8a"),
        ] {
            assert_eq!(parse(text), Some(Name { namespace, table, encoded }));
        }
        for text in ["tag.Context", "Namespace_default_table_x", "Namespace_x_region_1", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
