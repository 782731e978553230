//! What a policy keeps of observations into raw files, which are committed by size or time.

use std::{
    collections::BTreeMap,
    ops::AddAssign,
    time::{Duration, Instant as Moment},
};

use serde::Serialize;
use tootmill_lake::Compressed;
use tootmill_metric::{Id, Instant};
use tootmill_policy::{Kept, Left, Reason, Tally};

use crate::{
    error::Error,
    lineage::{Kind, Lineage, raw_name},
};

/// When a file of observations is committed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// With so many bytes of lines.
    pub bytes: u64,
    /// So long after its first line.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, time: Duration::from_mins(1) }
    }
}

/// What was committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Committed {
    /// Files.
    pub files: u64,
    /// Lines in them.
    pub lines: u64,
    /// Bytes of lines, uncompressed.
    pub bytes: u64,
    /// What the policy did.
    pub policy: Tally,
}

impl AddAssign for Committed {
    fn add_assign(&mut self, more: Self) {
        self.files += more.files;
        self.lines += more.lines;
        self.bytes += more.bytes;
        self.policy += more.policy;
    }
}

/// Writes the observations of a lineage.
#[derive(Debug)]
pub struct RawWriter<'l> {
    lineage: &'l Lineage,
    kind: Kind,
    limits: Limits,
    open: Option<Open<'l>>,
    /// What the policy did since the last file.
    tally: Tally,
    /// When the latest post that was read was written.
    read: Option<Instant>,
    committed: Committed,
}

/// The file that is being written.
#[derive(Debug)]
struct Open<'l> {
    file: Compressed<'l>,
    name: String,
    observed: Instant,
    since: Moment,
    lines: u64,
    bytes: u64,
}

impl<'l> RawWriter<'l> {
    /// Nothing is written before the first line.
    pub fn new(lineage: &'l Lineage, kind: Kind, limits: Limits) -> Self {
        Self { lineage, kind, limits, open: None, tally: Tally::default(), read: None, committed: Committed::default() }
    }

    /// Writes what is kept of what the instance sent, one value of JSON; gives whether anything is.
    pub fn write(&mut self, json: &str) -> Result<bool, Error> {
        self.write_kept(&self.lineage.policy().keep(json))
    }

    /// Notes that a post was read that was written then, whether it is kept or not. One of the future says nothing.
    pub(crate) fn has_read(&mut self, written: Option<Instant>) {
        let present = now();
        self.read = self.read.max(written.filter(|written| *written <= present));
    }

    /// Writes what is kept, and counts it; gives whether anything is.
    pub(crate) fn write_kept(&mut self, kept: &Kept<'_>) -> Result<bool, Error> {
        self.tally.count(kept);
        kept.line().map_or(Ok(false), |line| self.write_line(line).map(|()| true))
    }

    /// Writes a line as it is; commits if it is time.
    pub(crate) fn write_line(&mut self, line: &str) -> Result<(), Error> {
        let open = self.open()?;
        open.bytes += open.file.write_line(line.as_bytes())?;
        open.lines += 1;
        self.commit_if_due()
    }

    fn open(&mut self) -> Result<&mut Open<'l>, Error> {
        Ok(match &mut self.open {
            Some(open) => open,
            none => {
                let (lineage, observed) = (self.lineage, now());
                // Names in the order of time, though two files be begun within one microsecond.
                let name = raw_name(lineage, self.kind, observed, self.committed.files);
                let path = format!("{}/{name}.jsonl", lineage.aside());
                let file = Compressed::create(&**lineage.lake().storage(), &path)?;
                none.insert(Open { file, name, observed, since: Moment::now(), lines: 0, bytes: 0 })
            }
        })
    }

    /// Writes that a post was deleted, unless the lake has forgotten it.
    pub fn write_deletion(&mut self, id: &str) -> Result<(), Error> {
        let line = serde_json::json!({"deleted": id, "observed": now().to_string()}).to_string();
        if self.lineage.policy().without_forgotten(&line) == Left::Nothing { Ok(()) } else { self.write_line(&line) }
    }

    /// Writes that the posts between two are known to be missing; those before the first, or after the last, without one.
    pub fn write_gap(&mut self, after: Option<&Id>, before: Option<&Id>, reason: &str) -> Result<(), Error> {
        let (after, before) = (after.map(Id::as_str), before.map(Id::as_str));
        let gap = BTreeMap::from(
            [
                ("after", after),
                ("before", before),
                ("lineage", Some(&*self.lineage.feed().to_string())),
                ("reason", Some(reason)),
            ]
            .map(|(name, value)| (name, value.map(str::to_string))),
        );
        self.write_line(&serde_json::json!({"gap": gap, "observed": now().to_string()}).to_string())
    }

    /// Commits what was written, if it has been open for long or is large.
    pub fn commit_if_due(&mut self) -> Result<(), Error> {
        let due = |open: &Open<'_>| open.bytes >= self.limits.bytes || open.since.elapsed() >= self.limits.time;
        if self.open.as_ref().is_some_and(due) { self.commit() } else { Ok(()) }
    }

    /// Commits what was written: from now on it is in the lake.
    pub fn commit(&mut self) -> Result<(), Error> {
        let lineage = self.lineage;
        if self.open.is_some() && lineage.look_whom_the_lake_forgot()? {
            self.leave_out_forgotten()?;
        }
        let policy = std::mem::take(&mut self.tally);
        if !policy.is_empty() {
            // Even where nothing was kept.
            self.open()?;
        }
        let Some(Open { mut file, name, observed, lines, bytes, .. }) = self.open.take() else { return Ok(()) };
        if !lineage.policy().keeps_all() {
            let read = self.read.map(|read| to_the_second(read).to_string());
            let note = policy.note(lineage.policy().level(), &now().to_string(), read.as_deref());
            file.write_line(note.as_bytes())?;
        }
        file.finish()?;
        let name = format!("{name}.jsonl.zst");
        lineage.lease().check()?;
        let (from, to) = (format!("{}/{name}", lineage.aside()), lineage.lake().raw(observed.day()));
        let storage = lineage.lake().storage();
        storage.rename(&from, &format!("{to}/{name}"))?;
        let committed = Committed { files: 1, lines, bytes, policy };
        self.committed += committed;
        lineage.has_committed(committed);
        Ok(())
    }

    /// Writes the file anew without whom the lake has forgotten since its lines were written.
    fn leave_out_forgotten(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let (lineage, storage) = (self.lineage, self.lineage.lake().storage());
        let path = |name: &str| format!("{}/{name}.jsonl", lineage.aside());
        let before = format!("{}.zst", path(&open.name));
        open.file.finish()?;
        let name = format!("{}-again", open.name);
        let mut file = Compressed::create(&**storage, &path(&name))?;
        let (mut lines, mut bytes) = (0, 0);
        if let Some(entry) = storage.find(&before)? {
            for line in crate::lines::lines(lineage.lake(), &entry) {
                let line = line?;
                let line = match lineage.policy().without_forgotten(&line) {
                    Left::Same => line,
                    Left::Redacted(line) => line,
                    Left::Nothing => {
                        self.tally.count(&Kept::LeftOut(Reason::Forgotten));
                        continue;
                    }
                };
                bytes += file.write_line(line.as_bytes())?;
                lines += 1;
            }
        }
        storage.remove(&before)?;
        self.open = Some(Open { file, name, lines, bytes, ..open });
        Ok(())
    }

    /// What was committed until now.
    pub fn committed(&self) -> Committed {
        self.committed
    }
}

/// A time as it is noted of posts that are not kept: to the microsecond, it would tell which one it was.
pub(crate) fn to_the_second(time: Instant) -> Instant {
    const SECOND: i64 = 1_000_000;
    Instant::from_micros(time.micros() - time.micros().rem_euclid(SECOND))
}

/// The present time.
pub(crate) fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(since.as_micros().try_into().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use serde_json::json;
    use tootmill_lake::Lake;
    use tootmill_mastodon::Feed;
    use tootmill_policy::{Forgotten, Hashed, Key, Policy};

    use super::*;
    use crate::{lineage::Observer, lines::lines};

    #[test]
    fn the_first_who_is_forgotten_does_not_come_in_by_a_collector_that_had_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let (made, key) = (Arc::new(AtomicBool::new(false)), || Key::new(&[7; Key::BYTES]));
        let is_made = Arc::clone(&made);
        let find_key = move || Ok(is_made.load(Ordering::Relaxed).then(key));
        let policy = Arc::new(Policy::as_sent().forgetting(Forgotten::with_key_from(find_key)));
        let feed = Feed { local: false, remote: false, only_media: false };
        let lineage = Lineage::begin(&lake, feed, Observer::anonymous(), &policy).unwrap();
        let mut writer = RawWriter::new(&lineage, Kind::Pages, Limits::default());
        let post = json!({"id": "1", "created_at": "2026-11-24", "account": {"id": "4242"}}).to_string();
        assert!(writer.write(&post).unwrap());
        made.store(true, Ordering::Relaxed);
        let list = Forgotten::new(Some(key())).with([Hashed::Account("4242")]).unwrap();
        lake.storage().write_text(&lake.forgotten(), &list).unwrap();
        writer.commit().unwrap();
        assert_eq!((writer.committed().lines, writer.committed().policy.forgotten), (0, 1));
    }

    #[test]
    fn who_is_forgotten_while_posts_wait_to_be_committed_does_not_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let forgotten = || Forgotten::new(Some(Key::new(&[7; Key::BYTES])));
        let policy = Arc::new(Policy::as_sent().forgetting(forgotten()));
        let feed = Feed { local: false, remote: false, only_media: false };
        let lineage = Lineage::begin(&lake, feed, Observer::anonymous(), &policy).unwrap();
        let mut writer = RawWriter::new(&lineage, Kind::Pages, Limits::default());
        let post = |id: &str, account: &str, answers: Option<&str>| {
            let account = json!({"id": account});
            json!({"id": id, "created_at": "2026-11-24", "account": account, "in_reply_to_account_id": answers})
                .to_string()
        };
        for (id, account, answers) in [("1", "4242", None), ("2", "5", Some("4242")), ("777", "5", None)] {
            assert!(writer.write(&post(id, account, answers)).unwrap());
        }
        writer.write_deletion("777").unwrap();
        let list = forgotten().with([Hashed::Account("4242"), Hashed::Post("777")]).unwrap();
        lake.storage().write_text(&lake.forgotten(), &list).unwrap();
        writer.commit().unwrap();
        assert!(!writer.write(&post("3", "4242", None)).unwrap(), "nor does it later");
        assert!(writer.write(&post("4", "5", Some("4242"))).unwrap());
        writer.write_deletion("777").unwrap();
        writer.write_deletion("2").unwrap();
        writer.commit().unwrap();
        let files = lake.raw_files().unwrap();
        let kept: Vec<String> = files.iter().flat_map(|file| lines(&lake, file)).map(Result::unwrap).collect();
        let posts: Vec<&String> = kept.iter().filter(|line| line.contains("created_at")).collect();
        assert_eq!(posts, [&post("2", "5", None), &post("4", "5", None)]);
        let deleted: Vec<&String> = kept.iter().filter(|line| line.contains("deleted")).collect();
        assert!(matches!(&deleted[..], [line] if line.contains("\"2\"")), "{deleted:?}");
        let committed = writer.committed();
        assert_eq!((committed.lines, committed.policy.forgotten, committed.policy.left_out), (3, 4, 4));
        assert_eq!(lake.storage().list(&lineage.aside()).unwrap(), []);
    }
}
