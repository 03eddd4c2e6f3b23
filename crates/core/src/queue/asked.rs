//! After a queue was put back: what was found out about a delivery at its platform, and what it may do from then on.

use super::{Begun, Ticket, cancelled, go, note, ours};
use crate::event::{NoticeKind, What};
use crate::platform::Stage;
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::schedule::WallTime;
use crate::store::attempt::{self, Attempt};
use crate::store::delivery::{self, MustAsk, bare, text};
use crate::store::{Tx, problem, restored};
use jiff::Timestamp;
use rusqlite::params;

/// What the platform's list of new posts says of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Nothing in it can be this post.
    NotThere,
    /// It may be there, or the platform can't tell: for a person. Says what was seen.
    Unclear(String),
}

/// Does this call begin something at the platform that a copy of the database from before would not know of? Chunks of one upload are
/// one thing: whoever has its memo can ask about it.
pub fn begins_a_stage(tx: &mut Tx, ticket: &Ticket, stage: Stage) -> Outcome<bool> {
    if ticket.errand.is_some() || !matches!(stage, Stage::Opening | Stage::Sending | Stage::Publishing) {
        return Ok(false);
    }
    if stage != Stage::Sending {
        return Ok(true);
    }
    let before: Option<String> = tx
        .prepare_cached("SELECT stage FROM delivery WHERE id = ?1")
        .and_then(|mut get| get.query_row([ticket.delivery.id], |row| row.get(0)))
        .map_err(problem)?;
    Ok(before.as_deref() != Some(bare(&stage).as_str()))
}

/// The platform showed what it has under the known id or memo: the delivery goes its way.
pub fn seen_there(tx: &mut Tx, ticket: &Ticket) -> Outcome<()> {
    tx.execute("UPDATE delivery SET must_ask = 0 WHERE id = ?1 AND must_ask = 1", [ticket.delivery.id])
        .map_err(problem)?;
    Ok(())
}

/// The platform has another minute for it than the queue that was put back, which is the older of the two unless somebody has edited it
/// since. Returns whether the queue has it now; the delivery is then looked at again by its new minute.
pub fn takes_the_minute(
    tx: &mut Tx,
    ticket: &Ticket,
    begun: &Begun,
    (at, plan): (Timestamp, &WallTime),
    now: Timestamp,
) -> Outcome<bool> {
    let id = ticket.delivery.id;
    if !ours(tx, ticket, begun.remote)? {
        return Ok(true);
    }
    let edited: bool = tx
        .query_row(
            "SELECT revision > coalesce(sent_revision, revision) OR revision <> ?2 OR cancelling OR EXISTS (SELECT 1 FROM errand \
             WHERE delivery_id = ?1 AND state <> 'done' AND json_extract(task, '$.kind') = 'amend') FROM delivery WHERE id = ?1",
            params![id, ticket.delivery.revision],
            |row| row.get(0),
        )
        .map_err(problem)?;
    if edited {
        return Ok(false);
    }
    tx.execute(
        "UPDATE delivery SET due_at = ?2, wall = ?3 WHERE id = ?1",
        params![id, at.as_millisecond(), text(&Some(plan))],
    )
    .map_err(problem)?;
    attempt::insert(
        tx,
        &Attempt {
            delivery: id,
            at: now,
            step: "asked after a restore".into(),
            outcome: "moved".into(),
            detail: Some("The queue was put back; the platform has a later change of its time.".into()),
            ..Attempt::default()
        },
    )?;
    super::wait(tx, ticket, begun, now)?;
    Ok(true)
}

/// A look under its memo did not find it, and the next step would send something: the list is asked first. The memo stays as it was.
pub fn ask_the_list(tx: &mut Tx, ticket: &Ticket, line: Option<Attempt>, now: Timestamp) -> Outcome<()> {
    if !ours(tx, ticket, None)? {
        return Ok(());
    }
    let id = ticket.delivery.id;
    if let Some(line) = line {
        note(tx, ticket, line)?;
    }
    if ticket.delivery.state == State::Working {
        go(tx, id, State::Due)?;
    }
    tx.execute(
        "UPDATE delivery SET must_ask = 2, claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = ?2, problem = ?3 WHERE id = ?1",
        params![id, now.as_millisecond(), text(&restored::asking())],
    )
    .map_err(problem)?;
    tx.say(What::Delivery { id });
    Ok(())
}

/// Takes in what the list said. A delivery that changed meanwhile is asked about once more.
pub fn answered(tx: &mut Tx, id: i64, asked: &Asked, now: Timestamp) -> Outcome<()> {
    let Some(row) = delivery::get(tx, id).map_err(problem)? else { return Ok(()) };
    let waits = row.must_ask == MustAsk::List && row.claimed.is_none();
    if !waits || row.state.is_final() || matches!(row.state, State::Draft | State::Stuck) {
        return Ok(());
    }
    let (outcome, detail) = match asked {
        Asked::NotThere => (
            "not there",
            "The queue was put back; the platform's list of new posts has none that is this one.".to_string(),
        ),
        Asked::Unclear(why) => ("unclear", why.clone()),
    };
    attempt::insert(
        tx,
        &Attempt {
            delivery: id,
            at: now,
            step: "asked after a restore".into(),
            outcome: outcome.into(),
            detail: Some(detail),
            ..Attempt::default()
        },
    )?;
    match asked {
        Asked::NotThere if row.cancelling && row.memo.is_none() && row.remote.is_none() => {
            tx.execute("UPDATE delivery SET must_ask = 0 WHERE id = ?1", [id]).map_err(problem)?;
            cancelled(tx, id)
        }
        Asked::NotThere => {
            // A lane that has work is looked at now.
            tx.execute(
                "UPDATE delivery SET must_ask = 0, problem = NULL, next_at = CASE WHEN state = 'parked' THEN coalesce(next_at, ?2) ELSE next_at END WHERE id = ?1",
                params![id, now.as_millisecond()],
            )
            .map_err(problem)?;
            tx.say(What::Delivery { id });
            Ok(())
        }
        Asked::Unclear(why) => {
            go(tx, id, State::Stuck)?;
            let (code, message) = match row.cancelling {
                false => (
                    Code::Unsure,
                    "The queue was put back from an earlier state, and it is not certain whether the platform has this post. Nothing is sent until you looked there: say \"it is there\" or \"post again\".",
                ),
                true => (
                    Code::NotCancelled,
                    "The queue was put back from an earlier state. You cancelled this post, and it may be at the platform. Look there, then say whether it is there, or cancel it once more.",
                ),
            };
            let why = Problem::block(code, message).fix(Fix::Decide).detail(why);
            tx.execute(
                "UPDATE delivery SET next_at = NULL, cancelling = 0, problem = ?2 WHERE id = ?1",
                params![id, text(&why)],
            )
            .map_err(problem)?;
            tx.say(What::Delivery { id });
            tx.say(What::Notice { delivery: id, kind: NoticeKind::NeedsYou });
            Ok(())
        }
    }
}
