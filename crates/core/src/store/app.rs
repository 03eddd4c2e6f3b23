//! Rows of `app`, and what each developer app has spent of its quotas (C33).

use super::delivery::{instant, json, text};
use super::{Tx, problem};
use crate::facts::{AppFlagFact, Facts};
use crate::platform::JobApp;
use crate::problem::Outcome;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct App {
    pub id: i64,
    pub platform: String,
    pub client_id: String,
    /// Which of the platform's ways to sign in it is for.
    pub way: String,
    /// Units a day where more was granted than the default.
    pub quotas: BTreeMap<String, u32>,
    /// What its owner says about it (`AppFlagFact`).
    pub flags: BTreeMap<String, bool>,
    /// The address registered for the answer of a sign-in, where that is not a loopback port of any number.
    pub redirect: Option<String>,
    /// Its set of permissions at the platform (`SignInFacts::config`).
    pub config: Option<String>,
    pub created_at: Timestamp,
}

impl App {
    pub fn for_job(&self, facts: &Facts) -> JobApp {
        let said = |flag: &AppFlagFact| self.flags.get(flag.key).copied().unwrap_or(flag.default);
        JobApp {
            client_id: self.client_id.clone(),
            flags: facts.app_flags.iter().map(|flag| (flag.key.to_string(), said(flag))).collect(),
        }
    }
}

const COLUMNS: &str = "id, platform, client_id, quotas, created_at, way, flags, redirect, config";

fn from_row(row: &Row) -> rusqlite::Result<App> {
    Ok(App {
        id: row.get(0)?,
        platform: row.get(1)?,
        client_id: row.get(2)?,
        quotas: json(row, 3)?,
        created_at: instant(row, 4)?.unwrap_or_default(),
        way: row.get(5)?,
        flags: json(row, 6)?,
        redirect: row.get(7)?,
        config: row.get(8)?,
    })
}

/// What is said of an app when it is added.
pub struct NewApp<'a> {
    pub platform: &'a str,
    pub client_id: &'a str,
    pub way: &'a str,
    pub quotas: &'a BTreeMap<String, u32>,
    pub flags: &'a BTreeMap<String, bool>,
    pub redirect: Option<&'a str>,
    pub config: Option<&'a str>,
}

/// Adds an app, or changes what is said of one that is there.
pub fn upsert(tx: &Tx, new: &NewApp, now: Timestamp) -> Outcome<i64> {
    tx.query_row(
        "INSERT INTO app (platform, client_id, way, quotas, flags, redirect, config, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (platform, client_id) DO UPDATE SET way = excluded.way, quotas = excluded.quotas, flags = excluded.flags, \
           redirect = excluded.redirect, config = excluded.config RETURNING id",
        params![
            new.platform,
            new.client_id,
            new.way,
            text(new.quotas),
            text(new.flags),
            new.redirect,
            new.config,
            now.as_millisecond()
        ],
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
