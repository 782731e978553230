//! What changed between two streams of rows of one table: a merge.
//!
//! Rows to load are in the order of records, which is that of the escaped keys; a table is in the order of the keys themselves.
//! The two differ only for keys that need an escape. Those are few, as they have a backslash or a control character, and are
//! kept aside until the end; all others are merged as they come.

use std::{cmp::Ordering, collections::BTreeMap};

use tootmill_metric::field::escape;

use crate::{
    error::Error,
    rows::{Row, RowsOfTables},
};

/// What was found about a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change<'r> {
    /// It is there now and was not before.
    New(&'r Row),
    /// It is as before.
    Same(&'r Row),
    /// It was another before: now, before.
    Changed(&'r Row, &'r Row),
    /// It is not there any more.
    Gone(&'r Row),
}

/// The merge of the rows that there are now with those that were before, which are handed in one by one.
pub(crate) struct Changes<'r, 't, F> {
    now: &'r mut RowsOfTables<'t>,
    table: usize,
    /// The next row of now, where it was looked at already.
    next: Option<Row>,
    odd_now: BTreeMap<String, Row>,
    odd_before: BTreeMap<String, Row>,
    each: F,
}

fn is_odd(key: &str) -> bool {
    matches!(escape(key), std::borrow::Cow::Owned(_))
}

impl<'r, 't, F: FnMut(Change<'_>) -> Result<(), Error>> Changes<'r, 't, F> {
    /// Merges the rows of a table, and calls `each` for every one.
    pub(crate) fn new(now: &'r mut RowsOfTables<'t>, table: usize, each: F) -> Self {
        Self { now, table, next: None, odd_now: BTreeMap::new(), odd_before: BTreeMap::new(), each }
    }

    /// Takes the next row that was before.
    pub(crate) fn before(&mut self, row: &Row) -> Result<(), Error> {
        if is_odd(&row.key) {
            self.odd_before.insert(row.key.clone(), row.clone());
            return Ok(());
        }
        loop {
            let next = match self.next.take() {
                Some(next) => next,
                None => match self.now.next_of(self.table)? {
                    Some(next) => next.clone(),
                    None => return (self.each)(Change::Gone(row)),
                },
            };
            if is_odd(&next.key) {
                self.odd_now.insert(next.key.clone(), next);
                continue;
            }
            match next.key.cmp(&row.key) {
                Ordering::Less => (self.each)(Change::New(&next))?,
                Ordering::Equal => return (self.each)(change(&next, row)),
                Ordering::Greater => {
                    self.next = Some(next);
                    return (self.each)(Change::Gone(row));
                }
            }
        }
    }

    /// No more rows were before.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        if let Some(next) = self.next.take() {
            (self.each)(Change::New(&next))?;
        }
        while let Some(row) = self.now.next_of(self.table)? {
            if self.odd_before.is_empty() || !is_odd(&row.key) {
                (self.each)(Change::New(row))?;
            } else {
                self.odd_now.insert(row.key.clone(), row.clone());
            }
        }
        for (key, row) in &self.odd_now {
            match self.odd_before.remove(key) {
                Some(before) => (self.each)(change(row, &before))?,
                None => (self.each)(Change::New(row))?,
            }
        }
        self.odd_before.values().try_for_each(|row| (self.each)(Change::Gone(row)))
    }
}

fn change<'r>(now: &'r Row, before: &'r Row) -> Change<'r> {
    if now.cells == before.cells { Change::Same(now) } else { Change::Changed(now, before) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use tootmill_engine::{Family, RowsWriter};
    use tootmill_metric::{Row as MetricRow, Table};

    use super::*;
    use crate::rows::Rows;

    /// Rows in the order of records.
    fn rows(table: &Table, of: &BTreeMap<String, u64>) -> Rows {
        let escaped: BTreeMap<_, _> = of.iter().map(|(key, count)| (escape(key).into_owned(), *count)).collect();
        let mut writer = RowsWriter::new(Vec::new(), Family::Data);
        for (key, count) in escaped {
            writer.write(table, &key, &MetricRow::new("count", count)).unwrap();
        }
        let bytes = writer.finish().unwrap();
        Rows::new("rows", "", move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))))
    }

    /// Few distinct keys, so that many are in both; with some that are escaped.
    fn table_content() -> impl Strategy<Value = BTreeMap<String, u64>> {
        prop::collection::btree_map("[ab\\\\\n\u{1}é]{1,3}", 0..3u64, 0..20)
    }

    proptest! {
        #[test]
        fn every_change_is_found_once(now in table_content(), before in table_content(), by_scan: bool) {
            let tables = [Table::new("a_table").integer("count", "")];
            let mut found: BTreeMap<String, (&str, Option<String>)> = BTreeMap::new();
            let (now_rows, before_rows) = (rows(&tables[0], &now), rows(&tables[0], &before));
            let mut now_read = now_rows.read(&tables).unwrap();
            let mut changes = Changes::new(&mut now_read, 0, |change| {
                let (what, row) = match change {
                    Change::New(row) => ("new", row),
                    Change::Same(row) => ("same", row),
                    Change::Changed(row, _) => ("changed", row),
                    Change::Gone(row) => ("gone", row),
                };
                assert!(found.insert(row.key.clone(), (what, row.cells[0].clone())).is_none(), "{row:?} twice");
                Ok(())
            });
            if by_scan {
                // In the order of the keys themselves.
                for (key, count) in &before {
                    changes.before(&Row::new(key.clone(), vec![Some(count.to_string())])).unwrap();
                }
            } else {
                let mut before_read = before_rows.read(&tables).unwrap();
                while let Some(row) = before_read.next_of(0).unwrap() {
                    changes.before(row).unwrap();
                }
            }
            changes.finish().unwrap();
            let mut expected = BTreeMap::new();
            for (key, count) in &now {
                let what = match before.get(key) {
                    None => "new",
                    Some(same) if same == count => "same",
                    Some(_) => "changed",
                };
                expected.insert(key.clone(), (what, Some(count.to_string())));
            }
            for (key, count) in before.iter().filter(|(key, _)| !now.contains_key(*key)) {
                expected.insert(key.clone(), ("gone", Some(count.to_string())));
            }
            prop_assert_eq!(found, expected);
        }
    }
}
