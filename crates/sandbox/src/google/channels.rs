//! Small readings: who signed in (userinfo), their channel (channels.list), the categories.
//! Not imitated: other filters of channels.list than `mine` and `id`, regions other than one list for all.
//! Unsure: whether an account without a channel gets 401 `youtubeSignupRequired` (here) or 200 without `items`.

use super::Desk;
use super::bearer::Who;
use super::errors::{Refusal, missing_parameter, refuse};
use super::people::{Channel, Creator, by_channel};
use super::words::{CATEGORIES, parts};
use crate::clock::rfc3339;
use crate::exchange::Answer;
use serde_json::{Map, Value, json};

pub(crate) fn userinfo(who: &Who) -> Answer {
    let has = |name: &str| who.scopes.iter().any(|scope| scope.ends_with(name));
    let creator = who.creator;
    let mut user = json!({ "id": creator.id, "picture": "https://lh3.googleusercontent.com/a/default-user" });
    if has("userinfo.email") {
        user["email"] = creator.email.into();
        user["verified_email"] = true.into();
    }
    if has("userinfo.profile") {
        user["name"] = creator.name.into();
        user["given_name"] = creator.given_name.into();
        user["family_name"] = creator.family_name.into();
        user["locale"] = "en".into();
    }
    Answer::json(200, &user)
}

const CHANNEL_PARTS: [&str; 9] = [
    "auditDetails",
    "brandingSettings",
    "contentDetails",
    "contentOwnerDetails",
    "id",
    "localizations",
    "snippet",
    "statistics",
    "status",
];

pub(crate) fn list(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let parts = parts(desk.ask.query_list("part"), &CHANNEL_PARTS)?;
    let filters = ["mine", "id", "forHandle", "forUsername", "managedByMe"];
    let mut given = filters.into_iter().filter(|filter| desk.ask.query(filter).is_some());
    let items: Vec<Value> = match (given.next(), given.next()) {
        (Some("mine"), None) => {
            let channel = desk.who.channel()?;
            vec![resource(&desk, desk.who.creator, channel, &parts)]
        }
        (Some("id"), None) => {
            let ids = desk.ask.query_list("id");
            let found = ids.iter().filter_map(|id| by_channel(id));
            found
                .filter_map(|c| c.channel.as_ref().map(|channel| resource(&desk, c, channel, &parts)))
                .collect()
        }
        _ => {
            let message = "The request specifies an invalid combination of filters: exactly one is needed.";
            return Err(refuse(400, "invalidCriteria", "youtube.parameter", message));
        }
    };
    Ok(Answer::json(
        200,
        &json!({
            "kind": "youtube#channelListResponse",
            "etag": crate::world::random_text(27),
            "pageInfo": { "totalResults": items.len(), "resultsPerPage": 5 },
            "items": items,
        }),
    ))
}

fn resource(desk: &Desk<'_>, creator: &Creator, channel: &Channel, parts: &[String]) -> Value {
    let mut out = Map::new();
    out.insert("kind".into(), "youtube#channel".into());
    out.insert("etag".into(), crate::world::random_text(27).into());
    out.insert("id".into(), channel.id.into());
    let own = desk
        .books
        .videos
        .iter()
        .filter(|video| video.owner == creator.key && video.words.privacy == "public");
    for part in parts {
        let value = match part.as_str() {
            "snippet" => json!({
                "title": channel.title,
                "description": channel.description,
                "customUrl": channel.handle,
                "publishedAt": "2019-05-04T09:00:00Z",
                "thumbnails": { "default": { "url": format!("{}/avatar/{}.svg", desk.world.base(crate::hosts::PAGE), creator.key), "width": 88, "height": 88 } },
                "localized": { "title": channel.title, "description": channel.description },
                "country": "US",
            }),
            "contentDetails" => {
                json!({ "relatedPlaylists": { "likes": "LL", "uploads": channel.uploads() } })
            }
            "statistics" => json!({
                "viewCount": "0", "subscriberCount": "1240", "hiddenSubscriberCount": false, "videoCount": own.clone().count().to_string(),
            }),
            "status" => json!({
                "privacyStatus": "public",
                "isLinked": true,
                "longUploadsStatus": if channel.verified { "allowed" } else { "eligible" },
                "madeForKids": false,
                "selfDeclaredMadeForKids": false,
            }),
            _ => continue,
        };
        out.insert(part.clone(), value);
    }
    Value::Object(out)
}

pub(crate) fn categories(desk: Desk<'_>) -> Result<Answer, Refusal> {
    parts(desk.ask.query_list("part"), &["id", "snippet"])?;
    let ids = desk.ask.query_list("id");
    if desk.ask.query("regionCode").is_none() && ids.is_empty() {
        return Err(missing_parameter("regionCode"));
    }
    let wanted = CATEGORIES.iter().filter(|(id, _, _)| ids.is_empty() || ids.iter().any(|asked| asked == id));
    let items: Vec<Value> = wanted
        .map(|(id, title, assignable)| {
            json!({
                "kind": "youtube#videoCategory",
                "etag": format!("category-{id}"),
                "id": id,
                "snippet": { "title": title, "assignable": assignable, "channelId": "UCBR8-60-B28hp2BmDPdntcQ" },
            })
        })
        .collect();
    let now = rfc3339(desk.now);
    Ok(Answer::json(
        200,
        &json!({ "kind": "youtube#videoCategoryListResponse", "etag": now, "items": items }),
    ))
}
