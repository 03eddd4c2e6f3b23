//! A database that was put back: recognising it when it is opened (by its counter, its place, and when its file was made), and marking
//! what has to be asked about before anything is sent.
//!
//! Not here: asking (`engine/restored.rs`), and putting a copy in place (`store/backup.rs`).

use super::generation::{self, Beside, beside, place_of, write_beside};
use super::{problem, setting};
use crate::problem::{Code, Fix, Outcome, Problem};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// How a database came to be behind what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// A copy was put in place by `restore`.
    Restored,
    /// It is older than the file beside it, or than the vault: somebody put an older copy in its place.
    RolledBack,
    /// It came without the file that lies beside it, or beside another queue's.
    CopiedAlone,
    /// The whole folder is a copy, and the original is still there.
    CopiedFolder,
}

impl PutBack {
    fn as_str(self) -> &'static str {
        match self {
            PutBack::Restored => "restored",
            PutBack::RolledBack => "rolled_back",
            PutBack::CopiedAlone => "copied_alone",
            PutBack::CopiedFolder => "copied_folder",
        }
    }
}

/// Holds the database against the file beside it. `said` was read before the database was opened: a running process raises the
/// database's counter first, so that what was read in this order is never a false alarm.
pub(super) fn recognise(sql: &Connection, path: &Path, said: Option<Beside>) -> Outcome<()> {
    let place = place_of(path);
    let mine = generation::of_database(sql).map_err(problem)?;
    let folder: Option<String> = meta(sql, "folder")?;
    let written_in: Option<String> = meta(sql, "place")?;
    let (made, known) = (made_at(path), meta(sql, "made")?);
    let behind = said.as_ref().map_or(0, |said| said.generation);
    let found = match &said {
        Some(said) if said.begin_new => None,
        // Where the folder was moved, nobody is at its old place any more.
        Some(said) if said.place != place && is_at(&said.place, &said.folder, path) => {
            Some(PutBack::CopiedFolder)
        }
        Some(said) if said.generation > mine => Some(PutBack::RolledBack),
        // The file is another queue's.
        Some(said) if !said.folder.is_empty() && Some(&said.folder) != folder.as_ref() => {
            Some(PutBack::CopiedAlone)
        }
        // With its counter, or all of the folder: what a backup of files brings back is a file made anew.
        Some(_) if mine > 0 && made.is_some() && known.is_some_and(|known| Some(known) != made) => {
            Some(PutBack::RolledBack)
        }
        Some(_) => None,
        None if mine == 0 => None,
        None if written_in.is_some_and(|there| {
            there != place && is_at(&there, folder.as_deref().unwrap_or_default(), path)
        }) =>
        {
            Some(PutBack::CopiedFolder)
        }
        None => Some(PutBack::CopiedAlone),
    };
    if let Some(found) = found {
        mark_in_one(sql, found, mine, behind)?;
    }
    set_meta(sql, "place", &place)?;
    if let Some(made) = made {
        set_meta(sql, "made", &made)?;
    }
    let folder = meta(sql, "folder")?.unwrap_or_default();
    let stands = |said: &Beside| said.folder == folder && said.place == place && !said.begin_new;
    // Its counter is left to whoever sends: written from here it could fall back.
    if !said.as_ref().is_some_and(stands) {
        let generation = generation::of_database(sql).map_err(problem)?;
        write_beside(path, &Beside { folder, generation, place, begin_new: false })?;
    }
    Ok(())
}

/// When this file was made, where the file system knows: SQLite writes into the one file all its life, and no copy of it was made then.
fn made_at(path: &Path) -> Option<String> {
    let made = std::fs::metadata(path).ok()?.created().ok()?;
    made.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_nanos().to_string())
}

/// Does another data folder of this id lie there, and not this one under a second path?
fn is_at(place: &str, folder: &str, here: &Path) -> bool {
    let there = Path::new(place).join(here.file_name().unwrap_or_default());
    there.is_file() && beside(&there).is_some_and(|said| said.folder == folder) && !is_same(&there, here)
}

#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok() == other.canonicalize().ok()
}

/// `mine`, `behind`: the counters of the database and of the file, as they were compared.
fn mark_in_one(sql: &Connection, found: PutBack, mine: u64, behind: u64) -> Outcome<()> {
    let marked = sql.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
        // Another process that opened it at the same moment has marked it by now.
        if generation::of_database(sql)? != mine {
            return Ok(());
        }
        mark(sql, found, behind.max(mine).saturating_add(1))
    });
    match marked.and_then(|()| sql.execute_batch("COMMIT")) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = sql.execute_batch("ROLLBACK");
            Err(problem(error))
        }
    }
}

/// What stands at a delivery while its platform is asked.
pub(crate) fn asking() -> Problem {
    Problem::block(
        Code::Restored,
        "This queue was put back from an earlier state. Slipway first asks the platform whether this post is there already; nothing is sent before that.",
    )
    .fix(Fix::Retry)
}

/// Marks all that is not final, inside the caller's transaction. The counter goes above all that is known of it.
pub(crate) fn mark(sql: &Connection, found: PutBack, generation: u64) -> rusqlite::Result<()> {
    let as_of = match generation::as_of(sql)? {
        Some(at) => at.as_millisecond(),
        // Written by a version that did not count: what it knows of last is where it stands.
        None => sql.query_row(
            "SELECT max(coalesce((SELECT max(at) FROM attempt), 0), coalesce((SELECT max(created_at) FROM delivery), 0))",
            [],
            |row| row.get(0),
        )?,
    };
    // Marked twice, it is the older state that counts.
    let before: Option<i64> = setting::meta(sql, "restored")?
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .and_then(|known| known["as_of"].as_i64());
    let open: i64 = sql.query_row(
        "SELECT count(*) FROM delivery WHERE must_ask <> 0 AND state NOT IN ('published', 'cancelled')",
        [],
        |row| row.get(0),
    )?;
    let as_of = before.filter(|_| open > 0).map_or(as_of, |before| before.min(as_of));
    let restored = serde_json::json!({ "how": found.as_str(), "as_of": as_of }).to_string();
    put_meta(sql, "restored", &restored)?;
    // A copy that is put in place after this is marked already.
    sql.execute("DELETE FROM meta WHERE key = 'made'", [])?;
    let asking = super::delivery::text(&asking());
    // What has an id or a memo is looked at by it, at once. A retraction looks for itself.
    sql.execute(
        "UPDATE delivery SET must_ask = CASE WHEN memo IS NULL AND remote_id IS NULL THEN 2 ELSE 1 END, \
           claim = NULL, claimed_at = NULL, in_flight = NULL, \
           problem = CASE WHEN state IN ('draft', 'stuck', 'to_finish') THEN problem ELSE ?1 END, \
           next_at = CASE WHEN state IN ('draft', 'stuck') OR (cancelling = 1 AND remote_id IS NOT NULL) THEN next_at \
             WHEN memo IS NULL AND remote_id IS NULL THEN CASE WHEN claim IS NULL THEN next_at ELSE 0 END ELSE 0 END, \
           state = CASE state WHEN 'working' THEN 'due' ELSE state END \
         WHERE state NOT IN ('published', 'cancelled')",
        [&asking],
    )?;
    // An edit of then could undo one of later.
    let why = Problem::block(
        Code::Restored,
        "This queue was put back from an earlier state, so this change may be older than what the platform shows. Look at the post there; try again to send the change.",
    )
    .fix(Fix::Retry);
    sql.execute(
        "UPDATE errand SET state = 'stuck', claim = NULL, claimed_at = NULL, in_flight = NULL, next_at = NULL, problem = ?1 \
         WHERE state IN ('waiting', 'working') AND json_extract(task, '$.kind') = 'amend'",
        [super::delivery::text(&why)],
    )?;
    if found == PutBack::CopiedFolder {
        // The entries in the vault are the original's: this one gets an id of its own, and signs in for itself.
        sql.execute("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'folder'", [])?;
        sql.execute("DELETE FROM meta WHERE key = 'vault'", [])?;
        sql.execute("UPDATE account SET state = 'sign_in' WHERE state = 'ok'", [])?;
    }
    let at = Timestamp::from_millisecond(as_of).unwrap_or_default();
    generation::set(sql, generation, at)
}

/// Since when posts may have gone out that this database does not know of; nothing where it was never put back.
pub fn since(sql: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let known = setting::meta(sql, "restored")?;
    let known = known.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    Ok(known
        .map(|known| Timestamp::from_millisecond(known["as_of"].as_i64().unwrap_or(0)).unwrap_or_default()))
}

fn meta(sql: &Connection, key: &str) -> Outcome<Option<String>> {
    sql.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()
        .map_err(problem)
}

fn set_meta(sql: &Connection, key: &str, value: &str) -> Outcome<()> {
    if meta(sql, key)?.as_deref() == Some(value) {
        return Ok(());
    }
    put_meta(sql, key, value).map_err(problem)
}

fn put_meta(sql: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    sql.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, value],
    )
    .map(|_| ())
}
