//! What comes beside the video once Facebook holds it: cover, captions, invitations to collaborators (C8, C9).
//!
//! Each is an errand of its own that cannot fail the post, and waits until the video is processed. A cover may be set twice; captions
//! look first, and look twice when they may have been sent; an invitation that may have been sent is sent once more, since whoever is
//! invited twice to one video has one invitation. Not here: choosing which, beyond what options say.

use super::memo::{Beside, Memo};
use super::read::{self, Doing, pause};
use super::{astray, send, write};
use crate::graph::{error, pages};
use serde_json::json;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

/// Pauses while the video is being processed, in seconds.
const PROCESSING: [u64; 6] = [5, 15, 30, 60, 300, 600];
/// About twelve hours of looks.
const LOOKS: u32 = 75;
/// A list may lag behind captions whose answer was lost.
const LAG: Duration = Duration::from_secs(15);

pub(super) fn extras(job: &Job) -> Vec<Extra> {
    let mut extras = Vec::new();
    let mut add = |step: &str, input| extras.push(Extra { step: step.into(), input });
    if write::text(job, "thumbnail").is_some() {
        add("thumbnail", json!({}));
    }
    if let (Some(_), Some(language)) = (write::text(job, "captions"), write::text(job, "captions_language")) {
        add("captions", json!({ "locale": write::locale(&language) }));
    }
    for whom in write::names(job, "collaborators") {
        add("collaborator", json!({ "whom": whom }));
    }
    extras
}

pub(super) fn begin(job: &Job, extra: &Extra) -> Result<Step<Memo>, Fault> {
    let known = job.remote.as_ref().ok_or_else(|| {
        Fault::Refused(Problem::block(Code::NotNow, "Facebook does not hold the video yet."))
    })?;
    let input = |key: &str| extra.input[key].as_str().unwrap_or_default().trim().to_string();
    let beside = match extra.step.as_str() {
        "thumbnail" => Beside::Thumbnail,
        "captions" if !input("locale").is_empty() => Beside::Captions { locale: input("locale") },
        "collaborator" if !input("whom").is_empty() => Beside::Invitation { whom: input("whom") },
        other => {
            return Err(Fault::Refused(Problem::block(
                Code::BadRequest,
                format!("Facebook has no step \"{other}\", or something it needs is missing."),
            )));
        }
    };
    Ok(wait_for_it(known.id.clone(), beside, 0))
}

pub(super) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::BesideWaiting { id, beside, looks } => Ok(wait_for_it(id, beside, looks)),
        Memo::ThumbnailSending { id } => send_thumbnail(job, id),
        Memo::CaptionsLooking { id, locale, repeat, looks } => {
            Ok(look_at_captions(id, locale, repeat, looks))
        }
        Memo::CaptionsSending { id, locale } => Ok(look_at_captions(id, locale, true, 0)),
        Memo::Inviting { id, whom, .. } => Ok(invite(id, whom, true)),
        other => Err(astray(&other)),
    }
}

pub(super) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::BesideWaiting { id, beside, looks } => looked(job, id, beside, looks, reply),
        Memo::ThumbnailSending { .. } => {
            read::took(reply, Doing::Thumbnail)?;
            Ok(done(job, memo))
        }
        Memo::CaptionsLooking { id, locale, repeat, looks } => {
            looked_at_captions(job, id, locale, repeat, looks, reply)
        }
        Memo::CaptionsSending { .. } => {
            read::took(reply, Doing::Captions)?;
            Ok(done(job, memo))
        }
        Memo::Inviting { repeat, .. } => match read::took(reply, Doing::Inviting) {
            Ok(()) => Ok(done(job, memo)),
            // Refused because the first, unheard one had done it.
            Err(Fault::Refused(_)) if repeat && read::may_be_done(reply, Doing::Inviting) => {
                Ok(done(job, memo))
            }
            Err(fault) => Err(fault),
        },
        other => Err(astray(&other)),
    }
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

// ---------------------------------------------------------------------------------------------------------------- processed?

fn wait_for_it(id: String, beside: Beside, looks: u32) -> Step<Memo> {
    let call = write::look(&id);
    send(Stage::Checking, Memo::BesideWaiting { id, beside, looks }, call)
}

fn looked(job: &Job, id: String, beside: Beside, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let seen = read::video(reply)?;
    if let Some(problem) = seen.as_ref().and_then(read::Seen::ruined) {
        return Err(Fault::Refused(problem));
    }
    if seen.is_some_and(|seen| seen.is_processed() || seen.is_public()) {
        return match beside {
            Beside::Thumbnail => send_thumbnail(job, id),
            Beside::Captions { locale } => Ok(look_at_captions(id, locale, false, 0)),
            Beside::Invitation { whom } => Ok(invite(id, whom, false)),
        };
    }
    if looks >= LOOKS {
        return Err(Fault::Refused(
            Problem::block(
                Code::ExtraFailed,
                "Facebook has not finished processing the video, and takes nothing beside it before. Try again later.",
            )
            .fix(Fix::Retry),
        ));
    }
    let memo = Memo::BesideWaiting { id, beside, looks: looks + 1 };
    Ok(Step::new(Stage::Processing, memo, Act::Wait(pause(&PROCESSING, looks))))
}

// ---------------------------------------------------------------------------------------------------------------- the three

fn send_thumbnail(job: &Job, id: String) -> Result<Step<Memo>, Fault> {
    let side = side(job, "thumbnail")?;
    let call = write::set_thumbnail(&id, side.size, &side.mime);
    Ok(send(Stage::Sending, Memo::ThumbnailSending { id }, call))
}

fn look_at_captions(id: String, locale: String, repeat: bool, looks: u32) -> Step<Memo> {
    let call = write::list_captions(&id);
    send(Stage::Checking, Memo::CaptionsLooking { id, locale, repeat, looks }, call)
}

fn looked_at_captions(
    job: &Job,
    id: String,
    locale: String,
    repeat: bool,
    looks: u32,
    reply: &Reply,
) -> Result<Step<Memo>, Fault> {
    if error::of(reply).is_some() {
        return Err(read::fault(reply, Doing::Reading));
    }
    let (items, _) = pages::list(reply, read::NAME)?;
    let there = items.iter().any(|item| {
        item["locale"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(&locale))
            // Those that Facebook's own ears wrote do not count.
            && item["is_auto_generated"] != true
    });
    let memo = Memo::CaptionsLooking { id: id.clone(), locale: locale.clone(), repeat, looks: looks + 1 };
    if there {
        return Ok(done(job, memo));
    }
    if repeat && looks == 0 {
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(LAG)));
    }
    let side = side(job, "captions")?;
    let call = write::add_captions(&id, &locale, side.size);
    Ok(send(Stage::Sending, Memo::CaptionsSending { id, locale }, call))
}

fn invite(id: String, whom: String, repeat: bool) -> Step<Memo> {
    let call = write::invite(&id, &whom);
    send(Stage::Sending, Memo::Inviting { id, whom, repeat }, call)
}
