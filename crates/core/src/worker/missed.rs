//! A post whose minute passed while this computer was off: what the account's own rule says, never a burst, never silence (C5, C17).

use super::Desk;
use crate::engine::{Engine, sql};
use crate::platform::{GoesOut, later};
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue::{self, Ticket};
use crate::schedule::lead::{Missed, on_missed};
use jiff::Timestamp;
use std::time::Duration;

/// A post that missed its minute waits at least this long after the account's last one (C5).
const GAP_AFTER_MISSED: Duration = Duration::from_secs(300);

/// Its minute passed while this computer was off: what the account's rule says (C17). Returns whether to go on.
pub(super) async fn answers_for_its_minute(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    awake_since: Timestamp,
) -> Outcome<bool> {
    let fresh = matches!(ticket.from, State::Due | State::Parked) && ticket.delivery.memo.is_none();
    let waited_for =
        |code: Code| ticket.delivery.problem.as_ref().is_some_and(|problem| problem.code == code);
    if !(fresh || ticket.from == State::Ready || waited_for(Code::Missed)) {
        return Ok(true);
    }
    by_its_rule(engine, ticket, desk, awake_since, fresh).await
}

/// The same for a post that was begun before and is not public: asked before the very call that would make it so. What came before
/// that call is of no consequence, however much of it there was.
pub(super) async fn answers_before_it_commits(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    awake_since: Timestamp,
) -> Outcome<bool> {
    by_its_rule(engine, ticket, desk, awake_since, desk.job.remote.is_none()).await
}

/// `nothing_there`: the platform holds nothing that a person would have to take away.
async fn by_its_rule(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    awake_since: Timestamp,
    nothing_there: bool,
) -> Outcome<bool> {
    let now = engine.clock().now();
    let Some(due) = ticket.delivery.due.filter(|due| *due < now) else { return Ok(true) };
    let waited_for =
        |code: Code| ticket.delivery.problem.as_ref().is_some_and(|problem| problem.code == code);
    let was_offline = waited_for(Code::Offline);
    let missed = due < awake_since || was_offline;
    // "As soon as possible" has no minute to miss.
    if ticket.errand.is_some() || desk.plan.is_none() || ticket.delivery.cancelling || !missed {
        return Ok(true);
    }
    let slot = desk.next_slot(engine, now)?;
    let (again, id) = (ticket.clone(), ticket.delivery.id);
    match on_missed(desk.account.missed_rule, due, now, slot) {
        Missed::NotYet => Ok(true),
        Missed::PublishNow => {
            let late = now.duration_since(due).as_secs() > 60;
            let before_it = desk.earlier_missed_at_work(engine, ticket, now)?;
            let last = if late && before_it { Some(now) } else { desk.last_public(engine)? };
            match last.map(|last| later(last, GAP_AFTER_MISSED)).filter(|end| late && *end > now) {
                None => Ok(true),
                Some(end) => {
                    let why = Problem::block(Code::Missed, "Several posts of this channel were missed. They go out one by one, with a pause between.")
                        .fix(Fix::WaitUntil { at: end });
                    engine.write(move |tx| queue::park(tx, &again, end, &why, false)).await?;
                    Ok(false)
                }
            }
        }
        Missed::AskUser => {
            let why = Problem::block(Code::Missed, "This post's minute passed while Slipway could not send it. Send it now, or give it another time.")
                .fix(Fix::Retry);
            engine.stick(ticket, why, None).await?;
            Ok(false)
        }
        Missed::MoveTo { at } => {
            engine
                .write(move |tx| {
                    queue::lay_down(tx, &again, now)?;
                    queue::re_time(tx, id, at, at, GoesOut::Now, now)
                })
                .await?;
            Ok(false)
        }
        Missed::Skip => {
            let why = Problem::block(
                Code::Missed,
                "This post's minute passed while Slipway could not send it; this channel's rule is to skip such posts.",
            );
            if nothing_there {
                engine
                    .write(move |tx| {
                        queue::cancelled(tx, id)?;
                        sql(tx.execute(
                            "UPDATE delivery SET problem = ?2 WHERE id = ?1",
                            rusqlite::params![id, crate::store::delivery::text(&why)],
                        ))
                        .map(|_| ())
                    })
                    .await?;
            } else {
                engine.stick(ticket, why, None).await?;
            }
            Ok(false)
        }
    }
}
