//! The page: what was published, playable, in any browser and on a phone. No script; it reloads itself. Here are its addresses, the
//! bytes it plays and the door to the API (`api`); what it shows is in `page/show.rs`, and how in `page/look.rs`, whose frame the
//! sign-in pages share.

mod look;
mod show;

pub(crate) use look::frame;

use crate::exchange::{Answer, AnswerBody, Ask, Ending, Unread};
use crate::world::World;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use std::sync::Arc;

pub(crate) async fn serve(world: &Arc<World>, mut ask: Ask) -> Ending {
    let body = match ask.read_body(world, 1 << 20).await {
        Ok(body) => body,
        Err(Unread::Gone) => return Ending::Cut,
        Err(Unread::TooLong) => return Answer::text(413, "too long").into(),
    };
    let method = ask.method.as_str();
    if ask.path.starts_with("/api/") {
        return crate::api::answer(world, method, &ask.path, &body).into();
    }
    if method == "POST" && ask.path == "/tiktok/finish" {
        return crate::tiktok::inbox::posted(world, &body).into();
    }
    if method != "GET" && method != "HEAD" {
        return Answer::text(405, "only to be read").into();
    }
    if let Some(id) = ask.path.strip_prefix("/media/") {
        return media(world, &ask, world.media(id)).into();
    }
    if let Some(id) = ask.path.strip_prefix("/thumb/") {
        return match world.thumbnail(id) {
            Some(found) => media(world, &ask, Some(found)),
            None => Answer::new(200, PLACEHOLDER).header("content-type", "image/svg+xml"),
        }
        .into();
    }
    if ask.path.starts_with("/avatar/") {
        // An address that names its end is good until then.
        let ends_s = ask.query("x-expires").and_then(|seconds| seconds.parse::<i64>().ok());
        if ends_s.is_some_and(|seconds| world.now_ms() / 1000 >= seconds) {
            return Answer::text(403, "URL signature expired").into();
        }
        return Answer::new(200, PLACEHOLDER).header("content-type", "image/svg+xml").into();
    }
    if ask.path.starts_with("/redirect/") {
        return redirected(world, &ask.path).into();
    }
    match ask.path.as_str() {
        "/" => Answer::html(200, show::index(world)).into(),
        "/watch" => show::watch(world, ask.query("v").unwrap_or_default()).into(),
        "/tiktok/draft" => crate::tiktok::inbox::draft(world, ask.query("id").unwrap_or_default()).into(),
        _ => Answer::html(404, frame("Not found", "<h1>Nothing here</h1>", None)).into(),
    }
}

/// Plays the host of a registered https address: there is no TLS here, so a browser that would be sent there comes here instead.
fn redirected(world: &World, path: &str) -> Answer {
    match world.meta.placed(path) {
        Some(body) => Answer::new(200, body)
            .header("content-type", "text/html; charset=utf-8")
            .header("cache-control", "no-store"),
        None => {
            let about = "<h1>Nothing is at this address</h1><p>In the world your own page would stand here and send the browser on.";
            Answer::html(404, frame("Not found", about, None))
        }
    }
}

const PLACEHOLDER: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 9\"><rect width=\"16\" height=\"9\" fill=\"#8884\"/><path d=\"M7 3l3 1.5L7 6z\" fill=\"#888\"/></svg>";

/// Kept bytes with `Range`, so that a player can seek. One range at a time; anything odd gets the whole.
fn media(world: &Arc<World>, ask: &Ask, found: Option<(u64, u64, String)>) -> Answer {
    let Some((blob, len, mime)) = found.filter(|(blob, _, _)| world.store.has(*blob)) else {
        return Answer::text(404, "no bytes were kept");
    };
    let range = ask.header("range").and_then(|range| read_range(range, len));
    let (first, end) = range.unwrap_or((0, len));
    let mut answer = Answer::empty(if range.is_some() { 206 } else { 200 })
        .header("content-type", if mime == "application/octet-stream" { "video/mp4" } else { &mime })
        .header("accept-ranges", "bytes")
        .header("content-length", &(end - first).to_string());
    if range.is_some() {
        answer = answer.header("content-range", &format!("bytes {first}-{}/{len}", end - 1));
    }
    answer.body = stream_of(world.clone(), blob, first, end);
    answer
}

fn stream_of(world: Arc<World>, blob: u64, first: u64, end: u64) -> AnswerBody {
    let pieces = stream::unfold(first, move |at| {
        let world = world.clone();
        async move {
            let want = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(256 << 10);
            if want == 0 {
                return None;
            }
            let read = tokio::task::spawn_blocking(move || world.store.read(blob, at, want)).await;
            let piece: std::io::Result<Bytes> = match read {
                Ok(Ok(bytes)) if bytes.is_empty() => Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(_) => Err(std::io::Error::other("the reading thread ended")),
            };
            let next = at + piece.as_ref().map_or(end, |bytes| bytes.len() as u64);
            Some((piece.map(Frame::data), next))
        }
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// `bytes=a-b`, `bytes=a-`, `bytes=-n` as first and end (exclusive).
fn read_range(range: &str, len: u64) -> Option<(u64, u64)> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (first, end) = match (first, last) {
        ("", n) => (len.saturating_sub(n.parse().ok()?), len),
        (first, "") => (first.parse().ok()?, len),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(len)),
    };
    (first < end).then_some((first, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_player() {
        assert_eq!(read_range("bytes=0-", 10), Some((0, 10)));
        assert_eq!(read_range("bytes=2-3", 10), Some((2, 4)));
        assert_eq!(read_range("bytes=-4", 10), Some((6, 10)));
        assert_eq!(read_range("bytes=5-99", 10), Some((5, 10)));
        for odd in ["bytes=10-", "bytes=4-2", "bytes=0-1,4-5", "items=0-1", "bytes=x-"] {
            assert_eq!(read_range(odd, 10), None, "{odd}");
        }
    }
}
