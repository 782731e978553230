//! The arguments that say how jobs run on a cluster.

use std::{env, path::PathBuf};

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use tootmill_lake::Lake;
use tootmill_metric::Status;
use tootmill_stages::{JobReport, OnYarn, Way};
use tootmill_yarn::{Cluster, Watch};

use super::run::{EngineArguments, parse_memory};
use crate::{failure::Failure, interrupt::JobRuns, output::say};

/// Which cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "On the cluster")]
pub(crate) struct ClusterArguments {
    /// The command that launches a streaming job; `hadoop jar …/hadoop-streaming.jar` and `java -cp …
    /// org.apache.hadoop.streaming.HadoopStreaming` do as well
    #[arg(long, value_name = "COMMAND", default_value = "mapred streaming", env = "TOOTMILL_LAUNCHER")]
    launcher: String,
    /// The folder of Hadoop's configuration [default: `HADOOP_CONF_DIR`, or etc/hadoop in `HADOOP_HOME`]
    #[arg(long, value_name = "FOLDER")]
    hadoop_configuration: Option<PathBuf>,
    /// The `ResourceManager`'s address, http://HOST:PORT [default: what the configuration says]
    #[arg(long, value_name = "URL", env = "TOOTMILL_RESOURCE_MANAGER")]
    resource_manager: Option<String>,
    /// The history server's address, http://HOST:PORT [default: what the configuration says]
    #[arg(long, value_name = "URL", env = "TOOTMILL_HISTORY_SERVER")]
    history_server: Option<String>,
}

/// How jobs run on a cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "On the cluster")]
pub(crate) struct YarnArguments {
    #[command(flatten)]
    cluster: ClusterArguments,
    /// The program that the job runs; one for the nodes' C library, where they have an older one [default: this one]
    #[arg(long, value_name = "FILE", env = "TOOTMILL_PROGRAM")]
    program: Option<PathBuf>,
    /// How posts get into the mappers
    #[arg(long, value_name = "WAY", default_value = "direct")]
    way: WayArgument,
    /// Reducers [default: as suits the size of the input]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    reducers: Option<u32>,
    /// Let a reducer combine each mapper's output before it travels: in a job for one day, and in a merge
    #[arg(long)]
    combiner: bool,
    /// How many bytes of posts a mapper gets, decompressed, where it reads by itself
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    mapper_input: ByteSize,
    /// Memory in which a mapper combines
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = parse_memory)]
    mapper_memory: ByteSize,
    /// A property of Hadoop's for the job; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WayArgument {
    /// A mapper reads its part of the posts from HDFS by itself
    Direct,
    /// Hadoop reads the posts and writes them to the mapper's standard input
    Stock,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("no NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

impl YarnArguments {
    /// What jobs over the lake need; Ctrl-C ends a job as long as `runs` lives.
    pub(crate) fn on_yarn<'y>(
        &self,
        lake: &Lake,
        engine: &EngineArguments,
        watch: &'y dyn Watch,
        runs: &JobRuns,
    ) -> Result<OnYarn<'y>, Failure> {
        if !lake.address().contains("://") {
            return Err(Failure::Usage(format!(
                "the nodes of a cluster cannot read the lake in `{}`: use one in HDFS, or say --on local",
                lake.address()
            )));
        }
        let program = match &self.program {
            Some(program) => program.clone(),
            None => {
                env::current_exe().map_err(|error| Failure::permanent(format!("cannot find this program: {error}")))?
            }
        };
        Ok(OnYarn {
            cluster: self.cluster.cluster()?,
            program,
            way: match self.way {
                WayArgument::Direct => Way::Direct,
                WayArgument::Stock => Way::Stock,
            },
            reducers: self.reducers,
            combiner: self.combiner,
            bytes_a_mapper: self.mapper_input.as_u64().max(1),
            memory: self.mapper_memory.as_u64(),
            bad_limit: engine.options().bad_limit,
            settings: self.settings.clone(),
            watch,
            cancel: runs.cancel(),
        })
    }
}

impl ClusterArguments {
    /// Fails where jobs of a lake run, as far as a cluster is known: they could write back what goes out of it now.
    pub(crate) fn refuse_jobs_of(&self, lake: &Lake) -> Result<(), Failure> {
        let cluster = self.cluster().ok().filter(|_| lake.address().contains("://"));
        match cluster.map(|cluster| cluster.running(&tootmill_stages::tag(lake))) {
            None => Ok(()),
            Some(Ok(jobs)) if jobs.is_empty() => Ok(()),
            Some(Ok(jobs)) => {
                let ids: Vec<&str> = jobs.iter().map(|job| &*job.application.id).collect();
                let reason = format!(
                    "jobs of the lake run that a command left: {}; they could write back what is taken out: end them by `tootmill \
                     jobs kill`, or wait until they have ended",
                    ids.join(", ")
                );
                Err(Failure::Failed(reason, Status::Temporary))
            }
            Some(Err(error)) => {
                say(format!(
                    "it cannot be seen whether jobs of the lake run, which could write back what is taken out: {error}"
                ));
                Ok(())
            }
        }
    }

    /// The cluster, of which nothing is asked yet.
    pub(crate) fn cluster(&self) -> Result<Cluster, Failure> {
        let of_home = || env::var_os("HADOOP_HOME").map(|home| PathBuf::from(home).join("etc/hadoop"));
        let folder = self.hadoop_configuration.clone();
        let folder = folder.or_else(|| env::var_os("HADOOP_CONF_DIR").map(PathBuf::from)).or_else(of_home);
        let mut cluster = match (folder, &self.resource_manager, &self.history_server) {
            (Some(folder), ..) => Cluster::from_configuration(&folder)?,
            (None, Some(resource_manager), Some(history_server)) => Cluster::new(resource_manager, history_server),
            _ => {
                return Err(Failure::Usage(
                    "there is no cluster: set HADOOP_CONF_DIR to the folder of its configuration, or say --on local"
                        .into(),
                ));
            }
        };
        if let Some(url) = &self.resource_manager {
            cluster = cluster.with_resource_manager(url);
        }
        if let Some(url) = &self.history_server {
            cluster = cluster.with_history_server(url);
        }
        Ok(cluster.with_launcher(&self.launcher)?)
    }
}

/// What a job did, as a phrase.
pub(crate) fn phrase(job: &JobReport) -> String {
    let JobReport { application, tracking_url: _, records, distinct, maps, reduces, seconds } = job;
    format!(
        "{application}: {records} records, {distinct} distinct keys, {maps} maps, {reduces} reduces, {seconds:.1} s"
    )
}
