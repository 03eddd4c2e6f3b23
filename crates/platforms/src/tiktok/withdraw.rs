//! A cancel while TikTok may have the whole upload. No call ends one, so it is asked until it is certain whether the last chunk arrived.
//!
//! A post exists only by the last chunk. If it was never sent, or was broken off, nothing can come. If it may have left whole, TikTok is
//! looked at for about a minute, which is longer than a front end holds a body back. Not here: what no app can take back (`amend`).

use super::memo::{Memo, Upload};
use super::read::{self, Stand};
use super::{publish, send, write};
use slipway_core::platform::*;
use std::time::Duration;

/// Pauses between looks, in seconds.
const LOOKS: [u64; 5] = [2, 5, 10, 20, 30];

pub(crate) fn withdraw(memo: Memo, left: Left) -> Step<Memo> {
    let upload = match memo {
        Memo::Sending { mut upload, from } => {
            let is_last = from == upload.plan.last_from();
            if is_last && left != Left::Unheard {
                upload.last_sent = upload.last_sent.saturating_sub(1);
            }
            upload
        }
        Memo::Asking { upload, .. } | Memo::Staged { upload } => upload,
        Memo::Withdrawing { upload, looks } => return ask(upload, looks),
        memo @ (Memo::Terms { .. } | Memo::Opening { .. }) => {
            return Step::new(Stage::Removing, memo, Act::Nothing);
        }
        Memo::Looking { post } => return publish::look(post),
        Memo::Draft { post } => return publish::look_at_draft(post),
        Memo::Retracting { id } => return super::amend::look(id),
    };
    if upload.last_sent == 0 { nothing(upload) } else { ask(upload, 0) }
}

pub(crate) fn ask(upload: Upload, looks: u32) -> Step<Memo> {
    let call = write::status(&upload.publish_id);
    send(Stage::Checking, Memo::Withdrawing { upload, looks }, call)
}

pub(crate) fn asked(job: &Job, upload: Upload, looks: u32, reply: &Reply) -> Result<Step<Memo>, Fault> {
    if read::is_unknown_id(reply) {
        return Err(Fault::Unsure {
            detail: "the last of the video was on its way, and TikTok no longer knows the upload".into(),
        });
    }
    let seen = read::seen(reply)?;
    let whole = seen.uploaded.map(|bytes| upload.plan.reached(bytes)) == Some(upload.plan.size);
    match seen.stand {
        Stand::Failed(_) => Ok(nothing(upload)),
        Stand::Complete | Stand::Inbox => publish::judge(job, publish::whole(job, &upload), &seen),
        Stand::Working if whole => publish::judge(job, publish::whole(job, &upload), &seen),
        Stand::Working if (looks as usize) < LOOKS.len() => {
            let wait = Duration::from_secs(LOOKS[looks as usize]);
            let memo = Memo::Withdrawing { upload, looks: looks + 1 };
            Ok(Step::new(Stage::Checking, memo, Act::Wait(wait)))
        }
        Stand::Working if seen.uploaded.is_some() => Ok(nothing(upload)),
        Stand::Working => Err(Fault::Unsure {
            detail: "the last of the video was on its way, and TikTok does not say whether it arrived".into(),
        }),
    }
}

fn nothing(upload: Upload) -> Step<Memo> {
    Step::new(Stage::Removing, Memo::Withdrawing { upload, looks: 0 }, Act::Nothing)
}
