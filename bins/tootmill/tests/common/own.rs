//! The program of `examples/own-metric`, which has a metric that is not ours.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::target;

/// What the example needs not know of how the workspace is compiled, so that its crates are not compiled once more.
const AS_IN_THE_WORKSPACE: [&str; 2] =
    ["profile.dev.package.tootmill-policy.opt-level=3", "profile.dev.package.tootmill-synth.opt-level=3"];

/// Runs cargo on the example.
pub fn cargo(arguments: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--config", AS_IN_THE_WORKSPACE[0], "--config", AS_IN_THE_WORKSPACE[1]])
        .current_dir(root.join("examples/own-metric"))
        .env("CARGO_TARGET_DIR", target())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}\nIs a crate missing? Copy Cargo.lock to examples/own-metric/ and build there.",
        String::from_utf8_lossy(&said)
    );
}

/// Builds the example, and gives the program.
pub fn built() -> PathBuf {
    // The tests too, because with what they need the dependencies get other features, and would be compiled again.
    cargo(&["build", "--all-targets"]);
    target().join("debug/own-metric")
}
