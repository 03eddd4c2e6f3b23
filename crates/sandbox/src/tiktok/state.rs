//! TikTok's books as the sandbox's own views. A task is a session from its init on, and a video once its last byte is there.

use super::books::{Kind, Stage, Task, Whole};
use super::inbox::is_draft;
use super::people::creator;
use super::status::word;
use crate::state::{Bucket, Quota, SessionView, VideoView, View};
use crate::world::{World, lock};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) fn look(world: &World) -> View {
    let now = world.now_ms();
    let settings = world.settings().tiktok;
    let books = world.tiktok.books();
    let videos = books.tasks.iter().filter_map(|task| Some(view(task, task.whole.as_ref()?, now))).collect();
    let lanes = lock(&world.tiktok.lanes);
    let sessions = books
        .tasks
        .iter()
        .map(|task| SessionView {
            platform: "tiktok".into(),
            ordinal: task.ordinal,
            purpose: if is_draft(task) { "inbox" } else { "video" }.into(),
            file: Some(task.caption().to_string()).filter(|caption| !caption.is_empty()),
            total: Some(task.size),
            stored: task.stored,
            received_total: lanes.get(&task.ordinal).map_or(task.received, |lane| lane.received()),
            finished: task.whole.is_some(),
            cancelled: task.gone,
            upload_id: task.upload_id.clone(),
            video: task.whole.as_ref().map(|whole| whole.post_id.to_string()),
        })
        .collect();
    let mut buckets = BTreeMap::new();
    for creator in &super::people::CREATORS {
        let (posts, drafts) = (books.posts_of(creator.key, now), books.drafts_of(creator.key, now));
        if posts > 0 {
            let limit = settings.posts_per_day;
            buckets.insert(format!("posts of {}", creator.key), Bucket { used: posts, limit });
        }
        if drafts > 0 {
            let limit = settings.pending_drafts;
            buckets.insert(format!("drafts of {}", creator.key), Bucket { used: drafts, limit });
        }
    }
    let limit = if settings.audited { settings.active_creators } else { settings.unaudited_creators };
    buckets.insert("creators".into(), Bucket { used: books.active(now).len() as u64, limit });
    let quota = Quota { day: "the last 24 hours".into(), buckets };
    View { videos, sessions, quota: BTreeMap::from([("tiktok".to_string(), quota)]) }
}

fn view(task: &Task, whole: &Whole, now: i64) -> VideoView {
    let owner = creator(&task.owner);
    let profile = owner.map(|owner| owner.profile()).unwrap_or_default();
    let stage = task.stage(now);
    VideoView {
        platform: "tiktok".into(),
        id: whole.post_id.to_string(),
        url: format!("{profile}/video/{}", whole.post_id),
        title: String::new(),
        description: task.caption().into(),
        tags: Vec::new(),
        privacy: task.privacy().unwrap_or("inbox").into(),
        publish_at: None,
        public_at_ms: task.seen_ms().filter(|at| *at <= now),
        created_at_ms: whole.at_ms,
        bytes: task.size,
        blake3: whole.blake3.clone(),
        processing: match stage {
            Stage::Uploading | Stage::Processing => "processing",
            Stage::InInbox | Stage::Published => "succeeded",
            Stage::Failed(_) => "failed",
        }
        .into(),
        file: None,
        thumbnail: None,
        captions: Vec::new(),
        playlists: Vec::new(),
        channel: owner.map(|owner| owner.nickname.to_string()).unwrap_or_default(),
        channel_id: owner.map(|owner| owner.open_id.to_string()).unwrap_or_default(),
        tall: true,
        options: match &task.kind {
            Kind::Direct(info) => info.clone(),
            Kind::Inbox => Value::Null,
        },
        raw: json!({
            "publish_id": task.publish_id,
            "post_id": whole.post_id,
            "status": word(stage),
            "fail_reason": whole.fail_reason,
            "username": owner.map(|owner| owner.username),
            "profile": profile,
        }),
    }
}
