//! Trends: the counts of the first keys of a table day by day, and which keys gained and lost.

use std::{
    collections::{BTreeMap, HashMap},
    iter,
};

use serde::Serialize;
use tootmill_metric::{Day, Table};
use tootmill_tables::Store;

use crate::{
    calendar::Span,
    daily::{OfDay, count, each_key, posts_within},
    error::Error,
    numbers::as_map,
};

/// The lengths of the two periods that are compared, in days: the longest in which both have enough posts.
const PERIODS: [u32; 4] = [28, 7, 3, 1];
/// How many posts a period must have.
const ENOUGH: u64 = 100;
/// How many keys that gained or lost are told.
const MOVERS: usize = 5;

/// The counts of some keys day by day.
#[derive(Clone, Debug, Serialize)]
pub struct Trend {
    /// The days.
    pub days: Span,
    /// The keys with a count for each of the days, the most frequent of all days first.
    #[serde(serialize_with = "as_map")]
    pub lines: Vec<(String, Vec<u64>)>,
    /// What gained and lost; `None` where there are not two periods with enough posts.
    pub movement: Option<Movement>,
}

/// What gained and lost between two periods of equal length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Movement {
    /// The later period.
    pub recent: Period,
    /// The earlier one.
    pub before: Period,
    /// The keys that gained most, for each thousand posts.
    pub gained: Vec<Mover>,
    /// The keys that lost most.
    pub lost: Vec<Mover>,
}

/// Days that are compared with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The days.
    pub days: Span,
    /// Their posts.
    pub posts: u64,
}

/// A key in two periods.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mover {
    /// The key.
    pub key: String,
    /// Its count in the earlier period.
    pub before: u64,
    /// Its count in the later one.
    pub recent: u64,
    /// How many more there are for each thousand posts.
    pub per_thousand: f64,
}

/// The two periods that the trends compare, the later one first, which ends with the last day.
pub(crate) fn periods(posts: &BTreeMap<Day, u64>, last: Day) -> Option<(Period, Period)> {
    let period = |days| Period { days, posts: posts_within(posts, days) };
    PERIODS.into_iter().find_map(|length| {
        let recent = Span::ending(last, length);
        let (recent, before) = (period(recent), period(recent.before(length)));
        (recent.posts >= ENOUGH && before.posts >= ENOUGH).then_some((recent, before))
    })
}

/// The trend of a table by one of its columns.
pub(crate) fn trend(
    store: &dyn Store,
    table: &Table,
    column: usize,
    first_keys: &[String],
    days: Span,
    periods: Option<(Period, Period)>,
) -> Result<Trend, Error> {
    let mut lines: HashMap<&str, Vec<u64>> = first_keys.iter().map(|key| (&**key, vec![0; days.days()])).collect();
    let mut movers = periods.map(|(recent, before)| Movers { recent, before, gained: Vec::new(), lost: Vec::new() });
    each_key(store, table, |key, of_days| {
        if let Some(line) = lines.get_mut(key) {
            for (day, cells) in of_days {
                if let Some(place) = days.place(*day).and_then(|place| line.get_mut(place)) {
                    *place = count(cells, column);
                }
            }
        }
        if let Some(movers) = &mut movers {
            movers.offer(key, of_days, column);
        }
    })?;
    let lines = first_keys.iter().filter_map(|key| Some((key.clone(), lines.remove(&**key)?)));
    Ok(Trend { days, lines: lines.collect(), movement: movers.map(Movers::finish) })
}

/// The keys that gained and lost most so far.
struct Movers {
    recent: Period,
    before: Period,
    gained: Vec<Mover>,
    lost: Vec<Mover>,
}

impl Movers {
    fn offer(&mut self, key: &str, days: &[OfDay], column: usize) {
        let within = |period: Period| {
            let days = days.iter().filter(|(day, _)| period.days.place(*day).is_some());
            days.map(|(_, cells)| count(cells, column)).fold(0, u64::saturating_add)
        };
        let (recent, before) = (within(self.recent), within(self.before));
        let per_thousand = per_thousand(recent, self.recent) - per_thousand(before, self.before);
        let insert = |movers: &mut Vec<Mover>, gain: f64| {
            // Few enough for a sorted list; of equal ones the lesser key, which comes first, stays first.
            let place = movers.partition_point(|mover| mover.per_thousand.abs() >= gain);
            if gain > 0.0 && place < MOVERS {
                movers.insert(place, Mover { key: key.into(), before, recent, per_thousand });
                movers.truncate(MOVERS);
            }
        };
        insert(&mut self.gained, per_thousand);
        insert(&mut self.lost, -per_thousand);
    }

    fn finish(self) -> Movement {
        Movement { recent: self.recent, before: self.before, gained: self.gained, lost: self.lost }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate is compared and shown, not summed")]
fn per_thousand(count: u64, period: Period) -> f64 {
    count as f64 * 1000.0 / period.posts.max(1) as f64
}

impl Trend {
    /// The days with their counts, as a table has them: a row a day.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.days.each().enumerate().map(|(place, day)| {
            let counts = self.lines.iter().map(|(_, counts)| counts.get(place).copied().unwrap_or(0).to_string());
            iter::once(day.to_string()).chain(counts).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Kept, table};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn the_longest_periods_with_enough_posts_are_compared() {
        let posts = BTreeMap::from([(day("2026-11-10"), 500), (day("2026-11-17"), 99), (day("2026-11-20"), 100)]);
        let (recent, before) = periods(&posts, day("2026-11-20")).unwrap();
        assert_eq!((recent.days.to_string(), recent.posts), ("2026-11-14 to 2026-11-20".into(), 199));
        assert_eq!((before.days.to_string(), before.posts), ("2026-11-07 to 2026-11-13".into(), 500));
        assert_eq!(periods(&BTreeMap::from([(day("2026-11-10"), 500)]), day("2026-11-10")), None);
        assert_eq!(periods(&BTreeMap::new(), day("2026-11-10")), None);
    }

    #[test]
    fn what_gained_and_lost_is_told_for_each_thousand_posts() {
        let tags = table("tag_table");
        let mut store = Kept::default();
        for (key, on, count) in [
            ("down", "2026-11-19", 30),
            ("down", "2026-11-20", 10),
            ("gone", "2026-11-19", 5),
            ("gone", "2026-11-20", 0),
            ("new", "2026-11-20", 8),
            ("same", "2026-11-19", 10),
            ("same", "2026-11-20", 20),
        ] {
            store.put_day(&tags, key, on, &[&count.to_string()]);
        }
        let period = |days, posts| Period { days: Span::ending(day(days), 1), posts };
        let periods = Some((period("2026-11-20", 2000), period("2026-11-19", 1000)));
        let days = Span::ending(day("2026-11-20"), 3);
        let trend = trend(&store, &tags, 0, &["down".into(), "same".into()], days, periods).unwrap();
        assert_eq!(trend.lines, [("down".into(), vec![0, 30, 10]), ("same".into(), vec![0, 10, 20])]);
        assert_eq!(trend.rows().last().unwrap(), ["2026-11-20", "10", "20"]);
        let movement = trend.movement.unwrap();
        let told = |movers: &[Mover]| -> Vec<_> {
            movers.iter().map(|mover| (mover.key.clone(), mover.before, mover.recent, mover.per_thousand)).collect()
        };
        assert_eq!(told(&movement.gained), [("new".into(), 0, 8, 4.0)]);
        assert_eq!(told(&movement.lost), [("down".into(), 30, 10, -25.0), ("gone".into(), 5, 0, -5.0)]);
    }
}
