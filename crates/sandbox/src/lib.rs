//! Simulated platforms over HTTP on loopback, strict, written from the platforms' published contracts. A newcomer without a developer
//! account practises here, and the tests live here. It imports none of our other crates, so no mistake can be made twice in agreement.
//!
//! One 127.0.0.1 listener stands for each real host name (`hosts`), with that host's real paths; one more is the page that shows and
//! plays what was published, and the API that plans faults and looks inside (`page`). Time is moved by hand (`clock`), faults are data
//! (`faults`), every call is logged (`calls`). Each platform is a folder: `google`, `tiktok`, and `meta` for two. Its id in the
//! announcement, in views and in plans is the one a client's registry would use: `youtube`, `tiktok`, `facebook`, `instagram`.
//!
//! Not imitated, for all platforms: TLS, HTTP/2, real network speed and distance, rate limits by time, moderation, transcoding (a
//! video is never decoded: nothing here knows its length or shape), other people (views, likes, comments).

#![cfg_attr(test, allow(clippy::string_slice))]

mod api;
mod calls;
mod clock;
mod consent;
mod exchange;
mod faults;
mod google;
mod hosts;
mod meta;
mod page;
mod receive;
mod settings;
mod state;
mod store;
mod tiktok;
mod twist;
mod world;

pub use calls::Call;
pub use faults::{Deed, Fault, Hurt, Plan, StatusAnswer};
pub use settings::meta::{Answers as MetaAnswers, Meta as MetaSettings};
pub use settings::tiktok::{Megabyte, ProgressHeader, TikTok as TikTokSettings};
pub use settings::{Outcome, Settings};
pub use state::{Bucket, CaptionView, PlaylistView, Quota, SessionView, State, ThumbnailView, VideoView};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a sandbox starts.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Folder where state and bytes outlive the process, the bytes for a day at most. Absent: memory and nameless files.
    pub home: Option<PathBuf>,
    /// Keep length and hash of what is uploaded, not the bytes.
    pub discard_bytes: bool,
    /// Port of the page; absent: any free one.
    pub port_page: Option<u16>,
    /// Everything else that can be tuned. A home that was used before brings its own.
    pub settings: Settings,
}

/// Where everything is. As JSON it is the one line a launcher prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Address of the page, e.g. `http://127.0.0.1:40001`.
    pub page: String,
    /// Real host name to the address that stands for it, without a slash at the end.
    pub hosts: BTreeMap<String, String>,
    /// The registered app of each platform.
    pub apps: BTreeMap<String, App>,
}

impl Announcement {
    fn of(world: &world::World) -> Announcement {
        Announcement {
            page: world.base(hosts::PAGE),
            hosts: hosts::real().map(|host| (host.to_string(), world.base(host))).collect(),
            apps: world.apps(),
        }
    }
}

/// What a developer console hands out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    pub client_id: String,
    pub client_secret: String,
    /// What is true of it at the platform, e.g. `audited`.
    #[serde(default)]
    pub flags: BTreeMap<String, bool>,
    /// The platform it is for, where the announcement names it otherwise; empty: as named.
    #[serde(default)]
    pub platform: String,
    /// The platform's way to sign in that it is for; empty: the usual one.
    #[serde(default)]
    pub way: String,
}

/// Fresh tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub access_token: String,
    pub refresh_token: String,
}

/// How many bytes of uploads lie under this home.
pub fn kept_bytes(home: &std::path::Path) -> u64 {
    store::size(home)
}

/// Deletes the bytes of all uploads under a home that no running sandbox has.
///
/// # Errors
/// What the file system says where one could not be deleted.
pub fn forget_kept_bytes(home: &std::path::Path) -> std::io::Result<()> {
    store::forget(home, Duration::ZERO)
}

/// A running sandbox. Dropping it ends it too; `stop` waits and writes.
pub struct Sandbox {
    world: Arc<world::World>,
    hosts: Option<hosts::Hosts>,
    writer: tokio::task::JoinHandle<()>,
    sweeper: tokio::task::JoinHandle<()>,
    announcement: Announcement,
}

impl Sandbox {
    /// Binds all listeners and serves until `stop`.
    pub async fn start(config: Config) -> anyhow::Result<Sandbox> {
        let mut settings = config.settings;
        settings.discard_bytes |= config.discard_bytes;
        let world = Arc::new(world::World::open(config.home, settings)?);
        let hosts = hosts::Hosts::start(&world, config.port_page).await?;
        let announcement = Announcement::of(&world);
        world.changed();
        let writing = world.clone();
        let writer = tokio::spawn(async move { writing.keep_writing().await });
        let sweeping = world.clone();
        let sweeper = tokio::spawn(async move { sweeping.keep_bytes_short().await });
        Ok(Sandbox { world, hosts: Some(hosts), writer, sweeper, announcement })
    }

    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Address of the page.
    pub fn page(&self) -> &str {
        &self.announcement.page
    }

    /// Plans one fault; returns its id in `plans`.
    pub fn plan(&self, fault: Fault) -> u64 {
        self.world.plans.add(vec![fault]).pop().unwrap_or_default()
    }

    /// Every plan with its accounts.
    pub fn plans(&self) -> Vec<Plan> {
        self.world.plans.list()
    }

    pub fn clear_plans(&self) {
        self.world.plans.clear();
    }

    /// Every call so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.world.calls.list()
    }

    pub fn clear_calls(&self) {
        self.world.calls.clear();
    }

    /// A sign-in to YouTube without the browser, for tests and measurements that are about something else: tokens as `/token` hands
    /// them out. `account` is `mira`, `jonas` or `ada`; an unknown one gets tokens that are good for nothing. Scopes by their whole
    /// names.
    pub fn grant(&self, account: &str, scopes: &[&str]) -> Granted {
        self.world.google.grant(&self.world, account, scopes)
    }

    /// The same on any platform; one that is not simulated hands out empty tokens.
    pub fn grant_for(&self, platform: &str, account: &str, scopes: &[&str]) -> Granted {
        match platform {
            "youtube" => self.grant(account, scopes),
            "tiktok" => self.world.tiktok.grant(&self.world, account, scopes),
            // Long-lived ones, as an app's dashboard hands them out to be pasted.
            "facebook" | "instagram" | "instagram_login" => {
                self.world.meta.grant(&self.world, platform, account, scopes)
            }
            _ => Granted { access_token: String::new(), refresh_token: String::new() },
        }
    }

    /// Puts something at a public https address, as far as anybody here asks: a page that browsers are sent back to after a sign-in
    /// (`<page>/redirect/creator.example/slipway.html` plays it), or a video that a platform is told to fetch. Nothing else on the
    /// internet is there.
    pub fn serve_static(&self, address: &str, body: impl Into<Vec<u8>>) {
        self.world.meta.place(address, body.into().into());
    }

    /// What is there: videos, sessions, secrets, quota.
    pub fn state(&self) -> State {
        state::look(&self.world)
    }

    /// Changes settings in place.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.world.settings();
        change(&mut settings);
        self.world.set_settings(settings);
    }

    pub fn current_settings(&self) -> Settings {
        self.world.settings()
    }

    /// Sandbox time, milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        self.world.now_ms()
    }

    /// Moves sandbox time forward.
    pub fn advance(&self, by: Duration) {
        self.world.clock.advance_ms(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        self.world.changed();
    }

    /// Sets sandbox time, before anything has happened in it; from there it runs as outside.
    pub fn set_now(&self, ms: i64) {
        self.world.clock.advance_ms(ms - self.world.now_ms());
        self.world.changed();
    }

    /// Kills every token of a kind at once, on all platforms.
    pub fn expire(&self, access: bool, refresh: bool) {
        self.world.expire(None, access, refresh);
    }

    /// The same on one platform.
    pub fn expire_for(&self, platform: &str, access: bool, refresh: bool) {
        self.world.expire(Some(platform), access, refresh);
    }

    /// Posts a TikTok draft that waits in an inbox, as its creator would with the app. False when no such draft waits.
    pub fn finish_draft(&self, publish_id: &str) -> bool {
        tiktok::inbox::finish(&self.world, publish_id, None, "").is_ok()
    }

    /// Forgets everything that happened.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Deletes the bytes of all uploads; what stands on the platforms stays, and its page says that they are gone.
    pub fn forget_bytes(&self) {
        if let Err(error) = self.world.forget_all_bytes() {
            tracing::warn!(%error, "the bytes of uploads could not be deleted");
        }
    }

    /// Ends all listeners and connections, then writes the state a last time.
    pub async fn stop(mut self) {
        self.writer.abort();
        self.sweeper.abort();
        if let Some(hosts) = self.hosts.take() {
            hosts.stop().await;
        }
        if let Err(error) = self.world.write() {
            tracing::warn!(%error, "the sandbox could not write its state at the end");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.writer.abort();
        self.sweeper.abort();
    }
}
