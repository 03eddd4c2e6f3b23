//! What the engine tells, handed on: to the window as it comes in small bundles, to the tray when words change, to the person as one
//! notification an event. Sleep is held off while bytes move.

use crate::house::Houses;
use crate::{notify, tray, window};
use slipway_core::engine::Engine;
use slipway_core::event::{Event, What};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tauri::{AppHandle, Emitter, Manager};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Events that come this close together travel together.
const TOGETHER: Duration = Duration::from_millis(40);
/// The tray is written at most this often.
const TRAY: Duration = Duration::from_secs(1);
/// Sleep is let in again this long after the last byte.
const STILL: Duration = Duration::from_secs(20);

pub async fn forward(app: AppHandle, engine: Engine, stop: CancellationToken) {
    let mut line = engine.events().listen();
    let mut tray_due = Some(Instant::now());
    let mut awake = Awake::default();
    loop {
        let wait = awake.until().into_iter().chain(tray_due).min();
        let first = tokio::select! {
            () = stop.cancelled() => return,
            told = line.recv() => Some(told),
            () = until(wait) => None,
        };
        let mut bundle = Vec::new();
        match first {
            Some(Ok(event)) => {
                bundle.push(event);
                // Whatever else is said in this moment, without keeping a progress bar waiting.
                let end = tokio::time::sleep(TOGETHER);
                tokio::pin!(end);
                loop {
                    tokio::select! {
                        () = &mut end => break,
                        more = line.recv() => match more {
                            Ok(event) if bundle.len() < 256 => bundle.push(event),
                            Ok(event) => { bundle.push(event); break }
                            Err(RecvError::Lagged(_)) => bundle.push(missed()),
                            Err(RecvError::Closed) => return,
                        },
                    }
                }
            }
            // Too many to follow one by one: whoever shows something asks again.
            Some(Err(RecvError::Lagged(_))) => bundle.push(missed()),
            Some(Err(RecvError::Closed)) => return,
            None => {}
        }
        for event in &bundle {
            match &event.what {
                What::Notice { delivery, kind } => notify::tell(&app, &engine, *delivery, *kind),
                What::Moving { .. } => awake.moved(&engine),
                _ => {}
            }
        }
        if !bundle.is_empty() {
            tray_due.get_or_insert_with(|| Instant::now() + TRAY);
            let _ = app.emit_to(window::MAIN, "slipway", &bundle);
        }
        if tray_due.is_some_and(|due| due <= Instant::now()) {
            tray_due = None;
            tray::refresh(&app, &engine);
        }
        awake.let_go();
    }
}

fn missed() -> Event {
    Event { seq: 0, what: What::Elsewhere }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}

/// Sleep held off, as long as bytes move and the person wants it so.
#[derive(Default)]
struct Awake {
    held: Option<keepawake::KeepAwake>,
    last: Option<Instant>,
}

impl Awake {
    fn moved(&mut self, engine: &Engine) {
        if self.last.is_none() && engine.settings().is_ok_and(|settings| settings.window.keep_awake) {
            let asked = keepawake::Builder::default()
                .display(false)
                .idle(true)
                .sleep(true)
                .reason("Sending a video")
                .app_name("Slipway")
                .app_reverse_domain("app.slipway.desktop")
                .create();
            match asked {
                Ok(held) => self.held = Some(held),
                // Nobody here to ask (no session bus, say): the upload goes on all the same, and after a sleep as well.
                Err(error) => tracing::debug!(%error, "sleep is not held off"),
            }
        }
        self.last = Some(Instant::now());
    }

    fn until(&self) -> Option<Instant> {
        self.last.map(|last| last + STILL)
    }

    fn let_go(&mut self) {
        if self.until().is_some_and(|end| end <= Instant::now()) {
            *self = Awake::default();
        }
    }
}

/// The engine of the moment, for what is asked from the tray.
pub fn engine(app: &AppHandle) -> Option<Engine> {
    app.state::<Arc<Houses>>().engine().ok()
}
