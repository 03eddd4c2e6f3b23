//! A request's way through: which call it is, whether something is planned for it, what is done, and Graph's headers on the answer.

use super::books::{AppName, Books};
use super::desk::Desk;
use super::errors::{Refusal, parameter, planned, refuse};
use super::params::Params;
use super::route::{self, Kind, Op, Path};
use super::video_node::List;
use super::{
    accounts, bearer, beside, books::VideoKind, consent, containers, errors, instagram_login, media, reels,
    state, token, transfer, usage, video_node, videos,
};
use crate::exchange::{Answer, Ask, Ending, Unread};
use crate::faults::Named;
use crate::twist::{Fate, Twist, fate};
use crate::world::World;
use bytes::Bytes;
use std::sync::Arc;

/// Most bytes of a body that is read into memory: an image or a caption track, and a little around it.
const MOST_BODY: usize = 12 << 20;

/// One call as it was understood.
struct Call {
    op: Op,
    /// The node it is about; empty where there is none.
    id: String,
    /// What stands behind the edge.
    rest: Option<String>,
    app: AppName,
    version: String,
}

pub(crate) async fn serve(world: &Arc<World>, mut ask: Ask) -> Ending {
    if let Some((op, id)) = route::streaming(ask.host, &ask.method, &ask.path) {
        let id = id.to_string();
        return bytes(world, ask, op, id).await;
    }
    let body = match ask.read_body(world, MOST_BODY).await {
        Ok(body) => body,
        Err(Unread::Gone) => return Ending::Cut,
        Err(Unread::TooLong) => return parameter("The body is too large").answer(ask.host).into(),
    };
    let read = Params::read(&ask, &body);
    let none = Params::default();
    let params = read.as_ref().unwrap_or(&none);
    let Some(call) = understood(world, &ask, params) else {
        world.calls.note(ask.seq, |call| call.unknown = true);
        return unknown(&ask).into();
    };
    if call.op == Op::UploadsQuery {
        hide_session(world, &ask, &call.id);
    }
    let app = call.app.platform();
    let (api, platform) = (call.op.name(app), call.op.platform(app));
    let upload = upload_of(&world.meta.books(), call.op, &call.id);
    let names = names(world, &call, params, upload);
    let named = Named { platform, api: &api, names: &names };
    let (ending, twist) = match fate(world, &mut ask, named, false).await {
        Fate::Goes(twist) => (None, twist),
        Fate::Status(plan) => (Some(planned(ask.host, &plan).into()), Twist::default()),
        Fate::SessionGone => {
            if let Some(upload) = upload {
                transfer::end(world, upload);
            }
            (None, Twist::default())
        }
        Fate::Over(ending) => return ending,
    };
    let ending = match (ending, read) {
        (Some(ending), _) => ending,
        (None, Err(refusal)) => refusal.answer(ask.host).into(),
        (None, Ok(params)) => {
            if twist.token_expired {
                kill_sent(world, &ask, &params, call.op);
            }
            if let (true, Some(upload)) = (twist.wrong_offset, upload)
                && let Err(error) = transfer::forget(world, upload).await
            {
                return errors::internal(&error).answer(ask.host).into();
            }
            let answer = answer(world, &call, &ask, &params, &body).await;
            answer.unwrap_or_else(|refusal| refusal.answer(ask.host)).into()
        }
    };
    world.changed();
    let ending = twist.close(ending, |plan| planned(ask.host, plan)).await;
    with_headers(world, &ask, &call, platform, ending)
}

/// A call whose body streams.
async fn bytes(world: &Arc<World>, mut ask: Ask, op: Op, id: String) -> Ending {
    if op == Op::UploadsPut {
        hide_session(world, &ask, &id);
    }
    let upload = upload_of(&world.meta.books(), op, &id);
    let names = {
        let books = world.meta.books();
        upload
            .and_then(|upload| books.upload(upload))
            .map(|upload| state::names(&books, upload))
            .unwrap_or_default()
    };
    let (api, platform) = (op.name("facebook"), op.platform("facebook"));
    let named = Named { platform, api: &api, names: &names };
    let twist = match fate(world, &mut ask, named, true).await {
        Fate::Goes(twist) => twist,
        Fate::Status(plan) => return planned(ask.host, &plan).into(),
        Fate::SessionGone => {
            if let Some(upload) = upload {
                transfer::end(world, upload);
            }
            ask.drain(world).await;
            return errors::not_yours().into();
        }
        Fate::Over(ending) => return ending,
    };
    if twist.token_expired {
        kill_sent(world, &ask, &Params::default(), op);
    }
    let ending = transfer::put(world, &mut ask, &twist, op, &id).await;
    world.changed();
    twist.close(ending, |plan| planned(ask.host, plan)).await
}

/// Session ids are secrets, and this one stands in the path.
fn hide_session(world: &World, ask: &Ask, id: &str) {
    world.calls.note(ask.seq, |call| call.path = call.path.replace(id, "…"));
}

fn understood(world: &World, ask: &Ask, params: &Params) -> Option<Call> {
    let path = Path::read(&ask.path)?;
    let version = path.version.unwrap_or("v25.0").to_string();
    let books = world.meta.books();
    let sent = bearer::sent(ask, params);
    let request = params.get("request").and_then(|request| books.consents.get(request));
    let app = sent
        .and_then(|sent| books.app_behind(sent))
        .or_else(|| params.get("client_id").and_then(|id| books.app_of(id)))
        .or(request.map(|consent| consent.app))
        .unwrap_or(AppName::Facebook);
    if let Some(op) = route::plain(ask.host, &ask.method, &ask.path) {
        let id = route::file_session(ask.host, &ask.path).unwrap_or_default().to_string();
        return Some(Call { op, id, rest: None, app, version });
    }
    if ask.host != route::GRAPH && ask.host != route::GRAPH_INSTAGRAM {
        return None;
    }
    let (first, edge) = path.parts.split_first()?;
    let (kind, id) = match *first {
        "me" => {
            let settings = world.settings().meta;
            let who = sent.and_then(|sent| bearer::known(&books, sent, &settings, world.now_ms()).ok());
            match who {
                Some(who) => (route::kind(&books, who.me()), who.me().to_string()),
                // Whoever it was is refused in a moment.
                None if ask.host == route::GRAPH => (Kind::User, "me".into()),
                None => (Kind::Account, "me".into()),
            }
        }
        id if id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => {
            (route::kind(&books, id), id.to_string())
        }
        _ => return None,
    };
    let op = route::about(ask.host, &ask.method, kind, edge, params.get("upload_phase"))?;
    Some(Call { op, id, rest: edge.get(1).map(|rest| (*rest).to_string()), app, version })
}

fn unknown(ask: &Ask) -> Answer {
    match ask.host {
        route::WWW_FACEBOOK | route::WWW_INSTAGRAM => Answer::html(404, "<h1>Page not found</h1>".into()),
        _ => refuse(2500, &format!("Unknown path components: {}", ask.path)).answer(ask.host),
    }
}

/// The upload a call is about.
fn upload_of(books: &Books, op: Op, id: &str) -> Option<u64> {
    match op {
        Op::ReelBytes | Op::Video => books.video(id).map(|video| video.upload),
        Op::ContainerBytes | Op::Container => books.container(id).and_then(|container| container.upload),
        Op::UploadsPut | Op::UploadsQuery => {
            books.files.iter().find(|file| file.id == id).map(|file| file.upload)
        }
        _ => None,
    }
}

/// What a fault plan's `file` is held against.
fn names(world: &World, call: &Call, params: &Params, upload: Option<u64>) -> Vec<String> {
    let books = world.meta.books();
    let words = ["file_name", "title", "description", "message", "caption"];
    let mut names: Vec<String> = words.iter().filter_map(|name| params.get(name)).map(String::from).collect();
    let container = match call.op {
        Op::Publish => params.get("creation_id").and_then(|id| books.container(id)),
        _ => books.container(&call.id),
    };
    names.extend(container.map(|container| container.caption.clone()));
    names.extend(books.media(&call.id).map(|media| media.caption.clone()));
    let video = match call.op {
        Op::ReelsFinish | Op::StoriesFinish => params.get("video_id").and_then(|id| books.video(id)),
        _ => books.video(&call.id).or_else(|| books.video_of_post(&call.id)),
    };
    let upload = upload.or(video.map(|video| video.upload)).and_then(|upload| books.upload(upload));
    names.extend(upload.map(|upload| state::names(&books, upload)).unwrap_or_default());
    names.retain(|name| !name.is_empty());
    names
}

fn kill_sent(world: &World, ask: &Ask, params: &Params, op: Op) {
    if matches!(op, Op::Token | Op::InstagramToken | Op::InstagramLong | Op::InstagramRefresh) {
        return token::kill_sent(world, params);
    }
    if let Some(sent) = bearer::sent(ask, params) {
        world.meta.books().kill(sent, 463);
    }
}

/// Graph says with every answer how much of its limits is used.
fn with_headers(world: &World, ask: &Ask, call: &Call, platform: &str, ending: Ending) -> Ending {
    let Ending::Answer(answer) = ending else { return ending };
    if ask.host != route::GRAPH && ask.host != route::GRAPH_INSTAGRAM {
        return answer.into();
    }
    let settings = world.settings().meta;
    let about = if call.id.is_empty() || call.op == Op::UploadsQuery { "0" } else { &call.id };
    usage::add(answer, &settings, platform, about, &call.version).into()
}

async fn answer(
    world: &Arc<World>,
    call: &Call,
    ask: &Ask,
    params: &Params,
    body: &Bytes,
) -> Result<Answer, Refusal> {
    let made = match now(world, call, ask, params, body)? {
        Said::Answer(answer) => return Ok(answer),
        Said::Container(made) => made,
    };
    containers::finish(world, made).await
}

/// What came of a call while the books were open.
enum Said {
    Answer(Answer),
    /// Its media is still to be fetched.
    Container(containers::Made),
}

fn now(world: &World, call: &Call, ask: &Ask, params: &Params, body: &Bytes) -> Result<Said, Refusal> {
    let id = call.id.as_str();
    let answer = match call.op {
        Op::FacebookPage | Op::InstagramPage => consent::page(world, ask),
        Op::FacebookConsent | Op::InstagramConsent => consent::decided(world, ask, body),
        Op::Token => token::token(world, params)?,
        Op::InstagramToken => instagram_login::token(world, params),
        Op::InstagramLong => instagram_login::long(world, params)?,
        Op::InstagramRefresh => instagram_login::refresh(world, params)?,
        Op::DebugToken => token::debug(world, bearer::sent(ask, params), params)?,
        Op::UploadsQuery => transfer::query(world, ask, params),
        _ => {
            let now = world.now_ms();
            let settings = world.settings().meta;
            if let Some(proof) = params.get("appsecret_proof") {
                world.secret(&format!("{}.appsecret_proof", call.app.noted()), proof);
            }
            let mut books = world.meta.books();
            let who = bearer::who(&books, ask, params, &settings, now)?;
            usage::check(&settings, call.op.platform(call.app.platform()))?;
            let version = call.version.clone();
            let mut desk = Desk { world, books: &mut books, who, ask, params, now, settings, version };
            if call.op == Op::MediaCreate {
                return Ok(Said::Container(containers::make(&mut desk, id)?));
            }
            graph(&mut desk, call)?
        }
    };
    Ok(Said::Answer(answer))
}

/// Everything that is asked with a token.
fn graph(desk: &mut Desk<'_>, call: &Call) -> Result<Answer, Refusal> {
    let id = call.id.as_str();
    match call.op {
        Op::Me => accounts::me(desk, id),
        Op::Accounts => accounts::list(desk),
        Op::Portfolios => accounts::portfolios(desk),
        Op::OwnedPages => accounts::of_portfolio(desk, id, true),
        Op::ClientPages => accounts::of_portfolio(desk, id, false),
        Op::Permissions => token::permissions(desk),
        Op::PermissionsDelete => token::take_back(desk, call.rest.as_deref()),
        Op::Page => accounts::page(desk, id),
        Op::ReelsStart => reels::start(desk, id, VideoKind::Reel),
        Op::ReelsFinish => reels::finish(desk, id, VideoKind::Reel),
        Op::StoriesStart => reels::start(desk, id, VideoKind::Story),
        Op::StoriesFinish => reels::finish(desk, id, VideoKind::Story),
        Op::ReelsList => video_node::list(desk, id, List::Reels),
        Op::StoriesList => video_node::list(desk, id, List::Stories),
        Op::VideosList => video_node::list(desk, id, List::Videos),
        Op::ScheduledPosts => video_node::list(desk, id, List::Scheduled),
        Op::Posts => video_node::list(desk, id, List::Posts),
        Op::VideosCreate => videos::create(desk, id),
        Op::UploadsStart => videos::open_file(desk, id),
        Op::Video => video_node::get(desk, id),
        Op::Post => video_node::post(desk, id),
        Op::VideoAmend | Op::PostAmend => videos::amend(desk, id),
        Op::VideoDelete | Op::PostDelete => videos::delete(desk, id),
        Op::Thumbnails => beside::set_thumbnail(desk, id),
        Op::ThumbnailsList => beside::thumbnails(desk, id),
        Op::Captions => beside::set_captions(desk, id),
        Op::CaptionsList => beside::captions(desk, id),
        Op::Collaborators => beside::invite(desk, id),
        Op::Account if desk.ask.host == route::GRAPH_INSTAGRAM => instagram_login::me(desk, id),
        Op::Account => accounts::account(desk, id),
        Op::MediaList => media::list(desk, id, false),
        Op::AccountStories => media::list(desk, id, true),
        Op::Publish => media::publish(desk, id),
        Op::Limit => media::limit(desk, id),
        Op::Container => containers::get(desk, id),
        Op::Item => media::get(desk, id),
        Op::ItemAmend => media::amend(desk, id),
        Op::ItemDelete => media::delete(desk, id),
        Op::Object => Err(errors::no_object(desk.ask.method.as_str(), id)),
        Op::FacebookPage
        | Op::FacebookConsent
        | Op::InstagramPage
        | Op::InstagramConsent
        | Op::Token
        | Op::InstagramToken
        | Op::InstagramLong
        | Op::InstagramRefresh
        | Op::DebugToken
        | Op::UploadsPut
        | Op::UploadsQuery
        | Op::ReelBytes
        | Op::MediaCreate
        | Op::ContainerBytes => {
            Err(errors::internal(&anyhow::anyhow!("a call that is answered elsewhere came here")))
        }
    }
}
