//! What Google remembers: grants and tokens, sessions, videos, lists, captions, what was spent today. Plain data that is written to
//! home as it is. Schedules are applied whenever the books are opened, so nobody sees a video that should be public and is not.

use crate::App;
use crate::clock::rfc3339;
use crate::settings::Outcome;
use crate::world::random_text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) app: App,
    pub(crate) project: String,
    /// Serial of blobs and grants.
    serial: u64,
    #[serde(skip)]
    pub(crate) consents: BTreeMap<String, Consent>,
    pub(crate) codes: Vec<Code>,
    pub(crate) refresh: Vec<Refresh>,
    pub(crate) access: BTreeMap<String, Access>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) videos: Vec<Video>,
    pub(crate) playlists: Vec<Playlist>,
    pub(crate) items: Vec<Item>,
    pub(crate) captions: Vec<Caption>,
    pub(crate) spent: Spent,
}

/// An authorization request that waits for a person.
pub(crate) struct Consent {
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: Option<String>,
    pub(crate) challenge: Option<Challenge>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Challenge {
    pub(crate) value: String,
    pub(crate) s256: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) issued_ms: i64,
    /// The grant it was exchanged for.
    pub(crate) used: Option<u64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) token: String,
    pub(crate) grant: u64,
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) used_ms: i64,
    /// Only for apps in testing.
    pub(crate) dies_ms: Option<i64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) grant: u64,
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) dies_ms: i64,
}

/// The settable part of a video.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) category: String,
    pub(crate) language: Option<String>,
    pub(crate) audio_language: Option<String>,
    pub(crate) privacy: String,
    pub(crate) publish_at_ms: Option<i64>,
    pub(crate) license: String,
    pub(crate) embeddable: bool,
    pub(crate) stats_viewable: bool,
    pub(crate) for_kids: Option<bool>,
    pub(crate) synthetic: Option<bool>,
    pub(crate) localizations: serde_json::Map<String, serde_json::Value>,
    pub(crate) recording: Option<serde_json::Value>,
    pub(crate) brand_partner: Option<serde_json::Value>,
    pub(crate) paid: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) ordinal: u64,
    pub(crate) upload_id: String,
    pub(crate) owner: String,
    pub(crate) purpose: Purpose,
    pub(crate) parts: Vec<String>,
    pub(crate) total: Option<u64>,
    pub(crate) mime: Option<String>,
    pub(crate) slug: Option<String>,
    pub(crate) opened_ms: i64,
    pub(crate) stored: u64,
    pub(crate) received: u64,
    /// Size of the chunks so far; all but the last are alike.
    pub(crate) chunk: Option<u64>,
    pub(crate) blob: Option<u64>,
    pub(crate) end: Option<End>,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Purpose {
    Video(Box<Words>),
    Thumbnail { video: String },
    Caption(Track),
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum End {
    /// The id of what came of it and the answer, to be repeated.
    Finished {
        id: String,
        body: String,
    },
    Cancelled,
    Gone,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Video {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) words: Words,
    pub(crate) created_ms: i64,
    pub(crate) public_ms: Option<i64>,
    pub(crate) wished_at_ms: Option<i64>,
    pub(crate) bytes: u64,
    pub(crate) blake3: Option<String>,
    pub(crate) mime: String,
    pub(crate) file: Option<String>,
    pub(crate) blob: Option<u64>,
    pub(crate) etag: String,
    pub(crate) processed_ms: i64,
    pub(crate) outcome: Outcome,
    pub(crate) thumbnail: Option<Thumbnail>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Thumbnail {
    pub(crate) blob: u64,
    pub(crate) bytes: u64,
    pub(crate) blake3: String,
    pub(crate) mime: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Playlist {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) privacy: String,
    pub(crate) created_ms: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) playlist: String,
    pub(crate) video: String,
    pub(crate) added_ms: i64,
    pub(crate) note: Option<String>,
}

/// What a caption track is called.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Track {
    pub(crate) video: String,
    pub(crate) language: String,
    pub(crate) name: String,
    pub(crate) draft: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Caption {
    pub(crate) id: String,
    pub(crate) track: Track,
    pub(crate) blob: u64,
    pub(crate) bytes: u64,
    pub(crate) blake3: String,
    pub(crate) updated_ms: i64,
}

/// What this Pacific day has cost so far.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) day: String,
    pub(crate) pool: u64,
    pub(crate) uploads: u64,
    pub(crate) stats: u64,
    /// By channel.
    pub(crate) thumbnails: BTreeMap<String, u64>,
}

impl Books {
    pub(crate) fn new() -> Books {
        let number =
            |len| random_text(len).bytes().map(|byte| char::from(b'0' + byte % 10)).collect::<String>();
        let project = format!("7{}", number(11));
        let app = App {
            client_id: format!("{project}-{}.apps.googleusercontent.com", random_text(32).to_lowercase()),
            client_secret: format!("GOCSPX-{}", random_text(28)),
            flags: Default::default(),
            platform: String::new(),
            way: String::new(),
        };
        Books::for_app(app, project)
    }

    /// Empty books for an app that is already registered.
    pub(crate) fn for_app(app: App, project: String) -> Books {
        Books {
            app,
            project,
            serial: 1,
            consents: BTreeMap::new(),
            codes: Vec::new(),
            refresh: Vec::new(),
            access: BTreeMap::new(),
            sessions: Vec::new(),
            videos: Vec::new(),
            playlists: vec![
                Playlist {
                    id: format!("PL{}", random_text(32)),
                    owner: "mira".into(),
                    title: "Sourdough".into(),
                    description: "From starter to crust.".into(),
                    privacy: "public".into(),
                    created_ms: 1_700_000_000_000,
                },
                Playlist {
                    id: format!("PL{}", random_text(32)),
                    owner: "mira".into(),
                    title: "Kitchen notes".into(),
                    description: String::new(),
                    privacy: "private".into(),
                    created_ms: 1_710_000_000_000,
                },
            ],
            items: Vec::new(),
            captions: Vec::new(),
            spent: Spent::default(),
        }
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Applies every schedule that has come due. The minute of publishing is the schedule's own, not the minute somebody looked;
    /// a video whose bytes came late is public the moment it exists.
    /// Unsure: whether the world waits for processing to end. It does not here.
    pub(crate) fn settle(&mut self, now_ms: i64) {
        for video in &mut self.videos {
            if let Some(at) =
                video.words.publish_at_ms.filter(|at| *at <= now_ms && video.words.privacy == "private")
            {
                video.words.privacy = "public".into();
                video.words.publish_at_ms = None;
                video.etag = random_text(27);
                video.public_ms.get_or_insert(at.max(video.created_ms));
            }
        }
    }

    pub(crate) fn video(&self, id: &str) -> Option<&Video> {
        self.videos.iter().find(|video| video.id == id)
    }

    pub(crate) fn video_mut(&mut self, id: &str) -> Option<&mut Video> {
        self.videos.iter_mut().find(|video| video.id == id)
    }

    pub(crate) fn session_mut(&mut self, ordinal: u64) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.ordinal == ordinal)
    }

    /// Kills everything that came of one grant.
    pub(crate) fn revoke_grant(&mut self, grant: u64) {
        self.refresh.retain(|token| token.grant != grant);
        self.access.retain(|_, token| token.grant != grant);
    }

    /// Kills every token this person gave to the project.
    pub(crate) fn revoke_owner(&mut self, owner: &str) {
        self.refresh.retain(|token| token.owner != owner);
        self.access.retain(|_, token| token.owner != owner);
        self.codes.retain(|code| code.owner != owner);
    }

    pub(crate) fn blobs(&self) -> Vec<u64> {
        let sessions = self.sessions.iter().filter_map(|session| session.blob);
        let videos =
            self.videos.iter().flat_map(|v| v.blob.into_iter().chain(v.thumbnail.as_ref().map(|t| t.blob)));
        sessions.chain(videos).chain(self.captions.iter().map(|caption| caption.blob)).collect()
    }
}

impl Video {
    /// `processing`, `succeeded` or `failed` as of now.
    pub(crate) fn processing(&self, now_ms: i64) -> &'static str {
        match (now_ms >= self.processed_ms, self.outcome) {
            (false, _) => "processing",
            (true, Outcome::Succeeded) => "succeeded",
            (true, Outcome::Failed) => "failed",
        }
    }

    pub(crate) fn publish_at(&self) -> Option<String> {
        self.words.publish_at_ms.map(rfc3339)
    }
}

impl Session {
    /// File name, or else the title it carries.
    pub(crate) fn file(&self) -> Option<String> {
        self.names().into_iter().next()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.slug.iter().cloned().collect();
        if let Purpose::Video(words) = &self.purpose {
            names.push(words.title.clone());
        }
        names
    }
}
