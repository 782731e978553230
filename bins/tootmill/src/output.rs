//! Standard output, behind a large buffer (by itself it is written line by line, even into a pipe), and standard error.

use std::io::{self, BufWriter, Write};

/// Lets `write` write to standard output, and writes out what is buffered.
#[allow(clippy::disallowed_methods, reason = "the one place where standard output is opened")]
pub(crate) fn with_stdout<T, E: From<io::Error>>(
    write: impl FnOnce(&mut BufWriter<io::Stdout>) -> Result<T, E>,
) -> Result<T, E> {
    let mut output = BufWriter::with_capacity(1 << 18, io::stdout());
    let outcome = write(&mut output)?;
    output.flush()?;
    Ok(outcome)
}

/// Says something to the person who runs the program. That nobody listens is no failure.
pub(crate) fn say(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}
