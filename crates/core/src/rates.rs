//! How often calls may be made, held before the platform has to say it: a sliding minute for each account and group of calls.
//!
//! In memory: after a restart the platform's own answer (429) still stands behind it.

use crate::clock::Clock;
use crate::facts::{Facts, RateFact};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;

/// The counts. One for the whole engine.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// By account and first call of the group: the instants of the last minute, in milliseconds.
    made: Mutex<HashMap<(i64, &'static str), VecDeque<i64>>>,
}

impl Rates {
    /// How long this call has to wait, if it has to. Counts nothing.
    pub(crate) fn wait(
        &self,
        facts: &'static Facts,
        account: i64,
        call: &str,
        clock: &Clock,
    ) -> Option<Duration> {
        let rate = rate_of(facts, call)?;
        let now = clock.now().as_millisecond();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let times = made.entry((account, rate.calls.first()?)).or_default();
        forget(times, now);
        let most = usize::try_from(rate.per_minute.max(1)).unwrap_or(usize::MAX);
        let oldest = times.len().checked_sub(most).and_then(|at| times.get(at))?;
        let left = oldest.saturating_add(MINUTE_MS).saturating_sub(now).max(1);
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(1)))
    }

    /// This call is being made.
    pub(crate) fn count(&self, facts: &'static Facts, account: i64, call: &str, clock: &Clock) {
        let Some(rate) = rate_of(facts, call) else { return };
        let Some(group) = rate.calls.first() else { return };
        let now = clock.now().as_millisecond();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let times = made.entry((account, group)).or_default();
        forget(times, now);
        times.push_back(now);
    }
}

fn rate_of(facts: &'static Facts, call: &str) -> Option<&'static RateFact> {
    facts.rates.iter().find(|rate| rate.calls.contains(&call))
}

/// Also what lies ahead of now, after a clock that was set back.
fn forget(times: &mut VecDeque<i64>, now: i64) {
    times.retain(|at| *at <= now && now - *at < MINUTE_MS);
}

#[cfg(test)]
mod tests {
    use super::*;

    static OVEN: Facts = Facts {
        id: "oven",
        rates: &[RateFact { calls: &["bake", "roast"], per_minute: 2, as_of: "" }],
        ..Facts::PLAIN
    };

    #[tokio::test]
    async fn the_third_call_of_a_minute_waits_for_the_first_to_be_old() {
        let rates = Rates::default();
        let (clock, hand) = Clock::by_hand("2026-11-22T18:00:00Z".parse().expect("an instant"));
        assert_eq!(rates.wait(&OVEN, 1, "bake", &clock), None);
        rates.count(&OVEN, 1, "bake", &clock);
        hand.advance(Duration::from_secs(10));
        rates.count(&OVEN, 1, "roast", &clock);
        assert_eq!(
            rates.wait(&OVEN, 1, "bake", &clock),
            Some(Duration::from_secs(50)),
            "both count together"
        );
        assert_eq!(rates.wait(&OVEN, 2, "bake", &clock), None, "another account's minute is its own");
        assert_eq!(rates.wait(&OVEN, 1, "serve", &clock), None, "a call without a rate never waits");
        hand.advance(Duration::from_secs(50));
        assert_eq!(rates.wait(&OVEN, 1, "bake", &clock), None);
    }
}
