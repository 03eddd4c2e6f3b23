//! open-upload.tiktokapis.com: the bytes of a task, chunk by chunk (contract tiktok 5.3 and 5.4). Strictly in order, at exactly the
//! planned borders, within the address's hour; a chunk that did not come whole is not stored. The body streams through.
//!
//! A new request to an address ends the one still running there: the client has given that one up.
//! Unsure, and decided here: a range at the wrong place and one with wrong borders are both 416 with the progress; headers that are
//! missing or contradict each other are 400, and so is a bearer token, which has no business here; with nothing stored the progress
//! reads `bytes 0-0`; the hour also ends a chunk that is on its way.

use super::books::{Kind, Task, Whole};
use super::init::number;
use crate::exchange::{Answer, Ask, Ending};
use crate::receive::{End, Lane, receive};
use crate::settings::tiktok::ProgressHeader;
use crate::settings::{Outcome, Settings};
use crate::store::Progress;
use crate::twist::Twist;
use crate::world::{World, lock};
use std::sync::Arc;

const TYPES: [&str; 3] = ["video/mp4", "video/quicktime", "video/webm"];

/// `PUT` with one chunk.
pub(crate) async fn put(world: &Arc<World>, ask: &mut Ask, twist: &Twist) -> Ending {
    let Some((ordinal, lane)) = hold(world, ask) else {
        return drained(world, ask, None, no_task()).await;
    };
    let mut turn = lane.turn.lock().await;
    if twist.wrong_offset
        && let Err(error) = forget_newest(world, ordinal, &mut turn).await
    {
        return failed(&error);
    }
    let task = match standing(world, ordinal) {
        Ok(task) => task,
        Err(answer) => return drained(world, ask, Some(&lane), answer).await,
    };
    let settings = world.settings();
    let len = match chunk(ask, &task, &settings) {
        // The oldest chunk of all, forgotten on arrival.
        Ok(_) if twist.wrong_offset => {
            return drained(world, ask, Some(&lane), progress(&task, &settings, 416)).await;
        }
        Ok(len) => len,
        Err(answer) => return drained(world, ask, Some(&lane), answer).await,
    };
    let begun = match begin(world, &task, turn.take(), &settings).await {
        Ok(begun) => begun,
        Err(error) => return failed(&error),
    };
    let received = match receive(world, ask, &lane, begun, twist).await {
        Ok(received) => received,
        Err(error) => return failed(&error),
    };
    let mut bytes = received.progress;
    // A cut planned right behind the last byte: the chunk is there, only the answer is not.
    let unanswered = received.end == End::Cut && received.bytes == len;
    if received.end == End::Cut && !unanswered {
        bytes.settle();
        note_received(world, ordinal, &lane);
        *turn = Some(bytes);
        return Ending::Cut;
    }
    if world.now_ms() >= task.url_dies_ms {
        bytes.settle();
        note_received(world, ordinal, &lane);
        *turn = Some(bytes);
        return expired().into();
    }
    bytes.acknowledge();
    let answer = store(world, ordinal, &lane, &bytes, ask.content_type());
    *turn = Some(bytes);
    if unanswered { Ending::Cut } else { answer.into() }
}

/// The task and its lane, once id and token fit. Announces the arrival, which ends a transfer still running.
fn hold(world: &World, ask: &Ask) -> Option<(u64, Arc<Lane>)> {
    let (id, token) = (ask.query("upload_id")?, ask.query("upload_token")?);
    let books = world.tiktok.books();
    let task = books.tasks.iter().find(|task| task.upload_id == id && task.upload_token == token)?;
    let (ordinal, received) = (task.ordinal, task.received);
    world.calls.note(ask.seq, |call| call.session = Some(ordinal));
    let lane =
        lock(&world.tiktok.lanes).entry(ordinal).or_insert_with(|| Arc::new(Lane::new(received))).clone();
    lane.arrive();
    Some((ordinal, lane))
}

/// The task, if bytes may still come.
fn standing(world: &World, ordinal: u64) -> Result<Task, Answer> {
    let books = world.tiktok.books();
    let task = books.tasks.iter().find(|task| task.ordinal == ordinal).cloned();
    match task.filter(|task| !task.gone && task.whole.is_none()) {
        None => Err(no_task()),
        Some(task) if world.now_ms() >= task.url_dies_ms => Err(expired()),
        Some(task) => Ok(task),
    }
}

/// The length of the chunk, after all checks.
fn chunk(ask: &Ask, task: &Task, settings: &Settings) -> Result<u64, Answer> {
    if ask.headers.contains_key("authorization") {
        return Err(bad("No Authorization header is expected here."));
    }
    if !TYPES.contains(&ask.content_type().as_str()) {
        return Err(bad("The Content-Type is invalid."));
    }
    // A body without a length (chunked transfer encoding) is refused, too.
    let Some(len) = ask.header("content-length").and_then(|length| length.trim().parse::<u64>().ok()) else {
        return Err(bad("The Content-Length is missing."));
    };
    let Some((first, last, total)) = ask.header("content-range").and_then(read_range) else {
        return Err(bad("The Content-Range is invalid."));
    };
    if total != task.size || first > last || last >= total {
        return Err(bad("The Content-Range does not fit the video size."));
    }
    if last - first + 1 != len {
        return Err(bad("Content-Range and Content-Length name different lengths."));
    }
    let (expected, end) = task.next_chunk();
    if first < expected && settings.tiktok.resend_accepted && is_stored_chunk(task, first, last) {
        return Err(progress(task, settings, 206));
    }
    if (first, last + 1) != (expected, end) {
        return Err(progress(task, settings, 416));
    }
    Ok(len)
}

fn is_stored_chunk(task: &Task, first: u64, last: u64) -> bool {
    first.is_multiple_of(task.chunk) && last + 1 == first + task.chunk && last < task.stored
}

/// `bytes FIRST-LAST/TOTAL`
fn read_range(range: &str) -> Option<(u64, u64, u64)> {
    let (span, total) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, total.parse().ok()?))
}

async fn begin(
    world: &Arc<World>,
    task: &Task,
    kept: Option<Progress>,
    settings: &Settings,
) -> anyhow::Result<Progress> {
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let file = {
        let mut books = world.tiktok.books();
        let serial = books.serial();
        match books.task_mut(task.ordinal) {
            Some(task) if !settings.discard_bytes => {
                Some(world.store.file(*task.blob.get_or_insert(serial))?)
            }
            _ => None,
        }
    };
    // No border inside a chunk: what was acknowledged is the only place to go back to.
    let (hash, stored) = (settings.hash, task.stored);
    if stored == 0 {
        return Ok(Progress::new(hash, u64::MAX, file));
    }
    Ok(tokio::task::spawn_blocking(move || Progress::taken_up(hash, u64::MAX, file, stored)).await??)
}

/// A planned loss: the server no longer has the newest chunk it said it had.
async fn forget_newest(world: &Arc<World>, ordinal: u64, turn: &mut Option<Progress>) -> anyhow::Result<()> {
    let Ok(task) = standing(world, ordinal) else { return Ok(()) };
    if task.stored == 0 {
        return Ok(());
    }
    let mut bytes = begin(world, &task, turn.take(), &world.settings()).await?;
    bytes.back_to(task.stored - 1);
    if let Some(task) = world.tiktok.books().task_mut(ordinal) {
        task.stored = bytes.at;
    }
    *turn = Some(bytes);
    Ok(())
}

fn note_received(world: &World, ordinal: u64, lane: &Lane) {
    if let Some(task) = world.tiktok.books().task_mut(ordinal) {
        task.received = lane.received();
    }
}

/// 206, or 201 with the last chunk: then the post takes its course.
fn store(world: &World, ordinal: u64, lane: &Lane, bytes: &Progress, mime: String) -> Answer {
    let settings = world.settings();
    let now = world.now_ms();
    let mut books = world.tiktok.books();
    let after = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let processed_ms = books.own_instant(now.saturating_add(after(settings.processing_ms)));
    let Some(task) = books.task_mut(ordinal) else { return no_task() };
    task.stored = bytes.at;
    task.received = lane.received();
    task.mime = Some(mime);
    if task.stored < task.size {
        return progress(task, &settings, 206);
    }
    task.whole = Some(Whole {
        at_ms: now,
        blake3: bytes.hash_hex(),
        processed_ms,
        moderation_ms: after(settings.tiktok.moderation_ms),
        fail_reason: settings
            .tiktok
            .fail_reason
            .clone()
            .or_else(|| (settings.processing_outcome == Outcome::Failed).then(|| "internal".into())),
        post_id: number(),
    });
    progress(task, &settings, 201)
}

fn progress(task: &Task, settings: &Settings, status: u16) -> Answer {
    let n = match settings.tiktok.progress {
        ProgressHeader::Count => task.stored,
        ProgressHeader::LastIndex => task.stored.saturating_sub(1),
    };
    Answer::empty(status).header("content-range", &format!("bytes 0-{n}/{}", task.size))
}

/// A planned end: the address of this request is gone for good.
pub(crate) fn end(world: &World, ask: &Ask) {
    let Some((ordinal, _)) = hold(world, ask) else { return };
    let mut books = world.tiktok.books();
    let blob = books.task_mut(ordinal).filter(|task| task.whole.is_none()).and_then(|task| {
        task.gone = true;
        task.stored = 0;
        task.blob.take()
    });
    drop(books);
    if let Some(blob) = blob {
        world.store.remove(blob);
    }
}

/// What a fault plan's `file` is held against: a draft has no words yet.
pub(crate) fn names(world: &World, ask: &Ask) -> Vec<String> {
    let id = ask.query("upload_id").unwrap_or_default();
    let books = world.tiktok.books();
    let task = books.tasks.iter().find(|task| task.upload_id == id);
    task.filter(|task| matches!(task.kind, Kind::Direct(_)))
        .map(|task| task.caption().to_string())
        .into_iter()
        .collect()
}

async fn drained(world: &World, ask: &mut Ask, lane: Option<&Lane>, answer: Answer) -> Ending {
    let seen = ask.drain(world).await;
    if let Some(lane) = lane {
        lane.count(seen);
    }
    answer.into()
}

fn failed(error: &anyhow::Error) -> Ending {
    tracing::warn!(%error, "the sandbox failed by itself");
    Answer::text(500, "Internal Server Error").into()
}

/// 404 for a task that is unknown, gone or finished.
pub(crate) fn no_task() -> Answer {
    Answer::text(404, "Not Found")
}

fn expired() -> Answer {
    Answer::text(403, "The upload URL has expired.")
}

fn bad(why: &str) -> Answer {
    Answer::text(400, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_strictly() {
        assert_eq!(read_range("bytes 0-9999999/50000123"), Some((0, 9_999_999, 50_000_123)));
        for bad in ["bytes=0-1/2", "0-1/2", "bytes 0-1/*", "bytes */2", "bytes 0-1", "bytes a-b/c", ""] {
            assert_eq!(read_range(bad), None, "{bad}");
        }
    }
}
