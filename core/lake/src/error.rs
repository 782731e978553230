//! What can go wrong with a lake.

use std::io;

use hdfs_native::HdfsError;
use tootmill_metric::Status;

/// Why a lake cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder on disk.
    #[error("cannot {action} `{path}`: {source}")]
    Disk {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder in HDFS.
    #[error("cannot {action} `{path}`: {}", said(.source))]
    Hdfs {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: String,
        /// The cause.
        source: Box<HdfsError>,
    },
    /// A text is no address of a storage.
    #[error("`{0}` is no place for a lake: name a folder, or hdfs://HOST:PORT/FOLDER")]
    Address(String),
    /// An instance's name cannot be that of a folder.
    #[error("`{0}` is no name of an instance: write its host, for example mastodon.example")]
    Instance(String),
    /// Somebody else writes.
    #[error("the lake `{lake}` is being written by {holder}: wait until that is done")]
    Held {
        /// The lake.
        lake: String,
        /// Who holds the lease.
        holder: String,
    },
    /// The lease was lost, because its holder did not show itself for too long.
    #[error(
        "the lease of the lake `{0}` was lost, because this process stood still for too long: what was not committed was left out"
    )]
    LeaseLost(String),
    /// A file that this program wrote does not read back.
    #[error("`{path}` cannot be understood: {reason}; it was changed, or written by another version")]
    Content {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// An input is named that is not there, or no glob.
    #[error(transparent)]
    Input(#[from] tootmill_input::Error),
}

impl Error {
    /// Whether trying again may help.
    pub fn status(&self) -> Status {
        match self {
            Self::Hdfs { source, .. } => status(source),
            Self::Held { .. } | Self::LeaseLost(_) => Status::Temporary,
            Self::Input(error) => error.status(),
            Self::Disk { .. } | Self::Address(_) | Self::Instance(_) | Self::Content { .. } => Status::Permanent,
        }
    }

    /// As an error of reading or writing, whose kind says whether trying again may help.
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Disk { source, .. } => source,
            error => {
                let kind = match (error.status(), &error) {
                    (Status::Temporary, _) => io::ErrorKind::TimedOut,
                    (_, Self::Hdfs { source, .. }) if is_missing(source) => io::ErrorKind::NotFound,
                    _ => io::ErrorKind::PermissionDenied,
                };
                io::Error::new(kind, error)
            }
        }
    }
}

/// Whether a file or folder is not there.
pub(crate) fn is_missing(error: &HdfsError) -> bool {
    match error {
        HdfsError::FileNotFound(_) => true,
        _ => class(error).is_some_and(|class| class == "FileNotFoundException"),
    }
}

/// Whether a file is there already.
pub(crate) fn exists(error: &HdfsError) -> bool {
    matches!(error, HdfsError::AlreadyExists(_)) || class(error) == Some("FileAlreadyExistsException")
}

/// The NameNode's exception, without its package.
pub(crate) fn class(error: &HdfsError) -> Option<&str> {
    match error {
        HdfsError::RPCError(class, _) | HdfsError::FatalRPCError(class, _) => class.rsplit(['.', '$']).next(),
        _ => None,
    }
}

fn status(error: &HdfsError) -> Status {
    match error {
        HdfsError::IOError(_)
        | HdfsError::DataTransferError(_)
        | HdfsError::ChecksumError
        | HdfsError::OperationFailed(_)
        | HdfsError::BlocksNotFound(_)
        | HdfsError::InvalidRPCResponse(_) => Status::Temporary,
        error => match class(error) {
            // An IOException of the NameNode is a block for which no DataNode is there, or has space: both may come.
            Some(
                "SafeModeException"
                | "StandbyException"
                | "RetriableException"
                | "IOException"
                | "ConnectException"
                | "RecoveryInProgressException"
                | "AlreadyBeingCreatedException"
                | "NotReplicatedYetException"
                | "ServerException"
                | "RetryStartFileException",
            ) => Status::Temporary,
            _ => Status::Permanent,
        },
    }
}

/// What HDFS said, in one line without a stack trace, and what to do about it where that is known.
fn said(error: &HdfsError) -> String {
    let advice = match class(error) {
        Some("SafeModeException") => "; the NameNode is in safe mode: wait, or look at `hdfs dfsadmin -safemode get`",
        Some("AccessControlException") => {
            "; you are another user than you should be (HADOOP_USER_NAME, or your Kerberos ticket), or the folder's owner must allow it"
        }
        Some("DSQuotaExceededException" | "NSQuotaExceededException" | "QuotaByStorageTypeExceededException") => {
            "; remove what is not needed any more, or have the quota raised (`hdfs dfs -count -q FOLDER` shows it)"
        }
        Some("IOException") => "; are the DataNodes running, and have they space? `hdfs dfsadmin -report` says",
        None if matches!(error, HdfsError::IOError(_)) => "; is the NameNode running at this address?",
        _ => "",
    };
    let text = match error {
        HdfsError::RPCError(_, message) | HdfsError::FatalRPCError(_, message) => message.clone(),
        error => error.to_string(),
    };
    format!("{}{advice}", text.lines().next().unwrap_or_default().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpc(class: &str, message: &str) -> Error {
        let source = Box::new(HdfsError::RPCError(class.into(), message.into()));
        Error::Hdfs { action: "create", path: "hdfs://mill:8020/lake".into(), source }
    }

    #[test]
    fn what_the_namenode_says_is_one_line_with_advice() {
        let error = rpc(
            "org.apache.hadoop.hdfs.server.namenode.SafeModeException",
            "Cannot create file. Name node is in safe mode.\n\tat java",
        );
        assert_eq!(error.status(), Status::Temporary);
        assert_eq!(
            error.to_string(),
            "cannot create `hdfs://mill:8020/lake`: Cannot create file. Name node is in safe mode; the NameNode is in \
             safe mode: wait, or look at `hdfs dfsadmin -safemode get`"
        );
        let error = rpc("org.apache.hadoop.security.AccessControlException", "Permission denied: user=miller");
        assert_eq!(error.status(), Status::Permanent);
        assert!(error.to_string().contains("HADOOP_USER_NAME"), "{error}");
    }
}
