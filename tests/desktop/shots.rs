//! Pictures of every screen, light and dark, in three languages, for people to look at: `./dev shots`.

use super::Desk;
use super::looks::{SCREENS, dress, furnish, go, leave};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes pictures for people: ./dev shots"]
async fn shots() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/shots");
    let desk = Desk::new().await?;
    let video = desk.film("a new one.mp4")?;
    let window = desk.start().await?;
    window.settle().await?;
    for language in ["en", "ja", "ru"] {
        for theme in ["light", "dark"] {
            dress(&window, language, theme).await?;
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            window.picture(&folder.join(format!("{language}-{theme}-first.png"))).await?;
        }
    }
    dress(&window, "en", "light").await?;
    window.practise().await?;
    let things = furnish(&window).await?;
    for language in ["en", "ja", "ru"] {
        for theme in ["light", "dark"] {
            dress(&window, language, theme).await?;
            for screen in SCREENS {
                go(&window, screen, &things, &video).await?;
                window.picture(&folder.join(format!("{language}-{theme}-{screen}.png"))).await?;
                leave(&window, screen).await?;
            }
        }
    }
    println!("pictures are in {}", folder.display());
    Ok(())
}
