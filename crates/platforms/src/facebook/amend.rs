//! Changing what Facebook holds, and taking back what is not public yet (C38).
//!
//! Both look first: what is public already is neither re-timed nor deleted. Every call here may be repeated. A reel that waits here for
//! its minute is not finished, so its words go with that call and there may be nothing to change. Not here: that call (`publish`).

use super::facts::{FARTHEST_S, NEAREST_S};
use super::memo::{Kind, Memo};
use super::publish::published;
use super::read::{self, Doing, Seen, pause};
use super::write::{self, When};
use super::{astray, remote, send};
use crate::graph::time;
use jiff::Timestamp;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Problem};

/// Pauses while the video is not found, or shows something else than was written, in seconds.
const PAUSES: [u64; 5] = [2, 4, 8, 15, 30];
const MISSES: u32 = 6;
/// Looks at something we did not write before it is told.
const LASTING: u32 = 3;

pub(super) fn begin(job: &Job) -> Result<Step<Memo>, Fault> {
    let known = job.remote.as_ref().ok_or_else(|| {
        Fault::Refused(Problem::block(
            Code::NotNow,
            "Facebook does not hold this post yet, so there is nothing to change there.",
        ))
    })?;
    Ok(look(known.id.clone(), 0))
}

/// Without a remote id there is nothing that could appear: an unfinished reel and an upload never do.
pub(super) fn begin_retract(job: &Job) -> Step<Memo> {
    match &job.remote {
        Some(known) => look_before_removal(known.id.clone()),
        None => gone(String::new()),
    }
}

/// Nothing is taken for done that was not answered; each errand begins again with its look.
pub(super) fn resume(memo: Memo) -> Result<Step<Memo>, Fault> {
    Ok(match memo {
        Memo::AmendLooking { id, misses } => look(id, misses),
        Memo::AmendWriting { id, .. } => look(id, 0),
        Memo::AmendReading { id, misses } => read_back(id, misses),
        Memo::RetractLooking { id } | Memo::Retracting { id, .. } => look_before_removal(id),
        Memo::RetractReading { id, tries } => look_after_removal(id, tries),
        other => return Err(astray(&other)),
    })
}

pub(super) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::AmendLooking { id, misses } => looked(job, id, misses, reply),
        Memo::AmendWriting { id, unfinished } => match read::took(reply, Doing::Changing) {
            Ok(()) => Ok(read_back(id, 0)),
            // What is not finished takes no words yet; they go along when it is.
            Err(Fault::Refused(_)) if unfinished => Ok(unchanged(job, id)),
            Err(fault) => Err(fault),
        },
        Memo::AmendReading { id, misses } => amended(job, id, misses, reply),
        Memo::RetractLooking { id } => looked_before_removal(job, id, reply),
        // What says yes need not have done it: only the post's absence counts.
        Memo::Retracting { id, tries } => match read::took(reply, Doing::Changing) {
            Ok(()) => Ok(look_after_removal(id, tries)),
            Err(_) if read::is_gone(reply) => Ok(look_after_removal(id, tries)),
            Err(fault) => Err(fault),
        },
        Memo::RetractReading { id, tries } => match read::video(reply)? {
            None => Ok(gone(id)),
            // What is shown may lag behind the deletion; after some looks it is deleted once more.
            Some(_) if tries < LASTING => {
                let memo = Memo::RetractReading { id, tries: tries + 1 };
                Ok(Step::new(Stage::Removing, memo, Act::Wait(pause(&PAUSES, tries))))
            }
            Some(_) if tries < 2 * LASTING => Ok(delete(id, tries + 1)),
            Some(_) => {
                let detail = "Facebook says that the post is deleted, and still shows it".into();
                Err(Fault::Strange { detail })
            }
        },
        other => resume(other),
    }
}

// ---------------------------------------------------------------------------------------------------------------- amend

fn look(id: String, misses: u32) -> Step<Memo> {
    let call = write::look(&id);
    send(Stage::Editing, Memo::AmendLooking { id, misses }, call)
}

fn read_back(id: String, misses: u32) -> Step<Memo> {
    let call = write::look(&id);
    send(Stage::Checking, Memo::AmendReading { id, misses }, call)
}

fn looked(job: &Job, id: String, misses: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let Some(seen) = read::video(reply)? else {
        return missing(misses, |misses| Memo::AmendLooking { id, misses });
    };
    if let Some(problem) = seen.ruined() {
        return Err(Fault::Refused(problem));
    }
    if seen.is_public() && job.ahead().is_some() {
        return Err(Fault::Refused(
            Problem::block(
                Code::AlreadyPublic,
                "The post is public on Facebook already, so its time can no longer be moved.",
            )
            .edit("due"),
        ));
    }
    let time = another_time(job, &seen)?;
    let unfinished =
        write::kind(job) == Kind::Reel && !seen.is_public() && !seen.is_planned() && !seen.is_on_its_way();
    Ok(match write::amend(job, &id, time) {
        Some(call) => send(Stage::Editing, Memo::AmendWriting { id, unfinished }, call),
        // No words, no options and the same time: what Facebook has is judged as it stands.
        None => read_back(id, 0),
    })
}

/// The time it is to have, where it is planned for another.
fn another_time(job: &Job, seen: &Seen) -> Result<Option<When>, Fault> {
    if !seen.is_planned() {
        return Ok(None);
    }
    let Some(due) = job.ahead() else { return Ok(Some(When::Now)) };
    let wanted = time::whole_second(due);
    if seen.planned_at().map(Timestamp::as_second) == Some(wanted) {
        return Ok(None);
    }
    match not_kept(job) {
        None => Ok(Some(When::At(wanted))),
        Some(problem) => Err(Fault::Refused(problem)),
    }
}

/// Why Facebook does not move what it has planned to the time of the job.
pub(super) fn not_kept(job: &Job) -> Option<Problem> {
    let ahead = job.due?.duration_since(job.now).as_secs();
    let why = if ahead < NEAREST_S {
        "Facebook has this post planned and moves it only to a time at least eleven minutes ahead. Choose a later time, or cancel it and post it now."
    } else if ahead > FARTHEST_S {
        "Facebook has this post planned and keeps a time for at most 29 days. Choose an earlier time, or cancel it and plan it anew."
    } else {
        return None;
    };
    Some(Problem::block(Code::TimeInvalid, why).edit("due"))
}

fn amended(job: &Job, id: String, misses: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let Some(seen) = read::video(reply)? else {
        return missing(misses, |misses| Memo::AmendReading { id, misses });
    };
    let known = seen.remote(remote(&id, write::kind(job)));
    let wanted = job.ahead().map(time::whole_second);
    let same_time = match (seen.is_planned(), wanted) {
        (true, Some(wanted)) => seen.planned_at().is_none_or(|at| at.as_second() == wanted),
        (true, None) => false,
        (false, _) => true,
    };
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    // An empty text is not taken, so it was not sent, and what stands there stays.
    let kept = job.words.caption.trim().is_empty() && !seen.description.trim().is_empty();
    let same_words = kept || folded(&seen.description) == folded(&job.words.caption);
    // What it shows may lag behind what we wrote a second ago; only a lasting difference is told.
    if !(same_time && same_words) && misses < LASTING {
        let memo = Memo::AmendReading { id, misses: misses + 1 };
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(pause(&PAUSES, misses))));
    }
    if !same_time {
        return Err(Fault::Refused(
            Problem::block(
                Code::Strange,
                "Facebook said yes to the new time, but still shows another one. Check the time in the Page's planner.",
            )
            .edit("due"),
        ));
    }
    if !same_words {
        return Err(Fault::Refused(
            Problem::block(
                Code::Strange,
                "Facebook said yes to the new text, but still shows another one. Check the post on the Page.",
            )
            .edit("caption"),
        ));
    }
    if kept {
        return Err(Fault::Refused(
            Problem::block(
                Code::Refused,
                "Facebook takes no empty description, so the post keeps the one it has; all else is changed. Remove it on the Page, or write another one here.",
            )
            .edit("caption"),
        ));
    }
    let done = Act::Done(published(&known, &seen));
    Ok(Step::new(Stage::Checking, Memo::AmendReading { id, misses }, done).remote(known))
}

fn unchanged(job: &Job, id: String) -> Step<Memo> {
    let known = remote(&id, write::kind(job));
    let done = Published { remote: Some(known), privacy: None, public_at: None, notes: Vec::new() };
    Step::new(Stage::Editing, Memo::AmendWriting { id, unfinished: true }, Act::Done(done))
}

fn missing(misses: u32, memo: impl FnOnce(u32) -> Memo) -> Result<Step<Memo>, Fault> {
    if misses >= MISSES {
        return Err(Fault::Refused(Problem::block(
            Code::NotFound,
            "Facebook no longer shows this post; it was probably deleted there, so it cannot be changed.",
        )));
    }
    Ok(Step::new(Stage::Editing, memo(misses + 1), Act::Wait(pause(&PAUSES, misses))))
}

// ---------------------------------------------------------------------------------------------------------------- retract

fn look_before_removal(id: String) -> Step<Memo> {
    let call = write::look(&id);
    send(Stage::Removing, Memo::RetractLooking { id }, call)
}

fn looked_before_removal(job: &Job, id: String, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match read::video(reply)? {
        Some(seen) if seen.is_public() && !came_after_cancel(job, &seen) => {
            Err(Fault::Refused(Problem::block(
                Code::AlreadyPublic,
                "The post is public on Facebook already. Slipway does not delete what people may have seen; you can, on the Page.",
            )))
        }
        // Not being shown does not prove that it is gone, and it might still go public: only the removal's own answer does.
        _ => Ok(delete(id, 0)),
    }
}

/// Did it become public only after the person had asked to cancel it, because it was being published? Then it is taken back.
fn came_after_cancel(job: &Job, seen: &Seen) -> bool {
    // Facebook tells whole seconds.
    match (job.cancelled_at, seen.published_at) {
        (Some(asked), Some(public)) => public.as_second() >= asked.as_second(),
        _ => false,
    }
}

fn delete(id: String, tries: u32) -> Step<Memo> {
    let call = write::delete(&id);
    send(Stage::Removing, Memo::Retracting { id, tries }, call)
}

fn look_after_removal(id: String, tries: u32) -> Step<Memo> {
    let call = write::look(&id);
    send(Stage::Removing, Memo::RetractReading { id, tries }, call)
}

fn gone(id: String) -> Step<Memo> {
    let done = Published { remote: None, privacy: None, public_at: None, notes: Vec::new() };
    Step::new(Stage::Removing, Memo::RetractReading { id, tries: 0 }, Act::Done(done))
}
