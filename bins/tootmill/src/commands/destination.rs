//! The argument that says where tables are. It may have a password in it, so it is not repeated where it is wrong.

use std::ffi::OsStr;

use clap::{Arg, Command, builder::TypedValueParser, error::ErrorKind};
use tootmill_tables::Destination;

/// Where tables are if nobody says so.
pub(crate) fn usual() -> Destination {
    Destination::Sqlite("tootmill.db".into())
}

/// Reads `--tables`. Clap's own errors would show the value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestinationParser;

impl TypedValueParser for DestinationParser {
    type Value = Destination;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<Destination, clap::Error> {
        let wrong = |reason: &str| {
            command.clone().error(ErrorKind::ValueValidation, format!("invalid value for '--tables <DEST>': {reason}"))
        };
        let text = value.to_str().ok_or_else(|| wrong("it is not UTF-8"))?;
        text.parse().map_err(|error: tootmill_tables::Error| wrong(&error.to_string()))
    }
}
