//! Commands, and work of our own, as steps: each is announced and timed, and after the first that fails no other begins.

use std::{
    error, fmt,
    fmt::Write as _,
    io::{self, Seek, Write as _},
    panic,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// The steps so far. A step's own output goes where ours goes: as it comes, or when the step ends if others run beside it.
pub struct Steps<'a> {
    folder: &'a Path,
    start: Instant,
    done: Mutex<Vec<Step>>,
    /// How many there are beside the first.
    lanes: AtomicUsize,
    failed: AtomicBool,
}

struct Step {
    name: String,
    time: Duration,
    succeeded: bool,
}

/// A step did not begin, because another had failed.
#[derive(Debug)]
struct NotBegun;

impl<'a> Steps<'a> {
    /// All commands run in this folder, but those that have one of their own.
    pub fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            start: Instant::now(),
            done: Mutex::default(),
            lanes: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        }
    }

    pub fn run(&self, name: &str, command: &mut Command) -> Result<()> {
        self.command(name, command, |command| self.status(name, command))
    }

    /// A step whose standard output is wanted.
    pub fn output(&self, name: &str, command: &mut Command) -> Result<Vec<u8>> {
        let mut stdout = Vec::new();
        self.command(name, command, |command| {
            let output = command.stderr(Stdio::inherit()).output()?;
            stdout = output.stdout;
            Ok(output.status)
        })?;
        Ok(stdout)
    }

    fn command(
        &self,
        name: &str,
        command: &mut Command,
        run: impl FnOnce(&mut Command) -> io::Result<ExitStatus>,
    ) -> Result<()> {
        let line = as_typed(command);
        let folder = command.get_current_dir().unwrap_or(self.folder).to_owned();
        command.current_dir(&folder);
        self.begin(&format!("{name}: {line}"))?;
        self.timed(name, || {
            let status = run(command).with_context(|| format!("{name}: cannot start `{line}`"))?;
            if !status.success() {
                bail!("{name} failed ({status}). To run this step alone, in {}:\n  {line}", folder.display());
            }
            Ok(())
        })
    }

    fn status(&self, name: &str, command: &mut Command) -> io::Result<ExitStatus> {
        if self.lanes.load(Ordering::Relaxed) == 0 {
            return command.status();
        }
        // A file and not a pipe, which whatever a step leaves running could hold open.
        let mut said = tempfile::tempfile()?;
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said.try_clone()?);
        let status = command.status()?;
        said.rewind()?;
        let mut here = io::stderr().lock();
        writeln!(here, "\n==> {name} said:")?;
        io::copy(&mut said, &mut here)?;
        Ok(status)
    }

    /// A step that is no command.
    pub fn call<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.begin(name)?;
        self.timed(name, work)
    }

    /// A step that is done whatever has failed.
    pub fn in_any_case<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("\n==> {name}");
        self.timed(name, work)
    }

    fn begin(&self, announcement: &str) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(NotBegun.into());
        }
        eprintln!("\n==> {announcement}");
        Ok(())
    }

    fn timed<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let outcome = work();
        let succeeded = outcome.is_ok();
        self.failed.fetch_or(!succeeded, Ordering::Relaxed);
        let step = Step { name: name.to_owned(), time: start.elapsed(), succeeded };
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(step);
        outcome
    }

    /// Does both at the same time, each being steps one after the other. Where a step of one fails, that of the other which
    /// runs goes on to its end.
    pub fn side_by_side<A, B: Send>(
        &self,
        one: impl FnOnce() -> Result<A>,
        other: impl FnOnce() -> Result<B> + Send,
    ) -> Result<(A, B)> {
        self.lanes.fetch_add(1, Ordering::Relaxed);
        let outcomes = thread::scope(|scope| {
            let other = scope.spawn(other);
            (one(), other.join().unwrap_or_else(|payload| panic::resume_unwind(payload)))
        });
        self.lanes.fetch_sub(1, Ordering::Relaxed);
        match outcomes {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(one), Err(other)) if !one.is::<NotBegun>() && !other.is::<NotBegun>() => bail!("{one:#}\n{other:#}"),
            (Err(error), Err(not_begun)) if not_begun.is::<NotBegun>() => Err(error),
            (Err(error), Ok(_)) | (_, Err(error)) => Err(error),
        }
    }

    /// A line a step, in the order in which they ended, with its time; and the time of all on the clock.
    pub fn summary(&self) -> String {
        let mut lines = String::from("\n==> summary\n");
        let mut line = |time: Duration, what: &str, outcome: &str| {
            let _ = writeln!(lines, "{:>8.1} s  {what}{outcome}", time.as_secs_f64());
        };
        for Step { name, time, succeeded } in &*self.done.lock().unwrap_or_else(PoisonError::into_inner) {
            line(*time, name, if *succeeded { "" } else { " FAILED" });
        }
        line(self.start.elapsed(), "in all, on the clock", "");
        lines
    }
}

impl fmt::Display for NotBegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not begun, because another step had failed")
    }
}

impl error::Error for NotBegun {}

/// The command as a person would type it into a shell.
fn as_typed(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_string_lossy(), quoted(&value?.to_string_lossy()))));
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    variables.chain(words.map(|word| quoted(&word.to_string_lossy()))).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn steps() -> Steps<'static> {
        Steps::new(Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    /// The names in the summary, with what became of the steps.
    fn names(steps: &Steps<'_>) -> Vec<String> {
        steps.summary().lines().filter_map(|line| Some(line.split_once(" s  ")?.1.to_owned())).collect()
    }

    #[test]
    fn a_command_is_shown_so_that_a_shell_reads_it_back() {
        let mut command = Command::new("cargo");
        command.args(["doc", "", "a b", "it's"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(as_typed(&command), r"RUSTDOCFLAGS='-D warnings' cargo doc '' 'a b' 'it'\''s'");
    }

    #[test]
    fn a_step_that_fails_is_an_error_that_says_how_to_run_it_alone() {
        let steps = steps();
        steps.run("stone", &mut Command::new("true")).unwrap();
        assert_eq!(steps.output("flour", Command::new("echo").arg("fine")).unwrap(), b"fine\n");
        assert_eq!(steps.call("grain", || Ok(7)).unwrap(), 7);
        let error = steps.run("mill", Command::new("false").arg("a b").current_dir("src")).unwrap_err().to_string();
        assert_eq!(error, "mill failed (exit status: 1). To run this step alone, in src:\n  false 'a b'");
        let error = self::steps().run("wheel", &mut Command::new("no-such-wheel")).unwrap_err().to_string();
        assert_eq!(error, "wheel: cannot start `no-such-wheel`");
        assert!(steps.run("stone", &mut Command::new("true")).unwrap_err().is::<NotBegun>());
        assert!(steps.call("grain", || Ok(7)).unwrap_err().is::<NotBegun>());
        assert_eq!(steps.in_any_case("sweep", || Ok(7)).unwrap(), 7);
        assert_eq!(names(&steps), ["stone", "flour", "grain", "mill FAILED", "sweep", "in all, on the clock"]);
    }

    #[test]
    fn lanes_run_beside_each_other_and_a_failure_lets_the_others_end_their_step() {
        let steps = steps();
        let both = Barrier::new(2);
        let broken = || {
            steps.call("broken", || {
                both.wait();
                bail!("no grain")
            })
        };
        let whole = || {
            steps.call("whole", || {
                both.wait();
                while !steps.failed.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                Ok(())
            })?;
            steps.call("never", || Ok(()))
        };
        let error = steps.side_by_side(broken, whole).map(|((), ())| ()).unwrap_err();
        assert_eq!(error.to_string(), "no grain");
        assert_eq!(names(&steps), ["broken FAILED", "whole", "in all, on the clock"]);
    }

    #[test]
    fn errors_of_two_lanes_are_both_told_and_what_did_not_begin_is_not() {
        let steps = steps();
        let both = Barrier::new(2);
        let fails = |name: &str| -> Result<()> {
            steps.call(name, || {
                both.wait();
                bail!("no {name}")
            })
        };
        let error = steps.side_by_side(|| fails("grain"), || fails("water")).unwrap_err().to_string();
        assert!(error == "no grain\nno water", "{error}");
        let begin = || steps.call("never", || Ok(()));
        assert!(steps.side_by_side(begin, begin).unwrap_err().is::<NotBegun>());
        let nested = || steps.side_by_side(begin, || -> Result<()> { bail!("no wind") });
        assert_eq!(steps.side_by_side(begin, nested).unwrap_err().to_string(), "no wind");
        assert_eq!(steps.side_by_side(|| Ok(1), || Ok(2)).unwrap(), (1, 2));
    }
}
