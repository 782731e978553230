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
                let Some(newest) = self.newest_cell(&name, key)? else { continue };
                // A mark hides nothing that is later than it, and without a time it is of now: a day that is to come has cells, too.
                self.call(&format!("erase a row of the table `{name}`"), &(), |client| {
                    client.delete_all_row_ts(name.clone().into(), key.clone().into(), newest, BTreeMap::new())
                })?;
                if self.newest_cell(&name, key)?.is_some() {
                    return Err(Error::NotErased { table: name });
                }
            }
        }
        Ok(())
    }

    /// The time of a row's newest cell, in milliseconds since 1970; `None` where there is no row.
    fn newest_cell(&self, table: &str, key: &str) -> Result<Option<i64>, Error> {
        let found = self.call(&format!("look for a row of the table `{table}`"), &(), |client| {
            client.get_row(table.into(), key.into(), BTreeMap::new())
        })?;
        Ok(found
            .iter()
            .filter_map(|row| row.columns.as_ref())
            .flat_map(BTreeMap::values)
            .filter_map(|cell| cell.timestamp)
            .max())
    }
}
