//! What a real HBase says, which the environment describes: `TOOTMILL_HBASE_MASTER`, and `hbase` in `PATH`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    env,
    process::{self, Command, Output},
    thread,
    time::{Duration, Instant},
};

use tootmill_watch::{HBase, Level, NameNode, Outcome, Region, Seen, Thresholds, prometheus_text};

/// A server looks at its regions' files every 45 seconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// A table of four regions with 1,000 rows, 980 of them in one region; dropped in the end.
struct Table(String);

impl Table {
    fn make() -> Self {
        let table = Self(format!("watched_{}_table", process::id()));
        let output = table.java("make");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        table
    }

    fn java(&self, action: &str) -> Output {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/MakeTable.java");
        Command::new("hbase").args([program, action, &self.0]).output().expect("`hbase` is in PATH")
    }

    /// Its regions, the one with the most requests first.
    fn regions(&self) -> Vec<Region> {
        let mut regions = read().regions;
        regions.retain(|region| region.table == self.0);
        regions.sort_by_key(|region| std::cmp::Reverse(region.requests()));
        regions
    }

    /// Its regions, when they are as is expected.
    fn await_regions(&self, expected: impl Fn(&[Region]) -> bool) -> Vec<Region> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let regions = self.regions();
            if expected(&regions) {
                return regions;
            }
            assert!(Instant::now() < deadline, "in vain: {regions:?}");
            thread::sleep(Duration::from_millis(500));
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let output = self.java("drop");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || thread::panicking(), "{said}");
    }
}

fn masters() -> Vec<String> {
    vec![env::var("TOOTMILL_HBASE_MASTER").expect("a cluster's environment")]
}

fn read() -> HBase {
    HBase::read(&masters(), None).unwrap()
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_real_table_is_seen_with_its_regions_files_and_requests() {
    let table = Table::make();
    let regions = table.await_regions(|regions| {
        regions.len() == 4 && regions.iter().map(|region| region.store_files).sum::<u64>() == 3
    });
    let writes: Vec<u64> = regions.iter().map(|region| region.writes).collect();
    assert_eq!(writes, [980, 10, 10, 0]);
    assert!(regions[0].store_bytes > regions[1].store_bytes && regions[1].store_bytes > 0, "{regions:?}");
    assert_eq!(regions[3].store_bytes, 0);

    let hbase = read();
    assert_eq!((hbase.servers.len(), hbase.dead.len(), hbase.unread.len()), (1, 0, 0));
    assert!(hbase.servers[0].store_bytes >= regions.iter().map(|region| region.store_bytes).sum());
    let thresholds = Thresholds { least_requests: 1000, ..Thresholds::DEFAULT };
    let outcome = Outcome::of(
        tootmill_metric::Instant::from_micros(0),
        Seen { hbase: Some(Ok(hbase)), ..Seen::default() },
        &thresholds,
    );
    let finding = outcome.findings.iter().find(|finding| finding.about == table.0).expect("980 of 1,000 are hot");
    assert_eq!(finding.level, Level::Error);
    assert!(finding.says.contains("98 %") && finding.says.contains(&regions[0].encoded), "{finding:?}");
    let text = prometheus_text(&outcome).unwrap();
    assert!(
        text.contains(&format!("tootmill_hbase_table_requests{{kind=\"write\",table=\"{}\"}} 1000\n", table.0)),
        "{text}"
    );
    assert!(outcome.tables.iter().any(|status| status.table == "hbase:meta"));
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_page_that_is_not_a_masters_is_said() {
    let region_server = env::var("TOOTMILL_HBASE_REGION_SERVER").expect("a cluster's environment");
    let error = HBase::read(&[region_server], None).unwrap_err().to_string();
    assert!(error.contains("sub=Server"), "{error}");
    let error = HBase::read(&masters(), Some(1)).unwrap();
    assert_eq!((error.servers.len(), error.unread.len()), (0, 1), "{error:?}");
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn the_use_of_a_real_hdfs_is_seen() {
    let namenode = env::var("TOOTMILL_WEBHDFS").expect("a cluster's environment");
    let hdfs = NameNode::read(&[namenode]).unwrap();
    // HBase has files there.
    assert!(hdfs.files > 0 && hdfs.blocks > 0 && hdfs.used > 0 && hdfs.missing_blocks == 0, "{hdfs:?}");
    assert!(hdfs.remaining > 0 && hdfs.used + hdfs.remaining <= hdfs.capacity, "{hdfs:?}");
}
