//! A small picture of a video, by ffmpeg where the system has one. Kept by the engine beside the queue; without ffmpeg there is none,
//! and the window draws its own or takes one from its player.

use base64::Engine as _;
use serde_json::json;
use slipway_core::api;
use slipway_core::engine::Engine;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// One at a time: a picture is never worth a busy computer.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
const PATIENCE: Duration = Duration::from_secs(8);

/// The kept picture of a media, made if need be. `None` when there can't be one.
pub async fn poster(engine: &Engine, media: i64) -> Option<Vec<u8>> {
    if let Some(kept) = kept(engine, media).await {
        return tokio::fs::read(kept).await.ok();
    }
    let (path, _) = engine.media_file(media).ok()?;
    let _turn = TURN.lock().await;
    // Somebody may have made it while this one waited.
    if let Some(kept) = kept(engine, media).await {
        return tokio::fs::read(kept).await.ok();
    }
    let picture = frame(&path).await?;
    let given =
        json!({ "media": media, "jpeg_base64": base64::engine::general_purpose::STANDARD.encode(&picture) });
    if let Err(problem) = api::call(engine, &crate::house::Quiet, "media.keep_poster", given).await {
        tracing::debug!(code = problem.code.as_str(), "a poster was not kept");
    }
    Some(picture)
}

async fn kept(engine: &Engine, media: i64) -> Option<PathBuf> {
    let answer =
        api::call(engine, &crate::house::Quiet, "media.poster", json!({ "media": media })).await.ok()?;
    answer["path"].as_str().map(PathBuf::from)
}

/// One frame, at most 320 pixels wide, from the first second. No shell, no network, no longer than a moment.
async fn frame(path: &Path) -> Option<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-ss", "0.5", "-i"])
        .arg(absolute(path))
        .args(["-frames:v", "1", "-vf", "scale='min(320,iw)':-2", "-q:v", "5", "-f", "mjpeg", "pipe:1"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    (output.status.success() && output.stdout.starts_with(&[0xff, 0xd8])).then_some(output.stdout)
}

/// A name that begins with a dash, or looks like a protocol, stays a file.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
