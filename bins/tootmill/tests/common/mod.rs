//! What the tests of the command line share: running the program in a folder of its own.
#![allow(dead_code, reason = "not every test needs all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

pub mod analysis;
pub mod killed;
pub mod lake;
pub mod own;
pub mod people;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// The folder that cargo builds into: what another build has in common with the workspace is compiled there already.
pub fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tootmill")).ancestors().nth(2).unwrap()
}

/// The program, to be run in a folder.
pub fn tootmill(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tootmill"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_remove("TOOTMILL_TABLES");
    command
}

/// What a run of the program left behind.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs the program in a folder.
pub fn run(folder: &Path, arguments: &[&str]) -> Ran {
    tootmill(folder, arguments).output().unwrap().into()
}

/// Runs the program, which is to succeed, and gives its standard output.
#[track_caller]
pub fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout
}

/// A folder with a synthetic timeline in `posts.jsonl`.
pub fn with_posts(posts: u64) -> TempDir {
    let folder = TempDir::new().unwrap();
    let timeline = tootmill_synth::Timeline { posts, ..Default::default() };
    timeline.write_to(&mut std::fs::File::create(folder.path().join("posts.jsonl")).unwrap()).unwrap();
    folder
}

/// All that is in the files of a folder, decompressed.
pub fn content(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        all += &entry.file_name().to_string_lossy();
        if path.is_dir() {
            all += &content(&path);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let is_compressed = path.extension().is_some_and(|ending| ending == "zst");
        let bytes = if is_compressed { zstd::decode_all(&*bytes).unwrap() } else { bytes };
        all += &String::from_utf8_lossy(&bytes);
    }
    all
}
