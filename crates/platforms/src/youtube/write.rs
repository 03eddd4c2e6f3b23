//! What is said to YouTube: the requests and their bodies, from the job's words and options.
//!
//! Pure construction; when which request is sent is decided in `publish`, `amend` and `extras`. Amounts of quota are those of the
//! quota table (determine_quota_cost, 2026-06-01).

use super::facts::FACTS;
use super::memo::{Plan, Session};
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use slipway_core::platform::{Body, Call, FilePart, FileRef, Job, Target};
use slipway_core::sensitive::Sensitive;

const API: &str = "www.googleapis.com";

/// Parts that say how a video fares.
pub(crate) const STATE: &str = "snippet,status,processingDetails";
/// Parts that an edit must know before it overwrites them.
pub(crate) const EDITABLE: &str =
    "snippet,status,processingDetails,recordingDetails,paidProductPlacementDetails";
/// Parts that tell one upload from another.
pub(crate) const EVIDENCE: &str = "snippet,status,processingDetails,fileDetails";

// ---------------------------------------------------------------------------------------------------------------- options

/// The value of an option: what the user said, or else its default in Facts.
fn value(job: &Job, key: &str) -> Option<Value> {
    said(job, key).cloned().or_else(|| {
        let default = FACTS.option(key)?.default?;
        serde_json::from_str(default).ok()
    })
}

/// What the user said; an empty text is nothing said.
fn said<'a>(job: &'a Job, key: &str) -> Option<&'a Value> {
    job.options.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

pub(crate) fn text(job: &Job, key: &str) -> Option<String> {
    match value(job, key)? {
        Value::String(text) => Some(text.trim().to_string()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn flag_in(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn flag(job: &Job, key: &str) -> bool {
    value(job, key).as_ref().and_then(flag_in).unwrap_or(false)
}

/// `None`: nothing was said about tags. An empty list: there shall be none.
pub(crate) fn tags(job: &Job) -> Option<Vec<String>> {
    let list: Vec<&str> = match job.options.get("tags")? {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split(',').collect(),
        _ => return None,
    };
    Some(list.into_iter().map(|tag| tag.trim().to_string()).filter(|tag| !tag.is_empty()).collect())
}

/// The privacy the user asks for in the end.
pub(crate) fn privacy(job: &Job) -> String {
    text(job, "privacy").unwrap_or_else(|| "public".into())
}

/// The privacy it is given now, and the time at which YouTube shall make it public.
pub(crate) fn standing(job: &Job) -> (String, Option<String>) {
    match (plan(job), job.due) {
        (Plan::Now, _) => (privacy(job), None),
        (Plan::HandedOver, due) => ("private".into(), due.map(|due| whole_second(due).to_string())),
        (Plan::Staged, _) => ("private".into(), None),
    }
}

/// YouTube reckons in whole seconds; a post is never public before its minute, so a fraction is rounded up.
pub(crate) fn whole_second(due: Timestamp) -> Timestamp {
    let up = due.as_millisecond().div_euclid(1000) + i64::from(due.subsec_nanosecond() != 0);
    Timestamp::from_second(up).unwrap_or(due)
}

pub(crate) fn plan(job: &Job) -> Plan {
    match job.ahead() {
        None => Plan::Now,
        Some(_) if privacy(job) == "public" => Plan::HandedOver,
        Some(_) => Plan::Staged,
    }
}

fn recording_date(job: &Job) -> Option<String> {
    let date: jiff::civil::Date = text(job, "recording_date")?.parse().ok()?;
    Some(format!("{date}T00:00:00.000Z"))
}

/// `video/*` as probed, or bytes of an unknown kind: the two things the upload takes.
pub(crate) fn content_type(job: &Job) -> String {
    let mime = job.media.mime.trim();
    if mime.starts_with("video/") && mime.len() > 6 { mime.into() } else { "application/octet-stream".into() }
}

// ---------------------------------------------------------------------------------------------------------------- videos

/// Opens the upload. No `Slug`: a file name YouTube dislikes would refuse the whole upload (`invalidFilename`).
pub(crate) fn open(job: &Job, dropped: &[String]) -> Call {
    let (parts, body) = insert_body(job, dropped);
    Call::new("videos.insert", Method::POST, Target::At(API, "/upload/youtube/v3/videos".into()))
        .query("uploadType", "resumable")
        .query("part", parts)
        .query("notifySubscribers", flag(job, "notify_subscribers").to_string())
        .header("x-upload-content-length", job.media.size.to_string())
        .header("x-upload-content-type", content_type(job))
        .body(Body::Json(body))
        .costs("uploads", 1)
}

/// All that is asked of a new video, and the parts it touches. Privacy and both declarations are always said: since 2026-11-02
/// a video without `privacyStatus` becomes public. `dropped`: parts that YouTube has refused.
pub(crate) fn insert_body(job: &Job, dropped: &[String]) -> (String, Value) {
    let mut snippet = Map::new();
    snippet.insert("title".into(), job.words.title.trim().into());
    snippet.insert("description".into(), job.words.caption.as_str().into());
    snippet.insert("categoryId".into(), text(job, "category").unwrap_or_else(|| "22".into()).into());
    if let Some(tags) = tags(job).filter(|tags| !tags.is_empty()) {
        snippet.insert("tags".into(), tags.into());
    }
    for (key, field) in LANGUAGES {
        if let Some(language) = text(job, key) {
            snippet.insert(field.into(), language.into());
        }
    }
    let mut status = Map::new();
    for (key, field) in STATUS_FLAGS {
        status.insert(field.into(), flag(job, key).into());
    }
    status.insert("license".into(), text(job, "licence").unwrap_or_else(|| "youtube".into()).into());
    set_standing(&mut status, job);

    let mut parts = vec!["snippet", "status"];
    let mut body = json!({ "snippet": snippet, "status": status });
    let taken = |part: &str| !dropped.iter().any(|dropped| dropped == part);
    if let Some(date) = recording_date(job).filter(|_| taken(RECORDED)) {
        parts.push(RECORDED);
        body[RECORDED] = json!({ "recordingDate": date });
    }
    // That this part may be set at all is not documented, so it is only touched by those who need it.
    if flag(job, "paid_promotion") && taken(PAID) {
        parts.push(PAID);
        body[PAID] = json!({ "hasPaidProductPlacement": true });
    }
    (parts.join(","), body)
}

const RECORDED: &str = "recordingDetails";
const PAID: &str = "paidProductPlacementDetails";

/// The next part that an upload can do without, the least certain first.
pub(crate) fn droppable(job: &Job, dropped: &[String]) -> Option<&'static str> {
    let (parts, _) = insert_body(job, dropped);
    [PAID, RECORDED].into_iter().find(|part| parts.split(',').any(|said| said == *part))
}

/// What a person calls such a part.
pub(crate) fn label(part: &str) -> &'static str {
    let key = if part == PAID { "paid_promotion" } else { "recording_date" };
    FACTS.option(key).map_or("a detail", |option| option.label)
}

const LANGUAGES: [(&str, &str); 2] =
    [("language", "defaultLanguage"), ("audio_language", "defaultAudioLanguage")];
const STATUS_FLAGS: [(&str, &str); 4] = [
    ("made_for_kids", "selfDeclaredMadeForKids"),
    ("synthetic_media", "containsSyntheticMedia"),
    ("embeddable", "embeddable"),
    ("public_stats", "publicStatsViewable"),
];
/// What `videos.update` may write of each part; all else in a listing is read-only.
const SNIPPET_FIELDS: [&str; 6] =
    ["title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage"];
const STATUS_FIELDS: [&str; 5] =
    ["license", "embeddable", "publicStatsViewable", "selfDeclaredMadeForKids", "containsSyntheticMedia"];

fn set_standing(status: &mut Map<String, Value>, job: &Job) {
    let (privacy, publish_at) = standing(job);
    status.insert("privacyStatus".into(), privacy.into());
    match publish_at {
        Some(at) => status.insert("publishAt".into(), at.into()),
        None => status.remove("publishAt"),
    };
}

/// An update overwrites every field of the parts it names, so it begins with what stands there: what was edited in YouTube
/// Studio and is not asked for here survives (C38). Title and category are mandatory whenever the snippet is named.
pub(crate) fn amend_body(job: &Job, listed: &Value) -> (String, Value) {
    let mut snippet = kept(&listed["snippet"], &SNIPPET_FIELDS);
    snippet.insert("title".into(), job.words.title.trim().into());
    snippet.insert("description".into(), job.words.caption.as_str().into());
    if said(job, "category").is_some() || !snippet.contains_key("categoryId") {
        snippet.insert("categoryId".into(), text(job, "category").unwrap_or_else(|| "22".into()).into());
    }
    if let Some(tags) = tags(job) {
        snippet.insert("tags".into(), tags.into());
    }
    for (key, field) in LANGUAGES {
        if said(job, key).is_some() {
            snippet.insert(field.into(), text(job, key).unwrap_or_default().into());
        }
    }
    let mut status = kept(&listed["status"], &STATUS_FIELDS);
    for (key, field) in STATUS_FLAGS {
        if said(job, key).is_some() || !status.contains_key(field) {
            status.insert(field.into(), flag(job, key).into());
        }
    }
    if said(job, "licence").is_some() || !status.contains_key("license") {
        status.insert("license".into(), text(job, "licence").unwrap_or_else(|| "youtube".into()).into());
    }
    set_standing(&mut status, job);

    let mut parts = vec!["snippet", "status"];
    let mut body = json!({ "id": listed["id"], "snippet": snippet, "status": status });
    if let Some(date) = recording_date(job) {
        parts.push("recordingDetails");
        let mut details = kept(&listed["recordingDetails"], &["location", "locationDescription"]);
        details.insert("recordingDate".into(), date.into());
        body["recordingDetails"] = details.into();
    }
    let paid = &listed["paidProductPlacementDetails"]["hasPaidProductPlacement"];
    if said(job, "paid_promotion").is_some() && flag(job, "paid_promotion") != (paid == true) {
        parts.push("paidProductPlacementDetails");
        body["paidProductPlacementDetails"] =
            json!({ "hasPaidProductPlacement": flag(job, "paid_promotion") });
    }
    (parts.join(","), body)
}

/// Does a listing show all that this body says? A listing may leave out what is empty and what few ask for, and times have several
/// spellings.
pub(crate) fn shows(listed: &Value, body: &Value) -> bool {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    let instant = |text: &str| text.parse::<Timestamp>().ok();
    let told = ["title", "description", "tags", "privacyStatus", "publishAt", "recordingDate"];
    let same = |field: &str, one: &Value, other: &Value| match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => {
            one.split_whitespace().eq(other.split_whitespace())
                || instant(one).is_some_and(|at| Some(at) == instant(other))
        }
        _ => one == other || empty(one) && (empty(other) || !told.contains(&field)),
    };
    let parts = ["snippet", "status", "recordingDetails", "paidProductPlacementDetails"];
    parts.into_iter().filter_map(|part| Some((part, body[part].as_object()?))).all(|(part, fields)| {
        fields.iter().all(|(field, value)| same(field, &listed[part][field], value))
            && (part != "status" || fields.contains_key("publishAt") || listed[part]["publishAt"].is_null())
    })
}

/// Does a listing show the words and options of an edit? Privacy and time are judged by who knows when it was written.
pub(crate) fn shows_words(job: &Job, listed: &Value) -> bool {
    let (_, mut body) = amend_body(job, listed);
    body["status"]["privacyStatus"] = listed["status"]["privacyStatus"].clone();
    body["status"]["publishAt"] = listed["status"]["publishAt"].clone();
    shows(listed, &body)
}

/// The change of privacy at the minute: the rest of the status stays as it stands there.
pub(crate) fn release_body(job: &Job, listed: &Value) -> (String, Value) {
    let mut status = kept(&listed["status"], &STATUS_FIELDS);
    status.insert("privacyStatus".into(), privacy(job).into());
    ("status".into(), json!({ "id": listed["id"], "status": status }))
}

fn kept(listed: &Value, fields: &[&str]) -> Map<String, Value> {
    let mut kept = Map::new();
    for field in fields {
        if let Some(value) = listed.get(field).filter(|value| !value.is_null()) {
            kept.insert((*field).into(), value.clone());
        }
    }
    kept
}

/// The rest of the file in one request. From the first byte no range is said; chunks would only cost round trips.
pub(crate) fn put(job: &Job, session: &Session, from: u64) -> Call {
    let total = job.media.size;
    let call =
        Call::new("videos.insert.put", Method::PUT, Target::Given(Sensitive::new(session.uri.clone()))).body(
            Body::File(FilePart {
                file: FileRef::Media,
                from,
                len: total.saturating_sub(from),
                content_type: content_type(job),
                not_before: None,
            }),
        );
    if from == 0 {
        return call;
    }
    call.header("content-range", format!("bytes {from}-{}/{total}", total.saturating_sub(1)))
}

/// How far is it? Repeats the final answer when the upload is complete.
pub(crate) fn query(job: &Job, session: &Session) -> Call {
    Call::new("videos.insert.query", Method::PUT, Target::Given(Sensitive::new(session.uri.clone())))
        .header("content-range", format!("bytes */{}", job.media.size))
}

/// The upload is given up: no byte is taken after it.
pub(crate) fn end_session(session: &Session) -> Call {
    Call::new("videos.insert.cancel", Method::DELETE, Target::Given(Sensitive::new(session.uri.clone())))
}

pub(crate) fn list(id: &str, parts: &str) -> Call {
    Call::new("videos.list", Method::GET, Target::At(API, "/youtube/v3/videos".into()))
        .query("part", parts)
        .query("id", id)
        .costs("pool", 1)
}

pub(crate) fn update((parts, body): (String, Value)) -> Call {
    Call::new("videos.update", Method::PUT, Target::At(API, "/youtube/v3/videos".into()))
        .query("part", parts)
        .body(Body::Json(body))
        .costs("pool", 50)
}

pub(crate) fn delete(id: &str) -> Call {
    Call::new("videos.delete", Method::DELETE, Target::At(API, "/youtube/v3/videos".into()))
        .query("id", id)
        .costs("pool", 50)
}

// ---------------------------------------------------------------------------------------------------------------- the rest

pub(crate) fn newest_uploads(playlist: &str) -> Call {
    playlist_items(playlist).query("maxResults", "50")
}

pub(crate) fn in_playlist(playlist: &str, video: &str) -> Call {
    playlist_items(playlist).query("videoId", video)
}

fn playlist_items(playlist: &str) -> Call {
    Call::new("playlistItems.list", Method::GET, Target::At(API, "/youtube/v3/playlistItems".into()))
        .query("part", "snippet,contentDetails")
        .query("playlistId", playlist)
        .costs("pool", 1)
}

/// No `position`: playlists that sort themselves refuse one.
pub(crate) fn add_to_playlist(playlist: &str, video: &str) -> Call {
    Call::new("playlistItems.insert", Method::POST, Target::At(API, "/youtube/v3/playlistItems".into()))
        .query("part", "snippet")
        .body(Body::Json(json!({
            "snippet": { "playlistId": playlist, "resourceId": { "kind": "youtube#video", "videoId": video } }
        })))
        .costs("pool", 50)
}

pub(crate) fn set_thumbnail(video: &str, size: u64, mime: &str) -> Call {
    let content_type = match mime {
        "image/jpeg" | "image/png" => mime,
        _ => "application/octet-stream",
    };
    Call::new("thumbnails.set", Method::POST, Target::At(API, "/upload/youtube/v3/thumbnails/set".into()))
        .query("videoId", video)
        .query("uploadType", "media")
        .body(Body::File(FilePart {
            file: FileRef::Side("thumbnail".into()),
            from: 0,
            len: size,
            content_type: content_type.into(),
            not_before: None,
        }))
        .costs("pool", 50)
}

pub(crate) fn list_captions(video: &str) -> Call {
    Call::new("captions.list", Method::GET, Target::At(API, "/youtube/v3/captions".into()))
        .query("part", "snippet")
        .query("videoId", video)
        .costs("pool", 50)
}

/// A track must have a name, beside its language; what has none is called by the language's own tag.
pub(crate) fn captions_name(name: &str, language: &str) -> String {
    let name = name.trim();
    if name.is_empty() { language.to_string() } else { name.to_string() }
}

pub(crate) fn add_captions(video: &str, language: &str, name: &str, size: u64) -> Call {
    let name = captions_name(name, language);
    let snippet = json!({ "videoId": video, "language": language, "name": name, "isDraft": false });
    Call::new("captions.insert", Method::POST, Target::At(API, "/upload/youtube/v3/captions".into()))
        .query("uploadType", "multipart")
        .query("part", "snippet")
        .body(Body::Related(
            json!({ "snippet": snippet }),
            FilePart {
                file: FileRef::Side("captions".into()),
                from: 0,
                len: size,
                content_type: "application/octet-stream".into(),
                not_before: None,
            },
        ))
        .costs("pool", 400)
}

pub(crate) fn my_channel() -> Call {
    Call::new("channels.list", Method::GET, Target::At(API, "/youtube/v3/channels".into()))
        .query("part", "id,snippet,contentDetails,status")
        .query("mine", "true")
        .costs("pool", 1)
}

pub(crate) fn my_playlists() -> Call {
    Call::new("playlists.list", Method::GET, Target::At(API, "/youtube/v3/playlists".into()))
        .query("part", "id,snippet")
        .query("mine", "true")
        .query("maxResults", "50")
        .costs("pool", 1)
}

pub(crate) fn categories() -> Call {
    Call::new("videoCategories.list", Method::GET, Target::At(API, "/youtube/v3/videoCategories".into()))
        .query("part", "snippet")
        .query("regionCode", "US")
        .query("hl", "en_US")
        .costs("pool", 1)
}
