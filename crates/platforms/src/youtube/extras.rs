//! What comes beside the video once YouTube holds it: thumbnail, playlist, captions (C8, C9).
//!
//! Each is an errand of its own that cannot fail the post. A thumbnail may be set twice; playlists and captions would double, so
//! they look first, and look twice when an insert may have happened. Not here: choosing which, beyond what options say.

use super::memo::Memo;
use super::read::{self, Doing};
use super::{pause, send, write};
use serde_json::json;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

/// Pauses while a Short is being processed, in seconds.
const PROCESSING: [u64; 6] = [15, 30, 60, 120, 300, 600];
/// About twelve hours of looks.
const LOOKS: u32 = 75;
const SHORT_MS: u64 = 180_000;
/// Lists may lag behind an insert whose answer was lost.
const LAG: Duration = Duration::from_secs(15);

pub(crate) fn extras(job: &Job) -> Vec<Extra> {
    let mut extras = Vec::new();
    let mut add = |step: &str, input| extras.push(Extra { step: step.into(), input });
    if write::text(job, "thumbnail").is_some() {
        add("thumbnail", json!({}));
    }
    if let Some(playlist) = write::text(job, "playlist") {
        add("playlist", json!({ "playlist": playlist }));
    }
    if write::text(job, "captions").is_some()
        && let Some(language) = captions_language(job)
    {
        let name = write::text(job, "captions_name").unwrap_or_default();
        add("captions", json!({ "language": language, "name": name }));
    }
    extras
}

/// Said for the captions, or else the spoken language, or else that of the text.
pub(crate) fn captions_language(job: &Job) -> Option<String> {
    ["captions_language", "audio_language", "language"].into_iter().find_map(|key| write::text(job, key))
}

pub(crate) fn begin(job: &Job, extra: &Extra) -> Result<Step<Memo>, Fault> {
    let known = job.remote.as_ref().ok_or_else(|| {
        Fault::Refused(Problem::block(Code::NotNow, "YouTube does not hold the video yet."))
    })?;
    let id = known.id.clone();
    let input = |key: &str| extra.input[key].as_str().unwrap_or_default().trim().to_string();
    match extra.step.as_str() {
        "thumbnail" => thumbnail(job, id, 0),
        "playlist" if !input("playlist").is_empty() => Ok(look_in_playlist(id, input("playlist"), false, 0)),
        "captions" if !input("language").is_empty() => {
            Ok(look_at_captions(id, input("language"), input("name"), false, 0))
        }
        other => Err(Fault::Refused(Problem::block(
            Code::BadRequest,
            format!("YouTube has no step \"{other}\", or something it needs is missing."),
        ))),
    }
}

pub(crate) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::ThumbnailLooking { id, looks } => thumbnail(job, id, looks),
        Memo::ThumbnailSending { id } => send_thumbnail(job, id),
        Memo::PlaylistLooking { id, playlist, repeat, looks } => {
            Ok(look_in_playlist(id, playlist, repeat, looks))
        }
        Memo::PlaylistAdding { id, playlist } => Ok(look_in_playlist(id, playlist, true, 0)),
        Memo::CaptionsLooking { id, language, name, repeat, looks } => {
            Ok(look_at_captions(id, language, name, repeat, looks))
        }
        Memo::CaptionsSending { id, language, name } => Ok(look_at_captions(id, language, name, true, 0)),
        other => Err(Fault::Unsure {
            detail: format!("a memo strayed into the extras: {:?}", std::mem::discriminant(&other)),
        }),
    }
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::ThumbnailLooking { id, looks } => looked_at_short(job, id, looks, reply),
        Memo::ThumbnailSending { .. } if !reply.ok() => Err(read::fault(reply, Doing::Thumbnail)),
        Memo::ThumbnailSending { .. } if !says(reply, "items") && !says(reply, "kind") => {
            Err(read::not_it(reply, "not the thumbnails that were set"))
        }
        Memo::PlaylistLooking { id, playlist, repeat, looks } => {
            looked_in_playlist(id, playlist, repeat, looks, reply)
        }
        Memo::PlaylistAdding { .. } if !reply.ok() => Err(read::fault(reply, Doing::Playlist)),
        // A web page in place of the entry: whether it was made is looked for before it is made again.
        Memo::PlaylistAdding { id, playlist } if !says(reply, "id") => {
            Ok(look_in_playlist(id, playlist, true, 0))
        }
        Memo::CaptionsLooking { id, language, name, repeat, looks } => {
            looked_at_captions(job, (id, language, name), repeat, looks, reply)
        }
        // The same language and name are there already: an earlier try of ours.
        Memo::CaptionsSending { .. } if !reply.ok() && read::reason(reply) != "captionExists" => {
            Err(read::fault(reply, Doing::Captions))
        }
        Memo::CaptionsSending { id, language, name } if reply.ok() && !says(reply, "id") => {
            Ok(look_at_captions(id, language, name, true, 0))
        }
        Memo::ThumbnailSending { .. } | Memo::PlaylistAdding { .. } | Memo::CaptionsSending { .. } => {
            Ok(done(job, memo))
        }
        other => resume(job, other),
    }
}

/// Is this answer an object of YouTube's with such a field?
fn says(reply: &Reply, field: &str) -> bool {
    reply.json().is_some_and(|body| body.get(field).is_some_and(|value| !value.is_null()))
}

fn done(job: &Job, memo: Memo) -> Step<Memo> {
    let published =
        Published { remote: job.remote.clone(), privacy: None, public_at: None, notes: Vec::new() };
    Step::new(Stage::Checking, memo, Act::Done(published))
}

/// The file an option names, as it is found now.
fn side<'a>(job: &'a Job, key: &str) -> Result<&'a SideFile, Fault> {
    job.sides.get(key).filter(|side| side.size > 0).ok_or_else(|| {
        Fault::Refused(
            Problem::block(Code::FileMissing, format!("The file for \"{key}\" is missing or empty."))
                .edit(key),
        )
    })
}

// ---------------------------------------------------------------------------------------------------------------- thumbnail

/// YouTube ignores a Short's thumbnail before it has processed the video (2026-11-03).
fn thumbnail(job: &Job, id: String, looks: u32) -> Result<Step<Memo>, Fault> {
    if !may_be_short(&job.media) {
        return send_thumbnail(job, id);
    }
    let call = write::list(&id, write::STATE);
    Ok(send(Stage::Checking, Memo::ThumbnailLooking { id, looks }, call))
}

/// Square or upright and at most three minutes; YouTube itself decides and does not tell.
fn may_be_short(media: &JobMedia) -> bool {
    let upright = matches!((media.width, media.height), (Some(width), Some(height)) if height >= width);
    upright && media.duration_ms.is_some_and(|ms| ms <= SHORT_MS)
}

fn send_thumbnail(job: &Job, id: String) -> Result<Step<Memo>, Fault> {
    let side = side(job, "thumbnail")?;
    let call = write::set_thumbnail(&id, side.size, &side.mime);
    Ok(send(Stage::Sending, Memo::ThumbnailSending { id }, call))
}

fn looked_at_short(job: &Job, id: String, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let seen = read::video(reply, &id)?;
    if let Some(problem) = seen.as_ref().and_then(read::Seen::ruined) {
        return Err(Fault::Refused(problem));
    }
    if seen.is_some_and(|seen| seen.processed()) {
        return send_thumbnail(job, id);
    }
    if looks >= LOOKS {
        return Err(Fault::Refused(
            Problem::block(
                Code::ExtraFailed,
                "YouTube has not finished processing the Short, and takes no thumbnail before. Try again later.",
            )
            .fix(Fix::Retry),
        ));
    }
    let memo = Memo::ThumbnailLooking { id, looks: looks + 1 };
    Ok(Step::new(Stage::Processing, memo, Act::Wait(pause(&PROCESSING, looks))))
}

// ---------------------------------------------------------------------------------------------------------------- playlist

fn look_in_playlist(id: String, playlist: String, repeat: bool, looks: u32) -> Step<Memo> {
    let call = write::in_playlist(&playlist, &id);
    send(Stage::Checking, Memo::PlaylistLooking { id, playlist, repeat, looks }, call)
}

fn looked_in_playlist(
    id: String,
    playlist: String,
    repeat: bool,
    looks: u32,
    reply: &Reply,
) -> Result<Step<Memo>, Fault> {
    // Asked for one video of a list, YouTube answers `videoNotFound` when the list does not have it.
    let absent = reply.status == 404 && read::reason(reply) == "videoNotFound";
    let items = if absent { Vec::new() } else { read::items(reply, Doing::Playlist)? };
    let there = items.iter().any(|item| {
        item["snippet"]["resourceId"]["videoId"] == id.as_str()
            || item["contentDetails"]["videoId"] == id.as_str()
    });
    let memo = Memo::PlaylistLooking { id: id.clone(), playlist: playlist.clone(), repeat, looks: looks + 1 };
    if there {
        return Ok(finished(id, memo));
    }
    if repeat && looks == 0 {
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(LAG)));
    }
    let call = write::add_to_playlist(&playlist, &id);
    Ok(send(Stage::Publishing, Memo::PlaylistAdding { id, playlist }, call))
}

fn finished(id: String, memo: Memo) -> Step<Memo> {
    let published =
        Published { remote: Some(super::remote(&id)), privacy: None, public_at: None, notes: Vec::new() };
    Step::new(Stage::Checking, memo, Act::Done(published))
}

// ---------------------------------------------------------------------------------------------------------------- captions

/// A track without a name of its own is ours whether it bears its language's tag or nothing, as it did once.
fn is_named(there: &str, name: &str, language: &str) -> bool {
    let there = there.trim();
    there == write::captions_name(name, language) || (there.is_empty() && name.trim().is_empty())
}

fn look_at_captions(id: String, language: String, name: String, repeat: bool, looks: u32) -> Step<Memo> {
    let call = write::list_captions(&id);
    send(Stage::Checking, Memo::CaptionsLooking { id, language, name, repeat, looks }, call)
}

fn looked_at_captions(
    job: &Job,
    (id, language, name): (String, String, String),
    repeat: bool,
    looks: u32,
    reply: &Reply,
) -> Result<Step<Memo>, Fault> {
    let items = read::items(reply, Doing::Captions)?;
    let there = items.iter().any(|item| {
        let snippet = &item["snippet"];
        snippet["language"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(&language))
            && is_named(snippet["name"].as_str().unwrap_or_default(), &name, &language)
            // Those that YouTube's own ears wrote do not count.
            && !snippet["trackKind"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("asr"))
    });
    let memo = Memo::CaptionsLooking {
        id: id.clone(),
        language: language.clone(),
        name: name.clone(),
        repeat,
        looks: looks + 1,
    };
    if there {
        return Ok(finished(id, memo));
    }
    if repeat && looks == 0 {
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(LAG)));
    }
    let side = side(job, "captions")?;
    let call = write::add_captions(&id, &language, &name, side.size);
    Ok(send(Stage::Sending, Memo::CaptionsSending { id, language, name }, call))
}
