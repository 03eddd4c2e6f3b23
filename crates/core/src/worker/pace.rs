//! How long a platform takes from the last byte to "public". It is told, and nothing is sent ahead by it: the next post may be
//! quicker than all before, and early is worse than late.
//!
//! A time counts only if this program ran all the while: monotonic, undisturbed by a suspend, a stop or a clock that was set, and
//! without a wait for the post's own minute in it.

use super::{Desk, Ticket};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::platform::GoesOut;
use crate::post::State;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A platform that is slower than this was waited for by something else than processing: moderation, most likely.
const LONGEST: Duration = Duration::from_secs(900);

/// The last bytes of posts under way in this process, by delivery.
#[derive(Default)]
pub(crate) struct LastBytes {
    at: Mutex<HashMap<i64, LastByte>>,
}

#[derive(Clone, Copy)]
struct LastByte {
    monotonic: Duration,
    undisturbed: u64,
}

impl LastBytes {
    fn all(&self) -> MutexGuard<'_, HashMap<i64, LastByte>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A body of this delivery was answered just now.
    pub(super) fn answered(&self, delivery: i64, clock: &Clock) {
        match clock.undisturbed() {
            Some(undisturbed) => {
                let monotonic = clock.reading().monotonic;
                self.all().insert(delivery, LastByte { monotonic, undisturbed });
            }
            None => self.forget(delivery),
        }
    }

    /// It waits for something else now than the platform's work.
    pub(super) fn forget(&self, delivery: i64) {
        self.all().remove(&delivery);
    }

    /// How long ago that was, if nothing disturbed the measuring.
    fn since(&self, delivery: i64, clock: &Clock) -> Option<Duration> {
        let last = self.all().remove(&delivery)?;
        if clock.undisturbed()? != last.undisturbed {
            return None;
        }
        clock.reading().monotonic.checked_sub(last.monotonic).filter(|took| *took < LONGEST)
    }
}

/// The time between the answer to the last byte and now, when the post was just found public. `None` where nothing is to be learned.
pub(super) fn last_byte_to_public(engine: &Engine, ticket: &Ticket, desk: &Desk) -> Option<Duration> {
    let took = engine.inner.last_bytes.since(ticket.delivery.id, engine.clock());
    // What a creator finishes by hand says nothing of the pace.
    let measured = ticket.errand.is_none()
        && ticket.delivery.state != State::ToFinish
        && matches!(desk.platform.goes_out(&desk.job), GoesOut::AtTheMinute | GoesOut::Now);
    took.filter(|_| measured)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn time_is_measured_while_the_program_runs_and_a_wait_voids_it() {
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().unwrap());
        let bytes = LastBytes::default();
        bytes.answered(7, &clock);
        hand.advance(Duration::from_secs(3));
        assert_eq!(bytes.since(7, &clock), Some(Duration::from_secs(3)));
        assert_eq!(bytes.since(7, &clock), None, "once");
        bytes.answered(7, &clock);
        bytes.forget(7);
        assert_eq!(bytes.since(7, &clock), None);
        bytes.answered(7, &clock);
        hand.advance(LONGEST);
        assert_eq!(bytes.since(7, &clock), None);
    }

    #[test]
    fn set_clock_voids_a_measured_time() {
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().unwrap());
        let bytes = LastBytes::default();
        bytes.answered(7, &clock);
        hand.jump(jiff::SignedDuration::from_secs(40));
        assert_eq!(bytes.since(7, &clock), None);
    }
}
