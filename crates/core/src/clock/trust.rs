//! Which time it is when the computer's clock may be wrong. Pure.
//!
//! A witness is a clock that is not this computer's: the `Date` header of a platform's answer, or the time that was trusted before
//! somebody set the clock. Each is kept as a *line*: the instant minus the running time since boot, which goes on through suspend and
//! which nobody sets. Of all lines, the computer's own among them, the lower median counts:
//!
//! - nobody was heard: the computer's clock;
//! - one platform: the earlier of the two, so that a lone liar can hold a post and never make one early;
//! - two or more platforms: the middle one, so that a single liar changes nothing, and platforms that agree put a wrong clock right.
//!
//! Not here: reading clocks (`clock`), what is told and held (`engine/time.rs`). The reasons are in `docs/decisions/0010-time.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::backoff::RetryAfter;

/// An instant minus the running time since boot.
pub(super) type Line = SignedDuration;

/// A clock that is further off is told. Less is the business of the system's time service.
pub const TOLD_FROM: SignedDuration = SignedDuration::from_secs(60);

/// A `Date` says whole seconds.
const RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// Answers of one platform may disagree by this much more than their round trips explain; beyond, the newer one counts alone.
const SLACK: SignedDuration = SignedDuration::from_millis(1500);

/// A witness says nothing of the present any more after this long: quartz drifts by a few seconds a day.
const FRESH: Duration = Duration::from_secs(12 * 3600);

/// A `Date` before this is a fault of whoever wrote it: 2020-01-01. One after the other: 2200-01-01.
const EARLIEST_S: i64 = 1_577_836_800;
const LATEST_S: i64 = 7_258_118_400;

#[derive(Debug, Default)]
pub(super) struct Trust {
    /// By platform.
    heard: BTreeMap<String, Heard>,
    /// The line that was trusted when the clock was last set, until a platform says that the new one is right.
    before: Option<Line>,
    /// A platform answered without a usable `Date`: there is nobody to ask.
    silent_at: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    /// The true line is not before this one, nor after the other.
    low: Line,
    high: Line,
    at: Duration,
}

/// What is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub line: Line,
    /// How far the computer's clock is ahead (or behind, if negative), where that is worth telling.
    pub off_by: Option<SignedDuration>,
}

impl Trust {
    /// A platform's answer said `date`. `sent` and `received` are running times since boot.
    pub(super) fn hear(&mut self, whose: &str, date: Timestamp, sent: Duration, received: Duration) {
        if !(EARLIEST_S..LATEST_S).contains(&date.as_second()) {
            return self.hear_nothing(received);
        }
        let low = line(date, received);
        let high = line(date, sent).saturating_add(RESOLUTION);
        let new = match self.heard.get(whose) {
            Some(old) if low <= old.high.saturating_add(SLACK) && high.saturating_add(SLACK) >= old.low => {
                let (low, high) = (low.max(old.low), high.min(old.high));
                Heard { low: low.min(high), high: high.max(low), at: received }
            }
            _ => Heard { low, high, at: received },
        };
        self.heard.insert(whose.to_owned(), new);
    }

    /// A platform answered and said nothing of the time.
    pub(super) fn hear_nothing(&mut self, at: Duration) {
        self.silent_at = Some(at);
    }

    /// The clock was set. What was trusted until now becomes a witness.
    pub(super) fn clock_was_set(&mut self, trusted: Line) {
        self.before = Some(trusted);
    }

    /// Running time since boot is not known any more: everything that was kept is worth nothing.
    pub(super) fn forget(&mut self) {
        *self = Trust::default();
    }

    /// Did a platform say the time lately, or is there none that does?
    pub(super) fn is_confirmed(&self, now: Duration) -> bool {
        let fresh = |at: Duration| now.saturating_sub(at) < FRESH;
        self.heard.values().any(|heard| fresh(heard.at)) || self.silent_at.is_some_and(fresh)
    }

    /// Drops the witness of before when a platform agrees with the computer's clock as it is now.
    pub(super) fn settle(&mut self, system: Line) {
        if self.before.is_some() && self.heard.values().any(|heard| heard.agrees_with(system)) {
            self.before = None;
        }
    }

    pub(super) fn verdict(&self, system: Line) -> Verdict {
        let mut lines = vec![system];
        lines.extend(self.before);
        lines.extend(self.heard.values().map(|heard| heard.seen_from(system)));
        Verdict { line: lower_median(&mut lines), off_by: self.off_by(system) }
    }

    fn off_by(&self, system: Line) -> Option<SignedDuration> {
        let far = |line: &Line| system.saturating_sub(*line).abs() > TOLD_FROM;
        let (mut far, near): (Vec<Line>, Vec<Line>) =
            self.heard.values().map(|heard| heard.seen_from(system)).partition(far);
        (far.len() > near.len()).then(|| system.saturating_sub(lower_median(&mut far)))
    }
}

impl Heard {
    fn agrees_with(&self, system: Line) -> bool {
        let slack = SignedDuration::from_millis(50);
        self.low.saturating_sub(slack) <= system && system <= self.high.saturating_add(slack)
    }

    /// Where it can't tell the computer's clock from the right one, it is the computer's. Else its earlier end, since early is worse.
    fn seen_from(&self, system: Line) -> Line {
        if self.agrees_with(system) { system } else { self.low }
    }
}

/// The middle, and of two middles the earlier.
fn lower_median(lines: &mut [Line]) -> Line {
    lines.sort_unstable();
    lines.get(lines.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// The line of an instant at a running time.
pub(super) fn line(at: Timestamp, boot: Duration) -> Line {
    let boot = SignedDuration::try_from(boot).unwrap_or(SignedDuration::MAX);
    at.duration_since(Timestamp::UNIX_EPOCH).saturating_sub(boot)
}

/// The instant of a line at a running time.
pub(super) fn instant(line: Line, boot: Duration) -> Timestamp {
    let boot = SignedDuration::try_from(boot).unwrap_or(SignedDuration::MAX);
    Timestamp::UNIX_EPOCH.saturating_add(line.saturating_add(boot)).unwrap_or(Timestamp::MAX)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` and its two older forms (RFC 9110, 5.6.7).
pub fn read_date(text: &str) -> Option<Timestamp> {
    match RetryAfter::parse(text, Timestamp::UNIX_EPOCH)? {
        RetryAfter::At(at) => Some(at),
        RetryAfter::Seconds(_) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3600;

    fn true_time() -> Timestamp {
        "2026-11-22T18:00:00.4Z".parse().unwrap()
    }

    fn boot() -> Duration {
        Duration::from_secs(5000)
    }

    /// The line of a clock that is so many seconds ahead of the truth.
    fn ahead(seconds: i64) -> Line {
        line(true_time() + SignedDuration::from_secs(seconds), boot())
    }

    /// Witnesses whose clocks are so many seconds ahead of the truth.
    fn heard(offsets: &[i64]) -> Trust {
        let mut trust = Trust::default();
        for (nth, offset) in offsets.iter().enumerate() {
            let date = true_time() + SignedDuration::from_secs(*offset);
            let date = Timestamp::from_second(date.as_second()).unwrap();
            trust.hear(&nth.to_string(), date, boot() - Duration::from_millis(60), boot());
        }
        trust
    }

    /// Seconds that the trusted time is ahead of the truth.
    fn trusted(system: i64, offsets: &[i64]) -> f64 {
        (heard(offsets).verdict(ahead(system)).line - ahead(0)).as_secs_f64()
    }

    #[test]
    fn trusted_time_is_the_lower_median_of_all_clocks() {
        for (system, platforms, want) in [
            (0, &[][..], 0),
            (2 * HOUR, &[], 2 * HOUR),
            // One platform: the earlier of the two, right or not.
            (2 * HOUR, &[0], 0),
            (-2 * HOUR, &[0], -2 * HOUR),
            (0, &[-24 * HOUR], -24 * HOUR),
            (0, &[24 * HOUR], 0),
            // Two that agree put a wrong clock right, both ways.
            (2 * HOUR, &[0, 0], 0),
            (-2 * HOUR, &[0, 0], 0),
            // A lone liar among others changes nothing.
            (0, &[0, -24 * HOUR], 0),
            (0, &[0, 24 * HOUR], 0),
            (0, &[0, 0, -24 * HOUR], 0),
            (0, &[0, 0, 24 * HOUR], 0),
            (2 * HOUR, &[0, 0, 24 * HOUR], 0),
            (0, &[5 * HOUR, -24 * HOUR], 0),
        ] {
            let got = trusted(system, platforms);
            let off = got - want as f64;
            assert!((-1.1..=0.1).contains(&off), "{system} {platforms:?}: {got}");
        }
    }

    #[test]
    fn clock_that_agrees_within_the_second_of_a_date_counts_to_the_millisecond() {
        assert_eq!(heard(&[0, 0]).verdict(ahead(0)).line, ahead(0));
        assert_eq!(heard(&[0]).verdict(ahead(0)).line, ahead(0));
        // Two seconds ahead is ahead, though nobody needs to be told.
        let verdict = heard(&[0]).verdict(ahead(2));
        assert!(verdict.line <= ahead(0) && verdict.off_by.is_none(), "{verdict:?}");
    }

    #[test]
    fn wrong_clock_is_told_by_how_much_and_a_lone_liar_is_not() {
        let off =
            |system, platforms: &[i64]| heard(platforms).verdict(ahead(system)).off_by.map(|by| by.as_secs());
        assert_eq!(off(0, &[0]), None);
        assert_eq!(off(59, &[0]), None);
        assert_eq!(off(2 * HOUR, &[0]), Some(2 * HOUR));
        assert_eq!(off(-2 * HOUR, &[0, 0]).map(|by| (by + 2 * HOUR).abs() <= 1), Some(true));
        assert_eq!(off(0, &[0, -24 * HOUR]), None);
        assert_eq!(off(0, &[0, 0, 24 * HOUR]), None);
    }

    #[test]
    fn absurd_date_is_as_good_as_none() {
        for text in ["1970-01-01T00:00:00Z", "2019-12-31T23:59:59Z", "2999-01-01T00:00:00Z"] {
            let mut trust = Trust::default();
            trust.hear("a", text.parse().unwrap(), boot(), boot());
            assert_eq!(trust.verdict(ahead(0)), Verdict { line: ahead(0), off_by: None }, "{text}");
            assert!(trust.is_confirmed(boot()), "there is nobody to ask");
        }
        assert!(!Trust::default().is_confirmed(boot()));
    }

    #[test]
    fn answers_of_one_platform_narrow_its_second() {
        let mut trust = Trust::default();
        for ms in [400_u64, 990, 1010, 1700] {
            let at = boot() + Duration::from_millis(ms);
            let date = Timestamp::from_second(instant(ahead(0), at).as_second()).unwrap();
            trust.hear("a", date, at - Duration::from_millis(20), at);
        }
        let heard = trust.heard["a"];
        assert!(heard.low <= ahead(0) && ahead(0) <= heard.high, "{heard:?}");
        assert!(heard.high - heard.low < SignedDuration::from_millis(500), "{heard:?}");
        // A platform whose clock is set says something new, and the new counts.
        let at = boot() + Duration::from_secs(60);
        let date = Timestamp::from_second(instant(ahead(-600), at).as_second()).unwrap();
        trust.hear("a", date, at, at);
        assert!(trust.heard["a"].high < ahead(-500));
    }

    #[test]
    fn clock_that_is_set_leaves_the_time_before_as_a_witness() {
        // Forward by two hours with nobody to ask: nothing goes early.
        let mut trust = Trust::default();
        trust.clock_was_set(ahead(0));
        assert_eq!(trust.verdict(ahead(2 * HOUR)).line, ahead(0));
        // Back by two hours while a platform was heard before: time goes on as it was.
        let mut trust = heard(&[0]);
        trust.clock_was_set(ahead(0));
        assert!((trust.verdict(ahead(-2 * HOUR)).line - ahead(0)).abs() <= SignedDuration::from_secs(2));
        // The new time is right: a platform says so, and the old one is forgotten.
        let mut trust = heard(&[0]);
        trust.clock_was_set(ahead(-2 * HOUR));
        trust.settle(ahead(0));
        assert_eq!(trust.before, None);
        assert_eq!(trust.verdict(ahead(0)), Verdict { line: ahead(0), off_by: None });
        // The new time is wrong: the old one stays.
        let mut trust = heard(&[0]);
        trust.clock_was_set(ahead(0));
        trust.settle(ahead(2 * HOUR));
        assert_eq!(trust.before, Some(ahead(0)));
    }

    #[test]
    fn witness_grows_old() {
        let trust = heard(&[0]);
        assert!(trust.is_confirmed(boot() + Duration::from_secs(11 * 3600)));
        assert!(!trust.is_confirmed(boot() + Duration::from_secs(12 * 3600)));
    }

    #[test]
    fn dates_are_read() {
        let want = "1994-11-06T08:49:37Z".parse().ok();
        assert_eq!(read_date("Sun, 06 Nov 1994 08:49:37 GMT"), want);
        for text in ["", "120", "yesterday", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    proptest! {
        /// One liar, whatever it says, never makes the time run ahead of a right clock, and changes nothing where another is honest.
        #[test]
        fn one_liar_makes_nothing_early(lie in -400_000_000i64..4_000_000_000, honest in 1usize..4) {
            prop_assert!(trusted(0, &[lie]) <= 0.0);
            let mut all = vec![0; honest];
            all.push(lie);
            prop_assert!(trusted(0, &all).abs() < 1.1);
        }

        /// A wrong clock and one honest platform: never early.
        #[test]
        fn one_honest_platform_is_enough_not_to_be_early(system in 2i64..40_000_000) {
            prop_assert!(trusted(system, &[0]) <= 0.0);
        }
    }
}
