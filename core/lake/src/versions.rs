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

/// How the names of folders begin in which versions are made.
const STAGED: &str = "_staged-";

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
    folder: String,
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

    /// The versions that are there and do not count: the last one that did is among them.
    pub fn others(&self) -> Result<Vec<Version>, Error> {
        let current = self.current()?.map(|version| version.number);
        let numbers = self.storage.list(&self.folder)?.into_iter().filter_map(|entry| number_of(entry.name()));
        let others = numbers.filter(|number| Some(*number) != current);
        Ok(others
            .map(|number| Version { storage: Arc::clone(&self.storage), number, folder: self.folder_of(number) })
            .collect())
    }

    /// The next version, to be made aside. What earlier ones left that never counted is removed, and what counts no longer but
    /// for the last: somebody may be reading it.
    pub fn stage(&self, lease: &Lease) -> Result<Staged, Error> {
        lease.check()?;
        let current = self.current()?.map_or(0, |version| version.number);
        for entry in self.storage.list(&self.folder)? {
            let is_stale = match number_of(entry.name()) {
                Some(number) => number != current && number + 1 != current,
                None => entry.name().starts_with(STAGED),
            };
            if is_stale {
                self.storage.remove(&entry.path)?;
            }
        }
        // A name that only this holder of the lease has: another one, who lost the lease and does not know, writes elsewhere.
        let folder = format!("{}/{STAGED}{}", self.folder, lease.id());
        Ok(Staged { versions: self.clone(), folder, is_sealed: false })
    }

    /// Removes all but the version that counts, whoever may be reading it: nothing of what was there before is to be left.
    pub fn remove_others(&self, lease: &Lease) -> Result<(), Error> {
        lease.check()?;
        let current = self.current()?.map(|version| version.number);
        for entry in self.storage.list(&self.folder)? {
            let is_other = number_of(entry.name()).is_some_and(|number| Some(number) != current);
            if is_other || entry.name().starts_with(STAGED) {
                self.storage.remove(&entry.path)?;
            }
        }
        Ok(())
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
    /// Its folder, which is there once something is in it.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// A new file in it.
    pub fn create(&self, name: &str) -> Result<Box<dyn Sink>, Error> {
        self.versions.storage.create(&format!("{}/{name}", self.folder))
    }

    /// Takes a folder that was made elsewhere in the same storage for its content.
    pub fn adopt(&self, folder: &str) -> Result<(), Error> {
        self.versions.storage.rename(folder, &self.folder)
    }

    /// Says what it was made from, and gives it its number. It is whole then, and stays until another is staged, but does not
    /// count yet.
    pub fn seal(mut self, manifest: &impl Serialize, lease: &Lease) -> Result<u64, Error> {
        let Versions { storage, folder } = &self.versions;
        let path = format!("{}/{MANIFEST}", self.folder);
        let text = serde_json::to_string_pretty(manifest).unwrap_or_default();
        let mut file = storage.create(&path)?;
        writeln!(file, "{text}").map_err(|source| storage.cannot_write(&path, source))?;
        file.finish()?;
        lease.check()?;
        let entries = storage.list(folder)?;
        let last = entries.iter().filter_map(|entry| number_of(entry.name())).max().unwrap_or_default();
        storage.rename(&self.folder, &self.versions.folder_of(last + 1))?;
        self.is_sealed = true;
        Ok(last + 1)
    }

    /// Says what it was made from, and makes it the one that counts.
    pub fn commit(self, manifest: &impl Serialize, lease: &Lease) -> Result<Version, Error> {
        let versions = self.versions.clone();
        let number = self.seal(manifest, lease)?;
        lease.check()?;
        versions.switch(number)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_sealed {
            // The next one that is staged removes it otherwise.
            let _ = self.versions.storage.remove(&self.folder);
        }
    }
}
