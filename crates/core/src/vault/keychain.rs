//! The system's keychain: Keychain on macOS, Credential Manager on Windows, Secret Service elsewhere.
//!
//! The namespace (`slipway`, `slipway.sandbox`) is the keychain's service name and the key its user name, so the
//! sandbox cannot read a real account. A secret too long for one item is split (`parts`). Not here: any other
//! place to put a secret when there is no keychain; that is [`VaultFault::Absent`] and the person decides.
//!
//! On macOS and Windows an item comes from crate keyring. On the other systems keyring would connect to the
//! session bus once and keep that result for the life of the process; an app that starts at log-in before the
//! secret service does would stay without its tokens. So there the same store that keyring uses is opened by us and
//! opened again when its connection is gone (`secret_service`).
//!
//! A closed collection makes the system ask the person for its password during `get`, `set` and `remove`, which is
//! why these can block for long; [`super::VaultHandle`] bounds that. `check` never asks.

#[cfg(all(unix, not(target_os = "macos")))]
#[path = "secret_service.rs"]
mod system;

#[cfg(any(windows, target_os = "macos"))]
#[path = "native_keychain.rs"]
mod system;

use super::parts::{self, Slots};
use super::{Vault, VaultFault, VaultKind};
use crate::sensitive::SecretBytes;

/// The secrets of one namespace in the system's keychain.
pub struct KeychainVault {
    items: system::Items,
}

impl KeychainVault {
    /// Names the namespace. Nothing is opened before the first call, so this works without a keychain too.
    pub fn new(namespace: &str) -> Self {
        Self { items: system::Items::new(namespace) }
    }
}

impl Vault for KeychainVault {
    fn get(&self, key: &str) -> Result<Option<SecretBytes>, VaultFault> {
        parts::get(&self.items, key)
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), VaultFault> {
        parts::set(&self.items, key, value)
    }

    fn remove(&self, key: &str) -> Result<bool, VaultFault> {
        parts::remove(&self.items, key)
    }

    fn keys(&self) -> Result<Option<Vec<String>>, VaultFault> {
        Ok(self.items.slots()?.map(parts::keys_of))
    }

    fn lists(&self) -> bool {
        system::LISTS
    }

    fn kind(&self) -> VaultKind {
        VaultKind::Keychain
    }

    fn check(&self) -> Result<(), VaultFault> {
        self.items.check()
    }
}

impl Slots for system::Items {
    fn read(&self, slot: &str) -> Result<Option<SecretBytes>, VaultFault> {
        self.read_item(slot)
    }

    fn write(&self, slot: &str, value: &[u8]) -> Result<(), VaultFault> {
        self.with_item(slot, |item| item.set_secret(value))?.ok_or_else(|| {
            // A store that says "no entry" to a write lost the item between looking and writing.
            VaultFault::broken("the item vanished while it was written")
        })
    }

    fn erase(&self, slot: &str) -> Result<bool, VaultFault> {
        Ok(self.with_item(slot, |item| item.delete_credential())?.is_some())
    }
}

/// What keyring's own kinds of error mean, for those that mean the same on every system. The texts are ours or the
/// system's; an error's `Debug` form may hold the secret and is never used.
fn common_fault(error: &keyring::Error) -> VaultFault {
    use keyring::Error;
    if let Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) = error
        && crate::handles::ran_out(cause.as_ref())
    {
        return VaultFault::NoHandles;
    }
    match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            VaultFault::damaged("the keychain cannot read it")
        }
        Error::BadStoreFormat(_) => VaultFault::damaged("the keychain itself cannot be read"),
        Error::NoDefaultStore => VaultFault::Absent,
        Error::Ambiguous(items) => VaultFault::broken(format!("{} items have the same name", items.len())),
        other => VaultFault::broken(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_carries_the_secret_does_not_show_it() {
        let carried = b"token-of-alice".to_vec();
        for error in [
            keyring::Error::BadEncoding(carried.clone()),
            keyring::Error::BadDataFormat(carried, "odd padding".into()),
        ] {
            let fault = common_fault(&error);
            assert_eq!(fault.code(), "vault_damaged");
            assert!(!format!("{fault} {fault:?}").contains("alice"));
            assert!(!format!("{fault:?}").contains("116, 111"), "the bytes as numbers");
        }
        assert_eq!(common_fault(&keyring::Error::NoDefaultStore), VaultFault::Absent);
    }
}
