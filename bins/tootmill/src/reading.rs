//! A store of tables that tells how reading it goes on: a spinner on a terminal, plain lines elsewhere.

use std::{
    cell::Cell,
    collections::BTreeSet,
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use tootmill_metric::Table;
use tootmill_tables::{Each, Error, Load, LoadOptions, Loaded, Part, Run, Store, Watch};

use crate::{output::say, summary::thousands};

/// How often it is told on a terminal, and elsewhere.
const EVERY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// After how many rows the clock is looked at.
const ROWS: u64 = 1024;

/// Reads a store, and shows how many rows of which table were read.
pub(crate) struct Reading {
    store: Box<dyn Store>,
    bar: ProgressBar,
    told: Cell<Instant>,
}

impl Reading {
    pub(crate) fn new(store: Box<dyn Store>) -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
            bar.set_style(style);
        }
        Self { store, bar, told: Cell::new(Instant::now()) }
    }

    fn tell(&self, table: &Table, rows: u64) {
        let every = if self.bar.is_hidden() { EVERY.1 } else { EVERY.0 };
        if self.told.get().elapsed() < every {
            return;
        }
        self.told.set(Instant::now());
        let text = format!("reading {}: {} rows", table.name, thousands(rows));
        if self.bar.is_hidden() {
            say(text);
        } else {
            self.bar.set_message(text);
            self.bar.tick();
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Store for Reading {
    fn replace(&mut self, load: &Load, options: LoadOptions, watch: &dyn Watch) -> Result<Loaded, Error> {
        self.store.replace(load, options, watch)
    }

    fn scan(&self, table: &Table, part: Part, each: Each<'_>) -> Result<(), Error> {
        let mut rows = 0;
        self.store.scan(table, part, &mut |day, row| {
            rows += 1;
            if rows % ROWS == 0 {
                self.tell(table, rows);
            }
            each(day, row)
        })
    }

    fn erase(&mut self, tables: &[Table], keys: &BTreeSet<String>) -> Result<(), Error> {
        self.store.erase(tables, keys)
    }

    fn runs(&self) -> Result<Vec<Run>, Error> {
        self.store.runs()
    }
}
