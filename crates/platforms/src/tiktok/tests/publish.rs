//! A post, told as stories that go to their end.

use super::*;

#[test]
fn mira_posts_now() {
    assert_eq!(AnyPlatform::goes_out(&TikTok, &job()), GoesOut::Now);
    let house = House::begin(job()).sends("tiktok.creator_info");
    assert_eq!(house.step.stage, Stage::Checking);
    let house = house.hears(creator()).sends("tiktok.video.init");
    assert_eq!(house.step.stage, Stage::Opening);
    let mut house = house.hears(init()).sends("tiktok.upload.put");
    for chunk in 0..7u64 {
        let from = chunk * 10_000_000;
        let range = format!("bytes {from}-{}/70000000", from + 9_999_999);
        assert_eq!(house.sends_from(), (from, 10_000_000, range));
        assert_eq!(house.step.confirmed, Some(from));
        assert!(house.job.remote.is_none(), "no id before the last byte: until then it may begin anew");
        assert_eq!(house.step.stage == Stage::Publishing, from == LAST);
        house = house.hears(stored(if from == LAST { 201 } else { 206 }, from + 10_000_000));
    }
    assert_eq!(house.step.confirmed, Some(SIZE));
    let remote = house.job.remote.clone().unwrap();
    assert_eq!((remote.id.as_str(), remote.url.as_str()), (PUBLISH_ID, "https://www.tiktok.com/@mira.bakes"));
    let house = house.sends("tiktok.status.fetch");
    assert_eq!(body(house.call()), &json!({ "publish_id": PUBLISH_ID }));
    let house = house.hears(status("PROCESSING_UPLOAD")).waits();
    assert_eq!(house.step.stage, Stage::Processing);
    let house = house.wakes().hears(complete(json!([POST_ID])));
    let done = house.done();
    let remote = done.remote.as_ref().unwrap();
    assert_eq!(remote.id, "7412345678901234567", "every digit of it");
    assert_eq!(remote.url, "https://www.tiktok.com/@mira.bakes/video/7412345678901234567", "C10");
    assert_eq!(done.privacy.as_deref(), Some("PUBLIC_TO_EVERYONE"));
    assert!(done.notes.is_empty());
    assert!(AnyPlatform::extras(&TikTok, &house.job).is_empty());
}

#[test]
fn a_public_post_is_published_with_its_number_and_not_before_c10() {
    let mut house = House::all_but_last(job()).hears(stored(201, SIZE));
    // It is looked at once, and then less and less: moderation takes its time.
    for (second, pause) in
        [(0, 1), (2, 1), (3, 3), (9, 6), (59, 6), (70, 15), (700, 60), (4000, 300), (30_000, 1800)]
    {
        house = house.later(second).wakes().sends("tiktok.status.fetch").hears(complete(json!([]))).waits();
        assert_eq!(house.wait(), Duration::from_secs(pause), "after {second} s");
        assert_eq!(house.step.stage, Stage::Processing);
    }
    let found = House { job: house.job.clone(), memo: house.memo.clone(), step: house.step };
    let found = found.wakes().hears(complete(json!([POST_ID.to_string()])));
    assert_eq!(found.done().remote.as_ref().unwrap().id, POST_ID.to_string());
}

#[test]
fn after_a_day_without_a_number_it_is_told_and_never_posted_again_c14() {
    let house = House::all_but_last(job()).hears(stored(201, SIZE)).later(86_400).wakes();
    let house = house.hears(complete(Value::Null)).waits();
    let house = house.later(86_401).wakes().hears(complete(json!([])));
    let done = house.done();
    assert_eq!(done.notes[0].code, Code::NotPublic);
    assert_eq!(done.privacy, None, "that anybody sees it was not said");
    assert_eq!(done.remote.as_ref().unwrap().url, "https://www.tiktok.com/@mira.bakes");
    // Neither posted nor refused for a day: a person looks.
    let house = House::all_but_last(job()).hears(stored(201, SIZE)).later(86_401).wakes();
    assert!(matches!(house.fails(status("PROCESSING_UPLOAD")), Fault::Unsure { .. }));
    assert!(matches!(house.fails(status("A_NEW_WORD")), Fault::Unsure { .. }));
}

#[test]
fn what_is_not_public_gets_no_number_and_is_done_without() {
    for level in ["MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"] {
        let house =
            House::all_but_last(with(job(), "privacy", json!(level))).hears(stored(201, SIZE)).wakes();
        let house = house.hears(complete(json!([])));
        assert_eq!(house.done().privacy.as_deref(), Some(level));
        assert_eq!(house.done().remote.as_ref().unwrap().id, PUBLISH_ID);
        assert!(house.done().notes.is_empty());
    }
}

#[test]
fn words_nobody_knows_yet_are_still_working() {
    let house = House::all_but_last(job()).hears(stored(201, SIZE)).wakes();
    let house = house.hears(status("PROCESSING_DOWNLOAD")).waits().wakes().hears(status("REVIEWING")).waits();
    house.wakes().hears(complete(json!([POST_ID]))).done();
}

#[test]
fn without_a_handle_the_post_is_still_found_by_its_number() {
    let mut anonymous = job();
    anonymous.account.live = Value::Null;
    let mut nameless = terms();
    nameless["creator_username"] = Value::Null;
    let house = House::begin(small(anonymous)).hears(ok(nameless)).hears(init());
    let house = house.hears(stored(201, 4_000_000)).wakes().hears(complete(json!([POST_ID])));
    let remote = house.done().remote.clone().unwrap();
    assert_eq!((remote.id, remote.url), (POST_ID.to_string(), "https://www.tiktok.com/".into()));
}

#[test]
fn nothing_leaves_before_the_declaration() {
    let mut silent = job();
    silent.options.remove("consent");
    let problem = refused(AnyPlatform::begin(&TikTok, &silent).unwrap_err());
    assert_eq!((problem.code, field(&problem)), (Code::OptionMissing, Some("consent")));
}

#[test]
fn what_is_no_longer_allowed_at_its_minute_is_told_and_nothing_is_opened() {
    let mut no_talk = terms();
    no_talk["comment_disabled"] = true.into();
    let mut short = terms();
    short["max_video_post_duration_sec"] = 30.into();
    let allowing = |key: &str| with(job(), key, json!(true));
    for (job, said, code, at) in [
        (job(), private(), Code::TermsChanged, Some("privacy")),
        (allowing("allow_comment"), ok(no_talk), Code::TermsChanged, Some("allow_comment")),
        (allowing("allow_stitch"), creator(), Code::TermsChanged, Some("allow_stitch")),
        (job(), ok(short), Code::FileTooLong, None),
        (unaudited(job()), creator(), Code::NotAudited, Some("mode")),
        (unaudited(job()), private(), Code::NotAudited, Some("privacy")),
    ] {
        let problem = refused(House::begin(job).fails(said));
        assert_eq!((problem.code, field(&problem)), (code, at), "{}", problem.message);
    }
    // What holds may be posted, also by an app that was not audited.
    let own = with(unaudited(job()), "privacy", json!("SELF_ONLY"));
    House::begin(own).hears(private()).sends("tiktok.video.init");
    House::begin(allowing("allow_duet")).hears(creator()).sends("tiktok.video.init");
}

#[test]
fn terms_without_choices_are_no_terms() {
    assert!(matches!(House::begin(job()).fails(ok(json!({}))), Fault::Strange { .. }));
    assert!(matches!(House::begin(job()).fails(html(200)), Fault::Strange { .. }));
}

#[test]
fn a_lost_opening_is_repeated_since_no_post_exists_before_the_last_byte() {
    let house = House::begin(job()).hears(creator()).sends("tiktok.video.init");
    let house = house.wakes().sends("tiktok.creator_info").hears(creator()).sends("tiktok.video.init");
    house.hears(init()).sends("tiktok.upload.put");
}

#[test]
fn an_address_that_is_none_is_strange() {
    for data in [
        json!({}),
        json!({ "publish_id": PUBLISH_ID }),
        json!({ "publish_id": "", "upload_url": ADDRESS }),
        json!({ "publish_id": "a b", "upload_url": ADDRESS }),
        json!({ "publish_id": PUBLISH_ID, "upload_url": "ftp://open-upload.tiktokapis.com/" }),
    ] {
        let house = House::begin(job()).hears(creator());
        assert!(matches!(house.fails(ok(data.clone())), Fault::Strange { .. }), "{data}");
    }
}

#[test]
fn a_refused_plan_is_followed_by_the_next_c24() {
    let mut house = House::begin(job()).hears(creator());
    let mut asked = Vec::new();
    loop {
        let source = body(house.call())["source_info"].clone();
        asked.push((source["chunk_size"].as_u64().unwrap(), source["total_chunk_count"].as_u64().unwrap()));
        if asked.len() == 5 {
            break;
        }
        house = house.hears(refusal(400, if asked.len() == 1 { "invalid_params" } else { "invalid_param" }));
        assert_eq!(house.step.stage, Stage::Opening);
    }
    assert_eq!(asked, [(10_000_000, 7), (10_485_760, 6), (32_000_000, 2), (35_000_000, 2), (5_242_880, 13)]);
    assert!(
        matches!(house.fails(refusal(400, "invalid_params")), Fault::Strange { .. }),
        "and is told at last"
    );
    // The chunks that are sent are those of the plan that was taken.
    let house = House::begin(job()).hears(creator()).hears(refusal(400, "invalid_params")).hears(init());
    assert_eq!(house.sends_from(), (0, 10_485_760, "bytes 0-10485759/70000000".into()));
    let house = house.hears(stored(206, 10_485_760));
    assert_eq!(house.sends_from(), (10_485_760, 10_485_760, "bytes 10485760-20971519/70000000".into()));
    // After a crash it goes on with the plan it had come to.
    let house = House::begin(job()).hears(creator()).hears(refusal(400, "invalid_params")).wakes();
    assert_eq!(body(house.hears(creator()).call())["source_info"]["chunk_size"], 10_485_760);
}

#[test]
fn only_a_refused_parameter_leads_to_another_plan() {
    for said in
        [refusal(403, "spam_risk"), refusal(500, "invalid_params_of_a_gateway"), html(400), refusal(400, "x")]
    {
        let house = House::begin(job()).hears(creator());
        let step = AnyPlatform::after(&TikTok, &house.job, &house.memo, &said);
        assert!(step.is_err(), "{said:?}");
    }
}

#[test]
fn what_has_an_id_is_never_sent_again_c4() {
    let remote = |id: &str| Some(Remote { id: id.into(), url: "https://www.tiktok.com/@mira.bakes".into() });
    let known = Job { remote: remote(PUBLISH_ID), ..job() };
    let house = House::begin(known.clone()).sends("tiktok.status.fetch");
    assert_eq!(body(house.call())["publish_id"], PUBLISH_ID);
    house.hears(complete(json!([POST_ID]))).done();
    for mut house in [House::begin(job()), House::begin(job()).hears(creator()), House::opened(job())] {
        house.job = known.clone();
        house.wakes().sends("tiktok.status.fetch");
    }
    // Under its own number it is public, and there is nothing to ask.
    let house = House::begin(Job { remote: remote("7412345678901234567"), ..job() });
    assert_eq!(house.done().remote.as_ref().unwrap().id, "7412345678901234567");
    assert_eq!(house.done().privacy.as_deref(), Some("PUBLIC_TO_EVERYONE"));
}

#[test]
fn a_failure_says_what_it_was_and_that_nothing_was_posted() {
    let house = House::all_but_last(job()).hears(stored(201, SIZE)).wakes();
    for (reason, code, fix) in [
        ("file_format_check_failed", Code::FileUnsupported, Fix::ChooseFile),
        ("duration_check_failed", Code::FileTooLong, Fix::ChooseFile),
        ("frame_rate_check_failed", Code::FileUnsupported, Fix::ChooseFile),
        ("picture_size_check_failed", Code::FileUnsupported, Fix::ChooseFile),
        ("video_size_check_failed", Code::FileTooLarge, Fix::ChooseFile),
        ("video_bitrate_check_failed", Code::FileUnsupported, Fix::ChooseFile),
        ("auth_removed", Code::Refused, Fix::Decide),
        ("spam_risk_too_many_posts", Code::AccountLimit, Fix::Decide),
        ("spam_risk_user_banned_from_posting", Code::Refused, Fix::Decide),
        ("spam_risk_text", Code::TextIllegal, Fix::Decide),
        ("spam_risk", Code::Refused, Fix::Decide),
        ("publish_cancelled", Code::ProcessingFailed, Fix::Decide),
        ("something_new", Code::ProcessingFailed, Fix::Decide),
        ("", Code::ProcessingFailed, Fix::Decide),
    ] {
        let problem = refused(house.fails(failed(reason)));
        assert_eq!((problem.code, problem.fix.clone()), (code, fix), "{reason}");
        assert!(problem.message.to_lowercase().contains("nothing was posted"), "{}", problem.message);
        assert_eq!(problem.detail.as_deref(), Some(reason));
    }
    // TikTok's own trouble may pass: it may be made anew.
    assert!(
        matches!(house.fails(failed("internal")), Fault::Failed(problem) if problem.code == Code::ProcessingFailed)
    );
}

#[test]
fn an_upload_nobody_knows_any_more_is_for_a_person() {
    let house = House::all_but_last(job()).hears(stored(201, SIZE)).wakes();
    for code in ["invalid_publish_id", "token_not_authorized_for_specified_publish_id"] {
        assert!(matches!(house.fails(refusal(400, code)), Fault::Unsure { .. }), "{code}");
    }
}

#[test]
fn two_posts_of_a_minute_leave_room_in_its_thirty_looks() {
    let mut house = House::all_but_last(job()).hears(stored(201, SIZE)).sends("tiktok.status.fetch");
    let (mut looks, mut second) = (0, 0);
    while second < 60 {
        looks += 1;
        house = house.later(second).hears(status("PROCESSING_UPLOAD")).waits();
        second += i64::try_from(house.wait().as_secs()).unwrap();
        house = house.wakes().sends("tiktok.status.fetch");
    }
    assert!(looks <= 15, "{looks} looks");
}
