//! Deleting what is left of a disconnected channel: from the queue's file, and from every copy of it that lies beside it.
//!
//! Ids, times, states and the platform of what was published or cancelled stay; names, words, links, paths and ids at the platform
//! go. A post that other channels have, too, keeps what they need. Not here: when it is time (`engine/maintenance.rs`).

use super::problem;
use crate::problem::Outcome;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the data of a disconnected channel is kept, so that connecting it again finds everything as it was.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Larger files are not rewritten whole, which would hold up the queue: there the pages that held the words are zeroed
/// (`secure_delete`).
const REWRITTEN: u64 = 512 << 20;
/// How long other readers of the file may keep its log from being emptied.
const PATIENCE: Duration = Duration::from_secs(5);
/// A copy in the making that is older is one of a process that died.
const DEAD: Duration = Duration::from_secs(600);

/// When the data of a channel goes that was disconnected at `gone`.
pub fn due_at(gone: Timestamp) -> Timestamp {
    gone.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
}

/// Names a channel in any copy of the file, also one made before a restore gave its row another number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub platform: String,
    pub remote_id: String,
}

/// What a purge of one file did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Deliveries that had come to no end and were deleted.
    pub removed: usize,
    /// Deliveries whose bare record stays.
    pub kept: usize,
}

/// Channels whose data is to be deleted by now.
pub fn due(sql: &Connection, now: Timestamp) -> rusqlite::Result<Vec<i64>> {
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN).as_millisecond();
    sql.prepare(
        "SELECT id FROM account WHERE state = 'gone' AND purged_at IS NULL AND gone_at <= ?1 ORDER BY id",
    )?
    .query_map([before], |row| row.get(0))?
    .collect()
}

/// How this disconnected channel is called in the copies; nothing when it is connected, or its data is gone already.
pub fn channel(sql: &Connection, id: i64) -> rusqlite::Result<Option<Channel>> {
    sql.prepare(
        "SELECT platform, remote_id FROM account WHERE id = ?1 AND state = 'gone' AND purged_at IS NULL",
    )?
    .query_row([id], |row| Ok(Channel { platform: row.get(0)?, remote_id: row.get(1)? }))
    .optional()
}

/// Deletes all data of the channel from this file; nothing when the file does not know it.
///
/// Works on the schema of every version, since backups keep the one they were made with. To be run inside a transaction.
pub fn purge(sql: &Connection, channel: &Channel, now: Timestamp) -> rusqlite::Result<Option<Done>> {
    let known: Option<i64> = sql
        .prepare("SELECT id FROM account WHERE platform = ?1 AND remote_id = ?2")?
        .query_row(params![channel.platform, channel.remote_id], |row| row.get(0))
        .optional()?;
    let Some(account) = known else { return Ok(None) };
    let posts: Vec<i64> = ids(sql, "SELECT DISTINCT post_id FROM delivery WHERE account_id = ?1", account)?;
    let media: Vec<i64> = ids(
        sql,
        "SELECT DISTINCT post.media_id FROM delivery JOIN post ON post.id = delivery.post_id WHERE delivery.account_id = ?1",
        account,
    )?;
    let further = further_files(sql, account)?;
    let removed = remove_unfinished(sql, account)?;
    let kept = bare_the_rest(sql, account)?;
    for post in posts {
        sql.execute("DELETE FROM post WHERE id = ?1 AND id NOT IN (SELECT post_id FROM delivery)", [post])?;
    }
    forget_drafts(sql, account, &channel.platform)?;
    forget_files(sql, &media, &further)?;
    let bare = [
        ("name", "platform"),
        ("remote_id", "'purged-' || id"),
        ("handle", "NULL"),
        ("url", "NULL"),
        ("scopes", "'[]'"),
        ("live", "'null'"),
        ("state", "'gone'"),
        ("sign_in_ends", "NULL"),
        ("slots", "'[]'"),
        ("pace", "'[]'"),
        ("person", "NULL"),
    ];
    set(sql, "account", &bare, "id", account)?;
    if columns(sql, "account")?.contains("purged_at") {
        sql.execute("UPDATE account SET purged_at = ?2 WHERE id = ?1", [account, now.as_millisecond()])?;
    }
    sql.execute("DELETE FROM hold WHERE whose = 'account' AND id = ?1", [account])?;
    // Samples of index keys that SQLite keeps for its planner: paths and ids are among them.
    if !columns(sql, "sqlite_stat4")?.is_empty() {
        sql.execute("DELETE FROM sqlite_stat4", [])?;
    }
    Ok(Some(Done { removed, kept }))
}

/// What had not come to its end when the channel left will never go out: it goes whole.
fn remove_unfinished(sql: &Connection, account: i64) -> rusqlite::Result<usize> {
    const THOSE: &str =
        "SELECT id FROM delivery WHERE account_id = ?1 AND state NOT IN ('published', 'cancelled')";
    sql.execute(&format!("DELETE FROM attempt WHERE delivery_id IN ({THOSE})"), [account])?;
    sql.execute(&format!("DELETE FROM errand WHERE delivery_id IN ({THOSE})"), [account])?;
    sql.execute(&format!("DELETE FROM delivery WHERE id IN ({THOSE})"), [account])
}

/// Of what came to its end, ids, times and state stay, under a post without words and a file without a name.
fn bare_the_rest(sql: &Connection, account: i64) -> rusqlite::Result<usize> {
    let rows: Vec<i64> = ids(sql, "SELECT id FROM delivery WHERE account_id = ?1 ORDER BY id", account)?;
    if rows.is_empty() {
        return Ok(0);
    }
    const THOSE: &str = "SELECT id FROM delivery WHERE account_id = ?1";
    // What an errand was about (a playlist, a comment) is in its row only; its lines of history go with it.
    sql.execute(
        &format!("DELETE FROM attempt WHERE errand_id IS NOT NULL AND delivery_id IN ({THOSE})"),
        [account],
    )?;
    sql.execute(&format!("DELETE FROM errand WHERE delivery_id IN ({THOSE})"), [account])?;
    sql.execute(
        &format!("UPDATE attempt SET detail = NULL, request_id = NULL WHERE delivery_id IN ({THOSE})"),
        [account],
    )?;
    let nameless = nameless_file(sql)?;
    let bare = [
        ("options", "'{}'"),
        ("words", "NULL"),
        ("in_flight", "NULL"),
        ("memo", "NULL"),
        ("remote_id", "NULL"),
        ("remote_url", "NULL"),
        ("privacy", "NULL"),
        ("problem", "NULL"),
        ("doubt", "NULL"),
        ("more", "'[]'"),
    ];
    for id in &rows {
        sql.execute(
            "INSERT INTO post (media_id, words, wall, created_at) \
             SELECT ?2, '{}', post.wall, post.created_at FROM delivery JOIN post ON post.id = delivery.post_id WHERE delivery.id = ?1",
            [*id, nameless],
        )?;
        let post = sql.last_insert_rowid();
        sql.execute("UPDATE delivery SET post_id = ?2 WHERE id = ?1", [*id, post])?;
        set(sql, "delivery", &bare, "id", *id)?;
    }
    Ok(rows.len())
}

/// The file of posts whose own is forgotten: one row for all, with nothing in it.
fn nameless_file(sql: &Connection) -> rusqlite::Result<i64> {
    let known = sql
        .prepare("SELECT id FROM media WHERE path = '' LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let stamp = r#"{"len":0,"modified_ns":null,"identity":null}"#;
    let probe = r#"{"size":0,"mime":"","container":"mp4","brands":[],"duration_ms":null,"bit_rate":null,"video":null,"audio":null,"moov":null,"fragmented":false,"notes":[]}"#;
    // An empty hash: one that was asked for and can't be had.
    sql.execute(
        "INSERT INTO media (path, stamp, size, fingerprint, full_hash, probe, added_at) VALUES ('', ?1, 0, ?2, '', ?3, 0)",
        params![stamp, format!("f1:{:064}", 0), probe],
    )?;
    Ok(sql.last_insert_rowid())
}

/// Posts being written for this channel alone go; from others, what they say about it.
fn forget_drafts(sql: &Connection, account: i64, platform: &str) -> rusqlite::Result<()> {
    if columns(sql, "composing")?.is_empty() {
        return Ok(());
    }
    let drafts: Vec<(i64, String)> = sql
        .prepare("SELECT id, draft FROM composing")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, text) in drafts {
        // One that can't be read names nobody.
        let Ok(mut draft) = serde_json::from_str::<Value>(&text) else { continue };
        let Some(to) = draft.get_mut("to").and_then(Value::as_array_mut) else { continue };
        let before = to.len();
        to.retain(|one| one.as_i64() != Some(account));
        if to.len() == before {
            continue;
        }
        let others: Vec<i64> = to.iter().filter_map(Value::as_i64).collect();
        if others.is_empty() {
            sql.execute("DELETE FROM composing WHERE id = ?1", [id])?;
            continue;
        }
        let mut shared = false;
        for other in others {
            let theirs: Option<String> = sql
                .prepare("SELECT platform FROM account WHERE id = ?1")?
                .query_row([other], |row| row.get(0))
                .optional()?;
            shared |= theirs.as_deref() == Some(platform);
        }
        if !shared {
            for part in ["words_for", "options"] {
                if let Some(part) = draft.get_mut(part).and_then(Value::as_object_mut) {
                    part.remove(platform);
                }
            }
        }
        sql.execute("UPDATE composing SET draft = ?2 WHERE id = ?1", params![id, draft.to_string()])?;
    }
    Ok(())
}

/// Paths of the further videos of this channel's posts.
fn further_files(sql: &Connection, account: i64) -> rusqlite::Result<Vec<String>> {
    if !columns(sql, "delivery")?.contains("more") {
        return Ok(Vec::new());
    }
    let lists: Vec<String> = sql
        .prepare("SELECT more FROM delivery WHERE account_id = ?1 AND more <> '[]'")?
        .query_map([account], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let lists = lists.iter().filter_map(|text| serde_json::from_str::<Vec<Value>>(text).ok());
    Ok(lists.flatten().filter_map(|one| one["path"].as_str().map(String::from)).collect())
}

/// Paths, measurements and fingerprints of files that no post and no draft uses any more.
fn forget_files(sql: &Connection, media: &[i64], further: &[String]) -> rusqlite::Result<()> {
    let mut used: HashSet<String> = HashSet::new();
    if !columns(sql, "composing")?.is_empty() {
        let mut paths = sql.prepare(
            "SELECT json_extract(draft, '$.path') FROM composing WHERE json_valid(draft) AND json_extract(draft, '$.path') IS NOT NULL",
        )?;
        used.extend(paths.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?);
    }
    let mut candidates = media.to_vec();
    if !columns(sql, "delivery")?.contains("more") {
        // A copy of before further videos were written down: what no post uses may be one.
        candidates.extend(
            sql.prepare("SELECT id FROM media")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?,
        );
    }
    for path in further {
        candidates.extend(
            sql.prepare("SELECT id FROM media WHERE path = ?1")?
                .query_map([path], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?,
        );
    }
    for id in candidates {
        let path: Option<String> = sql
            .prepare("SELECT path FROM media WHERE id = ?1 AND path <> '' AND id NOT IN (SELECT media_id FROM post)")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        if path.is_some_and(|path| !used.contains(&path)) {
            sql.execute("DELETE FROM media WHERE id = ?1", [id])?;
        }
    }
    Ok(())
}

fn ids(sql: &Connection, query: &str, account: i64) -> rusqlite::Result<Vec<i64>> {
    sql.prepare(query)?.query_map([account], |row| row.get(0))?.collect()
}

/// The columns this file's table has; none when there is no such table.
fn columns(sql: &Connection, table: &str) -> rusqlite::Result<HashSet<String>> {
    sql.prepare("SELECT name FROM pragma_table_info(?1)")?.query_map([table], |row| row.get(0))?.collect()
}

/// Sets those of the columns that the table has.
fn set(sql: &Connection, table: &str, to: &[(&str, &str)], key: &str, id: i64) -> rusqlite::Result<()> {
    let has = columns(sql, table)?;
    let parts: Vec<String> = to
        .iter()
        .filter(|(column, _)| has.contains(*column))
        .map(|(column, value)| format!("{column} = {value}"))
        .collect();
    sql.execute(&format!("UPDATE {table} SET {} WHERE {key} = ?1", parts.join(", ")), [id]).map(|_| ())
}

/// Writes the file anew without its free space, and empties its log: what was deleted is in neither after that.
pub fn wipe_free_space(path: &Path) -> Outcome<()> {
    let sql = Connection::open(path).map_err(problem)?;
    sql.busy_timeout(Duration::from_secs(10)).map_err(problem)?;
    sql.pragma_update(None, "secure_delete", true).map_err(problem)?;
    if std::fs::metadata(path).map_or(0, |meta| meta.len()) <= REWRITTEN {
        sql.execute_batch("VACUUM").map_err(problem)?;
    }
    let began = std::time::Instant::now();
    loop {
        let busy: i64 =
            sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(problem)?;
        if busy == 0 {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            // The next checkpoint overwrites it; the next purge empties it.
            tracing::warn!("the log of the queue's file could not be emptied yet");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Deletes all data of these channels from every copy beside the file: backups, and files that were kept aside as damaged. A copy
/// that can't be read can't be cleaned and is deleted. Returns how many copies were changed or deleted.
pub fn purge_copies(path: &Path, channels: &[Channel], now: Timestamp) -> Outcome<usize> {
    let mut changed = 0;
    for copy in copies(path) {
        let name = copy.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".purging") || is_dead_half(&copy, &name) {
            delete(&copy)?;
            continue;
        }
        if name.ends_with(".half") {
            continue;
        }
        // A log that was kept aside belongs to no file any more, and can hold any page of one.
        let is_log = name.contains("-wal") || name.contains("-shm") || name.contains("-journal");
        match if is_log { Err(()) } else { purge_copy(&copy, channels, now) } {
            Ok(false) => {}
            Ok(true) => changed += 1,
            Err(()) => {
                delete(&copy)?;
                changed += 1;
                tracing::warn!(
                    copy = name,
                    "a copy of the queue could not be read and was deleted with a channel's data"
                );
            }
        }
    }
    Ok(changed)
}

fn is_dead_half(copy: &Path, name: &str) -> bool {
    let age = std::fs::metadata(copy).and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
    name.ends_with(".half") && age.is_none_or(|age| age > DEAD)
}

fn delete(copy: &Path) -> Outcome<()> {
    match std::fs::remove_file(copy) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(crate::problem::Problem::block(
                crate::problem::Code::ReadOnly,
                "A backup that holds data of a disconnected channel could not be cleaned or deleted. Check the permissions of the data folder.",
            )
            .detail(error))
        }
        _ => Ok(()),
    }
}

/// Every file beside the queue's that is, or was, a copy of it or a part of one.
fn copies(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let own: HashSet<PathBuf> =
        ["db", "db-wal", "db-shm", "lock"].iter().map(|ending| path.with_extension(ending)).collect();
    let mut found = Vec::new();
    for folder in
        [path.parent().map(Path::to_path_buf), Some(path.with_file_name("backups"))].into_iter().flatten()
    {
        let in_backups = folder.file_name().is_some_and(|name| name == "backups");
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (copy, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let ours = name.strip_prefix(stem.as_str()).is_some_and(|rest| rest.starts_with(['.', '-']));
            let database =
                in_backups || ["damaged", ".db", ".half", ".purging"].iter().any(|part| name.contains(part));
            if is_file && ours && database && !own.contains(&copy) {
                found.push(copy);
            }
        }
    }
    found.sort();
    found
}

/// A file that a restore put aside may have its log beside it, with what was written last.
fn take_in_log(copy: &Path) -> rusqlite::Result<()> {
    if !PathBuf::from(format!("{}-wal", copy.display())).exists() {
        return Ok(());
    }
    let sql = Connection::open(copy)?;
    sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Cleans one copy: beside it first, then in its place, so that a crash leaves the one or the other. Its time stays, by which copies
/// are put in order. False: it holds nothing of them.
fn purge_copy(copy: &Path, channels: &[Channel], now: Timestamp) -> Result<bool, ()> {
    let holds = |sql: &Connection| -> rusqlite::Result<bool> {
        let mut known =
            sql.prepare("SELECT EXISTS (SELECT 1 FROM account WHERE platform = ?1 AND remote_id = ?2)")?;
        for channel in channels {
            if known.query_row(params![channel.platform, channel.remote_id], |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    take_in_log(copy).map_err(|_| ())?;
    let beside = PathBuf::from(format!("{}.purging", copy.display()));
    let modified = std::fs::metadata(copy).and_then(|meta| meta.modified()).map_err(|_| ())?;
    std::fs::copy(copy, &beside).map_err(|_| ())?;
    let cleaned = (|| -> rusqlite::Result<bool> {
        let mut sql = Connection::open(&beside)?;
        sql.pragma_update(None, "journal_mode", "DELETE")?;
        sql.pragma_update(None, "secure_delete", true)?;
        if !holds(&sql)? {
            return Ok(false);
        }
        let tx = sql.transaction()?;
        for channel in channels {
            purge(&tx, channel, now)?;
        }
        tx.commit()?;
        sql.execute_batch("VACUUM")?;
        Ok(true)
    })();
    let placed = match cleaned {
        Ok(true) => std::fs::File::options()
            .write(true)
            .open(&beside)
            .and_then(|file| {
                file.sync_all()?;
                file.set_modified(modified)
            })
            .and_then(|()| std::fs::rename(&beside, copy))
            .map(|()| true)
            .map_err(|_| ()),
        Ok(false) => Ok(false),
        Err(_) => Err(()),
    };
    for ending in ["", "-journal", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", beside.display()));
    }
    placed
}

#[cfg(test)]
#[path = "purge_tests.rs"]
mod tests;
