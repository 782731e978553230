//! Where tables are: the text that names a store, and opening it.

use std::{fmt, path::PathBuf, str::FromStr};

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
    /// Whether tables can be there: a store that is there can be read, or one can be made.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite(file) if file.exists() => Sqlite::open(file).map(drop),
            Self::Sqlite(file) => match file.parent() {
                Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                    Err(Error::NoFolder(file.display().to_string()))
                }
                _ => Ok(()),
            },
            Self::Hbase(address) => Ok(Hbase::connect(address.clone()).map(drop)?),
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
