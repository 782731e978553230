//! The key of the hashes by which a lake knows whom it has forgotten: a file for its owner alone, apart from the lake.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{self, Path, PathBuf},
    process,
};

use tootmill_lake::Lake;
use tootmill_policy::Key;

use crate::error::Error;

/// The file with the key.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file at this place, or at the usual one: `tootmill/privacy.key` in the folder for configuration.
    pub fn at(file: Option<&Path>) -> Result<Self, Error> {
        file.map(Path::to_owned).or_else(usual).map(Self).ok_or(Error::NoPlaceForKey)
    }

    /// The key, if there is one.
    pub fn read(&self) -> Result<Option<Key>, Error> {
        let file = match File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(self.unusable())?,
        };
        let mode = file.metadata().map_err(self.unusable())?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(self.wrong(format!("others may read it (mode {mode:o}): `chmod 600` it")));
        }
        let text = fs::read_to_string(&self.0).map_err(self.unusable())?;
        let mut bytes = [0; Key::BYTES];
        let decoded = hex::decode_to_slice(text.trim(), &mut bytes);
        decoded.map_err(|_| self.wrong(format!("it is no key: {} bytes in hexadecimal", Key::BYTES)))?;
        Ok(Some(Key::new(&bytes)))
    }

    /// The key for the list of whom a lake has forgotten. It is made where there is none, unless there is a list: with another key
    /// that is of no use.
    pub fn read_or_make(&self, lake: &Lake) -> Result<Key, Error> {
        if self.is_in(lake) {
            return Err(
                self.wrong("it is in the lake, whose list of whom it has forgotten it must not lie beside".into())
            );
        }
        if let Some(key) = self.read()? {
            return Ok(key);
        }
        if lake.storage().find(&lake.forgotten())?.is_some() {
            return Err(self.wrong("it is not there, and whom the lake has forgotten is known by it alone".into()));
        }
        self.make().map_err(self.unusable())?;
        self.read()?.ok_or_else(|| self.wrong("it went as soon as it was made".into()))
    }

    /// Whether it lies, or would lie, in a lake, where backups and whoever reads the lake have it too.
    fn is_in(&self, lake: &Lake) -> bool {
        let file = path::absolute(&self.0).unwrap_or_default();
        let there = file.ancestors().find_map(|place| place.canonicalize().ok());
        let root = Path::new(lake.root()).parent().and_then(|lake| lake.canonicalize().ok());
        let is_local = !lake.address().contains("://");
        is_local && there.zip(root).is_some_and(|(there, root)| there.starts_with(root))
    }

    /// Makes the file, all at once; one that another process made meanwhile stays.
    fn make(&self) -> io::Result<()> {
        let bytes = random().map_err(io::Error::other)?;
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let whole = self.0.with_extension(format!("{}.new", process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&whole)?;
        writeln!(file, "{}", hex::encode(bytes))?;
        file.sync_all()?;
        let linked = fs::hard_link(&whole, &self.0);
        fs::remove_file(&whole)?;
        linked.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
    }

    fn unusable(&self) -> impl Fn(io::Error) -> Error {
        |error| self.wrong(error.to_string())
    }

    fn wrong(&self, reason: String) -> Error {
        Error::Key { file: self.0.display().to_string(), reason }
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random() -> Result<[u8; Key::BYTES], Error> {
    let mut bytes = [0; Key::BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    Ok(bytes)
}

/// The XDG rule: a variable that is empty or relative counts as unset.
fn usual() -> Option<PathBuf> {
    let xdg = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".config"));
    Some(xdg.or(home)?.join("tootmill/privacy.key"))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use tootmill_policy::{Forgotten, Hashed};

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/privacy.key");
        let file = KeyFile::at(Some(&path)).unwrap();
        let lake = Lake::open(folder.path().join("lake").to_str().unwrap(), "mill.example").unwrap();
        assert!(file.read().unwrap().is_none());
        let made = Forgotten::new(Some(file.read_or_make(&lake).unwrap())).with([Hashed::Account("1")]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
        file.make().unwrap();
        Forgotten::new(file.read().unwrap()).read(&made).unwrap();
        Forgotten::new(Some(file.read_or_make(&lake).unwrap())).read(&made).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(file.read().unwrap_err().to_string().contains("640"));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "secret").unwrap();
        let error = file.read_or_make(&lake).unwrap_err().to_string();
        assert!(error.contains("no key") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_key_does_not_lie_in_the_lake() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().join("lake").to_str().unwrap(), "mill.example").unwrap();
        fs::create_dir_all(lake.root()).unwrap();
        for within in ["lake/privacy.key", "lake/mill.example/a/privacy.key"] {
            let error = KeyFile::at(Some(&folder.path().join(within))).unwrap().read_or_make(&lake).unwrap_err();
            assert!(error.to_string().contains("in the lake"), "{error}");
        }
        KeyFile::at(Some(&folder.path().join("lake-keys/privacy.key"))).unwrap().read_or_make(&lake).unwrap();
    }

    #[test]
    fn where_somebody_was_forgotten_no_other_key_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(Some(&folder.path().join("privacy.key"))).unwrap();
        let lake = Lake::open(folder.path().join("lake").to_str().unwrap(), "mill.example").unwrap();
        lake.storage().write_text(&lake.forgotten(), "{}").unwrap();
        let error = file.read_or_make(&lake).unwrap_err().to_string();
        assert!(error.contains("is not there") && file.read().unwrap().is_none(), "{error}");
    }
}
