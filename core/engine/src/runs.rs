//! Sorted runs on disk: where states go when memory is full.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Seek, Write},
};

use crate::{
    error::Error,
    records::{Lines, Records},
};

/// Writes sorted records to a temporary file without a name, and gives them back as a source.
///
/// `take_next` puts the next line, without its end, into the empty string, and says whether there was one.
pub(crate) fn write_run(mut take_next: impl FnMut(&mut String) -> bool) -> Result<Run, Error> {
    let mut output = BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(Error::Temporary)?);
    let mut line = String::new();
    while take_next(&mut line) {
        line.push('\n');
        output.write_all(line.as_bytes()).map_err(Error::Temporary)?;
        line.clear();
    }
    let file = output.into_inner().map_err(|error| Error::Temporary(error.into_error()))?;
    Ok(Run(file))
}

/// A sorted run.
#[derive(Debug)]
pub(crate) struct Run(File);

impl Run {
    /// Its records, from the first one on.
    pub(crate) fn records(mut self, fields: usize) -> Result<Box<dyn Records>, Error> {
        self.0.rewind().map_err(Error::Temporary)?;
        Ok(Box::new(Lines::of_fields(BufReader::with_capacity(1 << 16, self.0), fields)))
    }
}
