//! What can be tuned while the sandbox runs. `POST /api/settings` takes any subset.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Real milliseconds added before every answer of a platform's host.
    pub delay_ms: u64,
    /// Sandbox milliseconds from the last byte to "processed".
    pub processing_ms: u64,
    /// How processing ends.
    pub processing_outcome: Outcome,
    /// YouTube: the "Video Uploads" bucket.
    pub uploads_per_day: u64,
    /// YouTube: the common pool of units.
    pub pool: u64,
    /// YouTube: custom thumbnails a channel may set a day.
    pub thumbnails_per_day: u64,
    /// An interrupted upload keeps whole multiples of this many bytes; 0 or 1 keeps every byte.
    pub keep_granularity: u64,
    /// Hash what arrives. Off only for measuring.
    pub hash: bool,
    /// Keep length and hash, not the bytes.
    pub discard_bytes: bool,
    /// The OAuth app is "in testing": refresh tokens live seven days.
    pub testing_mode: bool,
    /// Refuse an authorization request without PKCE. The real one does not.
    pub require_pkce: bool,
    /// Seconds an access token lives (answers say one less, as seen).
    pub access_token_s: i64,
    /// Treat every video as a Short: a thumbnail set before processing ended is accepted and ignored.
    pub shorts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    Failed,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            delay_ms: 0,
            processing_ms: 2_000,
            processing_outcome: Outcome::Succeeded,
            uploads_per_day: 100,
            pool: 10_000,
            thumbnails_per_day: 50,
            keep_granularity: 262_144,
            hash: true,
            discard_bytes: false,
            testing_mode: false,
            require_pkce: false,
            access_token_s: 3_600,
            shorts: false,
        }
    }
}

impl Settings {
    /// This, with the given fields changed.
    pub(crate) fn merged(&self, changes: serde_json::Value) -> Result<Settings, String> {
        let mut whole = serde_json::to_value(self).map_err(|e| e.to_string())?;
        let (Some(fields), serde_json::Value::Object(changes)) = (whole.as_object_mut(), changes) else {
            return Err("settings are a JSON object".into());
        };
        fields.extend(changes);
        serde_json::from_value(whole).map_err(|e| e.to_string())
    }
}
