//! The page: what was published, playable, in any browser and on a phone. No script; it reloads itself. Also the look that the sign-in
//! pages share, and the door to the API (`api`).

use crate::exchange::{Answer, AnswerBody, Ask, Ending, Unread, escape};
use crate::state::VideoView;
use crate::world::World;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use std::fmt::Write as _;
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
    if method != "GET" && method != "HEAD" {
        return Answer::text(405, "only to be read").into();
    }
    if let Some(id) = ask.path.strip_prefix("/media/") {
        return media(world, &ask, world.google.media(id)).into();
    }
    if let Some(id) = ask.path.strip_prefix("/thumb/") {
        return match world.google.thumbnail(id) {
            Some(found) => media(world, &ask, Some(found)),
            None => Answer::new(200, PLACEHOLDER).header("content-type", "image/svg+xml"),
        }
        .into();
    }
    if ask.path.starts_with("/avatar/") {
        return Answer::new(200, PLACEHOLDER).header("content-type", "image/svg+xml").into();
    }
    match ask.path.as_str() {
        "/" => Answer::html(200, index(world)).into(),
        "/watch" => watch(world, ask.query("v").unwrap_or_default()).into(),
        _ => Answer::html(404, frame("Not found", "<h1>Nothing here</h1>", None)).into(),
    }
}

const PLACEHOLDER: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 9\"><rect width=\"16\" height=\"9\" fill=\"#8884\"/><path d=\"M7 3l3 1.5L7 6z\" fill=\"#888\"/></svg>";

fn index(world: &World) -> String {
    let state = crate::state::look(world);
    let mut cards = String::new();
    for video in state.videos.iter().rev() {
        cards.push_str(&card(video, false));
    }
    if cards.is_empty() {
        cards =
            "<p class=empty>Nothing has been published yet. What an app uploads here shows up by itself.</p>"
                .into();
    }
    let mut running = String::new();
    for session in
        state.sessions.iter().filter(|session| !session.finished && !session.cancelled && session.stored > 0)
    {
        let name = escape(session.file.as_deref().unwrap_or("An upload"));
        let of = session.total.map(|total| format!(" of {}", size(total))).unwrap_or_default();
        let _ = write!(running, "<li>{name}: {}{of} stored</li>", size(session.stored));
    }
    if !running.is_empty() {
        running = format!("<h2>On their way</h2><ul>{running}</ul>");
    }
    let quota: String = state
        .quota
        .values()
        .flat_map(|quota| quota.buckets.iter())
        .map(|(name, bucket)| format!("<span>{name} {} of {}</span>", bucket.used, bucket.limit))
        .collect();
    let now = crate::clock::rfc3339(state.now_ms / 1000 * 1000);
    let body = format!(
        "<h1>Published</h1><p class=meta><span>Sandbox time {now}</span>{quota}</p>{running}<div class=grid>{cards}</div>"
    );
    frame("Published", &body, Some(5))
}

fn watch(world: &World, id: &str) -> Answer {
    match crate::state::look(world).videos.iter().find(|video| video.id == id) {
        Some(video) => {
            let words = escape(&video.description).replace('\n', "<br>");
            let body = format!("<p><a href=\"/\">All videos</a></p>{}<p>{words}</p>", card(video, true));
            Answer::html(200, frame(&video.title, &body, None))
        }
        None => Answer::html(404, frame("Not found", "<h1>This video isn’t available</h1>", None)),
    }
}

fn card(video: &VideoView, large: bool) -> String {
    let when = match (video.public_at_ms, &video.publish_at) {
        (Some(ms), _) => format!("public since {}", crate::clock::rfc3339(ms)),
        (None, Some(at)) => format!("will be public at {at}"),
        (None, None) => "not public".into(),
    };
    let hash = video
        .blake3
        .as_deref()
        .map_or_else(|| "not hashed".into(), |hash| format!("blake3 {}…", &hash[..12]));
    let poster =
        if video.thumbnail.is_some() { format!(" poster=\"/thumb/{}\"", video.id) } else { String::new() };
    let title = escape(&video.title);
    let title = if large {
        format!("<h1>{title}</h1>")
    } else {
        format!("<h3><a href=\"/watch?v={}\">{title}</a></h3>", video.id)
    };
    let lists: String =
        video.playlists.iter().map(|list| format!("<span>in {}</span>", escape(&list.title))).collect();
    let tracks: String = video
        .captions
        .iter()
        .map(|track| format!("<span>captions {}</span>", escape(&track.language)))
        .collect();
    format!(
        "<article class=\"{}\"><video src=\"/media/{}\" controls preload=metadata playsinline{poster}></video>{title}\
         <p class=meta><span>{}</span><span class=\"badge {}\">{}</span><span>{when}</span><span>{}</span><span>{hash}</span><span>{}</span>{lists}{tracks}</p></article>",
        if large { "large" } else { "" },
        video.id,
        escape(&video.channel),
        video.privacy,
        video.privacy,
        size(video.bytes),
        video.processing,
    )
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A whole page of the sandbox. `reload_s`: seconds after which it loads itself again.
pub(crate) fn frame(title: &str, body: &str, reload_s: Option<u32>) -> String {
    let reload = reload_s.map(|s| format!("<meta http-equiv=refresh content={s}>")).unwrap_or_default();
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">{reload}\
         <title>{} · Sandbox</title><style>{STYLE}</style></head><body><p class=note>Sandbox: nothing here is on the real internet</p><main>{body}</main></body></html>",
        escape(title)
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5d6673;--line:#d9dee5;--card:#fff;--back:#f4f6f8;--main:#2158d0}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--soft:#9aa4b1;--line:#333a44;--card:#1d2228;--back:#14181c;--main:#7aa2ff}}\
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back)}\
main{max-width:1080px;margin:0 auto;padding:1rem}h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.05rem;margin:1.2rem 0 .4rem}h3{font-size:1rem;margin:.5rem 0 .2rem;overflow-wrap:anywhere}\
a{color:inherit}.note{margin:0;padding:.4rem 1rem;text-align:center;font-size:.85rem;background:var(--main);color:var(--back)}\
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(280px,1fr))}article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.7rem}\
video{width:100%;aspect-ratio:16/9;background:#000;border-radius:6px;display:block}.meta{display:flex;flex-wrap:wrap;gap:.1rem .8rem;margin:0;color:var(--soft);font-size:.85rem}\
.badge{border:1px solid currentColor;border-radius:99px;padding:0 .5rem}.public{color:#1a7f4b}.empty{color:var(--soft)}small{color:var(--soft);overflow-wrap:anywhere}\
form{max-width:560px}.row{display:flex;gap:.7rem;align-items:flex-start;padding:.5rem 0;border-bottom:1px solid var(--line)}.row input{margin-top:.35rem}\
button{font:inherit;padding:.5rem 1.2rem;border-radius:8px;border:1px solid var(--line);background:var(--card);color:inherit}.main{background:var(--main);border-color:var(--main);color:var(--back)}\
.buttons{display:flex;gap:.6rem;justify-content:flex-end}.code{font-family:ui-monospace,monospace}";

/// Kept bytes with `Range`, so that a player can seek. One range at a time; anything odd gets the whole.
fn media(world: &Arc<World>, ask: &Ask, found: Option<(u64, u64, String)>) -> Answer {
    let Some((blob, len, mime)) = found else { return Answer::text(404, "no bytes were kept") };
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
