//! The first minutes of somebody new: by mouse alone, and by keyboard alone.

use super::drag::{Drag, way};
use super::{Desk, PATIENCE, until};
use anyhow::{Context, ensure};
use std::time::Instant;

/// First run, sandbox channel, a file dropped on the calendar, published, told, and the notification's click.
#[tokio::test(flavor = "multi_thread")]
async fn by_mouse_alone_a_video_is_published_and_its_notification_opens_it() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.film("rye crust.mp4")?;
    let window = desk.start().await?;
    let began = Instant::now();
    window.practise().await?;

    // Onto the calendar, from another program's window.
    let to = window.middle("calendar").await?;
    Drag::of(&desk.display, &desk.hand, &[&video])?.drop_along(&way((to.0 - 300, to.1 + 60), to))?;
    window.see("composer").await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-now").await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-schedule").await?;
    window.gone("composer").await?;
    let id = window.newest().await?;
    window.reaches(id, &["published"]).await?;
    println!("first run to published, by mouse: {:?}", began.elapsed());
    ensure!(desk.public() == ["rye crust"], "{:?}", desk.public());

    // One notification, with the link, and its click opens the post.
    let notice =
        until("a notification", PATIENCE, || async { Ok(desk.bus.notices().into_iter().next()) }).await?;
    ensure!(
        notice.app == "Slipway" && notice.title == "Published" && notice.text.contains("rye crust"),
        "{notice:?}"
    );
    ensure!(
        notice.text.contains("youtube.com/") || notice.text.contains("youtu.be/"),
        "without its link: {notice:?}"
    );
    ensure!(notice.actions.first().is_some_and(|name| name == "default"), "{notice:?}");
    let shown = desk.hand.window(&["--class", "Dunst"], PATIENCE).await?;
    let [x, y, wide, high] = desk.hand.place(&shown)?;
    desk.hand.click_at(x + wide / 2, y + high / 2)?;
    window.see("post-state").await?;
    ensure!(window.has("post-state", "data-state", &["published"], PATIENCE).await? == "published");
    window.see("post-link").await?;
    ensure!(desk.bus.notices().len() == 1, "told more than once: {:?}", desk.bus.notices());
    Ok(())
}

/// Nothing but keys, with the focus going where it can be seen.
#[tokio::test(flavor = "multi_thread")]
async fn by_keyboard_alone_a_video_is_published() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.film("morning.mp4")?;
    let window = desk.start().await?;
    window.settle().await?;
    let began = Instant::now();
    window.see("first-practise").await?;
    window.tab_to("first-practise").await?;
    desk.hand.key("Return")?;
    window.consent().await?;
    // "Allow" has the focus.
    desk.hand.key("Return")?;
    window.see("calendar").await?;
    desk.hand.focus(&window.x_window().await?)?;

    desk.hand.key("n")?;
    window.see("composer").await?;
    window.tab_to("composer-pick").await?;
    desk.hand.key("Return")?;
    window.choose_in_dialog(&video).await?;
    window.see("composer-now").await?;
    window.tab_to("composer-now").await?;
    desk.hand.key("space")?;
    window.enabled("composer-schedule").await?;
    window.tab_to("composer-schedule").await?;
    desk.hand.key("Return")?;
    window.gone("composer").await?;
    let id = window.newest().await.context("after the last key")?;
    window.reaches(id, &["published"]).await?;
    println!("first run to published, by keyboard: {:?}", began.elapsed());
    ensure!(desk.public() == ["morning"], "{:?}", desk.public());
    Ok(())
}

/// The file a person started the program with comes along into the sandbox they choose to try it in.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_opened_at_the_first_start_comes_along_into_the_sandbox() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.film("oat loaf.mp4")?;
    let window = desk.start_with(&[&video.to_string_lossy()]).await?;
    window.see("composer").await?;
    window.practise().await?;
    window.see("composer").await?;
    // The new channel is chosen: nothing is left to do but to send it.
    window.enabled("composer-schedule").await?;
    window.click("composer-now").await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-schedule").await?;
    window.gone("composer").await?;
    let id = window.newest().await?;
    window.reaches(id, &["published"]).await?;
    ensure!(desk.public() == ["oat loaf"], "{:?}", desk.public());
    Ok(())
}
