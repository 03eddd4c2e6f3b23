//! The only HTTP in Slipway: which hosts may be spoken to, the bearer, time-outs, streaming from disk, redaction.
//!
//! A call goes to a host of its platform's Facts or nowhere; redirects are never followed; nothing that could be a secret (address,
//! header, body) reaches a log. Not here: what to send (`platform`), whether to send again (`worker`).

mod body;
pub mod hosts;
mod proof;

use crate::clock::{Clock, trust};
use crate::media::MediaFault;
use crate::media::original::Original;
use crate::platform::{Auth, Body, Call, FileRef, Reply, Target};
use crate::sensitive::Sensitive;
use crate::throttle::Throttle;
use anyhow::Context;
use body::FileBody;
use hosts::Hosts;
pub use proof::Proof;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;
use zeroize::Zeroizing;

/// Replies are read up to this many bytes; more is cut, no API answer of ours is that long.
const MAX_REPLY: usize = 4 << 20;
/// A small call must be answered within this time.
const SMALL_TIMEOUT: Duration = Duration::from_secs(60);
/// An upload may take as long as it likes while bytes move; without any for this long it is cut and resumed.
const STALL: Duration = Duration::from_secs(60);
/// After the last byte of a large body a platform may think for this long before it answers.
const AFTER_LAST_BYTE: Duration = Duration::from_secs(300);

/// Files a call's body may be read from.
#[derive(Clone, Default)]
pub struct Files {
    pub media: Option<Arc<Original>>,
    /// The further videos of the post, in order.
    pub more: Vec<Arc<Original>>,
    pub sides: BTreeMap<String, Arc<Original>>,
}

impl Files {
    fn get(&self, file: &FileRef) -> Option<Arc<Original>> {
        match file {
            FileRef::Media => self.media.clone(),
            FileRef::More(nth) => self.more.get(*nth).cloned(),
            FileRef::Side(key) => self.sides.get(key).cloned(),
        }
    }
}

/// What an upload shows while it runs, and how it is told to stop. Shared with whoever watches.
#[derive(Default)]
pub struct Gauge {
    /// Bytes of this call's body handed to the network.
    sent: AtomicU64,
    /// Bytes this call's body has in all.
    whole: AtomicU64,
    /// The last bytes wait for their minute.
    held: AtomicBool,
    was_held: AtomicBool,
    stop: AtomicBool,
    ending: AtomicBool,
    /// `OPEN`, `LEFT` or `BARRED`: decides once for each call whether a stop or the last byte of its body came first.
    body: AtomicU8,
    stopped: tokio::sync::Notify,
    /// The minute of what it sends presses: it goes first on the line.
    pressing: Arc<AtomicBool>,
    /// It left the line to another upload for a while: its speed says nothing of the line.
    gave_way: AtomicBool,
}

/// The body's last byte has not left; a stop may break it off.
const OPEN: u8 = 0;
/// All of the call has left (or it has no file in its body): only its answer can say what came of it.
const LEFT: u8 = 1;
/// A stop came first: the last byte never leaves.
const BARRED: u8 = 2;

impl Gauge {
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Breaks off a body whose last byte has not left. A call that left in full is not broken off: its answer is waited for.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.bar();
        self.stopped.notify_waiters();
    }

    /// The process ends: questions, which change nothing, are broken off, too.
    pub fn end(&self) {
        self.ending.store(true, Ordering::SeqCst);
        self.stop();
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Says whether the minute of what it sends presses.
    pub fn set_pressing(&self, pressing: bool) {
        self.pressing.store(pressing, Ordering::Relaxed);
    }

    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    fn bar(&self) {
        let _ = self.body.compare_exchange(OPEN, BARRED, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// May the last byte leave now? Asked by the body before it hands that byte out.
    fn last_byte_leaves(&self) -> bool {
        let was = self.body.compare_exchange(OPEN, LEFT, Ordering::SeqCst, Ordering::SeqCst);
        was != Err(BARRED)
    }

    fn is_barred(&self) -> bool {
        self.body.load(Ordering::SeqCst) == BARRED
    }

    /// Did the running call leave the line to an upload whose minute pressed?
    pub(crate) fn gave_way(&self) -> bool {
        self.gave_way.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    fn is_whole(&self) -> bool {
        self.sent() >= self.whole.load(Ordering::Relaxed)
    }

    /// A new call begins. `body`: it carries a file.
    fn restart(&self, body: bool) {
        self.sent.store(0, Ordering::Relaxed);
        self.gave_way.store(false, Ordering::Relaxed);
        self.held.store(false, Ordering::Relaxed);
        self.was_held.store(false, Ordering::Relaxed);
        self.whole.store(0, Ordering::Relaxed);
        self.body.store(if body { OPEN } else { LEFT }, Ordering::SeqCst);
        if self.is_stopped() {
            self.bar();
        }
    }

    fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
        self.was_held.store(true, Ordering::Relaxed);
    }

    /// Did the running call's last bytes wait for their minute? Then its length says nothing of the line.
    pub(crate) fn was_held(&self) -> bool {
        self.was_held.load(Ordering::Relaxed)
    }

    async fn until_broken_off(&self, question: bool) {
        loop {
            let notified = self.stopped.notified();
            if self.is_barred() || question && self.is_ending() {
                return;
            }
            notified.await;
        }
    }
}

/// How a call ended. Only `Reply` says what the platform thinks; every other end leaves that open.
#[derive(Debug)]
pub enum Sent {
    Reply(Reply),
    /// No connection was made: nothing was sent.
    Offline {
        detail: String,
    },
    /// The connection broke or fell silent: the call may have had its effect.
    Cut {
        detail: String,
    },
    /// The file is no longer what it was; the body was broken off before its last byte.
    File(MediaFault),
    /// We were told to stop, and the call was broken off: of a body the last byte never left.
    Stopped,
    /// The call names a host that is not its platform's, or one the sandbox does not have.
    Forbidden {
        host: String,
    },
}

/// The tokens a call may go out with.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The account's.
    pub token: Arc<Sensitive<String>>,
    /// That of the sign-in the account belongs to, where it is another.
    pub owner: Option<Arc<Sensitive<String>>>,
    /// Goes with whichever token a call bears.
    pub proof: Option<Proof>,
}

impl Bearer {
    pub fn new(token: Arc<Sensitive<String>>) -> Bearer {
        Bearer { token, owner: None, proof: None }
    }

    /// Scheme and token that go with a call.
    fn of(&self, auth: Auth) -> Option<(&'static str, &Sensitive<String>)> {
        let owner = self.owner.as_deref().unwrap_or(&self.token);
        match auth {
            Auth::None => None,
            Auth::Bearer => Some(("Bearer", &self.token)),
            Auth::OAuth => Some(("OAuth", &self.token)),
            Auth::OwnerBearer => Some(("Bearer", owner)),
            Auth::OwnerOAuth => Some(("OAuth", owner)),
        }
    }
}

/// The door to the network. Cheap to clone.
#[derive(Clone)]
pub struct Wire {
    /// Made for the first call: it reads the system's certificates, and most commands never call anybody.
    client: Arc<OnceLock<reqwest::Client>>,
    hosts: Arc<Hosts>,
    throttle: Throttle,
    clock: Clock,
}

impl Wire {
    /// `hosts` decides once and for all which world this process speaks to.
    pub fn new(hosts: Hosts, throttle: Throttle, clock: Clock) -> anyhow::Result<Wire> {
        // Another part of the process may have chosen a provider already; then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Wire { client: Arc::default(), hosts: Arc::new(hosts), throttle, clock })
    }

    fn client(&self) -> anyhow::Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Slipway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .pool_idle_timeout(Duration::from_secs(50))
            .http1_only()
            .tcp_nodelay(true);
        if self.hosts.is_sandbox() {
            // Loopback without TLS: no certificate is ever looked at.
            client = client.no_proxy().tls_certs_only([]);
        }
        let client = client.build().context("preparing the HTTP client")?;
        Ok(self.client.get_or_init(|| client))
    }

    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Sends one call. `allowed` are the platform's hosts; of `bearer`, if given, that token goes with it which the call asks for.
    pub async fn send(
        &self,
        allowed: &[&str],
        call: Call,
        bearer: Option<&Bearer>,
        files: &Files,
        gauge: &Arc<Gauge>,
    ) -> Sent {
        let mut url = match self.address(allowed, &call) {
            Ok(url) => url,
            Err(host) => return Sent::Forbidden { host },
        };
        let borne = bearer.and_then(|bearer| bearer.of(call.auth));
        // An address that the platform gave is called as it stands.
        if let (Target::At(..), Some(proof), Some((_, token))) =
            (&call.target, bearer.and_then(|bearer| bearer.proof.as_ref()), borne)
        {
            url.query_pairs_mut().append_pair(proof.field, &proof.of(token));
        }
        let large = matches!(call.body, Body::File(_) | Body::Related(..) | Body::Multipart { .. });
        let question = call.is_question();
        gauge.restart(large);
        let mut request = match self.client() {
            Ok(client) => client.request(call.method.clone(), url),
            Err(error) => return Sent::Offline { detail: format!("{error:#}") },
        };
        if let Some((scheme, token)) = borne {
            let value = Zeroizing::new(format!("{scheme} {}", token.expose()));
            match http::HeaderValue::from_str(&value) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    request = request.header(http::header::AUTHORIZATION, value);
                }
                Err(_) => return Sent::Cut { detail: "the access token can't stand in a header".into() },
            }
        }
        for (key, value) in &call.headers {
            request = request.header(*key, value);
        }
        let mut broken = None;
        request = match call.body {
            // A POST or PUT without a body still has a length (Google's status query asks for it).
            Body::Empty if call.method == http::Method::POST || call.method == http::Method::PUT => {
                request.header(http::header::CONTENT_LENGTH, "0")
            }
            Body::Empty => request,
            Body::Json(value) => request
                .header(http::header::CONTENT_TYPE, "application/json; charset=UTF-8")
                .body(value.to_string()),
            Body::Form(fields) => request.form(&fields),
            Body::File(part) => {
                let Some(file) = files.get(&part.file) else { return Sent::File(MediaFault::Missing) };
                request = request.header(http::header::CONTENT_TYPE, &part.content_type);
                let mut body = FileBody::new(file, part.from, part.len, self.throttle.clone(), gauge.clone());
                if let Some(at) = part.not_before {
                    body = body.ends_at(self.clock.clone(), at);
                }
                broken = Some(body.fault());
                request.body(reqwest::Body::wrap(body))
            }
            Body::Related(head, part) => {
                let Some(file) = files.get(&part.file) else { return Sent::File(MediaFault::Missing) };
                let boundary = format!("slipway-{:016x}", self.clock.now().as_nanosecond() as u64);
                request = request
                    .header(http::header::CONTENT_TYPE, format!("multipart/related; boundary={boundary}"));
                let before = format!(
                    "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{head}\r\n--{boundary}\r\nContent-Type: {}\r\n\r\n",
                    part.content_type
                );
                let body = FileBody::new(file, part.from, part.len, self.throttle.clone(), gauge.clone())
                    .between(before, format!("\r\n--{boundary}--\r\n"));
                broken = Some(body.fault());
                request.body(reqwest::Body::wrap(body))
            }
            Body::Multipart { fields, field, file_name, part } => {
                let Some(file) = files.get(&part.file) else { return Sent::File(MediaFault::Missing) };
                let boundary = format!("slipway-{:016x}", self.clock.now().as_nanosecond() as u64);
                request = request
                    .header(http::header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"));
                let before = form_head(&boundary, &fields, field, &file_name, &part.content_type);
                let body = FileBody::new(file, part.from, part.len, self.throttle.clone(), gauge.clone())
                    .between(before, format!("\r\n--{boundary}--\r\n"));
                broken = Some(body.fault());
                request.body(reqwest::Body::wrap(body))
            }
        };
        let whose = allowed.first().copied().unwrap_or_default();
        let sent_at = self.clock.reading();
        let answered = async {
            let reply = if large {
                self.watch_for_stall(request.send(), gauge).await?
            } else {
                tokio::time::timeout(SMALL_TIMEOUT, request.send())
                    .await
                    .map_err(|_| End::Silent)?
                    .map_err(End::Http)?
            };
            let read = tokio::time::timeout(SMALL_TIMEOUT, read_reply(reply));
            read.await.map_err(|_| End::Silent)?.map_err(End::Http)
        };
        let ended = tokio::select! {
            biased;
            ended = answered => ended,
            () = gauge.until_broken_off(question) => return Sent::Stopped,
        };
        if let Some(fault) = broken.and_then(|slot| slot.lock().ok().and_then(|mut slot| slot.take())) {
            return Sent::File(fault);
        }
        match ended {
            Ok(mut reply) => {
                // An answer out of a cache says when it was made, not what time it is.
                if let Some(date) = reply.header("date").filter(|_| reply.header("age").is_none()) {
                    self.clock.hear(whose, trust::read_date(date), sent_at, self.clock.reading());
                }
                reply.at = Some(self.clock.now());
                Sent::Reply(reply)
            }
            Err(_) if gauge.is_barred() => Sent::Stopped,
            Err(End::Silent) => Sent::Cut { detail: "no answer in time".into() },
            Err(End::Http(error)) if error.is_connect() => Sent::Offline { detail: plain(error) },
            Err(End::Http(error)) => Sent::Cut { detail: plain(error) },
        }
    }

    /// Waits for the answer to a large body: gives up when no byte moved for a while, not when it takes long.
    async fn watch_for_stall(
        &self,
        sending: impl Future<Output = reqwest::Result<reqwest::Response>>,
        gauge: &Gauge,
    ) -> Result<reqwest::Response, End> {
        tokio::pin!(sending);
        let mut last = gauge.sent();
        let mut still = Duration::ZERO;
        loop {
            tokio::select! {
                ended = &mut sending => return ended.map_err(End::Http),
                () = tokio::time::sleep(Duration::from_secs(5)) => {
                    let sent = gauge.sent();
                    let paused = self.throttle.limit() == Some(0)
                        || self.throttle.gives_way(&gauge.pressing)
                        || gauge.held.load(Ordering::Relaxed);
                    still = if sent == last && !paused { still + Duration::from_secs(5) } else { Duration::ZERO };
                    let patience = if sent == last && gauge.is_whole() { AFTER_LAST_BYTE } else { STALL };
                    if still >= patience {
                        return Err(End::Silent);
                    }
                    last = sent;
                }
            }
        }
    }

    /// The address to call, or the host that may not be called.
    fn address(&self, allowed: &[&str], call: &Call) -> Result<Url, String> {
        let mut url = match &call.target {
            Target::At(host, path) => {
                if !hosts::allows(allowed, host) {
                    return Err((*host).to_string());
                }
                self.hosts.address(host, path).ok_or_else(|| (*host).to_string())?
            }
            Target::Given(address) => {
                let url =
                    Url::parse(address.expose()).map_err(|_| "an address we cannot read".to_string())?;
                if !self.hosts.is_one_of(&url, allowed) {
                    return Err(url.host_str().unwrap_or("no host").to_string());
                }
                url
            }
        };
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query.iter().map(|(key, value)| (*key, value.as_str())));
        }
        Ok(url)
    }
}

/// What stands before the file in a `multipart/form-data` body (RFC 7578).
fn form_head(
    boundary: &str,
    fields: &[(&'static str, String)],
    field: &str,
    file_name: &str,
    content_type: &str,
) -> String {
    let mut head = String::new();
    for (key, value) in fields {
        head.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n"
        ));
    }
    // A quote or a line break in a name would end the header; browsers write them so.
    let name = file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    head.push_str(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n"
    ));
    head
}

enum End {
    Silent,
    Http(reqwest::Error),
}

/// The error's own words without the address, which may be a secret.
fn plain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    crate::redact::excerpt(&text, 200)
}

async fn read_reply(mut response: reqwest::Response) -> reqwest::Result<Reply> {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter_map(|(key, value)| Some((key.as_str().to_string(), value.to_str().ok()?.to_string())))
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = MAX_REPLY.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if room <= chunk.len() {
            break;
        }
    }
    Ok(Reply { status, headers, body, at: None })
}

/// The platform's own name for the request, for the history. Only headers that are known not to be secrets
/// (`x-guploader-uploadid` is the session and stays out).
pub fn request_id(reply: &Reply) -> Option<String> {
    ["x-request-id", "x-fb-trace-id", "x-tt-logid", "x-li-uuid", "x-transaction-id"]
        .into_iter()
        .find_map(|name| reply.header(name))
        .map(|id| crate::redact::excerpt(id, 80))
}
