//! What can be tuned of the simulated TikTok.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TikTok {
    /// TikTok has audited the app. Without: private accounts, `SELF_ONLY`, five creators a day.
    pub audited: bool,
    /// Seconds an access token lives.
    pub access_token_s: i64,
}

impl Default for TikTok {
    fn default() -> TikTok {
        TikTok { audited: true, access_token_s: 86_400 }
    }
}
