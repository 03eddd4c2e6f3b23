//! A body on its way into the store: streamed, counted, slowed or cut as planned, and given up when a newer request about the same
//! upload arrives. Memory does not grow with it. What an interrupted body leaves behind is the platform's affair.

use crate::exchange::Ask;
use crate::store::{Intake, Progress};
use crate::twist::Twist;
use crate::world::World;
use http_body_util::BodyExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// The moving part of an upload session.
pub(crate) struct Lane {
    /// One request at a time; what it works on is inside.
    pub(crate) turn: tokio::sync::Mutex<Option<Progress>>,
    /// Moves with every new request about the session.
    arrivals: watch::Sender<u64>,
    /// Body bytes that ever arrived.
    received: AtomicU64,
}

impl Lane {
    pub(crate) fn new(received: u64) -> Lane {
        Lane {
            turn: tokio::sync::Mutex::new(None),
            arrivals: watch::Sender::new(0),
            received: AtomicU64::new(received),
        }
    }

    /// Announces a request about the session, which ends a transfer still running.
    pub(crate) fn arrive(&self) {
        self.arrivals.send_modify(|count| *count += 1);
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Counts bytes that arrived and were not wanted.
    pub(crate) fn count(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[derive(PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Cut,
}

/// A body that was taken in, or as much of it as came.
pub(crate) struct Received {
    pub(crate) progress: Progress,
    pub(crate) bytes: u64,
    pub(crate) end: End,
}

/// Takes in the body of `ask`. Call it with the lane's turn held.
pub(crate) async fn receive(
    world: &World,
    ask: &mut Ask,
    lane: &Lane,
    progress: Progress,
    twist: &Twist,
) -> anyhow::Result<Received> {
    let mut newer = lane.arrivals.subscribe();
    let mut intake = Intake::begin(progress);
    let mut got = 0u64;
    let end = loop {
        if twist.cut_after.is_some_and(|limit| got >= limit) {
            break End::Cut;
        }
        let frame = tokio::select! {
            biased;
            _ = newer.changed() => break End::Cut,
            frame = ask.body.frame() => frame,
        };
        let mut data = match frame {
            None => break End::Whole,
            Some(Err(_)) => break End::Cut,
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            },
        };
        if let Some(limit) = twist.cut_after {
            data.truncate(usize::try_from(limit - got).unwrap_or(usize::MAX));
        }
        let len = data.len() as u64;
        got += len;
        lane.count(len);
        if !intake.take(data).await {
            break End::Cut;
        }
        if let Some(rate) = twist.slow {
            tokio::select! {
                _ = newer.changed() => break End::Cut,
                () = tokio::time::sleep(Duration::from_millis(len * 1000 / rate.max(1))) => {}
            }
        }
    };
    world.calls.note(ask.seq, |call| call.body_bytes += got);
    Ok(Received { progress: intake.end().await?, bytes: got, end })
}
