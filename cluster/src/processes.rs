//! Processes of a cluster, found again by what they were started with: a process id alone may be another's by now.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{Daemon, Layout};

/// The process of the daemon, if it runs.
pub(crate) fn daemon(layout: &Layout, daemon: Daemon) -> Option<i32> {
    let pid: i32 = fs::read_to_string(layout.pid(daemon)).ok()?.trim().parse().ok()?;
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let has = |wanted: String| arguments.split(|byte| *byte == 0).any(|argument| argument == wanted.as_bytes());
    // A process that has ended and that nobody waited for has no arguments any more.
    (has(layout.mark()) && has(format!("-Dtootmill.daemon={daemon}"))).then_some(pid)
}

/// Asks a daemon and what it started to end, or makes it.
pub(crate) fn signal_group(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // A process that is gone already is what was wanted.
        let _ = kill_process_group(pid, signal);
    }
}

/// A process in a container of YARN: the application master, a task, or what a task started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The container's id, `container_…`.
    pub id: String,
    /// The process.
    pub pid: i32,
    /// What it was started as.
    pub command: String,
}

impl Container {
    /// Whether it is the Java of a MapReduce application master.
    pub fn is_application_master(&self) -> bool {
        // Not the shell that has started it with the same words.
        let (program, arguments) = self.command.split_once(' ').unwrap_or_default();
        program.ends_with("/java") && arguments.contains(" org.apache.hadoop.mapreduce.v2.app.MRAppMaster")
    }

    /// Ends it as a crash would: nothing of it gets to know.
    pub fn kill(&self) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// All that run in containers of the cluster.
pub(crate) fn containers(layout: &Layout) -> Vec<Container> {
    let local = format!("LOCAL_DIRS={}/", layout.data("nodemanager").display());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| container(&process.path(), &local)).collect()
}

/// What YARN gives to a container's processes tells them from a shell that has sourced `cluster.env`.
fn container(process: &Path, local: &str) -> Option<Container> {
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    let environment = fs::read(process.join("environ")).ok()?;
    let variables = || environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    variables().find(|variable| variable.starts_with(local))?;
    let id = variables().find_map(|variable| Some(variable.strip_prefix("CONTAINER_ID=")?.to_owned()))?;
    let command = fs::read(process.join("cmdline")).ok()?;
    let words = command.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    Some(Container { id, pid, command: words.collect::<Vec<_>>().join(" ").trim_end().to_owned() })
}

/// Starts a process, and waits until the system shows its command line: for a moment after its start it has none.
#[cfg(test)]
pub(crate) fn start(command: &mut std::process::Command) -> std::process::Child {
    let child = command.spawn().unwrap();
    let shown = Path::new("/proc").join(child.id().to_string()).join("cmdline");
    let program = command.get_program().as_encoded_bytes();
    for _ in 0..1000 {
        if fs::read(&shown).unwrap().starts_with(program) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_that_has_taken_over_the_id_is_no_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of(folder.path()).unwrap();
        let start = |arguments: &[String]| {
            let mut shell = Command::new("sh");
            // Waits for a line that never comes.
            start(shell.args(["-c", "read line", "sh"]).args(arguments).stdin(Stdio::piped()))
        };
        let arguments = [layout.mark(), "-Dtootmill.daemon=namenode".to_owned()];
        let (mut ours, mut other) = (start(&arguments), start(&[format!("{}x", layout.mark())]));
        fs::create_dir(folder.path().join("pids")).unwrap();
        fs::write(layout.pid(Daemon::NameNode), ours.id().to_string()).unwrap();
        fs::write(layout.pid(Daemon::DataNode1), ours.id().to_string()).unwrap();
        fs::write(layout.pid(Daemon::DataNode2), other.id().to_string()).unwrap();
        assert_eq!(daemon(&layout, Daemon::NameNode), i32::try_from(ours.id()).ok());
        assert_eq!(daemon(&layout, Daemon::DataNode1), None);
        assert_eq!(daemon(&layout, Daemon::DataNode2), None);
        assert_eq!(daemon(&layout, Daemon::NodeManager), None);
        for child in [&mut ours, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(daemon(&layout, Daemon::NameNode), None);
    }

    #[test]
    fn containers_are_known_by_what_yarn_gives_them() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::of(folder.path()).unwrap();
        let local = format!("{}/local/x", layout.data("nodemanager").display());
        let sleep = || {
            let mut sleep = Command::new("sleep");
            sleep.arg("60");
            sleep
        };
        let mut child = start(sleep().env("LOCAL_DIRS", local).env("CONTAINER_ID", "container_1"));
        let mut shell = start(sleep().env("HADOOP_CONF_DIR", layout.hadoop_configuration()));
        let found = containers(&layout);
        child.kill().unwrap();
        shell.kill().unwrap();
        child.wait().unwrap();
        shell.wait().unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].id.as_str(), found[0].command.as_str()), ("container_1", "sleep 60"));
    }
}
