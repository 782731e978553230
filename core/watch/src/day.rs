//! Whether the data of a day look right: its posts beside those of the days before, what the last loads say.

use serde::Serialize;
use tootmill_metric::Day;

use crate::outcome::as_text;

/// What is known of a day, and of the loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayNumbers {
    /// The day.
    pub day: Day,
    /// Its posts; `None` where no lake was looked at.
    pub posts: Option<u64>,
    /// The posts of the days before it with which it is compared.
    pub posts_before: Vec<u64>,
    /// The last load, and the one before it, as far as there are loads.
    pub last: Option<Loaded>,
    /// The load before the last.
    pub before: Option<Loaded>,
}

/// What a load tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The lines of all that is in the tables.
    pub lines: u64,
    /// Those of them that are bad.
    pub bad: u64,
    /// The rows of each table; nothing where it does not tell them.
    pub rows: Vec<(String, u64)>,
}

/// A day beside others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayStatus {
    /// The day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// Its posts.
    pub posts: Option<u64>,
    /// The median of the posts of the days before.
    pub median: Option<u64>,
    /// How many days that are.
    pub days_before: usize,
    /// The lines that the last load added.
    pub new_lines: Option<u64>,
    /// Those of them that are bad.
    pub new_bad: Option<u64>,
    /// The rows of the tables with the last load, and with the one before.
    pub tables: Vec<TableRows>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

/// The rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// With the last load.
    pub rows: u64,
    /// With the load before it.
    pub rows_before: u64,
}

impl DayStatus {
    pub(crate) fn of(numbers: DayNumbers) -> Self {
        let DayNumbers { day, posts, mut posts_before, last, before } = numbers;
        let mut notes = Vec::new();
        match posts {
            None => notes.push("posts are not compared: name the lake by --lake and --instance".to_owned()),
            Some(_) if posts_before.is_empty() => {
                notes.push(format!("no day before {day} is known to compare it with"));
            }
            Some(_) => {}
        }
        posts_before.sort_unstable();
        // Of an even number the lower one: less is found, not more.
        let median = posts_before.get(posts_before.len().saturating_sub(1) / 2).copied();
        let (mut new_lines, mut new_bad, mut tables) = (None, None, Vec::new());
        if let Some(last) = &last {
            // A load of fewer lines is one of another lake, or of one that was made anew.
            let earlier = before.as_ref().filter(|before| before.lines <= last.lines && before.bad <= last.bad);
            new_lines = Some(last.lines - earlier.map_or(0, |before| before.lines));
            new_bad = Some(last.bad - earlier.map_or(0, |before| before.bad));
            let rows_before = before.iter().flat_map(|before| &before.rows);
            tables.extend(rows_before.filter_map(|(table, rows_before)| {
                let (_, rows) = last.rows.iter().find(|(name, _)| name == table)?;
                Some(TableRows { table: table.clone(), rows: *rows, rows_before: *rows_before })
            }));
            if tables.is_empty() {
                notes.push("the rows of the tables are not compared: no two loads tell how many they had".to_owned());
            }
        } else {
            notes.push("nothing was loaded that could be compared: name the tables by --tables".to_owned());
        }
        let days_before = posts_before.len();
        Self { day, posts, median, days_before, new_lines, new_bad, tables, notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Day {
        Day::parse("2026-11-24").unwrap()
    }

    fn loaded(lines: u64, bad: u64, rows: u64) -> Loaded {
        Loaded { lines, bad, rows: vec![("tag_table".into(), rows)] }
    }

    #[test]
    fn a_day_is_put_beside_those_before_and_a_load_beside_the_last_one() {
        let numbers = DayNumbers {
            day: day(),
            posts: Some(10),
            posts_before: vec![70, 10, 50, 30],
            last: Some(loaded(1000, 30, 7)),
            before: Some(loaded(900, 10, 8)),
        };
        let status = DayStatus::of(numbers.clone());
        assert_eq!(
            (status.median, status.days_before, status.new_lines, status.new_bad),
            (Some(30), 4, Some(100), Some(20))
        );
        assert_eq!(status.tables, [TableRows { table: "tag_table".into(), rows: 7, rows_before: 8 }]);
        assert!(status.notes.is_empty(), "{status:?}");
        let anew = DayStatus::of(DayNumbers { before: Some(loaded(5000, 10, 8)), ..numbers });
        assert_eq!((anew.new_lines, anew.new_bad), (Some(1000), Some(30)), "all that is there");
    }

    #[test]
    fn nothing_to_compare_with_is_said() {
        let nothing = DayNumbers { day: day(), posts: None, posts_before: Vec::new(), last: None, before: None };
        assert_eq!(DayStatus::of(nothing.clone()).notes.len(), 2);
        let first = DayStatus::of(DayNumbers { posts: Some(3), last: Some(loaded(1, 0, 1)), ..nothing });
        assert_eq!((first.median, first.notes.len()), (None, 2), "{first:?}");
    }
}
