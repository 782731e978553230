//! Erasing rows with all their versions. What HBase has stored of them is gone once it has compacted the tables.

use std::collections::{BTreeMap, BTreeSet};

use hbase_thrift::hbase::THbaseSyncClient;
use tootmill_metric::Table;

use super::{error::Error, store::Hbase};

impl Hbase {
    /// Removes every version of the rows with these keys.
    pub(super) fn erase_rows(&self, tables: &[Table], keys: &BTreeSet<String>) -> Result<(), Error> {
        let names = self.table_names(&())?;
        for name in tables.iter().map(|table| self.name(table.name)).filter(|name| names.contains(name)) {
            for key in keys {
                // The mark of a removal has the key in it, so there is none where there is no row.
                if self.has_row(&name, key)? {
                    self.call(&format!("erase a row of the table `{name}`"), &(), |client| {
                        client.delete_all_row(name.clone().into(), key.clone().into(), BTreeMap::new())
                    })?;
                }
                if self.has_row(&name, key)? {
                    return Err(Error::NotErased { table: name });
                }
            }
        }
        Ok(())
    }

    fn has_row(&self, table: &str, key: &str) -> Result<bool, Error> {
        let found = self.call(&format!("look for a row of the table `{table}`"), &(), |client| {
            client.get_row(table.into(), key.into(), BTreeMap::new())
        })?;
        Ok(!found.is_empty())
    }
}
