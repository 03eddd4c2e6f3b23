//! What becomes of a TikTok post after its last byte: states by the clock, reasons to fail, the inbox, and who sees what.
#![allow(clippy::unwrap_used)]

mod house;

use house::tiktok::{Tiktoker, Upload, code, post, sign_in};
use house::{House, house, stuff};
use reqwest::Method;
use serde_json::{Value, json};
use slipway_sandbox::Outcome;
use std::time::Duration;

/// A house where time moves by hand only as far as it matters.
async fn slow_house() -> House {
    let house = house().await;
    house.sandbox.settings(|s| {
        s.processing_ms = 60_000;
        s.tiktok.moderation_ms = 600_000;
    });
    house
}

async fn posted(house: &House, account: &str, level: &str) -> (Tiktoker, Upload) {
    let creator = sign_in(house, account).await;
    let all = stuff(1_000);
    let upload = creator.begin_for(post(level), all.len()).await;
    creator.send(&upload, &all).await;
    (creator, upload)
}

#[tokio::test]
async fn a_public_post_is_processed_then_complete_then_public() {
    let house = slow_house().await;
    let mira = sign_in(&house, "mira").await;
    let all = stuff(1_000);
    let upload = mira.begin(all.len()).await;
    let (status, begun) = mira.status(&upload.id).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&begun["data"]["status"], &begun["data"]["uploaded_bytes"]),
        (&json!("PROCESSING_UPLOAD"), &json!(0))
    );
    mira.send(&upload, &all).await;
    let (_, sent) = mira.status(&upload.id).await;
    assert_eq!(
        (&sent["data"]["status"], &sent["data"]["uploaded_bytes"]),
        (&json!("PROCESSING_UPLOAD"), &json!(1_000))
    );
    assert_eq!(house.only_video().processing, "processing");
    house.sandbox.advance(Duration::from_secs(61));
    let (_, done) = mira.status(&upload.id).await;
    assert_eq!(
        (&done["data"]["status"], &done["data"]["publicaly_available_post_id"]),
        (&json!("PUBLISH_COMPLETE"), &json!([]))
    );
    let video = house.only_video();
    assert_eq!(
        (video.processing.as_str(), video.public_at_ms),
        ("succeeded", None),
        "moderation is not through"
    );
    house.sandbox.advance(Duration::from_secs(600));
    let answer = mira.ask(Method::POST, "/v2/post/publish/status/fetch/");
    let text = answer.json(&json!({ "publish_id": upload.id })).send().await.unwrap().text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    let id = body["data"]["publicaly_available_post_id"][0].as_u64().unwrap();
    assert!(id > 1 << 53 && id as f64 as u64 != id, "no float holds {id}");
    let video = house.only_video();
    assert_eq!(
        (video.id, video.url.clone()),
        (id.to_string(), format!("https://www.tiktok.com/@mirabakes/video/{id}"))
    );
    assert_eq!(video.privacy, "PUBLIC_TO_EVERYONE");
    // The minute it became public is its own, not the one somebody looked.
    assert_eq!(video.public_at_ms.unwrap(), video.created_at_ms + 660_000);
    assert_eq!(video.options["disable_duet"], json!(true));
    assert_eq!((&video.raw["publish_id"], &video.raw["username"]), (&json!(upload.id), &json!("mirabakes")));
}

#[tokio::test]
async fn what_only_its_creator_sees_has_no_id_ever() {
    let house = slow_house().await;
    let (jonas, upload) = posted(&house, "jonas", "SELF_ONLY").await;
    house.sandbox.advance(Duration::from_secs(80_000));
    let (_, body) = jonas.status(&upload.id).await;
    assert_eq!(
        (&body["data"]["status"], &body["data"]["publicaly_available_post_id"]),
        (&json!("PUBLISH_COMPLETE"), &json!([]))
    );
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.public_at_ms), ("SELF_ONLY", None));
    // Followers see theirs, and still nobody is told an id.
    house.sandbox.reset();
    let (jonas, upload) = posted(&house, "jonas", "FOLLOWER_OF_CREATOR").await;
    house.sandbox.advance(Duration::from_secs(700));
    let (_, body) = jonas.status(&upload.id).await;
    assert_eq!(body["data"]["publicaly_available_post_id"], json!([]));
    assert!(house.only_video().public_at_ms.is_some());
}

#[tokio::test]
async fn every_reason_to_fail() {
    let house = slow_house().await;
    house.sandbox.settings(|s| s.tiktok.inits_per_minute = 100);
    for reason in [
        "file_format_check_failed",
        "duration_check_failed",
        "frame_rate_check_failed",
        "picture_size_check_failed",
        "spam_risk_too_many_posts",
        "spam_risk_user_banned_from_posting",
        "spam_risk_text",
        "spam_risk",
        "video_size_check_failed",
        "internal",
    ] {
        house.sandbox.settings(|s| s.tiktok.fail_reason = Some(reason.into()));
        let (mira, upload) = posted(&house, "mira", "PUBLIC_TO_EVERYONE").await;
        assert_eq!(mira.stage(&upload.id).await, "PROCESSING_UPLOAD");
        house.sandbox.advance(Duration::from_secs(61));
        let (_, body) = mira.status(&upload.id).await;
        assert_eq!(
            (&body["data"]["status"], &body["data"]["fail_reason"]),
            (&json!("FAILED"), &json!(reason))
        );
    }
    let videos = house.sandbox.state().videos;
    assert!(videos.iter().all(|video| video.processing == "failed" && video.public_at_ms.is_none()));
    house.sandbox.settings(|s| {
        s.tiktok.fail_reason = None;
        s.processing_outcome = Outcome::Failed;
    });
    let (mira, upload) = posted(&house, "mira", "PUBLIC_TO_EVERYONE").await;
    house.sandbox.advance(Duration::from_secs(61));
    assert_eq!(mira.status(&upload.id).await.1["data"]["fail_reason"], "internal");
}

#[tokio::test]
async fn access_that_is_withdrawn_in_between_ends_the_post() {
    let house = slow_house().await;
    let (mira, upload) = posted(&house, "mira", "PUBLIC_TO_EVERYONE").await;
    let revoked = house::tiktok::oauth(&house, "revoke", &[("token", &mira.token)]).await;
    assert_eq!(revoked.status(), 200);
    house.sandbox.advance(Duration::from_secs(61));
    let mira = sign_in(&house, "mira").await;
    assert_eq!(mira.status(&upload.id).await.1["data"]["fail_reason"], "auth_removed");
}

#[tokio::test]
async fn somebody_elses_task_and_one_nobody_knows() {
    let house = slow_house().await;
    let (_, upload) = posted(&house, "mira", "PUBLIC_TO_EVERYONE").await;
    let jonas = sign_in(&house, "jonas").await;
    let other = jonas.status(&upload.id).await;
    assert_eq!(code(&other), (400, "token_not_authorized_for_specified_publish_id"));
    assert_eq!(code(&jonas.status("v_pub_file~v2-1.7").await), (400, "invalid_publish_id"));
    let path = "/v2/post/publish/status/fetch/";
    assert_eq!(code(&jonas.post(path, json!({})).await), (400, "invalid_params"));
    let lists_only = house::tiktok::sign_in_for(&house, "mira", "user.info.basic,video.list").await;
    assert_eq!(code(&lists_only.status(&upload.id).await), (401, "scope_not_authorized"));
    let drafts_only = house::tiktok::sign_in_for(&house, "mira", "video.upload").await;
    assert_eq!(drafts_only.status(&upload.id).await.0, 200, "either scope will do");
}

/// C15: a draft rests in the inbox until its creator posts it, if ever.
#[tokio::test]
async fn a_draft_waits_for_its_creator() {
    let house = slow_house().await;
    let mira = sign_in(&house, "mira").await;
    let all = stuff(1_000);
    let upload = mira.draft(all.len()).await;
    assert!(!house.sandbox.finish_draft(&upload.id), "nothing has arrived yet");
    mira.send(&upload, &all).await;
    assert_eq!(mira.stage(&upload.id).await, "PROCESSING_UPLOAD");
    house.sandbox.advance(Duration::from_secs(61));
    for _ in 0..2 {
        assert_eq!(mira.stage(&upload.id).await, "SEND_TO_USER_INBOX");
        house.sandbox.advance(Duration::from_secs(40_000));
    }
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.public_at_ms, video.description.as_str()), ("inbox", None, ""));
    assert_eq!(house.sandbox.state().sessions[0].purpose, "inbox");
    assert!(house.sandbox.finish_draft(&upload.id));
    assert!(!house.sandbox.finish_draft(&upload.id), "posted once");
    let (_, body) = mira.status(&upload.id).await;
    assert_eq!(
        (&body["data"]["status"], &body["data"]["publicaly_available_post_id"]),
        (&json!("PUBLISH_COMPLETE"), &json!([]))
    );
    house.sandbox.advance(Duration::from_secs(601));
    let (_, body) = mira.status(&upload.id).await;
    let id = body["data"]["publicaly_available_post_id"][0].as_u64().unwrap();
    let video = house.only_video();
    assert_eq!((video.id, video.privacy.as_str()), (id.to_string(), "PUBLIC_TO_EVERYONE"));
}

async fn page(house: &House, path: &str) -> String {
    house.http.get(format!("{}{path}", house.sandbox.page())).send().await.unwrap().text().await.unwrap()
}

async fn finish(house: &House, body: Value) -> u16 {
    let address = format!("{}/api/tiktok/finish", house.sandbox.page());
    house.http.post(address).json(&body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_draft_is_posted_on_the_page_with_words_and_an_audience() {
    let house = slow_house().await;
    let jonas = sign_in(&house, "jonas").await;
    let all = stuff(1_000);
    let (one, two) = (jonas.draft(all.len()).await, jonas.draft(all.len()).await);
    for upload in [&one, &two] {
        jonas.send(upload, &all).await;
    }
    assert!(!page(&house, "/").await.contains("TikTok inbox"));
    house.sandbox.advance(Duration::from_secs(61));
    let index = page(&house, "/").await;
    assert!(index.contains("TikTok inbox") && index.contains("@jonas.rides") && index.contains(&one.id));
    let draft = page(&house, &format!("/tiktok/draft?id={}", one.id)).await;
    assert!(
        draft.contains("FOLLOWER_OF_CREATOR") && !draft.contains("PUBLIC_TO_EVERYONE"),
        "the account is private"
    );
    let address = format!("{}/tiktok/finish", house.sandbox.page());
    let form =
        [("publish_id", one.id.as_str()), ("caption", "Two <wheels>"), ("privacy", "MUTUAL_FOLLOW_FRIENDS")];
    assert_eq!(house.http.post(&address).form(&form).send().await.unwrap().status(), 303);
    assert_eq!(house.http.post(&address).form(&form).send().await.unwrap().status(), 400, "it waits no more");
    assert_eq!(finish(&house, json!({ "publish_id": two.id, "privacy": "PUBLIC_TO_EVERYONE" })).await, 400);
    assert_eq!(finish(&house, json!({ "publish_id": "nothing" })).await, 400);
    assert_eq!(finish(&house, json!({ "publish_id": two.id, "caption": "Rain" })).await, 200);
    let videos = house.sandbox.state().videos;
    assert_eq!(
        (videos[0].privacy.as_str(), videos[0].description.as_str()),
        ("MUTUAL_FOLLOW_FRIENDS", "Two <wheels>")
    );
    assert_eq!((videos[1].privacy.as_str(), videos[1].description.as_str()), ("FOLLOWER_OF_CREATOR", "Rain"));
    let index = page(&house, "/").await;
    assert!(!index.contains("TikTok inbox") && index.contains("Two &lt;wheels&gt;"));
}

#[tokio::test]
async fn the_page_is_a_phone_and_marks_what_the_audience_does_not_see() {
    let house = slow_house().await;
    let (_, _) = posted(&house, "mira", "PUBLIC_TO_EVERYONE").await;
    let index = page(&house, "/").await;
    assert!(index.contains("<h2>TikTok</h2>") && index.contains("class=screen"));
    assert!(index.contains("tall unseen"), "not yet public");
    house.sandbox.advance(Duration::from_secs(700));
    let index = page(&house, "/").await;
    assert!(!index.contains("tall unseen") && index.contains("badge public"));
    assert!(index.contains("PUBLIC_TO_EVERYONE") && index.contains("A cake #baking"));
    let video = house.only_video();
    assert!(page(&house, &format!("/watch?v={}", video.id)).await.contains("class=screen"));
    let (_, _) = posted(&house, "mira", "SELF_ONLY").await;
    house.sandbox.advance(Duration::from_secs(700));
    assert_eq!(page(&house, "/").await.matches("tall unseen").count(), 1, "the private one");
}
