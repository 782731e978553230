//! Files of a storage as inputs, beside the files of this machine.

use std::{
    io::{self, Read},
    sync::Arc,
};

use tootmill_input::{Input, Inputs, Source};

use crate::{
    error::Error,
    split::Split,
    storage::{Entry, Storage, open_storage},
};

/// Finds what is named: what [`Inputs::find`] finds, and files, folders and patterns in HDFS.
pub fn find_inputs<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Inputs, Error> {
    let mut inputs = Inputs::default();
    for name in names {
        if !name.starts_with("hdfs://") && !name.starts_with("viewfs://") {
            inputs.extend(Inputs::find([name])?);
            continue;
        }
        let (storage, path) = open_storage(name)?;
        let files = match storage.find(&path)? {
            Some(entry) if entry.is_folder => storage.files_below(&path)?,
            Some(entry) => vec![entry],
            None => matching(&*storage, &path)?,
        };
        if files.is_empty() {
            return Err(tootmill_input::Error::NoPosts(name.into()).into());
        }
        inputs.extend(files.iter().map(|file| input(&storage, file)));
    }
    Ok(inputs)
}

/// The files that a pattern matches, and those below the folders that it does.
fn matching(storage: &dyn Storage, pattern: &str) -> Result<Vec<Entry>, Error> {
    let is_pattern = |part: &str| part.contains(['*', '?', '[']);
    let mut found = vec![Entry { path: String::new(), bytes: 0, is_folder: true }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let glob = glob::Pattern::new(part)
            .map_err(|source| tootmill_input::Error::Pattern { pattern: pattern.into(), source })?;
        let mut next = Vec::new();
        for folder in found.iter().filter(|entry| entry.is_folder) {
            if is_pattern(part) {
                let folder = if folder.path.is_empty() { "/" } else { &folder.path };
                let hidden = |entry: &Entry| entry.name().starts_with(['.', '_']) && !part.starts_with(['.', '_']);
                let entries = storage.list(folder)?.into_iter();
                next.extend(entries.filter(|entry| glob.matches(entry.name()) && !hidden(entry)));
            } else {
                next.extend(storage.find(&format!("{}/{part}", folder.path))?);
            }
        }
        found = next;
    }
    let mut files = Vec::new();
    for entry in found {
        if entry.is_folder { files.extend(storage.files_below(&entry.path)?) } else { files.push(entry) }
    }
    Ok(files)
}

/// A file as an input.
pub fn input(storage: &Arc<dyn Storage>, file: &Entry) -> Input {
    let whole = Whole { storage: Arc::clone(storage), path: file.path.clone(), bytes: file.bytes };
    Input::elsewhere(storage.address(&file.path), file.bytes, whole)
}

/// Splits as inputs.
pub fn splits_as_inputs(splits: &[Split]) -> Result<Inputs, Error> {
    splits.iter().map(|split| Ok(Input::elsewhere(split.address.clone(), split.length, split.source()?))).collect()
}

/// A file from its start to its end.
#[derive(Debug)]
struct Whole {
    storage: Arc<dyn Storage>,
    path: String,
    bytes: u64,
}

impl Source for Whole {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        self.storage.read(&self.path, 0..self.bytes).map_err(Error::into_io)
    }
}
