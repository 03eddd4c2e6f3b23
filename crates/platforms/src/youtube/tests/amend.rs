//! Edits and removals at the platform (C38).

use super::*;
use slipway_core::problem::Code;

fn errand(errand: Errand, job: Job) -> Job {
    Job { errand, remote: Some(crate::youtube::remote("vid7")), ..job }
}

fn scheduled(seconds: i64) -> Reply {
    listed(json!({ "privacyStatus": "private", "publishAt": at(seconds).to_string(), "embeddable": false }))
}

fn code(fault: Fault) -> Code {
    match fault {
        Fault::Refused(problem) => problem.code,
        other => panic!("not refused but {other:?}"),
    }
}

#[test]
fn a_new_time_looks_writes_and_reads_back() {
    let house = House::begin(errand(Errand::Amend, due_in(9000))).sends("videos.list");
    let house = house.hears(scheduled(7200)).sends("videos.update");
    assert_eq!(house.call().costs, [Cost { bucket: "pool", units: 50 }]);
    assert_eq!(body(house.call())["status"]["publishAt"], at(9000).to_string());
    assert_eq!(body(house.call())["status"]["privacyStatus"], "private");
    assert_eq!(body(house.call())["status"]["embeddable"], false);
    let house = house.wakes().sends("videos.list").hears(scheduled(7200)).sends("videos.update");
    let house = house.hears(reply(200, json!({ "id": "vid7" }))).sends("videos.list");
    let house = house.hears(scheduled(7200)).waits().wakes().hears(scheduled(9000));
    assert_eq!(house.done().privacy.as_deref(), Some("private"));
    assert!(house.done().notes.is_empty());
}

#[test]
fn a_time_that_does_not_take_is_told() {
    let mut house = House::begin(errand(Errand::Amend, due_in(9000)))
        .hears(scheduled(7200))
        .hears(reply(200, json!({ "id": "vid7" })));
    for _ in 0..3 {
        house = house.hears(scheduled(7200)).waits().wakes().sends("videos.list");
    }
    assert_eq!(code(house.fails(scheduled(7200))), Code::Strange);
}

#[test]
fn what_is_public_is_not_re_timed_but_its_words_may_change() {
    let public = || listed(json!({ "privacyStatus": "public" }));
    let house = House::begin(errand(Errand::Amend, due_in(9000)));
    assert_eq!(code(house.fails(public())), Code::AlreadyPublic);
    let mut rye = job();
    rye.words.title = "Rye".into();
    let house = House::begin(errand(Errand::Amend, rye.clone())).hears(public()).sends("videos.update");
    assert_eq!(body(house.call())["status"]["privacyStatus"], "public");
    // A yes alone is no proof: the new words have to show.
    let mut house = house.hears(reply(200, json!({ "id": "vid7" })));
    for _ in 0..3 {
        house = house.hears(public()).waits().wakes().sends("videos.list");
    }
    assert_eq!(code(house.fails(public())), Code::Strange);
    let mut shown = item(json!({ "privacyStatus": "public" }));
    shown["snippet"]["title"] = "Rye".into();
    assert!(house.hears(list(json!([shown.clone()]))).done().notes.is_empty());
    // What an earlier, unheard try has written is not written again.
    House::begin(errand(Errand::Amend, rye)).hears(list(json!([shown]))).done();
}

#[test]
fn an_edit_of_a_vanished_video_says_so() {
    let mut house = House::begin(errand(Errand::Amend, due_in(9000)));
    for _ in 0..6 {
        house = house.hears(list(json!([]))).waits().wakes().sends("videos.list");
    }
    assert_eq!(code(house.fails(list(json!([])))), Code::NotFound);
    let nothing = Job { errand: Errand::Amend, ..job() };
    assert_eq!(code(AnyPlatform::begin(&YouTube, &nothing).unwrap_err()), Code::NotNow);
}

#[test]
fn taking_back_looks_first_and_counts_only_when_the_video_is_gone() {
    let house = House::begin(errand(Errand::Retract, due_in(7200))).sends("videos.list");
    assert_eq!(code(house.fails(listed(json!({ "privacyStatus": "public" })))), Code::AlreadyPublic);
    assert_eq!(code(house.fails(listed(json!({ "privacyStatus": "unlisted" })))), Code::AlreadyPublic);
    let house = house.hears(scheduled(7200)).sends("videos.delete");
    assert!(matches!(house.fails(html(404)), Fault::Strange { .. }), "a proxy's 404 proves nothing");
    let house = house.wakes().sends("videos.list").hears(list(json!([]))).sends("videos.delete");
    let house = house.hears(google(404, "videoNotFound")).sends("videos.list");
    assert_eq!(house.hears(list(json!([]))).done().remote, None);
    let begun = || House::begin(errand(Errand::Retract, due_in(7200))).hears(scheduled(7200));
    let house = begun().hears(reply(204, Value::Null)).sends("videos.list");
    let house = house.hears(scheduled(7200)).waits().wakes().sends("videos.list");
    assert_eq!(house.hears(list(json!([]))).done().remote, None);
    // A web page in place of the answer: not listed proves nothing then, and it is deleted again.
    let house = begun().hears(html(200)).sends("videos.list");
    house.dies().sends("videos.list");
    let house = house.hears(list(json!([]))).sends("videos.delete").hears(google(404, "videoNotFound"));
    house.hears(list(json!([]))).done();
    // Listed for ever, whatever is answered: for a person in the end.
    let mut house = begun().hears(html(200));
    let mut tries = 0;
    while !matches!(
        AnyPlatform::after(&YouTube, &house.job, &house.memo, &scheduled(7200)),
        Err(Fault::Strange { .. })
    ) {
        house = house.hears(scheduled(7200)).sends("videos.delete").hears(html(200));
        tries += 1;
        assert!(tries < 10, "without an end");
    }
    House::begin(Job { errand: Errand::Retract, ..job() }).done();
}

#[test]
fn what_became_public_after_the_cancel_is_deleted_and_what_was_before_is_not() {
    let public = || listed(json!({ "privacyStatus": "public" }));
    let published: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
    let mut cancelled = errand(Errand::Retract, job());
    cancelled.cancelled_at = Some(published);
    House::begin(cancelled.clone()).hears(public()).sends("videos.delete");
    cancelled.cancelled_at = Some(published + jiff::SignedDuration::from_secs(1));
    assert_eq!(code(House::begin(cancelled).fails(public())), Code::AlreadyPublic);
}

#[test]
fn an_update_is_believed_only_when_the_video_answers() {
    // A proxy's page, an empty object, another video: none of them says that anything was written.
    for body in [json!({}), json!({ "id": "vid8" }), Value::Null, json!("<html>")] {
        let house = House::begin(errand(Errand::Amend, due_in(9000))).hears(scheduled(7200));
        assert!(matches!(house.fails(reply(200, body.clone())), Fault::Strange { .. }), "{body}");
    }
}
