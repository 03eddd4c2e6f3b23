//! Containers and bytes, told as stories that go to their end.

use super::*;
use slipway_core::problem::{Code, Fix};

#[test]
fn alice_publishes_a_reel_at_once() {
    let house = House::begin(job()).sends("instagram.media");
    assert_eq!(house.step.stage, Stage::Opening);
    assert_eq!(address(house.call()), format!("graph.facebook.com/v25.0/{ALICE}/media"));
    let house = house.hears(made(BOX)).sends("instagram.upload");
    assert_eq!(house.sends_from(), (FileRef::Media, 0, SIZE), "the whole file in one request");
    assert_eq!(address(house.call()), URI);
    assert_eq!(house.call().auth, Auth::OAuth);
    assert_eq!(header(house.call(), "offset").as_deref(), Some("0"));
    assert_eq!(header(house.call(), "file_size").as_deref(), Some("3000000"));
    assert!(house.call().is_upload());
    let house = house.hears(took()).sends("instagram.container");
    assert_eq!(house.step.confirmed, Some(SIZE));
    assert_eq!(asks(house.call(), "fields").as_deref(), Some("id,status,status_code"));
    let house = house.hears(stands("IN_PROGRESS")).waits();
    assert_eq!(house.step.stage, Stage::Processing);
    let house =
        house.wakes().sends("instagram.container").hears(stands("FINISHED")).sends("instagram.publish");
    assert_eq!(form(house.call()), [("creation_id", BOX)]);
    let house = house.hears(posted()).sends("instagram.item");
    assert_eq!(house.job.remote.as_ref().unwrap().id, POST, "known as soon as it is heard of (C4)");
    let house = house.hears(read_back());
    let done = house.done();
    assert_eq!(done.remote, Some(Remote { id: POST.into(), url: LINK.into() }), "C10");
    assert_eq!(done.public_at, Some("2026-11-30T00:53:25Z".parse().unwrap()));
    assert_eq!(done.privacy.as_deref(), Some("public"));
    assert!(done.notes.is_empty());
}

#[test]
fn a_trial_reel_is_not_called_public_c32() {
    let house = processed(with(job(), "trial", json!("MANUAL"))).hears(posted()).hears(read_back());
    assert_eq!(house.done().privacy.as_deref(), Some("trial"));
    let story = with(with(job(), "trial", json!("MANUAL")), "kind", json!("story"));
    let house = processed(story).hears(posted()).hears(read_back());
    assert_eq!(house.done().privacy.as_deref(), Some("public"), "a story has no trial");
}

#[test]
fn a_reel_with_a_minute_is_staged_and_published_by_one_call() {
    assert_eq!(AnyPlatform::goes_out(&Instagram, &due_in(HOUR)), GoesOut::Staged);
    assert_eq!(AnyPlatform::goes_out(&Instagram, &job()), GoesOut::Now);
    let house = processed(due_in(HOUR));
    assert_eq!(house.early(), Duration::ZERO);
    assert!(house.step.remote.is_none(), "a container is no post");
    let house = house.later(10).wakes();
    assert_eq!(house.early(), Duration::ZERO, "woken early: still not before the minute");
    // The publish request is the only call at the minute.
    let house = house.later(HOUR).wakes().sends("instagram.publish");
    assert_eq!(house.step.stage, Stage::Publishing);
    house.hears(posted()).hears(read_back()).done();
}

#[test]
fn containers_are_made_a_day_ahead_at_most() {
    let facts = AnyPlatform::facts(&Instagram);
    assert_eq!(facts.ahead_s, Some(20 * 3600));
    assert!(facts.session_s < 24 * 3600);
}

#[test]
fn a_cut_upload_goes_on_from_the_servers_offset_c21() {
    let house = House::begin(job()).hears(made(BOX)).wakes().sends("instagram.upload_status");
    assert_eq!(asks(house.call(), "fields").as_deref(), Some("id,status,status_code,video_status"));
    let house = house.hears(has(1_000_001)).sends("instagram.upload");
    assert_eq!(house.sends_from(), (FileRef::Media, 1_000_001, 1_999_999));
    assert_eq!(header(house.call(), "offset").as_deref(), Some("1000001"));
    assert_eq!(header(house.call(), "file_size").as_deref(), Some("3000000"));
    assert_eq!(house.step.confirmed, Some(1_000_001));
    let house = house.wakes().hears(has(0));
    assert_eq!(house.sends_from().1, 0, "nothing is there: from the first byte, whatever we believed");
    let house = house.wakes().hears(has(SIZE)).sends("instagram.container");
    house.hears(stands("FINISHED")).sends("instagram.publish");
}

#[test]
fn offsets_are_read_in_all_their_shapes_and_never_guessed() {
    let told = |phase: Value| {
        let body =
            json!({ "id": BOX, "status_code": "IN_PROGRESS", "video_status": { "uploading_phase": phase } });
        House::begin(job()).hears(made(BOX)).wakes().hears(ok(body))
    };
    for (phase, from) in [
        (json!({ "status": "in_progress", "bytes_transferred": 7 }), 7),
        (json!({ "status": "in_progress", "bytes_transfered": 8 }), 8),
        (json!({ "status": "in_progress", "bytes_transferred": "9" }), 9),
        (json!({ "status": "not_started" }), 0),
    ] {
        assert_eq!(told(phase.clone()).sends_from().1, from, "{phase}");
    }
    for phase in [
        json!({ "status": "in_progress" }),
        json!({ "status": "in_progress", "bytes_transferred": SIZE + 1 }),
        json!({ "status": "in_progress", "bytes_transferred": -1 }),
        json!({ "bytes_transferred": "many" }),
        json!(null),
    ] {
        told(phase).waits();
    }
    told(json!({ "status": "complete" })).sends("instagram.container");
}

#[test]
fn an_upload_that_says_nothing_of_itself_begins_anew() {
    let mut house = House::begin(job()).hears(made(BOX)).wakes();
    for _ in 0..4 {
        house = house.hears(stands("IN_PROGRESS")).waits().wakes().sends("instagram.upload_status");
    }
    assert!(matches!(house.fails(stands("IN_PROGRESS")), Fault::Lost { .. }));
}

#[test]
fn refused_bytes_are_asked_about_before_any_go_again() {
    for kind in ["OffsetInvalidError", "PartialRequestError", "ProcessingFailedError", "SomethingNewError"] {
        let house = House::begin(job()).hears(made(BOX));
        let said = reply(400, json!({ "debug_info": { "retriable": false, "type": kind, "message": "no" } }));
        assert!(matches!(house.fails(said), Fault::Again { .. }), "{kind}: counted, with a pause");
        house.wakes().sends("instagram.upload_status");
    }
    // A spoilt yes is asked about at once.
    House::begin(job()).hears(made(BOX)).hears(html(200)).sends("instagram.upload_status");
    // A container that never keeps a byte is left behind; one that keeps some has all its chances again.
    let mut house = House::begin(job()).hears(made(BOX));
    for _ in 0..7 {
        house = house.wakes().hears(has(0)).sends("instagram.upload");
    }
    assert!(matches!(house.dies().fails(has(0)), Fault::Lost { .. }));
    house.wakes().hears(has(5)).sends("instagram.upload").wakes().hears(has(5)).sends("instagram.upload");
}

#[test]
fn a_lost_answer_to_making_a_container_makes_another_and_no_post() {
    let house = House::begin(job()).dies().sends("instagram.media");
    assert_eq!(house.step.stage, Stage::Opening);
    house.hears(made(BOX)).sends("instagram.upload");
}

#[test]
fn a_container_without_an_address_has_the_documented_one() {
    let house = House::begin(job()).hears(ok(json!({ "id": BOX }))).sends("instagram.upload");
    assert_eq!(address(house.call()), format!("https://rupload.facebook.com/ig-api-upload/v25.0/{BOX}"));
}

#[test]
fn a_file_that_was_taken_and_not_found_gets_one_fresh_container() {
    let house =
        House::begin(job()).hears(made(BOX)).hears(took()).hears(broke(2_207_082)).sends("instagram.media");
    let house = house.hears(made("18900000000000002")).sends("instagram.upload");
    assert_eq!(house.sends_from().1, 0);
    assert!(address(house.call()).contains("18900000000000002"));
    // The second time it is told, with the number it failed for.
    let house = house.hears(took()).hears(broke(2_207_082)).sends("instagram.container");
    let Fault::Refused(problem) = house.fails(broke(2_207_082)) else { panic!() };
    assert_eq!((problem.code, problem.fix.clone()), (Code::ProcessingFailed, Fix::Retry));
    assert!(problem.detail.unwrap().contains("2207082"));
    // And "try again" does not look at the dead one again.
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }));
    // The same when the offset is asked for.
    let house = House::begin(job()).hears(made(BOX)).wakes().hears(broke(2_207_082)).sends("instagram.media");
    house.hears(made("18900000000000002")).sends("instagram.upload");
}

#[test]
fn a_container_that_cannot_be_used_is_told_with_what_to_change() {
    for (number, code, field) in [
        (2_207_026, Code::FileUnsupported, None),
        (2_207_009, Code::FileUnsupported, None),
        (2_207_052, Code::OptionInvalid, Some("video_url")),
        (2_207_057, Code::OptionInvalid, Some("thumb_offset")),
        (2_207_010, Code::TextTooLong, Some("caption")),
        (2_207_081, Code::OptionInvalid, Some("trial")),
        (2_207_085, Code::Refused, None),
        (2_207_050, Code::NoChannel, None),
    ] {
        let house = House::begin(job())
            .hears(made(BOX))
            .hears(took())
            .hears(broke(number))
            .sends("instagram.container");
        let Fault::Refused(problem) = house.fails(broke(number)) else { panic!("{number}") };
        assert_eq!(problem.code, code, "{number}");
        if let Some(field) = field {
            assert_eq!(problem.fix, Fix::Edit { field: field.into() }, "{number}");
        }
    }
    let house = House::begin(job())
        .hears(made(BOX))
        .hears(took())
        .hears(broke(2_207_051))
        .sends("instagram.container");
    assert!(matches!(house.fails(broke(2_207_051)), Fault::Limit { whose: Whose::Account, .. }));
}

#[test]
fn a_container_that_ran_out_or_is_not_known_begins_anew() {
    let sending = House::begin(job()).hears(made(BOX)).wakes();
    let polling = House::begin(job()).hears(made(BOX)).hears(took());
    for house in [sending, polling] {
        assert!(matches!(house.fails(stands("EXPIRED")), Fault::Lost { .. }));
        assert!(matches!(house.fails(graph(400, 100, 33)), Fault::Lost { .. }));
        assert!(matches!(house.fails(graph(400, 24, 2_207_008)), Fault::Lost { .. }));
    }
}

#[test]
fn processing_is_looked_at_for_an_hour_and_then_told_c26() {
    let mut house = House::begin(job()).hears(made(BOX)).hears(took());
    let mut waited = Duration::ZERO;
    while let Ok(step) = AnyPlatform::after(&Instagram, &house.job, &house.memo, &stands("IN_PROGRESS")) {
        let Act::Wait(wait) = step.act else { panic!() };
        waited += wait;
        house.memo = step.memo;
        house = house.wakes().sends("instagram.container");
    }
    assert!((3000..4000).contains(&waited.as_secs()), "{waited:?}");
    let Fault::Refused(problem) = house.fails(stands("IN_PROGRESS")) else { panic!() };
    assert_eq!((problem.code, problem.fix), (Code::ProcessingFailed, Fix::Retry));
    let house = house.wakes().hears(stands("FINISHED"));
    house.sends("instagram.publish");
}

#[test]
fn an_edit_before_the_minute_makes_the_container_anew_c38() {
    let staged = || processed(due_in(HOUR));
    let mut house = staged();
    house.job.words.caption = "How to bake rye".into();
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }), "ahead of the minute");
    house.job.now = at(HOUR);
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }), "and at it: the old words are never posted");
    let mut house = staged();
    house.job.options.insert("collaborators".into(), json!(["bob"]));
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }));
    let mut house = staged();
    house.job.options.insert("kind".into(), json!("reel"));
    house.job.options.insert("audio_name".into(), json!("  "));
    house.job.options.insert("comments".into(), json!(false));
    house.job.words.title = "nobody sees it".into();
    assert_eq!(house.wakes().early(), Duration::ZERO, "nothing that is baked in has changed");
    // Another way to sign in does not know the container of this one.
    let mut house = staged();
    house.job.account.way = "instagram_login".into();
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }));
    // While bytes are on their way, too.
    let mut house = House::begin(job()).hears(made(BOX));
    house.job.words.caption = "other".into();
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }));
}

#[test]
fn a_later_minute_than_a_container_lives_makes_it_anew_in_time() {
    let mut house = processed(due_in(HOUR));
    house.job.due = Some(at(72 * HOUR));
    house.job.pace.bytes_per_s = Some(1000);
    let house = house.wakes();
    // Three million bytes at half of a thousand a second, and half an hour.
    assert_eq!(house.early(), Duration::from_secs(6000 + 1800));
    let house = house.later(72 * HOUR - 8000).wakes();
    assert_eq!(house.early(), Duration::from_secs(7800), "not sooner than needed, or it would end again");
    let house = house.later(72 * HOUR - 7800);
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }));
    let late = processed(due_in(HOUR)).later(25 * HOUR);
    assert!(matches!(late.wakes_in_vain(), Fault::Lost { .. }), "known to be over: no call is made for it");
}

#[test]
fn a_story_goes_the_same_way_without_words() {
    let house = House::begin(with(job(), "kind", json!("story")));
    assert_eq!(form(house.call()), [("media_type", "STORIES"), ("upload_type", "resumable")]);
    house.hears(made(BOX)).hears(took()).hears(stands("FINISHED")).hears(posted()).hears(read_back()).done();
}

#[test]
fn by_instagram_login_the_video_is_fetched_and_no_byte_sent_c25() {
    let house = House::begin(by_address()).sends("instagram.media");
    assert_eq!(address(house.call()), format!("graph.instagram.com/v25.0/{ALICE}/media"));
    assert_eq!(
        form(house.call()),
        [
            ("media_type", "REELS"),
            ("video_url", "https://cdn.example.com/bread.mp4"),
            ("caption", "How to bake"),
            ("share_to_feed", "true")
        ]
    );
    let house = house.hears(ok(json!({ "id": BOX }))).sends("instagram.container");
    assert_eq!(address(house.call()), format!("graph.instagram.com/v25.0/{BOX}"));
    let house = house.hears(stands("FINISHED")).sends("instagram.publish");
    assert_eq!(address(house.call()), format!("graph.instagram.com/v25.0/{ALICE}/media_publish"));
    let house = house.hears(posted()).sends("instagram.item").hears(read_back());
    house.done();
    let house = House::begin(by_address());
    let mut other = House { memo: house.memo.clone(), ..House::begin(by_address()) };
    other.job.options.insert("video_url".into(), json!("https://cdn.example.com/rye.mp4"));
    assert!(matches!(other.wakes_in_vain(), Fault::Lost { .. }), "another address is another video");
    // Fetching it failed for a while: one fresh container; fetching it is impossible: told.
    let polling = house.hears(ok(json!({ "id": BOX })));
    let told = polling.dies().hears(broke(2_207_052)).sends("instagram.container").fails(broke(2_207_052));
    assert!(
        matches!(told, Fault::Refused(problem) if problem.fix == Fix::Edit { field: "video_url".into() })
    );
    polling.hears(broke(2_207_003)).sends("instagram.media");
}

#[test]
fn a_known_post_is_never_sent_again_c4() {
    let known = Job { remote: Some(crate::instagram::remote(&job(), POST)), ..due_in(-5) };
    House::begin(known.clone()).sends("instagram.item");
    let creating = House::begin(job());
    let sending = House::begin(job()).hears(made(BOX));
    let staged = processed(due_in(HOUR)).later(HOUR);
    let publishing = asked_for();
    for mut house in [creating, sending, staged, publishing] {
        house.job.remote = known.remote.clone();
        house.dies().sends("instagram.item").hears(read_back()).done();
    }
}

#[test]
fn late_is_now() {
    let house = processed(due_in(-60)).sends("instagram.publish");
    assert_eq!(AnyPlatform::goes_out(&Instagram, &house.job), GoesOut::Now);
}
