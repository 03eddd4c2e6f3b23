//! Writing a post, beyond the first minutes: dropped anywhere, played, undone, planned by another clock, given its lost file again.

use super::drag::{Drag, way};
use super::looks::choose;
use super::mishaps::post_now;
use super::{Desk, PATIENCE, Window, until};
use anyhow::ensure;
use serde_json::{Value, json};

async fn drop_on(window: &Window<'_>, place: &str, path: &std::path::Path) -> anyhow::Result<()> {
    let desk = window.desk;
    let to = window.middle(place).await?;
    Drag::of(&desk.display, &desk.hand, &[path])?.drop_along(&way((to.0 - 200, to.1 + 60), to))
}

async fn value(window: &Window<'_>, name: &str) -> anyhow::Result<Value> {
    let script = "return document.querySelector(`[data-testid=\"${arguments[0]}\"]`)?.value ?? null";
    window.page.js(script, json!([name])).await
}

async fn holds(window: &Window<'_>, name: &str, wanted: &str) -> anyhow::Result<()> {
    until(&format!("{name} holds {wanted}"), PATIENCE, || async {
        Ok((value(window, name).await? == wanted).then_some(()))
    })
    .await
}

/// On the settings, where nothing else is dropped; what was written goes back step by step; Escape leaves and keeps.
#[tokio::test(flavor = "multi_thread")]
async fn a_video_dropped_on_any_screen_begins_a_post_that_can_be_undone_and_left() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let video = desk.film("night bake.mp4")?;
    let window = desk.start().await?;
    window.practise().await?;
    window.click("nav-queue").await?;
    drop_on(&window, "queue-pause-all", &video).await?;
    window.see("composer").await?;
    holds(&window, "composer-title", "night bake").await?;
    window.write("composer-title", "Night bake, take two").await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    window.click("composer-undo").await?;
    holds(&window, "composer-title", "night bake").await?;
    desk.hand.key("ctrl+shift+z")?;
    holds(&window, "composer-title", "Night bake, take two").await?;
    desk.hand.key("Escape")?;
    window.gone("composer").await?;
    let kept = window.rpc("composing.list", json!({})).await?;
    ensure!(kept[0]["words"]["title"] == "Night bake, take two", "{kept}");

    // With nothing but keys: N has the sheet ready for keys, Escape leaves it.
    window.click("nav-calendar").await?;
    window.focus("view-week").await?;
    desk.hand.key("n")?;
    window.see("composer").await?;
    let inside = "return document.querySelector('[data-testid=composer]').contains(document.activeElement)";
    until("the keys go to the composer", PATIENCE, || async {
        Ok((window.page.js(inside, json!([])).await? == true).then_some(()))
    })
    .await?;
    // Also once the button that was pressed has given way to the file it brought.
    window.tab_to("composer-pick").await?;
    desk.hand.key("Return")?;
    window.choose_in_dialog(&video).await?;
    window.enabled("composer-schedule").await?;
    ensure!(window.page.js(inside, json!([])).await? == true, "the keys went elsewhere");
    desk.hand.key("Escape")?;
    window.gone("composer").await?;
    let back = "return document.activeElement?.dataset?.testid ?? null";
    ensure!(window.page.js(back, json!([])).await? == "view-week");
    Ok(())
}

/// The player plays, or, where the system lacks the codec, the picture is back and words say why.
#[tokio::test(flavor = "multi_thread")]
async fn the_chosen_video_plays_or_says_that_it_cannot() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let (film, odd) = (desk.film("played.mp4")?, desk.video("no picture in it.mp4", 60_000, 51)?);
    let window = desk.start_with(&[&film.to_string_lossy()]).await?;
    window.practise().await?;
    for path in [&film, &odd] {
        window.desk.start_again(&[&path.to_string_lossy()]).await?;
        window.enabled("composer-schedule").await?;
        window.click("composer-play").await?;
        let script = "const video = document.querySelector('[data-testid=composer] video'); \
            return video ? (video.readyState >= 2 && video.currentTime > 0 ? 'plays' : 'waits') : 'picture'";
        let came = until("it plays or shows its picture", PATIENCE, || async {
            let now = window.page.js(script, json!([])).await?;
            Ok(now.as_str().filter(|now| *now != "waits").map(String::from))
        })
        .await?;
        let knows = "return document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')";
        let plays = path == &film && window.page.js(knows, json!([])).await? != "";
        let said = window.page.find("[data-testid=composer-cannot-play]").await?.is_some();
        ensure!(said != plays, "{}: said: {said}", path.display());
        ensure!(came == if plays { "plays" } else { "picture" }, "{}: {came}", path.display());
        let told =
            "return [...document.querySelectorAll('[data-testid=toast][data-code]')].map(it => it.innerText)";
        let told = window.page.js(told, json!([])).await?;
        ensure!(told == json!([]), "{told}");
    }
    Ok(())
}

/// Larger than one answer, larger than what was ever gathered in memory: it plays, and goes on from where it is put.
#[tokio::test(flavor = "multi_thread")]
async fn films_of_any_size_play_and_seek() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    let films = [(desk.long_film("four.mp4", 3)?, 3 << 20), (desk.long_film("forty.mp4", 33)?, 40 << 20)];
    let window = desk.start_with(&[&films[0].0.to_string_lossy()]).await?;
    window.practise().await?;
    let knows = "return document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')";
    if window.page.js(knows, json!([])).await? == "" {
        eprintln!("no codec here: nothing can be played");
        return Ok(());
    }
    for (path, least) in &films {
        let size = std::fs::metadata(path)?.len();
        ensure!(size > *least, "{} has {size} bytes", path.display());
        window.desk.start_again(&[&path.to_string_lossy()]).await?;
        window.enabled("composer-schedule").await?;
        window.click("composer-play").await?;
        // A press while the form still settles may meet nothing.
        until("the player is there", PATIENCE, || async {
            let there = window.page.find("[data-testid=composer] video").await?.is_some();
            if !there && window.page.find("[data-testid=composer-play]").await?.is_some() {
                window.click("composer-play").await?;
            }
            Ok(there.then_some(()))
        })
        .await?;
        let plays = |beyond: &'static str| {
            let window = &window;
            async move {
                let script = "const video = document.querySelector('[data-testid=composer] video'); \
                    return video !== null && !video.seeking && video.currentTime > eval(arguments[0])";
                let script = script.replace("eval(arguments[0])", beyond);
                until(&format!("it plays beyond {beyond}"), PATIENCE * 2, || async {
                    Ok((window.page.js(&script, json!([])).await? == true).then_some(()))
                })
                .await
            }
        };
        plays("0.2").await?;
        let script = "const video = document.querySelector('[data-testid=composer] video'); \
            window.half = video.duration / 2; video.currentTime = window.half; return video.duration";
        let long = window.page.js(script, json!([])).await?;
        ensure!(long.as_f64().is_some_and(|long| long > 2.5), "{long}");
        plays("window.half + 0.2").await?;
        // A busy computer may have come to the end by now, where it stops.
        let script = "const video = document.querySelector('[data-testid=composer] video'); \
            video.currentTime = 0.1; video.play(); return true";
        window.page.js(script, json!([])).await?;
        plays("0.3").await?;
        ensure!(window.page.find("[data-testid=composer-cannot-play]").await?.is_none());
    }
    Ok(())
}

/// Ten o'clock in New York, written on a computer in Amsterdam; both clocks are beside each other on the calendar.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_planned_by_another_clock_and_moved_by_it() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.film("bagels.mp4")?;
    let window = desk.start().await?;
    window.practise().await?;
    window.desk.start_again(&[&video.to_string_lossy()]).await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-at").await?;
    window.see("composer-date").await?;
    let set = "for (const [name, value] of arguments[0]) { \
        const field = document.querySelector(`[data-testid=${name}]`); field.value = value; \
        field.dispatchEvent(new Event('change', {bubbles: true})); }";
    let day = super::calendar::tomorrow();
    window.page.js(set, json!([[["composer-date", day], ["composer-time", "10:00"]]])).await?;
    choose(&window, "composer-zone", "America/New_York").await?;
    window.enabled("composer-schedule").await?;
    window.click("composer-schedule").await?;
    window.gone("composer").await?;
    let id = window.newest().await?;
    let row = window.reaches(id, &["handed_over"]).await?;
    ensure!(row["wall"]["zone"] == "America/New_York", "{row}");
    ensure!(row["wall"]["local"] == format!("{day}T10:00:00"), "{row}");
    // A quarter of an hour later, by the same clock.
    window.click("view-day").await?;
    window.click("calendar-after").await?;
    let card = format!("calendar-post-{id}");
    window.focus(&card).await?;
    desk.hand.key("alt+Down")?;
    until("it stands at 10:15 there", PATIENCE, || async {
        let wall = window.delivery(id).await?["wall"].clone();
        let there = wall["zone"] == "America/New_York" && wall["local"] == format!("{day}T10:15:00");
        Ok(there.then_some(()))
    })
    .await?;
    // Planned by New York's clock from now on, looked at from Amsterdam: two columns of hours.
    window.click("nav-settings").await?;
    choose(&window, "settings-zone", "America/New_York").await?;
    window.click("nav-calendar").await?;
    let zones = "return document.querySelector('[data-testid=calendar-zones]')?.innerText ?? ''";
    until("both clocks are shown", PATIENCE, || async {
        let said = window.page.js(zones, json!([])).await?;
        Ok(said.as_str().is_some_and(|said| said.split_whitespace().count() >= 2).then_some(()))
    })
    .await
}

/// Lost, chosen again in the system's dialog, published.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_is_chosen_again_on_its_posts_page() -> anyhow::Result<()> {
    let desk = Desk::new().await?;
    desk.fast();
    let video = desk.video("lost.mp4", 60_000, 61)?;
    let window = desk.start().await?;
    window.practise().await?;
    window.rpc("settings.pause", json!({"paused": true})).await?;
    let id = post_now(&window, &video, "Lost and found").await?;
    let found = desk.ground.path().join("videos/found.mp4");
    std::fs::rename(&video, &found)?;
    window.rpc("settings.pause", json!({"paused": false})).await?;
    window.reaches(id, &["stuck"]).await?;
    window.click("nav-queue").await?;
    window.click(&format!("queue-open-{id}")).await?;
    window.click("post-mend").await?;
    window.choose_in_dialog(&found).await?;
    window.reaches(id, &["published"]).await?;
    ensure!(desk.public() == ["Lost and found"], "{:?}", desk.public());
    window.has("post-state", "data-state", &["published"], PATIENCE).await?;
    window.click("page-back").await?;
    window.see("queue-pause-all").await.map(drop)
}
