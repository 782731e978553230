//! The commands, one file each.

pub(crate) mod compact;
pub(crate) mod demo;
pub(crate) mod mapper;
pub(crate) mod metrics;
pub(crate) mod reducer;
pub(crate) mod run;
pub(crate) mod synth;
pub(crate) mod tables;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Run(run::Run),
    #[command(subcommand)]
    Tables(tables::Tables),
    #[command(subcommand)]
    Metrics(metrics::Metrics),
    Synth(synth::Synth),
    Compact(compact::Compact),
    Mapper(mapper::Mapper),
    Reducer(reducer::Reducer),
}

impl Command {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Demo(demo) => demo.run(),
            Self::Run(run) => run.run(),
            Self::Tables(tables) => tables.run(),
            Self::Metrics(metrics) => metrics.run(),
            Self::Synth(synth) => synth.run(),
            Self::Compact(compact) => compact.run(),
            Self::Mapper(mapper) => mapper.run(),
            Self::Reducer(reducer) => reducer.run(),
        }
    }
}
