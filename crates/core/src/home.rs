//! Where Slipway keeps its data on this system, and under which name its secrets lie: the same for every program of ours.
//!
//! Not here: what is in the folder (`engine`, `store`), and how a secret is kept (`vault`).

use crate::problem::{Code, Outcome, Problem};
use std::path::{Path, PathBuf};

/// The namespace of one world in the keychain. Two worlds never meet.
pub fn namespace(sandbox: bool) -> &'static str {
    if sandbox { "slipway.sandbox" } else { "slipway" }
}

/// The data folder of one world, below the data folder of all.
pub fn of_world(home: &Path, sandbox: bool) -> PathBuf {
    if sandbox { home.join("sandbox") } else { home.to_path_buf() }
}

/// Where the simulated platforms keep what was practised with, below the data folder of all.
pub fn practice(home: &Path) -> PathBuf {
    home.join("simulated")
}

/// The system's place for the data of applications; nothing when it names none.
pub fn default_home() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        set("APPDATA").map(|data| data.join("Slipway"))
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Application Support/Slipway"))
    } else {
        // XDG Base Directory Specification: a relative path counts as unset.
        set("XDG_DATA_HOME")
            .filter(|data| data.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".local/share")))
            .map(|data| data.join("slipway"))
    }
}

/// Makes a folder for its owner alone: titles and plans are nobody else's business on a shared computer.
pub fn make_private_folder(folder: &Path) -> Outcome<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|error| {
        if crate::handles::ran_out(&error) {
            return crate::handles::problem();
        }
        Problem::block(
            Code::ReadOnly,
            "Slipway can't make or use its data folder. Check the folder's permissions, or name another with --home.",
        )
        .detail(error)
    })
}
