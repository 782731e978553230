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

/// The share of posts, one of so many, that may be of days so long ago that charts begin after them.
const OF_LONG_AGO: u64 = 100;
/// The least days that charts have, where there are so many.
const LEAST_DAYS: usize = 7;

/// The days that have nearly all posts: some federate so late that they are of days long before all others, which would leave no
/// room for these.
pub(crate) fn busy(posts: &BTreeMap<Day, u64>) -> Option<Span> {
    let last = *posts.last_key_value()?.0;
    let sum = posts.values().fold(0_u64, |sum, posts| sum.saturating_add(*posts));
    let mut before = 0_u64;
    let is_drawn = |(day, posts): (&Day, &u64)| {
        before = before.saturating_add(*posts);
        let is_drawn = before > sum / OF_LONG_AGO || Span { first: *day, last }.days() <= LEAST_DAYS;
        is_drawn.then_some(Span { first: *day, last })
    };
    posts.iter().find_map(is_drawn)
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
        let busy = |days: &[(&str, u64)]| busy(&posts(days)).map(|span| span.to_string());
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
}
