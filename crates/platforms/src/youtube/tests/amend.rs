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
    let house = House::begin(errand(Errand::Amend, job())).hears(public()).sends("videos.update");
    assert_eq!(body(house.call())["status"]["privacyStatus"], "public");
    assert!(house.hears(reply(200, json!({ "id": "vid7" }))).hears(public()).done().notes.is_empty());
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
fn taking_back_looks_first_and_only_the_removals_answer_counts() {
    let house = House::begin(errand(Errand::Retract, due_in(7200))).sends("videos.list");
    assert_eq!(code(house.fails(listed(json!({ "privacyStatus": "public" })))), Code::AlreadyPublic);
    assert_eq!(code(house.fails(listed(json!({ "privacyStatus": "unlisted" })))), Code::AlreadyPublic);
    let house = house.hears(scheduled(7200)).sends("videos.delete");
    assert!(matches!(house.fails(html(404)), Fault::Strange { .. }), "a proxy's 404 proves nothing");
    let house = house.wakes().sends("videos.list").hears(list(json!([]))).sends("videos.delete");
    assert_eq!(house.hears(google(404, "videoNotFound")).done().remote, None);
    let house = House::begin(errand(Errand::Retract, due_in(7200))).hears(scheduled(7200));
    assert_eq!(house.hears(reply(204, Value::Null)).done().remote, None);
    House::begin(Job { errand: Errand::Retract, ..job() }).done();
}

#[test]
fn an_update_is_believed_only_when_the_video_answers() {
    // A proxy's page, an empty object, another video: none of them says that anything was written.
    for body in [json!({}), json!({ "id": "vid8" }), Value::Null, json!("<html>")] {
        let house = House::begin(errand(Errand::Amend, due_in(9000))).hears(scheduled(7200));
        assert!(matches!(house.fails(reply(200, body.clone())), Fault::Strange { .. }), "{body}");
    }
}
