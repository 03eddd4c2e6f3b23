//! What is said to Instagram: the requests and their fields, from the job's words and options.
//!
//! Pure construction; when which request is sent is decided in `publish` and `release`. Names of fields: IG User media,
//! media_publish, resumable upload (2026-10).

use super::facts::{FACTS, GRAPH_INSTAGRAM, INSTAGRAM_LOGIN};
use super::memo::{Container, Part, Sent, Work};
use crate::graph::portfolios::{Names, Walk};
use crate::graph::{API, UPLOADS, VERSION, is_id, pages};
use http::Method;
use serde_json::{Map, Value, json};
use slipway_core::platform::*;
use slipway_core::sensitive::Sensitive;

/// How many of the newest posts a search looks through.
pub(crate) const NEWEST: usize = 25;

// ---------------------------------------------------------------------------------------------------------------- options

/// The value of an option: what the user said, or else its default in Facts.
fn value(job: &Job, key: &str) -> Option<Value> {
    said(job, key).cloned().or_else(|| default(key))
}

fn default(key: &str) -> Option<Value> {
    serde_json::from_str(FACTS.option(key)?.default?).ok()
}

/// What the user said; an empty text or list is nothing said.
pub(crate) fn said<'a>(job: &'a Job, key: &str) -> Option<&'a Value> {
    job.options.get(key).filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    })
}

pub(crate) fn text(job: &Job, key: &str) -> Option<String> {
    match value(job, key)? {
        Value::String(text) => Some(text.trim().to_string()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(crate) fn flag(job: &Job, key: &str) -> bool {
    match value(job, key) {
        Some(Value::Bool(flag)) => flag,
        Some(Value::String(text)) => text.trim().parse().unwrap_or(false),
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

/// User names as people write them, without the `@`.
pub(crate) fn names(job: &Job, key: &str) -> Vec<String> {
    let list: Vec<String> = match said(job, key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        Some(Value::String(text)) => text.split(',').map(str::to_string).collect(),
        _ => Vec::new(),
    };
    let bare = list.iter().map(|name| name.trim().trim_start_matches('@').to_string());
    bare.filter(|name| !name.is_empty()).collect()
}

pub(crate) fn is_story(job: &Job) -> bool {
    text(job, "kind").as_deref() == Some("story")
}

/// How many files make the post. A story is always one.
pub(crate) fn files(job: &Job) -> usize {
    if is_story(job) { 1 } else { 1 + job.more.len() }
}

/// Does Instagram fetch the video, instead of being sent it?
pub(crate) fn by_address(account: &JobAccount) -> bool {
    account.way == INSTAGRAM_LOGIN
}

/// What the containers are made with: baked in, so that a change means to make them anew. What stands at its default is left out,
/// and an option that a later version adds changes nothing about what was made before it.
pub(crate) fn wishes(job: &Job) -> Map<String, Value> {
    let mut wishes = Map::new();
    wishes.insert("caption".into(), caption(job).into());
    for option in FACTS.options.iter().filter(|option| option.key != "comments") {
        if let Some(value) =
            said(job, option.key).filter(|value| Some(*value) != default(option.key).as_ref())
        {
            wishes.insert(option.key.into(), value.clone());
        }
    }
    wishes
}

pub(crate) fn sent(job: &Job) -> Sent {
    Sent { at: job.now, way: job.account.way.clone(), files: files(job), wishes: wishes(job) }
}

pub(crate) fn caption(job: &Job) -> String {
    job.words.caption.trim().to_string()
}

/// Bytes of the `nth` file of the post.
pub(crate) fn size(job: &Job, nth: usize) -> u64 {
    match nth.checked_sub(1) {
        None => job.media.size,
        Some(more) => job.more.get(more).map_or(0, |file| file.size),
    }
}

// ---------------------------------------------------------------------------------------------------------------- containers

fn host(account: &JobAccount) -> &'static str {
    if by_address(account) { GRAPH_INSTAGRAM } else { API }
}

fn at(account: &JobAccount, path: &str) -> Target {
    Target::At(host(account), format!("/{VERSION}/{path}"))
}

fn own(account: &JobAccount, edge: &str) -> Target {
    at(account, &format!("{}/{edge}", account.remote_id))
}

/// Asks for one container.
pub(crate) fn create(job: &Job, work: &Work, part: Part) -> Call {
    Call::new("instagram.media", Method::POST, own(&job.account, "media"))
        .body(Body::Form(fields(job, work, part)))
}

type Fields = Vec<(&'static str, String)>;

fn fields(job: &Job, work: &Work, part: Part) -> Fields {
    let mut fields: Fields = Vec::new();
    let kind = match part {
        Part::Whole => "CAROUSEL",
        Part::File(_) if work.several() => "VIDEO",
        Part::File(_) if is_story(job) => "STORIES",
        Part::File(_) => "REELS",
    };
    fields.push(("media_type", kind.into()));
    match part {
        Part::Whole => {
            let ids: Vec<&str> = work.files.iter().map(|file| file.id.as_str()).collect();
            fields.push(("children", ids.join(",")));
        }
        Part::File(_) if by_address(&job.account) => {
            fields.push(("video_url", text(job, "video_url").unwrap_or_default()));
        }
        Part::File(_) => fields.push(("upload_type", "resumable".into())),
    }
    match kind {
        "VIDEO" => fields.push(("is_carousel_item", "true".into())),
        "STORIES" => about(job, &mut fields),
        "CAROUSEL" => {
            words(job, &mut fields);
            about(job, &mut fields);
        }
        _ => {
            words(job, &mut fields);
            reel(job, &mut fields);
            about(job, &mut fields);
        }
    }
    fields
}

/// What reels and posts of several videos have in common.
fn words(job: &Job, fields: &mut Fields) {
    let caption = caption(job);
    if !caption.is_empty() {
        fields.push(("caption", caption));
    }
    let collaborators = names(job, "collaborators");
    if !collaborators.is_empty() {
        fields.push(("collaborators", Value::from(collaborators).to_string()));
    }
    if let Some(place) = text(job, "location_id") {
        fields.push(("location_id", place));
    }
    if flag(job, "paid_partnership") && !by_address(&job.account) {
        fields.push(("is_paid_partnership", "true".into()));
    }
}

fn reel(job: &Job, fields: &mut Fields) {
    fields.push(("share_to_feed", flag(job, "share_to_feed").to_string()));
    for (key, field) in [("cover_url", "cover_url"), ("audio_name", "audio_name")] {
        if let Some(text) = text(job, key) {
            fields.push((field, text));
        }
    }
    if let Some(offset) = number(job, "thumb_offset") {
        fields.push(("thumb_offset", offset.to_string()));
    }
    // Of reels no position is said.
    let tagged: Vec<Value> = names(job, "user_tags").iter().map(|name| json!({ "username": name })).collect();
    if !tagged.is_empty() {
        fields.push(("user_tags", Value::from(tagged).to_string()));
    }
    if let Some(trial) = text(job, "trial").filter(|trial| trial != "no") {
        fields.push(("trial_params", json!({ "graduation_strategy": trial }).to_string()));
    }
}

/// Said only where it is so: the field is new (2026).
fn about(job: &Job, fields: &mut Fields) {
    if flag(job, "ai_generated") {
        fields.push(("is_ai_generated", "true".into()));
    }
}

/// The rest of a file in one request: slicing is not documented (resumable upload, 2026-10).
pub(crate) fn upload(job: &Job, container: &Container, nth: usize, from: u64) -> Call {
    let total = size(job, nth);
    let uri = match container.uri.as_str() {
        "" => format!("https://{UPLOADS}/ig-api-upload/{VERSION}/{}", container.id),
        uri => uri.to_string(),
    };
    let file = nth.checked_sub(1).map_or(FileRef::Media, FileRef::More);
    Call::new("instagram.upload", Method::POST, Target::Given(Sensitive::new(uri)))
        .auth(Auth::OAuth)
        .header("offset", from.to_string())
        .header("file_size", total.to_string())
        .body(Body::File(FilePart {
            file,
            from,
            len: total.saturating_sub(from),
            content_type: "application/octet-stream".into(),
            not_before: None,
        }))
}

/// How many bytes a container has.
pub(crate) fn progress(job: &Job, container: &Container) -> Call {
    Call::new("instagram.upload_status", Method::GET, at(&job.account, &container.id))
        .query("fields", "id,status,status_code,video_status")
}

pub(crate) fn status(job: &Job, container: &Container) -> Call {
    Call::new("instagram.container", Method::GET, at(&job.account, &container.id))
        .query("fields", "id,status,status_code")
}

pub(crate) fn publish(job: &Job, container: &Container) -> Call {
    Call::new("instagram.publish", Method::POST, own(&job.account, "media_publish"))
        .body(Body::Form(vec![("creation_id", container.id.clone())]))
}

// ---------------------------------------------------------------------------------------------------------------- the channel

/// The newest posts; stories have a list of their own.
pub(crate) fn newest(job: &Job, story: bool) -> Call {
    newest_of(&job.account, story)
}

pub(crate) fn newest_of(account: &JobAccount, story: bool) -> Call {
    let (name, edge) = if story { ("instagram.stories", "stories") } else { ("instagram.list", "media") };
    Call::new(name, Method::GET, own(account, edge))
        .query("fields", "id,caption,media_type,media_product_type,permalink,timestamp")
        .query("limit", NEWEST.to_string())
}

pub(crate) fn media(job: &Job, id: &str) -> Call {
    Call::new("instagram.item", Method::GET, at(&job.account, id))
        .query("fields", "id,permalink,media_type,media_product_type,timestamp")
}

pub(crate) fn comments_off(job: &Job, id: &str) -> Call {
    Call::new("instagram.comments", Method::POST, at(&job.account, id))
        .body(Body::Form(vec![("comment_enabled", "false".into())]))
}

pub(crate) fn publishing_limit(account: &JobAccount) -> Call {
    Call::new("instagram.limit", Method::GET, own(account, "content_publishing_limit"))
        .query("fields", "config,quota_usage")
}

/// The Pages of this sign-in and the Instagram accounts linked to them. A Page's token is asked for when it is needed and never in a
/// list.
pub(crate) fn my_accounts(after: Option<&str>) -> Call {
    let fields = "id,name,instagram_business_account{id,username,name,profile_picture_url}";
    Walk::at(after).call(&NAMES, fields)
}

const NAMES: Names = Names {
    accounts: "instagram.accounts",
    businesses: "instagram.businesses",
    pages: "instagram.business.pages",
};

/// The Page whose token the account acts under, as `Question::Identify` kept it.
pub(crate) fn page_token(account: &JobAccount) -> Call {
    let page = account.live["page_id"].as_str().filter(|id| is_id(id)).unwrap_or("me");
    pages::token("instagram.page_token", page)
}

pub(crate) fn permissions() -> Call {
    pages::permissions("instagram.permissions")
}

pub(crate) fn me() -> Call {
    Call::new("instagram.me", Method::GET, Target::At(GRAPH_INSTAGRAM, format!("/{VERSION}/me")))
        .query("fields", "id,user_id,username,name,account_type,profile_picture_url")
}
