//! `tootmill jobs`: the jobs of a lake that run on the cluster.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tootmill_yarn::{Cluster, Running};

use super::{
    lake::{LakeArguments, OutcomeArguments},
    yarn::ClusterArguments,
};
use crate::{failure::Failure, output::say};

/// Look at the jobs of a lake that run on the cluster, and end them.
#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    List(List),
    Kill(Kill),
}

impl Jobs {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(List { of }) => of.tell(&of.running(&of.cluster()?)?),
            Self::Kill(Kill { of }) => of.kill(),
        }
    }
}

/// List the jobs of a lake that have not ended: those of a command that follows them, and those that one left which was killed.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  tootmill jobs list --lake hdfs://namenode:8020/tootmill --instance mastodon.example"
)]
pub(crate) struct List {
    #[command(flatten)]
    of: Of,
}

/// End the jobs of a lake, and wait until they cannot write any more.
///
/// The next command for the same work does so by itself. A command that follows one of the jobs at this moment fails, with exit
/// code 75.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  tootmill jobs kill --lake hdfs://namenode:8020/tootmill --instance mastodon.example"
)]
pub(crate) struct Kill {
    #[command(flatten)]
    of: Of,
}

/// Whose jobs, and where.
#[derive(Args, Debug)]
struct Of {
    #[command(flatten)]
    lake: LakeArguments,
    #[command(flatten)]
    outcome: OutcomeArguments,
    #[command(flatten)]
    cluster: ClusterArguments,
}

impl Of {
    fn cluster(&self) -> Result<Cluster, Failure> {
        self.cluster.cluster()
    }

    fn running(&self, cluster: &Cluster) -> Result<Vec<Running>, Failure> {
        Ok(cluster.running(&tootmill_stages::tag(&self.lake.open()?))?)
    }

    /// Ends all that can be ended; what cannot is said, and the first of it is the failure.
    fn kill(&self) -> Result<(), Failure> {
        let cluster = self.cluster()?;
        let (mut killed, mut failure) = (Vec::new(), None);
        for job in self.running(&cluster)? {
            match cluster.kill_application(&job.application.id) {
                Ok(()) => killed.push(job),
                Err(error) if failure.is_none() => failure = Some(error),
                Err(error) => say(error),
            }
        }
        self.tell(&killed)?;
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    fn tell(&self, jobs: &[Running]) -> Result<(), Failure> {
        let sentences: Vec<String> = jobs.iter().map(sentence).collect();
        let text = if jobs.is_empty() { "no job of the lake runs".to_owned() } else { sentences.join("\n") };
        self.outcome.tell(&text, &jobs.iter().map(data).collect())
    }
}

fn sentence(job: &Running) -> String {
    let Running { application, name, state, seconds } = job;
    format!("{}: {name}, {state}, began {seconds} s ago: {}", application.id, application.page)
}

fn data(job: &Running) -> Value {
    let Running { application, name, state, seconds } = job;
    json!({
        "application": application.id, "name": name, "state": state, "seconds": seconds, "tracking_url": application.page,
    })
}
