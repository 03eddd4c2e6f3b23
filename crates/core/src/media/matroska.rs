//! Matroska and WebM (RFC 9559 on top of EBML, RFC 8794): as much as a [`Probe`] needs.
//!
//! `Info` and `Tracks` are taken into memory, at most 64 KiB of each, and read as slices.
//!
//! Deliberately not here: clusters, cues, chapters and tags. A recording that does not say how long it is (browsers
//! write such) is noted as that, and not measured.

use super::bytes::{LARGEST_READ, Reader};
use super::codec::Codec;
use super::fault::{MediaFault, amount};
use super::{Audio, Container, Note, Probe, Transfer, Video, bit_rate};

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TRACKS: u32 = 0x1654_ae6b;
const CLUSTER: u32 = 0x1f43_b675;

/// Reads the head of the file.
pub fn read(reader: &Reader<'_>) -> Result<Probe, MediaFault> {
    let head = element(reader, 0)?.ok_or_else(|| MediaFault::truncated("only its first bytes are there"))?;
    let head_end = head.end.ok_or_else(|| MediaFault::damaged("its header has no length"))?;
    let header = reader.up_to(head.body, head_end, LARGEST_READ)?;
    let container = match find(&header, 0x4282) {
        Some(b"webm") => Container::WebM,
        _ => Container::Matroska,
    };
    let segment = element(reader, head_end)?.filter(|segment| segment.id == SEGMENT);
    let Some(segment) = segment else {
        return Err(MediaFault::truncated("its header is there, and no video follows"));
    };
    if let Some(missing) =
        segment.end.and_then(|end| end.checked_sub(reader.file_len())).filter(|more| *more > 0)
    {
        return Err(MediaFault::truncated(format!("its end is missing, {}", amount(missing))));
    }
    let end = segment.end.unwrap_or(reader.file_len());
    let (info, tracks) = find_parts(reader, segment.body, end)?;
    let Some(tracks) = tracks else {
        return Err(MediaFault::truncated("it does not say which tracks it has"));
    };

    let duration_ms = info.as_deref().and_then(duration_ms);
    if duration_ms == Some(0) {
        return Err(MediaFault::ZeroLength);
    }
    let entries = || elements(&tracks).filter(|(id, _)| *id == 0xae).map(|(_, entry)| entry);
    let of_kind = |kind: u64| entries().find(|entry| find(entry, 0x83).map(number) == Some(kind));
    let Some(picture) = of_kind(1) else {
        let looks_like = of_kind(2).map(|_| "a sound file (Matroska)".to_owned());
        return Err(MediaFault::NotVideo { looks_like });
    };
    let sound = of_kind(2);
    let mut notes = Vec::new();
    if duration_ms.is_none() {
        notes.push(Note::DurationUnknown);
    }
    if is_encrypted(picture) || sound.is_some_and(is_encrypted) {
        notes.push(Note::Encrypted);
    }
    Ok(Probe {
        size: reader.file_len(),
        mime: container.mime().to_owned(),
        container,
        brands: Vec::new(),
        duration_ms,
        bit_rate: bit_rate(reader.file_len(), duration_ms),
        video: Some(video(picture)),
        audio: sound.map(audio),
        moov: None,
        fragmented: false,
        notes,
    })
}

type Part = Option<Vec<u8>>;

/// Walks the segment until `Info` and `Tracks` are found, over clusters if they come first.
fn find_parts(reader: &Reader<'_>, mut at: u64, end: u64) -> Result<(Part, Part), MediaFault> {
    let (mut info, mut tracks) = (None, None);
    while at < end && (info.is_none() || tracks.is_none()) {
        if tracks.is_some() && reader.should_hurry() {
            break;
        }
        let Some(element) = element(reader, at)? else { break };
        let Some(element_end) = element.end else { break };
        if element_end > reader.file_len() {
            if tracks.is_some() && element.id != CLUSTER {
                break;
            }
            return Err(MediaFault::truncated("a part of it runs past its end"));
        }
        match element.id {
            INFO => info = Some(reader.up_to(element.body, element_end, LARGEST_READ)?),
            TRACKS => tracks = Some(reader.up_to(element.body, element_end, LARGEST_READ)?),
            _ => {}
        }
        at = element_end;
    }
    Ok((info, tracks))
}

/// `Duration` counts in units of `TimestampScale` nanoseconds, by default a million.
fn duration_ms(info: &[u8]) -> Option<u64> {
    let scale = find(info, 0x2a_d7b1).map_or(1_000_000, number);
    let ms = find(info, 0x4489).and_then(float)? * scale as f64 / 1e6;
    let plausible = (0.0..1e15).contains(&ms);
    plausible.then(|| if ms > 0.0 { ms.round().max(1.0) as u64 } else { 0 })
}

fn video(entry: &[u8]) -> Video {
    let picture = find(entry, 0xe0).unwrap_or(&[]);
    let colour = find(picture, 0x55b0).unwrap_or(&[]);
    let pixels = |id: u32| find(picture, id).and_then(|bytes| u32::try_from(number(bytes)).ok());
    let (coded_width, coded_height) = (pixels(0xb0).unwrap_or(0), pixels(0xba).unwrap_or(0));
    // Display sizes are pixels only when their unit (0x54b2) is 0, the default; otherwise they are a ratio.
    let in_pixels = find(picture, 0x54b2).is_none_or(|unit| number(unit) == 0);
    let shown = |id: u32, coded: u32| pixels(id).filter(|shown| in_pixels && *shown > 0).unwrap_or(coded);
    let (width, height) = (shown(0x54b0, coded_width), shown(0x54ba, coded_height));
    let roll = find(picture, 0x7670).and_then(|projection| find(projection, 0x7675)).and_then(float);
    let rotation = roll.map_or(0, clockwise);
    let (width, height) = if rotation % 180 == 90 { (height, width) } else { (width, height) };

    let id = find(entry, 0x86).unwrap_or(&[]);
    let private = find(entry, 0x63a2).unwrap_or(&[]);
    let mut codec = Codec::named(match id {
        b"V_MPEG4/ISO/AVC" => "h264",
        b"V_MPEGH/ISO/HEVC" => "hevc",
        b"V_AV1" => "av1",
        b"V_VP8" => "vp8",
        b"V_VP9" => "vp9",
        b"V_PRORES" => "prores",
        b"V_THEORA" => "theora",
        b"V_MPEG1" => "mpeg1",
        b"V_MPEG2" => "mpeg2",
        b"V_MJPEG" => "mjpeg",
        b"V_FFV1" => "ffv1",
        b"V_UNCOMPRESSED" => "raw",
        _ if id.starts_with(b"V_MPEG4/ISO/") => "mpeg4",
        _ => "unknown",
    });
    match codec.name.as_str() {
        "h264" => codec.read_avc(private),
        "hevc" => codec.read_hevc(private),
        "av1" => codec.read_av1(private),
        _ => {}
    }
    let depth = find(colour, 0x55b2).and_then(|bytes| u8::try_from(number(bytes)).ok());
    let frame_ns = find(entry, 0x23_e383).map(number).filter(|duration| *duration > 0);
    Video {
        codec: codec.name,
        profile: codec.profile,
        level: codec.level,
        coded_width,
        coded_height,
        width,
        height,
        rotation,
        frame_rate: frame_ns.map(|duration| (1e12 / duration as f64).round() / 1e3),
        variable_frame_rate: false,
        bit_depth: codec.bit_depth.or(depth.filter(|depth| *depth > 0)),
        chroma: codec.chroma,
        transfer: find(colour, 0x55ba).map(number).and_then(Transfer::from_number),
    }
}

/// The pose's roll counts counter-clockwise, from -180 to 180.
fn clockwise(roll: f64) -> u16 {
    let quarters = (-roll / 90.0).round();
    if quarters.is_finite() { (quarters.rem_euclid(4.0) as u16 % 4) * 90 } else { 0 }
}

fn audio(entry: &[u8]) -> Audio {
    let sound = find(entry, 0xe1).unwrap_or(&[]);
    let id = find(entry, 0x86).unwrap_or(&[]);
    let codec = match id {
        b"A_OPUS" => "opus",
        b"A_VORBIS" => "vorbis",
        b"A_FLAC" => "flac",
        b"A_AC3" => "ac-3",
        b"A_EAC3" => "e-ac-3",
        b"A_MPEG/L3" => "mp3",
        b"A_ALAC" => "alac",
        _ if id.starts_with(b"A_AAC") => "aac",
        _ if id.starts_with(b"A_PCM") => "pcm",
        _ if id.starts_with(b"A_DTS") => "dts",
        _ => "unknown",
    };
    let rate = find(sound, 0xb5).and_then(float).filter(|rate| (1.0..=1e7).contains(rate));
    Audio {
        codec: codec.to_owned(),
        channels: find(sound, 0x9f).map_or(Some(1), |bytes| u16::try_from(number(bytes)).ok()),
        sample_rate: rate.map(|rate| rate.round() as u32),
        bit_rate: None,
    }
}

/// `ContentEncodings` › `ContentEncoding` › `ContentEncryption`.
fn is_encrypted(entry: &[u8]) -> bool {
    let encoding = find(entry, 0x6d80).and_then(|encodings| find(encodings, 0x6240));
    encoding.is_some_and(|encoding| find(encoding, 0x5035).is_some())
}

struct Element {
    id: u32,
    body: u64,
    /// `None` when the length is left open, as live streams do.
    end: Option<u64>,
}

/// The element header at `at`; `None` at the end of the file or when there is none.
fn element(reader: &Reader<'_>, at: u64) -> Result<Option<Element>, MediaFault> {
    reader.visit()?;
    let head = reader.up_to(at, reader.file_len(), 12)?;
    let Some((id, size, used)) = header(&head) else { return Ok(None) };
    let body = at + used as u64;
    let end = match size {
        Some(size) => Some(body.checked_add(size).ok_or_else(|| MediaFault::damaged("a length is absurd"))?),
        None => None,
    };
    Ok(Some(Element { id, body, end }))
}

/// Id, length (`None` when open) and how many bytes both took.
fn header(bytes: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let id_len = bytes.first()?.leading_zeros() as usize + 1;
    if id_len > 4 {
        return None;
    }
    let id = bytes.get(..id_len)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let first = *bytes.get(id_len)?;
    let size_len = first.leading_zeros() as usize + 1;
    if size_len > 8 {
        return None;
    }
    let used = id_len + size_len;
    let marked = bytes.get(id_len..used)?.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
    let mask = (1 << (7 * size_len)) - 1;
    let size = marked & mask;
    Some((id, (size != mask).then_some(size), used))
}

/// The elements in a slice, up to the first that makes no sense.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let (id, size, used) = header(bytes)?;
        let end = used.checked_add(usize::try_from(size?).ok()?)?;
        let content = bytes.get(used..end)?;
        bytes = &bytes[end..];
        Some((id, content))
    })
}

fn find(bytes: &[u8], id: u32) -> Option<&[u8]> {
    elements(bytes).find(|(found, _)| *found == id).map(|(_, content)| content)
}

/// An unsigned integer of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A float of four or eight bytes.
fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}
