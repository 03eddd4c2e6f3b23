//! The minute has priority: which deliveries would be late if they waited for their lane or for an upload slot.
//!
//! A delivery *presses* from the instant at which it would miss its minute by waiting any longer. It may then begin beside another
//! upload of its own lane and beyond the upload slots. What was late already when it could begin waits in line: no minute is lost by
//! that. Not here: how many may exceed the slots (`engine/run.rs`), and who goes first on the line (`throttle/share.rs`).

use super::Ticket;
use super::claim::{HEAVY, Lane, OPEN, claim_one};
use crate::problem::Outcome;
use crate::schedule::lead::{LEAST_LEAD, start_at};
use crate::settings::Settings;
use crate::store::delivery::PLAN;
use crate::store::{Tx, problem, setting};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

/// Of the two minutes in every lead one may be spent waiting for a slot; the other is for opening the upload.
const PATIENCE: Duration = Duration::from_secs(LEAST_LEAD.as_secs() / 2);
/// A post that is later than this waits in line as all others do.
const LATE: Duration = Duration::from_secs(600);
/// So many of a lane are looked at, the earliest minutes first.
const MOST: usize = 64;

/// What waits in some lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressing {
    /// The one to begin now: its minute and its id.
    pub now: Option<(Timestamp, i64)>,
    /// When the next one will press.
    pub next: Option<Timestamp>,
}

/// The earliest instant from which a delivery presses, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    from: Timestamp,
    until: Timestamp,
}

impl Minute {
    /// Does it press at `now`?
    pub fn presses(&self, now: Timestamp) -> bool {
        now >= self.from && now < self.until
    }
}

const PLANNED: &str = "delivery.id, delivery.due_at, coalesce(delivery.next_at, 0), media.size, coalesce(json_extract(media.probe, '$.duration_ms'), 0)";
const JOINS: &str = "JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id";

struct Planned {
    id: i64,
    due: Timestamp,
    next: Timestamp,
    size: u64,
    duration_ms: u64,
}

impl Planned {
    fn read(row: &Row) -> rusqlite::Result<Planned> {
        let instant =
            |at: usize| row.get::<_, i64>(at).map(|ms| Timestamp::from_millisecond(ms).unwrap_or_default());
        let natural = |at: usize| row.get::<_, i64>(at).map(|number| number.max(0) as u64);
        Ok(Planned {
            id: row.get(0)?,
            due: instant(1)?,
            next: instant(2)?,
            size: natural(3)?,
            duration_ms: natural(4)?,
        })
    }

    fn minute(&self, speed: Option<u64>, processing_s_per_min: u32) -> Minute {
        let minutes = self.duration_ms.div_ceil(60_000);
        let processing = Duration::from_secs(minutes * u64::from(processing_s_per_min));
        let start = start_at(self.due, self.size, speed, processing);
        Minute {
            from: crate::platform::later(start, PATIENCE),
            until: crate::platform::later(self.due, LATE),
        }
    }
}

/// What presses among the deliveries that could begin in these lanes, whether the lanes are free or not.
pub fn pressing(sql: &Connection, lanes: &[Lane], now: Timestamp) -> rusqlite::Result<Pressing> {
    let mut found = Pressing::default();
    let mut measured = None;
    for lane in lanes {
        let (index, open) = if lane.may_open { ("delivery_lane", "") } else { ("delivery_lane_open", OPEN) };
        let planned: Vec<Planned> = sql
            .prepare_cached(&format!(
                "SELECT {PLANNED} FROM delivery INDEXED BY {index} {JOINS} WHERE account_id = ?1 AND {HEAVY}{open} AND due_at > ?2 \
                 AND next_at IS NOT NULL AND {PLAN} IS NOT NULL ORDER BY due_at, delivery.id LIMIT ?3"
            ))?
            .query_map(
                params![lane.account, now.as_millisecond() - LATE.as_millis() as i64, MOST as i64],
                Planned::read,
            )?
            .collect::<rusqlite::Result<_>>()?;
        if planned.is_empty() {
            continue;
        }
        let speed = match measured {
            Some(speed) => speed,
            None => setting::get::<Settings>(sql, Settings::KEY)?.measured,
        };
        measured = Some(speed);
        for one in planned {
            let minute = one.minute(speed, lane.processing_s_per_min);
            if one.next <= now && minute.presses(now) {
                let this = (one.due, one.id);
                found.now = Some(found.now.map_or(this, |other| other.min(this)));
            } else if one.next.max(minute.from) > now {
                let at = one.next.max(minute.from);
                found.next = Some(found.next.map_or(at, |other| other.min(at)));
            }
        }
    }
    Ok(found)
}

/// Takes the earliest of those that press.
pub fn claim_pressing(tx: &mut Tx, lanes: &[Lane], now: Timestamp, boot: i64) -> Outcome<Option<Ticket>> {
    match pressing(tx, lanes, now).map_err(problem)?.now {
        Some((_, id)) => claim_one(tx, id, now, boot),
        None => Ok(None),
    }
}

/// When a delivery presses; `None` for one without a minute.
pub fn minute_of(sql: &Connection, id: i64, processing_s_per_min: u32) -> rusqlite::Result<Option<Minute>> {
    let planned = sql
        .prepare_cached(&format!(
            "SELECT {PLANNED} FROM delivery {JOINS} WHERE delivery.id = ?1 AND delivery.due_at IS NOT NULL AND {PLAN} IS NOT NULL"
        ))?
        .query_row([id], Planned::read)
        .optional()?;
    let Some(planned) = planned else { return Ok(None) };
    let speed = setting::get::<Settings>(sql, Settings::KEY)?.measured;
    Ok(Some(planned.minute(speed, processing_s_per_min)))
}
