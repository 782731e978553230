//! The launcher: the process that submits a job, and its last words.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tootmill_metric::Status;

use crate::error::Error;

/// How many of its last lines are kept, and how much of each.
const LINES: usize = 15;
const LINE: u64 = 2000;

/// How long it may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// The exceptions of servers that are not there yet, or not there for a while.
const PASSING: [&str; 9] = [
    "SafeModeException",
    "ConnectException",
    "Connection refused",
    "ConnectTimeoutException",
    "SocketTimeoutException",
    "NoRouteToHostException",
    "StandbyException",
    "RetriableException",
    // No DataNode is up yet.
    "could only be written to 0 of the",
];

/// Whether what Hadoop says is of something that passes.
pub(crate) fn status_of(said: &str) -> Status {
    if PASSING.iter().any(|name| said.contains(name)) { Status::Temporary } else { Status::Permanent }
}

/// A launcher that runs. It ends with this value.
pub(crate) struct Launcher {
    child: Child,
    lines: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Launcher {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        // A group of its own: the terminal's Ctrl-C is ours to handle, and the whole of a shell script ends with one signal.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| {
            let command = command.get_program().to_string_lossy().into_owned();
            Error::Start { command, source }
        })?;
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let outputs = [
            child.stdout.take().map(|output| read(output, &lines)),
            child.stderr.take().map(|output| read(output, &lines)),
        ];
        Ok(Self { child, lines, readers: outputs.into_iter().flatten().collect() })
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Its last lines, once it has ended.
    pub(crate) fn last_lines(&mut self) -> String {
        // What it wrote at the end may not have been read yet. A process that it left behind may hold its output open.
        let deadline = Instant::now() + GRACE;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }

    /// Ends it and what it has started.
    pub(crate) fn end(&mut self) {
        for signal in [Signal::TERM, Signal::KILL] {
            let deadline = Instant::now() + GRACE;
            while self.ended().is_none() && Instant::now() < deadline {
                if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                    // It may have ended in this moment.
                    let _ = kill_process_group(group, signal);
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.end();
    }
}

/// What would push out the lines that tell what is wrong: frames of a Java stack, and what goes well.
fn is_chatter(line: &str) -> bool {
    line.trim_start().starts_with("at ") || line.contains(" INFO ")
}

fn read(output: impl Read + Send + 'static, lines: &Arc<Mutex<VecDeque<String>>>) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while let Ok(1..) = output.by_ref().take(LINE).read_until(b'\n', &mut line) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if text.is_empty() || is_chatter(&text) {
                continue;
            }
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push_back(text);
            if lines.len() > LINES {
                lines.pop_front();
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Launcher {
        Launcher::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn the_last_lines_are_kept_without_chatter() {
        let script = "for n in $(seq 100); do echo $n; echo 2026 INFO $n; done; \
                      echo '\tat a.b.C(D.java:1)' >&2; head -c 5000 /dev/zero | tr '\\0' x; exit 3";
        let mut launcher = sh(script);
        let exit = launcher.child.wait().unwrap();
        assert_eq!(exit.code(), Some(3));
        let lines = launcher.last_lines();
        let lengths: Vec<usize> = lines.lines().map(|line| line.trim().len()).collect();
        assert_eq!(lines.lines().count(), LINES);
        assert_eq!(lengths.last(), Some(&1000), "the rest of a line that is too long");
        assert!(lines.contains("\n  100\n") && !lines.contains("INFO") && !lines.contains("a.b.C"), "{lines}");
    }

    #[test]
    fn a_launcher_ends_with_all_that_it_started() {
        let mut launcher = sh("trap '' TERM; sleep 300 & sleep 300; sleep 300");
        thread::sleep(Duration::from_millis(100));
        let group = i32::try_from(launcher.child.id()).ok().and_then(Pid::from_raw).unwrap();
        launcher.end();
        assert!(launcher.ended().is_some());
        let deadline = Instant::now() + GRACE;
        while kill_process_group(group, Signal::CONT).is_ok() {
            assert!(Instant::now() < deadline, "something is left");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn servers_that_are_not_there_yet_are_worth_another_try() {
        for (said, status) in [
            ("ERROR streaming.StreamJob: Error Launching job : Output directory /x already exists", Status::Permanent),
            ("ERROR streaming.StreamJob: Error Launching job : Input path does not exist: /x", Status::Permanent),
            ("AccessControlException: Permission denied: user=eve, access=WRITE", Status::Permanent),
            ("java.net.ConnectException: Call From a to b:9000 failed on connection exception", Status::Temporary),
            ("SafeModeException: Cannot create file. Name node is in safe mode.", Status::Temporary),
            ("StandbyException: Operation category READ is not supported in state standby", Status::Temporary),
        ] {
            assert_eq!(status_of(said), status, "{said}");
        }
    }
}
