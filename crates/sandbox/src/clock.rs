//! Sandbox time: real time plus an offset that is moved by hand. Everything that has a minute (tokens, sessions, schedules,
//! processing, quota days) asks here, so a test moves a week with one call. There are no timers: what is due is worked out when somebody looks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The one clock of a sandbox.
#[derive(Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Milliseconds since 1970 UTC, in sandbox time.
    pub(crate) fn now_ms(&self) -> i64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
        i64::try_from(real).unwrap_or(i64::MAX).saturating_add(self.offset_ms())
    }

    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn set_offset_ms(&self, ms: i64) {
        self.offset_ms.store(ms, Ordering::SeqCst);
    }

    /// Moves sandbox time; negative goes back, which the platforms themselves never do.
    pub(crate) fn advance_ms(&self, ms: i64) {
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

/// `2026-11-22T08:00:00Z`, the form the Google APIs print.
pub(crate) fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|t| t.to_string()).unwrap_or_default()
}

/// `Sun, 22 Nov 2026 08:00:00 GMT`, as a `Date` header says it (RFC 9110, 5.6.7), so many milliseconds from now in real time.
pub(crate) fn http_date(offset_ms: i64) -> Option<String> {
    let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    let at = i64::try_from(real).unwrap_or(i64::MAX).saturating_add(offset_ms);
    Some(jiff::Timestamp::from_millisecond(at).ok()?.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// Reads an RFC 3339 instant (an offset is required) into milliseconds.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond())
}

/// The day `ms` falls on in California, where Google's quota days begin (contract youtube 2.2).
pub(crate) fn pacific_day(ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // A machine without zone data still has to count days: standard time is then an hour off in summer.
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles")
        .unwrap_or_else(|_| jiff::tz::TimeZone::fixed(jiff::tz::offset(-8)));
    instant.to_zoned(zone).date().to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_day_ends_at_midnight_in_california() {
        let before = parse_rfc3339("2026-11-22T07:59:59Z").unwrap();
        let after = parse_rfc3339("2026-11-22T08:00:00Z").unwrap();
        assert_eq!(pacific_day(before), "2026-11-21");
        assert_eq!(pacific_day(after), "2026-11-22");
        // In summer the same midnight is an hour earlier in UTC.
        assert_eq!(pacific_day(parse_rfc3339("2026-07-01T07:00:00Z").unwrap()), "2026-07-01");
    }

    #[test]
    fn instants_need_an_offset() {
        assert_eq!(parse_rfc3339("2026-11-22 08:00"), None);
        assert_eq!(parse_rfc3339("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn time_moves_by_hand() {
        let clock = Clock::default();
        let then = clock.now_ms();
        clock.advance_ms(7 * 86_400_000);
        assert!(clock.now_ms() >= then + 7 * 86_400_000);
    }
}
