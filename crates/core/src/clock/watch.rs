//! Noticing that the computer slept, that someone set the clock, and that zones changed.
//!
//! Once a second all clocks are held against each other. The computer's clock drifts from the running time since boot when it is set;
//! the running time since boot drifts from the monotonic one by the length of a suspend on Linux and macOS. On Windows the monotonic
//! clock runs on through a suspend, so there a second that lasted minutes is the sign.
//!
//! Every notice means "re-plan from the table".

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::{Clock, Reading};

/// Why to look at the table again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ClockNotice {
    /// The program did not run for this long: suspend where the monotonic clock runs on, or a machine that stalled.
    Suspended { lasted: Duration },
    /// The computer's clock moved by this much more (or less) than time passed: it was set.
    Jumped { by: SignedDuration },
    /// The time that is trusted did so: a platform told that another time is right, or the clock was set and nobody objects.
    Corrected { by: SignedDuration },
    /// Zone data or the computer's own zone changed: derive every instant again (C36).
    ZonesChanged,
}

/// Time between two looks.
pub const TICK: Duration = Duration::from_secs(1);

/// Less drift than this in one tick is a network clock correction and no jump.
pub const JUMP: SignedDuration = SignedDuration::from_secs(2);

/// A tick that lasted longer than this was no busy machine.
pub const STALL: Duration = Duration::from_secs(30);

/// Ticks between two looks at the zones; zone data is a few hundred files, and updates come a few times a year.
const TICKS_PER_ZONE_LOOK: u32 = 600;

/// What two readings, one tick apart, say about the time between them.
pub fn compare(before: Reading, after: Reading) -> Option<ClockNotice> {
    let ran = after.monotonic.saturating_sub(before.monotonic);
    let passed = after.boot.saturating_sub(before.boot);
    let (set, corrected) = (moved(before.system, after.system, passed), trusted_moved(before, after));
    if corrected.abs() >= JUMP {
        Some(ClockNotice::Corrected { by: corrected })
    } else if set.abs() >= JUMP {
        Some(ClockNotice::Jumped { by: set })
    } else if ran > STALL || passed.saturating_sub(ran) >= JUMP.unsigned_abs() {
        Some(ClockNotice::Suspended { lasted: passed })
    } else {
        None
    }
}

/// By how much more than time passed the trusted time moved between two readings.
pub fn trusted_moved(before: Reading, after: Reading) -> SignedDuration {
    moved(before.wall, after.wall, after.boot.saturating_sub(before.boot))
}

fn moved(before: Timestamp, after: Timestamp, passed: Duration) -> SignedDuration {
    after
        .duration_since(before)
        .saturating_sub(SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX))
}

/// Starts a task that sends a notice for everything it sees, until the last receiver is dropped (a `resubscribe` is a
/// receiver). A receiver that lags has missed nothing but further reasons to do the same thing.
///
/// Must be called inside a tokio runtime.
pub fn watch(clock: Clock) -> broadcast::Receiver<ClockNotice> {
    watch_with(clock, || {
        // jiff keeps zones for minutes of running time, which a suspend does not count.
        jiff::tz::db().reset();
        let own = crate::schedule::system_zone::look_again();
        let data = crate::schedule::zone_data_stamp().unwrap_or_else(crate::schedule::zone_data_version);
        format!("{data} {own:?}")
    })
}

/// As [`watch`], with the look at the zones given: it runs off the async threads and answers with a name for what it
/// saw.
fn watch_with(
    clock: Clock,
    zones: impl Fn() -> String + Clone + Send + 'static,
) -> broadcast::Receiver<ClockNotice> {
    let (sender, receiver) = broadcast::channel(16);
    tokio::spawn(async move {
        let mut before = clock.reading();
        let mut known_zones = None;
        let mut ticks = 0;
        while sender.receiver_count() > 0 {
            if ticks % TICKS_PER_ZONE_LOOK == 0
                && let Ok(seen) = tokio::task::spawn_blocking(zones.clone()).await
                && known_zones.replace(seen.clone()).is_some_and(|known| known != seen)
            {
                tracing::info!("zones changed");
                let _ = sender.send(ClockNotice::ZonesChanged);
            }
            clock.sleep(TICK).await;
            let after = clock.reading();
            clock.beat(after);
            if let Some(notice) = compare(before, after) {
                tracing::info!(?notice, "time was not what it seemed");
                // Sending fails only when the last receiver just went, and the loop ends by that.
                let _ = sender.send(notice);
                // A computer that woke may have travelled: look at the zones with this tick.
                ticks = 0;
            } else {
                ticks += 1;
            }
            before = after;
        }
    });
    receiver
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::Hand;
    use super::*;

    #[test]
    fn two_readings_tell_a_jump_from_a_tick() {
        // Milliseconds of the trusted time, the computer's clock, running time, and running time with suspend.
        let check = |wall_ms: i64, system_ms: i64, ran_ms: u64, boot_ms: u64, expected| {
            let wall = "2026-11-22T18:00:00Z".parse().unwrap();
            let system = wall + SignedDuration::from_secs(5);
            let running = Duration::from_secs(77);
            let before = Reading { wall, system, monotonic: running, boot: running };
            let after = Reading {
                wall: wall + SignedDuration::from_millis(wall_ms),
                system: system + SignedDuration::from_millis(system_ms),
                monotonic: running + Duration::from_millis(ran_ms),
                boot: running + Duration::from_millis(boot_ms),
            };
            assert_eq!(compare(before, after), expected, "{wall_ms} {system_ms} {ran_ms} {boot_ms}");
        };
        let jumped = |ms| Some(ClockNotice::Jumped { by: SignedDuration::from_millis(ms) });
        let corrected = |ms| Some(ClockNotice::Corrected { by: SignedDuration::from_millis(ms) });
        let suspended = |ms| Some(ClockNotice::Suspended { lasted: Duration::from_millis(ms) });
        check(1000, 1000, 1000, 1000, None);
        check(2999, 2999, 1000, 1000, None);
        check(-999, -999, 1000, 1000, None);
        check(3000, 3000, 1000, 1000, corrected(2000));
        check(-1000, -1000, 1000, 1000, corrected(-2000));
        check(1000, 3_601_000, 1000, 1000, jumped(3_600_000));
        check(1000, -3_600_000, 1000, 1000, jumped(-3_601_000));
        check(-7_199_000, 1000, 1000, 1000, corrected(-7_200_000)); // a platform was heard
        check(28_800_000, 28_800_000, 1000, 28_800_000, suspended(28_800_000)); // a night on Linux
        check(30_000, 30_000, 30_000, 30_000, None); // a busy machine
        check(30_001, 30_001, 30_001, 30_001, suspended(30_001)); // a night on Windows, or a stopped program
    }

    /// Steps the watcher by ticks until it has looked.
    async fn ticks(hand: &Hand, count: u32) {
        for _ in 0..count {
            while hand.next_wake().is_none() {
                tokio::task::yield_now().await;
            }
            hand.step();
        }
        while hand.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_suspend_is_noticed_once_and_a_quiet_clock_never() {
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().unwrap());
        let mut notices = watch_with(clock, || "2026a".to_owned());
        ticks(&hand, 700).await;
        assert!(notices.try_recv().is_err());
        hand.suspend(Duration::from_secs(3600));
        ticks(&hand, 3).await;
        assert!(
            matches!(notices.try_recv().unwrap(), ClockNotice::Suspended { lasted } if lasted.as_secs() >= 3600)
        );
        assert!(notices.try_recv().is_err());
    }

    #[tokio::test]
    async fn changed_zones_are_noticed_at_the_next_look_and_after_a_wake_c36() {
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().unwrap());
        let release = std::sync::Arc::new(AtomicU32::new(1));
        let mut notices = watch_with(clock, {
            let release = release.clone();
            move || release.load(Ordering::SeqCst).to_string()
        });
        ticks(&hand, 1).await;
        release.store(2, Ordering::SeqCst);
        ticks(&hand, TICKS_PER_ZONE_LOOK - 2).await;
        assert!(notices.try_recv().is_err(), "not before the look");
        ticks(&hand, 1).await;
        assert_eq!(notices.try_recv().unwrap(), ClockNotice::ZonesChanged);
        release.store(3, Ordering::SeqCst);
        hand.jump(SignedDuration::from_hours(5));
        ticks(&hand, 1).await;
        // Nobody says that the new time is right, so the earlier one is trusted on.
        assert!(matches!(notices.try_recv().unwrap(), ClockNotice::Jumped { .. }));
        assert_eq!(notices.try_recv().unwrap(), ClockNotice::ZonesChanged);
        assert!(notices.try_recv().is_err());
    }

    #[tokio::test]
    async fn the_watcher_ends_with_its_last_receiver() {
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().unwrap());
        let notices = watch_with(clock, String::new);
        let second = notices.resubscribe();
        ticks(&hand, 1).await;
        drop(notices);
        ticks(&hand, 1).await;
        drop(second);
        hand.step();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hand.next_wake(), None);
    }
}
