//! When a post is public: wall time plus IANA zone in, an instant out.
//!
//! A plan is what the user read on a clock ("22 November, 18:00, Berlin"), so that is what is kept; the instant is
//! derived, and derived again when zone data changes (C36). Two hours of the year need a rule:
//!
//! - **Gap** (clocks jump forward, 02:30 does not exist): the time moves forward by the length of the gap, 02:30
//!   becomes 03:30. This is what RFC 5545 section 3.3.5 prescribes for calendars and what jiff calls "compatible", so
//!   a calendar invitation for the same time agrees with us.
//! - **Overlap** (clocks fall back, 02:30 happens twice): the first occurrence, unless the user picked the second
//!   ([`WallTime::fold`]).
//!
//! Reading what a user typed is in [`when`], weekly slots are in [`slots`], the three clocks of a delivery and the
//! rule for missed posts are in [`lead`].
//!
//! Deliberately not here: what time it is (every function is pure and is told `now`; only `clock.rs` knows), and the
//! store.

pub mod lead;
mod offset_hint;
pub mod slots;
pub mod system_zone;
pub mod when;

#[cfg(test)]
mod dst_suite;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use when::WhenFault;

/// A reading of the clock on a wall in one zone. This is what a post's plan is stored as.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WallTime {
    /// Date and time as read in `zone`.
    pub local: DateTime,
    /// IANA name, for example `Europe/Berlin`.
    pub zone: String,
    /// Which occurrence is meant when clocks fall back and the reading happens twice: `false` the first, `true` the
    /// second. Without meaning at any other time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub fold: bool,
}

/// The instant a wall time stands for, and whether a rule had to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    pub at: Timestamp,
    pub kind: Kind,
}

/// How a wall time met its instant. Anything but `Exact` is worth a line under the time the user picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kind {
    /// The reading happens exactly once.
    Exact,
    /// The reading never happens; the instant reads later by this much.
    Gap { moved_by: SignedDuration },
    /// The reading happens twice; `first` says which one was taken, `other` is the one that was not.
    Overlap { first: bool, other: Timestamp },
}

impl WallTime {
    /// The plan for this reading; the first occurrence where there are two.
    pub fn new(local: DateTime, zone: impl Into<String>) -> WallTime {
        WallTime { local, zone: zone.into(), fold: false }
    }

    /// What the clocks of `zone` read at an instant. [`resolve`] of the answer gives the instant back, also in the
    /// second half of an overlap.
    pub fn reading(at: Timestamp, zone: &str) -> Result<WallTime, WhenFault> {
        let tz = find_zone(zone)?;
        let local = tz.to_datetime(at);
        let fold = match tz.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Fold { after, .. } => tz.to_offset(at) == after,
            _ => false,
        };
        Ok(WallTime { local, zone: canonical_name(&tz, zone), fold })
    }
}

/// The instant of a wall time by the zone data of now. Call it again when [`zone_data_version`] changes.
pub fn resolve(wall: &WallTime) -> Result<Resolved, WhenFault> {
    resolve_in(&find_zone(&wall.zone)?, wall.local, wall.fold)
}

fn resolve_in(tz: &TimeZone, local: DateTime, fold: bool) -> Result<Resolved, WhenFault> {
    let out_of_range = |_| WhenFault::BadTime { text: local.to_string() };
    match tz.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            Ok(Resolved { at: offset.to_timestamp(local).map_err(out_of_range)?, kind: Kind::Exact })
        }
        AmbiguousOffset::Gap { before, after } => {
            let moved_by = SignedDuration::from_secs(i64::from(after.seconds() - before.seconds()));
            let at = before.to_timestamp(local).map_err(out_of_range)?;
            Ok(Resolved { at, kind: Kind::Gap { moved_by } })
        }
        AmbiguousOffset::Fold { before, after } => {
            let first = before.to_timestamp(local).map_err(out_of_range)?;
            let second = after.to_timestamp(local).map_err(out_of_range)?;
            let (at, other) = if fold { (second, first) } else { (first, second) };
            Ok(Resolved { at, kind: Kind::Overlap { first: !fold, other } })
        }
    }
}

/// Moves a plan by days and minutes **on the wall**: a post at 18:00 stays at 18:00 when the move crosses a clock
/// change. This is what dragging in a calendar and "every Sunday" mean.
pub fn shift_wall(wall: &WallTime, days: i32, minutes: i32) -> Result<WallTime, WhenFault> {
    let too_far = |_| WhenFault::BadTime { text: format!("{} {days:+} days", wall.local) };
    let by_days = Span::new().try_days(days).map_err(too_far)?;
    let by_minutes = Span::new().try_minutes(minutes).map_err(too_far)?;
    let local = wall.local.checked_add(by_days).map_err(too_far)?;
    let local = local.checked_add(by_minutes).map_err(too_far)?;
    Ok(WallTime { local, zone: wall.zone.clone(), fold: wall.fold })
}

/// One instant as it reads in one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Face {
    /// `Sun 22 Nov 2026 18:00`, for a terminal or a log of the user's own; the window formats `local` itself.
    pub text: String,
    pub local: DateTime,
    pub zone: String,
    /// Offset from UTC, `+01:00`: the only thing that tells the two occurrences of an overlap apart.
    pub offset: String,
}

/// A plan as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// In the plan's own zone.
    pub planned: Face,
    /// In the viewer's zone; `None` when both clocks read the same, so that nobody reads one time twice (C36).
    pub viewer: Option<Face>,
}

/// The plan in its own zone and, where the clocks differ at that instant, in the viewer's too.
pub fn describe(wall: &WallTime, viewer_zone: &str) -> Result<Described, WhenFault> {
    let at = resolve(wall)?.at;
    let planned = face(at, &wall.zone)?;
    let viewer = face(at, viewer_zone)?;
    let viewer = (viewer.offset != planned.offset).then_some(viewer);
    Ok(Described { planned, viewer })
}

fn face(at: Timestamp, zone: &str) -> Result<Face, WhenFault> {
    let tz = find_zone(zone)?;
    let offset = tz.to_offset(at).seconds();
    let local = tz.to_datetime(at);
    Ok(Face {
        text: local.strftime("%a %-d %b %Y %H:%M").to_string(),
        local,
        zone: canonical_name(&tz, zone),
        offset: format!(
            "{}{:02}:{:02}",
            if offset < 0 { '-' } else { '+' },
            offset.abs() / 3600,
            offset.abs() / 60 % 60
        ),
    })
}

/// The first instant of the next day in `zone`, always after `now`. Quotas that "reset at midnight Pacific time" reset
/// here, on days of 23, 24 and 25 hours alike, and where midnight itself is skipped or happens twice.
pub fn next_midnight(zone: &str, now: Timestamp) -> Result<Timestamp, WhenFault> {
    let tz = find_zone(zone)?;
    let mut day = tz.to_datetime(now).date();
    // Two rounds suffice in every zone on record (Newfoundland fell back across midnight, so that the first midnight
    // is already past in the repeated hour); the third is for the zone that nobody thought of.
    for _ in 0..3 {
        day = day.tomorrow().map_err(|_| WhenFault::BadTime { text: now.to_string() })?;
        if let Some(at) = midnights(&tz, day)?.into_iter().find(|at| *at > now) {
            return Ok(at);
        }
    }
    Err(WhenFault::BadTime { text: now.to_string() })
}

/// Every instant at which `day` begins: one, or two where clocks fall back across midnight.
fn midnights(tz: &TimeZone, day: Date) -> Result<Vec<Timestamp>, WhenFault> {
    let resolved = resolve_in(tz, day.to_datetime(Time::midnight()), false)?;
    Ok(match resolved.kind {
        Kind::Exact => vec![resolved.at],
        // Midnight does not exist: the day begins where the gap ends.
        Kind::Gap { .. } => {
            let gap_end = tz.preceding(resolved.at + SignedDuration::from_nanos(1)).next();
            vec![gap_end.map_or(resolved.at, |transition| transition.timestamp())]
        }
        Kind::Overlap { other, .. } => vec![resolved.at, other],
    })
}

/// A short name for the zone data in use: the same name means that every plan resolves as it did. When it changes,
/// every instant is derived again from its wall time (C36).
///
/// It is a fingerprint of all clock changes from 2026 to 2037 and not a release number: distributions patch zone data
/// without a new number, and the bundled copy and the system's may carry the same number with different rules.
/// Reads a few hundred small files on its first run, so call it off the async threads.
pub fn zone_data_version() -> String {
    let from = jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0);
    let from = TimeZone::UTC.to_timestamp(from).expect("2026 is within jiff's range");
    let until = from + SignedDuration::from_hours(24 * 366 * 12);
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    names.sort_unstable();
    let mut hash = blake3::Hasher::new();
    for name in names {
        let Ok(tz) = jiff::tz::db().get(&name) else { continue };
        hash.update(name.as_bytes());
        hash.update(&tz.to_offset(from).seconds().to_le_bytes());
        for change in tz.following(from).take_while(|change| change.timestamp() < until) {
            hash.update(&change.timestamp().as_second().to_le_bytes());
            hash.update(&change.offset().seconds().to_le_bytes());
        }
        hash.update(&[0]);
    }
    hash.finalize().to_hex().chars().take(16).collect()
}

/// A text that changes whenever the files do that zone data is read from, at the price of looking at their dates. While it is the
/// same, [`zone_data_version`], which reads all of them, need not be asked. `None` where the program brings the data along.
pub fn zone_data_stamp() -> Option<String> {
    // Where jiff looks, in its order.
    let named = std::env::var_os("TZDIR").map(std::path::PathBuf::from);
    let places = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
    let mut places = named.into_iter().chain(places.into_iter().map(std::path::PathBuf::from));
    stamp_of(&places.find(|place| place.is_dir())?).ok()
}

fn stamp_of(place: &std::path::Path) -> std::io::Result<String> {
    let mut hash = blake3::Hasher::new();
    hash.update(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes());
    stamp_folder(place, 0, &mut hash)?;
    Ok(hash.finalize().to_hex().to_string())
}

fn stamp_folder(folder: &std::path::Path, depth: u8, hash: &mut blake3::Hasher) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_unstable_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        // Of a link its own date: what it leads to is stamped where it lies.
        let meta = entry.metadata()?;
        hash.update(entry.file_name().as_encoded_bytes());
        let changed = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        hash.update(&changed.unwrap_or_default().as_nanos().to_le_bytes());
        hash.update(&meta.len().to_le_bytes());
        if meta.is_dir() && depth < 4 {
            stamp_folder(&entry.path(), depth + 1, hash)?;
        }
    }
    Ok(())
}

/// The zone of this name, in any letter case. A fixed offset (`+01:00`) is no zone: it knows no summer.
pub(crate) fn find_zone(name: &str) -> Result<TimeZone, WhenFault> {
    match jiff::tz::db().get(name) {
        Ok(tz) if !tz.is_unknown() => Ok(tz),
        // An empty name stands for a zone that nobody could find out.
        _ if name.is_empty() => Err(WhenFault::NoZone),
        _ => Err(WhenFault::UnknownZone { zone: name.to_owned(), nearest: when::nearest_zone(name) }),
    }
}

/// The name as the database spells it, so that `europe/berlin` and `Europe/Berlin` are one zone in the store.
fn canonical_name(tz: &TimeZone, asked: &str) -> String {
    tz.iana_name().unwrap_or(asked).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn wall(local: &str, zone: &str) -> WallTime {
        WallTime::new(local.parse().unwrap(), zone)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_store_shape_is_small_and_old_rows_without_fold_are_read() {
        let plan = wall("2026-11-22T18:00", "Europe/Berlin");
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(json, r#"{"local":"2026-11-22T18:00:00","zone":"Europe/Berlin"}"#);
        assert_eq!(serde_json::from_str::<WallTime>(&json).unwrap(), plan);
        let second = WallTime { fold: true, ..plan };
        let json = serde_json::to_string(&second).unwrap();
        assert_eq!(serde_json::from_str::<WallTime>(&json).unwrap(), second);
        let gap = Kind::Gap { moved_by: SignedDuration::from_mins(30) };
        let json = serde_json::to_string(&gap).unwrap();
        assert_eq!(json, r#"{"kind":"gap","moved_by":"PT30M"}"#);
        assert_eq!(serde_json::from_str::<Kind>(&json).unwrap(), gap);
    }

    #[test]
    fn a_gap_moves_forward_by_its_length_c36() {
        #[track_caller]
        fn check(local: &str, zone: &str, expected: &str, minutes: i64) {
            let got = resolve(&wall(local, zone)).unwrap();
            assert_eq!(got.at, at(expected));
            assert_eq!(got.kind, Kind::Gap { moved_by: SignedDuration::from_mins(minutes) });
        }
        check("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00Z", 60);
        check("2026-03-29T02:00", "Europe/Berlin", "2026-03-29T01:00:00Z", 60);
        check("2026-03-08T02:59:59", "America/Los_Angeles", "2026-03-08T10:59:59Z", 60);
        // Lord Howe's summer is half an hour.
        check("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z", 30);
        // Samoa never had the 30th of December 2011: 18:00 moves a whole day and stays 18:00.
        check("2011-12-30T18:00", "Pacific/Apia", "2011-12-31T04:00:00Z", 24 * 60);
    }

    #[test]
    fn an_overlap_takes_the_first_unless_the_second_was_picked_c36() {
        #[track_caller]
        fn check(local: &str, zone: &str, first: &str, second: &str) {
            let plan = wall(local, zone);
            let got = resolve(&plan).unwrap();
            assert_eq!(
                got,
                Resolved { at: at(first), kind: Kind::Overlap { first: true, other: at(second) } }
            );
            let got = resolve(&WallTime { fold: true, ..plan }).unwrap();
            assert_eq!(
                got,
                Resolved { at: at(second), kind: Kind::Overlap { first: false, other: at(first) } }
            );
        }
        check("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
        check("2026-11-01T01:00", "America/Los_Angeles", "2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z");
        check("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z");
    }

    #[test]
    fn everything_beside_the_change_is_exact() {
        #[track_caller]
        fn check(local: &str, zone: &str, expected: &str) {
            // The wish for a second occurrence is harmless where there is none.
            for fold in [false, true] {
                let got = resolve(&WallTime { fold, ..wall(local, zone) }).unwrap();
                assert_eq!(got, Resolved { at: at(expected), kind: Kind::Exact });
            }
        }
        check("2026-03-29T01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z");
        check("2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00:00Z");
        check("2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00:00Z");
        check("2026-06-01T12:00", "Asia/Kolkata", "2026-06-01T06:30:00Z");
        check("2026-06-01T12:00", "Asia/Kathmandu", "2026-06-01T06:15:00Z");
        check("2026-06-01T12:00", "europe/berlin", "2026-06-01T10:00:00Z");
    }

    #[test]
    fn a_move_by_days_keeps_the_reading_across_a_change_c36() {
        #[track_caller]
        fn check(from: &str, days: i32, minutes: i32, expected: &str, hours_between: i64) {
            let from = wall(from, "Europe/Berlin");
            let to = shift_wall(&from, days, minutes).unwrap();
            assert_eq!(to, wall(expected, "Europe/Berlin"));
            let between = resolve(&to).unwrap().at.duration_since(resolve(&from).unwrap().at);
            assert_eq!(between, SignedDuration::from_hours(hours_between));
        }
        check("2026-03-28T18:00", 1, 0, "2026-03-29T18:00", 23);
        check("2026-10-24T18:00", 1, 0, "2026-10-25T18:00", 25);
        check("2026-10-25T18:00", -1, 0, "2026-10-24T18:00", -25);
        check("2026-10-20T18:00", 7, 0, "2026-10-27T18:00", 7 * 24 + 1);
        check("2026-06-30T23:30", 0, 60, "2026-07-01T00:30", 1);
        let fault = shift_wall(&wall("2026-01-01T00:00", "Europe/Berlin"), i32::MAX, 0).unwrap_err();
        assert_eq!(fault.code(), "bad_time");
    }

    #[test]
    fn both_clocks_are_shown_only_where_they_differ_c36() {
        let plan = wall("2026-11-22T18:00", "Europe/Berlin");
        let both = describe(&plan, "America/Los_Angeles").unwrap();
        assert_eq!(both.planned.text, "Sun 22 Nov 2026 18:00");
        assert_eq!(both.planned.offset, "+01:00");
        let viewer = both.viewer.unwrap();
        assert_eq!((viewer.text.as_str(), viewer.offset.as_str()), ("Sun 22 Nov 2026 09:00", "-08:00"));
        assert_eq!(describe(&plan, "Asia/Kolkata").unwrap().viewer.unwrap().text, "Sun 22 Nov 2026 22:30");
        assert_eq!(describe(&plan, "Europe/Paris").unwrap().viewer, None);
        assert_eq!(describe(&plan, "Mars/Olympus").unwrap_err().code(), "unknown_zone");
    }

    #[test]
    fn midnight_comes_after_23_24_and_25_hours() {
        #[track_caller]
        fn check(zone: &str, now: &str, expected: &str) {
            assert_eq!(next_midnight(zone, at(now)).unwrap(), at(expected), "{zone} {now}");
        }
        let la = "America/Los_Angeles";
        check(la, "2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"); // 23 h
        check(la, "2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"); // 25 h
        check(la, "2026-06-10T07:00:00Z", "2026-06-11T07:00:00Z"); // 24 h, from midnight itself
        check(la, "2026-06-11T06:59:59.999Z", "2026-06-11T07:00:00Z");
        // Lebanon changes at midnight: the 29th of March 2026 begins at 01:00.
        check("Asia/Beirut", "2026-03-28T20:00:00Z", "2026-03-28T22:00:00Z");
        // Newfoundland fell back from 00:01 to 23:01: two midnights began the 7th of November 2010.
        check("America/St_Johns", "2010-11-07T02:00:00Z", "2010-11-07T02:30:00Z");
        check("America/St_Johns", "2010-11-07T02:45:00Z", "2010-11-07T03:30:00Z");
        // Samoa's 29th of December 2011 was followed by the 31st.
        check("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z");
    }

    #[test]
    fn stamp_of_zone_files_changes_with_any_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Europe/Berlin");
        std::fs::create_dir(folder.path().join("Europe")).unwrap();
        std::fs::write(&file, "one").unwrap();
        let first = stamp_of(folder.path()).unwrap();
        assert_eq!(stamp_of(folder.path()).unwrap(), first);
        std::fs::write(&file, "other").unwrap();
        let second = stamp_of(folder.path()).unwrap();
        assert_ne!(second, first);
        let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        assert_ne!(stamp_of(folder.path()).unwrap(), second, "the same length at another time");
    }

    #[test]
    fn the_zone_data_has_one_name_while_it_does_not_change() {
        let version = zone_data_version();
        assert_eq!(version.len(), 16);
        assert_eq!(version, zone_data_version());
    }

    #[test]
    fn zone_data_is_there_even_without_a_system_copy() {
        // Linux without a tzdata package has none, and a plan must not fail there. Which copy jiff hands out is decided
        // once per process, so the bundled one is asked for by name; without the crate feature it is empty.
        assert!(!jiff::tz::db().is_definitively_empty());
        assert!(jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").is_ok());
    }
}
