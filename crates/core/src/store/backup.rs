//! Copies of the queue's file: made whole and checked before they are kept, and put in place so that a crash leaves old or new.
//!
//! Putting one in place is prepared beside the file (`slipway.db.new`: checked, brought up to date, marked as put back), then decided by
//! one rename of a small plan (`slipway.restoring`). From there on whoever opens the queue finishes what the plan says. Not here: how a
//! database that somebody put back by hand is recognised (`store/restored.rs`).

use super::generation::{self, Beside, beside, sync_folder, write_beside};
use super::open::{LATEST, connect, folder_problem, migrate_steps};
use super::restored::{PutBack, mark};
use super::{corrupt, private, problem};
use crate::problem::{Code, Fix, Outcome, Problem};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How many copies of the file are kept.
const BACKUPS: usize = 5;
/// A half copy that nobody wrote to for so long is one of a process that was killed.
const HALF_LEFT: Duration = Duration::from_secs(60);

/// What is asked of somebody who waits for a copy: go on?
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Where a copy of the file goes: `backups/<stem>-<label>.db` beside it.
pub(super) fn backup_path(path: &Path, label: &str) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name("backups").join(format!("{stem}-{label}.db"))
}

/// A name that nobody else writes to: of this process and of this moment.
pub(super) fn half_of(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!("{name}.{}-{number}.half", std::process::id()))
}

/// All copies of this file, oldest first.
pub(crate) fn backups(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_stem().map(|stem| format!("{}-", stem.to_string_lossy())).unwrap_or_default();
    let Ok(folder) = std::fs::read_dir(path.with_file_name("backups")) else { return Vec::new() };
    let mut found: Vec<_> = folder
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "db"))
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&stem))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Makes a copy, whole and checked, or none. Returns false where it was told to stop.
pub(super) fn copy(connection: &Connection, to: &Path, cancel: &Cancel) -> Outcome<bool> {
    if let Some(folder) = to.parent() {
        // If this fails, opening the copy says so.
        let _ = std::fs::create_dir_all(folder);
    }
    let half = half_of(to);
    let _ = std::fs::remove_file(&half);
    let made = copy_half(connection, &half, cancel);
    if !matches!(made, Ok(true)) {
        let _ = std::fs::remove_file(&half);
        return made;
    }
    std::fs::rename(&half, to).map_err(|error| folder_problem(&error))?;
    sync_folder(to);
    Ok(true)
}

fn copy_half(connection: &Connection, half: &Path, cancel: &Cancel) -> Outcome<bool> {
    use rusqlite::backup::StepResult;
    private::begin(half);
    let mut copy = Connection::open(half).map_err(problem)?;
    {
        let steps = rusqlite::backup::Backup::new(connection, &mut copy).map_err(problem)?;
        loop {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            match steps.step(512).map_err(problem)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
    // A file by itself: nothing beside it belongs to it.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(problem)?;
    let stop = cancel.clone();
    // Without the handler the check takes its time.
    let _ = copy.progress_handler(20_000, Some(move || stop.is_cancelled()));
    let checked = check(&copy);
    if cancel.is_cancelled() {
        return Ok(false);
    }
    checked?;
    drop(copy);
    std::fs::File::open(half).and_then(|file| file.sync_all()).map_err(|error| folder_problem(&error))?;
    Ok(true)
}

/// Is this database whole, in its structure and in what it says? `database_corrupt` if not.
pub(super) fn check(sql: &Connection) -> Outcome<()> {
    let text = |query: &str| sql.query_row(query, [], |row| row.get::<_, String>(0));
    let verdict = text("PRAGMA integrity_check(1)").map_err(problem)?;
    if verdict != "ok" {
        return Err(corrupt().detail(verdict));
    }
    let version: i64 = sql.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(problem)?;
    let world =
        text("SELECT value FROM meta WHERE key = 'world'").map_err(|error| corrupt().detail(error))?;
    if version < 1 || !matches!(world.as_str(), "real" | "sandbox") {
        return Err(corrupt().detail("it is not a queue"));
    }
    if version >= LATEST && differing(sql).map_err(problem)? > 0 {
        return Err(corrupt().detail("a row is not what was written"));
    }
    Ok(())
}

/// How many rows differ from their second writing.
fn differing(sql: &Connection) -> rusqlite::Result<i64> {
    let of = |kind: &str, columns: &str| {
        format!(
            "(SELECT count(*) FROM {kind} LEFT JOIN twin ON twin.kind = '{kind}' AND twin.id = {kind}.id \
             WHERE twin.content IS NOT json_array({columns}))"
        )
    };
    let all: Vec<String> = TWINS.iter().map(|(kind, columns)| of(kind, columns)).collect();
    sql.query_row(&format!("SELECT {}", all.join(" + ")), [], |row| row.get(0))
}

/// The tables that are written twice, and which of their columns.
const TWINS: [(&str, &str); 4] = [
    ("delivery", "delivery.post_id, delivery.account_id, delivery.due_at, delivery.options, delivery.words"),
    ("post", "post.media_id, post.words, post.wall"),
    ("media", "media.path, media.size, media.fingerprint"),
    ("account", "account.platform, account.app_id, account.remote_id, account.way"),
];

/// Is all that decides what this delivery sends, and where, as it was written?
pub(crate) fn is_as_written(sql: &Connection, delivery: i64) -> rusqlite::Result<bool> {
    let same: Vec<String> = TWINS
        .iter()
        .map(|(kind, columns)| {
            format!(
                "(SELECT content FROM twin WHERE kind = '{kind}' AND id = {kind}.id) IS json_array({columns})"
            )
        })
        .collect();
    let found = sql
        .prepare_cached(&format!(
            "SELECT {} FROM delivery JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id \
             JOIN account ON account.id = delivery.account_id WHERE delivery.id = ?1",
            same.join(" AND ")
        ))?
        .query_row([delivery], |row| row.get::<_, bool>(0));
    match found {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(false),
        found => found,
    }
}

/// Half copies of processes that were killed.
pub(crate) fn sweep_halves(path: &Path) {
    let places = [path.with_file_name("backups"), path.parent().map(Path::to_path_buf).unwrap_or_default()];
    for entry in places.iter().filter_map(|place| std::fs::read_dir(place).ok()).flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_string_lossy().contains(".half") && !name.to_string_lossy().starts_with("window");
        let left = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
        if ours && left.is_some_and(|left| left > HALF_LEFT) {
            // One that can't be deleted now is met again.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl super::Store {
    /// Today's copy, made at most once a day; the oldest beyond five go. `label` is the date.
    ///
    /// # Errors
    /// `database_corrupt`: the file is damaged, and no copy was made of it.
    pub fn back_up_for(&self, label: &str) -> Outcome<Option<PathBuf>> {
        self.back_up_unless(label, &Cancel::default())
    }

    /// The same, given up when it is told to.
    pub fn back_up_unless(&self, label: &str, cancel: &Cancel) -> Outcome<Option<PathBuf>> {
        sweep_halves(self.path());
        let to = backup_path(self.path(), label);
        if to.exists() {
            return Ok(None);
        }
        let made = super::open::reader(self.path()).and_then(|reader| copy(&reader, &to, cancel));
        if let Err(problem) = &made {
            self.note(problem);
        }
        if !made? {
            return Ok(None);
        }
        self.counts_as_backed_up();
        let mut old = backups(self.path());
        while old.len() > BACKUPS {
            let _ = std::fs::remove_file(old.remove(0));
        }
        Ok(Some(to))
    }

    /// Copies the whole file, consistent, while others write.
    #[cfg(test)]
    pub(crate) fn back_up(&self, to: &Path) -> Outcome<bool> {
        copy(&super::open::reader(self.path())?, to, &Cancel::default())
    }

    pub(crate) fn counts_as_backed_up(&self) {
        self.inner.changed.store(false, Ordering::SeqCst);
    }

    /// Is there a copy that is newer than everything in the file?
    pub fn is_backed_up(&self) -> bool {
        let at = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
        let newest = backups(self.path()).last().and_then(|path| at(path));
        newest.is_some() && !self.inner.changed.load(Ordering::SeqCst)
    }
}

/// Was the file written to since its newest copy was made?
pub(super) fn changed_since_copy(path: &Path) -> bool {
    let at = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let newest: Option<SystemTime> = backups(path).last().and_then(|path| at(path));
    let Some(newest) = newest else { return true };
    // The end of the run that made it writes a last time.
    let newest = newest + Duration::from_secs(5);
    [path.to_path_buf(), path.with_extension("db-wal")]
        .iter()
        .filter_map(|path| at(path))
        .any(|at| at > newest)
}

// ---------------------------------------------------------------------------------------------------------------- the list

/// What a copy holds.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Holds {
    /// Posts that are not at their end, drafts not counted.
    pub scheduled: i64,
    pub published: i64,
}

/// Looks at a copy: whole, and what is in it. The copy is not changed.
///
/// # Errors
/// `database_corrupt`, `database_newer`.
pub fn look_at(path: &Path) -> Outcome<Holds> {
    let sql = unchanging(path)?;
    check(&sql)?;
    let version: i64 = sql.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(problem)?;
    if version > LATEST {
        return Err(super::open::newer(version));
    }
    let count = |states: &str| {
        sql.query_row(&format!("SELECT count(*) FROM delivery WHERE state {states}"), [], |row| row.get(0))
            .map_err(problem)
    };
    Ok(Holds {
        scheduled: count("NOT IN ('draft', 'published', 'cancelled')")?,
        published: count("= 'published'")?,
    })
}

/// Opens a file that nobody writes to, and leaves nothing beside it.
fn unchanging(path: &Path) -> Outcome<Connection> {
    let mut name = String::new();
    for c in path.to_string_lossy().replace('\\', "/").chars() {
        match c {
            '%' | '?' | '#' => name.push_str(&format!("%{:02X}", u32::from(c))),
            c => name.push(c),
        }
    }
    let start = if name.starts_with('/') { "" } else { "/" };
    let start = if path.is_absolute() { start } else { "" };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{start}{name}?immutable=1"), flags).map_err(problem)
}

/// The copy of this name. Only a name that the list of copies has is taken, never a path.
pub fn backup_named(path: &Path, name: &str) -> Outcome<PathBuf> {
    backups(path)
        .into_iter()
        .find(|backup| backup.file_name().is_some_and(|file| file == name))
        .ok_or_else(|| Problem::block(Code::NotFound, "There is no such backup."))
}

// ---------------------------------------------------------------------------------------------------------------- in its place

/// What is to be put in the place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The newest copy that is whole.
    Newest,
    Named(String),
    /// A new, empty queue.
    Empty,
}

/// What was put in place, and what was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutInPlace {
    pub from: Option<PathBuf>,
    /// Names of newer copies that are damaged.
    pub damaged: Vec<String>,
}

/// The plan of a restore that was decided: done again by whoever finds it.
#[derive(Serialize, Deserialize)]
struct Plan {
    /// What the old files are called from now on: this, and an ending.
    aside: String,
    /// False: a new, empty queue begins.
    prepared: bool,
}

/// Where a restore may be cut off, for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Prepared,
    Planned,
    Aside(usize),
    InPlace,
}

/// Puts a copy in the place of the file, or begins anew; the old file lies beside it. Nobody may have the file open.
///
/// # Errors
/// `not_found`, `database_corrupt` (the copy; the file is as it was), `database_newer`, `disk_full`, `read_only`.
pub fn restore(path: &Path, choice: &Choice) -> Outcome<PutInPlace> {
    restore_with(path, choice, &mut |_| Ok(()))
}

pub(super) fn restore_with(
    path: &Path,
    choice: &Choice,
    at: &mut dyn FnMut(At) -> Outcome<()>,
) -> Outcome<PutInPlace> {
    finish(path, at)?;
    let prepared = path.with_extension("db.new");
    let mut done = PutInPlace::default();
    match choice {
        Choice::Empty => {}
        Choice::Named(name) => {
            let chosen = backup_named(path, name)?;
            prepare(path, &chosen, &prepared)?;
            done.from = Some(chosen);
        }
        Choice::Newest => {
            let mut last = Problem::block(Code::NotFound, "There is no backup to restore.");
            for chosen in backups(path).into_iter().rev() {
                match prepare(path, &chosen, &prepared) {
                    Ok(()) => {
                        done.from = Some(chosen);
                        break;
                    }
                    Err(problem) if problem.code == Code::DatabaseCorrupt => {
                        done.damaged
                            .extend(chosen.file_name().map(|name| name.to_string_lossy().into_owned()));
                        last = problem;
                    }
                    Err(problem) => return Err(problem),
                }
            }
            if done.from.is_none() {
                return Err(last);
            }
        }
    }
    at(At::Prepared)?;
    let plan = Plan { aside: free_name(path), prepared: done.from.is_some() };
    let to = path.with_extension("restoring");
    let half = half_of(&to);
    std::fs::write(&half, serde_json::to_vec(&plan).unwrap_or_default())
        .and_then(|()| std::fs::File::open(&half)?.sync_all())
        .and_then(|()| std::fs::rename(&half, &to))
        .map_err(|error| folder_problem(&error))?;
    sync_folder(path);
    at(At::Planned)?;
    finish(path, at)?;
    Ok(done)
}

/// `slipway.replaced-1.db`, or the next number that is free.
fn free_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut number = 1;
    loop {
        let name = format!("{stem}.replaced-{number}");
        let taken = ["db", "db-wal"].iter().any(|end| path.with_file_name(format!("{name}.{end}")).exists());
        if !taken {
            return name;
        }
        number += 1;
    }
}

/// A copy of the backup, checked, brought up to date, and marked as put back.
fn prepare(path: &Path, backup: &Path, to: &Path) -> Outcome<()> {
    for end in ["db.new", "db.new-wal", "db.new-shm", "db.new-journal"] {
        let _ = std::fs::remove_file(path.with_extension(end));
    }
    look_at(backup)?;
    std::fs::copy(backup, to).map_err(|error| folder_problem(&error))?;
    let mut sql = connect(to).map_err(problem)?;
    check(&sql)?;
    migrate_steps(&mut sql, to)?;
    let known = [
        generation::of_database(&sql).map_err(problem)?,
        beside(path).map_or(0, |said| said.generation),
        // What stands in the file that is replaced, where it can be read.
        unchanging(path).ok().and_then(|old| generation::of_database(&old).ok()).unwrap_or(0),
    ];
    let next = known.into_iter().max().unwrap_or(0).saturating_add(1);
    let tx = sql.transaction().map_err(problem)?;
    mark(&tx, PutBack::Restored, next).map_err(problem)?;
    tx.commit().map_err(problem)?;
    sql.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").map_err(problem)?;
    sql.pragma_update(None, "journal_mode", "DELETE").map_err(problem)?;
    drop(sql);
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| folder_problem(&error))?;
    sync_folder(to);
    Ok(())
}

/// Does what a plan says that was found, if there is one. Whoever comes second finds it done.
pub(super) fn finish(path: &Path, at: &mut dyn FnMut(At) -> Outcome<()>) -> Outcome<()> {
    let to = path.with_extension("restoring");
    let Ok(text) = std::fs::read(&to) else { return Ok(()) };
    let plan: Plan = serde_json::from_slice(&text).map_err(|error| {
        Problem::block(
            Code::DatabaseMissing,
            "Putting a backup in place was cut off, and its plan can't be read. Delete slipway.restoring in the data folder, then restore again.",
        )
        .fix(Fix::RestoreBackup)
        .detail(error)
    })?;
    let prepared = path.with_extension("db.new");
    let moved = |from: &Path, to: &Path| match std::fs::rename(from, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(folder_problem(&error)),
        _ => Ok(()),
    };
    if prepared.exists() || !plan.prepared {
        if !plan.prepared {
            write_beside(path, &Beside { begin_new: true, ..Beside::default() })?;
        }
        for (nth, end) in ["db", "db-wal", "db-shm"].into_iter().enumerate() {
            // Another process that found the plan was faster: what lies there now is the new one.
            if plan.prepared && !prepared.exists() {
                break;
            }
            let old = path.with_extension(end);
            let aside = path.with_file_name(format!("{}.{end}", plan.aside));
            if old.exists() && !aside.exists() {
                moved(&old, &aside)?;
            }
            at(At::Aside(nth))?;
        }
        if plan.prepared {
            moved(&prepared, path)?;
            sync_folder(path);
        }
        at(At::InPlace)?;
    }
    match std::fs::remove_file(&to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(folder_problem(&error)),
        _ => {
            sync_folder(path);
            Ok(())
        }
    }
}
