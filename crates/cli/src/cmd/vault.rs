//! `vault`: what Slipway keeps in the keychain, for this data folder and for others, and wiping what was left behind.
//!
//! Works without a data folder and makes none: an uninstalled Slipway leaves entries and nothing else.

use super::{Door, read};
use crate::args::{Global, VaultArg, VaultCommand, VaultWipe};
use crate::home::{self, Place, Secrets};
use crate::out::{Out, clip};
use crate::words::Exit;
use serde_json::{Value, json};
use slipway_core::api::{self, FolderPlace, VaultEntry, VaultFolder, VaultView, Wipe, Wiped};
use slipway_core::engine::{InstanceLock, database_path};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::secrets::listing::EntryKind;
use slipway_core::vault::VaultHandle;
use std::io::IsTerminal;

pub async fn run(global: &Global, what: VaultCommand, out: Out) -> Outcome<Exit> {
    let place = Place::find(global)?;
    if let VaultCommand::New = what {
        return begin_anew(global, &place, out);
    }
    let asked = match Asked::open(global, place, out)? {
        Some(asked) => asked,
        None => {
            out.answer(&json!({ "vault": "file", "folders": [] }), |out| {
                out.aside("There is no vault file here.")
            });
            return Ok(Exit::Done);
        }
    };
    let answer = asked.list().await?;
    let view: VaultView = read(answer.clone())?;
    match what {
        VaultCommand::Wipe(wanted) => wipe(&asked, &view, wanted, out).await,
        VaultCommand::List | VaultCommand::New => {
            out.answer(&answer, |out| show(&view, out));
            Ok(Exit::Done)
        }
    }
}

/// Whom to ask: the engine of the data folder, or the vault alone where there is no data folder.
enum Asked {
    Engine(Box<Door>),
    Vault(VaultHandle),
}

impl Asked {
    fn open(global: &Global, place: Place, out: Out) -> Outcome<Option<Asked>> {
        if database_path(&place.folder).exists() {
            return Ok(Some(Asked::Engine(Box::new(Door {
                engine: place.open(global, Secrets::Needed)?,
                out,
            }))));
        }
        if home::vault_kind(global, &place) == VaultArg::File && !home::vault_file(&place).exists() {
            return Ok(None);
        }
        Ok(Some(Asked::Vault(VaultHandle::new(home::vault(global, &place, Secrets::Needed)?))))
    }

    async fn list(&self) -> Outcome<Value> {
        match self {
            Asked::Engine(door) => door.call("vault.list", Value::Null).await,
            Asked::Vault(vault) => written(&api::vault_view(vault, None).await?),
        }
    }

    async fn wipe(&self, given: &Wipe) -> Outcome<Value> {
        match self {
            Asked::Engine(door) => door.call("vault.wipe", written(given)?).await,
            Asked::Vault(vault) => written(&api::vault_wipe(vault, given).await?),
        }
    }
}

fn written(value: &impl serde::Serialize) -> Outcome<Value> {
    serde_json::to_value(value).map_err(|error| Problem::internal(&anyhow::Error::new(error)))
}

fn show(view: &VaultView, out: &Out) {
    if view.folders.is_empty() {
        return out.aside("Slipway keeps nothing in this vault.");
    }
    for folder in &view.folders {
        out.line(&head(folder));
        let rows: Vec<Vec<String>> = folder.entries.iter().map(row).collect();
        out.table(&["KIND", "PLATFORM", "NAME", "ID", "KEY"], &rows);
    }
    if view.folders.iter().any(|folder| folder.place == FolderPlace::Gone) {
        out.aside("Wipe what was left behind: slipway vault wipe --orphans");
    }
}

fn head(folder: &VaultFolder) -> String {
    let path = folder.path.as_deref().unwrap_or("no data folder");
    let id = folder.id.as_deref().unwrap_or("none");
    let place = match folder.place {
        FolderPlace::Here => "this data folder",
        FolderPlace::Elsewhere => "another data folder",
        FolderPlace::Replaced => "its queue was replaced; a copy may be restored",
        FolderPlace::Gone => "orphan: the data folder is gone",
        FolderPlace::Unknown => "can't be read",
    };
    format!("{path} ({place}), id {id}")
}

fn row(entry: &VaultEntry) -> Vec<String> {
    let kind = match entry.kind {
        EntryKind::Account => "sign-in",
        EntryKind::App => "app secret",
        EntryKind::Folder => "folder",
        EntryKind::Unreadable => "unreadable",
    };
    let text = |text: &Option<String>| clip(text.as_deref().unwrap_or_default(), 40);
    vec![kind.into(), text(&entry.platform), text(&entry.name), text(&entry.id), entry.key.clone()]
}

async fn wipe(asked: &Asked, view: &VaultView, wanted: VaultWipe, out: Out) -> Outcome<Exit> {
    let which = wanted.which;
    let given = Wipe { orphans: which.orphans, folder: which.folder, entry: which.entry, sure: true };
    let chosen = api::chosen_entries(view, &given)?;
    if !chosen.is_empty() && !wanted.yes {
        if out.json || !std::io::stdin().is_terminal() {
            let message = "Wiping can't be undone. Say --yes.";
            return Err(Problem::block(Code::BadRequest, message));
        }
        for (folder, entry) in &chosen {
            out.aside(&format!("  {}  {}", row(entry).join("  "), head(folder)));
        }
        if !agreed(chosen.len(), out)? {
            out.aside("Nothing was wiped.");
            return Ok(Exit::Done);
        }
    }
    let answer = asked.wipe(&given).await?;
    let wiped: Wiped = read(answer.clone())?;
    out.answer(&answer, |out| {
        out.line(&format!("Wiped {} entries.", wiped.entries));
        if !wiped.channels.is_empty() {
            out.line(&format!(
                "The platforms still know these sign-ins: {}. Remove Slipway in your settings there, too.",
                wiped.channels.join(", ")
            ));
        }
    });
    Ok(Exit::Done)
}

fn agreed(entries: usize, out: Out) -> Outcome<bool> {
    out.aside(&format!("Wipe {entries} entries? It can't be undone. [y/N]"));
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Problem::block(Code::BadRequest, "Nothing could be read.").detail(error))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// A damaged vault file holds nothing that could be used: a new one takes its place.
fn begin_anew(global: &Global, place: &Place, out: Out) -> Outcome<Exit> {
    if home::vault_kind(global, place) != VaultArg::File {
        return Err(Problem::block(
            Code::BadRequest,
            "This goes with --vault file. A keychain is mended by your system.",
        ));
    }
    let path = home::vault_file(place);
    if !path.exists() {
        return Err(Problem::block(
            Code::NotFound,
            "There is no vault file here. The next sign-in makes one.",
        ));
    }
    let _lock = InstanceLock::take(&place.folder)?;
    let aside = (0..1000)
        .map(|nth| {
            path.with_extension(if nth == 0 { "damaged".to_string() } else { format!("damaged-{nth}") })
        })
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| path.with_extension("damaged"));
    std::fs::rename(&path, &aside).map_err(|error| {
        Problem::block(Code::ReadOnly, "The vault file could not be set aside.").detail(error)
    })?;
    home::vault(global, place, Secrets::Needed).inspect_err(|_| {
        // Without a new one the old one stays, however damaged.
        let _ = std::fs::rename(&aside, &path);
    })?;
    let name = aside.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    out.answer(&json!({ "kept": name }), |out| {
        out.line(&format!("A new vault begins; the old file is kept as {name}. Enter your apps' secrets and sign your channels in again."));
    });
    Ok(Exit::Done)
}
