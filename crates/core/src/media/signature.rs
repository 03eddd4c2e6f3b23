//! Which kind of file the first bytes belong to. The name's ending is never asked: people rename files.
//!
//! Deliberately not here: anything beyond the first few hundred bytes.

use super::Container;
use super::bytes::{be32, be64};

/// What the head of a file says.
#[derive(Debug, PartialEq, Eq)]
pub enum Signature {
    /// ISO base media or QuickTime: read on in `mp4`.
    Boxes,
    /// Matroska or WebM: read on in `matroska`.
    Ebml,
    /// A video container that we name but do not open.
    Named(Container),
    /// Not a video, and what it looks like instead.
    Other(&'static str),
    /// The head is all zeros: space was set aside and never written.
    Zeros,
    Unknown,
}

/// How many bytes of the head [`recognise`] wants to see.
pub const HEAD: usize = 1024;

/// Reads the head. A shorter slice is fine when the file is short.
pub fn recognise(head: &[u8]) -> Signature {
    if head.len() >= 64 && head.iter().all(|byte| *byte == 0) {
        return Signature::Zeros;
    }
    if starts_with_box(head) {
        return match be32(head, 4) {
            Some(name) if name.to_be_bytes() == *b"ftyp" => by_brand(head),
            _ => Signature::Boxes,
        };
    }
    for (magic, offset, signature) in MAGIC {
        if head.get(*offset..).is_some_and(|rest| rest.starts_with(magic)) {
            return match signature {
                Magic::Ebml => Signature::Ebml,
                Magic::Riff => riff(head),
                Magic::Ogg => ogg(head),
                Magic::Video(container) => Signature::Named(*container),
                Magic::Other(name) => Signature::Other(name),
            };
        }
    }
    if is_transport_stream(head) {
        return Signature::Named(Container::MpegTs);
    }
    if let [0xff, second, third, ..] = head {
        if second & 0xf6 == 0xf0 {
            return Signature::Other("a sound file (AAC)");
        }
        if second & 0xe6 == 0xe2 && third & 0xf0 != 0xf0 {
            return Signature::Other("a sound file (MP3)");
        }
    }
    text(head)
}

enum Magic {
    Ebml,
    Riff,
    Ogg,
    Video(Container),
    Other(&'static str),
}

const MAGIC: &[(&[u8], usize, Magic)] = &[
    (&[0x1a, 0x45, 0xdf, 0xa3], 0, Magic::Ebml),
    (b"RIFF", 0, Magic::Riff),
    (b"RF64", 0, Magic::Other("a sound file (WAV)")),
    (b"OggS", 0, Magic::Ogg),
    (b"FLV\x01", 0, Magic::Video(Container::Flv)),
    (&[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11], 0, Magic::Video(Container::Asf)),
    (&[0, 0, 1, 0xba], 0, Magic::Video(Container::MpegPs)),
    (&[0, 0, 1, 0xb3], 0, Magic::Video(Container::MpegPs)),
    (&[0xff, 0xd8, 0xff], 0, Magic::Other("a JPEG picture")),
    (b"\x89PNG\r\n\x1a\n", 0, Magic::Other("a PNG picture")),
    (b"GIF87a", 0, Magic::Other("a GIF picture")),
    (b"GIF89a", 0, Magic::Other("a GIF picture")),
    (b"BM", 0, Magic::Other("a BMP picture")),
    (b"II*\0", 0, Magic::Other("a TIFF or camera raw picture")),
    (b"MM\0*", 0, Magic::Other("a TIFF or camera raw picture")),
    (b"8BPS", 0, Magic::Other("a Photoshop picture")),
    (b"ID3", 0, Magic::Other("a sound file (MP3)")),
    (b"fLaC", 0, Magic::Other("a sound file (FLAC)")),
    (b"FORM", 0, Magic::Other("a sound file (AIFF)")),
    (b"#!AMR", 0, Magic::Other("a sound file (AMR)")),
    (b"MThd", 0, Magic::Other("a MIDI file")),
    (b"%PDF-", 0, Magic::Other("a PDF document")),
    (b"PK\x03\x04", 0, Magic::Other("a ZIP archive or an office document")),
    (b"Rar!", 0, Magic::Other("a RAR archive")),
    (b"7z\xbc\xaf\x27\x1c", 0, Magic::Other("a 7-Zip archive")),
    (b"\x1f\x8b", 0, Magic::Other("a gzip archive")),
    (b"MZ", 0, Magic::Other("a Windows program")),
    (b"\x7fELF", 0, Magic::Other("a program")),
];

/// QuickTime files from before `ftyp` start with any of these; a plausible size must come before the name.
fn starts_with_box(head: &[u8]) -> bool {
    const FIRST: [&[u8; 4]; 11] =
        [b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"sidx", b"uuid"];
    let (Some(size), Some(name)) = (be32(head, 0), be32(head, 4)) else { return false };
    let plausible = match size {
        0 => true,
        1 => be64(head, 8).is_some_and(|size| size >= 16),
        _ => size >= 8,
    };
    plausible && FIRST.iter().any(|first| name.to_be_bytes() == **first)
}

/// Pictures and sound share the box format; the major brand tells (ISO/IEC 14496-12, 23008-12).
fn by_brand(head: &[u8]) -> Signature {
    match head.get(8..12) {
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => {
            Signature::Other("a HEIC picture")
        }
        Some(b"avif" | b"avis") => Signature::Other("an AVIF picture"),
        Some(b"crx ") => Signature::Other("a TIFF or camera raw picture"),
        Some(b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B ") => Signature::Other("a sound file (M4A)"),
        _ => Signature::Boxes,
    }
}

fn riff(head: &[u8]) -> Signature {
    match head.get(8..12) {
        Some(b"AVI ") => Signature::Named(Container::Avi),
        Some(b"WAVE") => Signature::Other("a sound file (WAV)"),
        Some(b"WEBP") => Signature::Other("a WebP picture"),
        _ => Signature::Unknown,
    }
}

/// An Ogg file names its streams in its first pages, one each; a Theora stream makes it a video.
fn ogg(head: &[u8]) -> Signature {
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    if has(b"\x80theora") || has(b"\x01video\0\0\0") {
        return Signature::Named(Container::Ogg);
    }
    if has(b"\x01vorbis") || has(b"OpusHead") || has(b"\x7fFLAC") || has(b"Speex   ") {
        return Signature::Other("a sound file (Ogg)");
    }
    Signature::Named(Container::Ogg)
}

/// Packets of 188 bytes start with 0x47; Blu-ray and camcorders put four bytes of time before each (192).
fn is_transport_stream(head: &[u8]) -> bool {
    [(0, 188), (4, 192)].iter().any(|(first, step)| {
        let mut marks = (0..4).map(|packet| head.get(first + packet * step));
        marks.all(|mark| mark == Some(&0x47))
    })
}

/// A page that a failed download left behind is worth its own name.
fn text(head: &[u8]) -> Signature {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    if head.len() < 4 || !head.iter().all(printable) {
        return Signature::Unknown;
    }
    let start = String::from_utf8_lossy(head);
    let start = start.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Signature::Other("a web page");
    }
    if head.iter().all(|byte| *byte < 0x80) { Signature::Other("a text file") } else { Signature::Unknown }
}
