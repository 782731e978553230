//! Rows to load: where they can be read, as often as is wanted, and reading them one by one.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader},
    mem,
    path::Path,
    rc::Rc,
};

use sha2::{Digest, Sha256};
use tootmill_engine::{Cell, RowsReader};
use tootmill_metric::{Table, field::escape};

use crate::error::Error;

/// A stream of the format of rows.
pub type Stream = Box<dyn BufRead>;

/// Rows as [`RowsWriter`](tootmill_engine::RowsWriter) writes them, in the order of records.
#[derive(Clone)]
pub struct Rows {
    name: String,
    digest: String,
    open: Rc<dyn Fn() -> io::Result<Stream>>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("name", &self.name).field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Rows {
    /// Rows that `open` gives, from the first one on. The digest is SHA-256 of their bytes, in hexadecimal; the name is for
    /// messages.
    pub fn new(
        name: impl Into<String>,
        digest: impl Into<String>,
        open: impl Fn() -> io::Result<Stream> + 'static,
    ) -> Self {
        Self { name: name.into(), digest: digest.into(), open: Rc::new(open) }
    }

    /// Rows that `open` gives, from the first one on, which are read once for their digest; the name is for messages.
    pub fn digested(name: impl Into<String>, open: impl Fn() -> io::Result<Stream> + 'static) -> Result<Self, Error> {
        let name = name.into();
        let digest = open().and_then(digest).map_err(|source| Error::OpenRows { rows: name.clone(), source })?;
        Ok(Self::new(name, digest, open))
    }

    /// The rows in a file, which is read once for its digest.
    pub fn file(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let path = path.to_path_buf();
        Self::digested(name, move || Ok(Box::new(BufReader::with_capacity(1 << 17, File::open(&path)?))))
    }

    /// No rows.
    pub fn none() -> Self {
        let empty: &[u8] = &[];
        Self::new("no rows", hex::encode(Sha256::digest(empty)), move || Ok(Box::new(empty)))
    }

    /// SHA-256 of their bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Reads them from the first one on. They are of these tables, whose order is that of the rows.
    pub(crate) fn read<'t>(&self, tables: &'t [Table]) -> Result<RowsOfTables<'t>, Error> {
        let stream = (self.open)().map_err(|source| Error::OpenRows { rows: self.name.clone(), source })?;
        Ok(RowsOfTables {
            reader: RowsReader::new(stream),
            tables,
            row: Row::default(),
            next: Row::default(),
            has_next: false,
            is_begun: false,
        })
    }
}

fn digest(mut stream: impl BufRead) -> io::Result<String> {
    let mut hash = Sha256::new();
    loop {
        let buffer = stream.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        hash.update(buffer);
        let length = buffer.len();
        stream.consume(length);
    }
    Ok(hex::encode(hash.finalize()))
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The row key.
    pub key: String,
    /// The values, in the order of the table's columns.
    pub cells: Vec<Option<String>>,
    /// The table's place among the tables.
    table: usize,
}

impl Row {
    pub(crate) fn new(key: String, cells: Vec<Option<String>>) -> Self {
        Self { key, cells, table: 0 }
    }

    /// Its cells by the names of their columns.
    pub fn named<'r>(&'r self, table: &Table) -> impl Iterator<Item = (&'static str, &'r str)> {
        let names: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        names.into_iter().zip(&self.cells).filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// Reads rows table by table.
pub(crate) struct RowsOfTables<'t> {
    reader: RowsReader<Stream>,
    tables: &'t [Table],
    /// The row that was given last.
    row: Row,
    /// The row after it, as far as it was read.
    next: Row,
    has_next: bool,
    is_begun: bool,
}

impl RowsOfTables<'_> {
    /// The place of the table of the next row; `None` after the last row.
    pub(crate) fn table(&mut self) -> Result<Option<usize>, Error> {
        if !self.is_begun {
            self.is_begun = true;
            self.read_first_cell()?;
        }
        Ok(self.has_next.then_some(self.next.table))
    }

    /// The next row, where it is of this table; `None` where there is none, or one of another table.
    pub(crate) fn next_of(&mut self, table: usize) -> Result<Option<&Row>, Error> {
        if self.table()? != Some(table) {
            return Ok(None);
        }
        mem::swap(&mut self.row, &mut self.next);
        self.has_next = false;
        while let Some(cell) = self.reader.next_cell()? {
            let of_row = self.tables.get(self.row.table).is_some_and(|table| table.name == cell.table);
            if !of_row || cell.key != self.row.key {
                begin(&mut self.next, self.tables, &cell)?;
                self.has_next = true;
                let is_same_table = self.next.table == self.row.table;
                if self.next.table < self.row.table || is_same_table && escape(&self.next.key) <= escape(&self.row.key)
                {
                    return Err(Error::Order { rows: cell.table.into() });
                }
                break;
            }
            add(&mut self.row, self.tables, &cell)?;
        }
        Ok(Some(&self.row))
    }

    fn read_first_cell(&mut self) -> Result<(), Error> {
        if let Some(cell) = self.reader.next_cell()? {
            begin(&mut self.next, self.tables, &cell)?;
            self.has_next = true;
        }
        Ok(())
    }
}

/// How many bytes a row key has at most: HBase's limit.
const LONGEST_KEY: usize = 32_767;

/// Begins a row with its first cell.
fn begin(row: &mut Row, tables: &[Table], cell: &Cell<'_>) -> Result<(), Error> {
    if !(1..=LONGEST_KEY).contains(&cell.key.len()) {
        return Err(Error::Key { table: cell.table.as_ref().into(), bytes: cell.key.len() });
    }
    let Some(place) = tables.iter().position(|table| table.name == cell.table) else { return Err(undeclared(cell)) };
    row.table = place;
    row.key.clear();
    row.key.push_str(&cell.key);
    row.cells.clear();
    row.cells.resize(tables.get(place).map_or(0, |table| table.columns.len()), None);
    add(row, tables, cell)
}

fn add(row: &mut Row, tables: &[Table], cell: &Cell<'_>) -> Result<(), Error> {
    let columns = tables.get(row.table).map(|table| &table.columns);
    let place = columns.and_then(|columns| columns.iter().position(|column| column.name == cell.column));
    let value = place.and_then(|place| row.cells.get_mut(place)).ok_or_else(|| undeclared(cell))?;
    *value = Some(cell.value.as_ref().into());
    Ok(())
}

fn undeclared(cell: &Cell<'_>) -> Error {
    Error::Undeclared { table: cell.table.as_ref().into(), column: cell.column.as_ref().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &'static str) -> Rows {
        Rows::new("a text", "", move || Ok(Box::new(text.as_bytes())))
    }

    fn tables() -> [Table; 2] {
        [Table::new("a_table").integer("x", "").text("y", ""), Table::new("b_table").integer("x", "")]
    }

    #[test]
    fn rows_are_read_table_by_table() {
        let tables = tables();
        let rows =
            rows("a_table\tk\tdata:x\t1\na_table\tk\tdata:y\ttwo\na_table\tl\tdata:y\t\nb_table\tl\tdata:x\t3\n");
        let mut read = rows.read(&tables).unwrap();
        assert_eq!(read.next_of(1).unwrap(), None);
        let row = read.next_of(0).unwrap().unwrap();
        assert_eq!(row.named(&tables[0]).collect::<Vec<_>>(), [("x", "1"), ("y", "two")]);
        let row = read.next_of(0).unwrap().unwrap();
        assert_eq!((&*row.key, &row.cells), ("l", &vec![None, Some(String::new())]));
        assert_eq!(read.next_of(0).unwrap(), None);
        assert_eq!(read.next_of(1).unwrap().unwrap().key, "l");
        assert_eq!(read.table().unwrap(), None);
    }

    #[test]
    fn what_no_metric_declares_is_an_error() {
        for text in ["c_table\tk\tdata:x\t1\n", "b_table\tk\tdata:y\t1\n"] {
            let error = rows(text).read(&tables()).unwrap().next_of(0).unwrap_err();
            assert!(error.to_string().contains("which no linked metric declares"), "{error}");
        }
        let (tables, rows) = (tables(), rows("b_table\tk\tdata:x\t1\na_table\tk\tdata:x\t1\n"));
        let mut read = rows.read(&tables).unwrap();
        let error = read.next_of(1);
        assert!(matches!(error, Err(Error::Order { .. })), "{error:?}");
        for (text, words) in [
            ("b_table\tl\tdata:x\t1\nb_table\tk\tdata:x\t1\n", "not in the order of records"),
            ("b_table\tk\tdata:x\t1\nb_table\tl\tdata:x\t1\nb_table\tk\tdata:x\t1\n", "not in the order of records"),
            ("b_table\t\tdata:x\t1\n", "a row key of 0 bytes"),
        ] {
            let rows = self::rows(text);
            let mut read = rows.read(&tables).unwrap();
            let error = loop {
                match read.next_of(1) {
                    Ok(row) => assert!(row.is_some(), "{text}"),
                    Err(error) => break error.to_string(),
                }
            };
            assert!(error.contains(words), "{error}");
        }
    }
}
