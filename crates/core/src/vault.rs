//! The engine's only place for secrets: the system keychain, an encrypted file, or memory in tests.
//!
//! A vault maps a key (`account/17`, `app/3`) to bytes. What the bytes mean is the caller's affair. There is no
//! fallback from one kind to another: when the keychain is missing, the answer is [`VaultFault::Absent`], never a
//! file that nobody asked for. Not here: tokens and their refresh (`sign_in`), and rows of the store; a memo that
//! has to lie in the store is sealed with a key from here (`seal`).
//!
//! Every `set` reads back what it wrote and compares before it says so (C28).

pub mod file;
mod file_format;
pub mod keychain;
pub mod memory;
mod parts;
pub mod seal;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::sensitive::SecretBytes;

/// How long a caller waits for one answer. Long enough to type a password into the keychain's own window, short
/// enough that a delivery does not hang on a prompt that nobody sees.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The longest key, in bytes. Windows caps a credential's name far above this, after our additions to it.
const LONGEST_KEY: usize = 200;

/// What kind of place the secrets lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum VaultKind {
    /// The system's keychain: Keychain, Credential Manager or Secret Service.
    Keychain,
    /// One file, encrypted with a passphrase.
    File,
    /// Memory only: gone with the process. For tests.
    Memory,
}

/// Why a vault did not do what it was asked, as what one can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultFault {
    /// The keychain is there but closed, or its question was dismissed or not answered in time.
    #[error("The keychain is locked. Unlock it, or answer its question, and try again.")]
    Locked,
    /// There is no keychain to talk to: no session bus, no secret service, or no default collection in it.
    #[error(
        "No keychain was found on this system. Install and start one (GNOME Keyring, KWallet or KeePassXC), make sure it has a default keyring; or keep secrets in an encrypted file, with --vault file on the command line."
    )]
    Absent,
    /// The keychain answered that this program may not.
    #[error(
        "The system refused access to the keychain. Allow Slipway in the keychain's settings and try again."
    )]
    Denied,
    /// The passphrase does not belong to this file.
    #[error("This passphrase does not open the vault file. Check it and try again.")]
    WrongPassphrase,
    /// One entry is not what was written: half of it is missing or it was altered. Storing it anew mends it.
    #[error("A stored secret is damaged ({detail}). Signing in again, or entering it again, replaces it.")]
    Damaged {
        /// What was found, without any part of a secret.
        detail: String,
    },
    /// The vault file as a whole can't be read: nothing can be taken from it or stored in it.
    #[error(
        "The vault file is damaged ({detail}). Put a copy of it back, or begin a new one: slipway vault new --vault file. Then sign your channels in again."
    )]
    FileDamaged {
        /// What was found, without any part of a secret.
        detail: String,
    },
    /// The system lets this program open no more files, so the vault could not be asked.
    #[error(
        "This computer lets Slipway open no more files, so the vault can't be read. Close other programs and try again."
    )]
    NoHandles,
    /// Anything else; trying again may help.
    #[error("The vault did not work ({detail}). Try again; restart the computer if it stays so.")]
    Broken {
        /// What was found, without any part of a secret.
        detail: String,
    },
}

impl VaultFault {
    /// A stable word that a caller can act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked => "vault_locked",
            Self::Absent => "vault_absent",
            Self::Denied => "vault_denied",
            Self::WrongPassphrase => "vault_wrong_passphrase",
            Self::Damaged { .. } => "vault_damaged",
            Self::FileDamaged { .. } => "vault_file_damaged",
            Self::NoHandles => "vault_no_handles",
            Self::Broken { .. } => "vault_broken",
        }
    }

    pub(crate) fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged { detail: detail.into() }
    }

    pub(crate) fn file_damaged(detail: impl Into<String>) -> Self {
        Self::FileDamaged { detail: detail.into() }
    }

    pub(crate) fn broken(detail: impl Into<String>) -> Self {
        Self::Broken { detail: detail.into() }
    }
}

/// A place for secrets. Every call may block on a disk, a bus or a person: from async code use [`VaultHandle`].
pub trait Vault: Send + Sync {
    /// The bytes under `key`, or `None` when nothing was stored. A closed keychain is a fault, never `None`.
    fn get(&self, key: &str) -> Result<Option<SecretBytes>, VaultFault>;
    /// Stores `value` under `key`, reads it back and compares. When it fails, `get` gives the old value, the new
    /// one, or [`VaultFault::Damaged`], and never a mixture.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), VaultFault>;
    /// Forgets `key`; says whether there was something to forget.
    fn remove(&self, key: &str) -> Result<bool, VaultFault>;
    /// All keys that hold something; `None` where the place cannot be asked for them.
    fn keys(&self) -> Result<Option<Vec<String>>, VaultFault> {
        Ok(None)
    }
    /// Can this place be asked for its keys?
    fn lists(&self) -> bool {
        false
    }
    /// What kind of place this is.
    fn kind(&self) -> VaultKind;
    /// Whether the vault can be used now. Does not ask the person anything and changes nothing.
    fn check(&self) -> Result<(), VaultFault>;
}

/// The vault as async code sees it: off the runtime's threads, one call at a time, and never waiting for ever.
///
/// One at a time, because a keychain that shows a prompt answers nobody else meanwhile: without the queue, each
/// impatient caller would leave one more blocked thread behind.
#[derive(Clone)]
pub struct VaultHandle {
    vault: Arc<dyn Vault>,
    turn: Arc<Semaphore>,
    patience: Duration,
}

impl VaultHandle {
    /// A handle that waits [`PATIENCE`] for each answer.
    pub fn new(vault: Arc<dyn Vault>) -> Self {
        Self::with_patience(vault, PATIENCE)
    }

    /// A handle that waits `patience` for each answer, its turn in the queue included.
    pub fn with_patience(vault: Arc<dyn Vault>, patience: Duration) -> Self {
        Self { vault, turn: Arc::new(Semaphore::new(1)), patience }
    }

    /// What kind of place this is.
    pub fn kind(&self) -> VaultKind {
        self.vault.kind()
    }

    /// See [`Vault::lists`].
    pub fn lists(&self) -> bool {
        self.vault.lists()
    }

    /// See [`Vault::keys`].
    pub async fn keys(&self) -> Result<Option<Vec<String>>, VaultFault> {
        self.ask(|vault| vault.keys()).await
    }

    /// See [`Vault::get`].
    pub async fn get(&self, key: &str) -> Result<Option<SecretBytes>, VaultFault> {
        let key = key.to_owned();
        self.ask(move |vault| vault.get(&key)).await
    }

    /// See [`Vault::set`]. After a time-out the value may still be stored, once the keychain gets its answer.
    pub async fn set(&self, key: &str, value: &[u8]) -> Result<(), VaultFault> {
        let (key, value) = (key.to_owned(), SecretBytes::from(value));
        self.ask(move |vault| vault.set(&key, value.expose())).await
    }

    /// See [`Vault::remove`].
    pub async fn remove(&self, key: &str) -> Result<bool, VaultFault> {
        let key = key.to_owned();
        self.ask(move |vault| vault.remove(&key)).await
    }

    /// See [`Vault::check`].
    pub async fn check(&self) -> Result<(), VaultFault> {
        self.ask(|vault| vault.check()).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Vault) -> Result<T, VaultFault> + Send + 'static,
    ) -> Result<T, VaultFault> {
        let answer = async {
            let turn = Arc::clone(&self.turn)
                .acquire_owned()
                .await
                .map_err(|_| VaultFault::broken("the queue for the vault was closed"))?;
            let vault = Arc::clone(&self.vault);
            tokio::task::spawn_blocking(move || {
                // The turn belongs to the call, not to the caller: it ends when the vault has answered.
                let _turn = turn;
                question(vault.as_ref())
            })
            .await
            .map_err(|_| VaultFault::broken("the vault's thread stopped"))?
        };
        match tokio::time::timeout(self.patience, answer).await {
            Ok(answer) => answer,
            // A keychain that does not answer is almost always showing its prompt.
            Err(_) if self.vault.kind() == VaultKind::Keychain => Err(VaultFault::Locked),
            Err(_) => Err(VaultFault::broken("no answer in time")),
        }
    }
}

/// Accepts letters, digits and `/ - _ .`. The sign `#` is left out on purpose: it marks the parts of a long secret.
fn check_key(key: &str) -> Result<(), VaultFault> {
    let fits = !key.is_empty()
        && key.len() <= LONGEST_KEY
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b));
    if fits { Ok(()) } else { Err(VaultFault::broken("a key must be short and plain, such as account/17")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::memory::MemoryVault;
    use super::*;

    #[test]
    fn every_fault_has_its_own_code_and_a_sentence() {
        let faults = [
            VaultFault::Locked,
            VaultFault::Absent,
            VaultFault::Denied,
            VaultFault::WrongPassphrase,
            VaultFault::damaged("half"),
            VaultFault::file_damaged("cut"),
            VaultFault::NoHandles,
            VaultFault::broken("odd"),
        ];
        let codes: std::collections::BTreeSet<_> = faults.iter().map(VaultFault::code).collect();
        assert_eq!(codes.len(), faults.len());
        for fault in &faults {
            let sentence = fault.to_string();
            assert!(sentence.ends_with('.') && sentence.matches(". ").count() >= 1, "{sentence}");
        }
    }

    #[test]
    fn keys_are_plain() {
        let check = |key: &str, fits: bool| assert_eq!(check_key(key).is_ok(), fits, "{key:?}");
        check("account/17", true);
        check("app/3", true);
        check("memo.key-17_b", true);
        check(&"a".repeat(200), true);
        check(&"a".repeat(201), false);
        check("", false);
        check("account/17#a1", false);
        check("account 17", false);
        check("konto/ä", false);
        check("a\0b", false);
    }

    #[tokio::test]
    async fn the_handle_passes_everything_on() {
        let memory = Arc::new(MemoryVault::new());
        let handle = VaultHandle::new(memory.clone());
        assert_eq!(handle.kind(), VaultKind::Memory);
        handle.check().await.unwrap();
        assert!(handle.get("account/17").await.unwrap().is_none());
        handle.set("account/17", b"token").await.unwrap();
        assert_eq!(handle.clone().get("account/17").await.unwrap().unwrap().expose(), b"token");
        assert!(handle.remove("account/17").await.unwrap());
        assert!(!handle.remove("account/17").await.unwrap());
        memory.set_fault(Some(VaultFault::Absent));
        assert_eq!(handle.check().await, Err(VaultFault::Absent));
        assert_eq!(handle.set("account/17", b"token").await, Err(VaultFault::Absent));
    }

    /// A keychain that shows a prompt: it counts who comes in and answers when told.
    struct Prompting {
        kind: VaultKind,
        entered: AtomicUsize,
        answer: Mutex<Receiver<()>>,
    }

    impl Prompting {
        fn new(kind: VaultKind) -> (Arc<Self>, Sender<()>) {
            let (person, answer) = channel();
            (Arc::new(Self { kind, entered: AtomicUsize::new(0), answer: Mutex::new(answer) }), person)
        }
    }

    impl Vault for Prompting {
        fn get(&self, _: &str) -> Result<Option<SecretBytes>, VaultFault> {
            self.entered.fetch_add(1, Ordering::SeqCst);
            self.answer.lock().unwrap().recv().unwrap();
            Ok(None)
        }
        fn set(&self, _: &str, _: &[u8]) -> Result<(), VaultFault> {
            unreachable!("this story only reads")
        }
        fn remove(&self, _: &str) -> Result<bool, VaultFault> {
            unreachable!("this story only reads")
        }
        fn kind(&self) -> VaultKind {
            self.kind
        }
        fn check(&self) -> Result<(), VaultFault> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_prompt_that_nobody_answers_ends_as_locked_and_blocks_one_thread_only() {
        let (prompting, person) = Prompting::new(VaultKind::Keychain);
        let hasty = VaultHandle::with_patience(prompting.clone(), Duration::from_millis(20));
        for _ in 0..3 {
            assert!(matches!(hasty.get("account/17").await, Err(VaultFault::Locked)));
        }
        assert!(prompting.entered.load(Ordering::SeqCst) <= 1);

        // The person answers the first prompt; the next caller gets its turn.
        person.send(()).unwrap();
        person.send(()).unwrap();
        let patient = VaultHandle { patience: PATIENCE, ..hasty };
        assert!(patient.get("account/17").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_file_that_does_not_answer_is_not_called_locked() {
        let (prompting, person) = Prompting::new(VaultKind::File);
        let hasty = VaultHandle::with_patience(prompting, Duration::from_millis(20));
        assert!(matches!(hasty.get("account/17").await, Err(VaultFault::Broken { .. })));
        person.send(()).unwrap();
    }
}
