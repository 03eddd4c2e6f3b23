//! Which entries there are, kept in the vault itself, for vaults that cannot list their keys (`Vault::lists`).
//!
//! `homes` names the data folders, `home/<id>/index` the entries of one. Each is a JSON list of names and holds no secret. A name is
//! added before its entry is stored and dropped after the entry is gone, so that a crash leaves a name too many and never an entry
//! that no list names.

use super::entry;
use crate::vault::{VaultFault, VaultHandle};
use std::collections::BTreeSet;

const HOMES: &str = "homes";
const INDEX: &str = "index";

type Names = BTreeSet<String>;

/// Notes the entry of this name, unless the vault lists its keys by itself.
pub(super) async fn add_name(vault: &VaultHandle, home: &str, name: &str) -> Result<(), VaultFault> {
    if vault.lists() {
        return Ok(());
    }
    note(vault, HOMES, home).await?;
    note(vault, &entry::key(home, INDEX), name).await
}

/// The entry of this name is gone.
pub(super) async fn drop_name(vault: &VaultHandle, home: &str, name: &str) -> Result<(), VaultFault> {
    if vault.lists() {
        return Ok(());
    }
    if forget(vault, &entry::key(home, INDEX), name).await? {
        forget(vault, HOMES, home).await?;
    }
    Ok(())
}

/// All keys of entries, whatever kind of vault it is.
pub(super) async fn keys(vault: &VaultHandle) -> Result<Vec<String>, VaultFault> {
    if let Some(keys) = vault.keys().await? {
        return Ok(keys.into_iter().filter(|key| key != HOMES && !is_index(key)).collect());
    }
    let mut keys = Vec::new();
    for home in names(vault, HOMES).await? {
        let of_home = names(vault, &entry::key(&home, INDEX)).await?;
        keys.extend(of_home.iter().map(|name| entry::key(&home, name)));
    }
    Ok(keys)
}

fn is_index(key: &str) -> bool {
    entry::parts(key).is_some_and(|(_, name)| name == INDEX)
}

/// A list that can't be read counts as empty: the next entry that is stored writes it anew.
async fn names(vault: &VaultHandle, key: &str) -> Result<Names, VaultFault> {
    let bytes = match vault.get(key).await {
        Err(VaultFault::Damaged { .. }) => None,
        got => got?,
    };
    Ok(bytes.and_then(|bytes| serde_json::from_slice(bytes.expose()).ok()).unwrap_or_default())
}

async fn note(vault: &VaultHandle, key: &str, name: &str) -> Result<(), VaultFault> {
    let mut known = names(vault, key).await?;
    if !known.insert(name.to_string()) {
        return Ok(());
    }
    write(vault, key, &known).await
}

/// Says whether nothing is left in the list.
async fn forget(vault: &VaultHandle, key: &str, name: &str) -> Result<bool, VaultFault> {
    let mut known = names(vault, key).await?;
    known.remove(name);
    if known.is_empty() {
        vault.remove(key).await?;
        return Ok(true);
    }
    write(vault, key, &known).await?;
    Ok(false)
}

async fn write(vault: &VaultHandle, key: &str, names: &Names) -> Result<(), VaultFault> {
    let text = serde_json::to_string(names).map_err(|_| VaultFault::broken("a list of names"))?;
    vault.set(key, text.as_bytes()).await
}
