//! What is done to a round: blows in an order that the seed decides, each at a moment counted in calls or in milliseconds.

use anyhow::ensure;
use slipway_sandbox::{Deed, Fault, Hurt, StatusAnswer};
use slipway_stories::dice::Dice;
use std::collections::BTreeSet;

/// Which kinds of blows are used.
#[derive(Clone, Copy, Debug)]
pub struct Kinds {
    pub kills: bool,
    pub naps: bool,
    pub suspends: bool,
    pub jumps: bool,
    pub lies: bool,
    pub cancels: bool,
    pub edits: bool,
    pub copies: bool,
    /// In every round: whoever names the kinds wants to see them.
    pub often: bool,
    pub second: bool,
}

const KINDS: [&str; 9] =
    ["kills", "naps", "suspends", "jumps", "lies", "cancels", "edits", "copies", "second"];

impl Kinds {
    pub fn from_env() -> anyhow::Result<Kinds> {
        let named = std::env::var("SLIPWAY_TORTURE").unwrap_or_default();
        let named: Vec<&str> = named.split(',').map(str::trim).filter(|kind| !kind.is_empty()).collect();
        for kind in &named {
            ensure!(
                KINDS.contains(kind),
                "SLIPWAY_TORTURE: there is no {kind}; there are {}",
                KINDS.join(", ")
            );
        }
        let has = |kind: &str| named.is_empty() || named.contains(&kind);
        Ok(Kinds {
            kills: has("kills"),
            naps: has("naps"),
            suspends: has("suspends"),
            jumps: has("jumps"),
            lies: has("lies"),
            cancels: has("cancels"),
            edits: has("edits"),
            copies: has("copies"),
            often: !named.is_empty(),
            second: has("second"),
        })
    }
}

#[derive(Clone, Debug)]
pub enum Blow {
    /// SIGKILL, and a new start.
    Kill,
    /// SIGSTOP, so many milliseconds, SIGCONT.
    Nap(u64),
    /// The computer sleeps: so many seconds pass for the platforms and on the right clock, none on the monotonic one.
    Suspend(u64),
    /// The engine's clock is wrong by so many seconds, until the next of these.
    Jump(i64),
    /// By another process, of the nth delivery of this round.
    Cancel(u64),
    Edit(u64),
    /// A copy of the database is laid aside.
    CopyAside,
    /// The process is killed and the copy put back in the database's place.
    PutBack,
    /// Answers of the platforms from here on.
    Lies(u64),
    /// Another process queues the next post.
    Post,
}

/// When a blow falls: after so many calls of any platform, or at once, and so many milliseconds later.
#[derive(Clone, Debug)]
pub struct Moment {
    pub calls: u64,
    pub later_ms: u64,
}

/// A round's blows in their order, with the queueing of `posts` spread among them. At most `kills` of them are kills.
pub fn blows(dice: &mut Dice, kinds: Kinds, kills: u64, round: u64, posts: usize) -> Vec<(Moment, Blow)> {
    let mut blows = Vec::new();
    if kinds.kills {
        blows.extend(std::iter::repeat_with(|| Blow::Kill).take(kills as usize));
    }
    let some = |wanted: bool, most: u64, dice: &mut Dice| if wanted { 1 + dice.below(most) } else { 0 };
    for _ in 0..some(kinds.naps, 2, dice) {
        blows.push(Blow::Nap(400 + dice.below(2_600)));
    }
    if kinds.suspends && dice.below(2) == 0 {
        blows.push(Blow::Suspend(30 + dice.below(8 * 60)));
    }
    for _ in 0..some(kinds.cancels, 3, dice) {
        blows.push(Blow::Cancel(dice.next()));
    }
    for _ in 0..some(kinds.edits, 2, dice) {
        blows.push(Blow::Edit(dice.next()));
    }
    shuffle(dice, &mut blows);
    // In pairs, the second after the first.
    if kinds.jumps {
        let minutes = [2, 7, 60, 120, 300][dice.below(5) as usize] * 60;
        let by = if dice.below(2) == 0 { minutes } else { -minutes };
        pair(dice, &mut blows, Blow::Jump(by), Blow::Jump(0));
    }
    if kinds.copies && (kinds.often || round % 5 == 2) {
        pair(dice, &mut blows, Blow::CopyAside, Blow::PutBack);
    }
    // So that there is work under way all along, and lies about each piece of it.
    let length = blows.len();
    for nth in (0..posts).rev() {
        let at = nth * length / posts.max(1);
        blows.insert(at, Blow::Post);
        if kinds.lies {
            blows.insert(at, Blow::Lies(dice.next()));
        }
    }
    let at_once = |blow: &Blow| matches!(blow, Blow::Post | Blow::Lies(_));
    blows
        .into_iter()
        .map(|blow| (if at_once(&blow) { Moment { calls: 0, later_ms: 0 } } else { moment(dice) }, blow))
        .collect()
}

fn moment(dice: &mut Dice) -> Moment {
    match dice.below(10) {
        // Start-up: lock, release of what was left behind, vault, token.
        0 => Moment { calls: 0, later_ms: dice.below(400) },
        // Anywhere, waits included.
        1 => Moment { calls: 0, later_ms: dice.below(2_500) },
        _ => Moment { calls: 1 + dice.below(6), later_ms: dice.below(60) },
    }
}

fn shuffle(dice: &mut Dice, blows: &mut [Blow]) {
    for at in (1..blows.len()).rev() {
        blows.swap(at, dice.below(at as u64 + 1) as usize);
    }
}

fn pair(dice: &mut Dice, blows: &mut Vec<Blow>, first: Blow, second: Blow) {
    let at = dice.below(blows.len() as u64 + 1) as usize;
    let end = at + dice.below((blows.len() - at) as u64 + 1) as usize;
    blows.insert(end, second);
    blows.insert(at, first);
}

/// A lie of one platform, at a call that was seen there before or at any of its next ones.
pub fn lie(dice: &mut Dice, platform: &str, seen: &BTreeSet<String>) -> Fault {
    let seen: Vec<&String> = seen.iter().collect();
    let named =
        (!seen.is_empty() && dice.below(3) != 0).then(|| seen[dice.below(seen.len() as u64) as usize]);
    let hurt: Hurt = match named {
        Some(api) if commits(api) => match dice.below(14) {
            // Done, and told as if it were not, or as if it never could be.
            0 => Deed::StatusAfter(404).into(),
            1 => Deed::StatusAfter(410).into(),
            2 => Deed::StatusAfter(403).into(),
            3 => Deed::StatusAfter(401).into(),
            4 => Deed::StatusAfter(500).into(),
            5 => Deed::StatusAfter(503).into(),
            6 => Deed::AnswerAfter(a_web_page()).into(),
            7 => Deed::HalfAnswer.into(),
            // Not done, and told as done.
            8 => Deed::Html.into(),
            // Done, and told late: a cancel or a kill falls in between.
            9 | 10 => Deed::StallAfterMs(500 + dice.below(3_000)).into(),
            _ => harmless(dice),
        },
        _ => harmless(dice),
    };
    let fault = match named {
        Some(api) => Fault::nth(api, 1 + dice.below(2), hurt),
        None => Fault::nth("*", 1 + dice.below(6), hurt),
    };
    fault.platform(platform)
}

/// What a hotel's network shows in place of the platform.
fn a_web_page() -> StatusAnswer {
    let body = Some("<!doctype html><title>Sign in to the network</title>".into());
    StatusAnswer { status: 200, body, ..StatusAnswer::default() }
}

/// What may happen to any call.
fn harmless(dice: &mut Dice) -> Hurt {
    match dice.below(10) {
        0 | 1 => Deed::Lost.into(),
        2 => Deed::Cut.into(),
        3 => Deed::CutAfter(100_000).into(),
        4 | 5 => Deed::StallMs(500 + dice.below(3_000)).into(),
        6 => Deed::TokenExpired.into(),
        7 => StatusAnswer { status: 429, retry_after: Some(1), ..StatusAnswer::default() }.into(),
        8 => 503.into(),
        _ => Deed::SlowBytesPerS(2_000_000).into(),
    }
}

/// Does this call make, change or remove something? A sign-in's own calls are left out: who lies there ends the sign-in.
fn commits(api: &str) -> bool {
    let words = [
        "put", "upload", "create", "publish", "finish", "init", "insert", "delete", "update", "amend",
        "media",
    ];
    let reads = ["accounts", "permissions", "query", "status", "list", "fetch", "token", "revoke"];
    words.iter().any(|word| api.contains(word)) && !reads.iter().any(|word| api.contains(word))
}
