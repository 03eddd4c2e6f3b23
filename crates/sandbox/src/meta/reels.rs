//! Reels and video stories: start and finish (contract facebook 2.1, 2.3, 4). The bytes between them are `transfer`'s.
//! Unsure: the code of the 31st reel (368 here, with words for the user), that a finish before the last byte is refused, that one about a
//! reel which is already public or scheduled is (a draft may be finished again), whether a schedule counts for the day it falls on.

use super::Desk;
use super::books::{Goal, Stand, Video, VideoKind};
use super::errors::{Refusal, missing, parameter, refuse};
use super::life::reels_until;
use super::route::RUPLOAD;
use crate::exchange::Answer;
use crate::settings::meta::Answers;
use serde_json::{Map, json};

/// Seconds from now in which a reel can be scheduled: more than ten minutes, at most 29 days.
const REEL_WINDOW_S: (i64, i64) = (600, 29 * 86_400);
/// The same for other videos: documents differ, the strictest of them is taken.
const VIDEO_WINDOW_S: (i64, i64) = (600, 30 * 86_400);

pub(crate) fn start(desk: &mut Desk<'_>, page: &str, kind: VideoKind) -> Result<Answer, Refusal> {
    let page = desk.who.acts_as(page)?.id;
    match desk.params.get("upload_phase") {
        Some(phase) if phase.eq_ignore_ascii_case("start") => {}
        Some(_) => return Err(parameter("Param upload_phase must be one of {START, FINISH}")),
        None => return Err(missing("upload_phase")),
    }
    let id = desk.books.node_id("12", 16);
    let owner = desk.who.person.key;
    let upload = desk.books.open_upload(Goal::Video(id.clone()), owner, desk.now);
    desk.books.videos.push(Video {
        id: id.clone(),
        kind,
        page: page.into(),
        owner: owner.into(),
        upload,
        title: String::new(),
        description: String::new(),
        stand: Stand::Open,
        wished_ms: None,
        post: None,
        created_ms: desk.now,
        updated_ms: desk.now,
        processed: None,
        thumbnail: None,
        captions: Vec::new(),
        collaborators: Vec::new(),
        options: Map::new(),
        kept_back: false,
        deleted: false,
    });
    let ordinal = desk.books.upload(upload).map(|upload| upload.ordinal);
    desk.world.calls.note(desk.ask.seq, |call| call.session = ordinal);
    let version = match desk.settings.answers {
        Answers::Docs => format!("{}/", desk.version),
        // The segment is sometimes missing.
        Answers::Field => String::new(),
    };
    let address = format!("{}/video-upload/{version}{id}", desk.world.base(RUPLOAD));
    Ok(Answer::json(200, &json!({ "video_id": id, "upload_url": address })))
}

pub(crate) fn finish(desk: &mut Desk<'_>, page: &str, kind: VideoKind) -> Result<Answer, Refusal> {
    let page = desk.who.acts_as(page)?.id;
    let id = desk.params.need("video_id")?.to_string();
    let video =
        desk.books.video(&id).filter(|video| video.page == page && video.kind == kind && !video.deleted);
    let video = video.ok_or_else(|| parameter("Invalid parameter: there is no such video_id"))?;
    let whole = desk.books.upload(video.upload).is_some_and(|upload| upload.whole_ms.is_some());
    if !whole {
        return Err(parameter("The video has not been uploaded yet"));
    }
    if !matches!(video.stand, Stand::Open | Stand::Draft) {
        return Err(parameter("The video has already been published or scheduled"));
    }
    let at = desk.params.number("scheduled_publish_time")?;
    let stand = match (kind, desk.params.get("video_state"), at) {
        (VideoKind::Story, None, None) => Stand::Told(desk.now),
        (_, Some("PUBLISHED"), None) => Stand::Told(desk.now),
        (_, Some("DRAFT"), None) => Stand::Draft,
        (_, Some("SCHEDULED"), Some(at)) => Stand::Due(window(at, kind, desk.now)?),
        (_, Some("SCHEDULED"), None) => return Err(missing("scheduled_publish_time")),
        (_, Some("PUBLISHED" | "DRAFT"), Some(_)) => {
            return Err(parameter("scheduled_publish_time goes with video_state=SCHEDULED only"));
        }
        (_, Some(_), _) => {
            return Err(parameter("Param video_state must be one of {DRAFT, SCHEDULED, PUBLISHED}"));
        }
        (_, None, _) => return Err(missing("video_state")),
    };
    let (title, description) = words(desk)?;
    if let (VideoKind::Reel, Stand::Due(at) | Stand::Told(at)) = (kind, stand)
        && reels_until(desk.books, page, at) >= desk.settings.reels_per_day
    {
        let message = "The limit of reels that can be published in 24 hours has been reached";
        return Err(refuse(368, &format!("(#368) {message}")).user("Too many reels", message));
    }
    let post = desk.books.node_id("11", 15);
    let options = desk.params.said(&["title", "description", "video_id", "upload_phase"]);
    let now = desk.now;
    let mut told = None;
    if let Some(video) = desk.books.video_mut(&id) {
        video.title = title.unwrap_or_default();
        video.description = description.unwrap_or_default();
        video.stand = stand;
        video.wished_ms = if let Stand::Due(at) = stand { Some(at) } else { None };
        video.updated_ms = now;
        video.options.extend(options);
        if stand != Stand::Draft {
            told = Some(video.post.get_or_insert(post).clone());
        }
    }
    let mut answer = json!({ "success": true });
    // A story's answer always names its post; a reel's does in newer answers.
    let tells = kind == VideoKind::Story || desk.settings.answers == Answers::Docs;
    if let Some(post) = told.filter(|_| tells) {
        answer["post_id"] = post.into();
    }
    Ok(Answer::json(200, &answer))
}

/// A minute that may be scheduled, in milliseconds.
pub(crate) fn window(at: i64, kind: VideoKind, now: i64) -> Result<i64, Refusal> {
    let (least, most) = if kind == VideoKind::Video { VIDEO_WINDOW_S } else { REEL_WINDOW_S };
    let ahead = at.saturating_mul(1000).saturating_sub(now);
    if ahead <= least * 1000 || ahead > most * 1000 {
        return Err(parameter("The specified scheduled publish time is invalid."));
    }
    Ok(at * 1000)
}

/// Title and description, where they are said. Unsure: both limits, which are from memory.
pub(crate) fn words(desk: &Desk<'_>) -> Result<(Option<String>, Option<String>), Refusal> {
    let title = desk.params.get("title").or(desk.params.get("name"));
    let description = desk.params.get("description").or(desk.params.get("message"));
    if title.is_some_and(|title| title.chars().count() > 255) {
        return Err(parameter("Name parameter too long. Its maximum is 255 characters"));
    }
    if description.is_some_and(|text| text.chars().count() > 63_206) {
        return Err(parameter("Param description must be at most 63206 characters"));
    }
    Ok((title.map(String::from), description.map(String::from)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_a_schedule() {
        for (ahead_s, reel, video) in [
            (600, false, false),
            (601, true, true),
            (29 * 86_400, true, true),
            (29 * 86_400 + 1, false, true),
            (30 * 86_400 + 1, false, false),
            (-5, false, false),
        ] {
            let of = |kind| window(1000 + ahead_s, kind, 1_000_000).is_ok();
            assert_eq!((of(VideoKind::Reel), of(VideoKind::Video)), (reel, video), "{ahead_s}");
        }
        assert!(window(i64::MAX, VideoKind::Reel, 0).is_err());
    }
}
