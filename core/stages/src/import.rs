//! Files of posts into the lake, as if they had been observed.

use std::sync::{Arc, atomic::AtomicU64};

use tootmill_engine::Watch;
use tootmill_input::{Chunk, Inputs, Reader};
use tootmill_lake::{Lake, Lease, PartsWriter};
use tootmill_metric::Instant;

use crate::error::Error;

/// Adds all objects of the inputs to the raw files of the day on which they were observed, one a line, otherwise unchanged;
/// gives how many there are. They are there all at once, or not at all.
pub fn import(lake: &Lake, lease: &Lease, inputs: &Inputs, observed: Instant, watch: &dyn Watch) -> Result<u64, Error> {
    watch.pass("importing");
    let storage = lake.storage();
    let aside = lake.aside("import");
    storage.remove(&aside)?;
    let mut parts = PartsWriter::new(&**storage, aside.clone(), "jsonl");
    let read = Arc::new(AtomicU64::new(0));
    let mut reader = Reader::new(inputs, Arc::clone(&read));
    let (mut chunk, mut lines) = (Chunk::default(), 0);
    while reader.next_chunk(&mut chunk).map_err(tootmill_engine::Error::from)? {
        for (_, record) in chunk.records() {
            lines += 1;
            parts.write_line(record)?;
        }
        watch.progress(read.load(std::sync::atomic::Ordering::Relaxed), lines);
    }
    parts.finish()?;
    // The name of a file is what a compaction knows it by, so it must not come again.
    let (day, time) = (observed.day(), observed.to_string().replace([':', '-'], ""));
    let folder = lake.raw(day);
    let taken = storage.list(&folder)?.len();
    lease.check()?;
    for (number, part) in storage.files_below(&aside)?.iter().enumerate() {
        let name = format!("{time}-import-{:05}.jsonl.zst", taken + number);
        storage.rename(&part.path, &format!("{folder}/{name}"))?;
    }
    Ok(lines)
}
