//! Which days are due: when their posts have ripened, and once more before they expire.

use std::time::Duration;

use tootmill_lake::Lake;
use tootmill_metric::{Day, Instant};

use super::coverage::Coverage;
use crate::{error::Error, raw::now};

/// How long after the end of a day its posts are looked at again, unless something else is said.
pub const DELAY: Duration = Duration::from_hours(24);

/// How long before they expire posts are looked at once more, for late deletions.
const BEFORE_THEY_EXPIRE: Duration = Duration::from_hours(48);

/// When days are due.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// How long after its end a day is.
    pub delay: Duration,
    /// How long after the end of a day its posts expire: shortly before, it is due once more.
    pub expires_after: Option<Duration>,
}

impl Default for Due {
    fn default() -> Self {
        Self { delay: DELAY, expires_after: None }
    }
}

impl Due {
    /// From when on a day is due.
    pub fn from(&self, day: Day) -> Instant {
        after(day, self.delay)
    }

    /// Whether a day is due now, which was refreshed last at some time or never.
    fn is(&self, day: Day, last: Option<Instant>, now: Instant) -> bool {
        let is_past = |time: Instant| now >= time && last.is_none_or(|last| last < time);
        let Some(expires_after) = self.expires_after else { return is_past(self.from(day)) };
        let last_look = after(day, expires_after.saturating_sub(BEFORE_THEY_EXPIRE));
        now < after(day, expires_after) && (is_past(self.from(day)) || is_past(last_look))
    }
}

/// A time after the end of a day.
fn after(day: Day, time: Duration) -> Instant {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(day.next().start().micros().saturating_add(micros))
}

/// The days with posts that are due now, the oldest first; of one day alone whether it is. That one must have posts, and have
/// ended long enough ago.
pub fn due(lake: &Lake, alone: Option<Day>, due: &Due) -> Result<Vec<Day>, Error> {
    let now = now();
    let mut days: Vec<Day> = lake.posts()?.into_iter().map(|(day, _)| day).collect();
    if let Some(day) = alone {
        days.retain(|one| *one == day);
        if days.is_empty() {
            return Err(Error::NoPosts { day, lake: lake.address() });
        }
        if now < due.from(day) {
            return Err(Error::NotYet { day, from: due.from(day) });
        }
    }
    let mut are_due = Vec::new();
    for day in days {
        let last = Coverage::read(lake, day)?.and_then(|coverage| Instant::parse(&coverage.at));
        if due.is(day, last, now) && !lake.is_closed(day)? {
            are_due.push(day);
        }
    }
    are_due.sort_unstable();
    Ok(are_due)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_day_is_due_when_it_has_ripened_and_once_more_before_it_expires() {
        let day = Day::parse("2026-11-24").unwrap();
        let is = |due: Due, last: Option<&str>, now: &str| due.is(day, last.map(at), at(now));
        let plain = Due::default();
        assert!(!is(plain, None, "2026-11-25T23:59:59Z"));
        assert!(is(plain, None, "2026-11-26T00:00:00Z"));
        assert!(is(plain, Some("2026-11-25T12:00:00Z"), "2026-11-26T00:00:00Z"));
        assert!(!is(plain, Some("2026-11-26T00:00:00Z"), "2027-11-26"));

        let expiring = Due { expires_after: Some(Duration::from_hours(24 * 30)), ..plain };
        assert!(is(expiring, None, "2026-11-26"));
        assert!(!is(expiring, Some("2026-11-26"), "2026-12-22T23:59:59Z"));
        assert!(is(expiring, Some("2026-11-26"), "2026-12-23"));
        assert!(!is(expiring, Some("2026-12-23"), "2026-12-24"));
        // What has expired is not asked for.
        assert!(!is(expiring, None, "2026-12-25"));
        let longest = Due { delay: Duration::MAX, expires_after: None };
        assert!(!is(longest, None, "9999-12-31"));
    }
}
