//! The program of `examples/own-metric`, which has a metric that is not ours.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Builds the example, and gives the program.
pub fn built() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    // Shared with other runs, so that it is built once, and apart from the one that runs this test.
    let target = root.join("target/own-metric");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--offline"])
        .current_dir(root.join("examples/own-metric"))
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\nIs a crate missing? Copy Cargo.lock to examples/own-metric/ and build there."
    );
    target.join("debug/own-metric")
}
