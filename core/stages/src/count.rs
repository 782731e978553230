//! A day's posts into its states and rows.

use tootmill_engine::{Counters, Options, Watch, count};
use tootmill_lake::{Lake, Lease, Place, Staged, Version};
use tootmill_metric::{Day, Registered, Registry};

use crate::{
    error::Error,
    files::{Output, inputs},
    manifests::StatesManifest,
    rows::make_rows,
    yarn::{JobReport, Mapping, OnYarn, counters_of},
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
    /// The job that did it, where one did.
    pub job: Option<JobReport>,
}

/// Makes the states and the rows of a day by mapping its posts in this process, unless they are there and are not to be made again.
pub fn count_day(
    lake: &Lake,
    lease: &mut Lease,
    day: Day,
    again: bool,
    registry: &Registry,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Counted, Error> {
    let (posts, done) = needed(lake, day, again, registry)?;
    if let Some((states, counters)) = done {
        let rows = make_rows(lake, lease, Place::Rows(day), &states, registry)?.rows;
        return Ok(Counted { was_done: true, counters, rows, job: None });
    }
    let staged = lake.versions(Place::States(day)).stage()?;
    let mut output = Output::create(&staged, "part-00000.records")?;
    let counters = count(&inputs(lake, &posts.files()?), registry, options, &mut output, watch)?;
    output.finish()?;
    finish(lake, lease, day, registry, &posts, staged, counters, None)
}

/// Makes the states and the rows of a day by a job, unless they are there and are not to be made again.
pub fn count_day_on_yarn(
    lake: &Lake,
    lease: &mut Lease,
    day: Day,
    again: bool,
    registry: &Registry,
    yarn: &OnYarn<'_>,
) -> Result<Counted, Error> {
    let (posts, done) = needed(lake, day, again, registry)?;
    if let Some((states, counters)) = done {
        let rows = make_rows(lake, lease, Place::Rows(day), &states, registry)?.rows;
        return Ok(Counted { was_done: true, counters, rows, job: None });
    }
    let staged = lake.versions(Place::States(day)).stage()?;
    let work = format!("states-{day}");
    let (outcome, output) = yarn.run(lake, &work, &posts.files()?, Mapping::Posts, |job, reducers| yarn.merge(job, reducers))?;
    let counters = counters_of(&outcome);
    yarn.bad_limit.check(&counters)?;
    staged.adopt(&output)?;
    let counted = finish(lake, lease, day, registry, &posts, staged, counters, Some((&outcome).into()))?;
    lake.storage().remove(&lake.aside(&work))?;
    Ok(counted)
}

/// Whether a day's states are there, made from the posts that count.
pub fn is_counted(lake: &Lake, day: Day, registry: &Registry) -> Result<bool, Error> {
    Ok(needed(lake, day, false, registry)?.1.is_some())
}

/// The version of a day's posts, and the states that were made from it if they are there.
fn needed(
    lake: &Lake,
    day: Day,
    again: bool,
    registry: &Registry,
) -> Result<(Version, Option<(Version, Counters)>), Error> {
    let Some(posts) = lake.versions(Place::Posts(day)).current()? else {
        return Err(Error::NoPosts { day, lake: lake.address() });
    };
    if let Some(states) = lake.versions(Place::States(day)).current()?.filter(|_| !again) {
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

/// Makes the states count, and their rows.
#[allow(clippy::too_many_arguments, reason = "it is the end of two functions")]
fn finish(
    lake: &Lake,
    lease: &mut Lease,
    day: Day,
    registry: &Registry,
    posts: &Version,
    staged: Staged,
    counters: Counters,
    job: Option<JobReport>,
) -> Result<Counted, Error> {
    let manifest = StatesManifest { posts: posts.number, metrics: metrics(registry), counters: counters.clone() };
    let states = staged.commit(&manifest, lease)?;
    let rows = make_rows(lake, lease, Place::Rows(day), &states, registry)?.rows;
    Ok(Counted { was_done: false, counters, rows, job })
}
