//! Where the repository is.

use std::path::Path;

use anyhow::{Context, Result};

/// The root of the repository that this program was built from.
pub fn repository() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package has no folder above it")
}
