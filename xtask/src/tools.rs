//! The cargo tools that the checks use: pinned, and built once into the cache.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::steps::Steps;

/// A cargo subcommand from the registry.
pub struct CargoTool {
    name: &'static str,
    version: &'static str,
}

pub const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2" };
// The last version whose pinned dependencies build with our Rust: 1.14.0 needs 1.98.
pub const SHEAR: CargoTool = CargoTool { name: "cargo-shear", version: "1.13.0" };

const ALL: &[CargoTool] = &[DENY, SHEAR];

/// Installs what isn't there yet.
pub fn install(cache: &Path, steps: &mut Steps<'_>) -> Result<()> {
    let build = cache.join("tools").join("build");
    for tool in ALL.iter().filter(|tool| !tool.program(cache).exists()) {
        // Unoptimised and without debug information, because they run for a second and compile for minutes.
        let mut install = Command::new("cargo");
        install.args(["install", "--locked", "--debug", "--version", tool.version, tool.name]);
        install.arg("--root").arg(tool.root(cache)).arg("--target-dir").arg(&build);
        install.env("CARGO_PROFILE_DEV_DEBUG", "0");
        steps.run(format!("install {}", tool.name), &mut install)?;
    }
    // One folder for all of them, so that what they share is compiled once; half a gigabyte that nobody needs again.
    if build.exists() {
        fs::remove_dir_all(&build).with_context(|| format!("removing {}", build.display()))?;
    }
    Ok(())
}

impl CargoTool {
    /// A folder for each version, so that branches with different pins share a cache.
    fn root(&self, cache: &Path) -> PathBuf {
        cache.join("tools").join(format!("{}-{}", self.name, self.version))
    }

    fn program(&self, cache: &Path) -> PathBuf {
        self.root(cache).join("bin").join(self.name)
    }

    /// The installed tool, to be given its arguments.
    pub fn command(&self, cache: &Path) -> Command {
        Command::new(self.program(cache))
    }
}
