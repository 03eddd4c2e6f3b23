//! JSON types of the resources one may send. Google's parser turns away unknown names and wrong types before anything else looks
//! (`categoryId` as a number, say); `null` counts as absent. Lists of names follow the discovery document (revision 20261104).
//! Unsure: enum values are checked by the call, not here.

use super::errors::{Refusal, bad_request};
use serde_json::{Value, json};

pub(crate) enum Shape {
    Text,
    Flag,
    Count,
    Texts,
    Fields(&'static [(&'static str, Shape)]),
    /// Any name, each value of this shape.
    Map(&'static Shape),
    /// Read-only for us: anything goes and is ignored.
    Any,
}

use Shape::{Any, Count, Fields, Flag, Map, Text, Texts};

const LOCALIZED: Shape = Fields(&[("title", Text), ("description", Text)]);

pub(crate) static VIDEO: Shape = Fields(&[
    ("kind", Text),
    ("etag", Text),
    ("id", Text),
    (
        "snippet",
        Fields(&[
            ("categoryId", Text),
            ("channelId", Text),
            ("channelTitle", Text),
            ("defaultAudioLanguage", Text),
            ("defaultLanguage", Text),
            ("description", Text),
            ("liveBroadcastContent", Text),
            ("localized", LOCALIZED),
            ("publishedAt", Text),
            ("tags", Texts),
            ("thumbnails", Any),
            ("title", Text),
        ]),
    ),
    (
        "status",
        Fields(&[
            ("containsSyntheticMedia", Flag),
            ("embeddable", Flag),
            ("failureReason", Text),
            ("license", Text),
            ("madeForKids", Flag),
            ("privacyStatus", Text),
            ("publicStatsViewable", Flag),
            ("publishAt", Text),
            ("rejectionReason", Text),
            ("selfDeclaredMadeForKids", Flag),
            ("uploadStatus", Text),
        ]),
    ),
    ("localizations", Map(&LOCALIZED)),
    (
        "recordingDetails",
        Fields(&[("location", Any), ("locationDescription", Text), ("recordingDate", Text)]),
    ),
    ("brandPartner", Fields(&[("channelId", Text), ("channelHandle", Text)])),
    ("paidProductPlacementDetails", Fields(&[("hasPaidProductPlacement", Flag)])),
    ("ageGating", Any),
    ("contentDetails", Any),
    ("fileDetails", Any),
    ("liveStreamingDetails", Any),
    ("monetizationDetails", Any),
    ("player", Any),
    ("processingDetails", Any),
    ("projectDetails", Any),
    ("statistics", Any),
    ("suggestions", Any),
    ("topicDetails", Any),
]);

pub(crate) static PLAYLIST: Shape = Fields(&[
    ("kind", Text),
    ("etag", Text),
    ("id", Text),
    (
        "snippet",
        Fields(&[
            ("channelId", Text),
            ("channelTitle", Text),
            ("defaultLanguage", Text),
            ("description", Text),
            ("localized", LOCALIZED),
            ("publishedAt", Text),
            ("tags", Texts),
            ("thumbnailVideoId", Text),
            ("thumbnails", Any),
            ("title", Text),
        ]),
    ),
    ("status", Fields(&[("podcastStatus", Text), ("privacyStatus", Text)])),
    ("contentDetails", Any),
    ("localizations", Map(&LOCALIZED)),
    ("player", Any),
]);

pub(crate) static PLAYLIST_ITEM: Shape = Fields(&[
    ("kind", Text),
    ("etag", Text),
    ("id", Text),
    (
        "snippet",
        Fields(&[
            ("channelId", Text),
            ("channelTitle", Text),
            ("description", Text),
            ("playlistId", Text),
            ("position", Count),
            ("publishedAt", Text),
            (
                "resourceId",
                Fields(&[("kind", Text), ("videoId", Text), ("channelId", Text), ("playlistId", Text)]),
            ),
            ("thumbnails", Any),
            ("title", Text),
            ("videoOwnerChannelId", Text),
            ("videoOwnerChannelTitle", Text),
        ]),
    ),
    (
        "contentDetails",
        Fields(&[
            ("endAt", Text),
            ("note", Text),
            ("startAt", Text),
            ("videoId", Text),
            ("videoPublishedAt", Text),
        ]),
    ),
    ("status", Fields(&[("privacyStatus", Text)])),
]);

pub(crate) static CAPTION: Shape = Fields(&[
    ("kind", Text),
    ("etag", Text),
    ("id", Text),
    (
        "snippet",
        Fields(&[
            ("audioTrackType", Text),
            ("failureReason", Text),
            ("isAutoSynced", Flag),
            ("isCC", Flag),
            ("isDraft", Flag),
            ("isEasyReader", Flag),
            ("isLarge", Flag),
            ("language", Text),
            ("lastUpdated", Text),
            ("name", Text),
            ("status", Text),
            ("trackKind", Text),
            ("videoId", Text),
        ]),
    ),
]);

/// Reads `body` as JSON of this shape.
pub(crate) fn read(body: &[u8], shape: &Shape, name: &str) -> Result<Value, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|_| super::errors::parse_error())?;
    check(&value, shape, name)?;
    Ok(value)
}

fn check(value: &Value, shape: &Shape, at: &str) -> Result<(), Refusal> {
    match (shape, value) {
        (_, Value::Null) | (Any, _) | (Text, Value::String(_)) | (Flag, Value::Bool(_)) => Ok(()),
        (Count, Value::Number(n)) if n.as_u64().is_some_and(|n| u32::try_from(n).is_ok()) => Ok(()),
        (Texts, Value::Array(items)) => items.iter().enumerate().try_for_each(|(index, item)| match item {
            Value::String(_) => Ok(()),
            _ => Err(invalid(&format!("{at}[{index}]"), "TYPE_STRING", item)),
        }),
        (Map(inner), Value::Object(fields)) => {
            fields.iter().try_for_each(|(name, value)| check(value, inner, &format!("{at}.{name}")))
        }
        (Fields(known), Value::Object(fields)) => {
            fields.iter().try_for_each(|(name, value)| match known.iter().find(|(known, _)| known == name) {
                Some((_, shape)) => check(value, shape, &format!("{at}.{name}")),
                None => Err(unknown(at, name)),
            })
        }
        (shape, value) => Err(invalid(at, type_name(shape), value)),
    }
}

fn type_name(shape: &Shape) -> &'static str {
    match shape {
        Flag => "TYPE_BOOL",
        Count => "TYPE_UINT32",
        Fields(_) | Map(_) => "TYPE_MESSAGE",
        Text | Texts | Any => "TYPE_STRING",
    }
}

fn invalid(at: &str, kind: &str, value: &Value) -> Refusal {
    violation(at, &format!("Invalid value at '{at}' ({kind}), {value}"))
}

fn unknown(at: &str, name: &str) -> Refusal {
    violation(
        at,
        &format!("Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."),
    )
}

fn violation(at: &str, message: &str) -> Refusal {
    bad_request(message).details(json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{ "field": at, "description": message }],
    }]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn types_and_names_are_enforced() {
        for good in [
            r#"{"snippet":{"title":"a","tags":["b"],"categoryId":"22","defaultLanguage":null}}"#,
            r#"{"localizations":{"de":{"title":"Brot"}},"statistics":{"viewCount":1}}"#,
        ] {
            assert!(read(good.as_bytes(), &VIDEO, "video").is_ok(), "{good}");
        }
        for bad in [
            r#"{"snippet":{"categoryId":22}}"#,
            r#"{"status":{"embeddable":"true"}}"#,
            r#"{"snippet":{"tags":"a,b"}}"#,
            r#"{"snippet":{"tags":[1]}}"#,
            r#"{"privacyStatus":"private"}"#,
            r#"{"localizations":{"de":{"titel":"x"}}}"#,
            r#"{"snippet":[]}"#,
            "[]",
            "{",
            "",
        ] {
            assert_eq!(read(bad.as_bytes(), &VIDEO, "video").unwrap_err().reason().0, 400, "{bad}");
        }
        assert!(read(br#"{"snippet":{"position":1}}"#, &PLAYLIST_ITEM, "playlistItem").is_ok());
        assert!(read(br#"{"snippet":{"position":-1}}"#, &PLAYLIST_ITEM, "playlistItem").is_err());
    }
}
