//! The minute: handed over, staged, now; what is heard and what is not.

use super::*;
use slipway_core::problem::{Code, Fix};

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// A reel with all its bytes there, just before it is finished.
fn uploaded(job: Job) -> House {
    House::begin(job).hears(started()).hears(yes()).hears(whole())
}

#[test]
fn facebook_takes_a_time_from_eleven_minutes_to_twenty_nine_days() {
    for (ahead, want) in [
        (-5, GoesOut::Now),
        (1, GoesOut::Staged),
        (11 * 60 - 1, GoesOut::Staged),
        (11 * 60, GoesOut::HandedOver),
        (29 * DAY - 600, GoesOut::HandedOver),
        (60 * DAY, GoesOut::HandedOver),
    ] {
        assert_eq!(AnyPlatform::goes_out(&Facebook, &due_in(ahead, job())), want, "{ahead}");
    }
    assert_eq!(AnyPlatform::goes_out(&Facebook, &job()), GoesOut::Now);
}

#[test]
fn a_time_too_far_ahead_waits_here_and_costs_nothing() {
    let fault = AnyPlatform::begin(&Facebook, &due_in(40 * DAY, job())).unwrap_err();
    let Fault::Limit { whose: Whose::Delivery, until: Until::For(wait), problem } = fault else { panic!() };
    assert_eq!((wait, problem.code), (Duration::from_secs((11 * DAY + 600) as u64), Code::NotNow));
    let facts = AnyPlatform::facts(&Facebook);
    assert!(facts.ahead_s.unwrap() < (29 * DAY - 600) as u64, "the engine comes when it is near enough");
}

#[test]
fn a_planned_reel_is_handed_over_and_public_at_its_minute() {
    let house = uploaded(due_in(HOUR, job())).sends("facebook.reels.finish");
    assert_eq!(house.step.stage, Stage::Publishing);
    let said = form(house.call());
    assert_eq!(said["video_state"], "SCHEDULED");
    assert_eq!(said["scheduled_publish_time"], (NOW + HOUR).to_string());
    let house = house.hears(yes()).hears(planned(HOUR, "in_progress")).rests_handed_over();
    assert_eq!(house.wait(), Duration::from_secs(30), "a look while it is processed (C26)");
    let house = house.later(60).wakes().hears(planned(HOUR, "complete")).rests_handed_over();
    assert_eq!(house.wait(), Duration::from_secs(HOUR as u64 - 60), "then at its minute");
    let house = house.later(HOUR).wakes().hears(planned(HOUR, "complete")).waits();
    let house = house.later(HOUR + 3).wakes().hears(public());
    assert_eq!(house.done().privacy.as_deref(), Some("public"));
}

#[test]
fn a_fraction_of_a_second_is_rounded_up() {
    let mut job = due_in(HOUR, job());
    job.due = Some(at(HOUR).checked_add(jiff::SignedDuration::from_millis(1)).unwrap());
    let said = form(uploaded(job).call());
    assert_eq!(said["scheduled_publish_time"], (NOW + HOUR + 1).to_string(), "never before its minute");
}

#[test]
fn what_facebook_cannot_use_is_told_before_its_minute_c26() {
    let house =
        uploaded(due_in(HOUR, job())).hears(yes()).hears(planned(HOUR, "in_progress")).later(30).wakes();
    let said = shows(json!({ "video_status": "error", "processing_phase": { "status": "error",
        "errors": [{ "code": 1363128, "message": "duration" }] } }));
    let Fault::Refused(problem) = house.fails(said) else { panic!() };
    assert_eq!((problem.code, problem.fix), (Code::FileUnsupported, Fix::ChooseFile));
}

#[test]
fn a_time_too_near_is_kept_here_and_one_call_is_made_at_the_minute() {
    let house = uploaded(due_in(300, job())).rests_ready();
    assert_eq!(house.job.remote.as_ref().unwrap().id, "900", "so that a cancel can remove it");
    let house = house.later(120).wakes().rests_ready();
    let house = house.later(300).wakes().sends("facebook.reels.finish");
    assert_eq!(form(house.call())["video_state"], "PUBLISHED");
    assert_eq!(form(house.call()).get("scheduled_publish_time"), None);
    house
        .hears(yes())
        .sends("facebook.video.status")
        .hears(processing())
        .waits()
        .wakes()
        .hears(public())
        .done();
}

#[test]
fn an_upload_that_facebook_gave_up_before_its_minute_may_be_made_anew() {
    for status in ["expired", "upload_failed"] {
        let house =
            uploaded(due_in(300, job())).rests_ready().later(300).wakes().sends("facebook.reels.finish");
        let said =
            house.hears(yes()).sends("facebook.video.status").fails(shows(json!({ "video_status": status })));
        assert!(matches!(said, Fault::Failed(problem) if problem.code == Code::ProcessingFailed), "{status}");
    }
}

#[test]
fn a_staged_reel_that_gets_a_later_time_is_handed_over_after_all() {
    let mut house = uploaded(due_in(300, job())).rests_ready();
    house.job.due = Some(at(2 * HOUR));
    let house = house.wakes().sends("facebook.reels.finish");
    assert_eq!(form(house.call())["video_state"], "SCHEDULED");
    let mut house = uploaded(due_in(300, job())).rests_ready();
    house.job.due = Some(at(60 * DAY));
    let early = house.wakes().step.act;
    assert!(matches!(early, Act::Ready { early } if early == Duration::from_secs((29 * DAY - 600) as u64)));
}

#[test]
fn an_upload_that_ends_after_the_last_moment_for_a_plan_is_staged() {
    let house = House::begin(due_in(20 * 60, job())).hears(started()).hears(yes()).later(10 * 60);
    house.hears(whole()).rests_ready();
}

#[test]
fn a_finish_that_was_not_heard_is_looked_for_before_it_is_made_again_c2() {
    // It took: nothing is made again, whatever was lost.
    for (seen, job) in [(planned(HOUR, "complete"), due_in(HOUR, job())), (public(), job())] {
        let house = uploaded(job).wakes().sends("facebook.video.status").hears(seen);
        assert!(matches!(house.step.act, Act::Done(_) | Act::HandedOver { .. }), "{:?}", house.step.act);
    }
    let going =
        shows(json!({ "publishing_phase": { "status": "in_progress", "publish_status": "published" } }));
    let house = uploaded(job()).wakes().hears(going).waits();
    assert_eq!(house.step.stage, Stage::Processing);
    // It did not: two looks, then the same reel is asked once more.
    let house = uploaded(job()).wakes().hears(whole()).waits().wakes().hears(whole()).waits();
    let house = house.wakes().hears(whole()).sends("facebook.reels.finish");
    assert_eq!(form(house.call())["video_id"], "900");
}

#[test]
fn an_error_after_which_it_may_be_out_is_looked_at_c2() {
    let house = uploaded(job());
    // The well-known 500 with code 2 goes to `resume` by the engine; the same with another status comes here.
    for said in
        [graph(2, 0), graph(1, 0), reply(400, json!({ "error": { "code": 9, "is_transient": true } }))]
    {
        assert!(matches!(house.fails(said), Fault::Again { .. }));
    }
    assert!(matches!(house.fails(html(200)), Fault::Strange { .. }), "a hotel's page is no yes");
    house.wakes().sends("facebook.video.status");
}

#[test]
fn a_repeat_that_is_refused_may_be_done_already_c3() {
    let again = || uploaded(job()).wakes().hears(whole()).wakes().hears(whole()).wakes().hears(whole());
    for code in [100, 506] {
        let house =
            again().sends("facebook.reels.finish").hears(graph(code, 0)).sends("facebook.video.status");
        house.hears(public()).done();
    }
    // While it is worked on, that may yet show; when nothing is under way, it was refused indeed.
    let house = again().hears(graph(100, 0)).hears(processing()).waits();
    assert_eq!(house.step.stage, Stage::Processing);
    let house = house.wakes().hears(whole()).waits().wakes().hears(whole()).waits().wakes().hears(whole());
    let house = house.sends("facebook.reels.finish");
    let Fault::Refused(problem) = house.fails(graph(100, 0)) else { panic!() };
    assert_eq!(problem.code, Code::Refused);
    // A person edited it and tries again: the same reel is looked at, and asked once more.
    let house = house.wakes().hears(whole()).waits().wakes().hears(whole()).waits().wakes().hears(whole());
    house.sends("facebook.reels.finish").hears(yes()).wakes().hears(public()).done();
    assert!(matches!(uploaded(job()).fails(graph(506, 0)), Fault::Refused(_)), "the first one is believed");
    assert!(matches!(again().fails(graph(100, 1_609_008)), Fault::Refused(_)), "and what names its reason");
}

#[test]
fn what_is_never_published_ends_with_a_person_c14() {
    let mut house = uploaded(job()).hears(yes()).sends("facebook.video.status");
    let mut waited = Duration::ZERO;
    for _ in 0..200 {
        match AnyPlatform::after(&Facebook, &house.job, &house.memo, &processing()) {
            Ok(step) => {
                house = House { step, ..house }.settled();
                waited += house.wait();
                house = house.wakes();
            }
            Err(Fault::Refused(problem)) => {
                assert_eq!((problem.code, problem.fix), (Code::NotPublic, Fix::Decide));
                assert!(waited > Duration::from_secs(3 * 3600), "{waited:?}");
                return;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("it would wait for ever");
}

#[test]
fn a_plan_somebody_took_away_is_told_after_its_minute() {
    let draft = || {
        shows(json!({ "video_status": "ready", "processing_phase": { "status": "complete" },
        "publishing_phase": { "status": "not_started", "publish_status": "draft" } }))
    };
    let house = uploaded(due_in(HOUR, job())).hears(yes()).hears(draft()).rests_handed_over();
    let mut house = house.later(HOUR).wakes();
    for _ in 0..5 {
        house = house.hears(draft()).waits().wakes();
    }
    let Fault::Refused(problem) = house.fails(draft()) else { panic!() };
    assert_eq!((problem.code, problem.fix), (Code::NotPublic, Fix::Decide));
}

#[test]
fn a_publication_that_failed_is_told() {
    let house = uploaded(job()).hears(yes()).sends("facebook.video.status");
    let said = shows(json!({ "video_status": "error", "processing_phase": { "status": "complete" },
        "publishing_phase": { "status": "error", "publish_status": "error", "errors": [{ "code": 7, "message": "no" }] } }));
    let Fault::Refused(problem) = house.fails(said) else { panic!() };
    assert_eq!(
        (problem.code, problem.fix, problem.detail.as_deref()),
        (Code::NotPublic, Fix::Decide, Some("7 no"))
    );
}

#[test]
fn a_reel_not_found_is_waited_for_and_then_unsure() {
    let mut house = uploaded(job()).hears(yes()).sends("facebook.video.status");
    for _ in 0..8 {
        house = house.hears(graph(100, 33)).waits().wakes();
    }
    assert!(matches!(house.fails(graph(100, 33)), Fault::Unsure { .. }));
}

#[test]
fn a_known_reel_is_never_uploaded_again_c4() {
    let mut job = job();
    job.remote = Some(Remote { id: "900".into(), url: "https://www.facebook.com/reel/900".into() });
    House::begin(job.clone()).sends("facebook.video.status").hears(public()).done();
    let mut house = House::begin(super::job()).hears(started());
    house.job.remote = job.remote.clone();
    house.wakes().sends("facebook.video.status");
    // Never finished before: it is the same reel, so finishing it makes no second one.
    House::begin(job).hears(whole()).sends("facebook.reels.finish");
}

#[test]
fn somebody_elses_music_is_told() {
    let said = shows(json!({ "publishing_phase": { "status": "complete", "publish_status": "published" },
        "copyright_check_status": { "status": "complete", "matches_found": true } }));
    let house = uploaded(job()).hears(yes()).wakes().hears(said);
    assert_eq!(house.done().notes.len(), 1);
    assert!(!house.done().notes[0].blocks());
}
