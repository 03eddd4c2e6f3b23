//! Recognising a file again: a fingerprint of samples in constant time, and a hash of everything.
//!
//! The fingerprint notices any honest change of a video (a new export, another cut, a repair) but not an
//! adversary who alters single bytes between the samples. Where that matters, use [`full_hash`].
//!
//! Deliberately not here: when to compare what; that is `original`.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::fault::MediaFault;

const MIB: usize = 1 << 20;
/// Up to this size, everything is read.
const WHOLE: u64 = 4 << 20;
/// Between head and tail, this many blocks are read…
const BLOCKS: u64 = 32;
/// …of this many bytes each.
const BLOCK: usize = 64 << 10;

/// `f1:` and 64 hexadecimal digits. The prefix names the rule, so that a later rule is never mistaken for a change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

/// `b3:` and 64 hexadecimal digits: BLAKE3 of the whole content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FullHash(String);

/// A text that should have been a fingerprint or a hash.
#[derive(Debug, thiserror::Error)]
#[error("not a fingerprint or hash of a known kind")]
pub struct NotAHash;

macro_rules! hash_text {
    ($name:ident, $prefix:literal) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn of(hasher: &blake3::Hasher) -> $name {
                $name(format!("{}{}", $prefix, hasher.finalize().to_hex()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAHash;
            fn try_from(text: String) -> Result<$name, NotAHash> {
                let digits = text.strip_prefix($prefix).ok_or(NotAHash)?;
                let hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
                if digits.len() == 64 && digits.bytes().all(hex) { Ok($name(text)) } else { Err(NotAHash) }
            }
        }

        impl From<$name> for String {
            fn from(hash: $name) -> String {
                hash.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

hash_text!(Fingerprint, "f1:");
hash_text!(FullHash, "b3:");

/// The fingerprint of an open file. Reads at most 4 MiB, whatever the size.
pub fn fingerprint(file: &File) -> io::Result<Fingerprint> {
    fingerprint_bytes(file)
}

/// The fingerprint of anything that can be read by position.
///
/// BLAKE3 over the length (8 bytes, little endian), then either everything, or the first MiB, the last MiB,
/// and 32 blocks of 64 KiB spread evenly over what lies between.
pub fn fingerprint_bytes(source: &dyn Bytes) -> io::Result<Fingerprint> {
    let len = source.size()?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&len.to_le_bytes());
    let mut buffer = vec![0; MIB];
    let mut take = |start: u64, count: usize| -> io::Result<()> {
        source.read_exact_at(start, &mut buffer[..count])?;
        hasher.update(&buffer[..count]);
        Ok(())
    };
    if len <= WHOLE {
        let mut start = 0;
        while start < len {
            let count = usize::try_from(len - start).map_or(MIB, |left| left.min(MIB));
            take(start, count)?;
            start += count as u64;
        }
    } else {
        take(0, MIB)?;
        take(len - MIB as u64, MIB)?;
        for start in block_starts(len) {
            take(start, BLOCK)?;
        }
    }
    Ok(Fingerprint::of(&hasher))
}

/// Where the sampled blocks begin, in a file longer than [`WHOLE`]: the first right after the head, the last
/// right before the tail.
fn block_starts(len: u64) -> impl Iterator<Item = u64> {
    let room = len - 2 * MIB as u64 - BLOCK as u64;
    (0..BLOCKS).map(move |block| {
        let offset = u128::from(room) * u128::from(block) / u128::from(BLOCKS - 1);
        MIB as u64 + u64::try_from(offset).expect("a share of a u64 is a u64")
    })
}

/// The hash of everything at `path`, read 1 MiB at a time. `progress` hears how many bytes are done, and may
/// break off; then the answer is `None`.
pub fn full_hash(
    path: &Path,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<FullHash>, MediaFault> {
    let file = super::open_to_read(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; MIB];
    let mut done: u64 = 0;
    loop {
        match file.read_at(done, &mut buffer) {
            Ok(0) => return Ok(Some(FullHash::of(&hasher))),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                done += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        }
        if progress(done).is_break() {
            return Ok(None);
        }
    }
}
