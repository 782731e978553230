//! What is worth looking at: numbers that reach a threshold, and what cannot be read.

use std::collections::BTreeMap;

use serde::Serialize;
use tootmill_metric::{Day, Instant};

use crate::{DayStatus, Erasures, HBase, LakeStatus, Level, NameNode, TableNumbers, Thresholds};

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether everything that is asked answers.
    Readable,
    /// Whether tables are loaded, and how long ago.
    LastLoad,
    /// Whether one region gets most of a table's requests.
    HotRegion,
    /// Whether a region has many store files.
    StoreFiles,
    /// Whether regions are in transition.
    InTransition,
    /// Whether regions are stuck in transition.
    Stuck,
    /// Whether region servers are dead.
    DeadServers,
    /// Whether something was collected, and how long ago.
    Collected,
    /// Whether the posts that there are were counted, and loaded.
    Behind,
    /// Whether the lake has many small files.
    SmallFiles,
    /// Whether others may look into the lake.
    Open,
    /// Whether all that was erased is gone.
    Erasures,
    /// Whether HDFS is full.
    HdfsUse,
    /// Whether blocks of HDFS are gone.
    MissingBlocks,
    /// Whether blocks of HDFS have too few copies.
    UnderReplicated,
    /// Whether a day has far fewer posts than the days before.
    FewPosts,
    /// Whether a table has fewer rows than it had.
    FewRows,
    /// Whether many of the new lines are bad.
    BadLines,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Readable,
        Self::LastLoad,
        Self::HotRegion,
        Self::StoreFiles,
        Self::InTransition,
        Self::Stuck,
        Self::DeadServers,
        Self::Collected,
        Self::Behind,
        Self::SmallFiles,
        Self::Open,
        Self::Erasures,
        Self::HdfsUse,
        Self::MissingBlocks,
        Self::UnderReplicated,
        Self::FewPosts,
        Self::FewRows,
        Self::BadLines,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Readable => "readable",
            Self::LastLoad => "last_load",
            Self::HotRegion => "hot_region",
            Self::StoreFiles => "store_files",
            Self::InTransition => "in_transition",
            Self::Stuck => "stuck",
            Self::DeadServers => "dead_servers",
            Self::Collected => "collected",
            Self::Behind => "behind",
            Self::SmallFiles => "small_files",
            Self::Open => "open",
            Self::Erasures => "erasures",
            Self::HdfsUse => "hdfs_use",
            Self::MissingBlocks => "missing_blocks",
            Self::UnderReplicated => "under_replicated",
            Self::FewPosts => "few_posts",
            Self::FewRows => "few_rows",
            Self::BadLines => "bad_lines",
        }
    }
}

/// Something that is worth looking at, which one line can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub check: Check,
    /// The table, the server or the lake that it is about.
    pub about: String,
    /// What is the matter.
    pub says: String,
    /// What to do about it.
    pub advice: String,
}

/// Collects findings.
pub(crate) struct Findings<'t> {
    thresholds: &'t Thresholds,
    found: Vec<Finding>,
}

impl<'t> Findings<'t> {
    pub(crate) fn new(thresholds: &'t Thresholds) -> Self {
        Self { thresholds, found: Vec::new() }
    }

    /// All, the worst first.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_by(|one, other| {
            other.level.cmp(&one.level).then(one.check.cmp(&other.check)).then_with(|| one.about.cmp(&other.about))
        });
        self.found
    }

    fn add(&mut self, level: Level, check: Check, about: &str, says: String, advice: &str) {
        if level > Level::Ok {
            self.found.push(Finding { level, check, about: about.to_owned(), says, advice: advice.to_owned() });
        }
    }

    /// Something that cannot be read at all.
    pub(crate) fn unreadable(&mut self, about: &str, reason: String, advice: &str) {
        self.add(Level::Error, Check::Readable, about, reason, advice);
    }

    pub(crate) fn servers(&mut self, hbase: &HBase) {
        for unread in &hbase.unread {
            let advice = "look at this server's log; the tables' numbers lack its regions";
            self.unreadable(&unread.server, unread.reason.clone(), advice);
        }
        if hbase.servers.is_empty() && hbase.unread.is_empty() {
            let says = "there is no live region server".to_owned();
            self.add(Level::Error, Check::DeadServers, &hbase.master, says, "start the region servers");
        }
        let (thresholds, about) = (self.thresholds, hbase.master.as_str());
        let dead = hbase.dead.len() as u64;
        let says =
            format!("{} dead: {}", counted(dead, "region server is", "region servers are"), hbase.dead.join(", "));
        let advice = "start it again; one that is gone for good is forgotten by `clear_deadservers` in HBase's shell";
        self.add(thresholds.dead.level(float(dead)), Check::DeadServers, about, says, advice);
        let says = format!("{} in transition", counted(hbase.in_transition, "region is", "regions are"));
        let advice = "usual for some seconds; look again";
        self.add(thresholds.in_transition.level(float(hbase.in_transition)), Check::InTransition, about, says, advice);
        let says = format!("{} stuck in transition", counted(hbase.stuck, "region is", "regions are"));
        let advice = "look at `Procedures & Locks` on the master's page, and at its log";
        self.add(thresholds.stuck.level(float(hbase.stuck)), Check::Stuck, about, says, advice);
    }

    pub(crate) fn table(&mut self, table: &str, numbers: &TableNumbers) {
        let requests = numbers.requests();
        let share =
            numbers.share_of_hottest().filter(|_| numbers.regions > 1 && requests >= self.thresholds.least_requests);
        if let Some(share) = share {
            let (region, regions) = (&numbers.hottest.region, numbers.regions);
            let says = format!("of {requests} requests {} went to one of {regions} regions, {region}", percent(share));
            let advice = format!("split it in HBase's shell: split '{region}', 'ROW KEY'");
            self.add(self.thresholds.share.level(share), Check::HotRegion, table, says, &advice);
        }
        let (region, files) = (&numbers.most_files.region, numbers.most_files.count);
        let says = format!("the region {region} has {files} store files");
        let advice = format!("have it compacted in HBase's shell: compact '{region}'; writes wait at 16 files a store");
        self.add(self.thresholds.store_files.level(float(files)), Check::StoreFiles, table, says, &advice);
    }

    /// The lake, and whether its tables were asked for as well.
    pub(crate) fn lake(&mut self, lake: &LakeStatus, tables_are_known: bool) {
        let (thresholds, about) = (self.thresholds, lake.lake.as_str());
        let (level, says) = match lake.observation_age_hours {
            Some(hours) => {
                (thresholds.collected_hours.level(hours), format!("the newest observation is {hours:.1} hours old"))
            }
            None => (Level::Error, "nothing was collected".to_owned()),
        };
        let advice = "run `tootmill collect`, and look why its last run did not come to its end";
        self.add(level, Check::Collected, about, says, advice);
        if let Some(posts) = lake.newest_posts {
            self.behind(about, posts, lake.newest_counted, "the counted days", "no day is counted");
            if tables_are_known && lake.newest_counted.is_some() {
                self.behind(about, posts, lake.newest_loaded, "the tables", "the tables have no day");
            }
        }
        let (small, files) = (lake.small_files, lake.files);
        let says = format!("{small} of {files} files, {}, have less than 1 MiB", percent(lake.small_share()));
        let advice =
            "collect into larger files (--commit-every), and less often; in HDFS each costs the NameNode memory";
        self.add(thresholds.small_files.level(float(small)), Check::SmallFiles, about, says, advice);
        let level = if lake.is_open { Level::Warn } else { Level::Ok };
        let says = "others than its owner and group may look into it".to_owned();
        let advice = "take their rights away: `chmod -R o-rwx` of the folder, or `hdfs dfs -chmod -R o-rwx`";
        self.add(level, Check::Open, about, says, advice);
    }

    /// What cannot be known of the erasures of a lake.
    pub(crate) fn unknown_erasures(&mut self, reason: String) {
        self.unreadable("erasures", reason, "whether all that was erased is gone is not known");
    }

    /// The erasures of a lake that are not at their end.
    pub(crate) fn erasures(&mut self, erasures: &Erasures) {
        let level = if erasures.is_unfinished { Level::Error } else { Level::Ok };
        let says = "an erasure was interrupted".to_owned();
        self.add(level, Check::Erasures, "erasure", says, "run `tootmill forget` again: it goes on where it was");
        let level = if erasures.is_retaining { Level::Error } else { Level::Ok };
        let says = "a retention was interrupted".to_owned();
        self.add(level, Check::Erasures, "retention", says, "run `tootmill retain` again: it goes on where it was");
        for says in &erasures.overdue {
            let advice = "run `tootmill retain` every day, and look at what it says is kept";
            self.add(Level::Warn, Check::Erasures, "retention", says.clone(), advice);
        }
        for reason in &erasures.unread {
            self.unknown_erasures(reason.clone());
        }
        let level = if erasures.files > 0 { Level::Warn } else { Level::Ok };
        let files = counted(erasures.files, "file", "files");
        let says = format!("{files} of HBase from before {} may hold what was erased", erasures.since);
        let advice = "they go by themselves, logs after an hour or two; one that a snapshot keeps does not";
        self.add(level, Check::Erasures, "HBase", says, advice);
        for says in &erasures.too_long {
            let advice = "give the family `day` a shorter time to live, or keep accounts for longer: `tootmill retain --accounts`";
            self.add(Level::Warn, Check::Erasures, "HBase", says.clone(), advice);
        }
    }

    /// How far something is behind the posts.
    fn behind(&mut self, about: &str, posts: Day, reached: Option<Day>, what: &str, nothing: &str) {
        let days = reached.map_or(f64::INFINITY, |reached| hours(reached.start(), posts.start()) / 24.0);
        let reached = reached.map_or_else(|| nothing.to_owned(), |day| format!("{what} to {day}"));
        let says = format!("posts reach to {posts}, {reached}");
        let advice = "run `tootmill daily` for the days between, and look why it did not run";
        self.add(self.thresholds.behind_days.level(days), Check::Behind, about, says, advice);
    }

    pub(crate) fn day(&mut self, status: &DayStatus) {
        let thresholds = self.thresholds;
        if let (Some(posts), Some(median)) = (status.posts, status.median.filter(|most| *most > 0)) {
            let lacks = 1.0 - float(posts) / float(median);
            let days = counted(status.days_before as u64, "day", "days");
            let fewer = percent(lacks);
            let says = format!("has {posts} posts, {fewer} fewer than the median of the {days} before, {median}");
            let advice = "look whether collecting stood still: at its log, and at the known gaps in `runs`";
            self.add(thresholds.fewer_posts.level(lacks), Check::FewPosts, &status.day.to_string(), says, advice);
        }
        for table in &status.tables {
            let fewer = table.rows_before.saturating_sub(table.rows);
            let says = format!("has {} rows, {fewer} fewer than at the load before", table.rows);
            let advice =
                "usual where posts were deleted or erased; otherwise look what `tootmill merge` says, and load again";
            self.add(thresholds.fewer_rows.level(float(fewer)), Check::FewRows, &table.table, says, advice);
        }
        if let (Some(lines), Some(bad)) = (status.new_lines, status.new_bad.filter(|bad| *bad > thresholds.least_bad)) {
            let share = float(bad) / float(lines.max(1));
            let says = format!("of {lines} new lines {bad} are bad, {}", percent(share));
            let advice = "`tootmill compact` names bad lines: look what the instance sends";
            self.add(thresholds.bad_share.level(share), Check::BadLines, "last load", says, advice);
        }
    }

    pub(crate) fn hdfs(&mut self, namenode: &NameNode) {
        let (thresholds, about) = (self.thresholds, namenode.namenode.as_str());
        let share = namenode.used_share();
        let left = float(namenode.remaining) / 1e9;
        let says = format!("{} of HDFS is taken, {left:.1} GB are left", percent(share));
        let advice =
            "remove what is not needed any more, or add DataNodes: `hdfs dfs -du -s -h /*` shows what is large";
        self.add(thresholds.hdfs_use.level(share), Check::HdfsUse, about, says, advice);
        let missing = namenode.missing_blocks;
        let says = format!("of {} no copy is there", counted(missing, "block", "blocks"));
        let advice = "start the DataNodes that are gone; `hdfs fsck / -list-corruptfileblocks` names the files";
        self.add(thresholds.missing_blocks.level(float(missing)), Check::MissingBlocks, about, says, advice);
        let under = namenode.under_replicated_blocks;
        let says = format!("{} fewer copies than they should", counted(under, "block has", "blocks have"));
        let advice = "usual for some minutes after a DataNode was lost; look again, and at `hdfs dfsadmin -report`";
        self.add(thresholds.under_replicated.level(float(under)), Check::UnderReplicated, about, says, advice);
    }

    pub(crate) fn loads(&mut self, loads: &BTreeMap<&str, Option<Instant>>, taken: Instant) {
        for (table, last) in loads {
            let Some(finished) = last else {
                let says = "was never loaded".to_owned();
                self.add(Level::Error, Check::LastLoad, table, says, "load it: `tootmill daily`, `load` or `run`");
                continue;
            };
            let days = age_days(*finished, taken);
            let says = format!("is {days:.1} days old, as of {finished}");
            let advice = "run `tootmill daily`, and look why its last run did not load";
            self.add(self.thresholds.age_days.level(days), Check::LastLoad, table, says, advice);
        }
    }
}

/// The days from a load until now; none where it is as of a time to come.
pub(crate) fn age_days(finished: Instant, taken: Instant) -> f64 {
    hours(finished, taken) / 24.0
}

/// The hours from one time to another; none where that is the earlier one.
pub(crate) fn hours(from: Instant, to: Instant) -> f64 {
    let micros = to.micros().saturating_sub(from.micros());
    float(u64::try_from(micros).unwrap_or(0)) / 3600e6
}

/// A count or a size as Prometheus has it: exact up to 2^53, nine petabytes.
#[allow(clippy::cast_precision_loss, reason = "so large a number is not exact, and need not be")]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
