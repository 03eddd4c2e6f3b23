//! What can be tuned while the sandbox runs. `POST /api/settings` takes any subset, of the nested parts too. What belongs to one
//! platform is a struct of its own below this file, a field here; YouTube came first, and its few stand among those of all.

pub(crate) mod meta;
pub(crate) mod tiktok;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Real milliseconds added before every answer of a platform's host.
    pub delay_ms: u64,
    /// What the `Date` header of a host's answers is ahead of the right time, in milliseconds, by host; `*` stands for all others. A
    /// platform whose clock is wrong, or, with one value for all, a computer whose clock is.
    pub date_offset_ms: std::collections::BTreeMap<String, i64>,
    /// The `Date` header says sandbox time instead of the right one: for an engine whose clock is moved beside the sandbox's.
    pub date_in_sandbox_time: bool,
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
    /// YouTube: parts that an upload is refused for, though they exist.
    pub insert_parts_refused: Vec<String>,
    /// Treat every video as a Short: a thumbnail set before processing ended is accepted and ignored.
    pub shorts: bool,
    pub tiktok: tiktok::TikTok,
    pub meta: meta::Meta,
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
            date_offset_ms: std::collections::BTreeMap::new(),
            date_in_sandbox_time: false,
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
            insert_parts_refused: Vec::new(),
            shorts: false,
            tiktok: tiktok::TikTok::default(),
            meta: meta::Meta::default(),
        }
    }
}

impl Settings {
    /// This, with the given fields changed.
    pub(crate) fn merged(&self, changes: serde_json::Value) -> Result<Settings, String> {
        let mut whole = serde_json::to_value(self).map_err(|e| e.to_string())?;
        if !changes.is_object() {
            return Err("settings are a JSON object".into());
        }
        merge(&mut whole, changes);
        serde_json::from_value(whole).map_err(|e| e.to_string())
    }
}

/// Objects are merged field by field; everything else takes the place of what was there.
fn merge(whole: &mut serde_json::Value, changes: serde_json::Value) {
    match (whole, changes) {
        (serde_json::Value::Object(whole), serde_json::Value::Object(changes)) => {
            for (name, change) in changes {
                merge(whole.entry(name).or_insert(serde_json::Value::Null), change);
            }
        }
        (whole, change) => *whole = change,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_reaches_into_a_platforms_part_and_leaves_the_rest() {
        let mut before = Settings { pool: 7, ..Settings::default() };
        before.tiktok.access_token_s = 5;
        let after = before.merged(json!({ "delay_ms": 3, "tiktok": { "audited": false } })).unwrap();
        assert_eq!((after.pool, after.delay_ms), (7, 3));
        assert_eq!((after.tiktok.access_token_s, after.tiktok.audited), (5, false));
        assert!(before.merged(json!({ "tiktok": { "audit": false } })).is_err());
        assert!(before.merged(json!([])).is_err());
    }
}
