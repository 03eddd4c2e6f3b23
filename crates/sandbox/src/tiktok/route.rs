//! Which call a request is: its stable name (for fault plans and the log), the scopes that allow it, and how often it may be made.
//! Paths are the documented ones, slashes at the end and all: in the world a missing one is a redirect that drops the body, here it is
//! a call that does not exist.

use crate::settings::tiktok::TikTok as Settings;
use http::Method;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    AuthPage,
    AuthConsent,
    Token,
    Revoke,
    CreatorInfo,
    VideoInit,
    InboxInit,
    Put,
    Status,
    Cancel,
    UserInfo,
    VideoList,
    VideoQuery,
}

pub(crate) const WWW: &str = "www.tiktok.com";
pub(crate) const API: &str = "open.tiktokapis.com";
pub(crate) const UPLOAD: &str = "open-upload.tiktokapis.com";

impl Op {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Op::AuthPage => "auth.tiktok.page",
            Op::AuthConsent => "auth.tiktok.consent",
            Op::Token => "tiktok.token",
            Op::Revoke => "tiktok.revoke",
            Op::CreatorInfo => "tiktok.creator_info",
            Op::VideoInit => "tiktok.video.init",
            Op::InboxInit => "tiktok.inbox.init",
            Op::Put => "tiktok.upload.put",
            Op::Status => "tiktok.status.fetch",
            Op::Cancel => "tiktok.cancel",
            Op::UserInfo => "tiktok.user.info",
            Op::VideoList => "tiktok.video.list",
            Op::VideoQuery => "tiktok.video.query",
        }
    }

    /// Any one of these is enough. What `user/info` needs depends on the fields.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Op::CreatorInfo | Op::VideoInit => &["video.publish"],
            Op::InboxInit => &["video.upload"],
            Op::Status | Op::Cancel => &["video.upload", "video.publish"],
            Op::VideoList | Op::VideoQuery => &["video.list"],
            Op::UserInfo => &["user.info.basic", "user.info.profile", "user.info.stats"],
            Op::AuthPage | Op::AuthConsent | Op::Token | Op::Revoke | Op::Put => &[],
        }
    }

    /// Calls a minute with one access token.
    /// Unsure: which dimension the Display API's 600 count; the token and the endpoint here, as for posting.
    pub(crate) fn per_minute(self, settings: &Settings) -> Option<u64> {
        match self {
            Op::VideoInit | Op::InboxInit => Some(settings.inits_per_minute),
            Op::CreatorInfo => Some(settings.creator_infos_per_minute),
            Op::Status => Some(settings.statuses_per_minute),
            Op::UserInfo | Op::VideoList | Op::VideoQuery => Some(settings.display_calls_per_minute),
            Op::AuthPage | Op::AuthConsent | Op::Token | Op::Revoke | Op::Put | Op::Cancel => None,
        }
    }

    /// Its body is not read into memory before the call is looked at.
    pub(crate) fn streams(self) -> bool {
        self == Op::Put
    }
}

/// The call, or nothing when the contract does not have it.
pub(crate) fn route(host: &str, method: &Method, path: &str) -> Option<Op> {
    let op = match (host, method.as_str(), path) {
        (WWW, "GET", "/v2/auth/authorize/") => Op::AuthPage,
        (WWW, "POST", "/v2/auth/consent/") => Op::AuthConsent,
        (API, "POST", "/v2/oauth/token/") => Op::Token,
        (API, "POST", "/v2/oauth/revoke/") => Op::Revoke,
        (API, "POST", "/v2/post/publish/creator_info/query/") => Op::CreatorInfo,
        (API, "POST", "/v2/post/publish/video/init/") => Op::VideoInit,
        (API, "POST", "/v2/post/publish/inbox/video/init/") => Op::InboxInit,
        (API, "POST", "/v2/post/publish/status/fetch/") => Op::Status,
        (API, "POST", "/v2/post/publish/cancel/") => Op::Cancel,
        (API, "GET", "/v2/user/info/") => Op::UserInfo,
        (API, "POST", "/v2/video/list/") => Op::VideoList,
        (API, "POST", "/v2/video/query/") => Op::VideoQuery,
        // The address is opaque: documented are two paths, and one without its slash was seen.
        (UPLOAD, "PUT", "/video/" | "/upload/" | "/upload") => Op::Put,
        _ => return None,
    };
    Some(op)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_known_by_host_method_and_whole_path() {
        let name = |host, method, path| route(host, &method, path).map(Op::name);
        assert_eq!(name(API, Method::POST, "/v2/post/publish/video/init/"), Some("tiktok.video.init"));
        assert_eq!(name(API, Method::POST, "/v2/post/publish/video/init"), None, "without its slash");
        assert_eq!(name(API, Method::GET, "/v2/oauth/token/"), None);
        assert_eq!(name(WWW, Method::POST, "/v2/oauth/token/"), None);
        assert_eq!(name(API, Method::PUT, "/video/"), None, "bytes have a host of their own");
        assert_eq!(name(UPLOAD, Method::PUT, "/video/"), Some("tiktok.upload.put"));
        assert_eq!(name(UPLOAD, Method::POST, "/video/"), None);
        assert_eq!(name(API, Method::GET, "/v2/user/info/"), Some("tiktok.user.info"));
    }
}
