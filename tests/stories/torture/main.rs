//! The real binary under everything that goes wrong at once: killed by SIGKILL at random moments, stopped for seconds, suspended for
//! minutes, under a clock that is set wrong, with platforms whose answers lie, cancels and edits by other processes while bytes move,
//! databases put back by hand, and a second data folder beside it. All platforms of the registry, every way of publishing, several
//! deliveries at once. At the end of each round the sandbox's own state is held against what `list --json` tells: each delivery is
//! there once or not at all, with its bytes, on its channel, not before its minute by the platform's clock, and told as it is.
//!
//! One seed makes one plan (`SLIPWAY_SEED`; 1, or any where `SLIPWAY_KILLS` is given); `SLIPWAY_KILLS` says how many kills (220);
//! `SLIPWAY_TORTURE` names the kinds to use, with commas (all): `kills`, `naps`, `suspends`, `jumps`, `lies`, `cancels`, `edits`,
//! `copies`, `second`.
//! `SLIPWAY_TALK=1` tells what was planned and what is waited for.

#![cfg(target_os = "linux")]

mod judge;
mod keyring;
mod life;
mod plan;
mod play;
mod script;
mod time;

use anyhow::{Context, ensure};
use life::Life;
use slipway_stories::dice::Dice;
use std::time::Instant;

/// Lives side by side, each with a sandbox, a keyring and two data folders of its own. Most of a life is waiting.
const SIDE_BY_SIDE: u64 = 3;

/// What happened, and what was found.
#[derive(Default)]
pub struct Tally {
    pub rounds: u64,
    pub kills: u64,
    pub naps: u64,
    pub suspends: u64,
    pub jumps: u64,
    pub lies: u64,
    pub cancels: u64,
    pub edits: u64,
    pub copies: u64,
    pub deliveries: u64,
    pub published: u64,
    pub cancelled: u64,
    /// Asked a person, by the problem's code.
    pub asked: std::collections::BTreeMap<String, u64>,
    pub lost: u64,
    pub doubled: u64,
    pub early: u64,
    pub told_wrongly: u64,
    pub elsewhere: u64,
    /// Each of the last five, in words.
    pub found: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        for (mine, others) in [
            (&mut self.rounds, other.rounds),
            (&mut self.kills, other.kills),
            (&mut self.naps, other.naps),
            (&mut self.suspends, other.suspends),
            (&mut self.jumps, other.jumps),
            (&mut self.lies, other.lies),
            (&mut self.cancels, other.cancels),
            (&mut self.edits, other.edits),
            (&mut self.copies, other.copies),
            (&mut self.deliveries, other.deliveries),
            (&mut self.published, other.published),
            (&mut self.cancelled, other.cancelled),
            (&mut self.lost, other.lost),
            (&mut self.doubled, other.doubled),
            (&mut self.early, other.early),
            (&mut self.told_wrongly, other.told_wrongly),
            (&mut self.elsewhere, other.elsewhere),
        ] {
            *mine += others;
        }
        for (code, times) in other.asked {
            *self.asked.entry(code).or_default() += times;
        }
        self.found.extend(other.found);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_each_video_is_there_once_at_its_minute_and_told_as_it_is() -> anyhow::Result<()>
{
    let asked = from_env("SLIPWAY_KILLS")?;
    let kills = asked.unwrap_or(220);
    let seed = from_env("SLIPWAY_SEED")?.unwrap_or_else(|| match asked {
        // Among all other tests the plan is always the same one.
        None => 1,
        Some(_) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |since| since.as_nanos() as u64 & 0xffff_ffff)
        }
    });
    let kinds = script::Kinds::from_env()?;
    println!("seed {seed}: SLIPWAY_SEED={seed} SLIPWAY_KILLS={kills} repeats this plan");
    let began = Instant::now();
    let mut lives = Vec::new();
    for nth in 0..SIDE_BY_SIDE {
        let share = kills / SIDE_BY_SIDE + u64::from(nth < kills % SIDE_BY_SIDE);
        let dice = Dice::new(seed.wrapping_add(nth.wrapping_mul(0x9e37_79b9)));
        lives.push(tokio::spawn(async move { Life::new(nth, dice, kinds).await?.live(share).await }));
    }
    let mut all = Tally::default();
    for life in lives {
        all.add(life.await?.with_context(|| format!("with SLIPWAY_SEED={seed} SLIPWAY_KILLS={kills}"))?);
    }
    println!(
        "{} kills, {} naps, {} suspends, {} jumps of the clock, {} lies, {} cancels, {} edits, {} databases put back; {} deliveries in {} \
         rounds, {} published, {} cancelled, a person was asked {:?}; {} lost, {} doubled, {} early, {} told wrongly, {} on another \
         channel; {:.0} s",
        all.kills,
        all.naps,
        all.suspends,
        all.jumps,
        all.lies,
        all.cancels,
        all.edits,
        all.copies,
        all.deliveries,
        all.rounds,
        all.published,
        all.cancelled,
        all.asked,
        all.lost,
        all.doubled,
        all.early,
        all.told_wrongly,
        all.elsewhere,
        began.elapsed().as_secs_f64()
    );
    ensure!(all.kills >= kills || !kinds.kills, "only {} kills", all.kills);
    ensure!(all.lies > 0 || !kinds.lies || all.rounds < 6, "none of the lies was told");
    ensure!(
        all.found.is_empty(),
        "{} faults with SLIPWAY_SEED={seed} SLIPWAY_KILLS={kills}",
        all.found.len()
    );
    // A person may be asked what no machine can know, and no more than that; of a queue put back again and again that is much.
    let asked: u64 = all.asked.values().sum();
    ensure!(
        kinds.often || asked * 5 <= all.deliveries.max(5),
        "{asked} of {} deliveries asked a person",
        all.deliveries
    );
    Ok(())
}

fn from_env(name: &str) -> anyhow::Result<Option<u64>> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => Ok(Some(text.parse().with_context(|| format!("{name}={text}"))?)),
        _ => Ok(None),
    }
}
