//! Where TikTok stands with one job: a variant a step. Stored sealed by the engine before each act.
//!
//! Stored memos outlive an update of the app (C30): only ever add variants and defaulted fields, never rename. The tests hold
//! texts that were written once and must stay readable. Not here: what follows on each step.

use super::chunks::Plan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Memo {
    /// What holds for the creator was asked, before anything is opened.
    Terms { start: Start },
    /// The upload was asked for. No post exists before the last byte, so this may be repeated.
    Opening { start: Start },
    /// The chunk that begins at `from` is on its way.
    Sending { upload: Upload, from: u64 },
    /// TikTok was asked how far the upload is; `from` is the chunk nobody heard of.
    Asking {
        upload: Upload,
        from: u64,
        #[serde(default)]
        looks: u32,
    },
    /// All but the last chunk is there, and waits for its minute.
    Staged { upload: Upload },
    /// TikTok has all of it, and was asked what became of it.
    Looking { post: Post },
    /// It waits in the creator's inbox.
    Draft { post: Post },
    /// The person cancelled, and the last chunk may have arrived unheard: TikTok was asked.
    Withdrawing {
        upload: Upload,
        #[serde(default)]
        looks: u32,
    },
    /// It is to be taken back, and TikTok was asked what became of it.
    Retracting { id: String },
}

/// How far the opening is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Which of the plans for this file is asked for; earlier ones were refused.
    #[serde(default)]
    pub plan: u32,
    /// Addresses that were given before and ended before the file was there.
    #[serde(default)]
    pub ended: u32,
    /// The creator's handle, as just said.
    #[serde(default)]
    pub username: Option<String>,
}

/// An upload that was opened. Its address is a secret and is never printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    pub url: String,
    pub publish_id: String,
    /// When it was opened: the address lives one hour.
    pub at: Timestamp,
    pub plan: Plan,
    /// What was said of the post; null for a draft.
    pub said: Value,
    pub start: Start,
    /// How many times the last chunk was put on its way.
    #[serde(default)]
    pub last_sent: u32,
    /// How many times the server had less than before.
    #[serde(default)]
    pub backwards: u32,
    /// The address answers no more.
    #[serde(default)]
    pub gone: bool,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("at", &self.at)
            .field("plan", &self.plan)
            .field("last_sent", &self.last_sent)
            .finish_non_exhaustive()
    }
}

/// What TikTok makes of a whole upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    pub publish_id: String,
    /// Since when all bytes are known to be there.
    pub at: Timestamp,
    /// The privacy that was asked for; nothing for a draft.
    #[serde(default)]
    pub privacy: Option<String>,
    #[serde(default)]
    pub username: Option<String>,
}
