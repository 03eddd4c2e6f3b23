//! Planned posts: to a minute, moved by hand and by key, changed after the platform has them, cancelled.

use super::drag::{Drag, way};
use super::{Desk, PATIENCE, Window, until};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// Writes a post for tomorrow at ten with the mouse and the date's own fields; its delivery.
async fn plan(window: &Window<'_>, video: &std::path::Path, day: &str) -> anyhow::Result<i64> {
    let desk = window.desk;
    let to = window.middle("calendar").await?;
    Drag::of(&desk.display, &desk.hand, &[video])?.drop_along(&way((to.0 - 300, to.1 + 60), to))?;
    window.see("composer").await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-at").await?;
    // The field of a day is the webview's own; its value is set as its popup sets it.
    let script = "for (const [name, value] of arguments[0]) { \
        const field = document.querySelector(`[data-testid=${name}]`); field.value = value; \
        field.dispatchEvent(new Event('input', {bubbles: true})); field.dispatchEvent(new Event('change', {bubbles: true})); }";
    window.see("composer-date").await?;
    window.page.js(script, json!([[["composer-date", day]]])).await?;
    window.page.js(script, json!([[["composer-time", "10:00"]]])).await?;
    window.click("composer-schedule").await?;
    window.gone("composer").await?;
    window.newest().await
}

pub fn tomorrow() -> String {
    let now = jiff::Timestamp::now().in_tz("Europe/Amsterdam").map(|now| now.tomorrow());
    now.and_then(|day| day).map(|day| day.date().to_string()).unwrap_or_default()
}

fn local(row: &Value) -> String {
    row["wall"]["local"].as_str().unwrap_or_default().to_string()
}

async fn stands_at(window: &Window<'_>, id: i64, at: &str) -> anyhow::Result<()> {
    until(&format!("the post stands at {at}"), PATIENCE, || async {
        Ok(local(&window.delivery(id).await?).starts_with(at).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_post_is_handed_over_moved_by_hand_and_key_edited_and_cancelled() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.film("oven spring.mp4")?;
    let window = desk.start().await?;
    window.practise().await?;
    window.click("view-list").await?;
    // Asked for once: midnight may pass while the story goes on.
    let day = tomorrow();
    let id = plan(&window, &video, &day).await?;
    window.reaches(id, &["handed_over"]).await?;
    stands_at(&window, id, &format!("{day}T10:00")).await?;

    // By key: a quarter of an hour later, then a day.
    window.click("view-day").await?;
    window.click("calendar-after").await?;
    let card = format!("calendar-post-{id}");
    window.has(&card, "data-state", &["handed_over"], PATIENCE).await?;
    window.focus(&card).await?;
    desk.hand.key("alt+Down")?;
    stands_at(&window, id, &format!("{day}T10:15")).await?;

    // By hand: an hour's height down.
    let from = window.middle(&card).await?;
    desk.hand.point_at(from.0, from.1)?;
    desk.hand.press()?;
    for (x, y) in way(from, (from.0, from.1 + 52)) {
        desk.hand.point_at(x, y)?;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    desk.hand.release()?;
    stands_at(&window, id, &format!("{day}T11:15")).await?;
    // The platform was told, and there is still one video there.
    let due = window.delivery(id).await?["due"].as_str().context("no due")?.to_string();
    until("the platform has the new minute", PATIENCE, || async {
        let videos = serde_json::to_value(desk.sandbox.state().videos)?;
        let texts = videos.to_string();
        Ok((videos.as_array().is_some_and(|all| all.len() == 1)
            && due.get(..16).is_some_and(|due| texts.contains(due)))
        .then_some(()))
    })
    .await?;

    // Another title, after it was handed over.
    window.click(&card).await?;
    window.see("post-page").await?;
    window.click("post-edit").await?;
    window.see("composer").await?;
    window.write("composer-title", "Oven spring, slowly").await?;
    window.click("composer-schedule").await?;
    window.gone("composer").await?;
    until("the platform has the new title", PATIENCE, || async {
        let videos = serde_json::to_value(desk.sandbox.state().videos)?;
        Ok(videos.to_string().contains("Oven spring, slowly").then_some(()))
    })
    .await?;

    // Cancelled: asked once, gone at the platform.
    window.click("post-cancel").await?;
    window.click("post-cancel-sure").await?;
    window.reaches(id, &["cancelled"]).await?;
    until("nothing stands at the platform", PATIENCE, || async {
        let videos = serde_json::to_value(desk.sandbox.state().videos)?;
        let left = videos.as_array().into_iter().flatten().filter(|one| one["deleted"] != true).count();
        Ok((left == 0).then_some(()))
    })
    .await?;
    ensure!(desk.bus.notices().is_empty(), "nothing was to be told: {:?}", desk.bus.notices());
    Ok(())
}

/// Several files at once become several posts being written, each kept as it is written.
#[tokio::test(flavor = "multi_thread")]
async fn several_files_and_a_folder_become_drafts_that_outlive_the_window() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let one = desk.video("one.mp4", 50_000, 1)?;
    std::fs::create_dir(desk.ground.path().join("videos/more"))?;
    desk.video("more/two.mp4", 50_000, 2)?;
    desk.video("more/three.mp4", 50_000, 3)?;
    let window = desk.start().await?;
    window.practise().await?;
    let to = window.middle("calendar").await?;
    let folder = desk.ground.path().join("videos/more");
    Drag::of(&desk.display, &desk.hand, &[&one, &folder])?.drop_along(&way((to.0 - 300, to.1 + 60), to))?;
    let drafts = |wanted: usize| {
        let window = &window;
        async move {
            until(&format!("{wanted} drafts"), PATIENCE, || async {
                let all = window.rpc("composing.list", json!({})).await?;
                Ok(all.as_array().filter(|all| all.len() == wanted).cloned())
            })
            .await
        }
    };
    let all = drafts(3).await?;
    let mut files: Vec<_> = all.iter().filter_map(|one| one["file"].as_str().map(String::from)).collect();
    files.sort();
    ensure!(files == ["one.mp4", "three.mp4", "two.mp4"], "{files:?}");
    // Dropped on a minute of a day, and each has another: the channel has no slots, so one a day.
    let mut minutes: Vec<_> = all.iter().filter_map(|one| one["at"].as_str().map(String::from)).collect();
    minutes.sort();
    minutes.dedup();
    ensure!(minutes.len() == 3, "{all:?}");
    let hours: std::collections::BTreeSet<_> = minutes.iter().filter_map(|at| at.get(10..)).collect();
    ensure!(hours.len() == 1, "{minutes:?}");
    window.see("composer-spread").await?;
    window.kill().await?;
    let again = desk.start().await?;
    let kept = again.rpc("composing.list", json!({})).await?;
    ensure!(kept.as_array().is_some_and(|all| all.len() == 3), "{kept}");
    Ok(())
}

/// Without a time, and with one that has passed: both are found beside the calendar, and get a minute by key and by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_draft_without_a_time_to_come_is_found_and_given_one_by_key_and_by_hand() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.video("undated.mp4", 50_000, 4)?;
    let window = desk.start().await?;
    window.practise().await?;
    let path = video.to_string_lossy().into_owned();
    let draft = |title: &str, at: Value| {
        json!({"id": null, "path": path, "to": [], "words": {"title": title, "caption": ""}, "words_for": {},
            "options": {}, "at": at, "zone": null, "fold": false})
    };
    let keep = |given: Value| {
        let window = &window;
        async move { window.rpc("composing.save", given).await?["id"].as_i64().context("no id") }
    };
    let undated = keep(draft("Undated", Value::Null)).await?;
    let passed = keep(draft("Passed", json!("2020-01-02T10:00"))).await?;
    let at = |id: i64| {
        let window = &window;
        async move {
            let all = window.rpc("composing.list", json!({})).await?;
            let found = all.as_array().into_iter().flatten().find(|one| one["id"] == id).cloned();
            Ok::<_, anyhow::Error>(found.map_or(Value::Null, |one| one["at"].clone()))
        }
    };
    for view in ["week", "day", "month", "list"] {
        window.click(&format!("view-{view}")).await?;
        window.see(&format!("tray-draft-{undated}")).await?;
        window.see(&format!("tray-draft-{passed}")).await?;
    }
    // By key: a time to come, an hour or so from now.
    window.focus(&format!("tray-draft-{undated}")).await?;
    desk.hand.key("alt+Down")?;
    until("the draft has a time", PATIENCE, || async {
        Ok((at(undated).await? != Value::Null).then_some(()))
    })
    .await?;
    // By hand: onto tomorrow.
    window.click("view-day").await?;
    window.click("calendar-after").await?;
    let from = window.middle(&format!("tray-draft-{passed}")).await?;
    desk.hand.point_at(from.0, from.1)?;
    desk.hand.press()?;
    let to = window.middle("calendar").await?;
    for (x, y) in way(from, (to.0 - 100, to.1)) {
        desk.hand.point_at(x, y)?;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    desk.hand.release()?;
    until("the draft is on tomorrow", PATIENCE, || async {
        let at = at(passed).await?;
        Ok(at.as_str().is_some_and(|at| at.starts_with(&tomorrow())).then_some(()))
    })
    .await?;
    // It lies on the grid now, and moves there as any post does.
    let card = format!("calendar-draft-{passed}");
    window.focus(&card).await?;
    let before = at(passed).await?;
    desk.hand.key("alt+Down")?;
    until("it moved", PATIENCE, || async { Ok((at(passed).await? != before).then_some(())) }).await
}

/// "As soon as possible" chosen for what the platform holds for tomorrow: it is public, and the button said so.
#[tokio::test(flavor = "multi_thread")]
async fn as_soon_as_possible_in_an_edit_publishes() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.film("at once.mp4")?;
    let window = desk.start().await?;
    window.practise().await?;
    // Where a drop names no minute.
    window.click("view-list").await?;
    let id = plan(&window, &video, &tomorrow()).await?;
    window.reaches(id, &["handed_over"]).await?;
    desk.start_again(&[&format!("slipway://post/{id}")]).await?;
    window.click("post-edit").await?;
    window.click("composer-now").await?;
    let said = window.text("composer-there").await?;
    ensure!(said.contains("publish now"), "{said}");
    window.click("composer-schedule").await?;
    window.gone("composer").await?;
    window.reaches(id, &["published"]).await?;
    ensure!(desk.public().len() == 1, "{:?}", desk.public());
    Ok(())
}
