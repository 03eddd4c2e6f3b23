//! Times as they are read from and shown on a terminal, in the zone that posts are planned in, with the zone's name.
//!
//! Not here: when a post is due (`slipway_core::schedule` reads that); a list may also ask for the past.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::schedule::{WallTime, describe};
use std::sync::OnceLock;
use std::time::Duration;

/// The zone that times are planned in, so that they are shown in the same.
static ZONE: OnceLock<TimeZone> = OnceLock::new();

/// Says once in which zone times are planned; empty where nobody knows.
pub fn show_in(zone: &str) {
    if let Ok(zone) = TimeZone::get(zone) {
        let _ = ZONE.set(zone);
    }
}

fn here() -> TimeZone {
    ZONE.get().cloned().unwrap_or_else(TimeZone::system)
}

/// `2026-11-22 18:00 CET`.
pub fn shown(at: Timestamp) -> String {
    at.to_zoned(here()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// With seconds and milliseconds: for what happened.
pub fn exact(at: Timestamp) -> String {
    at.to_zoned(here()).strftime("%Y-%m-%d %H:%M:%S%.3f %Z").to_string()
}

/// `18:00:03`.
pub fn clock(at: Timestamp) -> String {
    at.to_zoned(here()).strftime("%H:%M:%S").to_string()
}

/// The plan in its own zone and, where the clocks differ, in this computer's too.
pub fn plan(wall: &WallTime) -> Option<String> {
    let described = describe(wall, here().iana_name().unwrap_or(&wall.zone)).ok()?;
    let mut text = format!("{} {}", described.planned.text, described.planned.zone);
    if let Some(viewer) = described.viewer {
        text += &format!(" ({} here)", viewer.text);
    }
    Some(text)
}

/// How far away, roughly: `in 2 h 05 min`, `3 d ago`.
pub fn away(at: Timestamp, now: Timestamp) -> String {
    let ahead = at.duration_since(now);
    let text = span(ahead.unsigned_abs());
    if ahead.is_negative() { format!("{text} ago") } else { format!("in {text}") }
}

/// A length of time in at most two units.
pub fn span(length: Duration) -> String {
    let s = length.as_secs();
    match s {
        0 => format!("{} ms", length.as_millis()),
        1..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {:02} min", s / 3600, s / 60 % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

/// `on time`, `3 min 02 s late`, `1 s early`.
pub fn lateness(late_ms: i64) -> String {
    let text = span(Duration::from_millis(late_ms.unsigned_abs()));
    match late_ms {
        0 => "on the millisecond".into(),
        1.. => format!("{text} late"),
        _ => format!("{text} early"),
    }
}

/// The same where a platform told the time: some say whole seconds, so less than one of them is not told apart.
pub fn lateness_told(late_ms: i64) -> String {
    if late_ms.abs() < 1000 { "on time".into() } else { lateness(late_ms) }
}

/// A time in a filter: as for a post, or a whole day, and the past is welcome.
pub fn read(text: &str, zone: &str, now: Timestamp) -> Outcome<Timestamp> {
    let text = text.trim();
    if text.starts_with('+') {
        let when = slipway_core::schedule::when::parse_when(text, zone, now);
        return when.map(|when| when.resolved.at).map_err(|_| bad(text));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(at) = text.parse::<jiff::Zoned>() {
        return Ok(at.timestamp());
    }
    let tz = if zone.is_empty() { here() } else { TimeZone::get(zone).map_err(|_| bad(text))? };
    let local = text.parse::<civil::DateTime>().map_err(|_| bad(text))?;
    Ok(tz.to_zoned(local).map_err(|_| bad(text))?.timestamp())
}

fn bad(text: &str) -> Problem {
    let text: String = text.chars().take(60).collect();
    Problem::block(
        Code::TimeInvalid,
        format!("\"{text}\" is not a time. Write it like 2026-11-22, 2026-11-22T18:00 or +2h."),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters_read_days_times_and_the_past() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (text, want) in [
            ("2026-11-22", Some("2026-11-21T23:00:00Z")),
            ("2020-01-01", Some("2019-12-31T23:00:00Z")),
            ("2026-11-22T18:00", Some("2026-11-22T17:00:00Z")),
            ("2026-11-22 18:00", Some("2026-11-22T17:00:00Z")),
            ("2026-11-22T18:00:00Z", Some("2026-11-22T18:00:00Z")),
            ("2026-11-22T18:00[Asia/Tokyo]", Some("2026-11-22T09:00:00Z")),
            ("+2h", Some("2026-11-22T14:00:00Z")),
            ("tomorrow", None),
            ("", None),
            ("2026-13-01", None),
        ] {
            let got = read(text, "Europe/Berlin", now).ok();
            assert_eq!(got, want.map(|want| want.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn spans_read_like_spans() {
        for (ms, want) in [
            (0, "0 ms"),
            (412, "412 ms"),
            (1_000, "1 s"),
            (61_000, "1 min 01 s"),
            (7_500_000, "2 h 05 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_millis(ms)), want);
        }
        assert_eq!(lateness(-1500), "1 s early");
        assert_eq!(lateness(7), "7 ms late");
        assert_eq!((lateness_told(0), lateness_told(-999)), ("on time".into(), "on time".into()));
        assert_eq!(lateness_told(7000), "7 s late");
    }
}
