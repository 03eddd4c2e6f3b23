//! Copies of videos that were practised with: the simulated platforms keep what arrives, for a day at most. How much that is, and
//! deleting it. Not here: what the sandbox does with them.

use super::{Host, Nothing};
use crate::engine::Engine;
use crate::home;
use crate::problem::{Code, Outcome, Problem};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What was deleted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Forgotten {
    pub bytes: u64,
}

fn folder(engine: &Engine) -> Option<PathBuf> {
    // The sandbox's data folder lies inside the folder of all.
    let home = if engine.is_sandbox() { engine.folder().parent()? } else { engine.folder() };
    Some(home::practice(home).join("bytes"))
}

fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok().filter(|meta| meta.is_file())?.len())))
        .collect()
}

/// Bytes of all copies, in whichever world is open.
pub(super) fn size(engine: &Engine) -> u64 {
    folder(engine).map_or(0, |folder| files(&folder).iter().map(|(_, len)| len).sum())
}

pub(super) async fn forget(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Forgotten> {
    let mut bytes = 0;
    for (path, len) in folder(engine).map(|folder| files(&folder)).unwrap_or_default() {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let message = "A copy of a video you practised with could not be deleted. Check the permissions of the data folder.";
                return Err(Problem::block(Code::ReadOnly, message).detail(error));
            }
            _ => bytes += len,
        }
    }
    Ok(Forgotten { bytes })
}
