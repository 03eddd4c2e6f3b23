//! Rows of `attempt`: append-only evidence of what was tried and how it ended (C39).

use super::delivery::instant;
use super::{Tx, problem};
use crate::problem::Outcome;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Attempt {
    #[serde(skip)]
    pub delivery: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub errand: Option<i64>,
    pub at: Timestamp,
    /// The API's name of the call, or what the engine did.
    pub step: String,
    /// `answered`, `offline`, `cut`, `stopped`, `file`, `interrupted`, `refused`, `moved`.
    pub outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub request_id: Option<String>,
    /// Bytes of the media in this call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sent: Option<u64>,
    /// Bytes the platform said it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub confirmed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub took_ms: Option<u64>,
    /// Redacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub detail: Option<String>,
}

pub fn insert(tx: &Tx, attempt: &Attempt) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO attempt (delivery_id, errand_id, at, step, outcome, status, request_id, sent, confirmed, took_ms, detail) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            attempt.delivery,
            attempt.errand,
            attempt.at.as_millisecond(),
            attempt.step,
            attempt.outcome,
            attempt.status,
            attempt.request_id,
            attempt.sent.map(|n| n as i64),
            attempt.confirmed.map(|n| n as i64),
            attempt.took_ms.map(|n| n as i64),
            attempt.detail
        ])
    })
    .map_err(problem)?;
    Ok(())
}

pub fn of_delivery(sql: &Connection, delivery: i64) -> rusqlite::Result<Vec<Attempt>> {
    sql.prepare_cached(
        "SELECT delivery_id, errand_id, at, step, outcome, status, request_id, sent, confirmed, took_ms, detail \
         FROM attempt WHERE delivery_id = ?1 ORDER BY id",
    )?
    .query_map([delivery], |row| {
        let count = |at: usize| row.get::<_, Option<i64>>(at).map(|n| n.map(|n| n.max(0) as u64));
        Ok(Attempt {
            delivery: row.get(0)?,
            errand: row.get(1)?,
            at: instant(row, 2)?.unwrap_or_default(),
            step: row.get(3)?,
            outcome: row.get(4)?,
            status: row.get(5)?,
            request_id: row.get(6)?,
            sent: count(7)?,
            confirmed: count(8)?,
            took_ms: count(9)?,
            detail: row.get(10)?,
        })
    })?
    .collect()
}

/// Evidence of posts that ended long ago goes; that of posts still open never does.
pub fn forget_before(tx: &Tx, before: Timestamp) -> Outcome<usize> {
    tx.execute(
        "DELETE FROM attempt WHERE at < ?1 AND delivery_id IN \
         (SELECT id FROM delivery WHERE state IN ('published', 'cancelled'))",
        [before.as_millisecond()],
    )
    .map_err(problem)
}
