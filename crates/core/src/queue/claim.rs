//! Claiming: what may be begun now, by whom, and when to look again.
//!
//! *Heavy* work brings bytes: one at a time in an account's lane, as many lanes at once as there are upload slots. *Light* work is
//! one small request (publish at the minute, look, edit, thumbnail) and waits for no lane.

use super::{Ticket, go};
use crate::post::State;
use crate::problem::Outcome;
use crate::store::attempt::{self, Attempt};
use crate::store::{Tx, delivery, errand, problem};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// One account's lane, as the engine sees it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    pub account: i64,
    /// False while a quota for opening something new is spent: what was begun before may go on.
    pub may_open: bool,
    /// What its platform needs for a minute of video.
    pub processing_s_per_min: u32,
}

/// While an edit is under way its delivery waits: what the edit read before the minute must not be written after the release.
const NO_EDIT: &str = "NOT EXISTS (SELECT 1 FROM errand WHERE errand.delivery_id = delivery.id AND errand.claim IS NOT NULL \
     AND json_extract(errand.task, '$.kind') = 'amend')";

// The planner is told which index: with a hundred thousand rows waiting a wrong guess costs the minute.
pub(super) const OPEN: &str = " AND memo IS NOT NULL";
pub(super) const HEAVY: &str =
    "state IN ('due', 'parked') AND claim IS NULL AND paused = 0 AND must_ask <> 2";

/// Where a queue was put back, only a retraction may go on before its delivery was asked about: it looks for itself.
const ASKED: &str = "(delivery.must_ask = 0 OR json_extract(errand.task, '$.kind') = 'retract')";

/// Takes the delivery that is first in line of those that may begin now in these lanes: the earliest minute, unless a person changed
/// the order and no minute is lost by it.
pub fn claim_heavy(tx: &mut Tx, lanes: &[Lane], now: Timestamp, boot: i64) -> Outcome<Option<Ticket>> {
    let mut best: Option<(i64, i64)> = None;
    for lane in lanes {
        let (index, open) = if lane.may_open { ("delivery_turn", "") } else { ("delivery_lane_open", OPEN) };
        let found: Option<(i64, i64)> = tx
            .prepare_cached(&format!(
                "SELECT coalesce(turn_at, due_at, 0), id FROM delivery INDEXED BY {index} WHERE account_id = ?1 AND {HEAVY}{open} AND next_at <= ?2 \
                 ORDER BY coalesce(turn_at, due_at), id LIMIT 1"
            ))
            .and_then(|mut get| {
                get.query_row(params![lane.account, now.as_millisecond()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(problem)?;
        best = match (best, found) {
            (Some(best), Some(found)) => Some(best.min(found)),
            (best, found) => best.or(found),
        };
    }
    let Some((_, chosen)) = best else { return Ok(None) };
    let id = super::turn::pressed(tx, lanes, chosen, now)?.unwrap_or(chosen);
    claim_one(tx, id, now, boot)
}

/// Takes this one.
pub(super) fn claim_one(tx: &mut Tx, id: i64, now: Timestamp, boot: i64) -> Outcome<Option<Ticket>> {
    let from = go(tx, id, State::Working)?;
    tx.prepare_cached(
        "UPDATE delivery SET claim = ?2, claimed_at = ?3, began_at = coalesce(began_at, ?3), next_at = NULL WHERE id = ?1",
    )
    .and_then(|mut set| set.execute(params![id, boot, now.as_millisecond()]))
    .map_err(problem)?;
    Ok(delivery::get(tx, id).map_err(problem)?.map(|delivery| Ticket { delivery, errand: None, from, boot }))
}

/// Takes every small thing whose time has come, up to `most`, in accounts that are not blocked. One write for all of them, so that
/// fifty posts of the same second leave together.
pub fn claim_light(
    tx: &mut Tx,
    blocked: &[i64],
    now: Timestamp,
    boot: i64,
    most: usize,
) -> Outcome<Vec<Ticket>> {
    let ids: Vec<i64> = tx
        .prepare_cached(&format!(
            "SELECT id FROM delivery INDEXED BY delivery_light WHERE state IN ('working', 'ready', 'handed_over', 'to_finish') AND claim IS NULL AND paused = 0 AND must_ask <> 2 \
             AND next_at <= ?1 AND account_id NOT IN (SELECT value FROM json_each(?2)) AND {NO_EDIT} ORDER BY next_at LIMIT ?3"
        ))
        .and_then(|mut get| {
            get.query_map(params![now.as_millisecond(), delivery::text(&blocked), most as i64], |row| row.get(0))?.collect()
        })
        .map_err(problem)?;
    let mut tickets = Vec::with_capacity(ids.len());
    for id in ids {
        tx.prepare_cached("UPDATE delivery SET claim = ?2, claimed_at = ?3, next_at = NULL WHERE id = ?1")
            .and_then(|mut set| set.execute(params![id, boot, now.as_millisecond()]))
            .map_err(problem)?;
        let Some(row) = delivery::get(tx, id).map_err(problem)? else { continue };
        // A look at what the platform holds is not work the user has to see.
        if row.state == State::Ready {
            go(tx, id, State::Working)?;
        }
        let from = row.state;
        let state = if from == State::Ready { State::Working } else { from };
        tickets.push(Ticket { delivery: delivery::Delivery { state, ..row }, errand: None, from, boot });
    }
    Ok(tickets)
}

/// The same for errands; one at a time for each delivery. A cross join keeps SQLite from beginning with all deliveries: errands that
/// wait are few, whatever its statistics of an earlier day say.
pub fn claim_errands(
    tx: &mut Tx,
    blocked: &[i64],
    now: Timestamp,
    boot: i64,
    most: usize,
) -> Outcome<Vec<Ticket>> {
    let ids: Vec<i64> = tx
        .prepare_cached(&format!(
            "SELECT min(errand.id) FROM errand CROSS JOIN delivery ON delivery.id = errand.delivery_id \
             WHERE errand.state IN ('waiting', 'working') AND errand.claim IS NULL AND errand.next_at <= ?1 AND {ASKED} \
             AND delivery.account_id NOT IN (SELECT value FROM json_each(?2)) \
             AND NOT EXISTS (SELECT 1 FROM errand other WHERE other.delivery_id = errand.delivery_id AND other.claim IS NOT NULL) \
             GROUP BY errand.delivery_id LIMIT ?3"
        ))
        .and_then(|mut get| {
            get.query_map(params![now.as_millisecond(), delivery::text(&blocked), most as i64], |row| row.get(0))?.collect()
        })
        .map_err(problem)?;
    let mut tickets = Vec::with_capacity(ids.len());
    for id in ids {
        tx.prepare_cached(
            "UPDATE errand SET state = 'working', claim = ?2, claimed_at = ?3, next_at = NULL WHERE id = ?1",
        )
        .and_then(|mut set| set.execute(params![id, boot, now.as_millisecond()]))
        .map_err(problem)?;
        let Some(errand) = errand::get(tx, id).map_err(problem)? else { continue };
        let Some(delivery) = delivery::get(tx, errand.delivery).map_err(problem)? else { continue };
        let from = delivery.state;
        tickets.push(Ticket { delivery, errand: Some(errand), from, boot });
    }
    Ok(tickets)
}

/// When something will be claimable that is not now, for these lanes and outside the blocked accounts.
pub fn next_wake(sql: &Connection, lanes: &[Lane], blocked: &[i64]) -> rusqlite::Result<Option<Timestamp>> {
    let next = [next_heavy(sql, lanes)?, next_light(sql, blocked)?, next_errand(sql, blocked)?];
    Ok(next.into_iter().flatten().min())
}

/// The same for the uploads of these lanes.
pub fn next_heavy(sql: &Connection, lanes: &[Lane]) -> rusqlite::Result<Option<Timestamp>> {
    let mut next: Option<i64> = None;
    for lane in lanes {
        let (index, open) =
            if lane.may_open { ("delivery_lane_next", "") } else { ("delivery_lane_open", OPEN) };
        let found: Option<i64> = sql
            .prepare_cached(&format!(
                "SELECT min(next_at) FROM delivery INDEXED BY {index} WHERE account_id = ?1 AND {HEAVY}{open}"
            ))?
            .query_row([lane.account], |row| row.get(0))?;
        next = [next, found].into_iter().flatten().min();
    }
    Ok(instant(next))
}

/// The same for small requests of deliveries.
pub fn next_light(sql: &Connection, blocked: &[i64]) -> rusqlite::Result<Option<Timestamp>> {
    let next: Option<i64> = sql
        .prepare_cached(&format!(
            "SELECT next_at FROM delivery INDEXED BY delivery_light WHERE state IN ('working', 'ready', 'handed_over', 'to_finish') AND claim IS NULL AND paused = 0 AND must_ask <> 2 \
             AND next_at IS NOT NULL AND account_id NOT IN (SELECT value FROM json_each(?1)) AND {NO_EDIT} ORDER BY next_at LIMIT 1"
        ))?
        .query_row([delivery::text(&blocked)], |row| row.get(0))
        .optional()?;
    Ok(instant(next))
}

/// The same for errands.
pub fn next_errand(sql: &Connection, blocked: &[i64]) -> rusqlite::Result<Option<Timestamp>> {
    let next: Option<i64> = sql
        .prepare_cached(&format!(
            "SELECT min(errand.next_at) FROM errand CROSS JOIN delivery ON delivery.id = errand.delivery_id \
             WHERE errand.state IN ('waiting', 'working') AND errand.claim IS NULL AND {ASKED} \
             AND delivery.account_id NOT IN (SELECT value FROM json_each(?1)) \
             AND NOT EXISTS (SELECT 1 FROM errand other WHERE other.delivery_id = errand.delivery_id AND other.claim IS NOT NULL)"
        ))?
        .query_row([delivery::text(&blocked)], |row| row.get(0))?;
    Ok(instant(next))
}

fn instant(ms: Option<i64>) -> Option<Timestamp> {
    ms.and_then(|ms| Timestamp::from_millisecond(ms).ok())
}

/// Claims of a process that is no more: their memo says where they stood, so they are due now and `resume` asks before it repeats
/// (C13). Returns how many there were.
pub fn release_dead(tx: &mut Tx, boot: i64, now: Timestamp) -> Outcome<usize> {
    let at = now.as_millisecond();
    let dead: Vec<(i64, Option<String>, String)> = tx
        .prepare("SELECT id, in_flight, state FROM delivery WHERE claim IS NOT NULL AND claim <> ?1")
        .and_then(|mut get| {
            get.query_map([boot], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(problem)?;
    for (id, in_flight, state) in &dead {
        if state == State::Working.as_str() {
            go(tx, *id, State::Due)?;
        }
        tx.execute(
            "UPDATE delivery SET claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = ?2 WHERE id = ?1",
            params![id, at],
        )
        .map_err(problem)?;
        interrupted(tx, *id, None, in_flight.clone(), now)?;
    }
    let errands: Vec<(i64, i64, Option<String>)> = tx
        .prepare("SELECT id, delivery_id, in_flight FROM errand WHERE claim IS NOT NULL AND claim <> ?1")
        .and_then(|mut get| {
            get.query_map([boot], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(problem)?;
    for (id, delivery, in_flight) in &errands {
        tx.execute(
            "UPDATE errand SET state = 'waiting', claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = ?2 WHERE id = ?1",
            params![id, at],
        )
        .map_err(problem)?;
        interrupted(tx, *delivery, Some(*id), in_flight.clone(), now)?;
    }
    Ok(dead.len() + errands.len())
}

/// The step of an attempt that ended while no call was under way.
pub(super) const BETWEEN_CALLS: &str = "between two calls";

fn interrupted(
    tx: &mut Tx,
    delivery: i64,
    errand: Option<i64>,
    in_flight: Option<String>,
    now: Timestamp,
) -> Outcome<()> {
    let step = in_flight.unwrap_or_else(|| BETWEEN_CALLS.into());
    attempt::insert(
        tx,
        &Attempt {
            delivery,
            errand,
            at: now,
            step,
            outcome: "interrupted".into(),
            detail: Some("Slipway ended while this was under way. What became of it is asked first.".into()),
            ..Attempt::default()
        },
    )
}
