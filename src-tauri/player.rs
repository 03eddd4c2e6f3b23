//! Serves the chosen videos to the window's player over a loopback port, where the webview plays nothing from a scheme of the app's own.
//!
//! WebKitGTK hands the address of a video to GStreamer, whose source element asks for it over HTTP alone; under `media:` it sees no
//! length and can't seek, and a file that does not fit in one answer never begins. So on Linux the player is given an address on
//! 127.0.0.1 with a random token of this run in it. Everything else on this computer may call the port and gets 404. Only media by
//! number are served, in the range that is asked for, read piece by piece: memory does not grow with the file.

use crate::house::Houses;
use crate::media::{PAGES, range};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use http::{HeaderValue, Method, StatusCode, header};
use std::io::SeekFrom;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes read from the file at a time.
const BLOCK: usize = 256 * 1024;

/// The port and the token, taken before there is a window: its content policy names the port.
pub struct Player {
    listener: TcpListener,
    address: SocketAddr,
    token: String,
}

impl Player {
    /// Takes any free loopback port.
    ///
    /// # Errors
    /// When no port or no random bytes are to be had.
    pub fn bind() -> std::io::Result<Player> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).map_err(|error| std::io::Error::other(error.to_string()))?;
        let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
        Ok(Player { address: listener.local_addr()?, listener, token })
    }

    /// As the content policy names it: this port and no other.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the number of a media is put behind.
    pub fn base(&self) -> String {
        format!("{}/{}/", self.origin(), self.token)
    }

    /// Serves until the program ends.
    pub async fn serve(self, houses: Arc<Houses>) -> std::io::Result<()> {
        let door = Arc::new(Door { host: self.address.to_string(), token: self.token });
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let answer = move |request: Request| {
            let (door, houses) = (door.clone(), houses.clone());
            async move { answer(&door, &houses, request).await }
        };
        axum::serve(listener, Router::new().fallback(answer)).await
    }
}

/// What a request has to know.
struct Door {
    host: String,
    token: String,
}

impl Door {
    /// The media that is asked for. Another name for this computer in `Host` is a page that had its own name resolved to it.
    fn media(&self, method: &Method, host: Option<&str>, path: &str) -> Option<i64> {
        let known = matches!(*method, Method::GET | Method::HEAD) && host == Some(self.host.as_str());
        let (token, id) = path.strip_prefix('/')?.split_once('/')?;
        if !known || !same(token, &self.token) {
            return None;
        }
        id.parse().ok().filter(|id| *id > 0)
    }
}

/// Takes as long whatever differs.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

async fn answer(door: &Door, houses: &Houses, request: Request) -> Response {
    // Nothing that is sent along is looked at.
    let (asked, _) = request.into_parts();
    let text = |name| asked.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(id) = door.media(&asked.method, text(header::HOST), asked.uri.path()) else {
        return nothing(StatusCode::NOT_FOUND);
    };
    let found = houses.engine().and_then(|engine| engine.media_file(id));
    let Ok((path, mime)) = found else { return nothing(StatusCode::NOT_FOUND) };
    let served = file(&path, &mime, text(header::RANGE), asked.method == Method::HEAD).await;
    served.unwrap_or_else(|_| nothing(StatusCode::NOT_FOUND))
}

async fn file(
    path: &std::path::Path,
    mime: &str,
    asked: Option<&str>,
    head: bool,
) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let mut file = tokio::fs::File::open(path).await?;
    let meta = file.metadata().await?;
    if !meta.is_file() {
        return Ok(nothing(StatusCode::NOT_FOUND));
    }
    let size = meta.len();
    let Some((from, to)) = range(asked, size) else {
        let refused = Response::builder()
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .header(header::CONTENT_RANGE, format!("bytes */{size}"));
        return Ok(refused.body(Body::empty())?);
    };
    let length = to - from + 1;
    let mut made = Response::builder()
        .header(header::CONTENT_TYPE, mime)
        .header(header::CONTENT_LENGTH, length)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "no-store")
        // For posters: a frame is read back from what another origin serves only with this word.
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, PAGES)
        .header("cross-origin-resource-policy", "cross-origin")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if asked.is_some() {
        made = made
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}"));
    }
    if head {
        return Ok(made.body(Body::empty())?);
    }
    file.seek(SeekFrom::Start(from)).await?;
    Ok(made.body(Body::from_stream(blocks(file, length)))?)
}

/// The next bytes of the file, a block at a time, each read when the one before it was sent.
fn blocks(
    file: tokio::fs::File,
    length: u64,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    futures_util::stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        let mut block = vec![0; wanted];
        let read = file.read(&mut block).await?;
        if read == 0 {
            // Cut short while it was being played.
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        block.truncate(read);
        Ok(Some((Bytes::from(block), (file, left - read as u64))))
    })
}

fn nothing(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    fn door() -> Door {
        Door { host: "127.0.0.1:4000".into(), token: "secret".into() }
    }

    #[test]
    fn player_serves_only_with_the_token_of_this_run_and_by_number() {
        let asks = |method: Method, host: &str, path: &str| door().media(&method, Some(host), path);
        let here = "127.0.0.1:4000";
        assert_eq!(asks(Method::GET, here, "/secret/7"), Some(7));
        assert_eq!(asks(Method::HEAD, here, "/secret/7"), Some(7));
        assert_eq!(asks(Method::POST, here, "/secret/7"), None);
        for host in ["localhost:4000", "evil.example:4000", "127.0.0.1:4001", "127.0.0.1", ""] {
            assert_eq!(asks(Method::GET, host, "/secret/7"), None, "{host}");
        }
        assert_eq!(door().media(&Method::GET, None, "/secret/7"), None);
        for path in [
            "/7",
            "/Secret/7",
            "/secre/7",
            "/secrets/7",
            "/secret/",
            "/secret/0",
            "/secret/-1",
            "/secret/7/x",
            "/secret//etc/passwd",
            "/secret/../7",
            "//7",
            "/",
        ] {
            assert_eq!(asks(Method::GET, here, path), None, "{path}");
        }
    }

    #[test]
    fn player_takes_a_loopback_port_and_another_token_each_time() {
        let (one, other) = (Player::bind().expect("a port"), Player::bind().expect("a port"));
        assert!(one.address.ip().is_loopback() && one.origin().starts_with("http://127.0.0.1:"));
        assert_eq!(one.token.len(), 43);
        assert_ne!(one.token, other.token);
        assert_eq!(one.base(), format!("{}/{}/", one.origin(), one.token));
    }

    /// 3 MB and more: the whole file, or the asked range of it, in blocks of a bounded size.
    #[tokio::test]
    async fn player_streams_whole_files_and_ranges_in_bounded_blocks() {
        let folder = std::env::temp_dir().join(format!("slipway-player-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("film.mp4");
        let size = 5 * 1024 * 1024 + 7;
        let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        std::fs::write(&path, &bytes).expect("a film");
        for (asked, from, to, status) in [
            (None, 0, size - 1, 200),
            (Some("bytes=0-"), 0, size - 1, 206),
            (Some("bytes=4000000-"), 4_000_000, size - 1, 206),
            (Some("bytes=1000-2999999"), 1000, 2_999_999, 206),
            (Some("bytes=-500"), size - 500, size - 1, 206),
        ] {
            let answer = file(&path, "video/mp4", asked, false).await.expect("an answer");
            assert_eq!(answer.status(), status, "{asked:?}");
            let header = |name: &str| {
                answer.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from)
            };
            assert_eq!(header("content-length"), Some((to - from + 1).to_string()), "{asked:?}");
            let said = asked.map(|_| format!("bytes {from}-{to}/{size}"));
            assert_eq!(header("content-range"), said, "{asked:?}");
            assert_eq!(header("accept-ranges").as_deref(), Some("bytes"));
            let mut whole = Vec::new();
            let mut stream = answer.into_body().into_data_stream();
            while let Some(block) = stream.next().await {
                let block = block.expect("bytes");
                assert!(block.len() <= BLOCK, "{} bytes at once", block.len());
                whole.extend_from_slice(&block);
            }
            assert!(whole == bytes[from..=to], "{asked:?}: other bytes");
        }
        let refused = file(&path, "video/mp4", Some("bytes=99999999-"), false).await.expect("an answer");
        assert_eq!(refused.status(), 416);
        let head = file(&path, "video/mp4", None, true).await.expect("an answer");
        assert_eq!(head.headers()["content-length"], size.to_string().as_str());
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
