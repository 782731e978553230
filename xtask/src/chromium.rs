//! The browser for the tests of the report's page: the one that `CHROMIUM` names, one on the `PATH`, or one that the system's
//! package manager installs.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::steps::Steps;

/// What a Chromium is called on different systems.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Finds a Chromium, and installs one where there is none and this user may.
pub fn installed(steps: &Steps<'_>) -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    if let Some(found) = found() {
        return Ok(found);
    }
    if !may_install() {
        bail!(
            "this machine lacks Chromium: install it (apt-get install chromium), or set CHROMIUM to a browser of its kind"
        );
    }
    let mut update = Command::new("apt-get");
    steps.run("packages that there are", update.args(["update", "--quiet=2"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet=2", "--no-install-recommends", "chromium"]);
    steps.run("install Chromium", install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    match found() {
        Some(found) => Ok(found),
        None => bail!("apt-get has installed Chromium, but there is none on the PATH: set CHROMIUM to it"),
    }
}

fn found() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    NAMES.into_iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// Whether packages can be installed without asking anybody.
fn may_install() -> bool {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Path::new("/usr/bin/apt-get").exists()
}
