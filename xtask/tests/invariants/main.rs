//! The invariants of `docs/architecture.md`, each a test.
//!
//! A rule is a function from data to its violations, so that a test beside it can show that it finds some.

mod dependencies;
mod files;
mod ignored;
mod io;
mod page;

use std::{fs, path::Path, process::Command};

/// A text file of the repository, by its path from the root.
struct File {
    path: String,
    text: String,
}

impl File {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Its name, without the folders.
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every text file that is in the repository, or would be after a `git add`.
fn repository() -> Vec<File> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z"]).current_dir(ROOT);
    let paths = git.output().map(|output| output.stdout).unwrap_or_default();
    let paths = String::from_utf8_lossy(&paths);
    let read = |path| Some(File::new(path, fs::read_to_string(Path::new(ROOT).join(path)).ok()?));
    let files: Vec<File> = paths.split_terminator('\0').filter_map(read).collect();
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "Git lists no files of the repository");
    files
}

#[track_caller]
fn assert_kept(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}, but:\n  {}", violations.join("\n  "));
}
