//! Meta as publishers of videos see it: Facebook Pages and Instagram. www.facebook.com and www.instagram.com (consent), graph.facebook.com,
//! graph.instagram.com and api.instagram.com (API), rupload.facebook.com (bytes). Written from contracts facebook and instagram (facts
//! of November 2026) and the Business SDK's specifications of April 2026.
//!
//! Three apps are registered: one for Facebook, one for Instagram with Facebook Login, and Instagram Login's, which has an id of its own.
//! In the world the first two may be one; here they are two, so that a call both share (`/me/accounts`, a token) has a platform.
//!
//! Not imitated: comments, insights, conversations, photos and texts of Pages, photo stories, live video, Groups and profiles, ads, shops,
//! webhooks, batches (`batch=`, `ids=`), `config_id` of Facebook Login for Business, system users, review and access levels (every
//! person here has a role on the app), data access that ends after 90 days, a Page's own publishing authorization, the legacy chunked
//! upload and one-shot uploads of Page videos, resuming across a changed Page role, geographic or age gates. What a file holds is never
//! looked at: the settings say how long it is and what a probe finds. Limits by usage are not counted; the settings say the percentage.
//!
//! Every file says at its head what it is unsure of.

mod accounts;
mod arrive;
mod bearer;
mod beside;
mod books;
mod consent;
mod containers;
mod desk;
mod errors;
mod fields;
mod instagram_login;
mod life;
mod media;
mod params;
mod people;
mod redirect;
mod reels;
mod route;
mod serve;
mod state;
mod token;
mod transfer;
mod usage;
mod video_node;
mod videos;

pub(crate) use serve::serve;
pub(crate) use state::look;

use crate::App;
use crate::receive::Lane;
use crate::world::{World, lock};
use books::{AppName, Books, TokenKind, Upload};
use bytes::Bytes;
use desk::Desk;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

/// The real host names, each with a listener of its own.
pub(crate) const HOSTS: [&str; 6] = [
    route::WWW_FACEBOOK,
    route::GRAPH,
    route::RUPLOAD,
    route::WWW_INSTAGRAM,
    route::API_INSTAGRAM,
    route::GRAPH_INSTAGRAM,
];

/// All of Meta's state.
pub(crate) struct Meta {
    books: Mutex<Books>,
    /// Running uploads, by serial.
    lanes: Mutex<HashMap<u64, Arc<Lane>>>,
    /// What lies at public https addresses, as far as anybody here asks; by address without its scheme.
    public: Mutex<BTreeMap<String, Bytes>>,
}

impl Meta {
    pub(crate) fn new() -> Meta {
        Meta { books: Mutex::new(Books::new()), lanes: Mutex::default(), public: Mutex::default() }
    }

    /// As an earlier process wrote it.
    pub(crate) fn taken_up(written: serde_json::Value) -> anyhow::Result<Meta> {
        let books = Mutex::new(serde_json::from_value(written)?);
        Ok(Meta { books, lanes: Mutex::default(), public: Mutex::default() })
    }

    pub(crate) fn written(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::to_value(&*lock(&self.books))?)
    }

    /// The apps by the names the announcement gives them.
    pub(crate) fn apps(&self) -> [(&'static str, App); 3] {
        let apps = lock(&self.books).apps.clone();
        [
            ("facebook", apps.facebook),
            ("instagram", apps.instagram),
            ("instagram_login", apps.instagram_login),
        ]
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    fn lane(&self, upload: &Upload) -> Arc<Lane> {
        let fresh = || Arc::new(Lane::new(upload.received));
        lock(&self.lanes).entry(upload.id).or_insert_with(fresh).clone()
    }

    /// Forgets all but the apps; returns the blobs that are free now.
    pub(crate) fn forget(&self) -> Vec<u64> {
        let mut books = self.books();
        let blobs = books.blobs();
        *books = Books::for_apps(books.apps.clone());
        lock(&self.lanes).clear();
        blobs
    }

    /// Kills tokens without telling anybody, as a password change would. `access`: what calls are made with and can be had again, which
    /// is the Pages' and the short-lived ones. `refresh`: what everything else comes of, the long-lived ones.
    pub(crate) fn expire(&self, platform: &str, access: bool, refresh: bool) {
        self.books().kill_all(460, |token| {
            let long =
                matches!(token.kind, TokenKind::User { long: true } | TokenKind::Instagram { long: true });
            token.app.platform() == platform && if long { refresh } else { access }
        });
    }

    /// A long-lived token without a browser.
    pub(crate) fn grant(&self, world: &World, app: &str, account: &str, scopes: &[&str]) -> crate::Granted {
        let app = match app {
            "facebook" => AppName::Facebook,
            "instagram" => AppName::Instagram,
            _ => AppName::InstagramLogin,
        };
        // There is no refresh token: the long one is renewed by itself.
        crate::Granted {
            access_token: token::grant(world, app, account, scopes),
            refresh_token: String::new(),
        }
    }

    /// What is played on the page: blob, length and media type.
    pub(crate) fn media(&self, id: &str) -> Option<(u64, u64, String)> {
        let books = self.books();
        let media = books.media(id);
        // A carousel is played by its first video.
        let first = media.and_then(|media| media.children.first()).and_then(|id| books.media(id));
        let upload = match (books.video(id), first.or(media)) {
            (Some(video), _) => books.upload(video.upload),
            (None, media) => media.and_then(|media| media.upload).and_then(|upload| books.upload(upload)),
        }?;
        Some((upload.blob?, upload.stored, upload.mime.clone()))
    }

    pub(crate) fn thumbnail(&self, id: &str) -> Option<(u64, u64, String)> {
        let books = self.books();
        let picture = books.video(id)?.thumbnail.as_ref()?;
        Some((picture.blob, picture.bytes, picture.mime.clone()))
    }

    /// Puts something at a public address.
    pub(crate) fn place(&self, address: &str, body: Bytes) {
        lock(&self.public).insert(bare(address).to_string(), body);
    }

    /// What was put at an address, whatever its query.
    pub(crate) fn placed(&self, address: &str) -> Option<Bytes> {
        lock(&self.public).get(bare(address)).cloned()
    }
}

/// Host and path.
fn bare(address: &str) -> &str {
    let address = address.strip_prefix("/redirect/").unwrap_or(address);
    let address = address.strip_prefix("https://").unwrap_or(address);
    address.split(['?', '#']).next().unwrap_or_default()
}

/// `2026-01-31T12:34:56+0000`, the form Graph prints.
fn stamp(ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    instant.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_addresses_in_metas_forms() {
        assert_eq!(stamp(1_769_862_896_789), "2026-01-31T12:34:56+0000");
        assert_eq!(bare("https://creator.example/a.html?x#y"), "creator.example/a.html");
        assert_eq!(bare("/redirect/creator.example/a.html"), "creator.example/a.html");
    }
}
