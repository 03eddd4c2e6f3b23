//! What comes beside the post once it is there: its comments switched off (C8, C9). May be said twice.
//!
//! Not here: a first comment, which does not exist yet.

use super::memo::Memo;
use super::{astray, read, send, write};
use serde_json::json;
use slipway_core::platform::*;
use slipway_core::problem::{Code, Problem};
use std::time::Duration;

const COMMENTS_OFF: &str = "comments_off";

pub(crate) fn extras(job: &Job) -> Vec<Extra> {
    // Stories have no comments.
    let off = !write::is_story(job) && !write::flag(job, "comments");
    off.then(|| Extra { step: COMMENTS_OFF.into(), input: json!({}) }).into_iter().collect()
}

pub(crate) fn begin(job: &Job, extra: &Extra) -> Result<Step<Memo>, Fault> {
    let known = job.remote.as_ref().ok_or_else(|| {
        Fault::Refused(Problem::block(Code::NotNow, "Instagram does not have the post yet."))
    })?;
    match extra.step.as_str() {
        COMMENTS_OFF => Ok(comments_off(job, known.id.clone())),
        other => Err(Fault::Refused(Problem::block(
            Code::BadRequest,
            format!("Instagram has no step \"{other}\"."),
        ))),
    }
}

pub(crate) fn comments_off(job: &Job, id: String) -> Step<Memo> {
    let call = write::comments_off(job, &id);
    send(Stage::Editing, Memo::CommentsOff { id }, call)
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if !matches!(memo, Memo::CommentsOff { .. }) {
        return Err(astray(&memo));
    }
    if read::is_gone(reply) {
        // A new post may be unknown to other parts of Instagram for a while.
        return Err(Fault::Again {
            after: Some(Duration::from_secs(30)),
            detail: "the post is not known there yet".into(),
        });
    }
    let body = read::object(reply)?;
    if body["success"] != true {
        return Err(Fault::Strange { detail: "neither yes nor no to switching comments off".into() });
    }
    let published =
        Published { remote: job.remote.clone(), privacy: None, public_at: None, notes: Vec::new() };
    Ok(Step::new(Stage::Checking, memo, Act::Done(published)))
}
