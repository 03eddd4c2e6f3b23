//! A step that asks for no call: where the delivery rests, until when, and what a person is told who waits too long. Not here: the calls.

use super::{Desk, flush, pace};
use crate::engine::Engine;
use crate::platform::{Act, Stage, later};
use crate::post::{FINISH_GRACE, HAND_OVER_GRACE, State};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue::{self, Begun, Ticket};
use crate::store::Tx;
use crate::store::attempt::Attempt;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// What a step leaves behind when nothing is sent now.
#[derive(Clone)]
pub(super) struct Rest {
    pub(super) memo: Vec<u8>,
    pub(super) stage: Stage,
    pub(super) remote: Option<crate::platform::Remote>,
    pub(super) confirmed: Option<u64>,
}

impl Rest {
    pub(super) fn begun(&self) -> Begun<'_> {
        Begun { memo: &self.memo, stage: self.stage, remote: self.remote.as_ref(), confirmed: self.confirmed }
    }
}

/// A queue that was put back does not know of what was edited after its copy was made: the minute that the platform keeps is the right
/// one, unless somebody has edited it here since. Returns whether the delivery has another minute now and is looked at again.
pub(super) async fn takes_its_minute(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    at: Timestamp,
    rest: &Rest,
    line: &mut Option<Attempt>,
) -> Outcome<bool> {
    // Platforms keep whole seconds.
    let Some(due) = desk.job.due.filter(|due| at.duration_since(*due).abs() >= SignedDuration::from_secs(1))
    else {
        return Ok(false);
    };
    let Some(plan) = desk.plan_at(engine, at)? else { return Ok(false) };
    tracing::info!(delivery = ticket.delivery.id, %due, %at, "the platform has another minute than the queue that was put back");
    let (again, rest, written, now) = (ticket.clone(), rest.clone(), line.clone(), engine.clock().now());
    let taken = engine
        .write(move |tx| {
            if !queue::takes_the_minute(tx, &again, &rest.begun(), (at, &plan), now)? {
                return Ok(false);
            }
            flush(tx, &again, written)?;
            Ok(true)
        })
        .await?;
    if taken {
        *line = None;
    }
    Ok(taken)
}

/// The step asks for no call: where the delivery rests, and until when.
pub(super) async fn rests(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    act: Act,
    rest: Rest,
    line: Option<Attempt>,
) -> Outcome<()> {
    let now = engine.clock().now();
    let again = ticket.clone();
    if matches!(act, Act::Ready { .. } | Act::HandedOver { .. } | Act::ToFinish { .. }) {
        engine.inner.last_bytes.forget(ticket.delivery.id);
    }
    match act {
        Act::Wait(lasting) => {
            if waits_too_long(ticket, now) {
                return engine.stick(ticket, not_public(desk), line).await;
            }
            let publishes = rest.stage == Stage::Publishing && desk.job.ahead().is_none();
            let until = later(now, lasting.clamp(Duration::from_millis(50), Duration::from_secs(3600)));
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::wait(tx, &again, &rest.begun(), until)?;
                // Its minute is here, and the platform may still keep another one: an edit made since is what it waits for.
                if publishes && again.errand.is_none() {
                    queue::catch_up(tx, again.delivery.id, now)?;
                }
                Ok(())
            };
            engine.write(write).await
        }
        Act::Ready { early } => {
            let due = desk.job.due.unwrap_or(now);
            let at = due.checked_sub(early).unwrap_or(due);
            let revision = ticket.delivery.revision;
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::ready(tx, &again, &rest.begun(), at, revision, now)
            };
            engine.write(write).await
        }
        Act::HandedOver { look } => {
            if waits_too_long(ticket, now) {
                return engine.stick(ticket, not_public(desk), line).await;
            }
            let soon = later(now, look.max(Duration::from_secs(1)));
            let look = desk.job.ahead().map_or(soon, |due| due.min(soon));
            let extras = desk.platform.extras(&desk.job);
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::handed_over(tx, &again, &rest.begun(), look, &extras, now)
            };
            engine.write(write).await
        }
        Act::ToFinish { look, there } => {
            let since = ticket.delivery.due.unwrap_or(ticket.delivery.created_at);
            if ticket.delivery.state == State::ToFinish
                && since.checked_add(FINISH_GRACE).is_ok_and(|end| now > end)
            {
                return engine.stick(ticket, never_finished(desk), line).await;
            }
            let look = later(now, look.max(Duration::from_secs(1)));
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                queue::to_finish(tx, &again, &rest.begun(), look, &there, now)
            };
            engine.write(write).await
        }
        Act::Done(done) => {
            let took = pace::last_byte_to_public(engine, ticket, desk);
            let account = desk.account.id;
            let extras = if ticket.errand.is_none() { desk.platform.extras(&desk.job) } else { Vec::new() };
            let write = move |tx: &mut Tx| {
                flush(tx, &again, line)?;
                if let Some(took) = took {
                    crate::store::account::add_pace(tx, account, took)?;
                }
                match &again.errand {
                    None => queue::done(tx, &again, &rest.begun(), &done, &extras, now),
                    Some(_) => queue::errand_done(tx, &again, &done.notes, now),
                }
            };
            engine.write(write).await
        }
        Act::Nothing => Err(Problem::block(Code::Internal, "Nothing is there, and nobody had asked.")),
        // Handled by the caller, who has the connection for it.
        Act::Send(_) => Err(Problem::block(Code::Internal, "A call was laid aside unsent.")),
    }
}

/// A platform that has the post and does not publish it for hours needs a person's eyes.
fn waits_too_long(ticket: &Ticket, now: Timestamp) -> bool {
    let patience = ticket.delivery.due.and_then(|due| due.checked_add(HAND_OVER_GRACE).ok());
    ticket.errand.is_none()
        && ticket.delivery.state == State::HandedOver
        && patience.is_some_and(|end| now > end)
}

fn never_finished(desk: &Desk) -> Problem {
    let name = desk.platform.facts().name;
    Problem::block(
        Code::NotPublic,
        format!(
            "This post has waited in {name} as a draft for a week. Say that it is there, or post it again."
        ),
    )
    .fix(Fix::Decide)
}

fn not_public(desk: &Desk) -> Problem {
    let name = desk.platform.facts().name;
    Problem::block(Code::NotPublic, format!("{name} has this post but has not made it public, two hours after its minute. Look at it there, then decide."))
        .fix(Fix::Decide)
}
