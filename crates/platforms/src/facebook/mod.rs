//! Facebook Pages, by the Graph API: reels (start, upload, finish) and videos (the app's resumable upload, then the Page's videos).
//!
//! This file only sends each errand to its place: `reel` and `video` (the bytes of each kind), `publish` (the minute, for both),
//! `amend` (edit, re-time, take back), `extras` (cover, captions, collaborators), `ask` (whose Pages are these), `check` (rules that
//! Facts cannot say). `write` says things, `read` understands things; what Instagram shares lies in `graph`. Not here: profiles and
//! groups, which have no such API; photos, stories, comments and insights.

mod amend;
mod ask;
mod check;
mod extras;
mod facts;
mod memo;
mod publish;
mod read;
mod recent;
mod reel;
mod video;
mod write;

#[cfg(test)]
mod tests;

use crate::graph;
use jiff::Timestamp;
use memo::{Kind, Memo, Plan};
use slipway_core::platform::*;
use slipway_core::problem::Problem;

pub(crate) struct Facebook;

impl Platform for Facebook {
    type Memo = Memo;

    fn facts(&self) -> &'static Facts {
        &facts::FACTS
    }

    fn goes_out(&self, job: &Job) -> GoesOut {
        match write::plan(job) {
            Some(Plan::Now) => GoesOut::Now,
            Some(Plan::Staged) => GoesOut::Staged,
            // What is too far ahead is handed over once it is near enough.
            Some(Plan::HandedOver) | None => GoesOut::HandedOver,
        }
    }

    fn check(&self, job: &Job) -> Vec<Problem> {
        check::check(job)
    }

    fn begin(&self, job: &Job) -> Result<Step<Memo>, Fault> {
        match &job.errand {
            Errand::Publish => publish::begin(job),
            Errand::Amend => amend::begin(job),
            Errand::Retract => Ok(amend::begin_retract(job)),
            Errand::Extra(extra) => extras::begin(job, extra),
        }
    }

    fn resume(&self, job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
        use Memo::*;
        match memo {
            Starting { .. } | Sending { .. } | Asking { .. } => reel::resume(job, memo),
            UploadOpening { .. }
            | UploadSending { .. }
            | UploadAsking { .. }
            | Creating { .. }
            | Searching { .. }
            | SearchingPlanned { .. } => video::resume(job, memo),
            Staged { .. } | Finishing { .. } | Releasing { .. } | Reading { .. } | HandedOver { .. } => {
                publish::resume(job, memo)
            }
            AmendLooking { .. }
            | AmendWriting { .. }
            | AmendReading { .. }
            | RetractLooking { .. }
            | Retracting { .. }
            | RetractReading { .. } => amend::resume(memo),
            BesideWaiting { .. }
            | ThumbnailSending { .. }
            | CaptionsLooking { .. }
            | CaptionsSending { .. }
            | Inviting { .. } => extras::resume(job, memo),
        }
    }

    fn after(&self, job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
        use Memo::*;
        match memo {
            Starting { .. } | Sending { .. } | Asking { .. } => reel::after(job, memo, reply),
            UploadOpening { .. }
            | UploadSending { .. }
            | UploadAsking { .. }
            | Creating { .. }
            | Searching { .. }
            | SearchingPlanned { .. } => video::after(job, memo, reply),
            Staged { .. } | Finishing { .. } | Releasing { .. } | Reading { .. } | HandedOver { .. } => {
                publish::after(job, memo, reply)
            }
            AmendLooking { .. }
            | AmendWriting { .. }
            | AmendReading { .. }
            | RetractLooking { .. }
            | Retracting { .. }
            | RetractReading { .. } => amend::after(job, memo, reply),
            BesideWaiting { .. }
            | ThumbnailSending { .. }
            | CaptionsLooking { .. }
            | CaptionsSending { .. }
            | Inviting { .. } => extras::after(job, memo, reply),
        }
    }

    fn extras(&self, job: &Job) -> Vec<Extra> {
        extras::extras(job)
    }

    fn recent(&self, account: &JobAccount, _: Timestamp, cursor: Option<&str>) -> Option<Call> {
        Some(recent::ask(account, cursor))
    }

    fn recently(
        &self,
        _: &JobAccount,
        since: Timestamp,
        cursor: Option<&str>,
        reply: &Reply,
    ) -> Result<Recent, Fault> {
        recent::answer(since, cursor, reply)
    }

    fn ask(&self, question: &Question, account: &JobAccount) -> Call {
        ask::ask(question, account)
    }

    fn answer(&self, question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
        ask::answer(question, account, reply)
    }

    fn token_died(&self, reply: &Reply) -> bool {
        graph::token_died(reply)
    }

    fn nears_limit(&self, reply: &Reply) -> Option<NearLimit> {
        graph::usage::near(reply, read::NAME)
    }
}

/// Where a person finds it, until Facebook itself says where.
fn remote(id: &str, kind: Kind) -> Remote {
    let url = match kind {
        Kind::Reel => format!("https://www.facebook.com/reel/{id}"),
        Kind::Video => format!("https://www.facebook.com/watch/?v={id}"),
    };
    Remote { id: id.into(), url }
}

fn send(stage: Stage, memo: Memo, call: Call) -> Step<Memo> {
    Step::new(stage, memo, Act::Send(Box::new(call)))
}

/// A memo of another errand: the caller's mistake, never a reason to send something.
fn astray(memo: &Memo) -> Fault {
    Fault::Unsure { detail: format!("a memo strayed: {:?}", std::mem::discriminant(memo)) }
}
