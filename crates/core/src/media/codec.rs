//! What the codecs' own configuration records say, byte by byte, and the common names of codecs.
//!
//! Pure functions over short slices. A record that is too short says nothing rather than something wrong.
//!
//! Deliberately not here: parameter sets and everything else inside the coded pictures.

use super::Chroma;
use super::bytes::{be16, be32};

/// A codec and what its configuration tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codec {
    pub name: String,
    pub profile: Option<u8>,
    pub level: Option<u8>,
    pub bit_depth: Option<u8>,
    pub chroma: Option<Chroma>,
}

impl Codec {
    pub fn named(name: &str) -> Codec {
        Codec { name: name.to_owned(), ..Codec::default() }
    }

    /// H.264 (`avcC`, ISO/IEC 14496-15 §5.3.3). Depth and chroma follow the parameter sets in high profiles only.
    pub fn read_avc(&mut self, record: &[u8]) {
        self.profile = record.get(1).copied();
        self.level = record.get(3).copied();
        match self.profile {
            Some(66 | 77 | 88) => (self.bit_depth, self.chroma) = (Some(8), Some(Chroma::Quarter)),
            Some(_) => {
                if let Some((chroma, depth)) = avc_extension(record) {
                    self.chroma = chroma_format(chroma & 3);
                    self.bit_depth = Some((depth & 7) + 8);
                } else if self.profile == Some(100) {
                    (self.bit_depth, self.chroma) = (Some(8), Some(Chroma::Quarter));
                }
            }
            None => {}
        }
    }

    /// HEVC (`hvcC`, ISO/IEC 14496-15 §8.3.3).
    pub fn read_hevc(&mut self, record: &[u8]) {
        self.profile = record.get(1).map(|byte| byte & 31);
        self.level = record.get(12).copied();
        self.chroma = record.get(16).and_then(|byte| chroma_format(byte & 3));
        self.bit_depth = record.get(17).map(|byte| (byte & 7) + 8);
    }

    /// AV1 (`av1C`, AV1 Codec ISO Media File Format Binding §2.3).
    pub fn read_av1(&mut self, record: &[u8]) {
        let (Some(first), Some(second)) = (record.get(1), record.get(2)) else { return };
        self.profile = Some(first >> 5);
        self.level = Some(first & 31);
        self.bit_depth = Some(match second >> 5 & 3 {
            0b10 => 10,
            0b11 => 12,
            _ => 8,
        });
        // Monochrome, then subsampled across, then subsampled down.
        self.chroma = Some(match second >> 2 & 7 {
            0b000 => Chroma::Full,
            0b010 => Chroma::Half,
            0b100..=0b111 => Chroma::Grey,
            _ => Chroma::Quarter,
        });
    }

    /// VP8 and VP9 (`vpcC`, VP Codec ISO Media File Format Binding): after version and flags. Answers the
    /// number of the transfer curve.
    pub fn read_vp(&mut self, record: &[u8]) -> Option<u64> {
        self.profile = record.get(4).copied();
        self.level = record.get(5).copied();
        let packed = *record.get(6)?;
        self.bit_depth = Some(packed >> 4);
        self.chroma = match packed >> 1 & 7 {
            0 | 1 => Some(Chroma::Quarter),
            2 => Some(Chroma::Half),
            3 => Some(Chroma::Full),
            _ => None,
        };
        record.get(8).map(|transfer| u64::from(*transfer))
    }
}

/// Skips the parameter sets of an `avcC` and reads the two bytes about chroma and depth.
fn avc_extension(record: &[u8]) -> Option<(u8, u8)> {
    let mut at: usize = 5;
    for mask in [31, 255] {
        let sets = record.get(at)? & mask;
        at += 1;
        for _ in 0..sets {
            at = at.checked_add(2)?.checked_add(usize::from(be16(record, at)?))?;
        }
    }
    Some((*record.get(at)?, *record.get(at + 1)?))
}

fn chroma_format(number: u8) -> Option<Chroma> {
    match number {
        0 => Some(Chroma::Grey),
        1 => Some(Chroma::Quarter),
        2 => Some(Chroma::Half),
        3 => Some(Chroma::Full),
        _ => None,
    }
}

/// The common name of a picture codec, from its four letters in a sample entry (mp4ra.org/registered-types).
pub fn picture_name(fourcc: [u8; 4]) -> Option<&'static str> {
    Some(match &fourcc {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => "h264",
        b"hvc1" | b"hev1" | b"hvc2" | b"hev2" | b"dvh1" | b"dvhe" => "hevc",
        b"vvc1" | b"vvi1" => "vvc",
        b"av01" | b"dav1" => "av1",
        b"vp08" => "vp8",
        b"vp09" => "vp9",
        b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "prores",
        b"aprn" | b"aprh" => "prores_raw",
        b"mp4v" | b"XVID" | b"DIVX" | b"xvid" | b"divx" => "mpeg4",
        b"s263" | b"h263" | b"H263" => "h263",
        b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" | b"MJPG" | b"AVDJ" => "mjpeg",
        b"mp2v" | b"m2v1" | b"mpg2" => "mpeg2",
        b"m1v1" | b"mpg1" | b"mp1v" => "mpeg1",
        b"AVdn" => "dnxhd",
        b"AVdh" => "dnxhr",
        b"CFHD" => "cineform",
        b"png " => "png",
        b"rle " => "qtrle",
        b"SVQ1" | b"SVQ3" => "sorenson",
        b"cvid" => "cinepak",
        b"raw " | b"2vuy" | b"v210" | b"yuv2" | b"v308" | b"v408" | b"v410" => "raw",
        [b'd', b'v', b'c' | b'h' | b'p' | b'1' | b'5' | b'6', _] => "dv",
        [b'x', b'd' | b'v', _, _] | [b'h', b'd', b'v', _] | [b'm', b'x', b'3' | b'4' | b'5', _] => "mpeg2",
        _ => return None,
    })
}

/// The common name of a sound codec, from its four letters in a sample entry.
pub fn sound_name(fourcc: [u8; 4]) -> Option<&'static str> {
    Some(match &fourcc {
        b"mp4a" => "aac",
        b".mp3" | b"ms\0\x55" => "mp3",
        b"Opus" => "opus",
        b"fLaC" => "flac",
        b"alac" => "alac",
        b"ac-3" => "ac-3",
        b"ec-3" => "e-ac-3",
        b"ac-4" => "ac-4",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" | b"dtsx" => "dts",
        b"mha1" | b"mhm1" => "mpeg-h",
        b"samr" | b"sawb" => "amr",
        b"lpcm" | b"ipcm" | b"fpcm" | b"sowt" | b"twos" | b"raw " | b"NONE" | b"in24" | b"in32" | b"fl32"
        | b"fl64" => "pcm",
        b"ulaw" | b"alaw" => "g711",
        b"ima4" => "adpcm",
        _ => return None,
    })
}

/// Unknown four letters, as text that is safe to show.
pub fn letters(fourcc: [u8; 4]) -> String {
    let shown = fourcc.iter().filter(|byte| byte.is_ascii_graphic());
    let text: String = shown.map(|byte| char::from(*byte)).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// What an MPEG-4 elementary stream descriptor says (`esds`, ISO/IEC 14496-1 §7.2.6).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The picture or sound codec by its object type, when that is not the MPEG-4 one.
    pub name: Option<&'static str>,
    pub bit_rate: Option<u32>,
    pub sample_rate: Option<u32>,
    pub channels: Option<u16>,
}

/// Reads an `esds` box, from its version on.
pub fn elementary_stream(esds: &[u8]) -> Option<Stream> {
    let (tag, stream) = descriptor(esds.get(4..)?)?;
    if tag != 3 {
        return None;
    }
    let flags = *stream.get(2)?;
    let url = if flags & 0x40 > 0 { usize::from(*stream.get(3)?) + 1 } else { 0 };
    let rest = 3 + usize::from(flags & 0x80 > 0) * 2 + url + usize::from(flags & 0x20 > 0) * 2;
    let (tag, config) = descriptor(stream.get(rest..)?)?;
    if tag != 4 {
        return None;
    }
    let name = match config.first()? {
        0x20 => Some("mpeg4"),
        0x21 => Some("h264"),
        0x23 => Some("hevc"),
        0x60..=0x65 => Some("mpeg2"),
        0x6a => Some("mpeg1"),
        0x6c => Some("mjpeg"),
        0x40 | 0x66..=0x68 => Some("aac"),
        0x69 | 0x6b => Some("mp3"),
        0xa5 => Some("ac-3"),
        0xa6 => Some("e-ac-3"),
        0xa9 => Some("dts"),
        0xad => Some("opus"),
        0xdd => Some("vorbis"),
        _ => None,
    };
    let average = be32(config, 9).filter(|rate| *rate > 0);
    let mut found = Stream { name, bit_rate: average, ..Stream::default() };
    if name == Some("aac")
        && let Some((5, specific)) = config.get(13..).and_then(descriptor)
    {
        (found.sample_rate, found.channels) = aac(specific);
    }
    Some(found)
}

/// One descriptor: a tag, a length of up to four bytes of seven bits, the content.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    let mut length: usize = 0;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length = length << 7 | usize::from(byte & 127);
        if byte & 128 == 0 {
            break;
        }
    }
    Some((*tag, &rest[..length.min(rest.len())]))
}

/// Sample rate and channels of an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
fn aac(config: &[u8]) -> (Option<u32>, Option<u16>) {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
    ];
    let mut bits = Bits { bytes: config, at: 0 };
    let mut read = || {
        if bits.take(5)? == 31 {
            bits.take(6)?;
        }
        let index = bits.take(4)?;
        let rate = if index == 15 { Some(bits.take(24)?) } else { RATES.get(index as usize).copied() };
        let channels = match bits.take(4)? {
            count @ 1..=6 => Some(count as u16),
            7 | 12 | 14 => Some(8),
            11 => Some(7),
            _ => None,
        };
        Some((rate, channels))
    };
    read().unwrap_or((None, None))
}

/// Channels of an AC-3 track (`dac3`, ETSI TS 102 366 annex F): the sample entry's own count means nothing.
pub fn ac3_channels(dac3: &[u8]) -> Option<u16> {
    let mut bits = Bits { bytes: dac3, at: 10 };
    let mode = bits.take(3)?;
    let low = bits.take(1)?;
    Some([2, 1, 2, 3, 3, 4, 4, 5][mode as usize & 7] + low as u16)
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 24.
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }
}
