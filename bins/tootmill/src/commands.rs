//! The commands, one file each.

pub(crate) mod access;
pub(crate) mod auth;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod compact;
pub(crate) mod daily;
pub(crate) mod demo;
pub(crate) mod destination;
pub(crate) mod forget;
pub(crate) mod gdpr;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod lake;
pub(crate) mod load;
pub(crate) mod mapper;
pub(crate) mod merge;
pub(crate) mod metrics;
pub(crate) mod policy;
pub(crate) mod purge;
pub(crate) mod reducer;
pub(crate) mod report;
pub(crate) mod retain;
pub(crate) mod run;
pub(crate) mod stage;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod synth;
pub(crate) mod tables;
pub(crate) mod yarn;

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
    #[command(subcommand)]
    Auth(auth::Auth),
    Collect(collect::Collect),
    Check(check::Check),
    Import(import::Import),
    Compact(compact::Compact),
    Submit(submit::Submit),
    Merge(merge::Merge),
    Load(load::Load),
    Daily(daily::Daily),
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    Forget(forget::Forget),
    Retain(retain::Retain),
    Report(report::Report),
    Status(status::Status),
    Access(access::Access),
    #[command(subcommand)]
    Gdpr(gdpr::Gdpr),
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
            Self::Auth(auth) => auth.run(),
            Self::Collect(collect) => collect.run(),
            Self::Check(check) => check.run(),
            Self::Import(import) => import.run(),
            Self::Compact(compact) => compact.run(),
            Self::Submit(submit) => submit.run(),
            Self::Merge(merge) => merge.run(),
            Self::Load(load) => load.run(),
            Self::Daily(daily) => daily.run(),
            Self::Jobs(jobs) => jobs.run(),
            Self::Forget(forget) => forget.run(),
            Self::Retain(retain) => retain.run(),
            Self::Report(report) => report.run(),
            Self::Status(status) => status.run(),
            Self::Access(access) => access.run(),
            Self::Gdpr(gdpr) => gdpr.run(),
            Self::Mapper(mapper) => mapper.run(),
            Self::Reducer(reducer) => reducer.run(),
        }
    }
}
