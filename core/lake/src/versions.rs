//! A folder that can be made again: `v=N` beside a file `CURRENT` that names the valid one.

use std::{io::Write, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::Error,
    lease::Lease,
    storage::{Entry, Sink, Storage},
};

/// The file that names the version that counts.
const CURRENT: &str = "CURRENT";
/// The file in a version that says what it was made from.
const MANIFEST: &str = "_manifest.json";

/// The versions of a folder. A reader sees one of them, whole.
#[derive(Clone, Debug)]
pub struct Versions {
    storage: Arc<dyn Storage>,
    folder: String,
}

/// One version of a folder, that counts.
#[derive(Clone, Debug)]
pub struct Version {
    storage: Arc<dyn Storage>,
    /// Its number, which only grows.
    pub number: u64,
    /// Its folder.
    pub folder: String,
}

/// A version that is being made.
#[derive(Debug)]
pub struct Staged {
    versions: Versions,
    number: u64,
    is_sealed: bool,
}

impl Versions {
    pub(crate) fn new(storage: Arc<dyn Storage>, folder: String) -> Self {
        Self { storage, folder }
    }

    /// The version that counts, if there is one.
    pub fn current(&self) -> Result<Option<Version>, Error> {
        let path = format!("{}/{CURRENT}", self.folder);
        let Some(text) = self.storage.read_text(&path)? else { return Ok(None) };
        let number = number_of(text.trim()).ok_or_else(|| Error::Content {
            path: self.storage.address(&path),
            reason: format!("it names `{}`, which is no version", text.trim()),
        })?;
        Ok(Some(Version { storage: Arc::clone(&self.storage), number, folder: self.folder_of(number) }))
    }

    /// The next version, to be made. What earlier ones left that never counted is removed, and what counts no longer but
    /// for the last: somebody may be reading it.
    pub fn stage(&self) -> Result<Staged, Error> {
        let current = self.current()?.map_or(0, |version| version.number);
        for entry in self.storage.list(&self.folder)? {
            let is_kept = number_of(entry.name()).is_none_or(|number| number == current || number + 1 == current);
            if !is_kept {
                self.storage.remove(&entry.path)?;
            }
        }
        Ok(Staged { versions: self.clone(), number: current + 1, is_sealed: false })
    }

    /// Makes a version that was sealed the one that counts. Only the holder of the lease may do that.
    pub fn switch(&self, number: u64) -> Result<Version, Error> {
        self.storage.write_text(&format!("{}/{CURRENT}", self.folder), &format!("v={number}\n"))?;
        Ok(Version { storage: Arc::clone(&self.storage), number, folder: self.folder_of(number) })
    }

    fn folder_of(&self, number: u64) -> String {
        format!("{}/v={number}", self.folder)
    }
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("v=")?.parse().ok()
}

impl Version {
    /// Its files, by name.
    pub fn files(&self) -> Result<Vec<Entry>, Error> {
        self.storage.files_below(&self.folder)
    }

    /// What it was made from, as was said when it was made.
    pub fn manifest<M: DeserializeOwned>(&self) -> Result<M, Error> {
        let path = format!("{}/{MANIFEST}", self.folder);
        let address = self.storage.address(&path);
        let Some(text) = self.storage.read_text(&path)? else {
            return Err(Error::Content { path: address, reason: "it is not there".into() });
        };
        serde_json::from_str(&text).map_err(|error| Error::Content { path: address, reason: error.to_string() })
    }
}

impl Staged {
    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its folder, which is there once something is in it.
    pub fn folder(&self) -> String {
        self.versions.folder_of(self.number)
    }

    /// A new file in it.
    pub fn create(&self, name: &str) -> Result<Box<dyn Sink>, Error> {
        self.versions.storage.create(&format!("{}/{name}", self.folder()))
    }

    /// Takes a folder that was made elsewhere in the same storage for its content.
    pub fn adopt(&self, folder: &str) -> Result<(), Error> {
        self.versions.storage.rename(folder, &self.folder())
    }

    /// Says what it was made from. It is whole then, and stays until another is staged, but does not count yet.
    pub fn seal(mut self, manifest: &impl Serialize) -> Result<u64, Error> {
        let storage = &self.versions.storage;
        let path = format!("{}/{MANIFEST}", self.folder());
        let text = serde_json::to_string_pretty(manifest).unwrap_or_default();
        let mut file = storage.create(&path)?;
        writeln!(file, "{text}").map_err(|source| storage.cannot_write(&path, source))?;
        file.finish()?;
        self.is_sealed = true;
        Ok(self.number)
    }

    /// Says what it was made from, and makes it the one that counts.
    pub fn commit(self, manifest: &impl Serialize, lease: &Lease) -> Result<Version, Error> {
        let versions = self.versions.clone();
        let number = self.seal(manifest)?;
        lease.check()?;
        versions.switch(number)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_sealed {
            // The next one that is staged removes it otherwise.
            let _ = self.versions.storage.remove(&self.folder());
        }
    }
}
