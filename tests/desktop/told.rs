//! What is told while nobody looks: that a post needs a person, that a minute was missed. And the tray's first line.

use super::{Desk, PATIENCE, Window, until};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::Duration;

async fn pause(window: &Window<'_>, paused: bool) -> anyhow::Result<()> {
    window.rpc("settings.pause", json!({"paused": paused})).await.map(drop)
}

async fn plan(window: &Window<'_>, path: &std::path::Path, title: &str, at: Value) -> anyhow::Result<i64> {
    let given = json!({"path": path, "to": ["youtube"], "at": at, "words": {"title": title, "caption": ""}});
    let added = window.rpc("posts.add", given).await?;
    added["deliveries"][0]["id"].as_i64().context("no delivery")
}

/// One notification for each, and a click opens the post it speaks of (C17: a missed minute is never silent).
#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_person_and_what_was_missed_is_told_once_c17() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let lost = desk.video("lost.mp4", 60_000, 21)?;
    let late = desk.video("late.mp4", 60_000, 22)?;
    let window = desk.start().await?;
    window.practise().await?;
    pause(&window, true).await?;
    let stuck = plan(&window, &lost, "Lost on the way", Value::Null).await?;
    std::fs::remove_file(&lost)?;
    pause(&window, false).await?;
    window.reaches(stuck, &["stuck"]).await?;
    let first = until("it is told", PATIENCE, || async { Ok(desk.bus.notices().into_iter().next()) }).await?;
    ensure!(first.title == "Needs you" && first.text.contains("Lost on the way"), "{first:?}");
    let shown = desk.hand.window(&["--class", "Dunst"], PATIENCE).await?;
    let [x, y, wide, high] = desk.hand.place(&shown)?;
    desk.hand.click_at(x + wide / 2, y + high / 2)?;
    window.has("post-state", "data-state", &["stuck"], PATIENCE).await?;
    window.rpc("accounts.rules", json!({"id": 1, "missed": {"rule": "ask"}})).await?;
    pause(&window, true).await?;
    let missed = plan(&window, &late, "Too late", json!("+3s")).await?;
    let row = window.delivery(missed).await?;
    let due: jiff::Timestamp = row["due"].as_str().context("no due time")?.parse()?;
    window.kill().await?;

    // Nothing runs while the minute passes, and the minute of grace after it.
    let over = due.duration_since(jiff::Timestamp::now()) + jiff::SignedDuration::from_secs(61);
    ensure!(over < jiff::SignedDuration::from_mins(2), "due {due}");
    tokio::time::sleep(over.try_into()?).await;
    let window = desk.start().await?;
    window.settle().await?;
    pause(&window, false).await?;
    let second = until("the missed minute is told", PATIENCE, || async {
        Ok(desk.bus.notices().into_iter().find(|notice| notice.text.contains("Too late")))
    })
    .await?;
    ensure!(second.title == "Missed its minute", "{second:?} {:#}", window.delivery(missed).await?);
    let row = window.reaches(missed, &["stuck"]).await?;
    ensure!(row["problem"]["code"] == "missed", "{row}");
    // What was told before the kill is not told again after it.
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(desk.bus.notices().len() == 2, "{:?}", desk.bus.notices());
    ensure!(desk.public().is_empty(), "{:?}", desk.public());
    Ok(())
}

/// The tray names the next post, and opens it.
#[tokio::test(flavor = "multi_thread")]
async fn the_trays_first_line_names_and_opens_the_next_post() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let window = desk.start().await?;
    window.practise().await?;
    let icon = until("an icon in the tray", PATIENCE, || async { desk.tray.icon() }).await?;
    for (title, at, seed) in [("The day after", "+26h", 31), ("In two hours", "+2h", 32)] {
        let video = desk.video(&format!("{seed}.mp4"), 60_000, seed)?;
        let id = plan(&window, &video, title, json!(at)).await?;
        window.reaches(id, &["handed_over"]).await?;
    }
    until("the menu names it", PATIENCE, || async {
        let menu = icon.menu()?;
        Ok(menu.first().is_some_and(|line| line.label.contains("In two hours")).then_some(()))
    })
    .await?;
    window.click("nav-settings").await?;
    icon.click("In two hours")?;
    window.has("post-state", "data-state", &["handed_over"], PATIENCE).await?;
    until("it is that post", PATIENCE, || async {
        Ok(window.text("post-page").await?.contains("In two hours").then_some(()))
    })
    .await
}
