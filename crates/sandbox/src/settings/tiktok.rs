//! What can be tuned of the simulated TikTok. Times of processing are those of all platforms (`processing_ms`, `processing_outcome`).

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TikTok {
    /// TikTok has audited the app. Without: private accounts only, `SELF_ONLY` only, few creators a day.
    pub audited: bool,
    /// Creators an unaudited app may post for in 24 hours.
    pub unaudited_creators: u64,
    /// Creators an audited app may post for in 24 hours.
    pub active_creators: u64,
    /// Direct posts of one creator in 24 hours.
    pub posts_per_day: u64,
    /// Drafts of one creator that may wait in the inbox, in 24 hours.
    pub pending_drafts: u64,
    /// Calls a minute with one access token: the two inits, `creator_info`, `status/fetch`, the Display API.
    pub inits_per_minute: u64,
    pub creator_infos_per_minute: u64,
    pub statuses_per_minute: u64,
    pub display_calls_per_minute: u64,

    /// Creators whose account is private, by name (`mira`, `jonas`, `ada`); the others' are public.
    pub private_accounts: Vec<String>,
    /// Creators who may not post at all.
    pub banned: Vec<String>,
    /// Creators who have switched off comments, duets or stitches.
    pub comment_off: Vec<String>,
    pub duet_off: Vec<String>,
    pub stitch_off: Vec<String>,
    /// A code everybody's posting is refused with, e.g. `spam_risk_too_many_posts`: by `creator_info` with HTTP 200, by the inits with 403.
    pub refusal: Option<String>,
    pub max_video_post_duration_sec: u32,

    /// How a post ends that would else have been published: one of the contract's `fail_reason`s.
    pub fail_reason: Option<String>,
    /// Sandbox milliseconds from the end of processing until a public post has passed moderation and has its id.
    pub moderation_ms: u64,

    /// What TikTok means by MB.
    pub megabyte: Megabyte,
    /// Refuses the next so many plans of several chunks, though they are valid; counts down.
    pub chunk_plans_refused: u64,
    /// Refuses every plan of several chunks of one of these sizes, though they are valid.
    pub chunk_sizes_refused: Vec<u64>,
    /// Seconds an upload address lives.
    pub upload_url_s: i64,
    /// How the progress header of an upload is to be read.
    pub progress: ProgressHeader,
    /// A chunk that is stored already may be sent again (206); otherwise 416.
    pub resend_accepted: bool,

    /// Seconds an authorization code is good for.
    pub code_s: i64,
    /// Seconds an access token lives.
    pub access_token_s: i64,
    /// Seconds from the consent until the last refresh token dies.
    pub refresh_token_s: i64,
    /// Every refresh hands out a new refresh token, and the old one dies at once.
    pub rotate_refresh: bool,
    /// HTTP status of a refusal at `/v2/oauth/`; the contract has 400 and 200.
    pub oauth_error_status: u16,
    /// A challenge that is not hexadecimal passes the consent page and fails at the token call, as was seen once.
    pub challenge_checked_late: bool,
    /// The code for a wrong parameter: `invalid_params` on the wire, `invalid_param` in a part of the documentation.
    pub params_code: String,

    /// A page of `video/list` has no more than this, however many were asked for.
    pub list_page: u64,
    /// Fields of `user/info` outside the granted scopes are blank instead of refused.
    pub blank_fields: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Megabyte {
    /// 10^6 bytes.
    Decimal,
    /// 2^20 bytes.
    Binary,
}

/// `Content-Range: bytes 0-{n}/{total}`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressHeader {
    /// n bytes are stored, as documented.
    Count,
    /// n is the last byte that is stored, as HTTP means it.
    LastIndex,
}

impl Default for TikTok {
    fn default() -> TikTok {
        TikTok {
            audited: true,
            unaudited_creators: 5,
            active_creators: 1_000,
            posts_per_day: 15,
            pending_drafts: 5,
            inits_per_minute: 6,
            creator_infos_per_minute: 20,
            statuses_per_minute: 30,
            display_calls_per_minute: 600,
            private_accounts: vec!["jonas".into()],
            banned: vec!["ada".into()],
            comment_off: Vec::new(),
            duet_off: vec!["jonas".into()],
            stitch_off: vec!["jonas".into()],
            refusal: None,
            max_video_post_duration_sec: 600,
            fail_reason: None,
            moderation_ms: 2_000,
            megabyte: Megabyte::Decimal,
            chunk_plans_refused: 0,
            chunk_sizes_refused: Vec::new(),
            upload_url_s: 3_600,
            progress: ProgressHeader::Count,
            resend_accepted: false,
            code_s: 600,
            access_token_s: 86_400,
            refresh_token_s: 31_536_000,
            rotate_refresh: true,
            oauth_error_status: 400,
            challenge_checked_late: false,
            params_code: "invalid_params".into(),
            list_page: 20,
            blank_fields: false,
        }
    }
}
