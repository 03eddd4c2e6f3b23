//! thumbnails.set (contract youtube 5), in one request or at the end of a resumable session.
//! Not imitated: dimensions (`imageTooTall`, `imageTooWide`), scaling, whether a video is a Short by its shape (a setting says so).
//! Unsure: the body of a too large image (413 here, as the upload front end answers for other media).

use super::Desk;
use super::books::{Books, Thumbnail};
use super::errors::{Refusal, forbidden, missing_parameter, refuse, video_not_found};
use super::{bearer::Who, quota, render};
use crate::exchange::Answer;
use crate::settings::Settings;
use crate::world::{World, random_text};
use serde_json::{Value, json};

const DOMAIN: &str = "youtube.thumbnail";

/// May this caller set the thumbnail of this video at all?
pub(crate) fn allowed(books: &Books, who: &Who, id: Option<&str>) -> Result<String, Refusal> {
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| missing_parameter("videoId"))?;
    let channel = who.channel()?;
    let video = books.video(id).ok_or_else(|| video_not_found().at("parameter", "videoId"))?;
    if !who.owns(&video.owner) || !channel.verified {
        let message =
            "The authenticated user doesn't have permissions to upload and set custom video thumbnails.";
        return Err(forbidden(DOMAIN, message));
    }
    Ok(video.id.clone())
}

pub(crate) fn set(desk: Desk<'_>) -> Result<Answer, Refusal> {
    let id = allowed(desk.books, &desk.who, desk.ask.query("videoId"))?;
    let channel = desk.who.channel()?.id;
    let declared = desk.ask.content_type();
    if !["image/jpeg", "image/png", "application/octet-stream"].contains(&declared.as_str()) {
        return Err(invalid_image("The image's media type is not supported."));
    }
    quota::charge_thumbnail(desk.books, channel, &desk.settings, desk.now)?;
    let body = place(desk.world, desk.books, &desk.settings, &id, desk.body, desk.now)?;
    Ok(Answer::json(200, &body))
}

/// Puts the image in its place; the answer of both ways of sending it.
pub(crate) fn place(
    world: &World,
    books: &mut Books,
    settings: &Settings,
    id: &str,
    image: &[u8],
    now_ms: i64,
) -> Result<Value, Refusal> {
    if image.is_empty() {
        return Err(refuse(
            400,
            "mediaBodyRequired",
            DOMAIN,
            "The request does not include the image content.",
        ));
    }
    let mime = match image {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
        _ => return Err(invalid_image("The provided image content is invalid.")),
    };
    let blob = books.serial();
    let video = books.video_mut(id).ok_or_else(video_not_found)?;
    // A Short takes its image only after processing; before, it is accepted and forgotten.
    let ignored = settings.shorts && video.processing(now_ms) != "succeeded";
    if !ignored {
        world.store.put(blob, image).map_err(|error| super::errors::internal(&error.into()))?;
        let thumbnail = Thumbnail {
            blob,
            bytes: image.len() as u64,
            blake3: blake3::hash(image).to_hex().to_string(),
            mime: mime.into(),
        };
        if let Some(old) = video.thumbnail.replace(thumbnail) {
            world.store.remove(old.blob);
        }
        video.etag = random_text(27);
    }
    Ok(json!({
        "kind": "youtube#thumbnailSetResponse",
        "etag": random_text(27),
        "items": [render::thumbnails(id, &world.base(crate::hosts::PAGE))],
    }))
}

fn invalid_image(message: &str) -> Refusal {
    refuse(400, "invalidImage", DOMAIN, message)
}
