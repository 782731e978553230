//! The layout of a lake: where the posts, states and rows of an instance lie.

use std::sync::Arc;

use tootmill_metric::Day;

use crate::{
    error::Error,
    lease::{self, Lease},
    storage::{Entry, Storage, open_storage},
    versions::{Version, Versions},
};

/// What stands before the day in the name of a day's folder.
pub const DAY_FOLDER: &str = "date=";

/// The file beside a day's posts, `_ids.zst`, that has their ids, a line each, with what is known of a post behind a TAB.
pub const IDS: &str = "_ids";

/// The file that says that a day's posts have expired.
const CLOSED: &str = "CLOSED";

/// The data of one instance.
#[derive(Clone, Debug)]
pub struct Lake {
    storage: Arc<dyn Storage>,
    root: String,
}

/// A folder of a lake that can be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What is known of the raw files: which ones were compacted, and which ids were deleted.
    Compaction,
    /// A day's posts, each once.
    Posts(Day),
    /// The merged records of a day's posts.
    States(Day),
    /// The merged records of all days.
    Totals,
    /// How many of a day's posts were observed again once they were ripe.
    Refreshed(Day),
    /// The rows of a day.
    Rows(Day),
    /// The rows of all days together.
    RowsOfTotals,
}

impl Lake {
    /// The lake of an instance in a folder of this machine or of HDFS. Nothing need be there yet.
    pub fn open(address: &str, instance: &str) -> Result<Self, Error> {
        if instance.is_empty() || instance.starts_with(['.', '_']) || instance.contains(['/', ':', '\\', '*', '?']) {
            return Err(Error::Instance(instance.into()));
        }
        let (storage, folder) = open_storage(address)?;
        Ok(Self { storage, root: format!("{}/{instance}", folder.trim_end_matches('/')) })
    }

    /// The host of the instance.
    pub fn instance(&self) -> &str {
        self.root.rsplit('/').next().unwrap_or_default()
    }

    /// Where its files are.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Its folder.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Its folder, as other programs take it.
    pub fn address(&self) -> String {
        self.storage.address(&self.root)
    }

    /// Takes the right to change it, for what is to be done.
    pub fn lease(&self, what: &str) -> Result<Lease, Error> {
        Lease::take(&self.storage, &self.root, what)
    }

    /// Who has the right to change it at this moment, where somebody said so who is not known to be gone. For people: nothing
    /// may depend on it.
    pub fn holder(&self) -> Result<Option<String>, Error> {
        lease::holder(&self.storage, &self.root)
    }

    /// Takes the right to collect a lineage of observations into it, which others may change the lake beside.
    pub fn collecting(&self, lineage: &str, what: &str) -> Result<Lease, Error> {
        Lease::take(&self.storage, &format!("{}/collecting/{lineage}", self.root), what)
    }

    /// The file that says which rules of the instance were accepted.
    pub fn accepted_rules(&self) -> String {
        format!("{}/collecting/accepted-rules.json", self.root)
    }

    /// The file that says under which policies posts came into it.
    pub fn policies(&self) -> String {
        format!("{}/privacy/policies.json", self.root)
    }

    /// The folder of the processing log.
    pub fn log(&self) -> String {
        format!("{}/privacy/log", self.root)
    }

    /// Takes the right to append to the processing log, which others may change the lake beside.
    pub fn logging(&self) -> Result<Lease, Error> {
        Lease::take(&self.storage, &self.log(), "the processing log")
    }

    /// The file that has the keyed hashes of whom it has forgotten.
    pub fn forgotten(&self) -> String {
        format!("{}/privacy/forgotten.json", self.root)
    }

    /// The file that says who is being forgotten, which is there only until that is done.
    pub fn erasing(&self) -> String {
        format!("{}/privacy/erasing.json", self.root)
    }

    /// The file that says which files of HBase may still hold what was erased.
    pub fn pending_erasures(&self) -> String {
        format!("{}/privacy/pending.json", self.root)
    }

    /// The file that says which accounts are on their way out, which is there only until they are gone.
    pub fn retaining(&self) -> String {
        format!("{}/privacy/retaining.json", self.root)
    }

    /// The file that says for how long it keeps what.
    pub fn retention(&self) -> String {
        format!("{}/privacy/retention.json", self.root)
    }

    /// The folder of what was observed on a day.
    pub fn raw(&self, day: Day) -> String {
        format!("{}/raw/{DAY_FOLDER}{day}", self.root)
    }

    /// All files of observations, by day and name. Their paths are what identifies them.
    pub fn raw_files(&self) -> Result<Vec<Entry>, Error> {
        self.storage.files_below(&format!("{}/raw", self.root))
    }

    /// The days on which something was observed that is there.
    pub fn raw_days(&self) -> Result<Vec<Day>, Error> {
        let folders = self.storage.list(&format!("{}/raw", self.root))?.into_iter();
        Ok(folders.filter_map(|folder| folder.name().strip_prefix(DAY_FOLDER).and_then(Day::parse)).collect())
    }

    /// A file's path within the lake.
    pub fn relative<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(&self.root).map_or(path, |path| path.trim_start_matches('/'))
    }

    /// A folder for files on their way into a place, to which nobody else looks.
    pub fn aside(&self, what: &str) -> String {
        format!("{}/_aside/{what}", self.root)
    }

    /// The versions of a place.
    pub fn versions(&self, place: Place) -> Versions {
        let folder = match place {
            Place::Compaction => "compaction".into(),
            Place::Posts(day) => format!("posts/{DAY_FOLDER}{day}"),
            Place::States(day) => format!("states/{DAY_FOLDER}{day}"),
            Place::Totals => "totals".into(),
            Place::Refreshed(day) => format!("refreshed/{DAY_FOLDER}{day}"),
            Place::Rows(day) => format!("rows/{DAY_FOLDER}{day}"),
            Place::RowsOfTotals => "rows/totals".into(),
        };
        Versions::new(Arc::clone(&self.storage), format!("{}/{folder}", self.root))
    }

    /// The days that have posts, with the version that counts.
    pub fn posts(&self) -> Result<Vec<(Day, Version)>, Error> {
        self.of_days("posts", Place::Posts)
    }

    /// The days that have states, with the version that counts.
    pub fn states(&self) -> Result<Vec<(Day, Version)>, Error> {
        self.of_days("states", Place::States)
    }

    /// All places that have something.
    pub fn places(&self) -> Result<Vec<Place>, Error> {
        let mut places = vec![Place::Compaction, Place::Totals, Place::RowsOfTotals];
        for folder in ["posts", "states", "refreshed", "rows"] {
            for entry in self.storage.list(&format!("{}/{folder}", self.root))? {
                let Some(day) = entry.name().strip_prefix(DAY_FOLDER).and_then(Day::parse) else { continue };
                places.push(match folder {
                    "posts" => Place::Posts(day),
                    "states" => Place::States(day),
                    "refreshed" => Place::Refreshed(day),
                    _ => Place::Rows(day),
                });
            }
        }
        Ok(places)
    }

    /// Whether a day's posts have expired, so that nothing is added to it any more.
    pub fn is_closed(&self, day: Day) -> Result<bool, Error> {
        let mark = format!("{}/posts/{DAY_FOLDER}{day}/{CLOSED}", self.root);
        Ok(self.storage.find(&mark)?.is_some())
    }

    /// Closes a day: nothing is added to its posts any more, and those that there are go.
    pub fn close(&self, day: Day, lease: &Lease) -> Result<(), Error> {
        lease.check()?;
        let folder = format!("{}/posts/{DAY_FOLDER}{day}", self.root);
        self.storage.write_text(&format!("{folder}/{CLOSED}"), "")?;
        for entry in self.storage.list(&folder)? {
            if entry.name() != CLOSED {
                self.storage.remove(&entry.path)?;
            }
        }
        Ok(())
    }

    fn of_days(&self, folder: &str, place: impl Fn(Day) -> Place) -> Result<Vec<(Day, Version)>, Error> {
        let mut days = Vec::new();
        for entry in self.storage.list(&format!("{}/{folder}", self.root))? {
            if let Some(day) = entry.name().strip_prefix(DAY_FOLDER).and_then(Day::parse)
                && let Some(version) = self.versions(place(day)).current()?
            {
                days.push((day, version));
            }
        }
        Ok(days)
    }
}
