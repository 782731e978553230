//! What can go wrong with a cluster, and what to do about it.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::Daemon;

/// Why a cluster could not be installed, started, changed or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a folder.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program that did not even start.
    #[error("cannot start {program}: {source}")]
    Program {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is nowhere to install anything.
    #[error("there is no place for a cache: set HOME, or XDG_CACHE_HOME to an absolute path")]
    NoCache,
    /// Hadoop 3.4 runs on Java 17, and not on the newest.
    #[error("there is no Java 17: install it, or set JAVA_HOME to one (found {found})")]
    NoJava {
        /// What was there instead.
        found: String,
    },
    /// Maven could not fetch the jars.
    #[error("Maven failed ({status}) to fetch the jars of Hadoop and HBase:\n{tail}")]
    Maven {
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        tail: String,
    },
    /// Hadoop splits lists at commas, and reads paths as addresses.
    #[error("a cluster cannot live in {}: the path may hold letters, digits and . _ - + @ / only", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing was ever started there.
    #[error("there is no cluster in {}: `cargo xtask cluster up` starts one", folder.display())]
    NoCluster {
        /// The folder.
        folder: PathBuf,
    },
    /// A cluster that would lose its data or its daemons.
    #[error("the cluster in {} {problem}", folder.display())]
    InTheWay {
        /// The folder.
        folder: PathBuf,
        /// What is the matter, and what to do.
        problem: String,
    },
    /// Every block of ports that was tried had one in use.
    #[error("found no {count} neighbouring free ports in {blocks} tries: is something listening on very many?")]
    NoPorts {
        /// How many are needed.
        count: u16,
        /// How many blocks were tried.
        blocks: u32,
    },
    /// A daemon ended by itself.
    #[error("{daemon} died ({status}). The end of its log, {}:\n{tail}", log.display())]
    Died {
        /// Which.
        daemon: Daemon,
        /// How it ended.
        status: ExitStatus,
        /// Where its whole log is.
        log: PathBuf,
        /// The log's end.
        tail: String,
    },
    /// A daemon that runs, and does not do what it should.
    #[error("{daemon} did not answer within {seconds} s: {problem}. The end of its log, {}:\n{tail}", log.display())]
    Silent {
        /// Which.
        daemon: Daemon,
        /// How long it was given.
        seconds: u64,
        /// What was missing.
        problem: String,
        /// Where its whole log is.
        log: PathBuf,
        /// The log's end.
        tail: String,
    },
    /// A daemon that lives on.
    #[error("{daemon} (process {pid}) does not end")]
    Immortal {
        /// Which.
        daemon: Daemon,
        /// Its process.
        pid: i32,
    },
    /// A daemon that this cluster does not have.
    #[error("this cluster has no {daemon}")]
    NotThere {
        /// Which.
        daemon: Daemon,
    },
    /// A request that a daemon refused.
    #[error("{doing}: {problem}")]
    Refused {
        /// What was being done.
        doing: String,
        /// What the daemon, or the connection to it, said.
        problem: String,
    },
    /// Someone wants out.
    #[error("interrupted, and all that was started is stopped")]
    Interrupted,
}

/// For `map_err`: the error of doing something to a path.
pub(crate) fn at<'a>(
    doing: &'static str,
    path: impl AsRef<std::path::Path> + 'a,
) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::File { doing, path: path.as_ref().to_owned(), source }
}

/// For `map_err`: the error of starting a program.
pub(crate) fn starting(program: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Program { program: program.into(), source }
}
