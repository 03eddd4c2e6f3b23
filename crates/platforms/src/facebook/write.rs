//! What is said to Facebook: the requests and their fields, from the job's words and options.
//!
//! Pure construction; when which request is sent is decided in `reel`, `video`, `publish`, `amend` and `extras`. Names of calls are
//! those that plans of faults and histories know.

use super::facts::{FACTS, FARTHEST_S, NEAREST_S};
use super::memo::{Kind, Plan, Reel, Upload, Uploaded};
use crate::graph::{API, VERSION, at, time};
use http::Method;
use serde_json::Value;
use slipway_core::platform::{Auth, Body, Call, FilePart, FileRef, Job, Target};
use slipway_core::sensitive::Sensitive;

/// What says how a video fares (Graph API v25.0, Video and VideoStatus).
const STATE: &str = "id,status,published,scheduled_publish_time,permalink_url,post_id,description";
/// What tells one video of a list from another.
const EVIDENCE: &str = "id,title,description,created_time,length";
const PLANNED: &str = "id,message,created_time,attachments{target{id}}";
/// Of the newest videos or planned posts.
pub(crate) const A_LOOK: usize = 50;
/// Of a caption, what a search goes by.
const REMEMBERED: usize = 200;

type Fields = Vec<(&'static str, String)>;

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
    let value = value(job, key)?;
    value.as_str().map(|text| text.trim().to_string()).filter(|text| !text.is_empty())
}

fn flag(job: &Job, key: &str) -> bool {
    match value(job, key) {
        Some(Value::Bool(flag)) => flag,
        Some(Value::String(text)) => text.trim() == "true",
        _ => false,
    }
}

pub(crate) fn names(job: &Job, key: &str) -> Vec<String> {
    let list: Vec<&str> = match job.options.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split(',').collect(),
        _ => Vec::new(),
    };
    list.into_iter().map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

pub(crate) fn kind(job: &Job) -> Kind {
    match text(job, "kind").as_deref() {
        Some("video") => Kind::Video,
        _ => Kind::Reel,
    }
}

/// How it goes out if it were asked to at this moment. `None`: its time is farther ahead than Facebook takes one.
pub(crate) fn plan(job: &Job) -> Option<Plan> {
    let Some(due) = job.ahead() else { return Some(Plan::Now) };
    match due.duration_since(job.now).as_secs() {
        ahead if ahead < NEAREST_S => Some(Plan::Staged),
        ahead if ahead <= FARTHEST_S => Some(Plan::HandedOver),
        _ => None,
    }
}

// ---------------------------------------------------------------------------------------------------------------- reels

fn reels(job: &Job, name: &'static str, fields: Fields) -> Call {
    Call::new(name, Method::POST, at(&format!("{}/video_reels", job.account.remote_id)))
        .body(Body::Form(fields))
}

pub(crate) fn start(job: &Job) -> Call {
    reels(job, "facebook.reels.start", vec![("upload_phase", "start".into())])
}

/// The rest of the file in one request: smaller parts are not documented.
pub(crate) fn put(job: &Job, reel: &Reel, from: u64) -> Call {
    let size = job.media.size;
    Call::new("facebook.upload", Method::POST, Target::Given(Sensitive::new(reel.address.clone())))
        .auth(Auth::OAuth)
        .header("offset", from.to_string())
        .header("file_size", size.to_string())
        .body(Body::File(FilePart {
            file: FileRef::Media,
            from,
            len: size.saturating_sub(from),
            content_type: "application/octet-stream".into(),
            not_before: None,
        }))
}

/// Publishes a reel, or gives Facebook its time.
pub(crate) fn finish(job: &Job, id: &str, plan: Plan) -> Call {
    let mut fields = vec![("upload_phase", "finish".into()), ("video_id", id.into())];
    match (plan, job.due) {
        (Plan::HandedOver, Some(due)) => {
            fields.push(("video_state", "SCHEDULED".into()));
            fields.push(("scheduled_publish_time", time::whole_second(due).to_string()));
        }
        _ => fields.push(("video_state", "PUBLISHED".into())),
    }
    fields.extend(words(job));
    if let Some(place) = text(job, "place") {
        fields.push(("place", place));
    }
    reels(job, "facebook.reels.finish", fields)
}

/// An empty field may be refused as one that is missing, so it is left out.
fn words(job: &Job) -> Fields {
    let caption = job.words.caption.trim();
    let title = job.words.title.trim();
    [("description", caption), ("title", title)]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| (key, text.to_string()))
        .collect()
}

// ---------------------------------------------------------------------------------------------------------------- videos

/// Opens an upload for the developer app. Such uploads take the person's own token, not the Page's.
pub(crate) fn open_upload(job: &Job) -> Call {
    Call::new("facebook.uploads.start", Method::POST, at(&format!("{}/uploads", job.account.app.client_id)))
        .auth(Auth::OwnerBearer)
        .query("file_name", file_name(job))
        .query("file_length", job.media.size.to_string())
        // The one kind of video that is documented.
        .query("file_type", "video/mp4")
}

/// A name of our own: what a person called the file is none of the app's business.
fn file_name(job: &Job) -> String {
    let ending = match job.media.mime.as_str() {
        "video/quicktime" => "mov",
        "video/x-m4v" => "m4v",
        _ => "mp4",
    };
    format!("video.{ending}")
}

fn session(name: &'static str, method: Method, upload: &Upload) -> Call {
    Call::new(name, method, Target::At(API, format!("/{VERSION}/{}", upload.name))).auth(Auth::OwnerOAuth)
}

pub(crate) fn put_upload(job: &Job, upload: &Upload, from: u64) -> Call {
    session("facebook.uploads.put", Method::POST, upload).header("file_offset", from.to_string()).body(
        Body::File(FilePart {
            file: FileRef::Media,
            from,
            len: job.media.size.saturating_sub(from),
            content_type: "application/octet-stream".into(),
            not_before: None,
        }),
    )
}

pub(crate) fn ask_upload(upload: &Upload) -> Call {
    session("facebook.uploads.query", Method::GET, upload)
}

/// What a video is made with, and by what it can be found again.
pub(crate) fn uploaded(job: &Job, handle: String, plan: Plan) -> Uploaded {
    Uploaded {
        handle,
        at: job.now,
        plan,
        title: job.words.title.trim().into(),
        caption: job.words.caption.trim().chars().take(REMEMBERED).collect(),
    }
}

/// Makes the video. One that waits for its minute here is made unpublished, so that the last call cannot make a second one.
pub(crate) fn create(job: &Job, file: &Uploaded) -> Call {
    let mut fields = vec![("fbuploader_video_file_chunk", file.handle.clone())];
    fields.extend(words(job));
    fields.extend(video_options(job));
    match (file.plan, job.due) {
        (Plan::HandedOver, Some(due)) => {
            fields.push(("published", "false".into()));
            fields.push(("scheduled_publish_time", time::whole_second(due).to_string()));
        }
        (Plan::Staged, _) => fields.push(("published", "false".into())),
        _ => {}
    }
    Call::new("facebook.videos.create", Method::POST, at(&format!("{}/videos", job.account.remote_id)))
        .body(Body::Form(fields))
}

fn video_options(job: &Job) -> Fields {
    if kind(job) != Kind::Video {
        return Vec::new();
    }
    let mut fields = vec![("embeddable", flag(job, "embeddable").to_string())];
    if let Some(category) = text(job, "category") {
        fields.push(("content_category", category));
    }
    fields
}

pub(crate) fn newest_videos(job: &Job) -> Call {
    newest_videos_of(&job.account)
}

/// The newest reels; their length is not among what is documented of the list.
pub(crate) fn newest_reels(account: &slipway_core::platform::JobAccount) -> Call {
    Call::new("facebook.reels.list", Method::GET, at(&format!("{}/video_reels", account.remote_id)))
        .query("fields", "id,description,created_time,permalink_url")
        .query("limit", A_LOOK.to_string())
}

pub(crate) fn newest_videos_of(account: &slipway_core::platform::JobAccount) -> Call {
    Call::new("facebook.videos.list", Method::GET, at(&format!("{}/videos", account.remote_id)))
        .query("type", "uploaded")
        .query("fields", EVIDENCE)
        .query("limit", A_LOOK.to_string())
}

pub(crate) fn planned_posts(job: &Job) -> Call {
    planned_posts_of(&job.account)
}

pub(crate) fn planned_posts_of(account: &slipway_core::platform::JobAccount) -> Call {
    Call::new("facebook.scheduled_posts", Method::GET, at(&format!("{}/scheduled_posts", account.remote_id)))
        .query("fields", PLANNED)
        .query("limit", A_LOOK.to_string())
}

// ---------------------------------------------------------------------------------------------------------------- both

pub(crate) fn look(id: &str) -> Call {
    Call::new("facebook.video.status", Method::GET, at(id)).query("fields", STATE)
}

fn change(id: &str, fields: Fields) -> Call {
    Call::new("facebook.video.amend", Method::POST, at(id)).body(Body::Form(fields))
}

/// Makes public what lies there unpublished, or planned. May be repeated.
pub(crate) fn release(id: &str) -> Call {
    change(id, vec![("published", "true".into())])
}

/// Brings words and options over, and the time only where it differs: one that is near would be refused for itself. `None` where
/// nothing is left to say.
pub(crate) fn amend(job: &Job, id: &str, time: Option<When>) -> Option<Call> {
    // The title of a video is called `name` where it is changed and `title` where it is made and read (Graph API v25.0, Video).
    let mut fields: Fields =
        words(job).into_iter().map(|(key, text)| (if key == "title" { "name" } else { key }, text)).collect();
    fields.extend(video_options(job));
    match time {
        Some(When::At(second)) => fields.push(("scheduled_publish_time", second.to_string())),
        Some(When::Now) => fields.push(("published", "true".into())),
        None => {}
    }
    (!fields.is_empty()).then(|| change(id, fields))
}

/// Another time for what Facebook has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(i64),
    Now,
}

pub(crate) fn delete(id: &str) -> Call {
    Call::new("facebook.video.delete", Method::DELETE, at(id))
}

// ---------------------------------------------------------------------------------------------------------------- extras

pub(crate) fn set_thumbnail(id: &str, size: u64, mime: &str) -> Call {
    let (content_type, ending) = match mime {
        "image/png" => ("image/png", "png"),
        _ => ("image/jpeg", "jpg"),
    };
    Call::new("facebook.video.thumbnails", Method::POST, at(&format!("{id}/thumbnails"))).body(
        Body::Multipart {
            fields: vec![("is_preferred", "true".into())],
            field: "source",
            file_name: format!("cover.{ending}"),
            part: side("thumbnail", size, content_type),
        },
    )
}

pub(crate) fn list_captions(id: &str) -> Call {
    Call::new("facebook.video.captions.list", Method::GET, at(&format!("{id}/captions")))
        .query("fields", "locale,is_auto_generated")
}

/// The file's name must say the locale: `captions.en_US.srt`.
pub(crate) fn add_captions(id: &str, locale: &str, size: u64) -> Call {
    Call::new("facebook.video.captions", Method::POST, at(&format!("{id}/captions"))).body(Body::Multipart {
        fields: vec![("default_locale", locale.into())],
        field: "captions_file",
        file_name: format!("captions.{locale}.srt"),
        part: side("captions", size, "application/x-subrip"),
    })
}

fn side(key: &str, size: u64, content_type: &str) -> FilePart {
    FilePart {
        file: FileRef::Side(key.into()),
        from: 0,
        len: size,
        content_type: content_type.into(),
        not_before: None,
    }
}

pub(crate) fn invite(id: &str, whom: &str) -> Call {
    Call::new("facebook.video.collaborators", Method::POST, at(&format!("{id}/collaborators")))
        .body(Body::Form(vec![("target_id", whom.into())]))
}

/// The locale of a language: its own country, or else the one most of its speakers on Facebook choose.
pub(crate) fn locale(language: &str) -> String {
    let mut parts = language.split('-');
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    let mut script = None;
    let mut country = None;
    for part in parts {
        match part.len() {
            4 => script = Some(part.to_ascii_lowercase()),
            2 => country = Some(part.to_ascii_uppercase()),
            _ => {}
        }
    }
    let usual = match (first.as_str(), script.as_deref()) {
        ("zh", Some("hant")) => "TW",
        ("zh", _) => "CN",
        ("en", _) => "US",
        ("es", _) => "LA",
        ("pt", _) => "BR",
        ("ar", _) => "AR",
        ("cs", _) => "CZ",
        ("da", _) => "DK",
        ("el", _) => "GR",
        ("fa", _) => "IR",
        ("he", _) => "IL",
        ("hi", _) => "IN",
        ("ja", _) => "JP",
        ("ko", _) => "KR",
        ("ms", _) => "MY",
        ("nb", _) => "NO",
        ("sv", _) => "SE",
        ("uk", _) => "UA",
        ("vi", _) => "VN",
        ("fil", _) => "PH",
        _ => "",
    };
    let country =
        country.unwrap_or_else(|| if usual.is_empty() { first.to_ascii_uppercase() } else { usual.into() });
    format!("{first}_{country}")
}
