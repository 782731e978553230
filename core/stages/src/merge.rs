//! The days' states into the totals.

use std::{
    collections::BTreeMap,
    io::{BufReader, Seek, Write},
};

use tootmill_engine::{Counters, Error as EngineError, Lines, Merged, Records, write_records};
use tootmill_lake::{Lake, Lease, Place, Staged, Version};
use tootmill_metric::{Day, Registry};

use crate::{
    count::metrics,
    error::Error,
    files::{create, records},
    manifests::{CompactionManifest, StatesManifest, TotalsManifest},
    rows::make_rows,
    yarn::{JobReport, Mapping, OnYarn},
};

/// What came of merging.
#[derive(Debug)]
pub struct MergedDays {
    /// Whether the totals had all days already.
    pub was_done: bool,
    /// The days that were merged into the totals.
    pub new: Vec<Day>,
    /// Whether the totals were made from all days' states, because one of them changed.
    pub from_all: bool,
    /// The days that are in the totals.
    pub days: Vec<Day>,
    /// What was counted in all.
    pub counters: Counters,
    /// How many rows there are.
    pub rows: u64,
    /// The job that did it, where one did.
    pub job: Option<JobReport>,
}

/// What there is to do.
enum Planned {
    /// States are to be merged.
    Merge(Plan),
    /// The totals have them all.
    Nothing(Version, TotalsManifest),
}

/// What is to be merged.
struct Plan {
    /// The totals, where the days are new and can be merged into them.
    totals: Option<Version>,
    /// The days whose states are to be merged.
    days: Vec<(Day, Version)>,
    /// What the totals will be made from.
    manifest: TotalsManifest,
}

/// Brings the totals and their rows up to date: a new day is merged into them, a day that changed means a merge of all.
pub fn merge(lake: &Lake, lease: &Lease, registry: &Registry) -> Result<MergedDays, Error> {
    let plan = match plan(lake, registry)? {
        Planned::Merge(plan) => plan,
        Planned::Nothing(totals, manifest) => return finish(lake, lease, registry, &totals, manifest, None, None),
    };
    let staged = lake.versions(Place::Totals).stage(lease)?;
    let mut output = create(lake, &staged, "part-00000.records")?;
    write_records(&mut merged(lake, &plan.versions(), registry)?, &mut output)?;
    output.finish()?;
    plan.commit(lake, lease, registry, staged, None)
}

/// As [`merge`], by a job.
pub fn merge_on_yarn(lake: &Lake, lease: &Lease, registry: &Registry, yarn: &OnYarn<'_>) -> Result<MergedDays, Error> {
    let plan = match plan(lake, registry)? {
        Planned::Merge(plan) => plan,
        Planned::Nothing(totals, manifest) => return finish(lake, lease, registry, &totals, manifest, None, None),
    };
    let staged = lake.versions(Place::Totals).stage(lease)?;
    let mut files = Vec::new();
    for version in plan.versions() {
        files.extend(version.files()?);
    }
    if files.is_empty() {
        return plan.commit(lake, lease, registry, staged, None);
    }
    let work = "totals";
    let (outcome, output) =
        yarn.run(lake, lease, work, &files, Mapping::Records, |job, reducers| yarn.merge(job, reducers))?;
    staged.adopt(&output)?;
    let merged = plan.commit(lake, lease, registry, staged, Some((&outcome).into()))?;
    lake.storage().remove(&lake.aside(work))?;
    Ok(merged)
}

impl Plan {
    fn versions(&self) -> Vec<&Version> {
        self.totals.iter().chain(self.days.iter().map(|(_, version)| version)).collect()
    }

    fn commit(
        self,
        lake: &Lake,
        lease: &Lease,
        registry: &Registry,
        staged: Staged,
        job: Option<JobReport>,
    ) -> Result<MergedDays, Error> {
        let totals = staged.commit(&self.manifest, lease)?;
        let days = self.days.iter().map(|(day, _)| *day).collect();
        finish(lake, lease, registry, &totals, self.manifest, Some((days, self.totals.is_none())), job)
    }
}

/// What is to be merged, or the totals where that was done before.
fn plan(lake: &Lake, registry: &Registry) -> Result<Planned, Error> {
    let mut manifest = TotalsManifest { metrics: metrics(registry), ..TotalsManifest::default() };
    if let Some(compaction) = lake.versions(Place::Compaction).current()? {
        manifest.counters = compaction.manifest::<CompactionManifest>()?.counters;
    }
    let mut days = Vec::new();
    for (day, version) in lake.states()? {
        let StatesManifest { metrics, counters, .. } = version.manifest()?;
        if metrics != manifest.metrics && !lake.is_closed(day)? {
            return Err(Error::OtherMetrics { day, lake: lake.address() });
        }
        let Counters { posts, ripe, bots, unusable_keys, .. } = counters;
        manifest.counters += &Counters { posts, ripe, bots, unusable_keys, ..Counters::default() };
        manifest.days.insert(day.to_string(), version.number);
        days.push((day, version));
    }
    let Some(totals) = lake.versions(Place::Totals).current()? else {
        return Ok(Planned::Merge(Plan { totals: None, days, manifest }));
    };
    let before: TotalsManifest = totals.manifest()?;
    if before == manifest {
        return Ok(Planned::Nothing(totals, manifest));
    }
    let is_in = |days: &BTreeMap<String, u64>, (day, number): (&String, &u64)| days.get(day) == Some(number);
    if before.metrics == manifest.metrics && before.days.iter().all(|day| is_in(&manifest.days, day)) {
        days.retain(|(day, _)| !before.days.contains_key(&day.to_string()));
        return Ok(Planned::Merge(Plan { totals: Some(totals), days, manifest }));
    }
    Ok(Planned::Merge(Plan { totals: None, days, manifest }))
}

/// More files than that are not read at once.
const FILES: usize = 48;

/// The merged records of several versions.
fn merged<'r>(lake: &Lake, versions: &[&Version], registry: &'r Registry) -> Result<Merged<'r>, Error> {
    let mut sources: Vec<Box<dyn Records>> = Vec::new();
    for version in versions {
        sources.extend(records(lake, version)?);
        if sources.len() >= FILES {
            let mut file = tempfile::tempfile().map_err(EngineError::Temporary)?;
            let mut output = std::io::BufWriter::with_capacity(1 << 17, &mut file);
            let written = write_records(&mut Merged::new(std::mem::take(&mut sources), registry)?, &mut output);
            written.map_err(EngineError::temporary)?;
            output.flush().map_err(EngineError::Temporary)?;
            drop(output);
            file.rewind().map_err(EngineError::Temporary)?;
            sources.push(Box::new(Lines::new(BufReader::with_capacity(1 << 17, file))));
        }
    }
    Ok(Merged::new(sources, registry)?)
}

/// Makes the rows of the totals, and says what was done.
fn finish(
    lake: &Lake,
    lease: &Lease,
    registry: &Registry,
    totals: &Version,
    manifest: TotalsManifest,
    new: Option<(Vec<Day>, bool)>,
    job: Option<JobReport>,
) -> Result<MergedDays, Error> {
    let rows = make_rows(lake, lease, Place::RowsOfTotals, totals, registry)?.rows;
    let days = manifest.days.keys().filter_map(|day| Day::parse(day)).collect();
    let was_done = new.is_none();
    let (new, from_all) = new.unwrap_or_default();
    Ok(MergedDays { was_done, new, from_all, days, counters: manifest.counters, rows, job })
}
