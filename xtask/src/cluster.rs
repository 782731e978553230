//! `cargo xtask cluster`: a development cluster, started, looked at and stopped.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};
use tootmill_cluster::{Cluster, Daemon, Options, State, cache};

use crate::prerequisites::{self, CLUSTER};

/// Start, look at and stop a development cluster: HDFS, YARN and HBase on this machine, on free ports.
///
/// The jars come by Maven into the project's cache the first time. What programs must know of the cluster is in its
/// folder, in the file cluster.env, which a shell can source; `hdfs`, `hadoop`, `mapred` and `yarn` are on the PATH then.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The cluster's folder [default: cluster/default in the project's cache]
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cluster up
  . ~/.cache/tootmill/cluster/default/cluster.env && hdfs dfs -ls /
  cargo xtask cluster status
  cargo xtask cluster logs namenode
  cargo xtask cluster down
  cargo xtask cluster up --dir /tmp/other --datanodes 2 --without-hbase    # a second one beside it";

#[derive(clap::Subcommand)]
enum Command {
    /// Start it, and wait until all of it answers; what the folder holds of an earlier one is kept
    Up {
        /// How many DataNodes; each file has as many replicas
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        datanodes: u8,
        /// HDFS and YARN alone
        #[arg(long)]
        without_hbase: bool,
        /// Collect the logs of containers in HDFS, for the history server to show
        #[arg(long)]
        log_aggregation: bool,
        /// Java's best compiler and larger tasks, as on a real cluster: for measuring, since it takes longer to start
        #[arg(long)]
        for_measuring: bool,
    },
    /// Stop it; its folder stays, unless it is a temporary one
    Down,
    /// Start a daemon of it that was stopped, and wait until it answers
    Start { daemon: Daemon },
    /// Stop one daemon of it, to see what becomes of the rest
    Stop { daemon: Daemon },
    /// Say of each daemon whether it runs and answers, and where
    Status,
    /// Say where the logs are, and show their ends
    Logs {
        /// Only this daemon's
        daemon: Option<Daemon>,
    },
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => cache::folder()?.join("cluster").join("default"),
    };
    match &arguments.command {
        Command::Up { datanodes, without_hbase, log_aggregation, for_measuring } => up(&Options {
            dir: Some(dir),
            datanodes: *datanodes,
            hbase: !without_hbase,
            log_aggregation: *log_aggregation,
            for_measuring: *for_measuring,
            interrupted: interrupted()?,
        }),
        Command::Down => Ok(Cluster::open(&dir)?.down()?),
        Command::Start { daemon } => with_one(&dir, |cluster| cluster.start(*daemon)),
        Command::Stop { daemon } => with_one(&dir, |cluster| cluster.stop(*daemon)),
        Command::Status => status(&Cluster::open(&dir)?),
        Command::Logs { daemon } => {
            logs(&Cluster::open(&dir)?, *daemon);
            Ok(())
        }
    }
}

/// Becomes true at a Ctrl-C, which would otherwise end us and leave the daemons.
pub fn interrupted() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, flag.clone()).context("waiting for signals")?;
    }
    Ok(flag)
}

fn up(options: &Options) -> Result<()> {
    prerequisites::check(CLUSTER)?;
    let start = Instant::now();
    let mut cluster = Cluster::up(options)?;
    // First of all: nobody may be reading what is said here.
    cluster.leave_running();
    eprintln!("up in {:.1} s", start.elapsed().as_secs_f64());
    for daemon in cluster.daemons() {
        eprintln!("  {daemon:<16} {}", cluster.address(daemon));
    }
    eprintln!("to use it: . {}", cluster.folder().join("cluster.env").display());
    Ok(())
}

/// Does something to a cluster that goes on running.
fn with_one(dir: &Path, work: impl FnOnce(&mut Cluster) -> Result<(), tootmill_cluster::Error>) -> Result<()> {
    let mut cluster = Cluster::open(dir)?;
    cluster.leave_running();
    Ok(work(&mut cluster)?)
}

fn status(cluster: &Cluster) -> Result<()> {
    let mut well = true;
    for daemon in cluster.daemons() {
        let (state, problem) = match cluster.state(daemon) {
            State::Answers => ("answers", String::new()),
            State::Silent(problem) => ("runs, does not answer", format!(" ({problem})")),
            State::Down => ("down", String::new()),
        };
        well &= state == "answers";
        eprintln!("{daemon:<16} {:<16} {state}{problem}", cluster.address(daemon));
    }
    if well { Ok(()) } else { bail!("not all of the cluster in {} is up", cluster.folder().display()) }
}

fn logs(cluster: &Cluster, daemon: Option<Daemon>) {
    for daemon in daemon.map_or_else(|| cluster.daemons(), |daemon| vec![daemon]) {
        eprintln!("==> {}\n{}\n", cluster.log(daemon).display(), cluster.log_tail(daemon));
    }
}
