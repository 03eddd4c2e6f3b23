//! What is true at a minute: how far an upload, a video, a container has come. Worked out from instants when somebody looks.

use super::books::{Books, Container, MediaKind, Stand, Upload, Video, VideoKind};
use crate::settings::meta::Meta as Settings;

/// Milliseconds a container can be published.
pub(crate) const CONTAINER_LIFE_MS: i64 = 86_400_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

/// How far an upload of Facebook's has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bytes {
    Coming,
    Whole,
    Failed,
    Expired,
}

pub(crate) fn bytes(upload: &Upload, settings: &Settings, now: i64) -> Bytes {
    match (upload.whole_ms, upload.gone) {
        (Some(_), _) => Bytes::Whole,
        (None, true) => Bytes::Failed,
        (None, false) if now >= upload.opened_ms + settings.upload_life_s * 1000 => Bytes::Expired,
        _ => Bytes::Coming,
    }
}

/// Is it what it was asked to be, and since when can its audience see it?
pub(crate) fn public_ms(video: &Video, now: i64) -> Option<i64> {
    let processed = video.processed.as_ref().filter(|processed| processed.errors.is_empty())?;
    let (Stand::Due(at) | Stand::Told(at)) = video.stand else { return None };
    // What was asked for is done when it is processed, however late.
    let at = at.max(processed.at_ms);
    (at <= now && !video.deleted && !video.kept_back).then_some(at)
}

/// Its `published` field says so, though nobody sees it: it is kept back as a draft (seen in the field, July 2026).
pub(crate) fn says_published(video: &Video, now: i64) -> bool {
    let asked = matches!(video.stand, Stand::Due(at) | Stand::Told(at) if at <= now);
    video.kept_back && asked && processing(video, now) == "succeeded"
}

/// `processing`, `succeeded` or `failed`.
pub(crate) fn processing(video: &Video, now: i64) -> &'static str {
    match &video.processed {
        None => "processing",
        Some(processed) if now < processed.at_ms => "processing",
        Some(processed) if processed.errors.is_empty() => "succeeded",
        Some(_) => "failed",
    }
}

/// What the probe says about a whole video, from the settings: nothing is decoded here.
pub(crate) fn probe(kind: VideoKind, settings: &Settings, failed: bool) -> Vec<i64> {
    let seconds = settings.duration_ms as f64 / 1000.0;
    let fits = match kind {
        VideoKind::Reel => (3.0..=90.0).contains(&seconds),
        VideoKind::Story => (3.0..=60.0).contains(&seconds),
        VideoKind::Video => seconds <= 240.0 * 60.0,
    };
    let mut errors = settings.probe_errors.clone();
    if !fits && !errors.contains(&1_363_128) {
        errors.push(1_363_128);
    }
    // Unsure, from memory: the code of a file that is no video at all.
    if failed && errors.is_empty() {
        errors.push(1_363_024);
    }
    errors
}

/// Words for the codes a probe gives.
pub(crate) fn probe_words(code: i64) -> &'static str {
    match code {
        1_363_040 => "The aspect ratio of the video must be between 16x9 and 9x16",
        1_363_127 => "The resolution of the video must be at least 540x960",
        1_363_128 => "The duration of the video is not supported",
        1_363_129 => "The frame rate of the video must be between 24 and 60 fps",
        _ => "The video file is in a format that is not supported",
    }
}

/// `status_code` of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InProgress,
    Finished,
    Error(i64),
    Expired,
    Published,
}

pub(crate) fn code(container: &Container, now: i64) -> Code {
    if container.published.is_some() {
        return Code::Published;
    }
    match container.ready {
        Some((at, Some(number))) if now >= at => Code::Error(number),
        _ if now >= container.created_ms + CONTAINER_LIFE_MS => Code::Expired,
        Some((at, None)) if now >= at => Code::Finished,
        _ => Code::InProgress,
    }
}

impl Code {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Code::InProgress => "IN_PROGRESS",
            Code::Finished => "FINISHED",
            Code::Error(_) => "ERROR",
            Code::Expired => "EXPIRED",
            Code::Published => "PUBLISHED",
        }
    }

    /// The human text; a client may only read the number out of it.
    pub(crate) fn status(self) -> String {
        match self {
            Code::InProgress => "In Progress: Media is still being processed.".into(),
            Code::Finished => "Finished: Media has been uploaded and it is ready to be published.".into(),
            Code::Error(number) => format!("Error: Media upload has failed with error code {number}"),
            Code::Expired => "Expired: The media was not published within 24 hours.".into(),
            Code::Published => "Published: Media has been successfully published.".into(),
        }
    }
}

/// What is wrong with a container whose bytes are whole.
pub(crate) fn container_error(
    kind: MediaKind,
    thumb_offset: Option<i64>,
    settings: &Settings,
    failed: bool,
) -> Option<i64> {
    let seconds = settings.duration_ms as f64 / 1000.0;
    let fits = match kind {
        MediaKind::Reel => (3.0..=900.0).contains(&seconds),
        MediaKind::Story | MediaKind::Child => (3.0..=60.0).contains(&seconds),
        MediaKind::Image | MediaKind::Carousel => true,
    };
    if failed {
        return Some(settings.container_error);
    }
    if !fits {
        return Some(2_207_026);
    }
    thumb_offset.is_some_and(|ms| ms >= duration(settings)).then_some(2_207_057)
}

pub(crate) fn duration(settings: &Settings) -> i64 {
    i64::try_from(settings.duration_ms).unwrap_or(i64::MAX)
}

/// Reels of a Page that are public, or will be, in the 24 hours up to `at`.
pub(crate) fn reels_until(books: &Books, page: &str, at: i64) -> usize {
    let of_page = books
        .videos
        .iter()
        .filter(|video| video.page == page && video.kind == VideoKind::Reel && !video.deleted);
    let within = |time: i64| time <= at && time > at - DAY_MS;
    of_page
        .filter(|video| matches!(video.stand, Stand::Due(time) | Stand::Told(time) if within(time)))
        .count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn container(ready: Option<(i64, Option<i64>)>) -> Container {
        Container {
            id: "1".into(),
            kind: MediaKind::Reel,
            account: "2".into(),
            owner: "mira".into(),
            item: false,
            caption: String::new(),
            children: Vec::new(),
            thumb_offset: None,
            upload: None,
            created_ms: 0,
            ready,
            published: None,
            options: Map::new(),
        }
    }

    #[test]
    fn a_container_ages() {
        assert_eq!(code(&container(None), 5), Code::InProgress);
        assert_eq!(code(&container(Some((10, None))), 9), Code::InProgress);
        assert_eq!(code(&container(Some((10, None))), 10), Code::Finished);
        assert_eq!(code(&container(Some((10, None))), CONTAINER_LIFE_MS), Code::Expired);
        assert_eq!(code(&container(Some((10, Some(7)))), CONTAINER_LIFE_MS), Code::Error(7));
        let published = Container { published: Some("3".into()), ..container(Some((10, None))) };
        assert_eq!(code(&published, CONTAINER_LIFE_MS * 2), Code::Published);
        assert_eq!(Code::Error(2_207_026).status(), "Error: Media upload has failed with error code 2207026");
    }

    #[test]
    fn a_probe_knows_what_it_was_told() {
        let settings = |duration_ms| Settings { duration_ms, ..Settings::default() };
        assert_eq!(probe(VideoKind::Reel, &settings(90_000), false), Vec::<i64>::new());
        assert_eq!(probe(VideoKind::Reel, &settings(90_001), false), [1_363_128]);
        assert_eq!(probe(VideoKind::Video, &settings(90_001), true), [1_363_024]);
        assert_eq!(container_error(MediaKind::Reel, Some(30_000), &settings(30_000), false), Some(2_207_057));
        assert_eq!(container_error(MediaKind::Story, None, &settings(61_000), false), Some(2_207_026));
    }
}
