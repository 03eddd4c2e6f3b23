//! The bandwidth limit: one bucket that all uploads draw from, and the rule that says how large it is at what hour.
//!
//! The rule over the hours of the day is in [`rule`], who goes first in [`share`]. Deliberately not here: who applies it (the engine asks the rule
//! and calls [`Throttle::set_limit`]), and the measuring of speed.

pub mod rule;
pub mod share;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The least the bucket holds and the most that is drawn at once: the size of one read from disk. Larger takes come in
/// pieces of it, so that two uploads alternate.
pub const BLOCK: usize = 64 * 1024;

/// The bucket holds this much of a second's worth, so that the line sees a steady stream and no sawtooth.
const BURST_PER_SECOND: u64 = 4;

/// Stands for "no limit" in the atomic; as a limit it would be no different.
const UNLIMITED: u64 = u64::MAX;

/// A handle on the shared bucket; clones draw from the same one.
#[derive(Clone, Debug)]
pub struct Throttle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes per second; [`UNLIMITED`], or 0 for "nothing may pass".
    limit: AtomicU64,
    bucket: Mutex<Bucket>,
    /// Only the holder draws, the others queue here: tokio hands the lock on in the order of asking.
    turn: tokio::sync::Mutex<()>,
    /// Wakes the holder when the limit changes. There is one holder, so one stored permit loses nothing.
    changed: Notify,
    line: share::Line,
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new(None)
    }
}

impl Throttle {
    /// A bucket with this limit in bytes per second; `None` is no limit, `Some(0)` lets nothing pass.
    pub fn new(limit: Option<u64>) -> Throttle {
        let limit = limit.unwrap_or(UNLIMITED);
        let shared = Shared {
            limit: AtomicU64::new(limit),
            bucket: Mutex::new(Bucket::full(limit)),
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            line: share::Line::default(),
        };
        Throttle { shared: Arc::new(shared) }
    }

    /// Changes the limit for everyone, also for those who wait already.
    pub fn set_limit(&self, limit: Option<u64>) {
        let limit = limit.unwrap_or(UNLIMITED);
        {
            let mut bucket = self.bucket();
            self.shared.limit.store(limit, Ordering::Release);
            bucket.change(limit, Instant::now());
        }
        self.shared.changed.notify_one();
    }

    /// The limit in force, as given to [`Throttle::set_limit`].
    pub fn limit(&self) -> Option<u64> {
        let limit = self.shared.limit.load(Ordering::Acquire);
        (limit != UNLIMITED).then_some(limit)
    }

    /// Returns when `bytes` may be sent. Whoever asked first is served first, block by block. Dropping the future
    /// gives up the place in the queue; blocks already drawn are spent.
    pub async fn take(&self, bytes: usize) {
        let mut left = bytes;
        while left > 0 && self.shared.limit.load(Ordering::Acquire) != UNLIMITED {
            let block = left.min(BLOCK);
            self.take_block(block as u64).await;
            left -= block;
        }
    }

    async fn take_block(&self, bytes: u64) {
        let _turn = self.shared.turn.lock().await;
        loop {
            let wait = self.bucket().draw(bytes, Instant::now());
            match wait {
                Draw::Drawn => return,
                Draw::After(wait) => {
                    // Either may end the wait; both lead to a new look at the bucket.
                    let _ = tokio::time::timeout(wait, self.shared.changed.notified()).await;
                }
                Draw::Never => self.shared.changed.notified().await,
            }
        }
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        // Plain numbers are whole after a panic elsewhere.
        self.shared.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, PartialEq)]
enum Draw {
    Drawn,
    /// Not enough yet; look again after this.
    After(Duration),
    /// Nothing flows until the limit changes.
    Never,
}

/// The level is kept in billionths of a byte, so that slow limits and frequent looks lose nothing to rounding.
#[derive(Debug)]
struct Bucket {
    limit: u64,
    level: u128,
    /// Up to when the inflow is reckoned; `None` before anyone drew.
    filled: Option<Instant>,
}

const BILLION: u128 = 1_000_000_000;

impl Bucket {
    fn full(limit: u64) -> Bucket {
        Bucket { limit, level: capacity(limit), filled: None }
    }

    fn fill(&mut self, now: Instant) {
        let passed = self.filled.map_or(0, |filled| now.saturating_duration_since(filled).as_nanos());
        self.filled = Some(now);
        let inflow = passed.saturating_mul(u128::from(self.limit));
        self.level = self.level.saturating_add(inflow).min(capacity(self.limit));
    }

    fn change(&mut self, limit: u64, now: Instant) {
        self.fill(now);
        self.limit = limit;
        self.level = self.level.min(capacity(limit));
    }

    fn draw(&mut self, bytes: u64, now: Instant) -> Draw {
        if self.limit == UNLIMITED {
            return Draw::Drawn;
        }
        if self.limit == 0 {
            return Draw::Never;
        }
        self.fill(now);
        let wanted = u128::from(bytes) * BILLION;
        if let Some(rest) = self.level.checked_sub(wanted) {
            self.level = rest;
            return Draw::Drawn;
        }
        let nanos = (wanted - self.level).div_ceil(u128::from(self.limit));
        Draw::After(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

/// What the bucket holds at most, in billionths of a byte: a quarter of a second's worth, at least one block. A paused
/// bucket holds nothing, so that un-pausing begins gently.
fn capacity(limit: u64) -> u128 {
    match limit {
        0 => 0,
        UNLIMITED => BLOCK as u128 * BILLION,
        _ => u128::from(limit / BURST_PER_SECOND).max(BLOCK as u128) * BILLION,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KIB: u64 = 1024;
    const MIB: usize = 1024 * 1024;

    /// How long `bytes` in takes of `piece` lasted, on tokio's paused clock.
    async fn timed(throttle: &Throttle, bytes: usize, piece: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..bytes / piece {
            throttle.take(piece).await;
        }
        start.elapsed()
    }

    #[track_caller]
    fn about(got: Duration, expected_ms: u64) {
        let (got, expected) = (got.as_millis() as i64, expected_ms as i64);
        // tokio wakes on whole milliseconds, never early.
        assert!((got - expected).abs() <= 2 + expected / 100, "{got} ms, expected {expected} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_and_no_bytes_take_no_time() {
        assert_eq!(timed(&Throttle::default(), 1000 * MIB, MIB).await, Duration::ZERO);
        Throttle::new(Some(0)).take(0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_kept_for_small_large_and_slow() {
        for (rate, bytes, piece) in [
            (1024 * KIB, 10 * MIB, BLOCK),
            (1024 * KIB, 10 * MIB, 1024),
            (1024 * KIB, 10 * MIB, 5 * MIB),
            (100 * 1024 * KIB, 1000 * MIB, MIB),
            (10 * KIB, MIB, BLOCK),
            (1, 2 * BLOCK, BLOCK),
        ] {
            let throttle = Throttle::new(Some(rate));
            let burst = (capacity(rate) / BILLION) as u64;
            about(timed(&throttle, bytes, piece).await, (bytes as u64 - burst) * 1000 / rate);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_quarter_second_passes_more_than_its_share_and_the_burst() {
        let throttle = Throttle::new(Some(1024 * KIB));
        // A long idle line earns no more than the bucket holds.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let start = Instant::now();
        let mut windows = vec![0_u64; 20];
        loop {
            throttle.take(16 * 1024).await;
            let window = (start.elapsed().as_millis() / 250) as usize;
            let Some(sent) = windows.get_mut(window) else { break };
            *sent += 16 * KIB;
        }
        assert!(windows[0] <= 512 * KIB, "{windows:?}");
        assert!(windows[1..].iter().all(|sent| (224 * KIB..=288 * KIB).contains(sent)), "{windows:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn uploads_share_and_none_starves_beside_a_greedy_one() {
        let throttle = Throttle::new(Some(1024 * KIB));
        throttle.take(256 * 1024).await;
        let start = Instant::now();
        let upload = |bytes: usize, piece: usize| {
            let throttle = throttle.clone();
            tokio::spawn(async move {
                for _ in 0..bytes / piece {
                    throttle.take(piece).await;
                }
                start.elapsed()
            })
        };
        let greedy = upload(8 * MIB, 8 * MIB);
        let modest = upload(2 * MIB, BLOCK);
        // Block for block: the modest one has its 2 MiB when 4 MiB have passed, and all is done after 10.
        about(modest.await.unwrap(), 4000);
        about(greedy.await.unwrap(), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_limit_reaches_those_who_wait() {
        // From a crawl to a fair rate: the one who waits does not sit out the old wait.
        let throttle = Throttle::new(Some(1));
        throttle.take(BLOCK).await;
        let waiting = tokio::spawn({
            let throttle = throttle.clone();
            async move { timed(&throttle, MIB, BLOCK).await }
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(!waiting.is_finished());
        throttle.set_limit(Some(1024 * KIB));
        about(waiting.await.unwrap(), 11_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everyone_and_lifting_it_frees_everyone() {
        let throttle = Throttle::new(Some(1024 * KIB));
        throttle.set_limit(Some(0));
        assert_eq!(throttle.limit(), Some(0));
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let throttle = throttle.clone();
                tokio::spawn(async move { throttle.take(MIB).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert!(waiting.iter().all(|task| !task.is_finished()));
        let start = Instant::now();
        throttle.set_limit(None);
        assert_eq!(throttle.limit(), None);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        // And back again: a limit after none begins with one block in the bucket, not with hours of saved-up room.
        throttle.set_limit(Some(1024 * KIB));
        about(timed(&throttle, MIB, BLOCK).await, 1000 - 1000 * BLOCK as u64 / MIB as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_gives_up_blocks_nobody() {
        let throttle = Throttle::new(Some(64 * KIB));
        throttle.take(BLOCK).await;
        let gave_up = tokio::time::timeout(Duration::from_millis(100), throttle.take(MIB)).await;
        assert!(gave_up.is_err());
        about(timed(&throttle, BLOCK, BLOCK).await, 900);
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let start = Instant::from_std(std::time::Instant::now());
        let mut bucket = Bucket::full(u64::MAX - 1);
        assert_eq!(bucket.draw(u64::MAX / 8, start), Draw::Drawn);
        bucket.change(1, start + Duration::from_secs(1_000_000));
        assert!(matches!(bucket.draw(u64::MAX, start), Draw::After(_)));
        bucket.change(0, start);
        assert_eq!(bucket.draw(1, start), Draw::Never);
    }
}
