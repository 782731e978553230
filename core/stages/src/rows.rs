//! Rows from records: what the loader takes.

use std::io::{self, Write};

use sha2::{Digest, Sha256};
use tootmill_engine::{Error as EngineError, Family, Merged, RowsWriter, reduce};
use tootmill_lake::{Lake, Lease, Place, Version};
use tootmill_metric::Registry;

use crate::{
    error::Error,
    files::{create, records},
    manifests::RowsManifest,
};

/// Makes the rows of states or totals, unless they are there.
pub(crate) fn make_rows(
    lake: &Lake,
    lease: &Lease,
    place: Place,
    states: &Version,
    registry: &Registry,
) -> Result<RowsManifest, Error> {
    let versions = lake.versions(place);
    if let Some(current) = versions.current()? {
        let manifest: RowsManifest = current.manifest()?;
        if manifest.states == states.number && !manifest.digest.is_empty() {
            return Ok(manifest);
        }
    }
    let family = if place == Place::RowsOfTotals { Family::Data } else { Family::Day };
    let staged = versions.stage(lease)?;
    let mut merged = Merged::new(records(lake, states)?, registry)?;
    let mut writer =
        RowsWriter::new(Digesting { output: create(lake, &staged, "part-00000.rows")?, digest: Sha256::new() }, family);
    let mut rows = 0;
    reduce(&mut merged, registry, |table, key, row| {
        rows += 1;
        writer.write(table, key, row)
    })?;
    let Digesting { output, digest } = writer.finish().map_err(EngineError::Write)?;
    output.finish()?;
    let manifest = RowsManifest { states: states.number, rows, digest: hex::encode(digest.finalize()) };
    staged.commit(&manifest, lease)?;
    Ok(manifest)
}

/// Passes on what is written, and computes its digest.
struct Digesting<W> {
    output: W,
    digest: Sha256,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
