//! captions.list, insert (multipart in one request, or resumable) and delete (contract youtube 9, discovery).
//! Not imitated: update, download, `sync`, checking that a track can be read; every track is "serving" at once.
//! Unsure, from memory rather than the contract: the reasons `contentRequired`, `captionExists`, `invalidMetadata`, `nameTooLong`,
//! `captionNotFound`; that language and name together make a track (here they do); with what an empty name is refused.

use super::Desk;
use super::bearer::Who;
use super::books::{Books, Caption, Track};
use super::errors::{Refusal, forbidden, missing_parameter, refuse, video_not_found};
use super::{shape, words};
use crate::clock::rfc3339;
use crate::exchange::Answer;
use crate::world::{World, random_text};
use serde_json::{Map, Value, json};

const PARTS: [&str; 2] = ["id", "snippet"];
const DOMAIN: &str = "youtube.caption";

pub(crate) fn list(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = words::parts(desk.ask.query_list("part"), &PARTS)?;
    let video = desk.ask.query("videoId").ok_or_else(|| missing_parameter("videoId"))?;
    owned(desk.books, &desk.who, video)?;
    let ids = desk.ask.query_list("id");
    let of_video = desk.books.captions.iter().filter(|caption| caption.track.video == video);
    let asked = of_video.filter(|caption| ids.is_empty() || ids.contains(&caption.id));
    let items: Vec<Value> = asked.map(|caption| resource(caption, &parts)).collect();
    Ok(Answer::json(
        200,
        &json!({ "kind": "youtube#captionListResponse", "etag": random_text(27), "items": items }),
    ))
}

/// `uploadType=multipart`: the words and the track in one body.
pub(crate) fn insert(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = words::parts(desk.ask.query_list("part"), &PARTS)?;
    let pieces = desk.ask.header("content-type").and_then(|kind| multipart(kind, desk.body));
    let Some([words, content]) = pieces.as_deref() else {
        let message = "The body must be multipart/related with the metadata first and the track second.";
        return Err(refuse(400, "badContent", "global", message));
    };
    let track = read(desk.books, &desk.who, words)?;
    let body = place(desk.world, desk.books, track, content, desk.now, &parts)?;
    Ok(Answer::json(200, &body))
}

/// The words of a new track, checked; the start of a resumable session comes here too.
pub(crate) fn read(books: &Books, who: &Who, body: &[u8]) -> Result<Track, Refusal> {
    let body = shape::read(body, &shape::CAPTION, "caption")?;
    let snippet = &body["snippet"];
    let text = |name: &str| snippet[name].as_str();
    let (Some(video), Some(language), Some(name)) = (text("videoId"), text("language"), text("name")) else {
        return Err(refuse(400, "invalidMetadata", DOMAIN, "The request contains invalid metadata values."));
    };
    if language.trim().is_empty() || name.trim().is_empty() {
        return Err(refuse(400, "invalidMetadata", DOMAIN, "The request contains invalid metadata values."));
    }
    if name.chars().count() > 150 {
        return Err(refuse(400, "nameTooLong", DOMAIN, "The specified snippet.name is too long."));
    }
    owned(books, who, video)?;
    let draft = snippet["isDraft"].as_bool().unwrap_or(false);
    let track = Track { video: video.into(), language: language.into(), name: name.into(), draft };
    unique(books, &track)?;
    Ok(track)
}

/// Puts the track in its place; the answer of both ways of sending it.
pub(crate) fn place(
    world: &World,
    books: &mut Books,
    track: Track,
    content: &[u8],
    now_ms: i64,
    parts: &[String],
) -> Result<Value, Refusal> {
    if content.is_empty() {
        return Err(refuse(
            400,
            "contentRequired",
            DOMAIN,
            "The request does not include the caption track's contents.",
        ));
    }
    unique(books, &track)?;
    let blob = books.serial();
    world.store.put(blob, content).map_err(|error| super::errors::internal(&error.into()))?;
    let caption = Caption {
        id: format!("AUieDa{}", random_text(30)),
        track,
        blob,
        bytes: content.len() as u64,
        blake3: blake3::hash(content).to_hex().to_string(),
        updated_ms: now_ms,
    };
    let shown = resource(&caption, parts);
    books.captions.push(caption);
    Ok(shown)
}

pub(crate) fn delete(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let id = desk.ask.query("id").ok_or_else(|| missing_parameter("id"))?;
    let Some(caption) = desk.books.captions.iter().find(|caption| caption.id == id) else {
        return Err(refuse(404, "captionNotFound", DOMAIN, "The caption track cannot be found.")
            .at("parameter", "id"));
    };
    owned(desk.books, &desk.who, &caption.track.video)?;
    desk.world.store.remove(caption.blob);
    let id = id.to_string();
    desk.books.captions.retain(|caption| caption.id != id);
    Ok(Answer::empty(204))
}

fn owned(books: &Books, who: &Who, video: &str) -> Result<(), Refusal> {
    let video = books.video(video).ok_or_else(|| video_not_found().at("parameter", "videoId"))?;
    match who.owns(&video.owner) {
        true => Ok(()),
        false => Err(forbidden(
            DOMAIN,
            "The permissions associated with the request are not sufficient for this video.",
        )),
    }
}

fn unique(books: &Books, track: &Track) -> Result<(), Refusal> {
    let same = |known: &Track| {
        known.video == track.video && known.language == track.language && known.name == track.name
    };
    match books.captions.iter().any(|caption| same(&caption.track)) {
        false => Ok(()),
        true => Err(refuse(
            409,
            "captionExists",
            DOMAIN,
            "The video already has a track of this language and name.",
        )),
    }
}

fn resource(caption: &Caption, parts: &[String]) -> Value {
    let track = &caption.track;
    let mut out = Map::new();
    out.insert("kind".into(), "youtube#caption".into());
    out.insert("etag".into(), random_text(27).into());
    out.insert("id".into(), caption.id.clone().into());
    if parts.iter().any(|part| part == "snippet") {
        let snippet = json!({
            "videoId": track.video,
            "lastUpdated": rfc3339(caption.updated_ms),
            "trackKind": "standard",
            "language": track.language,
            "name": track.name,
            "audioTrackType": "unknown",
            "isCC": false,
            "isLarge": false,
            "isEasyReader": false,
            "isDraft": track.draft,
            "isAutoSynced": false,
            "status": "serving",
        });
        out.insert("snippet".into(), snippet);
    }
    Value::Object(out)
}

/// Splits `multipart/related` (RFC 2387) into the contents of its parts. Nothing when it is not that, or not whole.
fn multipart<'b>(kind: &str, body: &'b [u8]) -> Option<Vec<&'b [u8]>> {
    let (media, rest) = kind.split_once(';')?;
    if !media.trim().eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    let boundary = rest.split(';').find_map(|field| {
        let (name, value) = field.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    let mark = format!("--{boundary}");
    let mut rest =
        body.strip_prefix(mark.as_bytes()).or_else(|| after(body, format!("\r\n{mark}").as_bytes()))?;
    let between = format!("\r\n{mark}");
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, between.as_bytes())?;
        let part = &rest[..end];
        parts.push(match part.strip_prefix(b"\r\n") {
            Some(content) => content,
            None => after(part, b"\r\n\r\n")?,
        });
        rest = &rest[end + between.len()..];
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn after<'b>(text: &'b [u8], mark: &[u8]) -> Option<&'b [u8]> {
    find(text, mark).map(|at| &text[at + mark.len()..])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_multipart_body_is_split_without_touching_its_bytes() {
        let kind = "multipart/related; boundary=\"b-1\"";
        let body = b"--b-1\r\nContent-Type: application/json\r\n\r\n{}\r\n--b-1\r\nContent-Type: text/plain\r\n\r\n1\r\n--b\r\n\r\nx\r\n--b-1--\r\n";
        let parts = multipart(kind, body).unwrap();
        assert_eq!(parts, [&b"{}"[..], &b"1\r\n--b\r\n\r\nx"[..]]);
        assert_eq!(multipart(kind, &body[..body.len() - 9]), None, "no end");
        assert_eq!(multipart("multipart/form-data; boundary=b-1", body), None);
        assert_eq!(multipart("multipart/related", body), None);
        assert_eq!(multipart(kind, b"--b-1\r\n\r\nbare\r\n--b-1--").unwrap(), [&b"bare"[..]]);
    }
}
