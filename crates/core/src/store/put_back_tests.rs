//! Databases that are gone, damaged or older than they should be: told, never taken for the queue as it was.
#![allow(clippy::unwrap_used)]

use super::backup::{At, backup_path, restore_with};
use super::*;
use jiff::Timestamp;
use std::io::{Seek, SeekFrom, Write};

fn open(folder: &Path) -> Outcome<Store> {
    Store::open(&folder.join("slipway.db"), World::Real, Events::default())
}

fn refusal(folder: &Path) -> Code {
    open(folder).map(|_| ()).unwrap_err().code
}

/// One scheduled delivery without a memo, one with, one handed over, a draft, and one that is public.
async fn fill(store: &Store) {
    store
        .write(|tx| {
            tx.execute_batch(
                "INSERT INTO app (platform, client_id, created_at) VALUES ('p', 'c', 0); \
                 INSERT INTO account (platform, app_id, remote_id, name, missed_rule, connected_at) VALUES ('p', 1, 'UC1', 'n', '{}', 0); \
                 INSERT INTO media (path, stamp, size, fingerprint, probe, added_at) VALUES ('/v.mp4', '{}', 1000, 'print', '{}', 0);",
            )
            .map_err(problem)?;
            let rows = [
                ("due", "NULL", "NULL"),
                ("working", "x'01'", "NULL"),
                ("handed_over", "x'01'", "'id'"),
                ("draft", "NULL", "NULL"),
                ("published", "NULL", "'public'"),
            ];
            for (at, (state, memo, remote)) in rows.into_iter().enumerate() {
                tx.execute_batch(&format!(
                    "INSERT INTO post (media_id, words, created_at) VALUES (1, '{{\"title\":\"T\"}}', 0); \
                     INSERT INTO delivery (post_id, account_id, state, goes_out, memo, remote_id, created_at, due_at, next_at, claim) \
                     VALUES ({0}, 1, '{state}', 'now', {memo}, {remote}, 0, 5000, 4000, CASE '{state}' WHEN 'working' THEN 7 END);",
                    at + 1
                ))
                .map_err(problem)?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

async fn send_something(store: &Store, at: i64) {
    let raised = store
        .write(move |tx| generation::raise(tx, Timestamp::from_second(at).unwrap_or_default()))
        .await
        .unwrap();
    store.keep_generation(raised).await.unwrap();
}

/// State, `must_ask` and next instant of each delivery.
fn marks(store: &Store) -> Vec<(String, i64, Option<i64>)> {
    store
        .read(|sql| {
            sql.prepare("SELECT state, must_ask, next_at FROM delivery ORDER BY id")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
        .unwrap()
}

fn is_marked(store: &Store) -> bool {
    let how = store.read(|sql| setting::meta(sql, "restored")).unwrap();
    assert_eq!(how.is_some(), marks(store).iter().any(|(_, must_ask, _)| *must_ask != 0));
    how.is_some()
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn database_that_is_older_than_its_own_file_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("slipway.db");
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    send_something(&store, 100).await;
    drop(store);
    let before = std::fs::read(&database).unwrap();
    assert!(!is_marked(&open(folder.path()).unwrap()), "opened again, and nothing happened");

    let store = open(folder.path()).unwrap();
    send_something(&store, 200).await;
    drop(store);
    assert!(!is_marked(&open(folder.path()).unwrap()));

    std::fs::write(&database, &before).unwrap();
    let store = open(folder.path()).unwrap();
    assert!(is_marked(&store));
    assert_eq!(
        marks(&store),
        [
            ("due".to_string(), 2, Some(4000)),
            ("due".into(), 1, Some(0)),
            ("handed_over".into(), 1, Some(0)),
            ("draft".into(), 2, Some(4000)),
            ("published".into(), 0, Some(4000)),
        ]
    );
    assert_eq!(store.read(restored::since).unwrap(), Some(Timestamp::from_second(100).unwrap()));
    drop(store);

    // Put back a second time, from the very same copy.
    std::fs::write(&database, &before).unwrap();
    assert!(is_marked(&open(folder.path()).unwrap()));
}

#[tokio::test]
async fn database_without_its_file_and_copied_folder_are_marked_and_a_moved_folder_is_not() {
    let ground = tempfile::tempdir().unwrap();
    let (one, moved, copied, alone) = (
        ground.path().join("one"),
        ground.path().join("moved"),
        ground.path().join("copied"),
        ground.path().join("alone"),
    );
    let store = open(&one).unwrap();
    fill(&store).await;
    send_something(&store, 100).await;
    let id = store.folder_id().to_string();
    drop(store);

    std::fs::rename(&one, &moved).unwrap();
    let store = open(&moved).unwrap();
    assert_eq!((is_marked(&store), store.folder_id()), (false, id.as_str()));
    drop(store);

    copy_folder(&moved, &copied);
    let store = open(&copied).unwrap();
    assert!(is_marked(&store));
    assert_ne!(store.folder_id(), id, "two folders never share entries in the vault");
    let state: String =
        store.read(|sql| sql.query_row("SELECT state FROM account", [], |row| row.get(0))).unwrap();
    assert_eq!(state, "sign_in");
    drop(store);
    let store = open(&moved).unwrap();
    assert_eq!((is_marked(&store), store.folder_id()), (false, id.as_str()), "the original stays itself");
    drop(store);

    std::fs::create_dir(&alone).unwrap();
    std::fs::copy(moved.join("slipway.db"), alone.join("slipway.db")).unwrap();
    let store = open(&alone).unwrap();
    assert!(is_marked(&store));
    assert_ne!(store.folder_id(), id);
}

#[tokio::test]
async fn missing_database_is_asked_about_and_never_silently_empty() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("slipway.db");
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    store.back_up_for("2026-11-20").unwrap();
    drop(store);
    std::fs::remove_file(&database).unwrap();
    assert_eq!(refusal(folder.path()), Code::DatabaseMissing);
    std::fs::write(&database, b"").unwrap();
    assert_eq!(refusal(folder.path()), Code::DatabaseMissing, "an empty file is no queue");
    std::fs::remove_file(&database).unwrap();
    // Either of the two is enough to know that there was one.
    let kept = folder.path().join("kept");
    std::fs::rename(folder.path().join("backups"), &kept).unwrap();
    assert_eq!(refusal(folder.path()), Code::DatabaseMissing);
    std::fs::rename(&kept, folder.path().join("backups")).unwrap();
    std::fs::remove_file(folder.path().join("slipway.generation")).unwrap();
    assert_eq!(refusal(folder.path()), Code::DatabaseMissing);

    let put = restore(&database, &Choice::Newest).unwrap();
    assert!(put.from.is_some());
    assert!(is_marked(&open(folder.path()).unwrap()));
    std::fs::remove_file(&database).unwrap();
    restore(&database, &Choice::Empty).unwrap();
    let store = open(folder.path()).unwrap();
    assert!(marks(&store).is_empty() && !is_marked(&store));
    drop(store);
    std::fs::remove_file(&database).unwrap();
    assert_eq!(refusal(folder.path()), Code::DatabaseMissing, "the new one is missed as well");
}

#[tokio::test]
async fn restore_cut_off_at_any_step_leaves_old_or_new() {
    for cut in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("slipway.db");
        let store = open(folder.path()).unwrap();
        fill(&store).await;
        store.back_up_for("2026-11-20").unwrap();
        // What came after the copy tells old from new.
        store.write(|tx| setting::set(tx, "later", &1)).await.unwrap();
        drop(store);
        for choice in [Choice::Newest, Choice::Empty] {
            let mut steps = 0;
            let cut_off = restore_with(&database, &choice, &mut |_: At| {
                steps += 1;
                match steps > cut {
                    true => Err(Problem::block(Code::Internal, "the computer stopped")),
                    false => Ok(()),
                }
            });
            let store = open(folder.path()).unwrap();
            let rows = marks(&store).len();
            let later = store.read(|sql| setting::get::<u8>(sql, "later")).unwrap();
            let state = match (rows, later, is_marked(&store)) {
                (5, 1, false) => "old",
                (5, 0, true) => "new",
                (0, 0, false) => "empty",
                other => panic!("neither old nor new after step {cut}: {other:?}"),
            };
            // Decided is done: once the plan is there, it is the new one.
            let wanted = match choice {
                _ if cut == 0 => "old",
                Choice::Empty => "empty",
                _ => "new",
            };
            assert_eq!(state, wanted, "cut off after {cut} of {choice:?}: {cut_off:?}");
            assert!(!database.with_extension("restoring").exists());
        }
    }
}

#[tokio::test]
async fn old_files_are_kept_under_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("slipway.db");
    let store = open(folder.path()).unwrap();
    store.back_up_for("2026-11-20").unwrap();
    drop(store);
    for _ in 0..3 {
        restore(&database, &Choice::Newest).unwrap();
    }
    for number in 1..=3 {
        assert!(folder.path().join(format!("slipway.replaced-{number}.db")).is_file());
    }
}

fn damage(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn damaged_copy_is_neither_kept_nor_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("slipway.db");
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    store.back_up_for("2026-11-20").unwrap();
    store.back_up_for("2026-11-21").unwrap();
    let newest = backup_path(&database, "2026-11-21");
    damage(&newest, 4096, &[0xa5; 8192]);
    assert_eq!(look_at(&newest).unwrap_err().code, Code::DatabaseCorrupt);
    assert_eq!(look_at(&backup_path(&database, "2026-11-20")).unwrap(), Holds { scheduled: 3, published: 1 });
    drop(store);

    let put = restore(&database, &Choice::Newest).unwrap();
    assert!(put.from.unwrap().ends_with("slipway-2026-11-20.db"));
    assert_eq!(put.damaged, ["slipway-2026-11-21.db"]);
    let refused = restore(&database, &Choice::Named("slipway-2026-11-21.db".into())).unwrap_err();
    assert_eq!(refused.code, Code::DatabaseCorrupt);
    let store = open(folder.path()).unwrap();
    assert_eq!(marks(&store).len(), 5, "the file is as it was");

    // One letter of a title, as a flipped bit leaves it: the pages are whole, and still no copy is made of it.
    store.write(|tx| setting::set(tx, "more", &1)).await.unwrap();
    drop(store);
    let mut bytes = std::fs::read(&database).unwrap();
    let at = bytes.windows(13).position(|part| part == b"{\"title\":\"T\"}").unwrap();
    bytes[at + 10] = b'U';
    std::fs::write(&database, &bytes).unwrap();
    let store = open(folder.path()).unwrap();
    let refused = store.back_up_for("2026-11-22").unwrap_err();
    assert_eq!(refused.code, Code::DatabaseCorrupt);
    assert_eq!(store.trouble().unwrap().code, Code::DatabaseCorrupt);
    assert!(!backup_path(&database, "2026-11-22").exists());
    let whole: Vec<bool> = (1..=5).map(|id| store.read(|sql| is_as_written(sql, id)).unwrap()).collect();
    assert_eq!(whole.iter().filter(|whole| !**whole).count(), 1, "{whole:?}");
}

#[tokio::test]
async fn half_copies_of_killed_processes_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let left = folder.path().join("backups/slipway-2026-11-01.4711.half");
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, b"half").unwrap();
    let fresh = folder.path().join("backups/slipway-2026-11-02.4712.half");
    std::fs::write(&fresh, b"half").unwrap();
    // By the clock of this process, which may be another one than the file system's.
    let now = std::time::SystemTime::now();
    for (path, at) in [(&left, now - Duration::from_secs(3600)), (&fresh, now)] {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }
    store.back_up_for("2026-11-20").unwrap();
    assert!(!left.exists() && fresh.exists(), "one that is being written stays");
}

#[tokio::test]
async fn copy_that_is_told_to_stop_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    assert_eq!(store.back_up_unless("2026-11-20", &cancel).unwrap(), None);
    assert_eq!(std::fs::read_dir(folder.path().join("backups")).unwrap().count(), 0);
}

#[tokio::test]
async fn backup_is_made_only_of_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    assert!(!store.is_backed_up(), "there is no copy yet");
    store.back_up_for("2026-11-20").unwrap();
    assert!(store.is_backed_up());
    store.write(|tx| setting::set(tx, "more", &1)).await.unwrap();
    assert!(!store.is_backed_up());
}

async fn told(store: &Store, code: Code) {
    let mut events = store.events().listen();
    let wait = async {
        while store.trouble().is_none_or(|problem| problem.code != code) {
            let _ = events.recv().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn file_that_is_deleted_replaced_or_damaged_while_open_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("slipway.db");
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    let copy = std::fs::read(&database).unwrap();
    std::fs::remove_file(&database).unwrap();
    told(&store, Code::DatabaseMissing).await;
    drop(store);
    std::fs::write(&database, &copy).unwrap();
    let _ = std::fs::remove_file(database.with_extension("db-wal"));
    let _ = std::fs::remove_file(database.with_extension("db-shm"));

    let other = tempfile::tempdir().unwrap();
    let store = open(other.path()).unwrap();
    fill(&store).await;
    drop(store);
    let database = other.path().join("slipway.db");
    let store = open(other.path()).unwrap();
    let replaced = database.with_extension("other");
    std::fs::copy(&database, &replaced).unwrap();
    std::fs::rename(&replaced, &database).unwrap();
    told(&store, Code::DatabaseMissing).await;
    drop(store);

    let third = tempfile::tempdir().unwrap();
    let store = open(third.path()).unwrap();
    fill(&store).await;
    drop(store);
    let store = open(third.path()).unwrap();
    let size = std::fs::metadata(third.path().join("slipway.db")).unwrap().len();
    damage(&third.path().join("slipway.db"), 4096, &vec![0xa5; (size - 4096) as usize]);
    told(&store, Code::DatabaseCorrupt).await;
}

#[tokio::test]
async fn second_writing_follows_an_upsert_an_update_and_a_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    store
        .write(|tx| {
            // As a channel is connected a second time.
            tx.execute_batch(
                "INSERT INTO account (platform, app_id, remote_id, name, missed_rule, connected_at) VALUES ('p', 1, 'UC1', 'n', '{}', 0) \
                 ON CONFLICT (platform, remote_id) DO UPDATE SET way = 'other', platform = excluded.platform; \
                 UPDATE delivery SET due_at = 6000, options = '{\"a\":1}'; UPDATE post SET words = '{}'; \
                 DELETE FROM delivery WHERE id = 5; DELETE FROM post WHERE id = 5",
            )
            .map_err(problem)
        })
        .await
        .unwrap();
    for id in 1..=4 {
        assert!(store.read(|sql| is_as_written(sql, id)).unwrap(), "{id}");
    }
    let rows: i64 =
        store.read(|sql| sql.query_row("SELECT count(*) FROM twin", [], |row| row.get(0))).unwrap();
    assert_eq!(rows, 4 + 4 + 1 + 1);
    assert!(store.back_up_for("2026-11-20").unwrap().is_some());
}

/// A backup of files brings back the counter along with the database; the vault is a file in that folder, too.
#[tokio::test]
async fn file_that_was_made_anew_is_recognised_though_its_counter_came_along() {
    let (folder, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    send_something(&store, 100).await;
    drop(store);
    if std::fs::metadata(folder.path().join("slipway.db")).unwrap().created().is_err() {
        eprintln!("this file system does not know when a file was made");
        return;
    }
    copy_folder(folder.path(), aside.path());
    let store = open(folder.path()).unwrap();
    send_something(&store, 200).await;
    drop(store);
    assert!(!is_marked(&open(folder.path()).unwrap()));

    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        std::fs::remove_file(entry.path()).unwrap();
    }
    copy_folder(aside.path(), folder.path());
    let store = open(folder.path()).unwrap();
    assert!(is_marked(&store));
    assert_eq!(store.read(restored::since).unwrap(), Some(Timestamp::from_second(100).unwrap()));
    let counter = store.read(generation::of_database).unwrap();
    drop(store);
    let store = open(folder.path()).unwrap();
    assert_eq!(store.read(generation::of_database).unwrap(), counter, "recognised once");
}

/// A copy made while a post was being begun: nobody is at it any more, and it goes on by itself once its platform was asked.
#[tokio::test]
async fn what_was_under_way_in_a_copy_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("slipway.db");
    let store = open(folder.path()).unwrap();
    fill(&store).await;
    store
        .write(|tx| {
            tx.execute("UPDATE delivery SET memo = NULL, next_at = NULL WHERE state = 'working'", [])
                .map_err(problem)?;
            tx.execute("UPDATE delivery SET claim = 7, next_at = NULL WHERE state = 'due'", [])
                .map_err(problem)
        })
        .await
        .unwrap();
    send_something(&store, 100).await;
    drop(store);
    let before = std::fs::read(&database).unwrap();
    let store = open(folder.path()).unwrap();
    send_something(&store, 200).await;
    drop(store);
    std::fs::write(&database, &before).unwrap();
    let store = open(folder.path()).unwrap();
    assert!(is_marked(&store));
    let open: Vec<_> = marks(&store).into_iter().take(2).collect();
    assert_eq!(open, [("due".to_string(), 2, Some(0)), ("due".into(), 2, Some(0))]);
}
