//! One story told again and again, each time with another call hurt in another way. A planned fault that never happened fails the
//! round.

use anyhow::{Context, bail, ensure};
use slipway_sandbox::{Deed, Fault, Hurt};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

use crate::Town;

/// How often a round is told again whose call was never made: how many looks a story takes depends on how fast the machine is.
pub const AGAIN: usize = 4;

/// Did this round fail only since the call to be hurt was not made in it?
pub fn was_never_made(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.contains("was never made") || text.contains("the planned fault never happened")
}

/// Rounds side by side. Most of a round is waiting.
const SIDE_BY_SIDE: usize = 8;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pain {
    /// The platform did it, and the answer never came.
    Lost,
    Down,
    Cut,
    /// The access token is dead from this call on.
    SignedOut,
    /// The program dies while the platform has the call and has not begun.
    CrashBefore,
    /// The program dies after the platform did it, before the answer.
    CrashAfter,
}

pub const PAINS: [Pain; 6] =
    [Pain::Lost, Pain::Down, Pain::Cut, Pain::SignedOut, Pain::CrashBefore, Pain::CrashAfter];

impl Pain {
    fn hurt(self) -> Hurt {
        match self {
            Pain::Lost | Pain::CrashAfter => Deed::Lost.into(),
            Pain::Down => 503.into(),
            Pain::Cut => Deed::Cut.into(),
            Pain::SignedOut => Deed::TokenExpired.into(),
            Pain::CrashBefore => Deed::StallMs(400).into(),
        }
    }
}

/// The hurt of one round: the `nth` call from the moment of planning.
#[derive(Clone, Copy, Debug)]
pub struct Blow {
    pub nth: u64,
    pub pain: Pain,
}

impl Blow {
    /// From now on the calls are counted.
    pub fn plan(blow: Option<Blow>, town: &Town) {
        town.sandbox.clear_calls();
        if let Some(blow) = blow {
            town.sandbox.plan(Fault::nth("*", blow.nth, blow.pain.hurt()));
        }
    }

    /// Does the program die in this round?
    pub fn kills(blow: Option<Blow>) -> bool {
        blow.is_some_and(|blow| matches!(blow.pain, Pain::CrashBefore | Pain::CrashAfter))
    }

    /// Waits until the hurt call is at the platform's door.
    pub async fn struck(town: &Town) -> anyhow::Result<()> {
        let began = Instant::now();
        while !town.sandbox.plans().iter().all(|plan| plan.done) {
            ensure!(began.elapsed() < Duration::from_secs(30), "the call to be hurt was never made");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

/// Tells the story once straight, then once for each call from `first` on and each pain. The story answers how many calls it took
/// from [`Blow::plan`] on.
pub async fn every_call_every_pain<S, R>(name: &str, first: u64, story: S) -> anyhow::Result<()>
where
    S: Fn(Option<Blow>) -> R,
    R: Future<Output = anyhow::Result<usize>> + Send + 'static,
{
    let calls = story(None).await.context(format!("{name}, straight through"))? as u64;
    ensure!(calls >= first, "only {calls} calls: the counting is broken");
    let slots = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut rounds = Vec::new();
    for nth in first..=calls {
        for pain in PAINS {
            let (slots, round) = (slots.clone(), story(Some(Blow { nth, pain })));
            let told = tokio::spawn(async move {
                let _slot = slots.acquire().await?;
                round.await
            });
            rounds.push((Blow { nth, pain }, told));
        }
    }
    let mut bad = Vec::new();
    let count = rounds.len();
    for (blow, round) in rounds {
        let mut ended = round.await?;
        for _ in 0..AGAIN {
            if !ended.as_ref().is_err_and(was_never_made) {
                break;
            }
            ended = story(Some(blow)).await;
        }
        if let Err(error) = ended {
            let Blow { nth, pain } = blow;
            bad.push(format!("{name}, call {nth} of {calls}, {pain:?}: {error:#}"));
        }
    }
    println!("{name}: {calls} calls, {count} rounds, {} bad", bad.len());
    if !bad.is_empty() {
        bail!("{} of {count} rounds:\n{}", bad.len(), bad.join("\n\n"));
    }
    Ok(())
}
