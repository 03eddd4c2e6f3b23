//! Rows of `post`: media, words, wishes.

use super::delivery::{instant, json, maybe_json, text};
use super::{Tx, problem};
use crate::platform::Words;
use crate::problem::Outcome;
use crate::schedule::WallTime;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

#[derive(Clone, Debug)]
pub struct Post {
    pub id: i64,
    pub media: i64,
    pub words: Words,
    /// `None`: as soon as possible.
    pub wall: Option<WallTime>,
    /// Counts edits.
    pub revision: i64,
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, media_id, words, wall, revision, created_at";

fn from_row(row: &Row) -> rusqlite::Result<Post> {
    Ok(Post {
        id: row.get(0)?,
        media: row.get(1)?,
        words: json(row, 2)?,
        wall: maybe_json(row, 3)?,
        revision: row.get(4)?,
        created_at: instant(row, 5)?.unwrap_or_default(),
    })
}

pub fn insert(tx: &Tx, media: i64, words: &Words, wall: Option<&WallTime>, now: Timestamp) -> Outcome<i64> {
    tx.prepare_cached("INSERT INTO post (media_id, words, wall, created_at) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| {
            insert.execute(params![media, text(words), wall.map(text), now.as_millisecond()])
        })
        .map_err(problem)?;
    Ok(tx.last_insert_rowid())
}

pub fn get(sql: &Connection, id: i64) -> rusqlite::Result<Option<Post>> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM post WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

/// New words or a new time; the revision rises, so that what the platform holds can be told from what is wanted (C38).
pub fn edit(tx: &Tx, id: i64, words: &Words, wall: Option<&WallTime>) -> Outcome<i64> {
    tx.query_row(
        "UPDATE post SET words = ?2, wall = ?3, revision = revision + 1 WHERE id = ?1 RETURNING revision",
        params![id, text(words), wall.map(text)],
        |row| row.get(0),
    )
    .map_err(problem)
}

/// Another file, or the same one at its new place.
pub fn set_media(tx: &Tx, id: i64, media: i64) -> Outcome<()> {
    tx.execute("UPDATE post SET media_id = ?2 WHERE id = ?1", params![id, media]).map_err(problem)?;
    Ok(())
}
