//! What is said to TikTok: the requests and their bodies, from the job's words and options.
//!
//! Pure construction; when which request is sent is decided in `publish`, `transfer` and `amend`. Trailing slashes belong to the
//! documented addresses: without them some calls are redirected and lose their body.

use super::chunks::Plan;
use super::facts::{DIRECT, FACTS, INBOX};
use super::memo::Upload;
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use slipway_core::platform::{Auth, Body, Call, FilePart, FileRef, Job, Target};
use slipway_core::sensitive::Sensitive;

const API: &str = "open.tiktokapis.com";

// ---------------------------------------------------------------------------------------------------------------- options

/// The value of an option: what the user said, or else its default in Facts.
fn value(job: &Job, key: &str) -> Option<Value> {
    let said = job.options.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""));
    said.cloned().or_else(|| {
        let default = FACTS.option(key)?.default?;
        serde_json::from_str(default).ok()
    })
}

pub(crate) fn text(job: &Job, key: &str) -> Option<String> {
    match value(job, key)? {
        Value::String(text) => Some(text.trim().to_string()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

pub(crate) fn flag(job: &Job, key: &str) -> bool {
    match value(job, key) {
        Some(Value::Bool(flag)) => flag,
        Some(Value::String(text)) => text.trim() == "true",
        _ => false,
    }
}

pub(crate) fn number(job: &Job, key: &str) -> Option<i64> {
    match value(job, key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Into the creator's inbox, rather than posted.
pub(crate) fn is_draft(job: &Job) -> bool {
    text(job, "mode").unwrap_or_else(|| DIRECT.into()) == INBOX
}

/// Advertisement for a third party: only in force while the disclosure is on.
pub(crate) fn is_branded(job: &Job) -> bool {
    flag(job, "disclosure") && flag(job, "branded_content")
}

/// Advertisement for oneself.
pub(crate) fn is_own_brand(job: &Job) -> bool {
    flag(job, "disclosure") && flag(job, "your_brand")
}

/// One of the three types TikTok takes.
pub(crate) fn content_type(job: &Job) -> &'static str {
    match job.media.mime.as_str() {
        "video/quicktime" => "video/quicktime",
        "video/webm" => "video/webm",
        _ => "video/mp4",
    }
}

// ---------------------------------------------------------------------------------------------------------------- the post

/// All that is said of the post; null for a draft, of which nothing may be said. The switches of the screen are "allow", those of
/// the wire "disable"; both brand toggles are always said, since the table of the reference calls them required.
pub(crate) fn said(job: &Job) -> Value {
    if is_draft(job) {
        return Value::Null;
    }
    let mut info = Map::new();
    info.insert("privacy_level".into(), text(job, "privacy").unwrap_or_default().into());
    if !job.words.caption.trim().is_empty() {
        info.insert("title".into(), job.words.caption.as_str().into());
    }
    for (key, field) in [
        ("allow_comment", "disable_comment"),
        ("allow_duet", "disable_duet"),
        ("allow_stitch", "disable_stitch"),
    ] {
        info.insert(field.into(), (!flag(job, key)).into());
    }
    if let Some(ms) = number(job, "cover_ms") {
        info.insert("video_cover_timestamp_ms".into(), ms.into());
    }
    info.insert("brand_content_toggle".into(), is_branded(job).into());
    info.insert("brand_organic_toggle".into(), is_own_brand(job).into());
    info.insert("is_aigc".into(), flag(job, "ai_generated").into());
    Value::Object(info)
}

/// Opens the upload: a direct post, or a draft.
pub(crate) fn init(said: &Value, plan: Plan) -> Call {
    let source = json!({
        "source": "FILE_UPLOAD",
        "video_size": plan.size,
        "chunk_size": plan.chunk,
        "total_chunk_count": plan.count,
    });
    if said.is_null() {
        return post("tiktok.inbox.init", "/v2/post/publish/inbox/video/init/")
            .body(Body::Json(json!({ "source_info": source })));
    }
    post("tiktok.video.init", "/v2/post/publish/video/init/")
        .body(Body::Json(json!({ "post_info": said, "source_info": source })))
}

/// One chunk. The address is the secret, so no token goes with it.
pub(crate) fn put(job: &Job, upload: &Upload, from: u64, len: u64, not_before: Option<Timestamp>) -> Call {
    let last = from.saturating_add(len).saturating_sub(1);
    Call::new("tiktok.upload.put", Method::PUT, Target::Given(Sensitive::new(upload.url.clone())))
        .auth(Auth::None)
        .header("content-range", format!("bytes {from}-{last}/{}", upload.plan.size))
        .body(Body::File(FilePart {
            file: FileRef::Media,
            from,
            len,
            content_type: content_type(job).into(),
            not_before,
        }))
}

pub(crate) fn status(publish_id: &str) -> Call {
    post("tiktok.status.fetch", "/v2/post/publish/status/fetch/")
        .body(Body::Json(json!({ "publish_id": publish_id })))
}

// ---------------------------------------------------------------------------------------------------------------- questions

/// Documented with an empty body; an empty object is taken as well, and says the type that every POST has to have.
pub(crate) fn creator_info() -> Call {
    post("tiktok.creator_info", "/v2/post/publish/creator_info/query/").body(Body::Json(json!({})))
}

/// Only what the basic scope gives.
pub(crate) fn user_info() -> Call {
    Call::new("tiktok.user.info", Method::GET, Target::At(API, "/v2/user/info/".into()))
        .query("fields", "open_id,union_id,display_name")
}

fn post(name: &'static str, path: &str) -> Call {
    Call::new(name, Method::POST, Target::At(API, path.into()))
}
