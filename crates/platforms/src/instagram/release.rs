//! The minute and after: the one call that makes it public, what is done when its answer is lost, and reading the post back.
//!
//! `media_publish` is never repeated blindly (C1, C2, C3). After any doubt the container is asked: `PUBLISHED` leads to the channel's
//! newest posts, `FINISHED` twice with a pause between, and no such post on the channel, means that it did not happen. Why that is
//! enough: publishing turns the container's state and makes the post in one act on Instagram's side, so a request that was still under
//! way at the first look has had its effect by the second; and a container that was published once is refused the second time
//! (24/2207008), so even a wrong guess here makes no second post. Not here: how the container came to be (`publish`).

use super::facts::LIFE_S;
use super::memo::{Media, Memo, Why, Work};
use super::publish::{failed, fits, outdated};
use super::read::{self, Item, State};
use super::{pause, remote, send, write};
use jiff::{SignedDuration, Timestamp};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Problem};
use std::time::Duration;

/// Left between the end of a container and the last minute it may be published.
const MARGIN: SignedDuration = SignedDuration::from_mins(30);
/// Between the two looks that make "not published" believed.
const SECOND_LOOK: Duration = Duration::from_secs(20);
/// Pauses while a post that exists is not listed yet, or not readable, in seconds.
const MISSING: [u64; 8] = [2, 4, 8, 15, 30, 60, 60, 120];
const MISSES: u32 = 10;
/// Looks at a container that says neither yes nor no.
const UNCLEAR: u32 = 12;
/// Answers of "not ready" to publishing what was ready.
const NOT_READY: u32 = 3;
/// Times the post is asked for, all in all.
const PUBLISHES: u32 = 6;
/// Our clock and theirs may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

pub(crate) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    if let Some(known) = &job.remote {
        let misses = if let Memo::Reading { media } = &memo { media.misses } else { 0 };
        return Ok(read_back(job, Media { id: known.id.clone(), misses }));
    }
    Ok(match memo {
        Memo::Staged { work } => return at_the_minute(job, work),
        Memo::Publishing { work } => check(job, Work { doubt: true, ..work }, 0, 0),
        Memo::Checking { work, looks, finished } => check(job, work, looks, finished),
        Memo::Searching { work, why, looks } => search(job, work, why, looks),
        Memo::Reading { media } => read_back(job, media),
        other => return Err(super::astray(&other)),
    })
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match (memo, &job.remote) {
        (Memo::Reading { media }, _) => readable(job, media, reply),
        // It is known by now, whatever an older memo says (C4).
        (_, Some(known)) => Ok(look(job, known.id.clone())),
        (Memo::Publishing { work }, None) => published(job, work, reply),
        (Memo::Checking { work, looks, finished }, None) => checked(job, work, looks, finished, reply),
        (Memo::Searching { work, why, looks }, None) => searched(job, work, why, looks, reply),
        (other, None) => Err(super::astray(&other)),
    }
}

// ---------------------------------------------------------------------------------------------------------------- the minute

/// Everything is there. Ahead of its minute it waits, at its minute it is published: without another look, which would cost time.
pub(crate) fn stage(job: &Job, work: Work) -> Result<Step<Memo>, Fault> {
    let Some(due) = job.ahead() else { return publish(job, work) };
    let early = if ends(&work) < due { lead(job) } else { Duration::ZERO };
    Ok(Step::new(Stage::Publishing, Memo::Staged { work }, Act::Ready { early }))
}

fn at_the_minute(job: &Job, work: Work) -> Result<Step<Memo>, Fault> {
    if !fits(job, &work) {
        return Err(outdated());
    }
    let Some(due) = job.ahead() else {
        if job.now >= ends(&work).saturating_add(MARGIN).unwrap_or(Timestamp::MAX) {
            return Err(ran_out());
        }
        return publish(job, work);
    };
    // It was given a later minute than its containers live to see: they are made anew in time.
    let time_left = Duration::try_from(due.duration_since(job.now)).unwrap_or_default();
    if ends(&work) < due && time_left <= lead(job) {
        return Err(ran_out());
    }
    stage(job, work)
}

fn ran_out() -> Fault {
    Fault::Lost {
        detail: "a container lives for a day, and the minute lies beyond it; it is made anew".into(),
    }
}

/// Until when what was made may be counted on.
fn ends(work: &Work) -> Timestamp {
    let life = SignedDuration::from_secs(LIFE_S) - MARGIN;
    work.made().saturating_add(life).unwrap_or(Timestamp::MAX)
}

/// What it takes to make it all anew, generously: at half of the measured speed, an hour for an unknown line, and half an hour more.
fn lead(job: &Job) -> Duration {
    let bytes: u64 = (0..write::files(job)).map(|nth| write::size(job, nth)).fold(0, u64::saturating_add);
    let sending = match job.pace.bytes_per_s.filter(|speed| *speed > 0) {
        Some(speed) => Duration::from_secs(bytes.saturating_mul(2) / speed),
        None => Duration::from_secs(3600),
    };
    sending.saturating_add(Duration::from_secs(1800)).min(Duration::from_secs(10 * 3600))
}

fn publish(job: &Job, mut work: Work) -> Result<Step<Memo>, Fault> {
    if work.publishes >= PUBLISHES {
        return Err(Fault::Unsure {
            detail: "Instagram was asked for the post several times and never said what became of it".into(),
        });
    }
    let Some(container) = work.container(work.published_part()) else { return Err(outdated()) };
    let call = write::publish(job, container);
    work.publishes += 1;
    work.asked_at = work.asked_at.or(Some(job.now));
    Ok(send(Stage::Publishing, Memo::Publishing { work }, call))
}

fn published(job: &Job, mut work: Work, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if let Some(id) = read::published(reply) {
        return Ok(look(job, id));
    }
    if reply.ok() {
        // A page of somebody on the way in place of an answer: it may have happened.
        return Ok(check(job, Work { doubt: true, ..work }, 0, 0));
    }
    if read::is_not_ready(reply) && work.publishes <= NOT_READY {
        let part = work.published_part();
        if let Some(container) = work.container_mut(part) {
            container.ready = false;
        }
        let memo = Memo::Polling { work, part, looks: 0 };
        return Ok(Step::new(Stage::Processing, memo, Act::Wait(Duration::from_secs(5))));
    }
    if read::is_gone(reply) {
        // Spent by an earlier request of ours, or over, or not seen by this part of Instagram yet: the container tells.
        let memo = Memo::Checking { work, looks: 0, finished: 0 };
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(Duration::from_secs(10))));
    }
    Err(read::fault(reply))
}

// ---------------------------------------------------------------------------------------------------------------- doubt

fn check(job: &Job, work: Work, looks: u32, finished: u32) -> Step<Memo> {
    match work.container(work.published_part()) {
        Some(container) => {
            let call = write::status(job, container);
            send(Stage::Checking, Memo::Checking { work, looks, finished }, call)
        }
        None => search(job, work, Why::Missing, 0),
    }
}

fn checked(job: &Job, work: Work, looks: u32, finished: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let wait = |work, finished, wait| {
        let memo = Memo::Checking { work, looks: looks + 1, finished };
        Ok(Step::new(Stage::Checking, memo, Act::Wait(wait)))
    };
    if read::is_gone(reply) {
        // Once or twice this passes by itself within two minutes (error 24/2207008).
        return match looks {
            0..2 => wait(work, 0, Duration::from_secs(30)),
            _ => Ok(search(job, work, Why::Missing, 0)),
        };
    }
    let seen = read::container(reply)?;
    match seen.state {
        State::Published => Ok(search(job, work, Why::Published, 0)),
        // It says of itself that it was never published: then it was not.
        State::Expired => Err(ran_out()),
        State::Error => {
            let part = work.published_part();
            failed(job, work, part, &seen)
        }
        State::Finished if finished == 0 => wait(work, 1, SECOND_LOOK),
        State::Finished => Ok(search(job, work, Why::Finished, 0)),
        State::InProgress if looks >= UNCLEAR => Err(Fault::Unsure {
            detail: "the container is still being processed, though it was ready when the post was asked for"
                .into(),
        }),
        State::InProgress => wait(work, 0, pause(&MISSING, looks)),
    }
}

pub(crate) fn search_published(job: &Job, work: Work) -> Step<Memo> {
    search(job, work, Why::Published, 0)
}

pub(crate) fn search_missing(job: &Job, work: Work) -> Step<Memo> {
    search(job, work, Why::Missing, 0)
}

fn search(job: &Job, work: Work, why: Why, looks: u32) -> Step<Memo> {
    let call = write::newest(job, is_story(&work));
    send(Stage::Checking, Memo::Searching { work, why, looks }, call)
}

fn is_story(work: &Work) -> bool {
    work.sent.wishes.get("kind").is_some_and(|kind| kind == "story")
}

fn searched(job: &Job, work: Work, why: Why, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let items = read::items(reply)?;
    let asked = work.asked_at.unwrap_or(work.sent.at);
    let since = asked.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
    let reaches_back =
        items.len() < write::NEWEST || items.iter().any(|item| item.at.is_some_and(|at| at < since));
    let mut found: Vec<&Item> = items.iter().filter(|item| may_be(item, &work, since)).collect();
    found.sort_by_key(|item| item.at.map(|at| at.duration_since(asked).abs()));
    match (why, found.as_slice()) {
        // It is there for certain; of several the nearest in time.
        (Why::Published, [nearest, ..]) => return Ok(look(job, nearest.id.clone())),
        // The words tell, where there are any and only one post has them (C2).
        (Why::Finished | Why::Missing, [only]) if !only.caption.trim().is_empty() => {
            return Ok(look(job, only.id.clone()));
        }
        (Why::Finished | Why::Missing, [_, ..]) => {
            return Err(Fault::Unsure {
                detail: "Instagram did not say whether it posted this, and the channel has a new post that may be it".into(),
            });
        }
        (_, []) => {}
    }
    // "Not published" was said twice already, with a pause that is long enough for a list as well.
    let again = match why {
        Why::Published if looks < MISSES => Some(pause(&MISSING, looks)),
        Why::Missing if looks == 0 => Some(SECOND_LOOK),
        _ => None,
    };
    if let Some(wait) = again {
        let memo = Memo::Searching { work, why, looks: looks + 1 };
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(wait)));
    }
    match why {
        Why::Finished if !reaches_back => Err(Fault::Unsure {
            detail: "more posts came since this one was asked for than Instagram lists at once".into(),
        }),
        Why::Finished if !fits(job, &work) => Err(outdated()),
        Why::Finished => publish(job, work),
        Why::Missing if !work.doubt => Err(ran_out()),
        Why::Missing => Err(Fault::Unsure {
            detail: "the container is not known any more, and the channel lists no such post".into(),
        }),
        Why::Published => Err(Fault::Unsure {
            detail: "Instagram says that it published this, but the channel does not list it".into(),
        }),
    }
}

/// Could this be our post? By time, kind and words; stories have none and are the only ones of their list.
fn may_be(item: &Item, work: &Work, since: Timestamp) -> bool {
    let kind = if work.several() { "CAROUSEL_ALBUM" } else { "VIDEO" };
    let caption = work.sent.wishes.get("caption").and_then(|caption| caption.as_str()).unwrap_or_default();
    item.at.is_some_and(|at| at >= since)
        && (item.kind == kind || item.kind.is_empty())
        && (is_story(work) || same_words(&item.caption, caption))
}

/// Blanks may be folded on the way.
fn same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

// ---------------------------------------------------------------------------------------------------------------- reading back

/// The post exists: its id is kept with the memo, and it is read back until its address is known (C4, C10).
pub(crate) fn look(job: &Job, id: String) -> Step<Memo> {
    read_back(job, Media::new(id))
}

fn read_back(job: &Job, media: Media) -> Step<Memo> {
    let known = remote(job, &media.id);
    let call = write::media(job, &media.id);
    send(Stage::Checking, Memo::Reading { media }, call).remote(known)
}

fn readable(job: &Job, mut media: Media, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let known = remote(job, &media.id);
    let seen = read::media(reply, &media.id)?;
    let last = media.misses >= MISSES;
    let known = match seen {
        Some(Item { permalink: Some(url), at, .. }) => {
            return Ok(done(job, media, Remote { url, ..known }, at));
        }
        // Read back with its id and time; only the address of its own is not said.
        Some(Item { at, .. }) if last => return Ok(done(job, media, known, at)),
        None if last => {
            return Err(Fault::Unsure {
                detail: "Instagram published this and then does not show it; it may have been deleted".into(),
            });
        }
        Some(_) | None => known,
    };
    // A new post may be unknown for a while, which is no failure (C3).
    let wait = pause(&MISSING, media.misses);
    media.misses += 1;
    Ok(Step::new(Stage::Checking, Memo::Reading { media }, Act::Wait(wait)).remote(known))
}

/// Instagram says no privacy: a professional account can't be private, so what is there is public, but for a trial reel, which
/// followers do not see.
fn done(job: &Job, media: Media, remote: Remote, at: Option<Timestamp>) -> Step<Memo> {
    let trial = write::text(job, "trial").is_some_and(|trial| trial != "no");
    let privacy = if trial && !write::is_story(job) && write::files(job) == 1 { "trial" } else { "public" };
    let done = Published {
        remote: Some(remote.clone()),
        privacy: Some(privacy.into()),
        public_at: at,
        notes: Vec::new(),
    };
    Step::new(Stage::Checking, Memo::Reading { media }, Act::Done(done)).remote(remote)
}

// ---------------------------------------------------------------------------------------------------------------- edits

/// What is posted can't be changed by the API (IG Media, 2026-10), only in the app; an edit before that makes the container anew.
pub(crate) fn amend(job: &Job) -> Result<Step<Memo>, Fault> {
    let message = match job.remote {
        Some(_) => {
            "The post is on Instagram already, and Instagram lets nobody change a post from outside. Edit it in the Instagram app."
        }
        None => "Instagram does not hold this post yet, so there is nothing to change there.",
    };
    let code = if job.remote.is_some() { Code::AlreadyPublic } else { Code::NotNow };
    Err(Fault::Refused(Problem::block(code, message)))
}

/// Without a post there is nothing there: a container that is not published ends by itself.
pub(crate) fn retract(job: &Job) -> Result<Step<Memo>, Fault> {
    if job.remote.is_some() {
        return Err(Fault::Refused(Problem::block(
            Code::AlreadyPublic,
            "The post is on Instagram already. Slipway does not delete what people may have seen; you can, in the Instagram app.",
        )));
    }
    let done = Published { remote: None, privacy: None, public_at: None, notes: Vec::new() };
    Ok(Step::new(Stage::Removing, Memo::Gone, Act::Done(done)))
}
