//! What time it is, sleeping until a time, and noticing that time was not what it seemed.
//!
//! The only module that asks the operating system for the time; everything else is handed a [`Clock`] or an instant,
//! so a test moves time by hand and never waits. [`watch`] notices suspend, clock jumps and changed zones, [`net`]
//! notices that the network went and came back.
//!
//! [`Clock::now`] is the time that is *trusted*: the computer's clock held against what the platforms say ([`trust`]). Everything in
//! the engine that has a minute asks it, so a wrong clock makes nothing early wherever that is decided.
//!
//! Deliberately not here: what to do about a notice. Timers are hints: on any notice the table is asked again.

mod boot;
pub mod net;
pub mod trust;
pub mod watch;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use boot::BootClock;
use trust::Trust;

/// The longest sleep without a look at the wall clock. Timers run on a clock that stands still in suspend (Linux,
/// macOS) and knows nothing of a clock that was set, so one long timer would wake too late by as much.
const LONGEST_NAP: Duration = Duration::from_secs(20);

/// A handle on time, cheap to clone: the system's, or one that a test moves.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    state: Arc<Mutex<State>>,
    changed: Arc<tokio::sync::Notify>,
}

#[derive(Clone, Debug)]
enum Source {
    System { since: Instant },
    ByHand(Arc<Mutex<Dial>>),
}

/// What is known of the clock, shared by all handles.
#[derive(Debug, Default)]
struct State {
    boot: BootClock,
    trust: Trust,
    /// The computer's clock and the running time since boot when they were last read.
    last: Option<(Timestamp, Duration)>,
    /// Counts what is worth another look at the table: the clock was set, or another time is trusted.
    changes: u64,
    told: Option<SignedDuration>,
    beats: Beats,
}

/// Ticks of the watcher, by which a stop of the whole program is noticed afterwards.
#[derive(Debug, Default)]
struct Beats {
    last: Option<Duration>,
    /// Counts suspends, stops and set clocks.
    disturbed: u64,
}

/// A program that did not tick for so long was stopped, or the machine was too busy to measure anything.
const MISSED_BEAT: Duration = Duration::from_secs(10);

/// All clocks read at one moment. `monotonic` and `boot` count from an arbitrary start and are only good for differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time that is trusted.
    pub wall: Timestamp,
    /// What the computer's clock says.
    pub system: Timestamp,
    /// Running time; stands still in suspend on Linux and macOS.
    pub monotonic: Duration,
    /// Running time that goes on through suspend. Nobody sets it.
    pub boot: Duration,
}

impl Clock {
    /// The operating system's time.
    pub fn system() -> Clock {
        Clock::of(Source::System { since: Instant::now() })
    }

    fn of(source: Source) -> Clock {
        Clock { source, state: Arc::default(), changed: Arc::default() }
    }

    /// A clock that stands still until its [`Hand`] moves it.
    pub fn by_hand(start: Timestamp) -> (Clock, Hand) {
        let dial = Dial {
            wall: start,
            monotonic: Duration::ZERO,
            boot: Duration::ZERO,
            sleepers: BTreeMap::new(),
            next_id: 0,
        };
        let dial = Arc::new(Mutex::new(dial));
        (Clock::of(Source::ByHand(Arc::clone(&dial))), Hand { dial })
    }

    /// The time that is trusted. Never ahead of the right one where a platform was heard that knows it.
    pub fn now(&self) -> Timestamp {
        self.reading().wall
    }

    pub fn reading(&self) -> Reading {
        let mut state = locked(&self.state);
        let (system, monotonic, boot, boot_is_sure) = match &self.source {
            Source::System { since } => {
                let (system, monotonic) = (Timestamp::now(), since.elapsed());
                let (boot, sure) = state.boot.read(system, monotonic);
                (system, monotonic, boot, sure)
            }
            Source::ByHand(dial) => {
                let dial = locked(dial);
                (dial.wall, dial.monotonic, dial.boot, true)
            }
        };
        let (wall, changed) = state.look(system, boot, boot_is_sure);
        drop(state);
        if changed {
            self.changed.notify_waiters();
        }
        Reading { wall, system, monotonic, boot }
    }

    /// A platform's answer carried this `Date`. `sent` and `received` are readings around the call.
    pub(crate) fn hear(&self, whose: &str, date: Option<Timestamp>, sent: Reading, received: Reading) {
        let mut state = locked(&self.state);
        match date {
            Some(date) => state.trust.hear(whose, date, sent.boot, received.boot),
            None => state.trust.hear_nothing(received.boot),
        }
        drop(state);
        self.reading();
    }

    /// Did a platform say the time lately? Asked before anything is made public.
    pub fn is_confirmed(&self) -> bool {
        let boot = self.reading().boot;
        locked(&self.state).trust.is_confirmed(boot)
    }

    /// How far the computer's clock is ahead of what the platforms say (behind, if negative), where that is over a minute.
    pub fn off_by(&self) -> Option<SignedDuration> {
        self.reading();
        locked(&self.state).told
    }

    /// Counts the times at which the clock was set or another time is trusted.
    pub fn changes(&self) -> u64 {
        locked(&self.state).changes
    }

    /// Returns at the next such time.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The watcher's tick.
    fn beat(&self, reading: Reading) {
        let mut state = locked(&self.state);
        if state
            .beats
            .last
            .replace(reading.boot)
            .is_some_and(|last| reading.boot.saturating_sub(last) > MISSED_BEAT)
        {
            state.beats.disturbed += 1;
        }
    }

    /// A number that differs after the program or the computer stood still in between, or the clock was set: what was measured then
    /// says nothing. `None` at a moment when nobody can tell.
    pub(crate) fn undisturbed(&self) -> Option<u64> {
        let boot = self.reading().boot;
        let state = locked(&self.state);
        let late = state.beats.last.is_some_and(|last| boot.saturating_sub(last) > MISSED_BEAT);
        (!late).then_some(state.beats.disturbed + state.changes)
    }

    /// Returns once the trusted time is `at` or later, at once if it is already. Accurate to a few milliseconds; naps are running time,
    /// so that a clock that is set lengthens no wait: it is reckoned anew at once, and within 20 seconds after a suspend.
    pub async fn sleep_until(&self, at: Timestamp) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let reading = self.reading();
            let Some(nap) = nap(reading.wall, at) else { return };
            match &self.source {
                Source::System { .. } => {
                    tokio::select! {
                        () = tokio::time::sleep(nap) => {}
                        () = changed => {}
                    }
                }
                Source::ByHand(dial) => {
                    let ahead = reading.system.duration_since(reading.wall);
                    let until = Until::Wall(at.saturating_add(ahead).unwrap_or(at));
                    tokio::select! {
                        () = Sleeper { dial: Arc::clone(dial), until, id: None } => {}
                        () = changed => {}
                    }
                }
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

impl State {
    /// The trusted time, and whether it is another one than before.
    fn look(&mut self, system: Timestamp, boot: Duration, boot_is_sure: bool) -> (Timestamp, bool) {
        let now = trust::line(system, boot);
        let before = self.last.replace((system, boot)).map(|(system, boot)| trust::line(system, boot));
        let trusted_before = before.map(|line| self.trust.verdict(line).line);
        let was_set = before.is_some_and(|line| now.saturating_sub(line).abs() >= watch::JUMP);
        if !boot_is_sure {
            self.trust.forget();
        } else if let Some(trusted) = trusted_before.filter(|_| was_set) {
            self.trust.clock_was_set(trusted);
        }
        self.trust.settle(now);
        let verdict = self.trust.verdict(now);
        let told = std::mem::replace(&mut self.told, verdict.off_by);
        // A correction that grows by seconds is one and the same.
        let tells_another = told.is_some() != verdict.off_by.is_some();
        let moved = trusted_before.is_some_and(|line| verdict.line.saturating_sub(line).abs() >= watch::JUMP);
        let changed = was_set || moved || tells_another || !boot_is_sure;
        self.changes += u64::from(changed);
        (trust::instant(verdict.line, boot), changed)
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
        locked(&self.dial).shift(by, by, by);
    }

    /// Time passes until the wall clock reads `at`. A time before now turns the wall clock back, as [`Hand::jump`].
    pub fn set(&self, at: Timestamp) {
        let mut dial = locked(&self.dial);
        match Duration::try_from(at.duration_since(dial.wall)) {
            Ok(by) => dial.shift(by, by, by),
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
        locked(&self.dial).shift(lasting, Duration::ZERO, lasting);
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
    boot: Duration,
    sleepers: BTreeMap<u64, (Until, Waker)>,
    next_id: u64,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Wall(Timestamp),
    Monotonic(Duration),
}

impl Dial {
    fn shift(&mut self, wall: Duration, monotonic: Duration, boot: Duration) {
        self.boot = self.boot.saturating_add(boot);
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
fn locked<T>(dial: &Mutex<T>) -> MutexGuard<'_, T> {
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
        assert!((&mut instant).now_or_never().is_none());
        hand.suspend(Duration::from_secs(7200));
        assert!((&mut instant).now_or_never().is_some());
        assert!((&mut elapsed).now_or_never().is_none(), "sleeping computers do not run");
        assert_eq!(clock.reading().monotonic, Duration::ZERO);
        hand.set(start() - SignedDuration::from_hours(3));
        assert_eq!(clock.now(), start() - SignedDuration::from_hours(3), "nobody says that this is wrong");
        hand.advance(Duration::from_secs(600));
        assert!((&mut elapsed).now_or_never().is_some());
    }

    /// The clock hears a platform whose own clock is so many seconds ahead of `start` now.
    fn hears(clock: &Clock, whose: &str, at: Timestamp) {
        let reading = clock.reading();
        let whole = Timestamp::from_second(at.as_second()).unwrap();
        clock.hear(whose, Some(whole), reading, reading);
    }

    #[test]
    fn clock_that_starts_two_hours_ahead_is_held_and_recovers_when_it_is_set_right() {
        let (clock, hand) = Clock::by_hand(start() + SignedDuration::from_hours(2));
        let mut due = Box::pin(clock.sleep_until(start() + SignedDuration::from_mins(20)));
        assert!(!clock.is_confirmed());
        hears(&clock, "one", start());
        assert!(clock.is_confirmed());
        assert_eq!(clock.now(), start());
        assert_eq!(clock.off_by(), Some(SignedDuration::from_hours(2)));
        assert!((&mut due).now_or_never().is_none(), "its minute has not come");
        hand.advance(Duration::from_secs(60));
        hand.jump(SignedDuration::from_hours(-2));
        assert_eq!(clock.now(), start() + SignedDuration::from_mins(1));
        assert_eq!(clock.off_by(), None);
        hand.advance(Duration::from_secs(18 * 60));
        assert!((&mut due).now_or_never().is_none());
        hand.advance(Duration::from_secs(60));
        assert!((&mut due).now_or_never().is_some());
    }

    #[test]
    fn jump_forward_and_back_moves_no_time_that_is_trusted() {
        let (clock, hand) = Clock::by_hand(start());
        let mut due = Box::pin(clock.sleep_until(start() + SignedDuration::from_mins(20)));
        assert!((&mut due).now_or_never().is_none());
        hand.jump(SignedDuration::from_hours(2));
        assert_eq!(clock.now(), start(), "no platform was heard, and the clock was set: the earlier counts");
        assert!((&mut due).now_or_never().is_none());
        hand.advance(Duration::from_secs(12));
        hand.jump(SignedDuration::from_hours(-2));
        assert_eq!(clock.now(), start() + SignedDuration::from_secs(12));
        hand.advance(Duration::from_secs(1188));
        assert!((&mut due).now_or_never().is_some());
    }

    #[test]
    fn jump_back_lengthens_no_wait_where_a_platform_was_heard() {
        let (clock, hand) = Clock::by_hand(start());
        hears(&clock, "one", start());
        let mut due = Box::pin(clock.sleep_until(start() + SignedDuration::from_mins(20)));
        assert!((&mut due).now_or_never().is_none());
        hand.jump(SignedDuration::from_hours(-2));
        assert_eq!(clock.now(), start());
        assert!((&mut due).now_or_never().is_none());
        assert_eq!(clock.off_by(), Some(SignedDuration::from_hours(-2)));
        let wake = hand.next_wake().unwrap();
        assert_eq!(wake, start() + SignedDuration::from_mins(20) - SignedDuration::from_hours(2));
        hand.advance(Duration::from_secs(1200));
        assert!((&mut due).now_or_never().is_some());
    }

    #[test]
    fn suspend_is_no_wrong_clock() {
        let (clock, hand) = Clock::by_hand(start());
        hears(&clock, "one", start());
        hand.suspend(Duration::from_secs(9 * 3600));
        assert_eq!(clock.now(), start() + SignedDuration::from_hours(9));
        assert_eq!((clock.off_by(), clock.changes()), (None, 0));
    }

    #[test]
    fn what_is_measured_over_a_stop_a_suspend_or_a_set_clock_is_void() {
        let stops: [fn(&Hand); 3] = [
            |hand| hand.advance(Duration::from_secs(40)),
            |hand| hand.suspend(Duration::from_secs(40)),
            |hand| hand.jump(SignedDuration::from_secs(40)),
        ];
        for (nth, stop) in stops.into_iter().enumerate() {
            let (clock, hand) = Clock::by_hand(start());
            clock.beat(clock.reading());
            let before = clock.undisturbed();
            hand.advance(Duration::from_secs(1));
            clock.beat(clock.reading());
            assert_eq!(clock.undisturbed(), before, "a second of running");
            stop(&hand);
            assert_ne!(clock.undisturbed(), before, "{nth}: before the next tick");
            clock.beat(clock.reading());
            assert_ne!(clock.undisturbed(), before, "{nth}: and after it");
        }
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
