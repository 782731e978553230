//! Jobs on YARN: what ships our program, and what is common to all of them.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tootmill_engine::{BadLimit, Counters};
use tootmill_lake::{Lake, Lease, Split};
use tootmill_yarn::{Cancel, Cluster, Input, Job, Outcome, Watch};

use crate::error::Error;

/// How jobs are run on a cluster.
pub struct OnYarn<'y> {
    /// The cluster.
    pub cluster: Cluster,
    /// The program that is shipped, whose commands `mapper` and `reducer` the job runs. It has the metrics.
    pub program: PathBuf,
    /// How posts get into the mappers.
    pub way: Way,
    /// How many reducers there are, if not as many as suit the input's size.
    pub reducers: Option<u32>,
    /// Whether a reducer combines each mapper's output before it travels. The mappers combine what is in their memory anyway.
    pub combiner: bool,
    /// How many bytes of posts, as lines, a mapper gets.
    pub bytes_a_mapper: u64,
    /// How many bytes of memory a mapper combines in.
    pub memory: u64,
    /// How many lines may be bad.
    pub bad_limit: BadLimit,
    /// Hadoop's properties for the job.
    pub settings: Vec<(String, String)>,
    /// Is told how a job goes on.
    pub watch: &'y dyn Watch,
    /// Ends a job.
    pub cancel: Cancel,
}

/// How posts get into the mappers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A mapper is told which parts of files to read, and reads them from HDFS by itself.
    Direct,
    /// Hadoop reads the files, and writes them to the mapper's standard input.
    Stock,
}

/// What mappers do with lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// Posts become records.
    Posts,
    /// Posts become records with their day in front.
    PostsByDay,
    /// Observations of posts become records of them.
    Observations,
    /// Records stay what they are.
    Records,
}

impl Mapping {
    fn option(self) -> &'static str {
        match self {
            Self::Posts => "",
            Self::PostsByDay => " --write records-by-day",
            Self::Observations => " --write observations",
            Self::Records => " --write lines",
        }
    }
}

/// How many bytes of lines a compressed byte stands for, about: for sharing out work only.
const COMPRESSION: u64 = 6;
/// For so many bytes of lines there is a reducer.
const BYTES_A_REDUCER: u64 = 4 << 30;
const MOST_REDUCERS: u64 = 256;

/// Posts of so many bytes, as lines, are a small job, which needs no containers of its own. Hadoop draws the line here too (a
/// block), but where mappers read by themselves it sees only the list of what they read, and takes every job for small.
const SMALL: u64 = 128 << 20;

/// The name under which tasks see our program.
pub(crate) const PROGRAM: &str = "tootmill";

impl OnYarn<'_> {
    /// A job over the files, in a folder aside in the lake; gives its folder of output.
    ///
    /// The work is what distinguishes this job in the lake: a later try of it ends an earlier one.
    pub(crate) fn run(
        &self,
        lake: &Lake,
        lease: &Lease,
        work: &str,
        files: &[tootmill_lake::Entry],
        mapping: Mapping,
        make: impl FnOnce(Job, u32) -> Job,
    ) -> Result<(Outcome, String), Error> {
        let storage = lake.storage();
        storage.remove(&lake.aside(work))?;
        // A try of its own: the tasks of an earlier one may still be writing, until it is killed.
        let aside = format!("{}/{}", lake.aside(work), lease.id());
        let address = |path: &str| storage.address(path);
        let output = format!("{aside}/output");
        let name = format!("tootmill {work} of {}", lake.root().rsplit('/').next().unwrap_or_default());
        let mapper = format!("{PROGRAM} mapper --memory {}B{}", self.memory, mapping.option());
        let mut job = match self.way {
            Way::Direct => {
                let splits = Split::plan(&**storage, files, self.bytes_a_mapper);
                let list = format!("{aside}/splits.txt");
                let lines: Vec<String> = splits.iter().map(|split| format!("{split}\n")).collect();
                storage.write_text(&list, &lines.concat())?;
                let mapper = format!("{mapper} --splits");
                let lines = (self.bytes_a_mapper / (lines_in(files) / splits.len().max(1) as u64).max(1)).max(1);
                let lines = u32::try_from(lines).unwrap_or(u32::MAX);
                Job::new(&name, &purpose(lake, work), &mapper, &address(&output))
                    .read(&address(&list))
                    .cut(Input::Lines(lines))
            }
            Way::Stock => {
                let job = Job::new(&name, &purpose(lake, work), &mapper, &address(&output));
                files.iter().fold(job, |job, file| job.read(&address(&file.path)))
            }
        };
        job = job.among(&tag(lake)).ship_from(&self.ship(lake)?, PROGRAM);
        if let Some(user) = self.cluster.user_of_tasks() {
            job = job.environment("HADOOP_USER_NAME", user);
        }
        job = make(job, self.reducers_for(files));
        if lines_in(files) <= SMALL {
            job = job.small();
        }
        for (property, value) in &self.settings {
            job = job.set(property, value);
        }
        Ok((self.cluster.run(&job, self.watch, &self.cancel)?, output))
    }

    /// Lets records be merged.
    pub(crate) fn merge(&self, job: Job, reducers: u32) -> Job {
        let job = job.reduce(&format!("{PROGRAM} reducer"), reducers);
        if self.combiner { job.combine(&format!("{PROGRAM} reducer --combine")) } else { job }
    }

    fn reducers_for(&self, files: &[tootmill_lake::Entry]) -> u32 {
        let suited = lines_in(files).div_ceil(BYTES_A_REDUCER).clamp(1, MOST_REDUCERS);
        self.reducers.unwrap_or_else(|| u32::try_from(suited).unwrap_or(1))
    }

    /// Puts our program into the lake, unless it is there; gives its address.
    fn ship(&self, lake: &Lake) -> Result<String, Error> {
        let failed = |source: io::Error| Error::Program { path: self.program.clone(), source };
        let digest = digest(&self.program).map_err(failed)?;
        let storage = lake.storage();
        let path = format!("{}/_programs/{digest}/{PROGRAM}", lake.root());
        if storage.find(&path)?.is_none() {
            let aside = format!("{}/{digest}", lake.aside("program"));
            storage.remove(&aside)?;
            let mut copy = storage.create(&aside)?;
            let mut program = File::open(&self.program).map_err(failed)?;
            let copied = io::copy(&mut program, &mut copy).and_then(|_| copy.flush());
            copied.map_err(|source| storage.cannot_write(&aside, source))?;
            copy.finish()?;
            // No job of the lake runs while its lease is held by us, so nobody needs the programs of before.
            storage.remove(&format!("{}/_programs", lake.root()))?;
            storage.rename(&aside, &path)?;
        }
        Ok(storage.address(&path))
    }
}

/// The command that makes posts of observations.
pub(crate) fn posts_reducer(lake: &Lake) -> String {
    let (root, instance) = lake.root().rsplit_once('/').unwrap_or_default();
    format!("{PROGRAM} reducer --posts-of '{}' --instance '{instance}'", lake.storage().address(root))
}

/// How many bytes of lines are in files.
fn lines_in(files: &[tootmill_lake::Entry]) -> u64 {
    files.iter().map(|file| if file.is_compressed() { file.bytes * COMPRESSION } else { file.bytes }).sum()
}

/// What all tries of a piece of work have in common, and nothing else on the cluster.
fn purpose(lake: &Lake, work: &str) -> String {
    format!("{}-{work}", tag(lake))
}

/// The tag that all jobs over a lake have, and no others on the cluster.
pub fn tag(lake: &Lake) -> String {
    let mut hash = Sha256::new();
    hash.update(lake.address());
    let mut hash = hex::encode(hash.finalize());
    hash.truncate(12);
    format!("tootmill-{hash}")
}

fn digest(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            length => hash.update(buffer.get(..length).unwrap_or_default()),
        }
    }
    Ok(hex::encode(hash.finalize()))
}

/// What our programs counted in a job.
pub(crate) fn counters_of(outcome: &Outcome) -> Counters {
    let mut counters = Counters::default();
    for (name, count) in &outcome.counted {
        if let Some(counter) = counters.get_mut(name) {
            *counter = *count;
        }
    }
    counters
}

/// What a job did, for people and for schedulers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct JobReport {
    /// The application's id.
    pub application: String,
    /// The address of the application's page, for people.
    pub tracking_url: String,
    /// Records that the reducers read.
    pub records: u64,
    /// Records after equal ones were merged: the distinct keys and members.
    pub distinct: u64,
    /// How many map tasks there were.
    pub maps: u32,
    /// How many reduce tasks there were.
    pub reduces: u32,
    /// How many seconds it took.
    pub seconds: f64,
}

impl From<&Outcome> for JobReport {
    fn from(outcome: &Outcome) -> Self {
        let counted = |name| outcome.counted.get(name).copied().unwrap_or_default();
        Self {
            application: outcome.application.id.clone(),
            tracking_url: outcome.application.page.clone(),
            records: counted("records"),
            distinct: counted("merged_records"),
            maps: outcome.maps,
            reduces: outcome.reduces,
            seconds: outcome.elapsed.as_secs_f64(),
        }
    }
}
