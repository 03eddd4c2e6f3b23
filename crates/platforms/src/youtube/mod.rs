//! YouTube, by its Data API v3: a resumable upload, then the platform publishes by itself at `publishAt`.
//!
//! This file only sends each errand to its place: `publish` (the upload and the minute), `amend` (edit, re-time, take back),
//! `extras` (thumbnail, playlist, captions), `ask` (who am I, live lists), `check` (rules that Facts cannot say). `write` says
//! things, `read` understands things. Not here: live streams, comments, analytics.

mod amend;
mod ask;
mod check;
mod extras;
mod facts;
mod memo;
mod publish;
mod read;
mod recent;
mod withdraw;
mod write;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use memo::{Memo, Plan};
use slipway_core::platform::*;
use slipway_core::problem::Problem;
use std::time::Duration;

pub(crate) struct YouTube;

impl Platform for YouTube {
    type Memo = Memo;

    fn facts(&self) -> &'static Facts {
        &facts::FACTS
    }

    fn goes_out(&self, job: &Job) -> GoesOut {
        match write::plan(job) {
            Plan::Now => GoesOut::Now,
            Plan::HandedOver => GoesOut::HandedOver,
            Plan::Staged => GoesOut::Staged,
        }
    }

    fn check(&self, job: &Job) -> Vec<Problem> {
        check::check(job)
    }

    fn begin(&self, job: &Job) -> Result<Step<Memo>, Fault> {
        match &job.errand {
            Errand::Publish => Ok(publish::begin(job)),
            Errand::Amend => amend::begin(job),
            Errand::Retract => Ok(amend::begin_retract(job)),
            Errand::Extra(extra) => extras::begin(job, extra),
        }
    }

    fn resume(&self, job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
        use Memo::*;
        match memo {
            Opening { .. }
            | Sending { .. }
            | Asking { .. }
            | Searching { .. }
            | Matching { .. }
            | Ending { .. }
            | Ended { .. }
            | Reading { .. }
            | HandedOver { .. }
            | Staged { .. }
            | Releasing { .. } => publish::resume(job, memo),
            AmendLooking { .. }
            | AmendWriting { .. }
            | AmendReading { .. }
            | RetractLooking { .. }
            | Retracting { .. }
            | RetractReading { .. } => amend::resume(memo),
            ThumbnailLooking { .. }
            | ThumbnailSending { .. }
            | PlaylistLooking { .. }
            | PlaylistAdding { .. }
            | CaptionsLooking { .. }
            | CaptionsSending { .. } => extras::resume(job, memo),
        }
    }

    fn after(&self, job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
        use Memo::*;
        match memo {
            Opening { .. }
            | Sending { .. }
            | Asking { .. }
            | Searching { .. }
            | Matching { .. }
            | Ending { .. }
            | Ended { .. }
            | Reading { .. }
            | HandedOver { .. }
            | Staged { .. }
            | Releasing { .. } => publish::after(job, memo, reply),
            AmendLooking { .. }
            | AmendWriting { .. }
            | AmendReading { .. }
            | RetractLooking { .. }
            | Retracting { .. }
            | RetractReading { .. } => amend::after(job, memo, reply),
            ThumbnailLooking { .. }
            | ThumbnailSending { .. }
            | PlaylistLooking { .. }
            | PlaylistAdding { .. }
            | CaptionsLooking { .. }
            | CaptionsSending { .. } => extras::after(job, memo, reply),
        }
    }

    fn withdraw(&self, job: &Job, memo: Memo, left: Left) -> Result<Step<Memo>, Fault> {
        withdraw::withdraw(job, memo, left)
    }

    fn extras(&self, job: &Job) -> Vec<Extra> {
        extras::extras(job)
    }

    fn ask(&self, question: &Question, _: &JobAccount) -> Call {
        ask::ask(question)
    }

    fn recent(&self, account: &JobAccount, _: Timestamp, cursor: Option<&str>) -> Option<Call> {
        recent::ask(account, cursor)
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

    fn answer(&self, question: &Question, _: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
        ask::answer(question, reply)
    }

    fn owner_in(&self, reply: &Reply) -> Option<String> {
        read::channel_of(reply)
    }
}

/// Where a person finds the video.
fn remote(id: &str) -> Remote {
    Remote { id: id.into(), url: format!("https://www.youtube.com/watch?v={id}") }
}

/// The `n`th pause of a growing row of seconds; its last one for ever after.
fn pause(row: &[u64], n: u32) -> Duration {
    let at = (n as usize).min(row.len().saturating_sub(1));
    Duration::from_secs(row.get(at).copied().unwrap_or(60))
}

fn send(stage: Stage, memo: Memo, call: Call) -> Step<Memo> {
    Step::new(stage, memo, Act::Send(Box::new(call)))
}
