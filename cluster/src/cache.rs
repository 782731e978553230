//! The project's cache, which outlives `cargo clean` and a fresh clone: what is installed for the project lies there.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{Error, error::at};

/// The folder of the cache, which need not be there yet.
pub fn folder() -> Result<PathBuf, Error> {
    folder_of(env::var_os("XDG_CACHE_HOME"), env::home_dir()).ok_or(Error::NoCache)
}

/// While the file is held, no other run installs anything into the cache.
pub fn lock(cache: &Path) -> Result<File, Error> {
    let path = cache.join("lock");
    let open = || {
        fs::create_dir_all(cache)?;
        let file = File::create(&path)?;
        if file.try_lock().is_err() {
            eprintln!("\nwaiting for another run that installs into {}", cache.display());
            file.lock()?;
        }
        Ok(file)
    };
    open().map_err(at("locking", &path))
}

/// The XDG rule: a variable that is empty or relative counts as unset.
fn folder_of(xdg: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let xdg = xdg.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute()).map(|home| home.join(".cache"));
    Some(xdg.or(home)?.join("tootmill"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_xdg_says() {
        let cache = |xdg: &str, home: &str| folder_of(Some(xdg.into()), Some(home.into()));
        assert_eq!(cache("/x", "/h"), Some("/x/tootmill".into()));
        assert_eq!(cache("", "/h"), Some("/h/.cache/tootmill".into()));
        assert_eq!(cache("relative", "/h"), Some("/h/.cache/tootmill".into()));
        assert_eq!(cache("", ""), None);
    }
}
