//! A video: the app's upload, the call that makes it, and the search when that was not heard.

use super::*;
use slipway_core::problem::{Code, Fix};

fn opened() -> Reply {
    ok(json!({ "id": SESSION }))
}

fn handle() -> Reply {
    ok(json!({ "h": "2:c2FtSECRET" }))
}

/// All bytes there, just before the video is made.
fn uploaded(job: Job) -> House {
    House::begin(job).hears(opened()).hears(handle())
}

fn videos(items: Value) -> Reply {
    ok(json!({ "data": items }))
}

fn listed(id: &str, seconds: i64, description: &str, length: f64) -> Value {
    let made = at(seconds).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string();
    json!({ "id": id, "title": "Bread", "description": description, "created_time": made, "length": length })
}

fn unpublished() -> Reply {
    ok(json!({ "id": "900", "published": false, "status": { "video_status": "ready",
        "processing_phase": { "status": "complete" }, "publishing_phase": { "status": "not_started" } } }))
}

#[test]
fn a_video_goes_out_now() {
    let house = House::begin(film()).sends("facebook.uploads.start");
    assert_eq!(house.step.stage, Stage::Opening);
    assert_eq!(path(house.call()), "POST graph.facebook.com/v25.0/55/uploads");
    assert_eq!(house.call().auth, Auth::OwnerBearer, "an app's upload takes the person's own token");
    assert_eq!(
        asks(house.call(), "file_name").as_deref(),
        Some("video.mp4"),
        "not what the file is called here"
    );
    assert_eq!(asks(house.call(), "file_length").as_deref(), Some("3000000"));
    assert_eq!(asks(house.call(), "file_type").as_deref(), Some("video/mp4"));

    let house = house.hears(opened()).sends("facebook.uploads.put");
    assert_eq!(path(house.call()), format!("POST graph.facebook.com/v25.0/{SESSION}"));
    assert_eq!(house.call().auth, Auth::OwnerOAuth);
    assert_eq!((house.from(), header(house.call(), "file_offset").as_deref()), (0, Some("0")));

    let house = house.hears(handle()).sends("facebook.videos.create");
    assert_eq!((house.step.stage, house.call().auth), (Stage::Publishing, Auth::Bearer));
    assert_eq!(
        form(house.call()),
        json!({ "fbuploader_video_file_chunk": "2:c2FtSECRET", "title": "Bread", "description": "How to bake", "embeddable": "true" })
    );
    let house = house.hears(ok(json!({ "id": "900" }))).sends("facebook.video.status");
    assert_eq!(house.job.remote.as_ref().unwrap().url, "https://www.facebook.com/watch/?v=900");
    let house = house.hears(processing()).waits().wakes();
    // A video's phases may say nothing of publishing.
    let said =
        ok(json!({ "id": "900", "published": true, "permalink_url": "/mira/videos/900/", "post_id": "901",
            "status": { "video_status": "ready" } }));
    let house = house.hears(said);
    assert_eq!(house.done().remote.as_ref().unwrap().url, "https://www.facebook.com/mira/videos/900/");
}

#[test]
fn draft_that_calls_itself_published_is_not_public() {
    let made = || House::begin(film()).hears(opened()).hears(handle()).hears(ok(json!({ "id": "900" })));
    let ready = |status: Value| ok(json!({ "id": "900", "published": true, "status": status }));
    for status in [
        json!({ "video_status": "ready" }),
        json!({ "video_status": "ready", "publishing_phase": { "status": "not_started", "publish_status": "draft" } }),
    ] {
        let mut house = made();
        for _ in 0..8 {
            house = house.hears(ready(status.clone())).waits().wakes();
        }
        let Fault::Refused(problem) = house.fails(ready(status)) else { panic!() };
        assert_eq!((problem.code, problem.fix), (Code::NotPublic, Fix::Decide));
    }
    // Planned, and kept back when its minute came.
    let plan = due_in(3600, film());
    let house = House::begin(plan).hears(opened()).hears(handle()).hears(ok(json!({ "id": "900" })));
    let mut house = house.hears(planned(3600, "complete")).rests_handed_over().later(3601).wakes();
    for _ in 0..5 {
        house = house.hears(ready(json!({ "video_status": "ready" }))).waits().wakes();
    }
    let Fault::Refused(problem) = house.fails(ready(json!({ "video_status": "ready" }))) else { panic!() };
    assert_eq!((problem.code, problem.fix), (Code::NotPublic, Fix::Decide));
}

#[test]
fn a_cut_upload_goes_on_from_the_servers_offset_c21() {
    let house = House::begin(film()).hears(opened()).wakes().sends("facebook.uploads.query");
    assert_eq!(house.call().auth, Auth::OwnerOAuth);
    for offset in [json!(1_000_000), json!("1000000")] {
        let house = House::begin(film()).hears(opened()).wakes();
        let house = house.hears(ok(json!({ "id": SESSION, "file_offset": offset })));
        assert_eq!(house.from(), 1_000_000);
        assert_eq!(header(house.call(), "file_offset").as_deref(), Some("1000000"));
    }
}

#[test]
fn a_lost_handle_is_asked_for_and_then_the_upload_begins_anew() {
    let whole = || ok(json!({ "id": SESSION, "file_offset": SIZE }));
    let house = House::begin(film()).hears(opened()).wakes().hears(whole());
    assert_eq!(house.from(), SIZE, "a last part of nothing");
    let house = house.wakes().hears(whole()).wakes();
    assert!(matches!(house.fails(whole()), Fault::Lost { .. }));
    assert!(matches!(House::begin(film()).hears(opened()).fails(ok(json!({}))), Fault::Again { .. }));
    for said in [graph(100, 33), graph(100, 0)] {
        let house = House::begin(film()).hears(opened()).wakes();
        assert!(matches!(house.fails(said), Fault::Lost { .. }), "an upload is no video");
    }
}

#[test]
fn only_a_plain_session_is_taken() {
    for id in ["", "upload:", "upload:a/../b", "upload:a/b", "900", "upload:a b", "upload:a#b"] {
        let fault = House::begin(film()).fails(ok(json!({ "id": id })));
        assert!(matches!(fault, Fault::Strange { .. }), "{id}");
    }
}

#[test]
fn a_planned_video_is_handed_over() {
    let house = uploaded(due_in(3600, film())).sends("facebook.videos.create");
    let said = form(house.call());
    assert_eq!(
        (&said["published"], &said["scheduled_publish_time"]),
        (&json!("false"), &json!((NOW + 3600).to_string()))
    );
    let house = house.hears(ok(json!({ "id": "900" })));
    let said = ok(
        json!({ "id": "900", "published": false, "scheduled_publish_time": NOW + 3600, "status": { "video_status": "ready" } }),
    );
    let house = house.hears(said).rests_handed_over();
    assert_eq!(house.wait(), Duration::from_secs(3600));
}

#[test]
fn a_time_too_near_makes_it_unpublished_and_one_call_releases_it() {
    let house = uploaded(due_in(300, film()));
    let said = form(house.call());
    assert_eq!((&said["published"], said.get("scheduled_publish_time")), (&json!("false"), None));
    let house = house.hears(ok(json!({ "id": "900" }))).hears(unpublished()).rests_ready();
    let house = house.later(300).wakes().sends("facebook.video.amend");
    assert_eq!(path(house.call()), "POST graph.facebook.com/v25.0/900");
    assert_eq!(form(house.call()), json!({ "published": "true" }));
    // Not heard: looked at, and released again only when nothing shows that it was.
    let house = house.wakes().sends("facebook.video.status").hears(unpublished()).waits();
    let house =
        house.wakes().hears(unpublished()).waits().wakes().hears(unpublished()).sends("facebook.video.amend");
    house.hears(yes()).wakes().hears(public()).done();
}

#[test]
fn a_video_whose_making_was_not_heard_is_searched_for_c2() {
    let house = uploaded(film()).wakes().sends("facebook.videos.list");
    assert_eq!(asks(house.call(), "type").as_deref(), Some("uploaded"));
    let others = json!([
        listed("1", 5, "How to bake", 90.0),
        listed("2", -86_400, "How to bake", 30.0),
        listed("3", 5, "Cake", 30.0)
    ]);
    let mut all = others.as_array().unwrap().clone();
    all.push(listed("900", 3, "How  to bake", 30.4));
    let house = house.hears(videos(json!(all))).sends("facebook.video.status");
    assert_eq!(house.job.remote.as_ref().unwrap().id, "900");
    house.hears(public()).done();
    // Spoilt answers lead to the same search.
    uploaded(film()).hears(ok(json!({ "success": true }))).sends("facebook.videos.list");
}

#[test]
fn a_planned_one_may_be_among_the_planned_posts_only() {
    let house =
        uploaded(due_in(3600, film())).wakes().hears(videos(json!([]))).sends("facebook.scheduled_posts");
    let post = json!({ "id": "100_7", "message": "How to bake", "created_time": "2026-11-30T00:53:25+0000",
        "attachments": { "data": [{ "target": { "id": "900" } }] } });
    let found = house.hears(videos(json!([post])));
    assert_eq!(found.job.remote.as_ref().unwrap().id, "900");
    found.hears(planned(3600, "complete")).rests_handed_over();
    let house = uploaded(due_in(3600, film())).wakes().hears(videos(json!([])));
    let vague =
        json!({ "id": "100_7", "message": "How to bake", "created_time": "2026-11-30T00:53:25+0000" });
    assert!(matches!(house.fails(videos(json!([vague]))), Fault::Unsure { .. }));
}

#[test]
fn a_wrong_length_alone_does_not_make_it_another_video() {
    let house = uploaded(film()).wakes().hears(videos(json!([listed("900", 3, "How to bake", 4.0)])));
    assert_eq!(house.job.remote.as_ref().unwrap().id, "900");
}

#[test]
fn what_may_be_it_twice_or_is_out_of_sight_is_for_a_person_c2() {
    let house = uploaded(film()).wakes();
    let two = json!([listed("900", 3, "How to bake", 30.0), listed("901", 4, "How to bake", 30.0)]);
    assert!(matches!(house.fails(videos(two)), Fault::Unsure { .. }));
    let many: Vec<Value> = (0..50).map(|n| listed(&n.to_string(), 5, "Cake", 30.0)).collect();
    assert!(matches!(house.fails(videos(json!(many))), Fault::Unsure { .. }));
    let mut mute = film();
    mute.words = Words::default();
    let house = uploaded(mute).wakes();
    let bare = json!([{ "id": "900", "created_time": "2026-11-30T00:53:25+0000" }]);
    assert!(matches!(house.fails(videos(bare)), Fault::Unsure { .. }), "nothing tells it from another");
    let house = house
        .hears(videos(json!([{ "id": "900", "created_time": "2026-11-30T00:53:25+0000", "length": 30.5 }])));
    assert_eq!(house.job.remote.as_ref().unwrap().id, "900", "its length does");
}

#[test]
fn only_what_is_not_there_after_several_looks_is_made_again_with_the_same_handle() {
    let mut house = uploaded(film()).wakes();
    let mut waited = Duration::ZERO;
    for _ in 0..3 {
        house = house.hears(videos(json!([]))).hears(videos(json!([]))).waits();
        waited += house.wait();
        house = house.wakes().sends("facebook.videos.list");
    }
    assert!(waited >= Duration::from_secs(60), "{waited:?}");
    let house = house.hears(videos(json!([]))).hears(videos(json!([]))).sends("facebook.videos.create");
    assert_eq!(form(house.call())["fbuploader_video_file_chunk"], "2:c2FtSECRET");
    // And what was made again is searched for as the first was.
    house.wakes().sends("facebook.videos.list");
    for odd in [html(200), graph(190, 0), ok(json!({ "data": 7 }))] {
        let fault = uploaded(film()).wakes().fails(odd);
        assert!(
            matches!(fault, Fault::Strange { .. } | Fault::SignIn { .. }),
            "no list is no proof: {fault:?}"
        );
    }
}

#[test]
fn a_long_caption_is_known_by_its_beginning() {
    let mut job = film();
    job.words.caption = "word ".repeat(100);
    let house = uploaded(job.clone()).wakes();
    let found = house.hears(videos(json!([listed("900", 3, job.words.caption.trim(), 30.0)])));
    assert_eq!(found.job.remote.as_ref().unwrap().id, "900");
}

#[test]
fn another_kind_begins_anew_only_before_the_video_is_made() {
    let mut house = House::begin(film()).hears(opened());
    house.job = with(house.job, "kind", json!("reel"));
    assert!(matches!(house.wakes_to_a_fault(), Fault::Lost { .. }));
    let mut house = uploaded(film());
    house.job = with(house.job, "kind", json!("reel"));
    house.wakes().sends("facebook.videos.list");
}
