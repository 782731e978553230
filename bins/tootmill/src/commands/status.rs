//! `tootmill status`: what lies in the lake, what HDFS and HBase say of themselves, and when the tables were loaded, against
//! thresholds.

use std::{io::Write, path::PathBuf};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use tootmill_lake::Lake;
use tootmill_metric::{Day, Instant, Registry, Status as Retry};
use tootmill_privacy::Kept;
use tootmill_stages::{Retention, accounts_not_seen};
use tootmill_tables::{
    Destination, Run,
    hbase::{Address, Hbase},
};
use tootmill_watch::{
    Check, DayNumbers, DayStatus, Erasures, HBase, LakeStatus, LastLoad, Level, Loaded, Loads, NameNode, Outcome, Seen,
    TableRows, TableStatus, Threshold, Thresholds,
};

use super::{destination::DestinationParser, import::now, submit::parse_day};
use crate::{
    failure::Failure,
    output::{with_stdout, write_whole},
    summary::thousands,
};

/// Look whether all is well: how new the lake and the tables are, files and bytes, HDFS, HBase's regions and requests.
///
/// What is named is looked at. HBase's numbers are those of its servers' /jmx: exact, but up to 45 seconds old. The exit code
/// is 1 where something is at the level of an error, and 75 where only something cannot be read; a warning alone leaves it at
/// 0. Of a region only its encoded name is shown, because its full name has a row key in it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tootmill status --lake lake --instance mastodon.example --tables sqlite:tootmill.db --age 2,3\n  tootmill status --hbase-master http://master1:16010,http://master2:16010 --prometheus /var/lib/node_exporter/tootmill.prom"
)]
pub(crate) struct Status {
    // Not LakeArguments: the rest may be looked at without a lake.
    /// Where the lake is, to see how new it is and what files it has: a folder, or hdfs://HOST:PORT/FOLDER
    #[arg(long, value_name = "LAKE", env = "TOOTMILL_LAKE", requires = "instance")]
    lake: Option<String>,
    /// The instance whose posts are meant, by its host
    #[arg(long, value_name = "HOST", env = "TOOTMILL_INSTANCE")]
    instance: Option<String>,
    /// Where the tables are, to see their last loads: sqlite:FILE, or hbase://HOST:PORT
    #[arg(long, value_name = "DEST", env = "TOOTMILL_TABLES", hide_env_values = true, value_parser = DestinationParser)]
    tables: Option<Destination>,
    /// The web pages of HBase's masters, http://HOST:PORT, of which the active one is asked
    #[arg(long, value_name = "URL", env = "TOOTMILL_HBASE_MASTER", value_delimiter = ',', value_parser = parse_url)]
    hbase_master: Vec<String>,
    /// The web pages of HDFS's NameNodes, http://HOST:PORT, of which the active one is asked
    #[arg(long, value_name = "URL", env = "TOOTMILL_WEBHDFS", value_delimiter = ',', value_parser = parse_url)]
    namenode: Vec<String>,
    /// The port of the region servers' web pages [default: as the master knows, or 16030]
    #[arg(long, value_name = "PORT")]
    region_server_port: Option<u16>,
    /// Look at the data of this day instead: its posts beside those of the seven days before that are loaded, and what the last
    /// load says of itself
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Option<Day>,
    /// Write everything as JSON
    #[arg(long)]
    json: bool,
    /// Also write the numbers to a file, whole, for Prometheus; its collector of text files wants a name in .prom
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    #[command(flatten)]
    thresholds: ThresholdArguments,
}

/// From which numbers on there is a warning, and an error.
#[derive(Args, Debug)]
#[command(next_help_heading = "Thresholds (inf: never)")]
struct ThresholdArguments {
    /// Days since a table's last load
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.age_days)]
    age: Threshold,
    /// Share of a table's requests that one of its regions gets, 0 to 1
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.share)]
    hot_share: Threshold,
    /// Requests that a table must have had for that share to be looked at
    #[arg(long, value_name = "N", default_value_t = Thresholds::DEFAULT.least_requests)]
    least_requests: u64,
    /// Store files of a region
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.store_files)]
    store_files: Threshold,
    /// Regions in transition
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.in_transition)]
    in_transition: Threshold,
    /// Regions stuck in transition, by default for a minute
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.stuck)]
    stuck: Threshold,
    /// Dead region servers
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.dead)]
    dead_servers: Threshold,
    /// Hours since the newest observation in the lake
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.collected_hours)]
    collected_age: Threshold,
    /// Days from the newest that is counted, or loaded, to the newest that has posts
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.behind_days)]
    behind: Threshold,
    /// Files of less than 1 MiB in the lake
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.small_files)]
    small_files: Threshold,
    /// Share of HDFS's capacity that is taken, 0 to 1
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.hdfs_use)]
    hdfs_use: Threshold,
    /// Blocks of HDFS of which no copy is there
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.missing_blocks)]
    missing_blocks: Threshold,
    /// Blocks of HDFS that have fewer copies than they should
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.under_replicated)]
    under_replicated: Threshold,
    /// With --date: share of posts that the day lacks beside the median of the days before, 0 to 1
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.fewer_posts)]
    fewer: Threshold,
    /// With --date: rows that a table has fewer than at the load before
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.fewer_rows)]
    fewer_rows: Threshold,
    /// With --date: share of bad lines among those that the last load added, 0 to 1
    #[arg(long, value_name = "WARN,ERROR", default_value_t = Thresholds::DEFAULT.bad_share)]
    bad_share: Threshold,
    /// With --date: so many bad lines are never too many
    #[arg(long, value_name = "N", default_value_t = Thresholds::DEFAULT.least_bad)]
    least_bad: u64,
}

impl ThresholdArguments {
    fn thresholds(&self) -> Thresholds {
        Thresholds {
            age_days: self.age,
            share: self.hot_share,
            least_requests: self.least_requests,
            store_files: self.store_files,
            in_transition: self.in_transition,
            stuck: self.stuck,
            dead: self.dead_servers,
            collected_hours: self.collected_age,
            behind_days: self.behind,
            small_files: self.small_files,
            hdfs_use: self.hdfs_use,
            missing_blocks: self.missing_blocks,
            under_replicated: self.under_replicated,
            fewer_posts: self.fewer,
            fewer_rows: self.fewer_rows,
            bad_share: self.bad_share,
            least_bad: self.least_bad,
        }
    }
}

fn parse_url(text: &str) -> Result<String, &'static str> {
    let is_url = text.starts_with("http://") || text.starts_with("https://");
    is_url.then(|| text.to_owned()).ok_or("it is no address of a web page, for example http://master:16010")
}

impl Status {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let has_servers = !self.namenode.is_empty() || !self.hbase_master.is_empty();
        if self.lake.is_none() && self.tables.is_none() && (self.date.is_some() || !has_servers) {
            return Err(Failure::Usage(
                "there is nothing to look at: name --lake and --instance, --tables, --namenode, --hbase-master".into(),
            ));
        }
        let seen = match self.date {
            // The state of servers, and how new all is, has nothing to do with it; and that a day cannot be looked at does
            // not say that it looks wrong.
            Some(day) => Seen { day: Some(Ok(self.day(day)?)), ..Seen::default() },
            None => self.look(),
        };
        let outcome = Outcome::of(now(), seen, &self.thresholds.thresholds());
        if let Some(file) = &self.prometheus {
            write_whole(file, &tootmill_watch::prometheus_text(&outcome)?)?;
        }
        let told = self.tell(&outcome);
        let at_error = || outcome.findings.iter().filter(|finding| finding.level == Level::Error);
        let errors = at_error().count();
        // What is wrong matters also where nobody reads the rest.
        if errors > 0 {
            // A server that does not answer now may answer the next time.
            let passes = at_error().all(|finding| finding.check == Check::Readable);
            let status = if passes { Retry::Temporary } else { Retry::Permanent };
            return Err(Failure::Failed(format!("findings at the level of an error: {errors}"), status));
        }
        told
    }

    /// Reads all that is named, for no day in particular.
    fn look(&self) -> Seen {
        let said = |failure: Failure| failure.to_string();
        let survey = |(lake, instance): (&String, &String)| Ok(Lake::open(lake, instance)?.survey()?);
        let hbase = !self.hbase_master.is_empty();
        let namenode = !self.namenode.is_empty();
        Seen {
            hbase: hbase.then(|| HBase::read(&self.hbase_master, self.region_server_port)),
            namenode: namenode.then(|| NameNode::read(&self.namenode)),
            loads: self.tables.as_ref().map(|tables| loads(tables).map_err(said)),
            lake: self.lake.as_ref().zip(self.instance.as_ref()).map(|lake| survey(lake).map_err(said)),
            erasures: self.lake.as_ref().zip(self.instance.as_ref()).map(|lake| self.erasures(lake).map_err(said)),
            day: None,
        }
    }

    /// What is not at its end of what was erased in a lake, and what is kept for longer than it should be.
    fn erasures(&self, (lake, instance): (&String, &String)) -> Result<Erasures, Failure> {
        let lake = Lake::open(lake, instance)?;
        let kept = tootmill_privacy::recorded_retention(&lake)?;
        let holder = lake.holder()?.unwrap_or_default();
        let mut erasures = Erasures {
            // One that runs is none that was interrupted.
            is_unfinished: !tootmill_privacy::unfinished(&lake)?.whom.is_empty() && !holder.contains("tootmill forget"),
            is_retaining: tootmill_privacy::leaving(&lake)?.is_some() && !holder.contains("tootmill retain"),
            overdue: overdue(&lake, kept, now().day())?,
            ..Erasures::default()
        };
        // What is known from the lake counts, whoever else does not answer.
        match files_left(&lake) {
            Ok((files, since)) => (erasures.files, erasures.since) = (files, since),
            Err(failure) => erasures.unread.push(failure.to_string()),
        }
        if let Some(days) = kept.and_then(|kept| kept.accounts) {
            match overdue_accounts(&lake, days, now().day()) {
                Ok(accounts) => erasures.overdue.extend(accounts),
                Err(failure) => erasures.unread.push(failure.to_string()),
            }
        }
        if let (Some(days), Some(Destination::Hbase(address))) = (kept.and_then(|kept| kept.accounts), &self.tables) {
            match too_long(address, days) {
                Ok(too_long) => erasures.too_long = too_long,
                Err(failure) => erasures.unread.push(failure.to_string()),
            }
        }
        Ok(erasures)
    }

    /// What the lake and the tables say of a day.
    fn day(&self, day: Day) -> Result<DayNumbers, Failure> {
        let runs = self.tables.as_ref().map(|tables| Ok::<_, Failure>(tables.open()?.runs()?)).transpose()?;
        let runs = runs.unwrap_or_default();
        let mut newest = runs.iter().rev().map(loaded);
        let (last, before) = (newest.next(), newest.next());
        let Some((lake, instance)) = self.lake.as_ref().zip(self.instance.as_ref()) else {
            return Ok(DayNumbers { day, posts: None, posts_before: Vec::new(), last, before });
        };
        let lake = Lake::open(lake, instance)?;
        let mut known: Vec<Day> = match runs.last() {
            Some(run) => run.days.clone(),
            None => lake.posts()?.into_iter().map(|(day, _)| day).collect(),
        };
        known.retain(|known| *known < day);
        known.sort_unstable();
        let week = known.split_off(known.len().saturating_sub(WEEK));
        let mut posts = tootmill_stages::posts_of(&lake, week.into_iter().chain([day]))?;
        // A day without posts is one on which nothing was collected, and is what is looked for.
        let of_day = posts.remove(&day).unwrap_or_default();
        Ok(DayNumbers { day, posts: Some(of_day), posts_before: posts.into_values().collect(), last, before })
    }

    fn tell(&self, outcome: &Outcome) -> Result<(), Failure> {
        let text = if self.json {
            let text = serde_json::to_string_pretty(outcome);
            text.map_err(|error| Failure::permanent(format!("cannot write the numbers as JSON: {error}")))? + "\n"
        } else {
            text(outcome)
        };
        with_stdout(|output| Ok(output.write_all(text.as_bytes())?))
    }
}

/// How many files of HBase may still hold what was erased, and the last time before which they were written.
fn files_left(lake: &Lake) -> Result<(u64, String), Failure> {
    let (mut files, mut since) = (0, String::new());
    for pending in tootmill_privacy::pending(lake)? {
        files += pending.left()?.len() as u64;
        since = pending.since;
    }
    Ok((files, since))
}

/// For how many days more than it should something may be there: `tootmill retain` runs once a day, and what is not counted yet
/// waits.
const GRACE: u32 = 3;

/// The raw files and posts that are older than they should be, by what the last retention was told, or by what one is told if
/// nobody says otherwise.
fn overdue(lake: &Lake, kept: Option<Kept>, today: Day) -> Result<Vec<String>, Failure> {
    let by =
        if kept.is_some() { "as the last `tootmill retain` was told" } else { "and no `tootmill retain` was ever run" };
    let kept = kept.unwrap_or(Kept::USUAL);
    let posts: Vec<Day> = lake.posts()?.into_iter().map(|(day, _)| day).collect();
    let mut overdue = Vec::new();
    for (what, days, longest) in [("raw files", lake.raw_days()?, kept.raw), ("posts", posts, kept.posts)] {
        let Some(oldest) = days.into_iter().min() else { continue };
        if oldest < Kept::first_day(longest.saturating_add(GRACE), today) {
            overdue.push(format!("{what} of {oldest} are there, which go after {longest} days, {by}"));
        }
    }
    Ok(overdue)
}

/// How many accounts are there that should have gone, if any.
fn overdue_accounts(lake: &Lake, days: u32, today: Day) -> Result<Option<String>, Failure> {
    let from = Kept::first_day(days.saturating_add(GRACE), today);
    let retention = Retention { accounts: Some(from), ..Retention::default() };
    let accounts = accounts_not_seen(lake, &retention, &Registry::linked()?)?.len();
    Ok((accounts > 0)
        .then(|| format!("{accounts} accounts are there that were not seen for {days} days, after which they go")))
}

/// The tables of persons in HBase that keep a day for longer than accounts are kept, or whose retention is not known.
fn too_long(address: &Address, days: u32) -> Result<Vec<String>, Failure> {
    let hbase = Hbase::connect(address.clone()).map_err(tootmill_tables::Error::from)?;
    let mut found = Vec::new();
    for one in Registry::linked()?.metrics().iter().filter(|one| one.metric.about().keeps_ids()) {
        let schema = hbase.describe_table(&one.table).map_err(tootmill_tables::Error::from)?;
        let family = schema.and_then(|schema| schema.families.into_iter().find(|family| family.name == "day"));
        let Some(family) = family else { continue };
        let lives = family.time_to_live.map(|seconds| i64::from(seconds) / 86_400);
        if lives.is_none_or(|lives| lives > i64::from(days)) {
            let lives = lives.map_or_else(|| "for ever".to_owned(), |lives| format!("for {lives} days"));
            found.push(format!(
                "{} keeps days {lives}, and the lake accounts for {days}",
                address.table(one.table.name)
            ));
        }
    }
    Ok(found)
}

/// With so many days before it a day is compared.
const WEEK: usize = 7;

/// What a load tells of itself.
fn loaded(run: &Run) -> Loaded {
    let counter = |name| run.counter(name).unwrap_or_default();
    let rows = run.rows().map(|(table, rows)| (table.to_owned(), rows)).collect();
    Loaded { lines: counter("lines"), bad: counter("bad"), rows }
}

/// The tables that should be loaded, and the last loads.
fn loads(tables: &Destination) -> Result<Loads, Failure> {
    let runs = tables.open()?.runs()?;
    let newest_day = runs.last().and_then(|run| run.days.last().copied());
    Ok(Loads { expected: names(tables)?, last: last_loads(tables, &runs)?, newest_day })
}

/// The tables of all metrics, by the names that the store has for them.
fn names(tables: &Destination) -> Result<Vec<String>, Failure> {
    let name = |table: &str| match tables {
        Destination::Sqlite(_) => table.to_string(),
        Destination::Hbase(address) => address.table(table),
    };
    Ok(Registry::linked()?.metrics().iter().map(|registered| name(registered.table.name)).collect())
}

/// The last load of each table, as its store tells of it.
fn last_loads(tables: &Destination, runs: &[Run]) -> Result<Vec<LastLoad>, Failure> {
    match tables {
        // A load writes all tables at once, and of its time only the logical one is kept.
        Destination::Sqlite(_) => {
            let Some(last) = runs.last() else { return Ok(Vec::new()) };
            let finished = Instant::from_micros(last.timestamp.saturating_mul(1000));
            Ok(names(tables)?.into_iter().map(|table| LastLoad { table, finished }).collect())
        }
        Destination::Hbase(address) => {
            let done = Hbase::connect(address.clone()).map_err(tootmill_tables::Error::from)?.last_done()?;
            let last =
                |finished| names(tables).map(|names| names.into_iter().map(move |table| LastLoad { table, finished }));
            Ok(done.map(last).transpose()?.into_iter().flatten().collect())
        }
    }
}

/// What a person reads.
fn text(outcome: &Outcome) -> String {
    let mut text = outcome.day.as_ref().map(text_of_day).unwrap_or_default();
    if let Some(lake) = &outcome.lake {
        text += &text_of_lake(lake);
    }
    if let Some(hdfs) = &outcome.namenode {
        text += &text_of_hdfs(hdfs);
    }
    if let Some(hbase) = &outcome.hbase {
        text += &format!("HBase at {}, as its servers said by {}\n\n", hbase.master, minute(outcome.taken));
        let mut shown = columns(["region server", "regions", "store files", "bytes", "in memory", "requests"]);
        for server in &hbase.servers {
            let numbers =
                [server.regions, server.store_files, server.store_bytes, server.memory_bytes, server.requests];
            shown.add_row([server.server.clone()].into_iter().chain(numbers.map(thousands)));
        }
        text += &lines(&shown);
    }
    if !outcome.tables.is_empty() {
        text += &text_of_tables(&outcome.tables);
    }
    if outcome.findings.is_empty() {
        return text + "nothing reaches a threshold\n";
    }
    let mut shown = Table::new();
    shown.load_style(NOTHING);
    for finding in &outcome.findings {
        shown.add_row([finding.level.name(), &finding.about, &finding.says, &finding.advice]);
    }
    text + &lines(&shown)
}

fn text_of_day(status: &DayStatus) -> String {
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), thousands);
    let mut text = format!("{}: {} posts", status.day, number(status.posts));
    text += &format!(", the median of {} days before is {}\n", status.days_before, number(status.median));
    text +=
        &format!("the last load added {} lines, {} of them bad\n", number(status.new_lines), number(status.new_bad));
    text += &status.notes.iter().map(|note| format!("{note}\n")).collect::<String>();
    let mut shown = columns(["table", "rows", "at the load before"]);
    for TableRows { table, rows, rows_before } in &status.tables {
        shown.add_row([table.clone(), thousands(*rows), thousands(*rows_before)]);
    }
    if status.tables.is_empty() { text + "\n" } else { text + "\n" + &lines(&shown) }
}

fn text_of_lake(lake: &LakeStatus) -> String {
    let day = |day: Option<Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let observed = lake.newest_observation.zip(lake.observation_age_hours);
    let observed = observed.map_or_else(
        || "nothing was collected".to_owned(),
        |(observed, hours)| format!("newest observation {}, {hours:.1} hours ago", minute(observed)),
    );
    let (posts, counted, loaded) = (day(lake.newest_posts), day(lake.newest_counted), day(lake.newest_loaded));
    let mut shown = columns(["place", "files", "bytes", "below 1 MiB"]);
    for files in &lake.places {
        let numbers = [files.files, files.bytes, files.small].map(thousands);
        shown.add_row([files.place.to_owned()].into_iter().chain(numbers));
    }
    format!(
        "The lake {}: {observed}\nnewest day of posts {posts}, counted {counted}, loaded {loaded}\n\n{}",
        lake.lake,
        lines(&shown)
    )
}

fn text_of_hdfs(hdfs: &NameNode) -> String {
    let mut shown =
        columns(["capacity", "used", "remaining", "files", "blocks", "missing blocks", "under-replicated blocks"]);
    let numbers = [
        hdfs.capacity,
        hdfs.used,
        hdfs.remaining,
        hdfs.files,
        hdfs.blocks,
        hdfs.missing_blocks,
        hdfs.under_replicated_blocks,
    ];
    shown.add_row(numbers.map(thousands));
    format!("HDFS, as {} said\n\n{}", hdfs.namenode, lines(&shown))
}

fn text_of_tables(tables: &[TableStatus]) -> String {
    let mut shown = columns([
        "table",
        "regions",
        "store files",
        "bytes",
        "in memory",
        "requests",
        "hottest region",
        "last load, as of",
        "days ago",
    ]);
    for status in tables {
        shown.add_row(row(status));
    }
    lines(&shown)
}

fn row(status: &TableStatus) -> Vec<String> {
    let absent = || "-".to_owned();
    let mut row = vec![status.table.clone()];
    match &status.numbers {
        Some(numbers) => {
            let counts =
                [numbers.regions, numbers.store_files, numbers.store_bytes, numbers.memory_bytes, numbers.requests()];
            row.extend(counts.map(thousands));
            let share = numbers.share_of_hottest().filter(|_| numbers.regions > 1);
            row.push(share.map_or_else(absent, |share| format!("{:.0} % {}", share * 100.0, numbers.hottest.region)));
        }
        None => row.extend([(); 6].map(|()| absent())),
    }
    row.push(status.last_load.map_or_else(absent, minute));
    row.push(status.age_days.map_or_else(absent, |days| format!("{days:.1}")));
    row
}

/// A table with these columns, numbers to the right.
fn columns<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    let texts = ["hottest region", "last load, as of"];
    for (column, name) in table.column_iter_mut().zip(header).skip(1) {
        if !texts.contains(&name) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table's lines, without the white space at their ends, and an empty line.
fn lines(table: &Table) -> String {
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>() + "\n"
}

/// An instant as short as a person wants it.
fn minute(instant: Instant) -> String {
    instant.to_string().chars().take("2026-11-24T12:00".len()).chain(['Z']).collect()
}

#[cfg(test)]
mod tests {
    use tootmill_lake::{Files, Survey};
    use tootmill_watch::{Region, RegionServer};

    use super::*;

    #[test]
    fn the_text_is_what_was_reviewed() {
        let region = |table: &str, encoded: &str, writes| Region {
            table: table.into(),
            encoded: encoded.into(),
            store_files: 3,
            store_bytes: 1_234_567,
            memory_bytes: 4096,
            reads: 7,
            writes,
        };
        let hbase = HBase {
            master: "http://master:16010".into(),
            servers: vec![RegionServer {
                server: "node1:16020".into(),
                regions: 3,
                store_files: 9,
                store_bytes: 3_703_701,
                memory_bytes: 12_288,
                requests: 1021,
            }],
            dead: vec!["node2:16020".into()],
            regions: vec![
                region("hbase:meta", "1588230740", 0),
                region("tag_table", "8c8a483b3d48b8cf75aa4ea802506a87", 900),
                region("tag_table", "427708c716c40244d3b7219b43a5c4e3", 100),
            ],
            ..HBase::default()
        };
        let taken = Instant::parse("2026-11-24T12:00").unwrap();
        let loads = Loads {
            expected: vec!["tag_table".into(), "url_table".into()],
            last: vec![LastLoad { table: "tag_table".into(), finished: Instant::parse("2026-11-22").unwrap() }],
            newest_day: Day::parse("2026-11-21"),
        };
        let thresholds = Thresholds { least_requests: 1000, ..Thresholds::DEFAULT };
        let files = |place, files, small| Files { place, files, bytes: 2_345_678 * files, small };
        let survey = Survey {
            lake: "hdfs://namenode:8020/lake/mill.example".into(),
            places: vec![files("raw", 1234, 1200), files("posts", 90, 40), files("states", 60, 30)],
            newest_observation: Instant::parse("2026-11-23T06:00"),
            newest_posts: Day::parse("2026-11-23"),
            newest_counted: Day::parse("2026-11-22"),
            is_open: false,
        };
        let hdfs = NameNode {
            namenode: "http://namenode:9870".into(),
            capacity: 1_000_000_000_000,
            used: 700_000_000_000,
            remaining: 100_000_000_000,
            files: 23_456,
            blocks: 20_001,
            missing_blocks: 0,
            under_replicated_blocks: 2,
        };
        let of = |lines, bad, rows| Loaded { lines, bad, rows: vec![("tag_table".into(), rows)] };
        let day = DayNumbers {
            day: Day::parse("2026-11-23").unwrap(),
            posts: Some(400),
            posts_before: vec![1900, 2000, 2100],
            last: Some(of(30_000, 100, 12_335)),
            before: Some(of(29_000, 90, 12_336)),
        };
        let seen = Seen {
            hbase: Some(Ok(hbase)),
            namenode: Some(Ok(hdfs)),
            loads: Some(Ok(loads)),
            lake: Some(Ok(survey)),
            erasures: None,
            day: Some(Ok(day)),
        };
        let outcome = Outcome::of(taken, seen, &thresholds);
        insta::assert_snapshot!(text(&outcome));
        let nothing = Outcome::of(taken, Seen::default(), &thresholds);
        assert!(text(&nothing).ends_with("nothing reaches a threshold\n"));
    }
}
