//! A reel's bytes: from start to the last one, over every break.

use super::*;

#[test]
fn a_reel_goes_out_now() {
    let house = House::begin(job()).sends("facebook.reels.start");
    assert_eq!(house.step.stage, Stage::Opening);
    assert_eq!(path(house.call()), "POST graph.facebook.com/v25.0/100/video_reels");
    assert_eq!(form(house.call()), json!({ "upload_phase": "start" }));

    let house = house.hears(started()).sends("facebook.upload");
    assert_eq!(house.from(), 0);
    assert_eq!(house.call().auth, Auth::OAuth, "the upload host takes no bearer");
    assert_eq!(header(house.call(), "offset").as_deref(), Some("0"));
    assert_eq!(header(house.call(), "file_size").as_deref(), Some("3000000"));
    assert_eq!(house.job.remote, None, "what is not finished is nothing yet");

    let house =
        house.hears(yes()).sends("facebook.video.status").hears(whole()).sends("facebook.reels.finish");
    assert_eq!(
        form(house.call()),
        json!({ "upload_phase": "finish", "video_id": "900", "video_state": "PUBLISHED", "description": "How to bake", "title": "Bread" })
    );
    assert_eq!(house.job.remote.as_ref().unwrap().url, "https://www.facebook.com/reel/900");
    assert_eq!(house.step.confirmed, Some(SIZE));

    let house =
        house.hears(ok(json!({ "success": true, "post_id": "100_5" }))).sends("facebook.video.status");
    let house = house.hears(processing()).waits();
    assert_eq!(house.step.stage, Stage::Processing);
    let house = house.wakes().hears(public());
    let done = house.done();
    assert_eq!(done.remote.as_ref().unwrap().url, "https://www.facebook.com/reel/900/");
    assert_eq!(done.privacy.as_deref(), Some("public"));
    assert_eq!(done.public_at, Some(at(5)));
    assert!(done.notes.is_empty());
}

#[test]
fn a_cut_upload_goes_on_from_the_servers_offset_c21() {
    for spelling in ["bytes_transfered", "bytes_transferred"] {
        let house = House::begin(job()).hears(started()).wakes().sends("facebook.video.status");
        let house = house.hears(shows(json!({ "video_status": "uploading",
            "uploading_phase": { "status": "in_progress", spelling: 1_000_000 } })));
        assert_eq!(house.from(), 1_000_000);
        assert_eq!(header(house.call(), "offset").as_deref(), Some("1000000"));
        assert_eq!(header(house.call(), "file_size").as_deref(), Some("3000000"));
    }
    let fresh = shows(json!({ "video_status": "uploading", "uploading_phase": { "status": "not_started" } }));
    assert_eq!(House::begin(job()).hears(started()).wakes().hears(fresh).from(), 0);
}

#[test]
fn a_start_that_was_not_heard_is_made_again() {
    House::begin(job()).wakes().sends("facebook.reels.start");
    for odd in [html(200), ok(json!({})), ok(json!({ "video_id": "a/b" }))] {
        assert!(matches!(House::begin(job()).fails(odd), Fault::Strange { .. }));
    }
}

#[test]
fn without_an_address_the_documented_one_is_taken() {
    let house = House::begin(job()).hears(ok(json!({ "video_id": 900 })));
    let Target::Given(address) = &house.call().target else { panic!() };
    assert_eq!(address.expose(), "https://rupload.facebook.com/video-upload/v25.0/900");
}

#[test]
fn whatever_the_upload_host_says_it_is_asked_how_far_it_is() {
    let house = House::begin(job()).hears(started());
    for kind in ["OffsetInvalidError", "PartialRequestError", "ProcessingFailedError"] {
        let said = reply(400, json!({ "debug_info": { "retriable": false, "type": kind, "message": "m" } }));
        assert!(matches!(house.fails(said), Fault::Again { .. }), "{kind}");
    }
    assert!(matches!(house.fails(html(200)), Fault::Strange { .. }), "a hotel's page is no yes");
    assert!(matches!(house.fails(graph(190, 463)), Fault::SignIn { .. }));
    house.wakes().sends("facebook.video.status");
}

#[test]
fn a_yes_is_believed_only_when_the_bytes_are_there_c22() {
    let mut house = House::begin(job()).hears(started()).hears(yes());
    for _ in 0..4 {
        house = house.hears(has(2_000_000)).waits().wakes().sends("facebook.video.status");
    }
    // It may have lagged; now its own word counts.
    let mut house = house.hears(has(2_000_000));
    assert_eq!(house.from(), 2_000_000);
    for _ in 0..2 {
        house = house.hears(yes());
        for _ in 0..4 {
            house = house.hears(has(2_000_000)).waits().wakes();
        }
        if let Err(fault) = AnyPlatform::after(&Facebook, &house.job, &house.memo, &has(2_000_000)) {
            assert!(matches!(fault, Fault::Lost { .. }), "{fault:?}");
            return;
        }
        house = house.hears(has(2_000_000));
    }
    panic!("it would go on for ever");
}

#[test]
fn an_upload_that_says_nothing_of_bytes_is_never_guessed() {
    let silent = || shows(json!({ "video_status": "uploading" }));
    let mut house = House::begin(job()).hears(started()).wakes();
    for _ in 0..4 {
        house = house.hears(silent()).waits().wakes();
    }
    assert!(matches!(house.fails(silent()), Fault::Strange { .. }));
    // After a yes, and several looks, the yes is all there is.
    let mut house = House::begin(job()).hears(started()).hears(yes());
    for _ in 0..4 {
        house = house.hears(silent()).waits().wakes();
    }
    house.hears(silent()).sends("facebook.reels.finish");
}

#[test]
fn a_reel_that_is_gone_before_it_was_finished_begins_anew() {
    for status in ["expired", "upload_failed"] {
        let house = House::begin(job()).hears(started()).wakes();
        assert!(matches!(house.fails(shows(json!({ "video_status": status }))), Fault::Lost { .. }));
    }
    let mut house = House::begin(job()).hears(started()).wakes();
    for _ in 0..4 {
        house = house.hears(graph(100, 33)).waits().wakes();
    }
    assert!(matches!(house.fails(graph(100, 33)), Fault::Lost { .. }));
}

#[test]
fn a_file_facebook_cannot_use_is_told_before_it_is_finished_c26() {
    use slipway_core::problem::{Code, Fix};
    for (code, want) in [
        (1_363_040, Code::FileUnsupported),
        (1_363_127, Code::FileUnsupported),
        (1_363_128, Code::FileUnsupported),
        (1_363_129, Code::FileUnsupported),
        (1, Code::ProcessingFailed),
    ] {
        let house = House::begin(job()).hears(started()).hears(yes());
        let said = shows(json!({ "video_status": "error", "uploading_phase": { "status": "complete" },
            "processing_phase": { "status": "error", "errors": [{ "code": code, "message": "too long" }] } }));
        let Fault::Refused(problem) = house.fails(said) else { panic!() };
        assert_eq!((problem.code, &problem.fix), (want, &Fix::ChooseFile));
        assert_eq!(problem.detail.as_deref(), Some(format!("{code} too long").as_str()));
        assert_eq!(house.job.remote, None);
    }
}

#[test]
fn a_reel_somebody_finished_already_is_not_finished_again_c4() {
    let house = House::begin(job()).hears(started()).wakes().hears(public()).sends("facebook.video.status");
    assert_eq!(house.job.remote.as_ref().unwrap().id, "900");
    house.hears(public()).done();
}

#[test]
fn another_kind_or_a_time_too_far_begins_anew_while_nothing_was_made() {
    let mut house = House::begin(job()).hears(started());
    house.job = with(house.job, "kind", json!("video"));
    assert!(matches!(house.wakes_to_a_fault(), Fault::Lost { .. }));
    let mut house = House::begin(job()).hears(started());
    house.job.due = Some(at(40 * 86_400));
    assert!(matches!(house.wakes_to_a_fault(), Fault::Lost { .. }));
}
