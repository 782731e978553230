//! Rows from records: what the loader takes.

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
        if manifest.states == states.number {
            return Ok(manifest);
        }
    }
    let family = if place == Place::RowsOfTotals { Family::Data } else { Family::Day };
    let staged = versions.stage(lease)?;
    let mut merged = Merged::new(records(lake, states)?, registry)?;
    let mut writer = RowsWriter::new(create(lake, &staged, "part-00000.rows")?, family);
    let mut rows = 0;
    reduce(&mut merged, registry, |table, key, row| {
        rows += 1;
        writer.write(table, key, row)
    })?;
    writer.finish().map_err(EngineError::Write)?.finish()?;
    let manifest = RowsManifest { states: states.number, rows };
    staged.commit(&manifest, lease)?;
    Ok(manifest)
}
