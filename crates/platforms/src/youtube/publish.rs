//! The upload, from the first request to the video that is read back as it should be.
//!
//! A video exists only once the last byte arrived, so opening a session may be repeated and nothing else may: after any doubt the
//! session is asked, and when it is gone the channel's newest uploads are (C2, C4, C21). Not here: edits (`amend`), extras.

use super::memo::{Memo, Plan, Sent, Session, Video};
use super::read::{self, Doing, Progress, Seen};
use super::{facts, pause, remote, send, withdraw, write};
use jiff::{SignedDuration, Timestamp};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Fix, Problem};
use std::time::Duration;

/// Pauses while a new video is not listed yet, in seconds.
const MISSING: [u64; 6] = [2, 4, 8, 15, 30, 60];
/// So many looks in a row without the video, then a person must look.
const MISSES: u32 = 8;
/// Pauses between looks at a video that is being processed.
const PROCESSING: [u64; 6] = [30, 60, 120, 240, 480, 900];
/// Pauses after the minute, while YouTube has not made it public yet.
const LATE: [u64; 6] = [2, 5, 10, 20, 40, 60];
/// Looks after the minute that find neither a publishing time nor a public video.
const UNPLANNED: u32 = 5;
/// Looks at a wrong privacy before it is told.
const LASTING: u32 = 3;
/// Answers of a session that say nothing before we look for the video instead.
const VAGUE: u32 = 4;
/// Our clock and theirs may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

pub(crate) fn begin(job: &Job) -> Step<Memo> {
    match &job.remote {
        Some(known) => look(Video::new(&known.id, write::plan(job))),
        None => open(job, Vec::new()),
    }
}

pub(crate) fn resume(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    if let Some(step) = already_known(job, &memo) {
        return Ok(step);
    }
    Ok(match memo {
        // Harmless: no video exists until the last byte has arrived.
        Memo::Opening { sent } => open(job, sent.dropped),
        Memo::Sending { session, .. } => ask(job, session, 0),
        Memo::Asking { session, vague } => ask(job, session, vague),
        Memo::Searching { session, looks } => return search(job, session, looks),
        Memo::Matching { session, looks, .. } => return search(job, session, looks),
        memo @ (Memo::Ending { .. } | Memo::Ended { .. }) => return withdraw::resumed(job, memo),
        Memo::Staged { video } if job.ahead().is_some() => ready(video),
        Memo::Reading { video }
        | Memo::HandedOver { video }
        | Memo::Staged { video }
        | Memo::Releasing { video } => look(video),
        other => return Err(astray(&other)),
    })
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if let Some(step) = already_known(job, &memo) {
        return Ok(step);
    }
    match memo {
        Memo::Opening { sent } => opened(job, sent, reply),
        Memo::Sending { session, from } => put_answered(job, session, from, reply),
        Memo::Asking { session, vague } => asked(job, session, vague, reply),
        Memo::Searching { session, looks } => searched(session, looks, reply),
        Memo::Matching { session, ids, looks } => matched(job, session, &ids, looks, reply),
        memo @ (Memo::Ending { .. } | Memo::Ended { .. }) => withdraw::after(job, memo, reply),
        Memo::Reading { video } | Memo::HandedOver { video } | Memo::Staged { video } => {
            judge(job, video, reply)
        }
        Memo::Releasing { video } => {
            read::updated(reply, &video.id)?;
            Ok(look(Video { released: true, ..video }))
        }
        other => Err(astray(&other)),
    }
}

// ---------------------------------------------------------------------------------------------------------------- steps

/// A delivery that has a remote id never opens or sends again (C4), whatever an old memo says.
fn already_known(job: &Job, memo: &Memo) -> Option<Step<Memo>> {
    let known = job.remote.as_ref()?;
    let plan = match memo {
        Memo::Opening { sent } => sent.plan,
        Memo::Sending { session, .. }
        | Memo::Asking { session, .. }
        | Memo::Searching { session, .. }
        | Memo::Ending { session, .. }
        | Memo::Ended { session, .. }
        | Memo::Matching { session, .. } => session.sent.plan,
        _ => return None,
    };
    Some(look(Video::new(&known.id, plan)))
}

fn open(job: &Job, dropped: Vec<String>) -> Step<Memo> {
    let call = write::open(job, &dropped);
    let sent = Sent { at: job.now, title: job.words.title.trim().into(), plan: write::plan(job), dropped };
    send(Stage::Opening, Memo::Opening { sent }, call)
}

fn put(job: &Job, mut session: Session, from: u64) -> Step<Memo> {
    session.puts = session.puts.saturating_add(1);
    let call = write::put(job, &session, from);
    send(Stage::Sending, Memo::Sending { session, from }, call).confirmed(from)
}

fn ask(job: &Job, session: Session, vague: u32) -> Step<Memo> {
    let call = write::query(job, &session);
    send(Stage::Sending, Memo::Asking { session, vague }, call)
}

fn look(video: Video) -> Step<Memo> {
    let known = remote(&video.id);
    let call = write::list(&video.id, write::STATE);
    send(Stage::Checking, Memo::Reading { video }, call).remote(known)
}

fn ready(video: Video) -> Step<Memo> {
    let known = remote(&video.id);
    Step::new(Stage::Publishing, Memo::Staged { video }, Act::Ready { early: Duration::ZERO }).remote(known)
}

pub(super) fn exists(id: String, session: Session, total: u64) -> Step<Memo> {
    let Sent { plan, dropped, .. } = session.sent;
    look(Video { dropped, ..Video::new(id, plan) }).confirmed(total)
}

// ---------------------------------------------------------------------------------------------------------------- the session

fn opened(job: &Job, sent: Sent, reply: &Reply) -> Result<Step<Memo>, Fault> {
    // A part that YouTube does not take at the upload costs that part, and not the upload: no video exists yet.
    if read::is_refused_part(reply)
        && let Some(part) = write::droppable(job, &sent.dropped)
    {
        return Ok(open(job, [sent.dropped, vec![part.into()]].concat()));
    }
    if !reply.ok() {
        return Err(read::fault(reply, Doing::Opening));
    }
    match reply.header("location").map(str::trim) {
        Some(uri) if uri.starts_with("https://") || uri.starts_with("http://") => {
            Ok(put(job, Session { uri: uri.into(), sent, puts: 0 }, 0))
        }
        _ => Err(Fault::Strange {
            detail: format!("HTTP {} to opening the upload, but no session came with it", reply.status),
        }),
    }
}

fn put_answered(job: &Job, session: Session, from: u64, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match reply.status {
        200 | 201 => match read::uploaded(reply) {
            Some(id) => Ok(exists(id, session, job.media.size)),
            // The answer is spoilt, but the session keeps it.
            None => Ok(ask(job, session, 0)),
        },
        // It may have stored less than we sent. No step forward at all: let the engine count and pause before we ask again.
        308 => match read::progress(reply) {
            Progress::Has(bytes) if bytes > from || bytes >= job.media.size => go_on(job, session, bytes, 0),
            _ => Err(Fault::Again { after: None, detail: "the upload session did not move on".into() }),
        },
        // A session that was finished may be unknown as well: its video is looked for before anything is sent again.
        404 | 410 => search(job, session, 0),
        _ => Err(read::fault(reply, Doing::Bytes)),
    }
}

fn asked(job: &Job, session: Session, vague: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    match reply.status {
        200 | 201 => match read::uploaded(reply) {
            Some(id) => Ok(exists(id, session, job.media.size)),
            None => unclear(job, session, vague),
        },
        308 if is_old(job, &session) => Err(Fault::Lost {
            detail: "the upload session is older than six days and was not complete".into(),
        }),
        308 => match read::progress(reply) {
            Progress::Has(bytes) => go_on(job, session, bytes, vague),
            Progress::Unreadable => {
                Err(Fault::Strange { detail: "the upload session named no range we can read".into() })
            }
        },
        404 | 410 => search(job, session, 0),
        _ => Err(read::fault(reply, Doing::Bytes)),
    }
}

/// The server's offset is the truth: go on from its last byte.
fn go_on(job: &Job, session: Session, bytes: u64, vague: u32) -> Result<Step<Memo>, Fault> {
    if bytes < job.media.size {
        return Ok(put(job, session, bytes));
    }
    // All bytes are there and it does not say so yet: it will, when asked a little later.
    unclear(job, session, vague).map(|step| step.confirmed(job.media.size))
}

fn unclear(job: &Job, session: Session, vague: u32) -> Result<Step<Memo>, Fault> {
    if vague >= VAGUE {
        return search(job, session, 0);
    }
    let wait = pause(&[2, 5, 10, 20], vague);
    Ok(Step::new(Stage::Sending, Memo::Asking { session, vague: vague + 1 }, Act::Wait(wait)))
}

fn is_old(job: &Job, session: &Session) -> bool {
    job.now.duration_since(session.sent.at) > SignedDuration::from_secs(facts::SESSION_S as i64)
}

// ---------------------------------------------------------------------------------------------------------------- looking for it

/// The session is gone. It may have run out, or it may have been complete and then forgotten: the channel knows.
pub(super) fn search(job: &Job, session: Session, looks: u32) -> Result<Step<Memo>, Fault> {
    let playlist = uploads_playlist(&job.account).ok_or_else(|| Fault::Unsure {
        detail: "the upload session is gone and the channel's list of uploads is not known".into(),
    })?;
    Ok(send(Stage::Checking, Memo::Searching { session, looks }, write::newest_uploads(&playlist)))
}

/// `UC…` is the channel, `UU…` the list of its uploads; the account's own answer is preferred.
pub(super) fn uploads_playlist(account: &JobAccount) -> Option<String> {
    let told = account.live["uploads_playlist"].as_str().filter(|id| read::is_id(id));
    told.map(str::to_string)
        .or_else(|| account.remote_id.strip_prefix("UC").map(|rest| format!("UU{rest}")))
        .filter(|id| read::is_id(id))
}

fn searched(session: Session, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    // A channel without any video has no list of uploads.
    let none_yet = reply.status == 404 && read::reason(reply) == "playlistNotFound";
    let items = if none_yet { Vec::new() } else { read::items(reply, Doing::Reading)? };
    let since = session.sent.at.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let mut ids = Vec::new();
    let mut reaches_back = items.len() < 50;
    for item in &items {
        let uploaded = item["snippet"]["publishedAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        if uploaded.is_some_and(|at| at < since) {
            reaches_back = true;
            continue;
        }
        let title = item["snippet"]["title"].as_str().unwrap_or_default();
        let id = item["contentDetails"]["videoId"]
            .as_str()
            .or_else(|| item["snippet"]["resourceId"]["videoId"].as_str())
            .unwrap_or_default();
        if same_title(title, &session.sent.title) && read::is_id(id) {
            ids.push(id.to_string());
        }
    }
    if !ids.is_empty() {
        let call = write::list(&ids.join(","), write::EVIDENCE);
        return Ok(send(Stage::Checking, Memo::Matching { session, ids, looks }, call));
    }
    if !reaches_back {
        return Err(Fault::Unsure {
            detail: "the upload session is gone, and more than fifty videos came since it was opened".into(),
        });
    }
    not_there(session, looks)
}

/// A list may lag behind: not there twice is not there.
fn not_there(session: Session, looks: u32) -> Result<Step<Memo>, Fault> {
    if looks == 0 {
        let memo = Memo::Searching { session, looks: 1 };
        return Ok(Step::new(Stage::Checking, memo, Act::Wait(Duration::from_secs(20))));
    }
    Err(Fault::Lost { detail: "the upload session is gone and the channel has no such video".into() })
}

fn matched(
    job: &Job,
    session: Session,
    ids: &[String],
    looks: u32,
    reply: &Reply,
) -> Result<Step<Memo>, Fault> {
    let listed: Vec<(String, Seen)> = read::items(reply, Doing::Reading)?
        .into_iter()
        .filter_map(|item| Some((item["id"].as_str()?.to_string(), read::seen(item)?)))
        .filter(|(id, seen)| ids.contains(id) && same_title(&seen.title, &session.sent.title))
        .collect();
    // The size of the original file is only told once it was looked at; a different one is proof of another video.
    let (sure, rest): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|(_, seen)| seen.file_size == Some(job.media.size));
    let maybe: Vec<_> = rest.into_iter().filter(|(_, seen)| seen.file_size.is_none()).collect();
    match (sure.as_slice(), maybe.as_slice()) {
        ([(id, _)], []) | ([], [(id, _)]) => Ok(exists(id.clone(), session, job.media.size)),
        ([], []) => not_there(session, looks),
        _ => Err(Fault::Unsure {
            detail: "the upload session is gone, and the channel has more than one video that may be it"
                .into(),
        }),
    }
}

/// YouTube trims titles and folds blanks.
fn same_title(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

// ---------------------------------------------------------------------------------------------------------------- the minute

/// What the read-back means. The listing is the truth, the plan only says who was to make it public.
fn judge(job: &Job, mut video: Video, reply: &Reply) -> Result<Step<Memo>, Fault> {
    let known = remote(&video.id);
    let Some(seen) = read::video(reply, &video.id)? else { return missing(video) };
    video.misses = 0;
    if let Some(problem) = seen.ruined() {
        return Err(Fault::Refused(problem));
    }
    let asked = write::privacy(job);
    let as_asked = seen.privacy == asked;
    let Some(due) = job.ahead() else { return at_the_minute(job, video, &seen, &asked) };
    // Somebody made it public before its minute: it is out.
    if as_asked && asked == "public" {
        return Ok(done(video, &seen, &asked));
    }
    if asked == "public" && (video.plan == Plan::HandedOver || seen.publish_at.is_some()) {
        let look = if seen.processed() {
            Duration::try_from(due.duration_since(job.now)).unwrap_or(Duration::from_secs(900))
        } else {
            pause(&PROCESSING, video.looks)
        };
        video.plan = Plan::HandedOver;
        video.looks = video.looks.saturating_add(1);
        let memo = Memo::HandedOver { video };
        let step = Step::new(Stage::Publishing, memo, Act::HandedOver { look });
        return Ok(step.remote(known).planned(seen.publish_at));
    }
    video.plan = Plan::Staged;
    Ok(ready(video))
}

fn at_the_minute(job: &Job, mut video: Video, seen: &Seen, asked: &str) -> Result<Step<Memo>, Fault> {
    let known = remote(&video.id);
    let scheduled = seen.publish_at.is_some();
    if seen.privacy == asked && !(asked == "private" && scheduled && !video.released) {
        return Ok(done(video, seen, asked));
    }
    let its_turn = video.plan == Plan::HandedOver || (scheduled && !video.released);
    let waits = its_turn && asked == "public" && seen.privacy == "private";
    if waits {
        video.late = video.late.saturating_add(1);
        if !scheduled && video.late > UNPLANNED {
            return Err(Fault::Refused(
                Problem::block(
                    Code::NotPublic,
                    "YouTube holds the video privately and has no publishing time for it any more; it was probably changed in YouTube Studio. Publish it there, or change the time here.",
                )
                .fix(Fix::Retry),
            ));
        }
        let wait = pause(&LATE, video.late - 1);
        let step = Step::new(Stage::Publishing, Memo::Reading { video }, Act::Wait(wait));
        return Ok(step.remote(known).planned(seen.publish_at));
    }
    if video.plan == Plan::Now || video.released {
        // A listing may lag behind what we wrote a second ago; only a lasting difference is told.
        if video.late >= LASTING {
            return Ok(done(video, seen, asked));
        }
        let wait = pause(&LATE, video.late);
        video.late += 1;
        return Ok(Step::new(Stage::Checking, Memo::Reading { video }, Act::Wait(wait)).remote(known));
    }
    let call = write::update(write::release_body(job, &seen.raw));
    Ok(send(Stage::Publishing, Memo::Releasing { video }, call).remote(known))
}

fn missing(mut video: Video) -> Result<Step<Memo>, Fault> {
    if video.misses >= MISSES {
        return Err(Fault::Unsure {
            detail: "YouTube took the video but does not list it; it may have been deleted".into(),
        });
    }
    let wait = pause(&MISSING, video.misses);
    video.misses += 1;
    let known = remote(&video.id);
    Ok(Step::new(Stage::Checking, Memo::Reading { video }, Act::Wait(wait)).remote(known))
}

fn done(video: Video, seen: &Seen, asked: &str) -> Step<Memo> {
    let known = remote(&video.id);
    let mut published = published(&known, seen, asked);
    if let Some(note) = left_out(&video.dropped) {
        // One note is kept with a post; another goes along in it.
        match published.notes.first_mut() {
            Some(first) => first.also.push(note),
            None => published.notes.push(note),
        }
    }
    Step::new(Stage::Checking, Memo::Reading { video }, Act::Done(published)).remote(known)
}

fn left_out(dropped: &[String]) -> Option<Problem> {
    let labels: Vec<&str> = dropped.iter().map(|part| write::label(part)).collect();
    (!labels.is_empty()).then(|| {
        Problem::warn(
            Code::Refused,
            format!("YouTube did not take this with the upload, so it was left out: {}. Set it in YouTube Studio.", labels.join(", ")),
        )
    })
}

/// What was read back, with a word when the privacy is not the one that was asked for (C32).
pub(crate) fn published(known: &Remote, seen: &Seen, asked: &str) -> Published {
    let mut notes = Vec::new();
    if seen.privacy != asked {
        notes.push(
            Problem::warn(
                Code::PrivacyDiffers,
                format!("You asked for {asked}, but YouTube made the video {}. YouTube Studio shows why. The channel's own settings may do that; and projects that Google has not audited were locked to private until November 2026.", seen.privacy),
            )
            .edit("privacy"),
        );
    }
    Published {
        remote: Some(known.clone()),
        privacy: Some(seen.privacy.clone()),
        // An unlisted video keeps the time of its upload: only a public one says when it became so.
        public_at: seen.published_at.filter(|_| seen.privacy == "public"),
        notes,
    }
}

/// A memo of another errand: the caller's mistake, never a reason to send something.
fn astray(memo: &Memo) -> Fault {
    Fault::Unsure { detail: format!("a memo strayed into publishing: {:?}", std::mem::discriminant(memo)) }
}
