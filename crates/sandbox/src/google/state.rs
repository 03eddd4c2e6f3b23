//! Google's books as the sandbox's own views.

use super::books::{Books, End, Purpose, Video};
use super::people::creator;
use super::{quota, render, words};
use crate::clock::rfc3339;
use crate::state::{CaptionView, PlaylistView, SessionView, ThumbnailView, VideoView, View};
use crate::world::{World, lock};
use std::collections::BTreeMap;

pub(crate) fn look(world: &World) -> View {
    let now = world.now_ms();
    let page = world.base(crate::hosts::PAGE);
    let mut books = world.google.books(now);
    let quota = quota::look(&mut books, &world.settings(), now);
    let videos = books.videos.iter().map(|video| view(&books, video, now, &page)).collect();
    let lanes = lock(&world.google.lanes);
    let sessions = books
        .sessions
        .iter()
        .map(|session| SessionView {
            platform: "youtube".into(),
            ordinal: session.ordinal,
            purpose: match session.purpose {
                Purpose::Video(_) => "video",
                Purpose::Thumbnail { .. } => "thumbnail",
                Purpose::Caption(_) => "caption",
            }
            .into(),
            file: session.file(),
            total: session.total,
            stored: session.stored,
            received_total: lanes.get(&session.ordinal).map_or(session.received, |lane| lane.received()),
            finished: matches!(session.end, Some(End::Finished { .. })),
            cancelled: matches!(session.end, Some(End::Cancelled)),
            upload_id: session.upload_id.clone(),
            video: match &session.end {
                Some(End::Finished { id, .. }) => Some(id.clone()),
                _ => None,
            },
        })
        .collect();
    View { videos, sessions, quota: BTreeMap::from([("youtube".to_string(), quota)]) }
}

fn view(books: &Books, video: &Video, now: i64, page: &str) -> VideoView {
    let channel = creator(&video.owner).and_then(|creator| creator.channel.as_ref());
    let all: Vec<String> = words::PARTS.iter().map(|part| (*part).to_string()).collect();
    let captions = books.captions.iter().filter(|caption| caption.track.video == video.id);
    let items = books.items.iter().filter(|item| item.video == video.id);
    VideoView {
        platform: "youtube".into(),
        id: video.id.clone(),
        url: format!("https://www.youtube.com/watch?v={}", video.id),
        title: video.words.title.clone(),
        description: video.words.description.clone(),
        tags: video.words.tags.clone(),
        privacy: video.words.privacy.clone(),
        publish_at: video.wished_at_ms.map(rfc3339),
        public_at_ms: video.public_ms,
        created_at_ms: video.created_ms,
        bytes: video.bytes,
        blake3: video.blake3.clone(),
        processing: video.processing(now).into(),
        file: video.file.clone(),
        thumbnail: video.thumbnail.as_ref().map(|thumbnail| ThumbnailView {
            bytes: thumbnail.bytes,
            blake3: thumbnail.blake3.clone(),
            mime: thumbnail.mime.clone(),
        }),
        captions: captions
            .map(|caption| CaptionView {
                id: caption.id.clone(),
                language: caption.track.language.clone(),
                name: caption.track.name.clone(),
                bytes: caption.bytes,
                blake3: caption.blake3.clone(),
            })
            .collect(),
        playlists: items
            .map(|item| {
                let list = books.playlists.iter().find(|list| list.id == item.playlist);
                let mut before = books.items.iter().filter(|other| other.playlist == item.playlist);
                PlaylistView {
                    playlist: item.playlist.clone(),
                    item: item.id.clone(),
                    title: list.map(|list| list.title.clone()).unwrap_or_default(),
                    position: before.position(|other| other.id == item.id).unwrap_or(0) as u64,
                }
            })
            .collect(),
        channel: channel.map(|channel| channel.title.to_string()).unwrap_or_default(),
        channel_id: channel.map(|channel| channel.id.to_string()).unwrap_or_default(),
        tall: false,
        // What was sent is in the resource, part by part.
        options: serde_json::Value::Null,
        raw: channel
            .map(|channel| render::video(books, video, channel, &all, true, now, page))
            .unwrap_or_default(),
    }
}
