//! The listener the browser is sent back to: on this computer only, for one sign-in, for one answer.
//!
//! Whatever runs on this computer, and any web page, can call the port. So an answer counts only with the state of this sign-in, to a
//! loopback name, by GET, once; everything else gets an error page and changes nothing. Not here: what the answer is traded for.

use super::page::Page;
use crate::facts::SignInFacts;
use crate::sensitive::SecretString;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::{Method, header};
use oauth2::RedirectUrl;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};

/// How long the last page may take to reach the browser before the listener goes anyway.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// What the platform answered through the browser.
#[derive(Debug)]
pub(super) enum Redirect {
    Code(SecretString),
    /// The user said no.
    Denied,
    /// Another `error`, only the characters that RFC 6749 has in its codes kept.
    Refused {
        error: String,
    },
}

/// Where the answer of one sign-in comes to, and what the platform is told of it.
#[derive(Debug)]
pub(super) struct Landing {
    listener: TcpListener,
    path: String,
    pub redirect: RedirectUrl,
    /// The port, where a page elsewhere has to be told it.
    pub state_port: Option<u16>,
}

/// Takes a port: the registered one, or any that is free. Only then is the address known that the platform is to send the browser to.
pub(super) async fn bind(facts: &SignInFacts, registered: Option<&str>) -> std::io::Result<Landing> {
    let odd = || std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let registered = registered.map(Url::parse).transpose().map_err(|_| odd())?;
    let fixed = registered.as_ref().filter(|url| url.scheme() == "http");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, fixed.and_then(Url::port).unwrap_or(0))).await?;
    let port = listener.local_addr()?.port();
    let path = fixed.map_or_else(|| facts.redirect_path.to_string(), |url| url.path().to_string());
    let address = match &registered {
        Some(url) => url.to_string(),
        None => format!("http://{}:{port}{}", facts.redirect_host, facts.redirect_path),
    };
    let redirect = RedirectUrl::new(address).map_err(|_| odd())?;
    let state_port = (registered.is_some() && fixed.is_none()).then_some(port);
    Ok(Landing { listener, path, redirect, state_port })
}

/// The open listener. Closes when dropped.
#[derive(Debug)]
pub(super) struct Door {
    answer: oneshot::Receiver<Redirect>,
    saw_wrong_state: Arc<AtomicBool>,
    shut: CancellationToken,
    serving: JoinHandle<()>,
}

impl Door {
    pub(super) fn open(landing: Landing, state: SecretString) -> Door {
        let Landing { listener, path, .. } = landing;
        let (sender, answer) = oneshot::channel();
        let saw_wrong_state = Arc::new(AtomicBool::new(false));
        let shut = CancellationToken::new();
        let expected = Arc::new(Expected {
            // A browser asks for `/` where the address has no path.
            path: if path.is_empty() { "/".into() } else { path },
            port: listener.local_addr().map(|address| address.port()).unwrap_or(0),
            state,
            taken: Mutex::new(Some(sender)),
            saw_wrong_state: saw_wrong_state.clone(),
        });
        let router = Router::new().fallback(move |request: Request| {
            let page = expected.take(&request);
            async move { Response::from(page) }
        });
        let until = shut.clone();
        let serving = tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(until.cancelled_owned());
            // It ends with an error only if accepting fails for good; then the sign-in ends by time-out.
            let _ = serve.await;
        });
        Door { answer, saw_wrong_state, shut, serving }
    }

    /// The one right answer. Never returns if none comes.
    pub(super) async fn answer(&mut self) -> Redirect {
        match (&mut self.answer).await {
            Ok(redirect) => redirect,
            Err(_) => std::future::pending().await,
        }
    }

    pub(super) fn saw_wrong_state(&self) -> bool {
        self.saw_wrong_state.load(Ordering::SeqCst)
    }

    /// Shuts the listener once the pages under way have been sent.
    pub(super) async fn close(mut self) {
        self.shut.cancel();
        let _ = tokio::time::timeout(LAST_PAGE, &mut self.serving).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut.cancel();
    }
}

struct Expected {
    path: String,
    port: u16,
    state: SecretString,
    /// Where the answer goes; gone once it went.
    taken: Mutex<Option<oneshot::Sender<Redirect>>>,
    saw_wrong_state: Arc<AtomicBool>,
}

impl Expected {
    /// Judges a request, passes a right first answer on, and says which page to show.
    fn take(&self, request: &Request) -> Page {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        if !host.is_some_and(|host| self.is_loopback(host)) {
            return Page::ForeignHost;
        }
        if request.uri().path() != self.path {
            return Page::Stray;
        }
        if request.method() != Method::GET {
            return Page::NotGet;
        }
        let Some(fields) = fields(request.uri().query().unwrap_or_default()) else { return self.wrong() };
        if !fields.get("state").is_some_and(|state| same(state.expose(), self.state.expose())) {
            return self.wrong();
        }
        let (redirect, page) =
            match (fields.get("code"), fields.get("error").map(|error| plain_code(error.expose()))) {
                (_, Some(error)) if error == "access_denied" => (Redirect::Denied, Page::Denied),
                (_, Some(error)) => (Redirect::Refused { error }, Page::Failed),
                (Some(code), None) if !code.expose().is_empty() => (Redirect::Code(code.clone()), Page::Done),
                _ => return Page::Empty,
            };
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        match taken {
            Some(sender) => {
                // Whoever waited is gone only if the sign-in was just given up.
                let _ = sender.send(redirect);
                page
            }
            None => Page::Used,
        }
    }

    fn wrong(&self) -> Page {
        tracing::warn!("an answer with a wrong state came to the sign-in and was not taken");
        self.saw_wrong_state.store(true, Ordering::SeqCst);
        Page::WrongState
    }

    /// A page elsewhere can make its own name point at this computer (DNS rebinding); the name then stands in `Host`.
    fn is_loopback(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        port.parse() == Ok(self.port) && (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost"))
    }
}

/// The query's fields; none of them if one is there twice (RFC 6749, 3.1).
fn fields(query: &str) -> Option<BTreeMap<String, SecretString>> {
    let mut fields = BTreeMap::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        if fields.insert(key.into_owned(), SecretString::from(value.into_owned())).is_some() {
            return None;
        }
    }
    Some(fields)
}

/// Equality that takes as long for a near miss as for a far one.
fn same(given: &str, expected: &str) -> bool {
    given.len() == expected.len()
        && given.bytes().zip(expected.bytes()).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

fn plain_code(error: &str) -> String {
    error.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').take(40).collect()
}
