//! What a test or the page sees inside: plain views, the same in Rust and at `GET /api/state`.

use crate::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Sandbox time.
    pub now_ms: i64,
    /// Oldest first.
    pub videos: Vec<VideoView>,
    pub sessions: Vec<SessionView>,
    /// Every secret ever issued, as issued: app secret, codes, tokens, session upload ids.
    pub secrets: Vec<String>,
    /// How many of each kind, such as `tiktok.refresh_token`, so that a search can tell whether it searched for anything.
    #[serde(default)]
    pub secret_kinds: BTreeMap<String, usize>,
    /// The unguessable part of each, safe in any address, so that a search also finds it percent-encoded.
    pub canaries: Vec<String>,
    /// By platform.
    pub quota: BTreeMap<String, Quota>,
}

/// One video, on whichever platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VideoView {
    /// Platform id, as in the announcement's apps.
    pub platform: String,
    pub id: String,
    /// The permalink on the real platform.
    pub url: String,
    /// Empty on platforms that have none.
    pub title: String,
    /// The caption, on platforms that call it so.
    pub description: String,
    pub tags: Vec<String>,
    /// The platform's own word, as of now, schedule taken into account.
    pub privacy: String,
    /// The schedule as last wished (RFC 3339), also after it has passed.
    pub publish_at: Option<String>,
    /// The millisecond its audience could first see it, in sandbox time; absent while nobody but its owner can.
    pub public_at_ms: Option<i64>,
    pub created_at_ms: i64,
    pub bytes: u64,
    /// Hex; absent when hashing was off.
    pub blake3: Option<String>,
    /// `processing`, `succeeded` or `failed`.
    pub processing: String,
    pub file: Option<String>,
    pub thumbnail: Option<ThumbnailView>,
    pub captions: Vec<CaptionView>,
    /// One entry for each time it is in a list: twice added is twice here.
    pub playlists: Vec<PlaylistView>,
    /// The channel's title, the page's or the account's name.
    pub channel: String,
    pub channel_id: String,
    /// Shown upright, as on a phone.
    #[serde(default)]
    pub tall: bool,
    /// What the app said of it besides the words above, as it was sent.
    #[serde(default)]
    pub options: serde_json::Value,
    /// The resource with every part, as its owner would read it.
    pub raw: serde_json::Value,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThumbnailView {
    pub bytes: u64,
    pub blake3: String,
    pub mime: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaptionView {
    pub id: String,
    pub language: String,
    pub name: String,
    pub bytes: u64,
    pub blake3: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaylistView {
    pub playlist: String,
    pub item: String,
    pub title: String,
    pub position: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionView {
    pub platform: String,
    /// From 1, in order of opening, on its platform.
    pub ordinal: u64,
    /// `video`, `thumbnail`, `caption` or `inbox`.
    pub purpose: String,
    /// File name, or else the title.
    pub file: Option<String>,
    pub total: Option<u64>,
    /// Bytes that count.
    pub stored: u64,
    /// All body bytes that ever arrived, also twice.
    pub received_total: u64,
    pub finished: bool,
    pub cancelled: bool,
    pub upload_id: String,
    /// What came of it.
    pub video: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Quota {
    /// The platform's own day the counts are of.
    pub day: String,
    pub buckets: BTreeMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub used: u64,
    pub limit: u64,
}

/// What one simulator has to show; one that stands for two platforms shows both.
pub(crate) struct View {
    pub(crate) videos: Vec<VideoView>,
    pub(crate) sessions: Vec<SessionView>,
    /// By platform id.
    pub(crate) quota: BTreeMap<String, Quota>,
}

pub(crate) fn look(world: &World) -> State {
    let mut secret_kinds = BTreeMap::new();
    let mut secrets = Vec::new();
    for (kind, text) in world.secrets() {
        *secret_kinds.entry(kind).or_default() += 1;
        secrets.push(text);
    }
    let canaries = secrets.iter().map(|secret| unguessable(secret).to_string()).collect();
    let mut state = State {
        now_ms: world.now_ms(),
        videos: Vec::new(),
        sessions: Vec::new(),
        secrets,
        secret_kinds,
        canaries,
        quota: BTreeMap::new(),
    };
    for view in [crate::google::look(world), crate::tiktok::look(world), crate::meta::look(world)] {
        state.videos.extend(view.videos);
        state.sessions.extend(view.sessions);
        state.quota.extend(view.quota);
    }
    state.videos.sort_by_key(|video| video.created_at_ms);
    state
}

/// The longest part of a secret that any address holds as it is: Google's marks before the random part ("4/0A", "1//0") hold slashes,
/// TikTok's codes hold stars, and addresses encode both.
fn unguessable(secret: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    secret.split(|c| !plain(c)).max_by_key(|part| part.len()).unwrap_or(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_in_any_address() {
        assert_eq!(unguessable("4/0Aabc"), "0Aabc");
        assert_eq!(unguessable("ya29.a0xyz-_"), "ya29.a0xyz-_");
        assert_eq!(unguessable("kEy9zq77ab*3!5012.s1"), "kEy9zq77ab");
    }
}
