//! Changing what YouTube holds, and taking back what is not public yet (C38).
//!
//! Both look first: an edit merges with what stands there, and what is public already is neither re-timed nor deleted. Every call
//! here may be repeated. Not here: the change of privacy at the minute (`publish`).

use super::memo::Memo;
use super::publish::published;
use super::read::{self, Doing};
use super::{pause, remote, send, write};
use jiff::Timestamp;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Problem};

/// Pauses while the video is not listed, in seconds; after so many a person must look.
const MISSING: [u64; 5] = [2, 4, 8, 15, 30];
const MISSES: u32 = 6;
/// Looks at something we did not write before it is told.
const LASTING: u32 = 3;

pub(crate) fn begin(job: &Job) -> Result<Step<Memo>, Fault> {
    let known = job.remote.as_ref().ok_or_else(|| {
        Fault::Refused(Problem::block(
            Code::NotNow,
            "YouTube does not hold this video yet, so there is nothing to change there.",
        ))
    })?;
    Ok(look(known.id.clone(), 0))
}

/// Without a remote id there is no video: a session that never got its last byte creates none.
pub(crate) fn begin_retract(job: &Job) -> Step<Memo> {
    match &job.remote {
        Some(known) => look_before_removal(known.id.clone()),
        None => gone(String::new()),
    }
}

/// Nothing is taken for done that was not answered; each errand begins again with its look.
pub(crate) fn resume(memo: Memo) -> Result<Step<Memo>, Fault> {
    Ok(match memo {
        Memo::AmendLooking { id, misses } => look(id, misses),
        Memo::AmendWriting { id, .. } => look(id, 0),
        Memo::AmendReading { id, privacy, misses } => read_back(id, privacy, misses),
        Memo::RetractLooking { id } | Memo::Retracting { id, .. } => look_before_removal(id),
        Memo::RetractReading { id, proper, tries } => look_after_removal(id, proper, tries),
        other => {
            return Err(Fault::Unsure {
                detail: format!("a memo strayed into an edit: {:?}", std::mem::discriminant(&other)),
            });
        }
    })
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::AmendLooking { id, misses } => looked(job, id, misses, reply),
        Memo::AmendWriting { id, privacy } => {
            read::updated(reply, &id)?;
            Ok(read_back(id, privacy, 0))
        }
        Memo::AmendReading { id, privacy, misses } => amended(job, id, privacy, misses, reply),
        Memo::RetractLooking { id } => looked_before_removal(job, id, reply),
        // What says yes need not have done it: only the video's absence counts.
        Memo::Retracting { id, tries } if reply.ok() || is_gone(reply) => {
            let proper = !reply.ok() || reply.body.is_empty();
            Ok(look_after_removal(id, proper, tries))
        }
        Memo::RetractReading { id, proper, tries } => looked_after_removal(id, proper, tries, reply),
        Memo::Retracting { .. } => Err(read::fault(reply, Doing::Updating)),
        other => resume(other),
    }
}

// ---------------------------------------------------------------------------------------------------------------- amend

fn look(id: String, misses: u32) -> Step<Memo> {
    let call = write::list(&id, write::EDITABLE);
    send(Stage::Editing, Memo::AmendLooking { id, misses }, call)
}

fn read_back(id: String, privacy: String, misses: u32) -> Step<Memo> {
    let call = write::list(&id, write::EDITABLE);
    send(Stage::Checking, Memo::AmendReading { id, privacy, misses }, call)
}

fn looked(job: &Job, id: String, misses: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let Some(seen) = read::video(reply, &id)? else {
        return missing(misses, |misses| Memo::AmendLooking { id, misses });
    };
    if let Some(problem) = seen.ruined() {
        return Err(Fault::Refused(problem));
    }
    if job.ahead().is_some() && seen.privacy != "private" && write::privacy(job) == "public" {
        return Err(Fault::Refused(
            Problem::block(
                Code::AlreadyPublic,
                format!(
                    "The video is {} on YouTube already, so its time can no longer be moved.",
                    seen.privacy
                ),
            )
            .edit("due"),
        ));
    }
    let (privacy, _) = write::standing(job);
    let (parts, body) = write::amend_body(job, &seen.raw);
    // An earlier try did it, though it was not heard or was answered with a refusal.
    if write::shows(&seen.raw, &body) {
        let known = remote(&id);
        let done = Act::Done(published(&known, &seen, &privacy));
        return Ok(Step::new(Stage::Checking, Memo::AmendLooking { id, misses }, done).remote(known));
    }
    let call = write::update((parts, body));
    Ok(send(Stage::Editing, Memo::AmendWriting { id, privacy }, call))
}

fn amended(job: &Job, id: String, privacy: String, misses: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let Some(seen) = read::video(reply, &id)? else {
        return missing(misses, |misses| Memo::AmendReading { id, privacy, misses });
    };
    let known = remote(&id);
    // A new time that has passed meanwhile makes it public: that is what was asked for in the end.
    let came = privacy == "private" && seen.privacy == "public" && job.ahead().is_none();
    let wanted = job.due.filter(|_| privacy == "private" && write::privacy(job) == "public");
    let same_time =
        seen.publish_at.map(Timestamp::as_second) == wanted.map(|due| write::whole_second(due).as_second());
    let took = seen.privacy == privacy && (same_time || privacy != "private");
    let words = write::shows_words(job, &seen.raw);
    // A listing may lag behind what we wrote a second ago; only a lasting difference is told.
    if !(words && (came || took)) && misses < LASTING {
        let memo = Memo::AmendReading { id, privacy, misses: misses + 1 };
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(pause(&MISSING, misses))));
    }
    if !came && seen.privacy == privacy && !took {
        return Err(Fault::Refused(
            Problem::block(
                Code::Strange,
                "YouTube said yes to the new publishing time, but still shows another one. Check the time in YouTube Studio.",
            )
            .edit("due"),
        ));
    }
    if !words {
        return Err(Fault::Refused(
            Problem::block(
                Code::Strange,
                "YouTube said yes to the changes, but still shows the video without them. Check it in YouTube Studio.",
            )
            .edit("title"),
        ));
    }
    let asked = if came { seen.privacy.clone() } else { privacy.clone() };
    let done = Act::Done(published(&known, &seen, &asked));
    Ok(Step::new(Stage::Checking, Memo::AmendReading { id, privacy, misses }, done).remote(known))
}

fn missing(misses: u32, memo: impl FnOnce(u32) -> Memo) -> Result<Step<Memo>, Fault> {
    if misses >= MISSES {
        return Err(Fault::Refused(Problem::block(
            Code::NotFound,
            "YouTube no longer lists this video; it was probably deleted there, so it cannot be changed.",
        )));
    }
    Ok(Step::new(Stage::Editing, memo(misses + 1), Act::Wait(pause(&MISSING, misses))))
}

// ---------------------------------------------------------------------------------------------------------------- retract

fn look_before_removal(id: String) -> Step<Memo> {
    let call = write::list(&id, write::STATE);
    send(Stage::Removing, Memo::RetractLooking { id }, call)
}

fn looked_before_removal(job: &Job, id: String, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match read::video(reply, &id)? {
        Some(seen) if seen.privacy != "private" && !came_after_cancel(job, &seen) => {
            Err(Fault::Refused(Problem::block(
                Code::AlreadyPublic,
                format!(
                    "The video is {} on YouTube already. Slipway does not delete what people may have seen; you can, in YouTube Studio.",
                    seen.privacy
                ),
            )))
        }
        // A list that lags does not prove that it is gone, and it might still go public: only the removal's own answer does.
        _ => Ok(delete(id, 0)),
    }
}

/// Did it become public only after the person had asked to cancel it, because its upload was under way? Then it is taken back.
fn came_after_cancel(job: &Job, seen: &read::Seen) -> bool {
    // YouTube tells whole seconds.
    match (job.cancelled_at, seen.published_at) {
        (Some(asked), Some(public)) => public.as_second() >= asked.as_second(),
        _ => false,
    }
}

fn delete(id: String, tries: u32) -> Step<Memo> {
    let call = write::delete(&id);
    send(Stage::Removing, Memo::Retracting { id, tries }, call)
}

fn look_after_removal(id: String, proper: bool, tries: u32) -> Step<Memo> {
    let call = write::list(&id, write::STATE);
    send(Stage::Removing, Memo::RetractReading { id, proper, tries }, call)
}

fn looked_after_removal(id: String, proper: bool, tries: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let there = read::video(reply, &id)?.is_some();
    match (there, proper) {
        (false, true) => Ok(gone(id)),
        // Something on the way answered in YouTube's place. A list may lag, so its absence alone proves nothing.
        (false, false) if tries < LASTING => Ok(delete(id, tries + 1)),
        // The list may lag behind the deletion; after some looks it is deleted once more.
        (true, true) if tries < LASTING => {
            let memo = Memo::RetractReading { id, proper, tries: tries + 1 };
            Ok(Step::new(Stage::Removing, memo, Act::Wait(pause(&MISSING, tries))))
        }
        (true, _) if tries < 2 * LASTING => Ok(delete(id, tries + 1)),
        _ => Err(Fault::Strange {
            detail: "YouTube says that the video is deleted, and still lists it".into(),
        }),
    }
}

fn is_gone(reply: &Reply) -> bool {
    reply.status == 404 && matches!(read::reason(reply).as_str(), "videoNotFound" | "notFound")
}

fn gone(id: String) -> Step<Memo> {
    let done = Published { remote: None, privacy: None, public_at: None, notes: Vec::new() };
    Step::new(Stage::Removing, Memo::RetractReading { id, proper: true, tries: 0 }, Act::Done(done))
}
