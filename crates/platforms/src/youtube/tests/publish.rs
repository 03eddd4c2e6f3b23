//! The upload and the minute, told as stories that go to their end.

use super::*;
use slipway_core::problem::Code;

#[test]
fn alice_publishes_at_once() {
    let house = House::begin(job()).sends("videos.insert");
    assert_eq!(house.call().costs, [Cost { bucket: "uploads", units: 1 }]);
    let house = house.hears(session()).sends("videos.insert.put");
    assert_eq!(house.sends_from(), (0, SIZE, None), "the whole file in one request, without a range");
    assert!(house.call().is_upload());
    let house = house.hears(uploaded()).sends("videos.list");
    assert_eq!(house.step.confirmed, Some(SIZE));
    assert_eq!(
        house.job.remote,
        Some(crate::youtube::remote("vid7")),
        "known as soon as it is heard of (C4)"
    );
    let house = house.hears(listed(json!({ "privacyStatus": "public", "uploadStatus": "uploaded" })));
    let done = house.done();
    assert_eq!(done.remote.as_ref().unwrap().url, "https://www.youtube.com/watch?v=vid7", "C10");
    assert_eq!(done.privacy.as_deref(), Some("public"));
    assert_eq!(done.public_at, Some("2026-11-30T10:00:00Z".parse().unwrap()));
    assert!(done.notes.is_empty());
}

#[test]
fn alice_hands_it_over_and_sleeps() {
    let waiting =
        json!({ "privacyStatus": "private", "uploadStatus": "uploaded", "publishAt": at(7200).to_string() });
    let ready =
        json!({ "privacyStatus": "private", "uploadStatus": "processed", "publishAt": at(7200).to_string() });
    assert_eq!(AnyPlatform::goes_out(&YouTube, &due_in(7200)), GoesOut::HandedOver);
    let house = House::begin(due_in(7200)).hears(session()).hears(uploaded()).hears(listed(waiting.clone()));
    assert!(matches!(house.step.act, Act::HandedOver { .. }), "{:?}", house.step.act);
    assert_eq!(house.wait(), Duration::from_secs(30), "while it is being processed, looks are frequent");
    let house = house.later(30).wakes().sends("videos.list").hears(listed(waiting.clone()));
    assert_eq!(house.wait(), Duration::from_secs(60), "and grow");
    let house = house.later(90).wakes().hears(listed(ready));
    assert_eq!(house.wait(), Duration::from_secs(7110), "processed: nothing to see before the minute");
    let house = house.later(7200).wakes().hears(listed(waiting)).waits();
    assert_eq!(house.wait(), Duration::from_secs(2));
    let house = house.later(7202).wakes().hears(listed(json!({ "privacyStatus": "public" })));
    assert_eq!(house.done().privacy.as_deref(), Some("public"));
}

#[test]
fn unlisted_at_a_minute_is_staged_and_changed_then() {
    let job = with(due_in(600), "privacy", json!("unlisted"));
    assert_eq!(AnyPlatform::goes_out(&YouTube, &job), GoesOut::Staged);
    let private = json!({ "privacyStatus": "private", "embeddable": false, "license": "youtube" });
    let house = House::begin(job).hears(session()).hears(uploaded()).hears(listed(private.clone()));
    assert!(matches!(house.step.act, Act::Ready { .. }));
    let house = house.later(10).wakes();
    assert!(matches!(house.step.act, Act::Ready { .. }), "woken early: still not before the minute");
    let house = house.later(600).wakes().sends("videos.list").hears(listed(private)).sends("videos.update");
    assert_eq!(
        body(house.call()),
        &json!({ "id": "vid7", "status": { "privacyStatus": "unlisted", "embeddable": false, "license": "youtube" } })
    );
    let unlisted = json!({ "privacyStatus": "unlisted" });
    // The answer is lost: it looks, finds it done, and does not change it again.
    let lost = house.dies();
    assert_eq!(
        lost.sends("videos.list").hears(listed(unlisted.clone())).done().privacy.as_deref(),
        Some("unlisted")
    );
    let house = house.hears(reply(200, json!({ "id": "vid7" }))).sends("videos.list").hears(listed(unlisted));
    assert!(house.done().notes.is_empty());
}

#[test]
fn a_cut_upload_goes_on_from_the_servers_offset_c21() {
    let house = House::begin(job()).hears(session()).wakes().sends("videos.insert.query");
    assert_eq!(header(house.call(), "content-range").as_deref(), Some("bytes */3000000"));
    let house = house.hears(stored(1_000_001)).sends("videos.insert.put");
    assert_eq!(house.sends_from(), (1_000_001, 1_999_999, Some("bytes 1000001-2999999/3000000".into())));
    assert_eq!(house.step.confirmed, Some(1_000_001));
    let house = house.wakes().hears(stored(0));
    assert_eq!(
        house.sends_from(),
        (0, SIZE, None),
        "nothing stored: from the first byte, whatever we believed"
    );
    let house = house.wakes().hears(uploaded()).sends("videos.list");
    assert!(house.job.remote.is_some(), "the session repeats its final answer");
}

#[test]
fn a_308_to_the_bytes_goes_on_only_if_it_moved() {
    let house = House::begin(job()).hears(session());
    assert!(matches!(house.fails(stored(0)), Fault::Again { .. }));
    assert!(matches!(
        house.fails(headed(reply(308, Value::Null), "range", "bytes=5-9")),
        Fault::Again { .. }
    ));
    let house = house.hears(stored(262_144));
    assert_eq!(house.sends_from().0, 262_144);
    assert!(matches!(house.fails(stored(262_144)), Fault::Again { .. }));
    let all = house.hears(stored(SIZE)).waits();
    let all = all.wakes().sends("videos.insert.query").hears(uploaded());
    all.sends("videos.list");
}

#[test]
fn an_unreadable_range_is_never_guessed() {
    for range in [
        "",
        "bytes=",
        "bytes=0-",
        "bytes=0--1",
        "0-5",
        "bytes=1-5",
        "bytes=0-18446744073709551615",
        "bytes=0-x",
    ] {
        let house = House::begin(job()).hears(session()).wakes();
        let fault = house.fails(headed(reply(308, Value::Null), "range", range));
        assert!(matches!(fault, Fault::Strange { .. }), "{range}: {fault:?}");
    }
}

#[test]
fn a_spoilt_final_answer_is_asked_for_again_and_then_looked_for() {
    let mut house = House::begin(job()).hears(session()).hears(html(200)).sends("videos.insert.query");
    for _ in 0..4 {
        house = house
            .hears(reply(200, json!({ "id": "no id at all" })))
            .waits()
            .wakes()
            .sends("videos.insert.query");
    }
    let house = house.hears(html(200)).sends("playlistItems.list");
    assert_eq!(asks(house.call(), "playlistId").as_deref(), Some("UUalice"));
}

pub(super) fn uploads(items: Value) -> Reply {
    reply(200, json!({ "kind": "youtube#playlistItemListResponse", "items": items }))
}

fn upload(id: &str, title: &str, at: Timestamp) -> Value {
    json!({ "snippet": { "title": title, "publishedAt": at.to_string() }, "contentDetails": { "videoId": id } })
}

/// The session answers 404 when asked after bytes went out.
fn session_gone() -> House {
    House::begin(job()).hears(session()).wakes().hears(html(404)).sends("playlistItems.list")
}

#[test]
fn a_first_body_that_is_refused_as_unknown_may_be_a_video() {
    for code in [404, 410] {
        let house = House::begin(job()).hears(session()).hears(html(code)).sends("playlistItems.list");
        let found = house.hears(uploads(json!([upload("vid7", "Bread", at(60))]))).sends("videos.list");
        let house = found.hears(listed(json!({ "privacyStatus": "public" }))).sends("videos.list");
        assert_eq!(house.job.remote.as_ref().unwrap().id, "vid7");
    }
    // Second bytes: the first may have been all of them.
    let house = House::begin(job()).hears(session()).wakes().hears(stored(9)).hears(html(404));
    house.sends("playlistItems.list");
}

#[test]
fn a_gone_session_and_the_video_on_the_channel_is_our_video_c4() {
    let house = session_gone().hears(uploads(json!([
        upload("old1", "Bread", at(-90_000)),
        upload("other", "Cake", at(60)),
        upload("vid7", "  Bread ", at(60)),
    ])));
    assert_eq!(asks(house.call(), "id").as_deref(), Some("vid7"));
    let house = house.hears(listed(json!({ "privacyStatus": "public" }))).sends("videos.list");
    assert_eq!(house.job.remote.as_ref().unwrap().id, "vid7");
    assert!(house.hears(listed(json!({ "privacyStatus": "public" }))).done().notes.is_empty());
}

#[test]
fn a_gone_session_and_no_video_is_lost_after_a_second_look() {
    let house = session_gone().hears(uploads(json!([upload("old1", "Bread", at(-90_000))]))).waits();
    let house = house.wakes().sends("playlistItems.list");
    assert!(matches!(house.fails(google(404, "playlistNotFound")), Fault::Lost { .. }));
    // A namesake of another size is not ours, and does not keep us looking for ever.
    let namesake = uploads(json!([upload("vid7", "Bread", at(60))]));
    let mut other = item(json!({ "privacyStatus": "public" }));
    other["fileDetails"] = json!({ "fileSize": "77" });
    let house = house.hears(namesake.clone()).sends("videos.list");
    assert!(matches!(house.fails(list(json!([other.clone()]))), Fault::Lost { .. }));
    let first = session_gone().hears(namesake).hears(list(json!([other]))).waits();
    first.wakes().sends("playlistItems.list");
}

#[test]
fn a_gone_session_and_two_namesakes_are_for_a_person_unless_the_size_tells() {
    let two = uploads(json!([upload("vid7", "Bread", at(60)), upload("vid8", "Bread", at(90))]));
    let house = session_gone().hears(two);
    let seven = item(json!({ "privacyStatus": "public" }));
    let mut eight = seven.clone();
    eight["id"] = "vid8".into();
    assert!(matches!(house.fails(list(json!([seven, eight]))), Fault::Unsure { .. }));
    eight["fileDetails"] = json!({ "fileSize": "99" });
    let house = house.hears(list(json!([seven, eight])));
    assert_eq!(house.job.remote.as_ref().unwrap().id, "vid7", "the other one has another size");
}

#[test]
fn a_gone_session_where_the_list_ends_too_soon_is_for_a_person() {
    let many: Vec<_> = (0..50).map(|n| upload(&format!("v{n}"), "Cake", at(60 + n))).collect();
    assert!(matches!(session_gone().fails(uploads(many.into())), Fault::Unsure { .. }));
    let mut house = House::begin(Job { account: JobAccount::default(), ..job() }).hears(session()).wakes();
    assert!(matches!(house.fails(html(404)), Fault::Unsure { .. }), "no channel to look at");
    house.job.account.live = json!({ "uploads_playlist": "UUtold" });
    assert_eq!(asks(house.hears(html(404)).call(), "playlistId").as_deref(), Some("UUtold"));
}

#[test]
fn an_old_session_is_asked_first_and_then_dead() {
    let week = 7 * 24 * 3600;
    let house = House::begin(job()).hears(session()).later(week).wakes().sends("videos.insert.query");
    assert!(matches!(house.fails(stored(9)), Fault::Lost { .. }), "308 says that it was not complete");
    assert!(house.hears(uploaded()).job.remote.is_some(), "complete is complete, however old");
}

#[test]
fn a_privacy_that_stays_different_is_told_c32() {
    let mut house = House::begin(job()).hears(session()).hears(uploaded());
    for _ in 0..3 {
        house = house.hears(listed(json!({ "privacyStatus": "private" }))).waits().wakes();
    }
    let house = house.hears(listed(json!({ "privacyStatus": "private" })));
    assert_eq!(house.done().notes[0].code, Code::PrivacyDiffers);
    assert_eq!(house.done().public_at, None, "private is not public since any time");
}

#[test]
fn a_video_not_listed_yet_is_waited_for_and_then_unsure() {
    let mut house = House::begin(job()).hears(session()).hears(uploaded());
    for _ in 0..8 {
        house = house.hears(list(json!([]))).waits().wakes().sends("videos.list");
    }
    assert!(matches!(house.fails(list(json!([]))), Fault::Unsure { .. }));
    house.hears(listed(json!({ "privacyStatus": "public" }))).done();
}

#[test]
fn a_ruined_video_is_refused_with_its_reason() {
    let house = House::begin(job()).hears(session()).hears(uploaded());
    for (status, word) in [
        (json!({ "privacyStatus": "public", "uploadStatus": "failed", "failureReason": "codec" }), "codec"),
        (
            json!({ "privacyStatus": "public", "uploadStatus": "rejected", "rejectionReason": "length" }),
            "15 minutes",
        ),
        (
            json!({ "privacyStatus": "private", "uploadStatus": "rejected", "rejectionReason": "duplicate" }),
            "same video",
        ),
    ] {
        let Fault::Refused(problem) = house.fails(listed(status)) else { panic!("not refused") };
        assert_eq!(problem.code, Code::ProcessingFailed);
        assert!(problem.message.contains(word), "{}", problem.message);
    }
}

#[test]
fn a_schedule_taken_away_in_studio_is_told_and_not_overruled() {
    let mut house = House::begin(due_in(600)).hears(session()).hears(uploaded());
    house = house
        .hears(listed(json!({ "privacyStatus": "private", "uploadStatus": "processed" })))
        .later(600)
        .wakes();
    for _ in 0..5 {
        house =
            house.hears(listed(json!({ "privacyStatus": "private" }))).waits().wakes().sends("videos.list");
    }
    let Fault::Refused(problem) = house.fails(listed(json!({ "privacyStatus": "private" }))) else {
        panic!()
    };
    assert_eq!(problem.code, Code::NotPublic);
    house.hears(listed(json!({ "privacyStatus": "public" }))).done();
}

#[test]
fn a_known_video_is_never_uploaded_again_c4() {
    let known = Job { remote: Some(crate::youtube::remote("vid7")), ..due_in(-5) };
    let house = House::begin(known.clone()).sends("videos.list");
    let scheduled = json!({ "privacyStatus": "private", "publishAt": at(-5).to_string() });
    house.hears(listed(scheduled)).waits();
    let opening = House::begin(job());
    let sending = House::begin(job()).hears(session());
    for mut house in [opening, sending] {
        house.job = known.clone();
        house.wakes().sends("videos.list");
    }
}

#[test]
fn late_is_now() {
    let house = House::begin(due_in(-60));
    assert_eq!(AnyPlatform::goes_out(&YouTube, &house.job), GoesOut::Now);
    assert_eq!(body(house.call())["status"]["privacyStatus"], "public");
    assert_eq!(body(house.call())["status"].get("publishAt"), None);
}

#[test]
fn part_that_is_refused_is_left_out_and_told() {
    let refused = |reason: &str| {
        reply(
            400,
            json!({ "error": { "code": 400, "message": "'part'", "errors": [
            { "reason": reason, "domain": "youtube.part", "locationType": "parameter", "location": "part" }] } }),
        )
    };
    let job = with(with(job(), "paid_promotion", json!(true)), "recording_date", json!("2026-10-01"));
    let parts = |house: &House| asks(house.call(), "part").unwrap();
    let house = House::begin(job).sends("videos.insert");
    assert_eq!(parts(&house), "snippet,status,recordingDetails,paidProductPlacementDetails");
    let house = house.hears(refused("unexpectedPart")).sends("videos.insert");
    assert_eq!(parts(&house), "snippet,status,recordingDetails");
    assert_eq!(body(house.call()).get("paidProductPlacementDetails"), None);
    let house = house.wakes().hears(refused("invalidPart")).sends("videos.insert");
    assert_eq!(parts(&house), "snippet,status");
    // Nothing is left to leave out.
    assert!(matches!(house.fails(refused("unknownPart")), Fault::Strange { .. }));
    let house = house.hears(session()).hears(uploaded()).hears(listed(json!({ "privacyStatus": "public" })));
    let notes = &house.done().notes;
    assert_eq!((notes.len(), notes[0].code, notes[0].blocks()), (1, Code::Refused, false));
    assert!(notes[0].message.contains("Paid promotion, Recorded on"), "{}", notes[0].message);
    // What stands in a part is another matter, and no reason to leave it out.
    let job = with(super::job(), "recording_date", json!("2026-10-01"));
    let fault = House::begin(job).fails(google(400, "invalidRecordingDetails"));
    assert!(matches!(fault, Fault::Refused(problem) if problem.code == Code::OptionInvalid));
}
