//! Sorted runs on disk: where states go when memory is full.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Seek, Write},
};

use crate::{
    error::Error,
    merge::{MakeTotal, Merged},
    records::{Lines, Records},
    reduce::write_records,
};

/// Writes sorted records to a temporary file without a name, and gives them back as a source.
///
/// `take_next` puts the next line, without its end, into the empty string, and says whether there was one.
pub(crate) fn write_run(mut take_next: impl FnMut(&mut String) -> bool) -> Result<Run, Error> {
    let mut output = create()?;
    let mut line = String::new();
    while take_next(&mut line) {
        line.push('\n');
        output.write_all(line.as_bytes()).map_err(Error::Temporary)?;
        line.clear();
    }
    finish(output)
}

/// How many runs one thread keeps open.
const MOST: usize = 48;

/// Merges the runs into one where there are as many as may be open.
pub(crate) fn merge_if_many<'r>(
    runs: &mut Vec<Run>,
    fields: usize,
    make_total: impl Fn() -> MakeTotal<'r>,
) -> Result<(), Error> {
    if runs.len() >= MOST {
        let sources: Result<Vec<_>, _> = runs.drain(..).map(|run| run.records(fields)).collect();
        let mut merged = Merged::of_fields(sources?, fields, make_total())?;
        let mut output = create()?;
        write_records(&mut merged, &mut output).map_err(Error::temporary)?;
        runs.push(finish(output)?);
    }
    Ok(())
}

fn create() -> Result<BufWriter<File>, Error> {
    Ok(BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(Error::Temporary)?))
}

fn finish(output: BufWriter<File>) -> Result<Run, Error> {
    output.into_inner().map(Run).map_err(|error| Error::Temporary(error.into_error()))
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
