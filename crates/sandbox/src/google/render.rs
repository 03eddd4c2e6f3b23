//! A video as the API shows it: the parts asked for, 64-bit numbers as strings, what only its owner may see.
//! The sandbox has not looked into the file: duration and shape are made up, counts are zero.
//! Unsure: whether `publishAt` stays after it has passed (it goes here).

use super::books::{Books, Video};
use super::people::Channel;
use crate::clock::rfc3339;
use crate::settings::Outcome;
use serde_json::{Map, Value, json};

pub(crate) fn video(
    books: &Books,
    video: &Video,
    channel: &Channel,
    parts: &[String],
    owner: bool,
    now_ms: i64,
    page: &str,
) -> Value {
    let mut out = Map::new();
    out.insert("kind".into(), "youtube#video".into());
    out.insert("etag".into(), video.etag.clone().into());
    out.insert("id".into(), video.id.clone().into());
    for part in parts {
        let value = match part.as_str() {
            "snippet" => snippet(video, channel, page),
            "status" => status(video, owner, now_ms),
            "processingDetails" => processing(video, now_ms),
            "contentDetails" => content(books, video, now_ms),
            "statistics" => statistics(),
            "fileDetails" => json!({
                "fileName": video.file.clone().unwrap_or_else(|| "unknown".into()),
                "fileSize": video.bytes.to_string(),
                "fileType": "video",
            }),
            "suggestions" => json!({}),
            "localizations" if video.words.localizations.is_empty() => continue,
            "localizations" => Value::Object(video.words.localizations.clone()),
            "recordingDetails" => video.words.recording.clone().unwrap_or_else(|| json!({})),
            "brandPartner" => match &video.words.brand_partner {
                Some(partner) => partner.clone(),
                None => continue,
            },
            "paidProductPlacementDetails" => {
                json!({ "hasPaidProductPlacement": video.words.paid.unwrap_or(false) })
            }
            "player" => json!({
                "embedHtml": format!("<iframe src=\"//www.youtube.com/embed/{}\"></iframe>", video.id),
            }),
            _ => continue,
        };
        out.insert(part.clone(), value);
    }
    Value::Object(out)
}

fn snippet(video: &Video, channel: &Channel, page: &str) -> Value {
    let words = &video.words;
    // publishedAt is when it was uploaded while private, and when it became public after.
    let published = video.public_ms.unwrap_or(video.created_ms);
    let mut out = json!({
        "publishedAt": rfc3339(published / 1000 * 1000),
        "channelId": channel.id,
        "title": words.title,
        "description": words.description,
        "thumbnails": thumbnails(&video.id, page),
        "channelTitle": channel.title,
        "categoryId": words.category,
        "liveBroadcastContent": "none",
        "localized": { "title": words.title, "description": words.description },
    });
    if !words.tags.is_empty() {
        out["tags"] = words.tags.clone().into();
    }
    if let Some(language) = &words.language {
        out["defaultLanguage"] = language.clone().into();
    }
    if let Some(language) = &words.audio_language {
        out["defaultAudioLanguage"] = language.clone().into();
    }
    out
}

/// The sizes Google makes of an image. The addresses are this sandbox's page, not i.ytimg.com: nothing here is on the real internet.
pub(crate) fn thumbnails(id: &str, page: &str) -> Value {
    let size = |width: u32, height: u32| json!({ "url": format!("{page}/thumb/{id}"), "width": width, "height": height });
    json!({
        "default": size(120, 90), "medium": size(320, 180), "high": size(480, 360), "standard": size(640, 480),
        "maxres": size(1280, 720),
    })
}

fn status(video: &Video, owner: bool, now_ms: i64) -> Value {
    let words = &video.words;
    let mut out = json!({
        "uploadStatus": match video.processing(now_ms) { "processing" => "uploaded", "succeeded" => "processed", _ => "failed" },
        "privacyStatus": words.privacy,
        "license": words.license,
        "embeddable": words.embeddable,
        "publicStatsViewable": words.stats_viewable,
        "madeForKids": words.for_kids.unwrap_or(false),
    });
    if video.processing(now_ms) == "failed" {
        out["failureReason"] = if video.bytes == 0 { "emptyFile" } else { "conversion" }.into();
    }
    if let Some(at) = video.publish_at() {
        out["publishAt"] = at.into();
    }
    if owner {
        out["selfDeclaredMadeForKids"] = words.for_kids.unwrap_or(false).into();
        out["containsSyntheticMedia"] = words.synthetic.unwrap_or(false).into();
    }
    out
}

fn processing(video: &Video, now_ms: i64) -> Value {
    let state = video.processing(now_ms);
    let done = |yes: &str| if state == "processing" { "inProgress" } else { yes }.to_string();
    let mut out = json!({
        "processingStatus": state,
        "fileDetailsAvailability": done("available"),
        "processingIssuesAvailability": done("available"),
        "tagSuggestionsAvailability": "unavailable",
        "editorSuggestionsAvailability": "unavailable",
        "thumbnailsAvailability": done("available"),
    });
    if state == "processing" {
        let all = (video.processed_ms - video.created_ms).max(1);
        let gone = (now_ms - video.created_ms).clamp(0, all);
        out["processingProgress"] = json!({
            "partsTotal": "1000",
            "partsProcessed": (gone.saturating_mul(1000) / all).to_string(),
            "timeLeftMs": (all - gone).to_string(),
        });
    }
    if state == "failed" && video.outcome == Outcome::Failed {
        out["processingFailureReason"] = "transcodeFailed".into();
    }
    out
}

fn content(books: &Books, video: &Video, now_ms: i64) -> Value {
    let captioned =
        books.captions.iter().any(|caption| caption.track.video == video.id && !caption.track.draft);
    json!({
        // Zero until processed, as seen in the world; then any length, for nobody has looked.
        "duration": if video.processing(now_ms) == "succeeded" { "PT1M" } else { "P0D" },
        "dimension": "2d",
        "definition": "hd",
        "caption": captioned.to_string(),
        "licensedContent": false,
        "hasCustomThumbnail": video.thumbnail.is_some(),
        "projection": "rectangular",
    })
}

pub(crate) fn statistics() -> Value {
    json!({ "viewCount": "0", "likeCount": "0", "dislikeCount": "0", "favoriteCount": "0", "commentCount": "0" })
}
