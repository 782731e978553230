//! Instants, days and months in UTC, read from the forms of date that servers really send.

use std::{fmt, ops::Deref};

const MICROS_A_DAY: i64 = 86_400_000_000;

/// A moment in time: microseconds since 1970-01-01T00:00:00Z. Finer fractions are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// From microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads a date as it stands in a status: a day, then after a `T` or a space the time with or without seconds
    /// and decimals, then `Z` or an offset such as `+02:00`, `+0200` or `+02`, with or without a space before it.
    /// No offset means UTC. `None` where it is no date, or not in the years 1 to 9999.
    ///
    /// ```
    /// # use tootmill_metric::Instant;
    /// let instant = Instant::parse("2023-10-19 16:39:53.500000+00:00");
    /// assert_eq!(instant, Instant::parse("2023-10-19T18:39:53.5 +0200"));
    /// assert_eq!(Instant::parse("yesterday"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = Digits(text.as_bytes());
        let year = rest.number(4)?;
        rest.byte(b'-')?;
        let month = rest.number(2)?;
        rest.byte(b'-')?;
        let day = Day::from_date(year, month, rest.number(2)?)?;
        let mut seconds = 0;
        let mut micros = 0;
        if !rest.0.is_empty() {
            rest.one_of(b"Tt ")?;
            let hours = rest.number(2)?;
            rest.byte(b':')?;
            let minutes = rest.number(2)?;
            let in_minute = if rest.byte(b':').is_some() { rest.number(2)? } else { 0 };
            if hours > 23 || minutes > 59 || in_minute > 59 {
                return None;
            }
            if rest.byte(b'.').is_some() {
                micros = rest.fraction()?;
            }
            seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(in_minute) - rest.offset()?;
        }
        let instant = Self(day.start().0 + seconds * 1_000_000 + i64::from(micros));
        (Day::MIN..=Day::MAX).contains(&instant.day()).then_some(instant)
    }

    /// The day, UTC.
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(MICROS_A_DAY)).unwrap_or(i32::MAX))
    }

    /// The month, UTC.
    pub fn month(self) -> Month {
        let (year, month, _) = self.day().date();
        Month(digits(year, month))
    }
}

/// As `2023-10-19T16:39:53.500000Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.rem_euclid(MICROS_A_DAY);
        let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}T{hours:02}:{minutes:02}:{seconds:02}.{micros:06}Z", self.day())
    }
}

/// A day in UTC, shown as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// 0001-01-01, the first day that is read.
    pub const MIN: Self = Self(-719_162);
    /// 9999-12-31, the last day that is read.
    pub const MAX: Self = Self(2_932_896);

    /// The day of a proleptic Gregorian date, where there is such a date in the years 1 to 9999.
    pub fn from_date(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let length = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
            return None;
        }
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
        let year = year - u32::from(month <= 2);
        let (era, of_era) = (year / 400, year % 400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Some(Self(days.cast_signed() - 719_468))
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 10 { Instant::parse(text).map(Instant::day) } else { None }
    }

    /// The first moment of the day.
    pub const fn start(self) -> Instant {
        Instant(self.0 as i64 * MICROS_A_DAY)
    }

    /// The day after, unless it is the last one.
    pub const fn next(self) -> Self {
        if self.0 < Self::MAX.0 { Self(self.0 + 1) } else { self }
    }

    /// Year, month and day of the month.
    // Howard Hinnant, as above, civil_from_days.
    fn date(self) -> (u32, u32, u32) {
        let days = (self.0.saturating_add(719_468)).max(0).cast_unsigned();
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + u32::from(month <= 2), month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// A month in UTC, as the text `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month([u8; 7]);

impl Deref for Month {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn digits(year: u32, month: u32) -> [u8; 7] {
    let digit = |number: u32, place: u32| b'0' + u8::try_from(number / place % 10).unwrap_or(0);
    [digit(year, 1000), digit(year, 100), digit(year, 10), digit(year, 1), b'-', digit(month, 10), digit(month, 1)]
}

/// What is still to be read of a date.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn number(&mut self, length: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, byte| Some(number * 10 + (*byte as char).to_digit(10)?))
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn byte(&mut self, byte: u8) -> Option<u8> {
        self.one_of(&[byte])
    }

    /// Decimals of a second, as microseconds.
    fn fraction(&mut self) -> Option<u32> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let micros = |place: usize| digits.get(place).map_or(0, |byte| u32::from(byte - b'0'));
        (length > 0).then(|| (0..6).fold(0, |number, place| number * 10 + micros(place)))
    }

    /// The offset that ends the text, in seconds.
    fn offset(&mut self) -> Option<i64> {
        self.byte(b' ');
        if self.0.is_empty() {
            return Some(0);
        }
        let sign = self.one_of(b"Zz+-")?;
        let mut seconds = 0;
        if let b'+' | b'-' = sign {
            let hours = self.number(2)?;
            let minutes = if self.0.is_empty() {
                0
            } else {
                self.byte(b':');
                self.number(2)?
            };
            if hours > 23 || minutes > 59 {
                return None;
            }
            seconds = i64::from(hours * 3600 + minutes * 60);
        }
        self.0.is_empty().then_some(if sign == b'-' { -seconds } else { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_that_was_seen_is_the_same_instant() {
        let expected = Instant::from_micros(1_697_733_593_000_000);
        for text in [
            "2023-10-19T16:39:53.000Z",
            "2023-10-19T16:39:53Z",
            "2023-10-19T16:39:53.000000Z",
            "2023-10-19T16:39:53.0000009Z",
            "2023-10-19T16:39:53+00:00",
            "2023-10-19T18:39:53+0200",
            "2023-10-19 16:39:53+00:00",
            "2023-10-19 16:39:53.000000+00:00",
            "2023-10-19 16:39:53 +0000",
            "2023-10-19T16:39:53",
            "2023-10-19T11:09:53-05:30",
        ] {
            assert_eq!(Instant::parse(text), Some(expected), "{text}");
        }
        assert_eq!(Instant::parse("2023-10-19"), Day::from_date(2023, 10, 19).map(Day::start));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2023",
            "2023-10",
            "2023-13-01",
            "2023-02-29",
            "2023-10-19T",
            "2023-10-19T24:00:00Z",
            "2023-10-19T16:39:60Z",
            "2023-10-19T16:39:53.Z",
            "2023-10-19T16:39:53+24:00",
            "2023-10-19T16:39:53Zulu",
            "0000-01-01",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "1697733593",
            "２０２３-10-19",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_and_the_last_day() {
        assert_eq!((Day::MIN.to_string(), Day::MAX.to_string()), ("0001-01-01".into(), "9999-12-31".into()));
        assert_eq!(Day::parse("0001-01-01"), Some(Day::MIN));
        assert_eq!(Day::parse("9999-12-31"), Some(Day::MAX));
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(seconds in -62_135_596_800_i64..253_402_207_200, micros in 0..1_000_000_i64) {
            let timestamp = jiff::Timestamp::from_microsecond(seconds * 1_000_000 + micros).unwrap();
            let instant = Instant::parse(&timestamp.to_string()).unwrap();
            prop_assert_eq!(instant.micros(), timestamp.as_microsecond());
            prop_assert_eq!(&*instant.month(), timestamp.strftime("%Y-%m").to_string());
            prop_assert_eq!(instant.day().to_string(), timestamp.strftime("%Y-%m-%d").to_string());
            prop_assert_eq!(Instant::parse(&instant.to_string()), Some(instant));
        }

        #[test]
        fn never_panics(text in "[0-9TZ:+. -]{0,40}|.*") {
            let _ = Instant::parse(&text);
        }
    }
}
