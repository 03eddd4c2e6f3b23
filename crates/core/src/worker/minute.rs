//! Nothing is public before its minute: what is asked before the call that makes a post public.

use super::{Desk, Rest, flush};
use crate::engine::Engine;
use crate::platform::{Act, Body, GoesOut, Stage, Step};
use crate::problem::Outcome;
use crate::queue::{self, Ticket};
use crate::store::attempt::Attempt;
use jiff::Timestamp;

/// May the step be taken now?
enum Leave {
    Go,
    /// It was decided by a time that is not trusted any more: ask the platform's protocol again.
    DecideAgain,
    /// Not before this instant.
    NotBefore(Timestamp),
}

/// Holds the call that makes the post public against its minute, once the time is known. Where it may not leave, the claim is laid down
/// and is over. `decided_at` is the time by which the platform's protocol decided.
pub(super) async fn is_held(
    engine: &Engine,
    ticket: &Ticket,
    desk: &mut Desk,
    next: &Step<Vec<u8>>,
    sealed: &[u8],
    decided_at: Timestamp,
    line: &mut Option<Attempt>,
) -> Outcome<bool> {
    if desk.job.due.is_none() {
        return Ok(false);
    }
    if !time_is_known(engine, ticket, desk, line).await? {
        return Ok(true);
    }
    let until = match may_leave(desk, next, decided_at) {
        Leave::Go => return Ok(false),
        Leave::DecideAgain => None,
        Leave::NotBefore(due) => Some(due),
    };
    let rest = Rest {
        memo: sealed.to_vec(),
        stage: next.stage,
        remote: next.remote.clone(),
        confirmed: next.confirmed,
    };
    let (again, now, written) = (ticket.clone(), engine.clock().now(), line.take());
    engine
        .write(move |tx| {
            flush(tx, &again, written)?;
            match until {
                Some(due) => queue::ready(tx, &again, &rest.begun(), due, again.delivery.revision, now),
                None => queue::wait(tx, &again, &rest.begun(), now),
            }
        })
        .await?;
    Ok(true)
}

/// Is the time known by which this claim is decided? Where it can't be, the claim is laid down until there is a connection.
pub(super) async fn time_is_known(
    engine: &Engine,
    ticket: &Ticket,
    desk: &mut Desk,
    line: &mut Option<Attempt>,
) -> Outcome<bool> {
    if let Err(detail) = engine.confirm_time(&desk.platform).await {
        engine.is_offline(ticket, desk, detail, line.take()).await?;
        return Ok(false);
    }
    desk.job.now = engine.clock().now();
    Ok(true)
}

fn may_leave(desk: &Desk, next: &Step<Vec<u8>>, decided_at: Timestamp) -> Leave {
    let Some(due) = desk.job.due else { return Leave::Go };
    let ahead = due > desk.job.now;
    if ahead && due <= decided_at {
        return Leave::DecideAgain;
    }
    // Elsewhere the platform holds it back, or its protocol makes it public by a call of its own at the minute.
    let posts_at_once = matches!(desk.platform.goes_out(&desk.job), GoesOut::AtTheMinute);
    if !ahead || !posts_at_once || ends_at_its_minute(next, due) {
        return Leave::Go;
    }
    Leave::NotBefore(due)
}

/// A body whose last bytes wait for the minute makes nothing public before them.
fn ends_at_its_minute(next: &Step<Vec<u8>>, due: Timestamp) -> bool {
    matches!(&next.act, Act::Send(call) if matches!(&call.body, Body::File(part) if part.not_before.is_some_and(|at| at >= due)))
}

/// Is this the call that makes the post public?
pub(super) fn commits(ticket: &Ticket, next: &Step<Vec<u8>>) -> bool {
    next.stage == Stage::Publishing && matches!(next.act, Act::Send(_)) && ticket.errand.is_none()
}
