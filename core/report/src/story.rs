//! What the table `runs` tells of the loads: what was read and left out, and what changed since the last time.

use serde::Serialize;
use tootmill_metric::Day;
use tootmill_tables::Run;

use crate::{calendar::Span, numbers::as_map};

/// What stands before a table's name in the counter of its rows.
pub(crate) const ROWS: &str = "rows_";

/// What the last load tells, beside the one before it.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// What the numbers are as of.
    pub as_of: String,
    /// The day of that.
    #[serde(skip)]
    pub(crate) as_of_day: Day,
    /// How many loads there were.
    pub loads: usize,
    /// What the load before was as of.
    pub before: Option<String>,
    /// The first and the last day that have posts.
    pub days: Option<Span>,
    /// How many days have posts.
    pub number_of_days: Counted,
    /// What was counted, by name, in the order of the store.
    #[serde(serialize_with = "as_map")]
    pub counters: Vec<(String, Counted)>,
}

/// A count, and its change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// How many there are.
    pub count: u64,
    /// How many more than at the load before, where there was one that counted it.
    pub change: Option<i64>,
}

impl Counted {
    fn new(count: u64, before: Option<u64>) -> Self {
        let change = before.map(|before| i128::from(count) - i128::from(before));
        Self { count, change: change.map(|change| i64::try_from(change).unwrap_or(i64::MAX)) }
    }

    /// How many there were at the load before.
    pub(crate) fn before(self) -> Option<u64> {
        let before = i128::from(self.count) - i128::from(self.change?);
        u64::try_from(before).ok()
    }
}

impl Story {
    /// What the loads tell, the oldest first; `None` where there was none.
    pub(crate) fn of(runs: &[Run]) -> Option<Self> {
        let (last, earlier) = runs.split_last()?;
        let before = earlier.last();
        let counters = last.counters.iter();
        let days = last.days.iter().min().zip(last.days.iter().max());
        Some(Self {
            as_of: last.as_of.to_string(),
            as_of_day: last.as_of.day(),
            loads: runs.len(),
            before: before.map(|run| run.as_of.to_string()),
            days: days.map(|(first, last)| Span { first: *first, last: *last }),
            number_of_days: Counted::new(last.days.len() as u64, before.map(|run| run.days.len() as u64)),
            counters: counters
                .map(|(name, count)| {
                    (name.clone(), Counted::new(*count, before.and_then(|before| before.counter(name))))
                })
                .collect(),
        })
    }

    /// The counter of a name.
    pub fn counter(&self, name: &str) -> Option<Counted> {
        self.counters.iter().find(|(own, _)| own == name).map(|(_, counted)| *counted)
    }

    /// How many posts there are, where that was counted and there are any.
    pub(crate) fn posts(&self) -> Option<u64> {
        self.counter("posts").map(|posts| posts.count).filter(|posts| *posts > 0)
    }
}

#[cfg(test)]
mod tests {
    use tootmill_metric::Instant;

    use super::*;

    fn run(as_of: &str, counters: &[(&str, u64)]) -> Run {
        Run {
            timestamp: 0,
            as_of: Instant::parse(as_of).unwrap(),
            days: vec![Day::parse("2026-11-23").unwrap(), Day::parse("2026-11-20").unwrap()],
            counters: counters.iter().map(|(name, count)| ((*name).into(), *count)).collect(),
        }
    }

    #[test]
    fn the_last_load_is_told_beside_the_one_before() {
        let runs = [
            run("2026-11-22", &[("posts", 1)]),
            run("2026-11-23", &[("posts", 9)]),
            run("2026-11-24", &[("posts", 7), ("ripe", 5)]),
        ];
        let story = Story::of(&runs).unwrap();
        assert_eq!(story.counter("posts"), Some(Counted { count: 7, change: Some(-2) }));
        assert_eq!(story.counter("ripe"), Some(Counted { count: 5, change: None }));
        assert_eq!(story.days.unwrap().to_string(), "2026-11-20 to 2026-11-23");
        assert_eq!(["posts", "ripe"].map(|name| story.counter(name).unwrap().before()), [Some(9), None]);
        assert_eq!((story.loads, story.before.as_deref()), (3, Some("2026-11-23T00:00:00.000000Z")));
        assert_eq!(Story::of(&runs[..1]).unwrap().counter("posts"), Some(Counted { count: 1, change: None }));
        assert!(Story::of(&[]).is_none());
    }
}
