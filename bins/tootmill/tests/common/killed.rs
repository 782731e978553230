//! A command that is killed at several moments, each time over a copy of the same folder.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use tempfile::TempDir;

/// Runs the command to its end in one copy of a folder, and kills it at a moment in each of so many others. Calls `then` with the
/// first and with each of these.
pub fn at_moments(moments: u32, made: &Path, command: impl Fn(&Path) -> Command, mut then: impl FnMut(&Path, &Path)) {
    let whole = copy(made);
    let mut to_its_end = command(whole.path());
    let began = Instant::now();
    assert!(to_its_end.status().unwrap().success());
    let mut time = began.elapsed();
    for moment in 1..=moments {
        let folder = loop {
            let (folder, delay) = (copy(made), time * moment / (moments + 1));
            let mut process = command(folder.path()).stdout(Stdio::null()).spawn().unwrap();
            thread::sleep(delay);
            process.kill().unwrap();
            if process.wait().unwrap().code().is_none() {
                break folder;
            }
            // It was over by then: quicker than the one that was timed.
            time = delay;
        };
        eprintln!("killed at moment {moment} of {moments}");
        then(whole.path(), folder.path());
    }
}

/// A copy of a folder with all that is in it.
fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().unwrap();
    copy_to(from, to.path());
    to
}

fn copy_to(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_to(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
