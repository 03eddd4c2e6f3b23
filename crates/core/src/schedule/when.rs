//! What a user, a CSV or an agent wrote as a time, read into a plan.
//!
//! Accepted, and nothing else, because a guessed time is a wrong hour (C36):
//!
//! - `2026-11-22T18:00`, `2026-11-22 18:00`: in the default zone; seconds and a fraction are optional
//! - `2026-11-22T18:00[Europe/Berlin]`: in that zone
//! - `2026-11-22T18:00:00+01:00`, `…Z` (RFC 3339): that instant, planned as the default zone reads it
//! - `2026-11-22T18:00+01:00[Europe/Berlin]` (RFC 9557): the offset must be in force there then; it picks the
//!   occurrence in an overlap
//! - `+90s`, `+10m`, `+2h`, `+1h30m`: from now, in elapsed time
//!
//! Deliberately not here: words ("tomorrow at six"), which differ by language and belong to the window.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Resolved, WallTime, find_zone, resolve, resolve_in};

/// A plan that was understood: the reading that is stored and the instant it stands for today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    pub wall: WallTime,
    pub resolved: Resolved,
}

/// Why a time was not taken. Act on [`WhenFault::code`]; the sentence is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum WhenFault {
    #[error("There is no time zone “{zone}”.{}", suggestion(zone, nearest))]
    UnknownZone { zone: String, nearest: Option<String> },
    #[error(
        "Slipway could not find out this computer's time zone. Choose one in the settings (zone=Europe/Berlin), or write it with the time: 2026-11-22T18:00[Europe/Berlin]."
    )]
    NoZone,
    #[error(
        "“{text}” is not a time. Write it like 2026-11-22T18:00[Europe/Berlin], 2026-11-22T18:00+01:00 or +2h."
    )]
    BadTime { text: String },
    #[error("That time is already past ({} ago).", brief(*by))]
    Past { by: SignedDuration },
    #[error("That time is more than {MOST_YEARS_AHEAD} years away.")]
    TooFar,
}

/// A time further ahead is a typing slip: no platform takes one, and nobody's zone rules are known that far.
pub const MOST_YEARS_AHEAD: i64 = 10;

impl WhenFault {
    /// The stable name that the window and the command line act on.
    pub fn code(&self) -> &'static str {
        match self {
            WhenFault::UnknownZone { .. } => "unknown_zone",
            WhenFault::NoZone => "no_zone",
            WhenFault::BadTime { .. } => "bad_time",
            WhenFault::Past { .. } => "past",
            WhenFault::TooFar => "too_far",
        }
    }
}

/// Reads a time. A time exactly at `now` is still good; one before it is [`WhenFault::Past`].
pub fn parse_when(text: &str, default_zone: &str, now: Timestamp) -> Result<When, WhenFault> {
    let text = text.trim();
    let when = match text.strip_prefix('+') {
        // A minute from now means no split second: clocks on walls, and platforms, have whole ones. Up, so never before it.
        Some(relative) => at_instant(whole_second(now), read_elapsed(relative, text)?, default_zone)?,
        None => read_absolute(text, default_zone)?,
    };
    let ahead = when.resolved.at.duration_since(now);
    if ahead.is_negative() {
        return Err(WhenFault::Past { by: ahead.abs() });
    }
    if ahead > SignedDuration::from_hours(MOST_YEARS_AHEAD * 24 * 366) {
        return Err(WhenFault::TooFar);
    }
    Ok(when)
}

fn read_absolute(text: &str, default_zone: &str) -> Result<When, WhenFault> {
    let bad = || WhenFault::BadTime { text: clipped(text) };
    let (rest, zone) = match text.strip_suffix(']') {
        Some(open) => open.split_once('[').map(|(rest, zone)| (rest, Some(zone))).ok_or_else(bad)?,
        None => (text, None),
    };
    if zone == Some("") {
        return Err(WhenFault::UnknownZone { zone: String::new(), nearest: None });
    }
    let (local, offset) = split_offset(rest).ok_or_else(bad)?;
    let local = read_local(local).ok_or_else(bad)?;
    match (offset, zone) {
        (None, zone) => {
            let tz = find_zone(zone.unwrap_or(default_zone))?;
            let zone = super::canonical_name(&tz, zone.unwrap_or(default_zone));
            Ok(When { resolved: resolve_in(&tz, local, false)?, wall: WallTime::new(local, zone) })
        }
        (Some(offset), None) => {
            let at = offset.to_timestamp(local).map_err(|_| bad())?;
            at_instant(at, SignedDuration::ZERO, default_zone)
        }
        (Some(offset), Some(zone)) => {
            let tz = find_zone(zone)?;
            let fold = match tz.to_ambiguous_timestamp(local).offset() {
                AmbiguousOffset::Unambiguous { offset: real } if real == offset => false,
                AmbiguousOffset::Fold { before, .. } if before == offset => false,
                AmbiguousOffset::Fold { after, .. } if after == offset => true,
                // The two halves contradict each other, and either could be the slip.
                _ => return Err(bad()),
            };
            let wall = WallTime { local, zone: super::canonical_name(&tz, zone), fold };
            Ok(When { resolved: resolve_in(&tz, local, fold)?, wall })
        }
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    let up = at.as_nanosecond().div_euclid(1_000_000_000) + i128::from(at.subsec_nanosecond() != 0);
    i64::try_from(up).ok().and_then(|second| Timestamp::from_second(second).ok()).unwrap_or(at)
}

fn at_instant(from: Timestamp, plus: SignedDuration, zone: &str) -> Result<When, WhenFault> {
    let at = from.checked_add(plus).map_err(|_| WhenFault::TooFar)?;
    // The instant was said exactly, so a zone that is not known makes no wrong hour of it.
    let wall = WallTime::reading(at, if zone.is_empty() { "Etc/UTC" } else { zone })?;
    Ok(When { resolved: resolve(&wall)?, wall })
}

/// `2026-11-22T18:00` with an optional `Z`, `+01:00` or `+0100` behind it.
fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, Some(Offset::UTC)));
    }
    // The date has hyphens of its own, so a sign counts only behind the time's first colon.
    let (hour, rest) = text.split_once(':')?;
    let Some(minute) = rest.find(['+', '-']) else {
        return Some((text, None));
    };
    let (local, offset) = text.split_at_checked(hour.len() + 1 + minute)?;
    let (sign, offset) = offset.as_bytes().split_first()?;
    let (hours, minutes) = match offset {
        [a, b, b':', c, d] | [a, b, c, d] => (two_digits(*a, *b)?, two_digits(*c, *d)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    let seconds = if *sign == b'-' { -seconds } else { seconds };
    Some((local, Some(Offset::from_seconds(seconds).ok()?)))
}

fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
}

/// The shape is checked here because jiff's own reader also takes dates alone, offsets it then ignores, and more.
fn read_local(text: &str) -> Option<DateTime> {
    const SHAPE: &[u8] = b"0000-00-00T00:00";
    let bytes = text.as_bytes();
    if bytes.len() < SHAPE.len() {
        return None;
    }
    let (minute, rest) = bytes.split_at(SHAPE.len());
    let fits = minute.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => byte == shape,
    });
    // A leap second is no time that a clock here can show.
    let second = |a: u8, b: u8| two_digits(a, b).is_some_and(|second| second < 60);
    let rest_fits = match rest {
        [] => true,
        [b':', a, b] => second(*a, *b),
        [b':', a, b, b'.', fraction @ ..] => {
            second(*a, *b) && (1..=9).contains(&fraction.len()) && fraction.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if !fits || !rest_fits {
        return None;
    }
    DateTime::from_str(text).ok()
}

/// `90s`, `10m`, `2h`, `1h30m`: each unit at most once, the greater first.
fn read_elapsed(text: &str, whole: &str) -> Result<SignedDuration, WhenFault> {
    let bad = || WhenFault::BadTime { text: clipped(whole) };
    let mut rest = text;
    let mut total: i64 = 0;
    let mut smallest = i64::MAX;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = rest.strip_suffix(after).unwrap_or_default();
        let mut letters = after.chars();
        let unit = match letters.next() {
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(bad()),
        };
        if digits.is_empty() || unit >= smallest {
            return Err(bad());
        }
        smallest = unit;
        // Digits that do not fit the number are a time far beyond any limit.
        let number: i64 = digits.parse().map_err(|_| WhenFault::TooFar)?;
        let seconds = number.checked_mul(unit).ok_or(WhenFault::TooFar)?;
        total = total.checked_add(seconds).ok_or(WhenFault::TooFar)?;
        rest = letters.as_str();
    }
    if smallest == i64::MAX { Err(bad()) } else { Ok(SignedDuration::from_secs(total)) }
}

/// The zone that was probably meant: the same city under another continent first, then the fewest typing slips.
pub(super) fn nearest_zone(asked: &str) -> Option<String> {
    // Zone names are short; a pasted page must not cost a long reckoning.
    if asked.is_empty() || asked.len() > 64 {
        return None;
    }
    if let Some(zones) = super::offset_hint::zones_for(asked) {
        return zones.into_iter().next();
    }
    let asked = asked.to_lowercase().replace(' ', "_");
    let city = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    jiff::tz::db()
        .available()
        .filter_map(|name| {
            let lower = name.as_str().to_lowercase();
            let slips = if city(&lower) == city(&asked) {
                0
            } else {
                edits(&asked, &lower).min(edits(&city(&asked), &city(&lower)) + 1)
            };
            // More than a third wrong is no slip but another word.
            (slips * 3 <= asked.len()).then(|| (slips, !name.as_str().contains('/'), name.to_string()))
        })
        .min()
        .map(|(_, _, name)| name)
}

/// Levenshtein's distance, one row at a time.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn suggestion(asked: &str, nearest: &Option<String>) -> String {
    match super::offset_hint::zones_for(asked).as_deref() {
        Some([city, fixed]) => format!(
            " An offset knows no summer time: name a place, such as {city}. {fixed} is that offset all year; its name has the sign the other way around."
        ),
        Some([one]) => format!(" An offset knows no summer time: did you mean {one}?"),
        Some(_) => " No place has that offset. Name a zone, such as Europe/Berlin, or write the offset behind the time.".into(),
        None => nearest.as_ref().map(|name| format!(" Did you mean {name}?")).unwrap_or_default(),
    }
}

/// A sentence stays a sentence when someone pastes a page into the field.
fn clipped(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn brief(by: SignedDuration) -> String {
    let (seconds, many) =
        (by.as_secs(), |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" }));
    match seconds {
        0 => "a moment".to_owned(),
        1..60 => many(seconds, "second"),
        60..3600 => many(seconds / 60, "minute"),
        3600..86_400 => many(seconds / 3600, "hour"),
        _ => many(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Kind;
    use super::*;

    const BERLIN: &str = "Europe/Berlin";

    fn now() -> Timestamp {
        "2026-10-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_accepted_form_c36() {
        #[track_caller]
        fn check(text: &str, local: &str, zone: &str, at: &str) {
            let when = parse_when(text, BERLIN, now()).unwrap();
            assert_eq!(when.wall.local, local.parse().unwrap(), "{text}");
            assert_eq!(when.wall.zone, zone, "{text}");
            assert_eq!(when.resolved.at, at.parse().unwrap(), "{text}");
            // What is stored leads back to the instant that was meant.
            assert_eq!(resolve(&when.wall).unwrap(), when.resolved, "{text}");
        }
        check("2026-11-22T18:00:00+01:00", "2026-11-22T18:00", BERLIN, "2026-11-22T17:00:00Z");
        check("2026-11-22T18:00:00-0800", "2026-11-23T03:00", BERLIN, "2026-11-23T02:00:00Z");
        check("2026-11-22T18:00:00Z", "2026-11-22T19:00", BERLIN, "2026-11-22T18:00:00Z");
        check("2026-11-22t18:00z", "2026-11-22T19:00", BERLIN, "2026-11-22T18:00:00Z");
        check("2026-11-22T18:00[Asia/Tokyo]", "2026-11-22T18:00", "Asia/Tokyo", "2026-11-22T09:00:00Z");
        check("2026-11-22T18:00[asia/tokyo]", "2026-11-22T18:00", "Asia/Tokyo", "2026-11-22T09:00:00Z");
        check("2026-11-22T18:00", "2026-11-22T18:00", BERLIN, "2026-11-22T17:00:00Z");
        check("  2026-11-22 18:00 ", "2026-11-22T18:00", BERLIN, "2026-11-22T17:00:00Z");
        check("2026-11-22 18:00:30.5", "2026-11-22T18:00:30.5", BERLIN, "2026-11-22T17:00:30.5Z");
        check("2026-11-22T18:00+01:00[Europe/Berlin]", "2026-11-22T18:00", BERLIN, "2026-11-22T17:00:00Z");
        check("+90s", "2026-10-01T14:01:30", BERLIN, "2026-10-01T12:01:30Z");
        check("+10m", "2026-10-01T14:10", BERLIN, "2026-10-01T12:10:00Z");
        check("+2h", "2026-10-01T16:00", BERLIN, "2026-10-01T14:00:00Z");
        check("+1h30m", "2026-10-01T15:30", BERLIN, "2026-10-01T13:30:00Z");
        check("+0s", "2026-10-01T14:00", BERLIN, "2026-10-01T12:00:00Z");
        // Elapsed time, not clock time: 600 hours cross the autumn change.
        check("+600h", "2026-10-26T13:00", BERLIN, "2026-10-26T12:00:00Z");
    }

    #[test]
    fn an_instant_in_the_repeated_hour_stays_that_instant_c36() {
        #[track_caller]
        fn check(text: &str, at: &str, first: bool) {
            let when = parse_when(text, BERLIN, now()).unwrap();
            assert_eq!(when.resolved.at, at.parse().unwrap(), "{text}");
            assert_eq!(when.wall.fold, !first, "{text}");
            assert!(matches!(when.resolved.kind, Kind::Overlap { first: f, .. } if f == first), "{text}");
        }
        check("2026-10-25T02:30", "2026-10-25T00:30:00Z", true);
        check("2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", true);
        check("2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z", false);
        check("2026-10-25T02:30+02:00[Europe/Berlin]", "2026-10-25T00:30:00Z", true);
        check("2026-10-25T02:30+01:00[Europe/Berlin]", "2026-10-25T01:30:00Z", false);
    }

    #[test]
    fn what_is_not_a_time_is_not_guessed() {
        #[track_caller]
        fn check(text: &str, code: &str) {
            let fault = parse_when(text, BERLIN, now()).unwrap_err();
            assert_eq!(fault.code(), code, "{text}: {fault}");
        }
        for text in [
            "",
            " ",
            "soon",
            "2026-11-22",
            "18:00",
            "2026-11-22T18",
            "2026-13-01T00:00",
            "2026-12-31T23:59:60",
            "2026-12-31T23:59:60Z",
            "2026-12-31T23:59:60.5",
            "2026-02-30T10:00",
            "2026-11-22T24:00",
            "2026-11-22T18:60",
            "2026-11-22T18:00:0",
            "2026-11-22T18:00:00.",
            "22.11.2026 18:00",
            "2026-11-22T18:00:00+1:00",
            "2026-11-22T18:00:00+25:00",
            "2026-11-22T18:00:00+01:60",
            "2026-11-22T18:00 Europe/Berlin",
            "2026-11-22T18:00Europe/Berlin]",
            "2026-11-22T18:00+02:00[Europe/Berlin]",
            "2026-11-22T18:00:00+ü",
            "2026-11-22T18:00:00,5",
            "+",
            "+5",
            "+h",
            "+5d",
            "+5m5m",
            "+5s1h",
            "+-5m",
            "+5.5h",
            "+ 5m",
            "-5m",
            "２０26-11-22T18:00",
            "2026-03-29T02:30:00+01:00[Nowhere",
        ] {
            check(text, "bad_time");
        }
        check("2026-11-22T18:00[Europe/Atlantis]", "unknown_zone");
        check("2026-11-22T18:00[]", "unknown_zone");
        check("2026-11-22T18:00[+01:00]", "unknown_zone");
        check("2026-11-22T18:00[Etc/Unknown]", "unknown_zone");
        check("2026-11-22T18:00[../../etc/passwd]", "unknown_zone");
        check("2026-11-22T18:00[GMT+2]", "unknown_zone");
        check("2026-10-01T13:59:59", "past");
        check("1999-01-01T00:00", "past");
        check("2037-01-01T00:00", "too_far");
        check("9999-12-31T23:59:59Z", "bad_time");
        check("+99999999999999999999s", "too_far");
        check("+9999999999999999h", "too_far");
        assert_eq!(parse_when("2026-11-22T18:00", "Nowhere", now()).unwrap_err().code(), "unknown_zone");
        // A zone that could not be found out is asked for, and nothing is guessed.
        assert_eq!(parse_when("2026-11-22T18:00", "", now()).unwrap_err().code(), "no_zone");
        assert!(parse_when("2026-11-22T18:00[Asia/Tokyo]", "", now()).is_ok());
        for exact in ["2026-11-22T18:00:00+01:00", "+2h"] {
            assert_eq!(parse_when(exact, "", now()).unwrap().wall.zone, "Etc/UTC", "{exact}");
        }
    }

    #[test]
    fn a_fault_says_what_to_write_instead() {
        #[track_caller]
        fn check(text: &str, sentence: &str) {
            assert_eq!(parse_when(text, BERLIN, now()).unwrap_err().to_string(), sentence);
        }
        let nearest = |zone: &str| nearest_zone(zone);
        assert_eq!(nearest("Europe/Berln").as_deref(), Some("Europe/Berlin"));
        assert_eq!(nearest("berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(nearest("Asia/Sydney").as_deref(), Some("Australia/Sydney"));
        assert_eq!(nearest("America/Los Angeles").as_deref(), Some("America/Los_Angeles"));
        assert_eq!(nearest("qqqqqqqqqqqq"), None);
        assert_eq!(nearest("GMT+2").as_deref(), Some("Europe/Helsinki"));
        check(
            "2026-11-22T18:00[GMT+2]",
            "There is no time zone “GMT+2”. An offset knows no summer time: name a place, such as Europe/Helsinki. Etc/GMT-2 is that offset all year; its name has the sign the other way around.",
        );
        check(
            "2026-11-22T18:00[UTC-5:30]",
            "There is no time zone “UTC-5:30”. No place has that offset. Name a zone, such as Europe/Berlin, or write the offset behind the time.",
        );
        check(
            "2026-11-22T18:00[Europe/Berln]",
            "There is no time zone “Europe/Berln”. Did you mean Europe/Berlin?",
        );
        check("2026-10-01T13:00", "That time is already past (1 hour ago).");
        check("2026-09-28T14:00", "That time is already past (3 days ago).");
        let long = parse_when(&"x".repeat(10_000), BERLIN, now()).unwrap_err().to_string();
        assert!(long.len() < 250);
    }

    #[test]
    fn faults_cross_the_border_with_the_code_they_are_named_by() {
        for fault in [
            WhenFault::UnknownZone { zone: "x".into(), nearest: None },
            WhenFault::NoZone,
            WhenFault::BadTime { text: "x".into() },
            WhenFault::Past { by: SignedDuration::from_secs(5) },
            WhenFault::TooFar,
        ] {
            let json = serde_json::to_value(&fault).unwrap();
            assert_eq!(json["code"], fault.code());
            assert_eq!(serde_json::from_value::<WhenFault>(json).unwrap(), fault);
        }
    }
}
