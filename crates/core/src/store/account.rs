//! Rows of `account`: one sign-in on one platform. Tokens are not here; they are in the vault.

use super::delivery::{bare, instant, json, odd, text, word};
use super::{Tx, problem};
use crate::platform::{Identity, JobAccount, JobApp};
use crate::problem::Outcome;
use crate::schedule::lead::MissedRule;
use crate::schedule::slots::Slot;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    Ok,
    /// Its sign-in ended; everything of it waits for a new one.
    SignIn,
    /// Disconnected; kept for the history.
    Gone,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub id: i64,
    pub platform: String,
    pub app: i64,
    pub remote_id: String,
    pub name: String,
    pub handle: Option<String>,
    pub url: Option<String>,
    pub scopes: Vec<String>,
    /// Capabilities as last read.
    pub live: Value,
    pub state: AccountState,
    /// When the refresh token dies, where the platform says so (C31).
    pub sign_in_ends: Option<Timestamp>,
    pub missed_rule: MissedRule,
    pub slots: Vec<Slot>,
    pub connected_at: Timestamp,
    /// The way it signed in by (`SignInFacts::way`).
    pub way: String,
    /// The newest times between last byte and "public", in milliseconds, newest last. They are told; nothing is sent ahead by them.
    pub pace: Vec<u64>,
    /// Who granted its sign-in, where the platform tells (`Grantee::Asked`).
    pub person: Option<String>,
}

/// How many measured times an account keeps.
const PACES: usize = 5;

impl Account {
    pub fn for_job(&self, app: JobApp) -> JobAccount {
        JobAccount {
            remote_id: self.remote_id.clone(),
            name: self.name.clone(),
            handle: self.handle.as_ref().map(|handle| handle.trim_start_matches('@').to_string()),
            live: self.live.clone(),
            way: self.way.clone(),
            app,
        }
    }

    /// The usual time from last byte to "public", in milliseconds: the middle one of the newest.
    pub fn usual_pace_ms(&self) -> Option<u64> {
        let mut pace = self.pace.clone();
        pace.sort_unstable();
        pace.get(pace.len() / 2).copied()
    }
}

const COLUMNS: &str = "id, platform, app_id, remote_id, name, handle, url, scopes, live, state, sign_in_ends, \
     missed_rule, slots, connected_at, way, pace, person";

fn from_row(row: &Row) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        platform: row.get(1)?,
        app: row.get(2)?,
        remote_id: row.get(3)?,
        name: row.get(4)?,
        handle: row.get(5)?,
        url: row.get(6)?,
        scopes: json(row, 7)?,
        live: json(row, 8)?,
        state: word(&row.get::<_, String>(9)?).ok_or_else(|| odd(9, "a state"))?,
        sign_in_ends: instant(row, 10)?,
        missed_rule: json(row, 11)?,
        slots: json(row, 12)?,
        connected_at: instant(row, 13)?.unwrap_or_default(),
        way: row.get(14)?,
        pace: json(row, 15)?,
        person: row.get(16)?,
    })
}

/// What a sign-in brings.
pub struct Connected<'a> {
    pub platform: &'a str,
    pub app: i64,
    pub identity: &'a Identity,
    pub scopes: &'a [String],
    pub sign_in_ends: Option<Timestamp>,
    pub way: &'a str,
    pub person: Option<&'a str>,
}

/// Adds the account, or brings back the one that is this channel already: its history and posts stay with it.
pub fn connect(tx: &Tx, new: &Connected, rule: &MissedRule, now: Timestamp) -> Outcome<i64> {
    let known: Option<i64> = tx
        .query_row(
            "SELECT id FROM account WHERE platform = ?1 AND remote_id = ?2",
            [new.platform, new.identity.remote_id.as_str()],
            |row| row.get(0),
        )
        .optional()
        .map_err(problem)?;
    // Two statements and no `ON CONFLICT`: that would also decide about conflicts inside the triggers of the table.
    let statement = match known {
        Some(_) => {
            "UPDATE account SET app_id = ?2, name = ?4, handle = ?5, url = ?6, scopes = ?7, live = ?8, state = 'ok', sign_in_ends = ?9, \
               connected_at = ?11, way = ?12, person = ?13, gone_at = NULL \
             WHERE platform = ?1 AND remote_id = ?3 AND ?10 IS NOT NULL RETURNING id"
        }
        None => {
            "INSERT INTO account (platform, app_id, remote_id, name, handle, url, scopes, live, state, sign_in_ends, missed_rule, connected_at, way, person) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'ok', ?9, ?10, ?11, ?12, ?13) RETURNING id"
        }
    };
    tx.query_row(
        statement,
        params![
            new.platform,
            new.app,
            new.identity.remote_id,
            new.identity.name,
            new.identity.handle,
            new.identity.url,
            text(&new.scopes),
            text(&new.identity.live),
            new.sign_in_ends.map(Timestamp::as_millisecond),
            // The rule that a person may have changed stays.
            text(rule),
            now.as_millisecond(),
            new.way,
            new.person
        ],
        |row| row.get(0),
    )
    .map_err(problem)
}

pub fn get(sql: &Connection, id: i64) -> rusqlite::Result<Option<Account>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM account WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

/// All but the disconnected.
pub fn all(sql: &Connection) -> rusqlite::Result<Vec<Account>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM account WHERE state <> 'gone' ORDER BY id"))?
        .query_map([], from_row)?
        .collect()
}

/// Those whose sign-in is over, for now or for good.
pub fn signed_out(sql: &Connection) -> rusqlite::Result<Vec<i64>> {
    sql.prepare_cached("SELECT id FROM account WHERE state <> 'ok'")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub fn set_state(tx: &Tx, id: i64, state: AccountState) -> Outcome<()> {
    tx.execute("UPDATE account SET state = ?2 WHERE id = ?1", params![id, bare(&state)]).map_err(problem)?;
    Ok(())
}

pub fn set_sign_in_ends(tx: &Tx, id: i64, ends: Option<Timestamp>) -> Outcome<()> {
    tx.execute(
        "UPDATE account SET sign_in_ends = ?2 WHERE id = ?1",
        params![id, ends.map(Timestamp::as_millisecond)],
    )
    .map_err(problem)?;
    Ok(())
}

/// What the platform said it is called and may do, just now. Its terms are another answer and stay.
pub fn renew(tx: &Tx, id: i64, identity: &crate::platform::Identity) -> Outcome<()> {
    tx.execute(
        "UPDATE account SET name = ?2, handle = ?3, url = ?4, state = 'ok', live = CASE \
           WHEN json_type(?5) = 'object' AND json_extract(live, '$.terms') IS NOT NULL \
           THEN json_set(?5, '$.terms', json_extract(live, '$.terms')) ELSE ?5 END WHERE id = ?1",
        params![id, identity.name, identity.handle, identity.url, text(&identity.live)],
    )
    .map_err(problem)?;
    Ok(())
}

/// What holds for the account just now.
pub fn set_terms(tx: &Tx, id: i64, terms: &Value) -> Outcome<()> {
    tx.execute(
        "UPDATE account SET live = json_set(CASE WHEN json_type(live) = 'object' THEN live ELSE '{}' END, '$.terms', json(?2)) WHERE id = ?1",
        params![id, text(terms)],
    )
    .map_err(problem)?;
    Ok(())
}

/// One more time between last byte and "public".
pub fn add_pace(tx: &Tx, id: i64, took: Duration) -> Outcome<()> {
    let Some(account) = get(tx, id).map_err(problem)? else { return Ok(()) };
    let mut pace = account.pace;
    pace.push(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    let newest = pace.split_off(pace.len().saturating_sub(PACES));
    tx.execute("UPDATE account SET pace = ?2 WHERE id = ?1", params![id, text(&newest)]).map_err(problem)?;
    Ok(())
}

pub fn set_rules(tx: &Tx, id: i64, missed: &MissedRule, slots: &[Slot]) -> Outcome<()> {
    tx.execute(
        "UPDATE account SET missed_rule = ?2, slots = ?3 WHERE id = ?1",
        params![id, text(missed), text(&slots)],
    )
    .map_err(problem)?;
    Ok(())
}

/// Nothing of the sign-in stays: what it could do, and what it was half-way through. The rest goes with `purge`.
pub fn forget(tx: &Tx, id: i64, now: Timestamp) -> Outcome<()> {
    tx.execute(
        "UPDATE account SET state = 'gone', scopes = '[]', live = 'null', sign_in_ends = NULL, person = NULL, gone_at = ?2 \
         WHERE id = ?1",
        params![id, now.as_millisecond()],
    )
    .map_err(problem)?;
    tx.execute("UPDATE delivery SET memo = NULL WHERE account_id = ?1", [id]).map_err(problem)?;
    tx.execute(
        "UPDATE errand SET memo = NULL WHERE delivery_id IN (SELECT id FROM delivery WHERE account_id = ?1)",
        [id],
    )
    .map_err(problem)?;
    tx.execute("DELETE FROM hold WHERE whose = 'account' AND id = ?1", [id]).map_err(problem)?;
    Ok(())
}
