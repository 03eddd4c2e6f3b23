//! The minute has priority: a post whose minute presses waits neither for slow uploads of other channels nor for one of its own.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault};
use slipway_stories::{Person, Running, Town, call, post, until, wait_for, wishes};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// A body at this speed takes far longer than any patience here.
const SLOW: u64 = 50_000;
/// More than the sockets between the engine and the platform hold.
const LARGE: u64 = 24_000_000;

async fn state(engine: &Engine, id: i64) -> anyhow::Result<String> {
    let shown = call(engine, "posts.show", json!({"id": id})).await?;
    Ok(shown["state"].as_str().context("no state")?.to_string())
}

/// Posts a large video that goes out now and whose body is read slowly, and waits until it moves.
async fn slow_upload(town: &Town, engine: &Engine, name: &str, account: i64) -> anyhow::Result<i64> {
    town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(SLOW)).file(name));
    let path = town.video(&format!("{name}.mp4"), LARGE, 100 + account as u64)?;
    post(engine, &path, name, json!({"to": [account.to_string()]})).await
}

async fn moves(town: &Town, name: &str) -> anyhow::Result<()> {
    until(&format!("{name} moves"), PATIENCE, || {
        let sessions = town.sandbox.state().sessions;
        let one = sessions.iter().find(|session| session.file.as_deref() == Some(name))?;
        (one.received_total > 0).then_some(())
    })
    .await
}

async fn account_of(engine: &Engine, platform: &str) -> anyhow::Result<i64> {
    let accounts = call(engine, "accounts.list", json!({})).await?;
    let accounts = accounts.as_array().context("no channels")?;
    let one = accounts.iter().find(|one| one["platform"] == platform).context("no such channel")?;
    one["id"].as_i64().context("no number")
}

fn tiktok(at: &str) -> anyhow::Result<Value> {
    Ok(json!({"to": ["tiktok"], "options": {"tiktok": wishes("tiktok")?}, "at": at}))
}

/// All upload slots are held by uploads that have hours left; a post that is due in seconds goes out at its minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_at_its_minute_does_not_wait_for_slow_uploads_that_hold_all_slots() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let first = account_of(&engine, "youtube").await?;
    let second = Person::who(1).connect(&engine, "youtube").await?;
    town.add_app(&engine, "tiktok").await?;
    Person::default().connect(&engine, "tiktok").await?;
    let mut settings = call(&engine, "settings.get", json!({})).await?;
    settings["parallel_uploads"] = json!(2);
    call(&engine, "settings.set", settings).await?;
    let slow = [
        slow_upload(&town, &engine, "Slow one", first).await?,
        slow_upload(&town, &engine, "Slow two", second).await?,
    ];
    let running = Running::start(&engine);
    moves(&town, "Slow one").await?;
    moves(&town, "Slow two").await?;
    let path = town.video("minute.mp4", 300_000, 7)?;
    let id = post(&engine, &path, "", tiktok("+6s")?).await?;
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(shown["late_ms"].as_i64().is_some_and(|late| late >= 0), "before its minute: {shown:#}");
    for one in slow {
        ensure!(state(&engine, one).await? == "working", "it waited for a slow upload");
    }
    running.stop().await?;
    ensure!(town.videos().len() == 1, "{} videos", town.videos().len());
    Ok(())
}

/// The same where the slow upload is of the same channel, and the post has to be handed over before its minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planned_post_does_not_wait_for_a_slow_upload_of_its_own_channel() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let account = account_of(&engine, "youtube").await?;
    let slow = slow_upload(&town, &engine, "Slow", account).await?;
    let running = Running::start(&engine);
    moves(&town, "Slow").await?;
    // Far ahead: it has time, so the channel's order is kept.
    let far = post(&engine, &town.video("far.mp4", 300_000, 8)?, "Far", json!({"at": "+48h"})).await?;
    let near = post(&engine, &town.video("near.mp4", 300_000, 9)?, "Near", json!({"at": "+30s"})).await?;
    let shown = wait_for(&engine, near, &["handed_over", "ready", "published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] != "stuck", "{shown:#}");
    ensure!(state(&engine, slow).await? == "working", "it waited for the slow upload");
    ensure!(state(&engine, far).await? == "due", "what has time went before its turn");
    running.stop().await?;
    Ok(())
}

/// A minute that was lost before is no reason to break the channel's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_with_time_waits_for_a_slot_and_for_its_lane() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let account = account_of(&engine, "youtube").await?;
    let other = Person::who(1).connect(&engine, "youtube").await?;
    let mut settings = call(&engine, "settings.get", json!({})).await?;
    settings["parallel_uploads"] = json!(1);
    call(&engine, "settings.set", settings).await?;
    let slow = slow_upload(&town, &engine, "Slow", account).await?;
    let running = Running::start(&engine);
    moves(&town, "Slow").await?;
    let mut waiting = Vec::new();
    for (n, whose) in [account, other].into_iter().enumerate() {
        let path = town.video(&format!("{n}.mp4"), 300_000, 20 + n as u64)?;
        let to = json!([whose.to_string()]);
        waiting.push(post(&engine, &path, "Now", json!({"to": to, "again": true})).await?);
        waiting.push(post(&engine, &path, "Later", json!({"to": to, "at": "+48h", "again": true})).await?);
    }
    town.quiet().await?;
    for id in waiting {
        ensure!(state(&engine, id).await? == "due", "it did not wait");
    }
    ensure!(state(&engine, slow).await? == "working");
    running.stop().await?;
    Ok(())
}
