//! A world whose clocks run fast: the engine's by hand, the sandbox's beside it, so that back-offs and looks of minutes pass in
//! seconds and both still tell the same time.
//!
//! Both start at one fixed instant, so that a story tells the same at any hour of any day; [`Quick::at`] names another.
//!
//! Time never leaps by itself: each step is short, so a busy machine only makes the world slower. What a socket does stays real.

use crate::Town;
use slipway_core::clock::{Clock, Hand};
use slipway_sandbox::Sandbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Real time between two steps.
const BEAT: Duration = Duration::from_millis(10);

/// 2026-11-23T09:00:00Z.
const START_S: i64 = 1_795_424_400;

/// Moves both clocks until dropped.
pub struct Quick {
    pub clock: Clock,
    hand: Hand,
    sandbox: Arc<Sandbox>,
    running: Arc<AtomicBool>,
    driver: tokio::task::JoinHandle<()>,
}

impl Quick {
    /// Stands still until [`Quick::run`]; then time runs about `times` as fast as outside. A Monday morning.
    pub fn new(town: &Town, times: u32) -> Quick {
        Quick::at(town, times, jiff::Timestamp::from_second(START_S).unwrap_or_default())
    }

    /// The same from this instant on.
    pub fn at(town: &Town, times: u32, now: jiff::Timestamp) -> Quick {
        town.sandbox.set_now(now.as_millisecond());
        let (clock, hand) = Clock::by_hand(now);
        town.sandbox.settings(|settings| settings.date_in_sandbox_time = true);
        let running = Arc::new(AtomicBool::new(false));
        let driver = {
            let (clock, hand) = (clock.clone(), hand.clone());
            let (sandbox, running) = (town.sandbox.clone(), running.clone());
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(BEAT).await;
                    if running.load(Ordering::SeqCst) {
                        hand.advance(BEAT * times);
                        keep_up(&sandbox, &clock);
                    }
                }
            })
        };
        Quick { clock, hand, sandbox: town.sandbox.clone(), running, driver }
    }

    pub fn run(&self) {
        self.running.store(true, Ordering::SeqCst);
    }

    /// Stops the run of time; it still can be moved.
    pub fn hold(&self) {
        self.running.store(false, Ordering::SeqCst);
    }

    pub fn now(&self) -> jiff::Timestamp {
        self.clock.reading().system
    }

    /// Both clocks go on by this much, at once.
    pub fn pass(&self, by: Duration) {
        self.hand.advance(by);
        keep_up(&self.sandbox, &self.clock);
    }

    /// Both clocks go on to this instant; never back.
    pub fn pass_to(&self, at: jiff::Timestamp) {
        if let Ok(by) = Duration::try_from(at.duration_since(self.now())) {
            self.pass(by);
        }
    }

    /// The engine's clock goes on and what the platform does stands still: the platform is late. It tells the right time all the same.
    pub fn pass_here(&self, by: Duration) {
        self.hand.advance(by);
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.sandbox.settings(|settings| *settings.date_offset_ms.entry("*".into()).or_default() += by);
    }

    pub fn hand(&self) -> &Hand {
        &self.hand
    }
}

impl Drop for Quick {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The sandbox is never behind the engine. It is ahead by what passes outside while the engine's clock stands still.
fn keep_up(sandbox: &Sandbox, clock: &Clock) {
    let behind = clock.reading().system.as_millisecond() - sandbox.now_ms();
    if let Ok(behind) = u64::try_from(behind) {
        sandbox.advance(Duration::from_millis(behind));
    }
}
