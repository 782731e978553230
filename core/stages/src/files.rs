//! Compressed files of the lake: lines out of them, lines into them.

use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    sync::Arc,
};

use tootmill_engine::{Error as EngineError, Lines, Records};
use tootmill_input::Inputs;
use tootmill_lake::{Entry, Lake, Sink, Staged, Storage, Version, input};

use crate::error::Error;

/// The files of a version as inputs.
pub(crate) fn inputs(lake: &Lake, files: &[Entry]) -> Inputs {
    files.iter().map(|file| input(lake.storage(), file)).collect()
}

/// The lines of files one after the other, decompressed; each file is opened when it is its turn.
pub(crate) fn lines_of(inputs: Inputs) -> impl BufRead {
    let chained =
        Chained { inputs: inputs.into_iter().collect::<Vec<_>>().into_iter(), present: Box::new(io::empty()) };
    BufReader::with_capacity(1 << 17, chained)
}

struct Chained {
    inputs: std::vec::IntoIter<tootmill_input::Input>,
    present: Box<dyn Read>,
}

impl Read for Chained {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.present.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let Some(next) = self.inputs.next() else { return Ok(0) };
            self.present = next.open(Arc::default()).map_err(|error| match error {
                tootmill_input::Error::Read { source, .. } => source,
                error => io::Error::other(error),
            })?;
        }
    }
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

/// A compressed file that is being made.
pub(crate) struct Output(BufWriter<zstd::Encoder<'static, Box<dyn Sink>>>);

const COMPRESSION_LEVEL: i32 = 3;

impl Output {
    /// A new file `NAME.zst` of a version.
    pub(crate) fn in_version(staged: &Staged, name: &str) -> Result<Self, Error> {
        Self::new(staged.create(&format!("{name}.zst"))?)
    }

    /// A new file `PATH.zst`.
    pub(crate) fn create(storage: &dyn Storage, path: &str) -> Result<Self, Error> {
        Self::new(storage.create(&format!("{path}.zst"))?)
    }

    fn new(file: Box<dyn Sink>) -> Result<Self, Error> {
        let encoder = zstd::Encoder::new(file, COMPRESSION_LEVEL).map_err(EngineError::Write)?;
        Ok(Self(BufWriter::with_capacity(1 << 17, encoder)))
    }

    /// Writes out what is buffered; without this the file is not whole.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let encoder = self.0.into_inner().map_err(|error| EngineError::Write(error.into_error()))?;
        encoder.finish().map_err(EngineError::Write)?.finish().map_err(Error::from)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
