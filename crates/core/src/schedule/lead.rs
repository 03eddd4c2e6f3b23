//! The three clocks of a delivery (when to begin, when to be public, when it is too late) and the rule for posts that
//! were missed because the computer was off.
//!
//! Deliberately not here: what a platform can do ahead of time (its Facts), and measuring the line.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Assumed until the line was measured: 2 Mbit/s, a slow home upstream. Beginning early costs nothing where bytes may
/// go ahead; beginning late costs the minute.
pub const UNMEASURED_BYTES_PER_S: u64 = 250_000;

/// Added to every lead: sign-in refresh, session opening, one retry of each.
pub const LEAST_LEAD: Duration = Duration::from_secs(120);

/// A post that goes out within its own minute was not missed.
pub const PUNCTUAL_WITHIN: Duration = Duration::from_secs(60);

/// How long the work before the minute takes: sending at three quarters of the measured speed (lines sag in the
/// evening, when people post), the platform's processing, and [`LEAST_LEAD`].
///
/// `measured_bytes_per_s` of `None` or 0 means unmeasured.
pub fn lead(size: u64, measured_bytes_per_s: Option<u64>, processing: Duration) -> Duration {
    let speed = measured_bytes_per_s.filter(|speed| *speed > 0).unwrap_or(UNMEASURED_BYTES_PER_S);
    let milliseconds = u128::from(size) * 4 * 1000 / (u128::from(speed) * 3);
    let sending = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
    sending.saturating_add(processing).saturating_add(LEAST_LEAD)
}

/// The first clock: when to begin so that everything is ready at `due`. May lie in the past: then begin now.
pub fn start_at(
    due: Timestamp,
    size: u64,
    measured_bytes_per_s: Option<u64>,
    processing: Duration,
) -> Timestamp {
    due.checked_sub(lead(size, measured_bytes_per_s, processing)).unwrap_or(Timestamp::MIN)
}

/// How late the post would be if the work began at `now`; `None` if it would be on time. For a warning before
/// anything is scheduled ("your line needs until 18:40").
pub fn late_by(
    due: Timestamp,
    size: u64,
    measured_bytes_per_s: Option<u64>,
    processing: Duration,
    now: Timestamp,
) -> Option<Duration> {
    let late = now.duration_since(start_at(due, size, measured_bytes_per_s, processing));
    Duration::try_from(late).ok().filter(|late| !late.is_zero())
}

/// The account's rule for posts whose minute passed while the computer was off (C17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum MissedRule {
    /// Park it and ask. The default, because each other answer surprises someone.
    #[default]
    Ask,
    /// Publish if at most this late, else ask.
    PublishIfWithin { minutes: u32 },
    /// Move it to the account's next free slot; ask where there is none.
    NextFreeSlot,
    /// Do not publish; the post stays in the history as missed.
    Skip,
}

/// What to do with a post whose minute is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "missed")]
pub enum Missed {
    /// Its minute has not come: nothing was missed.
    NotYet,
    PublishNow,
    AskUser,
    MoveTo {
        at: Timestamp,
    },
    Skip,
}

/// The last instant at which the post may still be published without a question: the third clock. For a rule
/// that never publishes late of its own accord it is the end of the post's own minute.
pub fn too_late(rule: MissedRule, due: Timestamp) -> Timestamp {
    let grace = match rule {
        MissedRule::PublishIfWithin { minutes } => {
            Duration::from_secs(u64::from(minutes) * 60).max(PUNCTUAL_WITHIN)
        }
        MissedRule::Ask | MissedRule::NextFreeSlot | MissedRule::Skip => PUNCTUAL_WITHIN,
    };
    due.checked_add(grace).unwrap_or(Timestamp::MAX)
}

/// What the rule says at `now` about a post that was due at `due` (C17). Never silence: where a rule has no answer the
/// user is asked. `next_slot` is the account's next free slot; one that is not after `now` does not count.
///
/// The caller publishes at most one missed post an account at a time (C5); this function sees only one.
pub fn on_missed(rule: MissedRule, due: Timestamp, now: Timestamp, next_slot: Option<Timestamp>) -> Missed {
    if now < due {
        return Missed::NotYet;
    }
    if now <= too_late(rule, due) {
        return Missed::PublishNow;
    }
    match rule {
        MissedRule::Ask | MissedRule::PublishIfWithin { .. } => Missed::AskUser,
        MissedRule::NextFreeSlot => {
            next_slot.filter(|at| *at > now).map_or(Missed::AskUser, |at| Missed::MoveTo { at })
        }
        MissedRule::Skip => Missed::Skip,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const DUE: &str = "2026-11-22T18:00:00Z";

    #[test]
    fn the_lead_grows_with_size_and_processing_and_shrinks_with_speed() {
        #[track_caller]
        fn check(size: u64, speed: Option<u64>, processing: u64, start: &str) {
            let start_at = start_at(at(DUE), size, speed, Duration::from_secs(processing));
            assert_eq!(start_at, at(start));
        }
        check(0, Some(1_000_000), 0, "2026-11-22T17:58:00Z");
        check(0, Some(1_000_000), 600, "2026-11-22T17:48:00Z");
        // 900 MB at 1 MB/s: 15 minutes, reckoned as 20.
        check(900_000_000, Some(1_000_000), 0, "2026-11-22T17:38:00Z");
        check(900_000_000, Some(2_000_000), 0, "2026-11-22T17:48:00Z");
        // Unmeasured, and a measurement of nothing, are both the slow assumption: 90 MB in 8 minutes.
        check(90_000_000, None, 0, "2026-11-22T17:50:00Z");
        check(90_000_000, Some(0), 0, "2026-11-22T17:50:00Z");
        // Absurd numbers begin at once and do not overflow.
        assert_eq!(start_at(at(DUE), u64::MAX, Some(1), Duration::MAX), Timestamp::MIN);
    }

    #[test]
    fn a_post_that_cannot_make_its_minute_says_by_how_much() {
        let late = |now: &str| late_by(at(DUE), 900_000_000, Some(1_000_000), Duration::ZERO, at(now));
        assert_eq!(late("2026-11-22T17:00:00Z"), None);
        assert_eq!(late("2026-11-22T17:38:00Z"), None);
        assert_eq!(late("2026-11-22T17:48:00Z"), Some(Duration::from_secs(600)));
    }

    #[test]
    fn a_missed_post_follows_its_accounts_rule_c17() {
        let slot = at("2026-11-24T09:00:00Z");
        let check = |rule, now: &str, expected| {
            assert_eq!(on_missed(rule, at(DUE), at(now), Some(slot)), expected, "{rule:?} at {now}");
        };
        let within = |minutes| MissedRule::PublishIfWithin { minutes };
        for rule in [MissedRule::Ask, within(0), within(30), MissedRule::NextFreeSlot, MissedRule::Skip] {
            check(rule, "2026-11-22T17:59:59Z", Missed::NotYet);
            check(rule, "2026-11-22T18:00:00Z", Missed::PublishNow);
            check(rule, "2026-11-22T18:01:00Z", Missed::PublishNow);
        }
        check(MissedRule::Ask, "2026-11-22T18:01:01Z", Missed::AskUser);
        check(within(0), "2026-11-22T18:01:01Z", Missed::AskUser);
        check(within(30), "2026-11-22T18:30:00Z", Missed::PublishNow);
        check(within(30), "2026-11-22T18:30:00.001Z", Missed::AskUser);
        check(within(u32::MAX), "2027-11-22T18:30:00Z", Missed::PublishNow);
        check(MissedRule::NextFreeSlot, "2026-11-22T18:01:01Z", Missed::MoveTo { at: slot });
        check(MissedRule::Skip, "2026-11-22T18:01:01Z", Missed::Skip);
        // A slot that is itself past, or none at all, is no answer: the user is asked.
        check(MissedRule::NextFreeSlot, "2026-11-24T09:00:00Z", Missed::AskUser);
        let none = on_missed(MissedRule::NextFreeSlot, at(DUE), at("2026-11-23T00:00:00Z"), None);
        assert_eq!(none, Missed::AskUser);
    }

    #[test]
    fn rules_are_stored_readably() {
        let json = serde_json::to_string(&MissedRule::PublishIfWithin { minutes: 30 }).unwrap();
        assert_eq!(json, r#"{"rule":"publish_if_within","minutes":30}"#);
        assert_eq!(serde_json::from_str::<MissedRule>(r#"{"rule":"ask"}"#).unwrap(), MissedRule::default());
    }
}
