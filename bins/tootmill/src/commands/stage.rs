//! How a stage over a lake does its work, in this process or by a job, and how it tells of it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tootmill_engine::{Options, Watch};
use tootmill_lake::{Lake, Place};
use tootmill_stages::{JobReport, OnYarn};

use super::{
    lake::{LakeArguments, OutcomeArguments},
    run::EngineArguments,
    yarn::YarnArguments,
};
use crate::{
    failure::Failure,
    interrupt::JobRuns,
    progress::{JobProgress, Progress},
};

/// How a stage does its work.
#[derive(Args, Debug)]
pub(crate) struct StageArguments {
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    yarn: YarnArguments,
    #[command(flatten)]
    pub(crate) outcome: OutcomeArguments,
}

impl StageArguments {
    /// Works in this process, with its progress shown.
    pub(crate) fn here<T, E: Into<Failure>>(
        &self,
        work: impl FnOnce(&Options, &dyn Watch) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let progress = Progress::new(0, self.outcome.quiet);
        let done = work(&self.engine.options(), &progress);
        progress.finish();
        done.map_err(E::into)
    }

    /// Works by a job over the lake, which is followed, and ended by Ctrl-C.
    pub(crate) fn by_job<T, E: Into<Failure>>(
        &self,
        lake: &Lake,
        work: impl FnOnce(&OnYarn<'_>) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let (watch, runs) = (JobProgress::new(self.outcome.quiet), JobRuns::new()?);
        let done = work(&self.yarn.on_yarn(lake, &self.engine, &watch, &runs)?);
        watch.finish();
        done.map_err(E::into)
    }
}

/// Where a stage does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum On {
    /// In this process
    Local,
    /// As a job on the cluster
    Yarn,
}

impl On {
    /// As was said, or where the lake is.
    pub(crate) fn or_where(on: Option<Self>, lake: &LakeArguments) -> Self {
        on.unwrap_or(if lake.lake.contains("://") { Self::Yarn } else { Self::Local })
    }
}

/// What was done: a sentence for people, and for programs what all stages tell alike beside what only this one does.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) sentence: String,
    /// Where lies what was made.
    pub(crate) paths: Vec<String>,
    /// What was counted, by name.
    pub(crate) counters: BTreeMap<&'static str, u64>,
    /// How many rows were made, or written; `None` where there are no rows yet.
    pub(crate) rows: Option<u64>,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The job that did it, where one did.
    pub(crate) job: Option<JobReport>,
    /// What only this stage tells, by name.
    pub(crate) own: Value,
}

impl Told {
    /// All of it but for the sentence: one object.
    pub(crate) fn data(&self) -> Value {
        let Self { paths, counters, rows, seconds, job, own, .. } = self;
        let mut data = json!({"paths": paths, "counters": counters, "rows": rows, "seconds": seconds, "job": job});
        if let (Some(data), Some(own)) = (data.as_object_mut(), own.as_object()) {
            data.extend(own.clone());
        }
        data
    }
}

/// Where the versions of places lie that count now.
pub(crate) fn paths(lake: &Lake, places: impl IntoIterator<Item = Place>) -> Result<Vec<String>, Failure> {
    let versions = places.into_iter().map(|place| lake.versions(place).current());
    let versions = versions.collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
    Ok(versions.map(|version| lake.storage().address(&version.folder)).collect())
}
