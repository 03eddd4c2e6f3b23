//! TikTok's Display API: fields and their scopes, pages that may be short, and only what everybody can see.
#![allow(clippy::unwrap_used)]

mod house;

use house::tiktok::{Tiktoker, code, post, sign_in, sign_in_for};
use house::{House, house, read, stuff};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn user(creator: &Tiktoker, fields: &str) -> (u16, Value) {
    let ask = creator.ask(Method::GET, "/v2/user/info/").query(&[("fields", fields)]);
    read(ask.send().await.unwrap()).await
}

async fn list(creator: &Tiktoker, fields: &str, body: Value) -> (u16, Value) {
    creator.post(&format!("/v2/video/list/?fields={fields}"), body).await
}

#[tokio::test]
async fn a_creator_field_by_field() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let (status, body) =
        user(&mira, "open_id,display_name,username,is_verified,follower_count,avatar_url").await;
    let user_data = body["data"]["user"].as_object().unwrap();
    assert_eq!((status, user_data.len()), (200, 6), "only what was asked for");
    assert_eq!(
        (
            &user_data["display_name"],
            &user_data["username"],
            &user_data["is_verified"],
            &user_data["follower_count"]
        ),
        (&json!("Mira Bakes"), &json!("mirabakes"), &json!(true), &json!(0))
    );
    assert!(user_data["avatar_url"].as_str().unwrap().starts_with(house.sandbox.page()));
    for wrong in ["", "display_name,shoe_size"] {
        assert_eq!(code(&user(&mira, wrong).await), (400, "invalid_params"), "{wrong:?}");
    }
    let bare = read(mira.ask(Method::GET, "/v2/user/info/").send().await.unwrap()).await;
    assert_eq!(code(&bare), (400, "invalid_params"));
    let basic = sign_in_for(&house, "mira", "user.info.basic").await;
    assert_eq!(user(&basic, "open_id,display_name").await.0, 200);
    assert_eq!(code(&user(&basic, "display_name,username").await), (401, "scope_not_authorized"));
    house.sandbox.settings(|s| s.tiktok.blank_fields = true);
    let (status, body) = user(&basic, "display_name,username,is_verified,likes_count").await;
    assert_eq!(status, 200);
    assert_eq!(
        body["data"]["user"],
        json!({ "display_name": "Mira Bakes", "username": "", "is_verified": false, "likes_count": 0 })
    );
    let posting = sign_in_for(&house, "mira", "video.publish").await;
    assert_eq!(code(&user(&posting, "open_id").await), (401, "scope_not_authorized"));
}

/// Three public posts and one private one, a minute apart; the ids of the public ones, newest first.
async fn posts(house: &House, mira: &Tiktoker) -> Vec<String> {
    house.sandbox.settings(|s| (s.processing_ms, s.tiktok.moderation_ms) = (0, 1_000));
    let all = stuff(1_000);
    for (n, level) in
        ["PUBLIC_TO_EVERYONE", "PUBLIC_TO_EVERYONE", "SELF_ONLY", "PUBLIC_TO_EVERYONE"].iter().enumerate()
    {
        let mut words = post(level);
        words["title"] = json!(format!("{n}{}", "é".repeat(200)));
        words["is_aigc"] = json!(n == 0);
        let upload = mira.begin_for(words, all.len()).await;
        mira.send(&upload, &all).await;
        house.sandbox.advance(Duration::from_secs(60));
    }
    let videos = house.sandbox.state().videos;
    videos.iter().rev().filter(|video| video.public_at_ms.is_some()).map(|video| video.id.clone()).collect()
}

#[tokio::test]
async fn public_posts_page_by_page_newest_first() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let expected = posts(&house, &mira).await;
    let ids = |body: &Value| -> Vec<String> {
        let videos = body["data"]["videos"].as_array().unwrap();
        videos.iter().map(|video| video["id"].as_str().unwrap().to_string()).collect()
    };
    let (status, body) =
        list(&mira, "id,create_time,title,share_url,view_count,is_aigc,duration", json!({})).await;
    assert_eq!((status, ids(&body), &body["data"]["has_more"]), (200, expected.clone(), &json!(false)));
    let oldest = &body["data"]["videos"][2];
    assert_eq!(
        (&oldest["is_aigc"], &oldest["view_count"], oldest.as_object().unwrap().len()),
        (&json!(true), &json!(0), 7)
    );
    assert_eq!(oldest["title"].as_str().unwrap().chars().count(), 150);
    assert_eq!(oldest["share_url"], format!("https://www.tiktok.com/@mirabakes/video/{}", expected[2]));
    let now_s = house.sandbox.now_ms() / 1000;
    assert!((now_s - 300..=now_s).contains(&oldest["create_time"].as_i64().unwrap()), "seconds");
    // A page may hold fewer than asked; the cursor is in milliseconds and goes on.
    house.sandbox.settings(|s| s.tiktok.list_page = 2);
    let (_, first) = list(&mira, "id", json!({ "max_count": 20 })).await;
    assert_eq!((ids(&first), &first["data"]["has_more"]), (expected[..2].to_vec(), &json!(true)));
    let cursor = first["data"]["cursor"].as_i64().unwrap();
    assert!(cursor > 1_000_000_000_000);
    let (_, second) = list(&mira, "id", json!({ "max_count": 20, "cursor": cursor })).await;
    assert_eq!((ids(&second), &second["data"]["has_more"]), (expected[2..].to_vec(), &json!(false)));
    for wrong in [json!({ "max_count": 21 }), json!({ "max_count": 0 }), json!({ "cursor": "x" })] {
        assert_eq!(code(&list(&mira, "id", wrong.clone()).await), (400, "invalid_params"), "{wrong}");
    }
    assert_eq!(code(&list(&mira, "id,likes", json!({})).await), (400, "invalid_params"));
    assert_eq!(code(&list(&mira, "", json!({})).await), (400, "invalid_params"));
    let jonas = sign_in(&house, "jonas").await;
    assert_eq!(ids(&list(&jonas, "id", json!({})).await.1), Vec::<String>::new());
    let drafts = sign_in_for(&house, "mira", "user.info.basic,video.upload").await;
    assert_eq!(code(&list(&drafts, "id", json!({})).await), (401, "scope_not_authorized"));
}

#[tokio::test]
async fn posts_by_their_ids() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let public = posts(&house, &mira).await;
    let private =
        house.sandbox.state().videos.into_iter().find(|video| video.privacy == "SELF_ONLY").unwrap().id;
    let query = |creator, ids: Vec<String>| {
        let body = json!({ "filters": { "video_ids": ids } });
        async move { Tiktoker::post(creator, "/v2/video/query/?fields=id,cover_image_url", body).await }
    };
    let (status, body) = query(&mira, vec![public[1].clone(), private, "7".into()]).await;
    let videos = body["data"]["videos"].as_array().unwrap();
    assert_eq!((status, videos.len()), (200, 1), "private and unknown ones are just missing");
    assert_eq!(videos[0]["id"], json!(public[1]));
    assert!(videos[0]["cover_image_url"].as_str().unwrap().contains("x-expires="));
    assert_eq!(code(&query(&mira, vec!["7".into(); 21]).await), (400, "invalid_params"));
    assert_eq!(code(&query(&mira, Vec::new()).await), (400, "invalid_params"));
    let jonas = sign_in(&house, "jonas").await;
    let (_, body) = query(&jonas, vec![public[1].clone()]).await;
    assert_eq!(body["data"]["videos"], json!([]), "somebody else's");
}

#[tokio::test]
async fn six_hundred_a_minute() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.display_calls_per_minute = 3);
    let mira = sign_in(&house, "mira").await;
    for _ in 0..3 {
        assert_eq!(user(&mira, "open_id").await.0, 200);
    }
    assert_eq!(code(&user(&mira, "open_id").await), (429, "rate_limit_exceeded"));
    assert_eq!(list(&mira, "id", json!({})).await.0, 200, "each call for itself");
    assert_eq!(slipway_sandbox::TikTokSettings::default().display_calls_per_minute, 600);
}
