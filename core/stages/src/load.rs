//! The rows of a lake, for a store of tables to load.

use std::io::{self, BufRead};

use tootmill_engine::Counters;
use tootmill_input::lines_of;
use tootmill_lake::{Entry, Lake, Place, Version};
use tootmill_metric::Day;

use crate::{
    error::Error,
    files::inputs,
    manifests::{RowsManifest, TotalsManifest},
};

/// The rows of a place in a lake, which can be read as often as is wanted.
#[derive(Clone, Debug)]
pub struct LakeRows {
    /// SHA-256 of their lines, in hexadecimal.
    pub digest: String,
    /// Where they are, for messages.
    pub address: String,
    lake: Lake,
    files: Vec<Entry>,
}

impl LakeRows {
    /// Reads them from the first one on.
    pub fn open(&self) -> io::Result<Box<dyn BufRead>> {
        Ok(Box::new(lines_of(inputs(&self.lake, &self.files))))
    }

    fn of(lake: &Lake, version: &Version, manifest: RowsManifest) -> Result<Self, Error> {
        let address = lake.storage().address(&version.folder);
        Ok(Self { digest: manifest.digest, address, lake: lake.clone(), files: version.files()? })
    }
}

/// A day's rows.
#[derive(Clone, Debug)]
pub struct LakeDay {
    /// The day.
    pub day: Day,
    /// The version of its states.
    pub version: u64,
    /// Its rows.
    pub rows: LakeRows,
}

/// The rows of the totals and of their days.
#[derive(Clone, Debug)]
pub struct LoadableRows {
    /// What was counted in all.
    pub counters: Counters,
    /// The totals' rows.
    pub totals: LakeRows,
    /// The totals' rows that counted before and are still there.
    pub earlier_totals: Vec<LakeRows>,
    /// The days' rows, in the order of the days.
    pub days: Vec<LakeDay>,
}

/// Finds the rows that count.
pub fn loadable_rows(lake: &Lake) -> Result<LoadableRows, Error> {
    let current = lake.versions(Place::Totals).current()?;
    let Some(version) = current else { return Err(Error::NoTotals(lake.address())) };
    let manifest: TotalsManifest = version.manifest()?;
    let totals = find(lake, Place::RowsOfTotals, version.number)?;
    let mut earlier_totals = Vec::new();
    for version in lake.versions(Place::RowsOfTotals).others()? {
        // One that is being removed at this moment is of no use, and no harm.
        if let Ok(manifest) = version.manifest() {
            earlier_totals.extend(LakeRows::of(lake, &version, manifest));
        }
    }
    let mut days = Vec::new();
    for (day, version) in &manifest.days {
        let Some(day) = Day::parse(day) else { continue };
        days.push(LakeDay { day, version: *version, rows: find(lake, Place::Rows(day), *version)? });
    }
    Ok(LoadableRows { counters: manifest.counters, totals, earlier_totals, days })
}

/// The rows of a place, which must be those of the version of the states.
fn find(lake: &Lake, place: Place, states: u64) -> Result<LakeRows, Error> {
    if let Some(version) = lake.versions(place).current()? {
        let manifest: RowsManifest = version.manifest()?;
        if manifest.states == states && !manifest.digest.is_empty() {
            return LakeRows::of(lake, &version, manifest);
        }
    }
    Err(Error::StaleRows { place, lake: lake.address() })
}
