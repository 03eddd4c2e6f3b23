//! Opening a resumable session (contract youtube 3.1) for a video, a thumbnail or a caption track. The bytes are `transfer`'s.
//! Unsure, and lenient here: without X-Upload-Content-Type any type is taken; only control characters make a bad `Slug`.

use super::Desk;
use super::books::{End, Purpose, Session};
use super::errors::{Refusal, refuse};
use super::route::What;
use super::{captions, quota, shape, thumbnails, words};
use crate::exchange::{Answer, Ask};
use crate::world::{World, random_text};

/// The largest video there is: 256 GB.
const MOST_BYTES: u64 = 274_877_906_944;
/// Milliseconds a session lives: one week, as Google's other upload services document. YouTube says only "finite".
pub(crate) const SESSION_LIFE_MS: i64 = 7 * 86_400_000;

pub(crate) fn start(desk: Desk<'_>, what: What) -> Result<Answer, Refusal> {
    let (ask, now) = (desk.ask, desk.now);
    desk.who.channel()?;
    let (parts, purpose) = match what {
        What::Video => {
            let parts = words::parts(ask.query_list("part"), &words::PARTS)?;
            words::may_insert(&parts, &desk.settings)?;
            json_only(ask)?;
            let body = shape::read(desk.body, &shape::VIDEO, "video")?;
            words::no_unlisted(&body, &parts)?;
            (parts.clone(), Purpose::Video(Box::new(words::fresh(&body, &parts)?)))
        }
        What::Thumbnail => {
            let video = thumbnails::allowed(desk.books, &desk.who, ask.query("videoId"))?;
            let channel = desk.who.channel()?.id;
            quota::charge_thumbnail(desk.books, channel, &desk.settings, now)?;
            (Vec::new(), Purpose::Thumbnail { video })
        }
        What::Caption => {
            let parts = words::parts(ask.query_list("part"), &["id", "snippet"])?;
            json_only(ask)?;
            (parts, Purpose::Caption(captions::read(desk.books, &desk.who, desk.body)?))
        }
    };
    let total = declared_length(ask, what)?;
    let mime = declared_type(ask, what)?;
    let slug = match ask.headers.get("slug") {
        None => None,
        Some(_) => Some(slug(ask).ok_or_else(|| {
            refuse(
                400,
                "invalidFilename",
                "youtube.video",
                "The video filename specified in the Slug header is invalid.",
            )
            .at("header", "Slug")
        })?),
    };
    let upload_id = format!("ABPtcP{}", random_text(90));
    desk.world.secret("youtube.upload_id", &upload_id);
    let ordinal = desk.books.sessions.len() as u64 + 1;
    let query: Vec<(&str, &str)> =
        ask.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let location = {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(query).append_pair("upload_id", &upload_id);
        format!("{}{}?{}", ask.base, ask.path, pairs.finish())
    };
    desk.books.sessions.push(Session {
        ordinal,
        upload_id: upload_id.clone(),
        owner: desk.who.creator.key.into(),
        purpose,
        parts,
        total,
        mime,
        slug,
        opened_ms: now,
        stored: 0,
        received: 0,
        chunk: None,
        blob: None,
        end: None,
    });
    desk.world.calls.note(ask.seq, |call| call.session = Some(ordinal));
    Ok(Answer::empty(200)
        .header("location", &location)
        .header("x-guploader-uploadid", &upload_id)
        .header("server", "UploadServer"))
}

fn json_only(ask: &Ask) -> Result<(), Refusal> {
    if ask.content_type() == "application/json" {
        return Ok(());
    }
    let message = format!("Unsupported content with type: {}", ask.content_type());
    Err(refuse(400, "badContent", "global", &message).at("header", "Content-Type"))
}

fn declared_length(ask: &Ask, what: What) -> Result<Option<u64>, Refusal> {
    let Some(text) = ask.header("x-upload-content-length") else { return Ok(None) };
    let most = match what {
        What::Video => MOST_BYTES,
        What::Thumbnail => 52_428_800,
        What::Caption => 104_857_600,
    };
    match text.trim().parse::<u64>() {
        Ok(bytes) if bytes <= most => Ok(Some(bytes)),
        Ok(_) => {
            Err(refuse(413, "uploadTooLarge", "global", "The declared length is more than may be uploaded.")
                .at("header", "X-Upload-Content-Length"))
        }
        Err(_) => Err(refuse(400, "badRequest", "global", "X-Upload-Content-Length is not a number.")
            .at("header", "X-Upload-Content-Length")),
    }
}

fn declared_type(ask: &Ask, what: What) -> Result<Option<String>, Refusal> {
    let Some(mime) = ask.header("x-upload-content-type") else { return Ok(None) };
    let mime = mime.trim().to_ascii_lowercase();
    let fits = match what {
        What::Video => mime.strip_prefix("video/").is_some_and(|rest| !rest.is_empty() && rest != "*"),
        What::Thumbnail => mime == "image/jpeg" || mime == "image/png",
        What::Caption => true,
    };
    if fits || mime == "application/octet-stream" {
        return Ok(Some(mime));
    }
    let message = format!("Media type '{mime}' is not supported.");
    Err(refuse(400, "badContent", "global", &message).at("header", "X-Upload-Content-Type"))
}

/// The original file name, where it is one.
pub(crate) fn slug(ask: &Ask) -> Option<String> {
    let bytes = ask.headers.get("slug")?.as_bytes();
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    let text = text.trim().to_string();
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

/// A planned end: the session of this request is gone for good.
pub(crate) fn end_session(world: &World, ask: &Ask) {
    let id = ask.query("upload_id").unwrap_or_default();
    let mut books = world.google.books(world.now_ms());
    if let Some(session) = books.sessions.iter_mut().find(|session| session.upload_id == id) {
        let ordinal = session.ordinal;
        session.end = Some(End::Gone);
        session.stored = 0;
        let blob = session.blob.take();
        drop(books);
        world.calls.note(ask.seq, |call| call.session = Some(ordinal));
        if let Some(blob) = blob {
            world.store.remove(blob);
        }
    }
}

/// 404 for a session that is unknown or too old, 410 for one that was cancelled.
pub(crate) fn no_session(status: u16) -> Answer {
    Answer::text(status, if status == 404 { "Not Found" } else { "Gone" })
}
