//! Edits, other times and removals of what Facebook holds.

use super::*;
use slipway_core::problem::{Code, Fix};

fn held(errand: Errand, due: Option<i64>) -> Job {
    Job {
        errand,
        due: due.map(at),
        remote: Some(Remote { id: "900".into(), url: "https://www.facebook.com/reel/900".into() }),
        ..job()
    }
}

fn refused(fault: Fault) -> (Code, Fix) {
    match fault {
        Fault::Refused(problem) => (problem.code, problem.fix),
        other => panic!("not refused but {other:?}"),
    }
}

#[test]
fn new_words_are_written_and_read_back_c38() {
    let mut job = held(Errand::Amend, Some(3600));
    job.words.caption = "How to bake better".into();
    let house = House::begin(job).sends("facebook.video.status").hears(planned(3600, "complete"));
    let house = house.sends("facebook.video.amend");
    assert_eq!(
        form(house.call()),
        json!({ "description": "How to bake better", "name": "Bread" }),
        "the same time is not said again: one that is near would be refused for itself"
    );
    // It shows the old text for a moment.
    let house = house.hears(yes()).hears(planned(3600, "complete")).waits().wakes();
    let said = ok(json!({ "id": "900", "description": "How to bake better", "status": {
        "publishing_phase": { "status": "not_started", "publish_status": "scheduled", "publish_time": NOW + 3600 } } }));
    house.hears(said).done();
}

#[test]
fn update_names_filled_fields_only() {
    let said = |title: &str, caption: &str, job: Job| {
        let mut job = job;
        job.words = Words { title: title.into(), caption: caption.into() };
        form(House::begin(job).hears(planned(3600, "complete")).sends("facebook.video.amend").call())
    };
    let moved = || held(Errand::Amend, Some(7200));
    let minute = (NOW + 7200).to_string();
    assert_eq!(said(" ", "", moved()), json!({ "scheduled_publish_time": minute }));
    assert_eq!(said("Bread", "\n", moved()), json!({ "name": "Bread", "scheduled_publish_time": minute }));
    let video = with(held(Errand::Amend, Some(3600)), "kind", json!("video"));
    assert_eq!(said("", "Eat it", video), json!({ "description": "Eat it", "embeddable": "true" }));
    // Nothing to say at all: it is only read back, and what stands there stays and is told.
    let mut job = held(Errand::Amend, Some(3600));
    job.words = Words::default();
    let house = House::begin(job).hears(planned(3600, "complete")).sends("facebook.video.status");
    let kept = refused(house.fails(planned(3600, "complete")));
    assert_eq!(kept, (Code::Refused, Fix::Edit { field: "caption".into() }));
    let bare = ok(json!({ "id": "900", "status": { "publishing_phase": {
        "status": "not_started", "publish_status": "scheduled", "publish_time": NOW + 3600 } } }));
    house.hears(bare).done();
}

#[test]
fn a_new_time_looks_writes_and_reads_back() {
    let house = House::begin(held(Errand::Amend, Some(7200))).hears(planned(3600, "complete"));
    assert_eq!(form(house.call())["scheduled_publish_time"], (NOW + 7200).to_string());
    let house = house
        .wakes()
        .sends("facebook.video.status")
        .hears(planned(3600, "complete"))
        .sends("facebook.video.amend");
    let house = house.hears(yes()).hears(planned(7200, "complete"));
    assert_eq!(house.done().privacy, None, "it is not public yet");
    let mut house =
        House::begin(held(Errand::Amend, Some(7200))).hears(planned(3600, "complete")).hears(yes());
    for _ in 0..3 {
        house = house.hears(planned(3600, "complete")).waits().wakes();
    }
    assert_eq!(refused(house.fails(planned(3600, "complete"))).0, Code::Strange);
}

#[test]
fn a_time_facebook_does_not_take_is_refused_here() {
    for (seconds, field) in [(60, "due"), (40 * 86_400, "due")] {
        let house = House::begin(held(Errand::Amend, Some(seconds)));
        let got = refused(house.fails(planned(3600, "complete")));
        assert_eq!(got, (Code::TimeInvalid, Fix::Edit { field: field.into() }), "{seconds}");
    }
    // The time it has already may be near: words can still be changed.
    House::begin(held(Errand::Amend, Some(60))).hears(planned(60, "complete")).sends("facebook.video.amend");
}

#[test]
fn taking_the_time_away_publishes_it() {
    let house = House::begin(held(Errand::Amend, None)).hears(planned(3600, "complete"));
    assert_eq!(form(house.call())["published"], "true");
    house.hears(yes()).hears(public()).done();
}

#[test]
fn what_is_public_is_not_moved_but_may_be_reworded() {
    let house = House::begin(held(Errand::Amend, Some(7200)));
    assert_eq!(refused(house.fails(public())).0, Code::AlreadyPublic);
    let house = House::begin(held(Errand::Amend, None)).hears(public()).sends("facebook.video.amend");
    assert_eq!(form(house.call()).get("published"), None);
    house.hears(yes()).hears(public()).done();
}

#[test]
fn a_reel_that_waits_here_takes_its_words_when_it_is_finished() {
    let house = House::begin(held(Errand::Amend, Some(300))).hears(whole()).sends("facebook.video.amend");
    house.hears(graph(100, 0)).done();
    let house = House::begin(held(Errand::Amend, Some(3600))).hears(planned(3600, "complete"));
    assert!(matches!(house.fails(graph(100, 0)), Fault::Refused(_)), "what is finished must take them");
    let house = House::begin(held(Errand::Amend, Some(300))).hears(whole());
    assert!(matches!(house.fails(graph(2, 0)), Fault::Again { .. }));
}

#[test]
fn a_video_takes_its_own_options_along() {
    let mut job = with(held(Errand::Amend, Some(3600)), "kind", json!("video"));
    job = with(with(job, "category", json!("MUSIC")), "embeddable", json!(false));
    let house = House::begin(job).hears(planned(3600, "complete"));
    let said = form(house.call());
    assert_eq!((&said["content_category"], &said["embeddable"]), (&json!("MUSIC"), &json!("false")));
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let nothing = Job { errand: Errand::Amend, ..job() };
    assert!(matches!(AnyPlatform::begin(&Facebook, &nothing), Err(Fault::Refused(_))));
    let mut house = House::begin(held(Errand::Amend, None));
    for _ in 0..6 {
        house = house.hears(graph(100, 33)).waits().wakes();
    }
    assert_eq!(refused(house.fails(graph(100, 33))).0, Code::NotFound);
}

#[test]
fn what_is_planned_is_taken_back_and_what_is_public_stays() {
    let house = House::begin(held(Errand::Retract, Some(3600))).sends("facebook.video.status");
    let house = house.hears(planned(3600, "complete")).sends("facebook.video.delete");
    assert_eq!(path(house.call()), "DELETE graph.facebook.com/v25.0/900");
    assert_eq!(house.step.stage, Stage::Removing);
    let house = house.hears(yes()).sends("facebook.video.status");
    // A yes alone is no proof.
    let house = house.hears(planned(3600, "complete")).waits().wakes().hears(graph(100, 33));
    assert_eq!(house.done().remote, None);
    let house = House::begin(held(Errand::Retract, None));
    assert_eq!(refused(house.fails(public())).0, Code::AlreadyPublic);
}

#[test]
fn a_removal_counts_only_by_its_own_answer() {
    let house =
        House::begin(held(Errand::Retract, Some(3600))).hears(graph(100, 33)).sends("facebook.video.delete");
    house.hears(graph(100, 33)).sends("facebook.video.status").hears(graph(100, 33)).done();
    let house = House::begin(held(Errand::Retract, Some(3600))).hears(planned(3600, "complete"));
    for odd in [html(200), ok(json!({ "success": false })), graph(2, 0), graph(10, 0)] {
        assert!(AnyPlatform::after(&Facebook, &house.job, &house.memo, &odd).is_err());
    }
    house.wakes().sends("facebook.video.status");
    let nothing = Job { errand: Errand::Retract, ..job() };
    House::begin(nothing).done();
}
