//! Reading back: whether tables hold what was loaded, cell by cell.

use tootmill_metric::{Day, Table};

use crate::{
    changes::{Change, Changes},
    error::Error,
    load::Load,
    rows::{Row, Rows},
    store::{Part, Store, Watch},
};

/// Compares every cell of the totals and of some of the days, and gives how many there are.
pub(crate) fn verify(
    store: &dyn Store,
    load: &Load,
    is_looked_at: impl Fn(Day) -> bool,
    watch: &dyn Watch,
) -> Result<u64, Error> {
    let days = load.day_rows.iter().filter(|day| is_looked_at(day.day));
    let parts = [(Part::Totals, &load.totals)].into_iter().chain(days.map(|day| (Part::Day(day.day), &day.rows)));
    let parts: Vec<_> = parts.collect();
    let mut cells = 0;
    for (done, (part, rows)) in parts.iter().enumerate() {
        cells += verify_part(store, &load.tables, *part, rows)?;
        watch.progress("verifying", done as u64 + 1, parts.len() as u64);
    }
    Ok(cells)
}

fn verify_part(store: &dyn Store, tables: &[Table], part: Part, rows: &Rows) -> Result<u64, Error> {
    let mut read = rows.read(tables)?;
    let mut cells = 0;
    for (place, table) in tables.iter().enumerate() {
        let mut differences = 0;
        let mut first = String::new();
        let mut changes = Changes::new(&mut read, place, |change| {
            let problem = match change {
                // HBase keeps no empty cells of a day: it is by them that a cell went away.
                Change::Changed(row, found) if part != Part::Totals && without_empty(row) == without_empty(found) => {
                    cells += row.cells.iter().flatten().count() as u64;
                    return Ok(());
                }
                Change::Same(row) => {
                    cells += row.cells.iter().flatten().count() as u64;
                    return Ok(());
                }
                Change::New(row) => format!("`{}`, which is missing", row.key),
                Change::Gone(row) => format!("`{}`, which should not be there", row.key),
                Change::Changed(loaded, found) => {
                    format!("`{}`, which has {} and not {}", loaded.key, values(table, found), values(table, loaded))
                }
            };
            if differences == 0 {
                first = problem;
            }
            differences += 1;
            Ok(())
        });
        store.scan(table, part, &mut |_, row| changes.before(row))?;
        changes.finish()?;
        if differences > 0 {
            let table = match part {
                Part::Day(day) => format!("{} of {day}", table.name),
                _ => table.name.into(),
            };
            return Err(Error::Differs { table, differences, first });
        }
    }
    Ok(cells)
}

fn values(table: &Table, row: &Row) -> String {
    let values: Vec<String> = row.named(table).map(|(name, value)| format!("{name} {value}")).collect();
    values.join(", ")
}

fn without_empty(row: &Row) -> Vec<Option<&String>> {
    row.cells.iter().map(|cell| cell.as_ref().filter(|value| !value.is_empty())).collect()
}
