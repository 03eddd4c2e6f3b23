//! What changed, told after it is on disk. Numbered: whoever sees a gap reloads.
//!
//! Not here: progress of bytes (`Moving` is told at most four times a second and never stored).

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::broadcast;

/// What an event is about. Ids only: the listener asks for the view it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "what", rename_all_fields = "snake_case")]
pub enum What {
    Delivery {
        id: i64,
    },
    Account {
        id: i64,
    },
    App {
        id: i64,
    },
    Media {
        id: i64,
    },
    /// A post being written.
    Composing {
        id: i64,
    },
    Settings,
    /// The computer's clock was found wrong or right again, or it was set.
    Clock,
    /// Something is wrong with the queue's file or its disk, or is right again: `house.show` says what.
    House,
    /// Another process wrote; anything may have changed.
    Elsewhere,
    /// One happening the user may want to be told, once (C40): published, needs you, missed.
    Notice {
        delivery: i64,
        kind: NoticeKind,
    },
    /// Bytes of a running upload.
    Moving {
        delivery: i64,
        sent: u64,
        total: u64,
        bytes_per_s: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    Published,
    NeedsYou,
    Missed,
    /// It waits at the platform as a draft (C15).
    FinishThere,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Event {
    /// Rises by one.
    pub seq: u64,
    #[serde(flatten)]
    pub what: What,
}

/// The line events leave by. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    next: Arc<AtomicU64>,
    line: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Events { next: Arc::new(AtomicU64::new(1)), line: broadcast::channel(1024).0 }
    }
}

impl Events {
    pub fn publish(&self, what: Vec<What>) {
        for what in what {
            let seq = self.next.fetch_add(1, Ordering::SeqCst);
            // Nobody listening is no error.
            let _ = self.line.send(Event { seq, what });
        }
    }

    /// From now on. A slow listener gets `RecvError::Lagged` and reloads.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.line.subscribe()
    }
}
