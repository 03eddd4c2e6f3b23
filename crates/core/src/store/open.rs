//! Opening the file: pragmas, world, migrations all or nothing with a copy before, and what to do with a file that can't be read.

use super::backup::{self, Cancel, backup_path, backups};
use super::generation::{self, beside};
use super::{World, private, problem, restored};
use crate::problem::{Code, Fix, Outcome, Problem};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::path::Path;
use std::time::Duration;

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../../migrations/0001_house.sql")),
    M::up(include_str!("../../migrations/0002_composing.sql")),
    M::up(include_str!("../../migrations/0003_turn.sql")),
    M::up(include_str!("../../migrations/0004_ways.sql")),
    M::up(include_str!("../../migrations/0005_more.sql")),
    M::up(include_str!("../../migrations/0007_purge.sql")),
    M::up(include_str!("../../migrations/0008_restored.sql")),
    M::up(include_str!("../../migrations/0009_clock.sql")),
    M::up(include_str!("../../migrations/0010_cancel.sql")),
    M::up(include_str!("../../migrations/0011_sched.sql")),
    M::up(include_str!("../../migrations/0012_window.sql")),
    M::up(include_str!("../../migrations/0013_stuck.sql")),
    M::up(include_str!("../../migrations/0014_not_through.sql")),
    M::up(include_str!("../../migrations/0015_config.sql")),
];

/// The version that this program makes.
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// The open file, and the id of its data folder.
pub(super) fn open(path: &Path, world: World) -> Outcome<(Connection, String)> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| folder_problem(&error))?;
    }
    backup::finish(path, &mut |_| Ok(()))?;
    // Read before the database: a running process raises the database's own counter first.
    let said = beside(path);
    if said.as_ref().is_none_or(|said| !said.begin_new) {
        is_there(path)?;
    }
    // Damage may show at any of these steps, whichever page it is in.
    take_up(path, world, said).map_err(|problem| unreadable(path, problem))
}

fn take_up(path: &Path, world: World, said: Option<generation::Beside>) -> Outcome<(Connection, String)> {
    let existed = path.exists();
    private::keep(path);
    let mut connection = connect(path).map_err(problem)?;
    migrate(&mut connection, path, existed, MIGRATIONS)?;
    claim_world(&connection, world)?;
    folder_id(&connection)?;
    quick_check(&connection, path)?;
    restored::recognise(&connection, path, said)?;
    // A copied folder has got another one by now.
    let folder = folder_id(&connection)?;
    Ok((connection, folder))
}

/// No file, or an empty one, where something shows that there was a queue: never silently a new one.
fn is_there(path: &Path) -> Outcome<()> {
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() > 0) {
        return Ok(());
    }
    // A new database has its first pages in the log for a moment, while another process makes it.
    if std::fs::metadata(path.with_extension("db-wal")).is_ok_and(|meta| meta.len() > 0) && path.exists() {
        return Ok(());
    }
    if backups(path).is_empty() && !generation::path_of(path).exists() {
        return Ok(());
    }
    // Another process may have made it between the first look and the second; it makes the database before anything beside it.
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() > 0) {
        return Ok(());
    }
    Err(missing(path))
}

/// The queue's file is not where it was.
pub(super) fn missing(path: &Path) -> Problem {
    let kept = backups(path).len();
    let message = match kept {
        0 => "The queue's file is gone from the data folder, and there is no backup. If you moved it, put it back. To begin a new queue: `slipway restore --empty`.".to_string(),
        _ => format!("The queue's file is gone from the data folder. If you moved it, put it back. Otherwise choose one of {kept} backups: `slipway restore` lists them. To begin a new queue: `slipway restore --empty`."),
    };
    Problem::block(Code::DatabaseMissing, message).fix(Fix::RestoreBackup)
}

pub(super) fn newer(version: i64) -> Problem {
    Problem::block(
        Code::DatabaseNewer,
        "This queue was written by a newer Slipway. Update Slipway, or name another data folder. Nothing was changed.",
    )
    .detail(format!("the file has version {version}, this program knows {LATEST}"))
}

/// Brings a copy up to date that is to be put in place.
pub(super) fn migrate_steps(connection: &mut Connection, path: &Path) -> Outcome<()> {
    migrate(connection, path, false, MIGRATIONS)
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
            return Err(newer(version));
        }
        if version == known {
            return Ok(());
        }
        if existed && version > 0 {
            backup::copy(connection, &backup_path(path, &format!("before-{known}")), &Cancel::default())?;
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

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
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
    meta_in(path, "folder")
}

/// The same for any value that a database keeps about itself.
pub(crate) fn meta_in(path: &Path, key: &str) -> Option<String> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    super::setting::meta(&connection, key).ok().flatten()
}

/// Files up to this size are read whole when they are opened. Larger ones are checked right after, beside the work: reading them takes
/// longer than a start may.
pub(super) const READ_WHOLE: u64 = 8 << 20;

/// A damaged page is found now and not in the middle of a post.
fn quick_check(connection: &Connection, path: &Path) -> Outcome<()> {
    if std::fs::metadata(path).map_or(0, |meta| meta.len()) > READ_WHOLE {
        return Ok(());
    }
    check_pages(connection)
}

fn check_pages(connection: &Connection) -> Outcome<()> {
    let verdict: Result<String, _> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match verdict {
        Ok(text) if text == "ok" => Ok(()),
        Ok(text) => Err(super::corrupt().detail(text)),
        Err(error) => Err(problem(error)),
    }
}

/// Damage that a look at all pages finds, by a connection of its own: what others hold in memory hides it.
pub(super) fn quickly_checked(path: &Path) -> Option<Problem> {
    let checked = reader(path).and_then(|reader| check_pages(&reader));
    checked.err().filter(|problem| problem.code == Code::DatabaseCorrupt)
}

/// A damaged file is copied aside, so that nothing we do next can make it worse, and the newest backup is named.
fn unreadable(path: &Path, problem: Problem) -> Problem {
    if problem.code != Code::DatabaseCorrupt {
        return problem;
    }
    // One copy for each state of the file, however often it is tried.
    let changed = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let at =
        changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |at| at.as_millis());
    let aside = path.with_extension(format!("damaged-{at}"));
    let kept = aside.exists() || std::fs::copy(path, &aside).is_ok();
    let backup = backups(path).pop();
    let mut message = "The queue's file is damaged and was not opened.".to_string();
    if kept {
        message += &format!(" A copy is kept as {}.", file_name(&aside));
    }
    match backup {
        Some(backup) => {
            message += &format!(
                " The last backup is {}: `slipway restore` lists all of them, `slipway restore --newest` puts the newest whole one in place.",
                file_name(&backup)
            );
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

pub(super) fn folder_problem(error: &std::io::Error) -> Problem {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::path::PathBuf;

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
