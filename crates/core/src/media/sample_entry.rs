//! Sample descriptions (`stsd`, ISO/IEC 14496-12 §8.5.2, and the QuickTime File Format's): which codec a track
//! uses and what its pictures or sounds are like.
//!
//! An entry is taken into memory, at most 64 KiB of it, and read as a slice. What is odd inside an entry is
//! passed over: old writers left stray bytes there, and players play those files.
//!
//! Deliberately not here: the codecs' own records (`codec`).

use super::boxes::{Place, child};
use super::bytes::{LARGEST_READ, Reader, be16, be32, be64};
use super::codec::{self, Codec};
use super::fault::MediaFault;
use super::{Audio, Transfer};

/// A picture track's description.
#[derive(Debug)]
pub struct Picture {
    pub codec: Codec,
    pub width: u16,
    pub height: u16,
    pub transfer: Option<Transfer>,
    pub encrypted: bool,
    pub dolby_vision: bool,
    /// Width and height of one pixel.
    pixel: Option<(u32, u32)>,
}

impl Picture {
    /// The width after pixel shape, for tracks that do not tell how they are shown.
    pub fn shaped_width(&self) -> u32 {
        let width = u64::from(self.width);
        match self.pixel {
            Some((across, down)) if across > 0 && down > 0 => {
                let shaped = (width * u64::from(across) + u64::from(down) / 2) / u64::from(down);
                u32::try_from(shaped).unwrap_or(u32::from(self.width))
            }
            _ => u32::from(self.width),
        }
    }
}

/// A sound track's description.
#[derive(Debug)]
pub struct Sound {
    pub audio: Audio,
    pub encrypted: bool,
}

/// Reads the first entry of a picture track's `stsd`; `None` when there is none.
pub fn picture(reader: &Reader<'_>, stsd: Place) -> Result<Option<Picture>, MediaFault> {
    let Some((fourcc, entry)) = first_entry(reader, stsd)? else { return Ok(None) };
    let Some(inner) = entry.get(78..) else {
        return Err(MediaFault::damaged("its picture track is not described in full"));
    };
    let name = real_name(fourcc, inner);
    let mut picture = Picture {
        codec: match codec::picture_name(name) {
            Some(name) => Codec::named(name),
            None => Codec { name: codec::letters(name), ..Codec::default() },
        },
        width: be16(&entry, 24).unwrap_or(0),
        height: be16(&entry, 26).unwrap_or(0),
        transfer: None,
        encrypted: &fourcc == b"encv",
        dolby_vision: matches!(&name, b"dvh1" | b"dvhe" | b"dva1" | b"dvav" | b"dav1"),
        pixel: None,
    };
    match &name {
        b"apcn" | b"apch" | b"apcs" | b"apco" => {
            (picture.codec.bit_depth, picture.codec.chroma) = (Some(10), Some(super::Chroma::Half));
        }
        b"ap4h" | b"ap4x" => picture.codec.chroma = Some(super::Chroma::Full),
        _ => {}
    }
    for (name, content) in boxes(inner) {
        match &name {
            b"avcC" => picture.codec.read_avc(content),
            b"hvcC" => picture.codec.read_hevc(content),
            b"av1C" => picture.codec.read_av1(content),
            b"vpcC" => {
                let transfer = picture.codec.read_vp(content).and_then(Transfer::from_number);
                picture.transfer = picture.transfer.or(transfer);
            }
            b"esds" => {
                if let Some(name) = codec::elementary_stream(content).and_then(|stream| stream.name) {
                    name.clone_into(&mut picture.codec.name);
                }
            }
            b"dvcC" | b"dvvC" | b"dvwC" => picture.dolby_vision = true,
            b"pasp" => picture.pixel = be32(content, 0).zip(be32(content, 4)),
            b"colr" if matches!(content.get(..4), Some(b"nclx" | b"nclc")) => {
                let transfer = be16(content, 6).map(u64::from).and_then(Transfer::from_number);
                picture.transfer = transfer.or(picture.transfer);
            }
            _ => {}
        }
    }
    Ok(Some(picture))
}

/// Reads the first entry of a sound track's `stsd`; `None` when there is none or it is too short to say anything.
pub fn sound(reader: &Reader<'_>, stsd: Place) -> Result<Option<Sound>, MediaFault> {
    let Some((fourcc, entry)) = first_entry(reader, stsd)? else { return Ok(None) };
    let (Some(version), Some(channels), Some(rate)) = (be16(&entry, 8), be16(&entry, 16), be32(&entry, 24))
    else {
        return Ok(None);
    };
    // QuickTime's second and third layout carry more numbers before the inner boxes (QTFF, Sound sample
    // description, versions 1 and 2).
    let inner = match version {
        1 => entry.get(44..),
        2 => entry.get(64..),
        _ => entry.get(28..),
    };
    let inner = inner.unwrap_or(&[]);
    let name = real_name(fourcc, inner);
    let mut audio = Audio {
        codec: codec::sound_name(name).map_or_else(|| codec::letters(name), str::to_owned),
        channels: Some(channels).filter(|channels| *channels > 0),
        sample_rate: Some(rate >> 16).filter(|rate| *rate > 0),
        bit_rate: None,
    };
    if version == 2 {
        let rate = be64(&entry, 32).map(f64::from_bits);
        let plausible = |rate: &f64| (1.0..=1e7).contains(rate);
        audio.sample_rate = rate.filter(plausible).map(|rate| rate.round() as u32);
        audio.channels = be32(&entry, 40).and_then(|channels| u16::try_from(channels).ok());
    }
    read_inner_sound(inner, &mut audio, 0);
    Ok(Some(Sound { audio, encrypted: &fourcc == b"enca" }))
}

/// QuickTime wraps the inner boxes once more, in `wave`.
fn read_inner_sound(inner: &[u8], audio: &mut Audio, depth: u8) {
    for (name, content) in boxes(inner) {
        match &name {
            b"wave" if depth == 0 => read_inner_sound(content, audio, 1),
            b"esds" => {
                if let Some(stream) = codec::elementary_stream(content) {
                    if let Some(name) = stream.name {
                        name.clone_into(&mut audio.codec);
                    }
                    audio.bit_rate = stream.bit_rate.or(audio.bit_rate);
                    audio.channels = stream.channels.or(audio.channels);
                    audio.sample_rate = stream.sample_rate.or(audio.sample_rate);
                }
            }
            b"dac3" => audio.channels = codec::ac3_channels(content).or(audio.channels),
            b"dOps" => {
                audio.channels = content.get(1).map(|count| u16::from(*count)).or(audio.channels);
            }
            _ => {}
        }
    }
}

/// Four letters and what follows the header.
type Entry = ([u8; 4], Vec<u8>);

/// The first entry's four letters and content after its header.
fn first_entry(reader: &Reader<'_>, stsd: Place) -> Result<Option<Entry>, MediaFault> {
    let Some(list) = stsd.body.checked_add(8).filter(|list| *list <= stsd.end) else { return Ok(None) };
    let Some(entry) = child(reader, stsd, list)? else { return Ok(None) };
    Ok(Some((entry.name, reader.up_to(entry.body, entry.end, LARGEST_READ)?)))
}

/// Encrypted entries keep their real name inside (`sinf`/`frma`).
fn real_name(fourcc: [u8; 4], inner: &[u8]) -> [u8; 4] {
    if !matches!(&fourcc, b"encv" | b"enca") {
        return fourcc;
    }
    let sinf = boxes(inner).find(|(name, _)| name == b"sinf");
    let frma = sinf.and_then(|(_, content)| boxes(content).find(|(name, _)| name == b"frma"));
    frma.and_then(|(_, content)| be32(content, 0)).map_or(fourcc, u32::to_be_bytes)
}

/// The boxes in a slice, up to the first that makes no sense.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let size = usize::try_from(be32(bytes, 0)?).ok()?;
        let name = be32(bytes, 4)?.to_be_bytes();
        let content = bytes.get(8..size)?;
        bytes = bytes.get(size..)?;
        Some((name, content))
    })
}
