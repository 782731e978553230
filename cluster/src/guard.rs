//! A process that outlives this one, and stops its cluster if this one could not: killed, or ended by a Ctrl-C.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use crate::{Error, Layout, error::starting, settings::Settings};

/// Waits for our end, which closes its standard input. A line in it says that all is well.
const SCRIPT: &str = r#"
read line && exit
cd "$1" || exit
for file in pids/*; do
  pid=$(cat "$file") && grep -qzxF -e "$2" "/proc/$pid/cmdline" && kill -KILL "-$pid"
done 2>/dev/null
for process in /proc/[0-9]*; do
  grep -qz -e "^LOCAL_DIRS=$3/" "$process/environ" && kill -KILL "${process#/proc/}"
done 2>/dev/null
if [ "$4" = temporary ]; then cd / && rm -rf "$1"; fi
"#;

/// While it is there, the cluster does not outlive this process.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    pub(crate) fn over(layout: &Layout, settings: &Settings) -> Result<Self, Error> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "sh"]).arg(layout.folder()).arg(layout.mark()).arg(layout.data("nodemanager"));
        shell.arg(if settings.temporary { "temporary" } else { "kept" });
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Out of reach of the terminal that a Ctrl-C comes from.
        shell.process_group(0).spawn().map(Self).map_err(starting("sh"))
    }

    /// Lets the cluster be.
    pub(crate) fn dismiss(mut self) {
        if let Some(input) = &mut self.0.stdin {
            // If it is gone, so is what it would do.
            let _ = input.write_all(b"leave\n");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::process::ExitStatusExt, path::PathBuf, process::ExitStatus};

    use super::*;
    use crate::{Daemon, processes};

    /// A folder, with a process in it that waits for ever and looks like a daemon.
    fn cluster(temporary: bool) -> (PathBuf, Layout, Child, Guard) {
        let folder = tempfile::Builder::new().disable_cleanup(true).tempdir().unwrap().path().to_owned();
        let layout = Layout::of(&folder).unwrap();
        let mut daemon = Command::new("sh");
        daemon.args(["-c", "read line", "sh", &layout.mark(), "-Dtootmill.daemon=namenode"]).stdin(Stdio::piped());
        let daemon = processes::start(daemon.process_group(0));
        fs::create_dir(folder.join("pids")).unwrap();
        fs::write(layout.pid(Daemon::NameNode), daemon.id().to_string()).unwrap();
        let guard = Guard::over(&layout, &Settings { temporary, ..Settings::of_test() }).unwrap();
        assert!(processes::daemon(&layout, Daemon::NameNode).is_some());
        (folder, layout, daemon, guard)
    }

    /// How it ends by itself: `wait` alone would end it, by closing what it waits for.
    fn status(daemon: &mut Child) -> ExitStatus {
        let _held = daemon.stdin.take();
        daemon.wait().unwrap()
    }

    #[test]
    fn a_cluster_does_not_outlive_who_started_it() {
        let (folder, _, mut daemon, guard) = cluster(true);
        drop(guard);
        assert_eq!(status(&mut daemon).signal(), Some(9));
        assert!(!folder.exists());
    }

    #[test]
    fn a_cluster_that_is_left_running_runs() {
        let (folder, layout, mut daemon, guard) = cluster(true);
        guard.dismiss();
        assert!(processes::daemon(&layout, Daemon::NameNode).is_some());
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
