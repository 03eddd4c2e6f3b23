//! The windows: the one the person works in, and the plain one that shows a simulated platform's consent page.

use crate::args::Start;
use crate::house::Houses;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tauri::utils::config::{Config, Csp};
use tauri::{AppHandle, Emitter, Manager, WebviewUrl, WebviewWindowBuilder};
use url::Url;

pub const MAIN: &str = "main";
pub const CONSENT: &str = "consent";

/// Opens the main window unseen; it is shown when it has painted, or soon after if it never says so.
pub fn open(app: &AppHandle, show_it: bool) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Slipway")
        .inner_size(1440.0, 900.0)
        .min_inner_size(960.0, 600.0)
        .visible(false)
        // The app's own pages only: a link never turns the window into a browser.
        .on_navigation(|url| matches!(url.scheme(), "tauri") || is_own(url))
        .build()?;
    if show_it {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            // Only if it is not there yet: coming to the front again would cover what was opened meanwhile.
            let seen = app.get_webview_window(MAIN).and_then(|window| window.is_visible().ok());
            if seen != Some(true) {
                show(&app);
            }
        });
    }
    Ok(())
}

/// Lets the player load videos from this origin; pictures, scripts and everything else stay as they are.
pub fn allow_player(config: &mut Config, origin: &str) {
    if let Some(Csp::DirectiveMap(policy)) = &mut config.app.security.csp
        && let Some(sources) = policy.get_mut("media-src")
    {
        sources.push(origin);
    }
}

fn is_own(url: &Url) -> bool {
    url.host_str() == Some("tauri.localhost") || (cfg!(dev) && url.host_str() == Some("127.0.0.1"))
}

pub fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

/// What a second start, a link or a notification brings to the window that is there.
pub fn take_up(app: &AppHandle, start: &Start) {
    if let Some(post) = start.post {
        open_post(app, post);
    }
    if !start.compose.is_empty() {
        let paths = crate::files::as_text(&start.compose).unwrap_or_default();
        let _ = app.emit_to(MAIN, "slipway:compose", json!({ "paths": paths }));
    }
}

pub fn open_post(app: &AppHandle, post: i64) {
    show(app);
    let _ = app.emit_to(MAIN, "slipway:open", json!({ "post": post }));
}

/// Closing hides the window, and the queue goes on from the tray, unless the person wants closing to be the end.
pub fn closes_to_tray(app: &AppHandle) -> bool {
    let Ok(engine) = app.state::<Arc<Houses>>().engine() else { return false };
    engine.settings().is_ok_and(|settings| settings.window.close_to_tray)
}

/// Shows the page of a simulated platform. It may go nowhere but to this computer, and it is given no command.
pub fn open_consent(app: &AppHandle, address: &Url) {
    let (app, address) = (app.clone(), address.clone());
    if !is_here(&address) {
        return;
    }
    let shown = app.clone();
    let _ = app.run_on_main_thread(move || {
        if let Some(old) = shown.get_webview_window(CONSENT) {
            let _ = old.destroy();
        }
        let made = WebviewWindowBuilder::new(&shown, CONSENT, WebviewUrl::External(address))
            .title("Slipway: sandbox")
            .inner_size(560.0, 680.0)
            .center()
            .focused(true)
            .on_navigation(is_here)
            .build();
        let state = if made.is_ok() { "open" } else { "closed" };
        if let Err(error) = made {
            tracing::warn!(%error, "the consent window did not open");
        }
        let _ = shown.emit_to(MAIN, "slipway:consent", json!({ "state": state }));
    });
}

fn is_here(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"))
}

pub fn close_consent(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(CONSENT) {
        let _ = window.destroy();
    }
}

/// Closed by hand: the person gave up. (Closed by us: the sign-in has ended already, and ending it again does nothing.)
pub fn consent_closed(app: &AppHandle) {
    app.state::<Arc<Houses>>().cancel_sign_in();
    let _ = app.emit_to(MAIN, "slipway:consent", json!({ "state": "closed" }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_window_never_leaves_this_computer() {
        let goes = |text: &str| Url::parse(text).is_ok_and(|url| is_here(&url));
        assert!(goes("http://127.0.0.1:4000/consent") && goes("http://localhost:1/"));
        for away in [
            "https://accounts.google.com/",
            "http://127.0.0.1.evil.example/",
            "http://10.0.0.1/",
            "file:///etc/passwd",
            "tauri://localhost/",
            "javascript:1",
        ] {
            assert!(!goes(away), "{away}");
        }
    }
}
