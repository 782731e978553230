//! Files in folders, on disk or in HDFS, under one interface.

use std::{
    fmt,
    io::{self, Read, Write},
    ops::Range,
    sync::Arc,
};

use crate::{error::Error, hdfs::Hdfs, lease::Lock, local::Local};

/// Files in folders. Paths are absolute, with `/` between their parts.
pub trait Storage: fmt::Debug + Send + Sync {
    /// A path as other programs take it.
    fn address(&self, path: &str) -> String;

    /// What is in a folder, by name; nothing where there is no such folder.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, Error>;

    /// What is at a path.
    fn find(&self, path: &str) -> Result<Option<Entry>, Error>;

    /// Who may do what with a file or a folder, as Unix counts it (`0o640`); `None` where there is none.
    fn mode(&self, path: &str) -> Result<Option<u32>, Error>;

    /// A part of a file's bytes, which must be within the file.
    fn read(&self, path: &str, range: Range<u64>) -> Result<Box<dyn Read + Send>, Error>;

    /// A new file, in a folder that is made if it is not there. A file that is there already is an error.
    fn create(&self, path: &str) -> Result<Box<dyn Sink>, Error>;

    /// Moves a file, replacing the one that is there, or a folder to where there is none; at once, whole.
    fn rename(&self, from: &str, to: &str) -> Result<(), Error>;

    /// Removes a file or a folder with all that is in it, if it is there.
    fn remove(&self, path: &str) -> Result<(), Error>;

    /// Takes the lock that a file stands for, or says that another has it. The lock ends with the value or the process.
    fn lock(&self, path: &str) -> Result<Option<Box<dyn Lock>>, Error>;

    /// Ends a lock whose holder is known to be gone, where that has not ended it already.
    fn unlock(&self, path: &str) -> Result<(), Error>;
}

/// Files and folders are for their owner, and for the group to read: what others have written is in them.
pub(crate) const FILE_MODE: u32 = 0o640;
pub(crate) const FOLDER_MODE: u32 = 0o750;

/// A file that is being written. It is whole once it is finished, and only then.
pub trait Sink: Write + Send {
    /// Writes out what is buffered, and lets the storage keep it.
    fn finish(self: Box<Self>) -> Result<(), Error>;
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: String,
    /// How many bytes a file has.
    pub bytes: u64,
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl Entry {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it can be read only as a whole, as its name says.
    pub fn is_compressed(&self) -> bool {
        [".zst", ".gz", ".bz2", ".xz"].iter().any(|ending| self.path.ends_with(ending))
    }
}

/// The storage that an address names, and the path on it: a folder of this machine, or `hdfs://HOST:PORT/FOLDER` (also
/// without host and port, as `fs.defaultFS` says, and with the name of a name service).
pub fn open_storage(address: &str) -> Result<(Arc<dyn Storage>, String), Error> {
    let wrong = || Error::Address(address.into());
    if let Some((scheme, rest)) = address.split_once("://") {
        if !["hdfs", "viewfs"].contains(&scheme) {
            return Err(wrong());
        }
        let (authority, path) = rest.split_at(rest.find('/').ok_or_else(wrong)?);
        return Ok((Arc::new(Hdfs::connect(scheme, authority)?), clean(path)));
    }
    let path = std::path::absolute(address).map_err(|_| wrong())?;
    Ok((Arc::new(Local), clean(path.to_str().ok_or_else(wrong)?)))
}

impl dyn Storage + '_ {
    /// A whole small file as text; `None` where there is none.
    pub fn read_text(&self, path: &str) -> Result<Option<String>, Error> {
        let Some(entry) = self.find(path)? else { return Ok(None) };
        let mut text = String::new();
        self.read(path, 0..entry.bytes)?
            .read_to_string(&mut text)
            .map_err(|error| Error::Content { path: self.address(path), reason: error.to_string() })?;
        Ok(Some(text))
    }

    /// What a whole small file says, as `read` understands it; `None` where there is none.
    pub fn read_as<T, E: fmt::Display>(
        &self,
        path: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        let wrong = |error: E| Error::Content { path: self.address(path), reason: error.to_string() };
        self.read_text(path)?.map(|text| read(&text).map_err(wrong)).transpose()
    }

    /// A whole small file, written aside and put in its place at once.
    pub fn write_text(&self, path: &str, text: &str) -> Result<(), Error> {
        let aside = format!("{path}.new");
        self.remove(&aside)?;
        let mut file = self.create(&aside)?;
        file.write_all(text.as_bytes()).map_err(|source| self.cannot_write(&aside, source))?;
        file.finish()?;
        self.rename(&aside, path)
    }

    /// The error of writing to a file.
    pub fn cannot_write(&self, path: &str, source: io::Error) -> Error {
        self.failed("write", path, source)
    }

    fn failed(&self, action: &'static str, path: &str, source: io::Error) -> Error {
        match source.downcast::<Error>() {
            Ok(error) => error,
            Err(source) => Error::Disk { action, path: self.address(path), source },
        }
    }

    /// All files below a folder, but those that are, or are in a folder, whose name begins with `.` or `_`; by path.
    pub fn files_below(&self, folder: &str) -> Result<Vec<Entry>, Error> {
        let mut files = Vec::new();
        for entry in self.list(folder)? {
            if entry.name().starts_with(['.', '_']) {
                continue;
            }
            if entry.is_folder { files.extend(self.files_below(&entry.path)?) } else { files.push(entry) }
        }
        Ok(files)
    }
}

/// A path without doubled and trailing slashes.
fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

/// The folder that a path is in.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent })
}
