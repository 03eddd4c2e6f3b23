//! Which call a request is, and its stable name for fault plans and the log. Graph's paths say little: `/{id}` is whatever node has that
//! id, and `/me` whoever the token speaks for; so the id is looked up first (`Kind`). Versions from v23.0 to v27.0 are taken, and none.

use super::books::Books;
use super::people;
use http::Method;

pub(crate) const WWW_FACEBOOK: &str = "www.facebook.com";
pub(crate) const GRAPH: &str = "graph.facebook.com";
pub(crate) const RUPLOAD: &str = "rupload.facebook.com";
pub(crate) const WWW_INSTAGRAM: &str = "www.instagram.com";
pub(crate) const API_INSTAGRAM: &str = "api.instagram.com";
pub(crate) const GRAPH_INSTAGRAM: &str = "graph.instagram.com";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    FacebookPage,
    FacebookConsent,
    InstagramPage,
    InstagramConsent,
    Token,
    InstagramToken,
    InstagramLong,
    InstagramRefresh,
    DebugToken,
    Me,
    Permissions,
    PermissionsDelete,
    Accounts,
    Portfolios,
    OwnedPages,
    ClientPages,
    Page,
    ReelsStart,
    ReelsFinish,
    ReelsList,
    StoriesStart,
    StoriesFinish,
    StoriesList,
    VideosCreate,
    VideosList,
    ScheduledPosts,
    Posts,
    Video,
    VideoAmend,
    VideoDelete,
    Thumbnails,
    ThumbnailsList,
    Captions,
    CaptionsList,
    Collaborators,
    Post,
    PostAmend,
    PostDelete,
    UploadsStart,
    UploadsPut,
    UploadsQuery,
    ReelBytes,
    Account,
    MediaCreate,
    MediaList,
    AccountStories,
    Publish,
    Limit,
    Container,
    Item,
    ItemAmend,
    ItemDelete,
    ContainerBytes,
    /// An object that is not there.
    Object,
}

/// Which platform's name a call bears.
enum Family {
    Facebook,
    Instagram,
    /// The app's whose token it carries.
    Apps,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Portfolio,
    Page,
    Account,
    App,
    Video,
    Post,
    Container,
    Media,
    Nothing,
}

impl Op {
    /// Whole, for the platform of the app that asks: shared calls bear its name.
    pub(crate) fn name(self, app: &str) -> String {
        let (family, last) = self.named();
        let of = match family {
            Family::Facebook => "facebook",
            Family::Instagram => "instagram",
            Family::Apps => app,
        };
        match last.strip_prefix("auth.") {
            Some(page) => format!("auth.{of}.{page}"),
            None => format!("{of}.{last}"),
        }
    }

    /// The platform whose call it is.
    pub(crate) fn platform(self, app: &str) -> &str {
        match self.named().0 {
            Family::Facebook => "facebook",
            Family::Instagram => "instagram",
            Family::Apps => app,
        }
    }

    fn named(self) -> (Family, &'static str) {
        use Family::{Apps, Facebook, Instagram};
        match self {
            Op::FacebookPage => (Apps, "auth.page"),
            Op::FacebookConsent => (Apps, "auth.consent"),
            Op::InstagramPage => (Instagram, "auth.page"),
            Op::InstagramConsent => (Instagram, "auth.consent"),
            Op::Token => (Apps, "token"),
            Op::InstagramToken | Op::InstagramLong | Op::InstagramRefresh => (Instagram, "token"),
            Op::DebugToken => (Apps, "debug_token"),
            Op::Me => (Apps, "me"),
            Op::Permissions => (Apps, "permissions"),
            Op::PermissionsDelete => (Apps, "permissions.delete"),
            Op::Accounts => (Apps, "accounts"),
            Op::Portfolios => (Apps, "businesses"),
            Op::OwnedPages | Op::ClientPages => (Apps, "business.pages"),
            Op::Page => (Apps, "page"),
            Op::Object => (Apps, "object"),
            Op::ReelsStart => (Facebook, "reels.start"),
            Op::ReelsFinish => (Facebook, "reels.finish"),
            Op::ReelsList => (Facebook, "reels.list"),
            Op::StoriesStart => (Facebook, "stories.start"),
            Op::StoriesFinish => (Facebook, "stories.finish"),
            Op::StoriesList => (Facebook, "stories.list"),
            Op::VideosCreate => (Facebook, "videos.create"),
            Op::VideosList => (Facebook, "videos.list"),
            Op::ScheduledPosts => (Facebook, "scheduled_posts"),
            Op::Posts => (Facebook, "posts"),
            Op::Video => (Facebook, "video.status"),
            Op::VideoAmend => (Facebook, "video.amend"),
            Op::VideoDelete => (Facebook, "video.delete"),
            Op::Thumbnails => (Facebook, "video.thumbnails"),
            Op::ThumbnailsList => (Facebook, "video.thumbnails.list"),
            Op::Captions => (Facebook, "video.captions"),
            Op::CaptionsList => (Facebook, "video.captions.list"),
            Op::Collaborators => (Facebook, "video.collaborators"),
            Op::Post => (Facebook, "post"),
            Op::PostAmend => (Facebook, "post.amend"),
            Op::PostDelete => (Facebook, "post.delete"),
            Op::UploadsStart => (Facebook, "uploads.start"),
            Op::UploadsPut => (Facebook, "uploads.put"),
            Op::UploadsQuery => (Facebook, "uploads.query"),
            Op::ReelBytes => (Facebook, "upload"),
            Op::Account => (Instagram, "account"),
            Op::MediaCreate => (Instagram, "media"),
            Op::MediaList => (Instagram, "list"),
            Op::AccountStories => (Instagram, "stories"),
            Op::Publish => (Instagram, "publish"),
            Op::Limit => (Instagram, "limit"),
            Op::Container => (Instagram, "container"),
            Op::Item => (Instagram, "item"),
            Op::ItemAmend => (Instagram, "item.amend"),
            Op::ItemDelete => (Instagram, "item.delete"),
            Op::ContainerBytes => (Instagram, "upload"),
        }
    }
}

/// A request's path without its version, and the version, where it is one that is served.
pub(crate) struct Path<'a> {
    pub(crate) version: Option<&'a str>,
    pub(crate) parts: Vec<&'a str>,
}

impl Path<'_> {
    pub(crate) fn read(path: &str) -> Option<Path<'_>> {
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut version = None;
        if let Some(first) = parts.first()
            && first.strip_prefix('v').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        {
            if !["v23.0", "v24.0", "v25.0", "v26.0", "v27.0"].contains(first) {
                return None;
            }
            version = Some(parts.remove(0));
        }
        Some(Path { version, parts })
    }
}

pub(crate) fn kind(books: &Books, id: &str) -> Kind {
    if people::by_id(id).is_some() {
        return Kind::User;
    }
    if people::portfolio(id).is_some() {
        return Kind::Portfolio;
    }
    if people::page(id).is_some() {
        return Kind::Page;
    }
    if people::professional(id).is_some() {
        return Kind::Account;
    }
    if books.app_of(id).is_some() {
        return Kind::App;
    }
    if books.video(id).is_some() {
        return Kind::Video;
    }
    if books.container(id).is_some() {
        return Kind::Container;
    }
    if books.media(id).is_some() {
        return Kind::Media;
    }
    if books.video_of_post(id).is_some() {
        return Kind::Post;
    }
    Kind::Nothing
}

/// Calls whose body streams, known by their path alone, with the id they are about.
pub(crate) fn streaming<'a>(host: &str, method: &Method, path: &'a str) -> Option<(Op, &'a str)> {
    if method != Method::POST {
        return None;
    }
    if host == RUPLOAD {
        let (op, rest) = match path.strip_prefix("/video-upload/") {
            Some(rest) => (Op::ReelBytes, rest),
            None => (Op::ContainerBytes, path.strip_prefix("/ig-api-upload/")?),
        };
        // The version is sometimes left out in what is documented.
        let Path { parts, .. } = Path::read(rest)?;
        return (parts.len() == 1).then(|| (op, parts[0]));
    }
    let session = file_session(host, path)?;
    Some((Op::UploadsPut, session))
}

/// `upload:<session>`, as it is or percent-encoded.
pub(crate) fn file_session<'a>(host: &str, path: &'a str) -> Option<&'a str> {
    let Path { parts, .. } = Path::read(path).filter(|path| host == GRAPH && path.parts.len() == 1)?;
    parts[0].strip_prefix("upload:").or_else(|| parts[0].strip_prefix("upload%3A"))
}

/// Calls about no node.
pub(crate) fn plain(host: &str, method: &Method, path: &str) -> Option<Op> {
    let get = method == Method::GET;
    let post = method == Method::POST;
    let parts = Path::read(path)?.parts;
    let op = match (host, &parts[..]) {
        (WWW_FACEBOOK, ["dialog", "oauth"]) if get => Op::FacebookPage,
        (WWW_FACEBOOK, ["dialog", "oauth", "confirm"]) if post => Op::FacebookConsent,
        (WWW_INSTAGRAM, ["oauth", "authorize"]) if get => Op::InstagramPage,
        (WWW_INSTAGRAM, ["oauth", "authorize", "confirm"]) if post => Op::InstagramConsent,
        (API_INSTAGRAM, ["oauth", "access_token"]) if post => Op::InstagramToken,
        (GRAPH, ["oauth", "access_token"]) if get || post => Op::Token,
        (GRAPH, ["debug_token"]) if get => Op::DebugToken,
        (GRAPH_INSTAGRAM, ["access_token"]) if get => Op::InstagramLong,
        (GRAPH_INSTAGRAM, ["refresh_access_token"]) if get => Op::InstagramRefresh,
        (GRAPH, _) if get && file_session(host, path).is_some() => Op::UploadsQuery,
        _ => return None,
    };
    Some(op)
}

/// Calls about a node: `/{id}` and `/{id}/{edge}`. `phase`: the call's `upload_phase`.
pub(crate) fn about(
    host: &str,
    method: &Method,
    kind: Kind,
    edge: &[&str],
    phase: Option<&str>,
) -> Option<Op> {
    let graph = host == GRAPH;
    let finish = phase.is_some_and(|phase| phase.eq_ignore_ascii_case("finish"));
    let op = match (kind, method.as_str(), edge) {
        (Kind::Account, "GET", []) => Op::Account,
        (Kind::Account, "POST", ["media"]) => Op::MediaCreate,
        (Kind::Account, "GET", ["media"]) => Op::MediaList,
        (Kind::Account, "GET", ["stories"]) => Op::AccountStories,
        (Kind::Account, "POST", ["media_publish"]) => Op::Publish,
        (Kind::Account, "GET", ["content_publishing_limit"]) => Op::Limit,
        (Kind::Container, "GET", []) => Op::Container,
        (Kind::Media, "GET", []) => Op::Item,
        (Kind::Media, "POST", []) => Op::ItemAmend,
        (Kind::Media, "DELETE", []) => Op::ItemDelete,
        (Kind::Nothing, _, [] | [_]) => Op::Object,
        (Kind::User, "GET", []) if graph => Op::Me,
        (Kind::User, "GET", ["accounts"]) if graph => Op::Accounts,
        (Kind::User, "GET", ["businesses"]) if graph => Op::Portfolios,
        (Kind::Portfolio, "GET", ["owned_pages"]) if graph => Op::OwnedPages,
        (Kind::Portfolio, "GET", ["client_pages"]) if graph => Op::ClientPages,
        (Kind::User, "GET", ["permissions"]) if graph => Op::Permissions,
        (Kind::User, "DELETE", ["permissions"] | ["permissions", _]) if graph => Op::PermissionsDelete,
        (Kind::Page, "GET", []) if graph => Op::Page,
        (Kind::Page, "POST", ["video_reels"]) if graph && finish => Op::ReelsFinish,
        (Kind::Page, "POST", ["video_reels"]) if graph => Op::ReelsStart,
        (Kind::Page, "GET", ["video_reels"]) if graph => Op::ReelsList,
        (Kind::Page, "POST", ["video_stories"]) if graph && finish => Op::StoriesFinish,
        (Kind::Page, "POST", ["video_stories"]) if graph => Op::StoriesStart,
        (Kind::Page, "GET", ["stories"]) if graph => Op::StoriesList,
        (Kind::Page, "POST", ["videos"]) if graph => Op::VideosCreate,
        (Kind::Page, "GET", ["videos"]) if graph => Op::VideosList,
        (Kind::Page, "GET", ["scheduled_posts"]) if graph => Op::ScheduledPosts,
        (Kind::Page, "GET", ["posts" | "published_posts" | "feed"]) if graph => Op::Posts,
        (Kind::App, "POST", ["uploads"]) if graph => Op::UploadsStart,
        (Kind::Video, "GET", []) if graph => Op::Video,
        (Kind::Video, "POST", []) if graph => Op::VideoAmend,
        (Kind::Video, "DELETE", []) if graph => Op::VideoDelete,
        (Kind::Video, "POST", ["thumbnails"]) if graph => Op::Thumbnails,
        (Kind::Video, "GET", ["thumbnails"]) if graph => Op::ThumbnailsList,
        (Kind::Video, "POST", ["captions"]) if graph => Op::Captions,
        (Kind::Video, "GET", ["captions"]) if graph => Op::CaptionsList,
        (Kind::Video, "POST", ["collaborators"]) if graph => Op::Collaborators,
        (Kind::Post, "GET", []) if graph => Op::Post,
        (Kind::Post, "POST", []) if graph => Op::PostAmend,
        (Kind::Post, "DELETE", []) if graph => Op::PostDelete,
        // Nodes of the other flavour of the API are not there on this one.
        _ if host == GRAPH_INSTAGRAM && edge.len() < 2 => Op::Object,
        _ => return None,
    };
    Some(op)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_a_version_or_none() {
        let parts =
            |path: &str| Path::read(path).map(|path| (path.version.map(String::from), path.parts.len()));
        assert_eq!(parts("/v25.0/me/accounts"), Some((Some("v25.0".into()), 2)));
        assert_eq!(parts("/me/accounts"), Some((None, 2)));
        for (version, served) in [("v22.0", false), ("v23.0", true), ("v27.0", true), ("v28.0", false)] {
            assert_eq!(parts(&format!("/{version}/me")).is_some(), served, "{version}");
        }
        assert_eq!(parts("/video_reels"), Some((None, 1)));
    }

    #[test]
    fn bytes_are_known_by_their_path() {
        let of = |host, path| streaming(host, &Method::POST, path);
        assert_eq!(of(RUPLOAD, "/video-upload/v25.0/12"), Some((Op::ReelBytes, "12")));
        assert_eq!(of(RUPLOAD, "/video-upload/12"), Some((Op::ReelBytes, "12")));
        assert_eq!(of(RUPLOAD, "/ig-api-upload/v25.0/12"), Some((Op::ContainerBytes, "12")));
        assert_eq!(of(GRAPH, "/v25.0/upload:MTox"), Some((Op::UploadsPut, "MTox")));
        assert_eq!(of(GRAPH, "/v25.0/upload%3AMTox"), Some((Op::UploadsPut, "MTox")));
        assert_eq!(of(GRAPH, "/v25.0/video-upload/12"), None);
        assert_eq!(plain(GRAPH, &Method::GET, "/v25.0/upload:MTox"), Some(Op::UploadsQuery));
    }

    #[test]
    fn shared_calls_bear_the_apps_name() {
        assert_eq!(Op::Token.name("instagram"), "instagram.token");
        assert_eq!(Op::FacebookPage.name("instagram"), "auth.instagram.page");
        assert_eq!(Op::ReelsStart.name("instagram"), "facebook.reels.start");
        assert_eq!(
            about(GRAPH, &Method::POST, Kind::Page, &["video_reels"], Some("FINISH")),
            Some(Op::ReelsFinish)
        );
        assert_eq!(about(GRAPH, &Method::GET, Kind::Page, &["insights"], None), None);
        assert_eq!(about(GRAPH_INSTAGRAM, &Method::GET, Kind::Video, &[], None), Some(Op::Object));
    }
}
