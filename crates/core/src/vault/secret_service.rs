//! Items of the Secret Service (GNOME Keyring, KWallet, KeePassXC) over the session bus.
//!
//! <https://specifications.freedesktop.org/secret-service/latest/>. Not here: starting a service, or creating a
//! collection; both are the person's affair.

use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::api::CredentialStoreApi;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus_secret_service_keyring_store::Store;

use super::common_fault;
use crate::sensitive::SecretBytes;
use crate::vault::VaultFault;

/// Items are found by their service name.
pub(super) const LISTS: bool = true;

/// The items of one namespace, and the connection to their service while it holds.
pub(super) struct Items {
    namespace: String,
    store: Mutex<Option<Arc<Store>>>,
}

impl Items {
    pub(super) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), store: Mutex::new(None) }
    }

    pub(super) fn read_item(&self, slot: &str) -> Result<Option<SecretBytes>, VaultFault> {
        let found = self.with_item(slot, |item| item.get_secret())?;
        if found.is_none() {
            // Some services, KeePassXC among them, find nothing in a closed collection instead of saying that it is
            // closed. "You have no token" would then make the engine ask for a new sign-in.
            self.check()?;
        }
        Ok(found.map(SecretBytes::new))
    }

    /// The names of all items of this namespace. A closed collection is a fault, never an empty list.
    pub(super) fn slots(&self) -> Result<Option<Vec<String>>, VaultFault> {
        self.check()?;
        let (store, _) = self.connected()?;
        let spec = std::collections::HashMap::from([("service", self.namespace.as_str())]);
        let items = store.search(&spec).map_err(|error| fault_of(&error))?;
        let names = items.iter().filter_map(|item| item.get_specifiers());
        Ok(Some(names.map(|(_, slot)| slot).collect()))
    }

    /// Runs one call on one item; `None` when there is no such item.
    ///
    /// All calls made here may be made twice with the same effect. So when a service that was there is gone, as
    /// after it restarted, we connect again and make the call once more.
    pub(super) fn with_item<T>(
        &self,
        slot: &str,
        call: impl Fn(&keyring::Entry) -> keyring::Result<T>,
    ) -> Result<Option<T>, VaultFault> {
        let (store, fresh) = self.connected()?;
        match self.call_on(&store, slot, &call) {
            Err(error) if !fresh && matches!(error, keyring::Error::PlatformFailure(_)) => {
                *self.store.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let (store, _) = self.connected()?;
                none_if_missing(self.call_on(&store, slot, &call))
            }
            answer => none_if_missing(answer),
        }
    }

    /// Looks at the default collection without asking anybody to open it.
    pub(super) fn check(&self) -> Result<(), VaultFault> {
        // A connection of its own: the store keeps its one for itself, also while it waits for the person.
        let service = SecretService::connect(EncryptionType::Dh).map_err(|error| fault_of_service(&error))?;
        let collection = service.get_default_collection().map_err(|error| fault_of_service(&error))?;
        match collection.is_locked() {
            Ok(false) => Ok(()),
            Ok(true) => Err(VaultFault::Locked),
            Err(error) => Err(fault_of_service(&error)),
        }
    }

    fn call_on<T>(
        &self,
        store: &Store,
        slot: &str,
        call: impl Fn(&keyring::Entry) -> keyring::Result<T>,
    ) -> keyring::Result<T> {
        let inner = store.build(&self.namespace, slot, None)?;
        call(&keyring::Entry { inner })
    }

    /// The store, and whether it was connected just now.
    fn connected(&self) -> Result<(Arc<Store>, bool), VaultFault> {
        let mut held = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = held.as_ref() {
            return Ok((Arc::clone(store), false));
        }
        let store = Store::new().map_err(|error| fault_of(&error))?;
        *held = Some(Arc::clone(&store));
        Ok((store, true))
    }
}

fn none_if_missing<T>(answer: keyring::Result<T>) -> Result<Option<T>, VaultFault> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(fault_of(&error)),
    }
}

fn fault_of(error: &keyring::Error) -> VaultFault {
    match error {
        keyring::Error::PlatformFailure(cause) | keyring::Error::NoStorageAccess(cause) => {
            match cause.downcast_ref::<secret_service::Error>() {
                Some(cause) => fault_of_service(cause),
                None => common_fault(error),
            }
        }
        _ => common_fault(error),
    }
}

fn fault_of_service(error: &secret_service::Error) -> VaultFault {
    use secret_service::Error;
    if crate::handles::ran_out(error) {
        return VaultFault::NoHandles;
    }
    match error {
        // A dismissed prompt leaves the collection closed.
        Error::Locked | Error::Prompt => VaultFault::Locked,
        // `NoResult` is a service without a default collection: there is nowhere to put a secret.
        Error::Unavailable | Error::NoResult => VaultFault::Absent,
        Error::Zbus(cause) => fault_of_bus(cause),
        Error::ZbusFdo(cause) => fault_of_bus_name(&zbus::DBusError::name(cause)),
        other => VaultFault::broken(other.to_string()),
    }
}

fn fault_of_bus(error: &zbus::Error) -> VaultFault {
    use zbus::Error;
    match error {
        Error::Address(_) | Error::InputOutput(_) | Error::Connection(..) | Error::InterfaceNotFound => {
            VaultFault::Absent
        }
        Error::MethodError(name, ..) => fault_of_bus_name(name),
        Error::FDO(cause) => fault_of_bus_name(&zbus::DBusError::name(cause.as_ref())),
        // The kind only: a reply's own text is not ours to show.
        _ => VaultFault::broken("the session bus gave a strange answer"),
    }
}

/// Names from the D-Bus specification ("Message Bus Starting Services") and the Secret Service's "Errors".
fn fault_of_bus_name(name: &str) -> VaultFault {
    const BUS: &str = "org.freedesktop.DBus.Error.";
    match name.strip_prefix(BUS) {
        Some(
            "ServiceUnknown" | "NameHasNoOwner" | "NoServer" | "NoReply" | "Disconnected" | "UnknownObject",
        ) => VaultFault::Absent,
        Some(spawn) if spawn.starts_with("Spawn.") => VaultFault::Absent,
        Some("AccessDenied" | "AuthFailed") => VaultFault::Denied,
        _ if name == "org.freedesktop.Secret.Error.IsLocked" => VaultFault::Locked,
        _ => VaultFault::broken(format!("the secret service answered {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_errors_become_what_one_can_do() {
        let check = |name: &str, code: &str| assert_eq!(fault_of_bus_name(name).code(), code, "{name}");
        check("org.freedesktop.DBus.Error.ServiceUnknown", "vault_absent");
        check("org.freedesktop.DBus.Error.NameHasNoOwner", "vault_absent");
        check("org.freedesktop.DBus.Error.Spawn.ChildExited", "vault_absent");
        check("org.freedesktop.DBus.Error.AccessDenied", "vault_denied");
        check("org.freedesktop.Secret.Error.IsLocked", "vault_locked");
        check("org.freedesktop.Secret.Error.NoSession", "vault_broken");
        check("org.freedesktop.DBus.Error.InvalidArgs", "vault_broken");
    }

    #[test]
    fn a_closed_or_missing_service_is_told_apart() {
        let check = |error: secret_service::Error, fault: VaultFault| {
            assert_eq!(fault_of(&keyring::Error::PlatformFailure(Box::new(error))), fault);
        };
        check(secret_service::Error::Locked, VaultFault::Locked);
        check(secret_service::Error::Prompt, VaultFault::Locked);
        check(secret_service::Error::Unavailable, VaultFault::Absent);
        check(secret_service::Error::NoResult, VaultFault::Absent);
        check(secret_service::Error::Zbus(zbus::Error::Address("none".into())), VaultFault::Absent);
        let none_left = || std::io::Error::from_raw_os_error(24);
        check(
            secret_service::Error::Zbus(zbus::Error::InputOutput(none_left().into())),
            VaultFault::NoHandles,
        );
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        check(secret_service::Error::Zbus(zbus::Error::InputOutput(refused.into())), VaultFault::Absent);
    }
}
