//! The writer, the readers, the worlds.
#![allow(clippy::unwrap_used)]

use super::*;

fn open(folder: &Path, world: World) -> Outcome<Store> {
    Store::open(&folder.join("slipway.db"), world, Events::default())
}

fn put(tx: &Tx, key: &str) -> Outcome<()> {
    setting::set(tx, key, &1)
}

fn has(store: &Store, key: &str) -> bool {
    store.read(|sql| setting::get::<u8>(sql, key)).unwrap() == 1
}

#[tokio::test]
async fn a_failed_or_broken_write_undoes_itself_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), World::Real).unwrap();
    let refused = store.write(|tx| {
        put(tx, "refused")?;
        Err::<(), _>(Problem::block(Code::NotNow, "no"))
    });
    let broken = store.write(|tx| {
        put(tx, "broken")?;
        panic!("a bug in a write");
        #[allow(unreachable_code)]
        Ok(())
    });
    let good = store.write(|tx| put(tx, "good"));
    // All three wait together and so share a transaction.
    let (refused, broken, good) = tokio::join!(refused, broken, good);
    assert_eq!(refused.unwrap_err().code, Code::NotNow);
    assert_eq!(broken.unwrap_err().code, Code::Internal);
    good.unwrap();
    assert!(has(&store, "good") && !has(&store, "refused") && !has(&store, "broken"));
}

#[tokio::test]
async fn events_leave_after_the_commit_and_only_for_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), World::Real).unwrap();
    let mut events = store.events().listen();
    let refused = store.write(|tx| {
        tx.say(What::Delivery { id: 1 });
        Err::<(), _>(Problem::block(Code::NotNow, "no"))
    });
    assert!(refused.await.is_err());
    store
        .write(|tx| {
            put(tx, "said")?;
            tx.say(What::Delivery { id: 2 });
            tx.say(What::Delivery { id: 2 });
            Ok(())
        })
        .await
        .unwrap();
    let event = events.recv().await.unwrap();
    assert_eq!(event.what, What::Delivery { id: 2 });
    assert!(has(&store, "said"), "a listener that asks sees it");
    assert!(events.try_recv().is_err(), "said once, and nothing of the refused write");
}

#[tokio::test]
async fn a_file_of_one_world_is_never_opened_in_the_other() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), World::Sandbox).unwrap());
    let refused = open(folder.path(), World::Real).map(|_| ()).unwrap_err();
    assert_eq!(refused.code, Code::DatabaseOtherWorld);
    assert!(open(folder.path(), World::Sandbox).is_ok());
}

#[test]
fn data_folders_have_ids_of_their_own_that_stay() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = open(one.path(), World::Sandbox).unwrap().folder_id().to_string();
    let other = open(two.path(), World::Sandbox).unwrap().folder_id().to_string();
    assert_ne!(first, other);
    assert_eq!(first.len(), 32);
    assert_eq!(open(one.path(), World::Sandbox).unwrap().folder_id(), first);
}

#[tokio::test]
async fn what_another_process_writes_is_noticed_and_our_own_writes_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) =
        (open(folder.path(), World::Real).unwrap(), open(folder.path(), World::Real).unwrap());
    let mut events = ours.events().listen();
    ours.write(|tx| put(tx, "own")).await.unwrap();
    tokio::time::sleep(LOOK_ELSEWHERE * 2).await;
    assert!(events.try_recv().is_err(), "an echo of our own write");
    theirs.write(|tx| put(tx, "theirs")).await.unwrap();
    ours.elsewhere().await;
    assert_eq!(events.recv().await.unwrap().what, What::Elsewhere);
}

#[tokio::test]
async fn a_copy_is_whole_while_others_write_and_only_five_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), World::Real).unwrap();
    store.write(|tx| put(tx, "kept")).await.unwrap();
    for day in 1..=7 {
        assert!(store.back_up_for(&format!("2026-11-{day:02}")).unwrap().is_some());
    }
    assert!(store.back_up_for("2026-11-07").unwrap().is_none(), "once a day");
    let copies: Vec<_> = std::fs::read_dir(folder.path().join("backups")).unwrap().collect();
    assert_eq!(copies.len(), 5);
    drop(store);
    std::fs::write(folder.path().join("slipway.db"), "not a database, and long enough to be looked at")
        .unwrap();
    let damaged = open(folder.path(), World::Real).map(|_| ()).unwrap_err();
    assert_eq!(damaged.code, Code::DatabaseCorrupt);
    assert!(damaged.message.contains("slipway-2026-11-07.db"), "{}", damaged.message);
    restore(&folder.path().join("slipway.db"), &Choice::Newest).unwrap();
    assert!(has(&open(folder.path(), World::Real).unwrap(), "kept"));
}

#[tokio::test]
async fn a_read_sees_one_moment_however_much_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), World::Real).unwrap();
    let writer = store.clone();
    store
        .read(|sql| {
            assert_eq!(setting::get::<u8>(sql, "later")?, 0);
            // Another thread commits between two questions of the same read.
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(writer.write(|tx| put(tx, "later"))).unwrap();
                });
            });
            assert_eq!(setting::get::<u8>(sql, "later")?, 0, "still the moment at which the read began");
            Ok(())
        })
        .unwrap();
    assert!(has(&store, "later"), "and the next read sees it");
}
