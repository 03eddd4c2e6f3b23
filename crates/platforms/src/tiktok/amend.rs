//! What TikTok lets nobody do: change a post, or take it back once all of it is there.
//!
//! Apps have no call for either (`publish/cancel` stops only what TikTok fetches itself). So an edit says so, and a retraction looks
//! first: a draft is nobody's but the creator's, and what failed was never posted. Not here: stopping before the last chunk, which the
//! engine does by laying down.

use super::memo::Memo;
use super::read::{self, Stand};
use super::{send, write};
use slipway_core::platform::*;
use slipway_core::problem::{Code, Problem};

pub(crate) fn begin() -> Result<Step<Memo>, Fault> {
    Err(Fault::Refused(Problem::block(
        Code::NotNow,
        "TikTok lets no app change what it has. Change the post in the TikTok app.",
    )))
}

pub(crate) fn no_extra(extra: &Extra) -> Result<Step<Memo>, Fault> {
    Err(Fault::Refused(Problem::block(Code::BadRequest, format!("TikTok has no step \"{}\".", extra.step))))
}

/// Without a remote id there is no post: an upload that never got its last byte makes none.
pub(crate) fn begin_retract(job: &Job) -> Result<Step<Memo>, Fault> {
    match &job.remote {
        None => Ok(gone(String::new())),
        Some(known) if read::is_post_id(&known.id) => Err(Fault::Refused(already_public())),
        Some(known) => Ok(look(known.id.clone())),
    }
}

pub(crate) fn look(id: String) -> Step<Memo> {
    let call = write::status(&id);
    send(Stage::Removing, Memo::Retracting { id }, call)
}

pub(crate) fn looked(job: &Job, id: String, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if read::is_unknown_id(reply) {
        return Err(Fault::Unsure { detail: "TikTok no longer knows what became of this upload".into() });
    }
    match read::seen(reply)?.stand {
        Stand::Failed(_) => Ok(gone(id)),
        // It lies in the creator's inbox, or will: public is only what the creator makes so.
        Stand::Inbox => Ok(left_there(id)),
        Stand::Working if write::is_draft(job) => Ok(left_there(id)),
        Stand::Working => Err(Fault::Refused(Problem::block(
            Code::AlreadyPublic,
            "TikTok has all of the video and posts it by itself; no app can take it back. Delete it in the TikTok app once it is there.",
        ))),
        Stand::Complete => Err(Fault::Refused(already_public())),
    }
}

fn already_public() -> Problem {
    Problem::block(
        Code::AlreadyPublic,
        "TikTok has posted the video already, and no app can take it back. Delete it in the TikTok app.",
    )
}

fn gone(id: String) -> Step<Memo> {
    taken_back(id, Vec::new())
}

fn left_there(id: String) -> Step<Memo> {
    let message = "Cancelled: Slipway does not look after it any more. Its draft is in your TikTok inbox, or comes there; only you can delete it.";
    taken_back(id, vec![Problem::warn(Code::FinishThere, message)])
}

fn taken_back(id: String, notes: Vec<Problem>) -> Step<Memo> {
    let done = Published { remote: None, privacy: None, public_at: None, notes };
    Step::new(Stage::Removing, Memo::Retracting { id }, Act::Done(done))
}
