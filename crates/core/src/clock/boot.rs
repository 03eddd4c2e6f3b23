//! Running time that goes on through suspend, without asking a clock that somebody may set.
//!
//! Linux says it in `/proc/uptime`. On Windows the monotonic clock counts a suspend already. Elsewhere a computer's clock that ran
//! ahead of the monotonic one is taken for a suspend, and whoever depends on it is told that this was a guess.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Time between two looks at what the system says: a suspend shows at the first look after it.
const LOOK: Duration = Duration::from_secs(1);

/// Less than this between the system's running time and the monotonic clock is how roughly the former is written.
const ROUGH: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(super) struct BootClock {
    /// Time spent in suspend since the first look.
    suspended: Duration,
    first: Option<First>,
    /// Of the last look at the system.
    looked: Option<Look>,
}

#[derive(Debug)]
struct First {
    /// What the system's running time is ahead of the monotonic clock.
    ahead: Option<SignedDuration>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    monotonic: Duration,
    /// The computer's clock minus the monotonic one.
    drift: SignedDuration,
}

impl BootClock {
    /// Running time with suspend, and whether that is sure.
    pub(super) fn read(&mut self, system: Timestamp, monotonic: Duration) -> (Duration, bool) {
        let running = SignedDuration::try_from(monotonic).unwrap_or(SignedDuration::MAX);
        let drift = system.duration_since(Timestamp::UNIX_EPOCH).saturating_sub(running);
        let due = self.looked.is_none_or(|look| {
            monotonic.saturating_sub(look.monotonic) >= LOOK
                || drift.saturating_sub(look.drift).abs() >= SignedDuration::from_millis(500)
        });
        let mut sure = true;
        if due {
            let before = self.looked.replace(Look { monotonic, drift });
            sure = self.look(
                uptime(),
                running,
                before.map_or(SignedDuration::ZERO, |look| drift.saturating_sub(look.drift)),
            );
        }
        (monotonic.saturating_add(self.suspended), sure)
    }

    /// `drifted`: what the computer's clock gained on the monotonic one since the last look.
    fn look(&mut self, uptime: Option<Duration>, running: SignedDuration, drifted: SignedDuration) -> bool {
        let ahead = uptime
            .map(|up| SignedDuration::try_from(up).unwrap_or(SignedDuration::MAX).saturating_sub(running));
        let first = self.first.get_or_insert(First { ahead });
        match (first.ahead, ahead) {
            (Some(first), Some(now)) => {
                let suspended = Duration::try_from(now.saturating_sub(first)).unwrap_or_default();
                if suspended.abs_diff(self.suspended) > ROUGH {
                    self.suspended = suspended.max(self.suspended);
                }
                true
            }
            _ if cfg!(windows) => true,
            _ => match Duration::try_from(drifted) {
                Ok(slept) if drifted >= super::watch::JUMP => {
                    self.suspended = self.suspended.saturating_add(slept);
                    false
                }
                _ => true,
            },
        }
    }
}

#[cfg(target_os = "linux")]
fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

#[cfg(not(target_os = "linux"))]
fn uptime() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suspend_shows_in_the_systems_running_time_and_a_set_clock_does_not() {
        let mut clock = BootClock::default();
        let seconds = SignedDuration::from_secs;
        let up = |s: f64| Some(Duration::from_secs_f64(s));
        assert!(clock.look(up(1000.01), seconds(10), SignedDuration::ZERO));
        assert!(clock.look(up(1001.0), seconds(11), SignedDuration::ZERO));
        assert_eq!(clock.suspended, Duration::ZERO);
        assert!(clock.look(up(1002.0), seconds(12), seconds(7200)), "the clock was set");
        assert_eq!(clock.suspended, Duration::ZERO);
        assert!(clock.look(up(4603.0), seconds(13), seconds(3600)));
        assert!(clock.suspended.abs_diff(Duration::from_secs(3600)) < ROUGH);
    }

    #[test]
    fn without_the_systems_word_a_clock_that_ran_ahead_is_a_guess() {
        let mut clock = BootClock::default();
        assert!(clock.look(None, SignedDuration::from_secs(10), SignedDuration::ZERO));
        let sure = clock.look(None, SignedDuration::from_secs(11), SignedDuration::from_secs(3600));
        assert_eq!(
            (sure, clock.suspended),
            (cfg!(windows), Duration::from_secs(if cfg!(windows) { 0 } else { 3600 }))
        );
        assert!(clock.look(None, SignedDuration::from_secs(12), SignedDuration::from_secs(-3600)));
    }
}
