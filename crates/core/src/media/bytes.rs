//! Where the probe and the fingerprint get their bytes from: a file read by position, and a reader with a purse.
//!
//! The reader is what keeps a hostile or broken file harmless. It knows the real length, so a size that the
//! file merely claims never leads to an allocation; it has a fixed window, so memory is constant; and it has a
//! budget of bytes and of boxes, so no arrangement of headers can make it run for long.
//!
//! Deliberately not here: any notion of what the bytes mean.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;

/// How much one look at a file may read altogether, in bytes. A moov of a day-long recording fits.
pub const READ_BUDGET: u64 = 64 << 20;
/// How many boxes (or EBML elements) one look may visit.
pub const BOX_BUDGET: u32 = 262_144;
/// The largest single read, and so the largest buffer, in bytes.
pub const LARGEST_READ: usize = 64 << 10;
/// Small reads fill a window of this size, because headers and what follows them are read together.
const WINDOW: usize = 1 << 10;

/// Bytes that can be read at any position without moving a cursor.
pub trait Bytes {
    /// The length in bytes right now.
    fn size(&self) -> io::Result<u64>;
    /// Reads up to `into.len()` bytes from `offset`; 0 means that the end was reached.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Fills `into` from `offset`, or says `UnexpectedEof`.
    fn read_exact_at(&self, mut offset: u64, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            match self.read_at(offset, into) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let count = count.min(into.len());
                    into = &mut into[count..];
                    offset = offset.saturating_add(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Bytes for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, into, offset)
    }

    /// Windows moves the cursor of the handle, which is harmless because nothing here relies on one.
    #[cfg(windows)]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, into, offset)
    }
}

/// Why reading stopped.
#[derive(Debug)]
pub enum Halt {
    /// The disk or the system refused.
    Io(io::Error),
    /// The file ends before what should be there.
    PastEnd,
    /// The budget is spent: the structure is far larger than any honest file's.
    Spent,
}

/// Reads with a budget, through a small window.
pub struct Reader<'a> {
    source: &'a dyn Bytes,
    len: u64,
    bytes_left: Cell<u64>,
    boxes_left: Cell<u32>,
    window: RefCell<Window>,
}

struct Window {
    start: u64,
    filled: usize,
    bytes: Box<[u8; WINDOW]>,
}

impl<'a> Reader<'a> {
    /// Takes the length once; a file that grows meanwhile is read as it was.
    pub fn new(source: &'a dyn Bytes) -> io::Result<Reader<'a>> {
        let len = source.size()?;
        let window = Window { start: 0, filled: 0, bytes: Box::new([0; WINDOW]) };
        Ok(Reader {
            source,
            len,
            bytes_left: Cell::new(READ_BUDGET),
            boxes_left: Cell::new(BOX_BUDGET),
            window: RefCell::new(window),
        })
    }

    /// The length of the file in bytes.
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// Counts one box; every step of every walk calls this.
    pub fn visit(&self) -> Result<(), Halt> {
        let left = self.boxes_left.get().checked_sub(1).ok_or(Halt::Spent)?;
        self.boxes_left.set(left);
        Ok(())
    }

    /// True when three quarters of the budget are gone: time to stop looking around and read what matters.
    pub fn should_hurry(&self) -> bool {
        self.bytes_left.get() < READ_BUDGET / 4 || self.boxes_left.get() < BOX_BUDGET / 4
    }

    /// `N` bytes at `offset`.
    pub fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N], Halt> {
        let mut bytes = [0; N];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// A big-endian `u32` at `offset`.
    pub fn u32(&self, offset: u64) -> Result<u32, Halt> {
        Ok(u32::from_be_bytes(self.array(offset)?))
    }

    /// Up to `most` bytes from `offset`, never beyond `end` nor the file, nor more than [`LARGEST_READ`].
    pub fn up_to(&self, offset: u64, end: u64, most: usize) -> Result<Vec<u8>, Halt> {
        let there = end.min(self.len).saturating_sub(offset);
        let most = most.min(LARGEST_READ);
        let count = usize::try_from(there).map_or(most, |there| there.min(most));
        let mut bytes = vec![0; count];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills `into` from `offset`.
    pub fn fill(&self, offset: u64, into: &mut [u8]) -> Result<(), Halt> {
        let end = offset.checked_add(into.len() as u64).ok_or(Halt::PastEnd)?;
        if end > self.len {
            return Err(Halt::PastEnd);
        }
        if into.len() > WINDOW {
            self.spend(into.len())?;
            return self.source.read_exact_at(offset, into).map_err(halt);
        }
        let mut window = self.window.borrow_mut();
        let inside = |window: &Window| {
            let skip = usize::try_from(offset.checked_sub(window.start)?).ok()?;
            (skip.checked_add(into.len())? <= window.filled).then_some(skip)
        };
        let skip = match inside(&window) {
            Some(skip) => skip,
            None => {
                let count = usize::try_from(self.len - offset).map_or(WINDOW, |left| left.min(WINDOW));
                self.spend(count)?;
                window.filled = 0;
                self.source.read_exact_at(offset, &mut window.bytes[..count]).map_err(halt)?;
                window.start = offset;
                window.filled = count;
                0
            }
        };
        into.copy_from_slice(&window.bytes[skip..skip + into.len()]);
        Ok(())
    }

    fn spend(&self, count: usize) -> Result<(), Halt> {
        let left = self.bytes_left.get().checked_sub(count as u64).ok_or(Halt::Spent)?;
        self.bytes_left.set(left);
        Ok(())
    }
}

/// A short read means that the file shrank under us, which reads like any other cut.
fn halt(error: io::Error) -> Halt {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Halt::PastEnd,
        _ => Halt::Io(error),
    }
}

/// A big-endian `u16` in a slice, if it is there.
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let slice = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(slice.try_into().ok()?))
}

/// A big-endian `u32` in a slice, if it is there.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let slice = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(slice.try_into().ok()?))
}

/// A big-endian `u64` in a slice, if it is there.
pub fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    let slice = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(slice.try_into().ok()?))
}
