//! Files of posts into the lake, as if they had been observed.

use std::sync::{Arc, atomic::AtomicU64};

use tootmill_engine::Watch;
use tootmill_input::{Chunk, Inputs, Reader, raw_name};
use tootmill_lake::{Lake, Lease, PartsWriter};
use tootmill_metric::Instant;

use crate::error::Error;

/// Adds all objects of the inputs to the raw files of the day on which they were observed, one a line, otherwise unchanged;
/// gives how many there are. They are there all at once, or not at all.
pub fn import(lake: &Lake, lease: &Lease, inputs: &Inputs, observed: Instant, watch: &dyn Watch) -> Result<u64, Error> {
    watch.pass("importing");
    let storage = lake.storage();
    storage.remove(&lake.aside("import"))?;
    let aside = lake.aside(&format!("import/{}", lease.id()));
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
    if lines == 0 {
        return Ok(0);
    }
    // The name of a file is what a compaction knows it by, so it must not come again. All parts come in one folder, because
    // only one move is whole.
    let folder = lake.raw(observed.day());
    let name = format!("{}-import-{}", raw_name(observed), lease.id());
    lease.check()?;
    storage.rename(&aside, &format!("{folder}/{name}"))?;
    storage.remove(&lake.aside("import"))?;
    Ok(lines)
}
