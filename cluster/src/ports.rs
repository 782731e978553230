//! A block of neighbouring free ports, one for each thing of a cluster that listens.
//!
//! Blocks lie below the ports that the system gives to whoever asks for any, so that only another cluster could come
//! between. It doesn't: of the blocks of two clusters no port is shared, because a block is taken only when all of it is
//! free, and until a cluster is up, some of its block is always held.

use std::{
    collections::BTreeMap,
    fmt::Display,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

use serde::{Deserialize, Serialize};

use crate::Error;

/// What listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Port {
    NameNode,
    NameNodeWeb,
    DataNode1,
    DataNode1Web,
    DataNode1Ipc,
    DataNode2,
    DataNode2Web,
    DataNode2Ipc,
    ResourceManager,
    ResourceManagerScheduler,
    ResourceManagerTracker,
    ResourceManagerAdmin,
    ResourceManagerWeb,
    NodeManager,
    NodeManagerLocalizer,
    NodeManagerWeb,
    Shuffle,
    HistoryServer,
    HistoryServerAdmin,
    HistoryServerWeb,
    ZooKeeper,
    HMaster,
    HMasterWeb,
    RegionServer,
    RegionServerWeb,
    Thrift1,
    Thrift1Web,
    Thrift2,
    Thrift2Web,
    /// Listens to nobody: held until the cluster is up, so that the block is never all free.
    Guard,
}

/// How many ports a block has.
const COUNT: u16 = Port::Guard as u16 + 1;
const LOWEST: u16 = 15_000;
/// The usual beginning of the ports that the system hands out.
const HIGHEST: u16 = 32_000;
const TRIES: u32 = 500;

/// The ports of one cluster. The default ones are of none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    first: u16,
}

impl Ports {
    pub(crate) fn number(self, port: Port) -> u16 {
        self.first + port as u16
    }

    /// `host:port`.
    pub(crate) fn address(self, port: Port) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.number(port))
    }

    pub(crate) fn url(self, port: Port, path: impl Display) -> String {
        format!("http://{}{path}", self.address(port))
    }

    #[cfg(test)]
    pub(crate) fn of_test() -> Self {
        Self { first: 20_000 }
    }
}

/// A block while it is held.
pub(crate) struct Held {
    ports: Ports,
    listeners: BTreeMap<u16, TcpListener>,
}

impl Held {
    /// A free block: the one that was had before, or any other.
    pub(crate) fn any(before: Option<Ports>) -> Result<Self, Error> {
        let random = |try_: u32| {
            let blocks = u64::from((HIGHEST - LOWEST) / COUNT);
            let block = RandomState::new().hash_one(try_) % blocks;
            Ports { first: LOWEST + COUNT * u16::try_from(block).unwrap_or_default() }
        };
        let mut candidates = before.into_iter().chain((0..TRIES).map(random));
        candidates.find_map(Self::take).ok_or(Error::NoPorts { count: COUNT, blocks: TRIES })
    }

    /// All of the block, or nothing.
    fn take(ports: Ports) -> Option<Self> {
        let shuffle = ports.number(Port::Shuffle);
        let listen = |port: u16| {
            // Hadoop's shuffle knows no address to bind to, and takes all.
            let address = if port == shuffle { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
            Some((port, TcpListener::bind((address, port)).ok()?))
        };
        let listeners = (ports.first..ports.first.checked_add(COUNT)?).map(listen).collect::<Option<_>>()?;
        Some(Self { ports, listeners })
    }

    pub(crate) fn ports(&self) -> Ports {
        self.ports
    }

    /// Lets go of the ports, for the daemon that is about to listen on them.
    pub(crate) fn release(&mut self, ports: &[Port]) {
        for port in ports {
            self.listeners.remove(&self.ports.number(*port));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn blocks_share_no_port_even_while_some_are_released() {
        let mut one = Held::any(None).unwrap();
        one.release(&[Port::NameNode, Port::ZooKeeper]);
        let other = Held::any(Some(one.ports())).unwrap();
        assert!(one.ports().first.abs_diff(other.ports().first) >= COUNT);
        let free = TcpListener::bind(one.ports().address(Port::NameNode));
        free.unwrap();
        TcpListener::bind(one.ports().address(Port::NameNodeWeb)).unwrap_err();
    }

    #[test]
    fn the_same_ports_come_back_while_they_are_free() {
        let ports = Held::any(None).unwrap().ports();
        // A process that another test starts has them too, for the moment until it is that other program.
        let start = Instant::now();
        while Held::any(Some(ports)).unwrap().ports() != ports {
            assert!(start.elapsed() < Duration::from_secs(20), "they don't come back");
        }
    }
}
