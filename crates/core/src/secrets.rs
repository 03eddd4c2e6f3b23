//! What the vault holds for us: one entry an account (refresh token and memo key) and one a developer app (its secret).
//!
//! A memo may hold a session address, which is a secret; so memos lie in the store sealed with a key that lies in the vault. Wiping
//! the entry makes them unreadable for good. Not here: the vault itself, and access tokens (`sign_in::tokens`, memory only).

use crate::problem::{Code, Fix, Outcome, Problem};
use crate::sensitive::{SecretBytes, SecretString};
use crate::vault::seal::{self, MemoKey};
use crate::vault::{VaultFault, VaultHandle};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// One account's entry.
pub struct AccountSecret {
    pub refresh: Option<SecretString>,
    pub memo_key: Arc<MemoKey>,
}

/// The vault as the engine uses it. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    vault: VaultHandle,
    memo_keys: Arc<Mutex<HashMap<i64, Arc<MemoKey>>>>,
}

impl Secrets {
    pub fn new(vault: VaultHandle) -> Secrets {
        Secrets { vault, memo_keys: Arc::default() }
    }

    pub fn vault(&self) -> &VaultHandle {
        &self.vault
    }

    /// The account's entry; nothing when it was never stored or was wiped.
    pub async fn account(&self, id: i64) -> Result<Option<AccountSecret>, VaultFault> {
        let Some(bytes) = self.vault.get(&account_key(id)).await? else { return Ok(None) };
        let entry: Value = serde_json::from_slice(bytes.expose())
            .map_err(|_| VaultFault::Damaged { detail: "an account's entry".into() })?;
        let memo_key = entry["memo_key"]
            .as_str()
            .and_then(|text| BASE64.decode(text).ok())
            .and_then(|bytes| MemoKey::from_secret(&SecretBytes::from(bytes)).ok())
            .ok_or_else(|| VaultFault::Damaged { detail: "an account's memo key".into() })?;
        let refresh = entry["refresh_token"].as_str().map(SecretString::from);
        let memo_key = Arc::new(memo_key);
        self.remember(id, &memo_key);
        Ok(Some(AccountSecret { refresh, memo_key }))
    }

    /// Stores a refresh token; the memo key stays, or is made. Nothing never replaces something (C28).
    pub async fn keep_refresh(&self, id: i64, refresh: Option<SecretString>) -> Result<(), VaultFault> {
        let old = self.account(id).await?;
        let memo_key = old.as_ref().map_or_else(|| Arc::new(MemoKey::generate()), |old| old.memo_key.clone());
        let refresh =
            crate::sign_in::keep_refresh(old.as_ref().and_then(|old| old.refresh.as_ref()), refresh);
        let entry = Zeroizing::new(
            json!({
                "v": 1,
                "refresh_token": refresh.as_ref().map(|token| token.expose().clone()),
                "memo_key": BASE64.encode(memo_key.expose()),
            })
            .to_string(),
        );
        self.vault.set(&account_key(id), entry.as_bytes()).await?;
        self.remember(id, &memo_key);
        Ok(())
    }

    /// Forgets the account for good: its token, and with its key every memo that was sealed for it.
    pub async fn wipe_account(&self, id: i64) -> Result<(), VaultFault> {
        self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&id);
        self.vault.remove(&account_key(id)).await.map(|_| ())
    }

    /// The key that seals this account's memos.
    pub async fn memo_key(&self, id: i64) -> Result<Option<Arc<MemoKey>>, VaultFault> {
        let known =
            self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&id).cloned();
        match known {
            Some(key) => Ok(Some(key)),
            None => Ok(self.account(id).await?.map(|secret| secret.memo_key)),
        }
    }

    pub async fn app(&self, id: i64) -> Result<Option<SecretString>, VaultFault> {
        let Some(bytes) = self.vault.get(&app_key(id)).await? else { return Ok(None) };
        let text = std::str::from_utf8(bytes.expose())
            .map_err(|_| VaultFault::Damaged { detail: "a developer app's secret".into() })?;
        Ok(Some(SecretString::from(text)))
    }

    pub async fn keep_app(&self, id: i64, secret: &SecretString) -> Result<(), VaultFault> {
        self.vault.set(&app_key(id), secret.expose().as_bytes()).await
    }

    pub async fn wipe_app(&self, id: i64) -> Result<(), VaultFault> {
        self.vault.remove(&app_key(id)).await.map(|_| ())
    }

    fn remember(&self, id: i64, key: &Arc<MemoKey>) {
        let mut keys = self.memo_keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        keys.insert(id, key.clone());
    }
}

fn account_key(id: i64) -> String {
    format!("account/{id}")
}

fn app_key(id: i64) -> String {
    format!("app/{id}")
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
        VaultFault::Damaged { .. } | VaultFault::Broken { .. } => (Code::KeychainBroken, Fix::Retry),
    };
    Problem::block(code, fault.to_string()).fix(fix)
}

/// The same, for `?`.
pub fn told<T>(result: Result<T, VaultFault>) -> Outcome<T> {
    result.map_err(|fault| vault_problem(&fault))
}
