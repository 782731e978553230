//! `tootmill demo`: the first thing a newcomer runs.

use std::{fs::File, num::NonZeroUsize};

use clap::{Args, Parser};
use tootmill_synth::Timeline;

use super::run::Run;
use crate::{failure::Failure, output::say};

/// Make a synthetic week of posts, and show what the metrics say of it.
///
/// The posts and the tables stay in the folder, to be looked at and run again.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill demo --posts 100000")]
pub(crate) struct Demo {
    /// How many posts
    #[arg(long, value_name = "N", default_value = "20000")]
    posts: NonZeroUsize,
    /// Where the posts and the tables go
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    folder: std::path::PathBuf,
}

/// `run` with the arguments that a user would give.
#[derive(Parser)]
struct RunCommand {
    #[command(flatten)]
    run: Run,
}

impl Demo {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let cannot = |what: &str, error: std::io::Error| {
            Failure::permanent(format!(
                "cannot {what} in `{}`: {error}; choose another with --folder",
                self.folder.display()
            ))
        };
        std::fs::create_dir_all(&self.folder).map_err(|error| cannot("make a folder", error))?;
        let posts = self.folder.join("posts.jsonl");
        let timeline = Timeline { posts: self.posts.get() as u64, ..Timeline::default() };
        File::create(&posts)
            .and_then(|mut file| timeline.write_to(&mut file))
            .map_err(|error| cannot("write posts", error))?;
        let posts = posts.display().to_string();
        let tables = format!("sqlite:{}", self.folder.join("tootmill.db").display());
        say(format!(
            "wrote a synthetic week of {} posts to {posts}\n$ tootmill run {posts} --tables {tables}\n",
            self.posts
        ));
        RunCommand::parse_from(["run", &posts, "--tables", &tables]).run.run()
    }
}
