//! The order among deliveries that wait to send bytes: a person may change it, and no minute is missed for it.
//!
//! Each row competes with its minute, or with the instant that was given to it instead. Changing the order hands these instants
//! round, so that whatever is planned later still finds its place by its minute.

use super::claim::{HEAVY, Lane, OPEN};
use super::not_found;
use crate::event::What;
use crate::post::State;
use crate::problem::{Code, Outcome, Problem};
use crate::schedule::lead::{lead, start_at};
use crate::settings::Settings;
use crate::store::delivery::PLAN;
use crate::store::{Tx, delivery, problem, setting};
use jiff::Timestamp;
use rusqlite::{Row, params};
use std::time::Duration;

/// So many that would be overtaken are reckoned through; with more the minutes decide.
const MOST: usize = 200;

/// Puts a delivery before another of its state, or behind all of them. Returns what changed its place, in the new order.
pub fn reorder(tx: &mut Tx, id: i64, before: Option<i64>) -> Outcome<Vec<i64>> {
    let state = delivery::get(tx, id).map_err(problem)?.ok_or_else(|| not_found(id))?.state;
    if !matches!(state, State::Due | State::Parked) {
        let message =
            format!("Only what waits to be sent has a place in line; this post is {}.", word(state));
        return Err(Problem::block(Code::NotNow, message));
    }
    if let Some(other) = before {
        let theirs = delivery::get(tx, other).map_err(problem)?.ok_or_else(|| not_found(other))?.state;
        if theirs != state {
            let message = format!("One of these posts is {}, the other {}.", word(state), word(theirs));
            return Err(Problem::block(Code::NotNow, message));
        }
    }
    if before == Some(id) {
        return Ok(Vec::new());
    }
    let line: Vec<(i64, i64)> = tx
        .prepare_cached(
            "SELECT id, coalesce(turn_at, due_at, 0) FROM delivery WHERE state = ?1 ORDER BY coalesce(turn_at, due_at, 0), id",
        )
        .and_then(|mut get| get.query_map([state.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(problem)?;
    let mut ids: Vec<i64> = line.iter().map(|(id, _)| *id).filter(|other| *other != id).collect();
    let to = before.and_then(|other| ids.iter().position(|id| *id == other)).unwrap_or(ids.len());
    ids.insert(to, id);
    let mut changed = Vec::new();
    let mut last: Option<(i64, i64)> = None;
    for (id, (was, turn)) in ids.into_iter().zip(line) {
        // Two of the same instant stand by their numbers; where that is not the order, the second comes a little later.
        let place = match last {
            Some(last) if last >= (turn, id) => last.0 + 1,
            _ => turn,
        };
        last = Some((place, id));
        if (id, place) != (was, turn) {
            tx.prepare_cached("UPDATE delivery SET turn_at = ?2 WHERE id = ?1")
                .and_then(|mut set| set.execute(params![id, place]))
                .map_err(problem)?;
            tx.say(What::Delivery { id });
            changed.push(id);
        }
    }
    Ok(changed)
}

fn word(state: State) -> String {
    state.as_str().replace('_', " ")
}

/// What of a row is reckoned with.
struct Waiting {
    id: i64,
    due: Timestamp,
    size: u64,
    duration_ms: u64,
}

const WAITING: &str = "SELECT delivery.id, coalesce(delivery.due_at, 0), media.size, coalesce(json_extract(media.probe, '$.duration_ms'), 0) FROM delivery";
const MEDIA: &str = "JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id";

impl Waiting {
    fn read(row: &Row) -> rusqlite::Result<Waiting> {
        let natural = |at: usize| row.get::<_, i64>(at).map(|number| number.max(0) as u64);
        Ok(Waiting {
            id: row.get(0)?,
            due: Timestamp::from_millisecond(row.get(1)?).unwrap_or_default(),
            size: natural(2)?,
            duration_ms: natural(3)?,
        })
    }
}

/// The delivery that has to go first, because it would be late if the chosen one did: the order that a person made gives way to
/// minutes. Something that goes out as soon as possible has no minute to be late for.
pub(super) fn pressed(tx: &Tx, lanes: &[Lane], chosen: i64, now: Timestamp) -> Outcome<Option<i64>> {
    let first = tx
        .prepare_cached(&format!("{WAITING} {MEDIA} WHERE delivery.id = ?1"))
        .and_then(|mut get| get.query_row([chosen], Waiting::read))
        .map_err(problem)?;
    let mut measured = None;
    let mut pressed: Option<(Timestamp, i64)> = None;
    for lane in lanes {
        let (index, open) = if lane.may_open { ("delivery_lane", "") } else { ("delivery_lane_open", OPEN) };
        let overtaken: Vec<Waiting> = tx
            .prepare_cached(&format!(
                "{WAITING} INDEXED BY {index} {MEDIA} WHERE account_id = ?1 AND {HEAVY}{open} AND next_at <= ?2 AND due_at < ?3 \
                 AND {PLAN} IS NOT NULL ORDER BY due_at LIMIT ?4"
            ))
            .and_then(|mut get| {
                let (now, due) = (now.as_millisecond(), first.due.as_millisecond());
                get.query_map(params![lane.account, now, due, MOST as i64 + 1], Waiting::read)?.collect()
            })
            .map_err(problem)?;
        if overtaken.is_empty() {
            continue;
        }
        let speed = match measured {
            Some(speed) => speed,
            None => setting::get::<Settings>(tx, Settings::KEY).map_err(problem)?.measured,
        };
        measured = Some(speed);
        let sending = |one: &Waiting| lead(one.size, speed, Duration::ZERO);
        // One after the other in their lane, once the chosen one is through.
        let mut begins = now.checked_add(sending(&first)).unwrap_or(Timestamp::MAX);
        let mut late = overtaken.len() > MOST;
        for one in &overtaken {
            let minutes = one.duration_ms.div_ceil(60_000);
            let processing = Duration::from_secs(minutes * u64::from(lane.processing_s_per_min));
            late |= begins > start_at(one.due, one.size, speed, processing);
            begins = begins.checked_add(sending(one)).unwrap_or(Timestamp::MAX);
        }
        if let Some(one) = overtaken.first().filter(|_| late) {
            let found = (one.due, one.id);
            pressed = Some(pressed.map_or(found, |other| other.min(found)));
        }
    }
    Ok(pressed.map(|(_, id)| id))
}
