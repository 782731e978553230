//! Compressed files of the lake: lines out of them, lines into them.

use std::{io::BufReader, sync::Arc};

use tootmill_engine::{Error as EngineError, Lines, Records};
use tootmill_input::Inputs;
use tootmill_lake::{Compressed, Entry, Lake, Staged, Version, input};

use crate::error::Error;

/// The files of a version as inputs.
pub(crate) fn inputs(lake: &Lake, files: &[Entry]) -> Inputs {
    files.iter().map(|file| input(lake.storage(), file)).collect()
}

/// Each file of a version of records as a source of its own: each is sorted.
pub(crate) fn records(lake: &Lake, version: &Version) -> Result<Vec<Box<dyn Records>>, Error> {
    let mut sources: Vec<Box<dyn Records>> = Vec::new();
    for input in inputs(lake, &version.files()?) {
        let stream = input.open(Arc::default()).map_err(EngineError::from)?;
        sources.push(Box::new(Lines::new(BufReader::with_capacity(1 << 16, stream))));
    }
    Ok(sources)
}

/// The files in which the reducers of a job tell what they did, beside the folders that they made for days.
pub(crate) fn told_by_reducers(lake: &Lake, output: &str) -> Result<Vec<Entry>, Error> {
    let entries = lake.storage().list(output)?.into_iter();
    Ok(entries.filter(|entry| !entry.is_folder && !entry.name().starts_with(['.', '_'])).collect())
}

/// A compressed file of a version that is being made.
pub(crate) fn create<'l>(lake: &'l Lake, staged: &Staged, name: &str) -> Result<Compressed<'l>, Error> {
    Ok(Compressed::create(&**lake.storage(), &format!("{}/{name}", staged.folder()))?)
}
