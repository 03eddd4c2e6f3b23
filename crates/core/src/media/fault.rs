//! What can be wrong with a file, as what the person can do about it.
//!
//! Deliberately not here: what a platform thinks of a good file (length, shape, codec): that is `check`.

use std::io;

use serde::{Deserialize, Serialize};

use super::bytes::Halt;

/// Why a file cannot be used. Its `Display` is a sentence for the person; [`MediaFault::code`] is for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case", rename_all_fields = "snake_case")]
pub enum MediaFault {
    #[error(
        "The file is no longer where it was. If you moved or renamed it, choose it again; if it is on a drive that is not connected, connect it."
    )]
    Missing,
    #[error("This is a folder or a device, not a video file. Choose the video file itself.")]
    NotAFile,
    #[error("{}", kind.sentence())]
    Unreadable { kind: ReadTrouble },
    #[error(
        "The file is empty. If it is still being copied or exported, wait until that is finished and choose it again."
    )]
    Empty,
    #[error("{}", not_video(looks_like.as_deref()))]
    NotVideo { looks_like: Option<String> },
    /// `detail` completes "The file is cut short: …".
    #[error(
        "The file is cut short: {detail}. If it is still being copied or exported, wait until that is finished; otherwise export or copy it again."
    )]
    Truncated { detail: String },
    /// `detail` completes "The file is damaged: …".
    #[error("The file is damaged: {detail}. Export or copy it again.")]
    Damaged { detail: String },
    #[error(
        "The recording was never finished: the index that players need (“moov”) is missing. Export it again, or repair it with the program that recorded it."
    )]
    NoMoov,
    #[error("The video is 0 seconds long. Export it again and check that it plays.")]
    ZeroLength,
    /// `detail` completes "Slipway cannot use this kind of file: …".
    #[error("Slipway cannot use this kind of file: {detail}. Export it as an ordinary MP4.")]
    Unsupported { detail: String },
    #[error(
        "The file was changed after you added it (its {} is different). Nothing more of it is sent. If the new version is the right one, add it again.",
        what.word()
    )]
    Changed { what: Difference },
}

impl MediaFault {
    /// A stable name, the same as in the serialised form.
    pub fn code(&self) -> &'static str {
        match self {
            MediaFault::Missing => "missing",
            MediaFault::NotAFile => "not_a_file",
            MediaFault::Unreadable { .. } => "unreadable",
            MediaFault::Empty => "empty",
            MediaFault::NotVideo { .. } => "not_video",
            MediaFault::Truncated { .. } => "truncated",
            MediaFault::Damaged { .. } => "damaged",
            MediaFault::NoMoov => "no_moov",
            MediaFault::ZeroLength => "zero_length",
            MediaFault::Unsupported { .. } => "unsupported",
            MediaFault::Changed { .. } => "changed",
        }
    }

    pub(crate) fn truncated(detail: impl Into<String>) -> MediaFault {
        MediaFault::Truncated { detail: detail.into() }
    }

    /// What was cut off, by the box that it was in.
    pub(crate) fn cut(name: &[u8; 4], missing: u64) -> MediaFault {
        let missing = amount(missing);
        MediaFault::truncated(match name {
            b"mdat" | b"moof" => format!("its end is missing, {missing} of video data"),
            b"moov" => format!("its end is missing, {missing} of the index (“moov”)"),
            _ => format!("its end is missing, {missing}"),
        })
    }

    pub(crate) fn damaged(detail: impl Into<String>) -> MediaFault {
        MediaFault::Damaged { detail: detail.into() }
    }

    pub(crate) fn unsupported(detail: impl Into<String>) -> MediaFault {
        MediaFault::Unsupported { detail: detail.into() }
    }
}

/// In which way a file is no longer what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// The length in bytes.
    Length,
    /// It is another file at the same place (device and inode).
    Identity,
    /// The time of the last change.
    Modified,
    /// The sampled content.
    Content,
}

impl Difference {
    /// A stable name, the same as in the serialised form.
    pub fn code(self) -> &'static str {
        match self {
            Difference::Length => "length",
            Difference::Identity => "identity",
            Difference::Modified => "modified",
            Difference::Content => "content",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Difference::Length => "length",
            Difference::Identity => "place on the disk",
            Difference::Modified => "time of last change",
            Difference::Content => "content",
        }
    }
}

/// Why the system would not let us read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadTrouble {
    /// No right to read.
    PermissionDenied,
    /// Another program holds it open, on Windows usually one that still writes it.
    InUse,
    /// A drive, share or cloud folder that does not answer.
    Unreachable,
    /// The system lets this program open no more files; nothing is wrong with this one.
    NoHandles,
    /// Anything else.
    Other,
}

impl ReadTrouble {
    fn sentence(self) -> &'static str {
        match self {
            ReadTrouble::PermissionDenied => {
                "Slipway is not allowed to read this file. Change its permissions, or copy it to a folder of yours."
            }
            ReadTrouble::InUse => {
                "Another program is using this file. Wait until it has finished writing, or close it, and try again."
            }
            ReadTrouble::Unreachable => {
                "The drive, network share or cloud folder with this file does not answer. Connect it, or copy the file to this computer."
            }
            ReadTrouble::NoHandles => {
                "This computer lets Slipway open no more files. Close other programs and try again."
            }
            ReadTrouble::Other => {
                "The file could not be read from the disk. Try to copy it to another folder or drive, and choose the copy."
            }
        }
    }
}

impl From<io::Error> for MediaFault {
    fn from(error: io::Error) -> MediaFault {
        use io::ErrorKind as Kind;
        if crate::handles::ran_out(&error) {
            return MediaFault::Unreadable { kind: ReadTrouble::NoHandles };
        }
        if let Some(kind) = system_code(&error) {
            return MediaFault::Unreadable { kind };
        }
        let kind = match error.kind() {
            Kind::NotFound | Kind::NotADirectory => return MediaFault::Missing,
            Kind::IsADirectory => return MediaFault::NotAFile,
            Kind::UnexpectedEof => return MediaFault::truncated("it ended while it was being read"),
            Kind::PermissionDenied => ReadTrouble::PermissionDenied,
            Kind::ResourceBusy | Kind::ExecutableFileBusy | Kind::WouldBlock => ReadTrouble::InUse,
            Kind::StaleNetworkFileHandle
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
            | Kind::TimedOut
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::NotConnected => ReadTrouble::Unreachable,
            _ => ReadTrouble::Other,
        };
        MediaFault::Unreadable { kind }
    }
}

/// Windows' own numbers for what `ErrorKind` has no name for.
/// learn.microsoft.com/windows/win32/debug/system-error-codes: 32 and 33 are sharing and lock violations,
/// 21 a drive that is not ready, 53 and 64 a share that is gone, 362, 389, 398 and 404 a cloud folder whose
/// provider cannot bring the file.
#[cfg(windows)]
fn system_code(error: &io::Error) -> Option<ReadTrouble> {
    match error.raw_os_error()? {
        32 | 33 => Some(ReadTrouble::InUse),
        21 | 53 | 64 | 362 | 389 | 398 | 404 => Some(ReadTrouble::Unreachable),
        _ => None,
    }
}

#[cfg(not(windows))]
fn system_code(_: &io::Error) -> Option<ReadTrouble> {
    None
}

impl From<Halt> for MediaFault {
    fn from(halt: Halt) -> MediaFault {
        match halt {
            Halt::Io(error) => error.into(),
            Halt::PastEnd => MediaFault::truncated("a part of it lies beyond its end"),
            Halt::Spent => MediaFault::unsupported("it is made of far too many pieces"),
        }
    }
}

fn not_video(looks_like: Option<&str>) -> String {
    match looks_like {
        Some(what) => {
            format!(
                "This looks like {what}, not a video. Choose the video file itself, for example an MP4 or a MOV."
            )
        }
        None => {
            "This is not a video that Slipway knows. Choose an MP4, MOV or WebM file, or export it as one."
                .to_owned()
        }
    }
}

/// A size as a person says it.
pub(crate) fn amount(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
