//! What lies in a lake: the files and bytes of each place, and how new they are.

use serde::Serialize;
use tootmill_input::observed_at;
use tootmill_metric::{Day, Instant};

use crate::{
    error::Error,
    lake::Lake,
    storage::{Entry, Storage},
};

/// Below so many bytes a file is small: it costs a NameNode as much memory as a large one.
const SMALL: u64 = 1 << 20;

/// What others than the owner and the group may do, of what a mode says.
const OTHERS: u32 = 0o007;

/// The folders of a lake that are looked at.
const PLACES: [&str; 5] = ["raw", "posts", "states", "totals", "rows"];

/// What lies in a lake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The lake's address.
    pub lake: String,
    /// Its places: raw, posts, states, totals, rows.
    pub places: Vec<Files>,
    /// When the newest raw file was observed.
    pub newest_observation: Option<Instant>,
    /// The newest day that has posts.
    pub newest_posts: Option<Day>,
    /// The newest day that has states.
    pub newest_counted: Option<Day>,
    /// Whether others than its owner and group may look into it. Where they may not, it does not matter what they may further down.
    pub is_open: bool,
}

/// All files in a place, also of versions that do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// The place.
    pub place: &'static str,
    /// How many files there are.
    pub files: u64,
    /// Their bytes, each counted once however many copies HDFS keeps.
    pub bytes: u64,
    /// How many of the files have less than 1 MiB.
    pub small: u64,
}

impl Lake {
    /// Looks through all its folders.
    pub fn survey(&self) -> Result<Survey, Error> {
        let (mut places, mut newest_observation) = (Vec::new(), None);
        for place in PLACES {
            let mut found = Files { place, ..Files::default() };
            each_file(&**self.storage(), &format!("{}/{place}", self.root()), &mut |file| {
                found.files += 1;
                found.bytes += file.bytes;
                found.small += u64::from(file.bytes < SMALL);
                if place == "raw" {
                    newest_observation = newest_observation.max(observed_at(&file.path));
                }
            })?;
            places.push(found);
        }
        let newest = |days: Vec<(Day, _)>| days.into_iter().map(|(day, _)| day).max();
        let (newest_posts, newest_counted) = (newest(self.posts()?), newest(self.states()?));
        let is_open = self.storage().mode(self.root())?.is_some_and(|mode| mode & OTHERS != 0);
        Ok(Survey { lake: self.address(), places, newest_observation, newest_posts, newest_counted, is_open })
    }
}

fn each_file(storage: &dyn Storage, folder: &str, each: &mut dyn FnMut(&Entry)) -> Result<(), Error> {
    for entry in storage.list(folder)? {
        if entry.is_folder { each_file(storage, &entry.path, each)? } else { each(&entry) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::lake::Place;

    fn write(lake: &Lake, path: &str, bytes: usize) {
        let mut file = lake.storage().create(&format!("{}/{path}", lake.root())).unwrap();
        file.write_all(&vec![0; bytes]).unwrap();
        file.finish().unwrap();
    }

    #[test]
    fn the_files_of_each_place_are_counted_and_the_newest_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let empty = lake.survey().unwrap();
        assert!(empty.places.iter().all(|files| files.files == 0) && empty.newest_observation.is_none(), "{empty:?}");
        write(&lake, "raw/date=2026-11-23/20261123T100000.000000Z-local-1.jsonl.zst", 1 << 20);
        write(&lake, "raw/date=2026-11-24/20261124T100000.000000Z-import-2/part-00000.jsonl.zst", 7);
        write(&lake, "raw/date=2026-11-24/left-by-hand", 1);
        let lease = lake.lease("a test").unwrap();
        for (place, folder) in [
            (Place::Posts(Day::parse("2026-11-24").unwrap()), "posts"),
            (Place::States(Day::parse("2026-11-23").unwrap()), "states"),
        ] {
            lake.versions(place).stage(&lease).unwrap().commit(&folder, &lease).unwrap();
        }
        let survey = lake.survey().unwrap();
        assert!(!survey.is_open, "folders that are made are for nobody else");
        let root = std::path::Path::new(lake.root());
        std::fs::set_permissions(root, PermissionsExt::from_mode(0o755)).unwrap();
        assert!(lake.survey().unwrap().is_open);
        assert_eq!(survey.places[0], Files { place: "raw", files: 3, bytes: (1 << 20) + 8, small: 2 });
        // What names the version that counts, and what that was made from.
        assert_eq!(survey.places[1], Files { place: "posts", files: 2, bytes: 12, small: 2 });
        assert_eq!(survey.newest_observation, Instant::parse("2026-11-24T10:00"));
        assert_eq!(survey.newest_posts.map(|day| day.to_string()).as_deref(), Some("2026-11-24"));
        assert_eq!(survey.newest_counted.map(|day| day.to_string()).as_deref(), Some("2026-11-23"));
    }
}
