//! Publishing, and what was published (contract instagram 4.4, 4.5, 7).
//! Not imitated: likes, views, comments (0), insights, conversations.
//! Unsure: what a second publish of a container is told (24/2207008 here), an expired one (-2/2207020), a failed one (9007/2207027), a
//! child (24/2207006); that stories are in no list but their own; whether a carousel's parts can be read by themselves (they can here).

use super::Desk;
use super::books::{Books, Media, MediaKind};
use super::containers::not_ready;
use super::errors::{Refusal, no_object, parameter, permission, refuse, success};
use super::fields::{Node, asks, select};
use super::life::{Code, DAY_MS, code};
use super::{people, stamp};
use crate::exchange::Answer;
use crate::world::random_text;
use serde_json::{Value, json};

/// `POST /{account}/media_publish`
pub(crate) fn publish(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let account = desk.who.posts_to(id)?;
    let id = desk.params.need("creation_id")?;
    let missing = || refuse(24, "The container is not there, or has expired").sub(2_207_008);
    let container = desk.books.container(id).ok_or_else(missing)?.clone();
    if container.account != account.id || container.item {
        return Err(refuse(24, "The media with this ID is not there").sub(2_207_006));
    }
    match code(&container, desk.now) {
        Code::Finished => {}
        Code::Published => return Err(missing()),
        Code::Expired => return Err(refuse(-2, "The media has expired").sub(2_207_020)),
        Code::InProgress | Code::Error(_) => return Err(not_ready()),
    }
    if used(desk.books, account.id, desk.now - DAY_MS) >= desk.settings.quota_total {
        let message = "You reached the maximum number of posts that is allowed to be published by the API.";
        return Err(refuse(9, "Application request limit reached")
            .sub(2_207_042)
            .user("Too many posts", message));
    }
    let id = desk.books.node_id("180", 17);
    let mut parts = Vec::new();
    for child in &container.children {
        let part = desk.books.node_id("180", 17);
        if let Some(child) = desk.books.container_mut(child) {
            child.published = Some(part.clone());
            let child = child.clone();
            parts.push(media(&child, part, Some(id.clone()), desk.now));
        }
    }
    let mut made = media(&container, id.clone(), None, desk.now);
    made.children = parts.iter().map(|part| part.id.clone()).collect();
    desk.books.media.push(made);
    desk.books.media.extend(parts);
    if let Some(container) = desk.books.container_mut(&container.id) {
        container.published = Some(id.clone());
    }
    Ok(Answer::json(200, &json!({ "id": id })))
}

fn media(container: &super::books::Container, id: String, parent: Option<String>, now: i64) -> Media {
    Media {
        id,
        kind: container.kind,
        account: container.account.clone(),
        owner: container.owner.clone(),
        caption: container.caption.clone(),
        shortcode: format!("D{}", random_text(10)),
        upload: container.upload,
        children: Vec::new(),
        parent,
        published_ms: now,
        comments_off: false,
        options: container.options.clone(),
        deleted: false,
    }
}

/// Posts of an account since then; a carousel is one. What was deleted has been published all the same.
fn used(books: &Books, account: &str, since: i64) -> usize {
    let own = books.media.iter().filter(|media| media.account == account && media.parent.is_none());
    own.filter(|media| media.published_ms > since).count()
}

/// Used and allowed, for the sandbox's own view.
pub(crate) fn quota(books: &Books, account: &str, now: i64) -> usize {
    used(books, account, now - DAY_MS)
}

/// `GET /{account}/content_publishing_limit`
pub(crate) fn limit(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let account = desk.who.account("get", id)?;
    let since = match desk.params.number("since")? {
        Some(since) if since * 1000 < desk.now - DAY_MS => {
            return Err(parameter("Param since must be within the last 24 hours"));
        }
        Some(since) => since * 1000,
        None => desk.now - DAY_MS,
    };
    let mut line = json!({ "quota_usage": used(desk.books, account.id, since) });
    if asks(desk.fields(), "config") {
        line["config"] = json!({ "quota_total": desk.settings.quota_total, "quota_duration": 86_400 });
    }
    Ok(Answer::json(200, &json!({ "data": [line] })))
}

/// `GET /{account}/media` and `/{account}/stories`: newest first.
pub(crate) fn list(desk: &Desk<'_>, id: &str, stories: bool) -> Result<Answer, Refusal> {
    let account = desk.who.account("get", id)?;
    let (since, until) = (desk.params.number("since")?, desk.params.number("until")?);
    let belongs = |media: &&Media| {
        let story = media.kind == MediaKind::Story;
        media.account == account.id
            && !media.deleted
            && media.parent.is_none()
            && story == stories
            && (!story || media.published_ms > desk.now - DAY_MS)
            && since.is_none_or(|since| media.published_ms >= since * 1000)
            && until.is_none_or(|until| media.published_ms <= until * 1000)
    };
    let mut found: Vec<&Media> = desk.books.media.iter().filter(belongs).collect();
    found.reverse();
    let mut nodes = Vec::new();
    for media in found {
        nodes.push((media.id.clone(), select(Node::Media, &node(desk, media), desk.fields())?));
    }
    desk.page_of(nodes)
}

/// `GET /{media}`
pub(crate) fn get(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let media = own(desk, "get", id)?;
    Ok(Answer::json(200, &select(Node::Media, &node(desk, media), desk.fields())?))
}

/// `POST /{media}`: comments on or off, and nothing else can be changed.
pub(crate) fn amend(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let id = own(desk, "post", id)?.id.clone();
    let on = desk.params.flag("comment_enabled")?.ok_or_else(|| super::errors::missing("comment_enabled"))?;
    if let Some(media) = desk.books.media_mut(&id) {
        media.comments_off = !on;
    }
    Ok(Answer::json(200, &success()))
}

/// `DELETE /{media}`: Facebook Login only.
pub(crate) fn delete(desk: &mut Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let media = own(desk, "delete", id)?;
    if desk.who.is_instagram_login() || !desk.who.has("instagram_manage_contents") {
        return Err(permission(10, "instagram_manage_contents"));
    }
    let gone: Vec<String> = [media.id.clone()].into_iter().chain(media.children.clone()).collect();
    for id in &gone {
        let Some(media) = desk.books.media_mut(id) else { continue };
        media.deleted = true;
        let upload = media.upload;
        let blob =
            upload.and_then(|upload| desk.books.upload_mut(upload)).and_then(|upload| upload.blob.take());
        if let Some(blob) = blob {
            desk.world.store.remove(blob);
        }
    }
    let mut answer = success();
    answer["deleted_id"] = gone[0].clone().into();
    Ok(Answer::json(200, &answer))
}

fn own<'d>(desk: &'d Desk<'_>, method: &str, id: &str) -> Result<&'d Media, Refusal> {
    let media = desk.books.media(id).filter(|media| !media.deleted).ok_or_else(|| no_object(method, id))?;
    desk.who.account(method, &media.account).map_err(|_| no_object(method, id))?;
    Ok(media)
}

pub(crate) fn permalink(media: &Media) -> String {
    let username = people::professional(&media.account).map_or("", |account| account.username);
    match media.kind {
        MediaKind::Story => format!("https://www.instagram.com/stories/{username}/{}", media.id),
        MediaKind::Reel => format!("https://www.instagram.com/reel/{}/", media.shortcode),
        _ => format!("https://www.instagram.com/p/{}/", media.shortcode),
    }
}

pub(crate) fn node(desk: &Desk<'_>, media: &Media) -> Value {
    let host = desk.world.base(crate::hosts::PAGE);
    let username = people::professional(&media.account).map_or("", |account| account.username);
    let mut whole = json!({
        "id": media.id,
        "ig_id": media.id,
        "media_type": match media.kind {
            MediaKind::Image => "IMAGE",
            MediaKind::Carousel => "CAROUSEL_ALBUM",
            _ => "VIDEO",
        },
        "media_product_type": match media.kind {
            MediaKind::Story => "STORY",
            MediaKind::Reel => "REELS",
            _ => "FEED",
        },
        "permalink": permalink(media),
        "shortcode": media.shortcode,
        "timestamp": stamp(media.published_ms),
        "username": username,
        "owner": { "id": media.account },
        "like_count": 0,
        "comments_count": 0,
        "is_comment_enabled": !media.comments_off,
    });
    // A post without a caption has no such field.
    if !media.caption.is_empty() {
        whole["caption"] = media.caption.clone().into();
    }
    if media.kind == MediaKind::Reel {
        let said = media.options.get("share_to_feed").and_then(Value::as_str);
        whole["is_shared_to_feed"] = (!matches!(said, Some("false" | "0"))).into();
    }
    if media.kind == MediaKind::Carousel {
        let parts = media.children.iter().filter_map(|id| desk.books.media(id));
        whole["children"] = json!({ "data": parts.map(|part| node(desk, part)).collect::<Vec<_>>() });
    } else {
        whole["media_url"] = format!("{host}/media/{}", media.id).into();
        if media.kind != MediaKind::Image {
            whole["thumbnail_url"] = format!("{host}/thumb/{}", media.id).into();
        }
    }
    if let Some(text) = media.options.get("alt_text") {
        whole["alt_text"] = text.clone();
    }
    whole
}
