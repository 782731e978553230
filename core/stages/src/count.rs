//! A day's posts into its states and rows.

use tootmill_engine::{Counters, Options, Watch, count};
use tootmill_lake::{Lake, Lease, Place, Version};
use tootmill_metric::{Day, Registered, Registry};

use crate::{
    error::Error,
    files::{Output, inputs},
    manifests::{RowsManifest, StatesManifest},
    rows::make_rows,
};

/// What came of a day's posts.
#[derive(Debug)]
pub struct Counted {
    /// Whether the states were there already.
    pub was_done: bool,
    /// What was counted.
    pub counters: Counters,
    /// How many rows there are.
    pub rows: u64,
}

/// Makes the states and the rows of a day by mapping its posts in this process, unless they are there.
pub fn count_day(
    lake: &Lake,
    lease: &mut Lease,
    day: Day,
    registry: &Registry,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Counted, Error> {
    let (posts, done) = needed(lake, day, registry)?;
    if let Some((states, counters)) = done {
        return finish(lake, lease, day, registry, &states, counters, true);
    }
    let staged = lake.versions(Place::States(day)).stage()?;
    let mut output = Output::create(&staged, "part-00000.records")?;
    let counters = count(&inputs(lake, &posts.files()?), registry, options, &mut output, watch)?;
    output.finish()?;
    let manifest = StatesManifest { posts: posts.number, metrics: metrics(registry), counters: counters.clone() };
    let states = staged.commit(&manifest, lease)?;
    finish(lake, lease, day, registry, &states, counters, false)
}

/// The version of a day's posts, and the states that were made from it if they are there.
pub(crate) fn needed(
    lake: &Lake,
    day: Day,
    registry: &Registry,
) -> Result<(Version, Option<(Version, Counters)>), Error> {
    let Some(posts) = lake.versions(Place::Posts(day)).current()? else {
        return Err(Error::NoPosts { day, lake: lake.address() });
    };
    if let Some(states) = lake.versions(Place::States(day)).current()? {
        let manifest: StatesManifest = states.manifest()?;
        if manifest.posts == posts.number && manifest.metrics == metrics(registry) {
            return Ok((posts, Some((states, manifest.counters))));
        }
    }
    Ok((posts, None))
}

/// The names of the metrics.
pub(crate) fn metrics(registry: &Registry) -> std::collections::BTreeSet<String> {
    registry.metrics().iter().map(Registered::name).map(String::from).collect()
}

/// Makes the rows of states.
pub(crate) fn finish(
    lake: &Lake,
    lease: &mut Lease,
    day: Day,
    registry: &Registry,
    states: &Version,
    counters: Counters,
    was_done: bool,
) -> Result<Counted, Error> {
    let RowsManifest { rows, .. } = make_rows(lake, lease, Place::Rows(day), states, registry)?;
    Ok(Counted { was_done, counters, rows })
}
