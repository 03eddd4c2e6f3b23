//! What TikTok remembers: consents, tokens, and every publish task from its init on. Plain data that is written to home as it is.
//! What a task is at a given moment is worked out from its instants when somebody looks; nothing runs by itself.

use super::route::Op;
use crate::App;
use crate::store::TIKTOK_BLOBS;
use crate::world::random_text;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

#[derive(Serialize, Deserialize)]
pub(crate) struct Books {
    pub(crate) app: App,
    /// Serial of blobs, grants and everything else that is numbered.
    serial: u64,
    #[serde(skip)]
    pub(crate) consents: BTreeMap<String, Consent>,
    pub(crate) codes: Vec<Code>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) access: BTreeMap<String, Access>,
    pub(crate) tasks: Vec<Task>,
    /// Instants of the newest calls by access token; a minute of them is of the moment and not kept.
    #[serde(skip)]
    pub(crate) recent: BTreeMap<(String, Op), VecDeque<i64>>,
}

/// An authorization request that waits for a person.
pub(crate) struct Consent {
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: String,
    pub(crate) challenge: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) dies_ms: i64,
    pub(crate) used: bool,
}

/// One consent of one creator, with the refresh token that lives at the moment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) number: u64,
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) refresh_token: String,
    pub(crate) dies_ms: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) grant: u64,
    pub(crate) owner: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) dies_ms: i64,
}

/// One publish task, from its init on.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    /// From 1, in order of opening.
    pub(crate) ordinal: u64,
    pub(crate) publish_id: String,
    pub(crate) owner: String,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) chunk: u64,
    pub(crate) count: u64,
    pub(crate) upload_id: String,
    pub(crate) upload_token: String,
    pub(crate) opened_ms: i64,
    pub(crate) url_dies_ms: i64,
    /// Whole chunks only.
    pub(crate) stored: u64,
    pub(crate) received: u64,
    pub(crate) mime: Option<String>,
    pub(crate) blob: Option<u64>,
    /// The upload address was ended for good.
    pub(crate) gone: bool,
    pub(crate) whole: Option<Whole>,
    /// The creator has posted the draft.
    pub(crate) finished: Option<Finished>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// `post_info` as it was sent.
    Direct(Value),
    Inbox,
}

/// All bytes are there; what comes now is settled, only not yet visible.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Whole {
    pub(crate) at_ms: i64,
    pub(crate) blake3: Option<String>,
    pub(crate) processed_ms: i64,
    pub(crate) moderation_ms: i64,
    pub(crate) fail_reason: Option<String>,
    /// Above 2^53 and odd: whoever reads it as a float has another number.
    pub(crate) post_id: u64,
}

/// What the creator chose in the app.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) at_ms: i64,
    pub(crate) privacy: String,
    pub(crate) caption: String,
}

/// A task as of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage<'a> {
    Uploading,
    Processing,
    /// Delivered to the inbox, and waits for the creator.
    InInbox,
    Published,
    Failed(&'a str),
}

const DAY_MS: i64 = 86_400_000;

impl Books {
    pub(crate) fn new() -> Books {
        // Production keys begin like this (contract tiktok 2.2).
        let app = App {
            client_id: format!("aw{}", random_text(16).to_lowercase()),
            client_secret: random_text(32),
            flags: Default::default(),
            platform: String::new(),
            way: String::new(),
        };
        Books::for_app(app)
    }

    /// Empty books for an app that is already registered.
    pub(crate) fn for_app(app: App) -> Books {
        Books {
            app,
            serial: TIKTOK_BLOBS,
            consents: BTreeMap::new(),
            codes: Vec::new(),
            grants: Vec::new(),
            access: BTreeMap::new(),
            tasks: Vec::new(),
            recent: BTreeMap::new(),
        }
    }

    pub(crate) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(crate) fn task(&self, publish_id: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.publish_id == publish_id)
    }

    pub(crate) fn task_mut(&mut self, ordinal: u64) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.ordinal == ordinal)
    }

    /// A creator has withdrawn the app's access: every token is dead, and what was still being worked on is never posted.
    pub(crate) fn revoke_owner(&mut self, owner: &str, now_ms: i64) {
        self.codes.retain(|code| code.owner != owner);
        self.grants.retain(|grant| grant.owner != owner);
        self.access.retain(|_, access| access.owner != owner);
        for task in self.tasks.iter_mut().filter(|task| task.owner == owner) {
            match &mut task.whole {
                Some(whole) if whole.processed_ms > now_ms => {
                    whole.fail_reason = Some("auth_removed".into());
                }
                Some(_) => {}
                None => task.gone = true,
            }
        }
    }

    /// Direct posts of a creator in the last 24 hours. Unsure: whether an init without bytes counts; not here, nothing was posted.
    pub(crate) fn posts_of(&self, owner: &str, now_ms: i64) -> u64 {
        let counts = |task: &&Task| {
            task.owner == owner
                && matches!(task.kind, Kind::Direct(_))
                && task.whole.as_ref().is_some_and(|whole| {
                    whole.at_ms > now_ms - DAY_MS && !matches!(task.stage(now_ms), Stage::Failed(_))
                })
        };
        self.tasks.iter().filter(counts).count() as u64
    }

    /// Drafts of a creator that wait, of the last 24 hours. Unsure: whether an init without bytes counts; it does here, as the stricter
    /// reading.
    pub(crate) fn drafts_of(&self, owner: &str, now_ms: i64) -> u64 {
        let waits = |task: &&Task| {
            task.owner == owner
                && matches!(task.kind, Kind::Inbox)
                && task.opened_ms > now_ms - DAY_MS
                && task.finished.is_none()
                && !matches!(task.stage(now_ms), Stage::Failed(_))
        };
        self.tasks.iter().filter(waits).count() as u64
    }

    /// Creators the app has begun a direct post for in the last 24 hours.
    pub(crate) fn active(&self, now_ms: i64) -> Vec<&str> {
        let mut owners: Vec<&str> = self
            .tasks
            .iter()
            .filter(|task| matches!(task.kind, Kind::Direct(_)) && task.opened_ms > now_ms - DAY_MS)
            .map(|task| task.owner.as_str())
            .collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The first instant from `ms` on at which nothing else was posted: lists are paged by it.
    pub(crate) fn own_instant(&self, ms: i64) -> i64 {
        let mut ms = ms;
        while self.tasks.iter().any(|task| task.posted_ms() == Some(ms)) && ms < i64::MAX {
            ms += 1;
        }
        ms
    }

    pub(crate) fn blobs(&self) -> Vec<u64> {
        self.tasks.iter().filter_map(|task| task.blob).collect()
    }
}

impl Task {
    pub(crate) fn stage(&self, now_ms: i64) -> Stage<'_> {
        let Some(whole) = &self.whole else { return Stage::Uploading };
        if now_ms < whole.processed_ms {
            return Stage::Processing;
        }
        if let Some(reason) = &whole.fail_reason {
            return Stage::Failed(reason);
        }
        match (&self.kind, &self.finished) {
            (Kind::Inbox, None) => Stage::InInbox,
            _ => Stage::Published,
        }
    }

    /// TikTok's word for who may see it, once that is known.
    pub(crate) fn privacy(&self) -> Option<&str> {
        match &self.kind {
            Kind::Direct(info) => info["privacy_level"].as_str(),
            Kind::Inbox => self.finished.as_ref().map(|finished| finished.privacy.as_str()),
        }
    }

    pub(crate) fn caption(&self) -> &str {
        match &self.kind {
            Kind::Direct(info) => info["title"].as_str().unwrap_or_default(),
            Kind::Inbox => self.finished.as_ref().map_or("", |finished| finished.caption.as_str()),
        }
    }

    /// When it is posted: after processing, and for a draft after the creator's tap. Nothing for what failed.
    pub(crate) fn posted_ms(&self) -> Option<i64> {
        let whole = self.whole.as_ref().filter(|whole| whole.fail_reason.is_none())?;
        match &self.kind {
            Kind::Direct(_) => Some(whole.processed_ms),
            Kind::Inbox => Some(self.finished.as_ref()?.at_ms),
        }
    }

    /// When somebody other than the creator can see it. Nothing for a post that only its creator sees.
    /// Unsure: whether moderation holds back what only friends or followers see. It does here.
    pub(crate) fn seen_ms(&self) -> Option<i64> {
        let moderation_ms = self.whole.as_ref()?.moderation_ms;
        let posted_ms = self.posted_ms().filter(|_| self.privacy() != Some(SELF_ONLY))?;
        Some(posted_ms.saturating_add(moderation_ms))
    }

    /// Its id, if it is for everybody to know by now.
    pub(crate) fn public_id(&self, now_ms: i64) -> Option<u64> {
        let seen = self.seen_ms().is_some_and(|at| at <= now_ms);
        let post_id = self.whole.as_ref()?.post_id;
        (seen && self.privacy() == Some(PUBLIC)).then_some(post_id)
    }

    /// Bytes of the chunk that is to come next: first and end.
    pub(crate) fn next_chunk(&self) -> (u64, u64) {
        let first = self.stored;
        let is_last = first / self.chunk >= self.count.saturating_sub(1);
        (first, if is_last { self.size } else { first + self.chunk })
    }
}

pub(crate) const PUBLIC: &str = "PUBLIC_TO_EVERYONE";
pub(crate) const FRIENDS: &str = "MUTUAL_FOLLOW_FRIENDS";
pub(crate) const FOLLOWERS: &str = "FOLLOWER_OF_CREATOR";
pub(crate) const SELF_ONLY: &str = "SELF_ONLY";
