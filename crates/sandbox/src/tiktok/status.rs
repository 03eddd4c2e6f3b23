//! `POST /v2/post/publish/status/fetch/` and `/cancel/` (contract tiktok 5.5). What a task has come to is read off the clock.
//! Unsure: how long a task can be asked about (for ever here), what is said of one whose upload address has died (it stays at
//! `PROCESSING_UPLOAD` here), whether the list of ids is empty or absent while there is none (empty here).

use super::Desk;
use super::books::{Stage, Task};
use super::errors::{Refusal, refuse};
use serde_json::{Value, json};

pub(crate) fn fetch(desk: Desk<'_>) -> Result<Value, Refusal> {
    let task = asked(&desk)?;
    desk.world.calls.note(desk.ask.seq, |call| call.session = Some(task.ordinal));
    let mut data = json!({ "status": word(task.stage(desk.now)), "uploaded_bytes": task.stored });
    if let Stage::Failed(reason) = task.stage(desk.now) {
        data["fail_reason"] = reason.into();
    }
    let ids: Vec<u64> = task.public_id(desk.now).into_iter().collect();
    data["publicaly_available_post_id"] = json!(ids);
    Ok(data)
}

/// Only what TikTok pulls from an address can be cancelled.
pub(crate) fn cancel(desk: Desk<'_>) -> Result<Value, Refusal> {
    asked(&desk)?;
    Err(refuse(400, "publish_not_cancellable", "The publish task cannot be cancelled."))
}

pub(crate) fn word(stage: Stage<'_>) -> &'static str {
    match stage {
        Stage::Uploading | Stage::Processing => "PROCESSING_UPLOAD",
        Stage::InInbox => "SEND_TO_USER_INBOX",
        Stage::Published => "PUBLISH_COMPLETE",
        Stage::Failed(_) => "FAILED",
    }
}

fn asked<'a>(desk: &'a Desk<'_>) -> Result<&'a Task, Refusal> {
    let body = desk.json()?;
    let Some(id) = body["publish_id"].as_str() else { return Err(desk.bad("The publish_id is invalid")) };
    let Some(task) = desk.books.task(id) else {
        return Err(refuse(400, "invalid_publish_id", "The publish_id does not exist."));
    };
    if task.owner != desk.who.creator.key {
        let message = "The publish_id belongs to another user.";
        return Err(refuse(400, "token_not_authorized_for_specified_publish_id", message));
    }
    Ok(task)
}
