//! What can be tuned of the simulated Facebook and Instagram. What a video is like (length, shape) is said here, for it is never decoded.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Meta {
    /// The Meta apps have left development mode: `http://localhost` is no way back any more.
    pub live_app: bool,
    /// Registered addresses of answers, exact. An https one is played by the page's own host, below `/redirect/`.
    pub redirects: Vec<String>,
    /// Ids of Pages that belong to their person's business portfolio, as its own and as those of its clients.
    pub owned_pages: Vec<String>,
    pub client_pages: Vec<String>,
    /// Permissions that the apps were not given: asking for one of them shows an error page in place of the dialog.
    pub app_lacks: Vec<String>,
    /// Numbers of the apps' configurations (Facebook Login for Business), and the permissions in each.
    pub configs: std::collections::BTreeMap<String, Vec<String>>,
    /// The dialog wants a configuration in the place of scopes.
    pub demands_config: bool,
    /// Stories are taken of business accounts alone.
    pub stories_for_business_only: bool,
    /// Where documents and the field differ, who is right.
    pub answers: Answers,
    /// Token answers say when the token ends; some real ones do not.
    pub tells_expires_in: bool,
    /// Seconds a first token lives.
    pub short_token_s: i64,
    /// Seconds a long-lived token lives.
    pub long_token_s: i64,
    /// The apps require `appsecret_proof`.
    pub require_proof: bool,
    /// HTTP status of a call whose token is dead: 400 or 401.
    pub dead_token_status: u16,
    /// Percent in `X-App-Usage`; from 100 on calls are refused.
    pub app_usage: u64,
    /// Percent in `X-Business-Use-Case-Usage`; from 100 on calls about that account are refused.
    pub business_usage: u64,
    /// Minutes in `estimated_time_to_regain_access`.
    pub regain_minutes: u64,
    /// Entries of a list in one answer, at most, whatever `limit` says.
    pub most_entries: usize,
    /// How long every video is taken to be.
    pub duration_ms: u64,
    /// Videos are taken to be upright: one posted as a Page's video, not as a reel, stays a draft.
    pub upright: bool,
    /// What the probe of a Facebook video finds wrong: 1363040 aspect ratio, 1363127 resolution, 1363128 duration, 1363129 frame rate.
    pub probe_errors: Vec<i64>,
    /// Reels a Page may publish in 24 hours.
    pub reels_per_day: usize,
    /// Seconds an upload may take from its opening to its last byte, on Facebook.
    pub upload_life_s: i64,
    /// The number in a failed container's status, when processing fails.
    pub container_error: i64,
    /// So many of the next Instagram uploads are answered with success and lost: 2207082, FILE_NOT_FOUND, no bytes.
    pub files_lost: u64,
    /// Copyright checks find something.
    pub copyright_matches: bool,
    /// The Instagram accounts may make trial reels.
    pub trial_reels: bool,
    /// Posts an Instagram account may publish in 24 hours.
    pub quota_total: usize,
    /// Containers an Instagram account may make in 24 hours.
    pub containers_per_day: usize,
    /// Largest reel in bytes.
    pub max_reel_bytes: u64,
    /// Largest story in bytes.
    pub max_story_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// As the documentation prints them: `bytes_transfered`, `complete`, `{"data":[…]}` around Instagram's token, whole permalinks.
    Docs,
    /// As clients see them: `bytes_transferred`, `completed`, flat with numbers and arrays, permalinks without a host, upload
    /// addresses without a version, a finish that does not name its post.
    Field,
}

impl Default for Meta {
    fn default() -> Meta {
        Meta {
            live_app: false,
            redirects: vec!["https://creator.example/slipway.html".into()],
            owned_pages: Vec::new(),
            client_pages: Vec::new(),
            app_lacks: Vec::new(),
            configs: std::collections::BTreeMap::new(),
            demands_config: false,
            stories_for_business_only: false,
            answers: Answers::Docs,
            tells_expires_in: true,
            short_token_s: 5_400,
            long_token_s: 5_183_944,
            require_proof: false,
            dead_token_status: 400,
            app_usage: 3,
            business_usage: 1,
            regain_minutes: 0,
            most_entries: 100,
            duration_ms: 30_000,
            upright: false,
            probe_errors: Vec::new(),
            reels_per_day: 30,
            upload_life_s: 86_400,
            container_error: 2_207_026,
            files_lost: 0,
            copyright_matches: false,
            trial_reels: true,
            quota_total: 50,
            containers_per_day: 400,
            max_reel_bytes: 300_000_000,
            max_story_bytes: 100_000_000,
        }
    }
}
