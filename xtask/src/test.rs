//! `cargo xtask test`: every check there is, or the fast ones.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use tootmill_cluster::{Cluster, Jars, Options, cache};

use crate::{
    chromium, cluster, places,
    prerequisites::{self, CLUSTER, FAST, FULL},
    python,
    steps::Steps,
    tools::{self, DENY, SHEAR},
};

/// Run the checks: format, lints, tests, dependencies, documentation, the example, the comparison with the reference, and
/// what needs a cluster.
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
  cargo xtask test --fast    under two minutes once it is built";

/// The tests that want something installed or started; those of a package are built together with its others, so that
/// nothing is compiled twice.
const FEATURES: &str = concat!(
    "tootmill/reference-tests,tootmill/mastodon-tests,tootmill/cluster-tests,tootmill-cluster/cluster-tests,",
    "tootmill-collect/long-tests,tootmill-lake/cluster-tests,tootmill-tables/cluster-tests,tootmill-watch/cluster-tests,",
    "tootmill-yarn/cluster-tests"
);

pub fn run(arguments: &Arguments) -> Result<()> {
    let full = FULL.iter().chain(CLUSTER).filter(|_| !arguments.fast);
    prerequisites::check(FAST.iter().chain(full))?;
    let mut steps = Steps::new(places::repository()?);
    let outcome = fast(&mut steps).and_then(|()| if arguments.fast { Ok(()) } else { rest(&mut steps) });
    eprint!("{}", steps.summary());
    outcome
}

fn fast(steps: &mut Steps<'_>) -> Result<()> {
    steps.run("format", cargo("fmt").args(["--all", "--check"]))?;
    let mut lints = cargo("clippy");
    lints.args(["--workspace", "--all-targets", "--features", FEATURES]);
    lints.args(["--", "-D", "warnings"]);
    steps.run("lints", &mut lints)?;
    steps.run("tests", cargo("test").arg("--workspace"))
}

fn rest(steps: &mut Steps<'_>) -> Result<()> {
    let cache = cache::folder()?;
    let pythons = install(&cache, steps)?;
    let chromium = chromium::installed(steps)?;
    // Not `advisories`: they are in a Git repository on a host that CI doesn't reach.
    let mut dependencies = DENY.command(&cache);
    dependencies.args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]);
    steps.run("licences and sources", &mut dependencies)?;
    // Not the hub: its dependencies are named by its build script, where the tool doesn't look.
    let mut unused = SHEAR.command(&cache);
    steps.run("unused dependencies", unused.args(["--deny-warnings", "--exclude", "tootmill-plugins"]))?;
    let mut documentation = cargo("doc");
    documentation.args(["--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    steps.run("documentation", &mut documentation)?;
    // The folder into which the test of the command line builds it too.
    let mut example = cargo("test");
    example.args(["--manifest-path", "examples/own-metric/Cargo.toml", "--target-dir", "target/own-metric"]);
    steps.run("example of a metric of one's own", &mut example)?;
    // The whole workspace, because with one package alone its dependencies get other features and compile again.
    let mut reference = cargo("test");
    reference.args(["--workspace", "--features", FEATURES, "--test", "reference"]);
    steps.run("comparison with the reference", reference.env("TOOTMILL_REFERENCE_PYTHON", &pythons.reference))?;
    let mut collecting = cargo("test");
    collecting.args([
        "--workspace",
        "--features",
        FEATURES,
        "--test",
        "collect",
        "--test",
        "mastodon*",
        "--test",
        "auth",
    ]);
    steps.run("collecting", collecting.env("TOOTMILL_MASTODON_PYTHON", &pythons.mastodon))?;
    let mut browser = cargo("test");
    browser.args(["--workspace", "--test", "browser", "--", "--include-ignored"]);
    browser.env("TOOTMILL_BROWSER_PYTHON", &pythons.browser).env("CHROMIUM", chromium);
    steps.run("the report's page in a browser", &mut browser)?;
    let mut side_by_side = cargo("test");
    side_by_side.args(["--workspace", "--features", FEATURES, "--test", "side_by_side"]);
    steps.run("clusters side by side", &mut side_by_side)?;
    // Each has a cluster of its own, because it breaks it.
    for (name, test) in [("faults of a cluster", "cluster_faults"), ("faults of HBase", "hbase_faults")] {
        let mut faults = cargo("test");
        faults.args(["--workspace", "--features", FEATURES, "--test", test]);
        steps.run(name, &mut faults)?;
    }
    on_a_cluster(steps, &pythons)
}

/// What only wants a cluster that is up: one for all.
fn on_a_cluster(steps: &mut Steps<'_>, pythons: &Pythons) -> Result<()> {
    let interrupted = cluster::interrupted()?;
    let cluster = steps.call("a cluster", || Ok(Cluster::up(&Options { interrupted, ..Options::default() })?))?;
    // Whatever comes of these, the cluster is stopped.
    let tests = [
        ("a cluster in use", "in_use"),
        ("jobs on a cluster", "cluster"),
        ("the same bytes on a cluster", "cluster_same_bytes"),
        ("a lake in HDFS", "cluster_lake"),
        ("tables in HBase", "hbase"),
        ("a week in HBase, read by another client", "cluster_hbase"),
        ("collecting into HDFS", "cluster_mastodon"),
        ("kills at any moment", "crash"),
        ("what HBase says of itself", "cluster_status"),
    ];
    let outcome = tests.into_iter().try_for_each(|(name, test)| {
        let mut tests = cargo("test");
        tests.args(["--workspace", "--features", FEATURES, "--test", test]);
        tests.env("TOOTMILL_HAPPYBASE_PYTHON", &pythons.happybase);
        tests.env("TOOTMILL_MASTODON_PYTHON", &pythons.mastodon);
        steps.run(name, tests.envs(cluster.variables()))
    });
    steps.call("stop the cluster", || Ok(cluster.down()?)).and(outcome)
}

/// The Pythons that tests run programs in, each with what the folder of tests of its name requires.
struct Pythons {
    browser: PathBuf,
    reference: PathBuf,
    happybase: PathBuf,
    mastodon: PathBuf,
}

/// Everything that the steps after it need.
fn install(cache: &Path, steps: &mut Steps<'_>) -> Result<Pythons> {
    // It takes the cache's lock itself.
    steps.call("jars of Hadoop and HBase", || Ok(Jars::installed()?))?;
    let _alone = cache::lock(cache)?;
    tools::install(cache, steps)?;
    let tests = places::repository()?.join("bins/tootmill/tests");
    let mut environment = |name| python::environment(cache, name, &tests.join(name).join("requirements.txt"), steps);
    Ok(Pythons {
        browser: environment("browser")?,
        reference: environment("reference")?,
        happybase: environment("happybase")?,
        mastodon: environment("mastodon")?,
    })
}

fn cargo(subcommand: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg(subcommand);
    cargo
}
