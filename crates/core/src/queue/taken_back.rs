//! Cancels that meet what is under way: when nothing is there for certain, and what is taken back after all. Not here: the wish itself
//! (`wish`), and what a platform is asked (`worker/wishes.rs`).

use super::claim::BETWEEN_CALLS;
use super::{Begun, Ticket, cancel, cancelled, lay_down, published, wait};
use crate::platform::{Extra, Published};
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::store::delivery::text;
use crate::store::{Tx, post, problem};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

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
    Ok(asked.unwrap_or(false) || is_taken_back(sql, id)?)
}

/// Is there a retraction that goes on by itself?
pub(super) fn is_taken_back(sql: &Connection, id: i64) -> rusqlite::Result<bool> {
    sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM errand WHERE delivery_id = ?1 AND state IN ('waiting', 'working') AND json_extract(task, '$.kind') = 'retract')",
    )?
    .query_row([id], |row| row.get(0))
}

/// The draft lies in its creator's own hands: it is forgotten here, and told to be there, since no app can delete it.
pub(super) fn forget_draft(tx: &mut Tx, id: i64) -> Outcome<()> {
    let message = "Cancelled: Slipway does not look after it any more. Its draft still waits at the platform, where only you can delete it.";
    cancelled_but(tx, id, &Problem::warn(Code::FinishThere, message))
}

/// Cancelled, and something of it is told: what stays at the platform.
pub(super) fn cancelled_but(tx: &mut Tx, id: i64, note: &Problem) -> Outcome<()> {
    cancelled(tx, id)?;
    tx.execute("UPDATE delivery SET problem = ?2 WHERE id = ?1", params![id, text(note)]).map_err(problem)?;
    Ok(())
}

/// A cancel that came while the last step was being written must not wait until the minute.
pub(super) fn hurry_a_cancel(tx: &mut Tx, id: i64) -> Outcome<()> {
    tx.execute(
        "UPDATE delivery SET next_at = 0 WHERE id = ?1 AND cancelling = 1 AND next_at IS NOT NULL",
        [id],
    )
    .map_err(problem)?;
    Ok(())
}

/// Public, and read back. The id and the state are one write (C4, C10). A cancel that came while this was being written takes back what
/// is public: it was accepted.
pub fn done(
    tx: &mut Tx,
    ticket: &Ticket,
    begun: &Begun,
    done: &Published,
    extras: &[Extra],
    now: Timestamp,
) -> Outcome<()> {
    let id = ticket.delivery.id;
    if !is_cancelling(tx, id).map_err(problem)? {
        return published(tx, ticket, done, extras, now);
    }
    wait(tx, ticket, begun, now)?;
    if is_taken_back(tx, id).map_err(problem)? {
        // It is on its way already; this look ends nothing.
        tx.execute(
            "UPDATE delivery SET cancelling = 1, next_at = NULL WHERE id = ?1 AND claim IS NULL",
            [id],
        )
        .map_err(problem)?;
        return Ok(());
    }
    cancel(tx, id, now).map(drop)
}

/// The platform shows nothing of what was cancelled. That is believed once no call can have its effect any more; until then it is asked
/// again.
pub fn nothing_there(tx: &mut Tx, ticket: &Ticket, now: Timestamp) -> Outcome<()> {
    match may_still_happen(tx, ticket, now)? {
        Some(until) => lay_down(tx, ticket, until),
        None => cancelled(tx, ticket.delivery.id),
    }
}

/// A call that nobody answered may still be carried out: front ends hold a request for up to about a minute.
const STILL_CARRIED_OUT: SignedDuration = SignedDuration::from_secs(60);

/// Until when a call of this delivery that was not answered, or only by a front end, may still have its effect. `None`: no longer, or
/// there was none. A body that was cut off before its last byte makes no post.
fn may_still_happen(tx: &Tx, ticket: &Ticket, now: Timestamp) -> Outcome<Option<Timestamp>> {
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
