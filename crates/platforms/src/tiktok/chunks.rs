//! How a file is cut for TikTok, as pure arithmetic (C24): the plan that is asked for first, and others for when an init refuses it.
//!
//! The rules (Media Transfer Guide, 2026-09-11): the count is the size divided by the chunk, rounded down; every chunk has 5 MB to
//! 64 MB, and the last one takes the rest, up to 128 MB; at most 1000. A single chunk must equal the size, which is refused otherwise
//! since 2026-08. Whether a MB is 10^6 or 2^20 bytes is not said, so every plan lies inside both readings. Not here: sending.

use serde::{Deserialize, Serialize};

/// The least chunk in either reading of 5 MB.
const LEAST: u64 = 5_242_880;
/// The largest chunk, and the largest file in one piece, in either reading of 64 MB.
const MOST: u64 = 64_000_000;
const MOST_CHUNKS: u64 = 1000;
/// The official sample's own value, seen to pass with a real file of 70 MB (2026-07).
const SAMPLE: u64 = 10_000_000;
/// The same as other clients count it, 10 MiB.
const MEBI: u64 = 10_485_760;
const LARGE: u64 = 32_000_000;

/// What an init declares. Chunks go strictly in order; the last one is the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub size: u64,
    pub chunk: u64,
    pub count: u64,
}

/// The plans for a file of this size, the likeliest first. Never empty.
pub(crate) fn plans(size: u64) -> Vec<Plan> {
    let mut plans = Vec::new();
    if size <= MOST {
        plans.push(Plan { size, chunk: size, count: 1 });
    }
    // Even parts: what a client sends that was mended after the refusals of August 2026.
    let even = size / size.div_ceil(MOST).max(2);
    for chunk in [SAMPLE, MEBI, LARGE, even, LEAST] {
        let count = size / chunk.max(1);
        let plan = Plan { size, chunk, count };
        let fits = (LEAST..=MOST).contains(&chunk) && (2..=MOST_CHUNKS).contains(&count);
        if fits && !plans.contains(&plan) {
            plans.push(plan);
        }
    }
    if plans.is_empty() {
        // Beyond all limits, which `check` has said before: the largest chunks there are.
        plans.push(Plan { size, chunk: MOST, count: size / MOST });
    }
    plans
}

impl Plan {
    /// First byte of the last chunk: with it the post is made.
    pub(crate) fn last_from(&self) -> u64 {
        self.chunk.saturating_mul(self.count.saturating_sub(1))
    }

    /// Bytes of the chunk that begins here; nothing where none begins.
    pub(crate) fn len_at(&self, from: u64) -> Option<u64> {
        if !self.begins(from) {
            return None;
        }
        if from == self.last_from() { Some(self.size.saturating_sub(from)) } else { Some(self.chunk) }
    }

    /// Does a chunk begin at this byte, or is it the end?
    pub(crate) fn is_border(&self, at: u64) -> bool {
        at == self.size || self.begins(at)
    }

    /// The last border that so many stored bytes reach.
    pub(crate) fn reached(&self, bytes: u64) -> u64 {
        if bytes >= self.size {
            return self.size;
        }
        let whole = bytes.checked_div(self.chunk).unwrap_or(0).saturating_mul(self.chunk);
        whole.min(self.last_from())
    }

    fn begins(&self, at: u64) -> bool {
        at <= self.last_from() && at < self.size && at.checked_rem(self.chunk) == Some(0)
    }
}
