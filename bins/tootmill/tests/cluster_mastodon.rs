//! Collecting into a lake in HDFS: the tables of the server's own database, and a collector that is killed there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;
#[path = "mastodon/mod.rs"]
mod mastodon;

use std::{thread, time::Duration};

use common::lake::Lake;
use mastodon::{Collector, Mock, Settings};

const DAY: &str = "2026-11-20";

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn what_is_collected_into_hdfs_gives_the_tables_of_the_servers_database() {
    let lake = Lake::new("collected", "mill.test");
    let mock = Mock::start(&Settings::default());
    mock.fill(48);
    mock.multiply(21);
    mock.date(DAY);
    let collector = Collector::new(&mock, Some(&lake.address));
    // A file that was being written when the collector was killed is no part of the lake, and its lease is missed soon.
    let mut child = collector.start(&["--since", DAY, "--commit-every", "100ms"]);
    while collector.raw().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before anything was committed");
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    collector.collected(&["--since", DAY]);
    assert_eq!(collector.raw().len(), 48 * 22);
    collector.assert_tables(&mock, DAY);
}
