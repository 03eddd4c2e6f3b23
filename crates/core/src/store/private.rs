//! The queue's files are their owner's alone, whatever the folder they lie in allows: words, names and links of posts are nobody else's.
//!
//! SQLite gives its log and its index the rights of the database. Elsewhere than on Unix the folder of the user is private by itself.
//! Not here: the folder (`home::make_private_folder`) and the vault, which is encrypted besides.

use super::backup::backups;
use std::path::Path;

/// The database and its backups, also those that an older version left open. What can't be changed is told by whatever opens it.
pub(super) fn keep(database: &Path) {
    begin(database);
    for path in [database.with_extension("db-wal"), database.with_extension("db-shm")] {
        tighten(&path);
    }
    for copy in backups(database) {
        tighten(&copy);
    }
}

/// Before anything is written to it.
pub(super) fn begin(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let _ = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    }
    tighten(path);
}

fn tighten(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
        if open && std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).is_err() {
            tracing::warn!("a file of the queue can be read by others, and that can't be changed");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::event::Events;
    use crate::store::{Store, World, setting};
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
        }
        found
    }

    fn open_to_others(folder: &Path) -> Vec<PathBuf> {
        let rights = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode();
        files(folder).into_iter().filter(|path| rights(path) & 0o077 != 0).collect()
    }

    #[tokio::test]
    async fn queue_and_backups_are_their_owners_alone_in_any_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("slipway.db");
        let store = Store::open(&path, World::Real, Events::default()).unwrap();
        store.write(|tx| setting::set(tx, "said", &1)).await.unwrap();
        store.back_up_for("2026-11-22").unwrap().unwrap();
        let made = files(folder.path());
        assert!(made.len() >= 4, "{made:?}");
        assert_eq!(open_to_others(folder.path()), Vec::<PathBuf>::new());
        drop(store);
        // What an older version left open.
        for path in files(folder.path()) {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        let store = Store::open(&path, World::Real, Events::default()).unwrap();
        store.write(|tx| setting::set(tx, "said", &2)).await.unwrap();
        let still = open_to_others(folder.path());
        assert!(
            still.iter().all(|path| path.extension().is_some_and(|end| end == "generation")),
            "{still:?}"
        );
    }
}
