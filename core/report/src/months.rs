//! Counts by month over the whole range, and the months that stand out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{calendar::month_of, numbers::as_map};

/// How many months before and after one it is compared with.
const NEIGHBOURS: u32 = 6;
/// How often what is usual a month must have to stand out.
const TIMES: u64 = 2;
/// How much a month must have to stand out.
pub(crate) const LEAST: u64 = 10;
/// How many months are named; the page says so in words.
const NAMED: usize = 5;

/// Counts by month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Months {
    /// The months that have a count, in their order.
    #[serde(serialize_with = "as_map")]
    pub counts: Vec<(String, u64)>,
    /// Those that stand out most, in their order.
    pub stand_out: Vec<StandsOut>,
    /// Whether more stand out, though less.
    #[serde(skip)]
    pub(crate) more_stand_out: bool,
}

/// A month with far more than those around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StandsOut {
    /// The month.
    pub month: String,
    /// Its count.
    pub count: u64,
    /// The median of the six months before it and the six after it.
    pub usual: u64,
}

impl Months {
    /// The months by their numbers.
    pub(crate) fn of(counts: &BTreeMap<u32, u64>) -> Self {
        let mut stand_out: Vec<(u32, StandsOut)> = counts
            .iter()
            .filter_map(|(month, count)| Some((*month, *count, usual(counts, *month)?)))
            .filter(|(_, count, usual)| *count >= LEAST && *count >= usual.saturating_mul(TIMES))
            .map(|(month, count, usual)| (month, StandsOut { month: month_of(month), count, usual }))
            .collect();
        stand_out.sort_by_key(|(_, one)| std::cmp::Reverse(one.count - one.usual));
        let more_stand_out = stand_out.len() > NAMED;
        stand_out.truncate(NAMED);
        stand_out.sort_by_key(|(month, _)| *month);
        Self {
            counts: counts.iter().map(|(month, count)| (month_of(*month), *count)).collect(),
            stand_out: stand_out.into_iter().map(|(_, one)| one).collect(),
            more_stand_out,
        }
    }
}

/// The median of the months around one, as far as the range goes; a month without a count is zero.
fn usual(counts: &BTreeMap<u32, u64>, month: u32) -> Option<u64> {
    let ((first, _), (last, _)) = counts.first_key_value().zip(counts.last_key_value())?;
    let range = month.saturating_sub(NEIGHBOURS).max(*first)..=(month + NEIGHBOURS).min(*last);
    let mut around: Vec<u64> =
        range.filter(|other| *other != month).map(|other| counts.get(&other).copied().unwrap_or(0)).collect();
    around.sort_unstable();
    around.get(around.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::number_of_month;

    #[test]
    fn months_with_twice_what_is_usual_around_them_stand_out() {
        let mut counts: BTreeMap<u32, u64> = (24_000..24_040).map(|month| (month, 20 + u64::from(month % 3))).collect();
        counts.insert(number_of_month("2002-11").unwrap(), 400);
        counts.insert(number_of_month("2001-02").unwrap(), 42);
        counts.insert(number_of_month("2001-03").unwrap(), 41);
        let months = Months::of(&counts);
        let named: Vec<(&str, u64, u64)> =
            months.stand_out.iter().map(|one| (&*one.month, one.count, one.usual)).collect();
        assert_eq!(named, [("2001-02", 42, 21), ("2002-11", 400, 21)]);
        assert_eq!((months.counts.len(), months.more_stand_out), (40, false));
        (1..7).for_each(|place| _ = counts.insert(24_000 + 6 * place, 100 + u64::from(place)));
        let months = Months::of(&counts);
        assert_eq!((months.stand_out.len(), months.more_stand_out), (5, true));
    }

    #[test]
    fn small_numbers_and_ends_of_the_range_are_no_trouble() {
        assert_eq!(Months::of(&BTreeMap::new()).counts, []);
        assert_eq!(Months::of(&BTreeMap::from([(24_000, 9)])).stand_out, []);
        // Alone it has nothing around it that it could stand out from.
        assert_eq!(Months::of(&BTreeMap::from([(24_000, 50)])).stand_out, []);
        assert_eq!(Months::of(&BTreeMap::from([(12, u64::MAX), (119_999, u64::MAX)])).stand_out.len(), 2);
    }
}
