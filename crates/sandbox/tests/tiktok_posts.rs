//! Beginning a post on TikTok: what the creator may do, what an init accepts, caps, audit, rates.
#![allow(clippy::unwrap_used)]

mod house;

use house::tiktok::{CHUNK, POSTING, code, file, post, sign_in, sign_in_for, source};
use house::{house, stuff};
use reqwest::Method;
use serde_json::{Value, json};
use slipway_sandbox::Megabyte;
use std::time::Duration;

#[tokio::test]
async fn what_the_posting_screen_has_to_show() {
    let house = house().await;
    let (status, info) = sign_in(&house, "mira").await.creator_info().await;
    let data = &info["data"];
    assert_eq!((status, &info["error"]["code"]), (200, &json!("ok")));
    assert_eq!(
        (&data["creator_nickname"], &data["creator_username"]),
        (&json!("Mira Bakes"), &json!("mirabakes"))
    );
    assert_eq!(
        data["privacy_level_options"],
        json!(["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"])
    );
    assert_eq!(
        (&data["comment_disabled"], &data["duet_disabled"], &data["stitch_disabled"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert_eq!(data["max_video_post_duration_sec"], 600);
    // The avatar is there for two hours, and then no more.
    let avatar = data["creator_avatar_url"].as_str().unwrap();
    assert_eq!(house.http.get(avatar).send().await.unwrap().status(), 200);
    house.sandbox.advance(Duration::from_secs(7_201));
    assert_eq!(house.http.get(avatar).send().await.unwrap().status(), 403);

    house.sandbox.settings(|s| {
        s.tiktok.comment_off = vec!["jonas".into()];
        s.tiktok.max_video_post_duration_sec = 60;
    });
    let jonas = sign_in(&house, "jonas").await;
    let (_, info) = jonas.creator_info().await;
    let data = &info["data"];
    assert_eq!(
        data["privacy_level_options"],
        json!(["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"])
    );
    assert_eq!(
        (&data["comment_disabled"], &data["duet_disabled"], &data["stitch_disabled"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(data["max_video_post_duration_sec"], 60);
    // An empty object is as good as no body; anything else is not.
    let path = "/v2/post/publish/creator_info/query/";
    assert_eq!(jonas.post(path, json!({})).await.0, 200);
    assert_eq!(code(&jonas.post(path, json!([])).await), (400, "invalid_params"));
}

#[tokio::test]
async fn a_creator_who_may_not_post_is_told_with_200_first_and_403_then() {
    let house = house().await;
    let ada = sign_in(&house, "ada").await;
    let info = ada.creator_info().await;
    assert_eq!(code(&info), (200, "spam_risk_user_banned_from_posting"));
    assert_eq!(info.1["data"], json!({}));
    let refused = ada.init(post("SELF_ONLY"), file(10)).await;
    assert_eq!(code(&refused), (403, "spam_risk_user_banned_from_posting"));
    assert_eq!(code(&ada.draft_init(file(10)).await), (403, "spam_risk_user_banned_from_posting"));
    house.sandbox.settings(|s| s.tiktok.refusal = Some("reached_active_user_cap".into()));
    let mira = sign_in(&house, "mira").await;
    assert_eq!(code(&mira.creator_info().await), (200, "reached_active_user_cap"));
    assert_eq!(code(&mira.init(post("SELF_ONLY"), file(10)).await), (403, "reached_active_user_cap"));
    assert!(house.sandbox.state().sessions.is_empty());
}

#[tokio::test]
async fn an_init_answers_with_a_task_and_an_address_elsewhere() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let upload = mira.begin(1_000).await;
    assert!(upload.id.starts_with("v_pub_file~v2-1.") && upload.id.len() <= 64, "{}", upload.id);
    assert!(upload.url.starts_with(&house.host("open-upload.tiktokapis.com")), "{}", upload.url);
    assert!(
        upload.url.len() <= 256 && upload.url.contains("upload_id=") && upload.url.contains("upload_token=")
    );
    let draft = mira.draft(1_000).await;
    assert!(draft.id.starts_with("v_inbox_file~v2.") && draft.id.len() <= 64, "{}", draft.id);
    // There is no idempotency: asked again, there is another.
    assert_ne!(mira.begin(1_000).await.id, upload.id);
    assert_eq!(house.sandbox.state().sessions.len(), 3);
    assert!(house.sandbox.state().videos.is_empty(), "nothing is there before its last byte");
}

#[tokio::test]
async fn every_mistake_in_an_init_is_refused_before_a_task_exists() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.inits_per_minute = 1_000);
    let mira = sign_in(&house, "mira").await;
    let with = |name: &str, value: Value| {
        let mut post = post("PUBLIC_TO_EVERYONE");
        post[name] = value;
        post
    };
    let long = |units: usize| "é".repeat(units - 2) + "😀";
    for (why, info) in [
        ("no level", with("privacy_level", Value::Null)),
        ("a title that is no text", with("title", json!(7))),
        ("2201 code units", with("title", json!(long(2_201)))),
        ("a word for a switch", with("disable_comment", json!("true"))),
        ("a cover beyond 32 bits", with("video_cover_timestamp_ms", json!(3_000_000_000_u64))),
        ("a cover with a point", with("video_cover_timestamp_ms", json!(1.5))),
        ("a misspelt disclosure", with("brand_content_togle", json!(true))),
        ("no object", json!("post")),
    ] {
        assert_eq!(code(&mira.init(info, file(10)).await), (400, "invalid_params"), "{why}");
    }
    for (why, source) in [
        (
            "an unknown source",
            json!({ "source": "FILE", "video_size": 10, "chunk_size": 10, "total_chunk_count": 1 }),
        ),
        ("no source", json!({ "video_size": 10, "chunk_size": 10, "total_chunk_count": 1 })),
        (
            "a size with a point",
            json!({ "source": "FILE_UPLOAD", "video_size": 10.0, "chunk_size": 10, "total_chunk_count": 1 }),
        ),
        (
            "a size in quotes",
            json!({ "source": "FILE_UPLOAD", "video_size": "10", "chunk_size": 10, "total_chunk_count": 1 }),
        ),
        ("no count", json!({ "source": "FILE_UPLOAD", "video_size": 10, "chunk_size": 10 })),
        (
            "a negative size",
            json!({ "source": "FILE_UPLOAD", "video_size": -1, "chunk_size": 10, "total_chunk_count": 1 }),
        ),
    ] {
        assert_eq!(code(&mira.init(post("SELF_ONLY"), source).await), (400, "invalid_params"), "{why}");
    }
    let pull = json!({ "source": "PULL_FROM_URL", "video_url": "https://creator.example/v.mp4" });
    assert_eq!(code(&mira.init(post("SELF_ONLY"), pull.clone()).await), (403, "url_ownership_unverified"));
    assert_eq!(code(&mira.draft_init(pull).await), (403, "url_ownership_unverified"));
    assert_eq!(
        code(&mira.init(post("FOLLOWER_OF_CREATOR"), file(10)).await),
        (403, "privacy_level_option_mismatch")
    );
    assert_eq!(code(&mira.init(post("PUBLIC"), file(10)).await), (403, "privacy_level_option_mismatch"));
    let mut branded = post("SELF_ONLY");
    branded["brand_content_toggle"] = json!(true);
    assert_eq!(code(&mira.init(branded.clone(), file(10)).await), (400, "invalid_params"));
    // The body has to say that it is JSON.
    let path = "/v2/post/publish/video/init/";
    let text = json!({ "post_info": post("SELF_ONLY"), "source_info": file(10) }).to_string();
    let untyped = house::read(mira.ask(Method::POST, path).body(text).send().await.unwrap()).await;
    assert_eq!(code(&untyped), (400, "invalid_params"));
    assert!(house.sandbox.state().sessions.is_empty(), "not one of these left anything");

    branded["privacy_level"] = json!("PUBLIC_TO_EVERYONE");
    branded["title"] = json!(long(2_200));
    branded["video_cover_timestamp_ms"] = json!(1_500);
    branded["is_aigc"] = json!(true);
    assert_eq!(mira.init(branded, file(10)).await.0, 200);
    assert_eq!(
        mira.init(json!({ "privacy_level": "SELF_ONLY" }), file(10)).await.0,
        200,
        "all else is optional"
    );
    house.sandbox.settings(|s| s.tiktok.params_code = "invalid_param".into());
    assert_eq!(code(&mira.init(json!({}), file(10)).await), (400, "invalid_param"), "as documented");
}

/// C24: plans that were valid until August 2026, and valid ones that are refused all the same.
#[tokio::test]
async fn chunk_plans_are_held_against_the_rules_of_the_day() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.inits_per_minute = 1_000);
    let mira = sign_in(&house, "mira").await;
    let plan = |size, chunk, count| mira.init(post("SELF_ONLY"), source(size, chunk, count));
    let chunk = "The chunk size is invalid";
    let count = "The total chunk count is invalid";
    for (size, each, n, why) in [
        (66_259_900, 64_000_000, 1, chunk),
        (70_000_001, 10_000_000, 8, count),
        (64_000_001, 64_000_001, 1, count),
        (20_000_000, 4_000_000, 5, chunk),
    ] {
        let answer = plan(size, each, n).await;
        assert_eq!(code(&answer), (400, "invalid_params"));
        assert_eq!(answer.1["error"]["message"], why, "{size} as {n} of {each}");
    }
    assert_eq!(plan(70_000_000, 10_000_000, 7).await.0, 200);
    house.sandbox.settings(|s| s.tiktok.megabyte = Megabyte::Binary);
    assert_eq!(plan(67_108_864, 67_108_864, 1).await.0, 200);
    assert_eq!(plan(20_000_000, 5_000_000, 4).await.0, 400);

    house.sandbox.settings(|s| s.tiktok.chunk_plans_refused = 1);
    assert_eq!(plan(10, 10, 1).await.0, 200, "one chunk is not a plan of several");
    let refused = plan(70_000_000, 10_000_000, 7).await;
    assert_eq!((code(&refused), &refused.1["error"]["message"]), ((400, "invalid_params"), &json!(chunk)));
    assert_eq!(plan(70_000_000, 10_000_000, 7).await.0, 200, "once, and not again");
    assert_eq!(house.sandbox.current_settings().tiktok.chunk_plans_refused, 0);
    house.sandbox.settings(|s| s.tiktok.chunk_sizes_refused = vec![10_000_000]);
    for _ in 0..2 {
        assert_eq!(plan(70_000_000, 10_000_000, 7).await.0, 400);
    }
    assert_eq!(plan(70_000_000, 32_000_000, 2).await.0, 200);
}

#[tokio::test]
async fn an_unaudited_app_posts_for_private_accounts_to_themselves_only() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.audited = false);
    let refused = "unaudited_client_can_only_post_to_private_accounts";
    let mira = sign_in(&house, "mira").await;
    let options = mira.creator_info().await.1["data"]["privacy_level_options"].clone();
    assert_eq!(options[0], "PUBLIC_TO_EVERYONE", "the list does not know of the audit");
    assert_eq!(code(&mira.init(post("PUBLIC_TO_EVERYONE"), file(10)).await), (403, refused));
    assert_eq!(code(&mira.init(post("SELF_ONLY"), file(10)).await), (403, refused), "the account is public");
    assert_eq!(mira.draft_init(file(10)).await.0, 200, "a draft needs no audit");
    let jonas = sign_in(&house, "jonas").await;
    assert_eq!(code(&jonas.init(post("FOLLOWER_OF_CREATOR"), file(10)).await), (403, refused));
    assert_eq!(jonas.init(post("SELF_ONLY"), file(10)).await.0, 200);
    // So many creators in a day, and no more.
    house.sandbox.settings(|s| {
        s.tiktok.private_accounts = vec!["mira".into(), "jonas".into()];
        s.tiktok.unaudited_creators = 1;
    });
    assert_eq!(code(&mira.creator_info().await), (200, "reached_active_user_cap"));
    assert_eq!(code(&mira.init(post("SELF_ONLY"), file(10)).await), (403, "reached_active_user_cap"));
    assert_eq!(jonas.init(post("SELF_ONLY"), file(10)).await.0, 200, "one of those of today");
    house.sandbox.advance(Duration::from_secs(86_401));
    let mira = sign_in(&house, "mira").await;
    assert_eq!(mira.init(post("SELF_ONLY"), file(10)).await.0, 200);
}

#[tokio::test]
async fn an_audited_app_has_its_cap_of_creators_too() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.active_creators = 1);
    let (mira, jonas) = (sign_in(&house, "mira").await, sign_in(&house, "jonas").await);
    mira.begin(10).await;
    assert_eq!(code(&jonas.init(post("SELF_ONLY"), file(10)).await), (403, "reached_active_user_cap"));
    assert_eq!(house.sandbox.state().quota["tiktok"].buckets["creators"].used, 1);
}

#[tokio::test]
async fn fifteen_posts_a_day_and_no_more() {
    let house = house().await;
    let mira = sign_in_for(&house, "mira", POSTING).await;
    let all = stuff(10);
    // Begun and never sent: nothing was posted.
    mira.begin(all.len()).await;
    for n in 0..15 {
        if n % 5 == 0 {
            house.sandbox.advance(Duration::from_secs(61));
        }
        let upload = mira.begin(all.len()).await;
        mira.send(&upload, &all).await;
    }
    house.sandbox.advance(Duration::from_secs(61));
    let refused = mira.init(post("SELF_ONLY"), file(10)).await;
    assert_eq!(code(&refused), (403, "spam_risk_too_many_posts"));
    assert_eq!(code(&mira.creator_info().await), (200, "spam_risk_too_many_posts"));
    assert_eq!(mira.draft_init(file(10)).await.0, 200, "drafts have a cap of their own");
    let bucket = house.sandbox.state().quota["tiktok"].buckets["posts of mira"];
    assert_eq!((bucket.used, bucket.limit), (15, 15));
    house.sandbox.advance(Duration::from_secs(86_400));
    let mira = sign_in(&house, "mira").await;
    assert_eq!(mira.init(post("SELF_ONLY"), file(10)).await.0, 200);
}

#[tokio::test]
async fn five_drafts_may_wait_until_one_is_posted() {
    let house = house().await;
    house.sandbox.settings(|s| s.processing_ms = 0);
    let mira = sign_in(&house, "mira").await;
    let all = stuff(10);
    let first = mira.draft(all.len()).await;
    mira.send(&first, &all).await;
    for _ in 0..4 {
        mira.draft(all.len()).await;
    }
    house.sandbox.advance(Duration::from_secs(61));
    assert_eq!(code(&mira.draft_init(file(10)).await), (403, "spam_risk_too_many_pending_share"));
    assert!(house.sandbox.finish_draft(&first.id));
    assert_eq!(mira.draft_init(file(10)).await.0, 200);
    house.sandbox.advance(Duration::from_secs(86_000));
    let mira = sign_in(&house, "mira").await;
    assert_eq!(code(&mira.draft_init(file(10)).await), (403, "spam_risk_too_many_pending_share"));
    house.sandbox.advance(Duration::from_secs(400));
    assert_eq!(mira.draft_init(file(10)).await.0, 200);
}

#[tokio::test]
async fn calls_are_counted_in_a_minute_that_slides_for_each_token_and_call() {
    let house = house().await;
    let (mira, again) = (sign_in(&house, "mira").await, sign_in(&house, "mira").await);
    for _ in 0..6 {
        assert_eq!(mira.init(post("SELF_ONLY"), file(10)).await.0, 200);
    }
    let path = "/v2/post/publish/video/init/";
    let body = json!({ "post_info": post("SELF_ONLY"), "source_info": file(10) });
    let answer = mira.ask(Method::POST, path).json(&body).send().await.unwrap();
    assert!(answer.headers().get("retry-after").is_none(), "TikTok names no time");
    assert_eq!(code(&house::read(answer).await), (429, "rate_limit_exceeded"));
    assert_eq!(again.init(post("SELF_ONLY"), file(10)).await.0, 200, "another token");
    for _ in 0..6 {
        // Wrong calls count as well, and the other init counts for itself.
        mira.draft_init(json!({})).await;
    }
    assert_eq!(code(&mira.draft_init(file(10)).await), (429, "rate_limit_exceeded"));
    for _ in 0..20 {
        assert_eq!(mira.creator_info().await.0, 200);
    }
    assert_eq!(code(&mira.creator_info().await), (429, "rate_limit_exceeded"));
    let id = again.begin(10).await.id;
    for _ in 0..30 {
        assert_eq!(mira.status(&id).await.0, 200);
    }
    assert_eq!(code(&mira.status(&id).await), (429, "rate_limit_exceeded"));
    house.sandbox.advance(Duration::from_secs(30));
    assert_eq!(mira.init(post("SELF_ONLY"), file(10)).await.0, 429);
    house.sandbox.advance(Duration::from_secs(31));
    assert_eq!(mira.init(post("SELF_ONLY"), file(10)).await.0, 200);
    assert_eq!(mira.status(&id).await.0, 200);
}

#[tokio::test]
async fn an_upload_that_was_begun_cannot_be_cancelled() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let upload = mira.begin(2 * CHUNK).await;
    let cancel = |id: String| mira.post("/v2/post/publish/cancel/", json!({ "publish_id": id }));
    assert_eq!(code(&cancel(upload.id.clone()).await), (400, "publish_not_cancellable"));
    assert_eq!(code(&cancel("v_pub_file~v2-1.1".into()).await), (400, "invalid_publish_id"));
}

#[tokio::test]
async fn a_path_without_its_slash_is_no_call() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    assert_eq!(mira.post("/v2/post/publish/video/init", json!({})).await.0, 404);
    let call = house.sandbox.calls().pop().unwrap();
    assert!(call.unknown && call.platform == "tiktok" && call.api == "unknown");
}
