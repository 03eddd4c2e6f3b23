//! The bytes of a reel: start, upload, and how far it is (Reels Publishing API, 2026-07-30).
//!
//! What is not finished is never shown and goes away by itself, so all of this may be repeated; after any doubt the reel is asked how
//! many bytes it has (C21, C22). Not here: finishing it, which is `publish`'s.

use super::memo::{Kind, Memo, Plan, Reel, Video};
use super::read::{self, Doing, pause};
use super::{astray, publish, send, write};
use crate::graph::upload;
use slipway_core::platform::*;

/// Answers that say nothing of bytes, with pauses in seconds between them, before something else is done.
const VAGUE: [u64; 4] = [2, 5, 10, 20];
/// So many times all bytes are taken and then not there, before a new reel is tried.
const PUTS: u32 = 3;

pub(super) fn begin(job: &Job) -> Step<Memo> {
    send(Stage::Opening, Memo::Starting { at: job.now }, write::start(job))
}

pub(super) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        return Ok(publish::look(Video::new(&known.id, Kind::Reel, publish::plan_or_far(job))));
    }
    publish::still_wanted(job, Kind::Reel)?;
    Ok(match memo {
        Memo::Starting { .. } => begin(job),
        Memo::Sending { reel, .. } => ask(reel, 0, false),
        Memo::Asking { reel, vague, took } => ask(reel, vague, took),
        other => return Err(astray(&other)),
    })
}

pub(super) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        return Ok(publish::look(Video::new(&known.id, Kind::Reel, publish::plan_or_far(job))));
    }
    match memo {
        Memo::Starting { .. } => {
            let (id, address) = read::started(reply)?;
            Ok(put(job, Reel { id, address, puts: 0 }, 0))
        }
        // Whether they are really there is asked, too: it is the answer that a later repair would go by.
        Memo::Sending { reel, .. } if upload::took(reply) => Ok(ask(reel, 0, true)),
        Memo::Sending { .. } => Err(read::fault(reply, Doing::Bytes)),
        Memo::Asking { reel, vague, took } => asked(job, reel, vague, took, reply),
        other => Err(astray(&other)),
    }
}

fn put(job: &Job, mut reel: Reel, from: u64) -> Step<Memo> {
    reel.puts = reel.puts.saturating_add(1);
    let call = write::put(job, &reel, from);
    send(Stage::Sending, Memo::Sending { reel, from }, call).confirmed(from)
}

fn ask(reel: Reel, vague: u32, took: bool) -> Step<Memo> {
    let call = write::look(&reel.id);
    send(Stage::Sending, Memo::Asking { reel, vague, took }, call)
}

fn asked(job: &Job, reel: Reel, vague: u32, took: bool, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let size = job.media.size;
    let lost = |why: &str| Err(Fault::Lost { detail: why.into() });
    let Some(seen) = read::video(reply)? else {
        return match unclear(&reel, vague, took) {
            Some(step) => Ok(step),
            None => lost("Facebook no longer knows the reel that was begun, and it was never finished"),
        };
    };
    // Finished already: whoever did it, it is looked at and not finished again.
    if seen.is_public() || seen.is_planned() {
        return Ok(publish::look(Video::new(&reel.id, Kind::Reel, publish::plan_or_far(job))).confirmed(size));
    }
    if let Some(problem) = seen.ruined() {
        return Err(Fault::Refused(problem));
    }
    if seen.is_broken_off() {
        return lost("Facebook gave up the reel's upload before all bytes were there");
    }
    match seen.progress(size) {
        Some(bytes) if bytes >= size => {
            publish::carry_on(job, Video::new(&reel.id, Kind::Reel, Plan::Staged))
                .map(|step| step.confirmed(size))
        }
        // What it says of itself may lag behind what its upload host said a moment ago.
        Some(bytes) => match unclear(&reel, vague, took).filter(|_| took) {
            Some(step) => Ok(step),
            None if reel.puts >= PUTS && took => {
                lost("Facebook took all bytes of the reel several times and does not have them")
            }
            None => Ok(put(job, reel, bytes)),
        },
        None => match unclear(&reel, vague, took) {
            Some(step) => Ok(step),
            None if took => publish::carry_on(job, Video::new(&reel.id, Kind::Reel, Plan::Staged))
                .map(|step| step.confirmed(size)),
            None => Err(Fault::Strange { detail: "the reel does not say how many bytes it has".into() }),
        },
    }
}

/// Ask again a little later; `None` after several times.
fn unclear(reel: &Reel, vague: u32, took: bool) -> Option<Step<Memo>> {
    if vague as usize >= VAGUE.len() {
        return None;
    }
    let memo = Memo::Asking { reel: reel.clone(), vague: vague + 1, took };
    Some(Step::new(Stage::Sending, memo, Act::Wait(pause(&VAGUE, vague))))
}
