//! Reads lines with several threads, each of which takes the next chunk as soon as it is done with one.

use std::{
    borrow::Cow,
    ops::ControlFlow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use tootmill_input::{Chunk, Inputs, Reader, objects_within, observed_at, text_of};
use tootmill_metric::{BadLine, Instant, Line};
use tootmill_policy::{Kept, Policy};

use crate::{counters::Counters, error::Error};

/// Is told how a run goes on; every method does nothing unless it is implemented.
pub trait Watch: Sync {
    /// Another pass over the input begins.
    fn pass(&self, _what: &'static str) {}

    /// So many bytes of the input, compressed as they are, were read in this pass, and so many lines worked on.
    fn progress(&self, _bytes: u64, _lines: u64) {}

    /// A line is bad.
    fn bad_line(&self, _input: &str, _offset: u64, _reason: BadLine) {}
}

/// Watches nothing.
#[derive(Debug)]
pub struct Silent;

impl Watch for Silent {}

/// Watches a pass of which it is not known yet whether it is the one that counts: bad lines are told of in the end, if it is.
pub(crate) struct Provisional<'w> {
    watch: &'w dyn Watch,
    bad_lines: Mutex<Vec<(String, u64, BadLine)>>,
}

/// More bad lines than anybody looks at are not kept.
const KEPT: usize = 1000;

impl<'w> Provisional<'w> {
    pub(crate) fn new(watch: &'w dyn Watch) -> Self {
        Self { watch, bad_lines: Mutex::default() }
    }

    /// Tells of the bad lines.
    pub(crate) fn counts(self) {
        let bad_lines = self.bad_lines.into_inner().unwrap_or_else(PoisonError::into_inner);
        bad_lines.iter().for_each(|(input, offset, reason)| self.watch.bad_line(input, *offset, *reason));
    }
}

impl Watch for Provisional<'_> {
    fn progress(&self, bytes: u64, lines: u64) {
        self.watch.progress(bytes, lines);
    }

    fn bad_line(&self, input: &str, offset: u64, reason: BadLine) {
        let mut bad_lines = self.bad_lines.lock().unwrap_or_else(PoisonError::into_inner);
        if bad_lines.len() < KEPT {
            bad_lines.push((input.into(), offset, reason));
        }
    }
}

/// How many lines may be bad before a run fails: more than `count`, and more than the `share` of all lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadLimit {
    /// This many are never too many.
    pub count: u64,
    /// This share, from 0 to 1, is never too much.
    pub share: f64,
}

impl Default for BadLimit {
    fn default() -> Self {
        Self { count: 100, share: 0.01 }
    }
}

impl BadLimit {
    /// An error where too many lines are bad.
    pub fn check(self, counters: &Counters) -> Result<(), Error> {
        let Counters { bad, lines, .. } = *counters;
        #[allow(clippy::cast_precision_loss, reason = "a limit is no matter of the last digit")]
        let too_large = bad as f64 > self.share * lines as f64;
        if bad > self.count && too_large { Err(Error::TooManyBad { bad, lines }) } else { Ok(()) }
    }
}

/// What a thread does with the lines that it reads.
pub(crate) trait Work {
    /// Works on a record that need not be read any further, and says so.
    fn record(&mut self, _record: &[u8]) -> bool {
        false
    }

    /// Is told that a record is several objects, which follow one by one.
    fn several(&mut self) {}

    /// Works on a post or a deletion, and is told when it was observed, where that is known.
    fn line(&mut self, line: Line<'_>, observed: Option<Instant>) -> Result<(), Error>;

    /// Is called after every chunk, to look at the memory, and to say whether all threads go on.
    fn chunk_done(&mut self) -> Result<ControlFlow<()>, Error>;

    /// Is called in the end, for what a thread can do by itself.
    fn finish(&mut self) {}
}

/// Lets as many threads as there are workers read all inputs, and gives what was counted on the way: lines, bad ones, boosts,
/// what is not public, known gaps, and what the policy did.
pub(crate) fn read_inputs<W: Work + Send>(
    inputs: &Inputs,
    policy: Option<&Policy>,
    workers: &mut [W],
    watch: &dyn Watch,
) -> Result<Counters, Error> {
    let bytes = Arc::new(AtomicU64::new(0));
    let shared = Shared {
        reader: Mutex::new(Reader::new(inputs, Arc::clone(&bytes))),
        bytes,
        lines: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        policy,
        watch,
    };
    let mut counters = Counters::default();
    if let [worker] = workers {
        return shared.work(worker);
    }
    thread::scope(|scope| {
        let threads: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(|| shared.work(worker))).collect();
        // The first error is the cause; the other threads stop because of it.
        let outcomes = threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Error::Panicked)));
        outcomes.collect::<Vec<_>>().into_iter().try_for_each(|counted| {
            counters += &counted?;
            Ok(())
        })
    })
    .map(|()| counters)
}

/// As [`read_inputs`], for one thread and a stream of lines.
pub(crate) fn read_stream(reader: Reader<'_>, worker: &mut impl Work, watch: &dyn Watch) -> Result<Counters, Error> {
    let shared = Shared {
        reader: Mutex::new(reader),
        bytes: Arc::default(),
        lines: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        policy: None,
        watch,
    };
    shared.work(worker)
}

/// What a record is of.
#[derive(Clone, Copy)]
struct Origin<'s> {
    /// The input's name.
    input: &'s str,
    /// When the input was observed.
    observed: Option<Instant>,
}

struct Shared<'s> {
    reader: Mutex<Reader<'s>>,
    bytes: Arc<AtomicU64>,
    lines: AtomicU64,
    /// Whether a thread failed, or there is no need to go on.
    stopped: AtomicBool,
    /// What counts of whose posts.
    policy: Option<&'s Policy>,
    watch: &'s dyn Watch,
}

impl<'s> Shared<'s> {
    fn work(&self, worker: &mut impl Work) -> Result<Counters, Error> {
        let outcome = self.work_on_chunks(worker);
        if outcome.is_err() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        outcome
    }

    fn work_on_chunks(&self, worker: &mut impl Work) -> Result<Counters, Error> {
        let mut counters = Counters::default();
        let mut chunk = Chunk::default();
        let mut repaired = String::new();
        while let Some(origin) = self.next_chunk(&mut chunk)? {
            let before = counters.lines;
            for (offset, record) in chunk.records() {
                self.record(origin, offset, record, worker, &mut counters, &mut repaired)?;
            }
            if worker.chunk_done()?.is_break() {
                self.stopped.store(true, Ordering::Relaxed);
            }
            let lines = counters.lines - before;
            let lines = self.lines.fetch_add(lines, Ordering::Relaxed) + lines;
            self.watch.progress(self.bytes.load(Ordering::Relaxed), lines);
        }
        worker.finish();
        Ok(counters)
    }

    /// Fills the chunk, and says what it is of.
    fn next_chunk(&self, chunk: &mut Chunk) -> Result<Option<Origin<'s>>, Error> {
        if self.stopped.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let input = reader.next_chunk(chunk)?.then(|| reader.name(chunk));
        drop(reader);
        Ok(input.map(|input| Origin { input, observed: observed_at(input) }))
    }

    /// Works on what the policy keeps of a line; gives the reason where it is bad.
    fn line(
        &self,
        text: &str,
        origin: Origin<'_>,
        worker: &mut impl Work,
        counters: &mut Counters,
    ) -> Result<Option<BadLine>, Error> {
        let read = Line::parse(text);
        let Some(policy) = self.policy else { return Self::kept(read, origin, worker, counters) };
        match policy.keep_read(text, &read) {
            Kept::Whole(Cow::Borrowed(_)) => Self::kept(read, origin, worker, counters),
            Kept::NoObject => Ok(Some(read.err().unwrap_or(BadLine::NotJson))),
            Kept::Note => Ok(None),
            Kept::LeftOut(_) => {
                counters.lines += 1;
                counters.left_out += 1;
                Ok(None)
            }
            Kept::Whole(Cow::Owned(line)) => Self::kept(Line::parse(&line), origin, worker, counters),
            Kept::Reduced(line) => {
                counters.reduced += 1;
                Self::kept(Line::parse(&line), origin, worker, counters)
            }
        }
    }

    /// Works on a line that counts; gives the reason where it is bad.
    fn kept(
        read: Result<Line<'_>, BadLine>,
        origin: Origin<'_>,
        worker: &mut impl Work,
        counters: &mut Counters,
    ) -> Result<Option<BadLine>, Error> {
        let line = match read {
            Ok(line) => line,
            Err(reason) => return Ok(Some(reason)),
        };
        counters.lines += u64::from(!matches!(line, Line::Policy(_)));
        match line {
            Line::Boost => counters.boosts += 1,
            Line::NotPublic => counters.not_public += 1,
            Line::Gap => counters.known_gaps += 1,
            Line::Policy(counts) => {
                counters.left_out = counters.left_out.saturating_add(counts.left_out);
                counters.reduced = counters.reduced.saturating_add(counts.reduced);
            }
            Line::Post(_) | Line::Deletion(_) => worker.line(line, origin.observed)?,
        }
        Ok(None)
    }

    fn record(
        &self,
        origin: Origin<'_>,
        offset: u64,
        record: &[u8],
        worker: &mut impl Work,
        counters: &mut Counters,
        repaired: &mut String,
    ) -> Result<(), Error> {
        if worker.record(record) {
            counters.lines += 1;
            return Ok(());
        }
        let Some(reason) = self.line(text_of(record, repaired), origin, worker, counters)? else { return Ok(()) };
        if matches!(reason, BadLine::NotJson | BadLine::TooDeep) {
            // Several objects on one line, perhaps, or an array; where none of them is sound, it is one bad line.
            let parts = objects_within(record, repaired);
            if !parts.is_empty() {
                worker.several();
                return parts.into_iter().try_for_each(|part| {
                    let start = offset + part.start as u64;
                    self.record(origin, start, record.get(part).unwrap_or_default(), worker, counters, repaired)
                });
            }
        }
        counters.lines += 1;
        counters.bad += 1;
        self.watch.bad_line(origin.input, offset, reason);
        Ok(())
    }
}
