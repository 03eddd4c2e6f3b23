//! What Slipway asks of the computer it runs on: to stay awake while bytes move, to start it at login, to let it work unseen.

use super::mishaps::{post_now, slowly};
use super::{Desk, PATIENCE, until};
use anyhow::{Context, ensure};
use serde_json::json;
use std::time::{Duration, Instant};

/// Held off while bytes move, let in soon after, and never asked for by whoever does not want it.
#[tokio::test(flavor = "multi_thread")]
async fn sleep_is_held_off_while_bytes_move_and_let_in_after() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let window = desk.start().await?;
    window.practise().await?;
    ensure!(desk.sleep.times() == 0, "{:?}", desk.sleep.held());
    slowly(&window, 500_000).await?;
    let video = desk.video("long night.mp4", 3_000_000, 41)?;
    let id = post_now(&window, &video, "A long night").await?;
    let held = until("sleep is held off", PATIENCE, || async {
        Ok(Some(desk.sleep.held()).filter(|held| held.len() == 2))
    })
    .await?;
    let said = |what: &str| format!("{what}: Slipway (Sending a video), block");
    ensure!(held == [said("idle"), said("sleep")], "{held:?}");
    window.reaches(id, &["published"]).await?;
    until("sleep is let in", Duration::from_secs(60), || async {
        Ok(desk.sleep.held().is_empty().then_some(()))
    })
    .await?;

    let mut settings = window.rpc("settings.get", json!({})).await?;
    settings["window"]["keep_awake"] = json!(false);
    window.rpc("settings.set", settings).await?;
    let times = desk.sleep.times();
    let video = desk.video("another night.mp4", 1_000_000, 42)?;
    let id = post_now(&window, &video, "Another night").await?;
    window.reaches(id, &["published"]).await?;
    ensure!(desk.sleep.times() == times, "asked although it was not wanted: {:?}", desk.sleep.held());
    Ok(())
}

/// The switch writes what the system reads at login; started that way there is a tray and no window, until it is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn it_starts_with_the_system_unseen_and_no_more_once_that_is_off() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let window = desk.start().await?;
    window.practise().await?;
    window.click("nav-settings").await?;
    let entry = desk.ground.path().join("user/.config/autostart/Slipway.desktop");
    ensure!(!entry.exists());
    window.click("settings-autostart").await?;
    let text = until("it is to be started at login", PATIENCE, || async {
        Ok(std::fs::read_to_string(&entry).ok())
    })
    .await?;
    let program = super::desk::program()?.canonicalize()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Exec=")).context("nothing to start")?;
    ensure!(line.contains(&*program.to_string_lossy()) && line.contains("--hidden"), "{line}");
    window.kill().await?;

    let window = desk.start_with(&["--hidden"]).await?;
    let icon = until("an icon in the tray", PATIENCE, || async { desk.tray.icon() }).await?;
    // It would have come by now, late or not.
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure!(desk.hand.windows(&["--name", "^Slipway$"]).is_empty(), "a window at login");
    icon.click("Open")?;
    window.settle().await?;
    window.click("nav-settings").await?;
    window.click("settings-autostart").await?;
    until("it is no longer started at login", PATIENCE, || async { Ok((!entry.exists()).then_some(())) })
        .await
}

/// Closed in the middle of the bytes: the upload goes on, and the tray says how far it is.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_behind_the_closed_window_and_the_tray_counts_it() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let window = desk.start().await?;
    window.practise().await?;
    let icon = until("an icon in the tray", PATIENCE, || async { desk.tray.icon() }).await?;
    slowly(&window, 600_000).await?;
    let video = desk.video("behind.mp4", 6_000_000, 43)?;
    let id = post_now(&window, &video, "Behind the window").await?;
    let percent = |least: u64| {
        let icon = &icon;
        async move {
            until("the tray counts", PATIENCE, || async {
                let menu = icon.menu()?;
                let line = menu.iter().find(|line| line.label.starts_with("Uploading: 1 · "));
                let part = line.and_then(|line| line.label.rsplit(' ').nth(1)?.parse::<u64>().ok());
                Ok(part.filter(|part| *part >= least))
            })
            .await
        }
    };
    let first = percent(1).await?;
    let main = window.x_window().await?;
    let pressed = std::cell::Cell::new(None::<Instant>);
    until("the window is hidden", PATIENCE, || async {
        if desk.hand.windows(&["--name", "^Slipway$"]).is_empty() {
            return Ok(Some(()));
        }
        // The window manager now and then misses a chord: a person presses it again.
        if pressed.get().is_none_or(|at| at.elapsed() > Duration::from_secs(5)) {
            desk.hand.focus(&main)?;
            desk.hand.key("alt+F4")?;
            pressed.set(Some(Instant::now()));
        }
        Ok(None)
    })
    .await?;
    ensure!(percent(first + 5).await? < 100);
    window.reaches(id, &["published"]).await?;
    until("the tray has nothing to count", PATIENCE, || async {
        Ok(icon.menu()?.iter().all(|line| !line.label.contains("Uploading")).then_some(()))
    })
    .await?;
    ensure!(desk.public() == ["Behind the window"], "{:?}", desk.public());
    Ok(())
}
