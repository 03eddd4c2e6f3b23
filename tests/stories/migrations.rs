//! The queue's file through its versions: made anew, taken up from an older one, all or nothing, and by many processes at once.

use rusqlite::Connection;
use slipway_core::event::Events;
use slipway_core::problem::Code;
use slipway_core::store::{Store, World, account, delivery, setting};
use std::path::Path;
use std::sync::{Arc, Barrier};

/// What the first release wrote, as SQL text of its own: a test that read the migrations would agree with any change to them.
const FIRST_RELEASE: &str = include_str!("first_release.sql");

fn open(path: &Path) -> Result<Store, slipway_core::problem::Problem> {
    Store::open(path, World::Sandbox, Events::default())
}

fn version(path: &Path) -> anyhow::Result<i64> {
    Ok(Connection::open(path)?.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Names of all tables and indexes.
fn schema(path: &Path) -> anyhow::Result<Vec<String>> {
    let sql = Connection::open(path)?;
    let mut names =
        sql.prepare("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")?;
    let names = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(names)
}

#[test]
fn a_new_file_has_the_newest_version_and_its_world() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("deep/er/slipway.db");
    let store = open(&path)?;
    assert_eq!(store.read(|sql| setting::meta(sql, "world"))?.as_deref(), Some("sandbox"));
    drop(store);
    assert!(version(&path)? >= 1);
    assert!(schema(&path)?.iter().any(|name| name == "delivery"));
    // Opened again nothing changes, and no copy is made without need.
    let before = schema(&path)?;
    drop(open(&path)?);
    assert_eq!(schema(&path)?, before);
    assert!(!folder.path().join("deep/er/backups").exists());
    Ok(())
}

#[test]
fn a_file_of_the_first_release_opens_with_everything_in_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("slipway.db");
    Connection::open(&path)?.execute_batch(FIRST_RELEASE)?;
    let store = open(&path)?;
    let accounts = store.read(account::all)?;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].name, "Bread with Mira");
    let rows = store.read(|sql| Ok((delivery::get(sql, 1)?, delivery::get(sql, 2)?)))?;
    let (Some(published), Some(due)) = rows else { anyhow::bail!("a delivery is gone") };
    assert_eq!(published.remote.map(|remote| remote.id).as_deref(), Some("dQw4w9WgXcQ"));
    assert_eq!(due.memo.as_deref(), Some(&[1_u8, 2, 3][..]));
    assert_eq!(due.options["privacy"], "unlisted");
    drop(store);
    // A file made anew and one brought up from the first release are the same inside.
    let fresh = folder.path().join("fresh.db");
    drop(open(&fresh)?);
    assert_eq!(schema(&path)?, schema(&fresh)?);
    assert_eq!(version(&path)?, version(&fresh)?);
    if version(&path)? > 1 {
        let copies = std::fs::read_dir(folder.path().join("backups"))?.count();
        assert_eq!(copies, 1, "a copy was made before the file was changed");
    }
    Ok(())
}

#[test]
fn a_migration_that_fails_leaves_nothing_of_itself() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("slipway.db");
    // A table that is in the way half-way through the first migration.
    let sql = Connection::open(&path)?;
    sql.execute_batch("CREATE TABLE delivery (mine TEXT); INSERT INTO delivery VALUES ('kept')")?;
    drop(sql);
    let problem = open(&path).err().map(|problem| problem.code);
    assert_eq!(problem, Some(Code::Internal));
    assert_eq!(schema(&path)?, ["delivery"]);
    assert_eq!(version(&path)?, 0);
    let kept: String =
        Connection::open(&path)?.query_row("SELECT mine FROM delivery", [], |row| row.get(0))?;
    assert_eq!(kept, "kept");
    // And again, with the same end.
    assert!(open(&path).is_err());
    assert_eq!(schema(&path)?, ["delivery"]);
    Ok(())
}

#[test]
fn a_newer_file_is_not_touched() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("slipway.db");
    drop(open(&path)?);
    Connection::open(&path)?.execute_batch("PRAGMA user_version = 99; CREATE TABLE future (x)")?;
    let before = std::fs::read(&path)?;
    let problem = open(&path).err().map(|problem| problem.code);
    assert_eq!(problem, Some(Code::DatabaseNewer));
    assert_eq!(std::fs::read(&path)?, before);
    Ok(())
}

#[test]
fn a_file_of_the_other_world_is_refused() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("slipway.db");
    drop(Store::open(&path, World::Real, Events::default())?);
    assert_eq!(open(&path).err().map(|problem| problem.code), Some(Code::DatabaseOtherWorld));
    drop(Store::open(&path, World::Real, Events::default())?);
    Ok(())
}

/// Eight that open one file at the same moment: one makes it, and all of them have it. Connections lock each other out as processes
/// do, so threads will serve; the binary does the same in `twoprocs`.
#[test]
fn many_open_a_new_file_at_the_same_moment() -> anyhow::Result<()> {
    for round in 0..12 {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("slipway.db");
        let start = Arc::new(Barrier::new(8));
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let (path, start) = (path.clone(), start.clone());
                std::thread::spawn(move || {
                    start.wait();
                    open(&path).map(drop)
                })
            })
            .collect();
        for opener in openers {
            let opened = opener.join().map_err(|_| anyhow::anyhow!("an opener panicked"))?;
            anyhow::ensure!(opened.is_ok(), "round {round}: {opened:?}");
        }
        let whole: String =
            Connection::open(&path)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        assert_eq!(whole, "ok");
    }
    Ok(())
}
