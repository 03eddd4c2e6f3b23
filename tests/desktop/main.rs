//! A desktop of its own for each story of the window: a display, a window manager, a session bus, a keyring, a notification daemon, a
//! tray's watcher and a sandbox, all private and all ended by their process ids. In it the built app is driven through WebDriver in
//! its real webview, and by a real pointer and keyboard where the page alone would not do.
//!
//! The pictures (`./dev shots`) and the figures (`./dev bench ui`) are made here too, by tests that are asked for by name.

#![cfg(target_os = "linux")]

mod axe;
mod browser;
mod bus;
mod calendar;
mod composing;
mod computer;
mod desk;
mod drag;
mod first;
mod hand;
mod kept;
mod looks;
mod measure;
mod mishaps;
mod shots;
mod sleep;
mod speed;
mod together;
mod told;
mod tray;
mod window;

use desk::Desk;
use window::Window;

use anyhow::bail;
use std::time::{Duration, Instant};

/// How long a story waits for what should come at once, on a machine that is busy with much else.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer.
pub async fn until<T, F>(what: &str, patience: Duration, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let began = Instant::now();
    loop {
        let last = look().await;
        if let Ok(Some(found)) = last {
            return Ok(found);
        }
        if began.elapsed() > patience {
            match last {
                Err(error) => bail!("not within {patience:?}: {what}: {error:#}"),
                Ok(_) => bail!("not within {patience:?}: {what}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}
