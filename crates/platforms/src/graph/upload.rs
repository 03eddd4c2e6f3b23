//! Answers of the upload host, which has an envelope of its own: `debug_info` with a kind and a word whether it may be tried again
//! (Reels Publishing API, as of 2026-09-11; Instagram content publishing, resumable uploads).
//!
//! Whatever it says about bytes, the next thing is to ask how many it has: the server's offset is the truth (C21). Not here: that
//! question, which each platform asks of its own node.

use super::error;
use slipway_core::platform::{Fault, Reply};

/// Seen on this host and not in its documentation.
pub(crate) const NOT_AUTHORIZED: &str = "NotAuthorizedError";

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UploadError {
    /// `OffsetInvalidError`, `PartialRequestError`, `ProcessingFailedError`, and others that are not documented.
    pub kind: String,
    /// Does it say that the same upload may go on? `None`: it does not say.
    pub retriable: Option<bool>,
    pub message: String,
}

pub(crate) fn error_of(reply: &Reply) -> Option<UploadError> {
    let body = reply.json()?;
    let told = body.get("debug_info").filter(|told| told.is_object())?;
    Some(UploadError {
        kind: told["type"].as_str().unwrap_or_default().to_string(),
        retriable: told["retriable"].as_bool(),
        message: told["message"].as_str().unwrap_or_default().to_string(),
    })
}

/// All bytes were taken.
pub(crate) fn took(reply: &Reply) -> bool {
    reply.ok() && reply.json().is_some_and(|body| body["success"] == true)
}

/// What can be done about any other answer: ask how far it is, which `resume` does. A wrong token says `ProcessingFailedError` with
/// words in it that we don't read (C29); the question that follows tells it by its code.
pub(crate) fn fault(reply: &Reply, platform: &str) -> Fault {
    match error_of(reply) {
        Some(_) => Fault::Again { after: reply.retry_after(), detail: error::detail(reply) },
        None => error::fault(reply, platform),
    }
}
