//! Where things are: the repository, and the project's cache outside of it.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The root of the repository that this program was built from.
pub fn repository() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package has no folder above it")
}

/// What is installed for the project lies here, so that it outlives `cargo clean` and a fresh clone.
pub fn cache() -> Result<PathBuf> {
    cache_of(env::var_os("XDG_CACHE_HOME"), env::home_dir())
        .context("there is no place for a cache: set HOME, or XDG_CACHE_HOME to an absolute path")
}

/// While the file is held, no other run installs anything into the cache.
pub fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let open = || {
        fs::create_dir_all(cache)?;
        let file = File::create(&path)?;
        if file.try_lock().is_err() {
            eprintln!("\nwaiting for another run that installs into {}", cache.display());
            file.lock()?;
        }
        Ok::<_, std::io::Error>(file)
    };
    open().with_context(|| format!("locking {}", path.display()))
}

/// The XDG rule: a variable that is empty or relative counts as unset.
fn cache_of(xdg: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let xdg = xdg.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute()).map(|home| home.join(".cache"));
    Some(xdg.or(home)?.join("tootmill"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_xdg_says() {
        let cache = |xdg: &str, home: &str| cache_of(Some(xdg.into()), Some(home.into()));
        assert_eq!(cache("/x", "/h"), Some("/x/tootmill".into()));
        assert_eq!(cache("", "/h"), Some("/h/.cache/tootmill".into()));
        assert_eq!(cache("relative", "/h"), Some("/h/.cache/tootmill".into()));
        assert_eq!(cache("", ""), None);
    }
}
