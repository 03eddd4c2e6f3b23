//! How long pictures are shown: from lists of sample durations to a frame rate.
//!
//! Deliberately not here: when a picture is shown (composition offsets), which nobody asks.

use super::boxes::Place;
use std::collections::BTreeMap;

use super::bytes::{Halt, Reader, be32};

/// How many entries of a `stts` are looked at. Enough for hours of variable frame rate.
const MOST_ENTRIES: u64 = 131_072;
const ENTRIES_AT_ONCE: u64 = 2_048;

/// How many different durations are told apart; what comes after counts as odd.
const MOST_DURATIONS: usize = 512;

/// A growing summary of sample durations, in ticks of the track's timescale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    count: u64,
    ticks: u64,
    /// How many samples last how many ticks.
    durations: BTreeMap<u32, u64>,
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
        self.tally(ticks, u64::from(samples));
    }

    /// Adds all that `other` has seen.
    pub fn append(&mut self, other: &Pace) {
        self.count = self.count.saturating_add(other.count);
        self.ticks = self.ticks.saturating_add(other.ticks);
        for (ticks, samples) in &other.durations {
            self.tally(*ticks, *samples);
        }
    }

    fn tally(&mut self, ticks: u32, samples: u64) {
        if self.durations.len() < MOST_DURATIONS || self.durations.contains_key(&ticks) {
            let tally = self.durations.entry(ticks).or_default();
            *tally = tally.saturating_add(samples);
        }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Pictures per second: of the regular ones when the pace is steady, on average when it is not.
    pub fn rate(&self, timescale: u32) -> Option<f64> {
        let (count, ticks) = if self.is_variable() { (self.count, self.ticks) } else { self.regular() };
        if ticks == 0 || timescale == 0 {
            return None;
        }
        let exact = count as f64 * f64::from(timescale) / ticks as f64;
        // Three decimals tell 29.97 from 30 and do not show the rounding of coarse clocks.
        Some((exact * 1000.0).round() / 1000.0)
    }

    /// True when more than a tenth of the pictures are irregular. A few always are: writers give the last
    /// picture of a file or of a fragment an odd length.
    pub fn is_variable(&self) -> bool {
        let (regular, _) = self.regular();
        self.count.saturating_sub(regular) > self.count / 10
    }

    /// Count and ticks of the samples that last about as long as most do: within 5 %, or within one tick, for
    /// that is rounding (at 30 pictures a second and 1000 ticks, 33 and 34 alternate).
    fn regular(&self) -> (u64, u64) {
        let Some((usual, _)) = self.durations.iter().max_by_key(|(_, samples)| **samples) else {
            return (0, 0);
        };
        let slack = (usual / 20).max(u32::from(*usual >= 5));
        let near = self.durations.range(usual.saturating_sub(slack)..=usual.saturating_add(slack));
        near.fold((0, 0), |(count, total): (u64, u64), (ticks, samples)| {
            let ticks = samples.saturating_mul(u64::from(*ticks));
            (count.saturating_add(*samples), total.saturating_add(ticks))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_steadiness() {
        fn check(timescale: u32, samples: &[(u32, u32)], rate: Option<f64>, variable: bool) {
            let mut pace = Pace::default();
            samples.iter().for_each(|(samples, ticks)| pace.add(*samples, *ticks));
            assert_eq!((pace.rate(timescale), pace.is_variable()), (rate, variable), "{samples:?}");
            let mut twice = pace.clone();
            twice.append(&pace);
            assert_eq!((twice.rate(timescale), twice.is_variable()), (rate, variable), "{samples:?} twice");
        }
        check(90_000, &[(300, 3000)], Some(30.0), false);
        check(30_000, &[(300, 1001)], Some(29.97), false);
        check(1000, &[(2, 33), (1, 34), (2, 33), (1, 34)], Some(30.0), false);
        check(1000, &[(200, 8), (100, 9)], Some(120.0), false);
        check(600, &[(299, 20), (1, 7000)], Some(30.0), false);
        check(24, &[(50, 1), (50, 2)], Some(16.0), true);
        check(90_000, &[(100, 3000), (100, 6000)], Some(20.0), true);
        check(90_000, &[(1, 3000)], Some(30.0), false);
        check(90_000, &[], None, false);
        check(0, &[(300, 3000)], None, false);
        check(90_000, &[(300, 0)], None, false);
        let jitter: Vec<(u32, u32)> = (0..3000).map(|at| (1, 2000 + at)).collect();
        check(90_000, &jitter, Some(25.718), true);
        check(1, &[(u32::MAX, u32::MAX); 3], Some(0.0), false);
    }
}
