//! Where tables are: the text that names a store, and opening it.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    error::Error,
    hbase::{Address, Hbase},
    sqlite::Sqlite,
    store::Store,
};

/// Where tables are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// In a file of SQLite.
    Sqlite(PathBuf),
    /// In HBase, behind a Thrift server.
    Hbase(Address),
}

impl FromStr for Destination {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            Some((scheme, _)) if scheme.starts_with("hbase") => Ok(Self::Hbase(text.parse()?)),
            _ => Err(Error::Destination(without_password(text))),
        }
    }
}

/// An address that is mistyped may have a password in it all the same.
fn without_password(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.into(), |(_, rest)| format!("…@{rest}"))
}

/// Without a password.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Hbase(address) => address.fmt(f),
        }
    }
}

impl Destination {
    /// Whether tables can be there: a store that is there can be read, or one can be made; SQLite's folder can be written.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) => {
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                if !folder.is_dir() {
                    return Err(Error::NoFolder(file.display().to_string()));
                }
                // SQLite has a journal beside the file.
                let written = tempfile::tempfile_in(folder);
                written.map_err(|source| Error::Folder { file: file.display().to_string(), source })?;
                if file.exists() { Sqlite::open(file).map(drop) } else { Ok(()) }
            }
            Self::Hbase(address) => Ok(Hbase::connect(address.clone()).map(drop)?),
        }
    }

    /// Whether something is there: a file of SQLite; of a server that is not known.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(file) => file.exists(),
            Self::Hbase(_) => true,
        }
    }

    /// Opens the tables to write, and makes the store if it is not there.
    pub fn create(&self) -> Result<Box<dyn Store>, Error> {
        match self {
            Self::Sqlite(file) => Ok(Box::new(Sqlite::create(file)?)),
            Self::Hbase(address) => Ok(Box::new(Hbase::connect(address.clone())?)),
        }
    }

    /// Opens the tables to read.
    pub fn open(&self) -> Result<Box<dyn Store>, Error> {
        match self {
            Self::Sqlite(file) => Ok(Box::new(Sqlite::open(file)?)),
            Self::Hbase(address) => Ok(Box::new(Hbase::connect(address.clone())?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_written_is_no_place_for_tables() {
        let check = |file: &str| format!("sqlite:{file}").parse::<Destination>().unwrap().check();
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there.db");
        check(&there.display().to_string()).unwrap();
        Sqlite::create(&there).unwrap();
        check(&there.display().to_string()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let nowhere = check(&folder.path().join("no/tables.db").display().to_string()).unwrap_err();
        assert!(matches!(nowhere, Error::NoFolder(_)), "{nowhere}");
        // Nobody, not even root, makes files there.
        let unwritable = check("/proc/self/tables.db").unwrap_err();
        assert!(matches!(unwritable, Error::Folder { .. }), "{unwritable}");
    }

    #[test]
    fn a_destination_reads_back() {
        for text in ["sqlite:a.db", "hbase://127.0.0.1:9090", "hbase+https://gateway.example:9443/hbase?connections=2"]
        {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), text);
        }
        for wrong in ["", "a.db", "sqlite:", "mysql:a", "hbase", "hbase:a"] {
            assert!(wrong.parse::<Destination>().is_err(), "{wrong}");
        }
        let error = "htpp://ada:secret@gateway:9090".parse::<Destination>().unwrap_err().to_string();
        assert!(error.contains("`…@gateway:9090`") && !error.contains("ada"), "{error}");
    }
}
