//! Everything that was seen at one moment, and what is to be thought of it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use tootmill_lake::Survey;
use tootmill_metric::{Day, Instant};

use crate::{
    DayNumbers, DayStatus, Error, Finding, HBase, LakeStatus, Level, Loads, NameNode, TableNumbers, Thresholds,
    findings::{Findings, age_days},
    tables::per_table,
};

/// What was read at one moment, or could not be; what was not asked for is `None`.
#[derive(Debug, Default)]
pub struct Seen {
    /// HBase.
    pub hbase: Option<Result<HBase, Error>>,
    /// HDFS.
    pub namenode: Option<Result<NameNode, Error>>,
    /// The loads, as their store tells of them.
    pub loads: Option<Result<Loads, String>>,
    /// What lies in the lake.
    pub lake: Option<Result<Survey, String>>,
    /// What is not at its end of what was erased in the lake.
    pub erasures: Option<Result<Erasures, String>>,
    /// A day whose data are looked at.
    pub day: Option<Result<DayNumbers, String>>,
}

/// What is not at its end of what was erased in a lake, as a caller says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasures {
    /// Whether one was interrupted.
    pub is_unfinished: bool,
    /// Whether letting accounts go that were not seen for long was interrupted.
    pub is_retaining: bool,
    /// What is older than it should be, in words.
    pub overdue: Vec<String>,
    /// Why something of this is not known, in words.
    pub unread: Vec<String>,
    /// How many files of HBase may still hold what was erased.
    pub files: u64,
    /// The last time before which they were written, as text.
    pub since: String,
    /// What is kept for longer than the lake keeps accounts, in words.
    pub too_long: Vec<String>,
}

/// What was seen, and what is to be thought of it.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// When it was seen.
    #[serde(serialize_with = "as_text")]
    pub taken: Instant,
    /// The worst level of all findings.
    pub level: Level,
    /// The day, if one was asked for and can be read.
    pub day: Option<DayStatus>,
    /// The lake, if it was asked for and can be read.
    pub lake: Option<LakeStatus>,
    /// HDFS, if it was asked for and can be read.
    pub namenode: Option<NameNode>,
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
    /// Judges what was read at a moment. What could not be read is found at the level of an error.
    pub fn of(taken: Instant, seen: Seen, thresholds: &Thresholds) -> Self {
        let Seen { hbase, namenode, loads, lake, erasures, day } = seen;
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
        let namenode = namenode.and_then(|read| {
            let advice = "look whether the NameNode runs, and name its web page by --namenode";
            read.map_err(|error| findings.unreadable("HDFS", error.to_string(), advice)).ok()
        });
        if let Some(namenode) = &namenode {
            findings.hdfs(namenode);
        }
        let lake = lake.and_then(|read| {
            let advice = "look at where the lake is, and name that by --lake";
            read.map_err(|reason| findings.unreadable("lake", reason, advice)).ok()
        });
        let newest_loaded = loads.as_ref().and_then(|loads| loads.newest_day);
        let lake = lake.map(|survey| LakeStatus::of(survey, newest_loaded, taken));
        if let Some(lake) = &lake {
            findings.lake(lake, loads.is_some());
        }
        match erasures {
            Some(Ok(erasures)) => findings.erasures(&erasures),
            Some(Err(reason)) => findings.unknown_erasures(reason),
            None => {}
        }
        let day = day.and_then(|read| {
            let advice = "look at where the lake and the tables are, and name that by --lake and --tables";
            read.map_err(|reason| findings.unreadable("day", reason, advice)).ok()
        });
        let day = day.map(DayStatus::of);
        if let Some(day) = &day {
            findings.day(day);
        }
        let findings = findings.sorted();
        let level = findings.first().map_or(Level::Ok, |worst| worst.level);
        Self { taken, level, day, lake, namenode, hbase, tables: tables.into_values().collect(), findings }
    }
}

fn status<'t>(tables: &'t mut BTreeMap<String, TableStatus>, table: &str) -> &'t mut TableStatus {
    let new = || TableStatus { table: table.to_owned(), numbers: None, last_load: None, age_days: None };
    tables.entry(table.to_owned()).or_insert_with(new)
}

/// An instant or a day, or none, as the project shows it everywhere.
pub(crate) fn as_text<T: Shown, S: Serializer>(shown: &T, serializer: S) -> Result<S::Ok, S::Error> {
    shown.text().serialize(serializer)
}

/// What has a text, or none.
pub(crate) trait Shown {
    fn text(&self) -> Option<String>;
}

impl Shown for Instant {
    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Shown for Day {
    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl<T: ToString> Shown for Option<T> {
    fn text(&self) -> Option<String> {
        self.as_ref().map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use tootmill_lake::Files;

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
        let outcome =
            Outcome::of(Instant::default(), Seen { hbase: Some(Ok(hbase)), ..Seen::default() }, &Thresholds::DEFAULT);
        let levels: Vec<_> = outcome.findings.iter().map(|finding| (finding.level, &*finding.about)).collect();
        assert_eq!(levels, [(Level::Error, "t32"), (Level::Warn, "t16")]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_what_is_not_asked_for_is_none() {
        let mut recorded = Recorded::new();
        recorded.remove("25794");
        let readable = found(&recorded.outcome(), Check::Readable);
        assert!(readable[0].starts_with("error localhost:25793 cannot ask http://localhost:25794/jmx"), "{readable:?}");
        let seen = Seen {
            hbase: Some(Err(Error::NoMaster)),
            namenode: Some(Err(Error::NoMaster)),
            loads: Some(Err("gone".into())),
            lake: Some(Err("locked".into())),
            ..Seen::default()
        };
        let failed = Outcome::of(Instant::default(), seen, &Thresholds::DEFAULT);
        assert_eq!(
            found(&failed, Check::Readable),
            [
                format!("error HBase {}", Error::NoMaster),
                format!("error HDFS {}", Error::NoMaster),
                "error lake locked".into(),
                "error last loads gone".into()
            ]
        );
        let nothing = Outcome::of(Instant::default(), Seen::default(), &Thresholds::DEFAULT);
        assert_eq!((nothing.level, nothing.findings.len()), (Level::Ok, 0));
    }

    #[test]
    fn what_lies_in_a_lake_and_in_hdfs_is_judged() {
        let day = |text: &str| Day::parse(text);
        let files = |place, files, small| Files { place, files, bytes: 1 << 30, small };
        let survey = Survey {
            lake: "/lake/mill.example".into(),
            places: vec![files("raw", 300_000, 299_000), files("posts", 100, 50)],
            newest_observation: Instant::parse("2026-11-23T06:00"),
            newest_posts: day("2026-11-23"),
            newest_counted: day("2026-11-23"),
            is_open: true,
        };
        let namenode = NameNode {
            namenode: "http://namenode:9870".into(),
            capacity: 1_000_000_000_000,
            remaining: 150_000_000_000,
            missing_blocks: 1,
            under_replicated_blocks: 3,
            ..NameNode::default()
        };
        let taken = Instant::parse("2026-11-24T12:00").unwrap();
        let loads = Loads { newest_day: day("2026-11-20"), ..Loads::default() };
        let seen = |survey: Survey, loads: Option<Loads>| Seen {
            lake: Some(Ok(survey)),
            loads: loads.map(Ok),
            namenode: Some(Ok(namenode.clone())),
            ..Seen::default()
        };
        let outcome = Outcome::of(taken, seen(survey.clone(), Some(loads)), &Thresholds::DEFAULT);
        let about = "/lake/mill.example";
        for (check, says) in [
            (Check::Collected, format!("warn {about} the newest observation is 30.0 hours old")),
            (Check::Behind, format!("error {about} posts reach to 2026-11-23, the tables to 2026-11-20")),
            (Check::SmallFiles, format!("warn {about} 299050 of 300100 files, 100 %, have less than 1 MiB")),
            (Check::Open, format!("warn {about} others than its owner and group may look into it")),
            (Check::HdfsUse, "warn http://namenode:9870 85 % of HDFS is taken, 150.0 GB are left".into()),
            (Check::MissingBlocks, "error http://namenode:9870 of 1 block no copy is there".into()),
            (Check::UnderReplicated, "warn http://namenode:9870 3 blocks have fewer copies than they should".into()),
        ] {
            assert_eq!(found(&outcome, check), [says]);
        }
        assert_eq!(outcome.lake.unwrap().observation_age_hours, Some(30.0));
        // What was never collected, counted or loaded is worse than what is old.
        let empty = Survey { newest_observation: None, newest_counted: None, ..survey };
        let outcome = Outcome::of(taken, seen(empty, None), &Thresholds::DEFAULT);
        assert_eq!(found(&outcome, Check::Collected), [format!("error {about} nothing was collected")]);
        assert_eq!(
            found(&outcome, Check::Behind),
            [format!("error {about} posts reach to 2026-11-23, no day is counted")]
        );
    }

    #[test]
    fn an_erasure_that_is_not_at_its_end_is_found() {
        let of = |erasures| {
            let seen = Seen { erasures: Some(erasures), ..Seen::default() };
            Outcome::of(Instant::default(), seen, &Thresholds::DEFAULT)
        };
        assert_eq!(of(Ok(Erasures::default())).findings, []);
        let outcome = of(Ok(Erasures {
            is_unfinished: true,
            is_retaining: true,
            overdue: vec!["posts of 2026-01-01 are there".into()],
            unread: vec!["HBase does not answer".into()],
            files: 2,
            since: "2026-11-24".into(),
            too_long: vec!["user_table keeps days for ever".into()],
        }));
        let says = [
            "error erasure an erasure was interrupted",
            "error retention a retention was interrupted",
            "warn HBase 2 files of HBase from before 2026-11-24 may hold what was erased",
            "warn HBase user_table keeps days for ever",
            "warn retention posts of 2026-01-01 are there",
        ];
        assert_eq!(found(&outcome, Check::Erasures), says);
        assert_eq!(found(&outcome, Check::Readable), ["error erasures HBase does not answer"]);
        assert_eq!(found(&of(Err("no such lake".into())), Check::Readable), ["error erasures no such lake"]);
    }

    #[test]
    fn data_that_look_wrong_are_found() {
        let numbers = DayNumbers {
            day: Day::parse("2026-11-23").unwrap(),
            posts: Some(400),
            posts_before: vec![1000; 7],
            last: Some(crate::Loaded {
                lines: 2000,
                bad: 300,
                rows: vec![("tag_table".into(), 7), ("url_table".into(), 9)],
            }),
            before: Some(crate::Loaded {
                lines: 1000,
                bad: 100,
                rows: vec![("tag_table".into(), 8), ("url_table".into(), 9)],
            }),
        };
        let of = |numbers| {
            let seen = Seen { day: Some(Ok(numbers)), ..Seen::default() };
            Outcome::of(Instant::default(), seen, &Thresholds::DEFAULT)
        };
        let outcome = of(numbers.clone());
        for (check, says) in [
            (Check::FewPosts, "warn 2026-11-23 has 400 posts, 60 % fewer than the median of the 7 days before, 1000"),
            (Check::FewRows, "warn tag_table has 7 rows, 1 fewer than at the load before"),
            (Check::BadLines, "error last load of 1000 new lines 200 are bad, 20 %"),
        ] {
            assert_eq!(found(&outcome, check), [says]);
        }
        // Nothing to compare with is no finding, nor are a few bad lines.
        let last = Some(crate::Loaded { lines: 100, bad: 99, rows: Vec::new() });
        let first = of(DayNumbers { posts_before: Vec::new(), before: None, last, ..numbers });
        assert_eq!((first.level, first.findings.len(), first.day.unwrap().notes.len()), (Level::Ok, 0, 2));
    }
}
