//! The program `tootmill` with the metrics of its repository and this one.

use {own_metric as _, tootmill_plugins as _};

fn main() -> std::process::ExitCode {
    tootmill::main()
}
