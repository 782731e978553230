//! The command line, which a program with metrics of its own can call as well.
//!
//! ```no_run
//! // use own_metric as _; use tootmill_plugins as _;
//! fn main() -> std::process::ExitCode {
//!     tootmill::main()
//! }
//! ```

mod commands;
mod failure;
mod interrupt;
mod output;
mod progress;
mod reading;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use crate::{commands::Command, failure::Failure};

/// Metrics over a Mastodon server's public posts.
#[derive(Debug, Parser)]
#[command(name = "tootmill", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Runs the command that the program's arguments name, with all metrics that are linked into the program.
///
/// The exit code is 0 for done, 1 for failed, 2 for wrong usage, 75 for failed but worth a retry.
pub fn main() -> ExitCode {
    finish(Arguments::parse().command.run())
}

/// Runs `tootmill mapper`, whatever the program's name.
pub fn mapper() -> ExitCode {
    finish(commands::mapper::Mapper::parse().run())
}

/// Runs `tootmill reducer`, whatever the program's name.
pub fn reducer() -> ExitCode {
    finish(commands::reducer::Reducer::parse().run())
}

fn finish(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
