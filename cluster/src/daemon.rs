//! The daemons of a cluster: what each is called, runs, listens on, and needs to be there before it.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::ports::Port;

/// A process of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they are called what Hadoop and HBase call them")]
pub enum Daemon {
    NameNode,
    DataNode1,
    DataNode2,
    ResourceManager,
    NodeManager,
    HistoryServer,
    ZooKeeper,
    HMaster,
    RegionServer,
    Thrift1,
    Thrift2,
}

use Daemon::{
    DataNode1, DataNode2, HMaster, HistoryServer, NameNode, NodeManager, RegionServer, ResourceManager, Thrift1,
    Thrift2, ZooKeeper,
};

impl Daemon {
    /// In the order in which they are started.
    pub const ALL: [Self; 11] = [
        NameNode,
        ResourceManager,
        ZooKeeper,
        DataNode1,
        DataNode2,
        NodeManager,
        HMaster,
        RegionServer,
        HistoryServer,
        Thrift1,
        Thrift2,
    ];

    /// Groups that are stopped one after the other: first whoever uses the others.
    pub(crate) const STOPPED: [&[Self]; 3] = [
        &[Thrift1, Thrift2, HistoryServer, NodeManager, RegionServer, HMaster],
        &[ResourceManager, ZooKeeper, DataNode1, DataNode2],
        &[NameNode],
    ];

    /// As on the command line, and in the names of files.
    pub fn name(self) -> &'static str {
        match self {
            NameNode => "namenode",
            DataNode1 => "datanode1",
            DataNode2 => "datanode2",
            ResourceManager => "resourcemanager",
            NodeManager => "nodemanager",
            HistoryServer => "historyserver",
            ZooKeeper => "zookeeper",
            HMaster => "hmaster",
            RegionServer => "regionserver",
            Thrift1 => "thrift1",
            Thrift2 => "thrift2",
        }
    }

    pub(crate) fn is_hbase(self) -> bool {
        matches!(self, ZooKeeper | HMaster | RegionServer | Thrift1 | Thrift2)
    }

    pub(crate) fn main_class(self) -> &'static str {
        match self {
            NameNode => "org.apache.hadoop.hdfs.server.namenode.NameNode",
            DataNode1 | DataNode2 => "org.apache.hadoop.hdfs.server.datanode.DataNode",
            ResourceManager => "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
            NodeManager => "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
            HistoryServer => "org.apache.hadoop.mapreduce.v2.hs.JobHistoryServer",
            ZooKeeper => "org.apache.hadoop.hbase.zookeeper.HQuorumPeer",
            HMaster => "org.apache.hadoop.hbase.master.HMaster",
            RegionServer => "org.apache.hadoop.hbase.regionserver.HRegionServer",
            Thrift1 => "org.apache.hadoop.hbase.thrift.ThriftServer",
            Thrift2 => "org.apache.hadoop.hbase.thrift2.ThriftServer",
        }
    }

    pub(crate) fn heap_megabytes(self) -> u32 {
        match self {
            ZooKeeper => 128,
            NameNode | DataNode1 | DataNode2 | NodeManager | HistoryServer | Thrift1 | Thrift2 => 256,
            ResourceManager | HMaster => 384,
            RegionServer => 512,
        }
    }

    /// How long it may take to end when it is asked to, before it is killed.
    pub(crate) fn grace(self) -> Duration {
        Duration::from_secs(match self {
            // They write what they have in memory.
            HMaster | RegionServer => 30,
            // A NodeManager with containers waits for more than that, and for nothing.
            _ => 5,
        })
    }

    /// The first is the one that people ask for.
    pub(crate) fn ports(self) -> &'static [Port] {
        match self {
            NameNode => &[Port::NameNode, Port::NameNodeWeb],
            DataNode1 => &[Port::DataNode1, Port::DataNode1Web, Port::DataNode1Ipc],
            DataNode2 => &[Port::DataNode2, Port::DataNode2Web, Port::DataNode2Ipc],
            ResourceManager => &[
                Port::ResourceManager,
                Port::ResourceManagerScheduler,
                Port::ResourceManagerTracker,
                Port::ResourceManagerAdmin,
                Port::ResourceManagerWeb,
            ],
            NodeManager => &[Port::NodeManager, Port::NodeManagerLocalizer, Port::NodeManagerWeb, Port::Shuffle],
            HistoryServer => &[Port::HistoryServer, Port::HistoryServerAdmin, Port::HistoryServerWeb],
            ZooKeeper => &[Port::ZooKeeper],
            HMaster => &[Port::HMaster, Port::HMasterWeb],
            RegionServer => &[Port::RegionServer, Port::RegionServerWeb],
            Thrift1 => &[Port::Thrift1, Port::Thrift1Web],
            Thrift2 => &[Port::Thrift2, Port::Thrift2Web],
        }
    }

    /// Who must answer before it is started: one that was started too early waits for seconds before it tries again.
    pub(crate) fn needs(self) -> &'static [Self] {
        match self {
            NameNode | ResourceManager | ZooKeeper | HistoryServer => &[],
            DataNode1 | DataNode2 => &[NameNode],
            NodeManager => &[ResourceManager],
            HMaster | RegionServer | Thrift1 | Thrift2 => &[ZooKeeper],
        }
    }

    /// Whether it also needs HDFS that can be written to.
    pub(crate) fn needs_hdfs(self) -> bool {
        matches!(self, HistoryServer | HMaster | RegionServer)
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Daemon {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|daemon| daemon.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no daemon is called {name}; there are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for daemon in Daemon::ALL {
            assert_eq!(daemon.name().parse(), Ok(daemon));
        }
        assert!("mill".parse::<Daemon>().unwrap_err().contains("no daemon is called mill; there are namenode, "));
    }

    #[test]
    fn every_daemon_is_started_after_what_it_needs_and_stopped_once() {
        let place = |daemon| Daemon::ALL.iter().position(|other| *other == daemon);
        for daemon in Daemon::ALL {
            assert!(daemon.needs().iter().all(|needed| place(*needed) < place(daemon)), "{daemon}");
            assert_eq!(
                Daemon::STOPPED.iter().flat_map(|group| *group).filter(|stopped| **stopped == daemon).count(),
                1
            );
        }
    }
}
