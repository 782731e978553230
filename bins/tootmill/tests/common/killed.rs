//! A command that is killed at several moments of its work, each time over a copy of the same folder.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Runs the command to its end in one copy of a folder, and kills it in each of so many others: as soon as a file is there that it
/// writes before it changes anything, and removes when all is done, and later and later from then on. Calls `then` with the first and
/// with each of these. At least in the first of these the file is there.
pub fn at_moments(
    moments: u32,
    made: &Path,
    begun: &str,
    command: impl Fn(&Path) -> Command,
    mut then: impl FnMut(&Path, &Path),
) {
    let whole = copy(made);
    let mut to_its_end = command(whole.path()).stdout(Stdio::null()).spawn().unwrap();
    until(&whole.path().join(begun), &mut to_its_end);
    let start = Instant::now();
    assert!(to_its_end.wait().unwrap().success());
    let time = start.elapsed();
    for moment in 0..moments {
        let mut delay = time * moment / moments;
        let folder = loop {
            let folder = copy(made);
            let mut process = command(folder.path()).stdout(Stdio::null()).spawn().unwrap();
            until(&folder.path().join(begun), &mut process);
            thread::sleep(delay);
            process.kill().unwrap();
            let ended = process.wait().unwrap();
            assert!(ended.success() || ended.code().is_none(), "it failed: {ended}");
            if ended.code().is_none() && (moment > 0 || folder.path().join(begun).exists()) {
                break folder;
            }
            // It was over by then: quicker than the one that was timed.
            delay = delay * 3 / 4;
        };
        eprintln!("killed at moment {moment} of {moments}");
        then(whole.path(), folder.path());
    }
}

/// Waits until a file is there, or the process is over.
fn until(file: &Path, process: &mut Child) {
    while !file.exists() && process.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_micros(100));
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
