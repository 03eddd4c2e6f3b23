//! Rows of `media`: path, size, fingerprint, probe. The bytes stay where the user has them.

use super::delivery::{instant, json, text};
use super::{Tx, problem};
use crate::media::Probe;
use crate::media::fingerprint::Fingerprint;
use crate::media::original::Stamp;
use crate::problem::Outcome;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct Media {
    pub id: i64,
    pub path: PathBuf,
    pub stamp: Stamp,
    /// Bytes.
    pub size: u64,
    pub fingerprint: Fingerprint,
    pub full_hash: Option<String>,
    pub probe: Probe,
    pub added_at: Timestamp,
}

const COLUMNS: &str = "id, path, stamp, size, fingerprint, full_hash, probe, added_at";

fn from_row(row: &Row) -> rusqlite::Result<Media> {
    Ok(Media {
        id: row.get(0)?,
        path: PathBuf::from(row.get::<_, String>(1)?),
        stamp: json(row, 2)?,
        size: row.get::<_, i64>(3)?.max(0) as u64,
        fingerprint: serde_json::from_value(serde_json::Value::String(row.get(4)?))
            .map_err(|_| super::delivery::odd(4, "a fingerprint"))?,
        full_hash: row.get(5)?,
        probe: json(row, 6)?,
        added_at: instant(row, 7)?.unwrap_or_default(),
    })
}

/// The same bytes at the same place are the same media; anything else is a new row.
pub fn add(
    tx: &Tx,
    path: &str,
    stamp: &Stamp,
    print: &Fingerprint,
    probe: &Probe,
    now: Timestamp,
) -> Outcome<i64> {
    let known: Option<i64> = tx
        .query_row(
            "SELECT id FROM media WHERE path = ?1 AND fingerprint = ?2",
            params![path, print.as_str()],
            |row| row.get(0),
        )
        .optional()
        .map_err(problem)?;
    if let Some(id) = known {
        tx.execute(
            "UPDATE media SET stamp = ?2, probe = ?3 WHERE id = ?1",
            params![id, text(stamp), text(probe)],
        )
        .map_err(problem)?;
        return Ok(id);
    }
    tx.execute(
        "INSERT INTO media (path, stamp, size, fingerprint, probe, added_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![path, text(stamp), probe.size as i64, print.as_str(), text(probe), now.as_millisecond()],
    )
    .map_err(problem)?;
    Ok(tx.last_insert_rowid())
}

pub fn get(sql: &Connection, id: i64) -> rusqlite::Result<Option<Media>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM media WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

pub fn set_stamp(tx: &Tx, id: i64, stamp: &Stamp) -> Outcome<()> {
    tx.execute("UPDATE media SET stamp = ?2 WHERE id = ?1", params![id, text(stamp)]).map_err(problem)?;
    Ok(())
}

pub fn set_full_hash(tx: &Tx, id: i64, hash: &str) -> Outcome<()> {
    tx.execute("UPDATE media SET full_hash = ?2 WHERE id = ?1", params![id, hash]).map_err(problem)?;
    Ok(())
}

/// The next media whose full hash is still to be reckoned in the background.
pub fn without_hash(sql: &Connection) -> rusqlite::Result<Option<Media>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM media WHERE full_hash IS NULL ORDER BY id LIMIT 1"))?
        .query_row([], from_row)
        .optional()
}
