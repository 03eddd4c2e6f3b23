//! Where YouTube stands with one job: a variant a step. Stored sealed by the engine before each act.
//!
//! Stored memos outlive an update of the app (C30): only ever add variants and defaulted fields, never rename. The tests hold
//! texts that were written once and must stay readable. Not here: what follows on each step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Memo {
    // Publish.
    /// The session was asked for. No video exists before the last byte, so this may be repeated.
    Opening {
        sent: Sent,
    },
    /// Bytes from `from` to the end are on their way.
    Sending {
        session: Session,
        from: u64,
    },
    /// The session was asked how far it is. `vague` counts answers that said nothing.
    Asking {
        session: Session,
        #[serde(default)]
        vague: u32,
    },
    /// The person cancelled: the session was told to end. `partial`: its only body was broken off before its last byte.
    Ending {
        session: Session,
        #[serde(default)]
        partial: bool,
        #[serde(default)]
        tries: u32,
    },
    /// It was asked whether it has ended.
    Ended {
        session: Session,
        #[serde(default)]
        partial: bool,
        #[serde(default)]
        tries: u32,
    },
    /// The session is gone; the channel's newest uploads were asked for.
    Searching {
        session: Session,
        #[serde(default)]
        looks: u32,
    },
    /// Videos that may be ours, asked for their details.
    Matching {
        session: Session,
        ids: Vec<String>,
        #[serde(default)]
        looks: u32,
    },
    /// The video exists and is being read back.
    Reading {
        video: Video,
    },
    /// YouTube will publish it by itself.
    HandedOver {
        video: Video,
    },
    /// It lies there privately and waits for its minute.
    Staged {
        video: Video,
    },
    /// Its privacy was asked to change.
    Releasing {
        video: Video,
    },
    // Amend.
    AmendLooking {
        id: String,
        #[serde(default)]
        misses: u32,
    },
    AmendWriting {
        id: String,
        privacy: String,
    },
    AmendReading {
        id: String,
        privacy: String,
        #[serde(default)]
        misses: u32,
    },
    // Retract.
    RetractLooking {
        id: String,
    },
    Retracting {
        id: String,
        #[serde(default)]
        tries: u32,
    },
    /// The deletion was answered, and the video was asked for. `proper`: the answer was one that YouTube gives.
    RetractReading {
        id: String,
        #[serde(default)]
        proper: bool,
        #[serde(default)]
        tries: u32,
    },
    // Extras.
    ThumbnailLooking {
        id: String,
        #[serde(default)]
        looks: u32,
    },
    ThumbnailSending {
        id: String,
    },
    /// `repeat`: an insert may already have happened.
    PlaylistLooking {
        id: String,
        playlist: String,
        #[serde(default)]
        repeat: bool,
        #[serde(default)]
        looks: u32,
    },
    PlaylistAdding {
        id: String,
        playlist: String,
    },
    CaptionsLooking {
        id: String,
        language: String,
        name: String,
        #[serde(default)]
        repeat: bool,
        #[serde(default)]
        looks: u32,
    },
    CaptionsSending {
        id: String,
        language: String,
        name: String,
    },
}

/// What the upload was opened with; what a search has to go by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub at: Timestamp,
    pub title: String,
    pub plan: Plan,
    /// Parts that YouTube did not take at the upload, and that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
}

/// An upload session. Its address holds a secret and is never printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub uri: String,
    pub sent: Sent,
    /// How many times bytes were put on their way.
    #[serde(default)]
    pub puts: u32,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("sent", &self.sent).field("puts", &self.puts).finish_non_exhaustive()
    }
}

/// How the video was uploaded to reach the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// With the privacy that was asked for.
    Now,
    /// Private with `publishAt`.
    HandedOver,
    /// Private; we change it at the minute.
    Staged,
}

/// A video that YouTube holds for us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Video {
    pub id: String,
    pub plan: Plan,
    /// Looks while it is being processed.
    #[serde(default)]
    pub looks: u32,
    /// Looks in a row that did not find it.
    #[serde(default)]
    pub misses: u32,
    /// Looks that found it listed, but not as it should be by now.
    #[serde(default)]
    pub late: u32,
    /// We have changed its privacy already.
    #[serde(default)]
    pub released: bool,
    /// Parts that YouTube did not take at the upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
}

impl Video {
    pub fn new(id: impl Into<String>, plan: Plan) -> Self {
        Self { id: id.into(), plan, looks: 0, misses: 0, late: 0, released: false, dropped: Vec::new() }
    }
}
