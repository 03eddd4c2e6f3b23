//! The bytes of a vault file: what its header says, how its key is made, how its secrets are laid out.
//!
//! ```text
//!  0  magic "SLIPVLT" and the version, 1
//!  8  Argon2id: memory in KiB, passes, lanes      three u32, little-endian
//! 20  salt                                        16 bytes
//! 36  key check                                   16 bytes: tells a wrong passphrase from a damaged file
//! 52  nonce                                       12 bytes, new at every write
//! 64  sum of bytes 0..64                          16 bytes of blake3: damage to the header is not a wrong passphrase
//! 80  AES-256-GCM of the secrets, bytes 0..80 authenticated with it; the tag is last
//! ```
//!
//! The secrets are a count, then for each its key and its bytes, every length a little-endian u32.
//! Not here: disk, locks and processes (`file`).

use std::collections::BTreeMap;

use argon2::{Algorithm, Argon2, Params, Version};

use super::VaultFault;
use super::seal::{NONCE_LEN, decrypt, encrypt, random};
use crate::sensitive::{SecretBytes, SecretString, Sensitive};

/// The secrets of a file, by key.
pub(super) type Secrets = BTreeMap<String, SecretBytes>;

const MAGIC: &[u8; 7] = b"SLIPVLT";
const VERSION: u8 = 1;
const SALT_LEN: usize = 16;
const CHECK_LEN: usize = 16;
const SUM_AT: usize = 64;
const HEADER_LEN: usize = 80;

/// What deriving the key costs, and so what guessing a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// In KiB.
    pub memory: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// OWASP Password Storage Cheat Sheet, "Argon2id": 19 MiB, 2 passes, 1 lane is the least to use.
    pub const LEAST: Self = Self { memory: 19 * 1024, passes: 2, lanes: 1 };
    /// More than this is a damaged or hostile file: 1 GiB of memory is all that we are willing to spend on it.
    const MOST: Self = Self { memory: 1024 * 1024, passes: 64, lanes: 16 };

    fn is_sensible(self) -> bool {
        (Self::LEAST.memory..=Self::MOST.memory).contains(&self.memory)
            && (Self::LEAST.passes..=Self::MOST.passes).contains(&self.passes)
            && (Self::LEAST.lanes..=Self::MOST.lanes).contains(&self.lanes)
    }
}

/// A derived key and what it was derived with. Both halves are wiped on drop.
pub(super) struct FileKey {
    cost: Cost,
    salt: [u8; SALT_LEN],
    check: [u8; CHECK_LEN],
    secret: Sensitive<[u8; 32]>,
}

impl FileKey {
    /// A key for a new file, with a salt of its own.
    pub fn for_new_file(passphrase: &SecretString, cost: Cost) -> Result<Self, VaultFault> {
        Self::derive(passphrase, cost, random())
    }

    /// The key of an existing file; [`VaultFault::WrongPassphrase`] when the header says that it is another one.
    pub fn for_file(passphrase: &SecretString, file: &[u8]) -> Result<Self, VaultFault> {
        let header = Header::read(file)?;
        let key = Self::derive(passphrase, header.cost, header.salt)?;
        // Not a secret comparison: both values can be read in the file or made from it and the passphrase.
        if key.check == header.check { Ok(key) } else { Err(VaultFault::WrongPassphrase) }
    }

    fn derive(passphrase: &SecretString, cost: Cost, salt: [u8; SALT_LEN]) -> Result<Self, VaultFault> {
        let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32))
            .map_err(|error| VaultFault::broken(error.to_string()))?;
        let mut derived = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut derived)
            .map_err(|error| VaultFault::broken(error.to_string()))?;
        let derived = Sensitive::new(derived);
        // Two independent values from one derivation: seeing the check in the file says nothing about the key.
        let secret = Sensitive::new(blake3::derive_key("slipway vault file 1: key", derived.expose()));
        let shown = blake3::derive_key("slipway vault file 1: check", derived.expose());
        let mut check = [0; CHECK_LEN];
        check.copy_from_slice(&shown[..CHECK_LEN]);
        Ok(Self { cost, salt, check, secret })
    }

    /// The whole file for these secrets, under a nonce that was never used before.
    pub fn close(&self, secrets: &Secrets) -> Vec<u8> {
        let nonce = random();
        let header = Header { cost: self.cost, salt: self.salt, check: self.check, nonce }.write();
        let plain = lay_out(secrets);
        let hidden = encrypt(self.secret.expose(), &nonce, &header, plain.expose());
        [header.as_slice(), &hidden].concat()
    }

    /// The secrets of a file. [`VaultFault::Locked`] when it is sound but has another key than at the start.
    pub fn open(&self, file: &[u8]) -> Result<Secrets, VaultFault> {
        let header = Header::read(file)?;
        if (header.cost, header.salt, header.check) != (self.cost, self.salt, self.check) {
            return Err(VaultFault::Locked);
        }
        let (head, hidden) = file.split_at(HEADER_LEN);
        let plain = decrypt(self.secret.expose(), &header.nonce, head, hidden)
            .ok_or_else(|| VaultFault::file_damaged("the file was altered or cut"))?;
        pick_up(plain.expose())
            .ok_or_else(|| VaultFault::file_damaged("the file's list of secrets cannot be read"))
    }
}

struct Header {
    cost: Cost,
    salt: [u8; SALT_LEN],
    check: [u8; CHECK_LEN],
    nonce: [u8; NONCE_LEN],
}

impl Header {
    fn write(&self) -> [u8; HEADER_LEN] {
        let cost = [self.cost.memory, self.cost.passes, self.cost.lanes].map(u32::to_le_bytes).concat();
        let fields = [MAGIC.as_slice(), &[VERSION], &cost, &self.salt, &self.check, &self.nonce].concat();
        let mut header = [0; HEADER_LEN];
        header[..SUM_AT].copy_from_slice(&fields);
        header[SUM_AT..].copy_from_slice(&sum(&fields));
        header
    }

    fn read(file: &[u8]) -> Result<Self, VaultFault> {
        let header = file
            .first_chunk::<HEADER_LEN>()
            .ok_or_else(|| VaultFault::file_damaged("the file is shorter than its header"))?;
        let (fields, stored_sum) = header.split_at(SUM_AT);
        if fields[..MAGIC.len()] != *MAGIC {
            return Err(VaultFault::file_damaged("the file is not a vault"));
        }
        if fields[7] != VERSION {
            return Err(VaultFault::file_damaged(format!(
                "the file has version {}, not {VERSION}",
                fields[7]
            )));
        }
        if stored_sum != sum(fields) {
            return Err(VaultFault::file_damaged("the file's header was altered"));
        }
        let cost = Cost { memory: number(fields, 8), passes: number(fields, 12), lanes: number(fields, 16) };
        if !cost.is_sensible() {
            return Err(VaultFault::file_damaged(
                "the file asks for a key made too weakly or at absurd cost",
            ));
        }
        Ok(Self {
            cost,
            salt: bytes(fields, 20),
            check: bytes(fields, 20 + SALT_LEN),
            nonce: bytes(fields, 20 + SALT_LEN + CHECK_LEN),
        })
    }
}

fn sum(fields: &[u8]) -> [u8; HEADER_LEN - SUM_AT] {
    bytes(blake3::hash(fields).as_bytes(), 0)
}

fn number(from: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes(from, at))
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&from[at..at + N]);
    bytes
}

fn lay_out(secrets: &Secrets) -> SecretBytes {
    let size = secrets.iter().map(|(key, value)| 8 + key.len() + value.expose().len()).sum::<usize>();
    // At full size from the start: a vector that grows leaves copies of secrets behind.
    let mut plain = Vec::with_capacity(4 + size);
    let put_length = |plain: &mut Vec<u8>, length: usize| {
        // The file is refused above 16 MiB before it comes to this, so every length fits.
        plain.extend_from_slice(&(length as u32).to_le_bytes());
    };
    put_length(&mut plain, secrets.len());
    for (key, value) in secrets {
        put_length(&mut plain, key.len());
        plain.extend_from_slice(key.as_bytes());
        put_length(&mut plain, value.expose().len());
        plain.extend_from_slice(value.expose());
    }
    SecretBytes::new(plain)
}

fn pick_up(plain: &[u8]) -> Option<Secrets> {
    fn taken<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
        let (taken, left) = rest.split_at_checked(length)?;
        *rest = left;
        Some(taken)
    }
    fn length(rest: &mut &[u8]) -> Option<usize> {
        usize::try_from(number(taken(rest, 4)?, 0)).ok()
    }
    let mut rest = plain;
    let mut secrets = Secrets::new();
    for _ in 0..length(&mut rest)? {
        let size = length(&mut rest)?;
        let key = std::str::from_utf8(taken(&mut rest, size)?).ok()?;
        let size = length(&mut rest)?;
        secrets.insert(key.to_owned(), SecretBytes::from(taken(&mut rest, size)?));
    }
    rest.is_empty().then_some(secrets)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn with_cost(memory: u32, passes: u32, lanes: u32) -> Result<Header, VaultFault> {
        let cost = Cost { memory, passes, lanes };
        Header::read(&Header { cost, salt: [1; 16], check: [2; 16], nonce: [3; 12] }.write())
    }

    #[test]
    fn stronger_costs_are_accepted_and_absurd_or_weak_ones_refused() {
        let check = |(memory, passes, lanes), fits| {
            let header = with_cost(memory, passes, lanes);
            assert_eq!(header.is_ok(), fits, "{memory} KiB, {passes}, {lanes}");
            assert!(header.is_ok() || matches!(header, Err(VaultFault::FileDamaged { .. })));
        };
        check((19 * 1024, 2, 1), true);
        check((64 * 1024, 3, 4), true);
        check((1024 * 1024, 64, 16), true);
        check((1024 * 1024 + 1, 2, 1), false);
        check((u32::MAX, 2, 1), false);
        check((19 * 1024 - 1, 2, 1), false);
        check((0, 0, 0), false);
        check((19 * 1024, 1, 1), false);
        check((19 * 1024, 65, 1), false);
        check((19 * 1024, 2, 0), false);
        check((19 * 1024, 2, 17), false);
    }

    #[test]
    fn a_header_comes_back_and_any_changed_byte_is_damage() {
        let written = Header { cost: Cost::LEAST, salt: [1; 16], check: [2; 16], nonce: [3; 12] }.write();
        let header = Header::read(&written).unwrap();
        assert_eq!((header.cost, header.salt), (Cost::LEAST, [1; 16]));
        assert_eq!((header.check, header.nonce), ([2; 16], [3; 12]));
        for at in 0..written.len() {
            let mut bent = written;
            bent[at] ^= 0x10;
            assert!(matches!(Header::read(&bent), Err(VaultFault::FileDamaged { .. })), "byte {at}");
            assert!(
                matches!(Header::read(&written[..at]), Err(VaultFault::FileDamaged { .. })),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn lists_come_back_and_broken_lists_do_not() {
        let mut secrets = Secrets::new();
        for (key, value) in [("account/17", &b"token"[..]), ("app/3", b""), ("memo/17", &[9; 5_000])] {
            secrets.insert(key.to_owned(), value.into());
        }
        let plain = lay_out(&secrets);
        assert_eq!(plain.expose().capacity(), plain.expose().len(), "it grew and left copies behind");
        let back = pick_up(plain.expose()).unwrap();
        assert_eq!(back.len(), 3);
        assert!(back.iter().zip(&secrets).all(|(a, b)| a.0 == b.0 && a.1.expose() == b.1.expose()));

        for at in 0..plain.expose().len() {
            assert!(pick_up(&plain.expose()[..at]).is_none(), "cut at {at}");
        }
        assert!(pick_up(&[plain.expose().as_slice(), b"x"].concat()).is_none());
        assert!(pick_up(&[255; 8]).is_none());
        assert!(
            pick_up(&[1, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0x28, 0, 0, 0, 0]).is_none(),
            "a key that is no text"
        );
    }
}
