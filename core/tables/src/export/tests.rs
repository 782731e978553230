//! Tests of exports: what is in the files is what is in the tables.

use std::{cell::Cell, collections::BTreeSet, fs};

use ::parquet::{
    file::{
        metadata::RowGroupMetaData,
        reader::{FileReader, SerializedFileReader},
    },
    record::Field,
};
use proptest::prelude::*;
use tempfile::TempDir;
use tootmill_metric::Day;

use super::*;
use crate::{
    load::Load,
    rows::Row,
    store::{Each, LoadOptions, Loaded, Run, Watch},
};

/// A store with rows of one table, which are made when they are read.
struct Made<F>(F);

impl<F: Fn(Part, Each<'_>) -> Result<(), Error>> Store for Made<F> {
    fn replace(&mut self, _: &Load, _: LoadOptions, _: &dyn Watch) -> Result<Loaded, Error> {
        panic!("an export writes nothing into a store")
    }

    fn erase(&mut self, _: &[Table], _: &BTreeSet<String>) -> Result<(), Error> {
        panic!("an export erases nothing in a store")
    }

    fn scan(&self, _: &Table, part: Part, each: Each<'_>) -> Result<(), Error> {
        self.0(part, each)
    }

    fn runs(&self) -> Result<Vec<Run>, Error> {
        Ok(Vec::new())
    }
}

fn table() -> Table {
    Table::new("shoe_table").integer("count", "").real("rate", "").text("words", "")
}

fn row(key: &str, cells: [Option<&str>; 3]) -> Row {
    Row::new(key.into(), cells.map(|cell| cell.map(String::from)).into())
}

/// Rows as any may be: of the greatest numbers, without cells, with a key that CSV must quote.
fn odd(part: Part, each: Each<'_>) -> Result<(), Error> {
    let days = ["0001-01-01", "1969-12-31", "2026-11-24"].map(|day| Day::parse(day).unwrap());
    let days = match part {
        Part::Totals => vec![None],
        _ => days.map(Some).to_vec(),
    };
    for row in [
        row("a,\"b\"\nc", [Some("18446744073709551615"), Some("0.0000001"), Some("ü")]),
        row("null", [Some("0"), Some("1000000000000000000000"), None]),
        row("ｚ", [None, None, Some("")]),
    ] {
        for day in &days {
            each(*day, &row)?;
        }
    }
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "as a store's scan")]
fn no_rows(_: Part, _: Each<'_>) -> Result<(), Error> {
    Ok(())
}

/// The schema of a file of Parquet in one line, and its rows as text.
fn read(file: &Path) -> (String, Vec<Vec<String>>) {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let mut schema = Vec::new();
    ::parquet::schema::printer::print_schema(&mut schema, reader.metadata().file_metadata().schema());
    let schema = String::from_utf8(schema).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = |(_, field): (&String, &Field)| match field {
        Field::Str(text) => text.clone(),
        Field::Double(real) => tootmill_metric::Value::Real(*real).to_string(),
        field => field.to_string(),
    };
    let rows = reader.get_row_iter(None).unwrap();
    (schema, rows.map(|row| row.unwrap().get_column_iter().map(shown).collect()).collect())
}

#[test]
fn csv_has_a_header_and_the_values_as_the_tables_have_them() {
    let folder = TempDir::new().unwrap();
    let text = |family, store: &dyn Store| {
        let exported = export(store, &table(), family, Format::Csv, folder.path()).unwrap();
        (exported.rows, fs::read_to_string(exported.file).unwrap())
    };
    let rows = "\"a,\"\"b\"\"\nc\",18446744073709551615,0.0000001,ü\nnull,0,1000000000000000000000,\nｚ,,,\n";
    assert_eq!(text(Family::Data, &Made(odd)), (3, format!("row_key,count,rate,words\n{rows}")));
    let (count, of_days) = text(Family::Day, &Made(odd));
    assert_eq!((count, of_days.lines().count()), (9, 13));
    assert!(of_days.starts_with("day,row_key,count,rate,words\n0001-01-01,\"a,"), "{of_days}");
    assert!(of_days.ends_with("\n1969-12-31,ｚ,,,\n2026-11-24,ｚ,,,\n"), "{of_days}");
    assert_eq!(text(Family::Data, &Made(no_rows)), (0, "row_key,count,rate,words\n".into()));
    assert_eq!(text(Family::Day, &Made(no_rows)), (0, "day,row_key,count,rate,words\n".into()));
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["shoe_table.csv", "shoe_table_daily.csv"]);
}

#[test]
fn parquet_has_the_declared_types() {
    let folder = TempDir::new().unwrap();
    let exported = |family, store: &dyn Store| {
        let exported = export(store, &table(), family, Format::Parquet, &folder.path().join("a/b")).unwrap();
        let (schema, rows) = read(&exported.file);
        assert_eq!(exported.rows, rows.len() as u64);
        (schema, rows)
    };
    let cells = "REQUIRED BYTE_ARRAY row_key (STRING); OPTIONAL INT64 count (INTEGER(64,false)); OPTIONAL DOUBLE rate; \
                 OPTIONAL BYTE_ARRAY words (STRING); }";
    let (schema, rows) = exported(Family::Data, &Made(odd));
    assert_eq!(schema, format!("message shoe_table {{ {cells}"));
    assert_eq!(
        rows,
        [
            ["a,\"b\"\nc", "18446744073709551615", "0.0000001", "ü"],
            ["null", "0", "1000000000000000000000", "null"],
            ["ｚ", "null", "null", ""],
        ]
    );
    let (schema, rows) = exported(Family::Day, &Made(odd));
    assert_eq!(schema, format!("message shoe_table {{ REQUIRED INT32 day (DATE); {cells}"));
    assert_eq!(rows[7], ["1969-12-31", "ｚ", "null", "null", ""]);
    assert_eq!((&*rows[0][0], &*rows[8][0]), ("0001-01-01", "2026-11-24"));
    assert_eq!(exported(Family::Data, &Made(no_rows)), (format!("message shoe_table {{ {cells}"), vec![]));
}

/// The columns of a group lie in memory, so a group is bounded by its rows and by its text.
#[test]
fn groups_of_rows_are_bounded() {
    let folder = TempDir::new().unwrap();
    let long = "k".repeat(30_000);
    for (count, key, groups) in [(230_000, "", [100_000, 100_000, 30_000]), (1_200, &*long, [560, 560, 80])] {
        let store = Made(|_, each: Each<'_>| {
            (0..count).try_for_each(|number| each(None, &row(&format!("{key}{number:06}"), [Some("1"), None, None])))
        });
        let exported = export(&store, &table(), Family::Data, Format::Parquet, folder.path()).unwrap();
        assert_eq!(exported.rows, count);
        let reader = SerializedFileReader::new(File::open(&exported.file).unwrap()).unwrap();
        let rows: Vec<i64> = reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(rows, groups);
        let last = reader.get_row_iter(None).unwrap().last().unwrap().unwrap();
        assert_eq!(last.get_column_iter().next().unwrap().1, &Field::Str(format!("{key}{:06}", count - 1)));
    }
}

#[test]
fn an_export_that_fails_leaves_what_was_there() {
    let folder = TempDir::new().unwrap();
    let good = Cell::new(true);
    let store = Made(|part, each: Each<'_>| {
        odd(part, each)?;
        if good.get() { Ok(()) } else { each(None, &row("last", [Some("-1"), None, None])) }
    });
    let export = || export(&store, &table(), Family::Data, Format::Parquet, folder.path());
    let file = export().unwrap().file;
    let before = fs::read(&file).unwrap();
    good.set(false);
    let error = export().unwrap_err().to_string();
    assert!(error.contains("`-1` in the column `count` of `shoe_table`"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    good.set(true);
    export().unwrap();
    assert_eq!(fs::read(&file).unwrap(), before, "the same rows give the same bytes");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let error = export().unwrap_err().to_string();
    assert!(error.starts_with("cannot write the table into `") && error.contains("shoe_table.parquet"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_reads_back(keys in prop::collection::vec("\\PC*|.*|[\"',;\r\n\t ]*", 1..20)) {
        let folder = TempDir::new().unwrap();
        let store = Made(|_, each: Each<'_>| {
            keys.iter().try_for_each(|key| each(None, &row(key, [None, None, Some(key)])))
        });
        let file = export(&store, &table(), Family::Data, Format::Csv, folder.path()).unwrap().file;
        let records = ::csv::Reader::from_path(file).unwrap().into_records();
        let of_csv: Vec<_> = records.map(|record| record.unwrap().iter().map(String::from).collect::<Vec<_>>()).collect();
        let file = export(&store, &table(), Family::Data, Format::Parquet, folder.path()).unwrap().file;
        let (_, of_parquet) = read(&file);
        for (place, key) in keys.iter().enumerate() {
            prop_assert_eq!(&of_csv[place], &[key, "", "", key]);
            prop_assert_eq!(&of_parquet[place], &[key, "null", "null", key]);
        }
    }
}
