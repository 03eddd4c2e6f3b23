//! TikTok, by its Content Posting API: a direct post at its minute, or a draft in the creator's inbox.
//!
//! TikTok knows no scheduling, and the last byte is what posts. So all but the last chunk goes ahead, and the last bytes of that one leave
//! at the minute. This file only sends each errand to its place: `publish` (terms, opening, what became of it),
//! `transfer` (the bytes), `chunks` (how they are cut), `amend` (what can't be changed or taken back),
//! `withdraw` (a cancel before that), `ask` (who am I, what may I
//! choose), `check` (rules that Facts cannot say). `write` says things, `read` understands things. Not here: photos (TikTok fetches
//! them from a verified domain only), statistics.

mod amend;
mod ask;
mod check;
mod chunks;
mod facts;
mod memo;
mod publish;
mod read;
mod transfer;
mod withdraw;
mod write;

#[cfg(test)]
mod tests;

use memo::Memo;
use slipway_core::platform::*;
use slipway_core::problem::Problem;

pub(crate) struct TikTok;

impl Platform for TikTok {
    type Memo = Memo;

    fn facts(&self) -> &'static Facts {
        &facts::FACTS
    }

    fn goes_out(&self, job: &Job) -> GoesOut {
        if job.ahead().is_some() { GoesOut::AtTheMinute } else { GoesOut::Now }
    }

    fn check(&self, job: &Job) -> Vec<Problem> {
        check::check(job)
    }

    fn begin(&self, job: &Job) -> Result<Step<Memo>, Fault> {
        match &job.errand {
            Errand::Publish => publish::begin(job),
            Errand::Amend => amend::begin(),
            Errand::Retract => amend::begin_retract(job),
            Errand::Extra(extra) => amend::no_extra(extra),
        }
    }

    fn resume(&self, job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
        if let Some(step) = publish::already_known(job, &memo) {
            return Ok(step);
        }
        match memo {
            Memo::Terms { start } | Memo::Opening { start } => publish::start(job, start),
            Memo::Sending { .. } | Memo::Asking { .. } | Memo::Staged { .. } => transfer::resume(job, memo),
            Memo::Looking { post } => Ok(publish::look(post)),
            Memo::Draft { post } => Ok(publish::look_at_draft(post)),
            Memo::Retracting { id } => Ok(amend::look(id)),
            Memo::Withdrawing { upload, looks } => Ok(withdraw::ask(upload, looks)),
        }
    }

    fn withdraw(&self, _: &Job, memo: Memo, left: Left) -> Result<Step<Memo>, Fault> {
        Ok(withdraw::withdraw(memo, left))
    }

    fn after(&self, job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
        if let Some(step) = publish::already_known(job, &memo) {
            return Ok(step);
        }
        match memo {
            Memo::Terms { start } => publish::termed(job, start, reply),
            Memo::Opening { start } => publish::opened(job, start, reply),
            Memo::Sending { upload, from } => transfer::put_answered(job, upload, from, reply),
            Memo::Asking { upload, from, looks } => transfer::asked(job, upload, from, looks, reply),
            // It sends nothing; whoever hears something here woke from it.
            Memo::Staged { upload } => transfer::resume(job, Memo::Staged { upload }),
            Memo::Looking { post } => publish::looked(job, post, reply),
            Memo::Draft { post } => publish::looked_at_draft(job, post, reply),
            Memo::Retracting { id } => amend::looked(job, id, reply),
            Memo::Withdrawing { upload, looks } => withdraw::asked(job, upload, looks, reply),
        }
    }

    fn extras(&self, _: &Job) -> Vec<Extra> {
        Vec::new()
    }

    fn ask(&self, question: &Question, _: &JobAccount) -> Call {
        ask::ask(question)
    }

    fn answer(&self, question: &Question, account: &JobAccount, reply: &Reply) -> Result<Answer, Fault> {
        ask::answer(question, account, reply)
    }

    /// A permission that is missing is a 401 as well, and a fresh token does not bring it.
    fn token_died(&self, reply: &Reply) -> bool {
        reply.status == 401 && read::code(reply) != "scope_not_authorized"
    }
}

/// A post under its own number.
fn posted(id: &str, username: &str) -> Remote {
    Remote { id: id.into(), url: format!("https://www.tiktok.com/@{username}/video/{id}") }
}

/// What TikTok gives no number: an upload under way, a draft, a post that is not public. A person finds it on the profile.
fn unnumbered(publish_id: &str, username: Option<&str>) -> Remote {
    Remote { id: publish_id.into(), url: profile(username) }
}

fn profile(username: Option<&str>) -> String {
    match username {
        Some(name) => format!("https://www.tiktok.com/@{name}"),
        None => "https://www.tiktok.com/".into(),
    }
}

fn send(stage: Stage, memo: Memo, call: Call) -> Step<Memo> {
    Step::new(stage, memo, Act::Send(Box::new(call)))
}
