//! What the person asked for while a delivery was worked on: a pause lays it down, a cancel asks until it is known what is there.

use super::rests::Rest;
use super::{Desk, flush};
use crate::engine::Engine;
use crate::platform::{Act, Fault, Left, Stage, Step};
use crate::problem::Outcome;
use crate::queue::{self, Ticket};
use crate::store::attempt::Attempt;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Pause,
    Cancel,
}

/// What a wish leads to before the next step is done.
pub(super) enum Heeded {
    /// The step is done all the same.
    GoOn,
    /// The claim is over.
    Over,
    /// The step is not done. The platform says what remains to be asked or ended, and how much of the step's act has left.
    Withdraw(Left),
}

pub(super) fn wishes(engine: &Engine, ticket: &Ticket) -> Outcome<Option<Wish>> {
    if ticket.errand.is_some() {
        return Ok(None);
    }
    let id = ticket.delivery.id;
    let (paused, cancelling): (bool, bool) = engine.read(|sql| {
        sql.prepare_cached("SELECT paused, cancelling FROM delivery WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
    })?;
    Ok(if cancelling { Some(Wish::Cancel) } else { paused.then_some(Wish::Pause) })
}

/// A pause lays the step down before it opens or sends anything. A cancel takes back what is there; where nothing is known, it goes on
/// asking until it is certain that nothing is there and nothing can come.
pub(super) async fn heed(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    next: &Step<Vec<u8>>,
    sealed: &[u8],
    wish: Wish,
    line: &mut Option<Attempt>,
) -> Outcome<Heeded> {
    let known = desk.job.remote.is_some();
    // What makes a post of bytes that are no post yet counts as opening: nothing is there before it, and everything after.
    let commits = !known && next.stage == Stage::Publishing;
    let opens =
        matches!(&next.act, Act::Send(call) if call.is_upload() || next.stage == Stage::Opening || commits);
    // Bytes that wait for their minute under no id become a post by nobody but us.
    let waits_unknown = !known && matches!(next.act, Act::Ready { .. });
    let (again, now) = (ticket.clone(), engine.clock().now());
    let id = ticket.delivery.id;
    let rest = Rest {
        memo: sealed.to_vec(),
        stage: next.stage,
        remote: next.remote.clone(),
        confirmed: next.confirmed,
    };
    match wish {
        Wish::Cancel if matches!(next.act, Act::Nothing) => {
            nothing_there(engine, ticket, line.take()).await?;
            Ok(Heeded::Over)
        }
        // Also what was just read back as public: the person had not been told so. The platform's protocol says whether it may be removed.
        Wish::Cancel if known => {
            let written = line.take();
            engine
                .write(move |tx| {
                    flush(tx, &again, written)?;
                    queue::wait(tx, &again, &rest.begun(), now)?;
                    queue::cancel(tx, id, now).map(|_| ())
                })
                .await?;
            Ok(Heeded::Over)
        }
        Wish::Cancel if opens || waits_unknown => Ok(Heeded::Withdraw(Left::Nothing)),
        Wish::Pause if opens => {
            let written = line.take();
            engine
                .write(move |tx| {
                    flush(tx, &again, written)?;
                    queue::put_by(tx, &again, &rest.begun(), now)
                })
                .await?;
            Ok(Heeded::Over)
        }
        _ => Ok(Heeded::GoOn),
    }
}

/// Does this fault say for certain that nothing is there?
pub(super) fn says_nothing_there(fault: &Fault) -> bool {
    matches!(fault, Fault::Lost { .. } | Fault::Failed(_))
}

/// A cancel came to its end: the platform has nothing of it.
pub(super) async fn nothing_there(engine: &Engine, ticket: &Ticket, line: Option<Attempt>) -> Outcome<()> {
    let (again, now) = (ticket.clone(), engine.clock().now());
    engine
        .write(move |tx| {
            flush(tx, &again, line)?;
            queue::nothing_there(tx, &again, now)
        })
        .await
}

/// Laid down with the next step unsent: the process ends.
pub(super) async fn put_by(
    engine: &Engine,
    ticket: &Ticket,
    rest: Rest,
    line: Option<Attempt>,
) -> Outcome<()> {
    let (again, now) = (ticket.clone(), engine.clock().now());
    engine
        .write(move |tx| {
            flush(tx, &again, line)?;
            queue::put_by(tx, &again, &rest.begun(), now)
        })
        .await
}
