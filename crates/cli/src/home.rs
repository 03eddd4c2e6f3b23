//! Where this process lives: data folder, world, vault; and the engine opened there.
//!
//! Two worlds never meet: with `--hosts` the folder, the keychain's namespace and the database are the sandbox's own.
//! Not here: what is asked of the engine (`cmd`).

use crate::args::{Global, VaultArg};
use serde_json::Value;
use slipway_core::clock::Clock;
use slipway_core::engine::{Engine, House, database_path};
pub use slipway_core::home::make_private_folder;
use slipway_core::home::{default_home, namespace, of_world};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::secrets::{kind_in, vault_problem};
use slipway_core::sensitive::{SecretBytes, SecretString};
use slipway_core::vault::file::FileVault;
use slipway_core::vault::keychain::KeychainVault;
use slipway_core::vault::memory::MemoryVault;
use slipway_core::vault::{Vault, VaultFault, VaultKind};
use slipway_core::wire::hosts::Hosts;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A passphrase longer than this is a wrong file.
const LONGEST_PASSPHRASE: u64 = 4096;

/// Does a command touch secrets? Those that don't never ask for a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Needed,
    NotNeeded,
}

/// The world a command line names.
pub struct Place {
    pub folder: PathBuf,
    pub hosts: Hosts,
    /// Developer apps that come with a sandbox.
    pub apps: BTreeMap<String, SandboxApp>,
}

/// A sandbox's developer app. Its secret is worth nothing outside.
#[derive(Clone, serde::Deserialize)]
pub struct SandboxApp {
    pub client_id: String,
    pub client_secret: String,
    /// What is true of it, e.g. `audited`.
    #[serde(default)]
    pub flags: BTreeMap<String, bool>,
    /// The platform it is for, where it is named otherwise.
    #[serde(default)]
    pub platform: String,
    /// The platform's way to sign in that it is for; empty: the usual one.
    #[serde(default)]
    pub way: String,
}

impl Place {
    pub fn find(global: &Global) -> Outcome<Place> {
        let home = match &global.home {
            Some(home) if home.as_os_str().is_empty() => {
                return Err(Problem::block(Code::BadRequest, "--home names no folder."));
            }
            Some(home) => home.clone(),
            None => default_home().ok_or_else(|| {
                Problem::block(Code::BadRequest, "This system names no place for data. Say one with --home.")
            })?,
        };
        match &global.hosts {
            None => Ok(Place { folder: home, hosts: Hosts::Real, apps: BTreeMap::new() }),
            Some(file) => {
                let said = read_json(file, "list of hosts")?;
                Ok(Place {
                    folder: of_world(&home, true),
                    hosts: Hosts::from_json(&said)?,
                    apps: said
                        .get("apps")
                        .and_then(|apps| serde_json::from_value(apps.clone()).ok())
                        .unwrap_or_default(),
                })
            }
        }
    }

    /// Opens the engine. Starts nothing.
    pub fn open(self, global: &Global, secrets: Secrets) -> Outcome<Engine> {
        make_private_folder(&self.folder)?;
        let vault = vault(global, &self, secrets)?;
        Engine::open(House {
            folder: self.folder,
            hosts: self.hosts,
            vault,
            platforms: slipway_platforms::all(),
            clock: Clock::system(),
        })
    }
}

/// The engine of the world that a command line names.
pub fn open(global: &Global, secrets: Secrets) -> Outcome<Engine> {
    Place::find(global)?.open(global, secrets)
}

/// The vault that a command line names.
pub fn vault(global: &Global, place: &Place, secrets: Secrets) -> Outcome<Arc<dyn Vault>> {
    let kind = vault_kind(global, place);
    if global.passphrase_file.is_some() && kind != VaultArg::File {
        return Err(Problem::block(Code::BadRequest, "--passphrase-file goes with --vault file."));
    }
    Ok(match kind {
        VaultArg::Keychain => Arc::new(KeychainVault::new(namespace(place.hosts.is_sandbox()))),
        VaultArg::Memory => Arc::new(MemoryVault::new()),
        VaultArg::File if secrets == Secrets::NotNeeded => Arc::new(Closed),
        VaultArg::File => {
            let path = vault_file(place);
            let passphrase = passphrase(global, path.exists())?;
            Arc::new(FileVault::open(&path, passphrase).map_err(|fault| vault_problem(&fault))?)
        }
    })
}

/// The kind that is said, else the one this data folder keeps its secrets in.
pub fn vault_kind(global: &Global, place: &Place) -> VaultArg {
    let kept = || match kind_in(&database_path(&place.folder)) {
        Some(VaultKind::File) => VaultArg::File,
        _ => VaultArg::Keychain,
    };
    global.vault.unwrap_or_else(kept)
}

/// Where `--vault file` lies.
pub fn vault_file(place: &Place) -> PathBuf {
    place.folder.join("vault.bin")
}

/// From the file that was named, the environment, or a person.
fn passphrase(global: &Global, exists: bool) -> Outcome<SecretString> {
    let given = if let Some(file) = &global.passphrase_file {
        let read = std::fs::metadata(file)
            .and_then(|meta| {
                if meta.len() > LONGEST_PASSPHRASE {
                    return Err(std::io::ErrorKind::FileTooLarge.into());
                }
                std::fs::read_to_string(file)
            })
            .map_err(|error| {
                Problem::block(
                    Code::FileUnreadable,
                    format!("The passphrase file {} can't be read.", file.display()),
                )
                .detail(error)
            })?;
        Some(read.lines().next().unwrap_or_default().to_string())
    } else {
        std::env::var("SLIPWAY_PASSPHRASE").ok()
    };
    match given {
        Some(text) if text.is_empty() => Err(locked("The passphrase is empty.")),
        Some(text) => Ok(SecretString::from(text)),
        None => ask(exists),
    }
}

fn ask(exists: bool) -> Outcome<SecretString> {
    let terminal = console::Term::stderr();
    let nobody = || {
        locked(
            "The vault file needs its passphrase: name a file with --passphrase-file, or set SLIPWAY_PASSPHRASE.",
        )
    };
    if !terminal.is_term() {
        return Err(nobody());
    }
    let read = |prompt: &str| {
        terminal.write_str(prompt).and_then(|()| terminal.read_secure_line()).map_err(|_| nobody())
    };
    if exists {
        return read("Passphrase of the vault: ").map(SecretString::from);
    }
    let first = read("A passphrase for the new vault: ")?;
    let second = read("Once more: ")?;
    match first == second {
        true => Ok(SecretString::from(first)),
        false => Err(locked("The two passphrases differ. Nothing was made.")),
    }
}

fn locked(message: &str) -> Problem {
    Problem::block(Code::KeychainLocked, message)
}

/// For commands that need no secret: whatever asks all the same hears that it is closed.
struct Closed;

impl Vault for Closed {
    fn get(&self, _: &str) -> Result<Option<SecretBytes>, VaultFault> {
        Err(VaultFault::Locked)
    }

    fn set(&self, _: &str, _: &[u8]) -> Result<(), VaultFault> {
        Err(VaultFault::Locked)
    }

    fn remove(&self, _: &str) -> Result<bool, VaultFault> {
        Err(VaultFault::Locked)
    }

    fn kind(&self) -> VaultKind {
        VaultKind::File
    }

    fn check(&self) -> Result<(), VaultFault> {
        Err(VaultFault::Locked)
    }
}

/// A JSON file that the user named.
pub fn read_json(file: &Path, what: &str) -> Outcome<Value> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => Code::FileMissing,
            _ => Code::FileUnreadable,
        };
        Problem::block(code, format!("The {what} {} can't be read.", file.display())).detail(error)
    })?;
    // The sandbox's output may hold more lines after its announcement.
    let whole = serde_json::from_str(&text);
    whole
        .or_else(|error| serde_json::from_str(text.lines().next().unwrap_or_default()).map_err(|_| error))
        .map_err(|error: serde_json::Error| {
            Problem::block(Code::BadRequest, format!("The {what} {} is not JSON.", file.display()))
                // Line and column only: the text may hold a secret.
                .detail(format!("line {}, column {}", error.line(), error.column()))
        })
}
