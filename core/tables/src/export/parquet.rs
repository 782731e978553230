//! Rows as Parquet, whose columns lie one after the other: a group of rows is held, and then written.

use std::{
    io::{self, Write},
    mem,
    sync::Arc,
};

use parquet::{
    basic::{Compression, ZstdLevel},
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use tootmill_metric::{Day, Kind};

use super::Holds;
use crate::error::Error;

/// How many rows a group has at most.
const ROWS: usize = 100_000;
/// How many bytes of text a group has before it is written, whatever its rows.
const TEXT: usize = 16 << 20;

/// Writes rows group by group.
pub(super) struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    table: &'static str,
    columns: Vec<Column>,
    rows: usize,
    text: usize,
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(output: W, table: &'static str, columns: Vec<(&'static str, Holds)>) -> Result<Self, Error> {
        let fields: String = columns.iter().map(|(name, holds)| field(name, *holds)).collect();
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer = parse_message_type(&format!("message {table} {{ {fields}}}"))
            .and_then(|schema| SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties)))
            .map_err(io::Error::from)?;
        let columns = columns.into_iter().map(|(name, holds)| Column::new(name, holds)).collect();
        Ok(Self { writer, table, columns, rows: 0, text: 0 })
    }

    pub(super) fn write(&mut self, fields: &[Option<&str>]) -> Result<(), Error> {
        for (column, field) in self.columns.iter_mut().zip(fields) {
            column.push(*field).ok_or_else(|| Error::Value {
                table: self.table.into(),
                column: column.name.into(),
                value: field.unwrap_or_default().into(),
            })?;
            self.text += field.map_or(0, str::len);
        }
        self.rows += 1;
        if self.rows >= ROWS || self.text >= TEXT {
            self.write_group().map_err(io::Error::from)?;
        }
        Ok(())
    }

    /// Writes what is held, and the end of the file.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        if self.rows > 0 {
            self.write_group().map_err(io::Error::from)?;
        }
        self.writer.close().map_err(io::Error::from)?;
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            column.write(writer.untyped())?;
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.text) = (0, 0);
        Ok(())
    }
}

/// A column in the language of Parquet's schemas.
fn field(name: &str, holds: Holds) -> String {
    match holds {
        Holds::Day => format!("required int32 {name} (DATE); "),
        Holds::Key => format!("required binary {name} (STRING); "),
        Holds::Cells(Kind::Integer) => format!("optional int64 {name} (INTEGER(64,false)); "),
        Holds::Cells(Kind::Real) => format!("optional double {name}; "),
        Holds::Cells(Kind::Text) => format!("optional binary {name} (STRING); "),
    }
}

/// What a group holds of a column.
struct Column {
    name: &'static str,
    values: Values,
    /// 1 for each row that has a value, and 0 for one that has none.
    levels: Vec<i16>,
}

enum Values {
    /// Days since 1970-01-01.
    Days(Vec<i32>),
    /// With the bits of unsigned ones.
    Integers(Vec<i64>),
    Reals(Vec<f64>),
    Texts(Vec<ByteArray>),
}

impl Column {
    fn new(name: &'static str, holds: Holds) -> Self {
        let values = match holds {
            Holds::Day => Values::Days(Vec::new()),
            Holds::Cells(Kind::Integer) => Values::Integers(Vec::new()),
            Holds::Cells(Kind::Real) => Values::Reals(Vec::new()),
            Holds::Key | Holds::Cells(Kind::Text) => Values::Texts(Vec::new()),
        };
        Self { name, values, levels: Vec::new() }
    }

    /// Takes a row's field. `None` if it is not what the column holds.
    fn push(&mut self, field: Option<&str>) -> Option<()> {
        self.levels.push(i16::from(field.is_some()));
        let Some(text) = field else { return Some(()) };
        match &mut self.values {
            Values::Days(days) => days.push(since_1970(Day::parse(text)?)?),
            Values::Integers(integers) => integers.push(text.parse::<u64>().ok()?.cast_signed()),
            Values::Reals(reals) => reals.push(text.parse().ok()?),
            Values::Texts(texts) => texts.push(text.as_bytes().to_vec().into()),
        }
        Some(())
    }

    /// Writes what it holds, and holds nothing any more.
    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = mem::take(&mut self.levels);
        let levels = Some(&*levels);
        match (&mut self.values, writer) {
            (Values::Days(days), ColumnWriter::Int32ColumnWriter(writer)) => {
                writer.write_batch(&mem::take(days), levels, None)?
            }
            (Values::Integers(integers), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(&mem::take(integers), levels, None)?
            }
            (Values::Reals(reals), ColumnWriter::DoubleColumnWriter(writer)) => {
                writer.write_batch(&mem::take(reals), levels, None)?
            }
            (Values::Texts(texts), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(&mem::take(texts), levels, None)?
            }
            _ => return Err(ParquetError::General(format!("the column {} is not of the schema's type", self.name))),
        };
        Ok(())
    }
}

fn since_1970(day: Day) -> Option<i32> {
    const MILLIS_A_DAY: i64 = 86_400_000;
    i32::try_from(day.start().millis().div_euclid(MILLIS_A_DAY)).ok()
}
