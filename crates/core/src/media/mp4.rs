//! ISO base media (ISO/IEC 14496-12) and QuickTime: from the boxes to a [`Probe`].
//!
//! The walk goes down a fixed path (moov, trak, mdia, minf, stbl) and never recurses, so nesting cannot exhaust
//! the stack. Sizes are believed only as far as the enclosing box and the file reach.
//!
//! Deliberately not here: what lies in a sample entry (`sample_entry`), how long samples last (`timing`),
//! and movie fragments (`fragments`).

use super::bytes::{Halt, Reader, be32, be64};
use super::fault::MediaFault;
use super::fragments::{self, Fragments};
use super::sample_entry::{self, Picture, Sound};
use super::timing::Pace;
use super::{Container, Moov, Note, Probe, Video, bit_rate};

/// Where a box lies: `start` of the header, `body` after it, `end` behind the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: [u8; 4],
    pub start: u64,
    pub body: u64,
    pub end: u64,
}

/// Reads the whole structure.
pub fn read(reader: &Reader<'_>) -> Result<Probe, MediaFault> {
    let mut layout = Layout::read(reader)?;
    let moov = layout.moov.ok_or(MediaFault::NoMoov)?;
    let movie = Movie::read(reader, moov)?;
    let fragmented = movie.extends || layout.first_moof.is_some();
    let Some(track) = &movie.picture else {
        let looks_like = movie.sound.is_some().then(|| "a sound file (M4A)".to_owned());
        return Err(MediaFault::NotVideo { looks_like });
    };
    if track.external {
        return Err(MediaFault::unsupported("it only refers to other files that hold the video"));
    }
    if layout.first_media.is_none() {
        return Err(MediaFault::truncated("it has an index but no video data"));
    }
    let fragments = match layout.first_moof {
        Some(first) => fragments::read(reader, first, track.id, track.sample_duration)?,
        None => Fragments::default(),
    };
    if fragments.in_part {
        layout.note(Note::ReadInPart);
    }
    let duration_ms = duration_ms(&movie, track, &fragments, layout.index_ms);
    let samples = track.pace.count().saturating_add(fragments.pace.count());
    if duration_ms == Some(0) || (samples == 0 && !fragments.in_part) {
        return Err(MediaFault::ZeroLength);
    }
    let container = layout.container();
    let mut notes = layout.notes;
    if duration_ms.is_none() {
        notes.push(Note::DurationUnknown);
    }
    if movie.edit_list {
        notes.push(Note::EditList);
    }
    if track.entry.encrypted || movie.sound.as_ref().is_some_and(|sound| sound.encrypted) {
        notes.push(Note::Encrypted);
    }
    if track.entry.dolby_vision {
        notes.push(Note::DolbyVision);
    }
    let turn = track.turn.then(movie.turn);
    if turn.odd {
        notes.push(Note::OddMatrix);
    }
    let position = match layout.first_media {
        Some(media) if media < moov.start => Moov::End,
        _ => Moov::Front,
    };
    Ok(Probe {
        size: reader.len(),
        mime: layout.mime.unwrap_or(container.mime()).to_owned(),
        container,
        brands: layout.brands,
        duration_ms,
        bit_rate: bit_rate(reader.len(), duration_ms),
        video: Some(video(track, turn, &fragments)),
        audio: movie.sound.map(|sound| sound.audio),
        moov: Some(position),
        fragmented,
        notes,
    })
}

fn video(track: &PictureTrack, turn: Turn, fragments: &Fragments) -> Video {
    let entry = &track.entry;
    let shape = |shown: u32, coded: u32| if shown > 0 { shown } else { coded };
    let (width, height) =
        (shape(track.width, entry.shaped_width()), shape(track.height, u32::from(entry.height)));
    let sideways = turn.quarters % 2 == 1;
    let (width, height) = if sideways { (height, width) } else { (width, height) };
    let mut pace = track.pace.clone();
    pace.append(&fragments.pace);
    Video {
        codec: entry.codec.name.clone(),
        profile: entry.codec.profile,
        level: entry.codec.level,
        coded_width: u32::from(entry.width),
        coded_height: u32::from(entry.height),
        width,
        height,
        rotation: u16::from(turn.quarters) * 90,
        frame_rate: pace.rate(track.timescale),
        variable_frame_rate: pace.is_variable(),
        bit_depth: entry.codec.bit_depth,
        chroma: entry.codec.chroma,
        transfer: entry.transfer,
    }
}

/// A plain file says it once, in `mvhd`. A fragmented one says it in `mehd`, or not at all: then the longest of
/// what the moov, the segment index and the fragments add up to is the truth.
fn duration_ms(
    movie: &Movie,
    track: &PictureTrack,
    fragments: &Fragments,
    index_ms: Option<u64>,
) -> Option<u64> {
    let in_movie = |ticks: u64| milliseconds(ticks, movie.timescale);
    let in_media = |ticks: u64| milliseconds(ticks, track.timescale);
    let declared = movie.duration.and_then(in_movie).filter(|duration| *duration > 0);
    let of_track = || {
        let tracks = track.duration.and_then(in_movie).max(track.media_duration.and_then(in_media));
        tracks.filter(|duration| *duration > 0).or_else(|| in_media(track.pace.ticks()))
    };
    if !movie.extends && fragments.pace.count() == 0 {
        return declared.or_else(of_track);
    }
    if let Some(whole) = movie.fragment_duration.and_then(in_movie).filter(|duration| *duration > 0) {
        return Some(whole);
    }
    let own = track.pace.ticks();
    let of_fragments = in_media(fragments.ticks(own)).filter(|_| !fragments.in_part);
    let found = declared.max(index_ms).max(of_fragments).filter(|duration| *duration > 0);
    if fragments.in_part { found } else { found.or_else(of_track) }
}

/// Ticks to milliseconds, rounded; at least 1 when there is any tick at all.
pub fn milliseconds(ticks: u64, timescale: u32) -> Option<u64> {
    let timescale = u128::from(timescale);
    let doubled = u128::from(ticks).checked_mul(2000)?.checked_add(timescale)?;
    let rounded = doubled.checked_div(timescale.checked_mul(2)?)?;
    u64::try_from(rounded).ok().map(|duration| duration.max(u64::from(ticks > 0)))
}

/// The top level of the file.
#[derive(Default)]
struct Layout {
    brands: Vec<String>,
    mime: Option<&'static str>,
    moov: Option<Place>,
    first_media: Option<u64>,
    first_moof: Option<u64>,
    /// Milliseconds that the first segment index (`sidx`) adds up to.
    index_ms: Option<u64>,
    notes: Vec<Note>,
}

impl Layout {
    fn read(reader: &Reader<'_>) -> Result<Layout, MediaFault> {
        let mut layout = Layout::default();
        let mut at = 0;
        while at < reader.len() {
            if layout.moov.is_some() && reader.should_hurry() {
                layout.note(Note::ReadInPart);
                break;
            }
            match top_box(reader, at)? {
                Top::Whole(place) => {
                    layout.take(reader, place)?;
                    at = place.end;
                }
                Top::Cut { name, missing } => {
                    let vital = matches!(&name, b"mdat" | b"moov" | b"moof" | b"sidx");
                    if vital || !layout.is_complete() {
                        return Err(cut(&name, missing));
                    }
                    layout.note(Note::TrailingBytes);
                    break;
                }
                Top::Nonsense { blank } => {
                    if layout.is_complete() {
                        layout.note(Note::TrailingBytes);
                        break;
                    }
                    if blank {
                        let part = amount(reader.len() - at);
                        return Err(MediaFault::truncated(format!(
                            "{part} at its end are blank, so it was never fully written"
                        )));
                    }
                    return Err(MediaFault::damaged(format!("what should follow at byte {at} is not there")));
                }
            }
        }
        Ok(layout)
    }

    fn take(&mut self, reader: &Reader<'_>, place: Place) -> Result<(), MediaFault> {
        match &place.name {
            b"ftyp" if self.brands.is_empty() => self.read_brands(reader, place)?,
            b"moov" => self.moov = self.moov.or(Some(place)),
            b"mdat" => self.first_media = self.first_media.or(Some(place.start)),
            b"moof" => {
                self.first_media = self.first_media.or(Some(place.start));
                self.first_moof = self.first_moof.or(Some(place.start));
            }
            b"sidx" if self.index_ms.is_none() => {
                let index = fragments::read_index(reader, place)?;
                self.index_ms = Some(index.ms);
                if index.reach > reader.len() {
                    return Err(cut(b"mdat", index.reach - reader.len()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Major brand, version, then compatible brands; thirty-two of them are plenty.
    fn read_brands(&mut self, reader: &Reader<'_>, place: Place) -> Result<(), MediaFault> {
        let bytes = reader.up_to(place.body, place.end, 8 + 32 * 4)?;
        let words = bytes.chunks_exact(4).enumerate().filter(|(index, _)| *index != 1);
        self.brands = words.map(|(_, brand)| String::from_utf8_lossy(brand).into_owned()).collect();
        self.mime = match self.brands.first() {
            Some(major) if major.starts_with("3g2") => Some("video/3gpp2"),
            Some(major) if major.starts_with("3gp") => Some("video/3gpp"),
            _ => None,
        };
        Ok(())
    }

    /// QuickTime came first and had no `ftyp`.
    fn container(&self) -> Container {
        match self.brands.first().map(String::as_str) {
            None | Some("qt  ") => Container::Mov,
            Some(_) => Container::Mp4,
        }
    }

    /// Index and media are there, so what follows is not needed.
    fn is_complete(&self) -> bool {
        self.moov.is_some() && self.first_media.is_some()
    }

    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn cut(name: &[u8; 4], missing: u64) -> MediaFault {
    let missing = amount(missing);
    MediaFault::truncated(match name {
        b"mdat" | b"moof" => format!("{missing} of the video data are missing at its end"),
        b"moov" => format!("{missing} of the index (“moov”) are missing at its end"),
        _ => format!("{missing} are missing at its end"),
    })
}

fn amount(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
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
    let left = reader.len().saturating_sub(at);
    if left < 8 {
        let rest = reader.up_to(at, reader.len(), 8)?;
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

/// What `moov` says, with the one picture and the one sound track that count.
#[derive(Default)]
struct Movie {
    timescale: u32,
    duration: Option<u64>,
    turn: Turn,
    picture: Option<PictureTrack>,
    sound: Option<Sound>,
    edit_list: bool,
    /// `mvex` is there: fragments follow.
    extends: bool,
    fragment_duration: Option<u64>,
}

struct PictureTrack {
    id: u32,
    enabled: bool,
    width: u32,
    height: u32,
    turn: Turn,
    duration: Option<u64>,
    timescale: u32,
    media_duration: Option<u64>,
    entry: Picture,
    pace: Pace,
    /// The media lies in other files.
    external: bool,
    /// From `trex`: how long a sample of a fragment lasts when the fragment does not say.
    sample_duration: u32,
}

impl Movie {
    fn read(reader: &Reader<'_>, moov: Place) -> Result<Movie, MediaFault> {
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
        self.edit_list |= track.edit_list && matches!(&track.handler, b"vide" | b"soun");
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
                if let Some(beyond) = track.reach.and_then(|reach| (reach + 1).checked_sub(reader.len()))
                    && beyond > 0
                    && !track.external
                {
                    return Err(cut(b"mdat", beyond));
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

/// A number whose width and place hang on the version byte. All ones means "not known".
fn versioned(reader: &Reader<'_>, place: Place, short: usize, long: usize) -> Result<Option<u64>, Halt> {
    let bytes = reader.up_to(place.body, place.end, long + 8)?;
    let number = match bytes.first() {
        Some(1) => be64(&bytes, long).filter(|number| *number != u64::MAX),
        _ => be32(&bytes, short).filter(|number| *number != u32::MAX).map(u64::from),
    };
    Ok(number)
}

/// The entry count of a full box that starts with one.
fn counted(reader: &Reader<'_>, place: Place) -> Result<u32, Halt> {
    Ok(be32(&reader.up_to(place.body, place.end, 8)?, 4).unwrap_or(0))
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
struct Turn {
    /// Clockwise quarter turns, 0 to 3.
    quarters: u8,
    /// Mirrored, or not by quarters.
    odd: bool,
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

    fn then(self, other: Turn) -> Turn {
        Turn { quarters: (self.quarters + other.quarters) % 4, odd: self.odd || other.odd }
    }
}
