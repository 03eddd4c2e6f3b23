//! One request and its ending, in the few terms all platforms share: what was asked, an answer, or a cut connection.

use crate::world::World;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// One request as a platform reads it.
pub(crate) struct Ask {
    /// The real host name its listener stands for.
    pub(crate) host: &'static str,
    /// The loopback address it came to, without a slash at the end.
    pub(crate) base: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
    /// Its number in the call log.
    pub(crate) seq: u64,
}

/// The client went away, or sent more than this call can need.
pub(crate) enum Unread {
    Gone,
    TooLong,
}

impl Ask {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter, which may be repeated or comma-separated.
    pub(crate) fn query_list(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name);
        values
            .flat_map(|(_, value)| value.split(','))
            .map(str::trim)
            .filter(|v| !v.is_empty())
            .map(String::from)
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type without its parameters, lower case.
    pub(crate) fn content_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Reads a body that belongs in memory.
    pub(crate) async fn read_body(&mut self, world: &World, limit: usize) -> Result<Bytes, Unread> {
        let mut all = Vec::new();
        while let Some(frame) = self.body.frame().await {
            let Ok(frame) = frame else { return Err(Unread::Gone) };
            if let Ok(data) = frame.into_data() {
                world.calls.note(self.seq, |call| call.body_bytes += data.len() as u64);
                if all.len() + data.len() > limit {
                    self.drain(world).await;
                    return Err(Unread::TooLong);
                }
                all.extend_from_slice(&data);
            }
        }
        Ok(all.into())
    }

    /// Reads and forgets what is still coming, so that the client gets to read a refusal: closing on unread bytes resets the
    /// connection and may take the answer with it. Bounded, since a refused body can be endless. Returns the bytes read.
    pub(crate) async fn drain(&mut self, world: &World) -> u64 {
        const ENOUGH: u64 = 64 << 20;
        let mut seen = 0;
        let reading = async {
            while seen < ENOUGH {
                match self.body.frame().await {
                    Some(Ok(frame)) => seen += frame.into_data().map_or(0, |data| data.len() as u64),
                    _ => break,
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), reading).await;
        world.calls.note(self.seq, |call| call.body_bytes += seen);
        seen
    }
}

/// The first half of a body; then the connection ends.
struct Half {
    whole: AnswerBody,
    /// What the answer announces.
    length: u64,
    /// Until the half is on its way; a connection that ends at once takes it along.
    breaks: Option<Pin<Box<Sleep>>>,
}

impl Body for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(breaks) = &mut self.breaks {
            ready!(breaks.as_mut().poll(context));
            return Poll::Ready(Some(Err(std::io::Error::other("broken off as planned"))));
        }
        let frame = ready!(Pin::new(&mut self.whole).poll_frame(context));
        self.breaks = Some(Box::pin(tokio::time::sleep(Duration::from_millis(100))));
        let data = frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
        Poll::Ready(Some(Ok(Frame::data(data.slice(..data.len() / 2)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// How a request ends.
pub(crate) enum Ending {
    Answer(Answer),
    /// The connection is closed without a word.
    Cut,
}

impl From<Answer> for Ending {
    fn from(answer: Answer) -> Ending {
        Ending::Answer(answer)
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: AnswerBody,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Answer {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
        Answer { status, headers: HeaderMap::new(), body }
    }

    pub(crate) fn empty(status: u16) -> Answer {
        Answer::new(status, Bytes::new())
    }

    pub(crate) fn json(status: u16, value: &impl serde::Serialize) -> Answer {
        let text = serde_json::to_vec_pretty(value).unwrap_or_else(|_| b"{}".to_vec());
        Answer::new(status, text).header("content-type", "application/json; charset=UTF-8")
    }

    pub(crate) fn html(status: u16, text: String) -> Answer {
        Answer::new(status, text).header("content-type", "text/html; charset=utf-8")
    }

    pub(crate) fn text(status: u16, text: &str) -> Answer {
        Answer::new(status, text.to_string()).header("content-type", "text/plain; charset=utf-8")
    }

    /// Sends the browser on.
    pub(crate) fn redirect(to: &str) -> Answer {
        Answer::empty(302).header("location", to)
    }

    /// The same answer, broken off in the middle of its body. One without a body is cut before its end.
    #[must_use]
    pub(crate) fn half(mut self) -> Answer {
        let hint = self.body.size_hint().exact();
        self.body = Half { whole: self.body, length: hint.unwrap_or(0).max(1), breaks: None }.boxed_unsync();
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Answer {
        // A value that cannot stand in a header was put together wrongly here; the answer goes without it.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(header::HeaderName::from_static(name), value);
        }
        self
    }
}

/// Text as it may stand in HTML, attributes included.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
