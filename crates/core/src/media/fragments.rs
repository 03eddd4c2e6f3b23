//! Movie fragments (`moof`, ISO/IEC 14496-12 §8.8) and the segment index (`sidx`, §8.16): how long they last.
//!
//! Deliberately not here: where their samples lie; nobody plays them here.

use super::boxes::{Place, Top, children, milliseconds, top_box};
use super::bytes::{Halt, Reader, be16, be32, be64};
use super::fault::MediaFault;
use super::timing::Pace;

/// What the fragments of one track add up to.
#[derive(Debug, Default)]
pub struct Fragments {
    pub pace: Pace,
    /// Decode time of the first fragment and the end of the last, in ticks, where fragments tell theirs.
    first: Option<u64>,
    end: u64,
    /// The budget was spent before the last fragment.
    pub in_part: bool,
}

impl Fragments {
    /// The length in ticks, when the moov itself already held `own` ticks. Recordings of live streams start at a
    /// time far from zero, which is no length.
    pub fn ticks(&self, own: u64) -> u64 {
        let start = if own > 0 { 0 } else { self.first.unwrap_or(0) };
        self.end.saturating_sub(start).max(own.saturating_add(self.pace.ticks()))
    }
}

/// Walks the top level from `at` and sums up all fragments of the track `track`.
pub fn read(
    reader: &Reader<'_>,
    mut at: u64,
    track: u32,
    default_ticks: u32,
) -> Result<Fragments, MediaFault> {
    let mut fragments = Fragments::default();
    loop {
        let place = match top_box(reader, at) {
            Ok(Top::Whole(place)) => place,
            Ok(Top::Cut { .. } | Top::Nonsense { .. }) => return Ok(fragments),
            Err(Halt::Spent) => {
                fragments.in_part = true;
                return Ok(fragments);
            }
            Err(halt) => return Err(halt.into()),
        };
        if reader.should_hurry() {
            fragments.in_part = true;
            return Ok(fragments);
        }
        if &place.name == b"moof" {
            children(reader, place, |traf| match &traf.name {
                b"traf" => fragments.add(reader, traf, track, default_ticks),
                _ => Ok(()),
            })?;
        }
        at = place.end;
        if at >= reader.file_len() {
            return Ok(fragments);
        }
    }
}

impl Fragments {
    fn add(
        &mut self,
        reader: &Reader<'_>,
        traf: Place,
        track: u32,
        default_ticks: u32,
    ) -> Result<(), MediaFault> {
        let mut ours = false;
        let mut default_ticks = default_ticks;
        let mut time = None;
        let before = self.pace.ticks();
        children(reader, traf, |place| {
            match &place.name {
                b"tfhd" => {
                    let bytes = reader.up_to(place.body, place.end, 24)?;
                    let flags = be32(&bytes, 0).unwrap_or(0);
                    ours = be32(&bytes, 4) == Some(track);
                    let at = 8 + if flags & 1 > 0 { 8 } else { 0 } + if flags & 2 > 0 { 4 } else { 0 };
                    if flags & 8 > 0 {
                        default_ticks = be32(&bytes, at).unwrap_or(default_ticks);
                    }
                }
                b"tfdt" if ours => {
                    let bytes = reader.up_to(place.body, place.end, 12)?;
                    let long = bytes.first() == Some(&1);
                    time = if long { be64(&bytes, 4) } else { be32(&bytes, 4).map(u64::from) };
                }
                b"trun" if ours => read_run(reader, place, default_ticks, &mut self.pace)?,
                _ => {}
            }
            Ok(())
        })?;
        if let Some(time) = time {
            self.first = self.first.or(Some(time));
            let length = self.pace.ticks().saturating_sub(before);
            self.end = self.end.max(time.saturating_add(length));
        }
        Ok(())
    }
}

/// A run of samples. Each has up to four words, and the first of them may be its duration.
fn read_run(reader: &Reader<'_>, trun: Place, default_ticks: u32, pace: &mut Pace) -> Result<(), Halt> {
    let head = reader.up_to(trun.body, trun.end, 8)?;
    let (Some(flags), Some(claimed)) = (be32(&head, 0), be32(&head, 4)) else { return Ok(()) };
    if flags & 0x100 == 0 {
        pace.add(claimed, default_ticks);
        return Ok(());
    }
    let stride = u64::from((flags & 0xf00).count_ones()) * 4;
    let first = trun.body + 8 + u64::from((flags & 0x5).count_ones()) * 4;
    let there = trun.end.saturating_sub(first) / stride;
    let count = u64::from(claimed).min(there);
    const AT_ONCE: u64 = 512;
    let mut sample = 0;
    while sample < count {
        let part = AT_ONCE.min(count - sample);
        let from = first + sample * stride;
        let bytes = reader.up_to(from, from + part * stride, 16 * AT_ONCE as usize)?;
        for words in bytes.chunks_exact(usize::from(stride as u8)) {
            pace.add(1, be32(words, 0).unwrap_or(default_ticks));
        }
        sample += part;
    }
    Ok(())
}

/// What a segment index says.
pub struct Index {
    /// Milliseconds of all that it lists.
    pub ms: u64,
    /// The position behind the last byte that it lists.
    pub reach: u64,
}

/// Sums up a `sidx`.
pub fn read_index(reader: &Reader<'_>, sidx: Place) -> Result<Index, MediaFault> {
    let head = reader.up_to(sidx.body, sidx.end, 32)?;
    let long = head.first() == Some(&1);
    let timescale = be32(&head, 8).unwrap_or(0);
    let first = if long { be64(&head, 20) } else { be32(&head, 16).map(u64::from) };
    let entries = if long { 32 } else { 24 };
    let count = be16(&head, entries - 2).unwrap_or(0);
    let mut ticks: u64 = 0;
    let mut reach = sidx.end.saturating_add(first.unwrap_or(0));
    let from = sidx.body + entries as u64;
    for entry in 0..u64::from(count) {
        let at = from + entry * 12;
        if at + 12 > sidx.end {
            break;
        }
        let bytes: [u8; 8] = reader.array(at)?;
        reach = reach.saturating_add(u64::from(be32(&bytes, 0).unwrap_or(0) & 0x7fff_ffff));
        ticks = ticks.saturating_add(u64::from(be32(&bytes, 4).unwrap_or(0)));
    }
    Ok(Index { ms: milliseconds(ticks, timescale).unwrap_or(0), reach })
}
