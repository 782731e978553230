//! What can go wrong with HBase, and whether trying again helps.

use hbase_thrift::hbase::{AlreadyExists, IOError, IllegalArgument};
use thrift::ApplicationErrorKind;
use tootmill_metric::Status;

use super::thrift2::TIOError;

/// Why HBase does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text is no address.
    #[error(
        "this is no address of HBase's Thrift server: {reason}; write hbase://HOST:PORT, with options as ?namespace=NAME&connections=4"
    )]
    Address {
        /// What is wrong.
        reason: String,
    },
    /// No server answers.
    #[error("no Thrift server of HBase answers at {server}: {reason}; is it running, and is the address right?")]
    Unreachable {
        /// Its host and port.
        server: String,
        /// The cause.
        reason: String,
    },
    /// The server stopped answering.
    #[error("cannot {action} in HBase at {server}: {reason}")]
    Lost {
        /// What was being done.
        action: String,
        /// The server.
        server: String,
        /// The cause.
        reason: String,
    },
    /// HBase says no.
    #[error("cannot {action} in HBase at {server}: {reason}")]
    Refused {
        /// What was being done.
        action: String,
        /// The server.
        server: String,
        /// What HBase says, in its own first words.
        reason: String,
        /// What kind of no.
        cause: Cause,
    },
    /// The server's certificate or its client cannot be set up.
    #[error("cannot set up HTTP to HBase at {server}: {reason}")]
    Http {
        /// The server.
        server: String,
        /// The cause.
        reason: String,
    },
    /// A table is not as it must be for a load.
    #[error("the table `{table}` cannot take the rows: {reason}")]
    Table {
        /// The table.
        table: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A day's cells would be hidden at once.
    #[error("{error}; to load without such days, say --leave-out-expired")]
    Expired {
        /// Which, and why.
        error: String,
    },
    /// A table is disabled.
    #[error("the table `{table}` is disabled: enable it in `hbase shell` by `enable '{table}'`")]
    Disabled {
        /// The table.
        table: String,
    },
    /// The cluster lacks a codec that was asked for.
    #[error(
        "the cluster has no {codec} for the table `{table}`: name another compression, or install it on all region servers ({reason})"
    )]
    NoCodec {
        /// The table.
        table: String,
        /// The codec.
        codec: &'static str,
        /// What HBase says.
        reason: String,
    },
    /// A table can only be made by the Thrift2 server.
    #[error("to {what}, name the Thrift2 server too: add thrift2=HOST:PORT to the address")]
    Thrift2Needed {
        /// What was to be done.
        what: String,
    },
    /// Somebody else began a load.
    #[error(
        "another load into these tables began at {begun} (as of {timestamp}): load again when it is done; everything is written then"
    )]
    Overtaken {
        /// When it began.
        begun: String,
        /// Its timestamp.
        timestamp: i64,
    },
    /// A row is there after it was erased.
    #[error("a row that was erased is still in the table `{table}`: somebody writes to it; run the same again")]
    NotErased {
        /// The table.
        table: String,
    },
    /// The logical time cannot be a timestamp of HBase.
    #[error("{0} is before 1970, and cannot be the time of a cell in HBase")]
    Time(String),
}

/// What kind of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The table is not there.
    NoTable,
    /// The table has no such column family.
    NoFamily,
    /// The table is disabled.
    Disabled,
    /// The table is there already.
    Exists,
    /// The cluster has no such codec.
    Codec,
    /// There is no such namespace.
    NoNamespace,
    /// There is no such scanner any more.
    NoScanner,
    /// HBase says that trying again is of no use.
    Final,
    /// Something that may pass.
    Passing,
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::NotErased { .. }
            | Self::Overtaken { .. }
            | Self::Disabled { .. }
            | Self::Refused { cause: Cause::Disabled | Cause::Passing | Cause::NoScanner, .. } => Status::Temporary,
            _ => Status::Permanent,
        }
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused { cause, .. } => Some(*cause),
            _ => None,
        }
    }

    /// Of a call that failed: `None` as the cause where the connection is of no use any more.
    pub(crate) fn of_call(action: &str, server: String, error: &thrift::Error) -> Self {
        let action = action.to_string();
        match said(error) {
            Some((message, may_pass)) => {
                let cause = cause(&message, may_pass);
                Self::Refused { action, server, reason: first_words(&message), cause }
            }
            None => Self::Lost { action, server, reason: reason(error) },
        }
    }
}

/// What HBase says, and whether it says that trying again may help; `None` where it says nothing.
fn said(error: &thrift::Error) -> Option<(String, bool)> {
    match error {
        thrift::Error::User(error) => {
            let io = error.downcast_ref::<IOError>();
            let io = io.map(|error| (error.message.clone(), error.can_retry.unwrap_or(true)));
            let argument = || error.downcast_ref::<IllegalArgument>().map(|error| (error.message.clone(), false));
            let exists = || error.downcast_ref::<AlreadyExists>().map(|error| (error.message.clone(), false));
            let second = || error.downcast_ref::<TIOError>().map(|error| (Some(error.message.clone()), true));
            let (message, may_pass) = io.or_else(argument).or_else(exists).or_else(second)?;
            Some((message.unwrap_or_default(), may_pass))
        }
        // The answer is to another question: nobody knows what comes next.
        thrift::Error::Application(error)
            if matches!(error.kind, ApplicationErrorKind::BadSequenceId | ApplicationErrorKind::WrongMethodName) =>
        {
            None
        }
        // The server knows no such call, or could not read it.
        thrift::Error::Application(error) => Some((error.message.clone(), false)),
        _ => None,
    }
}

fn cause(message: &str, may_pass: bool) -> Cause {
    let has = |words: &str| message.contains(words);
    if has("TableNotFoundException") {
        Cause::NoTable
    } else if has("NoSuchColumnFamilyException") {
        Cause::NoFamily
    } else if has("TableNotEnabledException") || has("TableNotDisabledException") || has("is disabled") {
        Cause::Disabled
    } else if has("TableExistsException") || has("table name already in use") {
        Cause::Exists
    } else if has("CompressionTest") || has("Compression algorithm") || has("DoNotRetryIOException: Compression") {
        // The first time the codec's own error, in which nothing but the stack says what was tried.
        Cause::Codec
    } else if has("NamespaceNotFoundException") {
        Cause::NoNamespace
    } else if has("scanner ID is invalid") || has("Invalid scanner") {
        Cause::NoScanner
    } else if may_pass && !has("AccessDeniedException") && !has("DoNotRetryIOException") {
        Cause::Passing
    } else {
        Cause::Final
    }
}

/// What is said before the Java stack begins, without the names of packages.
fn first_words(message: &str) -> String {
    let first = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gives no reason").trim();
    // The innermost cause says more than what was wrapped around it.
    let cause = message.lines().filter_map(|line| line.trim().strip_prefix("Caused by: ")).next_back();
    let text = cause.unwrap_or(first);
    let text: String = text.chars().take(300).collect();
    text.split_once(": ").map_or(text.clone(), |(class, rest)| match class.rsplit_once('.') {
        Some((package, class)) if !package.contains(' ') => format!("{class}: {rest}"),
        _ => text.clone(),
    })
}

fn reason(error: &thrift::Error) -> String {
    match error {
        thrift::Error::Transport(error) if error.kind == thrift::TransportErrorKind::EndOfFile => {
            "the server closed the connection".into()
        }
        thrift::Error::Transport(error) if error.message.contains("os error 11") => {
            "no answer within the time allowed".into()
        }
        thrift::Error::Transport(error) => error.message.clone(),
        thrift::Error::Protocol(error) => {
            format!("the answer is not Thrift as it should be ({}); are transport and protocol right?", error.message)
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hbase_says_is_understood() {
        let io =
            |message: &str, can_retry| thrift::Error::from(IOError::new(Some(message.to_string()), Some(can_retry)));
        let cases = [
            (
                io("org.apache.hadoop.hbase.TableNotFoundException: user_table\n\tat org.apache\n", false),
                "TableNotFoundException: user_table",
                Cause::NoTable,
                Status::Permanent,
            ),
            (
                io("org.apache.hadoop.hbase.TableNotEnabledException: user_table is disabled.\n\tat x\n", false),
                "TableNotEnabledException: user_table is disabled.",
                Cause::Disabled,
                Status::Temporary,
            ),
            (
                io("java.io.IOException: a\n\tat x\nCaused by: java.net.ConnectException: refused\n\tat y\n", true),
                "ConnectException: refused",
                Cause::Passing,
                Status::Temporary,
            ),
            (
                io(
                    "org.apache.hadoop.hbase.DoNotRetryIOException: java.lang.NoClassDefFoundError: net/jpountz/lz4/LZ4Factory\n\tat \
                     org.apache.hadoop.hbase.util.CompressionTest.testCompression(CompressionTest.java:96)\n",
                    false,
                ),
                "DoNotRetryIOException: java.lang.NoClassDefFoundError: net/jpountz/lz4/LZ4Factory",
                Cause::Codec,
                Status::Permanent,
            ),
            (io("", false), "it gives no reason", Cause::Final, Status::Permanent),
        ];
        for (error, words, cause, status) in cases {
            let error = Error::of_call("write", "h:1".into(), &error);
            assert_eq!(error.to_string(), format!("cannot write in HBase at h:1: {words}"));
            assert_eq!((error.cause(), error.status()), (Some(cause), status));
        }
    }
}
