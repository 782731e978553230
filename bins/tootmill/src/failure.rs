//! How a command fails: what it says, and with which exit code.

use std::{fmt, io, process::ExitCode};

use tootmill_metric::{RegistryError, Status};

use crate::output::say;

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It failed, for good or for now.
    Failed(String, Status),
    /// The arguments do not go together.
    Usage(String),
    /// Nobody reads the output any more, as behind `| head`: no reason to say anything.
    OutputClosed,
}

/// The exit code of a failure that is worth a retry: `EX_TEMPFAIL` of sysexits.h.
const TEMPORARY: u8 = 75;

impl Failure {
    /// A failure for good.
    pub(crate) fn permanent(message: impl Into<String>) -> Self {
        Self::Failed(message.into(), Status::Permanent)
    }

    /// The same failure, where output that nobody reads is one: in a program whose output is needed as a whole.
    pub(crate) fn or_output_needed(self) -> Self {
        match self {
            closed @ Self::OutputClosed => Self::permanent(closed.to_string()),
            failure => failure,
        }
    }

    /// Says what failed, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let code = match self {
            Self::OutputClosed => return ExitCode::SUCCESS,
            Self::Failed(_, Status::Permanent) => 1,
            Self::Failed(_, Status::Temporary) => TEMPORARY,
            Self::Usage(_) => 2,
        };
        say(format!("error: {self}"));
        ExitCode::from(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutputClosed => f.write_str("cannot write the output: the program that reads it has ended"),
            Self::Failed(message, Status::Permanent) | Self::Usage(message) => f.write_str(message),
            Self::Failed(message, Status::Temporary) => write!(f, "{message} (worth trying again)"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::permanent(format!("cannot write the output: {error}")),
        }
    }
}

impl From<tootmill_engine::Error> for Failure {
    fn from(error: tootmill_engine::Error) -> Self {
        match error {
            tootmill_engine::Error::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => Self::OutputClosed,
            error => Self::Failed(error.to_string(), error.status()),
        }
    }
}

impl From<tootmill_tables::Error> for Failure {
    fn from(error: tootmill_tables::Error) -> Self {
        match error {
            tootmill_tables::Error::Output(error) => error.into(),
            error => Self::Failed(error.to_string(), error.status()),
        }
    }
}

impl From<tootmill_lake::Error> for Failure {
    fn from(error: tootmill_lake::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_stages::Error> for Failure {
    fn from(error: tootmill_stages::Error) -> Self {
        match error {
            tootmill_stages::Error::Engine(error) => error.into(),
            error => Self::Failed(error.to_string(), error.status()),
        }
    }
}

impl From<tootmill_mastodon::Error> for Failure {
    fn from(error: tootmill_mastodon::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_collect::Error> for Failure {
    fn from(error: tootmill_collect::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_privacy::Error> for Failure {
    fn from(error: tootmill_privacy::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_yarn::Error> for Failure {
    fn from(error: tootmill_yarn::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_watch::Error> for Failure {
    fn from(error: tootmill_watch::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_report::Error> for Failure {
    fn from(error: tootmill_report::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<tootmill_input::Error> for Failure {
    fn from(error: tootmill_input::Error) -> Self {
        Self::Failed(error.to_string(), error.status())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::permanent(error.to_string())
    }
}
