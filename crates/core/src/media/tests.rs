//! The probe, held against files of our own making.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::bytes::Bytes;
use super::fault::{Difference, ReadTrouble};
use super::fixture::{Mp4, mp4};
use super::*;

/// Counts what is asked of a source.
pub struct Counted<S> {
    pub source: S,
    pub bytes: Cell<u64>,
    pub calls: Cell<u64>,
    pub largest: Cell<usize>,
}

pub fn counted<S>(source: S) -> Counted<S> {
    Counted { source, bytes: Cell::new(0), calls: Cell::new(0), largest: Cell::new(0) }
}

impl<S: Bytes> Bytes for Counted<S> {
    fn size(&self) -> io::Result<u64> {
        self.source.size()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(offset, into)?;
        self.bytes.set(self.bytes.get() + count as u64);
        self.calls.set(self.calls.get() + 1);
        self.largest.set(self.largest.get().max(into.len()));
        Ok(count)
    }
}

impl Bytes for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or(&[]);
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

pub struct Folder(pub tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn video(&self, name: &str, video: &Mp4) -> PathBuf {
        let path = self.0.path().join(name);
        video.write(&path).unwrap();
        path
    }
}

fn code(result: Result<Probe, MediaFault>) -> &'static str {
    result.map_or_else(|fault| fault.code(), |_| "fine")
}

fn position(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// Overwrites the bytes at `offset` from the box named `name`'s four letters.
fn patch(mut bytes: Vec<u8>, name: &[u8; 4], offset: isize, with: &[u8]) -> Vec<u8> {
    let at = position(&bytes, name).checked_add_signed(offset).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

#[test]
fn an_ordinary_mp4_is_read_in_full() {
    let bytes = mp4().bytes();
    let probe = probe_bytes(&bytes).unwrap();
    let expected = Probe {
        size: bytes.len() as u64,
        mime: "video/mp4".into(),
        container: Container::Mp4,
        brands: vec!["isom".into(), "isom".into(), "mp42".into()],
        duration_ms: Some(2000),
        bit_rate: Some(bytes.len() as u64 * 4),
        video: Some(Video {
            codec: "h264".into(),
            profile: Some(100),
            level: Some(40),
            coded_width: 1280,
            coded_height: 720,
            width: 1280,
            height: 720,
            rotation: 0,
            frame_rate: Some(30.0),
            variable_frame_rate: false,
            bit_depth: Some(8),
            chroma: Some(Chroma::Quarter),
            transfer: None,
        }),
        audio: Some(Audio {
            codec: "aac".into(),
            channels: Some(2),
            sample_rate: Some(48_000),
            bit_rate: Some(128_000),
        }),
        moov: Some(Moov::Front),
        fragmented: false,
        notes: vec![],
    };
    assert_eq!(probe, expected);
    let json = serde_json::to_string(&probe).unwrap();
    assert_eq!(serde_json::from_str::<Probe>(&json).unwrap(), probe);
}

#[test]
fn what_the_file_is_like_shows() {
    type Fact = fn(&Probe) -> String;
    fn check(video: Mp4, fact: Fact, expected: &str) {
        let probe = probe_bytes(&video.bytes()).unwrap_or_else(|fault| panic!("{expected}: {fault}"));
        assert_eq!(fact(&probe), expected, "{video:?}");
    }
    let moov: Fact = |probe| format!("{:?} {}", probe.moov.unwrap(), probe.fragmented);
    let shape: Fact = |probe| {
        let video = probe.video.as_ref().unwrap();
        let (coded, shown) = ((video.coded_width, video.coded_height), (video.width, video.height));
        format!("{coded:?} {shown:?} {}", video.rotation)
    };
    let length: Fact = |probe| format!("{:?} {:?}", probe.duration_ms, video(probe).frame_rate);
    let kind: Fact = |probe| format!("{:?} {}", probe.container, probe.mime);
    let notes: Fact = |probe| format!("{:?}", probe.notes);
    let sound: Fact = |probe| format!("{}", probe.audio.is_some());
    fn video(probe: &Probe) -> &Video {
        probe.video.as_ref().unwrap()
    }

    check(mp4(), moov, "Front false");
    check(mp4().moov(Moov::End), moov, "End false");
    check(mp4().fragments(3), moov, "Front true");
    check(mp4().picture(1920, 1080), shape, "(1920, 1080) (1920, 1080) 0");
    check(mp4().picture(1920, 1080).rotation(90), shape, "(1920, 1080) (1080, 1920) 90");
    check(mp4().picture(1920, 1080).rotation(180), shape, "(1920, 1080) (1920, 1080) 180");
    check(mp4().picture(1920, 1080).rotation(270), shape, "(1920, 1080) (1080, 1920) 270");
    check(mp4().duration_ms(61_500), length, "Some(61500) Some(30.0)");
    check(mp4().duration_ms(86_400_000).frames_per_second(60), length, "Some(86400000) Some(60.0)");
    check(mp4().fragments(4).frames_per_second(25), length, "Some(2000) Some(25.0)");
    check(mp4().brand(*b"qt  "), kind, "Mov video/quicktime");
    check(mp4().brand(*b"3gp5"), kind, "Mp4 video/3gpp");
    check(mp4().brand(*b"M4V "), kind, "Mp4 video/mp4");
    check(mp4().with_edit_list(), notes, "[EditList]");
    check(mp4(), sound, "true");
    check(mp4().silent(), sound, "false");
}

#[test]
fn oddities_of_the_structure_are_understood() {
    fn check(topic: &str, bytes: Vec<u8>, expected: &str) {
        let found = match probe_bytes(&bytes) {
            Ok(probe) => {
                let video = probe.video.as_ref().unwrap();
                format!("{:?} {} {:?}", probe.duration_ms, video.codec, probe.notes)
            }
            Err(fault) => fault.code().to_owned(),
        };
        assert_eq!(found, expected, "{topic}");
    }
    let file = || mp4().bytes();
    check("no ftyp, as QuickTime once had", file().split_off(24), "Some(2000) h264 []");
    check("mvhd says 0, tracks know", patch(file(), b"mvhd", 20, &[0; 4]), "Some(2000) h264 []");
    check("mvhd says unknown", patch(file(), b"mvhd", 20, &[255; 4]), "Some(2000) h264 []");
    check("mvhd has no timescale", patch(file(), b"mvhd", 16, &[0; 4]), "Some(2000) h264 []");
    check("another codec", patch(file(), b"avc1", 0, b"hvc1"), "Some(2000) hevc []");
    check("an unheard-of codec", patch(file(), b"avc1", 0, b"zzz9"), "Some(2000) zzz9 []");
    check("encrypted", patch(file(), b"avc1", 0, b"encv"), "Some(2000) encv [Encrypted]");
    check(
        "mirrored",
        patch(file(), b"tkhd", 44, &(-0x1_0000i32).to_be_bytes()),
        "Some(2000) h264 [OddMatrix]",
    );
    check("junk after the end", [file(), vec![0xee; 100]].concat(), "Some(2000) h264 [TrailingBytes]");
    check("blanks after the end", [file(), vec![0; 5000]].concat(), "Some(2000) h264 [TrailingBytes]");
    check("five bytes after the end", [file(), vec![7; 5]].concat(), "Some(2000) h264 [TrailingBytes]");
    let mdat_to_end = |bytes| patch(bytes, b"mdat", -4, &[0; 4]);
    check("mdat runs to the end", mdat_to_end(file()), "Some(2000) h264 []");
    check("fragments of a stream that began an hour ago", an_hour_later(), "Some(2000) h264 []");
    check("media elsewhere", patch(file(), b"url ", 4, &[0; 4]), "unsupported");
    check("compressed index", patch(file(), b"mvhd", 0, b"cmov"), "unsupported");
    check("both lie: 0 seconds", mp4().duration_ms(0).bytes(), "zero_length");
    check("no samples at all", patch(file(), b"stts", 8, &[0; 4]), "zero_length");
    check("no picture track", patch(file(), b"vide", 0, b"text"), "not_video");
}

/// Two fragments whose decode times start at one hour, as recordings of live streams have them.
fn an_hour_later() -> Vec<u8> {
    let mut bytes = mp4().fragments(2).bytes();
    let hour = 3600 * 90_000_u64;
    let times: Vec<usize> = (0..bytes.len() - 16).filter(|at| bytes[*at..].starts_with(b"tfdt")).collect();
    assert_eq!(times.len(), 2);
    for (at, frames) in times.into_iter().zip([0, 30]) {
        bytes[at + 8..at + 16].copy_from_slice(&(hour + frames * 3000).to_be_bytes());
    }
    bytes
}

#[test]
fn a_cut_or_broken_file_says_what_is_wrong() {
    fn check(topic: &str, bytes: Vec<u8>, expected: MediaFault) {
        assert_eq!(probe_bytes(&bytes).unwrap_err(), expected, "{topic}");
    }
    let truncated = |detail: &str| MediaFault::truncated(detail);
    let front = mp4().bytes();
    let end = mp4().moov(Moov::End).bytes();
    let cut = |bytes: &[u8], keep: usize| bytes[..keep].to_vec();
    let mdat = position(&front, b"mdat") - 4;

    check("nothing", vec![], MediaFault::Empty);
    check(
        "media cut, index in front",
        cut(&front, front.len() - 70),
        truncated("its end is missing, 70 bytes of video data"),
    );
    check(
        "media cut by half",
        cut(&front, front.len() - 32_000),
        truncated("its end is missing, 32 kB of video data"),
    );
    check("no media", cut(&front, mdat), truncated("its index points at media beyond its end"));
    let fragmented = mp4().fragments(2).bytes();
    let only_index = cut(&fragmented, position(&fragmented, b"moof") - 4);
    check("no fragments", only_index, truncated("it has an index but no video data"));
    check(
        "index cut",
        cut(&end, end.len() - 1),
        truncated("its end is missing, 1 byte of the index (“moov”)"),
    );
    check("index missing", cut(&end, position(&end, b"moov") - 4), MediaFault::NoMoov);
    check(
        "recording broke off",
        {
            let mdat = position(&end, b"mdat");
            let mut bytes = cut(&end, mdat + 5000);
            bytes[mdat - 4..mdat].fill(0);
            bytes
        },
        MediaFault::NoMoov,
    );
    check("only ftyp", cut(&end, 24), MediaFault::NoMoov);
    check(
        "index never written",
        {
            let moov = position(&end, b"moov") - 4;
            let mut bytes = end.clone();
            bytes[moov..].fill(0);
            bytes
        },
        truncated(&format!(
            "{} bytes at its end are blank, so it was never fully written",
            end.len() - position(&end, b"moov") + 4
        )),
    );
    check(
        "set aside, never written",
        vec![0; 9000],
        truncated("its beginning is blank, so it was never fully written"),
    );
    let open_and_cut = patch(cut(&front, mdat + 100), b"mdat", -4, &[0; 4]);
    assert_eq!(code(probe_bytes(&open_and_cut)), "truncated", "the index points beyond the end");
    let inner = patch(front.clone(), b"mdia", -4, &[0x7f, 0xff, 0xff, 0xff]);
    check("a box runs past its parent", inner, MediaFault::damaged("its index is broken inside “trak”"));
    let small = patch(front.clone(), b"mdia", -4, &[0, 0, 0, 7]);
    check("a box smaller than its header", small, MediaFault::damaged("its index is broken inside “trak”"));
}

#[test]
fn what_is_not_a_video_is_named() {
    fn check(head: &[u8], expected: &str) {
        let mut bytes = head.to_vec();
        bytes.resize(head.len().max(40), b'\x01');
        let found = match probe_bytes(&bytes) {
            Ok(probe) => {
                assert_eq!(probe.notes, [Note::RecognisedOnly]);
                format!("{:?} {}", probe.container, probe.mime)
            }
            Err(MediaFault::NotVideo { looks_like }) => looks_like.unwrap_or("?".into()),
            Err(fault) => fault.code().into(),
        };
        assert_eq!(found, expected, "{head:02x?}");
    }
    check(b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture");
    check(b"\x89PNG\r\n\x1a\n", "a PNG picture");
    check(b"GIF89a", "a GIF picture");
    check(b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP picture");
    check(b"\0\0\0\x18ftypheic\0\0\0\0mif1", "a HEIC picture");
    check(b"\0\0\0\x18ftypavif\0\0\0\0mif1", "an AVIF picture");
    check(b"ID3\x04", "a sound file (MP3)");
    check(b"\xff\xfb\x90\x64", "a sound file (MP3)");
    check(b"\xff\xf1\x50\x80", "a sound file (AAC)");
    check(b"RIFF\x10\0\0\0WAVEfmt ", "a sound file (WAV)");
    check(b"fLaC\0\0\0\x22", "a sound file (FLAC)");
    check(b"\0\0\0\x18ftypM4A \0\0\0\0M4A ", "a sound file (M4A)");
    check(b"OggS\0\x02............................\x01vorbis", "a sound file (Ogg)");
    check(b"%PDF-1.7", "a PDF document");
    check(b"PK\x03\x04", "a ZIP archive or an office document");
    check(b"<!DOCTYPE html><html><body>Sign in to download this file</body></html>", "a web page");
    check(b"These are only words, and there are many of them.", "a text file");
    check(b"\x02\x03\x05\x07\x0b\x0d", "?");
    check(b"x", "?");

    check(b"RIFF\x10\0\0\0AVI LIST", "Avi video/x-msvideo");
    check(b"FLV\x01\x05\0\0\0\x09", "Flv video/x-flv");
    check(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "Asf video/x-ms-wmv");
    check(b"\0\0\x01\xba\x44", "MpegPs video/mpeg");
    check(b"OggS\0\x02............................\x80theora", "Ogg video/ogg");
    check(&[&[0x47; 1][..], &[0xff; 187]].concat().repeat(5), "MpegTs video/mp2t");
    check(&[&[0, 0, 0, 9, 0x47][..], &[0xff; 187]].concat().repeat(5), "MpegTs video/mp2t");
}

#[test]
fn what_cannot_be_opened_says_so() {
    let folder = Folder::new();
    let missing = folder.0.path().join("gone.mp4");
    assert_eq!(code(probe(&missing)), "missing");
    assert_eq!(code(probe(folder.0.path())), "not_a_file");
    assert_eq!(code(probe(&folder.file("empty.mp4", b"").join("below.mp4"))), "missing");
    assert_eq!(code(probe(&folder.file("empty.mp4", b""))), "empty");
    let denied = MediaFault::from(io::Error::from(io::ErrorKind::PermissionDenied));
    assert_eq!(denied, MediaFault::Unreadable { kind: ReadTrouble::PermissionDenied });
}

#[test]
fn every_fault_has_its_code_and_a_sentence() {
    let faults = [
        MediaFault::Missing,
        MediaFault::NotAFile,
        MediaFault::Unreadable { kind: ReadTrouble::InUse },
        MediaFault::Empty,
        MediaFault::NotVideo { looks_like: Some("a JPEG picture".into()) },
        MediaFault::NotVideo { looks_like: None },
        MediaFault::truncated("70 bytes are missing at its end"),
        MediaFault::damaged("its index is broken"),
        MediaFault::NoMoov,
        MediaFault::ZeroLength,
        MediaFault::unsupported("its index is compressed"),
        MediaFault::Changed { what: Difference::Length },
    ];
    for fault in faults {
        let json = serde_json::to_value(&fault).unwrap();
        assert_eq!(json["code"], fault.code());
        assert_eq!(serde_json::from_value::<MediaFault>(json).unwrap(), fault);
        let sentence = fault.to_string();
        assert!(sentence.ends_with('.') && sentence.len() > 60, "{sentence}");
        assert!(!sentence.contains("  ") && !sentence.contains('{'), "{sentence}");
    }
}
