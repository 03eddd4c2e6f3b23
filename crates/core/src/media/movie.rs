//! The index of an MP4 or MOV (`moov`): its tracks, and the two that count.
//!
//! The walk goes down a fixed path (moov, trak, mdia, minf, stbl) and never recurses, so nesting cannot exhaust
//! the stack. Tables are read in pieces or only at their end, so a long index costs no memory.
//!
//! Deliberately not here: what lies in a sample entry (`sample_entry`) and how long samples last (`timing`).

use super::boxes::{Place, children, counted, versioned};
use super::bytes::{Halt, Reader, be32, be64};
use super::fault::MediaFault;
use super::sample_entry::{self, Picture, Sound};
use super::timing::Pace;

/// What `moov` says, with the one picture and the one sound track that count.
#[derive(Default)]
pub struct Movie {
    pub timescale: u32,
    pub duration: Option<u64>,
    pub turn: Turn,
    pub picture: Option<PictureTrack>,
    pub sound: Option<Sound>,
    pub edit_list: bool,
    /// `mvex` is there: fragments follow.
    pub extends: bool,
    pub fragment_duration: Option<u64>,
}

pub struct PictureTrack {
    pub id: u32,
    pub enabled: bool,
    pub width: u32,
    pub height: u32,
    pub turn: Turn,
    pub duration: Option<u64>,
    pub timescale: u32,
    pub media_duration: Option<u64>,
    pub entry: Picture,
    pub pace: Pace,
    /// The media lies in other files.
    pub external: bool,
    /// From `trex`: how long a sample of a fragment lasts when the fragment does not say.
    pub sample_duration: u32,
}

impl Movie {
    pub fn read(reader: &Reader<'_>, moov: Place) -> Result<Movie, MediaFault> {
        let mut movie = Movie::default();
        let mut defaults: Vec<(u32, u32)> = Vec::new();
        children(reader, moov, |place| {
            match &place.name {
                b"mvhd" => movie.read_header(reader, place)?,
                b"trak" => movie.read_track(reader, place)?,
                b"mvex" => {
                    movie.extends = true;
                    children(reader, place, |place| {
                        match &place.name {
                            b"mehd" => movie.fragment_duration = versioned(reader, place, 4, 4)?,
                            b"trex" if defaults.len() < 64 => {
                                let bytes = reader.up_to(place.body, place.end, 16)?;
                                defaults.extend(be32(&bytes, 4).zip(be32(&bytes, 12)));
                            }
                            _ => {}
                        }
                        Ok(())
                    })?;
                }
                b"cmov" => return Err(MediaFault::unsupported("its index is compressed")),
                _ => {}
            }
            Ok(())
        })?;
        if let Some(track) = &mut movie.picture {
            let default = defaults.iter().find(|(id, _)| *id == track.id);
            track.sample_duration = default.map_or(0, |(_, duration)| *duration);
        }
        Ok(movie)
    }

    fn read_header(&mut self, reader: &Reader<'_>, mvhd: Place) -> Result<(), MediaFault> {
        let bytes = reader.up_to(mvhd.body, mvhd.end, 100)?;
        let long = bytes.first() == Some(&1);
        self.timescale = be32(&bytes, if long { 20 } else { 12 }).unwrap_or(0);
        self.duration = versioned(reader, mvhd, 16, 24)?;
        self.turn = Turn::read(&bytes, if long { 48 } else { 36 });
        Ok(())
    }

    /// Keeps the first sound track, and the picture track that is switched on and largest.
    fn read_track(&mut self, reader: &Reader<'_>, trak: Place) -> Result<(), MediaFault> {
        let track = Track::read(reader, trak)?;
        let is_media = matches!(&track.handler, b"vide" | b"soun");
        self.edit_list |= track.edit_list && is_media;
        if is_media && !track.external && track.reach.is_some_and(|reach| reach >= reader.file_len()) {
            return Err(MediaFault::truncated("its index points at media beyond its end"));
        }
        let Some(stsd) = track.stsd else { return Ok(()) };
        match &track.handler {
            b"vide" => {
                let Some(entry) = sample_entry::picture(reader, stsd)? else {
                    return Err(MediaFault::damaged("its picture track is not described"));
                };
                let weight = |enabled: bool, entry: &Picture| {
                    (enabled, u32::from(entry.width) * u32::from(entry.height))
                };
                let kept = self.picture.as_ref().map(|kept| weight(kept.enabled, &kept.entry));
                if kept.is_some_and(|kept| kept >= weight(track.enabled, &entry)) {
                    return Ok(());
                }
                self.picture = Some(track.into_picture(entry));
            }
            b"soun" if self.sound.is_none() => self.sound = sample_entry::sound(reader, stsd)?,
            _ => {}
        }
        Ok(())
    }
}

/// One `trak`, before it is known what it holds.
#[derive(Default)]
struct Track {
    id: u32,
    enabled: bool,
    duration: Option<u64>,
    width: u32,
    height: u32,
    turn: Turn,
    edit_list: bool,
    timescale: u32,
    media_duration: Option<u64>,
    handler: [u8; 4],
    external: bool,
    stsd: Option<Place>,
    pace: Pace,
    /// The largest chunk offset: media must lie at least that far.
    reach: Option<u64>,
}

impl Track {
    fn read(reader: &Reader<'_>, trak: Place) -> Result<Track, MediaFault> {
        let mut track = Track::default();
        children(reader, trak, |place| match &place.name {
            b"tkhd" => track.read_header(reader, place),
            b"edts" => children(reader, place, |elst| {
                track.edit_list |= &elst.name == b"elst" && counted(reader, elst)? > 0;
                Ok(())
            }),
            b"mdia" => children(reader, place, |place| match &place.name {
                b"mdhd" => {
                    let bytes = reader.up_to(place.body, place.end, 24)?;
                    let long = bytes.first() == Some(&1);
                    track.timescale = be32(&bytes, if long { 20 } else { 12 }).unwrap_or(0);
                    track.media_duration = versioned(reader, place, 16, 24)?;
                    Ok(())
                }
                b"hdlr" => {
                    let bytes = reader.up_to(place.body, place.end, 12)?;
                    track.handler = be32(&bytes, 8).unwrap_or(0).to_be_bytes();
                    Ok(())
                }
                b"minf" => children(reader, place, |place| track.read_media(reader, place)),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })?;
        Ok(track)
    }

    fn read_header(&mut self, reader: &Reader<'_>, tkhd: Place) -> Result<(), MediaFault> {
        let bytes = reader.up_to(tkhd.body, tkhd.end, 96)?;
        let shift = if bytes.first() == Some(&1) { 12 } else { 0 };
        self.enabled = bytes.get(3).is_some_and(|flags| flags & 1 == 1);
        self.id = be32(&bytes, if shift > 0 { 20 } else { 12 }).unwrap_or(0);
        self.duration = versioned(reader, tkhd, 20, 28)?;
        self.turn = Turn::read(&bytes, 40 + shift);
        let pixels = |at| be32(&bytes, at).map_or(0, |fixed| fixed.saturating_add(0x8000) >> 16);
        self.width = pixels(76 + shift);
        self.height = pixels(80 + shift);
        Ok(())
    }

    fn read_media(&mut self, reader: &Reader<'_>, place: Place) -> Result<(), MediaFault> {
        match &place.name {
            b"dinf" => children(reader, place, |dref| {
                if &dref.name == b"dref" && dref.end - dref.body >= 8 {
                    let list = Place { body: dref.body + 8, ..dref };
                    // Flag 1 says that the media is in this same file.
                    children(reader, list, |entry| {
                        let flags = reader.up_to(entry.body, entry.end, 4)?;
                        self.external |= flags.get(3).is_some_and(|flags| flags & 1 == 0);
                        Ok(())
                    })?;
                }
                Ok(())
            }),
            b"stbl" => children(reader, place, |place| {
                match &place.name {
                    b"stsd" => self.stsd = Some(place),
                    b"stts" => self.pace = Pace::read(reader, place)?,
                    b"stco" => self.reach = last_offset(reader, place, 4)?,
                    b"co64" => self.reach = last_offset(reader, place, 8)?,
                    _ => {}
                }
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    fn into_picture(self, entry: Picture) -> PictureTrack {
        PictureTrack {
            id: self.id,
            enabled: self.enabled,
            width: self.width,
            height: self.height,
            turn: self.turn,
            duration: self.duration,
            timescale: self.timescale,
            media_duration: self.media_duration,
            entry,
            pace: self.pace,
            external: self.external,
            sample_duration: 0,
        }
    }
}

/// The largest of the last two thousand chunk offsets; they ascend in practice.
fn last_offset(reader: &Reader<'_>, place: Place, width: u64) -> Result<Option<u64>, Halt> {
    let there = place.end.saturating_sub(place.body).saturating_sub(8) / width;
    let count = u64::from(counted(reader, place)?).min(there);
    let first = count.saturating_sub(2048);
    let from = place.body + 8 + first * width;
    let bytes = reader.up_to(from, from + (count - first) * width, 2048 * 8)?;
    let offsets = bytes.chunks_exact(usize::from(width == 8) * 4 + 4);
    Ok(offsets.filter_map(|offset| be64(offset, 0).or_else(|| be32(offset, 0).map(u64::from))).max())
}

/// A turn by a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Clockwise quarter turns, 0 to 3.
    pub quarters: u8,
    /// Mirrored, or not by quarters.
    pub odd: bool,
}

impl Turn {
    /// The matrix is a b u c d v x y w; only a, b, c and d matter here (16.16 fixed point).
    fn read(bytes: &[u8], at: usize) -> Turn {
        let number = |index: usize| be32(bytes, at + index * 4).map(u32::cast_signed);
        let (Some(a), Some(b), Some(c), Some(d)) = (number(0), number(1), number(3), number(4)) else {
            return Turn::default();
        };
        let (quarters, mirrored) = match [a.signum(), b.signum(), c.signum(), d.signum()] {
            [1, 0, 0, 1] | [0, 0, 0, 0] => (0, false),
            [0, 1, -1, 0] => (1, false),
            [-1, 0, 0, -1] => (2, false),
            [0, -1, 1, 0] => (3, false),
            [0, 1, 1, 0] => (1, true),
            [0, -1, -1, 0] => (3, true),
            _ => (0, true),
        };
        Turn { quarters, odd: mirrored }
    }

    pub fn then(self, other: Turn) -> Turn {
        Turn { quarters: (self.quarters + other.quarters) % 4, odd: self.odd || other.odd }
    }
}
