//! Refusals that are not believed yet. A platform (or a machine on the way) may carry out a call and answer it with a refusal. The refusal
//! is kept here until the platform was asked; it is told only if the platform does not show what the call was to do.

use super::Ticket;
use super::claim::BETWEEN_CALLS;
use crate::platform::Fault;
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::store::delivery::text;
use crate::store::{Tx, post, problem};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// The faults among `Fault` that claim a call had no effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "was")]
pub(crate) enum Doubt {
    Refused { problem: Problem },
    Permission { scope: Option<String>, detail: String },
    Strange { detail: String },
}

impl Doubt {
    pub(crate) fn of(fault: &Fault) -> Option<Doubt> {
        Some(match fault.clone() {
            Fault::Refused(problem) => Doubt::Refused { problem },
            Fault::Permission { scope, detail } => Doubt::Permission { scope, detail },
            Fault::Strange { detail } => Doubt::Strange { detail },
            _ => return None,
        })
    }

    pub(crate) fn fault(self) -> Fault {
        match self {
            Doubt::Refused { problem } => Fault::Refused(problem),
            Doubt::Permission { scope, detail } => Fault::Permission { scope, detail },
            Doubt::Strange { detail } => Fault::Strange { detail },
        }
    }
}

/// The doubt of an earlier claim, while the answer of the platform is still waited for.
pub(crate) fn doubt_of(sql: &Connection, ticket: &Ticket) -> rusqlite::Result<Option<Doubt>> {
    let (table, id) = ticket.row();
    let kept: Option<Option<String>> = sql
        .prepare_cached(&format!("SELECT doubt FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(kept.flatten().and_then(|text| serde_json::from_str(&text).ok()))
}

pub(crate) fn keep_doubt(tx: &mut Tx, ticket: &Ticket, doubt: Option<&Doubt>) -> Outcome<()> {
    let (table, id) = ticket.row();
    tx.prepare_cached(&format!("UPDATE {table} SET doubt = ?2 WHERE id = ?1"))
        .and_then(|mut set| set.execute(params![id, doubt.map(text)]))
        .map_err(problem)?;
    Ok(())
}

/// When the person asked to cancel this delivery, or when the claim began that was under way then.
pub(crate) fn cancelled_at(sql: &Connection, id: i64) -> rusqlite::Result<Option<Timestamp>> {
    let ms: Option<Option<i64>> = sql
        .prepare_cached("SELECT cancel_at FROM delivery WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(ms.flatten().and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}

/// Does the person want this delivery taken back?
pub(crate) fn is_cancelling(sql: &Connection, id: i64) -> rusqlite::Result<bool> {
    let asked: Option<bool> = sql
        .prepare_cached("SELECT cancelling FROM delivery WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(asked.unwrap_or(false))
}

/// A call that nobody answered may still be carried out: front ends hold a request for up to about a minute.
const STILL_CARRIED_OUT: SignedDuration = SignedDuration::from_secs(60);

/// Until when a call of this delivery that was not answered, or only by a front end, may still have its effect. `None`: no longer, or
/// there was none. A body that was cut off before its last byte makes no post.
pub(super) fn may_still_happen(tx: &Tx, ticket: &Ticket, now: Timestamp) -> Outcome<Option<Timestamp>> {
    let since = now.saturating_sub(STILL_CARRIED_OUT).unwrap_or(Timestamp::MIN);
    let last: Option<i64> = tx
        .prepare_cached(
            "SELECT max(at) FROM attempt WHERE delivery_id = ?1 AND errand_id IS NULL AND at > ?2 AND at <= ?3 AND \
             (outcome = 'interrupted' AND step <> ?4 OR (outcome = 'cut' OR status >= 500 OR status = 408) AND \
              (sent IS NULL OR sent + coalesce(confirmed, 0) >= (SELECT media.size FROM delivery \
               JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id WHERE delivery.id = ?1)))",
        )
        .and_then(|mut get| {
            let (since, now) = (since.as_millisecond(), now.as_millisecond());
            get.query_row(params![ticket.delivery.id, since, now, BETWEEN_CALLS], |row| row.get(0))
        })
        .map_err(problem)?;
    let last = last.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Ok(last.and_then(|at| at.checked_add(STILL_CARRIED_OUT).ok()))
}

/// Does another delivery of the account have this id at the platform? Then it is not this one's, whatever an answer says.
pub(crate) fn is_anothers(sql: &Connection, ticket: &Ticket, remote: &str) -> rusqlite::Result<bool> {
    sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE account_id = ?1 AND id <> ?2 AND remote_id = ?3)",
    )?
    .query_row(params![ticket.delivery.account, ticket.delivery.id, remote], |row| row.get(0))
}

/// The platform did not confirm that it took the post back. Names the minute at which it may go public.
pub(super) fn not_cancelled(tx: &Tx, ticket: &Ticket, why: &Problem) -> Outcome<Problem> {
    let row = &ticket.delivery;
    let wall = post::get(tx, row.post).map_err(problem)?.and_then(|post| row.plan(&post).cloned());
    let minute = match (row.state, wall) {
        (State::HandedOver, Some(wall)) => {
            format!(
                " It goes public at {} ({}) if it is still there.",
                wall.local.strftime("%Y-%m-%d %H:%M"),
                wall.zone
            )
        }
        _ => String::new(),
    };
    let message = format!(
        "This post was not taken back for certain.{minute} Look at the platform and delete it there, or cancel it here once more. {}",
        why.message
    );
    Ok(Problem { detail: why.detail.clone(), ..Problem::block(Code::NotCancelled, message).fix(Fix::Retry) })
}
