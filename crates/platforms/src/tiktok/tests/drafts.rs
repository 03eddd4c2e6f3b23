//! Drafts to the inbox: they end as "finish there", and are looked at further (C15).

use super::*;

fn waiting() -> House {
    let house = House::begin(draft(job())).sends("tiktok.inbox.init");
    assert_eq!(house.step.stage, Stage::Opening);
    let mut house = house.hears(init());
    for stored in 1..=6 {
        house = house.hears(stored_206(stored * 10_000_000));
    }
    let house = house.hears(stored(201, SIZE)).sends("tiktok.status.fetch");
    house.hears(status("SEND_TO_USER_INBOX"))
}

#[test]
fn a_draft_waits_in_the_inbox_and_is_done_once_the_creator_posted_it_c15() {
    let house = waiting();
    let Act::ToFinish { look, there } = &house.step.act else { panic!("{:?}", house.step.act) };
    assert_eq!((there.code, *look), (Code::FinishThere, Duration::from_secs(60)));
    assert!(!there.blocks() && there.message.contains("inbox"));
    assert_eq!(house.job.remote.as_ref().unwrap().id, PUBLISH_ID);
    let mut house = house;
    for (second, look) in [(700, 300), (5000, 1800), (90_000, 7200)] {
        house = house.later(second).wakes().sends("tiktok.status.fetch").hears(status("SEND_TO_USER_INBOX"));
        assert_eq!(house.wait(), Duration::from_secs(look), "after {second} s");
    }
    // Words nobody knows, and an upload TikTok has forgotten, leave it where it is: in the creator's hands.
    house = house.wakes().hears(status("PROCESSING_UPLOAD"));
    assert!(matches!(house.step.act, Act::ToFinish { .. }));
    house = house.wakes().hears(refusal(400, "invalid_publish_id"));
    assert!(matches!(house.step.act, Act::ToFinish { .. }));
    let house = house.wakes().hears(complete(json!([POST_ID])));
    assert_eq!(house.done().remote.as_ref().unwrap().id, POST_ID.to_string());
    assert_eq!(
        house.done().privacy.as_deref(),
        Some("PUBLIC_TO_EVERYONE"),
        "only a public post has a number"
    );
}

#[test]
fn a_draft_finished_for_fewer_eyes_is_done_without_a_number() {
    let house = waiting().wakes().hears(complete(json!([])));
    assert_eq!(house.done().remote.as_ref().unwrap().id, PUBLISH_ID);
    assert_eq!(house.done().privacy, None, "what the creator chose there is not told");
    assert!(house.done().notes.is_empty());
}

#[test]
fn a_draft_that_failed_is_told() {
    let problem = refused(waiting().wakes().fails(failed("file_format_check_failed")));
    assert_eq!(problem.code, Code::FileUnsupported);
}

#[test]
fn of_a_draft_nothing_is_said_and_nothing_asked() {
    let house = House::begin(unaudited(draft(job()))).sends("tiktok.inbox.init");
    assert_eq!(path(house.call()), "/v2/post/publish/inbox/video/init/");
    assert_eq!(
        body(house.call()),
        &json!({ "source_info": { "source": "FILE_UPLOAD", "video_size": SIZE, "chunk_size": 10_000_000,
            "total_chunk_count": 7 } })
    );
}

#[test]
fn a_draft_is_in_the_inbox_at_its_minute() {
    let job = Job { pace: Pace { bytes_per_s: Some(1_000_000) }, ..draft(small(due_in(300))) };
    let house = House::begin(job).hears(init());
    assert_eq!(
        house.early(),
        Duration::from_millis(3200),
        "how long a direct post takes says nothing of a draft"
    );
    let house = house.later(297).wakes().hears(stored(201, 4_000_000)).wakes();
    let house = house.hears(status("SEND_TO_USER_INBOX"));
    assert!(matches!(house.step.act, Act::ToFinish { .. }));
}

#[test]
fn a_lost_opening_of_a_draft_is_repeated() {
    House::begin(draft(job())).wakes().sends("tiktok.inbox.init").hears(init()).sends("tiktok.upload.put");
}

#[test]
fn what_was_posted_directly_and_lands_in_the_inbox_is_finished_there() {
    let house = House::all_but_last(job()).hears(stored(201, SIZE)).wakes();
    let house = house.hears(status("SEND_TO_USER_INBOX"));
    assert!(matches!(house.step.act, Act::ToFinish { .. }), "TikTok's word is the truth");
}
