//! What lies in the vault, of every data folder of this computer, and wiping what was left behind. No secret is ever shown.
//!
//! Works without an engine, too, because an uninstalled Slipway leaves entries and no data folder. Not here: the entries themselves
//! (`secrets::listing`).

use super::{Host, Nothing};
use crate::engine::{Engine, InstanceLock, database_path};
use crate::event::What;
use crate::problem::{Code, Outcome, Problem};
use crate::secrets::listing::{self, EntryKind, Listed};
use crate::secrets::told;
use crate::store::account::{self, AccountState};
use crate::store::{backups, folder_id_in};
use crate::vault::{VaultHandle, VaultKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Everything in the vault, by data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VaultView {
    pub vault: VaultKind,
    pub folders: Vec<VaultFolder>,
}

/// What a data folder keeps in the vault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VaultFolder {
    /// The id of the data folder; nothing for entries that name none.
    pub id: Option<String>,
    /// Where it was when an entry was last used.
    pub path: Option<String>,
    pub place: FolderPlace,
    pub entries: Vec<VaultEntry>,
}

/// What became of a data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FolderPlace {
    /// It is the one that was asked.
    Here,
    /// It is another one, and it is still there.
    Elsewhere,
    /// The folder is there with another queue; a copy of the old one may still be restored.
    Replaced,
    /// It is gone: nothing can use these entries any more.
    Gone,
    /// No entry of it can be read, so nobody knows.
    Unknown,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VaultEntry {
    /// Its key in the vault.
    pub key: String,
    pub kind: EntryKind,
    pub platform: Option<String>,
    /// The channel's id at the platform, or the client id of the developer app.
    pub id: Option<String>,
    pub name: Option<String>,
}

/// Which entries to wipe. What is named twice is wiped once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default)]
pub struct Wipe {
    /// Those of data folders that are gone.
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub orphans: bool,
    /// Those of the data folder with this id.
    pub folder: Option<String>,
    /// The one with this key.
    pub entry: Option<String>,
    /// Also those of a data folder that is still there: its channels will have to sign in again.
    #[cfg_attr(test, ts(as = "Option<_>", optional))]
    pub sure: bool,
}

/// What was wiped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Wiped {
    pub entries: usize,
    /// The channels whose sign-ins were among them. The platforms still know those sign-ins.
    pub channels: Vec<String>,
}

pub(super) async fn list(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<VaultView> {
    vault_view(engine.inner.secrets.vault(), Some(engine.store().folder_id())).await
}

pub(super) async fn wipe(engine: &Engine, _: &dyn Host, given: Wipe) -> Outcome<Wiped> {
    let own = engine.store().folder_id();
    let vault = engine.inner.secrets.vault();
    let view = vault_view(vault, Some(own)).await?;
    let chosen = chosen(&view, &given)?;
    let mine = chosen.iter().any(|(folder, _)| folder.place == FolderPlace::Here);
    if mine && engine.is_running() {
        return Err(Problem::block(
            Code::NotNow,
            "Slipway is running the queue of these sign-ins. Disconnect the channels instead; the platform takes its access back, too.",
        ));
    }
    let wiped = wipe_chosen(vault, &chosen).await?;
    if mine {
        engine.inner.secrets.forget_all();
        let ids: Vec<i64> = engine.read(account::all)?.iter().map(|account| account.id).collect();
        for id in &ids {
            engine.inner.tokens.forget(*id);
        }
        let mut left = Vec::new();
        for id in ids {
            if told(engine.inner.secrets.usable(id).await)?.is_none() {
                left.push(id);
            }
        }
        engine
            .write(move |tx| {
                for id in left {
                    account::set_state(tx, id, AccountState::SignIn)?;
                    tx.say(What::Account { id });
                }
                Ok(())
            })
            .await?;
    }
    Ok(wiped)
}

/// Everything in this vault; `own` is the data folder that asks, if there is one.
pub async fn vault_view(vault: &VaultHandle, own: Option<&str>) -> Outcome<VaultView> {
    let mut folders: BTreeMap<Option<String>, Vec<Listed>> = BTreeMap::new();
    for listed in told(listing::list(vault).await)? {
        folders.entry(listed.folder.clone()).or_default().push(listed);
    }
    let mut folders: Vec<VaultFolder> = folders
        .into_iter()
        .map(|(id, listed)| {
            let path = listed.iter().find_map(|one| one.path.clone());
            let place = place(id.as_deref(), path.as_deref(), own);
            let path = path.map(|path| path.to_string_lossy().into_owned());
            VaultFolder { id, path, place, entries: listed.into_iter().map(shown).collect() }
        })
        .collect();
    folders.sort_by_key(|folder| folder.place);
    Ok(VaultView { vault: vault.kind(), folders })
}

/// Wipes what was chosen, for a caller without a data folder of its own.
pub async fn vault_wipe(vault: &VaultHandle, given: &Wipe) -> Outcome<Wiped> {
    let view = vault_view(vault, None).await?;
    wipe_chosen(vault, &chosen(&view, given)?).await
}

/// What a request means, before anything is wiped.
pub fn chosen<'a>(view: &'a VaultView, given: &Wipe) -> Outcome<Vec<(&'a VaultFolder, &'a VaultEntry)>> {
    if !given.orphans && given.folder.is_none() && given.entry.is_none() {
        let message =
            "Say what to wipe: the entries of data folders that are gone, of one folder, or one entry.";
        return Err(Problem::block(Code::BadRequest, message));
    }
    let mut chosen = Vec::new();
    for folder in &view.folders {
        let whole = given.orphans && folder.place == FolderPlace::Gone
            || given.folder.is_some() && folder.id == given.folder;
        for entry in &folder.entries {
            let named = given.entry.as_ref() == Some(&entry.key);
            // What the folder in use keeps for itself is no sign-in, and stays unless it is named.
            let own = folder.place == FolderPlace::Here && entry.kind == EntryKind::Folder;
            if named || whole && !own {
                chosen.push((folder, entry));
            }
        }
    }
    if chosen.is_empty() && !given.orphans {
        return Err(Problem::block(Code::NotFound, "There is no such entry in the vault."));
    }
    let there = chosen.iter().find(|(folder, _)| folder.place != FolderPlace::Gone).filter(|_| !given.sure);
    if let Some((folder, _)) = there {
        let path = folder.path.clone().unwrap_or_else(|| "a data folder that can't be named".into());
        let message = format!(
            "These sign-ins may still be used by {path}. Its channels would have to sign in again. Confirm it to wipe them all the same."
        );
        return Err(Problem::block(Code::NotNow, message));
    }
    Ok(chosen)
}

async fn wipe_chosen(vault: &VaultHandle, chosen: &[(&VaultFolder, &VaultEntry)]) -> Outcome<Wiped> {
    // Nobody may begin to run a queue whose sign-ins are being wiped.
    let mut locks = BTreeMap::new();
    for (folder, _) in chosen.iter().filter(|(folder, _)| folder.place == FolderPlace::Elsewhere) {
        let Some(path) = &folder.path else { continue };
        if !locks.contains_key(path) {
            let lock = InstanceLock::take(Path::new(path)).map_err(|problem| match problem.code {
                Code::AlreadyRunning => Problem::block(
                    Code::NotNow,
                    format!("Slipway is running the queue in {path}. Nothing was wiped. Stop it first, or disconnect its channels there."),
                ),
                _ => problem,
            })?;
            locks.insert(path, lock);
        }
    }
    let mut wiped = Wiped::default();
    for (_, entry) in chosen {
        if told(listing::wipe(vault, &entry.key).await)? {
            wiped.entries += 1;
            wiped.channels.extend(entry.name.clone().filter(|_| entry.kind == EntryKind::Account));
        }
    }
    Ok(wiped)
}

fn place(id: Option<&str>, path: Option<&Path>, own: Option<&str>) -> FolderPlace {
    if id.is_some() && id == own {
        return FolderPlace::Here;
    }
    let (Some(id), Some(path)) = (id, path) else { return FolderPlace::Unknown };
    let database = database_path(path);
    if !database.exists() {
        let restorable = !backups(&database).is_empty();
        return if restorable { FolderPlace::Replaced } else { FolderPlace::Gone };
    }
    match folder_id_in(&database) {
        Some(other) if other != id => FolderPlace::Replaced,
        // One that can't be read may well be in use.
        _ => FolderPlace::Elsewhere,
    }
}

fn shown(listed: Listed) -> VaultEntry {
    let (platform, id, name) = match listed.owner {
        Some(owner) => (Some(owner.platform), Some(owner.id), Some(owner.name)),
        None => (None, None, None),
    };
    VaultEntry { key: listed.key, kind: listed.kind, platform, id, name }
}
