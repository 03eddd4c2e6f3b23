//! A cancel while no video is known: the open session is ended, so that nothing can complete later, and the channel is asked.
//!
//! A session that was ended makes no video, but the last byte may have arrived just before. Only where the first body was broken off
//! before its last byte, and the session says that it is gone, the channel need not be searched. Not here: deleting a video (`amend`).

use super::memo::{Memo, Session};
use super::publish::{exists, resume, search};
use super::read::{self, Doing};
use super::{pause, send, write};
use slipway_core::platform::*;

/// Pauses between tries to end a session, in seconds.
const AGAIN: [u64; 4] = [1, 2, 5, 10];
/// So often a session is ended that stays open, before that counts as a failure.
const TRIES: u32 = 4;

pub(crate) fn withdraw(job: &Job, memo: Memo, left: Left) -> Result<Step<Memo>, Fault> {
    Ok(match (memo, left) {
        (Memo::Sending { session, .. }, Left::Nothing) if session.puts <= 1 => nothing(session),
        (Memo::Sending { session, .. }, left) => {
            let partial = left == Left::Part && session.puts <= 1;
            end(session, partial, 0)
        }
        (Memo::Asking { session, .. }, _) => end(session, false, 0),
        (memo @ (Memo::Ending { .. } | Memo::Ended { .. }), _) => resumed(job, memo)?,
        (memo @ (Memo::Searching { .. } | Memo::Matching { .. }), Left::Unheard) => resume(job, memo)?,
        // No byte was ever sent.
        (memo, _) => Step::new(Stage::Removing, memo, Act::Nothing),
    })
}

pub(crate) fn resumed(job: &Job, memo: Memo) -> Result<Step<Memo>, Fault> {
    match memo {
        Memo::Ending { session, partial, tries } => Ok(end(session, partial, tries)),
        Memo::Ended { session, partial, tries } => Ok(ask(job, session, partial, tries)),
        other => resume(job, other),
    }
}

pub(crate) fn after(job: &Job, memo: Memo, reply: &Reply) -> Result<Step<Memo>, Fault> {
    // It was complete: YouTube repeats its video.
    let made = read::uploaded(reply).filter(|_| matches!(reply.status, 200 | 201));
    match (memo, made) {
        (Memo::Ending { session, .. } | Memo::Ended { session, .. }, Some(id)) => {
            Ok(exists(id, session, job.media.size))
        }
        // 499 is the documented answer of Google's upload services. Whatever was said, the session itself is asked.
        (Memo::Ending { session, partial, tries }, None) if reply.ok() || is_over(reply) => {
            Ok(ask(job, session, partial, tries))
        }
        (Memo::Ended { session, partial: true, .. }, None) if is_over(reply) => Ok(nothing(session)),
        (Memo::Ended { session, .. }, None) if is_over(reply) => search(job, session, 0),
        (Memo::Ended { session, partial, tries }, None)
            if (reply.ok() || reply.status == 308) && tries < TRIES =>
        {
            let memo = Memo::Ending { session, partial, tries: tries + 1 };
            Ok(Step::new(Stage::Removing, memo, Act::Wait(pause(&AGAIN, tries))))
        }
        (_, None) if reply.ok() || reply.status == 308 => {
            Err(Fault::Again { after: None, detail: "the upload session can't be ended".into() })
        }
        (_, _) => Err(read::fault(reply, Doing::Bytes)),
    }
}

/// The session takes no bytes any more.
fn is_over(reply: &Reply) -> bool {
    matches!(reply.status, 404 | 410 | 499)
}

fn end(session: Session, partial: bool, tries: u32) -> Step<Memo> {
    let call = write::end_session(&session);
    send(Stage::Removing, Memo::Ending { session, partial, tries }, call)
}

fn ask(job: &Job, session: Session, partial: bool, tries: u32) -> Step<Memo> {
    let call = write::query(job, &session);
    send(Stage::Removing, Memo::Ended { session, partial, tries }, call)
}

fn nothing(session: Session) -> Step<Memo> {
    Step::new(Stage::Removing, Memo::Asking { session, vague: 0 }, Act::Nothing)
}
