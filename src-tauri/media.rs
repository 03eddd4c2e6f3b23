//! `media://localhost/file/N` and `media://localhost/poster/N`: the chosen videos and their pictures, for the window alone.
//!
//! Only what is in the media table can be asked for, by number: no path ever comes from the window. Files are read by position, a
//! bounded piece an answer. On Linux videos are played from `player` instead, whose first lines say why.

use crate::house::Houses;
use crate::{poster, window};
use slipway_core::engine::Engine;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{Manager, UriSchemeContext, UriSchemeResponder, Wry};

/// As much of a file as one answer brings. A player asks for more.
const PIECE: u64 = 1024 * 1024;

type Answer = Response<Vec<u8>>;

pub fn answer(context: UriSchemeContext<'_, Wry>, request: Request<Vec<u8>>, responder: UriSchemeResponder) {
    let houses = context.app_handle().state::<Arc<Houses>>().inner().clone();
    let own = context.webview_label() == window::MAIN;
    tauri::async_runtime::spawn(async move {
        let range =
            request.headers().get(header::RANGE).and_then(|range| range.to_str().ok()).map(String::from);
        let mut answer = match (own, houses.engine(), wanted(request.uri().path())) {
            (true, Ok(engine), Some((Wanted::File, id))) => file(engine, id, range).await,
            (true, Ok(engine), Some((Wanted::Poster, id))) => match poster::poster(&engine, id).await {
                Some(picture) => whole("image/jpeg", picture),
                None => nothing(StatusCode::NOT_FOUND),
            },
            _ => nothing(StatusCode::NOT_FOUND),
        };
        // Without it the window may show a video but not read a frame of it, which is how posters are drawn where ffmpeg is not.
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static(PAGES));
        responder.respond(answer);
    });
}

/// Where the window's own pages come from.
pub(crate) const PAGES: &str =
    if cfg!(any(windows, target_os = "android")) { "http://tauri.localhost" } else { "tauri://localhost" };

#[derive(Debug, PartialEq)]
enum Wanted {
    File,
    Poster,
}

fn wanted(path: &str) -> Option<(Wanted, i64)> {
    let path = path.replace("%2F", "/");
    let (kind, id) = path.trim_start_matches('/').split_once('/')?;
    let id = id.parse().ok().filter(|id| *id > 0)?;
    match kind {
        "file" => Some((Wanted::File, id)),
        "poster" => Some((Wanted::Poster, id)),
        _ => None,
    }
}

async fn file(engine: Engine, id: i64, range: Option<String>) -> Answer {
    let read = tauri::async_runtime::spawn_blocking(move || -> Option<Answer> {
        let (path, mime) = engine.media_file(id).ok()?;
        let mut file = std::fs::File::open(path).ok()?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        let Some((from, to)) = piece(range.as_deref(), size) else {
            let refused = Response::builder()
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"));
            return refused.body(Vec::new()).ok();
        };
        file.seek(SeekFrom::Start(from)).ok()?;
        let mut body = Vec::new();
        file.take(to - from + 1).read_to_end(&mut body).ok()?;
        let end = (from + body.len() as u64).checked_sub(1)?;
        Response::builder()
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_TYPE, mime)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_RANGE, format!("bytes {from}-{end}/{size}"))
            .body(body)
            .ok()
    });
    read.await.ok().flatten().unwrap_or_else(|| nothing(StatusCode::NOT_FOUND))
}

/// First and last byte of the answer, cut to a piece.
fn piece(asked: Option<&str>, size: u64) -> Option<(u64, u64)> {
    range(asked, size).map(|(from, to)| (from, to.min(from + PIECE - 1)))
}

/// First and last byte that are asked for (RFC 9110, section 14): one range, or all.
pub(crate) fn range(range: Option<&str>, size: u64) -> Option<(u64, u64)> {
    let last = size.checked_sub(1)?;
    let (from, to) = match range {
        None => (0, last),
        Some(range) => {
            let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
            match (from.parse::<u64>().ok(), to) {
                (Some(from), "") => (from, last),
                (Some(from), to) => (from, to.parse::<u64>().ok()?.min(last)),
                (None, to) if from.is_empty() => {
                    (size.saturating_sub(to.parse().ok().filter(|n| *n > 0)?), last)
                }
                _ => return None,
            }
        }
    };
    (from <= to && from <= last).then_some((from, to))
}

fn whole(mime: &str, body: Vec<u8>) -> Answer {
    let made = Response::builder()
        .header(header::CONTENT_TYPE, mime)
        .header(header::CACHE_CONTROL, "max-age=86400")
        .body(body);
    made.unwrap_or_else(|_| nothing(StatusCode::INTERNAL_SERVER_ERROR))
}

fn nothing(status: StatusCode) -> Answer {
    let mut answer = Response::new(Vec::new());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_asked_for_never_a_path() {
        assert_eq!(wanted("/file/7"), Some((Wanted::File, 7)));
        assert_eq!(wanted("/poster%2F7"), Some((Wanted::Poster, 7)));
        for path in [
            "/file//etc/passwd",
            "/file/../7",
            "/file/-1",
            "/file/0",
            "/file/7/x",
            "/secret/7",
            "/",
            "",
            "/file/",
        ] {
            assert_eq!(wanted(path), None, "{path}");
        }
    }

    #[test]
    fn a_range_is_cut_to_a_piece_and_nonsense_is_refused() {
        let size = 3 * PIECE;
        assert_eq!(piece(None, size), Some((0, PIECE - 1)));
        assert_eq!(piece(Some("bytes=0-"), 10), Some((0, 9)));
        assert_eq!(piece(Some("bytes=4-6"), 10), Some((4, 6)));
        assert_eq!(piece(Some("bytes=4-600"), 10), Some((4, 9)));
        assert_eq!(piece(Some("bytes=-4"), 10), Some((6, 9)));
        assert_eq!(piece(Some("bytes=-400"), 10), Some((0, 9)));
        for bad in [
            "bytes=10-",
            "bytes=6-4",
            "bytes=-0",
            "bytes=-",
            "bytes=a-b",
            "lines=1-2",
            "bytes=1-2,4-5",
            "bytes=18446744073709551616-",
        ] {
            assert_eq!(piece(Some(bad), 10), None, "{bad}");
        }
        assert_eq!(piece(None, 0), None);
    }
}
