//! Small MP4 files for tests: structurally valid, of any size, and written quickly.
//!
//! Every table is right (samples, chunks, times), so the probe reads them as it reads a camera's; only the coded
//! pictures are filler, so no player shows anything. Two files with different `seed` differ throughout.
//!
//! Deliberately not here: files that play, and damage; tests cut and twist the bytes themselves.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Moov;

const TIMESCALE: u32 = 90_000;
const SOUND_RATE: u32 = 48_000;

/// A file to be written. Start with [`mp4`], change what matters, then [`Mp4::bytes`] or [`Mp4::write`].
#[derive(Clone, Debug)]
pub struct Mp4 {
    brand: [u8; 4],
    duration_ms: u32,
    frames_per_second: u32,
    width: u16,
    height: u16,
    rotation: u16,
    media_len: u64,
    moov: Moov,
    sound: bool,
    edit_list: bool,
    fragments: u32,
    sparse: bool,
    seed: u64,
}

/// Two seconds of 1280×720 at 30 pictures a second with sound, 64 KiB of media, index in front.
pub fn mp4() -> Mp4 {
    Mp4 {
        brand: *b"isom",
        duration_ms: 2_000,
        frames_per_second: 30,
        width: 1280,
        height: 720,
        rotation: 0,
        media_len: 64 << 10,
        moov: Moov::Front,
        sound: true,
        edit_list: false,
        fragments: 0,
        sparse: false,
        seed: 1,
    }
}

impl Mp4 {
    /// Major brand; `qt  ` makes it a MOV.
    pub fn brand(mut self, brand: [u8; 4]) -> Mp4 {
        self.brand = brand;
        self
    }

    pub fn duration_ms(mut self, duration_ms: u32) -> Mp4 {
        self.duration_ms = duration_ms;
        self
    }

    pub fn frames_per_second(mut self, frames: u32) -> Mp4 {
        self.frames_per_second = frames.max(1);
        self
    }

    /// Coded size in pixels, before rotation.
    pub fn picture(mut self, width: u16, height: u16) -> Mp4 {
        (self.width, self.height) = (width, height);
        self
    }

    /// Clockwise degrees: 0, 90, 180 or 270.
    pub fn rotation(mut self, degrees: u16) -> Mp4 {
        self.rotation = degrees;
        self
    }

    /// Bytes of filler. The file is that and less than a kilobyte more, plus four bytes a chunk.
    pub fn media_len(mut self, bytes: u64) -> Mp4 {
        self.media_len = bytes;
        self
    }

    pub fn moov(mut self, moov: Moov) -> Mp4 {
        self.moov = moov;
        self
    }

    pub fn silent(mut self) -> Mp4 {
        self.sound = false;
        self
    }

    pub fn with_edit_list(mut self) -> Mp4 {
        self.edit_list = true;
        self
    }

    /// Cuts the media in this many fragments; the moov then holds no samples and no duration.
    pub fn fragments(mut self, count: u32) -> Mp4 {
        self.fragments = count;
        self
    }

    /// Leaves a hole where the filler would be, so that twenty gigabytes take no room.
    pub fn sparse(mut self) -> Mp4 {
        self.sparse = true;
        self
    }

    /// Which filler.
    pub fn seed(mut self, seed: u64) -> Mp4 {
        self.seed = seed;
        self
    }

    /// The whole file in memory.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in self.parts() {
            match part {
                Part::Bytes(part) => bytes.extend(part),
                Part::Filler(len) => bytes.extend(Filler::new(self.seed).take(len as usize)),
            }
        }
        bytes
    }

    /// Writes the file. A hole is made by seeking, where [`Mp4::sparse`] asks for one.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        let mut out = BufWriter::with_capacity(1 << 20, &file);
        let mut len = 0;
        for part in self.parts() {
            match part {
                Part::Bytes(bytes) => {
                    out.write_all(&bytes)?;
                    len += bytes.len() as u64;
                }
                Part::Filler(count) if self.sparse => {
                    len += count;
                    out.flush()?;
                    file.set_len(len)?;
                    io::Seek::seek(&mut out, io::SeekFrom::Start(len))?;
                }
                Part::Filler(count) => {
                    let mut filler = Filler::new(self.seed);
                    let mut left = count;
                    let mut block = vec![0; 1 << 16];
                    while left > 0 {
                        let count = left.min(block.len() as u64) as usize;
                        block[..count].fill_with(|| filler.byte());
                        out.write_all(&block[..count])?;
                        left -= count as u64;
                    }
                    len += count;
                }
            }
        }
        out.flush()
    }

    fn parts(&self) -> Vec<Part> {
        let brand = self.brand;
        let ftyp = boxed(b"ftyp", &[&brand, &[0, 0, 2, 0], &brand, b"mp42"]);
        if self.fragments > 0 {
            return self.fragmented(ftyp);
        }
        let header = if self.media_len > u64::from(u32::MAX) - 8 {
            let size = (self.media_len + 16).to_be_bytes();
            [&[0, 0, 0, 1][..], b"mdat", &size].concat()
        } else {
            [&(self.media_len as u32 + 8).to_be_bytes()[..], b"mdat"].concat()
        };
        let mdat = [Part::Bytes(header.clone()), Part::Filler(self.media_len)];
        let mut parts = vec![];
        match self.moov {
            Moov::Front => {
                // The moov has the same length whatever offset it holds, so a first try tells where media begins.
                let moov = self.movie(0).len();
                let media = (ftyp.len() + moov + header.len()) as u64;
                parts.extend([Part::Bytes(ftyp), Part::Bytes(self.movie(media))]);
                parts.extend(mdat);
            }
            Moov::End => {
                let media = (ftyp.len() + header.len()) as u64;
                parts.push(Part::Bytes(ftyp));
                parts.extend(mdat);
                parts.push(Part::Bytes(self.movie(media)));
            }
        }
        parts
    }

    fn fragmented(&self, ftyp: Vec<u8>) -> Vec<Part> {
        let mut parts = vec![Part::Bytes(ftyp), Part::Bytes(self.movie(0))];
        let frames = self.frames();
        let (count, ticks) = (u64::from(self.fragments), u64::from(self.ticks()));
        for fragment in 0..count {
            let share = |of: u64, index: u64| of * index / count;
            let samples = share(u64::from(frames), fragment + 1) - share(u64::from(frames), fragment);
            let len = share(self.media_len, fragment + 1) - share(self.media_len, fragment);
            let start = share(u64::from(frames), fragment) * ticks;
            let size = (len / samples.max(1)) as u32;
            let traf = boxed(
                b"traf",
                &[
                    &boxed(b"tfhd", &[&words(&[0x02_0018, 1, self.ticks(), size])]),
                    &boxed(b"tfdt", &[&words(&[0x0100_0000]), &start.to_be_bytes()]),
                    &boxed(b"trun", &[&words(&[0, samples as u32])]),
                ],
            );
            let mfhd = boxed(b"mfhd", &[&words(&[0, fragment as u32 + 1])]);
            parts.push(Part::Bytes(boxed(b"moof", &[&mfhd, &traf])));
            parts.push(Part::Bytes([&(len as u32 + 8).to_be_bytes()[..], b"mdat"].concat()));
            parts.push(Part::Filler(len));
        }
        parts
    }

    fn ticks(&self) -> u32 {
        TIMESCALE / self.frames_per_second
    }

    /// Half a picture at the end is left out.
    fn frames(&self) -> u32 {
        (u64::from(self.duration_ms) * u64::from(self.frames_per_second) / 1000) as u32
    }

    fn movie(&self, media: u64) -> Vec<u8> {
        let fragmented = self.fragments > 0;
        let duration = if fragmented { 0 } else { self.duration_ms };
        let mvhd = boxed(
            b"mvhd",
            &[
                &words(&[0, 0, 0, 1000, duration, 0x1_0000, 0x0100_0000, 0, 0]),
                &words(&matrix(0)),
                &[0; 24],
                &words(&[3]),
            ],
        );
        let picture = self.track(1, b"vide", media);
        let sound = if self.sound { self.track(2, b"soun", media) } else { vec![] };
        let trex = |id| boxed(b"trex", &[&words(&[0, id, 1, 0, 0, 0])]);
        let mvex = if fragmented { boxed(b"mvex", &[&trex(1), &trex(2)]) } else { vec![] };
        boxed(b"moov", &[&mvhd, &picture, &sound, &mvex])
    }

    fn track(&self, id: u32, handler: &[u8; 4], media: u64) -> Vec<u8> {
        let picture = handler == b"vide";
        let (timescale, samples, ticks) = match picture {
            true => (TIMESCALE, self.frames(), self.ticks()),
            false => (SOUND_RATE, (u64::from(self.duration_ms) * 48 / 1024) as u32, 1024),
        };
        let (samples, duration) =
            if self.fragments > 0 { (0, 0) } else { (samples, samples.saturating_mul(ticks)) };
        let shown =
            if picture { [u32::from(self.width) << 16, u32::from(self.height) << 16] } else { [0, 0] };
        let length_ms = if self.fragments > 0 { 0 } else { self.duration_ms };
        let tkhd = boxed(
            b"tkhd",
            &[
                &words(&[3, 0, 0, id, 0, length_ms, 0, 0, 0, 0]),
                &words(&matrix(if picture { self.rotation } else { 0 })),
                &words(&shown),
            ],
        );
        let elst = boxed(b"elst", &[&words(&[0, 1, length_ms, 1024, 0x1_0000])]);
        let edts = if self.edit_list { boxed(b"edts", &[&elst]) } else { vec![] };
        let mdhd = boxed(b"mdhd", &[&words(&[0, 0, 0, timescale, duration, 0x55c4_0000])]);
        let hdlr = boxed(b"hdlr", &[&words(&[0, 0]), handler, &[0; 13]]);
        let url = boxed(b"url ", &[&words(&[1])]);
        let dinf = boxed(b"dinf", &[&boxed(b"dref", &[&words(&[0, 1]), &url])]);
        let entry = if picture { self.picture_entry() } else { sound_entry() };
        // The first half of the media is picture, the second is sound, each in one chunk.
        let half = self.media_len / 2;
        let offset = if picture { media } else { media + half };
        let size = u32::try_from(half / u64::from(samples.max(1))).unwrap_or(u32::MAX);
        let chunks = u32::from(samples > 0);
        let stbl = boxed(
            b"stbl",
            &[
                &boxed(b"stsd", &[&words(&[0, 1]), &entry]),
                &boxed(b"stts", &[&list(chunks, &words(&[samples, ticks]))]),
                &boxed(b"stsc", &[&list(chunks, &words(&[1, samples, 1]))]),
                &boxed(b"stsz", &[&words(&[0, size, samples])]),
                &boxed(b"co64", &[&list(chunks, &offset.to_be_bytes())]),
            ],
        );
        let minf = boxed(b"minf", &[&dinf, &stbl]);
        boxed(b"trak", &[&tkhd, &edts, &boxed(b"mdia", &[&mdhd, &hdlr, &minf])])
    }

    /// H.264 High at level 4.0, 8 bits, 4:2:0.
    fn picture_entry(&self) -> Vec<u8> {
        let avcc = boxed(b"avcC", &[&[1, 100, 0, 40, 0xff, 0xe0, 0, 0xfd, 0xf8, 0xf8, 0]]);
        let size = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        let resolution = words(&[0x48_0000, 0x48_0000, 0]);
        let tail = [&[0, 1][..], &[0; 32], &[0, 24, 0xff, 0xff]].concat();
        boxed(b"avc1", &[&[0, 0, 0, 0, 0, 0, 0, 1], &[0; 16], &size, &resolution, &tail, &avcc])
    }
}

enum Part {
    Bytes(Vec<u8>),
    Filler(u64),
}

/// AAC-LC, two channels, 48 kHz, 128 kbit/s.
fn sound_entry() -> Vec<u8> {
    let config = [0x40, 0x15, 0, 0, 0, 0, 1, 0xf4, 0, 0, 1, 0xf4, 0, 5, 2, 0x11, 0x90];
    let stream = [&[3, 22, 0, 2, 0, 4, 17][..], &config].concat();
    let esds = boxed(b"esds", &[&words(&[0]), &stream]);
    let entry = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0];
    boxed(b"mp4a", &[&entry, &words(&[SOUND_RATE << 16]), &esds])
}

fn boxed(name: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let size = content.len() as u32 + 8;
    [&size.to_be_bytes()[..], name, &content].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A full box's list of none or one entry.
fn list(count: u32, entry: &[u8]) -> Vec<u8> {
    let entry = if count > 0 { entry } else { &[] };
    [&words(&[0, count]), entry].concat()
}

fn matrix(rotation: u16) -> [u32; 9] {
    const ONE: u32 = 0x1_0000;
    const MINUS: u32 = ONE.wrapping_neg();
    let [a, b, c, d] = match rotation {
        90 => [0, ONE, MINUS, 0],
        180 => [MINUS, 0, 0, MINUS],
        270 => [0, MINUS, ONE, 0],
        _ => [ONE, 0, 0, ONE],
    };
    [a, b, 0, c, d, 0, 0, 0, 0x4000_0000]
}

/// A byte stream that looks like noise and is the same on every machine (xorshift).
struct Filler {
    state: u64,
}

impl Filler {
    fn new(seed: u64) -> Filler {
        Filler { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn byte(&mut self) -> u8 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 24) as u8
    }
}

impl Iterator for Filler {
    type Item = u8;
    fn next(&mut self) -> Option<u8> {
        Some(self.byte())
    }
}
