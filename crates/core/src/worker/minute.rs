//! Nothing is public before its minute: what is asked before the call that makes a post public.

use super::Desk;
use crate::engine::Engine;
use crate::platform::{Act, Body, GoesOut, Stage, Step};
use crate::problem::Outcome;
use crate::queue::Ticket;
use crate::store::attempt::Attempt;
use jiff::Timestamp;

/// May the step be taken now?
pub(super) enum Leave {
    Go,
    /// It was decided by a time that is not trusted any more: ask the platform's protocol again.
    DecideAgain,
    /// Not before this instant.
    NotBefore(Timestamp),
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

/// Holds a committing step against its minute. `decided_at` is the time by which the platform's protocol decided.
pub(super) fn may_leave(desk: &Desk, next: &Step<Vec<u8>>, decided_at: Timestamp) -> Leave {
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
    next.stage == Stage::Publishing && ticket.errand.is_none()
}
