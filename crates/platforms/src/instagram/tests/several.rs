//! Posts of several videos: a container each, then the one that holds them.

use super::*;
use slipway_core::problem::{Code, Fix};

fn child(nth: u64) -> String {
    format!("1890000000000001{nth}")
}

const WHOLE: &str = "18900000000000099";

#[test]
fn three_videos_become_one_post() {
    let house = House::begin(several(due_in(HOUR), 2)).sends("instagram.media");
    assert_eq!(
        form(house.call()),
        [("media_type", "VIDEO"), ("upload_type", "resumable"), ("is_carousel_item", "true")],
        "the words belong to what holds them"
    );
    let house = house.hears(made(&child(0))).sends("instagram.upload");
    assert_eq!(house.sends_from(), (FileRef::Media, 0, SIZE));
    let house = house.hears(took()).sends("instagram.media").hears(made(&child(1)));
    assert_eq!(house.sends_from(), (FileRef::More(0), 0, 1_000_000));
    assert_eq!(header(house.call(), "file_size").as_deref(), Some("1000000"));
    assert_eq!(house.step.confirmed, Some(SIZE), "bytes of all files count together");
    // Cut in the second: the server says from where.
    let house = house.wakes().sends("instagram.upload_status").hears(has(400_000));
    assert_eq!(house.sends_from(), (FileRef::More(0), 400_000, 600_000));
    assert_eq!(house.step.confirmed, Some(SIZE + 400_000));
    let house = house.hears(took()).sends("instagram.media").hears(made(&child(2)));
    assert_eq!(house.sends_from(), (FileRef::More(1), 0, 2_000_000));
    let house = house.hears(took()).sends("instagram.container");
    assert_eq!(house.step.confirmed, Some(6_000_000));
    let polled =
        |house: &House, id: &str| assert!(address(house.call()).ends_with(id), "{}", address(house.call()));
    polled(&house, &child(0));
    let house = house.hears(stands("IN_PROGRESS")).waits().wakes().hears(stands("FINISHED"));
    polled(&house, &child(1));
    let house = house.hears(stands("FINISHED"));
    polled(&house, &child(2));
    let house = house.hears(stands("FINISHED")).sends("instagram.media");
    let children = [child(0), child(1), child(2)].join(",");
    assert_eq!(
        form(house.call()),
        [("media_type", "CAROUSEL"), ("children", children.as_str()), ("caption", "How to bake")]
    );
    // Its answer is lost: another is made of the same children.
    let house =
        house.wakes().sends("instagram.media").hears(ok(json!({ "id": WHOLE }))).sends("instagram.container");
    let house = house.hears(stands("FINISHED"));
    assert_eq!(house.early(), Duration::ZERO);
    let house = house.later(HOUR).wakes().sends("instagram.publish");
    assert_eq!(form(house.call()), [("creation_id", WHOLE)]);
    let lost = house.dies().sends("instagram.container");
    assert!(address(lost.call()).ends_with(WHOLE));
    let album = json!({ "id": POST, "caption": "How to bake", "media_type": "CAROUSEL_ALBUM",
        "timestamp": at(HOUR + 3).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string() });
    let reel = item("17900000000000001", "How to bake", HOUR + 2);
    let found = lost.hears(stands("PUBLISHED")).hears(listed(json!([reel, album]))).sends("instagram.item");
    assert_eq!(found.job.remote.as_ref().unwrap().id, POST, "a reel of the same words is another post");
    house.hears(posted()).hears(read_back()).done();
}

/// Two videos, both there; the first is being looked at.
fn both_there() -> House {
    let house = House::begin(several(job(), 1)).hears(made(&child(0))).hears(took());
    house.hears(made(&child(1))).hears(took()).sends("instagram.container")
}

#[test]
fn one_failed_child_is_made_anew_and_the_others_stay() {
    let house = both_there().hears(broke(2_207_082)).sends("instagram.media").hears(made(&child(7)));
    assert_eq!(house.sends_from(), (FileRef::Media, 0, SIZE));
    let house =
        house.hears(took()).hears(stands("FINISHED")).hears(stands("FINISHED")).sends("instagram.media");
    let want = [child(7), child(1)].join(",");
    assert_eq!(form(house.call())[1], ("children", want.as_str()), "in the order of the post");
    let house = house.hears(ok(json!({ "id": WHOLE }))).hears(broke(2_207_032)).sends("instagram.container");
    assert!(matches!(house.fails(broke(2_207_032)), Fault::Refused(problem) if problem.fix == Fix::Retry));
}

#[test]
fn a_second_child_that_cannot_be_used_is_told() {
    let house = both_there().hears(stands("FINISHED")).hears(broke(2_207_026)).sends("instagram.container");
    assert!(address(house.call()).ends_with(&child(1)));
    assert!(
        matches!(house.fails(broke(2_207_026)), Fault::Refused(problem) if problem.code == Code::FileUnsupported)
    );
}

#[test]
fn a_parent_whose_children_are_gone_begins_anew() {
    let house = both_there().hears(stands("FINISHED")).hears(stands("FINISHED")).sends("instagram.media");
    for gone in [graph(400, 24, 2_207_006), graph(400, 24, 2_207_008), graph(400, 100, 33)] {
        assert!(matches!(house.fails(gone), Fault::Lost { .. }));
    }
    let Fault::Refused(problem) = house.fails(graph(400, 100, 2_207_028)) else { panic!() };
    assert_eq!(problem.fix, Fix::Edit { field: "more_videos".into() });
}

#[test]
fn other_further_videos_make_it_anew_and_a_missing_one_is_told() {
    let mut house = both_there();
    house.job.more[0].size = 1_000_001;
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }), "never half of one and half of another");
    let mut house = both_there();
    house.job = several(house.job, 2);
    assert!(matches!(house.wakes_in_vain(), Fault::Lost { .. }));
    let mut house = House::begin(several(job(), 1));
    house.job.more[0].size = 0;
    house = house.hears(made(&child(0)));
    let Fault::Refused(problem) = house.fails(took()) else { panic!() };
    assert_eq!(problem.fix, Fix::Edit { field: "more_videos".into() });
}

#[test]
fn a_story_takes_no_further_videos_along() {
    let house = House::begin(with(several(job(), 2), "kind", json!("story"))).hears(made(BOX)).hears(took());
    house.sends("instagram.container").hears(stands("FINISHED")).sends("instagram.publish");
}
