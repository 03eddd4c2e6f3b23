//! What Meta remembers: apps, codes and tokens, uploads, videos, containers, posts. Plain data that is written to home as it is. Nothing
//! is done at a minute; what is true at a minute is worked out when somebody looks (`life`).

use crate::App;
use crate::world::random_text;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) apps: Apps,
    /// Serial of blobs, uploads and videos.
    serial: u64,
    #[serde(skip)]
    pub(crate) consents: BTreeMap<String, Consent>,
    pub(crate) codes: Vec<Code>,
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Tokens that died before their time: whose app's, and the sub-code of 190 that says why.
    pub(crate) dead: BTreeMap<String, (AppName, i64)>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) files: Vec<FileSession>,
    pub(crate) videos: Vec<Video>,
    pub(crate) containers: Vec<Container>,
    pub(crate) media: Vec<Media>,
}

/// The registered apps. Instagram Login's has an id of its own, as in the world.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Apps {
    pub(crate) facebook: App,
    pub(crate) instagram: App,
    pub(crate) instagram_login: App,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AppName {
    Facebook,
    Instagram,
    InstagramLogin,
}

/// An authorization request that waits for a person.
pub(crate) struct Consent {
    pub(crate) app: AppName,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) app: AppName,
    pub(crate) redirect_uri: String,
    pub(crate) given: Given,
    pub(crate) issued_ms: i64,
    pub(crate) used: bool,
}

/// What a person said yes to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Given {
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) declined: Vec<String>,
    /// Ids of the Pages that were left ticked.
    pub(crate) pages: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) app: AppName,
    pub(crate) kind: TokenKind,
    pub(crate) given: Given,
    pub(crate) issued_ms: i64,
    /// A Page's token has no end of its own.
    pub(crate) dies_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TokenKind {
    User {
        long: bool,
    },
    Page {
        page: String,
        /// The user token it was read with.
        of: String,
    },
    /// Instagram Login's.
    Instagram {
        long: bool,
    },
}

/// Bytes on their way, whatever they are for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: u64,
    pub(crate) platform: String,
    /// From 1, by platform.
    pub(crate) ordinal: u64,
    pub(crate) purpose: String,
    pub(crate) goal: Goal,
    pub(crate) owner: String,
    pub(crate) file: Option<String>,
    pub(crate) mime: String,
    pub(crate) total: Option<u64>,
    pub(crate) stored: u64,
    pub(crate) received: u64,
    pub(crate) opened_ms: i64,
    /// When the last byte was there.
    pub(crate) whole_ms: Option<i64>,
    pub(crate) blake3: Option<String>,
    pub(crate) blob: Option<u64>,
    /// Ended for good before it was whole.
    pub(crate) gone: bool,
}

/// Where an upload's bytes go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Goal {
    Video(String),
    Container(String),
    File(String),
}

/// A session of the app-level resumable upload.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FileSession {
    /// Between `upload:` and `?`.
    pub(crate) id: String,
    pub(crate) sig: String,
    pub(crate) app: AppName,
    pub(crate) upload: u64,
    /// The handle of the whole file.
    pub(crate) handle: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VideoKind {
    Reel,
    Story,
    Video,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stand {
    /// Begun and not finished: nothing that anybody can see.
    Open,
    Draft,
    Unpublished,
    /// Public at this minute, once processed.
    Due(i64),
    /// Told to be public at this moment, once processed.
    Told(i64),
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Video {
    pub(crate) id: String,
    pub(crate) kind: VideoKind,
    pub(crate) page: String,
    pub(crate) owner: String,
    pub(crate) upload: u64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) stand: Stand,
    /// The schedule as last wished.
    pub(crate) wished_ms: Option<i64>,
    /// The post's own number, once there is a post.
    pub(crate) post: Option<String>,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    /// Set when the bytes are whole: when processing ends, and what it finds wrong.
    pub(crate) processed: Option<Processed>,
    pub(crate) thumbnail: Option<Picture>,
    pub(crate) captions: Vec<Caption>,
    /// Page asked, and when.
    pub(crate) collaborators: Vec<(String, i64)>,
    pub(crate) options: Map<String, Value>,
    /// Whatever was asked for, it waits as a draft for somebody who publishes it in Facebook's own app.
    #[serde(default)]
    pub(crate) kept_back: bool,
    pub(crate) deleted: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Processed {
    pub(crate) at_ms: i64,
    pub(crate) errors: Vec<i64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Picture {
    pub(crate) blob: u64,
    pub(crate) bytes: u64,
    pub(crate) blake3: String,
    pub(crate) mime: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Caption {
    pub(crate) id: String,
    pub(crate) locale: String,
    pub(crate) default: bool,
    pub(crate) blob: u64,
    pub(crate) bytes: u64,
    pub(crate) blake3: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MediaKind {
    Image,
    Reel,
    Story,
    /// A video of a carousel.
    Child,
    Carousel,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Container {
    pub(crate) id: String,
    pub(crate) kind: MediaKind,
    /// Instagram account it is of.
    pub(crate) account: String,
    pub(crate) owner: String,
    pub(crate) item: bool,
    pub(crate) caption: String,
    pub(crate) children: Vec<String>,
    pub(crate) thumb_offset: Option<i64>,
    /// Absent for carousels.
    pub(crate) upload: Option<u64>,
    pub(crate) created_ms: i64,
    /// When it is ready, and the number of what went wrong.
    pub(crate) ready: Option<(i64, Option<i64>)>,
    pub(crate) published: Option<String>,
    pub(crate) options: Map<String, Value>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Media {
    pub(crate) id: String,
    pub(crate) kind: MediaKind,
    pub(crate) account: String,
    pub(crate) owner: String,
    pub(crate) caption: String,
    pub(crate) shortcode: String,
    pub(crate) upload: Option<u64>,
    /// Ids of the media in a carousel.
    pub(crate) children: Vec<String>,
    /// Part of this carousel.
    pub(crate) parent: Option<String>,
    pub(crate) published_ms: i64,
    pub(crate) comments_off: bool,
    pub(crate) options: Map<String, Value>,
    pub(crate) deleted: bool,
}

impl Books {
    pub(crate) fn new() -> Books {
        let hex = |byte: u8| char::from(b"0123456789abcdef"[usize::from(byte % 16)]);
        let app = |start: &str| App {
            client_id: format!("{start}{}", digits(15 - start.len())),
            client_secret: random_text(32).bytes().map(hex).collect(),
            flags: Default::default(),
            platform: String::new(),
            way: String::new(),
        };
        let login = App { platform: "instagram".into(), way: "instagram_login".into(), ..app("93") };
        Books::for_apps(Apps { facebook: app("91"), instagram: app("92"), instagram_login: login })
    }

    /// Empty books for apps that are already registered.
    pub(crate) fn for_apps(apps: Apps) -> Books {
        Books {
            apps,
            serial: crate::store::META_BLOBS,
            consents: BTreeMap::new(),
            codes: Vec::new(),
            tokens: BTreeMap::new(),
            dead: BTreeMap::new(),
            uploads: Vec::new(),
            files: Vec::new(),
            videos: Vec::new(),
            containers: Vec::new(),
            media: Vec::new(),
        }
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(crate) fn app(&self, name: AppName) -> &App {
        match name {
            AppName::Facebook => &self.apps.facebook,
            AppName::Instagram => &self.apps.instagram,
            AppName::InstagramLogin => &self.apps.instagram_login,
        }
    }

    /// The app that goes by this id.
    pub(crate) fn app_of(&self, client_id: &str) -> Option<AppName> {
        let all = [AppName::Facebook, AppName::Instagram, AppName::InstagramLogin];
        all.into_iter().find(|name| self.app(*name).client_id == client_id)
    }

    /// The app of a token, dead or alive, or of an app's own token.
    pub(crate) fn app_behind(&self, token: &str) -> Option<AppName> {
        let alive = self.tokens.get(token).map(|token| token.app);
        let dead = || self.dead.get(token).map(|(app, _)| *app);
        alive.or_else(dead).or_else(|| self.app_of(token.split_once('|')?.0))
    }

    /// Opens an upload; its serial.
    pub(crate) fn open_upload(&mut self, goal: Goal, owner: &str, now: i64) -> u64 {
        let platform = if matches!(goal, Goal::Container(_)) { "instagram" } else { "facebook" };
        let ordinal = self.uploads.iter().filter(|upload| upload.platform == platform).count() as u64 + 1;
        let id = self.serial();
        self.uploads.push(Upload {
            id,
            platform: platform.into(),
            ordinal,
            purpose: "video".into(),
            goal,
            owner: owner.into(),
            file: None,
            mime: "video/mp4".into(),
            total: None,
            stored: 0,
            received: 0,
            opened_ms: now,
            whole_ms: None,
            blake3: None,
            blob: None,
            gone: false,
        });
        id
    }

    pub(crate) fn upload(&self, id: u64) -> Option<&Upload> {
        self.uploads.iter().find(|upload| upload.id == id)
    }

    pub(crate) fn upload_mut(&mut self, id: u64) -> Option<&mut Upload> {
        self.uploads.iter_mut().find(|upload| upload.id == id)
    }

    /// Deleted ones too: their ids stay theirs.
    pub(crate) fn video(&self, id: &str) -> Option<&Video> {
        self.videos.iter().find(|video| video.id == id)
    }

    pub(crate) fn video_mut(&mut self, id: &str) -> Option<&mut Video> {
        self.videos.iter_mut().find(|video| video.id == id)
    }

    /// The video of a post, named whole (`<page>_<post>`) or by its number.
    pub(crate) fn video_of_post(&self, id: &str) -> Option<&Video> {
        let (page, number) = id.split_once('_').map_or((None, id), |(page, number)| (Some(page), number));
        self.videos
            .iter()
            .find(|video| video.post.as_deref() == Some(number) && page.is_none_or(|page| page == video.page))
    }

    pub(crate) fn container(&self, id: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.id == id)
    }

    pub(crate) fn container_mut(&mut self, id: &str) -> Option<&mut Container> {
        self.containers.iter_mut().find(|container| container.id == id)
    }

    pub(crate) fn media(&self, id: &str) -> Option<&Media> {
        self.media.iter().find(|media| media.id == id)
    }

    pub(crate) fn media_mut(&mut self, id: &str) -> Option<&mut Media> {
        self.media.iter_mut().find(|media| media.id == id)
    }

    /// The number of a new node, begun as its kind's are.
    pub(crate) fn node_id(&mut self, start: &str, len: usize) -> String {
        loop {
            let id = format!("{start}{}", digits(len - start.len()));
            let taken = self.video(&id).is_some()
                || self.container(&id).is_some()
                || self.media(&id).is_some()
                || self.videos.iter().any(|video| video.post.as_deref() == Some(&id));
            if !taken {
                return id;
            }
        }
    }

    /// A token dies before its time.
    pub(crate) fn kill(&mut self, token: &str, subcode: i64) {
        if let Some(known) = self.tokens.remove(token) {
            self.dead.insert(token.into(), (known.app, subcode));
        }
    }

    pub(crate) fn kill_all(&mut self, subcode: i64, which: impl Fn(&Token) -> bool) {
        let doomed: Vec<String> =
            self.tokens.iter().filter(|(_, token)| which(token)).map(|(text, _)| text.clone()).collect();
        for token in doomed {
            self.kill(&token, subcode);
        }
    }

    pub(crate) fn blobs(&self) -> Vec<u64> {
        let uploads = self.uploads.iter().filter_map(|upload| upload.blob);
        let beside = self.videos.iter().flat_map(|video| {
            let thumbnail = video.thumbnail.iter().map(|picture| picture.blob);
            thumbnail.chain(video.captions.iter().map(|caption| caption.blob))
        });
        uploads.chain(beside).collect()
    }
}

impl AppName {
    /// The platform whose calls this app's are taken for.
    pub(crate) fn platform(self) -> &'static str {
        match self {
            AppName::Facebook => "facebook",
            AppName::Instagram | AppName::InstagramLogin => "instagram",
        }
    }

    /// As the announcement and the kinds of secrets name it.
    pub(crate) fn noted(self) -> &'static str {
        match self {
            AppName::InstagramLogin => "instagram_login",
            _ => self.platform(),
        }
    }
}

impl TokenKind {
    /// As the kinds of secrets name it.
    pub(crate) fn noted(&self) -> &'static str {
        match self {
            TokenKind::Page { .. } => "page_token",
            TokenKind::User { long: true } | TokenKind::Instagram { long: true } => "long_token",
            TokenKind::User { long: false } | TokenKind::Instagram { long: false } => "short_token",
        }
    }
}

fn digits(len: usize) -> String {
    random_text(len).bytes().map(|byte| char::from(b'0' + byte % 10)).collect()
}
