//! Commands, and work of our own, one after the other: each is announced and timed, and the first that fails ends the run.

use std::{
    fmt::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// The steps so far. A step's own output goes where ours goes, as it comes.
pub struct Steps<'a> {
    folder: &'a Path,
    done: Vec<Step>,
}

struct Step {
    name: String,
    time: Duration,
    succeeded: bool,
}

impl<'a> Steps<'a> {
    /// All commands run in this folder.
    pub fn new(folder: &'a Path) -> Self {
        Self { folder, done: Vec::new() }
    }

    pub fn run(&mut self, name: impl Into<String>, command: &mut Command) -> Result<()> {
        let name = name.into();
        let line = as_typed(command);
        eprintln!("\n==> {name}: {line}");
        let folder = self.folder;
        self.timed(name.clone(), || {
            let status = command.current_dir(folder).status();
            let status = status.with_context(|| format!("{name}: cannot start `{line}`"))?;
            if !status.success() {
                bail!("{name} failed ({status}). To run this step alone, in {}:\n  {line}", folder.display());
            }
            Ok(())
        })
    }

    /// A step that is no command.
    pub fn call<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("\n==> {name}");
        self.timed(name.to_owned(), work)
    }

    fn timed<T>(&mut self, name: String, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let outcome = work();
        self.done.push(Step { name, time: start.elapsed(), succeeded: outcome.is_ok() });
        outcome
    }

    /// A line a step, with its time.
    pub fn summary(&self) -> String {
        let mut lines = String::from("\n==> summary\n");
        for Step { name, time, succeeded } in &self.done {
            let outcome = if *succeeded { "" } else { " FAILED" };
            let _ = writeln!(lines, "{:>8.1} s  {name}{outcome}", time.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|step| step.time).sum();
        let _ = writeln!(lines, "{:>8.1} s  in all", total.as_secs_f64());
        lines
    }
}

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
    use super::*;

    #[test]
    fn a_command_is_shown_so_that_a_shell_reads_it_back() {
        let mut command = Command::new("cargo");
        command.args(["doc", "", "a b", "it's"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(as_typed(&command), r"RUSTDOCFLAGS='-D warnings' cargo doc '' 'a b' 'it'\''s'");
    }

    #[test]
    fn a_step_that_fails_is_an_error_that_says_how_to_run_it_alone() {
        let mut steps = Steps::new(Path::new(env!("CARGO_MANIFEST_DIR")));
        steps.run("stone", &mut Command::new("true")).unwrap();
        let error = steps.run("mill", Command::new("false").arg("a b")).unwrap_err().to_string();
        assert!(error.starts_with("mill failed (exit status: 1). To run this step alone"), "{error}");
        assert!(error.ends_with("\n  false 'a b'"), "{error}");
        let error = steps.run("wheel", &mut Command::new("no-such-wheel")).unwrap_err().to_string();
        assert_eq!(error, "wheel: cannot start `no-such-wheel`");
        assert_eq!(steps.call("grain", || Ok(7)).unwrap(), 7);
        let summary = steps.summary();
        let names: Vec<&str> = summary.lines().filter_map(|line| line.split(" s  ").nth(1)).collect();
        assert_eq!(names, ["stone", "mill FAILED", "wheel FAILED", "grain", "in all"]);
    }
}
