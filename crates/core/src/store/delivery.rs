//! Rows of `delivery`: reading, and the plain inserts. Their state is moved by `queue` alone.

use super::{Tx, problem};
use crate::media::fingerprint::Fingerprint;
use crate::media::original::Stamp;
use crate::platform::{GoesOut, Options, Remote, Stage, Words};
use crate::post::State;
use crate::problem::{Outcome, Problem};
use crate::schedule::WallTime;
use crate::store::post::Post;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: i64,
    pub post: i64,
    pub account: i64,
    pub state: State,
    pub stage: Option<Stage>,
    pub options: Options,
    /// Words for this account alone.
    pub words: Option<Words>,
    /// A plan for this account alone; inside it `None` is "as soon as possible".
    pub wall: Option<Option<WallTime>>,
    pub goes_out: GoesOut,
    pub due: Option<Timestamp>,
    pub next: Option<Timestamp>,
    pub paused: bool,
    pub cancelling: bool,
    pub claimed: Option<Timestamp>,
    pub in_flight: Option<String>,
    pub tries: u32,
    pub failures: u32,
    pub failed_ever: u32,
    /// Sealed.
    pub memo: Option<Vec<u8>>,
    /// Bytes.
    pub confirmed: u64,
    pub remote: Option<Remote>,
    pub privacy: Option<String>,
    pub problem: Option<Problem>,
    pub public_at: Option<Timestamp>,
    pub began_at: Option<Timestamp>,
    /// Counts the edits of what this delivery sends.
    pub revision: i64,
    pub sent_revision: Option<i64>,
    pub created_at: Timestamp,
    pub must_ask: MustAsk,
}

/// What a queue that was put back has to ask about a delivery before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustAsk {
    Nothing,
    /// It is looked at under its id or its memo; nothing new is sent.
    Look,
    /// It waits for its platform's list of new posts.
    List,
}

impl From<i64> for MustAsk {
    fn from(kept: i64) -> Self {
        match kept {
            0 => MustAsk::Nothing,
            1 => MustAsk::Look,
            _ => MustAsk::List,
        }
    }
}

pub(crate) const COLUMNS: &str = "delivery.id, delivery.post_id, delivery.account_id, delivery.state, delivery.stage, \
     delivery.options, delivery.words, delivery.goes_out, delivery.due_at, delivery.next_at, delivery.paused, \
     delivery.claimed_at, delivery.in_flight, delivery.tries, delivery.failures, delivery.failed_ever, delivery.memo, \
     delivery.confirmed, delivery.remote_id, delivery.remote_url, delivery.privacy, delivery.problem, \
     delivery.public_at, delivery.began_at, delivery.sent_revision, delivery.created_at, delivery.cancelling, \
     delivery.wall, delivery.revision, delivery.must_ask";

/// The plan that holds for a delivery: its own, else the post's. NULL: as soon as possible.
pub(crate) const PLAN: &str =
    "CASE WHEN delivery.wall IS NULL THEN post.wall ELSE nullif(delivery.wall, 'null') END";

/// The same columns for a list: options are not read, and of the memo only whether there is one.
pub(crate) fn columns_of_a_list() -> String {
    COLUMNS
        .replace("delivery.options", "'{}'")
        .replace("delivery.memo", "CASE WHEN delivery.memo IS NOT NULL THEN x'' END")
}

/// How many columns `COLUMNS` has, for whoever joins more behind them.
pub(crate) const WIDTH: usize = 30;

pub(crate) fn from_row(row: &Row) -> rusqlite::Result<Delivery> {
    let state: String = row.get(3)?;
    let remote_id: Option<String> = row.get(18)?;
    let remote_url: Option<String> = row.get(19)?;
    Ok(Delivery {
        id: row.get(0)?,
        post: row.get(1)?,
        account: row.get(2)?,
        state: State::parse(&state).ok_or_else(|| odd(3, "a state"))?,
        stage: row.get::<_, Option<String>>(4)?.and_then(|text| word(&text)),
        options: json(row, 5)?,
        words: maybe_json(row, 6)?,
        goes_out: word(&row.get::<_, String>(7)?).ok_or_else(|| odd(7, "a way out"))?,
        due: instant(row, 8)?,
        next: instant(row, 9)?,
        paused: row.get(10)?,
        claimed: instant(row, 11)?,
        in_flight: row.get(12)?,
        tries: row.get(13)?,
        failures: row.get(14)?,
        failed_ever: row.get(15)?,
        memo: row.get(16)?,
        confirmed: row.get::<_, i64>(17)?.max(0) as u64,
        remote: remote_id.map(|id| Remote { id, url: remote_url.unwrap_or_default() }),
        privacy: row.get(20)?,
        problem: maybe_json(row, 21)?,
        public_at: instant(row, 22)?,
        began_at: instant(row, 23)?,
        sent_revision: row.get(24)?,
        created_at: instant(row, 25)?.unwrap_or_default(),
        cancelling: row.get(26)?,
        wall: maybe_json(row, 27)?,
        revision: row.get(28)?,
        must_ask: MustAsk::from(row.get::<_, i64>(29)?),
    })
}

impl Delivery {
    /// The wall time it is planned for; `None`: as soon as possible.
    pub fn plan<'a>(&'a self, post: &'a Post) -> Option<&'a WallTime> {
        self.wall.as_ref().map_or(post.wall.as_ref(), |own| own.as_ref())
    }

    /// The words it goes out with.
    pub fn spoken<'a>(&'a self, post: &'a Post) -> &'a Words {
        self.words.as_ref().unwrap_or(&post.words)
    }
}

/// Other wishes of one delivery; its revision rises, so that what the platform holds can be told from what is wanted (C38).
pub fn set_wishes(
    tx: &Tx,
    id: i64,
    words: Option<&Words>,
    wall: Option<&Option<WallTime>>,
    options: &Options,
) -> Outcome<()> {
    tx.execute(
        "UPDATE delivery SET words = ?2, wall = ?3, options = ?4, revision = revision + 1 WHERE id = ?1",
        params![id, words.map(text), wall.map(text), text(options)],
    )
    .map_err(problem)?;
    Ok(())
}

/// The plan it keeps when the post gets another one. What it sends is the same as before.
pub fn keep_plan(tx: &Tx, id: i64, wall: &Option<WallTime>) -> Outcome<()> {
    tx.execute("UPDATE delivery SET wall = ?2 WHERE id = ?1", params![id, text(wall)]).map_err(problem)?;
    Ok(())
}

/// A new delivery, not yet moved by anybody.
pub struct NewDelivery {
    pub post: i64,
    pub account: i64,
    pub state: State,
    pub options: Options,
    pub words: Option<Words>,
    pub goes_out: GoesOut,
    pub due: Option<Timestamp>,
    pub next: Option<Timestamp>,
}

/// The unique key on post and account refuses a second one (C1).
pub fn insert(tx: &Tx, new: &NewDelivery, now: Timestamp) -> Outcome<i64> {
    tx.prepare_cached(
        "INSERT INTO delivery (post_id, account_id, state, options, words, goes_out, due_at, next_at, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            new.post,
            new.account,
            new.state.as_str(),
            text(&new.options),
            new.words.as_ref().map(text),
            bare(&new.goes_out),
            new.due.map(Timestamp::as_millisecond),
            new.next.map(Timestamp::as_millisecond),
            now.as_millisecond()
        ])
    })
    .map_err(problem)?;
    Ok(tx.last_insert_rowid())
}

pub fn get(sql: &Connection, id: i64) -> rusqlite::Result<Option<Delivery>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM delivery WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

pub fn of_post(sql: &Connection, post: i64) -> rusqlite::Result<Vec<Delivery>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM delivery WHERE post_id = ?1 ORDER BY id"))?
        .query_map([post], from_row)?
        .collect()
}

/// Where this exact file already is on this account, or is on its way there (C7).
pub fn already_there(
    sql: &Connection,
    fingerprint: &str,
    account: i64,
) -> rusqlite::Result<Option<Delivery>> {
    sql.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM delivery JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id \
         WHERE media.fingerprint = ?1 AND delivery.account_id = ?2 AND delivery.state NOT IN ('draft', 'cancelled') \
         ORDER BY delivery.id DESC LIMIT 1"
    ))?
    .query_row(params![fingerprint, account], from_row)
    .optional()
}

/// A further video as it was when it was first sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Further {
    pub path: PathBuf,
    pub stamp: Stamp,
    pub fingerprint: Fingerprint,
}

pub fn further(sql: &Connection, id: i64) -> rusqlite::Result<Vec<Further>> {
    sql.prepare_cached("SELECT more FROM delivery WHERE id = ?1")?.query_row([id], |row| json(row, 0))
}

pub fn set_further(tx: &Tx, id: i64, videos: &[Further]) -> Outcome<()> {
    tx.execute("UPDATE delivery SET more = ?2 WHERE id = ?1", params![id, text(&videos)]).map_err(problem)?;
    Ok(())
}

// ------------------------------------------------------------------------------------------- columns, for all tables

/// An instant column in milliseconds.
pub(crate) fn instant(row: &Row, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    let ms: Option<i64> = row.get(at)?;
    ms.map(|ms| Timestamp::from_millisecond(ms).map_err(|_| odd(at, "an instant"))).transpose()
}

/// A JSON column.
pub(crate) fn json<T: DeserializeOwned>(row: &Row, at: usize) -> rusqlite::Result<T> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, error.into()))
}

pub(crate) fn maybe_json<T: DeserializeOwned>(row: &Row, at: usize) -> rusqlite::Result<Option<T>> {
    match row.get_ref(at)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => json(row, at).map(Some),
    }
}

/// JSON text of plain data.
pub(crate) fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// An enum of bare words, as the word alone.
pub(crate) fn bare<T: serde::Serialize>(value: &T) -> String {
    text(value).trim_matches('"').to_string()
}

/// The other way.
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.into())).ok()
}

pub(crate) fn odd(column: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("not {what}").into())
}
