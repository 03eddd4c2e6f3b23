//! The pages the browser shows at the end of a sign-in. Nothing of a request is ever put into one; no script, nothing loaded.

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Done,
    Denied,
    Failed,
    WrongState,
    /// The right state and nothing else of use.
    Empty,
    Used,
    ForeignHost,
    NotGet,
    Stray,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#f6f5f2;--card:#fff;--ink:#1b1d21;--soft:#565b64;--line:#e4e2dc;--mark:#0d7a74}\
@media(prefers-color-scheme:dark){:root{--bg:#131518;--card:#1b1e22;--ink:#eceae4;--soft:#a7abb3;--line:#2a2e34;--mark:#3fb8ae}}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:1rem;padding:1.75rem 2rem;background:var(--card);border:1px solid var(--line);border-top:4px solid var(--mark);border-radius:10px}\
h1{margin:0 0 .5rem;font-size:1.25rem}p{margin:0;color:var(--soft)}";

/// The style is let in by its hash, so that nothing else is.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("base64 and fixed words are visible ASCII")
});

impl Page {
    fn status(self) -> StatusCode {
        match self {
            Page::Done | Page::Denied | Page::Failed => StatusCode::OK,
            Page::WrongState | Page::Empty | Page::ForeignHost => StatusCode::BAD_REQUEST,
            Page::Used => StatusCode::GONE,
            Page::NotGet => StatusCode::METHOD_NOT_ALLOWED,
            Page::Stray => StatusCode::NOT_FOUND,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Page::Done => ("Thank you", "You can close this tab. Slipway has what it needs."),
            Page::Denied => (
                "Access was not given",
                "That is fine: nothing was changed. You can close this tab and sign in from Slipway whenever you like.",
            ),
            Page::Failed => (
                "The sign-in did not work",
                "You can close this tab. Slipway says what happened and what helps.",
            ),
            Page::WrongState => (
                "This is not the sign-in Slipway waits for",
                "Nothing was taken from it. If you have several sign-in tabs open, finish the newest one, or start again from Slipway.",
            ),
            Page::Empty => (
                "There is no answer in this address",
                "Slipway is still waiting. Finish the sign-in in its tab.",
            ),
            Page::Used => (
                "This sign-in was answered already",
                "You can close this tab. Look in Slipway for how it went.",
            ),
            Page::ForeignHost | Page::NotGet => ("Not understood", "Slipway takes no such request."),
            Page::Stray => {
                ("Nothing here", "Slipway waits here for the end of a sign-in, and has nothing else.")
            }
        }
    }
}

impl From<Page> for Response {
    fn from(page: Page) -> Response {
        let (title, text) = page.words();
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · Slipway</title><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
        );
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = page.status();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // The address of the page holds the code.
            (header::REFERRER_POLICY, "no-referrer"),
            // An idle connection would keep the listener from closing.
            (header::CONNECTION, "close"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
        response
    }
}
