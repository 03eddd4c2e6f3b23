//! The bytes: borders, lost answers, addresses that end.

use super::*;

#[test]
fn the_progress_may_be_a_count_or_the_last_index() {
    for progress in ["bytes 0-10000000/70000000", "bytes 0-9999999/70000000", "bytes 0-9999999/*"] {
        let house = House::opened(job()).hears(headed(reply(206, Value::Null), "content-range", progress));
        assert_eq!(house.sends_from().0, 10_000_000, "{progress}");
    }
    // Without the header 206 says "this chunk is stored".
    assert_eq!(House::opened(job()).hears(reply(206, Value::Null)).sends_from().0, 10_000_000);
}

#[test]
fn a_progress_that_is_no_border_is_never_guessed() {
    for progress in [
        "bytes 0-5/70000000",
        "bytes 0-9999998/70000000",
        "bytes 0-10000000/69999999",
        "bytes 5-10000000/70000000",
        "bytes 0--1/70000000",
        "bytes 0-18446744073709551615/70000000",
        "10000000",
        "",
    ] {
        for status in [206, 416] {
            let said = headed(reply(status, Value::Null), "content-range", progress);
            let fault = House::opened(job()).fails(said);
            assert!(matches!(fault, Fault::Again { .. }), "{status} {progress}: {fault:?}");
        }
    }
    assert!(matches!(House::opened(job()).fails(reply(416, Value::Null)), Fault::Again { .. }));
}

#[test]
fn the_servers_border_is_the_truth_c21() {
    let house = House::opened(job()).hears(stored_206(10_000_000)).hears(stored_206(20_000_000));
    // It has less than before: a chunk was forgotten.
    let back = house.hears(stored(416, 10_000_000));
    assert_eq!(back.sends_from(), (10_000_000, 10_000_000, "bytes 10000000-19999999/70000000".into()));
    assert_eq!(back.step.confirmed, Some(10_000_000));
    // It has more than we believed: an answer was lost.
    assert_eq!(back.hears(stored(416, 50_000_000)).sends_from().0, 50_000_000);
    // It wants the very chunk it refuses: we pause and ask.
    let house = House::opened(job()).hears(stored_206(10_000_000));
    assert!(matches!(house.fails(stored(416, 10_000_000)), Fault::Again { .. }));
    assert!(matches!(house.fails(stored(206, 10_000_000)), Fault::Again { .. }));
}

#[test]
fn a_server_that_forgets_for_ever_does_not_keep_us_running() {
    let mut house = House::opened(job()).hears(stored_206(10_000_000));
    for _ in 0..5 {
        house = house.hears(stored(416, 0)).hears(stored_206(10_000_000));
    }
    assert!(matches!(house.fails(stored(416, 0)), Fault::Again { .. }));
}

#[test]
fn a_lost_answer_is_asked_for_before_anything_goes_on_c21() {
    let house = House::opened(job()).hears(stored_206(10_000_000)).wakes().sends("tiktok.status.fetch");
    assert_eq!(body(house.call()), &json!({ "publish_id": PUBLISH_ID }));
    for (bytes, from) in [
        (10_000_000, 10_000_000),
        (20_000_000, 20_000_000),
        // Half a chunk is none: it goes again from its own border.
        (14_999_999, 10_000_000),
        (0, 0),
    ] {
        let again =
            House { job: house.job.clone(), memo: house.memo.clone(), step: House::opened(job()).step };
        assert_eq!(again.hears(uploading(bytes)).sends_from().0, from, "{bytes} bytes are there");
    }
    // No number: the same chunk again, which makes nothing new.
    assert_eq!(house.hears(status("PROCESSING_UPLOAD")).sends_from().0, 10_000_000);
}

#[test]
fn a_lost_answer_to_the_last_chunk_is_looked_for_and_nothing_is_opened_c2() {
    let lost = || House::all_but_last(job()).sends("tiktok.upload.put").wakes().sends("tiktok.status.fetch");
    let house = lost().hears(uploading(SIZE)).waits();
    assert!(house.job.remote.is_some(), "all bytes are there: it is TikTok's now");
    assert_eq!(house.step.confirmed, Some(SIZE));
    lost().hears(complete(json!([POST_ID]))).done();
    lost().hears(complete(json!([]))).waits();
    // It did not arrive: the same chunk again, into the same upload.
    let house = lost().hears(uploading(LAST)).sends("tiktok.upload.put");
    assert_eq!(house.sends_from().0, LAST);
    let house = house.hears(stored(416, SIZE)).sends("tiktok.status.fetch");
    assert!(house.job.remote.is_some(), "it was stored after all");
    lost().hears(status("A_NEW_WORD")).sends("tiktok.upload.put");
    assert!(matches!(lost().fails(refusal(400, "invalid_publish_id")), Fault::Unsure { .. }));
    assert!(
        matches!(lost().fails(failed("internal")), Fault::Lost { .. }),
        "nothing was posted, says TikTok"
    );
    assert_eq!(refused(lost().fails(failed("spam_risk_text"))).code, Code::TextIllegal);
}

#[test]
fn answers_that_say_nothing_stop_and_ask() {
    for said in [
        reply(200, Value::Null),
        reply(201, Value::Null),
        reply(204, Value::Null),
        reply(408, Value::Null),
        headed(reply(429, Value::Null), "retry-after", "7"),
    ] {
        assert!(matches!(House::opened(job()).fails(said.clone()), Fault::Again { .. }), "{said:?}");
    }
    // To the last chunk, 206 without a word more is no end.
    assert!(matches!(House::all_but_last(job()).fails(reply(206, Value::Null)), Fault::Again { .. }));
    for code in [400, 401, 302, 0] {
        assert!(matches!(House::opened(job()).fails(html(code)), Fault::Strange { .. }), "{code}");
    }
    let house = House::all_but_last(job()).hears(html(201)).sends("tiktok.status.fetch");
    assert!(house.job.remote.is_some(), "the body of 201 is nobody's business");
    // 200 may be an end, or a page of the network: TikTok is asked, and asked without hurry if it comes again.
    let house = House::all_but_last(job()).hears(html(200)).sends("tiktok.status.fetch");
    let house = house.hears(uploading(LAST)).sends("tiktok.upload.put");
    assert!(matches!(house.fails(html(200)), Fault::Again { .. }));
    House::all_but_last(job()).hears(html(200)).hears(complete(json!([POST_ID]))).done();
}

#[test]
fn an_address_that_ended_before_the_last_chunk_is_replaced() {
    for (code, house) in [(403, House::opened(job())), (404, House::opened(job()))] {
        let house = house.hears(html(code)).sends("tiktok.creator_info");
        let house = house.hears(creator()).sends("tiktok.video.init").hears(init());
        assert_eq!(house.sends_from().0, 0, "from the first byte");
    }
    // Asked about, it may be unknown as well.
    let house = House::opened(job()).wakes().hears(refusal(400, "invalid_publish_id"));
    house.sends("tiktok.creator_info");
}

#[test]
fn a_line_that_needs_more_than_an_hour_is_told() {
    let again = |house: House| house.hears(html(403)).hears(creator()).hears(init());
    let house = again(again(House::opened(job())));
    let problem = refused(house.fails(html(403)));
    assert_eq!((problem.code, problem.fix), (Code::GaveUp, Fix::Decide));
}

#[test]
fn an_address_that_ended_after_a_last_chunk_was_sent_is_looked_at_first_c2() {
    let ended = || {
        let house = House::all_but_last(job()).wakes().hears(uploading(LAST));
        house.sends("tiktok.upload.put").hears(html(404)).sends("tiktok.status.fetch")
    };
    // The same for the first time it was sent: it may have arrived whole.
    let first = |code| House::all_but_last(job()).hears(html(code)).sends("tiktok.status.fetch");
    for code in [403, 404] {
        first(code).hears(complete(json!([POST_ID]))).done();
        let house = first(code).hears(uploading(LAST)).waits().wakes().hears(uploading(LAST));
        house.sends("tiktok.creator_info");
    }
    ended().hears(uploading(SIZE)).waits();
    ended().hears(complete(json!([POST_ID]))).done();
    // Without numbers it may be finished: its end is waited for, and nothing is sent.
    let house = ended().hears(status("PROCESSING_UPLOAD")).waits();
    assert!(house.job.remote.is_some());
    // Said twice that the end is missing: then it is.
    let house = ended().hears(uploading(LAST)).waits();
    assert_eq!(house.wait(), Duration::from_secs(30));
    let house = house.wakes().sends("tiktok.status.fetch").hears(uploading(LAST));
    house.sends("tiktok.creator_info").hears(creator()).sends("tiktok.video.init");
    assert!(matches!(ended().fails(refusal(400, "invalid_publish_id")), Fault::Unsure { .. }));
}

#[test]
fn a_post_that_was_changed_under_way_is_opened_anew_c38() {
    let mut house = House::opened(job()).wakes();
    house.job.words.caption = "Rye".into();
    assert!(matches!(house.fails(uploading(10_000_000)), Fault::Lost { .. }));
    let mut house = House::opened(job()).wakes();
    house.job = with(house.job, "allow_duet", json!(true));
    assert!(matches!(house.fails(uploading(10_000_000)), Fault::Lost { .. }));
    // Not once the last chunk was on its way: it may be posted as it was.
    let mut house = House::all_but_last(job()).wakes();
    house.job.words.caption = "Rye".into();
    house.hears(uploading(LAST)).sends("tiktok.upload.put");
}

#[test]
fn the_token_stays_at_home_and_the_address_is_never_printed() {
    let house = House::opened(job());
    assert_eq!(house.call().auth, Auth::None);
    assert!(matches!(&house.call().target, Target::Given(url) if url.expose() == ADDRESS));
    assert!(!format!("{:?}", house.call()).contains("SECRET"));
    assert_eq!(house.call().method, http::Method::PUT);
}
