//! Rows of `setting` and `meta`: small values by key, as JSON.

use super::{Tx, problem};
use crate::problem::Outcome;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The stored value, or the default when there is none or it no longer fits its type.
pub fn get<T: DeserializeOwned + Default>(sql: &Connection, key: &str) -> rusqlite::Result<T> {
    let text: Option<String> = sql
        .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

pub fn set<T: Serialize>(tx: &Tx, key: &str, value: &T) -> Outcome<()> {
    let text = super::delivery::text(value);
    tx.execute(
        "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, text],
    )
    .map_err(problem)?;
    Ok(())
}

pub fn meta(sql: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    sql.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub fn set_meta(tx: &Tx, key: &str, value: &str) -> Outcome<()> {
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, value],
    )
    .map_err(problem)?;
    Ok(())
}
