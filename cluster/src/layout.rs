//! Where what lies in a cluster's folder.

use std::path::{Path, PathBuf};

use crate::{Daemon, Error};

/// A cluster's folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    /// The folder must be there already, so that its path is the one by which its processes are known.
    pub(crate) fn of(folder: &Path) -> Result<Self, Error> {
        let folder = folder.canonicalize().map_err(crate::error::at("finding", folder))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@/".contains(&byte);
        if !folder.as_os_str().as_encoded_bytes().iter().all(|byte| plain(*byte)) {
            return Err(Error::Folder { folder });
        }
        Ok(Self(folder))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// What is told to people and shells.
    pub(crate) fn environment(&self) -> PathBuf {
        self.0.join("cluster.env")
    }

    /// What a later run needs to know.
    pub(crate) fn settings(&self) -> PathBuf {
        self.0.join("cluster.json")
    }

    /// Held by whoever starts the cluster.
    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    pub(crate) fn hadoop_configuration(&self) -> PathBuf {
        self.0.join("conf")
    }

    pub(crate) fn hbase_configuration(&self) -> PathBuf {
        self.0.join("conf-hbase")
    }

    /// What must outlive a restart, by who keeps it.
    pub(crate) fn data(&self, whose: &str) -> PathBuf {
        self.0.join("data").join(whose)
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    pub(crate) fn log(&self, daemon: Daemon) -> PathBuf {
        self.logs().join(format!("{daemon}.log"))
    }

    pub(crate) fn pid(&self, daemon: Daemon) -> PathBuf {
        self.0.join("pids").join(daemon.name())
    }

    /// The argument by which a process is known to be a daemon of this cluster.
    pub(crate) fn mark(&self) -> String {
        format!("-Dtootmill.cluster={}", self.0.display())
    }

    #[cfg(test)]
    pub(crate) fn of_test() -> Self {
        Self("/c".into())
    }
}
