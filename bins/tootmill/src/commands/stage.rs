//! How a stage over a lake does its work, in this process or by a job, and how it tells of it.

use clap::{Args, ValueEnum};
use tootmill_engine::{Options, Watch};
use tootmill_lake::Lake;
use tootmill_stages::OnYarn;

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

/// What was done, as a sentence and as data.
pub(crate) type Told = (String, serde_json::Value);
