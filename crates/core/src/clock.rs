//! What time it is, sleeping until a time, and noticing that time was not what it seemed.
//!
//! The only module that asks the operating system for the time; everything else is handed a [`Clock`] or an instant,
//! so a test moves time by hand and never waits. [`watch`] notices suspend, clock jumps and changed zones, [`net`]
//! notices that the network went and came back.
//!
//! Deliberately not here: what to do about a notice. Timers are hints: on any notice the table is asked again.

pub mod net;
pub mod watch;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The longest sleep without a look at the wall clock. Timers run on a clock that stands still in suspend (Linux,
/// macOS) and knows nothing of a clock that was set, so one long timer would wake too late by as much.
const LONGEST_NAP: Duration = Duration::from_secs(20);

/// A handle on time, cheap to clone: the system's, or one that a test moves.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    System { since: Instant },
    ByHand(Arc<Mutex<Dial>>),
}

/// Both clocks read at one moment. `monotonic` counts from an arbitrary start and is only good for differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub wall: Timestamp,
    pub monotonic: Duration,
}

impl Clock {
    /// The operating system's time.
    pub fn system() -> Clock {
        Clock { source: Source::System { since: Instant::now() } }
    }

    /// A clock that stands still until its [`Hand`] moves it.
    pub fn by_hand(start: Timestamp) -> (Clock, Hand) {
        let dial = Dial { wall: start, monotonic: Duration::ZERO, sleepers: BTreeMap::new(), next_id: 0 };
        let dial = Arc::new(Mutex::new(dial));
        (Clock { source: Source::ByHand(Arc::clone(&dial)) }, Hand { dial })
    }

    pub fn now(&self) -> Timestamp {
        self.reading().wall
    }

    pub fn reading(&self) -> Reading {
        match &self.source {
            Source::System { since } => Reading { wall: Timestamp::now(), monotonic: since.elapsed() },
            Source::ByHand(dial) => {
                let dial = locked(dial);
                Reading { wall: dial.wall, monotonic: dial.monotonic }
            }
        }
    }

    /// Returns once the wall clock reads `at` or later, at once if it does already. Accurate to a few milliseconds;
    /// after a suspend or a clock that was set it wakes within 20 seconds of being able to.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &self.source {
            Source::System { .. } => {
                while let Some(nap) = nap(Timestamp::now(), at) {
                    tokio::time::sleep(nap).await;
                }
            }
            Source::ByHand(dial) => {
                Sleeper { dial: Arc::clone(dial), until: Until::Wall(at), id: None }.await
            }
        }
    }

    /// Returns after this much running time. Suspend does not count on Linux and macOS and setting the clock does not
    /// matter: for pauses within one piece of work. Whatever must happen at an instant uses [`Clock::sleep_until`].
    pub async fn sleep(&self, lasting: Duration) {
        match &self.source {
            Source::System { .. } => tokio::time::sleep(lasting).await,
            Source::ByHand(dial) => {
                let until = Until::Monotonic(locked(dial).monotonic.saturating_add(lasting));
                Sleeper { dial: Arc::clone(dial), until, id: None }.await;
            }
        }
    }
}

/// How long to sleep before looking at the wall clock again; `None` once `at` has come.
fn nap(now: Timestamp, at: Timestamp) -> Option<Duration> {
    let left = Duration::try_from(at.duration_since(now)).ok().filter(|left| !left.is_zero())?;
    Some(left.min(LONGEST_NAP))
}

/// The hand of a clock that a test moves. Moving it wakes the sleepers it passes, but they run only when the test
/// yields (`tokio::task::yield_now`, or any await). One long move wakes a sleeper once, however short its naps: step
/// along [`Hand::next_wake`] to see every wake.
#[derive(Clone, Debug)]
pub struct Hand {
    dial: Arc<Mutex<Dial>>,
}

impl Hand {
    /// Time passes.
    pub fn advance(&self, by: Duration) {
        locked(&self.dial).shift(by, by);
    }

    /// Time passes until the wall clock reads `at`. A time before now turns the wall clock back, as [`Hand::jump`].
    pub fn set(&self, at: Timestamp) {
        let mut dial = locked(&self.dial);
        match Duration::try_from(at.duration_since(dial.wall)) {
            Ok(by) => dial.shift(by, by),
            Err(_) => dial.wall = at,
        }
    }

    /// Someone sets the wall clock, forward or back, while no time passes.
    pub fn jump(&self, by: SignedDuration) {
        let mut dial = locked(&self.dial);
        dial.wall = dial.wall.saturating_add(by).unwrap_or(dial.wall);
        dial.wake_due();
    }

    /// The computer sleeps, as Linux and macOS tell it: the wall clock moves on, the monotonic one does not.
    pub fn suspend(&self, lasting: Duration) {
        locked(&self.dial).shift(lasting, Duration::ZERO);
    }

    /// When the next sleeper wakes if time simply passes; `None` if nobody sleeps. A sleeper whose future was dropped
    /// does not count. One that is due and has not run yet does not either.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let dial = locked(&self.dial);
        let at = |until: &Until| match until {
            Until::Wall(at) => *at,
            Until::Monotonic(at) => {
                dial.wall.saturating_add(at.saturating_sub(dial.monotonic)).unwrap_or(Timestamp::MAX)
            }
        };
        dial.sleepers.values().map(|(until, _)| at(until)).min()
    }

    /// Moves to the next wake and wakes its sleepers; the instant it moved to, or `None` if nobody sleeps.
    pub fn step(&self) -> Option<Timestamp> {
        let at = self.next_wake()?;
        self.set(at);
        Some(at)
    }
}

/// The state behind a clock by hand.
#[derive(Debug)]
struct Dial {
    wall: Timestamp,
    monotonic: Duration,
    sleepers: BTreeMap<u64, (Until, Waker)>,
    next_id: u64,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Wall(Timestamp),
    Monotonic(Duration),
}

impl Dial {
    fn shift(&mut self, wall: Duration, monotonic: Duration) {
        self.wall = self.wall.saturating_add(wall).unwrap_or(Timestamp::MAX);
        self.monotonic = self.monotonic.saturating_add(monotonic);
        self.wake_due();
    }

    fn has_come(&self, until: Until) -> bool {
        match until {
            Until::Wall(at) => self.wall >= at,
            Until::Monotonic(at) => self.monotonic >= at,
        }
    }

    fn wake_due(&mut self) {
        let due: Vec<u64> =
            self.sleepers.iter().filter(|(_, (until, _))| self.has_come(*until)).map(|(id, _)| *id).collect();
        for id in due {
            if let Some((_, waker)) = self.sleepers.remove(&id) {
                waker.wake();
            }
        }
    }
}

/// A poisoned dial is still a readable dial: a panic in one test task must not hide behind a second one here.
fn locked(dial: &Mutex<Dial>) -> MutexGuard<'_, Dial> {
    dial.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One sleep on a clock by hand. Leaves the dial when it is dropped, so `next_wake` names no cancelled sleep.
struct Sleeper {
    dial: Arc<Mutex<Dial>>,
    until: Until,
    id: Option<u64>,
}

impl Future for Sleeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let sleeper = &mut *self;
        let mut dial = locked(&sleeper.dial);
        if dial.has_come(sleeper.until) {
            return Poll::Ready(());
        }
        let id = *sleeper.id.get_or_insert_with(|| {
            dial.next_id += 1;
            dial.next_id
        });
        dial.sleepers.insert(id, (sleeper.until, context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            locked(&self.dial).sleepers.remove(&id);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn start() -> Timestamp {
        "2026-11-22T18:00:00Z".parse().unwrap()
    }

    #[test]
    fn naps_are_short_and_end_at_the_instant() {
        let check = |left: SignedDuration, expected| assert_eq!(nap(start(), start() + left), expected);
        check(SignedDuration::from_hours(9), Some(LONGEST_NAP));
        check(SignedDuration::from_millis(20_001), Some(LONGEST_NAP));
        check(SignedDuration::from_millis(1_500), Some(Duration::from_millis(1_500)));
        check(SignedDuration::from_nanos(1), Some(Duration::from_nanos(1)));
        check(SignedDuration::ZERO, None);
        check(SignedDuration::from_secs(-5), None);
        assert_eq!(nap(Timestamp::MIN, Timestamp::MAX), Some(LONGEST_NAP));
        assert_eq!(nap(Timestamp::MAX, Timestamp::MIN), None);
    }

    #[test]
    fn a_clock_by_hand_stands_still_and_wakes_whom_it_passes() {
        let (clock, hand) = Clock::by_hand(start());
        assert_eq!(hand.next_wake(), None);
        let at = |seconds| start() + SignedDuration::from_secs(seconds);
        let mut early = Box::pin(clock.sleep_until(at(10)));
        let mut late = Box::pin(clock.sleep(Duration::from_secs(60)));
        assert!((&mut early).now_or_never().is_none());
        assert!((&mut late).now_or_never().is_none());
        assert_eq!(hand.next_wake(), Some(at(10)));
        hand.advance(Duration::from_millis(9_999));
        assert!((&mut early).now_or_never().is_none());
        assert_eq!(hand.step(), Some(at(10)));
        assert_eq!(clock.now(), at(10));
        assert!((&mut early).now_or_never().is_some());
        assert!((&mut late).now_or_never().is_none());
        assert_eq!(hand.step(), Some(at(60)));
        assert!((&mut late).now_or_never().is_some());
        assert_eq!(hand.step(), None);
        assert!(clock.sleep_until(at(60)).now_or_never().is_some(), "what is past is not waited for");
    }

    #[test]
    fn a_dropped_sleep_is_forgotten() {
        let (clock, hand) = Clock::by_hand(start());
        let mut sleep = Box::pin(clock.sleep(Duration::from_secs(60)));
        assert!((&mut sleep).now_or_never().is_none());
        assert!(hand.next_wake().is_some());
        drop(sleep);
        assert_eq!(hand.next_wake(), None);
    }

    #[test]
    fn suspend_and_a_set_clock_move_the_wall_only() {
        let (clock, hand) = Clock::by_hand(start());
        let mut instant = Box::pin(clock.sleep_until(start() + SignedDuration::from_mins(10)));
        let mut elapsed = Box::pin(clock.sleep(Duration::from_secs(600)));
        assert!((&mut instant).now_or_never().is_none());
        assert!((&mut elapsed).now_or_never().is_none());
        hand.jump(SignedDuration::from_hours(-1));
        assert_eq!(hand.next_wake(), Some(start() - SignedDuration::from_mins(50)));
        hand.suspend(Duration::from_secs(7200));
        assert!((&mut instant).now_or_never().is_some());
        assert!((&mut elapsed).now_or_never().is_none(), "sleeping computers do not run");
        assert_eq!(clock.reading().monotonic, Duration::ZERO);
        hand.set(start() - SignedDuration::from_hours(3));
        assert_eq!(clock.now(), start() - SignedDuration::from_hours(3));
        hand.advance(Duration::from_secs(600));
        assert!((&mut elapsed).now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_wake_reaches_a_task() {
        let (clock, hand) = Clock::by_hand(start());
        let due = start() + SignedDuration::from_secs(5);
        let task = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(due).await;
                clock.now()
            }
        });
        while hand.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        hand.advance(Duration::from_secs(8));
        assert_eq!(task.await.unwrap(), due + SignedDuration::from_secs(3));
    }

    #[tokio::test]
    async fn the_system_clock_is_never_early() {
        let clock = Clock::system();
        let due = clock.now() + SignedDuration::from_millis(3);
        clock.sleep_until(due).await;
        assert!(clock.now() >= due);
        clock.sleep_until(Timestamp::MIN).await;
    }
}
