//! From the first question to the post: what the creator may choose, the opening, and what became of it.
//!
//! No post exists before the last byte, so opening may be repeated; after the last byte TikTok is asked and never given it again (C2,
//! C4). A public post is done when TikTok names its number (C10), which it does after moderation. Not here: the bytes (`transfer`).

use super::memo::{Memo, Post, Start, Upload};
use super::read::{self, Doing, Seen, Stand};
use super::{ask, check, chunks, facts, posted, send, transfer, unnumbered, write};
use jiff::SignedDuration;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Problem};
use std::time::Duration;

/// How long a post may go without a number, or an upload without an end. TikTok says "from a minute to hours" of moderation and not
/// how long it can be asked about an upload: after a day nothing new is to be expected.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// Between looks at a draft whose upload TikTok has forgotten: the creator may still finish it.
const FORGOTTEN: Duration = Duration::from_secs(6 * 3600);

pub(crate) fn begin(job: &Job) -> Result<Step<Memo>, Fault> {
    match &job.remote {
        Some(known) => Ok(find(job, known, ask::known_username(&job.account))),
        None => start(job, Start::default()),
    }
}

/// A delivery that has a remote id never opens or sends again (C4), whatever an old memo says.
pub(crate) fn already_known(job: &Job, memo: &Memo) -> Option<Step<Memo>> {
    let known = job.remote.as_ref()?;
    let start = match memo {
        Memo::Terms { start } | Memo::Opening { start } => start,
        Memo::Sending { upload, .. }
        | Memo::Asking { upload, .. }
        | Memo::Staged { upload }
        | Memo::Withdrawing { upload, .. } => &upload.start,
        Memo::Looking { .. } | Memo::Draft { .. } | Memo::Retracting { .. } => return None,
    };
    let username = start.username.clone().or_else(|| ask::known_username(&job.account));
    Some(find(job, known, username))
}

/// What is known by an id: asked about by its publish id. By its own number it is public, and there is no more to know.
fn find(job: &Job, known: &Remote, username: Option<String>) -> Step<Memo> {
    let privacy = write::said(job)["privacy_level"].as_str().map(Into::into);
    let post = Post { publish_id: known.id.clone(), at: job.now, privacy, username };
    if read::is_post_id(&known.id) {
        return done(post, known.clone(), Some(facts::PUBLIC.into()), Vec::new());
    }
    look(post)
}

// ---------------------------------------------------------------------------------------------------------------- opening

/// Asks what the creator may choose now, and then opens. A draft needs no choice, so it opens at once.
pub(crate) fn start(job: &Job, start: Start) -> Result<Step<Memo>, Fault> {
    if let Some(fault) = transfer::too_early(job) {
        return Err(fault);
    }
    if write::is_draft(job) {
        return Ok(open(job, start));
    }
    if write::text(job, "consent").is_none() {
        return Err(Fault::Refused(
            Problem::block(
                Code::OptionMissing,
                "TikTok wants your declaration before anything is sent, and it has not been given.",
            )
            .edit("consent"),
        ));
    }
    Ok(send(Stage::Checking, Memo::Terms { start }, write::creator_info()))
}

pub(crate) fn termed(job: &Job, start: Start, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let terms = read::terms(&read::data(reply, Doing::Terms)?);
    if terms.levels.is_none() {
        return Err(Fault::Strange { detail: "TikTok named no choices for this account".into() });
    }
    if let Some(problem) = check::no_longer(job, &terms) {
        return Err(Fault::Refused(problem));
    }
    let username = terms.username.or(start.username);
    Ok(open(job, Start { username, ..start }))
}

fn open(job: &Job, start: Start) -> Step<Memo> {
    let plans = chunks::plans(job.media.size);
    let at = usize::try_from(start.plan).unwrap_or(usize::MAX).min(plans.len().saturating_sub(1));
    let call = write::init(&write::said(job), plans[at]);
    let username = start.username.or_else(|| ask::known_username(&job.account));
    let start = Start { plan: u32::try_from(at).unwrap_or_default(), username, ..start };
    send(Stage::Opening, Memo::Opening { start }, call)
}

/// A refused init has sent no byte: the next plan may be tried (C24). What else could be wrong in it, no plan mends, and the last
/// refusal is told.
pub(crate) fn opened(job: &Job, start: Start, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let plans = chunks::plans(job.media.size);
    let next = start.plan.saturating_add(1);
    if read::is_bad_parameter(reply) && usize::try_from(next).is_ok_and(|next| next < plans.len()) {
        return Ok(open(job, Start { plan: next, ..start }));
    }
    let said = write::said(job);
    let data = read::data(reply, if said.is_null() { Doing::Drafting } else { Doing::Opening })?;
    let plan = usize::try_from(start.plan).ok().and_then(|at| plans.get(at).copied());
    let (Some((publish_id, url)), Some(plan)) = (read::opened(&data), plan) else {
        return Err(Fault::Strange {
            detail: "TikTok opened the upload, but no address came with it".into(),
        });
    };
    let upload =
        Upload { url, publish_id, at: job.now, plan, said, start, last_sent: 0, backwards: 0, gone: false };
    transfer::go_on(job, upload, 0)
}

// ---------------------------------------------------------------------------------------------------------------- the post

/// TikTok has every byte. From here on it has an id there and nothing is sent again.
pub(crate) fn whole(job: &Job, upload: &Upload) -> Post {
    Post {
        publish_id: upload.publish_id.clone(),
        at: job.now,
        privacy: upload.said["privacy_level"].as_str().map(Into::into),
        username: upload.start.username.clone(),
    }
}

pub(crate) fn look(post: Post) -> Step<Memo> {
    let known = unnumbered(&post.publish_id, post.username.as_deref());
    let call = write::status(&post.publish_id);
    send(Stage::Processing, Memo::Looking { post }, call).remote(known)
}

pub(crate) fn look_at_draft(post: Post) -> Step<Memo> {
    let known = unnumbered(&post.publish_id, post.username.as_deref());
    let call = write::status(&post.publish_id);
    send(Stage::Checking, Memo::Draft { post }, call).remote(known)
}

pub(crate) fn looked(job: &Job, post: Post, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if read::is_unknown_id(reply) {
        return Err(Fault::Unsure {
            detail: "TikTok took the whole video and no longer knows the upload".into(),
        });
    }
    judge(job, post, &read::seen(reply)?)
}

/// Seen once in the inbox, it is the creator's: whatever TikTok says short of an end, it waits there.
pub(crate) fn looked_at_draft(job: &Job, post: Post, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if read::is_unknown_id(reply) {
        return Ok(to_finish(post, FORGOTTEN));
    }
    let seen = read::seen(reply)?;
    match seen.stand {
        Stand::Working | Stand::Inbox => {
            let look = draft_pause(age(job, &post));
            Ok(to_finish(post, look))
        }
        Stand::Complete | Stand::Failed(_) => judge(job, post, &seen),
    }
}

/// What the status means for a whole upload.
pub(crate) fn judge(job: &Job, post: Post, seen: &Seen) -> Result<Step<Memo>, Fault> {
    let age = age(job, &post);
    match &seen.stand {
        Stand::Complete => Ok(complete(post, seen, age)),
        Stand::Inbox => Ok(to_finish(post, draft_pause(age))),
        // TikTok's own trouble, and a new opening is what it advises; nothing was posted.
        Stand::Failed(reason) if read::is_internal(reason) => Err(Fault::Failed(read::failure(reason))),
        Stand::Failed(reason) => Err(Fault::Refused(read::failure(reason))),
        Stand::Working if age > PATIENCE => Err(Fault::Unsure {
            detail: "TikTok has the whole video since a day and neither posts nor refuses it".into(),
        }),
        Stand::Working => Ok(wait(post, age)),
    }
}

/// Posted. The API tells nobody which privacy a post has in the end, so what was asked for is reported; only a number proves
/// "public" (C32).
fn complete(post: Post, seen: &Seen, age: SignedDuration) -> Step<Memo> {
    let username = post.username.as_deref();
    if let Some(id) = &seen.post_id {
        let known = username.map_or_else(|| unnumbered(id, None), |name| posted(id, name));
        return done(post, known, Some(facts::PUBLIC.into()), Vec::new());
    }
    let known = unnumbered(&post.publish_id, username);
    let privacy = post.privacy.clone();
    if privacy.as_deref() != Some(facts::PUBLIC) {
        return done(post, known, privacy, Vec::new());
    }
    if age <= PATIENCE {
        return wait(post, age);
    }
    // It was posted, so a question "post again?" would be the wrong one; but that anybody sees it was not said.
    let note = Problem::warn(
        Code::NotPublic,
        "TikTok says that it posted this video, but gave it no address within a day. It may still be under review; look at the profile.",
    );
    done(post, known, None, vec![note])
}

fn done(post: Post, known: Remote, privacy: Option<String>, notes: Vec<Problem>) -> Step<Memo> {
    let published = Published { remote: Some(known.clone()), privacy, public_at: None, notes };
    Step::new(Stage::Checking, Memo::Looking { post }, Act::Done(published)).remote(known)
}

fn wait(post: Post, age: SignedDuration) -> Step<Memo> {
    let known = unnumbered(&post.publish_id, post.username.as_deref());
    let wait = Act::Wait(look_pause(age));
    Step::new(Stage::Processing, Memo::Looking { post }, wait).remote(known)
}

fn to_finish(post: Post, look: Duration) -> Step<Memo> {
    let known = unnumbered(&post.publish_id, post.username.as_deref());
    let there = Problem::warn(
        Code::FinishThere,
        "The video waits in your TikTok inbox. Open the TikTok app, tap the notification, write the caption and post it. TikTok is said to keep drafts for about a day.",
    );
    Step::new(Stage::Checking, Memo::Draft { post }, Act::ToFinish { look, there }).remote(known)
}

fn age(job: &Job, post: &Post) -> SignedDuration {
    job.now.duration_since(post.at)
}

/// Between looks at an upload that is so old: frequent while it matters for the minute. With the one that follows the last byte at once
/// these are 14 looks in the first minute, so that two posts of a creator stay within the 30 allowed.
pub(crate) fn look_pause(age: SignedDuration) -> Duration {
    Duration::from_secs(match age.as_secs() {
        ..3 => 1,
        3..9 => 3,
        9..60 => 6,
        60..600 => 15,
        600..3600 => 60,
        3600..21_600 => 300,
        _ => 1800,
    })
}

/// Between looks at a draft: nothing hangs on it but the tick at the post.
fn draft_pause(age: SignedDuration) -> Duration {
    Duration::from_secs(match age.as_secs() {
        ..600 => 60,
        600..3600 => 300,
        3600..86_400 => 1800,
        _ => 7200,
    })
}
