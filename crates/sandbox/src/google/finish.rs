//! The moment the last byte is there: only now does a video exist (or a thumbnail, or a caption track).
//! 201 with the resource, as documented; a status query repeats it with 200.

use super::books::{Books, End, Purpose, Video};
use super::errors::{Refusal, internal, no_channel};
use super::people::creator;
use super::{captions, render, thumbnails};
use crate::exchange::Answer;
use crate::settings::Outcome;
use crate::store::Progress;
use crate::world::{World, random_text};
use serde_json::Value;

pub(crate) fn finish(world: &World, ordinal: u64, progress: Progress, total: u64) -> Answer {
    let now = world.now_ms();
    let settings = world.settings();
    let page = world.base(crate::hosts::PAGE);
    let mut books = world.google.books(now);
    let Some(session) = books.session_mut(ordinal) else {
        return super::upload::no_session(404);
    };
    session.stored = total;
    session.total = Some(total);
    let (owner, blob, parts) = (session.owner.clone(), session.blob, session.parts.clone());
    let Some(channel) = creator(&owner).and_then(|creator| creator.channel.as_ref()) else {
        return no_channel().answer();
    };
    let made: (String, Value) = match &session.purpose {
        Purpose::Video(words) => {
            let words = (**words).clone();
            let video = Video {
                id: video_id(),
                owner,
                created_ms: now,
                public_ms: (words.privacy == "public").then_some(now),
                wished_at_ms: words.publish_at_ms,
                words,
                bytes: total,
                blake3: progress.hash_hex(),
                mime: session.mime.clone().unwrap_or_else(|| "application/octet-stream".into()),
                file: session.slug.clone(),
                blob,
                etag: random_text(27),
                processed_ms: now.saturating_add(i64::try_from(settings.processing_ms).unwrap_or(i64::MAX)),
                // Nothing can be made of no bytes.
                outcome: if total == 0 { Outcome::Failed } else { settings.processing_outcome },
                thumbnail: None,
            };
            let id = video.id.clone();
            books.videos.push(video);
            // A schedule that has passed publishes at once.
            books.settle(now);
            let Some(video) = books.video(&id) else {
                return internal(&anyhow::anyhow!("a new video is missing")).answer();
            };
            (id, render::video(&books, video, channel, &parts, true, now, &page))
        }
        Purpose::Thumbnail { video } => {
            let video = video.clone();
            let placed = whole(world, blob, total)
                .and_then(|image| thumbnails::place(world, &mut books, &settings, &video, &image, now));
            match placed {
                Ok(body) => (video, body),
                Err(refusal) => return given_up(world, &mut books, ordinal, refusal),
            }
        }
        Purpose::Caption(track) => {
            let track = track.clone();
            let placed = whole(world, blob, total)
                .and_then(|content| captions::place(world, &mut books, track, &content, now, &parts));
            match placed {
                Ok(body) => (body["id"].as_str().unwrap_or_default().to_string(), body),
                Err(refusal) => return given_up(world, &mut books, ordinal, refusal),
            }
        }
    };
    let (id, body) = made;
    let body = serde_json::to_string_pretty(&body).unwrap_or_default();
    if let Some(session) = books.session_mut(ordinal) {
        session.end = Some(End::Finished { id, body: body.clone() });
        // A video's bytes are the video's now; a picture or a track has been copied to its place.
        if let (false, Some(blob)) = (matches!(session.purpose, Purpose::Video(_)), session.blob.take()) {
            world.store.remove(blob);
        }
    }
    Answer::new(201, body).header("content-type", "application/json; charset=UTF-8")
}

fn whole(world: &World, blob: Option<u64>, total: u64) -> Result<bytes::Bytes, Refusal> {
    let (Some(blob), Ok(len)) = (blob, usize::try_from(total)) else { return Ok(bytes::Bytes::new()) };
    world.store.read(blob, 0, len).map_err(|error| internal(&error.into()))
}

/// Bytes that turn out to be wrong end their session: there is nothing to resume.
fn given_up(world: &World, books: &mut Books, ordinal: u64, refusal: Refusal) -> Answer {
    if let Some(session) = books.session_mut(ordinal) {
        session.end = Some(End::Gone);
        if let Some(blob) = session.blob.take() {
            world.store.remove(blob);
        }
    }
    refusal.answer()
}

/// Eleven characters of URL-safe base 64, as all video ids.
fn video_id() -> String {
    random_text(11)
}
