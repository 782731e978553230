//! `cargo xtask airflow`: the DAGs under an Airflow of one's own, on the development cluster.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use tootmill_cluster::{Cluster, Daemon, cache};

use crate::{
    places,
    prerequisites::{self, FAST, FULL},
    python,
    steps::Steps,
};

/// Start, look at and stop an Airflow with Tootmill's DAGs: on this machine, on free ports, for development.
///
/// Its tasks run the program that is built from this repository, on the development cluster, which must be up. Connections
/// and variables come from the environment, by Airflow's own names for them; docs/operations.md has all. The instances, the program, the lake and the tables
/// are said here.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Subcommand,
    /// Airflow's folder [default: airflow/default in the project's cache]
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cluster up
  cargo xtask airflow up --instance mastodon.example --contact you@example.org
  . ~/.cache/tootmill/airflow/default/airflow.env && airflow dags list
  cargo xtask airflow status
  cargo xtask airflow down";

#[derive(clap::Subcommand)]
enum Subcommand {
    /// Start it, and wait until all of it is well; what the folder holds of an earlier one is kept
    Up(Up),
    /// Stop it; its folder stays
    Down,
    /// Say whether all of it is well, and where it is
    Status,
}

#[derive(clap::Args)]
struct Up {
    /// The instance that has DAGs; may be given several times
    #[arg(long, required = true)]
    instance: Vec<String>,
    /// An address at which the instance's administrators reach you
    #[arg(long, env = "TOOTMILL_CONTACT")]
    contact: String,
    /// The cluster's folder [default: cluster/default in the project's cache]
    #[arg(long)]
    cluster: Option<PathBuf>,
    /// The program that tasks run, as one with metrics of your own [default: this repository's, which is built]
    #[arg(long)]
    program: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let cache = cache::folder()?;
    let dir = arguments.dir.clone().unwrap_or_else(|| cache.join("airflow").join("default"));
    match &arguments.command {
        Subcommand::Up(up) => up.run(&cache, &dir),
        Subcommand::Down => local(&cache, &dir, "down", &[], &[]),
        Subcommand::Status => local(&cache, &dir, "status", &[], &[]),
    }
}

/// The Python that has Airflow, and what the tests of the DAGs need.
pub fn python(cache: &Path, steps: &Steps<'_>) -> Result<PathBuf> {
    python::environment(cache, "airflow", &places::repository()?.join("dags/requirements.txt"), steps)
}

impl Up {
    fn run(&self, cache: &Path, dir: &Path) -> Result<()> {
        prerequisites::check(FAST.iter().chain(FULL))?;
        let cluster = self.cluster.clone().unwrap_or_else(|| cache.join("cluster").join("default"));
        let cluster = Cluster::open(&cluster).context("Airflow's tasks need a cluster: `cargo xtask cluster up`")?;
        if cluster.pid(Daemon::NameNode).is_none() {
            bail!("the cluster in {} is not up: `cargo xtask cluster up` starts it", cluster.folder().display());
        }
        let repository = places::repository()?;
        let steps = Steps::new(repository);
        {
            let _alone = cache::lock(cache)?;
            python(cache, &steps)?;
        }
        let program = if let Some(program) = &self.program {
            program.canonicalize().with_context(|| format!("finding {}", program.display()))?
        } else {
            let mut build = Command::new("cargo");
            steps.run("the program", build.args(["build", "--release", "--package", "tootmill"]))?;
            repository.join("target/release/tootmill")
        };
        fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let variables = cluster.variables();
        let of_cluster =
            |name: &str| variables.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
        let tables = format!("hbase://{}?thrift2={}", of_cluster("TOOTMILL_THRIFT1"), of_cluster("TOOTMILL_THRIFT2"));
        // Connections are the caller's; these are ours, also in a shell that has those of an earlier Airflow.
        let said = [
            ("AIRFLOW__TOOTMILL__INSTANCES", self.instance.join(",")),
            ("AIRFLOW__TOOTMILL__PROGRAM", program.display().to_string()),
            ("AIRFLOW__TOOTMILL__RUNBOOK", repository.join("docs/operations.md").display().to_string()),
            ("AIRFLOW__TOOTMILL__PROMETHEUS", dir.join("prometheus").display().to_string()),
            ("AIRFLOW_VAR_TOOTMILL_LAKE", format!("{}/lake", cluster.hdfs())),
            ("AIRFLOW_VAR_TOOTMILL_TABLES", tables),
            ("AIRFLOW_VAR_TOOTMILL_CONTACT", self.contact.clone()),
            ("AIRFLOW_VAR_TOOTMILL_REPORTS", dir.join("reports").display().to_string()),
        ];
        let said: Vec<String> = said.iter().map(|(name, value)| format!("{name}={value}")).collect();
        local(cache, dir, "up", &said, &variables)
    }
}

/// Runs the program that knows how an Airflow is started and stopped.
fn local(cache: &Path, dir: &Path, command: &str, said: &[String], environment: &[(String, String)]) -> Result<()> {
    let python = python::of(cache, "airflow");
    if !python.exists() {
        bail!("there is no Airflow yet: `cargo xtask airflow up` installs and starts one");
    }
    let mut local = Command::new(python);
    local.arg(places::repository()?.join("dags/development/local.py")).arg(command).arg(dir).args(said);
    let status = local.envs(environment.iter().cloned()).status().context("starting Python")?;
    if status.success() { Ok(()) } else { bail!("`airflow {command}` did not succeed ({status})") }
}
