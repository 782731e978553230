//! What each day alone gave: the rows of one key after the other, and the posts of each day.

use std::collections::BTreeMap;

use tootmill_metric::{Day, Table};
use tootmill_tables::{Part, Store};

use crate::{calendar::Span, error::Error, subject::LANGUAGES};

/// The cells of a key on one day.
pub(crate) type OfDay = (Day, Vec<Option<String>>);

/// Calls `each` with every key of a table and what it has on its days, the earliest first.
pub(crate) fn each_key(store: &dyn Store, table: &Table, mut each: impl FnMut(&str, &[OfDay])) -> Result<(), Error> {
    let mut key = String::new();
    let mut days: Vec<OfDay> = Vec::new();
    store.scan(table, Part::Days, &mut |day, row| {
        if row.key != key {
            if !days.is_empty() {
                each(&key, &days);
            }
            days.clear();
            key.clone_from(&row.key);
        }
        days.extend(day.map(|day| (day, row.cells.clone())));
        Ok(())
    })?;
    if !days.is_empty() {
        each(&key, &days);
    }
    Ok(())
}

/// The count in one of the columns.
pub(crate) fn count(cells: &[Option<String>], column: usize) -> u64 {
    cells.get(column).and_then(|value| value.as_deref()?.parse().ok()).unwrap_or(0)
}

/// The posts of each day, which are those in all its languages together; none where no such table is linked.
pub(crate) fn posts_by_day(store: &dyn Store, tables: &[&Table]) -> Result<BTreeMap<Day, u64>, Error> {
    let mut posts: BTreeMap<Day, u64> = BTreeMap::new();
    let languages = tables.iter().find(|table| table.name == LANGUAGES);
    let column = |table: &Table| table.columns.iter().position(|column| column.name == "count");
    if let Some(languages) = languages
        && let Some(column) = column(languages)
    {
        each_key(store, languages, |_, days| {
            for (day, cells) in days {
                let of_day = posts.entry(*day).or_default();
                *of_day = of_day.saturating_add(count(cells, column));
            }
        })?;
    }
    // A day that was emptied has zeros.
    posts.retain(|_, posts| *posts > 0);
    Ok(posts)
}

/// The share of posts, one of so many, that may be of days so long ago that charts begin after them, or so late that they end
/// before them.
const OF_LONG_AGO: u64 = 100;
/// The least days that charts have, where there are so many.
const LEAST_DAYS: usize = 7;

/// The days that have nearly all posts: some federate so late that they are of days long before all others, and some are dated
/// in the future, which would leave no room for these. `as_of` is the last day that can have posts, where it is known.
pub(crate) fn busy(posts: &BTreeMap<Day, u64>, as_of: Option<Day>) -> Option<Span> {
    let sum = posts.values().fold(0_u64, |sum, posts| sum.saturating_add(*posts));
    let last = last(posts, sum, as_of)?;
    let posts = posts.range(..=last);
    let mut before = 0_u64;
    let is_drawn = |(day, posts): (&Day, &u64)| {
        before = before.saturating_add(*posts);
        let is_drawn = before > sum / OF_LONG_AGO || Span { first: *day, last }.days() <= LEAST_DAYS;
        is_drawn.then_some(Span { first: *day, last })
    };
    posts.into_iter().find_map(is_drawn)
}

/// The last day that is not in the future: not after `as_of`, nor, with few posts, more than a week after those before it. The
/// last day of all if there is no other.
fn last(posts: &BTreeMap<Day, u64>, sum: u64, as_of: Option<Day>) -> Option<Day> {
    let is_past = |day: &&Day| as_of.is_none_or(|as_of| **day <= as_of);
    let mut days = posts.keys().rev().filter(is_past).peekable();
    let mut last = *days.peek().copied().or_else(|| posts.keys().next_back())?;
    let mut after = 0_u64;
    while let Some(day) = days.next() {
        after = after.saturating_add(posts.get(day).copied().unwrap_or(0));
        let Some(before) = days.peek().filter(|_| after <= sum / OF_LONG_AGO) else { break };
        if (Span { first: **before, last: *day }).days() > LEAST_DAYS + 1 {
            last = **before;
        }
    }
    Some(last)
}

/// The posts of the days of a span.
pub(crate) fn posts_within(posts: &BTreeMap<Day, u64>, span: Span) -> u64 {
    posts.range(span.first..=span.last).map(|(_, posts)| *posts).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_that_have_nearly_all_posts_are_found() {
        let posts = |days: &[(&str, u64)]| days.iter().map(|(day, posts)| (Day::parse(day).unwrap(), *posts)).collect();
        let busy = |days: &[(&str, u64)]| busy(&posts(days), None).map(|span| span.to_string());
        assert_eq!(
            busy(&[("2020-01-01", 1), ("2026-11-01", 50), ("2026-11-20", 50)]).as_deref(),
            Some("2026-11-01 to 2026-11-20")
        );
        assert_eq!(
            busy(&[("2020-01-01", 2), ("2026-11-01", 50), ("2026-11-20", 50)]).as_deref(),
            Some("2020-01-01 to 2026-11-20")
        );
        // A week is drawn however few posts its first days have.
        assert_eq!(
            busy(&[("2026-11-14", 1), ("2026-11-15", 1), ("2026-11-20", 5000)]).as_deref(),
            Some("2026-11-14 to 2026-11-20")
        );
        assert_eq!(busy(&[]), None);
    }

    #[test]
    fn days_in_the_future_are_left_out() {
        let posts = |days: &[(&str, u64)]| days.iter().map(|(day, posts)| (Day::parse(day).unwrap(), *posts)).collect();
        let busy = |days: &[(&str, u64)], as_of: Option<&str>| {
            busy(&posts(days), as_of.map(|day| Day::parse(day).unwrap())).map(|span| span.to_string())
        };
        let few = [("2026-11-19", 50), ("2026-11-20", 50), ("2026-11-23", 9), ("2031-01-01", 1)];
        assert_eq!(busy(&few, None).as_deref(), Some("2026-11-19 to 2026-11-23"));
        assert_eq!(busy(&few, Some("2031-01-02")).as_deref(), Some("2026-11-19 to 2026-11-23"));
        assert_eq!(busy(&few, Some("2026-11-20")).as_deref(), Some("2026-11-19 to 2026-11-20"));
        // More than a few that are a week apart are no mistake, nor is today of which there is little yet.
        let many = [("2026-11-01", 50), ("2026-11-20", 50)];
        assert_eq!(busy(&many, None).as_deref(), Some("2026-11-01 to 2026-11-20"));
        let today = [("2026-11-18", 500), ("2026-11-20", 1)];
        assert_eq!(busy(&today, Some("2026-11-20")).as_deref(), Some("2026-11-18 to 2026-11-20"));
        // A clock that is wrong leaves no other.
        assert_eq!(busy(&[("2026-11-20", 5)], Some("1970-01-01")).as_deref(), Some("2026-11-20"));
    }
}
