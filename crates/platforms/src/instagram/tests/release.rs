//! The one call that must not happen twice: every way its answer can be lost, told to its end (C1, C2, C3).

use super::*;
use slipway_core::problem::Code;

/// The container was asked twice and says both times that nothing was published.
fn not_published() -> House {
    let house = asked_for().wakes().sends("instagram.container").hears(stands("FINISHED")).waits();
    assert_eq!(house.wait(), Duration::from_secs(20), "a request still under way has had its effect by then");
    house.wakes().sends("instagram.container").hears(stands("FINISHED")).sends("instagram.list")
}

#[test]
fn a_lost_answer_is_never_followed_by_another_publish_c2() {
    for house in
        [asked_for().dies(), asked_for().hears(html(200)), asked_for().hears(ok(json!({ "id": "no id" })))]
    {
        house.sends("instagram.container");
    }
    // Even when the platform itself calls it passing.
    let passing = reply(400, json!({ "error": { "code": 2, "message": "m", "is_transient": true } }));
    for said in [passing, graph(400, 1, 0), graph(400, -1, 2_207_001), graph(500, 2, 0)] {
        let house = asked_for();
        assert!(matches!(house.fails(said), Fault::Again { .. }));
        house.wakes().sends("instagram.container");
    }
}

#[test]
fn published_and_lost_is_found_among_the_newest_posts_c3() {
    let house = published_and_lost();
    assert_eq!(address(house.call()), format!("graph.facebook.com/v25.0/{ALICE}/media"));
    let others = json!([
        item("17900000000000001", "How to bake", -3000),
        item("17900000000000002", "How to fry", 3),
        item(POST, "How  to bake\n", 4),
    ]);
    let house = house.hears(listed(others)).sends("instagram.item");
    assert_eq!(house.job.remote.as_ref().unwrap().id, POST);
    house.hears(read_back()).done();
}

#[test]
fn of_several_that_may_be_it_the_nearest_in_time_is() {
    let two = json!([item("17900000000000001", "How to bake", 200), item(POST, "How to bake", 5)]);
    let house = published_and_lost().hears(listed(two)).sends("instagram.item");
    assert_eq!(house.job.remote.as_ref().unwrap().id, POST);
}

#[test]
fn published_and_not_listed_is_waited_for_and_then_for_a_person() {
    let mut house = published_and_lost();
    for _ in 0..10 {
        house = house.hears(listed(json!([]))).waits().wakes().sends("instagram.list");
    }
    assert!(matches!(house.fails(listed(json!([]))), Fault::Unsure { .. }));
    house.hears(listed(json!([item(POST, "How to bake", 4)]))).sends("instagram.item");
}

#[test]
fn finished_twice_and_not_on_the_channel_is_published_again() {
    let house = not_published();
    let older =
        listed(json!([item("17900000000000001", "How to bake", -3000), item("17900000000000002", "Fry", 9)]));
    let house = house.hears(older).sends("instagram.publish");
    assert_eq!(form(house.call()), [("creation_id", BOX)], "the same container: a spent one is refused");
    house.hears(posted()).hears(read_back()).done();
}

#[test]
fn finished_and_there_all_the_same_is_the_post_where_the_words_tell_c2() {
    let house = not_published().hears(listed(json!([item(POST, "How to bake", 4)]))).sends("instagram.item");
    assert_eq!(house.job.remote.as_ref().unwrap().id, POST);
    // Two of them, or no words: nobody can tell, so a person does.
    let two = json!([item(POST, "How to bake", 4), item("17900000000000001", "How to bake", 5)]);
    assert!(matches!(not_published().fails(listed(two)), Fault::Unsure { .. }));
    let mut wordless = job();
    wordless.words.caption = String::new();
    let house = processed(wordless).wakes().hears(stands("FINISHED")).wakes().hears(stands("FINISHED"));
    assert!(matches!(house.fails(listed(json!([item(POST, "", 4)]))), Fault::Unsure { .. }));
}

#[test]
fn a_list_that_does_not_reach_back_proves_nothing() {
    let many: Vec<Value> = (0..25).map(|n| item(&format!("179000000000001{n:02}"), "Cake", 10 + n)).collect();
    assert!(matches!(not_published().fails(listed(many.into())), Fault::Unsure { .. }));
}

#[test]
fn a_state_in_between_starts_the_count_again() {
    let house = asked_for().wakes().hears(stands("FINISHED")).wakes().hears(stands("IN_PROGRESS")).waits();
    let house = house.wakes().hears(stands("FINISHED")).waits();
    let house = house.wakes().hears(stands("PUBLISHED")).sends("instagram.list");
    house.hears(listed(json!([item(POST, "How to bake", 4)]))).hears(read_back()).done();
    let mut stuck = asked_for().wakes();
    for _ in 0..12 {
        stuck = stuck.hears(stands("IN_PROGRESS")).waits().wakes().sends("instagram.container");
    }
    assert!(matches!(stuck.fails(stands("IN_PROGRESS")), Fault::Unsure { .. }));
}

#[test]
fn what_says_of_itself_that_it_was_never_published_begins_anew() {
    let house = asked_for().wakes();
    assert!(matches!(house.fails(stands("EXPIRED")), Fault::Lost { .. }));
    let house = asked_for().wakes().hears(broke(2_207_082)).sends("instagram.container");
    let Fault::Refused(problem) = house.fails(broke(2_207_082)) else { panic!() };
    assert_eq!(problem.code, Code::ProcessingFailed, "after a publish only a person makes it anew");
}

#[test]
fn an_edit_meanwhile_is_not_posted_with_the_old_words() {
    let mut house = not_published();
    house.job.words.caption = "How to bake rye".into();
    assert!(matches!(house.fails(listed(json!([]))), Fault::Lost { .. }), "it is not there: made anew");
    let mut house = published_and_lost();
    house.job.words.caption = "How to bake rye".into();
    house.hears(listed(json!([item(POST, "How to bake", 4)]))).sends("instagram.item");
}

#[test]
fn a_container_that_is_gone_is_lost_only_where_no_answer_was_missed() {
    // Refused in so many words: nothing was posted.
    let mut house = asked_for().hears(graph(400, 24, 2_207_008)).waits().wakes().sends("instagram.container");
    for _ in 0..2 {
        house = house.hears(graph(400, 100, 33)).waits();
        assert_eq!(house.wait(), Duration::from_secs(30));
        house = house.wakes().sends("instagram.container");
    }
    let house = house.hears(graph(400, 100, 33)).sends("instagram.list");
    let house = house.hears(listed(json!([]))).waits().wakes();
    assert!(matches!(house.fails(listed(json!([]))), Fault::Lost { .. }));
    // An answer was missed: it may have been published and forgotten.
    let mut house = asked_for().wakes();
    for _ in 0..2 {
        house = house.hears(graph(400, 24, 2_207_008)).waits().wakes();
    }
    let house = house
        .hears(graph(400, 24, 2_207_008))
        .sends("instagram.list")
        .hears(listed(json!([])))
        .waits()
        .wakes();
    assert!(matches!(house.fails(listed(json!([]))), Fault::Unsure { .. }));
}

#[test]
fn a_second_publish_that_is_refused_as_spent_leads_to_the_post() {
    let house = not_published().hears(listed(json!([]))).sends("instagram.publish");
    let house = house.hears(graph(400, 24, 2_207_008)).waits().wakes().hears(stands("PUBLISHED"));
    let house = house.hears(listed(json!([item(POST, "How to bake", 2)]))).sends("instagram.item");
    house.hears(read_back()).done();
}

#[test]
fn it_is_asked_for_a_few_times_and_then_a_person_looks() {
    let mut house = asked_for();
    for _ in 0..5 {
        house = house.wakes().hears(stands("FINISHED")).wakes().hears(stands("FINISHED"));
        house = house.hears(listed(json!([]))).sends("instagram.publish");
    }
    house = house.wakes().hears(stands("FINISHED")).wakes().hears(stands("FINISHED"));
    assert!(matches!(house.fails(listed(json!([]))), Fault::Unsure { .. }));
}

#[test]
fn not_ready_is_polled_and_published_then() {
    let house = asked_for().hears(graph(400, 9007, 2_207_027)).waits();
    let house = house.wakes().sends("instagram.container").hears(stands("IN_PROGRESS")).waits();
    let house = house.wakes().hears(stands("FINISHED")).sends("instagram.publish");
    let house = house.hears(graph(400, 9007, 2_207_027)).wakes().hears(stands("FINISHED"));
    let house = house.hears(graph(400, 9007, 2_207_027)).wakes().hears(stands("FINISHED"));
    let house = house.sends("instagram.publish");
    assert!(matches!(house.fails(graph(400, 9007, 2_207_027)), Fault::Again { .. }), "counted from here on");
    // Published while it was polled: somebody's request had its effect.
    let house = asked_for().hears(graph(400, 9007, 2_207_027)).wakes().hears(stands("PUBLISHED"));
    house.sends("instagram.list");
}

#[test]
fn a_full_day_is_waited_for_and_its_refusal_posts_nothing() {
    let house = asked_for();
    match house.fails(graph(403, 9, 2_207_042)) {
        Fault::Limit { whose, until, problem } => {
            assert_eq!((whose, until), (Whose::Account, Until::For(Duration::from_secs(3600))));
            assert_eq!(problem.code, Code::AccountLimit);
        }
        other => panic!("{other:?}"),
    }
    house.wakes().sends("instagram.container");
}

#[test]
fn a_new_post_may_be_unknown_for_a_while_which_is_no_failure_c3() {
    let mut house = asked_for().hears(posted());
    for said in [graph(400, 100, 33), graph(400, 24, 2_207_006), ok(json!({ "id": POST }))] {
        house = house.hears(said).waits().wakes().sends("instagram.item");
        assert_eq!(house.job.remote.as_ref().unwrap().url, "https://www.instagram.com/alice.bakes/");
    }
    for _ in 3..10 {
        house = house.hears(graph(400, 100, 33)).waits().wakes();
    }
    assert!(matches!(house.fails(graph(400, 100, 33)), Fault::Unsure { .. }));
    // Its id and time are there, only its address is not said: the channel is where it is found.
    let house = house.hears(ok(json!({ "id": POST, "timestamp": "2026-11-30T00:53:25+0000" })));
    assert_eq!(house.done().remote.as_ref().unwrap().url, "https://www.instagram.com/alice.bakes/");
    assert!(house.done().public_at.is_some());
    let house = asked_for().hears(posted());
    assert!(
        matches!(house.fails(ok(json!({ "id": "17900000000000099" }))), Fault::Strange { .. }),
        "another post"
    );
}

#[test]
fn a_story_is_looked_for_among_the_stories() {
    let story = || processed(with(job(), "kind", json!("story"))).wakes();
    let house = story().hears(stands("PUBLISHED")).sends("instagram.stories");
    assert_eq!(address(house.call()), format!("graph.facebook.com/v25.0/{ALICE}/stories"));
    let mut ours = item(POST, "", 4);
    ours["media_product_type"] = "STORY".into();
    let house = house.hears(listed(json!([item("17900000000000001", "", -9000), ours.clone()])));
    house.sends("instagram.item");
    // Without words nothing tells two stories apart, so "not published" and a new story are for a person.
    let house = story().hears(stands("FINISHED")).wakes().hears(stands("FINISHED"));
    assert!(matches!(house.fails(listed(json!([ours]))), Fault::Unsure { .. }));
    house.hears(listed(json!([]))).sends("instagram.publish");
}

#[test]
fn what_is_posted_is_not_edited_and_not_taken_back() {
    let known = Job { remote: Some(crate::instagram::remote(&job(), POST)), ..job() };
    for errand in [Errand::Amend, Errand::Retract] {
        let fault = AnyPlatform::begin(&Instagram, &Job { errand, ..known.clone() }).unwrap_err();
        assert!(matches!(fault, Fault::Refused(problem) if problem.code == Code::AlreadyPublic));
    }
    // Without a post there is nothing there: a container ends by itself.
    let house = House::begin(Job { errand: Errand::Retract, ..job() });
    assert_eq!(house.done().remote, None);
    assert!(matches!(house.wakes().step.act, Act::Done(_)));
    let fault = AnyPlatform::begin(&Instagram, &Job { errand: Errand::Amend, ..job() }).unwrap_err();
    assert!(matches!(fault, Fault::Refused(problem) if problem.code == Code::NotNow));
}

#[test]
fn comments_are_switched_off_beside_the_post_c8_c9() {
    assert!(AnyPlatform::extras(&Instagram, &job()).is_empty());
    let quiet = with(job(), "comments", json!(false));
    assert!(AnyPlatform::extras(&Instagram, &with(quiet.clone(), "kind", json!("story"))).is_empty());
    let extras = AnyPlatform::extras(&Instagram, &quiet);
    let [extra] = extras.as_slice() else { panic!() };
    let remote = Some(crate::instagram::remote(&job(), POST));
    let errand = Job { errand: Errand::Extra(extra.clone()), remote, ..quiet.clone() };
    let house = House::begin(errand.clone()).sends("instagram.comments");
    assert_eq!(address(house.call()), format!("graph.facebook.com/v25.0/{POST}"));
    assert_eq!(form(house.call()), [("comment_enabled", "false")]);
    assert!(matches!(house.fails(graph(400, 100, 33)), Fault::Again { after: Some(_), .. }));
    assert!(matches!(house.fails(graph(403, 10, 0)), Fault::Permission { .. }));
    assert!(matches!(house.fails(ok(json!({}))), Fault::Strange { .. }));
    house.wakes().sends("instagram.comments").hears(ok(json!({ "success": true }))).done();
    let unposted = AnyPlatform::begin(&Instagram, &Job { remote: None, ..errand.clone() });
    assert!(matches!(unposted, Err(Fault::Refused(problem)) if problem.code == Code::NotNow));
    let confetti = Errand::Extra(Extra { step: "confetti".into(), input: json!({}) });
    let bare = AnyPlatform::begin(&Instagram, &Job { errand: confetti, ..errand });
    assert!(matches!(bare, Err(Fault::Refused(problem)) if problem.code == Code::BadRequest));
}
