//! What breaks while tables are loaded into HBase, on a cluster of this test's own: the error says what is the matter and whether
//! trying again helps, nothing hangs, and in the end every cell is right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    fmt::Display,
    fs,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{Ran, tootmill};
use serde_json::Value;
use tempfile::TempDir;
use tootmill_cluster::{Cluster, Daemon, Options};

/// Two lakes, whose tables have few rows in common.
/// Two that are loaded in turn, and one of the load that sleeps, which goes on holding its lake.
const INSTANCES: [&str; 3] = ["one.example", "two.example", "asleep.example"];
/// Makes a load take some seconds.
const SLOW: &str = "&connections=2&batch=10";
/// Older than any time to live, whenever the test runs.
const FIRST_DAY: u32 = 18_262;

/// HBase's own client, which takes orders.
struct Admin {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Admin {
    fn of(cluster: &Cluster) -> Self {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hbase_faults/HbaseAdmin.java");
        let mut command = cluster.command("hbase");
        command.arg(source).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let (orders, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, orders, answers: BufReader::new(answers) }
    }

    fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().into()
    }

    #[track_caller]
    fn order(&mut self, order: &str) {
        assert_eq!(self.ask(order), "done", "{order}");
    }

    #[track_caller]
    fn count(&mut self, question: &str) -> u64 {
        let answer = self.ask(question);
        answer.parse().unwrap_or_else(|_| panic!("{question}: {answer}"))
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command that was started, and ends with the test.
struct Running(Option<Child>);

impl Running {
    fn begin(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(command.spawn().unwrap()))
    }

    fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    #[track_caller]
    fn goes_on(&mut self) {
        if self.0.as_mut().unwrap().try_wait().unwrap().is_some() {
            let ran: Ran = self.0.take().unwrap().wait_with_output().unwrap().into();
            panic!("it was over before the fault: {}", ran.stderr);
        }
    }

    fn ended(mut self) -> Ran {
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }

    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn signal(name: &str, process: &impl Display) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

struct Mill {
    cluster: Cluster,
    admin: Admin,
    folder: TempDir,
    /// What `tables dump` says of each lake: the totals, and the days.
    dumps: [[String; 2]; 3],
    /// Which lake was loaded last.
    last: usize,
    /// How long a load takes that nothing disturbs.
    whole_load: Duration,
    /// A load that does nothing, and since when.
    idle: Option<(Running, Instant)>,
}

impl Mill {
    fn up() -> Self {
        let folder = TempDir::new().unwrap();
        let dumps = [0, 1, 2].map(|lake| {
            let timeline =
                tootmill_synth::Timeline { posts: 3000, seed: lake as u64, start: FIRST_DAY, days: 2, oddities: false };
            timeline.write_to(&mut fs::File::create(folder.path().join("posts.jsonl")).unwrap()).unwrap();
            let file = format!("sqlite:{lake}.db");
            let commands: [&[&str]; 5] = [
                &["import", "posts.jsonl"],
                &["compact"],
                &["submit", "--on", "local"],
                &["merge"],
                &["load", "--tables", &file],
            ];
            for command in commands {
                common::stdout(folder.path(), &[command, &["--lake", "lake", "--instance", INSTANCES[lake]]].concat());
            }
            dumps(folder.path(), &file)
        });
        let cluster = Cluster::up(&Options::default()).unwrap();
        let admin = Admin::of(&cluster);
        Self { cluster, admin, folder, dumps, last: 0, whole_load: Duration::ZERO, idle: None }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn thrift(&self) -> String {
        self.cluster.address(Daemon::Thrift1)
    }

    fn tables(&self, options: &str) -> String {
        format!("hbase://{}?thrift2={}{options}", self.thrift(), self.cluster.address(Daemon::Thrift2))
    }

    fn load(&self, lake: usize, options: &str, how: &[&str]) -> Command {
        let tables = self.tables(options);
        let arguments = ["load", "--lake", "lake", "--instance", INSTANCES[lake], "--json", "--tables", &tables];
        tootmill(self.path(), &[&arguments, how].concat())
    }

    /// Begins to load the other lake, and waits until it is in the middle of it.
    fn begin(&mut self, options: &str) -> Running {
        self.last = 1 - self.last;
        let before = self.admin.count("writes user_table");
        let mut running = Running::begin(&mut self.load(self.last, options, &[]));
        eventually("the load's writes", || {
            running.goes_on();
            (self.admin.count("writes user_table") > before + 250).then_some(())
        });
        running.goes_on();
        running
    }

    /// Loads the lake that was loaded last.
    fn again(&self, how: &[&str]) -> Ran {
        self.load(self.last, "", how).output().unwrap().into()
    }

    /// The load goes on in spite of the fault, or the error is worth a retry, which succeeds; then every cell is right.
    #[track_caller]
    fn survives(&self, running: Running) -> Ran {
        let ran = running.ended();
        if ran.code == 0 {
            eprintln!("    {} retries", told(&ran)["written"]["retries"]);
        } else {
            failed(&ran, 75, &["worth trying again"]);
            eprintln!("    a retry was needed: {}", ran.stderr.lines().next_back().unwrap_or_default());
            failed(&self.again(&[]), 0, &[]);
        }
        self.is_right();
        ran
    }

    #[track_caller]
    fn is_right(&self) {
        let verified = self.again(&["--verify"]);
        failed(&verified, 0, &[]);
        let told = told(&verified);
        assert_eq!(told["changed"], false, "{told}");
        assert!(told["verified_cells"].as_u64().unwrap() > 5_000, "{told}");
        assert!(dumps(self.path(), &self.tables("")) == self.dumps[self.last], "the tables differ");
    }
}

/// The totals, and the days.
fn dumps(folder: &Path, tables: &str) -> [String; 2] {
    ["data", "day"].map(|family| common::stdout(folder, &["tables", "dump", "--tables", tables, "--family", family]))
}

fn told(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

#[track_caller]
fn failed(ran: &Ran, code: i32, says: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    for words in says {
        assert!(ran.stderr.contains(words), "`{words}` is not in: {}", ran.stderr);
    }
}

fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Does something to the cluster, and shows what comes of it.
type Fault = fn(&mut Mill);

#[test]
#[ignore = "starts a cluster of its own"]
fn every_fault_of_hbase_is_survived() {
    let mut mill = Mill::up();
    let faults: [(&str, Fault); 16] = [
        ("no server", no_server),
        ("a codec that the cluster lacks", a_missing_codec),
        ("families that cannot take the rows", families_that_cannot_take_the_rows),
        ("no fault", no_fault),
        ("a load falls asleep", a_load_falls_asleep),
        ("a region split", a_region_split),
        ("a table disabled for a while", a_table_disabled),
        ("a table disabled for too long", a_table_disabled_for_too_long),
        ("twenty kills", twenty_kills),
        ("a server that says nothing", a_silent_server),
        ("Ctrl-C", interrupted),
        ("the load wakes up", the_load_wakes_up),
        ("Thrift gone for too long", thrift_gone),
        ("Thrift restarted", thrift_restarted),
        ("no Thrift2", no_thrift2),
        ("the region server killed and restarted", the_region_server_killed),
    ];
    for (name, fault) in faults {
        let start = Instant::now();
        eprintln!("{name} …");
        fault(&mut mill);
        eprintln!("  … survived after {:.1} s", start.elapsed().as_secs_f64());
    }
    let Mill { cluster, admin, .. } = mill;
    drop(admin);
    cluster.down().unwrap();
}

fn no_server(mill: &mut Mill) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let tables = format!("hbase://{nobody}");
    let load = ["load", "--lake", "lake", "--instance", INSTANCES[0], "--tables", &tables];
    let start = Instant::now();
    failed(&common::run(mill.path(), &load), 75, &["no Thrift server of HBase answers at", &nobody, "is it running"]);
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
}

fn a_missing_codec(mill: &mut Mill) {
    let tables = mill.tables("");
    let create = ["tables", "create", "--tables", &tables, "--compression", "lz4", "url_table"];
    failed(
        &common::run(mill.path(), &create),
        1,
        &["the cluster has no LZ4 for the table `url_table`", "name another"],
    );
    let described = common::stdout(mill.path(), &["tables", "describe", "--tables", &tables, "url_table"]);
    assert!(described.contains("url_table: is not there"), "{described}");
}

/// Makes a table as nobody should, loads, and sees that nothing is written.
#[track_caller]
fn refused(mill: &mut Mill, families: &str, says: &[&str]) {
    mill.admin.order(&format!("create user_table {families}"));
    failed(&mill.again(&[]), 1, says);
    for table in ["user_table", "url_table", "language_table", "tootmill_loads", "runs"] {
        assert_eq!(mill.admin.count(&format!("rows {table}")), 0, "{table}");
    }
    common::stdout(mill.path(), &["tables", "drop", "--tables", &mill.tables(""), "--yes", "user_table"]);
}

fn families_that_cannot_take_the_rows(mill: &mut Mill) {
    refused(
        mill,
        "d:0 day:0",
        &["`user_table` cannot take the rows", "no family `data`, only d, day", "load into another"],
    );
    refused(mill, "data:86400 day:0", &["time to live of its family `data` is 86400 s", "would hide", "tables diff"]);
    refused(mill, "data:0 day:86400", &["family `day` is 86400 s", "2020-01-01", "--leave-out-expired"]);
}

fn no_fault(mill: &mut Mill) {
    failed(&mill.again(&[]), 0, &[]);
    mill.is_right();
    let start = Instant::now();
    mill.last = 1;
    failed(&mill.again(&[]), 0, &[]);
    mill.whole_load = start.elapsed();
    mill.is_right();
    eprintln!("    a load takes {:.1} s", mill.whole_load.as_secs_f64());
}

/// So long that the server closes its connections.
fn a_load_falls_asleep(mill: &mut Mill) {
    // Nobody else loads into these tables.
    mill.admin.order("namespace asleep");
    for table in ["croissance", "emoji", "language", "tag", "toot_with_media", "url", "user"] {
        mill.admin.order(&format!("create asleep:{table}_table data:0 day:0"));
    }
    let running = Running::begin(&mut mill.load(2, &format!("{SLOW}&namespace=asleep"), &[]));
    eventually("its writes", || (mill.admin.count("writes asleep:tag_table") > 100).then_some(()));
    signal("-STOP", &running.id());
    mill.idle = Some((running, Instant::now()));
}

fn the_load_wakes_up(mill: &mut Mill) {
    let (mut running, since) = mill.idle.take().unwrap();
    thread::sleep(Duration::from_secs(62).saturating_sub(since.elapsed()));
    running.goes_on();
    signal("-CONT", &running.id());
    let ran = running.ended();
    failed(&ran, 0, &[]);
    assert!(told(&ran)["written"]["retries"].as_u64().unwrap() > 0, "{}", ran.stdout);
    let tables = mill.tables("&namespace=asleep");
    assert!(dumps(mill.path(), &tables) == mill.dumps[2], "the tables differ");
}

fn a_region_split(mill: &mut Mill) {
    let dump: Value = serde_json::from_str(&mill.dumps[1 - mill.last][0]).unwrap();
    let keys: Vec<&String> = dump["user_table"].as_object().unwrap().keys().collect();
    let order = format!("split user_table {}", keys[keys.len() / 2]);
    let mut running = mill.begin(SLOW);
    mill.admin.order(&order);
    running.goes_on();
    let ran = mill.survives(running);
    failed(&ran, 0, &[]);
}

fn a_table_disabled(mill: &mut Mill) {
    let running = mill.begin(&format!("{SLOW}&timeout=3&patience=60"));
    mill.admin.order("disable user_table");
    thread::sleep(Duration::from_secs(4));
    mill.admin.order("enable user_table");
    mill.survives(running);
}

fn a_table_disabled_for_too_long(mill: &mut Mill) {
    let running = mill.begin(&format!("{SLOW}&timeout=2&patience=1"));
    mill.admin.order("disable user_table");
    let ran = running.ended();
    failed(&ran, 75, &["user_table", "worth trying again"]);
    failed(&mill.again(&[]), 75, &["the table `user_table` is disabled", "enable it in `hbase shell`"]);
    mill.admin.order("enable user_table");
    mill.last = 1 - mill.last;
    // What was sent to the disabled table lands only now, at the next of the tries that the Thrift server makes, perhaps in the
    // middle of a load: rows of another load than the last. Whoever verifies hears of them, and the next load removes them.
    let mut was_right = false;
    for _ in 0..12 {
        let verified = mill.again(&["--verify"]);
        match verified.code {
            0 if was_right => return mill.is_right(),
            0 => thread::sleep(Duration::from_secs(12)),
            _ => {
                failed(&verified, 75, &["which should not be there", "load again"]);
                eprintln!("    landed late: {}", verified.stderr.trim_end());
            }
        }
        was_right = verified.code == 0;
    }
    panic!("what was sent to the disabled table never ends to land");
}

fn twenty_kills(mill: &mut Mill) {
    const KILLS: u32 = 20;
    mill.last = 1 - mill.last;
    for kill in 0..KILLS {
        // At all moments of a load, at random within each twentieth of it.
        let part = mill.whole_load / KILLS;
        let within = part * u32::from(RandomState::new().hash_one(kill).to_be_bytes()[0]) / 256;
        let running = Running::begin(&mut mill.load(mill.last, "&batch=200", &[]));
        thread::sleep(part * kill + within);
        drop(running);
    }
    let ran = mill.again(&["--verify"]);
    failed(&ran, 0, &[]);
    mill.is_right();
}

/// It holds its sockets open, and answers nothing.
fn silenced<T>(mill: &mut Mill, work: impl FnOnce(&mut Mill) -> T) -> T {
    let thrift = mill.cluster.pid(Daemon::Thrift1).unwrap();
    signal("-STOP", &thrift);
    let done = work(mill);
    signal("-CONT", &thrift);
    done
}

fn a_silent_server(mill: &mut Mill) {
    let mut running = mill.begin(SLOW);
    silenced(mill, |_| {
        thread::sleep(Duration::from_millis(500));
        let before = running.memory();
        thread::sleep(Duration::from_secs(3));
        running.goes_on();
        let after = running.memory();
        eprintln!("    {} MiB", after >> 20);
        assert!(after < before + (4 << 20) && after < 200 << 20, "from {before} bytes to {after}");
    });
    failed(&mill.survives(running), 0, &[]);
    // Neither a first connection nor those that write wait for longer than they are told.
    let running = mill.begin(&format!("{SLOW}&timeout=1&patience=2"));
    silenced(mill, |mill| {
        let start = Instant::now();
        failed(&running.ended(), 75, &["no answer within the time allowed", &mill.thrift()]);
        let first: Ran = mill.load(0, "&timeout=1", &[]).output().unwrap().into();
        failed(&first, 75, &["no answer within the time allowed", &mill.thrift()]);
        assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    });
    failed(&mill.again(&[]), 0, &[]);
    mill.is_right();
}

fn interrupted(mill: &mut Mill) {
    let mut running = mill.begin(SLOW);
    silenced(mill, |_| {
        let start = Instant::now();
        signal("-INT", &running.id());
        let status = running.0.as_mut().unwrap().wait().unwrap();
        // Well before the server's answer is given up, which is waited for for a minute.
        assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
        assert!(!status.success());
    });
    failed(&mill.again(&[]), 0, &[]);
    mill.is_right();
}

fn thrift_gone(mill: &mut Mill) {
    let running = mill.begin("&connections=8&batch=5&timeout=5&patience=1");
    mill.cluster.kill(Daemon::Thrift1).unwrap();
    let start = Instant::now();
    failed(&running.ended(), 75, &[&mill.thrift(), "worth trying again"]);
    assert!(start.elapsed() < Duration::from_secs(15), "it took {:?}", start.elapsed());
    mill.cluster.start(Daemon::Thrift1).unwrap();
    failed(&mill.again(&[]), 0, &[]);
    mill.is_right();
}

fn thrift_restarted(mill: &mut Mill) {
    let running = mill.begin(SLOW);
    mill.cluster.kill(Daemon::Thrift1).unwrap();
    mill.cluster.start(Daemon::Thrift1).unwrap();
    let ran = mill.survives(running);
    failed(&ran, 0, &["trying again"]);
}

fn no_thrift2(mill: &mut Mill) {
    mill.cluster.kill(Daemon::Thrift2).unwrap();
    let tables = mill.tables("");
    let ran = common::run(mill.path(), &["tables", "describe", "--tables", &tables]);
    failed(&ran, 75, &["no Thrift server of HBase answers at", &mill.cluster.address(Daemon::Thrift2)]);
    mill.cluster.start(Daemon::Thrift2).unwrap();
    mill.is_right();
}

fn the_region_server_killed(mill: &mut Mill) {
    let running = mill.begin(SLOW);
    mill.cluster.kill(Daemon::RegionServer).unwrap();
    mill.cluster.start(Daemon::RegionServer).unwrap();
    mill.survives(running);
}
