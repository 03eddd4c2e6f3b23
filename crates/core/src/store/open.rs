//! Opening the file: pragmas, world, migrations all or nothing with a copy before, and what to do with a file that can't be read.

use super::{World, problem};
use crate::problem::{Code, Fix, Outcome, Problem};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::path::{Path, PathBuf};
use std::time::Duration;

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../../migrations/0001_house.sql")),
    M::up(include_str!("../../migrations/0002_composing.sql")),
    M::up(include_str!("../../migrations/0003_turn.sql")),
    M::up(include_str!("../../migrations/0004_ways.sql")),
    M::up(include_str!("../../migrations/0005_more.sql")),
    M::up(include_str!("../../migrations/0007_purge.sql")),
    M::up(include_str!("../../migrations/0009_clock.sql")),
    M::up(include_str!("../../migrations/0010_cancel.sql")),
    M::up(include_str!("../../migrations/0011_sched.sql")),
    M::up(include_str!("../../migrations/0012_window.sql")),
];

/// How many copies of the file are kept.
const BACKUPS: usize = 5;

/// The open file, and the id of its data folder.
pub(super) fn open(path: &Path, world: World) -> Outcome<(Connection, String)> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| folder_problem(&error))?;
    }
    // Damage may show at any of these steps, whichever page it is in.
    take_up(path, world).map_err(|problem| unreadable(path, problem))
}

fn take_up(path: &Path, world: World) -> Outcome<(Connection, String)> {
    let existed = path.exists();
    let mut connection = connect(path).map_err(problem)?;
    migrate(&mut connection, path, existed, MIGRATIONS)?;
    claim_world(&connection, world)?;
    let folder = folder_id(&connection)?;
    quick_check(&connection, path)?;
    Ok((connection, folder))
}

/// Brings the file up to date, all or nothing, with a copy before. Another process may be doing the same: the second to come finds
/// the work done.
fn migrate(connection: &mut Connection, path: &Path, existed: bool, steps: &[M<'_>]) -> Outcome<()> {
    let known = steps.len() as i64;
    let version_of = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(problem)
    };
    // Waits for its turn at the beginning, where waiting is possible, and not at its first write, where SQLite refuses instead.
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    loop {
        let version = version_of(connection)?;
        if version > known {
            return Err(Problem::block(
                Code::DatabaseNewer,
                "This queue was written by a newer Slipway. Update Slipway, or name another data folder. Nothing was changed.",
            )
            .detail(format!("the file has version {version}, this program knows {known}")));
        }
        if version == known {
            return Ok(());
        }
        if existed && version > 0 {
            copy(connection, &backup_path(path, &format!("before-{known}"))).map_err(problem)?;
        }
        let Err(error) = Migrations::from_slice(steps).to_latest(connection) else { return Ok(()) };
        if version_of(connection)? == version {
            return Err(match error {
                rusqlite_migration::Error::RusqliteError { err, .. } => problem(err),
                other => Problem::internal(
                    &anyhow::Error::new(other).context("bringing the queue's file up to date"),
                ),
            });
        }
    }
}

/// How long another process may keep the file from being opened.
const PATIENCE: Duration = Duration::from_secs(10);

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    let began = std::time::Instant::now();
    // The one statement for which SQLite does not wait: two that make a new file at the same moment would meet here.
    while let Err(error) = connection.pragma_update(None, "journal_mode", "WAL") {
        let busy = matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        );
        if !busy || began.elapsed() > PATIENCE {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // A remote act follows many of our writes: they must be on disk when we say so.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Words that were deleted must be gone from the file, too.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

pub(super) fn reader(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(problem)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(problem)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The first opening decides the world; after that it can't be changed.
fn claim_world(connection: &Connection, world: World) -> Outcome<()> {
    let sql = "INSERT INTO meta (key, value) VALUES ('world', ?1) ON CONFLICT (key) DO NOTHING";
    connection.execute(sql, [world.as_str()]).map_err(problem)?;
    let is: String = connection
        .query_row("SELECT value FROM meta WHERE key = 'world'", [], |row| row.get(0))
        .map_err(problem)?;
    if is == world.as_str() {
        return Ok(());
    }
    Err(Problem::block(
        Code::DatabaseOtherWorld,
        "This data folder belongs to the other world: sandbox and real channels never share one. Name another with --home.",
    ))
}

/// The random id of this data folder, made at the first opening: 32 hexadecimal digits. Two folders never share one by chance, as
/// they share row ids.
fn folder_id(connection: &Connection) -> Outcome<String> {
    let sql = "INSERT INTO meta (key, value) VALUES ('folder', lower(hex(randomblob(16)))) ON CONFLICT (key) DO NOTHING";
    connection.execute(sql, []).map_err(problem)?;
    connection.query_row("SELECT value FROM meta WHERE key = 'folder'", [], |row| row.get(0)).map_err(problem)
}

/// The id of the data folder whose queue lies in this file, without changing anything; nothing where it can't be read.
pub(crate) fn folder_id_in(path: &Path) -> Option<String> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.query_row("SELECT value FROM meta WHERE key = 'folder'", [], |row| row.get(0)).ok()
}

/// A damaged page is found now and not in the middle of a post. Only small files are read whole; large ones are trusted to their
/// schema, since reading them would take longer than a start may.
fn quick_check(connection: &Connection, path: &Path) -> Outcome<()> {
    if std::fs::metadata(path).map_or(0, |meta| meta.len()) > 8 << 20 {
        return Ok(());
    }
    let verdict: Result<String, _> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match verdict {
        Ok(text) if text == "ok" => Ok(()),
        Ok(text) => Err(super::corrupt().detail(text)),
        Err(error) => Err(problem(error)),
    }
}

/// A damaged file is copied aside, so that nothing we do next can make it worse, and the newest backup is named.
fn unreadable(path: &Path, problem: Problem) -> Problem {
    if problem.code != Code::DatabaseCorrupt {
        return problem;
    }
    let aside = path.with_extension("damaged");
    let kept = aside.exists() || std::fs::copy(path, &aside).is_ok();
    let backup = backups(path).pop();
    let mut message = "The queue's file is damaged and was not opened.".to_string();
    if kept {
        message += &format!(" A copy is kept as {}.", file_name(&aside));
    }
    match backup {
        Some(backup) => {
            message +=
                &format!(" The last backup is {}: `slipway restore` puts it in place.", file_name(&backup));
        }
        None => {
            message += " There is no backup yet: `slipway restore --empty` begins a new queue and leaves the damaged one beside it."
        }
    }
    Problem { message, ..problem }.fix(Fix::RestoreBackup)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn folder_problem(error: &std::io::Error) -> Problem {
    if crate::handles::ran_out(error) {
        return crate::handles::problem();
    }
    match error.kind() {
        std::io::ErrorKind::StorageFull => {
            Problem::block(Code::DiskFull, "The disk is full, so the data folder can't be made.").fix(Fix::FreeSpace)
        }
        _ => Problem::block(
            Code::ReadOnly,
            "Slipway can't make or use its data folder. Check the folder's permissions, or name another with --home.",
        ),
    }
    .detail(error)
}

/// Where a copy of the file goes: `backups/<stem>-<label>.db` beside it.
pub(super) fn backup_path(path: &Path, label: &str) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name("backups").join(format!("{stem}-{label}.db"))
}

/// All copies, oldest first.
pub(crate) fn backups(path: &Path) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(path.with_file_name("backups")) else { return Vec::new() };
    let mut found: Vec<_> = folder
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "db"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Makes a copy and drops the oldest beyond the number kept.
pub(super) fn copy(connection: &Connection, to: &Path) -> rusqlite::Result<()> {
    if let Some(folder) = to.parent() {
        // If this fails, opening the copy says so.
        let _ = std::fs::create_dir_all(folder);
    }
    // Two processes may copy at the same time.
    let half = to.with_extension(format!("{}.half", std::process::id()));
    let _ = std::fs::remove_file(&half);
    {
        let mut copy = Connection::open(&half)?;
        rusqlite::backup::Backup::new(connection, &mut copy)?.run_to_completion(512, Duration::ZERO, None)?;
    }
    std::fs::rename(&half, to).map_err(|_| rusqlite::Error::InvalidPath(to.to_path_buf()))?;
    Ok(())
}

impl super::Store {
    /// Today's copy, made at most once a day; the oldest beyond five go. `label` is the date.
    pub fn back_up_for(&self, label: &str) -> Outcome<Option<PathBuf>> {
        let to = backup_path(self.path(), label);
        if to.exists() {
            return Ok(None);
        }
        self.back_up(&to)?;
        let mut old = backups(self.path());
        while old.len() > BACKUPS {
            let _ = std::fs::remove_file(old.remove(0));
        }
        Ok(Some(to))
    }
}

/// Puts the newest backup in the place of a damaged file (kept aside), or begins anew. Returns what was put in place.
pub fn restore(path: &Path, empty: bool) -> Outcome<Option<PathBuf>> {
    let chosen = if empty { None } else { backups(path).pop() };
    if !empty && chosen.is_none() {
        return Err(Problem::block(Code::NotFound, "There is no backup to restore."));
    }
    put_in_place(path, chosen.as_deref())?;
    Ok(chosen)
}

/// The copy of this name. Only a name that the list of copies has is taken, never a path.
pub fn backup_named(path: &Path, name: &str) -> Outcome<PathBuf> {
    backups(path)
        .into_iter()
        .find(|backup| backup.file_name().is_some_and(|file| file == name))
        .ok_or_else(|| Problem::block(Code::NotFound, "There is no such backup."))
}

/// Puts this copy in the place of the file, which is kept aside. Nobody may have the file open.
pub fn restore_named(path: &Path, name: &str) -> Outcome<()> {
    put_in_place(path, Some(&backup_named(path, name)?))
}

fn put_in_place(path: &Path, chosen: Option<&Path>) -> Outcome<()> {
    let io = |error: std::io::Error| folder_problem(&error);
    for ending in ["db", "db-wal", "db-shm"] {
        let old = path.with_extension(ending);
        if old.exists() {
            std::fs::rename(&old, path.with_extension(format!("{ending}.damaged"))).map_err(io)?;
        }
    }
    if let Some(chosen) = chosen {
        std::fs::copy(chosen, path).map_err(io)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The version that this program makes.
    const LATEST: i64 = MIGRATIONS.len() as i64;

    /// A file of the latest version, and what became of it after these steps were tried.
    fn taken_up(second: &str) -> (Outcome<()>, i64, Vec<String>, Vec<PathBuf>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slipway.db");
        drop(open(&path, World::Sandbox).unwrap());
        let steps: Vec<_> = MIGRATIONS.iter().cloned().chain([M::up(second)]).collect();
        let mut connection = connect(&path).unwrap();
        let ended = migrate(&mut connection, &path, true, &steps);
        let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        let names = connection
            .prepare("SELECT name FROM sqlite_master WHERE name LIKE 'more%' ORDER BY name")
            .and_then(|mut get| get.query_map([], |row| row.get(0))?.collect())
            .unwrap();
        (ended, version, names, backups(&path), folder)
    }

    #[test]
    fn a_copy_is_made_before_the_file_is_changed() {
        let (ended, version, names, copies, _folder) = taken_up("CREATE TABLE more (x INT) STRICT");
        assert_eq!(ended, Ok(()));
        assert_eq!((version, names), (LATEST + 1, vec!["more".to_string()]));
        assert_eq!(copies.len(), 1);
        let copy = Connection::open(&copies[0]).unwrap();
        let version: i64 = copy.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, LATEST);
        let world: String =
            copy.query_row("SELECT value FROM meta WHERE key = 'world'", [], |row| row.get(0)).unwrap();
        assert_eq!(world, "sandbox");
    }

    #[test]
    fn a_step_that_fails_half_way_leaves_the_version_before() {
        let (ended, version, names, copies, _folder) =
            taken_up("CREATE TABLE more (x INT); CREATE TABLE delivery (x INT)");
        assert_eq!(ended.map_err(|problem| problem.code), Err(Code::Internal));
        assert_eq!((version, names, copies.len()), (LATEST, Vec::new(), 1));
    }
}
