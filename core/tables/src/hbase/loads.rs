//! The table `tootmill_loads`: what was loaded, begun and done, so that nothing is written twice and nothing stays half done.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tootmill_metric::Day;

use super::scan::Found;

/// The table's name.
pub(crate) const TABLE: &str = "tootmill_loads";
/// Its family.
pub(crate) const FAMILY: &str = "load";

/// One record of the table. Its row key is the timestamp, of twenty digits, so that records are in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The timestamp of the totals' cells, in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// Who writes it: a text that nobody else has.
    pub(crate) owner: String,
    /// The digest of the load; none where tables were made or removed, or found damaged.
    pub(crate) digest: String,
    /// The digest of the totals' rows.
    pub(crate) totals: String,
    /// When it began, by the clock of who loads.
    pub(crate) begun: String,
    /// When it was done.
    pub(crate) done: Option<String>,
    /// The days that it writes: their versions, and the digests of their rows; an empty digest where a day went away.
    pub(crate) days: BTreeMap<Day, (u64, String)>,
}

impl Record {
    /// A record that begins now.
    pub(crate) fn begin(timestamp: i64) -> Self {
        let now = Timestamp::now();
        let owner = format!("{} {}", std::process::id(), now.as_nanosecond());
        Self { timestamp, owner, begun: now.to_string(), ..Self::default() }
    }

    /// Its row key.
    pub(crate) fn key(&self) -> String {
        format!("{:020}", self.timestamp)
    }

    /// Its cells as it begins, but for the owner.
    pub(crate) fn cells(&self) -> Vec<(&'static str, String)> {
        let days: Map<String, Value> =
            self.days.iter().map(|(day, (version, digest))| (day.to_string(), json!([version, digest]))).collect();
        vec![
            ("digest", self.digest.clone()),
            ("totals", self.totals.clone()),
            ("begun", self.begun.clone()),
            ("days", Value::Object(days).to_string()),
        ]
    }

    /// From a row of the table; `None` where it is no record.
    pub(crate) fn read((key, cells): &Found) -> Option<Self> {
        let mut record = Self { timestamp: std::str::from_utf8(key).ok()?.parse().ok()?, ..Self::default() };
        for (column, cell) in cells {
            let column = std::str::from_utf8(column).ok()?.strip_prefix(FAMILY)?.strip_prefix(':')?;
            let value = String::from_utf8(cell.value.clone()?).ok()?;
            match column {
                "owner" => record.owner = value,
                "digest" => record.digest = value,
                "totals" => record.totals = value,
                "begun" => record.begun = value,
                "done" => record.done = Some(value),
                "days" => record.days = days(&value)?,
                _ => {}
            }
        }
        Some(record)
    }
}

fn days(text: &str) -> Option<BTreeMap<Day, (u64, String)>> {
    let days: Map<String, Value> = serde_json::from_str(text).ok()?;
    let day = |(day, value): (&String, &Value)| {
        Some((Day::parse(day)?, (value.get(0)?.as_u64()?, value.get(1)?.as_str()?.to_string())))
    };
    days.iter().map(day).collect()
}

/// What all records say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Story {
    /// The last timestamp that was given.
    pub(crate) last: Option<i64>,
    /// The last load that was done.
    pub(crate) finished: Option<Record>,
    /// Whether nothing was begun after it: the tables hold what it wrote.
    pub(crate) is_whole: bool,
    /// The days that the tables hold: their versions, and the digests of their rows.
    pub(crate) days: BTreeMap<Day, (u64, String)>,
    /// All versions of days that may have left cells, with their digests.
    pub(crate) versions: BTreeMap<Day, BTreeMap<u64, String>>,
}

impl Story {
    /// From all records, in the order of time.
    pub(crate) fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let mut story = Self::default();
        for record in records {
            story.last = story.last.max(Some(record.timestamp));
            for (day, (version, digest)) in &record.days {
                story.versions.entry(*day).or_default().insert(*version, digest.clone());
            }
            story.is_whole = record.done.is_some();
            if record.digest.is_empty() {
                // Of what was there before nothing is known.
                story.days.clear();
                story.finished = None;
                story.is_whole = false;
            } else if record.done.is_some() {
                story.days.extend(record.days.clone());
                story.days.retain(|_, (_, digest)| !digest.is_empty());
                story.finished = Some(record);
            }
        }
        story
    }

    /// Whether the tables hold these rows of a day, and no later ones of a load that did not come to its end.
    pub(crate) fn holds(&self, day: Day, digest: &str) -> bool {
        let last = self.versions.get(&day).and_then(BTreeMap::last_key_value);
        let held = self.days.get(&day).filter(|(_, held)| held == digest);
        held.is_some_and(|(version, held)| last == Some((version, held)))
    }

    /// The days of which the tables may have rows.
    pub(crate) fn days_with_rows(&self) -> impl Iterator<Item = Day> {
        let has_rows =
            |versions: &BTreeMap<u64, String>| versions.last_key_value().is_some_and(|(_, digest)| !digest.is_empty());
        self.versions.iter().filter(move |(_, versions)| has_rows(versions)).map(|(day, _)| *day)
    }

    /// The version under which a day's rows are written: what the lake says, but more than any that was written with other
    /// rows, so that they win.
    pub(crate) fn version(&self, day: Day, wanted: Option<u64>, digest: &str) -> u64 {
        let written = self.versions.get(&day);
        let last = written.and_then(BTreeMap::last_key_value).map(|(version, digest)| (*version, &**digest));
        match (last, wanted) {
            (Some((last, before)), wanted) if before == digest && wanted.is_none_or(|wanted| wanted <= last) => last,
            (Some((last, _)), wanted) => wanted.unwrap_or(0).max(last + 1),
            (None, wanted) => wanted.unwrap_or(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn record(timestamp: i64, digest: &str, done: bool, days: &[(&str, u64, &str)]) -> Record {
        Record {
            digest: digest.into(),
            done: done.then(String::new),
            days: days.iter().map(|(text, version, digest)| (day(text), (*version, digest.to_string()))).collect(),
            ..Record { timestamp, ..Record::default() }
        }
    }

    #[test]
    fn a_record_reads_back() {
        let record = Record { days: record(0, "", true, &[("2026-11-24", 3, "x")]).days, ..Record::begin(5) };
        let cells = record.cells().into_iter().chain([("owner", record.owner.clone())]).map(|(column, value)| {
            let cell = hbase_thrift::hbase::TCell::new(value.into_bytes(), 1);
            (format!("load:{column}").into_bytes(), cell)
        });
        assert_eq!(Record::read(&(record.key().into_bytes(), cells.collect())), Some(record));
    }

    #[test]
    fn an_unfinished_load_leaves_the_tables_in_pieces_until_another_is_done() {
        let first = record(1, "a", true, &[("2026-11-24", 1, "x")]);
        let begun = record(2, "b", false, &[("2026-11-24", 2, "y")]);
        let story = Story::of([first.clone(), begun.clone()]);
        assert!(!story.is_whole);
        assert_eq!((story.last, story.days[&day("2026-11-24")].0), (Some(2), 1));
        let story = Story::of([first, begun, record(3, "b", true, &[("2026-11-24", 2, "y")])]);
        assert!(story.is_whole);
        assert_eq!((story.finished.unwrap().timestamp, story.days[&day("2026-11-24")].0), (3, 2));
    }

    #[test]
    fn a_day_is_held_if_nothing_was_begun_after_it() {
        let today = day("2026-11-24");
        let first = record(1, "a", true, &[("2026-11-24", 1, "x")]);
        let story = Story::of([first.clone()]);
        assert!(story.holds(today, "x") && !story.holds(today, "y") && !story.holds(today.next(), "x"));
        // A load wrote other rows of the day, and others of the next, and broke.
        let broken = record(2, "b", false, &[("2026-11-24", 2, "y"), ("2026-11-25", 1, "z")]);
        let story = Story::of([first.clone(), broken.clone()]);
        assert!(!story.holds(today, "x"));
        assert_eq!(story.version(today, Some(1), "x"), 3);
        assert_eq!(story.days_with_rows().collect::<Vec<_>>(), [today, today.next()]);
        let repaired = record(3, "a", true, &[("2026-11-24", 3, "x"), ("2026-11-25", 2, "")]);
        let story = Story::of([first, broken, repaired]);
        assert!(story.holds(today, "x"));
        assert_eq!(story.days_with_rows().collect::<Vec<_>>(), [today]);
    }

    #[test]
    fn after_a_change_of_tables_nothing_is_known() {
        let story = Story::of([record(1, "a", true, &[("2026-11-24", 4, "x")]), record(2, "", false, &[])]);
        assert_eq!((story.is_whole, story.finished.is_some(), story.days.len()), (false, false, 0));
        assert_eq!(story.version(day("2026-11-24"), None, "x"), 4);
        assert_eq!(story.version(day("2026-11-24"), Some(4), "y"), 5);
    }

    #[test]
    fn versions_of_a_day_only_grow() {
        let today = day("2026-11-24");
        let story = Story::of([record(1, "a", true, &[("2026-11-24", 2, "x")])]);
        assert_eq!(story.version(today, Some(3), "y"), 3);
        // The lake was made anew, or nobody counts versions.
        assert_eq!(story.version(today, Some(1), "y"), 3);
        assert_eq!(story.version(today, None, "y"), 3);
        // The same again is written where it was.
        assert_eq!(story.version(today, Some(2), "x"), 2);
        assert_eq!(story.version(today.next(), Some(7), "x"), 7);
        assert_eq!(story.version(today.next(), None, "x"), 1);
        // A day that went away is no more known.
        let story = Story::of([
            record(1, "a", true, &[("2026-11-24", 2, "x")]),
            record(2, "b", true, &[("2026-11-24", 3, "")]),
        ]);
        assert_eq!(story.days.len(), 0);
        assert_eq!(story.version(today, Some(1), "x"), 4);
    }
}
