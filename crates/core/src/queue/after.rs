//! What follows once a platform holds a post: its after-steps, and edits made meanwhile.

use super::{Ticket, not_found};
use crate::platform::{Errand, Extra};
use crate::post::State;
use crate::problem::Outcome;
use crate::store::{Tx, delivery, errand, problem};
use jiff::Timestamp;
use rusqlite::params;

/// Extras that have no row yet get one.
pub(crate) fn add_extras(tx: &mut Tx, id: i64, extras: &[Extra], now: Timestamp) -> Outcome<()> {
    let have = errand::of_delivery(tx, id).map_err(problem)?;
    for extra in extras {
        let task = Errand::Extra(extra.clone());
        if !have.iter().any(|row| row.task == task) {
            errand::insert(tx, id, &task, 0, now, now)?;
        }
    }
    Ok(())
}

/// Its minute was changed while somebody was at it, who laid it down by the old one: it is looked at again now.
pub(crate) fn look_if_moved(tx: &mut Tx, ticket: &Ticket, now: Timestamp) -> Outcome<()> {
    tx.execute(
        "UPDATE delivery SET next_at = ?3 WHERE id = ?1 AND due_at IS NOT ?2 AND claim IS NULL",
        params![ticket.delivery.id, ticket.delivery.due.map(Timestamp::as_millisecond), now.as_millisecond()],
    )
    .map_err(problem)?;
    Ok(())
}

/// Words or time changed while it was on its way: bring the platform up to date (C38).
pub(crate) fn catch_up(tx: &mut Tx, id: i64, now: Timestamp) -> Outcome<()> {
    let Some(row) = delivery::get(tx, id).map_err(problem)? else { return Err(not_found(id)) };
    let wanted = row.revision;
    if row.sent_revision.is_some_and(|sent| sent < wanted)
        && row.remote.is_none()
        && row.state == State::Ready
    {
        // Nothing there can be edited: its protocol looks now, and prepares it anew if what changed is part of it.
        tx.execute(
            "UPDATE delivery SET next_at = ?2 WHERE id = ?1 AND claim IS NULL",
            params![id, now.as_millisecond()],
        )
        .map_err(problem)?;
    }
    if row.sent_revision.is_some_and(|sent| sent < wanted) && row.remote.is_some() {
        // A newer wish replaces one that has not begun.
        tx.execute(
            "DELETE FROM errand WHERE delivery_id = ?1 AND state IN ('waiting', 'stuck') AND claim IS NULL AND tries = 0 AND json_extract(task, '$.kind') = 'amend'",
            [id],
        )
        .map_err(problem)?;
        // One that has begun and knows this wish already brings it; a second would only spend quota.
        let under_way: bool = tx
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM errand WHERE delivery_id = ?1 AND state <> 'done' AND revision >= ?2 AND json_extract(task, '$.kind') = 'amend')",
                params![id, wanted],
                |row| row.get(0),
            )
            .map_err(problem)?;
        if !under_way {
            errand::insert(tx, id, &Errand::Amend, wanted, now, now)?;
        }
    }
    Ok(())
}
