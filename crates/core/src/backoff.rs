//! How long to wait after a failure, how often to try at all, and when to leave an account alone (C6).
//!
//! Pure: randomness and the time are given, and everything that must survive a restart (failure counts, the breaker)
//! is a value to be stored. A count that lived in memory once restarted a retry loop until its user was banned (C6).
//!
//! Deliberately not here: what counts as a failure. Waiting (quota, `Retry-After`, offline) costs no attempt.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// First pause after a failure, before jitter.
pub const BASE: Duration = Duration::from_secs(2);

/// Longest pause between two attempts of one delivery.
pub const CAP: Duration = Duration::from_secs(15 * 60);

/// Failures in a row without one confirmed byte or step of progress, after which a delivery is stuck: with [`BASE`]
/// and [`CAP`] about an hour of trying.
pub const ATTEMPTS_WITHOUT_PROGRESS: u32 = 14;

/// Attempts in a delivery's whole life, whatever progress it made. Persisted with the delivery; a restart does not
/// reset it (C6).
pub const ATTEMPTS_IN_A_LIFETIME: u32 = 100;

/// The longest `Retry-After` that is believed; beyond it the user is asked rather than left waiting.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest pause: no rule, rounding or server may turn waiting into a busy loop.
pub const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// The pause after `failures` failures in a row: `base` doubled each time, at most `cap`, of which the upper half is
/// random, so that uploads cut by one event do not come back as one burst. Never zero.
///
/// `jitter` is any random number; the same number gives the same pause.
pub fn delay(failures: u32, base: Duration, cap: Duration, jitter: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let whole = base.max(LEAST_PAUSE).saturating_mul(1 << doublings).min(cap.max(LEAST_PAUSE * 2));
    let half = whole / 2;
    let nanos = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    let random = (u128::from(jitter) * u128::from(nanos)) >> 64;
    (whole - half + Duration::from_nanos(random as u64)).max(LEAST_PAUSE)
}

/// What a `Retry-After` header says (RFC 9110 section 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    Seconds(u64),
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value: seconds, or a date in any of the three forms of RFC 9110 section 5.6.7. `None` for
    /// anything else: then our own back-off decides. `now` places the two-digit years of the oldest form.
    pub fn parse(value: &str, now: Timestamp) -> Option<RetryAfter> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than fit mean "very long", which is what the largest number says, too.
            return Some(RetryAfter::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        http_date(value, now).map(RetryAfter::At)
    }

    /// How long to wait from `now`: never less than [`LEAST_PAUSE`], never more than [`LONGEST_RETRY_AFTER`]. A date in
    /// the past (clocks differ) is a wish to come back soon.
    pub fn wait(self, now: Timestamp) -> Duration {
        let asked = match self {
            RetryAfter::Seconds(seconds) => Duration::from_secs(seconds),
            RetryAfter::At(at) => Duration::try_from(at.duration_since(now)).unwrap_or_default(),
        };
        asked.clamp(LEAST_PAUSE, LONGEST_RETRY_AFTER)
    }

    /// Whether the server asked for more than is believed.
    pub fn is_too_long(self, now: Timestamp) -> bool {
        match self {
            RetryAfter::Seconds(seconds) => Duration::from_secs(seconds) > LONGEST_RETRY_AFTER,
            RetryAfter::At(at) => {
                at.duration_since(now) > SignedDuration::try_from(LONGEST_RETRY_AFTER).unwrap_or_default()
            }
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`. The weekday is
/// not checked: a server that has it wrong still means the date.
fn http_date(value: &str, now: Timestamp) -> Option<Timestamp> {
    let (weekday, rest) = value.split_once([',', ' '])?;
    if weekday.is_empty() || !weekday.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
    let (year, month, day, time) = match words[..] {
        [day, month, year, time, "GMT" | "UTC"] => (digits(year, 4)?, month, digits(day, 2)?, time),
        [date, time, "GMT" | "UTC"] => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            (full_year(digits(year, 2)?, now), month, digits(day, 2)?, time)
        }
        [month, day, time, year] => (digits(year, 4)?, month, digits(day, day.len().min(2))?, time),
        _ => return None,
    };
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| *name == month)? as i8 + 1;
    let date = Date::new(year, month, day as i8).ok()?;
    let mut time_parts = time.split(':');
    let mut next = || digits(time_parts.next()?, 2);
    let (hour, minute, second) = (next()?, next()?, next()?);
    if time_parts.next().is_some() {
        return None;
    }
    // A leap second is written 60; the second before it is close enough.
    let time = jiff::civil::Time::new(hour as i8, minute as i8, second.min(59) as i8, 0).ok()?;
    if second > 60 {
        return None;
    }
    Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
}

fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// RFC 9110 section 5.6.7: two digits that seem more than 50 years ahead are the past.
fn full_year(two_digits: i16, now: Timestamp) -> i16 {
    let this_year = Offset::UTC.to_datetime(now).year();
    let year = this_year - this_year % 100 + two_digits;
    if year > this_year + 50 { year - 100 } else { year }
}

/// The breaker of one account: after some failures in a row nothing is sent to it for a while, whichever post it is
/// (C6). Stored with the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// Nothing is sent before this.
    pub open_until: Option<Timestamp>,
}

/// What the breaker says about sending now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "gate")]
pub enum Gate {
    /// Send.
    Closed,
    /// Send one, and wait for its outcome before the next.
    Trial,
    /// Send nothing before this.
    Open { until: Timestamp },
}

/// Failures in a row that open the breaker.
pub const OPENS_AFTER: u32 = 5;

/// How long it stays open at first; each failed trial doubles it.
pub const OPEN_AT_FIRST: Duration = Duration::from_secs(60);

/// How long it stays open at most.
pub const OPEN_AT_MOST: Duration = Duration::from_secs(60 * 60);

impl Breaker {
    /// After a failure that says something about the account or its platform; not for a post's own fault, such as a
    /// title that is too long, and not for being offline.
    pub fn failed(self, now: Timestamp, jitter: u64) -> Breaker {
        let failures = self.failures.saturating_add(1);
        let open_until = (failures >= OPENS_AFTER).then(|| {
            let open = delay(failures - OPENS_AFTER + 1, OPEN_AT_FIRST, OPEN_AT_MOST, jitter);
            let until = now.checked_add(open).unwrap_or(Timestamp::MAX);
            // Two requests may fail together; the second must not shorten what the first asked for.
            self.open_until.filter(|before| *before > until && is_plausible(*before, now)).unwrap_or(until)
        });
        Breaker { failures, open_until }
    }

    /// After any success: all is forgotten.
    pub fn succeeded(self) -> Breaker {
        Breaker::default()
    }

    pub fn gate(self, now: Timestamp) -> Gate {
        match self.open_until {
            None => Gate::Closed,
            Some(until) if now < until && is_plausible(until, now) => Gate::Open { until },
            Some(_) => Gate::Trial,
        }
    }
}

/// An opening further ahead than any opening is long was written before the clock was set back; obeying it could lock
/// an account for years.
fn is_plausible(until: Timestamp, now: Timestamp) -> bool {
    now.checked_add(OPEN_AT_MOST).is_ok_and(|latest| until <= latest)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn now() -> Timestamp {
        at("2026-11-22T18:00:00Z")
    }

    #[test]
    fn pauses_double_up_to_the_cap() {
        #[track_caller]
        fn check(failures: u32, least_ms: u64, most_ms: u64) {
            assert_eq!(delay(failures, BASE, CAP, 0), Duration::from_millis(least_ms));
            let most = delay(failures, BASE, CAP, u64::MAX);
            assert!(most < Duration::from_millis(most_ms));
            assert!(most > Duration::from_millis(most_ms - 1));
        }
        check(0, 1000, 2000);
        check(1, 1000, 2000);
        check(2, 2000, 4000);
        check(5, 16_000, 32_000);
        check(9, 256_000, 512_000);
        check(10, 450_000, 900_000);
        check(u32::MAX, 450_000, 900_000);
    }

    #[test]
    fn the_attempts_without_progress_last_about_an_hour() {
        // 13 pauses lie between 14 attempts.
        let total =
            |jitter| (1..ATTEMPTS_WITHOUT_PROGRESS).map(|n| delay(n, BASE, CAP, jitter)).sum::<Duration>();
        assert!(total(0) > Duration::from_secs(30 * 60), "{:?}", total(0));
        assert!(total(u64::MAX) < Duration::from_secs(90 * 60), "{:?}", total(u64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_pause_is_never_nothing_and_never_above_its_cap(failures: u32, base: u64, cap: u64, jitter: u64) {
            let (base, cap) = (Duration::from_nanos(base), Duration::from_nanos(cap));
            let pause = delay(failures, base, cap, jitter);
            prop_assert!(pause >= LEAST_PAUSE);
            prop_assert!(pause <= cap.max(LEAST_PAUSE * 2));
        }

        #[test]
        fn any_header_is_read_or_left(value in "[ -~ü]{0,40}") {
            if let Some(after) = RetryAfter::parse(&value, now()) {
                prop_assert!((LEAST_PAUSE..=LONGEST_RETRY_AFTER).contains(&after.wait(now())));
            }
        }
    }

    #[test]
    fn retry_after_in_seconds_and_in_all_three_date_forms() {
        #[track_caller]
        fn check(value: &str, expected: Option<RetryAfter>) {
            assert_eq!(RetryAfter::parse(value, now()), expected, "{value}");
        }
        let date = Some(RetryAfter::At(at("1994-11-06T08:49:37Z")));
        check("120", Some(RetryAfter::Seconds(120)));
        check(" 0 ", Some(RetryAfter::Seconds(0)));
        check("99999999999999999999999", Some(RetryAfter::Seconds(u64::MAX)));
        check("Sun, 06 Nov 1994 08:49:37 GMT", date);
        check("Sunday, 06-Nov-94 08:49:37 GMT", date);
        check("Sun Nov  6 08:49:37 1994", date);
        check("Sun Nov 16 08:49:37 1994", Some(RetryAfter::At(at("1994-11-16T08:49:37Z"))));
        check("Monday, 23-Nov-26 08:00:00 GMT", Some(RetryAfter::At(at("2026-11-23T08:00:00Z"))));
        check("Sat, 31 Dec 2016 23:59:60 GMT", Some(RetryAfter::At(at("2016-12-31T23:59:59Z"))));
        for value in [
            "",
            "-5",
            "1.5",
            "+5",
            "soon",
            "12 minutes",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 +0100",
            "1994-11-06T08:49:37Z",
            "Sun Nov  6",
            "Sunday, 06-Nov-94-1 08:49:37 GMT",
            "٣٤",
        ] {
            check(value, None);
        }
    }

    #[test]
    fn retry_after_is_believed_within_reason() {
        #[track_caller]
        fn check(value: &str, wait: Duration, too_long: bool) {
            let after = RetryAfter::parse(value, now()).unwrap();
            assert_eq!((after.wait(now()), after.is_too_long(now())), (wait, too_long), "{value}");
        }
        check("30", Duration::from_secs(30), false);
        check("0", LEAST_PAUSE, false);
        check("86400", LONGEST_RETRY_AFTER, false);
        check("86401", LONGEST_RETRY_AFTER, true);
        check("Sun, 22 Nov 2026 18:05:00 GMT", Duration::from_secs(300), false);
        check("Sun, 22 Nov 2026 17:05:00 GMT", LEAST_PAUSE, false);
        check("Sun, 22 Nov 2099 17:05:00 GMT", LONGEST_RETRY_AFTER, true);
    }

    #[test]
    fn the_breaker_opens_tries_one_and_closes_c6() {
        let mut breaker = Breaker::default();
        for _ in 1..OPENS_AFTER {
            breaker = breaker.failed(now(), 0);
            assert_eq!(breaker.gate(now()), Gate::Closed);
        }
        breaker = breaker.failed(now(), 0);
        let until = now() + SignedDuration::from_secs(30);
        assert_eq!(breaker.gate(now()), Gate::Open { until });
        assert_eq!(breaker.gate(until), Gate::Trial);
        // A failed trial opens it again, for longer.
        let again = breaker.failed(until, 0);
        assert_eq!(again.gate(until), Gate::Open { until: until + SignedDuration::from_secs(60) });
        assert_eq!(again.succeeded(), Breaker::default());
        assert_eq!(again.succeeded().gate(until), Gate::Closed);
    }

    #[test]
    fn the_breaker_survives_a_restart_c6() {
        let mut breaker = Breaker::default();
        for _ in 0..OPENS_AFTER {
            // Stored and read back after every failure, as a crash loop would.
            let json = serde_json::to_string(&breaker.failed(now(), 7)).unwrap();
            breaker = serde_json::from_str(&json).unwrap();
        }
        assert!(matches!(breaker.gate(now()), Gate::Open { .. }));
    }

    #[test]
    fn an_opening_is_neither_shortened_nor_endless() {
        let until = now() + SignedDuration::from_mins(50);
        let open = Breaker { failures: OPENS_AFTER, open_until: Some(until) };
        assert_eq!(open.failed(now(), 0).open_until, Some(until));
        // The clock was a year ahead when this was written.
        let absurd = Breaker { open_until: Some(now() + SignedDuration::from_hours(8760)), ..open };
        assert_eq!(absurd.gate(now()), Gate::Trial);
        assert!(absurd.failed(now(), 0).open_until.unwrap() < until);
        let worn = Breaker { failures: u32::MAX, open_until: None }.failed(now(), u64::MAX);
        assert!(worn.open_until.unwrap() <= now() + SignedDuration::from_hours(1));
    }
}
