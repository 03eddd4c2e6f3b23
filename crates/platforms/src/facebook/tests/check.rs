//! Rules that Facts cannot say.

use super::*;
use slipway_core::problem::Code::{self, *};

fn check(job: &Job) -> Vec<(Code, bool)> {
    AnyPlatform::check(&Facebook, job).iter().map(|problem| (problem.code, problem.blocks())).collect()
}

fn shaped(kind: &str, width: u32, height: u32, rate: f64, seconds: f64) -> Job {
    let mut job = with(job(), "kind", json!(kind));
    job.media.width = Some(width);
    job.media.height = Some(height);
    job.media.frame_rate = Some(rate);
    job.media.duration_ms = Some((seconds * 1000.0) as u64);
    job
}

#[test]
fn reels_are_upright_short_and_large_enough_c27() {
    for (width, height, rate, seconds, want) in [
        (1080, 1920, 30.0, 30.0, vec![]),
        (540, 960, 23.976, 3.0, vec![]),
        (1080, 1920, 60.0, 90.0, vec![]),
        (539, 958, 30.0, 30.0, vec![(FileUnsupported, true)]),
        (1080, 2400, 30.0, 30.0, vec![(FileUnsupported, true)]),
        (2560, 1080, 30.0, 30.0, vec![(FileUnsupported, true)]),
        (1920, 1080, 30.0, 30.0, vec![(FileUnsupported, false)]),
        (1080, 1080, 30.0, 30.0, vec![(FileUnsupported, false)]),
        (1080, 1920, 15.0, 30.0, vec![(FileUnsupported, true)]),
        (1080, 1920, 120.0, 30.0, vec![(FileUnsupported, true)]),
        (1080, 1920, 30.0, 2.9, vec![(FileUnsupported, true)]),
        (1080, 1920, 30.0, 90.5, vec![(FileTooLong, false)]),
    ] {
        assert_eq!(
            check(&shaped("reel", width, height, rate, seconds)),
            want,
            "{width} × {height}, {rate}/s, {seconds} s"
        );
        let upright = (height > width).then_some((FileUnsupported, false));
        let said = check(&shaped("video", width, height, rate, seconds));
        assert_eq!(
            said,
            Vec::from_iter(upright),
            "a video may have any shape, but an upright one stays a draft"
        );
    }
    let mut unknown = job();
    unknown.media = JobMedia { size: 1, mime: "video/mp4".into(), ..JobMedia::default() };
    assert_eq!(check(&unknown), [], "what the file does not say is left to Facebook");
}

#[test]
fn videos_are_documented_for_mp4_alone() {
    for (mime, want) in [
        ("video/mp4", vec![]),
        ("video/x-m4v", vec![]),
        ("video/quicktime", vec![(FileUnsupported, false)]),
        ("video/x-matroska", vec![(FileUnsupported, true)]),
    ] {
        let mut job = film();
        job.media.mime = mime.into();
        assert_eq!(check(&job), want, "{mime}");
        (job.media.width, job.media.height) = (Some(1080), Some(1920));
        assert_eq!(check(&with(job, "kind", json!("reel"))), []);
    }
}

#[test]
fn an_app_in_development_is_told_c32() {
    let mut job = job();
    job.account.app.flags.clear();
    assert_eq!(check(&job), [(NotAudited, false)]);
    job.account.app.flags.insert("live".into(), false);
    assert_eq!(check(&job), [(NotAudited, false)]);
}

#[test]
fn captions_places_and_collaborators_are_named_as_facebook_wants() {
    let job = || with(job(), "captions", json!("/s.srt"));
    assert_eq!(check(&job()), [(OptionMissing, true)]);
    assert_eq!(check(&with(job(), "captions_language", json!("en"))), []);
    let job = super::job;
    assert_eq!(check(&with(job(), "place", json!("123"))), []);
    assert_eq!(check(&with(job(), "place", json!("Berlin"))), [(OptionInvalid, true)]);
    assert_eq!(check(&with(film(), "place", json!("Berlin"))), [], "a video has none");
    assert_eq!(check(&with(job(), "collaborators", json!(["123", "mira"]))), [(OptionInvalid, true)]);
    assert_eq!(check(&with(job(), "collaborators", json!(["123"]))), []);
}
