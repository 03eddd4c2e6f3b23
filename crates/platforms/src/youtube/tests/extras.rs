//! Thumbnail, playlist, captions: beside the post, never twice (C8, C9).

use super::*;
use slipway_core::problem::Code;

fn extra(job: &Job, step: &str) -> House {
    let extras = AnyPlatform::extras(&YouTube, job);
    let extra = extras.into_iter().find(|extra| extra.step == step).expect("the option asks for it");
    House::begin(Job { errand: Errand::Extra(extra), ..job.clone() })
}

fn dressed() -> Job {
    let mut job = Job { remote: Some(crate::youtube::remote("vid7")), ..job() };
    for (key, value) in [
        ("thumbnail", "/home/alice/a.png"),
        ("playlist", "PLx"),
        ("captions", "a.srt"),
        ("audio_language", "en"),
    ] {
        job = with(job, key, json!(value));
    }
    let png = SideFile { file_name: "a.png".into(), size: 5000, mime: "image/png".into(), duration_ms: None };
    let srt = SideFile {
        file_name: "a.srt".into(),
        size: 600,
        mime: "application/x-subrip".into(),
        duration_ms: None,
    };
    job.sides = [("thumbnail".into(), png), ("captions".into(), srt)].into();
    job
}

#[test]
fn only_what_was_asked_for() {
    assert!(AnyPlatform::extras(&YouTube, &job()).is_empty());
    let steps: Vec<_> =
        AnyPlatform::extras(&YouTube, &dressed()).into_iter().map(|extra| extra.step).collect();
    assert_eq!(steps, ["thumbnail", "playlist", "captions"]);
    let bare =
        Job { errand: Errand::Extra(Extra { step: "confetti".into(), input: json!({}) }), ..dressed() };
    assert!(matches!(AnyPlatform::begin(&YouTube, &bare), Err(Fault::Refused(_))));
}

#[test]
fn a_thumbnail_is_set_and_may_be_set_again() {
    let house = extra(&dressed(), "thumbnail").sends("thumbnails.set").wakes().sends("thumbnails.set");
    let Body::File(part) = &house.call().body else { panic!() };
    assert_eq!((part.file.clone(), part.len), (FileRef::Side("thumbnail".into()), 5000));
    assert_eq!(part.content_type, "image/png");
    assert!(!house.call().is_upload());
    let Fault::Refused(problem) = house.fails(google(403, "forbidden")) else { panic!() };
    assert_eq!(problem.code, Code::PermissionMissing, "an unverified channel (C9)");
    assert!(matches!(house.fails(html(200)), Fault::Strange { .. }), "a page of somebody else's");
    house.hears(reply(200, json!({ "kind": "youtube#thumbnailSetResponse", "items": [{}] }))).done();
    let mut missing = dressed();
    missing.sides.clear();
    let errand = Errand::Extra(Extra { step: "thumbnail".into(), input: json!({}) });
    assert!(AnyPlatform::begin(&YouTube, &Job { errand, ..missing }).is_err());
}

#[test]
fn a_shorts_thumbnail_waits_for_the_processing() {
    let mut short = dressed();
    short.media =
        JobMedia { width: Some(1080), height: Some(1920), duration_ms: Some(180_000), ..short.media };
    let house = extra(&short, "thumbnail").sends("videos.list");
    let house = house.hears(listed(json!({ "privacyStatus": "public", "uploadStatus": "uploaded" }))).waits();
    let house =
        house.wakes().hears(listed(json!({ "privacyStatus": "public", "uploadStatus": "processed" })));
    house.sends("thumbnails.set");
    short.media.duration_ms = Some(180_001);
    extra(&short, "thumbnail").sends("thumbnails.set");
}

#[test]
fn a_playlist_takes_it_once() {
    let in_it = || list(json!([{ "snippet": { "resourceId": { "videoId": "vid7" } } }]));
    let house = extra(&dressed(), "playlist").sends("playlistItems.list");
    let house = house.hears(list(json!([]))).sends("playlistItems.insert");
    assert_eq!(body(house.call())["snippet"]["playlistId"], "PLx");
    // The answer is lost: look, and look again after a while, before it is repeated.
    let house = house.wakes().sends("playlistItems.list").hears(list(json!([]))).waits();
    let again = house.wakes().sends("playlistItems.list");
    let found = AnyPlatform::after(&YouTube, &again.job, &again.memo, &in_it()).unwrap();
    assert!(matches!(found.act, Act::Done(_)));
    let house = again.hears(list(json!([]))).sends("playlistItems.insert");
    // A web page for an answer: looked for, and only then made again.
    let looking = AnyPlatform::after(&YouTube, &house.job, &house.memo, &html(200)).unwrap();
    assert!(matches!(looking.act, Act::Send(call) if call.name == "playlistItems.list"));
    house.hears(reply(200, json!({ "kind": "youtube#playlistItem", "id": "UExx" }))).done();
}

#[test]
fn captions_go_once_for_a_language_and_name() {
    let track = |language: &str, name: &str, kind: &str| {
        list(json!([{ "snippet": { "language": language, "name": name, "trackKind": kind } }]))
    };
    let house = extra(&dressed(), "captions").sends("captions.list");
    let house = house.hears(track("en", "", "ASR")).sends("captions.insert");
    assert_eq!(house.call().costs, [Cost { bucket: "pool", units: 400 }]);
    assert_eq!(
        body(house.call()),
        &json!({ "snippet": { "videoId": "vid7", "language": "en", "name": "en", "isDraft": false } }),
        "a track must have a name"
    );
    let house = house.wakes().sends("captions.list");
    for ours in ["en", "", " "] {
        let listed = track("EN", ours, "standard");
        let there = AnyPlatform::after(&YouTube, &house.job, &house.memo, &listed).unwrap();
        assert!(matches!(there.act, Act::Done(_)), "{ours:?}");
    }
    let house =
        house.hears(track("en", "other", "standard")).waits().wakes().hears(track("de", "", "standard"));
    house.sends("captions.insert").hears(google(409, "captionExists")).done();
    // One that has a name goes by it alone.
    let named = with(dressed(), "captions_name", json!(" Full "));
    let house = extra(&named, "captions").hears(track("en", "", "standard")).sends("captions.insert");
    assert_eq!(body(house.call())["snippet"]["name"], "Full");
}
