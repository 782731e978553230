//! Reading HBase: the master, then every region server that it knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    jmx::{Ask, Bean, Http},
    region::{Region, regions},
};

/// Where a region server has its web page, unless `hbase.regionserver.info.port` says otherwise.
const REGION_SERVER_PORT: u16 = 16030;

/// What the servers of HBase say. Bytes are exact, but a region server counts its totals every five seconds, and those of
/// each region every 45.
#[derive(Debug, Default, Serialize)]
pub struct HBase {
    /// The address of the active master.
    pub master: String,
    /// The region servers that live and answer.
    pub servers: Vec<RegionServer>,
    /// Region servers that should live, but cannot be read.
    pub unread: Vec<Unread>,
    /// Region servers that the master holds for dead.
    pub dead: Vec<String>,
    /// Regions that are being opened, closed or moved.
    pub in_transition: u64,
    /// Those of them that have been for longer than `hbase.metrics.rit.stuck.warning.threshold`, by default a minute.
    pub stuck: u64,
    /// The regions of the servers that answer.
    #[serde(skip)]
    pub regions: Vec<Region>,
}

/// A region server and its totals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RegionServer {
    /// Its host and the port of its requests.
    pub server: String,
    /// Its regions.
    pub regions: u64,
    /// The files of their stores.
    pub store_files: u64,
    /// The bytes of those files.
    pub store_bytes: u64,
    /// The bytes that are not in a file yet.
    pub memory_bytes: u64,
    /// Requests since it started.
    pub requests: u64,
}

/// A region server that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its host and the port of its requests.
    pub server: String,
    /// Why.
    pub reason: String,
}

impl HBase {
    /// Asks the first of the masters that is active, then its region servers.
    ///
    /// An address is that of a web page, `http://HOST:16010`. The region servers have theirs at the port that is given, or
    /// else at the one that the master knows.
    pub fn read(masters: &[String], region_server_port: Option<u16>) -> Result<Self, Error> {
        let http = Http::new()?;
        Self::ask(&|url| http.get(url), masters, region_server_port)
    }

    pub(crate) fn ask(ask: Ask<'_>, masters: &[String], region_server_port: Option<u16>) -> Result<Self, Error> {
        let mut failure = None;
        for master in masters {
            match Self::of_master(ask, master.trim_end_matches('/'), region_server_port) {
                Ok(hbase) => return Ok(hbase),
                // A master that does not answer says more of what is wrong than one that stands by.
                Err(error) if matches!(failure, None | Some(Error::StandsBy { .. })) => failure = Some(error),
                Err(_) => {}
            }
        }
        Err(failure.unwrap_or(Error::NoMaster))
    }

    fn of_master(ask: Ask<'_>, master: &str, region_server_port: Option<u16>) -> Result<Self, Error> {
        let server = Bean::read(ask, master, "Master", "Server")?;
        if server.text("tag.isActiveMaster")? != "true" {
            return Err(Error::StandsBy { url: master.to_owned() });
        }
        let assignment = Bean::read(ask, master, "Master", "AssignmentManager")?;
        let ports = match region_server_port {
            Some(_) => BTreeMap::new(),
            None => web_ports(ask, master)?,
        };
        let scheme = master.split_once("://").map_or("http", |(scheme, _)| scheme);
        let names = |tag| -> Result<Vec<String>, Error> {
            Ok(server.text(tag)?.split(';').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect())
        };
        let mut hbase = Self {
            master: master.to_owned(),
            dead: names("tag.deadRegionServers")?.iter().map(|name| address(name)).collect(),
            in_transition: assignment.number("ritCount")?,
            stuck: assignment.number("ritCountOverThreshold")?,
            ..Self::default()
        };
        // A region that moves meanwhile is told of by both of its servers.
        let mut all = BTreeMap::new();
        for name in names("tag.liveRegionServers")? {
            let port = region_server_port.or_else(|| ports.get(&name).copied()).unwrap_or(REGION_SERVER_PORT);
            let host = name.split(',').next().unwrap_or_default();
            match region_server(ask, &format!("{scheme}://{host}:{port}"), &name) {
                Ok((server, regions)) => {
                    hbase.servers.push(server);
                    all.extend(regions.into_iter().map(|region| (region.encoded.clone(), region)));
                }
                Err(error) => hbase.unread.push(Unread { server: address(&name), reason: error.to_string() }),
            }
        }
        hbase.regions = all.into_values().collect();
        Ok(hbase)
    }
}

/// Of a server's name, `host,port,start`, what stays when it starts again.
fn address(name: &str) -> String {
    name.split(',').take(2).collect::<Vec<_>>().join(":")
}

fn region_server(ask: Ask<'_>, url: &str, name: &str) -> Result<(RegionServer, Vec<Region>), Error> {
    let bean = Bean::read(ask, url, "RegionServer", "Server")?;
    let found = bean.text("tag.serverName")?;
    if found != name {
        return Err(Error::OtherServer { url: url.to_owned(), expected: name.to_owned(), found: found.to_owned() });
    }
    let server = RegionServer {
        server: address(name),
        regions: bean.number("regionCount")?,
        store_files: bean.number("storeFileCount")?,
        store_bytes: bean.number("storeFileSize")?,
        memory_bytes: bean.number("memStoreSize")?,
        requests: bean.number("totalRequestCount")?,
    };
    let regions =
        if server.regions == 0 { Vec::new() } else { regions(&Bean::read(ask, url, "RegionServer", "Regions")?)? };
    if regions.is_empty() && server.regions > 0 {
        return Err(Error::NoRegions { url: url.to_owned(), count: server.regions });
    }
    Ok((server, regions))
}

/// The ports of the region servers' web pages, by the servers' names: no bean has them, but the master's REST pages do.
fn web_ports(ask: Ask<'_>, master: &str) -> Result<BTreeMap<String, u16>, Error> {
    let url = format!("{master}/api/v1/admin/cluster_metrics/live_servers");
    let answer = match ask(&url) {
        // Older versions have no such pages.
        Err(Error::Unknown { .. }) => return Ok(BTreeMap::new()),
        answer => answer?,
    };
    let servers: LiveServers = serde_json::from_value(answer)
        .map_err(|_| Error::Attribute { url, attribute: "info_server_port".to_owned() })?;
    Ok(servers.data.into_iter().map(|live| (live.server_name.server_name, live.info_server_port)).collect())
}

#[derive(Deserialize)]
struct LiveServers {
    data: Vec<LiveServer>,
}

#[derive(Deserialize)]
struct LiveServer {
    server_name: ServerName,
    info_server_port: u16,
}

#[derive(Deserialize)]
struct ServerName {
    server_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{MASTER, Recorded};

    #[test]
    fn a_recorded_cluster_is_read() {
        let hbase = Recorded::new().read().unwrap();
        assert_eq!((hbase.in_transition, hbase.stuck, hbase.dead.len(), hbase.unread.len()), (0, 0, 0, 0));
        assert_eq!(hbase.master, MASTER);
        let expected = RegionServer {
            server: "localhost:25793".into(),
            regions: 6,
            store_files: 6,
            store_bytes: 74_060,
            memory_bytes: 14_536,
            requests: 59,
        };
        assert_eq!(hbase.servers, [expected]);
        let mut writes: Vec<_> = hbase.regions.iter().map(|region| (region.writes, &*region.table)).collect();
        writes.sort_unstable();
        assert_eq!(writes.len(), 6);
        assert_eq!(writes.last(), Some(&(980, "toot_with_media_table")));
    }

    #[test]
    fn a_region_server_that_cannot_be_read_is_named_and_the_rest_is_read() {
        type Change = fn(&mut Recorded);
        let cases: [(&str, Change, &str); 4] = [
            ("silent", |recorded| recorded.remove("25794"), "refused"),
            ("half", |recorded| recorded.remove("sub=Regions"), "refused"),
            (
                "started again",
                |recorded| recorded.change("RegionServer,sub=Server", "/beans/0/tag.serverName", "localhost,25793,2"),
                "not of localhost,25793,1795546213805",
            ),
            (
                "without numbers",
                |recorded| recorded.change("sub=Regions", "/beans/0", serde_json::json!({})),
                "has 6 regions and gives no numbers",
            ),
        ];
        for (name, change, says) in cases {
            let mut recorded = Recorded::new();
            change(&mut recorded);
            let hbase = recorded.read().unwrap();
            assert!(hbase.servers.is_empty() && hbase.regions.is_empty(), "{name}");
            assert_eq!(hbase.unread[0].server, "localhost:25793", "{name}");
            assert!(hbase.unread[0].reason.contains(says), "{name}: {}", hbase.unread[0].reason);
        }
    }

    #[test]
    fn region_servers_are_found_where_they_are_said_to_be() {
        let mut recorded = Recorded::new();
        recorded.remove("/api/");
        recorded.read().unwrap();
        assert!(recorded.asked.borrow().iter().any(|url| url.starts_with("http://localhost:16030/jmx")));
        let given = HBase::ask(&|url| recorded.ask(url), &[MASTER.to_owned()], Some(25794)).unwrap();
        assert_eq!(given.regions.len(), 6);
    }

    #[test]
    fn the_active_master_is_asked_and_a_dead_server_is_named() {
        let mut recorded = Recorded::new();
        recorded.change("Master,sub=Server", "/beans/0/tag.deadRegionServers", "a,16020,1;b,16020,2");
        let masters = ["http://127.0.0.1:1".to_owned(), MASTER.to_owned()];
        let hbase = HBase::ask(&|url| recorded.ask(url), &masters, None).unwrap();
        assert_eq!(hbase.dead, ["a:16020", "b:16020"]);
        recorded.change("Master,sub=Server", "/beans/0/tag.isActiveMaster", "false");
        assert!(matches!(recorded.read(), Err(Error::StandsBy { .. })));
        let silent = HBase::ask(&|url| recorded.ask(url), &[MASTER.to_owned(), masters[0].clone()], None);
        assert!(matches!(silent, Err(Error::Ask { .. })), "a silent master says more than one that stands by");
        assert!(matches!(HBase::ask(&|url| recorded.ask(url), &[], None), Err(Error::NoMaster)));
    }
}
