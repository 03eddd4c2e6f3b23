//! The bytes: chunk after chunk in order, the last one held back until its minute, and what to do when an answer is lost.
//!
//! The server's borders are the truth. After any doubt TikTok is asked how far it is; a chunk sent twice is refused or overwritten
//! and makes nothing new, while another opening could. So once the last chunk was on its way the upload is never opened anew, unless
//! TikTok itself says that it is not there (C2, C21, C22). Not here: how a file is cut (`chunks`).

use super::chunks::Plan;
use super::memo::{Memo, Start, Upload};
use super::read::{self, Stand};
use super::{facts, publish, send, write};
use jiff::{SignedDuration, Timestamp};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

/// An upload is opened no earlier than so long before its minute: its address has to live until the last byte.
const AHEAD_S: u64 = 3000;
/// What of the address's hour is kept for the last byte, beside the sending of it.
const SPARE_S: u64 = 120;
/// Addresses that may end before a file is there; a line that needs a fourth hour will need a fifth.
const ENDED: u32 = 3;
/// How often a server may have less than before.
const BACKWARDS: u32 = 5;
/// Between two looks before "it is not there" is believed.
const LAG: Duration = Duration::from_secs(30);

pub(crate) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::Sending { upload, from } => Ok(ask(upload, from, 0)),
        Memo::Asking { upload, from, looks } => Ok(ask(upload, from, looks)),
        Memo::Staged { upload } => {
            let from = upload.plan.last_from();
            go_on(job, upload, from)
        }
        other => Err(Fault::Unsure {
            detail: format!("a memo strayed into the upload: {:?}", std::mem::discriminant(&other)),
        }),
    }
}

// ---------------------------------------------------------------------------------------------------------------- steps

/// The server has everything before `from`: the chunk that begins there is next, at its time.
pub(crate) fn go_on(job: &Job, upload: Upload, from: u64) -> Result<Step<Memo>, Fault> {
    if from >= upload.plan.size {
        return Ok(publish::look(publish::whole(job, &upload)).confirmed(upload.plan.size));
    }
    // The creator changed the post, or the file is another: nothing was made of it yet, so it is opened anew with what is right (C38).
    if upload.last_sent == 0 && (upload.said != write::said(job) || upload.plan.size != job.media.size) {
        return Err(Fault::Lost { detail: "the post was changed while its bytes were on their way".into() });
    }
    let is_last = from == upload.plan.last_from();
    if is_last && upload.last_sent == 0 {
        if let Some(due) = job.due.filter(|due| leaves_at(job, &upload, *due) > job.now) {
            return stage(job, upload, due);
        }
        if ends_at(&upload) <= job.now {
            return renew(job, upload);
        }
    }
    put(job, upload, from)
}

fn put(job: &Job, mut upload: Upload, from: u64) -> Result<Step<Memo>, Fault> {
    let Some(len) = upload.plan.len_at(from) else {
        return Err(Fault::Strange { detail: "no chunk begins where the upload stands".into() });
    };
    // With the last chunk the post is made: a cancel that comes before it has to be heard.
    let is_last = from == upload.plan.last_from();
    let stage = if is_last { Stage::Publishing } else { Stage::Sending };
    upload.last_sent = upload.last_sent.saturating_add(u32::from(is_last));
    // TikTok posts as soon as it has every byte, so the last ones leave at the minute, however quick the line is.
    let not_before = job.due.filter(|_| is_last);
    let call = write::put(job, &upload, from, len, not_before);
    Ok(send(stage, Memo::Sending { upload, from }, call).confirmed(from))
}

fn ask(upload: Upload, from: u64, looks: u32) -> Step<Memo> {
    let call = write::status(&upload.publish_id);
    send(Stage::Checking, Memo::Asking { upload, from, looks }, call)
}

/// Opens anew. Only where no last chunk can have arrived.
fn renew(job: &Job, upload: Upload) -> Result<Step<Memo>, Fault> {
    publish::start(job, upload.start)
}

// ---------------------------------------------------------------------------------------------------------------- the minute

/// The last chunk waits for its minute, if the address lives so long.
fn stage(job: &Job, upload: Upload, due: Timestamp) -> Result<Step<Memo>, Fault> {
    let needed = Duration::from_secs(SPARE_S / 2).saturating_add(sending(job, &upload.plan));
    let young = job.now.duration_since(upload.at) < SignedDuration::from_mins(5);
    if !young && ends_at(&upload) < later(due, needed) {
        return renew(job, upload);
    }
    let (early, from) = (early(job, &upload), upload.plan.last_from());
    Ok(Step::new(Stage::Publishing, Memo::Staged { upload }, Act::Ready { early }).confirmed(from))
}

/// So long before the minute the last chunk begins to leave: what it takes to send it. Its last bytes wait for the minute, so a line
/// that is quicker than it was measured makes nothing early. What TikTok takes to process is not counted on: the next time may be
/// shorter than all before.
fn early(job: &Job, upload: &Upload) -> Duration {
    sending(job, &upload.plan) * 4 / 5
}

fn leaves_at(job: &Job, upload: &Upload, due: Timestamp) -> Timestamp {
    let early = SignedDuration::try_from(early(job, upload)).unwrap_or_default();
    due.checked_sub(early).unwrap_or(due)
}

/// How long the last chunk takes on this line; nothing while that was not measured.
fn sending(job: &Job, plan: &Plan) -> Duration {
    let len = plan.size.saturating_sub(plan.last_from());
    let speed = job.pace.bytes_per_s.filter(|speed| *speed > 0);
    let ms = speed.map_or(0, |speed| u128::from(len) * 1000 / u128::from(speed));
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX)).min(Duration::from_secs(facts::ADDRESS_S))
}

fn ends_at(upload: &Upload) -> Timestamp {
    later(upload.at, Duration::from_secs(facts::ADDRESS_S))
}

/// An address that is opened now would end before the minute: it waits. No failure, and nothing was sent.
pub(crate) fn too_early(job: &Job) -> Option<Fault> {
    let due = job.ahead()?;
    let plan = super::chunks::plans(job.media.size).into_iter().next()?;
    let spare = Duration::from_secs(SPARE_S).saturating_add(sending(job, &plan));
    let ahead = Duration::from_secs(facts::ADDRESS_S)
        .saturating_sub(spare)
        .clamp(Duration::from_secs(300), Duration::from_secs(AHEAD_S));
    let opens = due.checked_sub(SignedDuration::try_from(ahead).ok()?).ok()?;
    let wait = Duration::try_from(opens.duration_since(job.now)).ok().filter(|wait| !wait.is_zero())?;
    Some(Fault::Limit {
        whose: Whose::Delivery,
        until: Until::For(wait),
        problem: Problem::warn(
            Code::NotNow,
            "TikTok takes a video at most an hour before it is posted. Slipway begins by itself in time.",
        ),
    })
}

// ---------------------------------------------------------------------------------------------------------------- answers

pub(crate) fn put_answered(job: &Job, upload: Upload, from: u64, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let Some(len) = upload.plan.len_at(from) else {
        return Err(Fault::Strange { detail: "a chunk was sent from where none begins".into() });
    };
    let end = from.saturating_add(len);
    let (size, is_last) = (upload.plan.size, end == upload.plan.size);
    let stands = read::progress(reply, &upload.plan);
    // No step forward: the engine counts and pauses before we ask how far it is.
    let stalled = |detail: &str| Err(Fault::Again { after: reply.retry_after(), detail: detail.into() });
    match reply.status {
        // Only the last chunk can end an upload.
        201 if is_last => go_on(job, upload, size),
        // Not documented, though one client takes it for an end; a page of the network answers like this, too. TikTok is asked.
        200 if is_last && upload.last_sent <= 1 => Ok(ask(upload, from, 0)),
        206 => match stands {
            Some(at) if at > from => go_on(job, upload, at),
            None if reply.header("content-range").is_none() && !is_last => go_on(job, upload, end),
            _ => stalled("TikTok took the chunk, but the upload did not move on"),
        },
        416 => match stands {
            Some(at) if at > from => go_on(job, upload, at),
            Some(at) if at < from && upload.backwards < BACKWARDS => {
                let backwards = upload.backwards + 1;
                go_on(job, Upload { backwards, ..upload }, at)
            }
            _ => stalled("TikTok refused the chunk, and did not say where it stands"),
        },
        403 | 404 => ended(job, upload, from),
        200..=299 => stalled("TikTok answered a chunk in a way that says nothing"),
        408 | 429 | 500..=599 => stalled("TikTok did not take the chunk"),
        status => Err(Fault::Strange { detail: format!("HTTP {status} to a chunk {}", reply.excerpt()) }),
    }
}

/// The address is over: its hour, or TikTok no longer knows it.
fn ended(job: &Job, upload: Upload, from: u64) -> Result<Step<Memo>, Fault> {
    if upload.last_sent == 0 {
        return another(job, upload);
    }
    // A last chunk may have arrived whole: an upload that is finished is unknown at its address, too.
    Ok(ask(Upload { gone: true, ..upload }, from, 0))
}

/// Nothing was made of this upload, and nothing will be.
fn another(job: &Job, upload: Upload) -> Result<Step<Memo>, Fault> {
    let ended = upload.start.ended.saturating_add(1);
    if ended >= ENDED {
        return Err(Fault::Refused(
            Problem::block(
                Code::GaveUp,
                "TikTok gives an upload one hour, and the file was not there in any of three. Nothing was posted. Export it smaller, or say \"post again\" where the line is faster.",
            )
            .fix(Fix::Decide),
        ));
    }
    renew(job, Upload { start: Start { ended, ..upload.start.clone() }, ..upload })
}

pub(crate) fn asked(
    job: &Job,
    upload: Upload,
    from: u64,
    looks: u32,
    reply: &Reply,
) -> Result<Step<Memo>, Fault> {
    if read::is_unknown_id(reply) {
        if upload.last_sent == 0 {
            return another(job, upload);
        }
        return Err(Fault::Unsure {
            detail: "the last of the video was on its way, and TikTok no longer knows the upload".into(),
        });
    }
    let seen = read::seen(reply)?;
    let size = upload.plan.size;
    match (&seen.stand, seen.uploaded.map(|bytes| upload.plan.reached(bytes))) {
        // TikTok's own failure, and its own word that nothing was posted.
        (Stand::Failed(reason), _) if read::is_internal(reason) => {
            Err(Fault::Lost { detail: "TikTok failed inside; nothing was posted".into() })
        }
        (Stand::Failed(reason), _) => Err(Fault::Refused(read::failure(reason))),
        (Stand::Complete | Stand::Inbox, _) => {
            publish::judge(job, publish::whole(job, &upload), &seen).map(|step| step.confirmed(size))
        }
        (Stand::Working, Some(at)) if at == size => {
            publish::judge(job, publish::whole(job, &upload), &seen).map(|step| step.confirmed(size))
        }
        // The address is over and TikTok says that the end is missing. Numbers may lag: said twice, it is so.
        (Stand::Working, Some(_)) if upload.gone && looks == 0 => {
            let memo = Memo::Asking { upload, from, looks: 1 };
            Ok(Step::new(Stage::Checking, memo, Act::Wait(LAG)))
        }
        (Stand::Working, Some(_)) if upload.gone => another(job, upload),
        // No numbers, and no address to ask: an upload that was finished answers like this, so its end is waited for.
        (Stand::Working, None) if upload.gone => publish::judge(job, publish::whole(job, &upload), &seen),
        (Stand::Working, Some(at)) => go_on(job, upload, at),
        // Sent again it is stored, or refused with where the server stands.
        (Stand::Working, None) => go_on(job, upload, from),
    }
}
