//! A day's posts into its states and rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, Write},
};

use tootmill_engine::{Counters, Counts, Options, Watch, count, merge_by_day};
use tootmill_input::lines_of;
use tootmill_lake::{Compressed, DAY_FOLDER, Lake, Lease, Place, Staged, Version, open_storage};
use tootmill_metric::{Day, Registered, Registry};

use crate::{
    at_once::several_at_once,
    error::Error,
    files::{create, inputs, told_by_reducers},
    manifests::{PostsManifest, StatesManifest},
    rows::make_rows,
    yarn::{JobReport, Mapping, OnYarn, PROGRAM, counters_of},
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
    lease: &Lease,
    day: Day,
    again: bool,
    registry: &Registry,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Counted, Error> {
    let (posts, done) = needed(lake, day, again, registry)?;
    if let Some((states, counters)) = done {
        return was_done(lake, lease, day, registry, &states, counters);
    }
    let staged = lake.versions(Place::States(day)).stage(lease)?;
    let mut output = create(lake, &staged, "part-00000.records")?;
    let counters = count(&inputs(lake, &posts.files()?), registry, options, &mut output, watch)?;
    output.finish()?;
    finish(lake, lease, day, registry, &posts, staged, counters, None)
}

/// Makes the states and the rows of a day by a job, unless they are there and are not to be made again.
pub fn count_day_on_yarn(
    lake: &Lake,
    lease: &Lease,
    day: Day,
    again: bool,
    registry: &Registry,
    yarn: &OnYarn<'_>,
) -> Result<Counted, Error> {
    let (posts, done) = needed(lake, day, again, registry)?;
    if let Some((states, counters)) = done {
        return was_done(lake, lease, day, registry, &states, counters);
    }
    let staged = lake.versions(Place::States(day)).stage(lease)?;
    let files = posts.files()?;
    if files.is_empty() {
        return finish(lake, lease, day, registry, &posts, staged, Counters::default(), None);
    }
    let work = format!("states-{day}");
    let (outcome, output) =
        yarn.run(lake, lease, &work, &files, Mapping::Posts, |job, reducers| yarn.merge(job, reducers))?;
    let counters = counters_of(&outcome);
    yarn.bad_limit.check(&counters)?;
    staged.adopt(&output)?;
    let counted = finish(lake, lease, day, registry, &posts, staged, counters, Some((&outcome).into()))?;
    lake.storage().remove(&lake.aside(&work))?;
    Ok(counted)
}

/// As [`count_day_on_yarn`] for several days, by one job. The counters of the job are told with the first day that it made.
pub fn count_days_on_yarn(
    lake: &Lake,
    lease: &Lease,
    days: &BTreeSet<Day>,
    again: bool,
    registry: &Registry,
    yarn: &OnYarn<'_>,
) -> Result<BTreeMap<Day, Counted>, Error> {
    let (mut done, mut missing, mut files) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for day in days {
        let (posts, there) = needed(lake, *day, again, registry)?;
        if let Some((states, counters)) = there {
            done.insert(*day, was_done(lake, lease, *day, registry, &states, counters)?);
        } else {
            files.extend(posts.files()?);
            missing.insert(*day, posts);
        }
    }
    if missing.is_empty() {
        return Ok(done);
    }
    let work = "states";
    let (mut counters, mut job, mut output) = (BTreeMap::new(), None, String::new());
    // Days whose posts were all deleted have none that a job could read.
    if !files.is_empty() {
        let outcome;
        (outcome, output) = yarn.run(lake, lease, work, &files, Mapping::PostsByDay, |job, reducers| {
            job.reduce(&format!("{PROGRAM} reducer --by-day"), reducers)
                .set("stream.num.map.output.key.fields", "4")
                .set("stream.num.reduce.output.key.fields", "4")
                .set("mapreduce.partition.keypartitioner.options", "-k1,3")
        })?;
        let counted = counters_of(&outcome);
        yarn.bad_limit.check(&counted)?;
        counters = counted_by_day(lake, &output)?;
        let told: u64 = counters.values().map(|counters| counters.posts).sum();
        if told != counted.posts {
            let reason = format!("of {} posts that were mapped it has {told}", counted.posts);
            return Err(tootmill_lake::Error::Content { path: lake.storage().address(&output), reason }.into());
        }
        job = Some(JobReport::from(&outcome));
    }
    let adopt = |day: Day, posts: &Version, counters: Counters, job: Option<JobReport>| {
        let staged = lake.versions(Place::States(day)).stage(lease)?;
        let folder = format!("{output}/{DAY_FOLDER}{day}");
        if !output.is_empty() && lake.storage().find(&folder)?.is_some() {
            staged.adopt(&folder)?;
        }
        Ok((day, finish(lake, lease, day, registry, posts, staged, counters, job)?))
    };
    let days: Vec<_> = missing.iter().map(|(day, posts)| (*day, posts, counters.remove(day), job.take())).collect();
    done.extend(several_at_once(days, |(day, posts, counters, job)| {
        adopt(day, posts, counters.unwrap_or_default(), job)
    })?);
    lake.storage().remove(&lake.aside(work))?;
    Ok(done)
}

/// What the reducers say that was counted of each day.
fn counted_by_day(lake: &Lake, output: &str) -> Result<BTreeMap<Day, Counters>, Error> {
    let told = told_by_reducers(lake, output)?;
    let mut of_days: BTreeMap<Day, Counters> = BTreeMap::new();
    for line in lines_of(inputs(lake, &told)).lines() {
        let line = line.map_err(tootmill_engine::Error::ReadRecords)?;
        let mut fields = line.split('\t');
        let day = fields.next().and_then(Day::parse);
        let named = fields.next().zip(fields.next().and_then(|count| count.parse::<u64>().ok()));
        let counter = day.zip(named).and_then(|(day, (name, count))| {
            let counters = of_days.entry(day).or_default();
            counters.get_mut(name).map(|counter| (counter, count))
        });
        let Some((counter, count)) = counter else {
            return Err(tootmill_lake::Error::Content { path: lake.storage().address(output), reason: line }.into());
        };
        *counter += count;
    }
    // Every line of compacted posts is one.
    of_days.values_mut().for_each(|counters| counters.lines = counters.posts);
    Ok(of_days)
}

/// The reducer of a job over several days: merges the records of each day into a file of the day's folder in the task's own
/// folder of output, and tells what was counted of each.
pub fn reduce_by_day(
    records: impl BufRead,
    registry: &Registry,
    task_output: &str,
    task: &str,
    told: &mut impl Write,
) -> Result<Counts, Error> {
    let (storage, folder) = open_storage(task_output)?;
    let mut lines = Vec::new();
    let counts = merge_by_day(
        records,
        registry,
        |day| Ok(Compressed::create(&*storage, &format!("{folder}/{DAY_FOLDER}{day}/part-{task}.records"))?),
        |day, output, counters| {
            let counted = counters.named().filter(|(_, count)| *count > 0);
            lines.extend(counted.map(|(name, count)| format!("{day}\t{name}\t{count}")));
            Ok::<_, Error>(output.finish()?)
        },
    )?;
    lines.iter().try_for_each(|line| writeln!(told, "{line}")).map_err(tootmill_engine::Error::Write)?;
    Ok(counts)
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
pub(crate) fn metrics(registry: &Registry) -> BTreeSet<String> {
    registry.metrics().iter().map(Registered::name).map(String::from).collect()
}

/// What is there already; only its rows may be missing.
fn was_done(
    lake: &Lake,
    lease: &Lease,
    day: Day,
    registry: &Registry,
    states: &Version,
    counters: Counters,
) -> Result<Counted, Error> {
    let rows = make_rows(lake, lease, Place::Rows(day), states, registry)?.rows;
    Ok(Counted { was_done: true, counters, rows, job: None })
}

/// Makes the states count, and their rows.
#[allow(clippy::too_many_arguments, reason = "it is the end of two functions")]
fn finish(
    lake: &Lake,
    lease: &Lease,
    day: Day,
    registry: &Registry,
    posts: &Version,
    staged: Staged,
    mut counters: Counters,
    job: Option<JobReport>,
) -> Result<Counted, Error> {
    // The posts themselves do not tell when they were observed.
    counters.ripe = posts.manifest::<PostsManifest>()?.ripe;
    let manifest = StatesManifest { posts: posts.number, metrics: metrics(registry), counters: counters.clone() };
    let states = staged.commit(&manifest, lease)?;
    let rows = make_rows(lake, lease, Place::Rows(day), &states, registry)?.rows;
    Ok(Counted { was_done: false, counters, rows, job })
}
