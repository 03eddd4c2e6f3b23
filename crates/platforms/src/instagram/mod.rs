//! Instagram, by Meta's Graph API: reels, stories and posts of several videos, staged ahead and published at their minute.
//!
//! This file only sends each errand to its place: `publish` (containers and their bytes), `release` (the minute and what follows it),
//! `extras` (comments off), `ask` (whose accounts, what is left today), `check` (rules that Facts cannot say). `write` says things,
//! `read` understands things, `options` and `facts` are data. What Instagram and Facebook Pages share is `graph`. Not here: pictures
//! (Instagram fetches them from public addresses only), comments, insights, messages.

mod ask;
mod check;
mod extras;
mod facts;
mod memo;
mod options;
mod publish;
mod read;
mod recent;
mod release;
mod write;

#[cfg(test)]
mod tests;

use crate::graph::{self, usage};
use jiff::Timestamp;
use memo::Memo;
use slipway_core::platform::*;
use slipway_core::problem::Problem;
use std::time::Duration;

pub(crate) struct Instagram;

impl Platform for Instagram {
    type Memo = Memo;

    fn facts(&self) -> &'static Facts {
        &facts::FACTS
    }

    fn goes_out(&self, job: &Job) -> GoesOut {
        if job.ahead().is_some() { GoesOut::Staged } else { GoesOut::Now }
    }

    fn check(&self, job: &Job) -> Vec<Problem> {
        check::check(job)
    }

    fn begin(&self, job: &Job) -> Result<Step<Memo>, Fault> {
        match &job.errand {
            Errand::Publish => publish::begin(job),
            Errand::Amend => release::amend(job),
            Errand::Retract => release::retract(job),
            Errand::Extra(extra) => extras::begin(job, extra),
        }
    }

    fn resume(&self, job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
        use Memo::*;
        match memo {
            Creating { .. } | Uploading { .. } | Asking { .. } | Polling { .. } | Failed { .. } => {
                publish::resume(job, memo)
            }
            Staged { .. } | Publishing { .. } | Checking { .. } | Searching { .. } | Reading { .. } => {
                release::resume(job, memo)
            }
            Gone => release::retract(job),
            CommentsOff { id } => Ok(extras::comments_off(job, id)),
        }
    }

    fn after(&self, job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
        use Memo::*;
        match memo {
            Creating { .. } | Uploading { .. } | Asking { .. } | Polling { .. } | Failed { .. } => {
                publish::after(job, memo, reply)
            }
            Staged { .. } | Publishing { .. } | Checking { .. } | Searching { .. } | Reading { .. } => {
                release::after(job, memo, reply)
            }
            Gone => release::retract(job),
            CommentsOff { .. } => extras::after(job, memo, reply),
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
        account: &JobAccount,
        since: Timestamp,
        cursor: Option<&str>,
        reply: &Reply,
    ) -> Result<Recent, Fault> {
        recent::answer(account, since, cursor, reply)
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
        usage::near(reply, facts::FACTS.name)
    }
}

/// Where a person finds the post, until its own address was read: the channel.
fn remote(job: &Job, id: &str) -> Remote {
    let handle = job.account.handle.as_deref().filter(|handle| read::is_handle(handle));
    Remote { id: id.into(), url: profile(handle) }
}

fn profile(handle: Option<&str>) -> String {
    handle.map_or_else(
        || "https://www.instagram.com/".into(),
        |name| format!("https://www.instagram.com/{name}/"),
    )
}

/// The `n`th pause of a growing row of seconds; its last one for ever after.
fn pause(row: &[u64], n: u32) -> Duration {
    let at = (n as usize).min(row.len().saturating_sub(1));
    Duration::from_secs(row.get(at).copied().unwrap_or(60))
}

fn send(stage: Stage, memo: Memo, call: Call) -> Step<Memo> {
    Step::new(stage, memo, Act::Send(Box::new(call)))
}

/// A memo of another errand: the caller's mistake, never a reason to send something.
fn astray(memo: &Memo) -> Fault {
    Fault::Unsure { detail: format!("a memo strayed: {:?}", std::mem::discriminant(memo)) }
}
