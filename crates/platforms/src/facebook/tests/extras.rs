//! Cover, captions, collaborators: once each, and never the post's trouble.

use super::*;
use slipway_core::problem::{Code, Fix};

fn beside(step: &str, input: Value) -> Job {
    let mut job = with(with(job(), "thumbnail", json!("/c.png")), "captions", json!("/s.srt"));
    job.errand = Errand::Extra(Extra { step: step.into(), input });
    job.remote = Some(Remote { id: "900".into(), url: "https://www.facebook.com/reel/900".into() });
    for (key, mime) in [("thumbnail", "image/png"), ("captions", "application/x-subrip")] {
        let side = SideFile { file_name: "x".into(), size: 9, mime: mime.into(), duration_ms: None };
        job.sides.insert(key.into(), side);
    }
    job
}

fn multipart(call: &Call) -> (Vec<(&'static str, String)>, &'static str, String, FilePart) {
    match &call.body {
        Body::Multipart { fields, field, file_name, part } => {
            (fields.clone(), field, file_name.clone(), part.clone())
        }
        other => panic!("no form with a file but {other:?}"),
    }
}

fn captions(items: Value) -> Reply {
    ok(json!({ "data": items }))
}

#[test]
fn options_name_what_is_to_be_done() {
    assert!(AnyPlatform::extras(&Facebook, &job()).is_empty());
    let mut job = with(job(), "thumbnail", json!("/c.png"));
    job = with(with(job, "captions", json!("/s.srt")), "captions_language", json!("pt"));
    job = with(job, "collaborators", json!(["7", " 8 "]));
    let extras: Vec<_> =
        AnyPlatform::extras(&Facebook, &job).into_iter().map(|extra| (extra.step, extra.input)).collect();
    assert_eq!(
        extras,
        [
            ("thumbnail".to_string(), json!({})),
            ("captions".to_string(), json!({ "locale": "pt_BR" })),
            ("collaborator".to_string(), json!({ "whom": "7" })),
            ("collaborator".to_string(), json!({ "whom": "8" })),
        ]
    );
}

#[test]
fn a_cover_waits_until_the_video_is_processed_and_may_be_set_again() {
    let house = House::begin(beside("thumbnail", json!({}))).sends("facebook.video.status");
    let house = house.hears(processing()).waits().wakes().hears(graph(100, 33)).waits().wakes();
    let house = house.hears(planned(3600, "complete")).sends("facebook.video.thumbnails");
    assert_eq!(path(house.call()), "POST graph.facebook.com/v25.0/900/thumbnails");
    let (fields, field, name, part) = multipart(house.call());
    assert_eq!(
        (fields, field, name.as_str()),
        (vec![("is_preferred", "true".to_string())], "source", "cover.png")
    );
    assert_eq!(
        (part.file, part.len, part.content_type.as_str()),
        (FileRef::Side("thumbnail".into()), 9, "image/png")
    );
    house.wakes().sends("facebook.video.thumbnails").hears(yes()).done();
    let house = House::begin(beside("thumbnail", json!({}))).hears(public());
    for (said, code) in [
        (graph(1, 0), None),
        (graph(100, 1_366_046), Some(Code::FileUnsupported)),
        (graph(200, 0), Some(Code::PermissionMissing)),
    ] {
        match (house.fails(said), code) {
            (Fault::Refused(problem), Some(code)) => assert_eq!(problem.code, code),
            (Fault::Again { .. }, None) => {}
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[test]
fn captions_go_once_for_a_locale_c8() {
    let begin = || {
        House::begin(beside("captions", json!({ "locale": "en_US" })))
            .hears(public())
            .sends("facebook.video.captions.list")
    };
    begin().hears(captions(json!([{ "locale": "en_US" }]))).done();
    let house = begin()
        .hears(captions(json!([{ "locale": "en_US", "is_auto_generated": true }, { "locale": "de_DE" }])));
    let house = house.sends("facebook.video.captions");
    let (fields, field, name, _) = multipart(house.call());
    assert_eq!((fields, field), (vec![("default_locale", "en_US".to_string())], "captions_file"));
    assert_eq!(name, "captions.en_US.srt");
    // Not heard: a look, a pause, a look.
    let house = house.wakes().hears(captions(json!([]))).waits().wakes().hears(captions(json!([])));
    let house = house.sends("facebook.video.captions").hears(yes());
    house.done();
    assert!(matches!(begin().fails(html(200)), Fault::Strange { .. }), "no list is no proof");
}

#[test]
fn an_invitation_that_was_not_heard_is_sent_once_more() {
    let house = House::begin(beside("collaborator", json!({ "whom": "7" })))
        .hears(public())
        .sends("facebook.video.collaborators");
    assert_eq!(form(house.call()), json!({ "target_id": "7" }));
    let Fault::Refused(problem) = house.fails(graph(100, 0)) else { panic!() };
    assert_eq!(problem.fix, Fix::Edit { field: "collaborators".into() });
    house.wakes().sends("facebook.video.collaborators").hears(graph(100, 0)).done();
}

#[test]
fn a_video_that_is_never_processed_ends_the_wait() {
    let mut house = House::begin(beside("thumbnail", json!({})));
    for _ in 0..75 {
        house = house.hears(processing()).waits().wakes();
    }
    let Fault::Refused(problem) = house.fails(processing()) else { panic!() };
    assert_eq!((problem.code, problem.fix), (Code::ExtraFailed, Fix::Retry));
}

#[test]
fn what_is_missing_is_said() {
    let mut job = beside("thumbnail", json!({}));
    job.sides.clear();
    let fault = House::begin(job).fails(public());
    assert!(matches!(fault, Fault::Refused(problem) if problem.code == Code::FileMissing));
    for (step, input) in
        [("dance", json!({})), ("captions", json!({})), ("collaborator", json!({ "whom": " " }))]
    {
        assert!(AnyPlatform::begin(&Facebook, &beside(step, input)).is_err(), "{step}");
    }
    let mut nothing = beside("thumbnail", json!({}));
    nothing.remote = None;
    assert!(AnyPlatform::begin(&Facebook, &nothing).is_err());
}
