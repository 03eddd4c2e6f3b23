//! What goes over the wire, in a platform's words: one request, and what came back. Not here: sending it (`wire`).

use crate::sensitive::Sensitive;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// One HTTP request. The wire adds bearer, host, timeouts and streams the body.
#[derive(Clone, Debug)]
pub struct Call {
    /// The API's own name, e.g. `videos.insert`; stands in attempts, ledgers and test plans.
    pub name: &'static str,
    pub method: http::Method,
    pub target: Target,
    pub query: Vec<(&'static str, String)>,
    pub headers: Vec<(&'static str, String)>,
    pub auth: Auth,
    pub body: Body,
    /// What this call spends, whatever its outcome.
    pub costs: Vec<Cost>,
}

impl Call {
    pub fn new(name: &'static str, method: http::Method, target: Target) -> Self {
        Self {
            name,
            method,
            target,
            query: Vec::new(),
            headers: Vec::new(),
            auth: Auth::Bearer,
            body: Body::Empty,
            costs: Vec::new(),
        }
    }

    pub fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    pub fn header(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((key, value.into()));
        self
    }

    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub fn costs(mut self, bucket: &'static str, units: u32) -> Self {
        self.costs.push(Cost { bucket, units });
        self
    }

    /// Does this change nothing at the platform?
    pub fn is_question(&self) -> bool {
        self.method == http::Method::GET
    }

    /// Does this carry the media itself? Such calls take an upload slot; all others do not.
    pub fn is_upload(&self) -> bool {
        matches!(&self.body, Body::File(part) if matches!(part.file, FileRef::Media | FileRef::More(_)))
    }
}

/// Which token goes with a call, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// None: the address itself is the secret.
    None,
    /// `Authorization: Bearer`, with the account's token.
    Bearer,
    /// `Authorization: OAuth`, with the account's token.
    OAuth,
    /// `Authorization: Bearer`, with the token of the sign-in that the account belongs to.
    OwnerBearer,
    /// `Authorization: OAuth`, with the token of the sign-in that the account belongs to.
    OwnerOAuth,
}

#[derive(Clone, Debug)]
pub enum Target {
    /// A host by its real name, one of the platform's Facts, and a path beginning with `/`.
    At(&'static str, String),
    /// An address the platform gave us. The wire refuses it unless its host is one of the platform's Facts.
    Given(Sensitive<String>),
}

#[derive(Clone, Debug)]
pub enum Body {
    Empty,
    Json(Value),
    Form(Vec<(&'static str, String)>),
    /// Bytes straight from disk; positioned reads, never a copy.
    File(FilePart),
    /// `multipart/related`: a JSON part, then a file (Google's multipart upload).
    Related(Value, FilePart),
    /// `multipart/form-data`: plain fields, then a file under its field and name.
    Multipart {
        fields: Vec<(&'static str, String)>,
        field: &'static str,
        file_name: String,
        part: FilePart,
    },
}

#[derive(Clone, Debug)]
pub struct FilePart {
    pub file: FileRef,
    /// First byte to send.
    pub from: u64,
    /// Bytes to send.
    pub len: u64,
    pub content_type: String,
    /// The last bytes leave no earlier than this: for a platform that makes a post of them at once.
    pub not_before: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRef {
    Media,
    /// The nth of the further videos (`Job::more`).
    More(usize),
    /// A file named by this option.
    Side(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// One of the platform's `QuotaFact::bucket`s.
    pub bucket: &'static str,
    pub units: u32,
}

/// What came back. Bodies are read up to 4 MiB.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// When the reply was complete, by our clock.
    pub at: Option<Timestamp>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `None` when it is not (an HTML page from a proxy, say).
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `Retry-After` in either of its forms (RFC 9110, 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        let now = self.at.unwrap_or(Timestamp::UNIX_EPOCH);
        Some(crate::backoff::RetryAfter::parse(self.header("retry-after")?, now)?.wait(now))
    }

    /// At most 300 characters of the body for a detail, with anything that looks like an address or a token cut out.
    pub fn excerpt(&self) -> String {
        crate::redact::excerpt(&String::from_utf8_lossy(&self.body), 300)
    }
}
