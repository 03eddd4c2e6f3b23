//! The one SQLite file: opening, migrating, one writer, readers beside it.
//!
//! Writes are closures that one thread runs; those that arrive together share a transaction and so one flush to disk, each behind a
//! savepoint of its own. A write has happened when `write` returns, and its events leave after that, never before.
//! Not here: what the rows mean (`queue` moves state; a file a table below).

pub mod account;
pub mod app;
pub mod attempt;
mod backup;
pub mod delivery;
pub mod errand;
pub mod generation;
pub mod hold;
pub mod media;
mod open;
pub use backup::{Cancel, Choice, Holds, PutInPlace, backup_named, look_at, restore};
pub(crate) use backup::{backups, is_as_written, sweep_halves};
pub(crate) use open::{folder_id_in, meta_in};
pub mod post;
mod private;
pub mod purge;
pub(crate) mod restored;
pub mod setting;
mod watch;

use crate::event::{Events, What};
use crate::problem::{Code, Fix, Outcome, Problem};
use rusqlite::{Connection, Transaction};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Which world the rows belong to. A file of one world is never opened in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    Real,
    Sandbox,
}

impl World {
    pub fn as_str(self) -> &'static str {
        match self {
            World::Real => "real",
            World::Sandbox => "sandbox",
        }
    }
}

/// What a write closure gets: the transaction, and a place to say what changed.
pub struct Tx<'a> {
    sql: &'a Transaction<'a>,
    said: Vec<What>,
}

impl std::ops::Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.sql
    }
}

impl Tx<'_> {
    /// Tells the world about it once it is on disk.
    pub fn say(&mut self, what: What) {
        if !self.said.contains(&what) {
            self.said.push(what);
        }
    }
}

/// How often the file is asked whether another process wrote.
const LOOK_ELSEWHERE: Duration = Duration::from_millis(400);

type Job = Box<dyn FnOnce(&mut Tx) -> Box<dyn FnOnce(Outcome<()>) + Send> + Send>;

/// The store. Cheap to clone; the last clone closes the file.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    folder_id: String,
    jobs: Mutex<Option<std::sync::mpsc::Sender<Job>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    readers: Mutex<Vec<Connection>>,
    events: Events,
    elsewhere: Arc<Notify>,
    /// The newest generation that was asked to be kept beside the file, and the newest that is.
    asked: AtomicU64,
    kept: Mutex<u64>,
    /// Was anything written that no copy has?
    changed: AtomicBool,
    /// What is wrong with the file or its disk just now.
    trouble: Mutex<Option<Problem>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Ok(mut jobs) = self.jobs.lock() {
            jobs.take();
        }
        if let Ok(mut writer) = self.writer.lock()
            && let Some(writer) = writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

impl Store {
    /// Opens or makes the file at `path`, migrates it (after a copy), and starts the writer.
    ///
    /// A database that was put back (an older copy, a copied folder) is recognised here and marked.
    ///
    /// Problems: `database_newer`, `database_corrupt` (the file is kept aside), `database_missing`, `database_other_world`, `read_only`,
    /// `disk_full`.
    pub fn open(path: &Path, world: World, events: Events) -> Outcome<Store> {
        let changed = backup::changed_since_copy(path);
        let (connection, folder_id) = open::open(path, world)?;
        let opened = watch::stand(path);
        let (jobs, inbox) = std::sync::mpsc::channel::<Job>();
        let (said, elsewhere) = (events.clone(), Arc::new(Notify::new()));
        let noticed = elsewhere.clone();
        let inner = Arc::new(Inner {
            path: path.to_path_buf(),
            folder_id,
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(None),
            readers: Mutex::new(Vec::new()),
            events,
            elsewhere,
            asked: AtomicU64::new(0),
            kept: Mutex::new(0),
            changed: AtomicBool::new(changed),
            trouble: Mutex::new(None),
        });
        let starting =
            |error| Problem::internal(&anyhow::Error::new(error).context("starting the queue's threads"));
        let its = Arc::downgrade(&inner);
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || write_all(connection, &inbox, &said, &noticed, &its))
            .map_err(starting)?;
        if let Ok(mut place) = inner.writer.lock() {
            *place = Some(writer);
        }
        let its = Arc::downgrade(&inner);
        std::thread::Builder::new()
            .name("store-watch".into())
            .spawn(move || watch::watch(&its, opened))
            .map_err(starting)?;
        Ok(Store { inner })
    }

    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The random id of this data folder: 32 hexadecimal digits, the same for as long as its queue lives.
    pub fn folder_id(&self) -> &str {
        &self.inner.folder_id
    }

    pub fn events(&self) -> &Events {
        &self.inner.events
    }

    /// Runs `work` on the writer and returns when its result is on disk. An error from `work` undoes its own writes only.
    pub async fn write<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Outcome<T> + Send + 'static,
    {
        // What is written to a file that is gone is lost with this process.
        if let Some(gone) = self.trouble().filter(|trouble| trouble.code == Code::DatabaseMissing) {
            return Err(gone);
        }
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let result = with_savepoint(tx, work);
            Box::new(move |committed| {
                let _ = done.send(committed.and(result));
            })
        });
        let sent = match self.inner.jobs.lock() {
            Ok(jobs) => jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok()),
            Err(_) => false,
        };
        if !sent {
            return Err(Problem::block(Code::Internal, "The queue's file is closed."));
        }
        let answer = answer
            .await
            .unwrap_or_else(|_| Err(Problem::block(Code::Internal, "The queue's writer stopped.")));
        if let Err(problem) = &answer {
            self.note(problem);
        }
        answer
    }

    /// Reads on a connection of its own, in one snapshot of all that was committed before. Blocking: short queries only.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Outcome<T> {
        let spare = self.inner.readers.lock().ok().and_then(|mut readers| readers.pop());
        let connection = match spare {
            Some(connection) => connection,
            None => open::reader(&self.inner.path)?,
        };
        // One snapshot for all that `work` asks: a view made of a row from before a write and a hold from after it would be no truth.
        let result = connection.unchecked_transaction().and_then(|snapshot| work(&snapshot)).map_err(problem);
        if let Err(problem) = &result {
            self.note(problem);
        }
        if let Ok(mut readers) = self.inner.readers.lock()
            && readers.len() < 4
        {
            readers.push(connection);
        }
        result
    }

    /// Returns when another process has written since the last time.
    pub async fn elsewhere(&self) {
        self.inner.elsewhere.notified().await;
    }

    /// What is wrong with the file or its disk just now, if anything.
    pub fn trouble(&self) -> Option<Problem> {
        self.inner.trouble()
    }

    /// Tells of a problem of the file or its disk; others are none of its business.
    pub(crate) fn note(&self, problem: &Problem) {
        self.inner.note(problem);
    }
}

impl Inner {
    fn trouble(&self) -> Option<Problem> {
        self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn note(&self, problem: &Problem) {
        let told = matches!(
            problem.code,
            Code::DatabaseCorrupt | Code::DatabaseMissing | Code::DiskFull | Code::ReadOnly
        );
        if !told {
            return;
        }
        let mut trouble = self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A file that is gone is not told as a damaged one.
        let known = trouble.as_ref().map(|known| known.code);
        if known == Some(problem.code) || known == Some(Code::DatabaseMissing) {
            return;
        }
        *trouble = Some(problem.clone());
        drop(trouble);
        self.events.publish(vec![What::House]);
    }

    /// A write reached the disk: what kept writes from it is over. Damage stays damage.
    fn written(&self) {
        self.changed.store(true, Ordering::SeqCst);
        let mut trouble = self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if trouble.as_ref().is_some_and(|known| matches!(known.code, Code::DiskFull | Code::ReadOnly)) {
            *trouble = None;
            drop(trouble);
            self.events.publish(vec![What::House]);
        }
    }
}

/// A number that changes when another connection has written; only the writer's own connection tells others from ourselves.
fn data_version(connection: &Connection) -> Option<i64> {
    connection.prepare_cached("PRAGMA data_version").ok()?.query_row([], |row| row.get(0)).ok()
}

fn with_savepoint<T>(tx: &mut Tx, work: impl FnOnce(&mut Tx) -> Outcome<T>) -> Outcome<T> {
    let said = tx.said.len();
    tx.execute_batch("SAVEPOINT one").map_err(problem)?;
    // A panic in one write must not take the others of the same transaction, or the writer, with it.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(tx)))
        .unwrap_or_else(|_| Err(Problem::block(Code::Internal, "A write broke. It was undone.")));
    match result {
        Ok(value) => tx.execute_batch("RELEASE one").map(|()| value).map_err(problem),
        Err(error) => {
            tx.said.truncate(said);
            tx.execute_batch("ROLLBACK TO one; RELEASE one").map_err(problem)?;
            Err(error)
        }
    }
}

/// The writer: everything that waits goes into one transaction, then all are answered.
fn write_all(
    mut connection: Connection,
    inbox: &Receiver<Job>,
    events: &Events,
    elsewhere: &Notify,
    its: &Weak<Inner>,
) {
    let mut version = data_version(&connection);
    loop {
        let first = inbox.recv_timeout(LOOK_ELSEWHERE);
        let seen = data_version(&connection);
        if seen != version {
            version = seen;
            events.publish(vec![What::Elsewhere]);
            elsewhere.notify_one();
        }
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
        let sql = match transaction {
            Ok(sql) => sql,
            Err(error) => {
                // Not even begun: the job is answered by being dropped with the reason.
                refuse(first, error);
                continue;
            }
        };
        let mut tx = Tx { sql: &sql, said: Vec::new() };
        let mut answers = vec![first(&mut tx)];
        while answers.len() < 256
            && let Ok(next) = inbox.try_recv()
        {
            answers.push(next(&mut tx));
        }
        let said = std::mem::take(&mut tx.said);
        let committed = sql.commit().map_err(problem);
        match (&committed, its.upgrade()) {
            (Ok(()), Some(inner)) => inner.written(),
            (Err(problem), Some(inner)) => inner.note(problem),
            (_, None) => {}
        }
        if committed.is_ok() {
            events.publish(said);
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
}

/// A job whose transaction could not begin still has to be answered; it runs against an empty memory database that is thrown away.
fn refuse(job: Job, error: rusqlite::Error) {
    let why = problem(error);
    if let Ok(mut nowhere) = Connection::open_in_memory()
        && let Ok(sql) = nowhere.transaction()
    {
        let answer = job(&mut Tx { sql: &sql, said: Vec::new() });
        answer(Err(why));
    }
}

/// What an error of SQLite means to the user.
pub fn problem(error: rusqlite::Error) -> Problem {
    use rusqlite::ErrorCode::*;
    // A value that is none of those we write.
    if let rusqlite::Error::FromSqlConversionFailure(..)
    | rusqlite::Error::InvalidColumnType(..)
    | rusqlite::Error::IntegralValueOutOfRange(..)
    | rusqlite::Error::Utf8Error(..) = &error
    {
        return corrupt().detail(&error);
    }
    match error.sqlite_error_code() {
        Some(CannotOpen | SystemIoFailure) if crate::handles::are_out() => crate::handles::problem(),
        Some(DiskFull) => Problem::block(Code::DiskFull, "The disk is full, so the queue can't be written. Nothing more is sent before there is room. Free some space; a queue that runs goes on by itself.")
            .fix(Fix::FreeSpace),
        Some(SystemIoFailure) => Problem::block(Code::DiskFull, "The disk did not take the queue's data (full, or failing). Nothing more is sent before it does. Check the disk and try again.")
            .fix(Fix::FreeSpace)
            .detail(&error),
        Some(ReadOnly | CannotOpen | PermissionDenied) => {
            Problem::block(Code::ReadOnly, "Slipway may not write to its data folder. Check the folder's permissions, or name another with --home.")
                .detail(&error)
        }
        Some(DatabaseCorrupt | NotADatabase) => corrupt().detail(&error),
        Some(DatabaseBusy | DatabaseLocked) => {
            Problem::block(Code::NotNow, "Another program holds the queue's file for too long. Try again.").fix(Fix::Retry)
        }
        _ => Problem::internal(&anyhow::Error::new(error).context("asking the queue's file")),
    }
}

fn corrupt() -> Problem {
    Problem::block(
        Code::DatabaseCorrupt,
        "The queue's file is damaged. It is kept as it is; a backup can be put in its place.",
    )
    .fix(Fix::RestoreBackup)
}

#[cfg(test)]
mod put_back_tests;
#[cfg(test)]
mod tests;
