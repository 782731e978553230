//! What HBase and HDFS say of themselves, what lies in a lake, and when the tables were loaded: as numbers, against thresholds,
//! and as text for Prometheus.
//!
//! [`HBase::read`] asks the master and its region servers, [`NameNode::read`] HDFS; [`Outcome::of`] puts that beside the lake
//! and the last loads and judges it by [`Thresholds`]. What cannot be read is a [`Finding`] like any other, so that silence is never taken for health.

mod day;
mod error;
mod exposition;
mod findings;
mod hbase;
mod jmx;
mod lake;
mod loads;
mod namenode;
mod outcome;
#[cfg(test)]
mod recorded;
mod region;
mod tables;
mod thresholds;

pub use day::{DayNumbers, DayStatus, Loaded, TableRows};
pub use error::Error;
pub use exposition::prometheus_text;
pub use findings::{Check, Finding};
pub use hbase::{HBase, RegionServer, Unread};
pub use lake::LakeStatus;
pub use loads::{LastLoad, Loads};
pub use namenode::NameNode;
pub use outcome::{Erasures, Outcome, Seen, TableStatus};
pub use region::Region;
pub use tables::{RegionCount, TableNumbers};
pub use thresholds::{Level, Threshold, Thresholds};
