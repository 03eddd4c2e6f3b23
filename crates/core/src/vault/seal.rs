//! Sealing a memo: what must lie in the store but must not be readable there, such as an upload's session URL.
//!
//! The store holds only sealed bytes; the key is 32 random bytes per account and lives in the vault. Removing the
//! key makes every memo of that account unreadable, also in old copies of the store. Not here: where the key is
//! kept, and what a memo says.
//!
//! Layout: one version byte, a 12-byte nonce drawn at random, then AES-256-GCM's ciphertext with its 16-byte tag.
//! Random nonces are safe for 2³² memos under one key (NIST SP 800-38D, section 8.3); an account writes a few
//! dozen a post.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};

use crate::sensitive::{SecretBytes, Sensitive};

const VERSION: u8 = 1;
const KEY_LEN: usize = 32;
pub(super) const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// The key that seals one account's memos.
#[derive(Debug, Clone)]
pub struct MemoKey(Sensitive<[u8; KEY_LEN]>);

/// Why sealed bytes did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// Fewer bytes than the shortest memo has.
    #[error("the sealed memo is cut short")]
    TooShort,
    /// Written by a newer version of the program.
    #[error("the sealed memo has version {0}, which this program does not know")]
    UnknownVersion(u8),
    /// Another key, another place (`aad`), or altered bytes; these cannot be told apart.
    #[error("the sealed memo does not open with this key at this place")]
    DoesNotOpen,
    /// What the vault holds is not a key of 32 bytes.
    #[error("a memo key has 32 bytes, not {0}")]
    NotAKey(usize),
}

impl MemoKey {
    /// A new key from the system's random source.
    pub fn generate() -> Self {
        Self(Sensitive::new(random()))
    }

    /// The key as the vault gave it back.
    pub fn from_secret(stored: &SecretBytes) -> Result<Self, SealFault> {
        let bytes = stored.expose().as_slice();
        let key = bytes.try_into().map_err(|_| SealFault::NotAKey(bytes.len()))?;
        Ok(Self(Sensitive::new(key)))
    }

    /// The 32 bytes to put into the vault.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Encrypts `plain` for the place that `aad` names (the delivery's id, for example): moved to another row, it will
/// not open.
pub fn seal(key: &MemoKey, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = random();
    let hidden = encrypt(key.0.expose(), &nonce, &with_version(aad), plain);
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + hidden.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&hidden);
    sealed
}

/// Decrypts what [`seal`] gave for the same key and the same `aad`.
pub fn open(key: &MemoKey, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, SealFault> {
    let (&version, rest) = sealed.split_first().ok_or(SealFault::TooShort)?;
    if version != VERSION {
        return Err(SealFault::UnknownVersion(version));
    }
    let (nonce, hidden) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealFault::TooShort)?;
    if hidden.len() < TAG_LEN {
        return Err(SealFault::TooShort);
    }
    decrypt(key.0.expose(), nonce, &with_version(aad), hidden).ok_or(SealFault::DoesNotOpen)
}

fn with_version(aad: &[u8]) -> Vec<u8> {
    [&[VERSION], aad].concat()
}

/// AES-256-GCM; the tag is at the end of the result.
pub(super) fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE_LEN], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    Aes256Gcm::new(key.into())
        .encrypt(Nonce::from_slice(nonce), Payload { msg: plain, aad })
        .expect("AES-GCM refuses only messages over 64 GiB, and ours fit in memory many times over")
}

/// The reverse of [`encrypt`]; `None` when anything at all is different.
pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    hidden: &[u8],
) -> Option<SecretBytes> {
    let plain =
        Aes256Gcm::new(key.into()).decrypt(Nonce::from_slice(nonce), Payload { msg: hidden, aad }).ok()?;
    Some(SecretBytes::new(plain))
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("the system's random source always answers after boot; without it no key is safe");
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const URL: &[u8] = b"https://upload.example/session?upload_id=secret";

    #[test]
    fn opens_what_it_sealed_and_shows_nothing_of_it() {
        let key = MemoKey::generate();
        for plain in [URL, b"", &[7; 100_000]] {
            let sealed = seal(&key, b"delivery/301", plain);
            assert_eq!(sealed.len(), 1 + 12 + plain.len() + 16);
            assert_eq!(open(&key, b"delivery/301", &sealed).unwrap().expose(), plain);
        }
        let sealed = seal(&key, b"delivery/301", URL);
        assert!(!sealed.windows(8).any(|w| URL.windows(8).any(|u| u == w)));
    }

    #[test]
    fn the_same_memo_twice_looks_different() {
        let key = MemoKey::generate();
        assert_ne!(seal(&key, b"", URL), seal(&key, b"", URL));
        assert_ne!(key.expose(), MemoKey::generate().expose());
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let key = MemoKey::generate();
        let sealed = seal(&key, b"delivery/301", URL);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(open(&key, b"delivery/301", &bent).is_err(), "byte {at}");
            assert!(open(&key, b"delivery/301", &sealed[..at]).is_err(), "cut at {at}");
        }
        let check = |sealed: &[u8], fault| assert_eq!(open(&key, b"", sealed).unwrap_err(), fault);
        check(&[], SealFault::TooShort);
        check(&[1; 28], SealFault::TooShort);
        check(&[2; 60], SealFault::UnknownVersion(2));
        check(&[1; 60], SealFault::DoesNotOpen);
    }

    #[test]
    fn a_memo_does_not_open_in_another_place() {
        let key = MemoKey::generate();
        let sealed = seal(&key, b"delivery/301", URL);
        assert_eq!(open(&key, b"delivery/302", &sealed).unwrap_err(), SealFault::DoesNotOpen);
        assert_eq!(open(&key, b"", &sealed).unwrap_err(), SealFault::DoesNotOpen);
    }

    #[test]
    fn without_its_key_a_memo_is_lost() {
        let sealed = seal(&MemoKey::generate(), b"delivery/301", URL);
        assert_eq!(open(&MemoKey::generate(), b"delivery/301", &sealed).unwrap_err(), SealFault::DoesNotOpen);
    }

    /// C30: an update must not lose what is under way. This is a memo that version 1 sealed.
    #[test]
    fn what_version_1_sealed_is_opened() {
        let key = MemoKey::from_secret(&SecretBytes::from(vec![7; 32])).unwrap();
        let sealed = "AZ6CkxnOaJoCYhVcQPNZUzE0E4Gyz4wxpGclYotnyaZ/O1jYubaUjwfTqifj0f4OpsmNvQRs\
            gbgHhFDT3TMzx2h7qMGV9muhyzoEBg==";
        let sealed = STANDARD.decode(sealed).unwrap();
        assert_eq!(open(&key, b"delivery/301", &sealed).unwrap().expose(), URL);
    }

    #[test]
    fn the_key_goes_through_the_vault_and_not_through_a_log() {
        let key = MemoKey::generate();
        let stored = SecretBytes::from(key.expose());
        let back = MemoKey::from_secret(&stored).unwrap();
        assert_eq!(back.expose(), key.expose());
        assert_eq!(format!("{key:?}"), "MemoKey(<redacted>)");
        for length in [0, 31, 33] {
            let fault = MemoKey::from_secret(&SecretBytes::from(vec![0; length])).unwrap_err();
            assert_eq!(fault, SealFault::NotAKey(length));
        }
    }
}
