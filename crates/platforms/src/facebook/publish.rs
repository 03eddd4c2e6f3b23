//! The minute: what is uploaded becomes public, planned, or waits; and it is read back until it is as it should be.
//!
//! A reel or video is one object with one id, so asking it twice to be public makes no second one; still it is looked at before any
//! repeat (C2, C3). Not here: how its bytes get there (`reel`, `video`).

use super::facts::FARTHEST_S;
use super::memo::{Kind, Memo, Plan, Video};
use super::read::{self, Doing, Seen, pause};
use super::{astray, reel, remote, send, video, write};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

/// Pauses while a new video is not found, in seconds.
const MISSING: [u64; 6] = [2, 4, 8, 15, 30, 60];
/// So many looks in a row without it, then a person must look.
const MISSES: u32 = 8;
/// Pauses between looks at what is being published.
const PUBLISHING: [u64; 10] = [1, 2, 3, 5, 10, 20, 30, 60, 120, 300];
/// About four hours of them.
const LOOKS: u32 = 56;
/// Pauses between looks at what was handed over and is being processed.
const PROCESSING: [u64; 6] = [30, 60, 120, 240, 480, 900];
/// Pauses between looks for what an unheard call did, before it is made again.
const SILENT: [u64; 2] = [2, 5];
/// Pauses after the minute, while Facebook has not made it public yet.
const LATE: [u64; 6] = [2, 5, 10, 20, 40, 60];
/// Looks after the minute that find it neither planned nor public.
const UNPLANNED: u32 = 5;
/// Looks that find it ready and kept back, over a minute: what it shows may lag.
const KEPT_BACK: u32 = 8;

pub(super) fn begin(job: &Job) -> Result<Step<Memo>, Fault> {
    let kind = write::kind(job);
    if let Some(known) = &job.remote {
        return Ok(look(Video::new(&known.id, kind, plan_or_far(job))));
    }
    if let Some(wait) = too_far(job) {
        return Err(Fault::Limit {
            whose: Whose::Delivery,
            until: Until::For(wait),
            problem: Problem::block(
                Code::NotNow,
                "Facebook takes a post at most 29 days before its time. Slipway brings it there by itself as soon as it may.",
            ),
        });
    }
    Ok(match kind {
        Kind::Reel => reel::begin(job),
        Kind::Video => video::begin(job),
    })
}

pub(super) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    match memo {
        // The one call at the minute: nothing is asked before it.
        Memo::Staged { video } => carry_on(job, video),
        Memo::Finishing { video }
        | Memo::Releasing { video }
        | Memo::Reading { video }
        | Memo::HandedOver { video } => Ok(look(video)),
        other => Err(astray(&other)),
    }
}

pub(super) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::Finishing { video } | Memo::Releasing { video } => match read::took(reply, Doing::Publishing) {
            // A plan shows at once, and a short video that was processed ahead is public by now; looked at once, it need not wait.
            Ok(()) => Ok(look(Video { heard: true, silent: 0, ..video })),
            // It may be refused because the first, unheard call had done it.
            Err(Fault::Refused(_))
                if video.asked > 1 && !video.refused && read::may_be_done(reply, Doing::Publishing) =>
            {
                Ok(look(Video { refused: true, silent: 0, ..video }))
            }
            Err(fault) => Err(fault),
        },
        Memo::Reading { video } | Memo::HandedOver { video } | Memo::Staged { video } => {
            judge(job, video, reply)
        }
        other => Err(astray(&other)),
    }
}

// ---------------------------------------------------------------------------------------------------------------- plans

/// How it goes out from now on; an upload that lay still for long, with another time by now, may be too early.
pub(super) fn plan(job: &Job) -> Result<Plan, Fault> {
    write::plan(job).ok_or_else(|| Fault::Lost {
        detail: "its time was moved farther ahead than Facebook takes one; it is uploaded again when that time is near".into(),
    })
}

/// For what is only looked at: what Facebook has, it has.
pub(super) fn plan_or_far(job: &Job) -> Plan {
    write::plan(job).unwrap_or(Plan::HandedOver)
}

/// How long until a time is near enough.
fn too_far(job: &Job) -> Option<Duration> {
    if write::plan(job).is_some() {
        return None;
    }
    let ahead = Duration::try_from(job.ahead()?.duration_since(job.now)).ok()?;
    Some(ahead.saturating_sub(Duration::from_secs(FARTHEST_S.unsigned_abs())))
}

/// Bytes are still on their way: is it the same kind of post, and its time near enough, as when they were begun? Nothing was made of
/// them yet, so it begins anew if not.
pub(super) fn still_wanted(job: &Job, kind: Kind) -> Result<(), Fault> {
    if write::kind(job) != kind {
        return Err(Fault::Lost { detail: "it is to be posted as something else now".into() });
    }
    plan(job).map(|_| ())
}

// ---------------------------------------------------------------------------------------------------------------- steps

pub(super) fn look(video: Video) -> Step<Memo> {
    let known = remote(&video.id, video.kind);
    let call = write::look(&video.id);
    send(Stage::Checking, Memo::Reading { video }, call).remote(known)
}

/// Everything is there: what is next depends on how near its minute is now.
pub(super) fn carry_on(job: &Job, video: Video) -> Result<Step<Memo>, Fault> {
    let next = match (video.kind, write::plan(job)) {
        // A video that was made unpublished has no time at Facebook, so we keep it.
        (Kind::Video, Some(Plan::HandedOver) | None) => Some(Plan::Staged),
        (Kind::Reel, None) if job.remote.is_none() => Some(plan(job)?),
        (_, next) => next,
    };
    Ok(match next {
        Some(Plan::Staged) => ready(video, Duration::ZERO),
        Some(next) => commit(job, Video { plan: next, ..video }),
        // Moved far ahead while it waited here: Facebook gets it as soon as it takes the time.
        None => ready(video, Duration::from_secs(FARTHEST_S.unsigned_abs())),
    })
}

fn ready(video: Video, early: Duration) -> Step<Memo> {
    let known = remote(&video.id, video.kind);
    let video = Video { plan: Plan::Staged, ..video };
    Step::new(Stage::Publishing, Memo::Staged { video }, Act::Ready { early }).remote(known)
}

/// The call that makes it public or gives Facebook its time.
fn commit(job: &Job, mut video: Video) -> Step<Memo> {
    video.asked = video.asked.saturating_add(1);
    video.heard = false;
    video.silent = 0;
    let known = remote(&video.id, video.kind);
    match video.kind {
        Kind::Reel => {
            let call = write::finish(job, &video.id, video.plan);
            send(Stage::Publishing, Memo::Finishing { video }, call).remote(known)
        }
        Kind::Video => {
            let call = write::release(&video.id);
            send(Stage::Publishing, Memo::Releasing { video }, call).remote(known)
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------- judging

/// What the read-back means. What Facebook shows is the truth, the plan only says who was to make it public.
fn judge(job: &Job, mut video: Video, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let Some(seen) = read::video(reply)? else { return missing(video) };
    video.misses = 0;
    if let Some(problem) = seen.ruined() {
        return Err(Fault::Refused(problem));
    }
    if seen.is_public() {
        return Ok(done(video, &seen));
    }
    if seen.is_broken_off() {
        // It says itself that it has no video of it: there is nothing that could be public.
        return Err(Fault::Failed(
            Problem::block(
                Code::ProcessingFailed,
                "Facebook gave up the upload before it was published; nothing was posted.",
            )
            .fix(Fix::Decide),
        ));
    }
    if seen.is_planned() {
        let video = Video { plan: Plan::HandedOver, heard: true, silent: 0, ..video };
        return Ok(match job.ahead() {
            Some(_) => handed_over(job, video, &seen),
            None => late(video).planned(seen.planned_at()),
        });
    }
    if video.plan == Plan::HandedOver && video.heard {
        return if job.ahead().is_some() {
            Ok(handed_over(job, video, &seen))
        } else {
            unplanned(video, &seen)
        };
    }
    if video.heard && video.kind == Kind::Video && seen.is_kept_back() && video.looks >= KEPT_BACK {
        return Err(Fault::Refused(kept_back()));
    }
    if video.heard || seen.is_on_its_way() {
        return on_its_way(video);
    }
    // The repeat was refused: while Facebook works on it, the first call may yet show.
    if video.refused && seen.is_being_processed() {
        return on_its_way(video);
    }
    // Nothing shows that it was asked to go out.
    if video.asked > 0 && (video.silent as usize) < SILENT.len() {
        let wait = pause(&SILENT, video.silent);
        video.silent += 1;
        return Ok(rest(Stage::Checking, video, wait));
    }
    carry_on(job, video)
}

fn rest(stage: Stage, video: Video, wait: Duration) -> Step<Memo> {
    let known = remote(&video.id, video.kind);
    Step::new(stage, Memo::Reading { video }, Act::Wait(wait)).remote(known)
}

fn handed_over(job: &Job, mut video: Video, seen: &Seen) -> Step<Memo> {
    let until = job.ahead().and_then(|due| Duration::try_from(due.duration_since(job.now)).ok());
    let look = match until {
        Some(until) if seen.is_processed() => until,
        _ => pause(&PROCESSING, video.looks),
    };
    video.looks = video.looks.saturating_add(1);
    let known = seen.remote(remote(&video.id, video.kind));
    Step::new(Stage::Publishing, Memo::HandedOver { video }, Act::HandedOver { look })
        .remote(known)
        .planned(seen.planned_at())
}

fn late(mut video: Video) -> Step<Memo> {
    let wait = pause(&LATE, video.late);
    video.late = video.late.saturating_add(1);
    rest(Stage::Publishing, video, wait)
}

/// Its minute came, and Facebook neither published it nor means to.
fn unplanned(mut video: Video, seen: &Seen) -> Result<Step<Memo>, Fault> {
    if video.late >= UNPLANNED && video.kind == Kind::Video && seen.is_kept_back() {
        return Err(Fault::Refused(kept_back()));
    }
    if video.late >= UNPLANNED {
        return Err(Fault::Refused(
            Problem::block(
                Code::NotPublic,
                "Facebook has the post and no time for it any more; it was probably changed on Facebook. Publish it there, then say that it is there.",
            )
            .fix(Fix::Decide),
        ));
    }
    video.late += 1;
    Ok(rest(Stage::Publishing, video.clone(), pause(&LATE, video.late - 1)))
}

/// What comes of an upright video that is posted as a video.
fn kept_back() -> Problem {
    Problem::block(
        Code::NotPublic,
        "Facebook keeps this video as a draft and shows it to nobody, as it does with upright ones. Publish it in the Page's content library, then say that it is there; or cancel it and post it as a reel.",
    )
    .fix(Fix::Decide)
}

fn on_its_way(mut video: Video) -> Result<Step<Memo>, Fault> {
    if video.looks >= LOOKS {
        return Err(Fault::Refused(
            Problem::block(
                Code::NotPublic,
                "Facebook took the post hours ago and has not made it public. Look at the Page, then say whether it is there.",
            )
            .fix(Fix::Decide),
        ));
    }
    let wait = pause(&PUBLISHING, video.looks);
    video.looks += 1;
    Ok(rest(Stage::Processing, video, wait))
}

fn missing(mut video: Video) -> Result<Step<Memo>, Fault> {
    if video.misses >= MISSES {
        return Err(Fault::Unsure {
            detail: "Facebook took the post but does not show it; it may have been deleted".into(),
        });
    }
    let wait = pause(&MISSING, video.misses);
    video.misses += 1;
    Ok(rest(Stage::Checking, video, wait))
}

fn done(video: Video, seen: &Seen) -> Step<Memo> {
    let known = seen.remote(remote(&video.id, video.kind));
    let published = published(&known, seen);
    Step::new(Stage::Checking, Memo::Reading { video }, Act::Done(published)).remote(known)
}

/// What was read back, with a word when Facebook found somebody else's music or pictures in it.
pub(super) fn published(known: &Remote, seen: &Seen) -> Published {
    let mut notes = Vec::new();
    if seen.claimed {
        notes.push(Problem::warn(
            Code::Refused,
            "Facebook found music or pictures of others in this post and may mute or block it. The Page's support inbox says more.",
        ));
    }
    let public = seen.is_public();
    Published {
        remote: Some(known.clone()),
        privacy: public.then(|| "public".to_string()),
        public_at: seen.published_at.filter(|_| public),
        notes,
    }
}
