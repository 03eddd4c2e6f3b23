//! A vault in memory, for tests: it can be told to fail and shows which keys it holds.
//!
//! Not for people: what is in here is gone with the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Vault, VaultFault, VaultKind, check_key};
use crate::sensitive::SecretBytes;

/// Secrets in a map, behind the same rules as the real vaults.
#[derive(Default)]
pub struct MemoryVault {
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    secrets: BTreeMap<String, SecretBytes>,
    fault: Option<VaultFault>,
    no_list: bool,
}

impl MemoryVault {
    /// An empty vault.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on every call answers with this fault; `None` ends it. What is stored stays.
    pub fn set_fault(&self, fault: Option<VaultFault>) {
        self.inside().fault = fault;
    }

    /// From now on it cannot be asked for its keys, as the keychains of macOS and Windows.
    pub fn set_no_list(&self) {
        self.inside().no_list = true;
    }

    /// The keys that hold something, in order. Works also while a fault is set.
    pub fn keys(&self) -> Vec<String> {
        self.inside().secrets.keys().cloned().collect()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // No call leaves the map half changed, so a panic elsewhere does not make it wrong.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, key: &str) -> Result<MutexGuard<'_, Inside>, VaultFault> {
        check_key(key)?;
        let inside = self.inside();
        match &inside.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(inside),
        }
    }
}

impl Vault for MemoryVault {
    fn get(&self, key: &str) -> Result<Option<SecretBytes>, VaultFault> {
        Ok(self.open(key)?.secrets.get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), VaultFault> {
        self.open(key)?.secrets.insert(key.to_owned(), SecretBytes::from(value));
        Ok(())
    }

    fn remove(&self, key: &str) -> Result<bool, VaultFault> {
        Ok(self.open(key)?.secrets.remove(key).is_some())
    }

    fn keys(&self) -> Result<Option<Vec<String>>, VaultFault> {
        let inside = self.inside();
        match &inside.fault {
            Some(fault) => Err(fault.clone()),
            None if inside.no_list => Ok(None),
            None => Ok(Some(inside.secrets.keys().cloned().collect())),
        }
    }

    fn lists(&self) -> bool {
        !self.inside().no_list
    }

    fn kind(&self) -> VaultKind {
        VaultKind::Memory
    }

    fn check(&self) -> Result<(), VaultFault> {
        self.inside().fault.clone().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keeps_replaces_and_forgets() {
        let vault = MemoryVault::new();
        assert!(vault.get("account/17").unwrap().is_none());
        vault.set("account/17", b"old").unwrap();
        vault.set("account/17", b"new").unwrap();
        vault.set("app/3", b"").unwrap();
        assert_eq!(vault.get("account/17").unwrap().unwrap().expose(), b"new");
        assert_eq!(vault.get("app/3").unwrap().unwrap().expose(), b"");
        assert_eq!(vault.keys(), ["account/17", "app/3"]);
        assert!(vault.remove("account/17").unwrap());
        assert!(!vault.remove("account/17").unwrap());
        assert_eq!(vault.keys(), ["app/3"]);
        assert!(vault.set("account#17", b"x").is_err());
    }

    #[test]
    fn a_fault_answers_every_call_and_loses_nothing() {
        let vault = MemoryVault::new();
        vault.set("account/17", b"token").unwrap();
        for fault in [VaultFault::Locked, VaultFault::Absent] {
            vault.set_fault(Some(fault.clone()));
            assert_eq!(vault.get("account/17").unwrap_err(), fault);
            assert_eq!(vault.set("account/17", b"other").unwrap_err(), fault);
            assert_eq!(vault.remove("account/17").unwrap_err(), fault);
            assert_eq!(vault.check().unwrap_err(), fault);
            assert_eq!(vault.keys(), ["account/17"]);
        }
        vault.set_fault(None);
        vault.check().unwrap();
        assert_eq!(vault.get("account/17").unwrap().unwrap().expose(), b"token");
    }
}
