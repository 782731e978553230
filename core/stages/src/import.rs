//! Files of posts into the lake, as if they had been observed: what a policy keeps of them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tootmill_engine::Watch;
use tootmill_input::{Chunk, Inputs, Reader, objects_within, raw_name};
use tootmill_lake::{Lake, Lease, PartsWriter};
use tootmill_metric::Instant;
use tootmill_policy::{Kept, Policy, Tally};

use crate::error::Error;

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many objects were added.
    pub lines: u64,
    /// What the policy did.
    pub tally: Tally,
}

/// Adds what a policy keeps of the objects of the inputs to the raw files of the day on which they were observed, one a line,
/// with a note of what it did. They are there all at once, or not at all.
pub fn import(
    lake: &Lake,
    lease: &Lease,
    inputs: &Inputs,
    observed: Instant,
    policy: &Policy,
    watch: &dyn Watch,
) -> Result<Imported, Error> {
    watch.pass("importing");
    let storage = lake.storage();
    storage.read_as(&lake.forgotten(), |text| policy.forgotten().read(text))?;
    storage.remove(&lake.aside("import"))?;
    let aside = lake.aside(&format!("import/{}", lease.id()));
    let parts = PartsWriter::new(&**storage, aside.clone(), "jsonl");
    let mut import = Import { policy, parts, done: Imported::default(), repaired: String::new() };
    let read = Arc::new(AtomicU64::new(0));
    let mut reader = Reader::new(inputs, Arc::clone(&read));
    let mut chunk = Chunk::default();
    while reader.next_chunk(&mut chunk).map_err(tootmill_engine::Error::from)? {
        for (_, record) in chunk.records() {
            import.add(record)?;
        }
        watch.progress(read.load(Ordering::Relaxed), import.done.lines);
    }
    let done = import.finish(observed)?;
    if done == Imported::default() {
        return Ok(done);
    }
    // The name of a file is what a compaction knows it by, so it must not come again. All parts come in one folder, because
    // only one move is whole.
    let folder = lake.raw(observed.day());
    let name = format!("{}-import-{}", raw_name(observed), lease.id());
    lease.check()?;
    storage.rename(&aside, &format!("{folder}/{name}"))?;
    storage.remove(&lake.aside("import"))?;
    Ok(done)
}

/// An import on its way.
struct Import<'i> {
    policy: &'i Policy,
    parts: PartsWriter<'i>,
    done: Imported,
    repaired: String,
}

impl Import<'_> {
    /// Adds what is kept of a record.
    fn add(&mut self, record: &[u8]) -> Result<(), Error> {
        if self.policy.keeps_all() {
            self.done.lines += 1;
            return Ok(self.parts.write_line(record)?);
        }
        let text = String::from_utf8_lossy(record);
        let kept = self.policy.keep(&text);
        if kept == Kept::NoObject {
            let within = objects_within(record, &mut self.repaired);
            if !within.is_empty() {
                return within.into_iter().try_for_each(|part| self.add(record.get(part).unwrap_or_default()));
            }
        }
        self.done.tally.count(&kept);
        if let Some(line) = kept.line() {
            self.done.lines += 1;
            self.parts.write_line(line.as_bytes())?;
        }
        Ok(())
    }

    fn finish(mut self, observed: Instant) -> Result<Imported, Error> {
        if !self.policy.keeps_all() && self.done != Imported::default() {
            let note = self.done.tally.note(self.policy.level(), &observed.to_string(), None);
            self.parts.write_line(note.as_bytes())?;
        }
        self.parts.finish()?;
        Ok(self.done)
    }
}
