//! Everything that was seen at one moment, and what is to be thought of it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use tootmill_metric::Instant;

use crate::{
    Error, Finding, HBase, Level, Loads, TableNumbers, Thresholds,
    findings::{Findings, age_days},
    tables::per_table,
};

/// What was seen, and what is to be thought of it.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// When it was seen.
    #[serde(serialize_with = "as_text")]
    pub taken: Instant,
    /// The worst level of all findings.
    pub level: Level,
    /// HBase, if it was asked for and can be read.
    pub hbase: Option<HBase>,
    /// The tables that HBase has or that should be loaded, by name.
    pub tables: Vec<TableStatus>,
    /// What is worth looking at, the worst first.
    pub findings: Vec<Finding>,
}

/// What is known of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableStatus {
    /// The table.
    pub table: String,
    /// What HBase says of it.
    pub numbers: Option<TableNumbers>,
    /// When it was loaded for the last time, or what that load is as of.
    #[serde(serialize_with = "as_text")]
    pub last_load: Option<Instant>,
    /// The days since then.
    pub age_days: Option<f64>,
}

impl Outcome {
    /// Judges what was read at a moment. What was not asked for is `None`; what could not be read is found at the level
    /// of an error.
    pub fn of(
        taken: Instant,
        hbase: Option<Result<HBase, Error>>,
        loads: Option<Result<Loads, String>>,
        thresholds: &Thresholds,
    ) -> Self {
        let mut findings = Findings::new(thresholds);
        let hbase = hbase.and_then(|read| {
            let advice = "look whether the master runs, and name its web page by --hbase-master";
            read.map_err(|error| findings.unreadable("HBase", error.to_string(), advice)).ok()
        });
        let loads = loads.and_then(|read| {
            let advice = "look at where the tables are, and name that by --tables";
            read.map_err(|reason| findings.unreadable("last loads", reason, advice)).ok()
        });
        let mut tables: BTreeMap<String, TableStatus> = BTreeMap::new();
        if let Some(hbase) = &hbase {
            findings.servers(hbase);
            for (table, numbers) in per_table(&hbase.regions) {
                findings.table(&table, &numbers);
                status(&mut tables, &table).numbers = Some(numbers);
            }
        }
        if let Some(loads) = &loads {
            let loads = loads.by_table();
            findings.loads(&loads, taken);
            for (table, last_load) in loads {
                let status = status(&mut tables, table);
                status.last_load = last_load;
                status.age_days = last_load.map(|finished| age_days(finished, taken));
            }
        }
        let findings = findings.sorted();
        let level = findings.first().map_or(Level::Ok, |worst| worst.level);
        Self { taken, level, hbase, tables: tables.into_values().collect(), findings }
    }
}

fn status<'t>(tables: &'t mut BTreeMap<String, TableStatus>, table: &str) -> &'t mut TableStatus {
    let new = || TableStatus { table: table.to_owned(), numbers: None, last_load: None, age_days: None };
    tables.entry(table.to_owned()).or_insert_with(new)
}

/// An instant, or none, as the project shows it everywhere.
fn as_text<T: Copy + Into<Option<Instant>>, S: Serializer>(instant: &T, serializer: S) -> Result<S::Ok, S::Error> {
    (*instant).into().map(|instant| instant.to_string()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Check,
        recorded::{MASTER, Recorded},
    };

    fn found(outcome: &Outcome, check: Check) -> Vec<String> {
        let of_check = outcome.findings.iter().filter(|finding| finding.check == check);
        of_check.map(|finding| format!("{} {} {}", finding.level.name(), finding.about, finding.says)).collect()
    }

    #[test]
    fn hot_regions_and_old_loads_are_found() {
        let outcome = Recorded::new().outcome();
        assert_eq!(outcome.level, Level::Error);
        let hot = found(&outcome, Check::HotRegion);
        assert_eq!(hot.len(), 1);
        let says = "error toot_with_media_table of 1000 requests 98 % went to one of 4 regions, ";
        assert!(hot[0].starts_with(says), "{hot:?}");
        assert_eq!(
            found(&outcome, Check::LastLoad),
            ["error tag_table is 4.5 days old, as of 2026-11-20T00:00:00.000000Z", "error url_table was never loaded"]
        );
        assert_eq!(outcome.findings.len(), 3);
    }

    #[test]
    fn what_the_master_holds_for_wrong_is_found() {
        let mut recorded = Recorded::new();
        recorded.change("Master,sub=Server", "/beans/0/tag.deadRegionServers", "a,16020,1");
        recorded.change("AssignmentManager", "/beans/0/ritCount", 2);
        recorded.change("AssignmentManager", "/beans/0/ritCountOverThreshold", 1);
        let outcome = recorded.outcome();
        for (check, says) in [
            (Check::DeadServers, "warn http://127.0.0.1:25792 1 region server is dead: a:16020"),
            (Check::InTransition, "warn http://127.0.0.1:25792 2 regions are in transition"),
            (Check::Stuck, "error http://127.0.0.1:25792 1 region is stuck in transition"),
        ] {
            assert_eq!(found(&outcome, check), [says]);
        }
        recorded.change("Master,sub=Server", "/beans/0/tag.liveRegionServers", "");
        assert!(found(&recorded.outcome(), Check::DeadServers)[0].contains("no live region server"));
    }

    /// The one page that has full names of regions is that of the ports.
    #[test]
    fn no_row_key_is_shown() {
        let mut recorded = Recorded::new();
        let key = "115246593442082045";
        let status =
            serde_json::json!({format!("user_table,{key},1.8c8a."): {"name": format!("user_table,{key},1.8c8a.")}});
        let mut server = recorded.ask(&format!("{MASTER}/api/v1/admin/cluster_metrics/live_servers")).unwrap();
        server["data"][0]["region_status"] = status;
        recorded.change("/api/", "/data", server["data"].take());
        let outcome = recorded.outcome();
        assert!(outcome.hbase.as_ref().is_some_and(|hbase| hbase.unread.is_empty()), "{outcome:?}");
        assert!(!format!("{outcome:?}").contains(key));
        // Not where that page is misread either.
        recorded.change("/api/", "/data/0/info_server_port", key);
        let outcome = recorded.outcome();
        assert_eq!(found(&outcome, Check::Readable).len(), 1);
        assert!(!format!("{outcome:?}").contains(key));
    }

    #[test]
    fn many_store_files_are_found() {
        let hbase = HBase {
            regions: [15, 16, 32]
                .map(|store_files| crate::Region {
                    table: format!("t{store_files}"),
                    store_files,
                    ..Default::default()
                })
                .into(),
            ..Recorded::new().read().unwrap()
        };
        let outcome = Outcome::of(Instant::default(), Some(Ok(hbase)), None, &Thresholds::DEFAULT);
        let levels: Vec<_> = outcome.findings.iter().map(|finding| (finding.level, &*finding.about)).collect();
        assert_eq!(levels, [(Level::Error, "t32"), (Level::Warn, "t16")]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_what_is_not_asked_for_is_none() {
        let mut recorded = Recorded::new();
        recorded.remove("25794");
        let readable = found(&recorded.outcome(), Check::Readable);
        assert!(readable[0].starts_with("error localhost:25793 cannot ask http://localhost:25794/jmx"), "{readable:?}");
        let failed =
            Outcome::of(Instant::default(), Some(Err(Error::NoMaster)), Some(Err("gone".into())), &Thresholds::DEFAULT);
        assert_eq!(
            found(&failed, Check::Readable),
            ["error HBase ".to_owned() + &Error::NoMaster.to_string(), "error last loads gone".into()]
        );
        let nothing = Outcome::of(Instant::default(), None, None, &Thresholds::DEFAULT);
        assert_eq!((nothing.level, nothing.findings.len()), (Level::Ok, 0));
    }
}
