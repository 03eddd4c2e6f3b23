//! Google as YouTube and its sign-in show it: accounts.google.com, oauth2.googleapis.com, www.googleapis.com, youtube.googleapis.com.
//! Written from contract youtube (facts of November 2026) and the discovery document of revision 20261104.
//!
//! Not imitated: comments, search, live, analytics, memberships, content owners (`onBehalfOf…`), DPoP, Workspace policies, `fields`,
//! `key`, `alt`, `If-None-Match`, `hl`, uploads in one multipart or simple request, the channel's own daily limit
//! (`uploadLimitExceeded`; plan it as a fault), copyright claims, duplicate detection, dimension checks of images.
//! Unlisted and public look alike to everyone but the privacy they name.

mod bearer;
mod books;
mod captions;
mod channels;
mod consent;
mod errors;
mod finish;
mod people;
mod playlists;
mod quota;
mod render;
mod route;
mod shape;
mod state;
mod thumbnails;
mod token;
mod transfer;
mod upload;
mod videos;
mod words;

pub(crate) use state::look;

use crate::App;
use crate::exchange::{Answer, Ask, Ending, Unread};
use crate::faults::{Named, StatusAnswer};
use crate::receive::Lane;
use crate::twist::{Fate, fate};
use crate::world::{World, lock};
use books::Books;
use bytes::Bytes;
use errors::Refusal;
use route::Op;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// The real host names, each with a listener of its own.
pub(crate) const HOSTS: [&str; 4] = [route::ACCOUNTS, route::OAUTH, route::WWW, route::YOUTUBE];

/// All of Google's state.
pub(crate) struct Google {
    books: Mutex<Books>,
    /// Running uploads, by session ordinal.
    lanes: Mutex<HashMap<u64, Arc<Lane>>>,
}

impl Google {
    pub(crate) fn new() -> Google {
        Google { books: Mutex::new(Books::new()), lanes: Mutex::default() }
    }

    /// As an earlier process wrote it.
    pub(crate) fn taken_up(written: serde_json::Value) -> anyhow::Result<Google> {
        Ok(Google { books: Mutex::new(serde_json::from_value(written)?), lanes: Mutex::default() })
    }

    pub(crate) fn written(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::to_value(&*lock(&self.books))?)
    }

    pub(crate) fn app(&self) -> App {
        lock(&self.books).app.clone()
    }

    /// The books as of now, schedules applied.
    fn books(&self, now_ms: i64) -> MutexGuard<'_, Books> {
        let mut books = lock(&self.books);
        books.settle(now_ms);
        books
    }

    /// Forgets all but the app; returns the blobs that are free now.
    pub(crate) fn forget(&self) -> Vec<u64> {
        let mut books = lock(&self.books);
        let blobs = books.blobs();
        *books = Books::for_app(books.app.clone(), books.project.clone());
        lock(&self.lanes).clear();
        blobs
    }

    /// Kills tokens without telling anybody, as a password change would.
    pub(crate) fn expire(&self, access: bool, refresh: bool) {
        let mut books = lock(&self.books);
        if access {
            books.access.clear();
        }
        if refresh {
            books.refresh.clear();
        }
    }

    /// Tokens without a browser.
    pub(crate) fn grant(&self, world: &World, account: &str, scopes: &[&str]) -> crate::Granted {
        let now = world.now_ms();
        let scopes = scopes.iter().map(|scope| (*scope).to_string()).collect();
        let (answer, _) = token::give(&mut self.books(now), account, scopes, &world.settings(), now);
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_string();
        let granted =
            crate::Granted { access_token: text("access_token"), refresh_token: text("refresh_token") };
        world.secret("youtube.access_token", &granted.access_token);
        world.secret("youtube.refresh_token", &granted.refresh_token);
        granted
    }

    /// What is played on the page: blob, length and media type.
    pub(crate) fn media(&self, id: &str) -> Option<(u64, u64, String)> {
        let books = lock(&self.books);
        let video = books.video(id)?;
        Some((video.blob?, video.bytes, video.mime.clone()))
    }

    pub(crate) fn thumbnail(&self, id: &str) -> Option<(u64, u64, String)> {
        let books = lock(&self.books);
        let thumbnail = books.video(id)?.thumbnail.as_ref()?;
        Some((thumbnail.blob, thumbnail.bytes, thumbnail.mime.clone()))
    }
}

pub(crate) async fn serve(world: &Arc<World>, mut ask: Ask) -> Ending {
    let Some(op) = route::route(ask.host, &ask.method, &ask.path, &ask.query, ask.header("content-range"))
    else {
        world.calls.note(ask.seq, |call| call.unknown = true);
        ask.drain(world).await;
        return errors::refuse(404, "notFound", "global", "Not Found").answer().into();
    };
    let body = match op.streams() {
        true => Bytes::new(),
        false => match ask.read_body(world, op.body_limit()).await {
            Ok(body) => body,
            Err(Unread::Gone) => return Ending::Cut,
            Err(Unread::TooLong) => return too_long(op),
        },
    };
    let names = names(world, op, &ask, &body);
    let named = Named { platform: "youtube", api: op.name(), names: &names };
    let twist = match fate(world, &mut ask, named, op.streams()).await {
        Fate::Goes(twist) => twist,
        Fate::Status(planned) => return shaped(op, &planned).into(),
        Fate::SessionGone => {
            upload::end_session(world, &ask);
            ask.drain(world).await;
            return upload::no_session(404).into();
        }
        Fate::Over(ending) => return ending,
    };
    match op {
        Op::Token if twist.token_expired => token::kill_sent(world, &body),
        _ if twist.token_expired => bearer::kill_sent(world, &ask),
        _ => {}
    }

    let ending = match op {
        Op::Put(_) => transfer::put(world, &mut ask, &twist).await,
        Op::Query(_) => transfer::query(world, &mut ask, &twist).await,
        Op::Cancel(_) => transfer::cancel(world, &mut ask).await,
        _ => answer(world, op, &ask, &body).unwrap_or_else(Refusal::answer).into(),
    };
    world.changed();
    twist.close(ending, |planned| shaped(op, planned)).await
}

/// A planned status in the shape this call's errors have.
fn shaped(op: Op, planned: &StatusAnswer) -> Answer {
    if op.is_oauth() { token::planned(planned) } else { errors::planned(planned) }
}

fn too_long(op: Op) -> Ending {
    match op {
        Op::ThumbnailsSet | Op::CaptionsInsert => {
            errors::refuse(413, "uploadTooLarge", "global", "The uploaded media is too large.")
                .answer()
                .into()
        }
        _ => errors::bad_request("Request payload size exceeds the limit.").answer().into(),
    }
}

/// Everything that is answered from a body in memory.
fn answer(world: &World, op: Op, ask: &Ask, body: &Bytes) -> Result<Answer, Refusal> {
    match op {
        Op::AuthPage => return Ok(consent::page(world, ask)),
        Op::AuthConsent => return Ok(consent::decided(world, body)),
        Op::Token => return Ok(token::token(world, ask, body)),
        Op::Revoke => return Ok(token::revoke(world, ask, body)),
        Op::TokenInfo => return Ok(token::info(world, ask, body)),
        _ => {}
    }
    let now = world.now_ms();
    let settings = world.settings();
    let mut books = world.google.books(now);
    let who = bearer::who(&books, ask, op, now)?;
    quota::charge(&mut books, op.cost(), &settings, now)?;
    if op == Op::UserInfo {
        return Ok(channels::userinfo(&who));
    }
    let desk = Desk { world, books: &mut books, who, ask, body, now, settings };
    match op {
        Op::Start(what) => upload::start(desk, what),
        Op::VideosList => videos::list(desk),
        Op::VideosUpdate => videos::update(desk),
        Op::VideosDelete => videos::delete(desk),
        Op::VideosStats => videos::stats(desk),
        Op::ChannelsList => channels::list(desk),
        Op::CategoriesList => channels::categories(desk),
        Op::ThumbnailsSet => thumbnails::set(desk),
        Op::CaptionsList => captions::list(desk),
        Op::CaptionsInsert => captions::insert(desk),
        Op::CaptionsDelete => captions::delete(desk),
        Op::PlaylistsList => playlists::list(desk),
        Op::PlaylistsInsert => playlists::insert(desk),
        Op::ItemsList => playlists::items(desk),
        Op::ItemsInsert => playlists::add(desk),
        Op::ItemsDelete => playlists::remove(desk),
        Op::AuthPage
        | Op::AuthConsent
        | Op::Token
        | Op::Revoke
        | Op::TokenInfo
        | Op::UserInfo
        | Op::Put(_)
        | Op::Query(_)
        | Op::Cancel(_) => {
            Err(errors::internal(&anyhow::anyhow!("a call that is answered elsewhere came here")))
        }
    }
}

/// All that a call of the Data API has before it.
struct Desk<'a> {
    world: &'a World,
    books: &'a mut Books,
    who: bearer::Who,
    ask: &'a Ask,
    body: &'a Bytes,
    now: i64,
    settings: crate::settings::Settings,
}

/// What a fault plan's `file` is held against: the file name and title this call is about.
fn names(world: &World, op: Op, ask: &Ask, body: &Bytes) -> Vec<String> {
    let json = || serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    let books = world.google.books(world.now_ms());
    let of_video = |id: &str| -> Vec<String> {
        let video = books.video(id);
        video
            .into_iter()
            .flat_map(|video| video.file.iter().cloned().chain([video.words.title.clone()]))
            .collect()
    };
    match op {
        Op::Put(_) | Op::Query(_) | Op::Cancel(_) => {
            let id = ask.query("upload_id").unwrap_or_default();
            books
                .sessions
                .iter()
                .find(|session| session.upload_id == id)
                .map(books::Session::names)
                .unwrap_or_default()
        }
        Op::Start(route::What::Video) => {
            let title = json()["snippet"]["title"].as_str().map(String::from);
            upload::slug(ask).into_iter().chain(title).collect()
        }
        Op::ItemsInsert => of_video(json()["snippet"]["resourceId"]["videoId"].as_str().unwrap_or_default()),
        Op::VideosUpdate => of_video(json()["id"].as_str().unwrap_or_default()),
        Op::ThumbnailsSet | Op::CaptionsList => of_video(ask.query("videoId").unwrap_or_default()),
        Op::VideosList | Op::VideosDelete => {
            ask.query_list("id").iter().flat_map(|id| of_video(id)).collect()
        }
        _ => Vec::new(),
    }
}
