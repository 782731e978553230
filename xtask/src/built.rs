//! The programs of the workspace's tests: built together and once, then run by themselves, because cargo would wait for
//! whatever else it is compiling.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::steps::Steps;

/// All of them.
pub struct Tests(Vec<Program>);

struct Program {
    /// `lake` of `tests/lake.rs`
    name: String,
    /// That of its package, in which cargo too runs it.
    folder: PathBuf,
    path: PathBuf,
}

impl Tests {
    pub fn build(steps: &Steps<'_>) -> Result<Self> {
        let mut build = Command::new("cargo");
        build.args(["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"]);
        let messages = steps.output("build the tests", &mut build)?;
        let mut programs = Vec::new();
        for message in Message::parse_stream(&*messages) {
            if let Message::CompilerArtifact(artifact) = message.context("reading what cargo says")?
                && let Some(path) = artifact.executable
                && artifact.target.is_test()
            {
                let folder = artifact.manifest_path.parent().map_or_else(PathBuf::new, Into::into);
                programs.push(Program { name: artifact.target.name, folder, path: path.into() });
            }
        }
        Ok(Self(programs))
    }

    /// Those tests of the file or folder `name` that are ignored until what they need is there.
    pub fn ignored(&self, name: &str) -> Result<Command> {
        let mut named = self.0.iter().filter(|program| program.name == name);
        let (Some(program), None) = (named.next(), named.next()) else {
            bail!("there must be one program of tests that is called {name}");
        };
        let mut command = Command::new(&program.path);
        command.arg("--ignored").current_dir(&program.folder);
        Ok(command)
    }
}
