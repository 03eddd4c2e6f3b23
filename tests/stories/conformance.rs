//! Every platform in the registry, every call, every hurt: exactly one published item with the bytes that were on disk (house rules,
//! section 7; C1, C2, C3, C4, C21, C22, C23).
//!
//! An older copy of the database that a person puts back counts as a hurt: what the platform can't be asked about is for a person then.
//!
//! The straight run counts the calls; then each of them is hurt in each way, each time in a town of its own. A planned fault that
//! never happened fails the case.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use slipway_core::facts::Renew;
use slipway_sandbox::{Deed, Fault, Hurt, StatusAnswer};
use slipway_stories::rounds::{AGAIN, was_never_made};
use slipway_stories::{Person, Running, Town, call, post, wait_for, wishes};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(180);
/// Cases side by side. Most of a case is waiting for a back-off.
const SIDE_BY_SIDE: usize = 16;
const SIZE: u64 = 700_000;

/// How a post goes out in a case.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Now,
    /// At a minute, in whatever way the platform has for it.
    Planned,
    /// At a minute, and not for everyone: where the platform's own schedule is for public posts only.
    PlannedUnlisted,
}

impl Way {
    fn wishes(self, platform: &str) -> anyhow::Result<Value> {
        let options = wishes(platform)?;
        Ok(match self {
            Way::Now => json!({"options": {platform: options}}),
            // Long enough that a slow machine makes the same calls before the minute as a fast one.
            Way::Planned => json!({"at": "+6s", "options": {platform: options}}),
            Way::PlannedUnlisted => json!({"at": "+6s", "options": {platform: {"privacy": "unlisted"}}}),
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Pain {
    CrashBefore,
    CrashAfter,
    ReplyLost,
    Down,
    Busy,
    SignedOut,
    Cut,
    CutInBody,
    Html,
    /// The program dies as in `CrashAfter`, and an older copy of its database, of before anything was sent, is put in its place.
    PutBack,
}

const PAINS: [Pain; 10] = [
    Pain::CrashBefore,
    Pain::CrashAfter,
    Pain::ReplyLost,
    Pain::Down,
    Pain::Busy,
    Pain::SignedOut,
    Pain::Cut,
    Pain::CutInBody,
    Pain::Html,
    Pain::PutBack,
];

impl Pain {
    fn hurt(self) -> Hurt {
        match self {
            // The call waits at the platform's door while the program dies; nothing of it takes effect.
            Pain::CrashBefore => Deed::StallMs(1_500).into(),
            Pain::CrashAfter | Pain::ReplyLost | Pain::PutBack => Deed::Lost.into(),
            Pain::Down => 503.into(),
            Pain::Busy => {
                StatusAnswer { status: 429, retry_after: Some(1), ..StatusAnswer::default() }.into()
            }
            Pain::SignedOut => Deed::TokenExpired.into(),
            Pain::Cut => Deed::Cut.into(),
            Pain::CutInBody => Deed::CutAfter(300_000).into(),
            Pain::Html => Deed::Html.into(),
        }
    }

    fn kills(self) -> bool {
        matches!(self, Pain::CrashBefore | Pain::CrashAfter | Pain::PutBack)
    }
}

/// One case from an empty town to a public post; the number of calls it took.
async fn case(platform: &'static str, way: Way, hurt: Option<(u64, Pain)>) -> anyhow::Result<usize> {
    let town = Town::new().await?;
    if matches!(platform, "instagram" | "facebook") {
        // Longer than until the first look and shorter than until the second, however busy the machine: as many calls each time.
        town.sandbox.settings(|settings| settings.processing_ms = 1_500);
    }
    let mut engine = town.at_home(platform).await?;
    let path = town.video("case.mp4", SIZE, 7)?;
    town.sandbox.clear_calls();
    if let Some((nth, pain)) = hurt {
        town.sandbox.plan(Fault::nth("*", nth, pain.hurt()));
    }
    let mut more = way.wishes(platform)?;
    more["to"] = json!([platform]);
    let id = post(&engine, &path, "One of a kind", more).await?;
    let put_back = matches!(hurt, Some((_, Pain::PutBack)));
    let aside = town.home.path().join("aside");
    if put_back {
        copy_database(&town.folder(), &aside)?;
    }
    let mut running = Running::start(&engine);
    if let Some((nth, _)) = hurt.filter(|(_, pain)| pain.kills()) {
        reached(&town, nth).await?;
        running.crash().await;
        drop(engine);
        if put_back {
            copy_database(&aside, &town.folder())?;
        }
        engine = town.engine()?;
        running = Running::start(&engine);
    }
    let mut shown = wait_for(&engine, id, &["published", "stuck", "cancelled"], PATIENCE).await?;
    if ends_the_sign_in(platform, hurt) && shown["problem"]["code"] == "sign_in_needed" {
        // Nothing renews a sign-in without a refresh token; a person signs in again, and it goes on by itself.
        Person::default().connect(&engine, platform).await?;
        shown = wait_for(&engine, id, &["published"], PATIENCE).await?;
    }
    let asked = put_back && shown["problem"]["fix"]["do"] == "decide";
    if asked {
        // What the platform can't be asked about, a person looks for there.
        let there = town.videos().pop().map(|video| video.url);
        call(&engine, "posts.decide", json!({"id": id, "there": there})).await?;
        shown = wait_for(&engine, id, &["published", "cancelled"], PATIENCE).await?;
    }
    ensure!(shown["state"] == "published", "{}", shown);
    // To the end of the story, and a little further: nothing else happens.
    let calls = town.sandbox.calls().len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(town.sandbox.calls().len() == calls, "something was called after it was published");
    running.stop().await?;
    let videos = town.videos();
    ensure!(videos.len() == 1, "{} videos", videos.len());
    // Where a person said that it is there, its privacy is that person's affair.
    let is_as_planned = match way {
        _ if asked => true,
        Way::PlannedUnlisted => videos[0].privacy == "unlisted",
        _ => videos[0].public_at_ms.is_some(),
    };
    ensure!(is_as_planned, "it is {}", videos[0].privacy);
    let disk = blake3::hash(&std::fs::read(&path)?).to_hex();
    ensure!(videos[0].blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
    ensure!(shown["remote"]["url"] == videos[0].url.as_str(), "another link is shown");
    // Where a post has a privacy of its own there, it is read back in the platform's own word (C32).
    if matches!(platform, "youtube" | "tiktok") && !asked {
        ensure!(
            shown["privacy"] == videos[0].privacy.as_str(),
            "another privacy is shown: {}",
            shown["privacy"]
        );
    }
    for call in town.sandbox.calls() {
        ensure!(!call.unknown, "a call the platform does not have: {call:?}");
    }
    for plan in town.sandbox.plans() {
        ensure!(plan.done, "the planned fault never happened: {plan:?}");
    }
    no_secret_shown(&town, &engine, id).await?;
    Ok(calls)
}

/// A copy as a person makes it, without a word to the program, in the place of whatever is there.
fn copy_database(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for name in ["slipway.db", "slipway.db-wal", "slipway.db-shm"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() && !name.ends_with("shm") {
            std::fs::copy(from.join(name), to.join(name))?;
        }
    }
    Ok(())
}

/// May this hurt end the sign-in itself, for want of a refresh token?
fn ends_the_sign_in(platform: &str, hurt: Option<(u64, Pain)>) -> bool {
    let renew = slipway_platforms::by_id(platform).map(|platform| platform.facts().sign_in.renew);
    matches!(hurt, Some((_, Pain::SignedOut))) && matches!(renew, Some(Renew::Exchange { .. }))
}

/// Waits until the hurt call is at the platform's door.
async fn reached(town: &Town, nth: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        if town.sandbox.plans().iter().all(|plan| plan.done) || town.sandbox.calls().len() as u64 >= nth {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "call {nth} was never made");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The history, errors and all, holds nothing the platform gave us in confidence.
async fn no_secret_shown(town: &Town, engine: &slipway_core::engine::Engine, id: i64) -> anyhow::Result<()> {
    let text = call(engine, "posts.show", json!({"id": id})).await?.to_string();
    for canary in town.sandbox.state().canaries {
        ensure!(!text.contains(&canary), "a secret is shown");
    }
    Ok(())
}

async fn every_call_every_hurt(platform: &'static str, way: Way) -> anyhow::Result<()> {
    let calls = case(platform, way, None).await.context("straight through")? as u64;
    ensure!(calls >= 3, "only {calls} calls: the counting is broken");
    let slots = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut cases = Vec::new();
    for nth in 1..=calls {
        for pain in PAINS {
            let slots = slots.clone();
            cases.push(tokio::spawn(async move {
                let _slot = slots.acquire().await?;
                let name = format!("{platform}, {way:?}, call {nth}, {pain:?}");
                let mut ended = case(platform, way, Some((nth, pain))).await;
                for _ in 0..AGAIN {
                    if !ended.as_ref().is_err_and(was_never_made) {
                        break;
                    }
                    ended = case(platform, way, Some((nth, pain))).await;
                }
                ended.context(name)
            }));
        }
    }
    let mut bad = Vec::new();
    let count = cases.len();
    for case in cases {
        if let Err(error) = case.await? {
            bad.push(format!("{error:#}"));
        }
    }
    println!("{platform}, {way:?}: {calls} calls, {count} hurts, {} bad", bad.len());
    if !bad.is_empty() {
        bail!("{} of {count} cases:\n{}", bad.len(), bad.join("\n\n"));
    }
    Ok(())
}

/// Every platform of the registry is run; one without a simulator fails here.
async fn all(way: Way) -> anyhow::Result<()> {
    let only = std::env::var("SLIPWAY_PLATFORM").ok();
    let mut bad = Vec::new();
    for platform in slipway_platforms::all() {
        let id = platform.facts().id;
        if only.as_deref().is_none_or(|only| only == id)
            && let Err(error) = every_call_every_hurt(id, way).await
        {
            bad.push(format!("{id}: {error:#}"));
        }
    }
    ensure!(bad.is_empty(), "{}", bad.join("\n\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn posted_now() -> anyhow::Result<()> {
    all(Way::Now).await
}

/// Handed over, staged or sent at the minute: what the platform can.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn planned() -> anyhow::Result<()> {
    all(Way::Planned).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn planned_and_unlisted() -> anyhow::Result<()> {
    every_call_every_hurt("youtube", Way::PlannedUnlisted).await
}
