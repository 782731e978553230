//! Writing rows in batches over several connections, in bounded memory.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    connection::{Connection, Retries},
    error::Error,
    mutations::Mutations,
};
use crate::store::Watch;

/// Rows of a table with one timestamp.
struct Batch {
    table: String,
    timestamp: i64,
    mutations: Mutations,
}

/// How many rows a batch has, which follows what the server can take.
struct Size {
    rows: AtomicUsize,
    most: usize,
}

/// The first batches.
const FIRST: usize = 1000;
/// No batch is smaller.
const LEAST: usize = 50;
/// No batch is heavier: rows may have long keys.
const BYTES: usize = 2 << 20;
/// A server that answers sooner can take more at once.
const QUICK: Duration = Duration::from_millis(250);
/// A server that answers later gets less at once.
const SLOW: Duration = Duration::from_secs(2);

impl Size {
    fn answered(&self, rows: usize, after: Duration, retried: bool) {
        let now = self.rows.load(Ordering::Relaxed);
        let next = if retried || after > SLOW {
            (now / 2).max(LEAST.min(self.most))
        } else if after < QUICK && rows >= now {
            (now * 2).min(self.most)
        } else {
            now
        };
        self.rows.store(next, Ordering::Relaxed);
    }
}

/// Takes rows, and has them written by the connections' threads.
pub(crate) struct Writer<'w> {
    queue: SyncSender<Batch>,
    puts: Option<Batch>,
    removals: Option<Batch>,
    size: &'w Size,
    failure: &'w Mutex<Option<Error>>,
}

/// Writes all that `work` hands to its writer. Nothing is said to be written before all is.
pub(crate) fn write<T, E: From<Error>>(
    first: &Connection,
    retries: &Retries,
    watch: &dyn Watch,
    work: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let connections = first.address().connections;
    let most = first.address().batch;
    let size = Size { rows: FIRST.min(most).into(), most };
    let failure = Mutex::new(None);
    let (queue, batches) = sync_channel(connections);
    let batches = Mutex::new(batches);
    let done = thread::scope(|scope| {
        for _ in 0..connections {
            let mut connection = first.another();
            let (batches, size, failure) = (&batches, &size, &failure);
            scope.spawn(move || {
                if let Err(error) = write_batches(&mut connection, batches, size, retries, watch) {
                    // The first failure is the one that tells.
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    // Whoever hands in more does not wait for nobody, and hears of the failure.
                    while next(batches).is_some() {}
                }
            });
        }
        let mut writer = Writer { queue, puts: None, removals: None, size: &size, failure: &failure };
        let done = work(&mut writer);
        done.and_then(|done| Ok(writer.flush().map(|()| done)?))
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(failure) => Err(failure.into()),
        None => done,
    }
}

/// The next batch; `None` when nobody hands in more.
fn next(batches: &Mutex<Receiver<Batch>>) -> Option<Batch> {
    batches.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn write_batches(
    connection: &mut Connection,
    batches: &Mutex<Receiver<Batch>>,
    size: &Size,
    retries: &Retries,
    watch: &dyn Watch,
) -> Result<(), Error> {
    loop {
        let Some(batch) = next(batches) else { return Ok(()) };
        let began = Instant::now();
        let mut tries = 0;
        connection.call(&format!("write to the table `{}`", batch.table), retries, watch, |client| {
            tries += 1;
            batch.mutations.call(client, &batch.table, batch.timestamp)
        })?;
        size.answered(batch.mutations.rows(), began.elapsed(), tries > 1);
    }
}

impl Writer<'_> {
    /// Writes cells, given by columns with their family and values.
    pub(crate) fn put<'c>(
        &mut self,
        table: &str,
        timestamp: i64,
        key: &str,
        cells: impl Iterator<Item = (&'c [u8], &'c str)>,
    ) -> Result<(), Error> {
        let batch = self.puts.take();
        self.puts = self.add(batch, false, table, timestamp, key, cells)?;
        Ok(())
    }

    /// Removes columns, or whole families, up to and with the timestamp.
    pub(crate) fn remove<'c>(
        &mut self,
        table: &str,
        timestamp: i64,
        key: &str,
        columns: impl Iterator<Item = &'c [u8]>,
    ) -> Result<(), Error> {
        let batch = self.removals.take();
        self.removals = self.add(batch, true, table, timestamp, key, columns.map(|column| (column, "")))?;
        Ok(())
    }

    /// Adds a row to a batch, and hands in what is full.
    fn add<'c>(
        &self,
        batch: Option<Batch>,
        removes: bool,
        table: &str,
        timestamp: i64,
        key: &str,
        cells: impl Iterator<Item = (&'c [u8], &'c str)>,
    ) -> Result<Option<Batch>, Error> {
        let mut batch = match batch {
            Some(batch) if batch.table == table && batch.timestamp == timestamp => batch,
            other => {
                other.map_or(Ok(()), |batch| self.hand_in(batch))?;
                Batch { table: table.into(), timestamp, mutations: Mutations::new(removes) }
            }
        };
        batch.mutations.add(key, cells);
        if batch.mutations.rows() < self.size.rows.load(Ordering::Relaxed) && batch.mutations.bytes() < BYTES {
            return Ok(Some(batch));
        }
        self.hand_in(batch)?;
        Ok(None)
    }

    fn hand_in(&self, batch: Batch) -> Result<(), Error> {
        let failed = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(failure) = failed {
            return Err(failure);
        }
        // Cannot fail: the threads take what comes until this end is closed.
        let _ = self.queue.send(batch);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        for batch in [self.puts.take(), self.removals.take()].into_iter().flatten() {
            self.hand_in(batch)?;
        }
        Ok(())
    }
}
