//! Rows of `hold`: lanes that wait, and why.

use super::delivery::{instant, json, text};
use super::{Tx, problem};
use crate::platform::Whose;
use crate::problem::{Outcome, Problem};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

#[derive(Clone, Debug)]
pub struct Hold {
    pub whose: Whose,
    pub id: i64,
    /// Empty: holds everything of this lane; else only what would open something new.
    pub bucket: String,
    pub until: Timestamp,
    /// In a row; 0 for a limit the platform told us.
    pub failures: u32,
    pub problem: Problem,
}

/// The bucket a row of failures is counted in.
pub(crate) const FAILURES: &str = "failures";

impl Hold {
    /// Is it this account's, or its app's?
    pub(crate) fn is_of(&self, account: i64, app: i64) -> bool {
        match self.whose {
            Whose::App => self.id == app,
            Whose::Account | Whose::Delivery => self.id == account,
        }
    }

    /// Does it hold what was begun before, too?
    pub(crate) fn is_whole(&self) -> bool {
        self.bucket.is_empty() || self.bucket == FAILURES
    }
}

fn from_row(row: &rusqlite::Row) -> rusqlite::Result<Hold> {
    let whose: String = row.get(0)?;
    Ok(Hold {
        whose: if whose == "app" { Whose::App } else { Whose::Account },
        id: row.get(1)?,
        bucket: row.get(2)?,
        until: instant(row, 3)?.unwrap_or_default(),
        failures: row.get(4)?,
        problem: json(row, 5)?,
    })
}

const COLUMNS: &str = "whose, id, bucket, until, failures, problem";

fn key(whose: Whose) -> &'static str {
    match whose {
        Whose::App => "app",
        Whose::Account | Whose::Delivery => "account",
    }
}

pub fn set(tx: &Tx, hold: &Hold) -> Outcome<()> {
    tx.prepare_cached(
        "INSERT INTO hold (whose, id, bucket, until, failures, problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (whose, id, bucket) DO UPDATE SET until = excluded.until, failures = excluded.failures, problem = excluded.problem",
    )
    .and_then(|mut set| {
        set.execute(params![
            key(hold.whose),
            hold.id,
            hold.bucket,
            hold.until.as_millisecond(),
            hold.failures,
            text(&hold.problem)
        ])
    })
    .map_err(problem)?;
    Ok(())
}

pub fn get(sql: &Connection, whose: Whose, id: i64, bucket: &str) -> rusqlite::Result<Option<Hold>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM hold WHERE whose = ?1 AND id = ?2 AND bucket = ?3"))?
        .query_row(params![key(whose), id, bucket], from_row)
        .optional()
}

/// Those that still hold, and those whose row of failures is remembered.
pub fn all(sql: &Connection) -> rusqlite::Result<Vec<Hold>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM hold"))?.query_map([], from_row)?.collect()
}

pub fn clear(tx: &Tx, whose: Whose, id: i64, bucket: &str) -> Outcome<usize> {
    tx.prepare_cached("DELETE FROM hold WHERE whose = ?1 AND id = ?2 AND bucket = ?3")
        .and_then(|mut clear| clear.execute(params![key(whose), id, bucket]))
        .map_err(problem)
}

/// Ends every wait that came from failures (the network is back); limits the platforms told us stay.
pub fn end_failures(tx: &Tx, now: Timestamp) -> Outcome<usize> {
    tx.execute("UPDATE hold SET until = ?1 WHERE failures > 0 AND until > ?1", [now.as_millisecond()])
        .map_err(problem)
}
