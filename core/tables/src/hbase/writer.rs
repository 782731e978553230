//! Writing rows in batches over several connections, in bounded memory.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use hbase_thrift::hbase::{BatchMutation, Mutation, THbaseSyncClient};

use super::{
    connection::{Connection, Retries},
    error::Error,
};
use crate::store::Watch;

/// Rows of a table with one timestamp.
struct Batch {
    table: String,
    timestamp: i64,
    rows: Vec<BatchMutation>,
    bytes: usize,
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
            let (table, rows) = (batch.table.clone().into_bytes(), batch.rows.clone());
            client.mutate_rows_ts(table, rows, batch.timestamp, BTreeMap::new())
        })?;
        size.answered(batch.rows.len(), began.elapsed(), tries > 1);
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
        let cells = cells.map(|(column, value)| Mutation::new(false, column.to_vec(), value.as_bytes().to_vec(), true));
        let batch = self.puts.take();
        self.puts = self.add(batch, table, timestamp, key, cells.collect())?;
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
        let columns = columns.map(|column| Mutation::new(true, column.to_vec(), Vec::new(), true));
        let batch = self.removals.take();
        self.removals = self.add(batch, table, timestamp, key, columns.collect())?;
        Ok(())
    }

    /// Adds a row to a batch, and hands in what is full.
    fn add(
        &self,
        batch: Option<Batch>,
        table: &str,
        timestamp: i64,
        key: &str,
        mutations: Vec<Mutation>,
    ) -> Result<Option<Batch>, Error> {
        let mut batch = match batch {
            Some(batch) if batch.table == table && batch.timestamp == timestamp => batch,
            other => {
                other.map_or(Ok(()), |batch| self.hand_in(batch))?;
                Batch { table: table.into(), timestamp, rows: Vec::new(), bytes: 0 }
            }
        };
        batch.bytes += key.len() + mutations.iter().filter_map(|cell| Some(cell.value.as_ref()?.len())).sum::<usize>();
        batch.rows.push(BatchMutation::new(key.as_bytes().to_vec(), mutations));
        if batch.rows.len() < self.size.rows.load(Ordering::Relaxed) && batch.bytes < BYTES {
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
