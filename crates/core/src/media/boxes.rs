//! Boxes (ISO/IEC 14496-12 §4.2): a size, four letters, content.
//!
//! Sizes are believed only as far as the enclosing box and the file reach, and every header counts against the
//! reader's budget, so no arrangement of boxes makes a walk endless.
//!
//! Deliberately not here: what any box means.

use super::bytes::{Halt, Reader, be32, be64};
use super::fault::MediaFault;

/// Where a box lies: `start` of the header, `body` after it, `end` behind the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: [u8; 4],
    pub start: u64,
    pub body: u64,
    pub end: u64,
}

/// What stands at a place of the top level.
pub enum Top {
    Whole(Place),
    Cut { name: [u8; 4], missing: u64 },
    Nonsense { blank: bool },
}

/// Reads one box header of the top level.
pub fn top_box(reader: &Reader<'_>, at: u64) -> Result<Top, Halt> {
    reader.visit()?;
    let left = reader.file_len().saturating_sub(at);
    if left < 8 {
        let rest = reader.up_to(at, reader.file_len(), 8)?;
        return Ok(Top::Nonsense { blank: rest.iter().all(|byte| *byte == 0) });
    }
    let head: [u8; 8] = reader.array(at)?;
    let name = [head[4], head[5], head[6], head[7]];
    let readable = name.iter().all(|byte| matches!(byte, 0x20..=0x7e | 0xa9));
    let nonsense = Top::Nonsense { blank: head == [0; 8] };
    let (header, size) = match be32(&head, 0) {
        _ if !readable => return Ok(nonsense),
        Some(0) => (8, left),
        Some(1) if left < 16 => return Ok(Top::Cut { name, missing: 16 - left }),
        Some(1) => (16, u64::from_be_bytes(reader.array(at + 8)?)),
        Some(size) => (8, u64::from(size)),
        None => return Ok(nonsense),
    };
    if size < header {
        return Ok(nonsense);
    }
    if size > left {
        return Ok(Top::Cut { name, missing: size - left });
    }
    Ok(Top::Whole(Place { name, start: at, body: at + header, end: at + size }))
}

/// The box at `at` inside `parent`, or `None` at its end. QuickTime closes some lists with a zero word.
pub fn child(reader: &Reader<'_>, parent: Place, at: u64) -> Result<Option<Place>, MediaFault> {
    if parent.end.saturating_sub(at) < 8 {
        return Ok(None);
    }
    reader.visit()?;
    let head: [u8; 8] = reader.array(at)?;
    let left = parent.end - at;
    let (header, size) = match be32(&head, 0).unwrap_or(0) {
        0 => return Ok(None),
        1 if left >= 16 => (16, u64::from_be_bytes(reader.array(at + 8)?)),
        size => (8, u64::from(size)),
    };
    if size < header || size > left {
        let name = String::from_utf8_lossy(&parent.name).into_owned();
        return Err(MediaFault::damaged(format!("its index is broken inside “{name}”")));
    }
    let name = [head[4], head[5], head[6], head[7]];
    Ok(Some(Place { name, start: at, body: at + header, end: at + size }))
}

/// Calls `each` for every box inside `parent`.
pub fn children(
    reader: &Reader<'_>,
    parent: Place,
    mut each: impl FnMut(Place) -> Result<(), MediaFault>,
) -> Result<(), MediaFault> {
    let mut at = parent.body;
    while let Some(place) = child(reader, parent, at)? {
        each(place)?;
        at = place.end;
    }
    Ok(())
}

/// A number whose width and place hang on the version byte. All ones means "not known".
pub fn versioned(reader: &Reader<'_>, place: Place, short: usize, long: usize) -> Result<Option<u64>, Halt> {
    let bytes = reader.up_to(place.body, place.end, long + 8)?;
    let number = match bytes.first() {
        Some(1) => be64(&bytes, long).filter(|number| *number != u64::MAX),
        _ => be32(&bytes, short).filter(|number| *number != u32::MAX).map(u64::from),
    };
    Ok(number)
}

/// The entry count of a full box that starts with one.
pub fn counted(reader: &Reader<'_>, place: Place) -> Result<u32, Halt> {
    Ok(be32(&reader.up_to(place.body, place.end, 8)?, 4).unwrap_or(0))
}

/// Ticks to milliseconds, rounded; at least 1 when there is any tick at all.
pub fn milliseconds(ticks: u64, timescale: u32) -> Option<u64> {
    let timescale = u128::from(timescale);
    let doubled = u128::from(ticks).checked_mul(2000)?.checked_add(timescale)?;
    let rounded = doubled.checked_div(timescale.checked_mul(2)?)?;
    u64::try_from(rounded).ok().map(|duration| duration.max(u64::from(ticks > 0)))
}
