//! Virtual environments of Python in the cache, made again when their requirements change.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::steps::Steps;

/// The Python of the environment `name`, which has what the file of requirements lists.
pub fn environment(cache: &Path, name: &str, requirements: &Path, steps: &Steps<'_>) -> Result<PathBuf> {
    let (folder, python) = (cache.join("python").join(name), of(cache, name));
    let wanted = fs::read(requirements).with_context(|| format!("reading {}", requirements.display()))?;
    // Written last, so that an environment that was left half made is made again.
    let made_from = folder.join("made-from.txt");
    if fs::read(&made_from).is_ok_and(|made_from| made_from == wanted) && python.exists() {
        return Ok(python);
    }
    let mut create = Command::new("python3");
    steps.run(&format!("create Python's {name}"), create.args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--requirement"]);
    steps.run(&format!("install Python's {name}"), install.arg(requirements))?;
    fs::write(&made_from, wanted).with_context(|| format!("writing {}", made_from.display()))?;
    Ok(python)
}

/// The Python of the environment `name`, whether it is there or not.
pub fn of(cache: &Path, name: &str) -> PathBuf {
    cache.join("python").join(name).join("bin").join("python")
}
