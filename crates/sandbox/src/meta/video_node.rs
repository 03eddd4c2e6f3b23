//! A video of a Page, its status and its post, as Graph writes them (contract facebook 2.4 and 2.6), and the lists they stand in.
//! Unsure: which lists hold what is not public yet (`videos` does here, with `published`; `video_reels` does not); that a scheduled one's
//! publishing phase has not started (documents) or is complete (field); `permalink_url` whole or without a host, the same way.

use super::Desk;
use super::books::{Stand, Upload, Video, VideoKind};
use super::errors::{Refusal, no_object};
use super::fields::{Node, select};
use super::life::{self, Bytes, public_ms};
use super::people;
use super::stamp;
use crate::exchange::Answer;
use crate::settings::meta::{Answers, Meta as Settings};
use serde_json::{Value, json};

/// `GET /{video}`
pub(crate) fn get(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = seen(desk, id)?;
    Ok(Answer::json(200, &select(Node::Video, &node(desk, video), desk.fields())?))
}

/// `GET /{post}`
pub(crate) fn post(desk: &Desk<'_>, id: &str) -> Result<Answer, Refusal> {
    let video = seen(desk, id)?;
    Ok(Answer::json(200, &select(Node::Post, &post_node(desk, video), desk.fields())?))
}

fn seen<'d>(desk: &'d Desk<'_>, id: &str) -> Result<&'d Video, Refusal> {
    let video = desk.books.video(id).or_else(|| desk.books.video_of_post(id));
    let video = video.filter(|video| !video.deleted).ok_or_else(|| no_object("get", id))?;
    desk.who.reads(&video.page)?;
    Ok(video)
}

/// The lists of a Page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Reels,
    Videos,
    Scheduled,
    Posts,
    Stories,
}

pub(crate) fn list(desk: &Desk<'_>, page: &str, which: List) -> Result<Answer, Refusal> {
    desk.who.reads(page)?;
    let (since, until) = (desk.params.number("since")?, desk.params.number("until")?);
    let within = |video: &&Video| {
        since.is_none_or(|since| video.created_ms >= since * 1000)
            && until.is_none_or(|until| video.created_ms <= until * 1000)
    };
    let public = |video: &Video| public_ms(video, desk.now).is_some();
    let belongs = |video: &&Video| match which {
        List::Reels => video.kind == VideoKind::Reel && public(video),
        List::Videos => video.kind == VideoKind::Video || (video.kind == VideoKind::Reel && public(video)),
        List::Scheduled => {
            video.kind != VideoKind::Story
                && matches!(video.stand, Stand::Due(_))
                && !public(video)
                && !life::says_published(video, desk.now)
        }
        List::Posts => video.kind != VideoKind::Story && public(video),
        List::Stories => video.kind == VideoKind::Story && public(video),
    };
    let own = desk.books.videos.iter().filter(|video| video.page == page && !video.deleted);
    // Newest first.
    let mut found: Vec<&Video> = own.filter(belongs).filter(within).collect();
    found.reverse();
    let mut nodes = Vec::new();
    for video in found {
        let node = match which {
            List::Reels | List::Videos => select(Node::Video, &node(desk, video), desk.fields())?,
            List::Scheduled | List::Posts => select(Node::Post, &post_node(desk, video), desk.fields())?,
            List::Stories => select(Node::Story, &story_node(desk, video), desk.fields())?,
        };
        nodes.push((video.id.clone(), node));
    }
    desk.page_of(nodes)
}

pub(crate) fn node(desk: &Desk<'_>, video: &Video) -> Value {
    let page = people::page(&video.page);
    let upload = desk.books.upload(video.upload);
    let host = desk.world.base(crate::hosts::PAGE);
    let mut whole = json!({
        "id": video.id,
        "title": video.title,
        "description": video.description,
        "created_time": stamp(video.created_ms),
        "updated_time": stamp(video.updated_ms),
        "length": desk.settings.duration_ms as f64 / 1000.0,
        "permalink_url": permalink(video, &desk.settings),
        "picture": format!("{host}/thumb/{}", video.id),
        "source": format!("{host}/media/{}", video.id),
        "published": public_ms(video, desk.now).is_some() || life::says_published(video, desk.now),
        "status": status(video, upload, &desk.settings, desk.now),
        "views": 0,
        "embeddable": true,
        "from": { "name": page.map_or("", |page| page.name), "id": video.page },
        "privacy": { "value": "EVERYONE" },
    });
    if let Some(post) = video.post.as_ref().filter(|_| !life::says_published(video, desk.now)) {
        whole["post_id"] = post.clone().into();
    }
    if let (Stand::Due(at), None, false) =
        (video.stand, public_ms(video, desk.now), life::says_published(video, desk.now))
    {
        whole["scheduled_publish_time"] = stamp(at).into();
    }
    for name in ["place", "content_category"] {
        if let Some(value) = video.options.get(name) {
            whole[name] = value.clone();
        }
    }
    whole
}

fn permalink(video: &Video, settings: &Settings) -> String {
    match settings.answers {
        Answers::Docs => address(video),
        Answers::Field => format!("{}/", path(video)),
    }
}

/// Where the audience finds it.
pub(crate) fn address(video: &Video) -> String {
    format!("https://www.facebook.com{}", path(video))
}

fn path(video: &Video) -> String {
    match video.kind {
        VideoKind::Reel => format!("/reel/{}", video.id),
        VideoKind::Video => format!("/{}/videos/{}", video.page, video.id),
        VideoKind::Story => format!("/stories/{}/{}", video.page, video.id),
    }
}

fn post_node(desk: &Desk<'_>, video: &Video) -> Value {
    let public = public_ms(video, desk.now);
    let page = people::page(&video.page).map_or("", |page| page.name);
    let number = video.post.as_deref().unwrap_or(&video.id);
    let mut whole = json!({
        "id": format!("{}_{number}", video.page),
        "message": video.description,
        "created_time": stamp(public.unwrap_or(video.created_ms)),
        "updated_time": stamp(video.updated_ms),
        "permalink_url": permalink(video, &desk.settings),
        "is_published": public.is_some(),
        "status_type": "added_video",
        "from": { "name": page, "id": video.page },
        "attachments": { "data": [{ "media_type": "video", "target": { "id": video.id }, "title": video.title }] },
    });
    if let (Stand::Due(at), None) = (video.stand, public) {
        whole["scheduled_publish_time"] = (at / 1000).into();
    }
    whole
}

fn story_node(desk: &Desk<'_>, video: &Video) -> Value {
    json!({
        "post_id": video.post, "status": "published", "media_type": "video", "media_id": video.id,
        "creation_time": (public_ms(video, desk.now).unwrap_or(video.created_ms) / 1000).to_string(),
        "url": permalink(video, &desk.settings),
    })
}

/// What `status` is, field for field.
pub(crate) fn status(video: &Video, upload: Option<&Upload>, settings: &Settings, now: i64) -> Value {
    let docs = settings.answers == Answers::Docs;
    let complete = if docs { "complete" } else { "completed" };
    let bytes = upload.map_or(Bytes::Failed, |upload| life::bytes(upload, settings, now));
    let processing = life::processing(video, now);
    let errors: Vec<Value> = match (&video.processed, processing) {
        (Some(processed), "failed") => {
            let said = |code: &i64| json!({ "code": code, "message": life::probe_words(*code) });
            processed.errors.iter().map(said).collect()
        }
        _ => Vec::new(),
    };
    let stored = upload.map_or(0, |upload| upload.stored);
    let mut uploading = json!({
        "status": match bytes {
            Bytes::Whole => complete,
            Bytes::Failed | Bytes::Expired => "error",
            Bytes::Coming if stored == 0 => "not_started",
            Bytes::Coming => "in_progress",
        },
        "errors": [],
    });
    uploading[if docs { "bytes_transfered" } else { "bytes_transferred" }] = stored.into();
    if let Some(total) = upload.and_then(|upload| upload.total) {
        uploading["source_file_size"] = total.into();
    }
    let phase = match (bytes, processing) {
        (Bytes::Whole, "succeeded") => complete,
        (Bytes::Whole, "failed") => "error",
        (Bytes::Whole, _) => "in_progress",
        _ => "not_started",
    };
    let word = match (bytes, processing) {
        (Bytes::Coming, _) => "uploading",
        (Bytes::Expired, _) => "expired",
        (Bytes::Failed, _) => "upload_failed",
        (Bytes::Whole, "succeeded") => "ready",
        (Bytes::Whole, "failed") => "error",
        // The moment between the last byte and the first look at it.
        (Bytes::Whole, _) if upload.and_then(|upload| upload.whole_ms) == Some(now) => "upload_complete",
        (Bytes::Whole, _) => "processing",
    };
    let progress = match (&video.processed, upload.and_then(|upload| upload.whole_ms)) {
        (Some(processed), Some(whole)) if processed.at_ms > whole => {
            ((now - whole) * 100 / (processed.at_ms - whole)).clamp(0, 100)
        }
        (Some(_), _) => 100,
        _ => 0,
    };
    let mut whole = json!({
        "video_status": word,
        "processing_progress": progress,
        "uploading_phase": uploading,
        "processing_phase": { "status": phase, "errors": errors },
        "publishing_phase": publishing(video, processing, complete, docs, now),
        "copyright_check_status": {
            "status": if phase == complete { complete } else { phase },
            "matches_found": phase == complete && settings.copyright_matches,
        },
    });
    // In the field nothing is said of publishing what is kept back.
    if let (true, Some(phases)) = (life::says_published(video, now) && !docs, whole.as_object_mut()) {
        phases.remove("publishing_phase");
    }
    whole
}

fn publishing(video: &Video, processing: &str, complete: &str, docs: bool, now: i64) -> Value {
    let asked = !matches!(video.stand, Stand::Open | Stand::Draft | Stand::Unpublished);
    if asked && processing == "failed" {
        return json!({ "status": "error", "publish_status": "error", "errors": [] });
    }
    if let Some(at) = public_ms(video, now) {
        return json!({ "status": complete, "publish_status": "published", "publish_time": stamp(at), "errors": [] });
    }
    if life::says_published(video, now) {
        return json!({ "status": "not_started", "publish_status": "draft", "errors": [] });
    }
    match video.stand {
        Stand::Open => json!({ "status": "not_started", "errors": [] }),
        Stand::Draft | Stand::Unpublished => {
            json!({ "status": "not_started", "publish_status": "draft", "errors": [] })
        }
        Stand::Due(at) if at > now => json!({
            "status": if docs { "not_started" } else { complete },
            "publish_status": "scheduled", "publish_time": stamp(at), "errors": [],
        }),
        Stand::Due(_) | Stand::Told(_) => {
            json!({ "status": "in_progress", "publish_status": "published", "errors": [] })
        }
    }
}
