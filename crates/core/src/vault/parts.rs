//! A secret of any length in a keychain that takes only small ones, never half old and half new.
//!
//! Windows stores at most 2,560 bytes in a credential (`CRED_MAX_CREDENTIAL_BLOB_SIZE`, wincred.h), and some
//! platforms' tokens are longer. A short secret is one slot. A long one is a header in the same slot, plus parts:
//!
//! ```text
//! account/17     1 ‖ the secret                                          when it fits
//! account/17     2 ‖ generation ‖ number of parts ‖ length ‖ blake3      when it does not
//! account/17#a1  account/17#a2 …                                         the parts of generation a
//! ```
//!
//! A new secret takes the generation that the header does not name, its parts first and the header last, so the
//! old secret stays whole until one slot changes; then the old parts go. The hash decides whether the parts belong
//! together. Every system splits the same way: what is tested on one holds on all.
//!
//! Not here: any keychain. Two processes that set the same key in the same instant can spoil each other's parts;
//! the hash turns that into a fault, never into a wrong secret.

use super::{VaultFault, check_key};
use crate::sensitive::SecretBytes;

/// The most that one slot holds, in bytes.
pub(super) const SLOT_CAP: usize = 2_560;
/// The most parts of one secret: 160 KiB, far above any token, so that a damaged header cannot send us round long.
const MOST_PARTS: usize = 64;

const WHOLE: u8 = 1;
const HEADER: u8 = 2;
const HEADER_LEN: usize = 1 + 1 + 2 + 4 + blake3::OUT_LEN;

/// Small places for bytes, each replaced as a whole or not at all.
pub(super) trait Slots: Send + Sync {
    fn read(&self, slot: &str) -> Result<Option<SecretBytes>, VaultFault>;
    fn write(&self, slot: &str, value: &[u8]) -> Result<(), VaultFault>;
    /// Says whether there was something to erase.
    fn erase(&self, slot: &str) -> Result<bool, VaultFault>;
}

/// The secret under `key`, joined and proven whole.
pub(super) fn get(slots: &impl Slots, key: &str) -> Result<Option<SecretBytes>, VaultFault> {
    check_key(key)?;
    let mut seen = None;
    loop {
        let Some(stored) = slots.read(key)? else { return Ok(None) };
        let header = match Stored::read(&stored)? {
            Stored::Whole(secret) => return Ok(Some(SecretBytes::from(secret))),
            Stored::Parts(header) => header,
        };
        match join(slots, key, &header) {
            // Another process may have set a new secret and erased these parts while we read them. Then the header
            // is a new one; the same header twice means that the parts really are gone.
            Err(VaultFault::Damaged { .. }) if seen.as_ref() != Some(&header) => seen = Some(header),
            joined => return joined.map(Some),
        }
    }
}

/// Stores a secret and proves it by reading it back (C28).
pub(super) fn set(slots: &impl Slots, key: &str, value: &[u8]) -> Result<(), VaultFault> {
    check_key(key)?;
    if value.len() > SLOT_CAP * MOST_PARTS {
        return Err(VaultFault::broken("the secret is longer than 160 KiB"));
    }
    let mut kept = None;
    if value.len() < SLOT_CAP {
        put(slots, key, framed(WHOLE, value).expose())?;
    } else {
        let generation = match slots.read(key)?.as_ref().map(Stored::read) {
            Some(Ok(Stored::Parts(old))) => old.generation.other(),
            // A damaged header names no parts that could still be of use.
            _ => Generation::A,
        };
        let count = value.len().div_ceil(SLOT_CAP);
        for (part, number) in value.chunks(SLOT_CAP).zip(1..) {
            if let Err(fault) = put(slots, &generation.slot(key, number), part) {
                // The old secret is untouched. What is left of the new one is of no use to anybody.
                if let Err(rest) = erase_parts(slots, key, generation, 0) {
                    tracing::warn!(fault = rest.code(), "parts of a secret that was not stored remain");
                }
                return Err(fault);
            }
        }
        let header = Header { generation, count, length: value.len(), hash: blake3::hash(value) };
        put(slots, key, header.write().expose())?;
        kept = Some((generation, count));
    }
    for generation in [Generation::A, Generation::B] {
        let from = kept.filter(|(kept, _)| *kept == generation).map_or(0, |(_, count)| count);
        // The new secret is in its place: remains of the old one are worth a line, not a failure. The next set or
        // remove of this key meets them again.
        if let Err(fault) = erase_parts(slots, key, generation, from) {
            tracing::warn!(fault = fault.code(), "old parts of a secret remain");
        }
    }
    let back = get(slots, key)?;
    if back.is_some_and(|back| back.expose() == value) {
        Ok(())
    } else {
        Err(VaultFault::broken("the keychain gave back something else than was stored"))
    }
}

/// Forgets a secret, damaged ones and forgotten parts too. The parts go first: a crash in between leaves a header
/// that answers [`VaultFault::Damaged`] until `remove` is called again, and no part that nothing points to.
pub(super) fn remove(slots: &impl Slots, key: &str) -> Result<bool, VaultFault> {
    check_key(key)?;
    let mut found = erase_parts(slots, key, Generation::A, 0)?;
    found |= erase_parts(slots, key, Generation::B, 0)?;
    found |= slots.erase(key)?;
    Ok(found)
}

/// The keys of these slots: a secret that is split counts once, and slots with other names than ours are left out.
pub(super) fn keys_of(slots: Vec<String>) -> Vec<String> {
    let keys: std::collections::BTreeSet<String> = slots
        .iter()
        .map(|slot| slot.split_once('#').map_or(slot.as_str(), |(key, _)| key))
        .filter(|key| check_key(key).is_ok())
        .map(str::to_string)
        .collect();
    keys.into_iter().collect()
}

/// Writes one slot and reads it back before anything is built on it.
fn put(slots: &impl Slots, slot: &str, value: &[u8]) -> Result<(), VaultFault> {
    slots.write(slot, value)?;
    match slots.read(slot)? {
        Some(back) if back.expose() == value => Ok(()),
        _ => Err(VaultFault::broken("the keychain gave back something else than was stored")),
    }
}

fn join(slots: &impl Slots, key: &str, header: &Header) -> Result<SecretBytes, VaultFault> {
    // Wrapped from the start and at full size: a vector that grows leaves copies behind.
    let mut parts = Vec::with_capacity(header.count);
    for number in 1..=header.count {
        let part = slots.read(&header.generation.slot(key, number))?;
        parts.push(part.ok_or_else(|| VaultFault::damaged("a part is missing"))?);
    }
    let mut whole = Vec::with_capacity(parts.iter().map(|part| part.expose().len()).sum());
    parts.iter().for_each(|part| whole.extend_from_slice(part.expose()));
    let whole = SecretBytes::new(whole);
    if whole.expose().len() != header.length || blake3::hash(whole.expose()) != header.hash {
        return Err(VaultFault::damaged("its parts do not belong together"));
    }
    Ok(whole)
}

/// Erases the parts after the first `keep`, the last one first, so that a crash leaves no gap that hides the rest.
fn erase_parts(
    slots: &impl Slots,
    key: &str,
    generation: Generation,
    keep: usize,
) -> Result<bool, VaultFault> {
    let mut last = keep;
    while last < MOST_PARTS && slots.read(&generation.slot(key, last + 1))?.is_some() {
        last += 1;
    }
    for number in (keep + 1..=last).rev() {
        slots.erase(&generation.slot(key, number))?;
    }
    Ok(last > keep)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    A,
    B,
}

impl Generation {
    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::A => 'a',
            Self::B => 'b',
        }
    }

    fn slot(self, key: &str, number: usize) -> String {
        format!("{key}#{}{number}", self.letter())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    generation: Generation,
    count: usize,
    length: usize,
    hash: blake3::Hash,
}

enum Stored<'a> {
    Whole(&'a [u8]),
    Parts(Header),
}

impl Header {
    fn write(&self) -> SecretBytes {
        // Both numbers fit: `set` refuses more than 64 parts of 2,560 bytes.
        let mut body = Vec::with_capacity(HEADER_LEN - 1);
        body.push(self.generation.letter() as u8);
        body.extend_from_slice(&(self.count as u16).to_le_bytes());
        body.extend_from_slice(&(self.length as u32).to_le_bytes());
        body.extend_from_slice(self.hash.as_bytes());
        framed(HEADER, &body)
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (&letter, body) = body.split_first()?;
        let (count, body) = body.split_first_chunk::<2>()?;
        let (length, body) = body.split_first_chunk::<4>()?;
        let hash: [u8; blake3::OUT_LEN] = body.try_into().ok()?;
        let generation = match letter {
            b'a' => Generation::A,
            b'b' => Generation::B,
            _ => return None,
        };
        let count = usize::from(u16::from_le_bytes(*count));
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let possible = (1..=MOST_PARTS).contains(&count) && length.div_ceil(SLOT_CAP) == count;
        possible.then(|| Self { generation, count, length, hash: hash.into() })
    }
}

impl<'a> Stored<'a> {
    fn read(stored: &'a SecretBytes) -> Result<Self, VaultFault> {
        match stored.expose().split_first() {
            Some((&WHOLE, secret)) => Some(Self::Whole(secret)),
            Some((&HEADER, body)) => Header::read(body).map(Self::Parts),
            _ => None,
        }
        .ok_or_else(|| VaultFault::damaged("its beginning cannot be read"))
    }
}

fn framed(mark: u8, body: &[u8]) -> SecretBytes {
    let mut bytes = Vec::with_capacity(1 + body.len());
    bytes.push(mark);
    bytes.extend_from_slice(body);
    SecretBytes::new(bytes)
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
