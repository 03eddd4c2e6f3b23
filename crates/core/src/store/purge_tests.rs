//! A purge leaves nothing of the channel in any file, and everything of the others.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::event::Events;
use crate::store::{Store, World};

/// In every text of the channel that leaves.
const MARK: &str = "CanaryOfTheOneThatLeaves";
/// In every text of the channel that stays.
const STAYS: &str = "CanaryOfTheOneThatStays";
/// Columns of text that say nothing about a person: states, rules, words of ours. Whoever adds one to a table decides here whether a
/// purge may leave it.
const KEPT_COLUMNS: [&str; 15] = [
    "account.platform",
    "account.state",
    "account.way",
    "account.missed_rule",
    "delivery.state",
    "delivery.stage",
    "delivery.goes_out",
    "delivery.wall",
    "post.wall",
    "attempt.step",
    "attempt.outcome",
    "errand.state",
    "hold.whose",
    "hold.bucket",
    "composing.draft",
];
const DAY: i64 = 24 * 3600 * 1000;

struct Place {
    folder: tempfile::TempDir,
    sql: Connection,
    _store: Store,
}

/// Two channels of one platform, 1 leaves and 2 stays. Deliveries: 1 published on the leaving one alone, 2 and 3 one post on both, 4 a
/// planned one of the leaving one, 5 one of the staying one alone.
fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let store = Store::open(&path, World::Real, Events::default()).unwrap();
    let sql = Connection::open(&path).unwrap();
    sql.busy_timeout(Duration::from_secs(10)).unwrap();
    sql.execute_batch(&format!(
        "INSERT INTO app (id, platform, client_id, created_at) VALUES (1, 'p', 'client', 0);
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, state, gone_at) VALUES
           (1, 'p', 1, 'leaves', 'x', '{{\"rule\":\"ask\"}}', 0, 'gone', 1000), (2, 'p', 1, 'stays', '{STAYS}', '{{\"rule\":\"ask\"}}', 0, 'ok', NULL);
         INSERT INTO media (id, path, stamp, size, fingerprint, probe, added_at) VALUES
           (1, '/{MARK}/one.mp4', '{{}}', 5, 'f1:{MARK}', '{{}}', 0), (2, '/{STAYS}/both.mp4', '{{}}', 5, 'f1:b', '{{}}', 0),
           (3, '/{MARK}/further.mp4', '{{}}', 5, 'f1:c', '{{}}', 0), (4, '/{STAYS}/written.mp4', '{{}}', 5, 'f1:d', '{{}}', 0);
         INSERT INTO post (id, media_id, words, wall, created_at) VALUES (1, 1, '{{\"title\":\"{MARK}\"}}', '{{\"local\":\"2026-01-01T10:00:00\",\"zone\":\"Europe/Berlin\"}}', 7),
           (2, 2, '{{\"title\":\"{STAYS}\"}}', NULL, 7), (3, 4, '{{\"title\":\"{MARK}\"}}', NULL, 7), (4, 2, '{{\"title\":\"{STAYS}\"}}', NULL, 7);
         INSERT INTO delivery (id, post_id, account_id, state, goes_out, due_at, public_at, created_at) VALUES
           (1, 1, 1, 'published', 'x', 11, 12, 7), (2, 2, 1, 'cancelled', 'x', 11, NULL, 7), (3, 2, 2, 'published', 'x', 11, 12, 7),
           (4, 3, 1, 'stuck', 'x', 11, NULL, 7), (5, 4, 2, 'due', 'x', 11, NULL, 7);
         INSERT INTO errand (id, delivery_id, task, state, created_at) VALUES (1, 1, 'x', 'done', 7), (2, 4, 'x', 'waiting', 7), (3, 3, '{STAYS}', 'done', 7);
         INSERT INTO attempt (id, delivery_id, errand_id, at, step, outcome, detail) VALUES (1, 1, NULL, 8, 'send', 'done', 'x'),
           (2, 1, 1, 9, 'thumbnail', 'done', 'x'), (3, 4, NULL, 9, 'send', 'failed', 'x'), (4, 3, NULL, 9, 'send', 'done', '{STAYS}');
         INSERT INTO composing (id, draft, updated_at) VALUES
           (1, '{{\"to\":[1],\"words\":{{\"title\":\"{MARK}\"}}}}', 0),
           (2, '{{\"to\":[1,2],\"path\":\"/{STAYS}/written.mp4\",\"words\":{{\"title\":\"{STAYS}\"}}}}', 0);
         INSERT INTO hold (whose, id, until, problem) VALUES ('account', 1, 5, '{MARK}');"
    ))
    .unwrap();
    // Every text of the leaving channel holds the mark, also in columns this test does not know.
    for (table, those) in [
        ("account", "id = 1"),
        ("delivery", "account_id = 1"),
        ("attempt", "delivery_id IN (1, 4)"),
        ("errand", "delivery_id IN (1, 4)"),
    ] {
        for (column, kind) in text_columns(&sql, table) {
            if KEPT_COLUMNS.contains(&format!("{table}.{column}").as_str()) {
                continue;
            }
            let mark =
                if kind == "BLOB" { format!("CAST('{MARK}' AS BLOB)") } else { format!("'{MARK}' || id") };
            sql.execute(&format!("UPDATE {table} SET {column} = {mark} WHERE {those}"), []).unwrap();
        }
    }
    let more = format!("[{{\"path\":\"/{MARK}/further.mp4\"}}]");
    sql.execute("UPDATE delivery SET more = ?1 WHERE id = 1", [more]).unwrap();
    sql.execute("UPDATE account SET remote_id = ?1 WHERE id = 1", [format!("{MARK}-id")]).unwrap();
    sql.execute_batch("ANALYZE").unwrap();
    Place { folder, sql, _store: store }
}

fn text_columns(sql: &Connection, table: &str) -> Vec<(String, String)> {
    sql.prepare("SELECT name, type FROM pragma_table_info(?1) WHERE type IN ('TEXT', 'BLOB')")
        .unwrap()
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

/// Files below the folder that hold this text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(holding(&entry.path(), text));
        } else if std::fs::read(entry.path()).unwrap().windows(text.len()).any(|part| part == text.as_bytes())
        {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

fn purge_all(place: &Place) -> Done {
    let path = place.folder.path().join("slipway.db");
    let now = Timestamp::from_millisecond(1000 + 30 * DAY).unwrap();
    let channel = channel(&place.sql, 1).unwrap().unwrap();
    purge_copies(&path, std::slice::from_ref(&channel), now).unwrap();
    let tx = place.sql.unchecked_transaction().unwrap();
    let done = purge(&tx, &channel, now).unwrap().unwrap();
    tx.commit().unwrap();
    wipe_free_space(&path).unwrap();
    done
}

#[test]
fn purge_is_due_thirty_days_after_the_disconnect_and_not_before() {
    let place = place();
    let at = |ms| due(&place.sql, Timestamp::from_millisecond(ms).unwrap()).unwrap();
    assert_eq!(at(1000 + 30 * DAY - 1), Vec::<i64>::new());
    assert_eq!(at(1000 + 30 * DAY), [1]);
    assert_eq!(due_at(Timestamp::from_millisecond(1000).unwrap()).as_millisecond(), 1000 + 30 * DAY);
    purge_all(&place);
    assert_eq!(at(1000 + 60 * DAY), Vec::<i64>::new(), "once");
    assert_eq!(channel(&place.sql, 1).unwrap(), None);
}

#[test]
fn purge_leaves_no_byte_of_the_channel_in_any_file() {
    let place = place();
    let folder = place.folder.path();
    place._store.back_up(&folder.join("backups/slipway-2026-01-01.db")).unwrap();
    // A copy of an earlier version, without the columns that came since.
    std::fs::copy(folder.join("backups/slipway-2026-01-01.db"), folder.join("backups/slipway-before-5.db"))
        .unwrap();
    Connection::open(folder.join("backups/slipway-before-5.db"))
        .unwrap()
        .execute_batch("ALTER TABLE account DROP COLUMN purged_at; ALTER TABLE account DROP COLUMN gone_at; ALTER TABLE account DROP COLUMN person; ALTER TABLE delivery DROP COLUMN more; DROP TABLE composing; UPDATE account SET state = 'ok'; PRAGMA user_version = 4")
        .unwrap();
    std::fs::write(folder.join("slipway.damaged"), format!("no database, but {MARK}")).unwrap();
    std::fs::write(folder.join("slipway.db-wal.damaged"), format!("frames with {MARK}")).unwrap();
    std::fs::copy(folder.join("backups/slipway-2026-01-01.db"), folder.join("slipway.db.damaged")).unwrap();
    std::fs::write(folder.join("backups/slipway-2026-01-02.db.purging"), MARK).unwrap();
    let stamped = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file =
        std::fs::File::options().write(true).open(folder.join("backups/slipway-2026-01-01.db")).unwrap();
    file.set_modified(stamped).unwrap();
    // What a restore put aside, with its log.
    for end in ["db", "db-wal"] {
        std::fs::copy(
            folder.join(format!("slipway.{end}")),
            folder.join(format!("slipway.replaced-1.{end}")),
        )
        .unwrap();
    }
    assert!(
        holding(folder, STAYS).contains(&"slipway.replaced-1.db-wal".to_string()),
        "the log is not empty"
    );
    assert!(holding(folder, MARK).len() >= 7, "{:?}", holding(folder, MARK));
    purge_all(&place);
    assert_eq!(holding(folder, MARK), Vec::<String>::new());
    // What other channels have is still in all of them.
    for copy in [
        "slipway.db",
        "slipway-2026-01-01.db",
        "slipway-before-5.db",
        "slipway.db.damaged",
        "slipway.replaced-1.db",
    ] {
        assert!(holding(folder, STAYS).contains(&copy.to_string()), "{copy}");
    }
    let kept = std::fs::metadata(folder.join("backups/slipway-2026-01-01.db")).unwrap().modified().unwrap();
    assert_eq!(kept, stamped, "the order of the copies is that of their times");
    let copy = Connection::open(folder.join("backups/slipway-before-5.db")).unwrap();
    let row: (String, String) = copy
        .query_row("SELECT state, name FROM account WHERE id = 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(row, ("gone".into(), "p".into()));
}

#[test]
fn purge_keeps_ids_times_and_states_and_all_of_other_channels() {
    let place = place();
    let done = purge_all(&place);
    assert_eq!(done, Done { removed: 1, kept: 2 });
    type Row = (i64, i64, String, Option<i64>, Option<i64>, String);
    let rows: Vec<Row> = place
        .sql
        .prepare(
            "SELECT delivery.id, account_id, delivery.state, due_at, public_at, post.words FROM delivery \
             JOIN post ON post.id = delivery.post_id JOIN media ON media.id = post.media_id ORDER BY delivery.id",
        )
        .unwrap()
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let theirs = format!("{{\"title\":\"{STAYS}\"}}");
    assert_eq!(
        rows,
        [
            (1, 1, "published".into(), Some(11), Some(12), "{}".into()),
            (2, 1, "cancelled".into(), Some(11), None, "{}".into()),
            (3, 2, "published".into(), Some(11), Some(12), theirs.clone()),
            (5, 2, "due".into(), Some(11), None, theirs),
        ]
    );
    let wall: Option<String> = place
        .sql
        .query_row(
            "SELECT post.wall FROM post JOIN delivery ON delivery.post_id = post.id WHERE delivery.id = 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(wall.as_deref(), Some("{\"local\":\"2026-01-01T10:00:00\",\"zone\":\"Europe/Berlin\"}"));
    let count = |query: &str| place.sql.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM attempt WHERE delivery_id = 1 AND errand_id IS NULL"), 1);
    assert_eq!(count("SELECT count(*) FROM errand"), 1, "only that of the other channel");
    assert_eq!(count("SELECT count(*) FROM composing"), 1);
    assert_eq!(count("SELECT count(*) FROM composing WHERE draft LIKE '%\"to\":[2]%'"), 1);
    assert_eq!(count("SELECT count(*) FROM media WHERE id IN (2, 4)"), 2, "used by others, and by a draft");
    assert_eq!(count("SELECT count(*) FROM media WHERE id IN (1, 3)"), 0);
    // The views can read what stays.
    let media =
        crate::store::media::get(&place.sql, count("SELECT id FROM media WHERE path = ''")).unwrap().unwrap();
    assert_eq!(media.size, 0);
    assert!(
        crate::store::post::get(&place.sql, count("SELECT post_id FROM delivery WHERE id = 1"))
            .unwrap()
            .is_some()
    );
    let account = crate::store::account::get(&place.sql, 1).unwrap().unwrap();
    assert_eq!((account.name.as_str(), account.state), ("p", crate::store::account::AccountState::Gone));
    let broken: i64 = count("SELECT count(*) FROM pragma_foreign_key_check");
    assert_eq!(broken, 0);
}

#[test]
fn a_channel_that_came_back_is_not_purged() {
    let place = place();
    let tx_free = &place.sql;
    tx_free.execute("UPDATE account SET state = 'ok', gone_at = NULL WHERE id = 1", []).unwrap();
    assert_eq!(
        due(tx_free, Timestamp::from_millisecond(1000 + 90 * DAY).unwrap()).unwrap(),
        Vec::<i64>::new()
    );
    assert_eq!(channel(tx_free, 1).unwrap(), None);
}
