//! What only a host can do for the engine: show the consent page, and notice that the person gave up.
//!
//! Not here: the sign-in itself (the engine), and the page of the demo (`cmd::consent`).

use crate::out::Out;
use slipway_core::api::Host;
use std::process::{Command, Stdio};
use tokio_util::sync::CancellationToken;
use url::Url;

/// A terminal with, or without, a browser beside it.
pub struct Terminal {
    pub out: Out,
    pub browser: bool,
    pub cancelled: CancellationToken,
}

impl Terminal {
    /// For everything that opens no page.
    pub fn plain(out: Out) -> Terminal {
        Terminal { out, browser: false, cancelled: CancellationToken::new() }
    }
}

impl Host for Terminal {
    fn open(&self, address: &Url) {
        if self.out.json {
            self.out.json_line(&serde_json::json!({ "open": address.as_str() }));
        }
        let opened = self.browser && open_browser(address);
        if self.out.json {
            return;
        }
        if opened {
            self.out.aside("Your browser shows a page now. If it does not, open this address:");
        } else {
            self.out.aside("Open this address in a browser on this computer:");
        }
        self.out.line(address.as_str());
    }

    fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }
}

/// Starts the system's browser without a shell, so that nothing in an address is ever interpreted.
fn open_browser(address: &Url) -> bool {
    let (program, first): (&str, &[&str]) = if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    };
    Command::new(program)
        .args(first)
        .arg(address.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}

/// Cancelled by Ctrl-C, or by the system asking the process to end.
pub fn until_interrupted() -> CancellationToken {
    let token = CancellationToken::new();
    let told = token.clone();
    tokio::spawn(async move {
        interrupted().await;
        told.cancel();
        // Whoever presses it twice means it.
        interrupted().await;
        std::process::exit(crate::words::Exit::Interrupted as i32);
    });
    token
}

// A hang-up is left alone: under nohup the queue is to go on, and without it the end is as harmless as a crash.
#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut end) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = end.recv() => {}
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    let _ = tokio::signal::ctrl_c().await;
}
