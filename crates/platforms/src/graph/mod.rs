//! What Facebook Pages and Instagram share: Meta's Graph API as a way to refuse, to warn, to sign in and to list Pages.
//!
//! `error` reads its one envelope of errors, `upload` the other one of its upload host, `usage` the headers that warn of a limit,
//! `pages` lists Pages and what was granted, `portfolios` those of a business portfolio, `sign_in` is Facebook Login as data, `time` reads its instants. Not here: what is posted
//! and how, and what a refusal means to one platform alone.

pub(crate) mod error;
pub(crate) mod pages;
pub(crate) mod portfolios;
pub(crate) mod sign_in;
pub(crate) mod time;
pub(crate) mod upload;
pub(crate) mod usage;

#[cfg(test)]
mod tests;

use slipway_core::platform::{Reply, Target};

/// The API itself.
pub(crate) const API: &str = "graph.facebook.com";
/// Where bytes of reels and of Instagram's containers go.
pub(crate) const UPLOADS: &str = "rupload.facebook.com";
/// Of 2026-02-18, usable until 2028-07-29; the documentation's examples show it (Graph API, versions, as of 2026-11).
pub(crate) const VERSION: &str = "v25.0";

/// A node or an edge of the API, e.g. `me/accounts`.
pub(crate) fn at(node: &str) -> Target {
    Target::At(API, format!("/{VERSION}/{node}"))
}

/// An id as the API gives them: digits, and for posts two of them with a line between. Nothing else may stand in a path of ours.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// An id is text in most answers and a number in some.
pub(crate) fn id(value: &serde_json::Value) -> Option<String> {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    is_id(&text).then_some(text)
}

/// Does this reply say that the token is dead? The code says so at any status (mostly 400); on the upload host, which has no codes, the
/// kind or a 401 of its own. A page of a proxy never does (C29).
pub(crate) fn token_died(reply: &Reply) -> bool {
    if let Some(error) = error::of(reply) {
        return error.is_sign_in() && !error.transient;
    }
    upload::error_of(reply).is_some_and(|error| reply.status == 401 || error.kind == upload::NOT_AUTHORIZED)
}
