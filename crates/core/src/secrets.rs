//! What the vault holds for a data folder: one entry an account (refresh token and memo key) and one a developer app (its secret).
//!
//! The vault is shared: other data folders of this computer keep theirs in the same keychain, and a backup that was restored may
//! count its rows anew. So a key begins with the id of the data folder, an entry names the channel it belongs to, and both are
//! compared with the row that asks. What belongs to another channel is neither used nor wiped.
//!
//! A memo may hold a session address, which is a secret; so memos lie in the store sealed with a key that lies in the vault. Wiping
//! the entry makes them unreadable for good. Not here: the vault itself, and access tokens (`sign_in::tokens`, memory only).

mod entry;
mod index;
mod kept;
pub mod listing;

pub use entry::Owner;
pub use kept::kind_in;

use crate::problem::{Code, Fix, Outcome, Problem};
use crate::sensitive::{SecretBytes, SecretString};
use crate::store::{Store, account, app};
use crate::vault::seal::{self, MemoKey};
use crate::vault::{VaultFault, VaultHandle, VaultKind};
use entry::{Entry, Home};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// One account's entry.
pub struct AccountSecret {
    pub refresh: Option<SecretString>,
    pub memo_key: Arc<MemoKey>,
}

/// Why there is no secret.
#[derive(Clone, Debug, PartialEq)]
pub enum SecretFault {
    /// The vault did not answer.
    Vault(VaultFault),
    /// The entry of a channel can't be read; a new sign-in replaces it.
    AccountDamaged { account: i64, name: String },
    /// The entry of a channel belongs to another one. It was left alone.
    OtherChannel { account: i64, name: String, stored: String },
    /// The entry of a developer app can't be read, or is that of another app.
    AppSecret { platform: String },
    /// There is nothing of the channel or app here, and this data folder keeps its secrets in a vault of another kind.
    AnotherVault { kept: VaultKind },
    /// The vault is of the kind this data folder uses, and holds none of its sign-ins: it was emptied, or it is another one.
    EmptyVault { kind: VaultKind },
    /// The row could not be read.
    Store(Problem),
}

impl From<VaultFault> for SecretFault {
    fn from(fault: VaultFault) -> SecretFault {
        SecretFault::Vault(fault)
    }
}

/// The vault as the engine of one data folder uses it. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    vault: VaultHandle,
    store: Store,
    home: Arc<Home>,
    memo_keys: Arc<Mutex<HashMap<i64, Arc<MemoKey>>>>,
    /// The kind of vault that the database names, once it was read.
    kept: Arc<Mutex<Option<VaultKind>>>,
}

impl Secrets {
    /// For the data folder of this store.
    pub fn new(vault: VaultHandle, store: Store) -> Secrets {
        let path = store.path().parent().unwrap_or(store.path());
        // A folder that can't be named in full is named as it was given.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let home = Arc::new(Home { id: store.folder_id().to_string(), path });
        Secrets { vault, store, home, memo_keys: Arc::default(), kept: Arc::default() }
    }

    pub fn vault(&self) -> &VaultHandle {
        &self.vault
    }

    /// A value of this data folder, under a name such as `generation`.
    pub async fn value(&self, name: &str) -> Result<Option<SecretBytes>, VaultFault> {
        match self.entry(name).await? {
            Some(entry) => entry.bytes().map(Some),
            None => Ok(None),
        }
    }

    /// Keeps a value of this data folder under `home/<folder id>/<name>`.
    pub async fn keep_value(&self, name: &str, value: &[u8]) -> Result<(), VaultFault> {
        if self.is_kept_elsewhere().is_err() {
            return Err(VaultFault::broken("this data folder keeps its sign-ins in another vault"));
        }
        self.put(name, entry::of_bytes(&self.home, value).as_bytes()).await
    }

    /// The account's entry; nothing when it was never stored or was wiped.
    ///
    /// # Errors
    /// `OtherChannel` when the entry is that of another channel than the account's row names.
    pub async fn account(&self, id: i64) -> Result<Option<AccountSecret>, SecretFault> {
        let name = entry::account_name(id);
        let Some(bytes) = self.vault.get(&self.key(&name)).await? else {
            self.is_the_right_vault().await?;
            return Ok(None);
        };
        let owner = self.account_owner(id)?;
        let damaged = |fault| match fault {
            VaultFault::Damaged { .. } => {
                SecretFault::AccountDamaged { account: id, name: owner.name.clone() }
            }
            fault => SecretFault::Vault(fault),
        };
        let entry = Entry::read(&bytes).map_err(damaged)?;
        let stored = entry.owner.as_ref();
        if entry.home.id != self.home.id || !stored.is_some_and(|stored| stored.is(&owner)) {
            let stored = stored.map(|stored| stored.name.clone()).unwrap_or_default();
            return Err(SecretFault::OtherChannel { account: id, name: owner.name, stored });
        }
        let (refresh, memo_key) = entry.account().map_err(damaged)?;
        if entry.home.path != self.home.path || stored.is_some_and(|stored| *stored != owner) {
            // The folder was moved or the channel renamed: the list of entries names both as they are now.
            let written = entry::of_account(&self.home, &owner, refresh.as_ref(), &memo_key);
            if let Err(fault) = self.put(&name, written.as_bytes()).await {
                tracing::warn!(fault = fault.code(), "an entry still names an old place of the data folder");
            }
        }
        self.remember(id, &memo_key);
        self.is_kept_here().await;
        Ok(Some(AccountSecret { refresh, memo_key }))
    }

    /// The account's entry where it can be used: nothing where it is damaged or that of another channel, too.
    pub async fn usable(&self, id: i64) -> Result<Option<AccountSecret>, SecretFault> {
        match self.account(id).await {
            Err(
                SecretFault::AccountDamaged { .. }
                | SecretFault::OtherChannel { .. }
                | SecretFault::EmptyVault { .. },
            ) => Ok(None),
            answered => answered,
        }
    }

    /// Stores a refresh token; the memo key stays, or is made. Nothing never replaces something (C28). An entry that can't be read,
    /// or is that of another channel, is replaced whole: the person has just signed in with this one.
    pub async fn keep_refresh(&self, id: i64, refresh: Option<SecretString>) -> Result<(), SecretFault> {
        self.may_keep_here()?;
        let old = match self.account(id).await {
            Ok(old) => old,
            Err(
                SecretFault::AccountDamaged { .. }
                | SecretFault::OtherChannel { .. }
                | SecretFault::EmptyVault { .. }
                | SecretFault::AnotherVault { .. }
                | SecretFault::Vault(VaultFault::Damaged { .. }),
            ) => None,
            Err(fault) => return Err(fault),
        };
        let memo_key = old.as_ref().map_or_else(|| Arc::new(MemoKey::generate()), |old| old.memo_key.clone());
        let refresh =
            crate::sign_in::keep_refresh(old.as_ref().and_then(|old| old.refresh.as_ref()), refresh);
        let owner = self.account_owner(id)?;
        let written = entry::of_account(&self.home, &owner, refresh.as_ref(), &memo_key);
        self.put(&entry::account_name(id), written.as_bytes()).await?;
        self.remember(id, &memo_key);
        self.is_kept_here().await;
        Ok(())
    }

    /// Forgets the account for good: its token, and with its key every memo that was sealed for it. The entry of another channel
    /// stays.
    pub async fn wipe_account(&self, id: i64) -> Result<(), SecretFault> {
        self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&id);
        match self.account(id).await {
            Err(SecretFault::OtherChannel { .. } | SecretFault::EmptyVault { .. }) => return Ok(()),
            Err(fault @ SecretFault::AnotherVault { .. }) => return Err(fault),
            Err(SecretFault::Vault(fault)) if !matches!(fault, VaultFault::Damaged { .. }) => {
                return Err(fault.into());
            }
            _ => {}
        }
        self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&id);
        Ok(self.take(&entry::account_name(id)).await?)
    }

    /// The key that seals this account's memos.
    pub async fn memo_key(&self, id: i64) -> Result<Option<Arc<MemoKey>>, SecretFault> {
        let known =
            self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&id).cloned();
        match known {
            Some(key) => Ok(Some(key)),
            None => Ok(self.account(id).await?.map(|secret| secret.memo_key)),
        }
    }

    /// The secret of a developer app; that of another app is never given away.
    pub async fn app(&self, id: i64) -> Result<Option<SecretString>, SecretFault> {
        let name = entry::app_name(id);
        let Some(bytes) = self.vault.get(&self.key(&name)).await? else {
            self.is_kept_elsewhere()?;
            return Ok(None);
        };
        let owner = self.app_owner(id)?;
        let lost = || SecretFault::AppSecret { platform: owner.platform.clone() };
        let damaged = |fault| match fault {
            VaultFault::Damaged { .. } => lost(),
            fault => SecretFault::Vault(fault),
        };
        let entry = Entry::read(&bytes).map_err(damaged)?;
        if entry.home.id != self.home.id || !entry.owner.as_ref().is_some_and(|stored| stored.is(&owner)) {
            return Err(lost());
        }
        Ok(Some(entry.app().map_err(damaged)?))
    }

    pub async fn keep_app(&self, id: i64, secret: &SecretString) -> Result<(), SecretFault> {
        self.may_keep_here()?;
        let written = entry::of_app(&self.home, &self.app_owner(id)?, secret);
        self.put(&entry::app_name(id), written.as_bytes()).await?;
        self.is_kept_here().await;
        Ok(())
    }

    pub async fn wipe_app(&self, id: i64) -> Result<(), SecretFault> {
        Ok(self.take(&entry::app_name(id)).await?)
    }

    /// The entries of this folder were wiped by hand: what is known of them goes, too.
    pub(crate) fn forget_all(&self) {
        self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }

    fn key(&self, name: &str) -> String {
        entry::key(&self.home.id, name)
    }

    async fn entry(&self, name: &str) -> Result<Option<Entry>, VaultFault> {
        self.vault.get(&self.key(name)).await?.map(|bytes| Entry::read(&bytes)).transpose()
    }

    async fn put(&self, name: &str, value: &[u8]) -> Result<(), VaultFault> {
        index::add_name(&self.vault, &self.home.id, name).await?;
        self.vault.set(&self.key(name), value).await
    }

    async fn take(&self, name: &str) -> Result<(), VaultFault> {
        self.vault.remove(&self.key(name)).await?;
        index::drop_name(&self.vault, &self.home.id, name).await
    }

    fn account_owner(&self, id: i64) -> Result<Owner, SecretFault> {
        let row = self.store.read(|sql| account::get(sql, id)).map_err(SecretFault::Store)?;
        let row = row.ok_or_else(|| SecretFault::Store(crate::view::unknown_account(&id.to_string())))?;
        Ok(Owner { platform: row.platform, id: row.remote_id, name: row.name })
    }

    fn app_owner(&self, id: i64) -> Result<Owner, SecretFault> {
        let row = self.store.read(|sql| app::get(sql, id)).map_err(SecretFault::Store)?;
        let row = row.ok_or_else(|| {
            SecretFault::Store(Problem::block(Code::AppMissing, "That app is not there any more."))
        })?;
        Ok(Owner { platform: row.platform, name: row.client_id.clone(), id: row.client_id })
    }

    fn remember(&self, id: i64, key: &Arc<MemoKey>) {
        let mut keys = self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        keys.insert(id, key.clone());
    }
}

/// Seals a memo for the row it belongs to; it opens for no other row.
pub fn seal_memo(key: &MemoKey, row: &str, memo: &[u8]) -> Vec<u8> {
    seal::seal(key, row.as_bytes(), memo)
}

/// Opens it again. A memo that does not open was sealed with a key that is gone, or is another row's.
pub fn open_memo(key: &MemoKey, row: &str, sealed: &[u8]) -> Option<SecretBytes> {
    seal::open(key, row.as_bytes(), sealed).ok()
}

/// What a vault's fault means to the user.
pub fn vault_problem(fault: &VaultFault) -> Problem {
    let (code, fix) = match fault {
        VaultFault::Locked => (Code::KeychainLocked, Fix::UnlockKeychain),
        VaultFault::Absent => (Code::KeychainAbsent, Fix::ChooseVault),
        VaultFault::Denied | VaultFault::WrongPassphrase => (Code::KeychainLocked, Fix::UnlockKeychain),
        VaultFault::Damaged { .. } => (Code::SecretDamaged, Fix::None),
        VaultFault::FileDamaged { .. } => (Code::VaultDamaged, Fix::None),
        VaultFault::NoHandles => return crate::handles::problem(),
        VaultFault::Broken { .. } => (Code::KeychainBroken, Fix::Retry),
    };
    Problem::block(code, fault.to_string()).fix(fix)
}

/// The stored sign-in, or the platform's answer, is that of another channel than `name`.
pub fn wrong_channel(account: i64, name: &str, other: &str) -> Problem {
    let other =
        if other.is_empty() { "another channel".to_string() } else { format!("another channel ({other})") };
    let message = format!(
        "The sign-in kept for {name} belongs to {other}. Nothing was sent. Sign in again with {name}; its posts go on by themselves."
    );
    Problem::block(Code::WrongChannel, message).fix(Fix::SignIn { account })
}

impl From<SecretFault> for Problem {
    fn from(fault: SecretFault) -> Problem {
        match fault {
            SecretFault::Vault(fault) => vault_problem(&fault),
            SecretFault::Store(problem) => problem,
            SecretFault::OtherChannel { account, name, stored } => wrong_channel(account, &name, &stored),
            SecretFault::AccountDamaged { account, name } => Problem::block(
                Code::SecretDamaged,
                format!("The stored sign-in of {name} is damaged. Sign in again with {name}; that replaces it."),
            )
            .fix(Fix::SignIn { account }),
            SecretFault::AnotherVault { kept } => kept::another(kept),
            SecretFault::EmptyVault { kind } => kept::empty(kind),
            SecretFault::AppSecret { platform } => Problem::block(
                Code::SecretDamaged,
                "The stored secret of this developer app is damaged or belongs to another app. Enter the app's secret again.",
            )
            .fix(Fix::AddApp { platform }),
        }
    }
}

/// The same, for `?`.
pub fn told<T>(result: Result<T, impl Into<SecretFault>>) -> Outcome<T> {
    result.map_err(|fault| fault.into().into())
}

#[cfg(test)]
#[path = "secrets/tests.rs"]
mod tests;
