//! The generic Hadoop Streaming reducer, with the metrics of this repository.

use tootmill_plugins as _;

fn main() -> std::process::ExitCode {
    tootmill::reducer()
}
