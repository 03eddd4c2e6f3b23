//! The bytes of a video, and the call that makes a video of them (Resumable Upload API and Page Videos, as of 2026-11).
//!
//! An upload is no video, so it may be repeated. Making one may not: when its answer is lost, the Page's videos and planned posts are
//! searched, and what may be it twice is for a person (C2). Made again is only what is not there after several looks, and with the
//! same handle. Not here: the minute (`publish`).

use super::memo::{Kind, Memo, Plan, Upload, Uploaded, Video};
use super::read::{self, Doing, pause};
use super::{astray, publish, send, write};
use crate::graph::{self, error, pages, time};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use slipway_core::platform::*;

const VAGUE: [u64; 4] = [2, 5, 10, 20];
/// A session that has all bytes and no handle for them is asked for it by a last, empty part so often.
const PUTS: u32 = 3;
/// Pauses between looks for a video whose making was not heard of, in seconds. A list may lag.
const MISSING: [u64; 3] = [5, 20, 60];
/// Our clock and theirs may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// Lengths are told in seconds and measured by two programs.
const LENGTH_MS: u64 = 2_000;

pub(super) fn begin(job: &Job) -> Step<Memo> {
    send(Stage::Opening, Memo::UploadOpening { at: job.now }, write::open_upload(job))
}

pub(super) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        return Ok(publish::look(Video::new(&known.id, Kind::Video, publish::plan_or_far(job))));
    }
    if matches!(memo, Memo::UploadOpening { .. } | Memo::UploadSending { .. } | Memo::UploadAsking { .. }) {
        publish::still_wanted(job, Kind::Video)?;
    }
    Ok(match memo {
        Memo::UploadOpening { .. } => begin(job),
        Memo::UploadSending { upload, .. } => ask(upload, 0),
        Memo::UploadAsking { upload, vague } => ask(upload, vague),
        Memo::Creating { file } => search(job, file, 0),
        Memo::Searching { file, looks } | Memo::SearchingPlanned { file, looks } => search(job, file, looks),
        other => return Err(astray(&other)),
    })
}

pub(super) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        return Ok(publish::look(Video::new(&known.id, Kind::Video, publish::plan_or_far(job))));
    }
    match memo {
        Memo::UploadOpening { at } => {
            let name = read::session(reply)?;
            Ok(put(job, Upload { name, at, puts: 0 }, 0))
        }
        Memo::UploadSending { .. } => match read::handle(reply) {
            Some(handle) => create(job, handle),
            // The answer is spoilt; the session is asked after a pause, which counts: or it could go on so for ever.
            None if reply.ok() && error::of(reply).is_none() => {
                Err(Fault::Again { after: None, detail: "the upload brought no handle".into() })
            }
            None => Err(read::fault(reply, Doing::Bytes)),
        },
        Memo::UploadAsking { upload, vague } => asked(job, upload, vague, reply),
        Memo::Creating { file } => created(job, &file, reply),
        Memo::Searching { file, looks } => searched(job, file, looks, reply),
        Memo::SearchingPlanned { file, looks } => searched_planned(job, file, looks, reply),
        other => Err(astray(&other)),
    }
}

// ---------------------------------------------------------------------------------------------------------------- the upload

fn put(job: &Job, mut upload: Upload, from: u64) -> Step<Memo> {
    upload.puts = upload.puts.saturating_add(1);
    let call = write::put_upload(job, &upload, from);
    send(Stage::Sending, Memo::UploadSending { upload, from }, call).confirmed(from)
}

fn ask(upload: Upload, vague: u32) -> Step<Memo> {
    let call = write::ask_upload(&upload);
    send(Stage::Sending, Memo::UploadAsking { upload, vague }, call)
}

fn asked(job: &Job, upload: Upload, vague: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let lost =
        || Err(Fault::Lost { detail: "Facebook no longer knows the upload; no video was made of it".into() });
    if read::is_gone(reply) {
        return lost();
    }
    if let Some(handle) = read::handle(reply) {
        return create(job, handle);
    }
    match read::offset(reply) {
        Some(bytes) if bytes < job.media.size => Ok(put(job, upload, bytes)),
        // All bytes are there and their handle was lost: a last part of nothing may bring it.
        Some(_) if upload.puts < PUTS => Ok(put(job, upload, job.media.size)),
        Some(_) => lost(),
        None if !reply.ok() || error::of(reply).is_some() => match read::fault(reply, Doing::Bytes) {
            // A session it does not take any more is none.
            Fault::Refused(_) => lost(),
            fault => Err(fault),
        },
        None if (vague as usize) < VAGUE.len() => {
            let memo = Memo::UploadAsking { upload, vague: vague + 1 };
            Ok(Step::new(Stage::Sending, memo, Act::Wait(pause(&VAGUE, vague))))
        }
        None => Err(Fault::Strange { detail: "the upload does not say how many bytes it has".into() }),
    }
}

// ---------------------------------------------------------------------------------------------------------------- the video

fn create(job: &Job, handle: String) -> Result<Step<Memo>, Fault> {
    let plan = publish::plan(job)?;
    let step = make(job, write::uploaded(job, handle, plan));
    Ok(step.confirmed(job.media.size))
}

fn make(job: &Job, file: Uploaded) -> Step<Memo> {
    let call = write::create(job, &file);
    send(Stage::Publishing, Memo::Creating { file }, call)
}

fn created(job: &Job, file: &Uploaded, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match reply.json().filter(|_| reply.ok()).and_then(|body| graph::id(&body["id"])) {
        Some(id) => Ok(exists(file, id)),
        // It says yes and not to what: it may be there.
        None if reply.ok() && error::of(reply).is_none() => Ok(search(job, file.clone(), 0)),
        None => Err(read::fault(reply, Doing::Publishing)),
    }
}

fn exists(file: &Uploaded, id: String) -> Step<Memo> {
    let heard = file.plan != Plan::Staged;
    publish::look(Video { heard, asked: u32::from(heard), ..Video::new(id, Kind::Video, file.plan) })
}

fn search(job: &Job, file: Uploaded, looks: u32) -> Step<Memo> {
    send(Stage::Checking, Memo::Searching { file, looks }, write::newest_videos(job))
}

fn searched(job: &Job, file: Uploaded, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let found = matches(job, &file, &list(reply)?, "description", |item| graph::id(&item["id"]))?;
    match found {
        Some(id) => Ok(exists(&file, id)),
        // What is not public may be among the planned posts only.
        None => {
            let call = write::planned_posts(job);
            Ok(send(Stage::Checking, Memo::SearchingPlanned { file, looks }, call))
        }
    }
}

fn searched_planned(job: &Job, file: Uploaded, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let target = |item: &Value| graph::id(&item["attachments"]["data"][0]["target"]["id"]);
    if let Some(id) = matches(job, &file, &list(reply)?, "message", target)? {
        return Ok(exists(&file, id));
    }
    if (looks as usize) < MISSING.len() {
        let wait = pause(&MISSING, looks);
        let memo = Memo::Searching { file, looks: looks + 1 };
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(wait)));
    }
    // Several looks at both lists did not find it: it was not made. The minute may have come meanwhile.
    let plan = publish::plan(job)?;
    Ok(make(job, write::uploaded(job, file.handle, plan)))
}

fn list(reply: &Reply) -> Result<Vec<Value>, Fault> {
    if error::of(reply).is_some() {
        return Err(read::fault(reply, Doing::Reading));
    }
    pages::list(reply, read::NAME).map(|(items, _)| items)
}

/// The one item that must be ours, by time and words; its length only chooses among several, since lists tell it late and roughly.
fn matches(
    job: &Job,
    file: &Uploaded,
    items: &[Value],
    words: &str,
    id: impl Fn(&Value) -> Option<String>,
) -> Result<Option<String>, Fault> {
    let since = file.at.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let unsure =
        |why: &str| Fault::Unsure { detail: format!("the answer to making the video was lost, and {why}") };
    let is_newer = |item: &Value| time::instant(&item["created_time"]).is_none_or(|at| at >= since);
    let mut ours: Vec<&Value> =
        items.iter().filter(|item| is_newer(item) && same_words(file, item, words)).collect();
    let mute = file.caption.is_empty() && file.title.is_empty();
    if ours.len() > 1 || mute {
        let some = !ours.is_empty();
        ours.retain(|item| same_length(job, item));
        if some && ours.is_empty() {
            return Err(unsure("what may be it has neither words nor a length to tell it by"));
        }
    }
    match ours.as_slice() {
        [] if items.len() >= write::A_LOOK && items.iter().all(is_newer) => {
            Err(unsure("too many came since to be sure that it is not among them"))
        }
        [] => Ok(None),
        [one] => id(one).map(Some).ok_or_else(|| unsure("what may be it does not say which video it is")),
        _ => Err(unsure("the Page has more than one that may be it")),
    }
}

/// Facebook trims, and folds blanks. A list may leave out the title.
fn same_words(file: &Uploaded, item: &Value, words: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = folded(item[words].as_str().unwrap_or_default());
    let caption = folded(&file.caption);
    let title = item["title"].as_str().map(folded);
    let whole = file.caption.chars().count() < 200;
    let same = if whole { text == caption } else { text.starts_with(&caption) };
    same && title.is_none_or(|title| title.is_empty() || title == folded(&file.title))
}

fn same_length(job: &Job, item: &Value) -> bool {
    match (item["length"].as_f64(), job.media.duration_ms) {
        // 0: not measured yet.
        (Some(seconds), Some(ms)) if seconds > 0.0 => {
            let told = (seconds * 1000.0).min(1e15) as u64;
            told.abs_diff(ms) <= LENGTH_MS
        }
        _ => false,
    }
}
