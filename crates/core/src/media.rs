//! The creator's own file: what it is, how to recognise it again, and whether it is still the same.
//!
//! No copy is ever made and no external program is called. Everything is synchronous and uses constant memory,
//! whatever the size of the file; callers put it on a blocking thread. [`probe`] reads headers only,
//! [`fingerprint`] reads at most 4 MiB, and [`original::Original`] reads what is being sent, by position.
//!
//! Deliberately not here: what a platform accepts (`check`), sending (`wire`), decoding of pictures or sound.

mod boxes;
pub mod bytes;
mod codec;
pub mod fault;
pub mod fingerprint;
#[doc(hidden)]
pub mod fixture;
mod fragments;
mod matroska;
mod movie;
mod mp4;
pub mod original;
mod sample_entry;
mod signature;
mod timing;

/// Name of a media's small picture: by the bytes it shows, so that a file that changed never keeps an old face.
pub(crate) fn poster_name(fingerprint: &str) -> String {
    let name: String = fingerprint.chars().filter(char::is_ascii_alphanumeric).take(80).collect();
    format!("{name}.jpg")
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod ffmpeg_tests;
#[cfg(test)]
mod original_tests;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::Path;

use serde::{Deserialize, Serialize};

use bytes::{Bytes, Reader};
pub use fault::MediaFault;
use signature::Signature;

/// What is known about a video after its headers were read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub struct Probe {
    /// Length of the file in bytes.
    pub size: u64,
    /// Such as `video/mp4`, `video/quicktime`, `video/webm`.
    pub mime: String,
    pub container: Container,
    /// The `ftyp` brands, the major one first; empty for other containers and for old QuickTime files.
    pub brands: Vec<String>,
    /// Milliseconds. `None` when the file does not say, which a note explains.
    pub duration_ms: Option<u64>,
    /// Bits per second of the whole file: size × 8 ÷ duration.
    pub bit_rate: Option<u64>,
    /// `None` only when the container is recognised without being opened.
    pub video: Option<Video>,
    /// The first sound track; `None` when there is none, or the container was not opened.
    pub audio: Option<Audio>,
    /// Where the index lies; `None` for other containers than MP4 and MOV.
    pub moov: Option<Moov>,
    /// True when the media is cut in fragments (`moof`).
    pub fragmented: bool,
    pub notes: Vec<Note>,
}

/// The kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// MP4 and its family, such as M4V and 3GP.
    Mp4,
    Mov,
    #[serde(rename = "webm")]
    WebM,
    Matroska,
    Avi,
    MpegTs,
    MpegPs,
    Flv,
    /// Also called WMV.
    Asf,
    Ogg,
}

impl Container {
    fn mime(self) -> &'static str {
        match self {
            Container::Mp4 => "video/mp4",
            Container::Mov => "video/quicktime",
            Container::WebM => "video/webm",
            Container::Matroska => "video/x-matroska",
            Container::Avi => "video/x-msvideo",
            Container::MpegTs => "video/mp2t",
            Container::MpegPs => "video/mpeg",
            Container::Flv => "video/x-flv",
            Container::Asf => "video/x-ms-wmv",
            Container::Ogg => "video/ogg",
        }
    }
}

/// The picture track. With several, the largest of those that are switched on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub struct Video {
    /// A common name in lower case: `h264`, `hevc`, `av1`, `vp9`, `prores`, `mpeg4`, …; otherwise the
    /// container's own name for it.
    pub codec: String,
    /// The codec's own number for its profile, such as 100 for H.264 High.
    pub profile: Option<u8>,
    /// The codec's own number for its level, such as 40 for H.264 level 4.0 and 120 for HEVC level 4.0.
    pub level: Option<u8>,
    /// Pixels as stored, before rotation and pixel shape.
    pub coded_width: u32,
    pub coded_height: u32,
    /// Pixels as shown, after rotation and pixel shape.
    pub width: u32,
    pub height: u32,
    /// Clockwise degrees that a player turns the picture: 0, 90, 180 or 270.
    pub rotation: u16,
    /// Pictures per second on average.
    pub frame_rate: Option<f64>,
    /// True when pictures are shown for clearly different lengths of time.
    pub variable_frame_rate: bool,
    /// Bits of one colour sample: 8, 10 or 12.
    pub bit_depth: Option<u8>,
    pub chroma: Option<Chroma>,
    pub transfer: Option<Transfer>,
}

/// How finely colour is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Chroma {
    #[serde(rename = "4:0:0")]
    Grey,
    #[serde(rename = "4:2:0")]
    Quarter,
    #[serde(rename = "4:2:2")]
    Half,
    #[serde(rename = "4:4:4")]
    Full,
}

/// The transfer curve that the file declares (ITU-T H.273, table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// BT.709 and its like.
    Sdr,
    /// SMPTE ST 2084, used by HDR10 and Dolby Vision.
    Pq,
    /// Hybrid log-gamma, used by phones and broadcasters.
    Hlg,
    Other,
}

impl Transfer {
    fn from_number(number: u64) -> Option<Transfer> {
        match number {
            1 | 4..=7 | 13..=15 => Some(Transfer::Sdr),
            16 => Some(Transfer::Pq),
            18 => Some(Transfer::Hlg),
            0 | 2 | 3 => None,
            _ => Some(Transfer::Other),
        }
    }
}

/// A sound track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub struct Audio {
    /// `aac`, `mp3`, `opus`, `ac-3`, `e-ac-3`, `alac`, `flac`, `pcm`, `vorbis`, …
    pub codec: String,
    pub channels: Option<u16>,
    /// Hertz.
    pub sample_rate: Option<u32>,
    /// Bits per second, when the track declares it.
    pub bit_rate: Option<u32>,
}

/// Where the index of an MP4 or MOV lies. A file without one is [`MediaFault::NoMoov`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Moov {
    /// Before the media: some platforms ask for it.
    Front,
    /// After the media.
    End,
}

/// Something worth knowing that does not prevent sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The container was recognised but not opened: duration, size of the picture and codecs are unknown.
    RecognisedOnly,
    /// The picture or sound is encrypted.
    Encrypted,
    /// A track has an edit list, which some platforms refuse.
    EditList,
    /// The file does not say how long it is.
    DurationUnknown,
    /// The index is so large that only a part of it was read; numbers may be missing.
    ReadInPart,
    /// Something that is no media follows at the end; cameras and phones do that.
    TrailingBytes,
    /// The picture carries Dolby Vision.
    DolbyVision,
    /// The picture is mirrored or turned by an odd angle.
    OddMatrix,
}

/// Looks at the file at `path`.
pub fn probe(path: &Path) -> Result<Probe, MediaFault> {
    probe_file(&open_to_read(path)?)
}

/// Looks at an open file. The cursor of the handle plays no part.
pub fn probe_file(file: &File) -> Result<Probe, MediaFault> {
    if !file.metadata()?.is_file() {
        return Err(MediaFault::NotAFile);
    }
    probe_bytes(file)
}

/// Looks at anything that can be read by position.
pub fn probe_bytes(source: &dyn Bytes) -> Result<Probe, MediaFault> {
    let reader = Reader::new(source)?;
    if reader.file_len() == 0 {
        return Err(MediaFault::Empty);
    }
    let head = reader.up_to(0, reader.file_len(), signature::HEAD)?;
    match signature::recognise(&head) {
        Signature::Boxes => mp4::read(&reader),
        Signature::Ebml => matroska::read(&reader),
        Signature::Named(container) => Ok(recognised_only(reader.file_len(), container)),
        Signature::Other(name) => Err(MediaFault::NotVideo { looks_like: Some(name.to_owned()) }),
        Signature::Zeros => {
            Err(MediaFault::truncated("its beginning is blank, so it was never fully written"))
        }
        Signature::Unknown => Err(MediaFault::NotVideo { looks_like: None }),
    }
}

fn recognised_only(size: u64, container: Container) -> Probe {
    Probe {
        size,
        mime: container.mime().to_owned(),
        container,
        brands: Vec::new(),
        duration_ms: None,
        bit_rate: None,
        video: None,
        audio: None,
        moov: None,
        fragmented: false,
        notes: vec![Note::RecognisedOnly],
    }
}

/// Bits per second of `size` bytes in `duration_ms`.
fn bit_rate(size: u64, duration_ms: Option<u64>) -> Option<u64> {
    let duration_ms = duration_ms.filter(|duration| *duration > 0)?;
    u64::try_from(u128::from(size) * 8000 / u128::from(duration_ms)).ok()
}

/// Opens for reading only. Asking what it is comes first, because opening a pipe would wait for a writer.
fn open_to_read(path: &Path) -> Result<File, MediaFault> {
    if !fs::metadata(path)?.is_file() {
        return Err(MediaFault::NotAFile);
    }
    Ok(reading().open(path)?)
}

/// On Windows other programs may meanwhile read, rename and delete the file, but not write to it.
#[cfg(windows)]
fn reading() -> fs::OpenOptions {
    use std::os::windows::fs::OpenOptionsExt;
    const FILE_SHARE_READ: u32 = 1;
    const FILE_SHARE_DELETE: u32 = 4;
    let mut options = File::options();
    options.read(true).share_mode(FILE_SHARE_READ | FILE_SHARE_DELETE);
    options
}

#[cfg(not(windows))]
fn reading() -> fs::OpenOptions {
    let mut options = File::options();
    options.read(true);
    options
}
