//! What lies in a vault, of every data folder, without any secret; and wiping it.
//!
//! Works without a data folder, so that what an uninstalled Slipway left can be found. Not here: what a person is asked before
//! (`api::vault`).

use super::entry::{self, Entry};
use super::index;
use crate::vault::{VaultFault, VaultHandle};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A channel's sign-in.
    Account,
    /// The secret of a developer app.
    App,
    /// A value of the data folder itself.
    Folder,
    /// It can't be read, or is not an entry of this version.
    Unreadable,
}

/// One entry, as it may be shown.
#[derive(Clone, Debug)]
pub struct Listed {
    pub key: String,
    pub kind: EntryKind,
    /// Nothing where the key names none.
    pub folder: Option<String>,
    /// Where that folder was when the entry was last used.
    pub path: Option<PathBuf>,
    /// Whose it is.
    pub owner: Option<super::Owner>,
}

/// Every entry in the vault.
///
/// # Errors
/// As `Vault::get`; an entry that can't be read is listed as unreadable.
pub async fn list(vault: &VaultHandle) -> Result<Vec<Listed>, VaultFault> {
    let mut listed = Vec::new();
    for key in index::keys(vault).await? {
        let (folder, name) = match entry::parts(&key) {
            Some((folder, name)) => (Some(folder.to_string()), name),
            None => (None, key.as_str()),
        };
        let read = match vault.get(&key).await {
            Ok(Some(bytes)) => Entry::read(&bytes).ok(),
            // Named by the list and stored no more.
            Ok(None) => continue,
            Err(VaultFault::Damaged { .. }) => None,
            Err(fault) => return Err(fault),
        };
        let kind = match &read {
            Some(_) if name.starts_with("account/") => EntryKind::Account,
            Some(_) if name.starts_with("app/") => EntryKind::App,
            Some(_) => EntryKind::Folder,
            None => EntryKind::Unreadable,
        };
        let (path, owner) = read.map_or((None, None), |entry| (Some(entry.home.path), entry.owner));
        listed.push(Listed { key, kind, folder, path, owner });
    }
    Ok(listed)
}

/// Forgets one entry; says whether it was there.
pub async fn wipe(vault: &VaultHandle, key: &str) -> Result<bool, VaultFault> {
    let found = vault.remove(key).await?;
    if let Some((folder, name)) = entry::parts(key) {
        index::drop_name(vault, folder, name).await?;
    }
    Ok(found)
}
