//! What goes wrong on a real desktop: a kill in the middle of the bytes, a second start, a locked keychain. And the tray.

use super::{Desk, PATIENCE, Window, until};
use anyhow::{Context, ensure};
use serde_json::json;
use std::time::Duration;

/// Slow enough to be caught in the middle.
pub async fn slowly(window: &Window<'_>, bytes_per_second: u64) -> anyhow::Result<()> {
    let mut settings = window.rpc("settings.get", json!({})).await?;
    settings["bandwidth"] = json!({"rule": "always", "bytes_per_second": bytes_per_second});
    window.rpc("settings.set", settings).await.map(drop)
}

pub async fn post_now(window: &Window<'_>, path: &std::path::Path, title: &str) -> anyhow::Result<i64> {
    let given = json!({"path": path, "to": ["youtube"], "words": {"title": title, "caption": ""}});
    let added = window.rpc("posts.add", given).await?;
    added["deliveries"][0]["id"].as_i64().context("no delivery")
}

/// C1: after SIGKILL in the middle of the bytes the next start goes on, and the video is there once.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_the_bytes_the_next_start_goes_on_c1() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.video("long.mp4", 8_000_000, 7)?;
    let window = desk.start().await?;
    window.practise().await?;
    slowly(&window, 1_000_000).await?;
    let id = post_now(&window, &video, "A long one").await?;

    // Progress is on the screen while it moves.
    window.click("nav-queue").await?;
    window.see(&format!("queue-row-{id}")).await?;
    window.see("strip-progress").await?;
    let part = until("some bytes are there", PATIENCE, || async {
        let sent = window.delivery(id).await?["moving"]["sent"].as_u64().unwrap_or(0);
        Ok((sent > 1_500_000).then_some(sent))
    })
    .await?;
    ensure!(part < 8_000_000, "it was over before the kill");
    window.kill().await?;

    let window = desk.start().await?;
    window.settle().await?;
    let mut settings = window.rpc("settings.get", json!({})).await?;
    settings["bandwidth"] = json!({"rule": "unlimited"});
    window.rpc("settings.set", settings).await?;
    window.reaches(id, &["published"]).await?;
    ensure!(desk.public() == ["A long one"], "{:?}", desk.public());
    Ok(())
}

/// A second start hands over what it was given and ends; there is one program, one queue, one window.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_hands_its_video_or_link_to_the_first() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.film("second.mp4")?;
    let window = desk.start().await?;
    window.practise().await?;
    let path = video.to_string_lossy().into_owned();
    ensure!(desk.start_again(&[&path]).await?.success());
    window.see("composer").await?;
    until("its file is in the composer", PATIENCE, || async {
        Ok((window
            .page
            .js("return document.querySelector('[data-testid=composer-title]')?.value", json!([]))
            .await?
            == "second")
            .then_some(()))
    })
    .await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-now").await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-schedule").await?;
    let id = window.newest().await?;
    window.reaches(id, &["published"]).await?;

    // A link may open a post, and nothing else.
    window.click("nav-settings").await?;
    ensure!(desk.start_again(&[&format!("slipway://post/{id}")]).await?.success());
    window.see("post-page").await?;
    ensure!(!desk.start_again(&["slipway://post/1/cancel"]).await?.success());
    ensure!(desk.hand.windows(&["--name", "^Slipway$"]).len() == 1);
    Ok(())
}

/// A locked keychain is said with what to do; nothing is lost or sent meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_is_said_and_nothing_is_sent() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.video("locked.mp4", 100_000, 3)?;
    let window = desk.start().await?;
    window.practise().await?;
    window.kill().await?;
    desk.bus.lock_keyring()?;

    let window = desk.start().await?;
    window.settle().await?;
    let id = post_now(&window, &video, "Behind a lock").await?;
    // Of the post or, since none of the channel's can be sent, of the channel.
    async fn waits(window: &Window<'_>) -> anyhow::Result<bool> {
        let accounts = window.rpc("accounts.list", json!({})).await?;
        Ok(accounts[0]["waits"]["problem"]["fix"]["do"] == "unlock_keychain")
    }
    until("the lock is said", Duration::from_secs(30), || async {
        let row = window.delivery(id).await?;
        Ok((row["problem"]["fix"]["do"] == "unlock_keychain" || waits(&window).await?).then_some(()))
    })
    .await?;
    ensure!(desk.public().is_empty());
    window.click("nav-queue").await?;
    window.see(&format!("queue-row-{id}")).await?;
    window.click("nav-channels").await?;
    until("the channel says it", PATIENCE, || async {
        Ok(window.text("channel-1").await?.contains("keychain is locked").then_some(()))
    })
    .await?;
    ensure!(window.delivery(id).await?["state"] != "published");
    Ok(())
}

/// The tray's icon is there with a picture, its menu says what is next, and each of its lines does what it says.
#[tokio::test(flavor = "multi_thread")]
async fn the_tray_shows_an_icon_and_a_menu_that_works() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let window = desk.start().await?;
    window.practise().await?;
    let icon = until("an icon in the tray", PATIENCE, || async { desk.tray.icon() }).await?;
    ensure!(icon.picture().is_some(), "no picture: {} in {}", icon.name, icon.folder);
    let labels = |wanted: &'static str| {
        let icon = &icon;
        async move {
            until(&format!("the menu says {wanted}"), PATIENCE, || async {
                let menu = icon.menu()?;
                Ok(menu.iter().any(|line| line.label.contains(wanted)).then_some(menu))
            })
            .await
        }
    };
    let menu = labels("Nothing planned").await?;
    ensure!(menu[0].enabled && !menu[1].enabled && menu[3].enabled, "{menu:?}");
    ensure!(menu.iter().filter(|line| line.separator).count() == 1 && menu.len() == 6, "{menu:?}");

    icon.click("Pause")?;
    until("all is paused", PATIENCE, || async {
        Ok((window.rpc("settings.get", json!({})).await?["paused"] == true).then_some(()))
    })
    .await?;
    labels("Resume").await?;
    icon.click("Resume")?;
    until("all goes on", PATIENCE, || async {
        Ok((window.rpc("settings.get", json!({})).await?["paused"] == false).then_some(()))
    })
    .await?;

    // Closing leaves the queue to the tray; the tray brings the window back.
    desk.hand.focus(&window.x_window().await?)?;
    desk.hand.key("alt+F4")?;
    until("the window is hidden", PATIENCE, || async {
        Ok(desk.hand.windows(&["--name", "^Slipway$"]).is_empty().then_some(()))
    })
    .await?;
    let video = desk.video("from the tray.mp4", 60_000, 9)?;
    let id = post_now(&window, &video, "From the tray").await?;
    window.reaches(id, &["published"]).await?;
    icon.click("Open")?;
    window.x_window().await?;
    icon.click("Quit")?;
    let id = window.id;
    until("it has ended", PATIENCE, || async { Ok((!super::measure::lives(id)).then_some(())) }).await
}

/// A queue that can't be opened is said with its reason, and "Try again" opens it once the reason is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_does_not_open_says_why_and_opens_when_it_can() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let window = desk.start().await?;
    window.practise().await?;
    window.kill().await?;
    let (file, aside) = (desk.folder().join("slipway.db"), desk.folder().join("aside.db"));
    std::fs::rename(&file, &aside)?;
    // What stands in its place is no file at all.
    std::fs::create_dir(&file)?;
    let window = desk.start().await?;
    window.see("broken").await?;
    let said = window.text("broken").await?;
    ensure!(!said.contains("queue is not open") && said.lines().count() >= 3, "no reason: {said}");
    std::fs::remove_dir(&file)?;
    std::fs::rename(&aside, &file)?;
    window.click("broken-again").await?;
    window.see("calendar").await.map(drop)
}
