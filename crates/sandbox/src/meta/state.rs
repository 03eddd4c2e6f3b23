//! Meta's books as the sandbox's own views: a video for each finished one of a Page and each published post of an account; what was begun
//! and never finished shows among the sessions only.

use super::books::{Books, Media, MediaKind, Stand, Upload, Video, VideoKind};
use super::{life, media, people, video_node};
use crate::clock::rfc3339;
use crate::settings::meta::Meta as Settings;
use crate::state::{Bucket, CaptionView, Quota, SessionView, ThumbnailView, VideoView, View};
use crate::world::{World, lock};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) fn look(world: &World) -> View {
    let now = world.now_ms();
    let settings = world.settings().meta;
    let books = world.meta.books();
    let seen = |video: &&Video| video.stand != Stand::Open && !video.deleted;
    let mut videos: Vec<VideoView> =
        books.videos.iter().filter(seen).map(|video| of_page(&books, video, &settings, now)).collect();
    let posts = books.media.iter().filter(|media| media.parent.is_none() && !media.deleted);
    videos.extend(posts.map(|media| of_account(&books, media)));
    let lanes = lock(&world.meta.lanes);
    let received = |upload: &Upload| lanes.get(&upload.id).map_or(upload.received, |lane| lane.received());
    let sessions = books.uploads.iter().map(|upload| session(&books, upload, received(upload))).collect();
    View { videos, sessions, quota: quota(&books, &settings, now) }
}

fn session(books: &Books, upload: &Upload, received_total: u64) -> SessionView {
    let video = books.videos.iter().find(|video| video.upload == upload.id && video.stand != Stand::Open);
    let media = books.media.iter().find(|media| media.upload == Some(upload.id));
    SessionView {
        platform: upload.platform.clone(),
        ordinal: upload.ordinal,
        purpose: upload.purpose.clone(),
        file: upload.file.clone().or_else(|| names(books, upload).into_iter().next()),
        total: upload.total,
        stored: upload.stored,
        received_total,
        finished: upload.whole_ms.is_some(),
        cancelled: upload.gone,
        upload_id: match &upload.goal {
            super::books::Goal::Video(id)
            | super::books::Goal::Container(id)
            | super::books::Goal::File(id) => id.clone(),
        },
        video: video.map(|video| video.id.clone()).or_else(|| media.map(|media| media.id.clone())),
    }
}

/// File names, titles and captions an upload is about.
pub(crate) fn names(books: &Books, upload: &Upload) -> Vec<String> {
    let videos = books.videos.iter().filter(|video| video.upload == upload.id);
    let words = videos.flat_map(|video| [video.title.clone(), video.description.clone()]);
    let containers = books.containers.iter().filter(|container| container.upload == Some(upload.id));
    let captions = containers.map(|container| container.caption.clone());
    let all = upload.file.iter().cloned().chain(words).chain(captions);
    all.filter(|name| !name.is_empty()).collect()
}

fn of_page(books: &Books, video: &Video, settings: &Settings, now: i64) -> VideoView {
    let upload = books.upload(video.upload);
    let public = life::public_ms(video, now);
    VideoView {
        platform: "facebook".into(),
        id: video.id.clone(),
        url: video_node::address(video),
        title: video.title.clone(),
        description: video.description.clone(),
        tags: Vec::new(),
        privacy: match (public, video.stand) {
            (Some(_), _) => "public",
            (None, _) if life::says_published(video, now) => "draft",
            (None, Stand::Due(_)) => "scheduled",
            (None, Stand::Draft | Stand::Open) => "draft",
            (None, Stand::Unpublished | Stand::Told(_)) => "unpublished",
        }
        .into(),
        publish_at: video.wished_ms.map(rfc3339),
        public_at_ms: public,
        created_at_ms: video.created_ms,
        bytes: upload.map_or(0, |upload| upload.stored),
        blake3: upload.and_then(|upload| upload.blake3.clone()),
        processing: life::processing(video, now).into(),
        file: upload.and_then(|upload| upload.file.clone()),
        thumbnail: video.thumbnail.as_ref().map(|picture| ThumbnailView {
            bytes: picture.bytes,
            blake3: picture.blake3.clone(),
            mime: picture.mime.clone(),
        }),
        captions: video
            .captions
            .iter()
            .map(|caption| CaptionView {
                id: caption.id.clone(),
                language: caption.locale.clone(),
                name: String::new(),
                bytes: caption.bytes,
                blake3: caption.blake3.clone(),
            })
            .collect(),
        playlists: Vec::new(),
        channel: people::page(&video.page).map_or("", |page| page.name).into(),
        channel_id: video.page.clone(),
        tall: video.kind != VideoKind::Video || video.kept_back,
        options: options(video),
        raw: json!({ "id": video.id, "status": video_node::status(video, upload, settings, now) }),
    }
}

fn options(video: &Video) -> Value {
    let mut options = video.options.clone();
    let kind = match video.kind {
        VideoKind::Reel => "reel",
        VideoKind::Story => "story",
        VideoKind::Video => "video",
    };
    options.insert("kind".into(), kind.into());
    let asked: Vec<_> = video.collaborators.iter().map(|(page, _)| page.clone()).collect();
    if !asked.is_empty() {
        options.insert("collaborators".into(), asked.into());
    }
    Value::Object(options)
}

fn of_account(books: &Books, post: &Media) -> VideoView {
    // A carousel shows its first video; all are named among the options.
    let parts: Vec<&Media> = post.children.iter().filter_map(|id| books.media(id)).collect();
    let first = parts.first().copied().unwrap_or(post);
    let upload = |media: &Media| media.upload.and_then(|upload| books.upload(upload));
    let mut options = post.options.clone();
    if !parts.is_empty() {
        let parts = parts.iter().map(|part| {
            let upload = upload(part);
            json!({
                "id": part.id, "bytes": upload.map_or(0, |upload| upload.stored),
                "blake3": upload.and_then(|upload| upload.blake3.clone()),
            })
        });
        options.insert("children".into(), parts.collect());
    }
    let trial = options.contains_key("trial_params");
    VideoView {
        platform: "instagram".into(),
        id: post.id.clone(),
        url: media::permalink(post),
        title: String::new(),
        description: post.caption.clone(),
        tags: Vec::new(),
        // A trial reel is shown to people who do not follow.
        privacy: if trial { "trial" } else { "public" }.into(),
        publish_at: None,
        public_at_ms: Some(post.published_ms),
        created_at_ms: post.published_ms,
        bytes: upload(first).map_or(0, |upload| upload.stored),
        blake3: upload(first).and_then(|upload| upload.blake3.clone()),
        processing: "succeeded".into(),
        file: None,
        thumbnail: None,
        captions: Vec::new(),
        playlists: Vec::new(),
        channel: people::professional(&post.account).map_or("", |account| account.username).into(),
        channel_id: post.account.clone(),
        tall: matches!(post.kind, MediaKind::Reel | MediaKind::Story),
        options: Value::Object(options),
        raw: Value::Null,
    }
}

fn quota(books: &Books, settings: &Settings, now: i64) -> BTreeMap<String, Quota> {
    let mut quota: BTreeMap<String, Quota> = BTreeMap::new();
    let mut add = |platform: &str, name: String, used: usize, limit: usize| {
        if used > 0 {
            let bucket = Bucket { used: used as u64, limit: limit as u64 };
            quota.entry(platform.into()).or_default().buckets.insert(name, bucket);
        }
    };
    for person in &people::PEOPLE {
        for page in person.pages {
            add(
                "facebook",
                format!("reels of {}", page.name),
                life::reels_until(books, page.id, now),
                settings.reels_per_day,
            );
        }
        if let Some(account) = person.professional() {
            let used = media::quota(books, account.id, now);
            add("instagram", format!("posts of {}", account.username), used, settings.quota_total);
        }
    }
    quota
}
