//! Where Facebook stands with one job: a variant a step. Stored sealed by the engine before each act.
//!
//! Stored memos outlive an update of the app (C30): only ever add variants and defaulted fields, never rename. The tests hold
//! texts that were written once and must stay readable. Not here: what follows on each step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum Memo {
    // A reel's bytes.
    /// A reel was asked for. What is never finished is never shown, so this may be repeated.
    Starting {
        at: Timestamp,
    },
    /// Bytes from `from` to the end are on their way.
    Sending {
        reel: Reel,
        from: u64,
    },
    /// It was asked how many bytes it has. `vague` counts answers that did not say; `took`: the upload host said it had all.
    Asking {
        reel: Reel,
        #[serde(default)]
        vague: u32,
        #[serde(default)]
        took: bool,
    },
    // A video's bytes.
    /// An upload was asked for. An upload is no video, so this may be repeated.
    UploadOpening {
        at: Timestamp,
    },
    UploadSending {
        upload: Upload,
        from: u64,
    },
    UploadAsking {
        upload: Upload,
        #[serde(default)]
        vague: u32,
    },
    /// A video was asked to be made of the uploaded file. This must not be repeated without a look.
    Creating {
        file: Uploaded,
    },
    /// The answer to that was lost: the Page's videos were asked for.
    Searching {
        file: Uploaded,
        #[serde(default)]
        looks: u32,
    },
    /// They did not have it: the Page's planned posts were asked for.
    SearchingPlanned {
        file: Uploaded,
        #[serde(default)]
        looks: u32,
    },
    // What both share.
    /// It waits here for its minute; one call makes it public.
    Staged {
        video: Video,
    },
    /// A reel was asked to be published or planned.
    Finishing {
        video: Video,
    },
    /// A video that is not public was asked to be.
    Releasing {
        video: Video,
    },
    /// It is being read back.
    Reading {
        video: Video,
    },
    /// Facebook will publish it by itself.
    HandedOver {
        video: Video,
    },
    // Amend.
    AmendLooking {
        id: String,
        #[serde(default)]
        misses: u32,
    },
    /// `unfinished`: a reel that may take no words before it is finished.
    AmendWriting {
        id: String,
        #[serde(default)]
        unfinished: bool,
    },
    AmendReading {
        id: String,
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
    /// The deletion was answered, and the post was asked for.
    RetractReading {
        id: String,
        #[serde(default)]
        tries: u32,
    },
    // Extras.
    /// Facebook is asked whether it has processed the video: before that it takes nothing beside it.
    BesideWaiting {
        id: String,
        beside: Beside,
        #[serde(default)]
        looks: u32,
    },
    ThumbnailSending {
        id: String,
    },
    /// `repeat`: they may have been sent already.
    CaptionsLooking {
        id: String,
        locale: String,
        #[serde(default)]
        repeat: bool,
        #[serde(default)]
        looks: u32,
    },
    CaptionsSending {
        id: String,
        locale: String,
    },
    Inviting {
        id: String,
        whom: String,
        #[serde(default)]
        repeat: bool,
    },
}

/// What is done beside a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub(crate) enum Beside {
    Thumbnail,
    Captions { locale: String },
    Invitation { whom: String },
}

/// A reel that is not finished yet.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reel {
    pub id: String,
    /// Where its bytes go; never printed.
    pub address: String,
    /// How many times bytes were put on their way.
    #[serde(default)]
    pub puts: u32,
}

impl std::fmt::Debug for Reel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reel").field("id", &self.id).field("puts", &self.puts).finish_non_exhaustive()
    }
}

/// An upload session of the app. Its name holds a signature and is never printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Upload {
    /// `upload:…`, with its query.
    pub name: String,
    pub at: Timestamp,
    /// How many times bytes were put on their way.
    #[serde(default)]
    pub puts: u32,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("puts", &self.puts).finish_non_exhaustive()
    }
}

/// A file that is uploaded, and what the video was to be made with: what a search has to go by.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Uploaded {
    /// What the upload answered with; as good as the file itself, and never printed.
    pub handle: String,
    pub at: Timestamp,
    pub plan: Plan,
    pub title: String,
    /// Its beginning.
    pub caption: String,
}

impl std::fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploaded").field("at", &self.at).field("plan", &self.plan).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Reel,
    Video,
}

/// How it reaches the public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Plan {
    /// At once.
    Now,
    /// Facebook has its time.
    HandedOver,
    /// It is nearer than Facebook takes a time for; we publish it at the minute.
    Staged,
}

/// A reel or video that Facebook holds for us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Video {
    pub id: String,
    pub kind: Kind,
    pub plan: Plan,
    /// How often Facebook was asked to publish it, or to plan it.
    #[serde(default)]
    pub asked: u32,
    /// It said yes to that.
    #[serde(default)]
    pub heard: bool,
    /// It said no to a repeat, which may mean that the first, unheard call had done it: looked for since. A second no is one.
    #[serde(default)]
    pub refused: bool,
    /// Looks while it is being processed or published.
    #[serde(default)]
    pub looks: u32,
    /// Looks in a row that did not find it.
    #[serde(default)]
    pub misses: u32,
    /// Looks that found nothing of what we asked for.
    #[serde(default)]
    pub silent: u32,
    /// Looks after its minute that found it planned still.
    #[serde(default)]
    pub late: u32,
}

impl Video {
    pub(crate) fn new(id: impl Into<String>, kind: Kind, plan: Plan) -> Self {
        Self {
            id: id.into(),
            kind,
            plan,
            asked: 0,
            heard: false,
            refused: false,
            looks: 0,
            misses: 0,
            silent: 0,
            late: 0,
        }
    }
}
