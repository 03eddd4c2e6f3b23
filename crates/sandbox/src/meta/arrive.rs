//! The moment the last byte is there, however it came: a reel, a container, a file's handle. And bytes that are fetched from an address:
//! from this computer, or from what `Sandbox::serve_static` put in the place of a public one; nothing else is ever asked for.

use super::books::{Container, Goal, Processed};
use super::life::{container_error, probe};
use crate::settings::{Outcome, Settings};
use crate::store::Intake;
use crate::world::{World, random_text};
use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use std::net::IpAddr;
use std::sync::Arc;
use url::{Host, Url};

/// Marks an upload as whole; the handle, where there is one.
pub(crate) fn arrived(world: &World, upload: u64, hash: Option<String>) -> Option<String> {
    let now = world.now_ms();
    let settings = world.settings();
    let lost = settings.meta.files_lost > 0;
    let mut books = world.meta.books();
    let found = books.upload_mut(upload)?;
    found.whole_ms = Some(now);
    found.blake3 = hash;
    let (goal, empty) = (found.goal.clone(), found.stored == 0);
    let failed = empty || settings.processing_outcome == Outcome::Failed;
    match goal {
        Goal::Video(id) => {
            let video = books.video_mut(&id)?;
            let errors = probe(video.kind, &settings.meta, failed);
            video.processed = Some(Processed { at_ms: ready_ms(&settings, now), errors });
            None
        }
        Goal::Container(id) if lost => {
            // Seen in the field: the answer says success, and there is nothing.
            let upload = books.upload_mut(upload)?;
            upload.stored = 0;
            let container = books.container_mut(&id)?;
            container.ready = Some((now, Some(2_207_082)));
            drop(books);
            let mut settings = settings;
            settings.meta.files_lost -= 1;
            world.set_settings(settings);
            None
        }
        Goal::Container(id) => {
            let container = books.container_mut(&id)?;
            get_ready(container, &settings, now, failed);
            None
        }
        Goal::File(id) => {
            let handle = format!("2:{}", random_text(60));
            world.secret("facebook.file_handle", &handle);
            let file = books.files.iter_mut().find(|file| file.id == id)?;
            file.handle = Some(handle.clone());
            Some(handle)
        }
    }
}

pub(crate) fn get_ready(container: &mut Container, settings: &Settings, now: i64, failed: bool) {
    let error = container_error(container.kind, container.thumb_offset, &settings.meta, failed);
    container.ready = Some((ready_ms(settings, now), error));
}

pub(crate) fn ready_ms(settings: &Settings, now: i64) -> i64 {
    now.saturating_add(i64::try_from(settings.processing_ms).unwrap_or(i64::MAX))
}

/// Fetches what lies at an address into an upload. False when it cannot be had.
pub(crate) async fn fetched(world: &Arc<World>, upload: u64, address: &str) -> anyhow::Result<bool> {
    let progress = super::transfer::begin(world, upload, None, 0).await?;
    let mut intake = Intake::begin(progress);
    let there = match world.meta.placed(address) {
        Some(bytes) => intake.take(bytes).await,
        None => match download(address, &mut intake).await {
            Ok(there) => there,
            Err(error) => {
                tracing::debug!(%error, "an address given to the sandbox could not be fetched");
                false
            }
        },
    };
    let progress = intake.end().await?;
    if !there {
        return Ok(false);
    }
    if let Some(upload) = world.meta.books().upload_mut(upload) {
        upload.stored = progress.at;
        upload.received = progress.at;
        upload.total = Some(progress.at);
    }
    arrived(world, upload, progress.hash_hex());
    Ok(true)
}

async fn download(address: &str, intake: &mut Intake) -> anyhow::Result<bool> {
    let url = Url::parse(address).context("reading the address")?;
    let here = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        _ => false,
    };
    let (true, "http", Some(port)) = (here, url.scheme(), url.port_or_known_default()) else {
        return Ok(false);
    };
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.context("connecting")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Its end shows in the body that is being read.
        let _ = connection.await;
    });
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = http::Request::get(target)
        .header("host", format!("127.0.0.1:{port}"))
        .header("user-agent", "facebookexternalhit/1.1")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await.context("asking")?;
    if answer.status() != http::StatusCode::OK {
        return Ok(false);
    }
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.context("reading")?.into_data()
            && !intake.take(data).await
        {
            return Ok(false);
        }
    }
    Ok(true)
}
