//! A development cluster on one machine: HDFS, YARN and HBase, from Maven artifacts, on ports of its own.
//!
//! [`Cluster::up`] starts one and gives it when all of it answers; [`Cluster::environment`] is what programs must know
//! of it. A test stops and starts its daemons, and drops it at the end:
//!
//! ```no_run
//! use tootmill_cluster::{Cluster, Daemon, Options};
//! let mut cluster = Cluster::up(&Options { hbase: false, ..Options::default() })?;
//! let listed = cluster.command("hdfs").args(["dfs", "-ls", "/"]).status();
//! cluster.kill(Daemon::DataNode1)?;
//! cluster.start(Daemon::DataNode1)?;
//! cluster.down()?;
//! # Ok::<(), tootmill_cluster::Error>(())
//! ```

pub mod cache;
mod cluster;
mod configuration;
mod daemon;
mod environment;
mod error;
mod guard;
mod hdfs;
mod health;
mod jars;
mod java;
mod launch;
mod layout;
mod ports;
mod processes;
mod settings;
mod web;
mod wrappers;

pub use cluster::{Cluster, Options, State};
pub use daemon::Daemon;
pub use environment::Environment;
pub use error::Error;
pub use jars::Jars;
pub use processes::Container;

use layout::Layout;
