//! What a cluster was started with, kept in its folder for whoever opens it later.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Daemon, Error, Layout, error::at, jars::Jars, ports::Ports};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Settings {
    pub(crate) ports: Ports,
    pub(crate) datanodes: u8,
    pub(crate) hbase: bool,
    pub(crate) log_aggregation: bool,
    #[serde(default)]
    pub(crate) for_measuring: bool,
    /// Whether the folder goes when the cluster does.
    pub(crate) temporary: bool,
    /// Who may do everything in HDFS: whoever runs the daemons.
    pub(crate) user: String,
    pub(crate) java_home: PathBuf,
    pub(crate) jars: Jars,
}

impl Settings {
    /// Those of the cluster in the folder; none if there was never one.
    pub(crate) fn read(layout: &Layout) -> Result<Option<Self>, Error> {
        let path = layout.settings();
        if !path.exists() {
            return Ok(None);
        }
        let read = || Ok(serde_json::from_slice(&fs::read(&path)?)?);
        read().map(Some).map_err(at("reading", &path))
    }

    pub(crate) fn write(&self, layout: &Layout) -> Result<(), Error> {
        let path = layout.settings();
        let write = || fs::write(&path, serde_json::to_vec_pretty(self)?);
        write().map_err(at("writing", &path))
    }

    /// In the order in which they are started.
    pub(crate) fn daemons(&self) -> impl Iterator<Item = Daemon> {
        Daemon::ALL.into_iter().filter(|daemon| self.has(*daemon))
    }

    pub(crate) fn has(&self, daemon: Daemon) -> bool {
        (self.hbase || !daemon.is_hbase()) && (self.datanodes > 1 || daemon != Daemon::DataNode2)
    }

    #[cfg(test)]
    pub(crate) fn of_test() -> Self {
        Self {
            ports: Ports::of_test(),
            datanodes: 1,
            hbase: true,
            log_aggregation: false,
            for_measuring: false,
            temporary: true,
            user: "miller".to_owned(),
            java_home: "/java".into(),
            jars: Jars::of_test(),
        }
    }
}
