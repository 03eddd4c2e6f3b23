//! How a database that was put back is recognised: a counter that only rises, kept in the database and in a small file beside it.
//!
//! The database's counter is committed first and the file follows before the call leaves, so the database is never behind its own file.
//! A database that is behind was put back (a rollback, a copy from before). The file also names the folder it was written in: a copied
//! folder reads its original's name. Not here: the third copy of the counter, in the vault (`engine/restored.rs`).

use super::problem;
use crate::problem::{Code, Outcome, Problem};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What stands in the file beside the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Beside {
    /// `Store::folder_id`.
    pub folder: String,
    pub generation: u64,
    /// The data folder, without links, when this was written.
    pub place: String,
    /// A person asked for a new, empty queue: that no database is here is meant so.
    pub begin_new: bool,
}

/// `slipway.generation` beside `slipway.db`.
pub(super) fn path_of(database: &Path) -> PathBuf {
    database.with_extension("generation")
}

/// What the file says; nothing where there is none, or where it is not readable as one.
pub(super) fn beside(database: &Path) -> Option<Beside> {
    serde_json::from_slice(&std::fs::read(path_of(database)).ok()?).ok()
}

/// Replaces the file: flushed, then renamed, so that a crash leaves the old one or the new one.
pub(super) fn write_beside(database: &Path, said: &Beside) -> Outcome<()> {
    let to = path_of(database);
    let half = super::backup::half_of(&to);
    let text = serde_json::to_vec(said).unwrap_or_default();
    super::private::begin(&half);
    let written = std::fs::File::create(&half)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&half, &to));
    if written.is_ok() {
        sync_folder(&to);
    }
    written.map_err(|error| {
        // Half of it is of no use to anybody.
        let _ = std::fs::remove_file(&half);
        cannot_write(&error)
    })
}

fn cannot_write(error: &std::io::Error) -> Problem {
    let (code, message) = match error.kind() {
        std::io::ErrorKind::StorageFull => (
            Code::DiskFull,
            "The disk is full, so the queue can't be written. Nothing more is sent before there is room. Free some space; a queue that runs goes on by itself.",
        ),
        _ => (
            Code::ReadOnly,
            "Slipway may not write to its data folder. Check the folder's permissions, or name another with --home.",
        ),
    };
    Problem::block(code, message).detail(error)
}

/// Makes a rename last. Windows can't open a folder; there the file system's journal does it.
pub(super) fn sync_folder(of: &Path) {
    if let Some(folder) = of.parent()
        && let Ok(folder) = std::fs::File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

/// The folder of a database as the system names it.
pub(super) fn place_of(database: &Path) -> String {
    let folder = database.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()).to_string_lossy().into_owned()
}

/// The database's own counter. Zero: nothing was sent yet by a version that counts.
pub fn of_database(sql: &Connection) -> rusqlite::Result<u64> {
    let text: Option<String> = sql
        .prepare_cached("SELECT value FROM meta WHERE key = 'generation'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// When the counter was last raised, by the engine's clock: what was sent without this database knowing came after it.
pub fn as_of(sql: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let text: Option<String> = sql
        .query_row("SELECT value FROM meta WHERE key = 'generation_at'", [], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| text.parse().ok()).and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}

/// Raises the counter inside a write. The caller has the file follow (`Store::keep_generation`) before it acts.
pub fn raise(sql: &Connection, now: Timestamp) -> Outcome<u64> {
    let next = of_database(sql).map_err(problem)?.saturating_add(1);
    set(sql, next, now).map_err(problem)?;
    Ok(next)
}

pub(super) fn set(sql: &Connection, generation: u64, now: Timestamp) -> rusqlite::Result<()> {
    let mut put = sql.prepare_cached(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?;
    put.execute(params!["generation", generation.to_string()])?;
    put.execute(params!["generation_at", now.as_millisecond().to_string()])?;
    Ok(())
}

impl super::Store {
    /// Has the file beside the database follow to this generation. Calls that come together share one flush.
    ///
    /// # Errors
    /// `disk_full`, `read_only`: nothing may be sent then.
    pub async fn keep_generation(&self, generation: u64) -> Outcome<()> {
        use std::sync::atomic::Ordering;
        self.inner.asked.fetch_max(generation, Ordering::SeqCst);
        let store = self.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let mut kept = store.inner.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if *kept >= generation {
                return Ok(());
            }
            let newest = store.inner.asked.load(Ordering::SeqCst);
            let said = Beside {
                folder: store.folder_id().into(),
                generation: newest,
                place: place_of(store.path()),
                begin_new: false,
            };
            write_beside(store.path(), &said)?;
            *kept = newest;
            Ok(())
        })
        .await;
        let kept = kept.unwrap_or_else(|error| Err(Problem::internal(&anyhow::Error::new(error))));
        if let Err(problem) = &kept {
            self.note(problem);
        }
        kept
    }
}
