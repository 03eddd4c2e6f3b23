//! Items of macOS's Keychain and of Windows' Credential Manager, through crate keyring.
//!
//! Not here: the Secret Service of other systems, which needs its connection kept alive (`secret_service`).

use super::common_fault;
use crate::sensitive::SecretBytes;
use crate::vault::VaultFault;

/// Neither store can be asked for the items of one service only, so a list of names is kept (`secrets::index`).
pub(super) const LISTS: bool = false;

/// The items of one namespace.
pub(super) struct Items {
    namespace: String,
}

impl Items {
    pub(super) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }

    pub(super) fn read_item(&self, slot: &str) -> Result<Option<SecretBytes>, VaultFault> {
        Ok(self.with_item(slot, |item| item.get_secret())?.map(SecretBytes::new))
    }

    pub(super) fn slots(&self) -> Result<Option<Vec<String>>, VaultFault> {
        Ok(None)
    }

    /// Runs one call on one item; `None` when there is no such item.
    pub(super) fn with_item<T>(
        &self,
        slot: &str,
        call: impl Fn(&keyring::Entry) -> keyring::Result<T>,
    ) -> Result<Option<T>, VaultFault> {
        match keyring::Entry::new(&self.namespace, slot).and_then(|item| call(&item)) {
            Ok(value) => Ok(Some(value)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(fault_of(&error)),
        }
    }

    /// These systems open their keychain at log-in and have no way to ask about it beforehand; what can be known is
    /// whether the store was found.
    pub(super) fn check(&self) -> Result<(), VaultFault> {
        keyring::Entry::store_status().as_ref().map_err(fault_of).copied()
    }
}

/// Codes from Security/SecBase.h.
#[cfg(target_os = "macos")]
fn fault_of(error: &keyring::Error) -> VaultFault {
    let (keyring::Error::PlatformFailure(cause) | keyring::Error::NoStorageAccess(cause)) = error else {
        return common_fault(error);
    };
    match cause.downcast_ref::<security_framework::base::Error>().map(|cause| cause.code()) {
        // errSecUserCanceled, errSecInteractionNotAllowed, errSecInteractionRequired: it stayed closed.
        Some(-128 | -25308 | -25315) => VaultFault::Locked,
        // wrPermErr, errSecInvalidOwnerEdit, errSecReadOnly, errSecAuthFailed, errSecMissingEntitlement
        Some(-61 | -25244 | -25292 | -25293 | -34018) => VaultFault::Denied,
        // errSecNotAvailable, errSecNoSuchKeychain, errSecNoDefaultKeychain
        Some(-25291 | -25294 | -25307) => VaultFault::Absent,
        // errSecInvalidKeychain
        Some(-25295) => VaultFault::damaged("the keychain itself cannot be read"),
        _ => common_fault(error),
    }
}

/// The store gives `NoStorageAccess` for `ERROR_NO_SUCH_LOGON_SESSION` only: an account whose sign-in has no
/// credential set, such as a service's (CredReadW, "Return value").
#[cfg(windows)]
fn fault_of(error: &keyring::Error) -> VaultFault {
    match error {
        keyring::Error::NoStorageAccess(_) => VaultFault::Denied,
        _ => common_fault(error),
    }
}
