//! How long pictures are shown: from lists of sample durations to a frame rate.
//!
//! Deliberately not here: when a picture is shown (composition offsets), which nobody asks.

use super::bytes::{Halt, Reader, be32};
use super::mp4::Place;

/// How many entries of a `stts` are looked at. Enough for hours of variable frame rate.
const MOST_ENTRIES: u64 = 131_072;
const ENTRIES_AT_ONCE: u64 = 2_048;

/// A growing summary of sample durations, in ticks of the track's timescale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    count: u64,
    ticks: u64,
    shortest: Option<u32>,
    longest: u32,
    /// The last sample, which writers often give an odd length, joins the range only when another follows.
    last: Option<u32>,
}

impl Pace {
    /// Sums up a `stts`: pairs of how many samples and how long each.
    pub fn read(reader: &Reader<'_>, stts: Place) -> Result<Pace, Halt> {
        let mut pace = Pace::default();
        let head = reader.up_to(stts.body, stts.end, 8)?;
        let there = stts.end.saturating_sub(stts.body).saturating_sub(8) / 8;
        let count = be32(&head, 4).map_or(0, u64::from).min(there).min(MOST_ENTRIES);
        let mut entry = 0;
        while entry < count {
            let from = stts.body + 8 + entry * 8;
            let part = ENTRIES_AT_ONCE.min(count - entry);
            let bytes = reader.up_to(from, from + part * 8, 8 * ENTRIES_AT_ONCE as usize)?;
            for pair in bytes.chunks_exact(8) {
                if let (Some(samples), Some(ticks)) = (be32(pair, 0), be32(pair, 4)) {
                    pace.add(samples, ticks);
                }
            }
            entry += part;
        }
        Ok(pace)
    }

    /// Adds `samples` of `ticks` each.
    pub fn add(&mut self, samples: u32, ticks: u32) {
        if samples == 0 {
            return;
        }
        let total = u64::from(samples) * u64::from(ticks);
        self.count = self.count.saturating_add(u64::from(samples));
        self.ticks = self.ticks.saturating_add(total);
        if let Some(last) = self.last.replace(ticks) {
            self.widen(last);
        }
        if samples > 1 {
            self.widen(ticks);
        }
    }

    /// Adds all that `other` has seen, as coming later.
    pub fn append(&mut self, other: &Pace) {
        if other.count == 0 {
            return;
        }
        self.count = self.count.saturating_add(other.count);
        self.ticks = self.ticks.saturating_add(other.ticks);
        if let Some(last) = std::mem::replace(&mut self.last, other.last) {
            self.widen(last);
        }
        if let Some(shortest) = other.shortest {
            self.widen(shortest);
            self.widen(other.longest);
        }
    }

    fn widen(&mut self, ticks: u32) {
        self.shortest = Some(self.shortest.map_or(ticks, |shortest| shortest.min(ticks)));
        self.longest = self.longest.max(ticks);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Pictures per second on average.
    pub fn rate(&self, timescale: u32) -> Option<f64> {
        if self.ticks == 0 || timescale == 0 {
            return None;
        }
        let exact = self.count as f64 * f64::from(timescale) / self.ticks as f64;
        // Three decimals tell 29.97 from 30 and do not show the rounding of coarse clocks.
        Some((exact * 1000.0).round() / 1000.0)
    }

    /// True when durations differ by more than 5 %. One tick of difference is rounding: at 30 pictures a second
    /// and 1000 ticks, 33 and 34 alternate.
    pub fn is_variable(&self) -> bool {
        let Some(shortest) = self.shortest else { return false };
        let spread = u64::from(self.longest - shortest);
        let rounding = spread <= 1 && self.longest >= 5;
        !rounding && spread * 20 > u64::from(self.longest)
    }
}
