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
    /// The unguessable part of each, safe in any address, so that a search also finds it percent-encoded.
    pub canaries: Vec<String>,
    /// By platform.
    pub quota: BTreeMap<String, Quota>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VideoView {
    pub platform: String,
    pub id: String,
    /// The permalink on the real platform.
    pub url: String,
    pub title: String,
    pub description: String,
    pub tags: Vec<String>,
    /// As of now, schedule taken into account.
    pub privacy: String,
    /// The schedule as last wished (RFC 3339), also after it has passed.
    pub publish_at: Option<String>,
    /// The millisecond it first became public, in sandbox time.
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
    /// The channel's title.
    pub channel: String,
    pub channel_id: String,
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
    /// From 1, in order of opening.
    pub ordinal: u64,
    /// `video`, `thumbnail` or `caption`.
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

pub(crate) fn look(world: &World) -> State {
    let secrets = world.secrets();
    // Google's marks before the random part ("4/0A", "1//0") hold slashes, which addresses encode.
    let canaries =
        secrets.iter().map(|secret| secret.rsplit('/').next().unwrap_or(secret).to_string()).collect();
    let google = crate::google::look(world);
    State {
        now_ms: world.now_ms(),
        videos: google.videos,
        sessions: google.sessions,
        secrets,
        canaries,
        quota: BTreeMap::from([("youtube".to_string(), google.quota)]),
    }
}
