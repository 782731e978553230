//! How fast an instance may be asked: a ceiling of our own, and what it says of its limits.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant as Moment, SystemTime},
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tootmill_metric::Instant;

/// The longest wait for a limit that makes sense: Mastodon's windows have 5 and 15 minutes.
const LONGEST: Duration = Duration::from_hours(1);

/// How many requests the ceiling lets pass at once: what a short run needs.
const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// When the next request may be made.
#[derive(Debug)]
pub(crate) struct Pace {
    ceiling: Option<DefaultDirectRateLimiter>,
    /// What the instance asks for between two requests.
    apart: Option<DefaultDirectRateLimiter>,
    /// The server's window is used up until then.
    closed_until: Option<Moment>,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Our own ceiling.
    Ceiling,
    /// The server's limit.
    Limit,
    /// The pause that the server asks programs to make.
    Robots,
}

impl Pace {
    /// At most so many requests a minute, of which a few may be made at once; no ceiling without.
    pub(crate) fn new(a_minute: Option<NonZeroU32>) -> Self {
        let at_once = |requests: NonZeroU32| requests.min(AT_ONCE);
        let quota = |requests| Quota::per_minute(requests).allow_burst(at_once(requests));
        let ceiling = a_minute.map(|requests| RateLimiter::direct(quota(requests)));
        Self { ceiling, apart: None, closed_until: None }
    }

    /// Lets so much time pass between requests, an hour at most.
    pub(crate) fn keep_apart(&mut self, time: Duration) {
        self.apart = Quota::with_period(time.min(LONGEST)).map(RateLimiter::direct);
    }

    /// How long to wait from now on; `None` where the request may be made, which is then counted.
    pub(crate) fn wait(&mut self) -> Option<(Duration, Reason)> {
        if let Some(until) = self.closed_until {
            let left = until.saturating_duration_since(Moment::now());
            if !left.is_zero() {
                return Some((left, Reason::Limit));
            }
            self.closed_until = None;
        }
        for (limiter, reason) in [(&self.apart, Reason::Robots), (&self.ceiling, Reason::Ceiling)] {
            if let Some(not_until) = limiter.as_ref().and_then(|limiter| limiter.check().err()) {
                return Some((not_until.wait_time_from(DefaultClock::default().now()), reason));
            }
        }
        None
    }

    /// Takes note of the limits that an answer tells of.
    pub(crate) fn learn(&mut self, headers: &HeaderMap, refused: bool) {
        let used_up = text(headers, "x-ratelimit-remaining").is_some_and(|remaining| remaining.trim() == "0");
        let wait = match refused.then(|| retry_after(headers)).flatten() {
            None if used_up || refused => until_reset(headers),
            wait => wait,
        };
        self.closed_until = wait.and_then(|wait| Moment::now().checked_add(wait.min(LONGEST)));
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// `Retry-After` of RFC 9110: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER.as_str())?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(server_now(headers)).ok(),
    }
}

/// How long until the window ends: `X-RateLimit-Reset` is a date (Mastodon) or seconds since 1970, by the server's clock.
fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, "x-ratelimit-reset")?.trim();
    let micros = match value.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => Duration::from_micros(Instant::parse(value)?.micros().try_into().ok()?),
    };
    let reset = SystemTime::UNIX_EPOCH.checked_add(micros)?;
    // The clock of `Date` has whole seconds: one more, or the request comes just too early.
    Some(reset.duration_since(server_now(headers)).unwrap_or_default() + Duration::from_secs(1))
}

/// The time by the server's clock, which may differ from ours.
fn server_now(headers: &HeaderMap) -> SystemTime {
    let date = text(headers, DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok());
    date.unwrap_or_else(SystemTime::now)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn wait(refused: bool, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut pace = Pace::new(None);
        pace.learn(&headers.collect(), refused);
        pace.wait().map(|(wait, _)| (wait + Duration::from_millis(500)).as_secs())
    }

    /// The forms of Mastodon (`rate_limit_headers.rb`) and of servers that count from 1970, with a clock that is years off.
    #[test]
    fn limits_are_read_by_the_clock_of_the_server() {
        let date = ("date", "Tue, 24 Nov 2020 10:00:00 GMT");
        let none = ("x-ratelimit-remaining", "0");
        let iso = ("x-ratelimit-reset", "2020-11-24T10:05:00.000000Z");
        let epoch = ("x-ratelimit-reset", "1606212300");
        assert_eq!(wait(false, &[date, none, iso]), Some(301));
        assert_eq!(wait(false, &[date, none, epoch]), Some(301));
        assert_eq!(wait(false, &[date, ("x-ratelimit-remaining", "1"), iso]), None);
        assert_eq!(wait(true, &[date, iso]), Some(301));
        assert_eq!(wait(true, &[date, iso, ("retry-after", "7")]), Some(7));
        assert_eq!(wait(true, &[date, ("retry-after", "Tue, 24 Nov 2020 10:00:30 GMT")]), Some(30));
        assert_eq!(wait(true, &[date]), None);
        // A reset that has passed, and values that are none.
        assert_eq!(wait(false, &[date, none, ("x-ratelimit-reset", "2020-11-24T09:00:00Z")]), Some(1));
        for odd in ["soon", "-1", "NaN", "1e300", "9999-12-31T23:59:59Z", ""] {
            assert!(wait(true, &[date, none, ("x-ratelimit-reset", odd)]).unwrap_or_default() <= LONGEST.as_secs());
        }
    }

    #[test]
    fn the_ceiling_lets_a_few_pass_and_then_one_by_one() {
        let mut pace = Pace::new(NonZeroU32::new(60));
        let passed = (0..100).take_while(|_| pace.wait().is_none()).count();
        assert!((10..=11).contains(&passed), "{passed}");
        let mut slow = Pace::new(None);
        slow.keep_apart(Duration::from_secs(10));
        assert_eq!(slow.wait(), None);
        let (wait, reason) = slow.wait().unwrap();
        assert!(reason == Reason::Robots && wait > Duration::from_secs(9), "{wait:?}");
        let (wait, reason) = pace.wait().unwrap();
        assert!(reason == Reason::Ceiling && wait <= Duration::from_secs(1), "{wait:?}");
    }
}
