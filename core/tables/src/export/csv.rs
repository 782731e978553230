//! Rows as CSV.

use std::io::{self, Write};

use csv::{Writer, WriterBuilder};

use super::Holds;

/// Writes rows one by one.
pub(super) struct CsvFile<W: Write>(Writer<W>);

impl<W: Write> CsvFile<W> {
    /// Begins with the header.
    pub(super) fn new(output: W, columns: &[(&'static str, Holds)]) -> io::Result<Self> {
        let mut writer = WriterBuilder::new().buffer_capacity(1 << 18).from_writer(output);
        writer.write_record(columns.iter().map(|(name, _)| name))?;
        Ok(Self(writer))
    }

    pub(super) fn write(&mut self, fields: &[Option<&str>]) -> io::Result<()> {
        Ok(self.0.write_record(fields.iter().map(|field| field.unwrap_or_default()))?)
    }

    /// Writes out what is buffered.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}
