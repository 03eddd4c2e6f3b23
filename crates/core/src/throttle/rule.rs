//! How much may be sent at what hour: a limit, always or between two readings of the wall clock.
//!
//! The window is judged by what the clock on the wall reads: "from 08:00 to 22:00" holds whenever a clock there reads
//! so, also in the hour that happens twice.

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::schedule::find_zone;
use crate::schedule::when::WhenFault;

/// The user's rule for the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum BandwidthRule {
    #[default]
    Unlimited,
    /// At most this much at every hour. 0 lets nothing pass.
    Always { bytes_per_second: u64 },
    /// At most this much from `from` (inclusive) to `to` (exclusive), across midnight where `to` is not after `from`;
    /// the same reading twice is the whole day.
    Daily { bytes_per_second: u64, from: Time, to: Time, zone: String, outside: Outside },
}

/// What holds outside the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    Unlimited,
    /// Nothing is sent: "upload only at night". The engine still keeps a post's minute; this is the user's word about
    /// bytes that go ahead.
    Paused,
}

/// What may be sent at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    Unlimited,
    BytesPerSecond(u64),
    Nothing,
}

impl Limit {
    /// As [`super::Throttle::set_limit`] takes it.
    pub fn for_throttle(self) -> Option<u64> {
        match self {
            Limit::Unlimited => None,
            Limit::BytesPerSecond(limit) => Some(limit),
            Limit::Nothing => Some(0),
        }
    }

    fn of(bytes_per_second: u64) -> Limit {
        if bytes_per_second == 0 { Limit::Nothing } else { Limit::BytesPerSecond(bytes_per_second) }
    }
}

/// A limit and the instant at which to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    pub limit: Limit,
    /// The instant at which another limit begins; [`Timestamp::MAX`] for a rule that never changes.
    pub until: Timestamp,
}

/// The limit at `now` and until when it holds. Ask again at `until` and on every clock notice. The one fault is an
/// unknown zone.
pub fn limit_at(rule: &BandwidthRule, now: Timestamp) -> Result<InForce, WhenFault> {
    let always = |limit| Ok(InForce { limit, until: Timestamp::MAX });
    let (inside_limit, from, to, zone, outside) = match rule {
        BandwidthRule::Unlimited => return always(Limit::Unlimited),
        BandwidthRule::Always { bytes_per_second } => return always(Limit::of(*bytes_per_second)),
        BandwidthRule::Daily { bytes_per_second, from, to, zone, outside } => {
            (Limit::of(*bytes_per_second), *from, *to, zone, *outside)
        }
    };
    let tz = find_zone(zone)?;
    if from == to {
        return always(inside_limit);
    }
    let inside = |at: Timestamp| {
        let reading = tz.to_datetime(at).time();
        if from < to { from <= reading && reading < to } else { from <= reading || reading < to }
    };
    let inside_now = inside(now);
    // The answer can change only where a clock reads an edge (twice in an overlap, a skipped edge not at all) or where
    // the clock itself changes. Three days hold an edge of each kind, even in Samoa.
    let horizon = now.saturating_add(SignedDuration::from_hours(72)).unwrap_or(Timestamp::MAX);
    let mut turns: Vec<Timestamp> =
        tz.following(now).map(|change| change.timestamp()).take_while(|at| *at <= horizon).collect();
    let today = tz.to_datetime(now).date();
    for ahead in -1..=3 {
        let Ok(day) = today.checked_add(Span::new().days(ahead)) else { continue };
        for edge in [from, to] {
            let edge = DateTime::from_parts(day, edge);
            let ambiguous = tz.to_ambiguous_timestamp(edge);
            turns.extend(ambiguous.earlier().into_iter().chain(ambiguous.later()));
        }
    }
    turns.sort_unstable();
    let until = turns.into_iter().find(|at| *at > now && inside(*at) != inside_now);
    let limit = match (inside_now, outside) {
        (true, _) => inside_limit,
        (false, Outside::Unlimited) => Limit::Unlimited,
        (false, Outside::Paused) => Limit::Nothing,
    };
    Ok(InForce { limit, until: until.unwrap_or(horizon) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn daily(from: &str, to: &str, zone: &str, outside: Outside) -> BandwidthRule {
        BandwidthRule::Daily {
            bytes_per_second: 500_000,
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            zone: zone.to_owned(),
            outside,
        }
    }

    const SLOW: Limit = Limit::BytesPerSecond(500_000);

    #[track_caller]
    fn check(rule: &BandwidthRule, now: &str, limit: Limit, until: &str) {
        assert_eq!(limit_at(rule, at(now)).unwrap(), InForce { limit, until: at(until) }, "{now}");
    }

    #[test]
    fn rules_without_hours_never_change() {
        let now = at("2026-11-22T18:00:00Z");
        let check = |rule, limit| {
            assert_eq!(limit_at(&rule, now).unwrap(), InForce { limit, until: Timestamp::MAX });
        };
        check(BandwidthRule::Unlimited, Limit::Unlimited);
        check(BandwidthRule::Always { bytes_per_second: 5 }, Limit::BytesPerSecond(5));
        check(BandwidthRule::Always { bytes_per_second: 0 }, Limit::Nothing);
        check(daily("08:00", "08:00", "Europe/Berlin", Outside::Paused), SLOW);
        let nowhere = daily("08:00", "09:00", "Nowhere", Outside::Paused);
        assert_eq!(limit_at(&nowhere, now).unwrap_err().code(), "unknown_zone");
    }

    #[test]
    fn a_window_by_day_and_one_across_midnight() {
        let day = daily("08:00", "22:00", "Europe/Berlin", Outside::Unlimited);
        check(&day, "2026-11-22T06:59:59Z", Limit::Unlimited, "2026-11-22T07:00:00Z");
        check(&day, "2026-11-22T07:00:00Z", SLOW, "2026-11-22T21:00:00Z");
        check(&day, "2026-11-22T20:59:59.9Z", SLOW, "2026-11-22T21:00:00Z");
        check(&day, "2026-11-22T21:00:00Z", Limit::Unlimited, "2026-11-23T07:00:00Z");
        let night = daily("23:00", "06:00", "Europe/Berlin", Outside::Paused);
        check(&night, "2026-11-22T21:59:59Z", Limit::Nothing, "2026-11-22T22:00:00Z");
        check(&night, "2026-11-22T22:00:00Z", SLOW, "2026-11-23T05:00:00Z");
        check(&night, "2026-11-23T02:00:00Z", SLOW, "2026-11-23T05:00:00Z");
        check(&night, "2026-11-23T05:00:00Z", Limit::Nothing, "2026-11-23T22:00:00Z");
        let until_midnight = daily("18:00", "00:00", "Europe/Berlin", Outside::Paused);
        check(&until_midnight, "2026-11-22T22:00:00Z", SLOW, "2026-11-22T23:00:00Z");
    }

    #[test]
    fn windows_follow_the_wall_clock_across_changes_c36() {
        // The night of the 25th of October has one hour more, that of the 29th of March one less.
        let night = daily("23:00", "06:00", "Europe/Berlin", Outside::Paused);
        check(&night, "2026-10-24T21:00:00Z", SLOW, "2026-10-25T05:00:00Z");
        check(&night, "2026-03-28T22:00:00Z", SLOW, "2026-03-29T04:00:00Z");
        // A window inside the repeated hour opens twice.
        let odd = daily("02:15", "02:45", "Europe/Berlin", Outside::Paused);
        check(&odd, "2026-10-25T00:00:00Z", Limit::Nothing, "2026-10-25T00:15:00Z");
        check(&odd, "2026-10-25T00:15:00Z", SLOW, "2026-10-25T00:45:00Z");
        check(&odd, "2026-10-25T00:45:00Z", Limit::Nothing, "2026-10-25T01:15:00Z");
        // A window inside the missing hour does not open that day.
        check(&odd, "2026-03-29T00:00:00Z", Limit::Nothing, "2026-03-30T00:15:00Z");
        // An edge inside the missing hour acts when the clock jumps.
        let into = daily("02:30", "05:00", "Europe/Berlin", Outside::Paused);
        check(&into, "2026-03-29T00:00:00Z", Limit::Nothing, "2026-03-29T01:00:00Z");
    }

    #[test]
    fn the_stored_form_is_read_back() {
        let night = daily("23:00", "06:00", "Europe/Berlin", Outside::Paused);
        let json = serde_json::to_string(&night).unwrap();
        assert_eq!(serde_json::from_str::<BandwidthRule>(&json).unwrap(), night);
        assert_eq!(Limit::Nothing.for_throttle(), Some(0));
        assert_eq!(Limit::Unlimited.for_throttle(), None);
        assert_eq!(SLOW.for_throttle(), Some(500_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The limit holds until `until` and not beyond, whatever the window, the zone and the hour.
        #[test]
        fn until_is_the_first_change(
            second in 1_293_840_000_i64..2_000_000_000,
            from in 0_i8..24, to in 0_i8..24, half: bool,
            zone in prop::sample::select(&["Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Beirut"][..]),
        ) {
            prop_assume!(from != to);
            let rule = BandwidthRule::Daily {
                bytes_per_second: 7,
                from: Time::constant(from, if half { 30 } else { 0 }, 0, 0),
                to: Time::constant(to, if half { 30 } else { 0 }, 0, 0),
                zone: zone.to_owned(),
                outside: Outside::Paused,
            };
            let now = Timestamp::from_second(second).unwrap();
            let first = limit_at(&rule, now).unwrap();
            prop_assert!(first.until > now);
            let mut between = now;
            while between < first.until {
                let here = limit_at(&rule, between).unwrap();
                prop_assert_eq!(here, first);
                between += SignedDuration::from_mins(47);
            }
            prop_assert_ne!(limit_at(&rule, first.until).unwrap().limit, first.limit);
        }
    }
}
