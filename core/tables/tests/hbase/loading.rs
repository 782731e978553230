//! What a load writes, and what the tables hold then.

use std::{
    io::{self, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tootmill_engine::Family;
use tootmill_metric::{Day, Status};
use tootmill_tables::{Destination, Error, LoadOptions, Part, Rows, Store, Written, hbase};

use crate::support::{Content, Days, Namespace, day, load, newest, replace, tables, verified};

/// What the tables hold is what was loaded, totals and days.
fn assert_holds(store: &dyn Store, days: &Days) {
    assert_eq!(Content::read(store, Part::Totals), Content::sum(days.values().map(|(_, content)| content)));
    for (day, (_, content)) in days {
        assert_eq!(Content::read(store, Part::Day(*day)), *content, "{day}");
    }
    let mut found = Vec::new();
    store
        .scan(&tables()[0], Part::Days, &mut |day, row| {
            found.push((row.key.clone(), day.unwrap(), row.cells[0].clone().unwrap().parse::<u64>().unwrap()));
            Ok(())
        })
        .unwrap();
    let tags = |(day, (_, content)): (&Day, &(u64, Content))| {
        content.tags.iter().map(move |(tag, count)| (tag.clone(), *day, *count)).collect::<Vec<_>>()
    };
    let mut expected: Vec<_> = days.iter().flat_map(tags).collect();
    expected.sort();
    assert_eq!(found, expected);
}

/// All orders of four things.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| ![a, b].contains(c)) {
                orders.push([a, b, c, 6 - a - b - c]);
            }
        }
    }
    orders
}

/// Four days; and one of them as it is when it is computed again: a row changed, one came, one went, one lost its name.
fn contents(number: u64) -> ([Content; 4], Content) {
    let days = [
        Content::new(&[("ä", 1), ("b", 2), ("\t", 3)], &[("1", 1, None), ("12", 1, Some("ada"))]),
        Content::new(&[("b", number)], &[("12", 5, Some("bob")), ("13", 2, Some("eve"))]),
        Content::new(&[("b", 4), ("c", 1), ("a\\", 1)], &[("13", 9, None), ("2", 1, Some("x"))]),
        Content::new(&[], &[("3", 1, Some("y"))]),
    ];
    let again = Content::new(&[("b", 5), ("d", 1)], &[("13", 8, None), ("2", 1, None), ("4", 1, None)]);
    (days, again)
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn days_in_any_order_and_again_end_the_same() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    assert_eq!(orders().len(), 24);
    for (number, order) in orders().into_iter().enumerate() {
        let (contents, again) = contents(number as u64 + 1);
        // Days of their own, so that those of the order before go away.
        let first = (0..10 * number).fold(day("2026-01-01"), |day, _| day.next());
        let date = |place: usize| (0..place).fold(first, |day, _| day.next());
        let mut days = Days::new();
        // The third is there twice: at some moment after it came first, it is computed again.
        let moment = number % 3;
        let mut since = None;
        for place in order {
            days.insert(date(place), (1, contents[place].clone()));
            replace(&mut *store, &load(&days, &[]));
            if place == 2 {
                since = Some(0);
            }
            if let Some(count) = &mut since {
                if *count == moment || place == order[3] && *count < moment {
                    days.insert(date(2), (2, again.clone()));
                    replace(&mut *store, &load(&days, &[]));
                    since = None;
                } else {
                    *count += 1;
                }
            }
        }
        assert_eq!(days[&date(2)].0, 2, "{order:?}");
        let loaded = store.replace(&load(&days, &[]), verified(), &()).unwrap();
        assert_eq!(loaded.written, None);
        assert!(loaded.verified > Some(0));
        // Somebody who knows nothing of what was loaded reads the same.
        assert_holds(&*namespace.store(), &days);
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn only_what_changed_is_written() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let (contents, again) = contents(1);
    let mut days: Days =
        [(day("2026-11-01"), (1, contents[0].clone())), (day("2026-11-02"), (1, contents[2].clone()))].into();
    let first = load(&days, &[]);
    let written = replace(&mut *store, &first).written.unwrap();
    // Five tags, four users.
    let expected = Written { rows: 9, changed: 9, removed: 0, days: 2, day_rows: 10, ..written.clone() };
    assert_eq!(written, expected);
    assert_eq!(written.timestamp, day("2026-11-03").start().millis());
    assert_eq!(replace(&mut *store, &first).written, None);
    // The second day is computed again. What was loaded can be read elsewhere, or only in the table: the same is written.
    days.insert(day("2026-11-02"), (2, again));
    let second = load(&days, std::slice::from_ref(&first.totals));
    let written = replace(&mut *store, &second).written.unwrap();
    // Changed: b, 13, 2; new: d, 4; gone: a\, c. Of the day, the two that are gone get zeros.
    let expected = Written { rows: 9, changed: 5, removed: 2, days: 1, day_rows: 7, ..written.clone() };
    assert_eq!(written, expected);
    assert_eq!(written.timestamp, day("2026-11-03").start().millis() + 1);
    assert_holds(&*store, &days);
    // What was removed comes back.
    replace(&mut *store, &first);
    let written = replace(&mut *store, &second).written.unwrap();
    assert_eq!(written, Written { changed: 5, removed: 2, ..written.clone() });
    replace(&mut *store, &first);
    days.insert(day("2026-11-02"), (1, contents[2].clone()));
    assert_holds(&*store, &days);
    let all = LoadOptions { all: true, ..verified() };
    let loaded = store.replace(&first, all, &()).unwrap();
    let written = loaded.written.unwrap();
    assert_eq!(written, Written { changed: 9, removed: 0, days: 2, ..written.clone() });
    assert!(loaded.verified > Some(0));
}

/// Rows that end in an error after so many readings.
fn failing(rows: &Content, readings: usize) -> Rows {
    let good = rows.rows(Family::Data);
    let whole = b"tag_table\tb\tdata:count\t77\n".to_vec();
    let count = Arc::new(AtomicUsize::new(0));
    Rows::new("rows that break", good.digest(), move || {
        if count.fetch_add(1, Ordering::Relaxed) < readings {
            Ok(Box::new(Cursor::new(whole.clone())))
        } else {
            let broken = io::Error::new(io::ErrorKind::TimedOut, "the disk is gone");
            Ok(Box::new(io::BufReader::new(Cursor::new(whole.clone()).chain(Broken(Some(broken))))))
        }
    })
}

struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn an_unfinished_load_is_repeated_in_full() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let (contents, _) = contents(1);
    let days: Days = [(day("2026-11-01"), (1, contents[0].clone()))].into();
    let good = load(&days, &[]);
    replace(&mut *store, &good);
    // A later load writes a row, and breaks.
    let mut bad = load(&[(day("2026-11-01"), (2, contents[2].clone()))].into(), &[]);
    bad.totals = failing(&contents[2], 1);
    let error = store.replace(&bad, LoadOptions::default(), &()).unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    // The same as before is not known to be there any more: all of it is written, at a later time.
    let written = replace(&mut *store, &good).written.unwrap();
    assert_eq!((written.changed, written.timestamp), (5, good.as_of.millis() + 2));
    assert_holds(&*store, &days);
    assert_eq!(replace(&mut *store, &good).written, None);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn what_somebody_else_changed_is_found_and_written_again() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let days: Days = [(day("2026-11-01"), (1, contents(1).0[0].clone()))].into();
    let good = load(&days, &[]);
    replace(&mut *store, &good);
    // Behind the loader's back.
    let other = namespace.hbase();
    other.drop_tables(&["tag_table"]).unwrap();
    other.create_tables(&tables(), hbase::Making::default(), &()).unwrap();
    let written = replace(&mut *store, &good).written.unwrap();
    assert_eq!((written.changed, written.days), (5, 1));
    assert_holds(&*store, &days);
    // A table that is not there has no rows.
    let nothing = Content::read(&*Namespace::new().store(), Part::Totals);
    assert_eq!(nothing, Content::default());
    let other_time = tootmill_tables::Load { as_of: day("2026-12-24").start(), ..good.clone() };
    replace(&mut *store, &other_time);
    let runs = store.runs().unwrap();
    assert_eq!(runs.len(), 3);
    let last = runs.last().unwrap();
    assert_eq!((last.as_of, &last.days), (other_time.as_of, &other_time.days));
    assert_eq!((last.counter("posts"), last.rows().map(|(_, rows)| rows).sum::<u64>()), (Some(7), 5));
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn rows_that_no_metric_declares_are_refused_before_the_first_write() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let days: Days = [(day("2026-11-01"), (1, contents(1).0[0].clone()))].into();
    let mut bad = load(&days, &[]);
    bad.totals =
        Rows::new("rows", "x", || Ok(Box::new(&b"tag_table\ta\tdata:count\t1\ntag_table\tb\tdata:cont\t1\n"[..])));
    let error = store.replace(&bad, LoadOptions::default(), &()).unwrap_err();
    assert!(matches!(error, Error::Undeclared { .. }), "{error}");
    assert_eq!(error.status(), Status::Permanent);
    assert_eq!(store.runs().unwrap(), []);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_load_that_is_overtaken_fails_and_the_next_writes_everything() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let (contents, _) = contents(1);
    let days: Days = [(day("2026-11-01"), (1, contents[0].clone()))].into();
    let other: Days = [(day("2026-11-01"), (1, contents[2].clone()))].into();
    replace(&mut *store, &load(&days, &[]));
    // While the rows of the first are read to be written, a second load begins and ends.
    let mut first = load(&other, &[]);
    let (readings, address) = (AtomicUsize::new(0), namespace.address(""));
    let (text, digest) = (contents[2].bytes(Family::Data), first.totals.digest().to_string());
    let between = days.clone();
    first.totals = Rows::new("rows that take their time", digest, move || {
        if readings.fetch_add(1, Ordering::Relaxed) == 1 {
            let mut second = address.parse::<Destination>().unwrap().create().unwrap();
            replace(&mut *second, &load(&between, &[]));
        }
        Ok(Box::new(Cursor::new(text.clone())))
    });
    let error = store.replace(&first, LoadOptions::default(), &()).unwrap_err();
    assert!(error.to_string().starts_with("another load into these tables began"), "{error}");
    assert_eq!(error.status(), Status::Temporary);
    let loaded = namespace.store().replace(&load(&days, &[]), verified(), &()).unwrap();
    assert_eq!(loaded.written.unwrap().changed, 5);
    assert_holds(&*namespace.store(), &days);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_day_of_a_load_that_did_not_end_is_written_again() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let (contents, again) = contents(1);
    let days: Days = [(day("2026-11-02"), (1, contents[2].clone()))].into();
    let good = load(&days, &[]);
    replace(&mut *store, &good);
    // Another load writes the day anew, and one more day, and breaks while it reads back.
    let other: Days = [(day("2026-11-02"), (2, again)), (day("2026-11-03"), (1, contents[3].clone()))].into();
    let mut bad = load(&other, &[]);
    let text = Content::sum(other.values().map(|(_, content)| content)).bytes(Family::Data);
    let readings = AtomicUsize::new(0);
    bad.totals = Rows::new("rows that break", "other", move || {
        if readings.fetch_add(1, Ordering::Relaxed) < 2 {
            Ok(Box::new(Cursor::new(text.clone())))
        } else {
            Err(io::Error::new(io::ErrorKind::TimedOut, "the disk is gone"))
        }
    });
    let error = store.replace(&bad, verified(), &()).unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    // Both days are written: the first as it was, the other as one that has no rows.
    let written = replace(&mut *store, &good).written.unwrap();
    assert_eq!(written.days, 2);
    assert_holds(&*namespace.store(), &days);
    // Who knows nothing of versions reads the newest cell of each day.
    assert_eq!(newest(&namespace, "b", day("2026-11-02")), "4");
    assert_eq!(newest(&namespace, "d", day("2026-11-02")), "0");
}
