//! Whether a failure is for good, which decides a program's exit code and whether a scheduler tries again.

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Trying again gives the same failure.
    Permanent,
    /// It may go better another time: a server that does not answer.
    Temporary,
}
