//! A cancel while no video is known: the session is ended, and the channel asked where a video may have come of it.

use super::publish::uploads;
use super::*;

fn withdraw(house: &House, left: Left) -> House {
    let step = AnyPlatform::withdraw(&YouTube, &house.job, &house.memo, left).unwrap();
    House { job: house.job.clone(), memo: Vec::new(), step }.settled()
}

fn is_over(house: &House) -> bool {
    matches!(house.step.act, Act::Nothing)
}

fn sending() -> House {
    House::begin(job()).hears(session()).sends("videos.insert.put")
}

#[test]
fn cancel_before_any_byte_asks_nothing() {
    assert!(
        is_over(&withdraw(&House::begin(job()), Left::Unheard)),
        "a session without bytes makes no video"
    );
    assert!(is_over(&withdraw(&sending(), Left::Nothing)));
}

#[test]
fn cancel_of_a_first_body_that_was_broken_off_ends_its_session() {
    let house = withdraw(&sending(), Left::Part).sends("videos.insert.cancel");
    assert_eq!(house.call().method, http::Method::DELETE);
    let house = house.hears(reply(499, Value::Null)).sends("videos.insert.query");
    assert!(is_over(&house.hears(html(410))));
}

#[test]
fn cancel_after_an_unheard_body_looks_at_the_channel() {
    let ended =
        || withdraw(&sending(), Left::Unheard).hears(reply(499, Value::Null)).sends("videos.insert.query");
    let house = ended().hears(html(410)).sends("playlistItems.list").hears(uploads(json!([]))).waits();
    let house = withdraw(&house, Left::Unheard).sends("playlistItems.list");
    assert!(matches!(house.fails(uploads(json!([]))), Fault::Lost { .. }), "nothing came of it");
    // It was complete before it was ended: its video is repeated, by either call.
    let video = reply(200, json!({ "id": "vid7" }));
    assert_eq!(ended().hears(video.clone()).job.remote.as_ref().unwrap().id, "vid7");
    let house = withdraw(&sending(), Left::Unheard).hears(video);
    assert_eq!(house.sends("videos.list").job.remote.as_ref().unwrap().id, "vid7");
}

#[test]
fn session_that_stays_open_is_ended_again() {
    let house = withdraw(&sending(), Left::Part).hears(html(200)).sends("videos.insert.query");
    let house = house.hears(stored(262_144)).waits();
    let house = withdraw(&house, Left::Unheard).sends("videos.insert.cancel").hears(reply(499, Value::Null));
    assert!(is_over(&house.hears(html(410))));
}

#[test]
fn withdraw_never_opens_or_sends() {
    let begun = [House::begin(job()), sending(), sending().wakes(), sending().hears(html(404))];
    for house in begun {
        for left in [Left::Nothing, Left::Part, Left::Unheard] {
            match withdraw(&house, left).step.act {
                Act::Send(call) => {
                    assert!(!call.is_upload() && call.name != "videos.insert", "{}", call.name)
                }
                act => assert!(matches!(act, Act::Nothing), "{act:?}"),
            }
        }
    }
}
