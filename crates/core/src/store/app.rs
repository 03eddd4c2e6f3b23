//! Rows of `app`, and what each developer app has spent of its quotas (C33).

use super::delivery::{instant, json, text};
use super::{Tx, problem};
use crate::problem::Outcome;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct App {
    pub id: i64,
    pub platform: String,
    pub client_id: String,
    /// Units a day where more was granted than the default.
    pub quotas: BTreeMap<String, u32>,
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, platform, client_id, quotas, created_at";

fn from_row(row: &Row) -> rusqlite::Result<App> {
    Ok(App {
        id: row.get(0)?,
        platform: row.get(1)?,
        client_id: row.get(2)?,
        quotas: json(row, 3)?,
        created_at: instant(row, 4)?.unwrap_or_default(),
    })
}

/// Adds an app, or changes the quotas of one that is there.
pub fn upsert(
    tx: &Tx,
    platform: &str,
    client_id: &str,
    quotas: &BTreeMap<String, u32>,
    now: Timestamp,
) -> Outcome<i64> {
    tx.query_row(
        "INSERT INTO app (platform, client_id, quotas, created_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (platform, client_id) DO UPDATE SET quotas = excluded.quotas RETURNING id",
        params![platform, client_id, text(quotas), now.as_millisecond()],
        |row| row.get(0),
    )
    .map_err(problem)
}

pub fn get(sql: &Connection, id: i64) -> rusqlite::Result<Option<App>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM app WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

pub fn all(sql: &Connection) -> rusqlite::Result<Vec<App>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM app ORDER BY id"))?.query_map([], from_row)?.collect()
}

pub fn of_platform(sql: &Connection, platform: &str) -> rusqlite::Result<Vec<App>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM app WHERE platform = ?1 ORDER BY id DESC"))?
        .query_map([platform], from_row)?
        .collect()
}

pub fn remove(tx: &Tx, id: i64) -> Outcome<()> {
    tx.execute("DELETE FROM spent WHERE app_id = ?1", [id]).map_err(problem)?;
    tx.execute("DELETE FROM hold WHERE whose = 'app' AND id = ?1", [id]).map_err(problem)?;
    tx.execute("DELETE FROM app WHERE id = ?1", [id]).map_err(problem)?;
    Ok(())
}

pub fn spent(sql: &Connection, app: i64, bucket: &str, day: &str) -> rusqlite::Result<u32> {
    sql.prepare_cached("SELECT units FROM spent WHERE app_id = ?1 AND bucket = ?2 AND day = ?3")?
        .query_row(params![app, bucket, day], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
}

pub fn spend(tx: &Tx, app: i64, bucket: &str, day: &str, units: u32) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO spent (app_id, bucket, day, units) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (app_id, bucket, day) DO UPDATE SET units = units + excluded.units",
    )
    .and_then(|mut spend| spend.execute(params![app, bucket, day, units]))
    .map_err(problem)?;
    Ok(())
}
