//! Properties that hold for every zone at every instant, with the odd zones drawn more often (C36).

#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::{Kind, WallTime, find_zone, next_midnight, resolve, shift_wall};

/// Half-hour summers, missing days, changes at midnight, reversed summers, quarter-hour offsets, summer time that
/// stops for Ramadan, and no changes at all.
const ZONES: &[&str] = &[
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/Los_Angeles",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Asuncion",
    "America/Scoresbysund",
    "America/Caracas",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Antarctica/Troll",
    "Etc/UTC",
];

fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(ZONES)
}

/// 1990 to 2040, in seconds.
fn instant() -> impl Strategy<Value = Timestamp> {
    (631_152_000_i64..2_208_988_800).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// An instant within two days of a clock change of the zone, where there is one.
fn near_change() -> impl Strategy<Value = (&'static str, Timestamp)> {
    (zone(), instant(), -172_800_i64..172_800).prop_map(|(zone, from, beside)| {
        let change =
            find_zone(zone).unwrap().following(from).next().map_or(from, |change| change.timestamp());
        (zone, change.min("2040-01-01T00:00:00Z".parse().unwrap()) + SignedDuration::from_secs(beside))
    })
}

fn anywhere() -> impl Strategy<Value = (&'static str, Timestamp)> {
    prop_oneof![near_change(), (zone(), instant())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// An instant read off the wall and resolved again is the same instant, and never reads as a gap.
    #[test]
    fn instant_to_wall_and_back((zone, at) in anywhere()) {
        let wall = WallTime::reading(at, zone).unwrap();
        let back = resolve(&wall).unwrap();
        prop_assert_eq!(back.at, at);
        prop_assert!(!matches!(back.kind, Kind::Gap { .. }), "{:?}", back.kind);
    }

    /// A plan reads at its instant as it was written; only a gap moves it, forward, by what it says.
    #[test]
    fn wall_to_instant_and_back((zone, at) in anywhere(), minutes in -1440_i64..1440, fold: bool) {
        let local = find_zone(zone).unwrap().to_datetime(at).checked_add(minutes.minutes()).unwrap();
        let plan = WallTime { local, zone: zone.to_owned(), fold };
        let got = resolve(&plan).unwrap();
        let read = WallTime::reading(got.at, zone).unwrap();
        match got.kind {
            Kind::Exact => {
                prop_assert_eq!(read.local, local);
                prop_assert!(!read.fold);
            }
            Kind::Gap { moved_by } => {
                prop_assert!(moved_by > SignedDuration::ZERO);
                prop_assert_eq!(read.local, local.checked_add(moved_by).unwrap());
            }
            Kind::Overlap { first, other } => {
                prop_assert_eq!(&read, &plan);
                prop_assert_eq!(first, !fold);
                prop_assert_eq!(first, got.at < other);
                prop_assert_eq!(WallTime::reading(other, zone).unwrap().local, local);
            }
        }
    }

    /// Of two plans that both exist, the later reading is the later instant, unless the clock was set back between
    /// them; and a plan in a gap is never earlier than any that reads before the gap.
    #[test]
    fn later_on_the_wall_is_later((zone, at) in anywhere(), apart in 1_i64..2880) {
        let early = WallTime::new(find_zone(zone).unwrap().to_datetime(at), zone);
        let late = shift_wall(&early, 0, apart as i32).unwrap();
        let (one, two) = (resolve(&early).unwrap(), resolve(&late).unwrap());
        match one.kind {
            // The one documented exception: 02:30 moves to 03:30 and passes a plan written as 03:00.
            Kind::Gap { moved_by } if !matches!(two.kind, Kind::Gap { .. }) => {
                prop_assert!(two.at > one.at - moved_by);
            }
            _ => prop_assert!(two.at > one.at, "{:?} {:?}", one, two),
        }
    }

    /// Midnight is ahead, at most 26 hours, and its date begins there.
    #[test]
    fn midnight_begins_a_day((zone, now) in anywhere()) {
        let tz = find_zone(zone).unwrap();
        let midnight = next_midnight(zone, now).unwrap();
        prop_assert!(midnight > now);
        prop_assert!(midnight.duration_since(now) <= SignedDuration::from_hours(26));
        let before = tz.to_datetime(midnight - SignedDuration::from_nanos(1)).date();
        prop_assert!(before < tz.to_datetime(midnight).date());
        // Nothing that begins a day was passed over: the date is the same from now until then.
        let last_second = midnight - SignedDuration::from_secs(1);
        if last_second >= now {
            prop_assert_eq!(tz.to_datetime(last_second).date(), tz.to_datetime(now).date());
        }
    }

    /// A move there and back is no move, whatever lies between.
    #[test]
    fn there_and_back((zone, at) in anywhere(), days in -800_i32..800) {
        let plan = WallTime::reading(at, zone).unwrap();
        let moved = shift_wall(&plan, days, 0).unwrap();
        prop_assert_eq!(moved.local.time(), plan.local.time());
        prop_assert_eq!(shift_wall(&moved, -days, 0).unwrap(), plan);
    }

    /// Nothing that anyone types makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "[-+0-9TZz:. \\[\\]hmsü/A-Z]{0,40}") {
        let now = "2026-10-01T12:00:00Z".parse().unwrap();
        if let Ok(when) = super::when::parse_when(&text, "Europe/Berlin", now) {
            prop_assert!(when.resolved.at >= now);
            prop_assert_eq!(resolve(&when.wall).unwrap(), when.resolved);
        }
    }
}

#[test]
fn the_suite_meets_gaps_and_overlaps() {
    // A suite that draws no odd hour proves nothing: walk the changes of 2026 and count.
    let (mut gaps, mut overlaps) = (0, 0);
    for zone in ZONES {
        let tz = find_zone(zone).unwrap();
        let from: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let year = SignedDuration::from_hours(24 * 365);
        for change in tz.following(from).take_while(|change| change.timestamp() < from + year) {
            let before = tz.to_datetime(change.timestamp() - SignedDuration::from_secs(1));
            for minutes in [2, -2] {
                let local = before.checked_add(minutes.minutes()).unwrap();
                match resolve(&WallTime::new(local, *zone)).unwrap().kind {
                    Kind::Gap { .. } => gaps += 1,
                    Kind::Overlap { .. } => overlaps += 1,
                    Kind::Exact => {}
                }
            }
        }
    }
    assert!(gaps >= 10 && overlaps >= 10, "{gaps} gaps, {overlaps} overlaps");
}
