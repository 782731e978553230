//! The format of rows: what the reducer gives and the loader reads, one cell a line.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, BufRead, Write},
};

use tootmill_metric::{
    Row, Table, Value,
    field::{escape, unescape},
};

use crate::error::{Error, beginning};

/// The column family of a table that a cell is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The totals over all days.
    Data,
    /// What one day alone gave.
    Day,
}

impl Family {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Day => "day",
        }
    }
}

/// Writes rows: `table TAB row key TAB family:column TAB value`, each field escaped as in records.
#[derive(Debug)]
pub struct RowsWriter<W> {
    output: W,
    family: Family,
    value: String,
}

impl<W: Write> RowsWriter<W> {
    /// Writes cells of the family.
    pub fn new(output: W, family: Family) -> Self {
        Self { output, family, value: String::new() }
    }

    /// Writes the cells of a row. The key is as records have it.
    pub fn write(&mut self, table: &Table, escaped_key: &str, row: &Row) -> io::Result<()> {
        for (column, value) in row.cells() {
            let mut integer = itoa::Buffer::new();
            let value = match value {
                Value::Integer(value) => integer.format(*value),
                Value::Real(_) | Value::Text(_) => {
                    self.value.clear();
                    // Writing to a string does not fail.
                    let _ = write!(self.value, "{value}");
                    &self.value
                }
            };
            // Piece by piece: this is done for every cell, and formatting costs more than all the rest.
            let (family, value) = (self.family.name(), escape(value));
            for piece in [table.name, "\t", escaped_key, "\t", family, ":", column, "\t", &*value, "\n"] {
                self.output.write_all(piece.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Writes out what is buffered, and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// One cell of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The table's name.
    pub table: Cow<'a, str>,
    /// The row key.
    pub key: Cow<'a, str>,
    /// The column, without its family.
    pub column: Cow<'a, str>,
    /// The value, as text.
    pub value: Cow<'a, str>,
}

impl<'a> Cell<'a> {
    /// Reads a line without its end; `None` where it is no cell.
    fn parse(line: &'a str) -> Option<Self> {
        // A search for a byte takes half the time that one for a character does, and this is done for every cell.
        let mut tabs = memchr::memchr_iter(b'\t', line.as_bytes());
        let (first, second, third) = (tabs.next()?, tabs.next()?, tabs.next()?);
        if tabs.next().is_some() {
            return None;
        }
        let (table, key) = (unescape(line.get(..first)?)?, unescape(line.get(first + 1..second)?)?);
        let (column, value) = (unescape(line.get(second + 1..third)?)?, unescape(line.get(third + 1..)?)?);
        let begin = memchr::memchr(b':', column.as_bytes())? + 1;
        let column = match column {
            Cow::Borrowed(column) => column.get(begin..)?.into(),
            Cow::Owned(column) => column.get(begin..)?.to_string().into(),
        };
        Some(Self { table, key, column, value })
    }
}

/// Reads rows.
#[derive(Debug)]
pub struct RowsReader<R> {
    stream: R,
    line: String,
    number: u64,
}

impl<R: BufRead> RowsReader<R> {
    /// Reads the stream.
    pub fn new(stream: R) -> Self {
        Self { stream, line: String::new(), number: 0 }
    }

    /// The next cell; `None` after the last one.
    pub fn next_cell(&mut self) -> Result<Option<Cell<'_>>, Error> {
        self.line.clear();
        self.number += 1;
        if self.stream.read_line(&mut self.line).map_err(Error::ReadRecords)? == 0 {
            return Ok(None);
        }
        let line = self.line.strip_suffix('\n').unwrap_or(&self.line);
        let cell = Cell::parse(line).ok_or_else(|| Error::NoRow { number: self.number, line: beginning(line) })?;
        Ok(Some(cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back() {
        let table = Table::new("user_table").real("rate", "").text("name", "");
        let mut writer = RowsWriter::new(Vec::new(), Family::Data);
        writer.write(&table, &escape("a\tb"), &Row::new("rate", 0.5).and("name", "x\ny\\")).unwrap();
        let written = writer.finish().unwrap();
        assert_eq!(written, b"user_table\ta\\tb\tdata:rate\t0.5\nuser_table\ta\\tb\tdata:name\tx\\ny\\\\\n");
        let mut reader = RowsReader::new(&*written);
        let cell = reader.next_cell().unwrap().unwrap();
        assert_eq!((&*cell.key, &*cell.column, &*cell.value), ("a\tb", "rate", "0.5"));
        let cell = reader.next_cell().unwrap().unwrap();
        assert_eq!((&*cell.column, &*cell.value), ("name", "x\ny\\"));
        assert_eq!(reader.next_cell().unwrap(), None);
    }

    #[test]
    fn what_is_no_row_is_named() {
        for wrong in ["a\tb\tc\td", "a\tb\tdata:c", "a\tb\tdata:c\td\te", "a\tb\tdata:c\t\\q"] {
            let error = RowsReader::new(wrong.as_bytes()).next_cell().unwrap_err();
            assert!(error.to_string().starts_with("line 1 is no row"), "{error}");
        }
    }
}
