//! TikTok as an app sees it: www.tiktok.com (consent), open.tiktokapis.com (API), open-upload.tiktokapis.com (bytes).
//! Written from contract tiktok: Login Kit for Desktop, Content Posting API, Display API, as documented in September 2026 and as seen on
//! the wire until October 2026.
//!
//! Not imitated: posts pulled from an address (refused as for a domain that was never verified), photo posts, webhooks, the sandbox mode of
//! TikTok's own developer portal, scopes an app has not been given (this one has all six), the redirect that a missing slash at the end
//! of a path gets, drafts that vanish when left alone, how long a task can be asked about, caps that vary by creator, moderation that
//! says no (set its time to for ever), checks of what is in the file (say how it fails with `fail_reason`), bans and caps by judgement
//! (`refusal`). Files are never decoded: nothing is too long, too wide or of a wrong codec.

mod bearer;
mod books;
mod consent;
mod creator;
mod display;
mod errors;
pub(crate) mod inbox;
mod init;
mod people;
mod plan;
mod route;
mod state;
mod status;
mod token;
mod upload;

pub(crate) use state::look;

use crate::App;
use crate::exchange::{Answer, Ask, Ending, Unread};
use crate::faults::Named;
use crate::receive::Lane;
use crate::settings::tiktok::TikTok as Settings;
use crate::twist::{Fate, fate};
use crate::world::{World, lock};
use bearer::Who;
use books::Books;
use bytes::Bytes;
use errors::{Refusal, refuse};
use route::Op;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The real host names, each with a listener of its own.
pub(crate) const HOSTS: [&str; 3] = [route::WWW, route::API, route::UPLOAD];

/// All of TikTok's state.
pub(crate) struct TikTok {
    books: Mutex<Books>,
    /// Running uploads, by task ordinal.
    lanes: Mutex<HashMap<u64, Arc<Lane>>>,
}

impl TikTok {
    pub(crate) fn new() -> TikTok {
        TikTok { books: Mutex::new(Books::new()), lanes: Mutex::default() }
    }

    /// As an earlier process wrote it.
    pub(crate) fn taken_up(written: Value) -> anyhow::Result<TikTok> {
        Ok(TikTok { books: Mutex::new(serde_json::from_value(written)?), lanes: Mutex::default() })
    }

    pub(crate) fn written(&self) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(&*self.books())?)
    }

    pub(crate) fn app(&self) -> App {
        self.books().app.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    /// Forgets all but the app; returns the blobs that are free now.
    pub(crate) fn forget(&self) -> Vec<u64> {
        let mut books = self.books();
        let blobs = books.blobs();
        *books = Books::for_app(books.app.clone());
        lock(&self.lanes).clear();
        blobs
    }

    /// Kills tokens without telling anybody, as a password change would.
    pub(crate) fn expire(&self, access: bool, refresh: bool) {
        let mut books = self.books();
        if access {
            books.access.clear();
        }
        if refresh {
            books.grants.clear();
        }
    }

    /// Tokens without a browser.
    pub(crate) fn grant(&self, world: &World, account: &str, scopes: &[&str]) -> crate::Granted {
        let scopes = scopes.iter().map(|scope| (*scope).to_string()).collect();
        let settings = world.settings().tiktok;
        let answer = token::give(&mut self.books(), account, scopes, &settings, world.now_ms());
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_string();
        let granted =
            crate::Granted { access_token: text("access_token"), refresh_token: text("refresh_token") };
        world.secret("tiktok.access_token", &granted.access_token);
        world.secret("tiktok.refresh_token", &granted.refresh_token);
        granted
    }

    /// What is played on the page, by the id of the post: blob, length and media type.
    pub(crate) fn media(&self, id: &str) -> Option<(u64, u64, String)> {
        let id: u64 = id.parse().ok()?;
        let books = self.books();
        let is_it = |task: &&books::Task| task.whole.as_ref().is_some_and(|whole| whole.post_id == id);
        let task = books.tasks.iter().find(is_it)?;
        Some((task.blob?, task.size, task.mime.clone().unwrap_or_default()))
    }
}

pub(crate) async fn serve(world: &Arc<World>, mut ask: Ask) -> Ending {
    let Some(op) = route::route(ask.host, &ask.method, &ask.path) else {
        world.calls.note(ask.seq, |call| {
            call.platform = "tiktok".into();
            call.unknown = true;
        });
        ask.drain(world).await;
        return refuse(404, "not_found", "There is no such call.").answer(world.now_ms()).into();
    };
    let body = match op.streams() {
        true => Bytes::new(),
        false => match ask.read_body(world, 1 << 20).await {
            Ok(body) => body,
            Err(Unread::Gone) => return Ending::Cut,
            Err(Unread::TooLong) => {
                let code = world.settings().tiktok.params_code;
                return refuse(400, &code, "The request is too long.").answer(world.now_ms()).into();
            }
        },
    };
    let names = names(world, op, &ask, &body);
    let named = Named { platform: "tiktok", api: op.name(), names: &names };
    let twist = match fate(world, &mut ask, named, op.streams()).await {
        Fate::Goes(twist) => twist,
        Fate::Status(planned) => return errors::planned(op, &planned, world.now_ms()).into(),
        Fate::SessionGone => {
            upload::end(world, &ask);
            ask.drain(world).await;
            return upload::no_task().into();
        }
        Fate::Over(ending) => return ending,
    };
    if twist.token_expired {
        match op {
            Op::Token => token::kill_sent(world, &body),
            _ => bearer::kill_sent(world, &ask),
        }
    }
    let ending = match op {
        Op::Put => upload::put(world, &mut ask, &twist).await,
        _ => answer(world, op, &ask, &body).into(),
    };
    world.changed();
    twist.close(ending, |planned| errors::planned(op, planned, world.now_ms())).await
}

/// Everything that is answered from a body in memory.
fn answer(world: &World, op: Op, ask: &Ask, body: &Bytes) -> Answer {
    match op {
        Op::AuthPage => return consent::page(world, ask),
        Op::AuthConsent => return consent::decided(world, body),
        Op::Token => return token::token(world, ask, body),
        Op::Revoke => return token::revoke(world, ask, body),
        _ => {}
    }
    let now = world.now_ms();
    match data(world, op, ask, body, now) {
        Ok(data) => errors::success(&data, now),
        Err(refusal) => refusal.answer(now),
    }
}

fn data(world: &World, op: Op, ask: &Ask, body: &Bytes, now: i64) -> Result<Value, Refusal> {
    let settings = world.settings().tiktok;
    let mut books = world.tiktok.books();
    let who = bearer::who(&mut books, ask, op, &settings, now)?;
    let desk = Desk { world, books: &mut books, who, ask, body, now, settings };
    match op {
        Op::CreatorInfo => creator::info(desk),
        Op::VideoInit => init::direct(desk),
        Op::InboxInit => init::inbox(desk),
        Op::Status => status::fetch(desk),
        Op::Cancel => status::cancel(desk),
        Op::UserInfo => display::user(desk),
        Op::VideoList => display::list(desk),
        Op::VideoQuery => display::query(desk),
        Op::AuthPage | Op::AuthConsent | Op::Token | Op::Revoke | Op::Put => {
            Err(errors::internal(&anyhow::anyhow!("a call that is answered elsewhere came here")))
        }
    }
}

/// All that a data call has before it.
struct Desk<'a> {
    world: &'a World,
    books: &'a mut Books,
    who: Who,
    ask: &'a Ask,
    body: &'a Bytes,
    now: i64,
    settings: Settings,
}

impl Desk<'_> {
    /// The body, which has to be a JSON object and to say so.
    fn json(&self) -> Result<Value, Refusal> {
        if self.ask.content_type() != "application/json" {
            return Err(self.bad("The Content-Type is invalid"));
        }
        let body = serde_json::from_slice::<Value>(self.body).ok().filter(Value::is_object);
        body.ok_or_else(|| self.bad("The request body is invalid"))
    }

    /// A parameter is wrong.
    fn bad(&self, message: &str) -> Refusal {
        refuse(400, &self.settings.params_code, message)
    }
}

/// What a fault plan's `file` is held against: the caption this call is about.
fn names(world: &World, op: Op, ask: &Ask, body: &Bytes) -> Vec<String> {
    let json = || serde_json::from_slice::<Value>(body).unwrap_or_default();
    match op {
        Op::Put => upload::names(world, ask),
        Op::VideoInit => json()["post_info"]["title"].as_str().map(String::from).into_iter().collect(),
        Op::Status | Op::Cancel => {
            let books = world.tiktok.books();
            let task = json()["publish_id"].as_str().and_then(|id| books.task(id));
            task.map(|task| task.caption().to_string())
                .filter(|caption| !caption.is_empty())
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}
