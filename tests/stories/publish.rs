//! The main job: from disk to public at its minute, once, with the bytes that were on disk.

use anyhow::Context;
use serde_json::json;
use slipway_core::api;
use slipway_stories::{Nobody, Town, call, post, run_until};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_posted_now_is_public_once_with_its_own_bytes() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let path = town.video("crust.mp4", 3 << 20, 1)?;
    let id = post(&engine, &path, "The crust", json!({})).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    assert_eq!(shown["state"], "published", "{shown:#}");
    let videos = town.videos();
    assert_eq!(videos.len(), 1);
    assert_eq!(videos[0].privacy, "public");
    assert_eq!(videos[0].blake3.as_deref(), Some(blake3::hash(&std::fs::read(&path)?).to_hex().as_str()));
    assert_eq!(shown["remote"]["url"], videos[0].url.as_str());
    assert!(town.sandbox.calls().iter().all(|call| !call.unknown), "{:#?}", town.sandbox.calls());
    // Both ways through the one door say the same.
    let text = api::call_text(&engine, &Nobody, "posts.list", json!({})).await?;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&text)?,
        call(&engine, "posts.list", json!({})).await?
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_video_is_handed_over_ahead_and_public_at_its_minute() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let path = town.video("later.mp4", 1 << 20, 2)?;
    let id = post(&engine, &path, "Later", json!({"at": "+6s"})).await?;
    let shown = run_until(&engine, id, &["handed_over"], PATIENCE).await?;
    assert_eq!(town.videos()[0].privacy, "private");
    assert_eq!(shown["goes_out"], "handed_over");
    // The computer sleeps through its minute; the platform does not.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(town.videos()[0].privacy, "public");
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    assert_eq!(shown["state"], "published", "{shown:#}");
    let (due, public) = (shown["due"].as_str(), town.videos()[0].public_at_ms);
    let due: jiff::Timestamp = due.unwrap_or_default().parse()?;
    let late = public.context("not public")? - due.as_millisecond();
    assert!(
        (0..1_000).contains(&late),
        "{late} ms: YouTube's clock has whole seconds, and never before the minute"
    );
    assert_eq!(town.videos().len(), 1);
    Ok(())
}
