//! Is this plan of chunks allowed? (Contract tiktok 5.3, Content Posting API, media transfer guide of September 2026.) Pure arithmetic.

use crate::settings::tiktok::Megabyte;

/// What an init declares of its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) size: u64,
    pub(crate) chunk: u64,
    pub(crate) count: u64,
}

pub(crate) const BAD_SIZE: &str = "The video size is invalid";
pub(crate) const BAD_CHUNK: &str = "The chunk size is invalid";
pub(crate) const BAD_COUNT: &str = "The total chunk count is invalid";

impl Plan {
    /// The sentence a refused plan gets.
    /// Unsure: which reading of MB holds; and whether a whole file between 64,000,001 and 67,108,864 bytes passes (only with the binary
    /// reading here).
    pub(crate) fn check(self, megabyte: Megabyte) -> Result<(), &'static str> {
        let (mb, most) = match megabyte {
            Megabyte::Decimal => (1_000_000, 4_000_000_000),
            Megabyte::Binary => (1 << 20, 4 << 30),
        };
        if self.size == 0 || self.size > most {
            return Err(BAD_SIZE);
        }
        if self.chunk == 0 || self.chunk > self.size {
            return Err(BAD_CHUNK);
        }
        if self.count == 1 {
            // One chunk that is shorter than the file was accepted until August 2026.
            if self.chunk != self.size {
                return Err(BAD_CHUNK);
            }
            return if self.size > 64 * mb { Err(BAD_COUNT) } else { Ok(()) };
        }
        if self.chunk < 5 * mb || self.chunk > 64 * mb {
            return Err(BAD_CHUNK);
        }
        // Rounded down: the last chunk takes in the rest. So it stays below 128 MB, and 4 GB below the 1000 chunks, without a check.
        if self.count == self.size / self.chunk { Ok(()) } else { Err(BAD_COUNT) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(size: u64, chunk: u64, count: u64) -> Result<(), &'static str> {
        Plan { size, chunk, count }.check(Megabyte::Decimal)
    }

    #[test]
    fn the_plans_of_the_contract_pass() {
        for (size, chunk, count) in [
            (1, 1, 1),
            (4_194_304, 4_194_304, 1),
            (64_000_000, 64_000_000, 1),
            (50_000_123, 10_000_000, 5),
            (64_000_001, 10_000_000, 6),
            (64_000_001, 32_000_000, 2),
            (66_259_900, 10_000_000, 6),
            (70_000_000, 10_000_000, 7),
            (94_000_000, 32_000_000, 2),
            (150_000_000, 32_000_000, 4),
            (4_000_000_000, 10_000_000, 400),
            (10_000_000, 5_000_000, 2),
        ] {
            assert_eq!(check(size, chunk, count), Ok(()), "{size} as {count} of {chunk}");
        }
    }

    /// C24: what worked until August 2026 and what was never allowed.
    #[test]
    fn every_other_plan_is_refused_with_its_sentence() {
        for (size, chunk, count, why) in [
            (0, 0, 1, BAD_SIZE),
            (4_000_000_001, 10_000_000, 400, BAD_SIZE),
            (100_000_000, 64_000_000, 1, BAD_CHUNK),
            (66_259_900, 64_000_000, 1, BAD_CHUNK),
            (64_000_001, 64_000_001, 1, BAD_COUNT),
            (70_000_001, 10_000_000, 8, BAD_COUNT),
            (70_000_000, 10_000_000, 6, BAD_COUNT),
            (20_000_000, 4_999_999, 4, BAD_CHUNK),
            (200_000_000, 64_000_001, 3, BAD_CHUNK),
            (3_000_000, 5_000_000, 0, BAD_CHUNK),
            (10_000_000, 10_000_000, 0, BAD_COUNT),
            (10_000_000, 0, 1, BAD_CHUNK),
        ] {
            assert_eq!(check(size, chunk, count), Err(why), "{size} as {count} of {chunk}");
        }
    }

    #[test]
    fn both_readings_of_a_megabyte() {
        let plan = |size, chunk, count| Plan { size, chunk, count };
        let tight = plan(20_000_000, 5_000_000, 4);
        assert_eq!(tight.check(Megabyte::Decimal), Ok(()));
        assert_eq!(tight.check(Megabyte::Binary), Err(BAD_CHUNK));
        let wide = plan(67_108_864, 67_108_864, 1);
        assert_eq!(wide.check(Megabyte::Decimal), Err(BAD_COUNT));
        assert_eq!(wide.check(Megabyte::Binary), Ok(()));
        assert_eq!(plan(4_294_967_296, 10_000_000, 429).check(Megabyte::Binary), Ok(()));
        // Inside both readings, as a careful client plans.
        for chunk in [5_242_880, 10_000_000, 32_000_000, 64_000_000] {
            let plan = plan(900_000_000, chunk, 900_000_000 / chunk);
            assert_eq!(
                (plan.check(Megabyte::Decimal), plan.check(Megabyte::Binary)),
                (Ok(()), Ok(())),
                "{chunk}"
            );
        }
    }
}
