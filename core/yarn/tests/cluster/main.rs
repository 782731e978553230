//! Jobs on a real cluster, which the environment describes: `HADOOP_CONF_DIR`, `TOOTMILL_RESOURCE_MANAGER`,
//! `TOOTMILL_HISTORY_SERVER`, `TOOTMILL_LAUNCHER` (if it is not `mapred streaming`), `TOOTMILL_HDFS`, and `hdfs` in `PATH`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod fixture;

use std::{
    fs,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use fixture::{Folder, cluster};
use tootmill_metric::Status;
use tootmill_yarn::{Application, Cancel, Error, Input, Job, Outcome, Progress, Watch};

/// Remembers what it sees.
#[derive(Default)]
struct Seen {
    applications: Mutex<Vec<String>>,
    leftovers: Mutex<Vec<String>>,
    progress: Mutex<Vec<Progress>>,
}

impl Watch for Seen {
    fn leftover(&self, application: &str) {
        self.leftovers.lock().unwrap().push(application.to_owned());
    }

    fn launched(&self, application: &Application) {
        self.applications.lock().unwrap().push(application.id.clone());
    }

    fn progress(&self, progress: Progress) {
        self.progress.lock().unwrap().push(progress);
    }
}

fn run(job: &Job) -> Result<Outcome, Error> {
    cluster().run(job, &Seen::default(), &Cancel::default())
}

/// What `LC_ALL=C sort` gives for the records, states of the same metric, key and member added up.
const SUM: &str = r"awk -F '\t' '{k = $1 FS $2 FS $3; if (k != last && NR > 1) {print last FS n; n = 0} last = k; n += $4} END {if (NR > 0) print last FS n}'";

/// Records in no order, with empty members and with keys that are each other's beginnings.
fn records() -> Vec<String> {
    let mut records = Vec::new();
    for n in 0..600_u32 {
        let key = ["a", "a b", "ab", "é", "a\\t", "z"][n as usize % 6];
        let member = ["", "x", "x y", "m"][n as usize / 7 % 4];
        records.push(format!("{}\t{key}{}\t{member}\t1", ["one", "on", "two"][n as usize % 5 % 3], n % 11));
    }
    records
}

/// The sums that the records should come to, in the order of bytes.
fn sums() -> Vec<String> {
    let mut sums = std::collections::BTreeMap::new();
    for record in records() {
        *sums.entry(record.rsplit_once('\t').unwrap().0.as_bytes().to_vec()).or_insert(0) += 1;
    }
    sums.into_iter().map(|(key, sum)| format!("{}\t{sum}", String::from_utf8(key).unwrap())).collect()
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn records_are_grouped_and_sorted_by_their_bytes() {
    for reducers in [1, 3] {
        let folder = Folder::new(&format!("sums-{reducers}"), &[("sum.sh", SUM)]);
        folder.put(&[("one", &records()[..200]), ("two", &records()[200..])]);
        let script = folder.local().join("sum.sh");
        let job = folder
            .job("cat")
            .combine("sh sum.sh")
            .reduce("sh sum.sh", reducers)
            .ship(&script, "sum.sh")
            .set("mapreduce.task.io.sort.mb", "1");
        let job = if reducers == 1 { job.small() } else { job };
        let seen = Seen::default();
        let outcome = cluster().run(&job, &seen, &Cancel::default()).unwrap();
        let parts = folder.parts();
        assert_eq!(parts.len(), reducers as usize);
        let mut all = Vec::new();
        for part in parts {
            let lines: Vec<String> = part.lines().map(str::to_owned).collect();
            assert!(lines.is_sorted_by(|one, other| one.as_bytes() < other.as_bytes()), "{lines:?}");
            all.extend(lines);
        }
        all.sort();
        assert_eq!(all, sums());
        let framework = |name| outcome.counters.get("org.apache.hadoop.mapreduce.TaskCounter", name).unwrap();
        assert_eq!(framework("MAP_INPUT_RECORDS"), 600);
        assert_eq!(framework("REDUCE_OUTPUT_RECORDS"), sums().len() as u64);
        assert!(framework("COMBINE_INPUT_RECORDS") >= 600);
        // Hadoop cuts the larger file.
        assert!(outcome.maps >= 2, "{outcome:?}");
        assert_eq!(outcome.reduces, reducers);
        assert_eq!(*seen.applications.lock().unwrap(), [outcome.application.id]);
        let last = *seen.progress.lock().unwrap().last().unwrap();
        assert_eq!((last.maps.done, last.reduces.done), (outcome.maps, reducers));
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn counters_environment_files_and_lines_reach_the_tasks() {
    let mapper = "cat \"$GREETING\"; while read -r line; do echo \"one\tkey\t$line\t1\"; echo reporter:counter:tootmill,posts,2 >&2; done";
    let folder = Folder::new("lines", &[("map.sh", mapper), ("é.txt", "one\tfile\t\t1\n")]);
    folder.put(&[("in", &["first".to_owned(), "second".to_owned(), "third".to_owned()])]);
    let job = folder
        .job("sh map.sh")
        .cut(Input::Lines(2))
        .ship(&folder.local().join("map.sh"), "map.sh")
        .ship(&folder.local().join("é.txt"), "greeting")
        .environment("GREETING", "greeting")
        .reduce("cat", 1)
        .small();
    let outcome = run(&job).unwrap();
    assert_eq!(outcome.counted.get("posts"), Some(&6));
    assert_eq!(outcome.maps, 2);
    let expected =
        ["one\tfile\t\t1", "one\tfile\t\t1", "one\tkey\tfirst\t1", "one\tkey\tsecond\t1", "one\tkey\tthird\t1"];
    assert_eq!(folder.parts().concat().lines().collect::<Vec<_>>(), expected);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn what_cannot_be_launched_is_said() {
    let folder = Folder::new("launch", &[]);
    let missing = run(&folder.job("cat")).unwrap_err();
    assert!(matches!(missing, Error::Launch { .. }), "{missing}");
    assert!(missing.to_string().contains("Input path does not exist"), "{missing}");
    assert_eq!(missing.status(), Status::Permanent);
    folder.put(&[("in", &["x".to_owned()])]);
    let exists = run(&Job::new("there", &folder.purpose(), "cat", &folder.input()).read(&folder.input())).unwrap_err();
    assert!(exists.to_string().contains("already exists"), "{exists}");
    assert_eq!(exists.status(), Status::Permanent);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_failing_task_is_heard() {
    for (code, status, small) in [(1, Status::Permanent, false), (75, Status::Temporary, true)] {
        let mapper = format!("echo the post at line 3 is no post >&2; exit {code}");
        let folder = Folder::new(&format!("fails-{code}-{small}"), &[("map.sh", &mapper)]);
        folder.put(&[("in", &["x".to_owned()])]);
        let job = folder.job("sh map.sh").ship(&folder.local().join("map.sh"), "map.sh").reduce("cat", 1);
        let job = job.set("mapreduce.map.maxattempts", "1");
        let error = run(&if small { job.small() } else { job }).unwrap_err();
        assert!(matches!(error, Error::Task { .. }), "{error}");
        assert!(error.to_string().contains("the post at line 3 is no post"), "{error}");
        assert_eq!(error.status(), status, "{error}");
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn cancelling_kills_the_job() {
    let folder = Folder::new("cancel", &[]);
    folder.put(&[("in", &["x".to_owned()])]);
    let (seen, cancel) = (Seen::default(), Cancel::default());
    thread::scope(|scope| {
        let running = scope.spawn(|| cluster().run(&folder.job("sleep 300"), &seen, &cancel));
        await_one(&seen);
        cancel.cancel();
        let error = running.join().unwrap().unwrap_err();
        assert!(matches!(&error, Error::Cancelled { application: Some(_) }), "{error}");
    });
    assert_eq!(fixture::live(&folder.purpose()), [""; 0]);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn what_an_earlier_try_left_is_killed() {
    let folder = Folder::new("leftover", &[]);
    folder.put(&[("in", &["one\tkey\t\t1".to_owned()])]);
    let (seen, later) = (Seen::default(), Seen::default());
    thread::scope(|scope| {
        let left = scope.spawn(|| cluster().run(&folder.job("sleep 300"), &seen, &Cancel::default()));
        await_one(&seen);
        let job = Job::new("later", &folder.purpose(), "cat", &format!("{}-2", folder.output())).read(&folder.input());
        cluster().run(&job, &later, &Cancel::default()).unwrap();
        let error = left.join().unwrap().unwrap_err();
        assert!(matches!(error, Error::Killed { .. }), "{error}");
        assert_eq!(error.status(), Status::Temporary);
    });
    assert_eq!(*later.leftovers.lock().unwrap(), *seen.applications.lock().unwrap());
}

fn await_one(seen: &Seen) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while seen.applications.lock().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "no application");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_launcher_that_is_not_there_is_named() {
    let folder = Folder::new("nothing", &[]);
    let launcher = folder.local().join("no-launcher");
    let cluster = cluster().with_launcher(&launcher.display().to_string()).unwrap();
    assert!(!fs::exists(&launcher).unwrap());
    let error = cluster.run(&folder.job("cat"), &Seen::default(), &Cancel::default()).unwrap_err();
    assert!(error.to_string().contains("no-launcher"), "{error}");
}
