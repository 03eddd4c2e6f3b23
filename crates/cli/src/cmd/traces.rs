//! What a run left behind, looked at and not assumed: files in the data folder, copies in the system's folder for temporary files,
//! and the most memory this process ever had.

use serde::Serialize;
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A file that was found.
#[derive(Debug, PartialEq, Serialize)]
pub struct Found {
    pub path: PathBuf,
    pub bytes: u64,
}

/// The folder for temporary files as it was before.
pub struct Before {
    folder: PathBuf,
    entries: HashSet<OsString>,
}

impl Before {
    pub fn look() -> Before {
        let folder = std::env::temp_dir();
        let entries = names(&folder);
        Before { folder, entries }
    }

    /// Files made since, of the video's length, outside `ours`. Other programs write here too; a copy has the same length.
    pub fn copies(&self, bytes: u64, ours: &Path) -> Vec<Found> {
        names(&self.folder)
            .difference(&self.entries)
            .map(|name| self.folder.join(name))
            .filter(|path| path != ours)
            .flat_map(|path| files(&path))
            .filter(|file| file.bytes == bytes)
            .collect()
    }
}

fn names(folder: &Path) -> HashSet<OsString> {
    let Ok(entries) = std::fs::read_dir(folder) else { return HashSet::new() };
    entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect()
}

/// Every file in this folder's tree (or the file itself), links not followed.
pub fn files(path: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(path) = open.pop() {
        let Ok(meta) = std::fs::symlink_metadata(&path) else { continue };
        if meta.is_file() {
            found.push(Found { path, bytes: meta.len() });
        } else if meta.is_dir()
            && let Ok(entries) = std::fs::read_dir(&path)
        {
            open.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Is this one of the files that a queue is made of?
pub fn is_of_a_queue(folder: &Path, file: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(folder) else { return false };
    let mut parts = inside.components();
    let (first, more) = (parts.next(), parts.next());
    match first.and_then(|first| first.as_os_str().to_str()) {
        Some("slipway.db" | "slipway.db-wal" | "slipway.db-shm" | "slipway.generation" | "slipway.lock") => {
            more.is_none()
        }
        Some("logs" | "backups") => more.is_some(),
        _ => false,
    }
}

/// The most memory this process ever had in RAM, in bytes; only Linux tells it without unsafe code.
pub fn peak_memory() -> Option<u64> {
    high_water(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_a_temporary_folder_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("old"), b"12345").unwrap();
        let before = Before { folder: folder.path().into(), entries: names(folder.path()) };
        let ours = folder.path().join("ours");
        std::fs::create_dir(&ours).unwrap();
        std::fs::write(ours.join("video"), b"12345").unwrap();
        assert_eq!(before.copies(5, &ours), []);
        std::fs::create_dir(folder.path().join("new")).unwrap();
        std::fs::write(folder.path().join("new/copy"), b"54321").unwrap();
        std::fs::write(folder.path().join("new/other"), b"1").unwrap();
        let copy = Found { path: folder.path().join("new/copy"), bytes: 5 };
        assert_eq!(before.copies(5, &ours), [copy]);
    }

    #[test]
    fn a_queues_own_files_are_known() {
        let folder = Path::new("data");
        for (file, own) in [
            ("data/slipway.db", true),
            ("data/slipway.db-wal", true),
            ("data/slipway.generation", true),
            ("data/logs/slipway.log", true),
            ("data/backups/slipway-2026-11-22.db", true),
            ("data/slipway.db/x", false),
            ("data/video.mp4", false),
            ("data/logs", false),
            ("elsewhere/slipway.db", false),
        ] {
            assert_eq!(is_of_a_queue(folder, Path::new(file)), own, "{file}");
        }
    }

    #[test]
    fn the_high_water_mark_is_read() {
        assert_eq!(high_water("VmPeak:\t 9 kB\nVmHWM:\t   2048 kB\nVmRSS: 1 kB"), Some(2_097_152));
        for odd in ["", "VmHWM:", "VmHWM: many kB", "VmHWM: 1 MB"] {
            assert_eq!(high_water(odd), None, "{odd}");
        }
    }
}
