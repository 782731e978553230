//! What a server streams is collected, whatever happens to the server, the connection or the collector.

use std::{
    collections::BTreeSet,
    io::{BufRead, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tootmill_lake::{Lake, find_inputs};

use super::{
    common,
    mock::{Mock, Settings},
};

/// How long something may take on a busy machine.
const LONG: Duration = Duration::from_mins(2);

/// Follows a server's timeline into a lake.
struct Follower {
    folder: TempDir,
    process: Option<Child>,
}

impl Follower {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), process: None }
    }

    fn start(&mut self, mock: &Mock) {
        let url = mock.url();
        let arguments = [
            ["collect", "--follow", "--last", "1000", "--accept-rules"],
            ["--commit-every", "200ms", "--requests-per-minute", "0", "--quiet"],
        ];
        let lake = ["--lake", "lake", "--instance", "mill.example", "--from", &url];
        let mut command = common::tootmill(self.folder.path(), &[&arguments.concat()[..], &lake].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.process = Some(command.spawn().unwrap());
    }

    /// Sends a signal, and gives the exit code with what was written.
    fn end(&mut self, signal: &str) -> (Option<i32>, String, String) {
        let mut process = self.process.take().unwrap();
        Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
        let status = process.wait().unwrap();
        let mut text = [String::new(), String::new()];
        process.stdout.take().unwrap().read_to_string(&mut text[0]).unwrap();
        process.stderr.take().unwrap().read_to_string(&mut text[1]).unwrap();
        let [output, errors] = text;
        (status.code(), output, errors)
    }

    /// All lines of the raw files, in the order of their commits.
    fn raw(&self) -> Vec<Value> {
        raw(&self.folder.path().join("lake"))
    }

    /// The ids of the posts in the raw files.
    fn ids(&self) -> BTreeSet<String> {
        self.raw().iter().filter_map(|line| Some(line.get("id")?.as_str()?.to_owned())).collect()
    }

    /// Waits until the raw files are as they should be.
    #[track_caller]
    fn wait(&mut self, what: &str, is_there: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !is_there(self) {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap().is_some();
            assert!(!ended && since.elapsed() <= LONG, "{what}; the collector: {:?}", self.end("-KILL"));
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Without the notes of what the policy did.
fn raw(lake: &Path) -> Vec<Value> {
    let lake = Lake::open(lake.to_str().unwrap(), "mill.example").unwrap();
    let files: Vec<String> = lake.raw_files().unwrap().into_iter().map(|file| file.path).collect();
    let lines = files.iter().flat_map(|file| tootmill_input::lines_of(find_inputs([&**file]).unwrap()).lines());
    let lines = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap());
    lines.filter(|line: &Value| line.get("policy").is_none()).collect()
}

fn post(mock: &Mock, number: usize) -> String {
    mock.post("ada", &json!({ "status": format!("number {number}") }))["id"].as_str().unwrap().to_owned()
}

fn on_the_server(mock: &Mock) -> BTreeSet<String> {
    mock.public().into_iter().collect()
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn what_is_streamed_is_collected_until_a_signal_comes() {
    let mock = Mock::start(&Settings::default());
    let before = post(&mock, 0);
    let mut follower = Follower::new();
    follower.start(&mock);
    // Pages are read as soon as the stream is there.
    follower.wait("what was there before is read", |follower| follower.ids().contains(&before));
    let ids: Vec<String> = (1..20).map(|number| post(&mock, number)).collect();
    mock.edit(&ids[3], "changed");
    mock.delete(&ids[4]);
    follower.wait("what is streamed is committed", |follower| {
        let raw = follower.raw();
        let edited = |line: &Value| line["id"] == *ids[3] && line["edited_at"].is_string();
        let deleted = |line: &Value| line["deleted"] == *ids[4] && line["observed"].is_string();
        ids.iter().all(|id| follower.ids().contains(id)) && raw.iter().any(edited) && raw.iter().any(deleted)
    });
    let last = post(&mock, 20);
    thread::sleep(Duration::from_millis(500));
    let (code, output, errors) = follower.end("-TERM");
    assert_eq!(code, Some(0), "{errors}");
    assert!(output.contains("20 posts and 1 deletions were streamed") || output.contains("21 posts and 1"), "{output}");
    assert!(follower.ids().contains(&last), "what came last is committed at the end");
    // Nothing was read by pages but what was there before.
    assert_eq!(follower.raw().len(), 1 + 19 + 1 + 1 + 1);
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_server_that_was_away_is_read_by_pages_before_its_stream() {
    let mut mock = Mock::start(&Settings::default());
    post(&mock, 0);
    let mut follower = Follower::new();
    follower.start(&mock);
    follower.wait("it begins", |follower| !follower.ids().is_empty());
    post(&mock, 1);
    mock.stop();
    mock.restart(&Settings::default());
    // The collector waits for half a second at least before it comes back.
    for number in 2..12 {
        post(&mock, number);
    }
    let all = on_the_server(&mock);
    follower.wait("nothing is missed", |follower| follower.ids() == all);
    let streamed = post(&mock, 12);
    follower.wait("the stream goes on", |follower| follower.ids().contains(&streamed));
    let (code, _, errors) = follower.end("-INT");
    assert_eq!(code, Some(0), "{errors}");
}

/// Sets a flag when it is dropped.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_collector_that_is_killed_misses_nothing() {
    let mock = Mock::start(&Settings::default());
    post(&mock, 0);
    let mut follower = Follower::new();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in (1..).take_while(|_| !over.load(Ordering::Relaxed)) {
                post(&mock, number);
                thread::sleep(Duration::from_millis(20));
            }
        });
        // Also where an assertion fails, or the scope would wait for ever.
        let _end = AtTheEnd(&over);
        for round in 0..10 {
            follower.start(&mock);
            thread::sleep(Duration::from_millis(300 + 170 * round));
            follower.end("-KILL");
            let ids = follower.ids();
            if let Some(newest) = ids.last() {
                let all = on_the_server(&mock);
                // All ids have as many digits.
                let missed: Vec<&String> = all.range(..newest.clone()).filter(|id| !ids.contains(*id)).collect();
                assert_eq!(missed, Vec::<&String>::new(), "of {} in round {round}", ids.len());
            }
        }
    });
    let all = on_the_server(&mock);
    assert!(all.len() > 20, "{}", all.len());
    follower.start(&mock);
    follower.wait("all is there in the end", |follower| follower.ids() == all);
    assert_eq!(follower.end("-TERM").0, Some(0));
}
