//! Pictures of every screen, light and dark, in three languages, for people to look at: `./dev shots`.

use super::looks::{Furnished, SCREENS, dress, furnish, go, leave};
use super::mishaps::{post_now, slowly};
use super::{Desk, Window};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LANGUAGES: [&str; 3] = ["en", "ja", "ru"];
const THEMES: [&str; 2] = ["light", "dark"];

/// What a screen shows seldom, and has to look well all the same.
const SELDOM: [&str; 6] = ["dialog", "more", "refused", "later", "elsewhere", "sending"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes pictures for people: ./dev shots"]
async fn shots() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/shots");
    let at = |language: &str, theme: &str, name: &str| folder.join(format!("{language}-{theme}-{name}.png"));
    let desk = Desk::new().await?;
    let video = desk.film("a new one.mp4")?;
    let window = desk.start().await?;
    window.settle().await?;
    each(&window, |language, theme| at(language, theme, "first")).await?;
    // The story's hosts open the sandbox at once; the steps to an app of one's own are in the real world.
    window.click("first-connect").await?;
    window.click("channels-leave").await?;
    window.click("first-connect").await?;
    for language in LANGUAGES {
        for theme in THEMES {
            dress(&window, language, theme, language).await?;
            // Another language draws the page anew, with the steps put away.
            if window.page.find("[data-testid=app-add]").await?.is_none() {
                window.click("channels-setup-facebook").await?;
                window.see("app-add").await?;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            window.picture(&at(language, theme, "setup")).await?;
        }
    }
    dress(&window, "en", "light", "en").await?;
    window.click("channels-practise").await?;
    window.practise().await?;
    // The word of welcome goes by itself.
    tokio::time::sleep(Duration::from_secs(8)).await;
    for screen in ["calendar", "queue", "activity"] {
        window.click(&format!("nav-{screen}")).await?;
        each(&window, |language, theme| at(language, theme, &format!("empty-{screen}"))).await?;
    }
    dress(&window, "en", "light", "en").await?;
    let things = furnish(&window).await?;
    for language in LANGUAGES {
        for theme in THEMES {
            dress(&window, language, theme, language).await?;
            for screen in SCREENS {
                go(&window, screen, &things, &video).await?;
                window.picture(&at(language, theme, screen)).await?;
                leave(&window, screen).await?;
            }
            for name in SELDOM {
                seldom(&window, name, &things, &video, at(language, theme, name)).await?;
            }
        }
    }
    println!("pictures are in {}", folder.display());
    Ok(())
}

/// The screen as it stands, in every dress.
async fn each(window: &Window<'_>, path: impl Fn(&str, &str) -> PathBuf) -> anyhow::Result<()> {
    for language in LANGUAGES {
        for theme in THEMES {
            dress(window, language, theme, language).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            window.picture(&path(language, theme)).await?;
        }
    }
    Ok(())
}

async fn seldom(
    window: &Window<'_>,
    name: &str,
    things: &Furnished,
    video: &Path,
    path: PathBuf,
) -> anyhow::Result<()> {
    let desk = window.desk;
    let moment = Duration::from_millis(700);
    match name {
        "dialog" => {
            desk.start_again(&[&format!("slipway://post/{}", things.planned)]).await?;
            window.click("post-cancel").await?;
            tokio::time::sleep(moment).await;
            window.picture(&path).await?;
            desk.hand.key("Escape")?;
            window.gone("post-cancel-sure").await
        }
        // Everything that can be said of a post, at another time than now.
        "more" => {
            go(window, "composer", things, video).await?;
            window.click("composer-at").await?;
            window.page.js("document.querySelector('[aria-expanded=false]')?.click()", json!([])).await?;
            window
                .page
                .js("document.querySelector('[data-testid=composer] footer').previousElementSibling.scrollTo(0, 330)", json!([]))
                .await?;
            tokio::time::sleep(moment).await;
            window.picture(&path).await?;
            leave(window, "composer").await
        }
        // A file that is no video.
        "refused" => {
            let text = desk.ground.path().join("videos/notes.mp4");
            std::fs::write(&text, "flour, water, salt")?;
            window.click("nav-calendar").await?;
            desk.start_again(&[&text.to_string_lossy()]).await?;
            window.see("composer").await?;
            tokio::time::sleep(moment).await;
            window.picture(&path).await?;
            desk.hand.key("Escape")?;
            window.gone("composer").await
        }
        // The rest of the settings.
        "later" => {
            window.click("nav-settings").await?;
            window.page.js("document.querySelector('main .scroll').scrollTo(0, 9999)", json!([])).await?;
            tokio::time::sleep(moment).await;
            window.picture(&path).await
        }
        // A plan by another clock.
        "elsewhere" => {
            let here = window.rpc("settings.get", json!({})).await?;
            let mut there = here.clone();
            there["zone"] = json!("America/New_York");
            window.rpc("settings.set", there).await?;
            window.click("nav-calendar").await?;
            window.click("view-week").await?;
            tokio::time::sleep(moment).await;
            window.picture(&path).await?;
            window.rpc("settings.set", here).await.map(drop)
        }
        // Bytes that move.
        _ => {
            slowly(window, 400_000).await?;
            let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
            let sent = desk.video("proofing-basket.mp4", 3_000_000, u64::try_from(seed)?)?;
            let id = post_now(window, &sent, "Proofing basket care").await?;
            window.click("nav-queue").await?;
            window.see("strip-progress").await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            window.picture(&path).await?;
            let mut settings = window.rpc("settings.get", json!({})).await?;
            settings["bandwidth"] = json!({"rule": "unlimited"});
            window.rpc("settings.set", settings).await?;
            window.reaches(id, &["published"]).await.map(drop)
        }
    }
}
