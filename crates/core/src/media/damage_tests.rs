//! Files damaged in every way we can think of: the probe answers, soon, and within its memory.
//!
//! Every buffer that the probe fills is as large as the read it asks for, so the largest read bounds what it
//! allocates; and every loop of it reads, so the number of reads bounds how long it runs.
#![allow(clippy::unwrap_used)]

use std::io;

use proptest::prelude::*;

use super::bytes::{BOX_BUDGET, Bytes, LARGEST_READ, READ_BUDGET};
use super::fixture::{Mp4, mp4};
use super::tests::counted;
use super::*;

fn check(bytes: Vec<u8>) -> Result<Probe, MediaFault> {
    let len = bytes.len() as u64;
    let source = counted(bytes);
    let result = probe_bytes(&source);
    assert!(source.largest.get() <= LARGEST_READ, "one read of {}", source.largest.get());
    assert!(source.bytes.get() <= READ_BUDGET);
    // A small file is read a few times over at most, however its boxes claim to lie.
    let most = 64 + len;
    assert!(source.calls.get() <= most, "{} reads of a file of {len}", source.calls.get());
    match &result {
        Ok(probe) => {
            assert_eq!(probe.size, len);
            assert_ne!(probe.duration_ms, Some(0));
            let rate = probe.video.as_ref().and_then(|video| video.frame_rate);
            assert!(rate.is_none_or(|rate| rate.is_finite() && rate >= 0.0));
            let json = serde_json::to_string(probe).unwrap();
            assert_eq!(serde_json::from_str::<Probe>(&json).unwrap(), *probe);
        }
        Err(fault) => assert!(fault.to_string().ends_with('.')),
    }
    result
}

fn any_video() -> impl Strategy<Value = Mp4> {
    let shape = (any::<bool>(), any::<bool>(), any::<bool>(), 0..4u32, 0..4u16, 0..5_000u64, 0..20_000u32);
    shape.prop_map(|(end, silent, edits, fragments, quarters, media, duration)| {
        let video = mp4().media_len(media).duration_ms(duration).fragments(fragments).rotation(quarters * 90);
        let video = if end { video.moov(Moov::End) } else { video };
        let video = if silent { video.silent() } else { video };
        if edits { video.with_edit_list() } else { video }
    })
}

/// Numbers that break arithmetic.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just(0u32),
        Just(1),
        Just(7),
        Just(8),
        Just(9),
        Just(0x7fff_ffff),
        Just(0x8000_0000),
        Just(u32::MAX),
        Just(u32::MAX - 7),
        any::<u32>()
    ];
    prop::collection::vec(word, 1..3)
        .prop_map(|words| words.iter().flat_map(|word| word.to_be_bytes()).collect())
}

fn overwrite(bytes: &mut [u8], at: prop::sample::Index, with: &[u8]) {
    let at = at.index(bytes.len());
    let end = bytes.len().min(at + with.len());
    bytes[at..end].copy_from_slice(&with[..end - at]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_sound_file_is_read(video in any_video()) {
        let result = check(video.bytes());
        prop_assert!(matches!(result, Ok(_) | Err(MediaFault::ZeroLength)), "{result:?}");
    }

    /// Nobody may be told "fine" about half a file.
    #[test]
    fn a_cut_file_is_never_taken_for_whole(
        video in (0..5_000u64, any::<bool>()),
        cut in any::<prop::sample::Index>(),
    ) {
        let (media, end) = video;
        let video = mp4().media_len(media);
        let mut bytes = if end { video.moov(Moov::End).bytes() } else { video.bytes() };
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(check(bytes).is_err());
    }

    #[test]
    fn flipped_bytes_do_no_harm(
        video in any_video(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 1..12),
    ) {
        let mut bytes = video.media_len(40).bytes();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        let _ = check(bytes);
    }

    #[test]
    fn absurd_numbers_do_no_harm(
        video in any_video(),
        numbers in prop::collection::vec((any::<prop::sample::Index>(), nasty()), 1..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut bytes = video.media_len(40).bytes();
        for (at, number) in numbers {
            overwrite(&mut bytes, at, &number);
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = check(bytes);
    }

    /// Sizes and the fields right behind the names are where parsers go wrong, so they are hit on purpose.
    #[test]
    fn absurd_sizes_do_no_harm(
        video in any_video(),
        hits in prop::collection::vec((0..NAMES.len(), -8..64isize, nasty()), 1..4),
    ) {
        let mut bytes = video.media_len(40).bytes();
        for (name, offset, number) in hits {
            let found = bytes.windows(4).position(|window| window == NAMES[name]);
            if let Some(at) = found.and_then(|at| at.checked_add_signed(offset)) {
                let end = bytes.len().min(at + number.len());
                if at < end {
                    bytes[at..end].copy_from_slice(&number[..end - at]);
                }
            }
        }
        let _ = check(bytes);
    }

    #[test]
    fn noise_after_any_beginning_does_no_harm(
        start in prop::sample::select(BEGINNINGS),
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let _ = check([start, &noise].concat());
    }

    /// Elements that make some sense get deeper into the Matroska reader than noise.
    #[test]
    fn absurd_elements_do_no_harm(
        parts in prop::collection::vec(prop_oneof![
            prop::sample::select(ELEMENTS).prop_map(<[u8]>::to_vec),
            nasty(),
            prop::collection::vec(any::<u8>(), 0..9),
        ], 0..40),
    ) {
        let _ = check([BEGINNINGS[1].to_vec(), parts.concat()].concat());
    }
}

const NAMES: &[&[u8; 4]] = &[
    b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr", b"minf",
    b"dinf", b"dref", b"url ", b"stbl", b"stsd", b"avc1", b"avcC", b"mp4a", b"esds", b"stts", b"stsz",
    b"co64", b"mvex", b"trex", b"moof", b"traf", b"tfhd", b"tfdt", b"trun", b"mdat",
];

const BEGINNINGS: &[&[u8]] = &[
    b"\0\0\0\x14ftypisom\0\0\0\0isom",
    b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\0moov",
    b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\x0cftypqt  \0\0\0\0moov",
    b"RIFF",
    b"OggS",
    b"\xff",
    b"\x47",
    b"",
];

const ELEMENTS: &[&[u8]] = &[
    b"\x15\x49\xa9\x66",
    b"\x16\x54\xae\x6b",
    b"\x1f\x43\xb6\x75",
    b"\xae",
    b"\x83\x81\x01",
    b"\x83\x81\x02",
    b"\x86\x85V_VP9",
    b"\xe0\x88",
    b"\xb0\x82\x05\x00",
    b"\xba\x82\x02\xd0",
    b"\x44\x89\x84\x45\xfa\x00\x00",
    b"\x2a\xd7\xb1\x83\x0f\x42\x40",
    b"\x76\x70\x87",
    b"\x76\x75\x84\x42\xb4\x00\x00",
    b"\xec\x80",
    b"\x90",
    b"\xff",
];

/// A file that is endless in all but name: one short piece, over and over.
struct Endless {
    piece: &'static [u8],
    start: Vec<u8>,
    len: u64,
}

impl Bytes for Endless {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        for (at, byte) in (offset..self.len).zip(into.iter_mut()) {
            let index = at as usize;
            let piece = || self.piece[(index - self.start.len()) % self.piece.len()];
            *byte = self.start.get(index).copied().unwrap_or_else(piece);
        }
        Ok(into.len().min(usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX)))
    }
}

#[test]
fn endless_lists_of_boxes_come_to_an_end() {
    fn check(topic: &str, start: Vec<u8>, piece: &'static [u8], expected: &str) {
        let source = counted(Endless { piece, start, len: 1 << 40 });
        let found = match probe_bytes(&source) {
            Ok(probe) => format!("{:?}", probe.notes),
            Err(fault) => fault.code().to_owned(),
        };
        assert_eq!(found, expected, "{topic}");
        assert!(source.bytes.get() <= READ_BUDGET && source.largest.get() <= LARGEST_READ, "{topic}");
        assert!(source.calls.get() <= u64::from(BOX_BUDGET) * 2, "{topic}");
    }
    const SMALLEST: &[u8] = b"\0\0\0\x08free";
    const EMPTY_FRAGMENT: &[u8] = b"\0\0\0\x08moof\0\0\0\x08mdat";
    let open_moov = b"\0\0\0\0moov".to_vec();
    check("boxes before any index", b"\0\0\0\x08ftyp".to_vec(), SMALLEST, "unsupported");
    check("boxes after the index", mp4().bytes(), SMALLEST, "[ReadInPart]");
    check("boxes inside the index", open_moov.clone(), SMALLEST, "unsupported");
    check("tracks without end", open_moov, b"\0\0\0\x10trak\0\0\0\x08tkhd", "unsupported");
    check(
        "fragments without end",
        mp4().fragments(2).bytes(),
        EMPTY_FRAGMENT,
        "[ReadInPart, DurationUnknown]",
    );
    let webm = BEGINNINGS[1].to_vec();
    check("elements without end", webm, b"\xec\x80", "unsupported");
}
