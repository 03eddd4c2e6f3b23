//! From nothing to everything being there: containers are made, their bytes sent, and looked at until they are processed.
//!
//! A container never appears by itself and ends after a day, so all of this may be repeated. A broken upload goes on from the offset
//! Instagram names (C21). Several videos are containers of their own first, then one that holds them. Not here: the one call that may
//! not be repeated, and all that follows it (`release`).

use super::memo::{Container, Memo, Part, Work};
use super::read::{self, Seen, State};
use super::{pause, release, send, write};
use crate::graph::upload;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};

/// Pauses between looks at a container, in seconds. The reference advises one a minute for five minutes (2026-10); a short reel is
/// ready within seconds.
const PROCESSING: [u64; 8] = [3, 5, 8, 15, 30, 30, 60, 60];
/// About an hour of looks; a large video takes more than the five minutes of the reference.
const LOOKS: u32 = 64;
/// Answers about an upload that say nothing, before a fresh container is made.
const VAGUE: u32 = 4;
/// Times in a row that bytes may go to a container without its keeping any, before a fresh one is made.
const PUTS: u32 = 8;
/// Containers that failed and are made anew without a word.
const RENEWED: u32 = 1;

pub(crate) fn begin(job: &Job) -> Result<Step<Memo>, Fault> {
    match &job.remote {
        Some(known) => Ok(release::look(job, known.id.clone())),
        None => start(job),
    }
}

fn start(job: &Job) -> Result<Step<Memo>, Fault> {
    let sent = write::sent(job);
    next(
        job,
        Work { sent, files: Vec::new(), whole: None, renewed: 0, publishes: 0, asked_at: None, doubt: false },
    )
}

pub(crate) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        return Ok(release::look(job, known.id.clone()));
    }
    match memo {
        // A person sent it on its way again: the failed container stays behind.
        Memo::Failed { .. } => Err(Fault::Lost { detail: "the container had failed".into() }),
        Memo::Creating { work, .. }
        | Memo::Uploading { work, .. }
        | Memo::Asking { work, .. }
        | Memo::Polling { work, .. }
            if !fits(job, &work) =>
        {
            Err(outdated())
        }
        // Harmless: whatever was made and not heard of never appears.
        Memo::Creating { work, part } => create(job, work, part),
        Memo::Uploading { work, nth, .. } => ask(job, work, nth, 0),
        Memo::Asking { work, nth, vague } => ask(job, work, nth, vague),
        Memo::Polling { work, part, looks } => poll(job, work, part, looks),
        other => Err(super::astray(&other)),
    }
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        return Ok(release::look(job, known.id.clone()));
    }
    match memo {
        Memo::Creating { work, part } => created(job, work, part, reply),
        Memo::Uploading { work, nth, .. } => uploaded(job, work, nth, reply),
        Memo::Asking { work, nth, vague } => asked(job, work, nth, vague, reply),
        Memo::Polling { work, part, looks } => polled(job, work, part, looks, reply),
        Memo::Failed { .. } => Err(read::container(reply)?.failure()),
        other => Err(super::astray(&other)),
    }
}

/// Were the containers made of what the post is now? They can't be changed, only made anew. A file is held against its size, too.
pub(crate) fn fits(job: &Job, work: &Work) -> bool {
    let sent = &work.sent;
    let sizes = work.files.iter().enumerate().all(|(nth, file)| file.size == write::size(job, nth));
    sent.way == job.account.way
        && sent.files == write::files(job)
        && sizes
        && sent.wishes == write::wishes(job)
}

pub(crate) fn outdated() -> Fault {
    Fault::Lost {
        detail: "the post was changed after Instagram had been given it; it is given it anew".into(),
    }
}

// ---------------------------------------------------------------------------------------------------------------- steps

/// What is to be done next: a file's container and its bytes, one file after the other; then a look at each; then what holds them.
fn next(job: &Job, work: Work) -> Result<Step<Memo>, Fault> {
    if let Some(nth) = work.files.iter().position(|file| !file.there) {
        return ask(job, work, nth, 0);
    }
    if work.files.len() < work.sent.files {
        let part = Part::File(work.files.len());
        return create(job, work, part);
    }
    if let Some(nth) = work.files.iter().position(|file| !file.ready) {
        return poll(job, work, Part::File(nth), 0);
    }
    match &work.whole {
        None if work.several() => create(job, work, Part::Whole),
        Some(whole) if !whole.ready => poll(job, work, Part::Whole, 0),
        _ => release::stage(job, work),
    }
}

fn create(job: &Job, work: Work, part: Part) -> Result<Step<Memo>, Fault> {
    if let Part::File(nth) = part
        && write::size(job, nth) == 0
    {
        let message = "One of the further videos is not there any more, or empty.";
        return Err(Fault::Refused(Problem::block(Code::FileMissing, message).edit("more_videos")));
    }
    let call = write::create(job, &work, part);
    Ok(send(Stage::Opening, Memo::Creating { work, part }, call))
}

fn put(job: &Job, mut work: Work, nth: usize, from: u64) -> Result<Step<Memo>, Fault> {
    let sent = sent_before(job, nth) + from;
    let Some(container) = work.files.get_mut(nth) else { return Err(gone("has no container")) };
    if from > container.from {
        container.puts = 0;
    }
    if container.puts >= PUTS {
        return Err(gone("took the bytes again and again and kept none of them"));
    }
    container.puts += 1;
    container.from = from;
    let call = write::upload(job, container, nth, from);
    Ok(send(Stage::Sending, Memo::Uploading { work, nth, from }, call).confirmed(sent))
}

fn ask(job: &Job, work: Work, nth: usize, vague: u32) -> Result<Step<Memo>, Fault> {
    let Some(container) = work.files.get(nth) else { return Err(gone("has no container")) };
    let call = write::progress(job, container);
    Ok(send(Stage::Sending, Memo::Asking { work, nth, vague }, call))
}

fn poll(job: &Job, work: Work, part: Part, looks: u32) -> Result<Step<Memo>, Fault> {
    let Some(container) = work.container(part) else { return Err(gone("has no container")) };
    let call = write::status(job, container);
    Ok(send(Stage::Processing, Memo::Polling { work, part, looks }, call))
}

/// Bytes of the files before this one.
fn sent_before(job: &Job, nth: usize) -> u64 {
    (0..nth).map(|before| write::size(job, before)).sum()
}

/// Nothing was posted, and nothing will be: it begins anew.
fn gone(what: &str) -> Fault {
    Fault::Lost { detail: format!("the upload {what}; nothing was posted") }
}

// ---------------------------------------------------------------------------------------------------------------- answers

fn created(job: &Job, mut work: Work, part: Part, reply: &Reply) -> Result<Step<Memo>, Fault> {
    // Of a parent: one of its children is not known any more.
    if part == Part::Whole && read::is_gone(reply) {
        return Err(gone("of one of the videos is not known any more"));
    }
    let (id, uri) = read::created(reply)?;
    let (size, there) = match part {
        Part::File(nth) => (write::size(job, nth), write::by_address(&job.account)),
        Part::Whole => (0, true),
    };
    let container = Container { id, uri, made: job.now, size, from: 0, puts: 0, there, ready: false };
    match part {
        Part::Whole => work.whole = Some(container),
        Part::File(nth) => {
            match work.files.get_mut(nth) {
                Some(before) => *before = container,
                None => work.files.push(container),
            }
            if !there {
                return put(job, work, nth, 0);
            }
        }
    }
    next(job, work)
}

fn uploaded(job: &Job, work: Work, nth: usize, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if upload::took(reply) {
        return all_there(job, work, nth);
    }
    if reply.ok() {
        // The answer is spoilt, but the container knows.
        return ask(job, work, nth, 0);
    }
    Err(upload::fault(reply, super::facts::FACTS.name))
}

fn asked(job: &Job, work: Work, nth: usize, vague: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if read::is_gone(reply) {
        return Err(gone("is not known to Instagram any more"));
    }
    let seen = read::container(reply)?;
    let total = write::size(job, nth);
    match (seen.state, seen.bytes) {
        (State::Expired, _) => Err(gone("ran out: a day had passed")),
        (State::Error, _) => failed(job, work, Part::File(nth), &seen),
        (State::Finished | State::Published, _) => all_there(job, work, nth),
        _ if seen.broken && has_a_chance(&work) => renew(job, work, Part::File(nth)),
        _ if seen.broken => Err(gone("failed twice")),
        _ if seen.whole => all_there(job, work, nth),
        (State::InProgress, Some(bytes)) if bytes < total => put(job, work, nth, bytes),
        (State::InProgress, Some(bytes)) if bytes == total => all_there(job, work, nth),
        // More than there is, or not said: the offset is never guessed.
        (State::InProgress, _) if vague >= VAGUE => Err(gone("never said how far it is")),
        (State::InProgress, _) => {
            let memo = Memo::Asking { work, nth, vague: vague + 1 };
            Ok(Step::new(Stage::Sending, memo, Act::Wait(pause(&[2, 5, 10, 20], vague))))
        }
    }
}

fn all_there(job: &Job, mut work: Work, nth: usize) -> Result<Step<Memo>, Fault> {
    if let Some(container) = work.files.get_mut(nth) {
        container.there = true;
    }
    let sent = sent_before(job, nth + 1);
    next(job, work).map(|step| if step.confirmed.is_none() { step.confirmed(sent) } else { step })
}

fn polled(job: &Job, mut work: Work, part: Part, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    // The post was asked for already: a container that is gone may be that post.
    if read::is_gone(reply) && work.publishes > 0 {
        return Ok(release::search_missing(job, Work { doubt: true, ..work }));
    }
    if read::is_gone(reply) {
        return Err(gone("is not known to Instagram any more"));
    }
    let seen = read::container(reply)?;
    match seen.state {
        State::Finished => {
            if let Some(container) = work.container_mut(part) {
                container.ready = true;
            }
            next(job, work)
        }
        State::Error => failed(job, work, part, &seen),
        State::Expired => Err(gone("ran out: a day had passed")),
        // Nobody asked for that yet: it is another one's doing, and it is there.
        State::Published => Ok(release::search_published(job, work)),
        State::InProgress if looks >= LOOKS => Err(Fault::Refused(
            Problem::block(
                Code::ProcessingFailed,
                "Instagram has the video, but has not finished processing it within an hour. Nothing was posted. Try again to look once more.",
            )
            .fix(Fix::Retry),
        )),
        State::InProgress => {
            let memo = Memo::Polling { work, part, looks: looks + 1 };
            Ok(Step::new(Stage::Processing, memo, Act::Wait(pause(&PROCESSING, looks))))
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------- failures

/// A container that failed is dead and was never posted. Where a fresh one may fare better it gets one chance: uploads that were taken
/// and then not found (2207082, `FILE_NOT_FOUND`) are seen in the field. After that it is told.
pub(crate) fn failed(job: &Job, work: Work, part: Part, seen: &Seen) -> Result<Step<Memo>, Fault> {
    if seen.may_renew() && has_a_chance(&work) {
        return renew(job, work, part);
    }
    let Some(container) = work.container(part) else { return Err(gone("has no container")) };
    // Told with the next answer, under a memo from which a person's "try again" makes it anew.
    let call = write::status(job, container);
    Ok(send(Stage::Processing, Memo::Failed { work, part }, call))
}

/// Not after the post was asked for: then it is for a person to say so.
fn has_a_chance(work: &Work) -> bool {
    work.renewed < RENEWED && work.publishes == 0
}

/// Makes a part anew, and what holds it.
fn renew(job: &Job, mut work: Work, part: Part) -> Result<Step<Memo>, Fault> {
    work.renewed += 1;
    work.whole = None;
    create(job, work, part)
}
