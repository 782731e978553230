//! What HBase says of itself and when the tables were loaded: as numbers, against thresholds, and as text for Prometheus.
//!
//! [`HBase::read`] asks the master and its region servers, [`Outcome::of`] puts that beside the last loads and judges it by
//! [`Thresholds`]. What cannot be read is a [`Finding`] like any other, so that silence is never taken for health.

mod error;
mod exposition;
mod findings;
mod hbase;
mod jmx;
mod loads;
mod outcome;

#[cfg(test)]
mod recorded;
mod region;
mod tables;
mod thresholds;

pub use error::Error;
pub use exposition::{prometheus_text, write_whole};
pub use findings::{Check, Finding};
pub use hbase::{HBase, RegionServer, Unread};
pub use loads::{LastLoad, Loads};
pub use outcome::{Outcome, TableStatus};

pub use region::Region;
pub use tables::{RegionCount, TableNumbers};
pub use thresholds::{Level, Threshold, Thresholds};
