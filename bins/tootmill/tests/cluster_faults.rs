//! What breaks on a cluster, of this test's own with two DataNodes: the error says what is the matter and whether trying again
//! helps, nothing is committed by half, and another try ends in the tables that `tootmill run` gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{Ran, tootmill};
use tempfile::TempDir;
use tootmill_cluster::{Cluster, Container, Daemon, Options};
use tootmill_lake::open_storage;

const DAY: &str = "2026-11-16";
/// How long a machine may take that does much else.
const PATIENCE: Duration = Duration::from_mins(5);

struct Mill {
    cluster: Cluster,
    folder: TempDir,
    /// What the tables of `posts.jsonl` are.
    tables: String,
    /// What those of `many.jsonl` are, whose lines compress to more than is sent at once.
    tables_of_many: String,
    /// The program, but that its mappers can be held.
    holding: PathBuf,
    /// A file as long as which is there its mappers wait.
    held: PathBuf,
}

/// The lake of one fault.
struct Lake<'m> {
    mill: &'m Mill,
    address: String,
}

/// A command that was started.
struct Running {
    process: Child,
}

impl Running {
    fn ended(self) -> Ran {
        self.process.wait_with_output().unwrap().into()
    }

    fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap().success());
    }

    /// Ends it as a crash would.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Mill {
    fn up() -> Self {
        let cluster = Cluster::up(&Options { datanodes: 2, hbase: false, ..Options::default() }).unwrap();
        let folder = TempDir::new().unwrap();
        for (posts, name) in [(200, "posts.jsonl"), (30_000, "many.jsonl")] {
            let timeline = tootmill_synth::Timeline { posts, days: 1, oddities: false, ..Default::default() };
            timeline.write_to(&mut fs::File::create(folder.path().join(name)).unwrap()).unwrap();
        }
        let holding = folder.path().join("holding");
        let program = env!("CARGO_BIN_EXE_tootmill");
        let held = folder.path().join("held");
        let wait = format!("while [ \"$1\" = mapper ] && [ -e '{}' ]; do sleep 0.2; done", held.display());
        fs::write(&holding, format!("#!/bin/sh\n{wait}\nexec '{program}' \"$@\"\n")).unwrap();
        fs::set_permissions(&holding, fs::Permissions::from_mode(0o755)).unwrap();
        let [tables, tables_of_many] = ["posts.jsonl", "many.jsonl"].map(|posts| tables_of(folder.path(), posts));
        Self { cluster, folder, tables, tables_of_many, holding, held }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A lake with the posts, imported and compacted.
    fn lake(&self, name: &str) -> Lake<'_> {
        let lake = self.empty_lake(name);
        lake.done(&["import", "posts.jsonl"]);
        lake.done(&["compact"]);
        lake
    }

    fn empty_lake(&self, name: &str) -> Lake<'_> {
        Lake { mill: self, address: format!("{}/{name}", self.cluster.hdfs()) }
    }

    fn hdfs(&self, arguments: &[&str]) {
        let output = self.cluster.command("hdfs").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What the cluster says of itself, for whoever reads of a failure and cannot look.
    fn tell(&self) {
        for daemon in [Daemon::ResourceManager, Daemon::NodeManager] {
            eprintln!("the last of {daemon}:\n{}", self.cluster.log_tail(daemon));
        }
        self.cluster.containers().iter().for_each(|one| eprintln!("in {}: {}", one.id, one.command));
    }

    /// Waits for something that runs in a container.
    fn container(&self, is_it: impl Fn(&Container) -> bool) -> Container {
        eventually("the container", || self.cluster.containers().into_iter().find(&is_it))
    }
}

/// The totals of the posts.
fn tables_of(folder: &Path, posts: &str) -> String {
    common::stdout(folder, &["run", posts, "--tables", "sqlite:run.db", "--quiet"]);
    common::stdout(folder, &["tables", "dump", "--tables", "sqlite:run.db"])
}

fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        thread::sleep(Duration::from_millis(50));
    }
}

impl Lake<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let lake = ["--lake", &self.address, "--instance", "mill.example", "--quiet"];
        let mut command = tootmill(self.mill.path(), &[arguments, &lake].concat());
        command.envs(self.mill.cluster.variables()).env_remove("HADOOP_USER_NAME");
        command
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { process: command.spawn().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran.stderr
    }

    /// Runs what fails, with the exit code and what it says.
    #[track_caller]
    fn fails(&self, arguments: &[&str], code: i32, says: &[&str]) {
        failed(&self.run(arguments), code, says);
    }

    /// Starts a job whose mappers are held until it is to go on, and waits for one of them. What a cluster that is busy cannot do is
    /// tried again, as an operator would.
    fn submit(&self) -> (Running, Container) {
        // In containers of their own, although the job is small: one of them is to be killed.
        let own = ["--set", "mapreduce.job.ubertask.enable=false"];
        let holding = ["--program", self.mill.holding.to_str().unwrap()];
        let arguments = [&["submit", "--on", "yarn", "--date", DAY][..], &own, &holding].concat();
        fs::write(&self.mill.held, "").unwrap();
        for _ in 0..3 {
            let mut submit = self.start(&arguments);
            let mapper = || self.mill.cluster.containers().into_iter().find(is_mapper);
            let came = eventually("a mapper", || match mapper() {
                None => submit.has_ended().then_some(None),
                mapper => Some(mapper),
            });
            if let Some(mapper) = came {
                return (submit, mapper);
            }
            let ran = submit.ended();
            assert_eq!(ran.code, 75, "{}", ran.stderr);
            eprintln!("    another try was needed: {}", ran.stderr.lines().next_back().unwrap_or_default());
        }
        panic!("three tries were not enough");
    }

    /// The job goes on in spite of the fault, or the error is worth a retry, which succeeds.
    #[track_caller]
    fn goes_on(&self, running: Running) {
        fs::remove_file(&self.mill.held).unwrap();
        let ran = running.ended();
        if ran.code != 0 {
            assert_eq!(ran.code, 75, "{}", ran.stderr);
            eprintln!("    a retry was needed: {}", ran.stderr.lines().next_back().unwrap_or_default());
            self.done(&["submit", "--on", "yarn", "--date", DAY]);
        }
    }

    /// What came of it is what `tootmill run` gives: nothing is lost, nothing doubled.
    #[track_caller]
    fn is_right(&self, tables: &str) {
        self.done(&["merge"]);
        let file = format!("sqlite:{}.db", self.address.rsplit('/').next().unwrap());
        self.done_without_quiet(&["load", "--tables", &file]);
        let dump = common::stdout(self.mill.path(), &["tables", "dump", "--tables", &file]);
        assert!(dump == tables, "the tables differ");
    }

    #[track_caller]
    fn done_without_quiet(&self, arguments: &[&str]) {
        let lake = ["--lake", &self.address, "--instance", "mill.example"];
        let mut command = tootmill(self.mill.path(), &[arguments, &lake].concat());
        let ran: Ran = command.envs(self.mill.cluster.variables()).output().unwrap().into();
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    }

    /// Whether there is something at a path of the lake.
    fn has(&self, path: &str) -> bool {
        let (storage, folder) = open_storage(&self.address).unwrap();
        storage.find(&format!("{folder}/mill.example/{path}")).unwrap().is_some()
    }
}

/// Whether it is the program that maps, and not what has started it.
fn is_mapper(container: &Container) -> bool {
    container.command.contains("mapper") && !container.command.contains("java")
}

#[track_caller]
fn failed(ran: &Ran, code: i32, says: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    for words in says {
        assert!(ran.stderr.contains(words), "`{words}` is not in: {}", ran.stderr);
    }
}

/// Does something to the cluster, and shows what comes of it.
type Fault = fn(&mut Mill);

#[test]
#[ignore = "starts a cluster of its own"]
fn every_fault_is_survived() {
    let mut mill = Mill::up();
    let faults: [(&str, Fault); 13] = [
        ("no NameNode", no_namenode),
        ("safe mode", safe_mode),
        ("another user", another_user),
        ("a quota", a_quota),
        ("too many bad lines", too_many_bad_lines),
        ("a DataNode restarted during a write", a_datanode_during_a_write),
        ("a writer killed in pipeline recovery", a_writer_killed_in_recovery),
        ("a job with leftovers, its mapper killed, a DataNode restarted", a_mapper_and_a_datanode_during_a_job),
        ("the application master killed", the_master_killed),
        ("the NodeManager restarted", the_nodemanager_restarted),
        ("submit interrupted, then killed", submit_interrupted_then_killed),
        ("a job that was left, ended by its lake", a_job_that_was_left),
        ("the NameNode restarted", the_namenode_restarted),
    ];
    for (name, fault) in faults {
        let start = Instant::now();
        eprintln!("{name} …");
        if let Err(failure) = panic::catch_unwind(AssertUnwindSafe(|| fault(&mut mill))) {
            mill.tell();
            panic::resume_unwind(failure);
        }
        eprintln!("  … survived after {:.1} s", start.elapsed().as_secs_f64());
    }
    mill.cluster.down().unwrap();
}

fn no_namenode(mill: &mut Mill) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lake = Lake { mill, address: format!("hdfs://{nobody}/lake") };
    let posts = format!("hdfs://{nobody}/posts.jsonl");
    let start = Instant::now();
    lake.fails(&["import", "posts.jsonl"], 75, &[&nobody.to_string(), "is the NameNode running"]);
    assert!(start.elapsed() < Duration::from_secs(25), "it took {:?}", start.elapsed());
    let ran = common::run(mill.path(), &["run", &posts, "--tables", "sqlite:none.db"]);
    failed(&ran, 75, &[&nobody.to_string(), "is the NameNode running"]);
}

fn safe_mode(mill: &mut Mill) {
    let lake = mill.lake("safe-mode");
    mill.hdfs(&["dfsadmin", "-safemode", "enter"]);
    for arguments in [&["import", "posts.jsonl"][..], &["compact"], &["submit", "--on", "local"], &["merge"]] {
        lake.fails(arguments, 75, &["safe mode", "worth trying again"]);
    }
    mill.hdfs(&["dfsadmin", "-safemode", "leave"]);
    lake.done(&["submit", "--on", "local"]);
    lake.is_right(&mill.tables);
}

fn another_user(mill: &mut Mill) {
    let lake = mill.lake("another-user");
    for arguments in [&["import", "posts.jsonl"][..], &["submit", "--on", "local"], &["submit", "--on", "yarn"]] {
        let ran: Ran = lake.command(arguments).env("HADOOP_USER_NAME", "alice").output().unwrap().into();
        failed(&ran, 1, &["Permission denied: user=alice", "HADOOP_USER_NAME"]);
    }
    lake.done(&["submit", "--on", "local"]);
    lake.is_right(&mill.tables);
}

fn a_quota(mill: &mut Mill) {
    let lake = mill.empty_lake("quota");
    lake.done(&["import", "posts.jsonl"]);
    // A block of 32 MiB, twice, is what a file needs that is being written: the one that is there leaves too little.
    fs::write(mill.path().join("large"), vec![0; 20 << 20]).unwrap();
    mill.hdfs(&["dfsadmin", "-setSpaceQuota", "100m", "/quota"]);
    mill.hdfs(&["dfs", "-put", mill.path().join("large").to_str().unwrap(), "/quota/large"]);
    lake.fails(&["compact"], 1, &["quota", "hdfs dfs -count -q"]);
    assert!(!lake.has("compaction/CURRENT") && !lake.has(&format!("posts/date={DAY}/CURRENT")));
    lake.fails(&["import", "posts.jsonl"], 1, &["quota"]);
    mill.hdfs(&["dfsadmin", "-clrSpaceQuota", "/quota"]);
    lake.done(&["compact"]);
    lake.done(&["submit", "--on", "local"]);
    lake.is_right(&mill.tables);
}

fn too_many_bad_lines(mill: &mut Mill) {
    let lake = mill.empty_lake("bad-lines");
    let posts = fs::read_to_string(mill.path().join("posts.jsonl")).unwrap();
    fs::write(mill.path().join("bad.jsonl"), "no post\n".repeat(150) + &posts).unwrap();
    lake.done(&["import", "bad.jsonl"]);
    lake.fails(&["compact", "--on", "yarn"], 1, &["150 of 350 lines are bad", "nothing was changed"]);
    assert!(!lake.has("compaction/CURRENT") && !lake.has("posts"));
    lake.done(&["compact", "--max-bad", "150"]);
    lake.done(&["submit", "--on", "local"]);
    lake.is_right(&mill.tables);
}

/// Whole posts, so that there is much to write.
const IMPORT: [&str; 5] = ["import", "many.jsonl", "--policy", "open", "--keep-all-fields"];

/// An import of `many.jsonl` that was stopped in the middle of its writing.
fn half_an_import(lake: &Lake<'_>) -> Running {
    let import = lake.start(&IMPORT);
    // In a folder whose name only this import knows.
    let is_writing = || {
        let (storage, folder) = open_storage(&format!("{}/mill.example/_aside/import", lake.address)).unwrap();
        let folders = storage.list(&folder).unwrap();
        folders.iter().any(|folder| storage.find(&format!("{}/part-00000.jsonl.zst", folder.path)).unwrap().is_some())
    };
    eventually("the file of the import", || is_writing().then_some(()));
    // Until some of it is at the DataNodes.
    thread::sleep(Duration::from_millis(400));
    import.signal("-STOP");
    assert!(is_writing(), "the import was over before it could be stopped");
    import
}

fn a_datanode_during_a_write(mill: &mut Mill) {
    let lake = mill.empty_lake("datanode");
    let import = half_an_import(&lake);
    let address = lake.address.clone();
    mill.cluster.kill(Daemon::DataNode2).unwrap();
    import.signal("-CONT");
    let ran = import.ended();
    mill.cluster.start(Daemon::DataNode2).unwrap();
    let lake = Lake { mill, address };
    if ran.code != 0 {
        failed(&ran, 75, &["worth trying again"]);
        eprintln!("    a retry was needed: {}", ran.stderr.trim_end());
        lake.done(&IMPORT);
    }
    lake.done(&["compact"]);
    lake.done(&["submit", "--on", "local"]);
    lake.is_right(&mill.tables_of_many);
}

fn a_writer_killed_in_recovery(mill: &mut Mill) {
    let lake = mill.empty_lake("recovery");
    let import = half_an_import(&lake);
    let address = lake.address.clone();
    mill.cluster.kill(Daemon::DataNode1).unwrap();
    import.signal("-CONT");
    thread::sleep(Duration::from_millis(200));
    import.kill();
    mill.cluster.start(Daemon::DataNode1).unwrap();
    let lake = Lake { mill, address };
    assert!(!lake.has("raw"), "nothing is imported by half");
    lake.done(&IMPORT);
    lake.done(&["compact"]);
    lake.done(&["submit", "--on", "local"]);
    lake.is_right(&mill.tables_of_many);
}

fn a_mapper_and_a_datanode_during_a_job(mill: &mut Mill) {
    let lake = mill.lake("job");
    // What a try left that was not ended in any orderly way: Hadoop would refuse an output that exists.
    let (storage, folder) = open_storage(&lake.address).unwrap();
    for left in [format!("_aside/states-{DAY}/output/part-00000"), format!("states/date={DAY}/v=1/part-00000")] {
        storage.create(&format!("{folder}/mill.example/{left}")).unwrap().finish().unwrap();
    }
    let (submit, _) = lake.submit();
    mill.cluster.containers().iter().filter(|one| is_mapper(one)).for_each(Container::kill);
    let address = lake.address.clone();
    mill.cluster.kill(Daemon::DataNode1).unwrap();
    thread::sleep(Duration::from_secs(2));
    mill.cluster.start(Daemon::DataNode1).unwrap();
    let lake = Lake { mill, address };
    lake.goes_on(submit);
    lake.is_right(&mill.tables);
    assert!(!lake.has(&format!("_aside/states-{DAY}")), "nothing is left aside");
}

fn the_master_killed(mill: &mut Mill) {
    let lake = mill.lake("master");
    let (submit, _) = lake.submit();
    mill.container(Container::is_application_master).kill();
    lake.goes_on(submit);
    lake.is_right(&mill.tables);
}

fn the_nodemanager_restarted(mill: &mut Mill) {
    let lake = mill.lake("nodemanager");
    let (submit, _) = lake.submit();
    let address = lake.address.clone();
    mill.cluster.stop(Daemon::NodeManager).unwrap();
    mill.cluster.start(Daemon::NodeManager).unwrap();
    let lake = Lake { mill, address };
    lake.goes_on(submit);
    lake.is_right(&mill.tables);
}

fn submit_interrupted_then_killed(mill: &mut Mill) {
    let lake = mill.lake("ended");
    let (submit, _) = lake.submit();
    submit.signal("-INT");
    let ran = submit.ended();
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("application_"), "{}", ran.stderr);
    eventually("the end of the job", || mill.cluster.containers().is_empty().then_some(()));
    assert!(!lake.has(&format!("states/date={DAY}/CURRENT")));

    let (submit, left) = lake.submit();
    submit.kill();
    let said = lake.done(&["submit", "--on", "yarn", "--date", DAY]);
    let application = left.id.split('_').skip(1).take(2).collect::<Vec<_>>().join("_");
    assert!(said.contains(&format!("left the job application_{application} running")), "{said}");
    lake.is_right(&mill.tables);
}

fn a_job_that_was_left(mill: &mut Mill) {
    let jobs = |lake: &Lake<'_>, what: &str| -> Vec<serde_json::Value> {
        let ran = lake.run(&["jobs", what, "--json"]);
        failed(&ran, 0, &[]);
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let (lake, other) = (mill.lake("left"), mill.lake("left-alone"));
    let (submit, _) = lake.submit();
    submit.kill();
    let left = jobs(&lake, "list");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0]["tracking_url"].as_str().unwrap().ends_with(left[0]["application"].as_str().unwrap()), "{left:?}");
    assert_eq!(jobs(&other, "kill").len(), 0, "another lake's jobs are its own");
    let killed = jobs(&lake, "kill");
    assert_eq!(killed[0]["application"], left[0]["application"]);
    eventually("the end of the job", || mill.cluster.containers().is_empty().then_some(()));
    assert_eq!((jobs(&lake, "list").len(), jobs(&lake, "kill").len()), (0, 0));
}

fn the_namenode_restarted(mill: &mut Mill) {
    let address = mill.lake("namenode").address;
    mill.cluster.stop(Daemon::NameNode).unwrap();
    let lake = Lake { mill, address: address.clone() };
    lake.fails(&["submit", "--on", "yarn"], 75, &["is the NameNode running"]);
    mill.cluster.start(Daemon::NameNode).unwrap();
    let lake = Lake { mill, address };
    let start = Instant::now();
    let ran = loop {
        let ran = lake.run(&["submit", "--on", "local"]);
        if ran.code != 75 || start.elapsed() > Duration::from_mins(1) {
            break ran;
        }
        thread::sleep(Duration::from_secs(1));
    };
    failed(&ran, 0, &[]);
    lake.is_right(&mill.tables);
}
