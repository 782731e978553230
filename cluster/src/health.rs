//! Whether a daemon does what it is there for. Each question has the answer yes, or what is the matter.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

use crate::{
    Daemon,
    ports::{Port, Ports},
    settings::Settings,
    web,
};

type Health = Result<(), String>;

pub(crate) fn answers(daemon: Daemon, settings: &Settings) -> Health {
    let ports = settings.ports;
    match daemon {
        Daemon::NameNode => name_node(settings),
        Daemon::DataNode1 => data_node(ports, Port::DataNode1, Port::DataNode1Web),
        Daemon::DataNode2 => data_node(ports, Port::DataNode2, Port::DataNode2Web),
        Daemon::ResourceManager => resource_manager(ports),
        Daemon::NodeManager => node_manager(ports),
        Daemon::HistoryServer => history_server(ports),
        Daemon::ZooKeeper => zookeeper(ports),
        Daemon::HMaster => master(ports),
        Daemon::RegionServer => region_server(ports),
        Daemon::Thrift1 => accepts(ports, Port::Thrift1).map(drop),
        Daemon::Thrift2 => accepts(ports, Port::Thrift2).map(drop),
    }
}

/// Whether files can be written.
pub(crate) fn hdfs_is_writable(settings: &Settings) -> Health {
    let bean = web::bean(&settings.ports.url(Port::NameNodeWeb, "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"))?;
    match bean.pointer("/Safemode").and_then(Value::as_str) {
        Some("") => Ok(()),
        Some(reason) => Err(reason.to_owned()),
        None => Err("the NameNode does not say whether it is in safe mode".to_owned()),
    }
}

/// Both its ports serve; it may be in safe mode.
fn name_node(settings: &Settings) -> Health {
    accepts(settings.ports, Port::NameNode)?;
    let listing = format!("/webhdfs/v1/?op=LISTSTATUS&user.name={}", settings.user);
    web::get(&settings.ports.url(Port::NameNodeWeb, listing)).map(drop)
}

/// It is registered, by its own words and by the NameNode's.
fn data_node(ports: Ports, data: Port, web_: Port) -> Health {
    let own = web::bean(&ports.url(web_, "/jmx?qry=Hadoop:service=DataNode,name=DataNodeInfo"))?;
    // A list of JSON inside of a string, an item for each NameNode.
    let actors = own.pointer("/BPServiceActorInfo").and_then(Value::as_str).unwrap_or_default();
    if !actors.contains(r#""ActorState":"RUNNING""#) {
        return Err(format!("it is not registered with the NameNode: {actors}"));
    }
    let names = web::bean(&ports.url(Port::NameNodeWeb, "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"))?;
    let live = names.pointer("/LiveNodes").and_then(Value::as_str).unwrap_or_default();
    let address = ports.address(data);
    if live.contains(&format!("\"{address}\"")) { Ok(()) } else { Err("the NameNode does not call it live".to_owned()) }
}

fn resource_manager(ports: Ports) -> Health {
    let info = web::get(&ports.url(Port::ResourceManagerWeb, "/ws/v1/cluster/info"))?;
    is(&info, "/clusterInfo/state", "STARTED")
}

/// It is running by the ResourceManager's word, which must be newer than the NodeManager itself.
fn node_manager(ports: Ports) -> Health {
    let own = web::get(&ports.url(Port::NodeManagerWeb, "/ws/v1/node/info"))?;
    let started = own.pointer("/nodeInfo/nmStartupTime").and_then(Value::as_u64).unwrap_or(u64::MAX);
    // It calls itself by the name that the machine has for its address.
    let id = own.pointer("/nodeInfo/id").and_then(Value::as_str).unwrap_or_default();
    let node = web::get(&ports.url(Port::ResourceManagerWeb, format!("/ws/v1/cluster/nodes/{id}")))?;
    is(&node, "/node/state", "RUNNING")?;
    let said = node.pointer("/node/lastHealthUpdate").and_then(Value::as_u64).unwrap_or_default();
    if said >= started { Ok(()) } else { Err("it has not registered with the ResourceManager again".to_owned()) }
}

fn history_server(ports: Ports) -> Health {
    let info = web::get(&ports.url(Port::HistoryServerWeb, "/ws/v1/history/info"))?;
    info.pointer("/historyInfo/startedOn").map(drop).ok_or_else(|| format!("it says {info}"))
}

fn zookeeper(ports: Ports) -> Health {
    let mut stream = accepts(ports, Port::ZooKeeper)?;
    let mut answer = String::new();
    let talk = stream.write_all(b"srvr").and_then(|()| stream.read_to_string(&mut answer));
    talk.map_err(|error| format!("it does not answer: {error}"))?;
    if answer.contains("Mode: ") { Ok(()) } else { Err(format!("it says {answer}")) }
}

/// It is the active master, it has its region server, and it takes orders.
fn master(ports: Ports) -> Health {
    let bean = web::bean(&ports.url(Port::HMasterWeb, "/jmx?qry=Hadoop:service=HBase,name=Master,sub=Server"))?;
    is(&bean, "/tag.isActiveMaster", "true")?;
    for (figure, problem) in
        [("/numRegionServers", "it has no region server"), ("/masterFinishedInitializationTime", "it is initialising")]
    {
        if bean.pointer(figure).and_then(Value::as_u64).unwrap_or_default() == 0 {
            return Err(problem.to_owned());
        }
    }
    Ok(())
}

fn region_server(ports: Ports) -> Health {
    accepts(ports, Port::RegionServer)?;
    let bean =
        web::bean(&ports.url(Port::RegionServerWeb, "/jmx?qry=Hadoop:service=HBase,name=RegionServer,sub=Server"))?;
    // The one region server has hbase:meta.
    let regions = bean.pointer("/regionCount").and_then(Value::as_u64).unwrap_or_default();
    if regions > 0 { Ok(()) } else { Err("it has no region".to_owned()) }
}

fn is(value: &Value, pointer: &str, wanted: &str) -> Health {
    match value.pointer(pointer).and_then(Value::as_str) {
        Some(found) if found == wanted => Ok(()),
        found => Err(format!("{pointer} is {}, not {wanted}", found.unwrap_or("absent"))),
    }
}

fn accepts(ports: Ports, port: Port) -> Result<TcpStream, String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let address = SocketAddr::from(([127, 0, 0, 1], ports.number(port)));
    let connect = || {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok::<_, std::io::Error>(stream)
    };
    connect().map_err(|error| format!("{address}: {error}"))
}
