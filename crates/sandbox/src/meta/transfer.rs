//! The bytes (contract facebook 2.2 and 3, instagram 4.2): reels and containers at rupload.facebook.com, files of the app-level upload at
//! graph.facebook.com. One request carries all that is left; a cut one keeps what came, and the next goes on from there. A request
//! that is refused stores nothing. Memory does not grow with the body.
//!
//! A new request about an upload ends the one still running on it.
//! Unsure: that (a `DuplicateUploadInProgressError` is said to exist), that files refuse in rupload's shape, that a request which is
//! shorter than what is left is refused rather than kept, what a missing header is called.

use super::bearer::{self, known};
use super::books::{Books, Goal, Upload};
use super::errors::{debug_info, not_yours};
use super::life::{self, Bytes};
use super::params::Params;
use super::route::{Op, file_session};
use super::{arrive, errors};
use crate::exchange::{Answer, Ask, Ending};
use crate::receive::{End as BodyEnd, Lane, receive};
use crate::store::Progress;
use crate::twist::Twist;
use crate::world::{World, lock};
use serde_json::json;
use std::sync::Arc;

struct Held {
    upload: u64,
    lane: Arc<Lane>,
}

/// `POST` with bytes.
pub(crate) async fn put(world: &Arc<World>, ask: &mut Ask, twist: &Twist, op: Op, id: &str) -> Ending {
    let held = match hold(world, ask, op, id) {
        Ok(held) => held,
        Err(answer) => return drained(world, ask, None, answer).await,
    };
    let lane = held.lane.clone();
    let mut turn = lane.turn.lock().await;
    if let Some(address) = ask.header("file_url").map(String::from) {
        let answer = from_address(world, &held, &address, op).await;
        return drained(world, ask, Some(&lane), answer).await;
    }
    let (stored, len) = match span(world, ask, &held, op) {
        Ok(span) => span,
        Err(answer) => return drained(world, ask, Some(&lane), answer).await,
    };
    let progress = match begin(world, held.upload, turn.take(), stored).await {
        Ok(progress) => progress,
        Err(error) => return errors::internal(&error).answer(ask.host).into(),
    };
    let received = match receive(world, ask, &lane, progress, twist).await {
        Ok(received) => received,
        Err(error) => return errors::internal(&error).answer(ask.host).into(),
    };
    let mut progress = received.progress;
    // A cut planned right behind the last byte: everything is there, only the answer is not.
    let unanswered = received.end == BodyEnd::Cut && received.bytes == len;
    if received.end == BodyEnd::Cut && !unanswered {
        progress.settle();
        record(world, held.upload, &progress, &lane);
        *turn = Some(progress);
        return Ending::Cut;
    }
    if twist.wrong_offset {
        progress.back_to(progress.at.saturating_sub(1));
    }
    record(world, held.upload, &progress, &lane);
    let answer = match progress.at == stored + len {
        true => {
            let hash = progress.hash_hex();
            whole(world, held.upload, hash, op)
        }
        // Forgotten by plan: not all of the file is there.
        false => {
            *turn = Some(progress);
            partial()
        }
    };
    if unanswered { Ending::Cut } else { answer.into() }
}

/// An upload forgets its newest bytes, as planned, when it is asked about.
pub(crate) async fn forget(world: &Arc<World>, upload: u64) -> anyhow::Result<()> {
    let Some(found) = world.meta.books().upload(upload).cloned() else { return Ok(()) };
    if found.stored == 0 || found.whole_ms.is_some() {
        return Ok(());
    }
    let lane = world.meta.lane(&found);
    let mut turn = lane.turn.lock().await;
    let mut progress = begin(world, upload, turn.take(), found.stored).await?;
    progress.back_to(found.stored - 1);
    record(world, upload, &progress, &lane);
    *turn = Some(progress);
    Ok(())
}

async fn drained(world: &World, ask: &mut Ask, lane: Option<&Lane>, answer: Answer) -> Ending {
    let seen = ask.drain(world).await;
    if let Some(lane) = lane {
        lane.count(seen);
    }
    answer.into()
}

/// Token, upload and owner; announces the arrival, which ends a transfer still running.
fn hold(world: &World, ask: &Ask, op: Op, id: &str) -> Result<Held, Answer> {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let books = world.meta.books();
    // Only `OAuth` is documented here, and nothing in the address.
    let sent = bearer::in_header(ask).filter(|(scheme, _)| *scheme == "OAuth").map(|(_, token)| token);
    let who = match sent.map(|token| known(&books, token, &settings, now)) {
        Some(Ok(who)) => who,
        Some(Err(refusal)) if op == Op::UploadsPut => return Err(refusal.answer(ask.host)),
        Some(Err(_)) => return Err(unauthorized(settings.dead_token_status)),
        None => return Err(unauthorized(settings.dead_token_status)),
    };
    let upload = match op {
        Op::UploadsPut => {
            let file =
                books.files.iter().find(|file| file.id == id && ask.query("sig") == Some(file.sig.as_str()));
            who.is_user().map_err(|refusal| refusal.answer(ask.host))?;
            file.filter(|file| file.app == who.token.app).and_then(|file| books.upload(file.upload))
        }
        Op::ReelBytes => {
            let video = books.video(id).filter(|video| !video.deleted);
            video
                .filter(|video| who.acts_as(&video.page).is_ok())
                .and_then(|video| books.upload(video.upload))
        }
        _ => {
            let container = books.container(id);
            let own = container.filter(|container| who.posts_to(&container.account).is_ok());
            own.and_then(|container| container.upload).and_then(|upload| books.upload(upload))
        }
    };
    let upload = upload.filter(|upload| upload.owner == who.person.key).ok_or_else(not_yours)?;
    world.calls.note(ask.seq, |call| call.session = Some(upload.ordinal));
    if upload.gone || expired(&books, upload, &settings, now) {
        return Err(not_yours());
    }
    let lane = world.meta.lane(upload);
    lane.arrive();
    Ok(Held { upload: upload.id, lane })
}

fn unauthorized(status: u16) -> Answer {
    let mut answer = not_yours();
    answer.status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_REQUEST);
    answer
}

fn expired(books: &Books, upload: &Upload, settings: &crate::settings::meta::Meta, now: i64) -> bool {
    match &upload.goal {
        Goal::Container(id) => {
            let ends = |container: &super::books::Container| container.created_ms + life::CONTAINER_LIFE_MS;
            books.container(id).is_none_or(|container| now >= ends(container))
        }
        _ => life::bytes(upload, settings, now) == Bytes::Expired,
    }
}

/// Where this request begins and how much it carries, after all checks.
fn span(world: &World, ask: &Ask, held: &Held, op: Op) -> Result<(u64, u64), Answer> {
    let number = |name: &str| ask.header(name).and_then(|text| text.trim().parse::<u64>().ok());
    let offset =
        number(if op == Op::UploadsPut { "file_offset" } else { "offset" }).ok_or_else(wrong_offset)?;
    let settings = world.settings().meta;
    let mut books = world.meta.books();
    let most = match books.upload(held.upload).map(|upload| upload.goal.clone()) {
        Some(Goal::Container(id)) => match books.container(&id).map(|container| container.kind) {
            Some(super::books::MediaKind::Story) => settings.max_story_bytes,
            _ => settings.max_reel_bytes,
        },
        _ => u64::MAX,
    };
    let Some(upload) = books.upload_mut(held.upload) else { return Err(not_yours()) };
    if op != Op::UploadsPut {
        let size = number("file_size").ok_or_else(partial)?;
        if size > most {
            return Err(debug_info("ProcessingFailedError", "The file is larger than may be uploaded"));
        }
        if upload.total.is_some_and(|total| total != size) {
            return Err(partial());
        }
        upload.total = Some(size);
    }
    if offset != upload.stored || upload.whole_ms.is_some() {
        return Err(wrong_offset());
    }
    let Some(len) = number("content-length") else { return Err(partial()) };
    match upload.total {
        Some(total) if offset + len == total => Ok((offset, len)),
        _ => Err(partial()),
    }
}

fn wrong_offset() -> Answer {
    debug_info("OffsetInvalidError", "Request starting offset is invalid")
}

fn partial() -> Answer {
    debug_info("PartialRequestError", "Partial request (did not match length of file)")
}

pub(crate) async fn begin(
    world: &Arc<World>,
    upload: u64,
    kept: Option<Progress>,
    stored: u64,
) -> anyhow::Result<Progress> {
    let settings = world.settings();
    if let Some(mut progress) = kept {
        progress.set_granularity(settings.keep_granularity);
        return Ok(progress);
    }
    let file = {
        let mut books = world.meta.books();
        let serial = books.serial();
        match books.upload_mut(upload) {
            Some(upload) if !settings.discard_bytes => {
                Some(world.store.file(*upload.blob.get_or_insert(serial))?)
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

fn record(world: &World, id: u64, progress: &Progress, lane: &Lane) {
    if let Some(upload) = world.meta.books().upload_mut(id) {
        upload.stored = progress.at;
        upload.received = lane.received();
    }
}

/// The last byte is there.
fn whole(world: &World, upload: u64, hash: Option<String>, op: Op) -> Answer {
    let handle = arrive::arrived(world, upload, hash);
    let body = match op {
        Op::UploadsPut => json!({ "h": handle }),
        Op::ReelBytes => json!({ "success": true }),
        _ => json!({ "success": true, "message": "Upload successful." }),
    };
    Answer::json(200, &body)
}

/// The bytes lie at an address, and the platform fetches them itself.
async fn from_address(world: &Arc<World>, held: &Held, address: &str, op: Op) -> Answer {
    match arrive::fetched(world, held.upload, address).await {
        Ok(true) => {
            let body = match op {
                Op::ReelBytes => json!({ "success": true }),
                _ => json!({ "success": true, "message": "Upload successful." }),
            };
            Answer::json(200, &body)
        }
        Ok(false) => debug_info("ProcessingFailedError", "The file could not be fetched"),
        Err(error) => errors::internal(&error).answer(""),
    }
}

/// `GET /upload:<session>`: how far is it?
pub(crate) fn query(world: &World, ask: &Ask, params: &Params) -> Answer {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let books = world.meta.books();
    let who = match bearer::in_header(ask).filter(|(scheme, _)| *scheme == "OAuth") {
        Some((_, token)) => known(&books, token, &settings, now),
        None => bearer::who(&books, ask, params, &settings, now),
    };
    let who = match who.and_then(|who| who.is_user().map(|()| who)) {
        Ok(who) => who,
        Err(refusal) => return refusal.answer(ask.host),
    };
    let id = file_session(ask.host, &ask.path).unwrap_or_default();
    let file = books.files.iter().find(|file| file.id == id && params.get("sig") == Some(file.sig.as_str()));
    let upload = file
        .filter(|file| file.app == who.token.app)
        .and_then(|file| books.upload(file.upload))
        .filter(|upload| upload.owner == who.person.key && !upload.gone)
        .filter(|upload| life::bytes(upload, &settings, now) != Bytes::Expired);
    let Some(upload) = upload else {
        return errors::no_object("get", &format!("upload:{id}")).answer(ask.host);
    };
    world.calls.note(ask.seq, |call| call.session = Some(upload.ordinal));
    Answer::json(200, &json!({ "id": format!("upload:{id}"), "file_offset": upload.stored }))
}

/// A planned end: the upload is gone for good. True when there was one.
pub(crate) fn end(world: &World, upload: u64) {
    let blob = {
        let mut books = world.meta.books();
        let Some(upload) = books.upload_mut(upload).filter(|upload| upload.whole_ms.is_none()) else {
            return;
        };
        upload.gone = true;
        upload.stored = 0;
        let (goal, blob) = (upload.goal.clone(), upload.blob.take());
        if let Goal::Container(id) = goal
            && let Some(container) = books.container_mut(&id)
        {
            container.ready = Some((container.created_ms, Some(2_207_053)));
        }
        blob
    };
    lock(&world.meta.lanes).remove(&upload);
    if let Some(blob) = blob {
        world.store.remove(blob);
    }
}
