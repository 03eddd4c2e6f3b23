//! playlists.list and insert, playlistItems.list, insert and delete (contract youtube 6). Adding a video twice makes two items: the call
//! is not idempotent. The list of all uploads (`UU…`) is there, newest first, and cannot be added to.
//! Not imitated: changing and deleting lists, podcasts, sort orders (`manualSortRequired`), series, watch later.
//! Unsure: what a list of somebody else that is private looks like (not found here); which video field `videoId` filters by (the exact id).

use super::Desk;
use super::bearer::Who;
use super::books::{Books, Item, Playlist};
use super::errors::{Refusal, bad_request, forbidden, missing_parameter, refuse, video_not_found};
use super::people::{CREATORS, Creator, by_channel, creator};
use super::{render, shape, words};
use crate::clock::rfc3339;
use crate::exchange::{Answer, Ask};
use crate::world::random_text;
use serde_json::{Map, Value, json};

const PLAYLIST_PARTS: [&str; 6] = ["contentDetails", "id", "localizations", "player", "snippet", "status"];
const ITEM_PARTS: [&str; 4] = ["contentDetails", "id", "snippet", "status"];
/// Videos in one list.
const MOST_ITEMS: usize = 5_000;

pub(crate) fn list(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = words::parts(desk.ask.query_list("part"), &PLAYLIST_PARTS)?;
    let given: Vec<&str> =
        ["mine", "id", "channelId"].into_iter().filter(|filter| desk.ask.query(filter).is_some()).collect();
    let visible = |list: &&Playlist| desk.who.owns(&list.owner) || list.privacy != "private";
    let found: Vec<&Playlist> = match given[..] {
        ["mine"] => {
            desk.who.channel()?;
            desk.books.playlists.iter().filter(|list| desk.who.owns(&list.owner)).collect()
        }
        ["id"] => {
            let ids = desk.ask.query_list("id");
            desk.books.playlists.iter().filter(|list| ids.contains(&list.id)).filter(visible).collect()
        }
        ["channelId"] => {
            let Some(owner) = desk.ask.query("channelId").and_then(by_channel) else {
                return Err(refuse(
                    404,
                    "channelNotFound",
                    "youtube.playlist",
                    "The channel cannot be found.",
                ));
            };
            desk.books.playlists.iter().filter(|list| list.owner == owner.key).filter(visible).collect()
        }
        [] => return Err(missing_parameter("mine")),
        _ => return Err(incompatible()),
    };
    let all: Vec<Value> = found.into_iter().map(|list| playlist(desk.books, list, &parts)).collect();
    page(desk.ask, "youtube#playlistListResponse", all)
}

pub(crate) fn insert(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = words::parts(desk.ask.query_list("part"), &PLAYLIST_PARTS)?;
    desk.who.channel()?;
    let body = json_body(&desk, &shape::PLAYLIST, "playlist", &parts)?;
    let title = body["snippet"]["title"].as_str().unwrap_or_default();
    if title.trim().is_empty() {
        return Err(refuse(
            400,
            "playlistTitleRequired",
            "youtube.playlist",
            "The request must specify a playlist title.",
        )
        .at("body", "body.snippet.title"));
    }
    let description = body["snippet"]["description"].as_str().unwrap_or_default();
    if title.chars().count() > 150 || description.len() > 5000 || title.contains(['<', '>']) {
        return Err(refuse(
            400,
            "invalidPlaylistSnippet",
            "youtube.playlist",
            "The request's snippet is invalid.",
        ));
    }
    let privacy = match body["status"]["privacyStatus"].as_str() {
        None => "public",
        Some(privacy @ ("public" | "unlisted" | "private")) => privacy,
        Some(other) => {
            return Err(bad_request(&format!(
                "Invalid value at 'playlist.status.privacyStatus': \"{other}\""
            )));
        }
    };
    let made = Playlist {
        id: format!("PL{}", random_text(32)),
        owner: desk.who.creator.key.into(),
        title: title.into(),
        description: description.into(),
        privacy: privacy.into(),
        created_ms: desk.now,
    };
    let shown = playlist(desk.books, &made, &parts);
    desk.books.playlists.push(made);
    Ok(Answer::json(200, &shown))
}

pub(crate) fn items(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = words::parts(desk.ask.query_list("part"), &ITEM_PARTS)?;
    let of_video = desk.ask.query("videoId");
    let all: Vec<Value> = match (desk.ask.query("playlistId"), desk.ask.query("id")) {
        (Some(_), Some(_)) => return Err(incompatible()),
        (None, None) => return Err(missing_parameter("playlistId")),
        (None, Some(_)) => {
            let ids = desk.ask.query_list("id");
            let found = desk.books.items.iter().filter(|item| ids.contains(&item.id));
            let seen = found.filter(|item| readable(desk.books, &desk.who, &item.playlist).is_ok());
            seen.map(|item| shown(&desk, item, &parts)).collect()
        }
        (Some(id), None) => match uploads_owner(id) {
            Some(owner) => {
                let visible = |owner: &str, privacy: &str| desk.who.owns(owner) || privacy == "public";
                let mine = desk.books.videos.iter().rev().filter(|video| video.owner == owner.key);
                let seen = mine.filter(|video| visible(&video.owner, &video.words.privacy));
                let rows = seen.map(|video| Item {
                    id: format!("UU{}", video.id),
                    playlist: id.into(),
                    video: video.id.clone(),
                    added_ms: video.created_ms,
                    note: None,
                });
                let rows: Vec<Item> =
                    rows.filter(|item| of_video.is_none_or(|video| video == item.video)).collect();
                rows.iter().map(|item| shown(&desk, item, &parts)).collect()
            }
            None => {
                readable(desk.books, &desk.who, id)?;
                let rows = desk.books.items.iter().filter(|item| item.playlist == id);
                rows.filter(|item| of_video.is_none_or(|video| video == item.video))
                    .map(|item| shown(&desk, item, &parts))
                    .collect()
            }
        },
    };
    page(desk.ask, "youtube#playlistItemListResponse", all)
}

pub(crate) fn add(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = words::parts(desk.ask.query_list("part"), &ITEM_PARTS)?;
    let body = json_body(&desk, &shape::PLAYLIST_ITEM, "playlistItem", &parts)?;
    let snippet = &body["snippet"];
    let Some(id) = snippet["playlistId"].as_str().filter(|id| !id.is_empty()) else {
        return Err(needed("playlistIdRequired", "playlistId"));
    };
    if snippet["resourceId"].is_null() {
        return Err(needed("resourceIdRequired", "resourceId"));
    }
    let kind = snippet["resourceId"]["kind"].as_str();
    let Some(video) = snippet["resourceId"]["videoId"].as_str().filter(|_| kind == Some("youtube#video"))
    else {
        return Err(refuse(
            400,
            "invalidResourceType",
            ITEM,
            "The type of the resource cannot be in a playlist.",
        ));
    };
    let note = body["contentDetails"]["note"].as_str();
    if note.is_some_and(|note| note.chars().count() > 280) {
        return Err(refuse(400, "invalidContentDetails", ITEM, "The note is longer than 280 characters."));
    }
    if uploads_owner(id).is_some() {
        return Err(refuse(
            400,
            "playlistOperationUnsupported",
            ITEM,
            "This playlist cannot be changed directly.",
        ));
    }
    let list = readable(desk.books, &desk.who, id)?;
    if !desk.who.owns(&list.owner) {
        return Err(forbidden(ITEM, "The playlist is somebody else's."));
    }
    let seen = desk
        .books
        .video(video)
        .filter(|video| desk.who.owns(&video.owner) || video.words.privacy != "private");
    let Some(video) = seen.map(|video| video.id.clone()) else {
        return Err(video_not_found().at("body", "body.snippet.resourceId.videoId"));
    };
    let here: Vec<usize> = desk
        .books
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.playlist == id)
        .map(|(index, _)| index)
        .collect();
    if here.len() >= MOST_ITEMS {
        let message = "The playlist already contains the maximum allowed number of items.";
        return Err(refuse(403, "playlistContainsMaximumNumberOfVideos", ITEM, message));
    }
    let index = match snippet["position"].as_u64().map(|n| usize::try_from(n).unwrap_or(usize::MAX)) {
        Some(position) if position > here.len() => {
            return Err(refuse(
                400,
                "invalidPlaylistItemPosition",
                ITEM,
                "The position is behind the end of the playlist.",
            ));
        }
        Some(position) if position < here.len() => here[position],
        _ => desk.books.items.len(),
    };
    let item = Item {
        id: format!("UEw{}", random_text(45)),
        playlist: id.into(),
        video,
        added_ms: desk.now,
        note: note.map(String::from),
    };
    desk.books.items.insert(index, item.clone());
    let answer = shown(&desk, &item, &parts);
    Ok(Answer::json(200, &answer))
}

pub(crate) fn remove(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let id = desk.ask.query("id").ok_or_else(|| missing_parameter("id"))?;
    let Some(item) = desk.books.items.iter().find(|item| item.id == id) else {
        return Err(refuse(404, "playlistItemNotFound", ITEM, "The playlist item cannot be found."));
    };
    if !desk.who.owns(&readable(desk.books, &desk.who, &item.playlist)?.owner) {
        return Err(forbidden(ITEM, "The playlist is somebody else's."));
    }
    let id = id.to_string();
    desk.books.items.retain(|item| item.id != id);
    Ok(Answer::empty(204))
}

const ITEM: &str = "youtube.playlistItem";

fn readable<'b>(books: &'b Books, who: &Who, id: &str) -> Result<&'b Playlist, Refusal> {
    let list = books.playlists.iter().find(|list| list.id == id);
    list.filter(|list| who.owns(&list.owner) || list.privacy != "private").ok_or_else(|| {
        refuse(404, "playlistNotFound", ITEM, "The playlist cannot be found.").at("parameter", "playlistId")
    })
}

fn uploads_owner(id: &str) -> Option<&'static Creator> {
    CREATORS.iter().find(|creator| creator.channel.as_ref().is_some_and(|channel| channel.uploads() == id))
}

fn needed(reason: &str, field: &str) -> Refusal {
    refuse(400, reason, ITEM, "Required").at("body", &format!("body.snippet.{field}"))
}

fn incompatible() -> Refusal {
    refuse(
        400,
        "incompatibleParameters",
        "youtube.parameter",
        "Incompatible parameters specified in the request.",
    )
}

fn json_body(desk: &Desk<'_>, shape: &shape::Shape, name: &str, parts: &[String]) -> Result<Value, Refusal> {
    if desk.ask.content_type() != "application/json" {
        return Err(bad_request("The body must be application/json."));
    }
    let body = shape::read(desk.body, shape, name)?;
    words::no_unlisted(&body, parts)?;
    Ok(body)
}

fn playlist(books: &Books, list: &Playlist, parts: &[String]) -> Value {
    let channel = creator(&list.owner).and_then(|creator| creator.channel.as_ref());
    let mut out = Map::new();
    out.insert("kind".into(), "youtube#playlist".into());
    out.insert("etag".into(), random_text(27).into());
    out.insert("id".into(), list.id.clone().into());
    for part in parts {
        let value = match part.as_str() {
            "snippet" => json!({
                "publishedAt": rfc3339(list.created_ms / 1000 * 1000),
                "channelId": channel.map(|channel| channel.id),
                "channelTitle": channel.map(|channel| channel.title),
                "title": list.title,
                "description": list.description,
                "thumbnails": {},
                "localized": { "title": list.title, "description": list.description },
            }),
            "status" => json!({ "privacyStatus": list.privacy }),
            "contentDetails" => {
                json!({ "itemCount": books.items.iter().filter(|item| item.playlist == list.id).count() })
            }
            _ => continue,
        };
        out.insert(part.clone(), value);
    }
    Value::Object(out)
}

fn shown(desk: &Desk<'_>, item: &Item, parts: &[String]) -> Value {
    let video = desk.books.video(&item.video);
    let mut before = desk.books.items.iter().filter(|other| other.playlist == item.playlist);
    let position = before.position(|other| other.id == item.id).unwrap_or(0);
    let channel = |owner: &str| creator(owner).and_then(|creator| creator.channel.as_ref());
    let list_owner =
        desk.books.playlists.iter().find(|list| list.id == item.playlist).map(|list| list.owner.as_str());
    let list_channel = list_owner.and_then(channel).or_else(|| video.and_then(|video| channel(&video.owner)));
    let video_channel = video.and_then(|video| channel(&video.owner));
    let mut out = Map::new();
    out.insert("kind".into(), "youtube#playlistItem".into());
    out.insert("etag".into(), random_text(27).into());
    out.insert("id".into(), item.id.clone().into());
    for part in parts {
        let value = match part.as_str() {
            "snippet" => json!({
                "publishedAt": rfc3339(item.added_ms / 1000 * 1000),
                "channelId": list_channel.map(|channel| channel.id),
                "channelTitle": list_channel.map(|channel| channel.title),
                "title": video.map(|video| video.words.title.as_str()),
                "description": video.map(|video| video.words.description.as_str()),
                "thumbnails": render::thumbnails(&item.video, &desk.world.base(crate::hosts::PAGE)),
                "playlistId": item.playlist,
                "position": position,
                "resourceId": { "kind": "youtube#video", "videoId": item.video },
                "videoOwnerChannelId": video_channel.map(|channel| channel.id),
                "videoOwnerChannelTitle": video_channel.map(|channel| channel.title),
            }),
            "contentDetails" => {
                let mut details = json!({ "videoId": item.video });
                if let Some(note) = &item.note {
                    details["note"] = note.clone().into();
                }
                if let Some(ms) = video.and_then(|video| video.public_ms) {
                    details["videoPublishedAt"] = rfc3339(ms / 1000 * 1000).into();
                }
                details
            }
            "status" => json!({ "privacyStatus": video.map(|video| video.words.privacy.as_str()) }),
            _ => continue,
        };
        out.insert(part.clone(), value);
    }
    Value::Object(out)
}

/// One page of a list answer: `maxResults` 0 to 50, 5 when absent; tokens count rows.
fn page(ask: &Ask, kind: &str, all: Vec<Value>) -> Result<Answer, Refusal> {
    let size = match ask.query("maxResults").map(str::parse::<usize>) {
        None => 5,
        Some(Ok(size)) if size <= 50 => size,
        Some(_) => {
            let message = "Invalid value for maxResults. Values must be within the range: [0, 50]";
            return Err(refuse(400, "invalidParameter", "global", message).at("parameter", "maxResults"));
        }
    };
    let from = match ask.query("pageToken") {
        None => 0,
        Some(token) => token.strip_prefix("CAo").and_then(|n| n.parse::<usize>().ok()).ok_or_else(|| {
            refuse(
                400,
                "invalidPageToken",
                "youtube.parameter",
                "The request specifies an invalid page token.",
            )
            .at("parameter", "pageToken")
        })?,
    };
    let total = all.len();
    let items: Vec<Value> = all.into_iter().skip(from).take(size).collect();
    let mut answer = json!({
        "kind": kind,
        "etag": random_text(27),
        "pageInfo": { "totalResults": total, "resultsPerPage": size },
    });
    if size > 0 && from + items.len() < total {
        answer["nextPageToken"] = format!("CAo{}", from + items.len()).into();
    }
    if from > 0 {
        answer["prevPageToken"] = format!("CAo{}", from.saturating_sub(size)).into();
    }
    answer["items"] = items.into();
    Ok(Answer::json(200, &answer))
}
