//! One notification an event: published, needs you, missed. A click opens the post. Never holds a secret: titles and channel names only.

use crate::words::{Language, Words};
use slipway_core::engine::Engine;
use slipway_core::event::NoticeKind;
use slipway_core::view::DeliveryView;
use tauri::AppHandle;

/// Notifications that wait for a click at once; what comes on top of them is shown without one.
const WAITING: usize = 32;
static WAITERS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// What is said.
#[derive(Debug, PartialEq)]
pub struct Notice {
    pub title: String,
    pub body: String,
}

pub fn notice(words: &Words, kind: NoticeKind, row: &DeliveryView) -> Notice {
    let title = match kind {
        NoticeKind::Published => words.published,
        NoticeKind::NeedsYou => words.needs_you,
        NoticeKind::Missed => words.missed,
        NoticeKind::FinishThere => words.finish_there,
    };
    let mut body = format!("{} · {}", row.label(), row.account_name);
    if let (NoticeKind::Published, Some(remote)) = (kind, &row.remote) {
        body = format!("{body}\n{}", remote.url);
    }
    Notice { title: title.into(), body }
}

pub fn tell(app: &AppHandle, engine: &Engine, delivery: i64, kind: NoticeKind) {
    let Ok(settings) = engine.settings() else { return };
    let wanted = match kind {
        NoticeKind::Published => settings.window.notify.published,
        NoticeKind::NeedsYou | NoticeKind::FinishThere => settings.window.notify.needs_you,
        NoticeKind::Missed => settings.window.notify.missed,
    };
    let Ok(row) = engine.row_view(delivery) else { return };
    if !wanted {
        return;
    }
    let said = notice(Language::of(&settings).words(), kind, &row);
    let app = app.clone();
    use std::sync::atomic::Ordering;
    if WAITERS.fetch_add(1, Ordering::SeqCst) >= WAITING {
        WAITERS.fetch_sub(1, Ordering::SeqCst);
        let _ = shown(&said).show();
        return;
    }
    // Waiting for the click blocks, for as long as the notification is there.
    std::thread::spawn(move || {
        show(&app, &said, delivery);
        WAITERS.fetch_sub(1, Ordering::SeqCst);
    });
}

fn shown(said: &Notice) -> notify_rust::Notification {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Slipway").summary(&said.title).body(&said.body).icon("slipway");
    notification
}

#[cfg(all(unix, not(target_os = "macos")))]
fn show(app: &AppHandle, said: &Notice, delivery: i64) {
    let mut notification = shown(said);
    notification.action("default", "Slipway").hint(notify_rust::Hint::DesktopEntry("slipway".into()));
    match notification.show() {
        Ok(handle) => handle.wait_for_action(|action| {
            if action == "default" {
                crate::window::open_post(app, delivery);
            }
        }),
        // No notification service in this session: the window and the tray say it too.
        Err(error) => tracing::debug!(%error, "not notified"),
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn show(_: &AppHandle, said: &Notice, _: i64) {
    if let Err(error) = shown(said).show() {
        tracing::debug!(%error, "not notified");
    }
}
