//! ISO base media (ISO/IEC 14496-12) and QuickTime: from the boxes to a [`Probe`].
//!
//! The top level is walked once, header by header; the index (`movie`) and the fragments (`fragments`) are read
//! after that, because the index may lie at the end.
//!
//! Deliberately not here: what lies inside the boxes.

use super::boxes::{Place, Top, milliseconds, top_box};
use super::bytes::Reader;
use super::fault::{MediaFault, amount};
use super::fragments::{self, Fragments};
use super::movie::{Movie, PictureTrack, Turn};
use super::{Container, Moov, Note, Probe, Video, bit_rate};

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
        size: reader.file_len(),
        mime: layout.mime.unwrap_or(container.mime()).to_owned(),
        container,
        brands: layout.brands,
        duration_ms,
        bit_rate: bit_rate(reader.file_len(), duration_ms),
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
        while at < reader.file_len() {
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
                        return Err(MediaFault::cut(&name, missing));
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
                        let part = amount(reader.file_len() - at);
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
                if index.reach > reader.file_len() {
                    return Err(MediaFault::cut(b"mdat", index.reach - reader.file_len()));
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
