//! Who goes first on the line: an upload whose minute presses, before those that have time.
//!
//! While the body of a pressing upload is being sent, all others together get an eighth of what it gets, or a trickle that keeps
//! their connections open. Pressing uploads share the line as equals. Not here: which upload presses (the engine decides).

use super::Throttle;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes that an upload takes at a time while it gives way.
pub const SMALL_BLOCK: u64 = 16 << 10;
/// Of the bytes of pressing uploads the others get one part in so many.
const PART: u64 = 8;
/// The others get at least so many bytes a second together, whatever the pressing uploads get.
const TRICKLE_PER_S: u64 = 32 << 10;
/// Longest wait for one take, so that no platform takes the connection for dead.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Parts that were not used are kept up to so many bytes.
const MOST_CREDIT: u64 = 1 << 20;
/// How often an upload that gives way looks again.
const LOOK: Duration = Duration::from_millis(100);

/// All bodies being sent now.
#[derive(Debug, Default)]
pub(super) struct Line {
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    bodies: Vec<Body>,
    next: u64,
    /// Bytes the others may send.
    credit: u64,
    /// When the others last got a block of the trickle.
    trickled: Option<Instant>,
}

#[derive(Debug)]
struct Body {
    seat: u64,
    pressing: Arc<AtomicBool>,
    /// It waits for an instant and sends nothing.
    resting: bool,
}

impl Seats {
    fn presses(&self) -> bool {
        self.bodies.iter().any(|body| !body.resting && body.pressing.load(Ordering::Relaxed))
    }

    /// How long to wait before `bytes` of an upload that has time may leave; `None`: now.
    fn wait(&mut self, bytes: u64, asked: Instant, now: Instant) -> Option<Duration> {
        if !self.presses() {
            (self.credit, self.trickled) = (0, None);
            return None;
        }
        if self.credit >= bytes {
            self.credit -= bytes;
            return None;
        }
        let share = Duration::from_millis(bytes.saturating_mul(1000) / TRICKLE_PER_S).min(LONGEST_WAIT);
        let passed = now.saturating_duration_since(self.trickled.unwrap_or(asked));
        if passed >= share || now.saturating_duration_since(asked) >= LONGEST_WAIT {
            self.trickled = Some(now);
            return None;
        }
        Some((share - passed).min(LOOK))
    }
}

impl Line {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        // Plain numbers are whole after a panic elsewhere.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of the line that one body has while it is being sent.
#[derive(Debug)]
pub struct Share {
    throttle: Throttle,
    seat: u64,
    pressing: Arc<AtomicBool>,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.throttle.shared.line.seats().bodies.retain(|body| body.seat != self.seat);
    }
}

impl Share {
    /// Does it leave the line to an upload whose minute presses?
    pub fn gives_way(&self) -> bool {
        self.throttle.gives_way(&self.pressing)
    }

    /// Says whether it waits for an instant: the line is free for the others then.
    pub fn set_resting(&self, resting: bool) {
        let mut seats = self.throttle.shared.line.seats();
        if let Some(body) = seats.bodies.iter_mut().find(|body| body.seat == self.seat) {
            body.resting = resting;
        }
    }

    /// Returns when `bytes` may be sent: after the pressing uploads, and within the limit.
    pub async fn take(&self, bytes: usize) {
        let asked = Instant::now();
        loop {
            let wait = {
                let mut seats = self.throttle.shared.line.seats();
                if self.pressing.load(Ordering::Relaxed) {
                    if seats.bodies.len() > 1 {
                        seats.credit = (seats.credit + bytes as u64 / PART).min(MOST_CREDIT);
                    }
                    None
                } else {
                    seats.wait(bytes as u64, asked, Instant::now())
                }
            };
            let Some(wait) = wait else { break };
            tokio::time::sleep(wait).await;
        }
        self.throttle.take(bytes).await;
    }
}

impl Throttle {
    /// A part of the line for a body that is about to be sent. `pressing` may change while it is.
    pub fn share(&self, pressing: Arc<AtomicBool>) -> Share {
        let mut seats = self.shared.line.seats();
        let seat = seats.next;
        seats.next += 1;
        seats.bodies.push(Body { seat, pressing: pressing.clone(), resting: false });
        drop(seats);
        Share { throttle: self.clone(), seat, pressing }
    }

    /// Does an upload of this mark leave the line to another one now?
    pub fn gives_way(&self, pressing: &AtomicBool) -> bool {
        !pressing.load(Ordering::Relaxed) && self.shared.line.seats().presses()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn mark(pressing: bool) -> Arc<AtomicBool> {
        Arc::new(AtomicBool::new(pressing))
    }

    /// Sends in small blocks until told to stop; bytes sent.
    fn sends(share: Share, lasting: Duration) -> tokio::task::JoinHandle<usize> {
        tokio::spawn(async move {
            let (end, mut sent) = (Instant::now() + lasting, 0);
            while Instant::now() < end {
                share.take(SMALL_BLOCK as usize).await;
                sent += SMALL_BLOCK as usize;
            }
            sent
        })
    }

    #[tokio::test(start_paused = true)]
    async fn uploads_without_a_minute_wait_for_nobody_of_their_kind() {
        let throttle = Throttle::default();
        let (one, other) = (throttle.share(mark(false)), throttle.share(mark(false)));
        let began = Instant::now();
        one.take(64 * MIB).await;
        other.take(64 * MIB).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(!one.gives_way() && !other.gives_way());
    }

    #[tokio::test(start_paused = true)]
    async fn pressing_upload_gets_nearly_all_of_a_limited_line() {
        let throttle = Throttle::new(Some(MIB as u64));
        let lasting = Duration::from_secs(60);
        let pressing = sends(throttle.share(mark(true)), lasting);
        let others: Vec<_> = (0..3).map(|_| sends(throttle.share(mark(false)), lasting)).collect();
        let pressing = pressing.await.unwrap_or_default();
        let mut rest = 0;
        for other in others {
            let sent = other.await.unwrap_or_default();
            assert!(sent > 0, "an upload that gives way still moves");
            rest += sent;
        }
        assert!(pressing > 60 * MIB * 4 / 5, "{pressing} of {}", pressing + rest);
    }

    #[tokio::test(start_paused = true)]
    async fn upload_that_gives_way_moves_and_is_free_when_the_pressing_one_ends() {
        let throttle = Throttle::default();
        let pressing = throttle.share(mark(true));
        let patient = throttle.share(mark(false));
        assert!(patient.gives_way() && !pressing.gives_way());
        let began = Instant::now();
        // One block that was asked for before is let through in time; small ones come at the trickle's rate.
        patient.take(MIB).await;
        assert!(began.elapsed() <= LONGEST_WAIT + LOOK, "{:?}", began.elapsed());
        let began = Instant::now();
        for _ in 0..8 {
            patient.take(SMALL_BLOCK as usize).await;
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(3) && took <= Duration::from_secs(6), "{took:?}");
        drop(pressing);
        let began = Instant::now();
        patient.take(64 * MIB).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_waits_for_its_minute_leaves_the_line_to_the_others() {
        let throttle = Throttle::default();
        let held = throttle.share(mark(true));
        let other = throttle.share(mark(false));
        held.set_resting(true);
        let began = Instant::now();
        other.take(64 * MIB).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        held.set_resting(false);
        assert!(other.gives_way());
    }

    #[tokio::test(start_paused = true)]
    async fn upload_whose_minute_comes_to_press_gives_way_no_longer() {
        let throttle = Throttle::default();
        let (_first, mark) = (throttle.share(mark(true)), mark(false));
        let second = throttle.share(mark.clone());
        assert!(second.gives_way());
        mark.store(true, Ordering::Relaxed);
        let began = Instant::now();
        second.take(64 * MIB).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
