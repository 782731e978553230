//! The numbers of each table: those of its regions, added up.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Region;

/// What HBase says of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TableNumbers {
    /// Its regions.
    pub regions: u64,
    /// The files of their stores.
    pub store_files: u64,
    /// The bytes of those files.
    pub store_bytes: u64,
    /// The bytes that are not in a file yet.
    pub memory_bytes: u64,
    /// Reading requests since the regions were opened.
    pub reads: u64,
    /// Writing requests since the regions were opened.
    pub writes: u64,
    /// The region with the most requests.
    pub hottest: RegionCount,
    /// The region with the most files.
    pub most_files: RegionCount,
}

/// A region, and how many of something it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RegionCount {
    /// The region's encoded name.
    pub region: String,
    /// How many it has.
    pub count: u64,
}

impl TableNumbers {
    /// Requests since the regions were opened.
    pub fn requests(&self) -> u64 {
        self.reads.saturating_add(self.writes)
    }

    /// Which part of the requests, 0 to 1, the hottest region got; none where there were no requests.
    #[allow(clippy::cast_precision_loss, reason = "a share is looked at with two digits")]
    pub fn share_of_hottest(&self) -> Option<f64> {
        (self.requests() > 0).then(|| self.hottest.count as f64 / self.requests() as f64)
    }

    fn add(&mut self, region: &Region) {
        let sum = |total: &mut u64, more: u64| *total = total.saturating_add(more);
        sum(&mut self.regions, 1);
        sum(&mut self.store_files, region.store_files);
        sum(&mut self.store_bytes, region.store_bytes);
        sum(&mut self.memory_bytes, region.memory_bytes);
        sum(&mut self.reads, region.reads);
        sum(&mut self.writes, region.writes);
        let most = |most: &mut RegionCount, count: u64| {
            if count > most.count || most.region.is_empty() {
                *most = RegionCount { region: region.encoded.clone(), count };
            }
        };
        most(&mut self.hottest, region.requests());
        most(&mut self.most_files, region.store_files);
    }
}

/// The tables that regions are of, by name.
pub(crate) fn per_table(regions: &[Region]) -> BTreeMap<String, TableNumbers> {
    let mut tables: BTreeMap<String, TableNumbers> = BTreeMap::new();
    for region in regions {
        tables.entry(region.table.clone()).or_default().add(region);
    }
    tables
}
