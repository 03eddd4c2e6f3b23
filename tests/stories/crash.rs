//! The real binary, killed by SIGKILL at random points of a post's life and started again until it is done: exactly one video with the
//! bytes that were on disk, and nothing sent again that the platform had already kept (C1, C2, C13, C23).
//!
//! `SLIPWAY_KILLS` says how many kills (100), `SLIPWAY_SEED` which; a failure names the seed to repeat it with. Every video is killed
//! several times. Kills are spread over the whole story, start-up and the wait for the minute included.

#![cfg(unix)]

use anyhow::{Context, ensure};
use serde_json::Value;
use slipway_sandbox::{Call, Deed, Fault};
use slipway_stories::binary::{Place, Process};
use slipway_stories::dice::Dice;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// What the sandbox keeps of a broken body: whole multiples of this.
const GRANULE: u64 = 262_144;
/// Places worked at side by side, each with a sandbox and a home of its own.
const SIDE_BY_SIDE: u64 = 2;
/// At most so many kills of one round, so that every round gets to its end.
const KILLS_A_ROUND: u64 = 6;

/// What happened, for the last line.
#[derive(Default)]
struct Tally {
    kills: u64,
    /// Kills that hit something under way.
    hits: u64,
    videos: u64,
    bytes: u64,
    sent_again: u64,
    puts_broken: u64,
}

/// One way out, and how long its story is.
struct Way {
    name: &'static str,
    more: &'static [&'static str],
    privacy: &'static str,
}

const WAYS: [Way; 3] = [
    Way { name: "now", more: &["--now"], privacy: "public" },
    Way { name: "handed over", more: &["--at", "+4s"], privacy: "public" },
    Way { name: "staged", more: &["--at", "+4s", "-o", "youtube.privacy=unlisted"], privacy: "unlisted" },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_each_video_is_there_once() -> anyhow::Result<()> {
    let kills = from_env("SLIPWAY_KILLS")?.unwrap_or(100);
    let seed = from_env("SLIPWAY_SEED")?.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |since| since.as_nanos() as u64 & 0xffff_ffff)
    });
    println!("seed {seed}: SLIPWAY_SEED={seed} repeats these kills");
    let began = Instant::now();
    let mut lives = Vec::new();
    for life in 0..SIDE_BY_SIDE {
        let share = kills / SIDE_BY_SIDE + u64::from(life < kills % SIDE_BY_SIDE);
        lives.push(tokio::spawn(live(Dice::new(seed.wrapping_add(life)), share)));
    }
    let mut all = Tally::default();
    for life in lives {
        let tally = life.await?.with_context(|| format!("with SLIPWAY_SEED={seed} SLIPWAY_KILLS={kills}"))?;
        all.kills += tally.kills;
        all.hits += tally.hits;
        all.videos += tally.videos;
        all.bytes += tally.bytes;
        all.sent_again += tally.sent_again;
        all.puts_broken += tally.puts_broken;
    }
    println!(
        "{} kills ({} of work under way, {} in the middle of a body), {} videos of {} bytes, each there once; {} bytes sent again, \
         at most {GRANULE} for each broken body; {:.0} s",
        all.kills,
        all.hits,
        all.puts_broken,
        all.videos,
        all.bytes,
        all.sent_again,
        began.elapsed().as_secs_f64()
    );
    ensure!(all.kills == kills, "only {} kills", all.kills);
    // Kills that hit nothing would prove nothing.
    ensure!(
        all.hits * 5 >= kills,
        "only {} of {kills} kills hit work under way: spread them better",
        all.hits
    );
    ensure!(kills < 50 || all.puts_broken > 0, "no kill hit a body");
    Ok(())
}

fn from_env(name: &str) -> anyhow::Result<Option<u64>> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => Ok(Some(text.parse().with_context(|| format!("{name}={text}"))?)),
        _ => Ok(None),
    }
}

/// One sandbox and one home, and videos until the kills are spent.
async fn live(mut dice: Dice, kills: u64) -> anyhow::Result<Tally> {
    let place = Place::at_home().await?;
    place.sandbox.settings(|settings| {
        settings.delay_ms = 8;
        settings.uploads_per_day = 1_000_000;
        settings.pool = 100_000_000;
    });
    raise_quotas(&place).await?;
    let mut tally = Tally::default();
    let mut round = 0;
    while tally.kills < kills {
        let way = &WAYS[round % WAYS.len()];
        round += 1;
        let left = (kills - tally.kills).min(KILLS_A_ROUND);
        play(&place, &mut dice, way, round as u64, left, &mut tally)
            .await
            .with_context(|| format!("round {round}, {}", way.name))?;
    }
    Ok(tally)
}

/// A torture run publishes more in a day than an app may by default.
async fn raise_quotas(place: &Place) -> anyhow::Result<()> {
    let app = place.sandbox.announcement().apps.get("youtube").context("no app")?.clone();
    let args =
        ["apps", "add", "youtube", "--client-id", &app.client_id, "--client-secret", &app.client_secret];
    let quotas = ["--quota", "uploads=1000000", "--quota", "pool=100000000"];
    place.json(&[&args[..], &quotas[..]].concat()).await?.done()?;
    Ok(())
}

/// One video, killed up to `kills` times on its way.
async fn play(
    place: &Place,
    dice: &mut Dice,
    way: &Way,
    round: u64,
    kills: u64,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    place.sandbox.clear_calls();
    place.sandbox.clear_plans();
    // More than the system's own buffers between the two hold, or a body would be whole the moment it is begun.
    let size = 6_000_000 + dice.below(8_000_000);
    let title = format!("Loaf {round}");
    let path = place.video(&format!("loaf-{round}.mp4"), size, dice.next())?;
    let sessions_before = place.sandbox.state().sessions.len();
    let id = place.post(&path, &title, way.more).await?;
    let (mut killed, mut interrupted) = (0, BTreeSet::new());
    let whole = loop {
        // Slow enough that a body takes about a second; each call of a body uses up one plan.
        slow_down(place);
        let mut process = place.start(&["--json", "run", "--until-idle"])?;
        if killed == kills {
            break place.finish(process).await?;
        }
        if !moment_comes(place, dice, &mut process).await? {
            break place.finish(process).await?;
        }
        let said = process.kill().await?;
        if said.code.is_some() {
            // It had just ended by itself.
            place.remember(&said);
            break said;
        }
        killed += 1;
        interrupted.extend(left_behind(place)?);
    };
    ensure!(whole.code == Some(0), "{whole:?}");
    let interrupted = interrupted.len() as u64;
    tally.kills += killed;
    tally.hits += interrupted.min(killed);
    let shown = place.show(id).await?;
    judge(place, way, &path, &title, &shown)?;
    history(&shown, interrupted)?;
    account_for_bytes(place, sessions_before, tally)?;
    ensure!(slipway_stories::all_files(&place.temp())?.is_empty(), "something was left in the temp folder");
    tally.videos += 1;
    tally.bytes += std::fs::metadata(&path)?.len();
    std::fs::remove_file(path)?;
    Ok(())
}

/// In place of a number of calls: until a body is on its way.
const BODY: u64 = u64::MAX;

/// Waits for the moment to kill; false when the process was done before. Moments by the clock alone would nearly all fall into
/// waiting, so most are counted in calls: so many of this process's calls, and a little later.
async fn moment_comes(place: &Place, dice: &mut Dice, process: &mut Process) -> anyhow::Result<bool> {
    let began = Instant::now();
    let (calls, later) = match dice.below(10) {
        // Start-up: lock, release of what was left behind, vault, token.
        0 => (0, dice.below(400)),
        // Anywhere, the wait for the minute included.
        1 => (0, dice.below(5_000)),
        // Around a call: while it is under way, or while its answer is written down.
        2..=5 => (1 + dice.below(7), dice.below(25)),
        // In the middle of a body.
        _ => (BODY, dice.below(800)),
    };
    let before = place.sandbox.calls().len();
    let come = || {
        let new = &place.sandbox.calls()[before..];
        let in_body = |call: &Call| call.api == "videos.insert.put" && call.status.is_none() && !call.cut;
        if calls == BODY { new.iter().any(in_body) } else { new.len() >= calls as usize }
    };
    while !come() {
        if process.has_ended()? {
            return Ok(false);
        }
        ensure!(began.elapsed() < Duration::from_secs(60), "the moment did not come in a minute");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let at = Instant::now() + Duration::from_millis(later);
    while Instant::now() < at {
        if process.has_ended()? {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(true)
}

fn slow_down(place: &Place) {
    let open = place.sandbox.plans().iter().filter(|plan| !plan.done).count();
    for _ in open..2 {
        place.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(9_000_000)));
    }
}

/// A claim that a dead process left behind: which row, and which process. One that dies before it has taken over what its forerunner
/// left behind leaves the forerunner's.
type Claim = (String, i64, i64);

/// What the dead process held, read from a copy of its files so that the originals stay as the kill left them.
fn left_behind(place: &Place) -> anyhow::Result<Vec<Claim>> {
    let folder = tempfile::tempdir()?;
    for ending in ["db", "db-wal"] {
        let from = place.database().with_extension(ending);
        if from.exists() {
            std::fs::copy(&from, folder.path().join(format!("slipway.{ending}")))?;
        }
    }
    let sql = rusqlite::Connection::open(folder.path().join("slipway.db"))?;
    let held = "SELECT 'delivery', id, claim FROM delivery WHERE claim IS NOT NULL \
                UNION ALL SELECT 'errand', id, claim FROM errand WHERE claim IS NOT NULL";
    let mut held = sql.prepare(held)?;
    let held = held.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(held.collect::<Result<_, _>>()?)
}

fn judge(place: &Place, way: &Way, path: &Path, title: &str, shown: &Value) -> anyhow::Result<()> {
    ensure!(shown["state"] == "published", "{shown:#}");
    let all = place.videos();
    let videos: Vec<_> = all.iter().filter(|video| video.title == title).collect();
    ensure!(videos.len() == 1, "{} videos called {title}", videos.len());
    ensure!(videos[0].privacy == way.privacy, "it is {}", videos[0].privacy);
    let disk = blake3::hash(&std::fs::read(path)?).to_hex();
    ensure!(videos[0].blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
    ensure!(shown["remote"]["id"] == videos[0].id.as_str(), "another link is shown");
    for call in place.sandbox.calls() {
        ensure!(!call.unknown, "a call the platform does not have: {call:?}");
    }
    Ok(())
}

/// The history has one line for every claim that a kill left behind.
fn history(shown: &Value, interrupted: u64) -> anyhow::Result<()> {
    let lines = shown["attempts"].as_array().context("no history")?;
    let found = lines.iter().filter(|line| line["outcome"] == "interrupted").count() as u64;
    ensure!(
        found == interrupted,
        "{found} lines say interrupted, {interrupted} claims were left behind: {shown:#}"
    );
    Ok(())
}

/// Every body that broke cost less than one granule: what was sent again is what the platform had not kept, and nothing more.
fn account_for_bytes(place: &Place, sessions_before: usize, tally: &mut Tally) -> anyhow::Result<()> {
    let sessions = place.sandbox.state().sessions.split_off(sessions_before);
    let calls = place.sandbox.calls();
    ensure!(!sessions.is_empty(), "no session was opened");
    ensure!(sessions.iter().filter(|session| session.finished).count() == 1, "{sessions:?}");
    for session in &sessions {
        let puts: Vec<_> = calls
            .iter()
            .filter(|call| call.api == "videos.insert.put" && call.session == Some(session.ordinal))
            .collect();
        // A body that began anywhere but at the server's own offset is answered 308 (overlap) or 400 (gap).
        for put in &puts {
            ensure!(matches!(put.status, None | Some(200 | 201)), "a body began at the wrong byte: {put:?}");
        }
        let broken = puts.iter().filter(|put| put.status.is_none()).count() as u64;
        let kept = if session.finished { session.total.unwrap_or_default() } else { session.stored };
        let again = session.received_total.saturating_sub(kept);
        ensure!(
            again <= broken * GRANULE,
            "{again} bytes sent again after {broken} broken bodies: {session:?}"
        );
        tally.sent_again += again;
        tally.puts_broken += broken;
    }
    // A session that was opened and left behind held nothing: its reply never reached us.
    let empty = sessions.iter().filter(|session| !session.finished);
    for session in empty {
        ensure!(
            session.received_total == 0,
            "bytes were sent into a session that was left behind: {session:?}"
        );
    }
    Ok(())
}
