//! Which call a request is: its stable name (for fault plans and the log), the scopes that allow it, and what it costs.
//! Names, paths and scopes follow the discovery document (revision 20261104), costs contract youtube 2.2.

use http::Method;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    AuthPage,
    AuthConsent,
    Token,
    Revoke,
    TokenInfo,
    UserInfo,
    Start(What),
    Put(What),
    Query(What),
    Cancel(What),
    ThumbnailsSet,
    CaptionsInsert,
    CaptionsList,
    CaptionsDelete,
    VideosList,
    VideosUpdate,
    VideosDelete,
    VideosStats,
    ChannelsList,
    CategoriesList,
    PlaylistsList,
    PlaylistsInsert,
    ItemsList,
    ItemsInsert,
    ItemsDelete,
}

/// What a resumable session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Video,
    Thumbnail,
    Caption,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    Free,
    /// Units of the common pool.
    Pool(u64),
    /// One call of the "Video Uploads" bucket.
    Upload,
    /// One call of batchGetStats' own bucket.
    Stats,
}

pub(crate) const ACCOUNTS: &str = "accounts.google.com";
pub(crate) const OAUTH: &str = "oauth2.googleapis.com";
pub(crate) const WWW: &str = "www.googleapis.com";
pub(crate) const YOUTUBE: &str = "youtube.googleapis.com";

const UPLOADERS: &[&str] = &["youtube.upload", "youtube", "youtube.force-ssl", "youtubepartner"];
const READERS: &[&str] = &["youtube.readonly", "youtube", "youtube.force-ssl", "youtubepartner"];
const WRITERS: &[&str] = &["youtube", "youtube.force-ssl", "youtubepartner"];
const STRICT: &[&str] = &["youtube.force-ssl", "youtubepartner"];

impl Op {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Op::AuthPage => "auth.page",
            Op::AuthConsent => "auth.consent",
            Op::Token => "token",
            Op::Revoke => "revoke",
            Op::TokenInfo => "tokeninfo",
            Op::UserInfo => "userinfo",
            Op::Start(What::Video) => "videos.insert.start",
            Op::Put(What::Video) => "videos.insert.put",
            Op::Query(What::Video) => "videos.insert.query",
            Op::Cancel(What::Video) => "videos.insert.cancel",
            Op::Start(What::Thumbnail) => "thumbnails.set.start",
            Op::Put(What::Thumbnail) => "thumbnails.set.put",
            Op::Query(What::Thumbnail) => "thumbnails.set.query",
            Op::Cancel(What::Thumbnail) => "thumbnails.set.cancel",
            Op::Start(What::Caption) => "captions.insert.start",
            Op::Put(What::Caption) => "captions.insert.put",
            Op::Query(What::Caption) => "captions.insert.query",
            Op::Cancel(What::Caption) => "captions.insert.cancel",
            Op::ThumbnailsSet => "thumbnails.set",
            Op::CaptionsInsert => "captions.insert",
            Op::CaptionsList => "captions.list",
            Op::CaptionsDelete => "captions.delete",
            Op::VideosList => "videos.list",
            Op::VideosUpdate => "videos.update",
            Op::VideosDelete => "videos.delete",
            Op::VideosStats => "videos.batchGetStats",
            Op::ChannelsList => "channels.list",
            Op::CategoriesList => "videoCategories.list",
            Op::PlaylistsList => "playlists.list",
            Op::PlaylistsInsert => "playlists.insert",
            Op::ItemsList => "playlistItems.list",
            Op::ItemsInsert => "playlistItems.insert",
            Op::ItemsDelete => "playlistItems.delete",
        }
    }

    /// Any one of these is enough. Without the `https://www.googleapis.com/auth/` in front.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Op::Start(What::Caption)
            | Op::Put(What::Caption)
            | Op::Query(What::Caption)
            | Op::Cancel(What::Caption) => STRICT,
            Op::CaptionsInsert | Op::CaptionsList | Op::CaptionsDelete => STRICT,
            Op::Start(_) | Op::Put(_) | Op::Query(_) | Op::Cancel(_) | Op::ThumbnailsSet => UPLOADERS,
            Op::VideosList | Op::VideosStats | Op::ChannelsList | Op::CategoriesList => READERS,
            Op::PlaylistsList | Op::ItemsList => READERS,
            Op::VideosUpdate | Op::VideosDelete | Op::PlaylistsInsert | Op::ItemsInsert | Op::ItemsDelete => {
                WRITERS
            }
            Op::UserInfo => &["openid", "userinfo.email", "userinfo.profile"],
            Op::AuthPage | Op::AuthConsent | Op::Token | Op::Revoke | Op::TokenInfo => &[],
        }
    }

    pub(crate) fn cost(self) -> Cost {
        match self {
            Op::Start(What::Video) => Cost::Upload,
            Op::Start(What::Thumbnail) | Op::ThumbnailsSet => Cost::Pool(50),
            Op::Start(What::Caption) | Op::CaptionsInsert => Cost::Pool(400),
            Op::CaptionsList | Op::CaptionsDelete => Cost::Pool(50),
            Op::VideosUpdate | Op::VideosDelete | Op::PlaylistsInsert | Op::ItemsInsert | Op::ItemsDelete => {
                Cost::Pool(50)
            }
            Op::VideosList | Op::ChannelsList | Op::CategoriesList | Op::PlaylistsList | Op::ItemsList => {
                Cost::Pool(1)
            }
            Op::VideosStats => Cost::Stats,
            Op::Put(_) | Op::Query(_) | Op::Cancel(_) => Cost::Free,
            Op::AuthPage | Op::AuthConsent | Op::Token | Op::Revoke | Op::TokenInfo | Op::UserInfo => {
                Cost::Free
            }
        }
    }

    /// Its body is not read into memory before the call is looked at.
    pub(crate) fn streams(self) -> bool {
        matches!(self, Op::Put(_) | Op::Query(_) | Op::Cancel(_))
    }

    /// The most its body may be, in bytes.
    pub(crate) fn body_limit(self) -> usize {
        match self {
            Op::ThumbnailsSet => 52_428_800,
            // The track and a little JSON around it.
            Op::CaptionsInsert => 104_857_600 + (64 << 10),
            _ => 1 << 20,
        }
    }

    /// Answers in OAuth's own error shape.
    pub(crate) fn is_oauth(self) -> bool {
        matches!(self, Op::Token | Op::Revoke | Op::TokenInfo)
    }
}

/// The call, or nothing when the contract does not have it.
pub(crate) fn route(
    host: &str,
    method: &Method,
    path: &str,
    query: &[(String, String)],
    range: Option<&str>,
) -> Option<Op> {
    let get = method == Method::GET;
    let post = method == Method::POST;
    match host {
        ACCOUNTS => match path {
            "/o/oauth2/v2/auth" | "/o/oauth2/auth" if get => Some(Op::AuthPage),
            "/signin/consent" if post => Some(Op::AuthConsent),
            _ => None,
        },
        OAUTH => match path {
            "/token" if post => Some(Op::Token),
            "/revoke" if post => Some(Op::Revoke),
            "/tokeninfo" if get || post => Some(Op::TokenInfo),
            _ => None,
        },
        WWW => match path {
            "/oauth2/v2/userinfo" if get => Some(Op::UserInfo),
            "/oauth2/v2/tokeninfo" if post || get => Some(Op::TokenInfo),
            _ => youtube(method, path, query, range),
        },
        YOUTUBE => youtube(method, path, query, range),
        _ => None,
    }
}

fn youtube(method: &Method, path: &str, query: &[(String, String)], range: Option<&str>) -> Option<Op> {
    let resumable = path.strip_prefix("/resumable/upload/youtube/v3/");
    if let Some(rest) = resumable.or_else(|| path.strip_prefix("/upload/youtube/v3/")) {
        return upload(method, rest, query, range, resumable.is_some());
    }
    let op = match (method.as_str(), path.strip_prefix("/youtube/v3/")?) {
        ("GET", "videos") => Op::VideosList,
        ("PUT", "videos") => Op::VideosUpdate,
        ("DELETE", "videos") => Op::VideosDelete,
        ("GET", "videos:batchGetStats") => Op::VideosStats,
        ("GET", "channels") => Op::ChannelsList,
        ("GET", "videoCategories") => Op::CategoriesList,
        ("GET", "playlists") => Op::PlaylistsList,
        ("POST", "playlists") => Op::PlaylistsInsert,
        ("GET", "playlistItems") => Op::ItemsList,
        ("POST", "playlistItems") => Op::ItemsInsert,
        ("DELETE", "playlistItems") => Op::ItemsDelete,
        ("GET", "captions") => Op::CaptionsList,
        ("DELETE", "captions") => Op::CaptionsDelete,
        _ => return None,
    };
    Some(op)
}

fn upload(
    method: &Method,
    rest: &str,
    query: &[(String, String)],
    range: Option<&str>,
    resumable: bool,
) -> Option<Op> {
    let what = match rest {
        "videos" => What::Video,
        "thumbnails/set" => What::Thumbnail,
        "captions" => What::Caption,
        _ => return None,
    };
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if value("upload_id").is_some() {
        return match *method {
            Method::PUT if range.is_some_and(|range| range.trim().starts_with("bytes */")) => {
                Some(Op::Query(what))
            }
            Method::PUT => Some(Op::Put(what)),
            Method::DELETE => Some(Op::Cancel(what)),
            _ => None,
        };
    }
    if method != Method::POST {
        return None;
    }
    match (value("uploadType"), what) {
        (Some("resumable"), _) => Some(Op::Start(what)),
        (None, _) if resumable => Some(Op::Start(what)),
        (None | Some("media"), What::Thumbnail) => Some(Op::ThumbnailsSet),
        (Some("multipart"), What::Caption) => Some(Op::CaptionsInsert),
        // Videos in one multipart or simple request exist in the world; no client of ours has a reason to.
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(host: &str, method: Method, address: &str, range: Option<&str>) -> Option<&'static str> {
        let url = url::Url::parse("http://h").unwrap().join(address).unwrap();
        let query: Vec<_> = url.query_pairs().into_owned().collect();
        route(host, &method, url.path(), &query, range).map(Op::name)
    }

    #[test]
    fn calls_have_their_names() {
        let put = |address, range| name(WWW, Method::PUT, address, range);
        let session = "/upload/youtube/v3/videos?uploadType=resumable&upload_id=x";
        assert_eq!(put(session, None), Some("videos.insert.put"));
        assert_eq!(put(session, Some("bytes 0-1/2")), Some("videos.insert.put"));
        assert_eq!(put(session, Some("bytes */2")), Some("videos.insert.query"));
        assert_eq!(put("/youtube/v3/videos?part=status", None), Some("videos.update"));
        for host in [WWW, YOUTUBE] {
            for prefix in ["", "/resumable"] {
                let start = format!("{prefix}/upload/youtube/v3/videos?uploadType=resumable&part=snippet");
                assert_eq!(name(host, Method::POST, &start, None), Some("videos.insert.start"));
            }
        }
        assert_eq!(
            name(WWW, Method::POST, "/upload/youtube/v3/thumbnails/set?videoId=a", None),
            Some("thumbnails.set")
        );
        assert_eq!(name(OAUTH, Method::POST, "/token", None), Some("token"));
    }

    #[test]
    fn what_the_contract_lacks_is_unknown() {
        assert_eq!(name(OAUTH, Method::GET, "/token", None), None);
        assert_eq!(name(WWW, Method::POST, "/token", None), None);
        assert_eq!(name(WWW, Method::GET, "/youtube/v3/video", None), None);
        assert_eq!(name(YOUTUBE, Method::GET, "/oauth2/v2/userinfo", None), None);
        assert_eq!(name(ACCOUNTS, Method::POST, "/o/oauth2/v2/auth", None), None);
    }
}
