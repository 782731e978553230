//! Tables as files for programs that analyse them: CSV and Parquet, a file for each family of a table.

mod csv;
mod parquet;

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use tootmill_engine::Family;
use tootmill_metric::{Kind, Table};

use self::{csv::CsvFile, parquet::ParquetFile};
use crate::{
    error::Error,
    sqlite,
    store::{Part, Store},
};

/// The form of a file.
///
/// In both, a row has its key, `row_key`, and then the table's columns; in the family `day` the `day` comes first. Rows are in
/// the byte order of their keys, then of the days. The same rows give the same bytes, whatever store has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text: a header, then a line a row, with the values as the tables have them. A cell that is not there is an empty field.
    Csv,
    /// Typed columns, compressed by Zstandard: whole numbers as unsigned ones of 64 bits, doubles, text, and the day as a date.
    /// A cell that is not there is null.
    Parquet,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Where it is.
    pub file: PathBuf,
    /// How many rows it has.
    pub rows: u64,
}

/// Writes a family of a table into a file of the folder, which is made if it is not there. The file has the name that SQLite
/// gives the table, as `tag_table.csv` or `tag_table_daily.csv`, and is replaced whole: whoever opens it finds what was there
/// before, or all.
pub fn export(
    store: &dyn Store,
    table: &Table,
    family: Family,
    format: Format,
    folder: &Path,
) -> Result<Exported, Error> {
    let extension = match format {
        Format::Csv => "csv",
        Format::Parquet => "parquet",
    };
    let file = folder.join(format!("{}.{extension}", sqlite::name(table, family)));
    let cannot = |source| Error::Export { file: file.display().to_string(), source };
    let aside = aside(folder).map_err(cannot)?;
    let rows = match format {
        Format::Csv => export_csv(store, table, family, aside.as_file()),
        Format::Parquet => export_parquet(store, table, family, aside.as_file()),
    };
    let rows = rows.map_err(|error| match error {
        Error::Output(source) => cannot(source),
        error => error,
    })?;
    aside.as_file().sync_all().and_then(|()| Ok(aside.persist(&file)?)).map_err(cannot)?;
    Ok(Exported { file, rows })
}

/// Writes a family of a table as CSV, and gives the number of its rows.
pub fn export_csv(store: &dyn Store, table: &Table, family: Family, output: impl Write) -> Result<u64, Error> {
    let mut csv = CsvFile::new(output, &columns(table, family))?;
    let rows = each(store, table, family, |fields| csv.write(fields))?;
    csv.finish()?;
    Ok(rows)
}

fn export_parquet(store: &dyn Store, table: &Table, family: Family, output: impl Write + Send) -> Result<u64, Error> {
    let mut parquet = ParquetFile::new(output, table.name, columns(table, family))?;
    let rows = each(store, table, family, |fields| parquet.write(fields))?;
    parquet.finish()?;
    Ok(rows)
}

/// A file that takes its name later. Until then no pattern such as `*.csv` finds it.
fn aside(folder: &Path) -> io::Result<NamedTempFile<File>> {
    fs::create_dir_all(folder)?;
    // As files are made by default: the umask says who may read them.
    let permissions = Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".export-").permissions(permissions).tempfile_in(folder)
}

/// What a column of a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Day,
    Key,
    Cells(Kind),
}

/// The columns of a file with their names, in their order.
fn columns(table: &Table, family: Family) -> Vec<(&'static str, Holds)> {
    let day = (family == Family::Day).then_some(("day", Holds::Day));
    let cells = table.columns.iter().map(|column| (column.name, Holds::Cells(column.kind)));
    day.into_iter().chain([("row_key", Holds::Key)]).chain(cells).collect()
}

/// Calls `write` with the fields of every row, in the order of the file's columns, and gives the number of rows.
fn each<E>(
    store: &dyn Store,
    table: &Table,
    family: Family,
    mut write: impl FnMut(&[Option<&str>]) -> Result<(), E>,
) -> Result<u64, Error>
where
    Error: From<E>,
{
    let part = match family {
        Family::Data => Part::Totals,
        Family::Day => Part::Days,
    };
    let mut rows = 0;
    store.scan(table, part, &mut |day, row| {
        let day = day.map(|day| day.to_string());
        let cells = row.cells.iter().map(Option::as_deref);
        let fields: Vec<_> = day.as_deref().map(Some).into_iter().chain([Some(&*row.key)]).chain(cells).collect();
        write(&fields)?;
        rows += 1;
        Ok(())
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests;
