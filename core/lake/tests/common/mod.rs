//! What every storage must do, whether it is on disk or in HDFS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    ops::Range,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use tootmill_lake::{Error, Lake, PartsWriter, Place, Storage, Version, find_inputs, open_storage};
use tootmill_metric::{Day, Status};

pub fn write(storage: &dyn Storage, path: &str, text: &str) {
    let mut file = storage.create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
}

pub fn read(storage: &dyn Storage, path: &str, range: Range<u64>) -> String {
    let mut text = String::new();
    storage.read(path, range).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn names(storage: &dyn Storage, folder: &str) -> Vec<String> {
    storage.list(folder).unwrap().iter().map(|entry| entry.name().to_string()).collect()
}

/// Files are made, found, read, moved, removed and locked.
pub fn files_in_folders(storage: &dyn Storage, folder: &str) {
    assert_eq!(names(storage, folder), [""; 0]);
    assert_eq!(storage.find(folder).unwrap(), None);
    let (one, two) = (format!("{folder}/a b/é.txt"), format!("{folder}/a b/two.txt"));
    write(storage, &one, "grain and flour");
    write(storage, &two, "");
    assert_eq!(names(storage, folder), ["a b"]);
    assert_eq!(names(storage, &format!("{folder}/a b")), ["two.txt", "é.txt"]);
    let found = storage.find(&one).unwrap().unwrap();
    assert_eq!((found.bytes, found.is_folder, found.path), (15, false, one.clone()));
    assert!(storage.find(&format!("{folder}/a b")).unwrap().unwrap().is_folder);
    assert_eq!(storage.find(&format!("{one}/below")).unwrap(), None, "nothing is in a file");
    for (path, most) in [(&one, 0o640), (&format!("{folder}/a b"), 0o750), (&folder.to_owned(), 0o750)] {
        let mode = storage.mode(path).unwrap().unwrap();
        assert_eq!(mode & !most, 0, "{mode:o} of {path} is more than {most:o}");
    }
    assert_eq!(storage.mode(&format!("{folder}/missing")).unwrap(), None);

    for (range, text) in [(0..15, "grain and flour"), (6..9, "and"), (15..15, ""), (14..15, "r"), (0..0, "")] {
        assert_eq!(read(storage, &one, range.clone()), text, "{range:?}");
    }
    assert_eq!(read(storage, &two, 0..0), "");
    let missing = storage.read(&format!("{folder}/missing"), 0..1).err().unwrap();
    assert!(missing.to_string().contains(&storage.address(&format!("{folder}/missing"))), "{missing}");
    assert_eq!(missing.status(), Status::Permanent);

    let error = storage.create(&one).err().unwrap();
    assert!(error.to_string().contains("é.txt"), "{error}");
    assert_eq!(error.status(), Status::Permanent);
    assert_eq!(read(storage, &one, 0..15), "grain and flour", "it is as it was");

    storage.rename(&one, &two).unwrap();
    assert_eq!(names(storage, &format!("{folder}/a b")), ["two.txt"]);
    assert_eq!(storage.read_text(&two).unwrap().as_deref(), Some("grain and flour"));
    storage.rename(&format!("{folder}/a b"), &format!("{folder}/new/c")).unwrap();
    assert_eq!(names(storage, folder), ["new"]);
    write(storage, &format!("{folder}/other/file"), "");
    storage.rename(&format!("{folder}/other"), &format!("{folder}/new/c")).unwrap_err();
    assert_eq!(
        names(storage, &format!("{folder}/new/c")),
        ["two.txt"],
        "a folder is not moved onto a full one, nor into it"
    );
    storage.rename(&format!("{folder}/missing"), &format!("{folder}/new/d")).unwrap_err();

    storage.write_text(&format!("{folder}/new/text"), "old").unwrap();
    // What a crash left beside it is in nobody's way.
    write(storage, &format!("{folder}/new/text.new"), "half");
    storage.write_text(&format!("{folder}/new/text"), "new").unwrap();
    assert_eq!(storage.read_text(&format!("{folder}/new/text")).unwrap().as_deref(), Some("new"));
    assert_eq!(names(storage, &format!("{folder}/new")), ["c", "text"]);

    for path in ["new/c/two.txt", "new/c/two.txt", "new", "missing"] {
        storage.remove(&format!("{folder}/{path}")).unwrap();
        assert_eq!(storage.find(&format!("{folder}/{path}")).unwrap(), None);
    }

    let file = format!("{folder}/locks/LOCK");
    let mut lock = storage.lock(&file).unwrap().unwrap();
    assert!(storage.lock(&file).unwrap().is_none());
    assert!(lock.is_held().unwrap());
    drop(lock);
    assert!(storage.lock(&file).unwrap().unwrap().is_held().unwrap(), "it ends with the value");
}

fn current(lake: &Lake, place: Place) -> Option<(u64, String)> {
    let text = |version: Version| {
        let files = version.files().unwrap();
        files.iter().map(|file| read(&**lake.storage(), &file.path, 0..file.bytes)).collect::<String>()
    };
    let version = lake.versions(place).current().unwrap()?;
    Some((version.number, text(version)))
}

/// A reader sees one version, whole; what never counted is removed by the next; numbers only grow.
pub fn versions_of_a_place(lake: &Lake) {
    let lease = lake.lease("a test").unwrap();
    let place = Place::Posts(Day::parse("2026-11-24").unwrap());
    let versions = lake.versions(place);
    let stage = |text: &str| {
        let staged = versions.stage(&lease).unwrap();
        let mut file = staged.create("part").unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap();
        staged
    };
    let folders = || names(&**lake.storage(), &format!("{}/posts/date=2026-11-24", lake.root()));
    assert_eq!(current(lake, place), None);
    let staged = stage("one");
    assert_eq!(current(lake, place), None, "it does not count yet");
    assert_eq!(staged.commit(&1, &lease).unwrap().number, 1);
    assert_eq!(current(lake, place), Some((1, "one".into())));
    let days: Vec<Day> = lake.posts().unwrap().into_iter().map(|(day, _)| day).collect();
    assert_eq!(days, [Day::parse("2026-11-24").unwrap()]);

    let reading = versions.current().unwrap().unwrap();
    drop(stage("dropped"));
    assert_eq!(folders(), ["CURRENT", "v=1"], "what is dropped is removed");
    std::mem::forget(stage("left by a crash"));
    assert_eq!(current(lake, place), Some((1, "one".into())));
    // Also where the crash came between sealing and switching.
    stage("sealed").seal(&2, &lease).unwrap();
    assert_eq!(current(lake, place), Some((1, "one".into())));
    assert_eq!(stage("two").commit(&2, &lease).unwrap().number, 2);
    assert_eq!(current(lake, place), Some((2, "two".into())));
    assert_eq!(reading.files().unwrap().len(), 1, "what counted before is kept for whoever reads it");
    assert_eq!(reading.manifest::<u32>().unwrap(), 1);

    assert_eq!(stage("three").commit(&3, &lease).unwrap().number, 3);
    assert_eq!(folders(), ["CURRENT", "v=1", "v=2", "v=3"]);
    // A number that a crash left behind is not in the way, whatever it is.
    write(&**lake.storage(), &format!("{}/posts/date=2026-11-24/v=9/part", lake.root()), "a strange number");
    assert_eq!(stage("four").commit(&4, &lease).unwrap().number, 4);
    assert_eq!(folders(), ["CURRENT", "v=2", "v=3", "v=4"], "what nobody can be reading any more is removed");
    assert_eq!(versions.current().unwrap().unwrap().manifest::<u32>().unwrap(), 4);

    let wrong = versions.current().unwrap().unwrap().manifest::<String>().unwrap_err();
    assert!(wrong.to_string().contains("_manifest.json"), "{wrong}");
}

/// Files, folders and patterns are found, hidden ones are not.
pub fn inputs_of_a_folder(address: &str) {
    let (storage, folder) = open_storage(address).unwrap();
    for (name, text) in [
        ("date=1/a.jsonl", "{}\n"),
        ("date=1/b.jsonl", "{}\n{}\n"),
        ("date=2/a.jsonl", "{}\n"),
        ("date=2/_aside/a.jsonl", "hidden"),
        ("date=2/.a.jsonl.crc", "hidden"),
        ("_SUCCESS", ""),
    ] {
        write(&*storage, &format!("{folder}/{name}"), text);
    }
    let found = |name: &str| {
        let inputs = find_inputs([&*format!("{address}/{name}")])?;
        let names = inputs.inputs().iter().map(|input| input.name().strip_prefix(address).unwrap().to_string());
        Ok::<_, Error>(names.collect::<Vec<_>>().join(" "))
    };
    for (name, expected) in [
        ("", "/date=1/a.jsonl /date=1/b.jsonl /date=2/a.jsonl"),
        ("date=1/", "date=1/a.jsonl date=1/b.jsonl"),
        ("date=2/a.jsonl", "/date=2/a.jsonl"),
        ("date=*/a*", "/date=1/a.jsonl /date=2/a.jsonl"),
        ("date=[2-9]", "/date=2/a.jsonl"),
        ("*", "/date=1/a.jsonl /date=1/b.jsonl /date=2/a.jsonl"),
    ] {
        let found = found(name).unwrap();
        let (found, expected) = (found.replace("//", "/"), expected.replace("//", "/"));
        let plain =
            |text: &str| text.split(' ').map(|name| name.trim_start_matches('/').to_string()).collect::<Vec<_>>();
        // A pattern may match what a folder's listing hides.
        let found: Vec<String> = plain(&found).into_iter().filter(|name| name != "_SUCCESS").collect();
        assert_eq!(found, plain(&expected), "{name}");
    }
    for nothing in ["date=3", "date=3/*", "date=1/c*"] {
        let error = found(nothing).unwrap_err();
        assert!(error.to_string().contains(nothing), "{error}");
        assert_eq!(error.status(), Status::Permanent);
    }
    let inputs = find_inputs([address]).unwrap();
    assert_eq!(inputs.bytes(), 12);
    let mut text = String::new();
    for input in inputs.inputs() {
        input.open(Arc::default()).unwrap().read_to_string(&mut text).unwrap();
    }
    assert_eq!(text, "{}\n".repeat(4));
}

/// Lines come out as they went in, but for the ends of lines within them.
pub fn lines_in_parts(storage: &dyn Storage, folder: &str) {
    let mut parts = PartsWriter::new(storage, folder.into(), "jsonl");
    for line in ["{\"a\":\n 1}", "", "{\r\n}", "é"] {
        parts.write_line(line.as_bytes()).unwrap();
    }
    assert_eq!(storage.find(&format!("{folder}/part-00001.jsonl.zst")).unwrap(), None);
    parts.finish().unwrap();
    let file = storage.find(&format!("{folder}/part-00000.jsonl.zst")).unwrap().unwrap();
    let mut text = String::new();
    let packed = storage.read(&file.path, 0..file.bytes).unwrap();
    zstd::Decoder::new(packed).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "{\"a\":  1}\n\n{  }\né\n");
    PartsWriter::new(storage, format!("{folder}/none"), "jsonl").finish().unwrap();
    assert_eq!(storage.find(&format!("{folder}/none")).unwrap(), None, "no line, no file");
}

/// A process that holds the lease of a lake, until its standard input has a line; then it says whether it still does.
pub struct Holder {
    process: Child,
    said: BufReader<std::process::ChildStderr>,
}

const ADDRESS: &str = "TOOTMILL_TEST_HOLDS";

impl Holder {
    /// Starts it, by the test `holds_a_lease_for_other_tests` of this very program.
    pub fn of(address: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "holds_a_lease_for_other_tests", "--nocapture"])
            .env(ADDRESS, address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stderr.take().unwrap());
        let mut holder = Self { process, said };
        assert_eq!(holder.says(), "held");
        holder
    }

    /// What it says next.
    pub fn says(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "the holder of the lease has ended");
            if let Some(said) = line.trim_end().strip_prefix("holder: ") {
                return said.into();
            }
        }
    }

    /// Lets it look whether it still holds the lease, and end.
    pub fn asks(mut self) -> String {
        self.process.stdin.take().unwrap().write_all(b"\n").unwrap();
        let said = self.says();
        self.process.wait().unwrap();
        said
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the process of [`Holder`] does.
pub fn hold_if_asked() {
    let Ok(address) = env::var(ADDRESS) else { return };
    let lake = Lake::open(&address, "mill.example").unwrap();
    let lease = lake.lease("tootmill compact").unwrap();
    eprintln!("holder: held");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let still = lease.check().map_or_else(|error| error.to_string(), |()| "still held".into());
    eprintln!("holder: {}", still.replace('\n', " "));
}

/// The lease is refused while another process has it, who is named, and is there once that ends, in whatever way.
pub fn one_writer_at_a_time(address: &str) {
    let lake = Lake::open(address, "mill.example").unwrap();
    let mine = lake.lease("tootmill merge").unwrap();
    let error = lake.lease("tootmill compact").unwrap_err();
    assert!(matches!(error, Error::Held { .. }), "{error}");
    assert!(error.to_string().contains("`tootmill merge` (process "), "{error}");
    assert_eq!(error.status(), Status::Temporary);
    mine.check().unwrap();
    drop(mine);

    let holder = Holder::of(address);
    let error = lake.lease("tootmill merge").unwrap_err().to_string();
    assert!(error.contains(&format!("`tootmill compact` (process {} on ", holder.id())), "{error}");
    assert_eq!(holder.asks(), "still held");
    drop(lake.lease("tootmill merge").unwrap());

    // Its parent, which this process is, has not taken note of its end when the lease is taken.
    let killed = Holder::of(address);
    killed.signal("-KILL");
    std::thread::sleep(std::time::Duration::from_millis(200));
    let lease = lake.lease("tootmill merge").unwrap();
    lease.check().unwrap();
    assert!(lake.lease("tootmill load").unwrap_err().to_string().contains("`tootmill merge`"));
}
