//! The project's own commands, as `cargo xtask`: one file a command.

mod airflow;
mod built;
mod chromium;
mod cluster;
mod dist;
mod glibc;
mod places;
mod prerequisites;
mod python;
mod steps;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "What the project's developers and its CI run", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask test --fast    while working: format, lints and tests
  cargo xtask test           before a commit: everything, as CI runs it
  cargo xtask cluster up     HDFS, YARN and HBase on this machine
  cargo xtask airflow up     the daily run under Airflow, on that cluster
  cargo xtask dist           the program for nodes with an older C library";

#[derive(Subcommand)]
enum Command {
    Test(test::Arguments),
    Cluster(cluster::Arguments),
    Airflow(airflow::Arguments),
    Dist(dist::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Cluster(arguments) => cluster::run(&arguments),
        Command::Airflow(arguments) => airflow::run(&arguments),
        Command::Dist(arguments) => dist::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_its_help_has_examples() {
        let mut command = super::Arguments::command();
        command.clone().debug_assert();
        for subcommand in command.get_subcommands_mut() {
            let help = subcommand.render_help().to_string();
            assert!(help.contains("Examples:"), "{help}");
        }
    }
}
