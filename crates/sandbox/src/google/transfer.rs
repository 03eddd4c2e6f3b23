//! The bytes of a session (contract youtube 3.2, 3.3): whole or in chunks, interrupted, asked about, resumed. What is stored only grows
//! by contiguous bytes; a request that is refused stores nothing. The body streams through; memory does not grow with it.
//!
//! A new request about a session ends the one still running on it: the client has given that one up. Its bytes count as cut.
//! Unsure: that (the world is not documented), the status for a gap (400 here, as Google's other uploads answer) and for an overlap (308
//! with the present `Range` here), whether equal chunk sizes still bind after a status query (they do not here), whether the bytes
//! need a bearer token (they do here, the contract sends one), whether their Content-Type must match (400 here if it is sent and differs).

use super::books::{Books, End, Purpose, Session};
use super::errors::Refusal;
use super::route::Op;
use super::upload::{SESSION_LIFE_MS, no_session};
use super::{bearer, finish};
use crate::exchange::{Answer, Ask, Ending};
use crate::receive::{End as BodyEnd, Lane, receive};
use crate::store::Progress;
use crate::twist::Twist;
use crate::world::{World, lock};
use std::sync::Arc;

/// The unit of chunks: 256 KiB.
const UNIT: u64 = 262_144;

/// The session a request is about, once it is known to be the caller's and alive.
struct Held {
    ordinal: u64,
    lane: Arc<Lane>,
}

enum Standing {
    Open { stored: u64, total: Option<u64>, chunk: Option<u64>, mime: Option<String> },
    Ended(Answer),
}

/// `PUT` with bytes.
pub(crate) async fn put(world: &Arc<World>, ask: &mut Ask, twist: &Twist) -> Ending {
    let held = match hold(world, ask) {
        Ok(held) => held,
        Err(answer) => return drained(world, ask, None, answer).await,
    };
    let lane = held.lane.clone();
    let mut turn = lane.turn.lock().await;
    let (stored, total, chunk, mime) = match standing(world, held.ordinal) {
        Standing::Open { stored, total, chunk, mime } => (stored, total, chunk, mime),
        Standing::Ended(answer) => return drained(world, ask, Some(&lane), answer).await,
    };
    let span = match span(ask, stored, total, chunk, mime.as_deref()) {
        Ok(span) => span,
        Err(answer) => return drained(world, ask, Some(&lane), answer).await,
    };
    let progress = match begin(world, &held, turn.take(), stored).await {
        Ok(progress) => progress,
        Err(error) => return super::errors::internal(&error).answer().into(),
    };

    let received = match receive(world, ask, &lane, progress, twist).await {
        Ok(received) => received,
        Err(error) => return super::errors::internal(&error).answer().into(),
    };
    let mut progress = received.progress;
    // A cut planned right behind the last byte: everything is there, only the answer is not.
    let unanswered = received.end == BodyEnd::Cut && received.bytes == span.len;
    if received.end == BodyEnd::Cut && !unanswered {
        progress.settle();
        record(world, &held, &progress, None);
        *turn = Some(progress);
        return Ending::Cut;
    }
    if twist.wrong_offset {
        progress.back_to(progress.at.saturating_sub(1));
    }
    let answer = if progress.at == span.total {
        finish::finish(world, held.ordinal, progress, span.total)
    } else {
        if !twist.wrong_offset {
            progress.acknowledge();
        }
        record(world, &held, &progress, Some(span.len));
        let answer = incomplete(progress.at);
        *turn = Some(progress);
        answer
    };
    if unanswered { Ending::Cut } else { answer.into() }
}

/// `PUT` with `Content-Range: bytes */N`: how far are we?
pub(crate) async fn query(world: &Arc<World>, ask: &mut Ask, twist: &Twist) -> Ending {
    let held = match hold(world, ask) {
        Ok(held) => held,
        Err(answer) => return drained(world, ask, None, answer).await,
    };
    let mut turn = held.lane.turn.lock().await;
    let (stored, total) = match standing(world, held.ordinal) {
        Standing::Open { stored, total, .. } => (stored, total),
        Standing::Ended(answer) => return drained(world, ask, None, answer).await,
    };
    let asked = ask
        .header("content-range")
        .and_then(|range| range.trim().strip_prefix("bytes */"))
        .unwrap_or_default();
    let asked = match asked {
        "*" => None,
        number => match number.parse::<u64>() {
            Ok(number) => Some(number),
            Err(_) => {
                return drained(world, ask, None, refused("Failed to parse Content-Range header.")).await;
            }
        },
    };
    if asked.is_some() && total.is_some() && asked != total {
        return refused("The total in Content-Range is not that of this upload.").into();
    }
    if ask.header("content-length").is_some_and(|length| length.trim() != "0") {
        return drained(world, ask, Some(&held.lane), refused("A status query has no body.")).await;
    }
    let mut at = stored;
    if twist.wrong_offset && stored > 0 {
        let progress = match begin(world, &held, turn.take(), stored).await {
            Ok(mut progress) => {
                progress.back_to(stored - 1);
                progress
            }
            Err(error) => return super::errors::internal(&error).answer().into(),
        };
        at = progress.at;
        record(world, &held, &progress, None);
        *turn = Some(progress);
    }
    if let Some(session) = world.google.books(world.now_ms()).session_mut(held.ordinal) {
        session.chunk = None;
    }
    incomplete(at).into()
}

/// `DELETE`: the client gives the upload up. 499, and 410 from then on.
pub(crate) async fn cancel(world: &Arc<World>, ask: &mut Ask) -> Ending {
    let held = match hold(world, ask) {
        Ok(held) => held,
        Err(answer) => return drained(world, ask, None, answer).await,
    };
    let mut turn = held.lane.turn.lock().await;
    if let Standing::Ended(answer) = standing(world, held.ordinal) {
        return drained(world, ask, None, answer).await;
    }
    *turn = None;
    let mut books = world.google.books(world.now_ms());
    if let Some(session) = books.session_mut(held.ordinal) {
        session.end = Some(End::Cancelled);
        session.stored = 0;
        if let Some(blob) = session.blob.take() {
            world.store.remove(blob);
        }
    }
    Answer::empty(499).into()
}

async fn drained(world: &World, ask: &mut Ask, lane: Option<&Lane>, answer: Answer) -> Ending {
    let seen = ask.drain(world).await;
    if let Some(lane) = lane {
        lane.count(seen);
    }
    answer.into()
}

/// Token, session and owner; announces the arrival, which ends a transfer still running.
fn hold(world: &World, ask: &Ask) -> Result<Held, Answer> {
    let now = world.now_ms();
    let id = ask.query("upload_id").unwrap_or_default();
    let books = world.google.books(now);
    let Some(session) = books.sessions.iter().find(|session| session.upload_id == id) else {
        return Err(no_session(404));
    };
    let who = bearer::who(&books, ask, op(session), now).map_err(Refusal::answer)?;
    if !who.owns(&session.owner) {
        return Err(super::errors::forbidden("youtube.video", "This upload is somebody else's.").answer());
    }
    let ordinal = session.ordinal;
    world.calls.note(ask.seq, |call| call.session = Some(ordinal));
    let lane = lane(world, session);
    lane.arrive();
    Ok(Held { ordinal, lane })
}

fn op(session: &Session) -> Op {
    use super::route::What;
    Op::Put(match session.purpose {
        Purpose::Video(_) => What::Video,
        Purpose::Thumbnail { .. } => What::Thumbnail,
        Purpose::Caption(_) => What::Caption,
    })
}

fn lane(world: &World, session: &Session) -> Arc<Lane> {
    let fresh = || Arc::new(Lane::new(session.received));
    lock(&world.google.lanes).entry(session.ordinal).or_insert_with(fresh).clone()
}

fn standing(world: &World, ordinal: u64) -> Standing {
    let now = world.now_ms();
    let mut books: std::sync::MutexGuard<'_, Books> = world.google.books(now);
    let Some(session) = books.session_mut(ordinal) else { return Standing::Ended(no_session(404)) };
    match &session.end {
        Some(End::Finished { body, .. }) => {
            let answer =
                Answer::new(200, body.clone()).header("content-type", "application/json; charset=UTF-8");
            return Standing::Ended(answer);
        }
        Some(End::Cancelled) => return Standing::Ended(no_session(410)),
        Some(End::Gone) => return Standing::Ended(no_session(404)),
        None => {}
    }
    if now >= session.opened_ms + SESSION_LIFE_MS {
        session.end = Some(End::Gone);
        session.stored = 0;
        if let Some(blob) = session.blob.take() {
            world.store.remove(blob);
        }
        return Standing::Ended(no_session(404));
    }
    Standing::Open {
        stored: session.stored,
        total: session.total,
        chunk: session.chunk,
        mime: session.mime.clone(),
    }
}

/// What one `PUT` carries, after all checks.
struct Span {
    len: u64,
    total: u64,
}

fn span(
    ask: &Ask,
    stored: u64,
    total: Option<u64>,
    chunk: Option<u64>,
    mime: Option<&str>,
) -> Result<Span, Answer> {
    let Some(len) = ask.header("content-length").and_then(|length| length.trim().parse::<u64>().ok()) else {
        return Err(Answer::text(411, "Length Required"));
    };
    if mime.is_some_and(|mime| ask.headers.contains_key("content-type") && ask.content_type() != mime) {
        return Err(refused("The Content-Type is not the one this upload was opened with."));
    }
    let Some(range) = ask.header("content-range") else {
        // Everything at once, from the first byte.
        return match total {
            Some(total) if total != len => {
                Err(refused("The body is not as long as this upload was declared."))
            }
            _ if stored > 0 => Err(incomplete(stored)),
            _ => Ok(Span { len, total: len }),
        };
    };
    let Some((first, last, of)) = parse_range(range) else {
        return Err(refused("Failed to parse Content-Range header."));
    };
    if total.is_some_and(|total| total != of) || last >= of || first > last {
        return Err(refused("The Content-Range does not fit this upload."));
    }
    if last - first + 1 != len {
        return Err(refused("Content-Range and Content-Length name different lengths."));
    }
    if first > stored {
        return Err(refused(&format!(
            "According to the Content-Range header the offset is {first} byte(s), which exceeds the {stored} byte(s) already uploaded."
        )));
    }
    if first < stored {
        return Err(incomplete(stored));
    }
    if last + 1 < of {
        if len % UNIT != 0 {
            return Err(refused(&format!(
                "All requests but the final one must carry a multiple of {UNIT} bytes; this one carries {len}."
            )));
        }
        if chunk.is_some_and(|chunk| chunk != len) {
            return Err(refused("All chunks but the last must have the same size."));
        }
    }
    Ok(Span { len, total: of })
}

/// `bytes FIRST-LAST/TOTAL`
fn parse_range(range: &str) -> Option<(u64, u64, u64)> {
    let (span, total) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, total.parse().ok()?))
}

async fn begin(
    world: &Arc<World>,
    held: &Held,
    kept: Option<Progress>,
    stored: u64,
) -> anyhow::Result<Progress> {
    let settings = world.settings();
    if let Some(mut progress) = kept {
        progress.set_granularity(settings.keep_granularity);
        return Ok(progress);
    }
    let file = {
        let mut books = world.google.books(world.now_ms());
        let serial = books.serial();
        match books.session_mut(held.ordinal) {
            // A picture or a track is looked into at the end, so it is always kept.
            Some(session) if !settings.discard_bytes || !matches!(session.purpose, Purpose::Video(_)) => {
                Some(world.store.file(*session.blob.get_or_insert(serial))?)
            }
            _ => None,
        }
    };
    if stored == 0 {
        return Ok(Progress::new(settings.hash, settings.keep_granularity, file));
    }
    let (hash, granularity) = (settings.hash, settings.keep_granularity);
    Ok(tokio::task::spawn_blocking(move || Progress::taken_up(hash, granularity, file, stored)).await??)
}

fn record(world: &World, held: &Held, progress: &Progress, chunk: Option<u64>) {
    let mut books = world.google.books(world.now_ms());
    if let Some(session) = books.session_mut(held.ordinal) {
        session.stored = progress.at;
        session.received = held.lane.received();
        if session.chunk.is_none() {
            session.chunk = chunk;
        }
    }
}

/// 308: so much is stored. No `Range` when nothing is.
fn incomplete(stored: u64) -> Answer {
    let answer = Answer::empty(308);
    match stored {
        0 => answer,
        stored => answer.header("range", &format!("bytes=0-{}", stored - 1)),
    }
}

fn refused(why: &str) -> Answer {
    Answer::text(400, &format!("Invalid request. {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_strictly() {
        assert_eq!(parse_range("bytes 0-524287/2000000"), Some((0, 524_287, 2_000_000)));
        for bad in ["bytes=0-1/2", "0-1/2", "bytes 0-1/*", "bytes -1/2", "bytes 0-1", "bytes a-b/c", ""] {
            assert_eq!(parse_range(bad), None, "{bad}");
        }
    }
}
