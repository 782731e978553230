//! The rows of a lake as files of this machine, for a store of tables to load.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tootmill_engine::{Counters, Error as EngineError};
use tootmill_lake::{Error as LakeError, Lake, Place};
use tootmill_metric::Day;

use crate::{
    error::Error,
    files::{inputs, lines_of},
    manifests::{RowsManifest, TotalsManifest},
};

/// The rows of the totals and of their days. The files are removed with the value.
#[derive(Debug)]
pub struct LoadableRows {
    /// The days that are in the totals.
    pub days: Vec<Day>,
    /// What was counted in all.
    pub counters: Counters,
    /// The file of the totals' rows.
    pub totals: PathBuf,
    /// The files of the days' rows, in the order of the days.
    pub of_days: Vec<(Day, PathBuf)>,
    /// Where the files are.
    pub folder: TempDir,
}

/// Brings the rows that count here.
pub fn loadable_rows(lake: &Lake) -> Result<LoadableRows, Error> {
    let folder = tempfile::Builder::new().prefix("tootmill-").tempdir().map_err(EngineError::Temporary)?;
    let totals = folder.path().join("totals.rows");
    let current = lake.versions(Place::Totals).current()?;
    let Some(version) = current else { return Err(Error::NoTotals(lake.address())) };
    let manifest: TotalsManifest = version.manifest()?;
    bring(lake, Place::RowsOfTotals, version.number, &totals)?;
    let (mut days, mut of_days) = (Vec::new(), Vec::new());
    for (day, number) in &manifest.days {
        let Some(day) = Day::parse(day) else { continue };
        let path = folder.path().join(format!("date={day}.rows"));
        bring(lake, Place::Rows(day), *number, &path)?;
        days.push(day);
        of_days.push((day, path));
    }
    Ok(LoadableRows { days, counters: manifest.counters, totals, of_days, folder })
}

/// Copies the rows of a place, which must be those of the version of the states.
fn bring(lake: &Lake, place: Place, states: u64, to: &Path) -> Result<(), Error> {
    let rows = lake.versions(place).current()?;
    let is_right = |manifest: &RowsManifest| manifest.states == states;
    let Some(version) = rows.filter(|version| version.manifest().as_ref().is_ok_and(is_right)) else {
        return Err(Error::StaleRows { place, lake: lake.address() });
    };
    let copy = || {
        let mut output = BufWriter::with_capacity(1 << 17, File::create(to)?);
        let files = version.files().map_err(LakeError::into_io)?;
        io::copy(&mut lines_of(inputs(lake, &files)), &mut output)?;
        output.flush()
    };
    copy().map_err(|error| EngineError::ReadRecords(error).into())
}
