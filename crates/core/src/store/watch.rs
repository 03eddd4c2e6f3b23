//! Watches the queue's file while it is open: gone, replaced, changed from outside, damaged. Told within seconds, whoever is looking.
//!
//! SQLite goes on writing to a file that was deleted under it, and reads pages it has in memory: neither says anything.

use super::{Inner, open};
use crate::problem::{Code, Fix, Problem};
use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant, SystemTime};

/// Between two looks at the file's name, length and time.
const LOOK: Duration = Duration::from_millis(400);
/// Between two checks of its pages, when something wrote to it.
const CHANGED: Duration = Duration::from_secs(4);
/// Between two checks of a file to which nobody writes: bits flip by themselves, too.
const QUIET: Duration = Duration::from_secs(600);
/// Files above this are checked a tenth as often: reading them is work for the disk.
const LARGE: u64 = 64 << 20;

/// What a look at the file finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    identity: (u64, u64),
    changed: Option<SystemTime>,
    size: u64,
}

pub(super) fn stand(path: &Path) -> Option<Stand> {
    let meta = std::fs::metadata(path).ok()?;
    Some(Stand { identity: identity(&meta), changed: meta.modified().ok(), size: meta.len() })
}

#[cfg(unix)]
fn identity(meta: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

/// Windows lets nobody delete or replace a file that is open.
#[cfg(not(unix))]
fn identity(_: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}

/// `first`: the file as it was opened.
pub(super) fn watch(its: &Weak<Inner>, first: Option<Stand>) {
    let Some(path) = its.upgrade().map(|inner| inner.path.clone()) else { return };
    // A large file is not read when it is opened, so it is read now.
    let mut checked: Option<(Stand, Instant)> =
        first.filter(|first| first.size <= open::READ_WHOLE).map(|first| (first, Instant::now()));
    loop {
        std::thread::sleep(LOOK);
        if its.strong_count() == 0 {
            return;
        }
        // Whoever closes the store must not have to wait for a check, so nothing is held meanwhile.
        let note = |problem: &Problem| {
            if let Some(inner) = its.upgrade() {
                inner.note(problem);
            }
        };
        let now = stand(&path);
        let lost = match (first, now) {
            (_, None) => Some(open::missing(&path)),
            (Some(first), Some(now)) if first.identity != now.identity => Some(replaced()),
            _ => None,
        };
        if let Some(problem) = lost {
            note(&problem);
            continue;
        }
        let Some(now) = now else { continue };
        let slow = if now.size > LARGE { 10 } else { 1 };
        let due = match checked {
            None => true,
            Some((known, at)) if known != now => at.elapsed() > CHANGED * slow,
            Some((_, at)) => at.elapsed() > QUIET * slow,
        };
        if due {
            if let Some(problem) = open::quickly_checked(&path) {
                note(&problem);
            }
            checked = Some((now, Instant::now()));
        }
    }
}

fn replaced() -> Problem {
    Problem::block(
        Code::DatabaseMissing,
        "The queue's file was replaced while Slipway had it open. Slipway stopped acting, so that nothing is sent by an outdated queue. Start Slipway again.",
    )
    .fix(Fix::RestoreBackup)
}
