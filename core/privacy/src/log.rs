//! The processing log: what was done with people's data in a lake, an entry each time, chained by hashes.
//!
//! An entry is a file of its own, `privacy/log/00000007.json`, written aside and put in its place at once: what is there is never
//! written to again, so that neither a writer that dies nor a DataNode that is lost can harm it, and a disk and HDFS are alike.
//! A lease of its own makes entries come one after the other, beside whatever else is done in the lake. Each has the hash of the
//! one before it, and `HEAD` names the last one, so that entries which are missing at the end are missed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tootmill_lake::{Lake, Storage};
use tootmill_metric::{Day, Instant};

use crate::{error::Error, turn::when_free};

/// What was done. It has no id and no name of a person in it: whoever fills it in sees to that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// By which command.
    pub what: String,
    /// With the data of which days; none where it is not known, or of all.
    pub days: Vec<Day>,
    /// How many of what: posts, files, rows, erasures.
    pub counts: BTreeMap<String, u64>,
    /// Which places of the lake, with their versions, or which tables were made.
    pub made: Vec<String>,
    /// What it was done by: the policy, the retention of a layer.
    pub by: BTreeMap<String, String>,
}

/// An entry of the log, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Map<String, Value>);

/// What a verification found: so many entries in a row are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// The hash of the last one, which says all there is: whoever keeps it elsewhere can ask for it again.
    pub head: Option<String>,
}

/// The first entry that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of the processing log {fault}")]
pub struct Broken {
    /// Its number, from 1 on.
    pub number: u64,
    /// What is wrong with it.
    pub fault: String,
}

/// What stands for the hash before the first entry.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Done {
    /// What a command did.
    pub fn by_command(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    /// With how many of what.
    pub fn count(mut self, name: impl Into<String>, count: u64) -> Self {
        self.counts.insert(name.into(), count);
        self
    }

    /// By what it was done.
    pub fn by(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.by.insert(name.into(), value.into());
        self
    }
}

impl Entry {
    fn new(lake: &Lake, done: &Done, now: Instant, after: Option<&Head>) -> Self {
        let days: Vec<String> = done.days.iter().map(Day::to_string).collect();
        let entry = json!({
            "number": next(after),
            "before": after.map_or(NO_HASH, |head| &head.hash),
            "at": now.to_string(),
            "program": concat!("tootmill ", env!("CARGO_PKG_VERSION")),
            "instance": lake.instance(),
            "what": done.what,
            "days": days,
            "counts": done.counts,
            "made": done.made,
            "by": done.by,
        });
        let Value::Object(mut entry) = entry else { return Self(Map::new()) };
        let hash = hash_of(&entry);
        entry.insert("hash".into(), hash.into());
        Self(entry)
    }

    /// Reads one from its file, whose every byte counts.
    fn read(number: u64, text: &str) -> Result<Self, Broken> {
        let broken = |fault: &str| Broken { number, fault: fault.into() };
        let entry: Map<String, Value> = serde_json::from_str(text).map_err(|_| broken("cannot be read"))?;
        let entry = Self(entry);
        let mut hashed = entry.0.clone();
        let hash = hashed.remove("hash");
        if hash.as_ref().and_then(Value::as_str) != Some(&hash_of(&hashed)) || entry.file() != text {
            return Err(broken("was changed: its hash is another"));
        }
        if entry.0.get("number").and_then(Value::as_u64) != Some(number) {
            return Err(broken("is another entry"));
        }
        Ok(entry)
    }

    /// Its file: one line of JSON without white space, its names in order.
    fn file(&self) -> String {
        canonical(&self.0) + "\n"
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// By which command it is.
    pub fn what(&self) -> &str {
        self.text("what")
    }

    /// Which places of the lake, with their versions, or which tables were made.
    pub fn made(&self) -> impl Iterator<Item = &str> {
        self.0.get("made").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The entry as data.
    pub fn data(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The entry as a line for people.
    pub fn line(&self) -> String {
        let named = |name: &str| -> Vec<String> {
            let values = self.0.get(name).and_then(Value::as_object).into_iter().flatten();
            values
                .map(|(name, value)| format!("{name} {}", value.as_str().map_or(value.to_string(), Into::into)))
                .collect()
        };
        let days: Vec<&str> =
            self.0.get("days").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let days = match days[..] {
            [] => String::new(),
            [day] => format!(" of {day}"),
            [first, .., last] => format!(" of {} days from {first} to {last}", days.len()),
        };
        let told = [named("by"), named("counts")].concat();
        let told = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
        let number = self.0.get("number").and_then(Value::as_u64).unwrap_or_default();
        format!("{number:>5}  {}  {}{days}{told}", self.text("at"), self.text("what"))
    }
}

fn canonical(entry: &Map<String, Value>) -> String {
    // The map is sorted by name, and there are no numbers but whole ones.
    serde_json::to_string(entry).unwrap_or_default()
}

fn hash_of(entry: &Map<String, Value>) -> String {
    hex::encode(Sha256::digest(canonical(entry)))
}

/// The last entry, as the file `HEAD` says it: `NUMBER HASH`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    number: u64,
    hash: String,
}

impl Head {
    fn parse(text: &str) -> Option<Self> {
        let (number, hash) = text.strip_suffix('\n')?.split_once(' ')?;
        let head = Self { number: number.parse().ok()?, hash: hash.into() };
        (head.text() == text).then_some(head)
    }

    fn text(&self) -> String {
        format!("{} {}\n", self.number, self.hash)
    }
}

/// The number of the entry that follows on another, or on none.
fn next(after: Option<&Head>) -> u64 {
    after.map_or(0, |head| head.number) + 1
}

/// Whether an entry can be appended: nothing that changes people's data should begin where what it did cannot be noted.
pub fn can_follow(lake: &Lake) -> Result<(), Error> {
    if Log::of(lake).end().is_ok() {
        return Ok(());
    }
    // Somebody may just have appended one.
    let _lease = when_free(|| lake.logging())?;
    Log::of(lake).end().map(drop)
}

/// Appends an entry, after whoever else is appending one. Gives its hash.
pub fn append(lake: &Lake, done: &Done, now: Instant) -> Result<String, Error> {
    let lease = when_free(|| lake.logging())?;
    let log = Log::of(lake);
    let after = log.end()?;
    let entry = Entry::new(lake, done, now, after.as_ref());
    let number = next(after.as_ref());
    let hash = entry.text("hash").to_owned();
    lease.check()?;
    log.storage.write_text(&log.path(number), &entry.file())?;
    log.storage.write_text(&log.head(), &Head { number, hash: hash.clone() }.text())?;
    Ok(hash)
}

/// The entries, the first one first, up to the first that is not as it was written.
pub fn entries(lake: &Lake) -> Result<(Vec<Entry>, Option<Broken>), Error> {
    let (log, mut entries) = (Log::of(lake), Vec::new());
    let mut broken = log.read_on(&mut entries)?;
    // Others may append meanwhile: what `HEAD` says is there if it is looked for once more, or it is missing.
    while broken.is_none() {
        let (said, known) = (log.said(), entries.len());
        if said.as_ref().is_ok_and(|said| next(said.as_ref()) > known as u64 + 1) {
            broken = log.read_on(&mut entries)?;
        }
        if entries.len() == known {
            broken = broken.or(misses(said, &entries)?);
            break;
        }
    }
    Ok((entries, broken))
}

/// What is to be said of entries that are all there, among which the one with this hash should be, where one is known.
pub fn verified(entries: &[Entry], known: Option<&str>) -> Result<Verified, Broken> {
    let count = entries.len() as u64;
    if let Some(known) = known
        && !entries.iter().any(|entry| entry.text("hash") == known)
    {
        return Err(Broken { number: count + 1, fault: format!("is not there: none has the hash {known}") });
    }
    Ok(Verified { entries: count, head: entries.last().map(|last| last.text("hash").to_owned()) })
}

/// What is not there although `HEAD` says so. It may be one entry behind, where a writer died.
fn misses(said: Result<Option<Head>, Error>, entries: &[Entry]) -> Result<Option<Broken>, Error> {
    let count = entries.len() as u64;
    let broken = |number, fault: &str| Ok(Some(Broken { number, fault: fault.into() }));
    let said = match said {
        Ok(Some(said)) => said,
        Ok(None) if count <= 1 => return Ok(None),
        Ok(None) | Err(Error::Lake(tootmill_lake::Error::Content { .. })) => {
            return broken(count, "cannot be known to be the last: `HEAD` does not say so");
        }
        Err(error) => return Err(error),
    };
    if said.number > count {
        return broken(count + 1, "is not there, and was: entries are missing at the end");
    }
    let at = usize::try_from(said.number).ok().and_then(|number| number.checked_sub(1));
    let is_right = at.and_then(|at| entries.get(at)).is_some_and(|entry| entry.text("hash") == said.hash);
    if !is_right || said.number + 1 < count {
        return broken(said.number, "is not what `HEAD` says");
    }
    Ok(None)
}

/// The files of a log.
struct Log<'l> {
    storage: &'l dyn Storage,
    folder: String,
}

impl<'l> Log<'l> {
    fn of(lake: &'l Lake) -> Self {
        Self { storage: &**lake.storage(), folder: lake.log() }
    }

    fn path(&self, number: u64) -> String {
        format!("{}/{number:08}.json", self.folder)
    }

    fn head(&self) -> String {
        format!("{}/HEAD", self.folder)
    }

    /// The numbers of the entries that there are, in order.
    fn numbers(&self) -> Result<Vec<u64>, Error> {
        let entries = self.storage.list(&self.folder)?.into_iter();
        let mut numbers: Vec<u64> =
            entries.filter_map(|entry| entry.name().strip_suffix(".json")?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The file of an entry; what is not there, or no text, is read as none.
    fn read(&self, number: u64) -> Result<String, Error> {
        match self.storage.read_text(&self.path(number)) {
            Err(tootmill_lake::Error::Content { .. }) => Ok(String::new()),
            text => Ok(text?.unwrap_or_default()),
        }
    }

    /// Reads the entries behind those that were read, up to the first that is not as it was written, which it gives.
    fn read_on(&self, entries: &mut Vec<Entry>) -> Result<Option<Broken>, Error> {
        let known = entries.len() as u64;
        for number in self.numbers()?.into_iter().filter(|number| *number > known) {
            let next = entries.len() as u64 + 1;
            let broken = |fault: &str| Ok(Some(Broken { number: next, fault: fault.into() }));
            if number != next {
                return broken("is not there");
            }
            match Entry::read(number, &self.read(number)?) {
                Ok(entry) if entry.text("before") != entries.last().map_or(NO_HASH, |last| last.text("hash")) => {
                    return broken("does not follow on the one before it");
                }
                Ok(entry) => entries.push(entry),
                Err(broken) => return Ok(Some(broken)),
            }
        }
        Ok(None)
    }

    /// What the next entry follows on: what `HEAD` says, even if that is not there any more, so that it stays missing; or the
    /// one after it, whose writer died before it said so. Where there are more behind it, `HEAD` was removed or put back, and
    /// none of them may be written over.
    fn end(&self) -> Result<Option<Head>, Error> {
        let said = self.said()?;
        let (after, last) = (next(said.as_ref()), self.numbers()?.last().copied().unwrap_or_default());
        if last < after {
            return Ok(said);
        }
        if last > after {
            let fault = format!(
                "is there already, and `HEAD` does not know it: put the number and the hash of entry {last} into `HEAD` if all are as they were written"
            );
            return Err(Error::Log(Broken { number: after, fault }));
        }
        let entry = Entry::read(after, &self.read(after)?).map_err(Error::Log)?;
        Ok(Some(Head { number: after, hash: entry.text("hash").to_owned() }))
    }

    fn said(&self) -> Result<Option<Head>, Error> {
        let path = self.head();
        let Some(text) = self.storage.read_text(&path)? else { return Ok(None) };
        let reason = "it does not name an entry".into();
        let path = self.storage.address(&path);
        Ok(Some(Head::parse(&text).ok_or(tootmill_lake::Error::Content { path, reason })?))
    }
}

#[cfg(test)]
mod tests;
