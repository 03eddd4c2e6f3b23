//! The creator's file while it is being sent: opened once, read by position, and watched for change.
//!
//! "Never half of one and half of another": before anything is sent, [`Original::open`] makes sure that it is the
//! file that was added; while sending, [`Original::verify_still_same`] asks the open handle. Renaming or moving
//! the file meanwhile is harmless, because the handle stays with it.
//!
//! Deliberately not here: watching folders, and copying (no copy is made).

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::fault::{Difference, MediaFault};
use super::fingerprint::{Fingerprint, fingerprint};

/// What the file system says about a file: cheap to ask, and enough to notice most changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Stamp {
    /// Bytes.
    pub len: u64,
    /// Nanoseconds since 1970 of the last change; `None` where the file system does not say.
    pub modified_ns: Option<i64>,
    /// Device and inode; `None` where the standard library does not tell (Windows).
    pub identity: Option<(u64, u64)>,
}

impl Stamp {
    /// The stamp of whatever lies at `path` now.
    pub fn of_path(path: &Path) -> Result<Stamp, MediaFault> {
        let metadata = std::fs::metadata(path)?;
        if !metadata.is_file() {
            return Err(MediaFault::NotAFile);
        }
        Ok(Stamp::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Stamp {
        let modified_ns = metadata.modified().ok().and_then(nanoseconds);
        Stamp { len: metadata.len(), modified_ns, identity: identity(metadata) }
    }

    /// The weightiest difference to `other`, or `None`. What one side does not know is no difference.
    pub fn difference(&self, other: &Stamp) -> Option<Difference> {
        fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            one.zip(other).is_some_and(|(one, other)| one != other)
        }
        if self.len != other.len {
            Some(Difference::Length)
        } else if differ(self.identity, other.identity) {
            Some(Difference::Identity)
        } else if differ(self.modified_ns, other.modified_ns) {
            Some(Difference::Modified)
        } else {
            None
        }
    }

    /// The stable name of what differs from `other`, or `None` when nothing does.
    pub fn same_as(&self, other: &Stamp) -> Option<&'static str> {
        self.difference(other).map(Difference::code)
    }
}

/// The stamp of an open file.
pub fn stamp(file: &File) -> Result<Stamp, MediaFault> {
    Ok(Stamp::of(&file.metadata()?))
}

/// The file that is being sent. Shared between threads freely: nothing in it moves.
#[derive(Debug)]
pub struct Original {
    file: File,
    stamp: Stamp,
    stamp_moved: bool,
}

impl Original {
    /// Opens the file for reading and makes sure that it is the one that was added.
    ///
    /// Another length is a change at once. Another time or inode alone is not: back-ups, moves and drives that
    /// were connected again do that. Then the fingerprint decides, and [`Original::stamp`] has the new stamp to
    /// be stored.
    pub fn open(path: &Path, expected: &Stamp, fingerprinted: &Fingerprint) -> Result<Original, MediaFault> {
        let file = super::open_to_read(path)?;
        let now = stamp(&file)?;
        let difference = expected.difference(&now);
        let timeless = expected.modified_ns.is_none() || now.modified_ns.is_none();
        match difference {
            None if !timeless => {}
            Some(Difference::Length) => return Err(MediaFault::Changed { what: Difference::Length }),
            // A file system without times tells too little, so there the content is always asked.
            _ => {
                if fingerprint(&file)? != *fingerprinted {
                    return Err(MediaFault::Changed { what: Difference::Content });
                }
            }
        }
        let original = Original { file, stamp: now, stamp_moved: difference.is_some() };
        // The fingerprint took a moment; a writer may have come in between.
        original.verify_still_same()?;
        Ok(original)
    }

    /// The stamp at opening.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// True when the content is as expected but the stamp is not, so [`Original::stamp`] should be stored.
    pub fn stamp_moved(&self) -> bool {
        self.stamp_moved
    }

    /// Bytes, as at opening.
    pub fn len(&self) -> u64 {
        self.stamp.len
    }

    /// True when there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.stamp.len == 0
    }

    /// Asks the open handle whether length and time are as at opening: one call to the system, no reading.
    ///
    /// Here another time *is* a change, for bytes have already gone out and nobody can tell which were altered.
    pub fn verify_still_same(&self) -> Result<(), MediaFault> {
        match self.stamp.difference(&stamp(&self.file)?) {
            None => Ok(()),
            Some(what) => Err(MediaFault::Changed { what }),
        }
    }

    /// Fills `into` with the bytes from `offset`. When they are no longer there, the file was changed.
    pub fn read_exact_at(&self, offset: u64, into: &mut [u8]) -> Result<(), MediaFault> {
        self.file.read_exact_at(offset, into).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => MediaFault::Changed { what: Difference::Length },
            _ => error.into(),
        })
    }

    /// Reads up to `into.len()` bytes from `offset`; 0 means that the end was reached.
    pub fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<usize, MediaFault> {
        Ok(self.file.read_at(offset, into)?)
    }
}

/// Times before 1970 are negative; times beyond the year 2262 do not fit and count as unknown.
fn nanoseconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|nanoseconds| -nanoseconds),
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}
