//! What must be on the machine already, because it isn't ours to install.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// Something that a machine has or lacks.
pub struct Prerequisite {
    name: &'static str,
    /// A command that succeeds where it is there.
    probe: &'static [&'static str],
    remedy: &'static str,
}

/// What compiling and testing need.
pub const FAST: &[Prerequisite] = &[
    Prerequisite { name: "rustfmt", probe: &["cargo", "fmt", "--version"], remedy: "rustup component add rustfmt" },
    Prerequisite { name: "clippy", probe: &["cargo", "clippy", "--version"], remedy: "rustup component add clippy" },
    Prerequisite { name: "a C compiler", probe: &["cc", "--version"], remedy: "install gcc or clang" },
    Prerequisite { name: "Git", probe: &["git", "--version"], remedy: "install git" },
];

/// What the full run needs besides.
pub const FULL: &[Prerequisite] = &[Prerequisite {
    name: "Python 3.11 or newer with venv",
    probe: &["python3", "-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"],
    remedy: "install python3 (and python3-venv, where that is a package of its own)",
}];

/// What a development cluster needs.
pub const CLUSTER: &[Prerequisite] = &[
    Prerequisite {
        name: "Java 17",
        probe: &["sh", "-c", JAVA],
        remedy: "install openjdk-17 and put it on the PATH, or set JAVA_HOME to it",
    },
    Prerequisite { name: "Maven", probe: &["mvn", "--version"], remedy: "install maven" },
];

const JAVA: &str = "for java in \"$JAVA_HOME/bin/java\" java; do \"$java\" -version 2>&1 | grep -q 'version \"17' && exit; done; exit 1";

/// Names everything that is missing, at once.
pub fn check<'a>(prerequisites: impl IntoIterator<Item = &'a Prerequisite>) -> Result<()> {
    let missing: Vec<String> = prerequisites
        .into_iter()
        .filter(|prerequisite| !prerequisite.is_there())
        .map(|Prerequisite { name, probe, remedy }| format!("\n  {name}: {remedy} (tried `{}`)", probe.join(" ")))
        .collect();
    if missing.is_empty() { Ok(()) } else { bail!("this machine lacks:{}", missing.concat()) }
}

impl Prerequisite {
    fn is_there(&self) -> bool {
        let [program, arguments @ ..] = self.probe else { return false };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_with_its_remedy() {
        let there = Prerequisite { name: "cargo", probe: &["cargo", "--version"], remedy: "rustup" };
        let no_program = Prerequisite { name: "a mill", probe: &["no-such-mill"], remedy: "build one" };
        let fails = Prerequisite { name: "a wheel", probe: &["cargo", "no-such-wheel"], remedy: "carve one" };
        let error = check([&there, &no_program, &fails]).unwrap_err().to_string();
        assert_eq!(
            error,
            "this machine lacks:\n  a mill: build one (tried `no-such-mill`)\n  a wheel: carve one (tried `cargo no-such-wheel`)"
        );
        check([&there]).unwrap();
    }
}
