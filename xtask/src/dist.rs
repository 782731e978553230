//! `cargo xtask dist`: a program for nodes whose C library is older than this machine's.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use tootmill_cluster::cache;

use crate::{
    glibc, places,
    prerequisites::{self, FULL},
    python,
    steps::Steps,
};

/// Build `tootmill` for the nodes of a cluster: it runs wherever there is glibc 2.17 or later.
///
/// A program that is built as usual wants the C library of the machine on which it was built, or a later one. Here Zig links,
/// which has the older libraries' symbols. The one program is mapper and reducer as well. What cargo and Zig need is installed
/// into the project's cache.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The nodes' processor
    #[arg(long, value_name = "ARCH", default_value = std::env::consts::ARCH, value_parser = ["x86_64", "aarch64"])]
    arch: String,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask dist
  cargo xtask dist --arch aarch64    after `rustup target add aarch64-unknown-linux-gnu`";

/// The oldest for which Rust's standard library is made, of 2012.
const OLDEST: glibc::Version = glibc::Version(2, 17, 0);

pub fn run(arguments: &Arguments) -> Result<()> {
    prerequisites::check(FULL)?;
    let steps = Steps::new(places::repository()?);
    let program = build(&arguments.arch, &steps);
    eprint!("{}", steps.summary());
    let program = program?.display().to_string();
    eprintln!(
        "\n{program} runs on glibc {OLDEST} and later. To ship it with a job:\n  tootmill submit --program {program} …\n\
         or, for every command:\n  export TOOTMILL_PROGRAM={program}"
    );
    Ok(())
}

fn build(arch: &str, steps: &Steps<'_>) -> Result<PathBuf> {
    let repository = places::repository()?;
    let cache = cache::folder()?;
    let python = {
        let _alone = cache::lock(&cache)?;
        python::environment(&cache, "dist", &repository.join("xtask/dist-requirements.txt"), steps)?
    };
    let target = repository.join("target");
    let triple = format!("{arch}-unknown-linux-gnu");
    let mut zigbuild = Command::new(python.with_file_name("cargo-zigbuild"));
    zigbuild.args(["zigbuild", "--locked", "--profile", "dist", "--package", "tootmill", "--bin", "tootmill"]);
    zigbuild.arg("--target").arg(format!("{triple}.{OLDEST}")).arg("--target-dir").arg(&target);
    zigbuild.env("CARGO_ZIGBUILD_PYTHON_PATH", &python);
    steps.run("build", &mut zigbuild)?;
    let built = target.join(&triple).join("dist").join("tootmill");
    steps.call("what it needs of the C library", || {
        let newest = glibc::check(&fs::read(&built).with_context(|| format!("reading {}", built.display()))?, OLDEST)?;
        eprintln!("glibc {newest}");
        Ok(())
    })?;
    let folder = target.join("dist").join(format!("{arch}-linux-gnu.{OLDEST}"));
    let program = folder.join("tootmill");
    let copy = || fs::create_dir_all(&folder).and_then(|()| fs::copy(&built, &program));
    copy().with_context(|| format!("copying {} to {}", built.display(), program.display()))?;
    if arch == std::env::consts::ARCH && cfg!(target_os = "linux") {
        steps.run("run it here", Command::new(&program).args(["metrics", "list"]))?;
    }
    Ok(program)
}
