//! Rows of `errand`: after-steps, edits and retractions at the platform. Moved by `queue` alone.

use super::delivery::{instant, json, maybe_json, odd, text, word};
use super::{Tx, problem};
use crate::platform::Errand;
use crate::problem::{Outcome, Problem};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrandState {
    Waiting,
    Working,
    Stuck,
    Done,
}

#[derive(Clone, Debug)]
pub struct ErrandRow {
    pub id: i64,
    pub delivery: i64,
    pub task: Errand,
    pub state: ErrandState,
    /// The revision of the post's words this errand is to bring to the platform.
    pub revision: i64,
    pub next: Option<Timestamp>,
    pub in_flight: Option<String>,
    pub tries: u32,
    pub failures: u32,
    pub failed_ever: u32,
    pub memo: Option<Vec<u8>>,
    pub problem: Option<Problem>,
    pub created_at: Timestamp,
    pub done_at: Option<Timestamp>,
}

pub(crate) const COLUMNS: &str = "id, delivery_id, task, state, revision, next_at, in_flight, tries, failures, failed_ever, \
     memo, problem, created_at, done_at";

pub(crate) fn from_row(row: &Row) -> rusqlite::Result<ErrandRow> {
    Ok(ErrandRow {
        id: row.get(0)?,
        delivery: row.get(1)?,
        task: json(row, 2)?,
        state: word(&row.get::<_, String>(3)?).ok_or_else(|| odd(3, "a state"))?,
        revision: row.get(4)?,
        next: instant(row, 5)?,
        in_flight: row.get(6)?,
        tries: row.get(7)?,
        failures: row.get(8)?,
        failed_ever: row.get(9)?,
        memo: row.get(10)?,
        problem: maybe_json(row, 11)?,
        created_at: instant(row, 12)?.unwrap_or_default(),
        done_at: instant(row, 13)?,
    })
}

pub fn insert(
    tx: &Tx,
    delivery: i64,
    task: &Errand,
    revision: i64,
    at: Timestamp,
    now: Timestamp,
) -> Outcome<i64> {
    tx.prepare_cached(
        "INSERT INTO errand (delivery_id, task, state, revision, next_at, created_at) VALUES (?1, ?2, 'waiting', ?3, ?4, ?5)",
    )
    .and_then(|mut insert| {
        insert.execute(params![delivery, text(task), revision, at.as_millisecond(), now.as_millisecond()])
    })
    .map_err(problem)?;
    Ok(tx.last_insert_rowid())
}

pub fn get(sql: &Connection, id: i64) -> rusqlite::Result<Option<ErrandRow>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM errand WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

pub fn of_delivery(sql: &Connection, delivery: i64) -> rusqlite::Result<Vec<ErrandRow>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM errand WHERE delivery_id = ?1 ORDER BY id"))?
        .query_map([delivery], from_row)?
        .collect()
}
