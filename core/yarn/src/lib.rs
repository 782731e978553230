//! Shipping a Hadoop Streaming job to a cluster, following it, its counters and the cause of its failure.
//!
//! [`Cluster::run`] does all of it: it ends what an earlier try left, launches a [`Job`], follows its application to the
//! end and gives its [`Outcome`], or an [`Error`] that says what the failing task said.

mod cluster;
mod configuration;
mod counters;
mod error;
mod failure;
mod follow;
mod job;
mod kill;
mod launch;
mod rest;
mod running;
#[cfg(test)]
mod stub;

pub use cluster::Cluster;
pub use counters::Counters;
pub use error::Error;
pub use follow::{Application, Cancel, Outcome, Progress, Tasks, Watch};
pub use job::{Input, Job};
pub use running::Running;
