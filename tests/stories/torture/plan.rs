//! What is posted in a round: every platform, every way of publishing.

use serde_json::{Map, Value, json};
use slipway_stories::dice::Dice;
use slipway_stories::wishes;

/// One post, which may go to several channels.
pub struct Wanted {
    /// Which data folder posts it.
    pub home: usize,
    pub title: String,
    pub bytes: u64,
    pub seed: u64,
    pub platforms: Vec<&'static str>,
    /// Seconds from now; absent: at once.
    pub in_s: Option<u64>,
    pub draft: bool,
    pub options: Value,
}

/// A platform's choices beyond the usual ones: another way out of the same platform.
fn another_way(platform: &str, options: &mut Map<String, Value>, dice: &mut Dice) {
    match platform {
        "youtube" if dice.below(3) == 0 => {
            options.insert("privacy".into(), "unlisted".into());
        }
        "tiktok" if dice.below(4) == 0 => {
            options.insert("mode".into(), "inbox".into());
            options.remove("privacy");
        }
        "facebook" if dice.below(3) == 0 => {
            options.insert("kind".into(), "video".into());
        }
        _ => {}
    }
}

/// The posts of one round, in the order they are queued in. `second`: which platforms the second data folder has.
pub fn posts(life: u64, round: u64, dice: &mut Dice, second: &[&'static str]) -> anyhow::Result<Vec<Wanted>> {
    let registered = slipway_platforms::all();
    let all: Vec<&'static str> = registered.iter().map(|platform| platform.facts().id).collect();
    // At once; soon, while this computer is awake; and in a while, which some platforms take over.
    let whens =
        [None, Some(6 + dice.below(6)), Some(12 * 60 + dice.below(20 * 60)), None, Some(5 + dice.below(5))];
    let mut wanted = Vec::new();
    for (nth, in_s) in whens.into_iter().enumerate() {
        let draft = nth == 3 && dice.below(3) == 0;
        let mut platforms = all.clone();
        // Not always all of them.
        if dice.below(2) == 0 {
            let drop = dice.below(platforms.len() as u64) as usize;
            platforms.remove(drop);
        }
        wanted.push(wish(format!("Loaf {life}.{round}.{nth}"), 0, platforms, in_s, draft, dice)?);
    }
    if !second.is_empty() {
        let in_s = [None, Some(5 + dice.below(5)), Some(15 * 60)][dice.below(3) as usize];
        wanted.push(wish(format!("Ride {life}.{round}"), 1, second.to_vec(), in_s, false, dice)?);
    }
    Ok(wanted)
}

fn wish(
    title: String,
    home: usize,
    platforms: Vec<&'static str>,
    in_s: Option<u64>,
    draft: bool,
    dice: &mut Dice,
) -> anyhow::Result<Wanted> {
    let mut options = json!({});
    for platform in &platforms {
        let mut chosen = wishes(platform)?;
        if let Some(chosen) = chosen.as_object_mut() {
            another_way(platform, chosen, dice);
        }
        options[*platform] = chosen;
    }
    // More than the system's buffers hold now and then, so that a kill can fall into a body.
    let bytes =
        if dice.below(3) == 0 { 4_000_000 + dice.below(4_000_000) } else { 200_000 + dice.below(400_000) };
    Ok(Wanted { home, title, bytes, seed: dice.next(), platforms, in_s, draft, options })
}
