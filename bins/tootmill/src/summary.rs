//! The summary that ends a run: what was read, what was left out, the top rows of each table, where the result is.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io::{self, Write},
    time::Duration,
};

use comfy_table::{CellAlignment, ContentArrangement, presets::NOTHING};
use tootmill_metric::{Kind, Registry, Table};
pub(crate) use tootmill_report::thousands;
use tootmill_tables::{Destination, Part, Store};

use crate::{commands::run::Done, failure::Failure};

/// How many rows of each table are shown.
const TOP: usize = 5;

/// Writes the summary.
pub(crate) fn write(
    output: &mut impl Write,
    done: &Done<'_>,
    store: &dyn Store,
    registry: &Registry,
    tables: &Destination,
    elapsed: Duration,
    bytes: u64,
) -> Result<(), Failure> {
    write_counters(output, done, elapsed, bytes)?;
    let mut shown = comfy_table::Table::new();
    shown.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    shown.set_header(["table", "rows", "first by", ""]);
    for registered in registry.metrics() {
        let Top { rows, by, first } = top_rows(store, &registered.table)?;
        let first: Vec<String> = first.into_iter().map(|(value, key)| format!("{key} {value}")).collect();
        shown.add_row([registered.table.name.to_string(), thousands(rows), by.to_string(), first.join(", ")]);
    }
    if let Some(column) = shown.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(output, "{shown}\n")?;
    match done.loaded.written {
        Some(_) => write!(output, "The tables are in {tables}")?,
        None => write!(output, "The tables in {tables} held the same already, and were not changed")?,
    }
    writeln!(output, ", as of {}. To look at them:", done.as_of)?;
    writeln!(output, "  tootmill tables dump --tables {tables} language_table")?;
    if let Destination::Sqlite(file) = tables {
        writeln!(output, "  sqlite3 {} 'SELECT * FROM language_table ORDER BY count DESC'", file.display())?;
    }
    Ok(())
}

fn write_counters(output: &mut impl Write, done: &Done<'_>, elapsed: Duration, bytes: u64) -> io::Result<()> {
    let counters = done.counters;
    let days = match done.days {
        [] => String::new(),
        [day] => format!(" of {day}"),
        [first, .., last] => format!(" of {} days, {first} to {last}", thousands(done.days.len() as u64)),
    };
    #[allow(clippy::cast_precision_loss, reason = "a rate is shown with no more than three digits")]
    let rate = bytes as f64 / 1e6 / elapsed.as_secs_f64().max(1e-3);
    writeln!(
        output,
        "{} posts{days}, {} by bots, in {elapsed:.1?} ({rate:.0} MB/s)",
        thousands(counters.posts),
        thousands(counters.bots)
    )?;
    let left_out = [
        ("boosts", counters.boosts),
        ("not public", counters.not_public),
        ("duplicates", counters.duplicates),
        ("deleted", counters.deleted),
        ("bad lines", counters.bad),
        ("unusable keys", counters.unusable_keys),
        ("posts by a policy", counters.left_out),
    ];
    let left_out: Vec<String> = left_out
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{} {what}", thousands(*count)))
        .collect();
    if !left_out.is_empty() {
        writeln!(output, "left out: {}", left_out.join(", "))?;
    }
    if counters.known_gaps > 0 {
        writeln!(output, "known gaps: {}, in which posts were not observed", thousands(counters.known_gaps))?;
    }
    writeln!(output)
}

/// The first rows of a table, of how many, and the column by which they are the first.
struct Top {
    rows: u64,
    by: &'static str,
    first: Vec<(u64, String)>,
}

fn top_rows(store: &dyn Store, table: &Table) -> Result<Top, Failure> {
    let by = table.columns.iter().find(|column| column.kind == Kind::Integer).map_or("", |column| column.name);
    let mut rows = 0;
    let mut top: BinaryHeap<(Reverse<u64>, String)> = BinaryHeap::new();
    store.scan(table, Part::Totals, &mut |_, row| {
        rows += 1;
        let value = row.named(table).find(|(column, _)| *column == by).and_then(|(_, value)| value.parse().ok());
        let value: u64 = value.unwrap_or(0);
        if top.len() < TOP || top.peek().is_some_and(|(Reverse(least), _)| value > *least) {
            top.push((Reverse(value), row.key.clone()));
            if top.len() > TOP {
                top.pop();
            }
        }
        Ok(())
    })?;
    let first = top.into_sorted_vec().into_iter().map(|(Reverse(value), key)| (value, shortened(&key))).collect();
    Ok(Top { rows, by, first })
}

/// A key as a person reads it: without control characters, not too long.
fn shortened(key: &str) -> String {
    let mut characters = key.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character });
    let mut shortened: String = characters.by_ref().take(40).collect();
    if characters.next().is_some() {
        shortened.push('…');
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_odd_keys_are_shortened() {
        assert_eq!(shortened("a\tb"), "a\u{fffd}b");
        assert_eq!(shortened(&"é".repeat(50)), format!("{}…", "é".repeat(40)));
    }
}
