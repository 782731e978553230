//! Days and months as numbers that can be counted on, and spans of them.

use serde::Serialize;
use tootmill_metric::{Day, Instant};

const MICROS_A_DAY: i64 = 86_400_000_000;

/// A day's number since 1970-01-01.
pub(crate) fn number_of(day: Day) -> i64 {
    day.start().micros().div_euclid(MICROS_A_DAY)
}

/// The day of a number.
pub(crate) fn day_of(number: i64) -> Day {
    Instant::from_micros(number.saturating_mul(MICROS_A_DAY)).day().clamp(Day::MIN, Day::MAX)
}

/// The number of a month `YYYY-MM` since the beginning of our era; `None` where the text is none.
pub(crate) fn number_of_month(text: &str) -> Option<u32> {
    if text.len() != 7 {
        return None;
    }
    Day::parse(&format!("{text}-01"))?;
    let (year, month) = text.split_once('-')?;
    Some(year.parse::<u32>().ok()? * 12 + month.parse::<u32>().ok()? - 1)
}

/// The month of a number.
pub(crate) fn month_of(number: u32) -> String {
    format!("{:04}-{:02}", number / 12, number % 12 + 1)
}

/// Days that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: Day,
    /// The last.
    pub last: Day,
}

impl Span {
    /// So many days that end with this one.
    pub(crate) fn ending(last: Day, days: u32) -> Self {
        Self { first: day_of(number_of(last) - i64::from(days.max(1)) + 1), last }
    }

    /// Its last days, so many at most.
    pub(crate) fn ending_with(self, days: u32) -> Self {
        Self { first: Self::ending(self.last, days).first.max(self.first), last: self.last }
    }

    /// Without its days after this one, as far as there are others.
    pub(crate) fn until(self, last: Day) -> Self {
        Self { first: self.first, last: self.last.min(last.max(self.first)) }
    }

    /// So many days before it.
    pub(crate) fn before(self, days: u32) -> Self {
        Self::ending(day_of(number_of(self.first) - 1), days)
    }

    /// How many days it has.
    pub(crate) fn days(self) -> usize {
        usize::try_from(number_of(self.last) - number_of(self.first) + 1).unwrap_or(0)
    }

    /// The place of a day in it.
    pub(crate) fn place(self, day: Day) -> Option<usize> {
        let place = usize::try_from(number_of(day) - number_of(self.first)).ok()?;
        (day <= self.last).then_some(place)
    }

    /// Its days.
    pub(crate) fn each(self) -> impl Iterator<Item = Day> {
        (number_of(self.first)..=number_of(self.last)).map(day_of)
    }
}

/// As its first and last day.
impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.first, self.last].map(|day| day.to_string()).serialize(serializer)
    }
}

/// Both days, or the one.
impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last { self.last.fmt(f) } else { write!(f, "{} to {}", self.first, self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_counted_on() {
        let day = |text| Day::parse(text).unwrap();
        let span = Span::ending(day("2024-03-02"), 3);
        assert_eq!(span.to_string(), "2024-02-29 to 2024-03-02");
        assert_eq!(span.before(2).to_string(), "2024-02-27 to 2024-02-28");
        assert_eq!((span.days(), span.place(day("2024-03-01"))), (3, Some(1)));
        assert_eq!([span.place(day("2024-02-28")), span.place(day("2024-03-03"))], [None, None]);
        assert_eq!([span.ending_with(2), span.ending_with(9)].map(Span::days), [2, 3]);
        assert_eq!(span.each().count(), 3);
        let until = ["2024-03-01", "2020-01-01", "2025-01-01"].map(|last| span.until(day(last)).days());
        assert_eq!(until, [2, 1, 3]);
        assert_eq!(Span::ending(Day::MIN, 3), Span { first: Day::MIN, last: Day::MIN });
        assert_eq!(number_of_month("2023-12").map(|month| month_of(month + 1)).as_deref(), Some("2024-01"));
        assert_eq!(["2023-13", "2023-1", "tag", "٢٠٢٣-1"].map(number_of_month), [None; 4]);
    }
}
