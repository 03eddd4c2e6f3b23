//! A request body that streams a part of a file: fixed memory, positioned reads, throttled, counted.
//!
//! One block is read ahead while the one before is on its way, so disk and network overlap; memory is two blocks, whatever the
//! file's size (C19). Before the last block leaves, the file is checked once more: a platform makes a post of the last byte, so a
//! file that changed meanwhile must not be completed.

use super::Gauge;
use crate::clock::Clock;
use crate::media::fault::{MediaFault, ReadTrouble};
use crate::media::original::Original;
use crate::throttle::Throttle;
use crate::throttle::share::{SMALL_BLOCK, Share};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use jiff::Timestamp;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// Bytes that are held back where a body may not end before its minute: a platform has no whole file without them.
const TAIL: u64 = 16 << 10;

/// Bytes read at a time.
const BLOCK: u64 = 1 << 20;

type Reading = Pin<Box<dyn Future<Output = Result<Bytes, MediaFault>> + Send + Sync>>;

/// Where a fault of the file is left for the caller, because the HTTP client turns every body error into its own.
pub(super) type FaultSlot = Arc<Mutex<Option<MediaFault>>>;

pub(super) struct FileBody {
    file: Arc<Original>,
    next: u64,
    end: u64,
    head: Option<Bytes>,
    tail: Option<Bytes>,
    /// The block being read now.
    reading: Option<Reading>,
    left: u64,
    /// The last bytes leave no earlier than this.
    ends_at: Option<(Clock, Timestamp)>,
    throttle: Throttle,
    share: Arc<Share>,
    gauge: Arc<Gauge>,
    fault: FaultSlot,
}

impl FileBody {
    pub(super) fn new(
        file: Arc<Original>,
        from: u64,
        len: u64,
        throttle: Throttle,
        gauge: Arc<Gauge>,
    ) -> FileBody {
        gauge.whole.store(len, Ordering::Relaxed);
        if len == 0 {
            gauge.last_byte_leaves();
        }
        let share = Arc::new(throttle.share(gauge.pressing.clone()));
        FileBody {
            file,
            next: from,
            end: from.saturating_add(len),
            head: None,
            tail: None,
            reading: None,
            left: len,
            ends_at: None,
            throttle,
            share,
            gauge,
            fault: FaultSlot::default(),
        }
    }

    /// Puts text before and after the file's bytes (multipart).
    pub(super) fn between(mut self, head: String, tail: String) -> FileBody {
        self.left += head.len() as u64 + tail.len() as u64;
        self.gauge.whole.store(self.left, Ordering::Relaxed);
        (self.head, self.tail) = (Some(head.into()), Some(tail.into()));
        self
    }

    /// Holds the last bytes back until this instant.
    pub(super) fn ends_at(mut self, clock: Clock, at: Timestamp) -> FileBody {
        self.ends_at = Some((clock, at));
        self
    }

    pub(super) fn fault(&self) -> FaultSlot {
        self.fault.clone()
    }

    fn start_reading(&mut self) {
        // Under a slow limit smaller blocks keep the bytes moving, or the line would look dead between two of them.
        let mut block = self.throttle.limit().map_or(BLOCK, |limit| (limit / 4).clamp(16 << 10, BLOCK));
        if self.share.gives_way() {
            block = SMALL_BLOCK;
            self.gauge.gave_way.store(true, Ordering::Relaxed);
        }
        let (from, mut until) = (self.next, self.end.min(self.next + block));
        if from >= until {
            return;
        }
        let tail = self.end.saturating_sub(TAIL);
        if self.ends_at.is_some() && from < tail {
            until = until.min(tail);
        }
        self.next = until;
        let held = self.ends_at.clone().filter(|_| until == self.end);
        let gauge = self.gauge.clone();
        let (file, share, last) = (self.file.clone(), self.share.clone(), until == self.end);
        self.reading = Some(Box::pin(async move {
            let len = (until - from) as usize;
            if let Some((clock, at)) = held.filter(|(clock, at)| clock.now() < *at) {
                gauge.hold(true);
                share.set_resting(true);
                clock.sleep_until(at).await;
                share.set_resting(false);
                gauge.hold(false);
            }
            share.take(len).await;
            let read = tokio::task::spawn_blocking(move || {
                if last {
                    file.verify_still_same()?;
                }
                let mut block = vec![0; len];
                file.read_exact_at(from, &mut block)?;
                if last {
                    file.verify_still_same()?;
                }
                Ok(Bytes::from(block))
            });
            read.await.unwrap_or(Err(MediaFault::Unreadable { kind: ReadTrouble::Other }))
        }));
    }

    fn hand_out(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.left -= bytes.len() as u64;
        // With its last byte a platform makes a post of it. A cancel that came before that byte must be heard.
        if self.left == 0 && !self.gauge.last_byte_leaves() {
            return Poll::Ready(Some(Err(std::io::Error::other("the body was broken off"))));
        }
        self.gauge.add(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(head) = self.head.take() {
            return self.hand_out(head);
        }
        if self.reading.is_none() {
            self.start_reading();
        }
        let Some(reading) = self.reading.as_mut() else {
            return match self.tail.take() {
                Some(tail) => self.hand_out(tail),
                None => Poll::Ready(None),
            };
        };
        match std::task::ready!(reading.as_mut().poll(cx)) {
            Ok(block) => {
                // The next block is asked for now, so that it is there when the network wants it.
                self.reading = None;
                self.start_reading();
                if let Some(next) = self.reading.as_mut()
                    && let Poll::Ready(early) = next.as_mut().poll(cx)
                {
                    // Already there: keep it as a finished future.
                    self.reading = Some(Box::pin(std::future::ready(early)));
                }
                self.hand_out(block)
            }
            Err(fault) => {
                self.reading = None;
                self.next = self.end;
                if let Ok(mut slot) = self.fault.lock() {
                    *slot = Some(fault);
                }
                Poll::Ready(Some(Err(std::io::Error::other("the file cannot be sent"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
