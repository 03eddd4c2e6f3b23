//! A computer's clock that is wrong: the time is asked for before anything is decided by it, what was decided by a wrong one is decided
//! again, and the person is told.
//!
//! Which time is trusted is reckoned in `clock/trust.rs`; everything here that asks the clock gets that one.

use super::{Engine, sql};
use crate::clock::watch::JUMP;
use crate::event::What;
use crate::platform::{AnyPlatform, Auth, Call, Target};
use crate::problem::{Code, Outcome, Problem};
use crate::queue;
use crate::store::Tx;
use crate::wire::{Files, Sent};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

impl Engine {
    /// Makes sure that a platform said the time lately, before something becomes public or is called missed by it. Usually one did,
    /// with the answers to the upload. The error says why nobody could be asked.
    pub(crate) async fn confirm_time(&self, platform: &Arc<dyn AnyPlatform>) -> Result<(), String> {
        if self.clock().is_confirmed() {
            return Ok(());
        }
        let hosts = platform.facts().hosts;
        // The last one speaks the API; a star stands for names that only the platform knows.
        let Some(host) = hosts.iter().rev().find(|host| !host.starts_with('*')) else { return Ok(()) };
        let call =
            Call::new("time", http::Method::GET, Target::At(host, "/favicon.ico".into())).auth(Auth::None);
        match self.inner.wire.send(hosts, call, None, &Files::default(), &Arc::default()).await {
            Sent::Reply(_) => {
                if !self.clock().is_confirmed() {
                    // It answers and tells no time: there is nobody better to ask.
                    let reading = self.clock().reading();
                    self.clock().hear(platform.facts().id, None, reading, reading);
                }
                Ok(())
            }
            Sent::Offline { detail } | Sent::Cut { detail } => Err(detail),
            Sent::Stopped | Sent::File(_) => Err("the question for the time was broken off".into()),
            // A host that does not exist in this world can't be asked.
            Sent::Forbidden { .. } => Ok(()),
        }
    }

    /// What is to be told of the computer's clock.
    pub fn clock_problem(&self) -> Option<Problem> {
        self.clock().off_by().map(clock_wrong)
    }

    /// Another time is trusted than before, or the clock was set: what was decided by the old one is decided again.
    pub(super) async fn time_changed(&self, moved: SignedDuration) -> Outcome<()> {
        let now = self.clock().now();
        self.write(move |tx| {
            tx.say(What::Clock);
            if moved <= -JUMP {
                bring_waits_near(tx, moved, now)?;
            }
            miss_no_more(tx, now)
        })
        .await
    }

    /// At the start: an earlier run may have worked by a clock that was ahead. Its last line of history says so.
    pub(super) async fn undo_an_earlier_clock(&self) -> Outcome<()> {
        let last: Option<i64> = self.read(|sql| {
            sql.query_row("SELECT at FROM attempt ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
                .map(Some)
                .or_else(|error| match error {
                    rusqlite::Error::QueryReturnedNoRows => Ok(None),
                    error => Err(error),
                })
        })?;
        let now = self.clock().now();
        let ahead =
            last.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|last| now.duration_since(last));
        self.time_changed(ahead.filter(|by| *by <= -JUMP).unwrap_or_default()).await
    }
}

/// `by`: how far the clock is ahead.
fn clock_wrong(by: SignedDuration) -> Problem {
    let length = length(by);
    let message = if by.is_negative() {
        format!(
            "This computer's clock is {length} behind the platforms' clocks. Posts that are sent from here at their minute may be late. Set the clock; Slipway goes on by itself."
        )
    } else {
        format!(
            "This computer's clock is {length} ahead of the platforms' clocks. Nothing is made public before its minute by theirs. Set the clock; Slipway goes on by itself."
        )
    };
    Problem::warn(Code::ClockWrong, message).detail(by.as_secs())
}

fn length(by: SignedDuration) -> String {
    let minutes = (by.as_secs().abs() + 30) / 60;
    match minutes {
        ..60 => format!("{minutes} min"),
        60..2880 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// Waits that were reckoned by a clock that was ahead stand for as much too long. One that ends early asks once more than it had to.
/// A minute that was planned does not move: `due` and `ready` rows are reckoned from it.
fn bring_waits_near(tx: &mut Tx, moved: SignedDuration, now: Timestamp) -> Outcome<()> {
    let by = i64::try_from(moved.as_millis()).unwrap_or(i64::MIN / 2);
    let now = now.as_millisecond();
    for statement in [
        "UPDATE delivery SET next_at = max(next_at + ?1, ?2) WHERE claim IS NULL AND next_at > ?2 \
         AND state IN ('parked', 'working', 'handed_over', 'to_finish')",
        "UPDATE errand SET next_at = max(next_at + ?1, ?2) WHERE claim IS NULL AND next_at > ?2 AND state = 'waiting'",
        "UPDATE hold SET until = max(until + ?1, ?2) WHERE until > ?2",
    ] {
        sql(tx.execute(statement, [by, now]))?;
    }
    Ok(())
}

/// A post that was called missed, and whose minute is still to come, waits for it again.
fn miss_no_more(tx: &mut Tx, now: Timestamp) -> Outcome<()> {
    let wrongly: Vec<i64> = sql(tx
        .prepare_cached(
            "SELECT id FROM delivery WHERE state = 'stuck' AND due_at > ?1 AND json_extract(problem, '$.code') = 'missed'",
        )
        .and_then(|mut get| get.query_map([now.as_millisecond()], |row| row.get(0))?.collect()))?;
    for id in wrongly {
        queue::retry(tx, id, now)?;
        tracing::info!(id, "its minute is still to come: it was not missed");
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn wrong_clock_is_told_with_its_size_and_direction() {
        for (seconds, says) in [
            (7200, "2 h 00 min ahead"),
            (-7199, "2 h 00 min behind"),
            (90, "2 min ahead"),
            (-86_400 * 40, "40 days behind"),
        ] {
            let problem = clock_wrong(SignedDuration::from_secs(seconds));
            assert!(problem.message.contains(says), "{}", problem.message);
            assert_eq!(problem.detail, Some(seconds.to_string()));
            assert!(!problem.blocks());
        }
    }
}
