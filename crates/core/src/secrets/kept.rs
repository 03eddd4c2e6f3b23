//! Which vault a data folder keeps its secrets in. The database remembers the kind, and the entries carry the folder's id; so a vault in
//! which something is missing is told apart from the wrong one, and a good sign-in is never called dead because of that.
//!
//! Memory is a vault for trials: it is never remembered and never compared. Not here: the entries.

use super::{SecretFault, Secrets, entry, index};
use crate::problem::{Code, Problem};
use crate::store::account::{self, AccountState};
use crate::store::setting;
use crate::vault::VaultKind;

/// In `meta`.
const KEPT: &str = "vault";

impl Secrets {
    /// Something is missing in the vault: is it the vault that would hold it?
    ///
    /// # Errors
    /// `AnotherVault`, `EmptyVault`.
    pub(super) async fn is_the_right_vault(&self) -> Result<(), SecretFault> {
        self.is_kept_elsewhere()?;
        let Some(kind) = self.kept()? else { return Ok(()) };
        let holds_one = index::keys(&self.vault).await?.iter().any(|key| {
            entry::parts(key).is_some_and(|(home, name)| home == self.home.id && entry::is_secret(name))
        });
        if holds_one || self.vault.kind() == VaultKind::Memory {
            return Ok(());
        }
        Err(SecretFault::EmptyVault { kind })
    }

    /// # Errors
    /// `AnotherVault` when this data folder keeps its secrets in a vault of another kind.
    pub(super) fn is_kept_elsewhere(&self) -> Result<(), SecretFault> {
        let here = self.vault.kind();
        match self.kept()? {
            Some(kept) if kept != here && here != VaultKind::Memory => {
                Err(SecretFault::AnotherVault { kept })
            }
            _ => Ok(()),
        }
    }

    /// May a secret be stored in this vault? The secrets of one data folder lie in one vault; a folder without channels may begin in
    /// another one.
    ///
    /// # Errors
    /// `AnotherVault`.
    pub(super) fn may_keep_here(&self) -> Result<(), SecretFault> {
        let elsewhere = self.is_kept_elsewhere();
        if elsewhere.is_ok() {
            return elsewhere;
        }
        let accounts = self.store.read(account::all).map_err(SecretFault::Store)?;
        if accounts.iter().any(|account| account.state != AccountState::Gone) { elsewhere } else { Ok(()) }
    }

    /// A secret of this folder lies in this vault: that is where they are looked for from now on.
    pub(super) async fn is_kept_here(&self) {
        let here = self.vault.kind();
        if here == VaultKind::Memory || self.kept().ok().flatten() == Some(here) {
            return;
        }
        let Ok(text) = serde_json::to_string(&here) else { return };
        match self.store.write(move |tx| setting::set_meta(tx, KEPT, &text)).await {
            Ok(()) => *self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(here),
            // The next time.
            Err(problem) => {
                tracing::warn!(code = problem.code.as_str(), "the kind of vault is not remembered")
            }
        }
    }

    fn kept(&self) -> Result<Option<VaultKind>, SecretFault> {
        let mut known = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.is_none() {
            *known =
                self.store.read(|sql| setting::meta(sql, KEPT)).map_err(SecretFault::Store)?.and_then(read);
        }
        Ok(*known)
    }
}

fn read(text: String) -> Option<VaultKind> {
    serde_json::from_str(&text).ok()
}

/// What a database that is not open says; nothing where it has kept no secret yet, or can't be read.
pub fn kind_in(database: &std::path::Path) -> Option<VaultKind> {
    crate::store::meta_in(database, KEPT).and_then(read)
}

pub(super) fn another(kept: VaultKind) -> Problem {
    let message = match kept {
        VaultKind::File => {
            "The sign-ins of this data folder are kept in its encrypted file, not in the system's keychain. Nothing was changed. Start Slipway with --vault file."
        }
        VaultKind::Keychain | VaultKind::Memory => {
            "The sign-ins of this data folder are kept in the system's keychain, not in an encrypted file. Nothing was changed. Start Slipway without --vault."
        }
    };
    Problem::block(Code::WrongVault, message)
}

pub(super) fn empty(kind: VaultKind) -> Problem {
    let message = match kind {
        VaultKind::File => {
            "The vault file holds none of this data folder's sign-ins. Put the right file back; if there is none, sign the channels in again."
        }
        VaultKind::Keychain | VaultKind::Memory => {
            "The keychain holds none of this data folder's sign-ins. If it is another user's or another program's, open the right one; if it was emptied, sign the channels in again."
        }
    };
    Problem::block(Code::WrongVault, message)
}
