//! Instagram with Facebook Login: containers, their bytes, publishing, and what stands there afterwards.
#![allow(clippy::unwrap_used)]

mod house;

use house::meta::{BAKES, MIRABAKES, code};
use house::{UNIT, hex, house, read, stuff};
use reqwest::Method;
use serde_json::{Value, json};
use slipway_sandbox::{Deed, Fault};
use std::time::Duration;

const REEL: [(&str, &str); 2] = [("media_type", "REELS"), ("caption", "A cake #bread @ada.letters")];

#[tokio::test]
async fn a_reel_from_disk_goes_out_at_the_moment_it_is_told() {
    let house = house().await;
    let account = house.account();
    let all = stuff(3 * UNIT + 5);
    let (id, address) = account.container(&REEL).await;
    assert_eq!(address, format!("{}/ig-api-upload/v25.0/{id}", house.host("rupload.facebook.com")));
    assert_eq!(account.status_code(&id).await, "IN_PROGRESS");
    assert_eq!(
        account.upload(&address, &all).await,
        (200, json!({ "success": true, "message": "Upload successful." }))
    );
    assert_eq!(account.status_code(&id).await, "IN_PROGRESS", "processing takes a while");
    let (status, body) = account.publish(&id).await;
    assert_eq!((status, code(&body)), (400, (9007, Some(2_207_027))));
    house.sandbox.advance(Duration::from_secs(3));
    let (_, body) =
        account.get(&id, &[("fields", "status_code,status,video_status,copyright_check_status")]).await;
    assert_eq!(body["status"], "Finished: Media has been uploaded and it is ready to be published.");
    assert_eq!(body["video_status"]["uploading_phase"]["status"], "complete");
    assert_eq!(body["copyright_check_status"], json!({ "status": "completed", "matches_found": false }));
    assert!(house.sandbox.state().videos.is_empty(), "a container posts nothing by itself");
    let (status, body) = account.publish(&id).await;
    assert_eq!(status, 200, "{body}");
    let media = body["id"].as_str().unwrap().to_string();
    assert_eq!(account.status_code(&id).await, "PUBLISHED");
    let video = house.only_video();
    assert_eq!(
        (video.id.as_str(), video.platform.as_str(), video.channel.as_str()),
        (media.as_str(), "instagram", "mirabakes")
    );
    assert_eq!((video.blake3.as_deref(), video.tall), (Some(hex(&all).as_str()), true));
    assert!(video.public_at_ms.is_some());
    let fields = [(
        "fields",
        "id,caption,permalink,shortcode,media_product_type,media_type,timestamp,username,is_shared_to_feed",
    )];
    let (_, item) = account.get(&media, &fields).await;
    assert_eq!((&item["media_product_type"], &item["media_type"]), (&json!("REELS"), &json!("VIDEO")));
    assert_eq!(
        item["permalink"],
        json!(format!("https://www.instagram.com/reel/{}/", item["shortcode"].as_str().unwrap()))
    );
    assert!(item["timestamp"].as_str().unwrap().ends_with("+0000"));
    assert_eq!((&item["caption"], &item["is_shared_to_feed"]), (&json!(REEL[1].1), &json!(true)));
    let (_, again) = account.publish(&id).await;
    assert_eq!(code(&again), (24, Some(2_207_008)), "once");
    assert_eq!(house.sandbox.state().videos.len(), 1);
    let page = account.page(BAKES).await;
    assert_eq!(page.get(&media, &[("fields", "caption")]).await.0, 200, "with the Page's token as well");
    let shown = house.http.get(house.sandbox.page()).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("Instagram") && shown.contains("class=screen") && shown.contains("#bread"));
}

#[tokio::test]
async fn publishing_can_be_lost_or_fail_and_still_be_live() {
    let house = house().await;
    let account = house.account();
    let lost = account.ready(&REEL, &stuff(10)).await;
    house.sandbox.plan(Fault::next("instagram.publish", Deed::Lost));
    let form = [("creation_id", lost.as_str())];
    assert!(
        account.ask(Method::POST, &format!("{MIRABAKES}/media_publish")).form(&form).send().await.is_err()
    );
    assert_eq!(account.status_code(&lost).await, "PUBLISHED");
    let transient = account.ready(&[REEL[0], ("caption", "Two")], &stuff(11)).await;
    house.sandbox.plan(Fault::next("instagram.publish", Deed::StatusAfter(500)));
    assert_eq!(account.publish(&transient).await.0, 500);
    let refused = account.ready(&[REEL[0], ("caption", "Three")], &stuff(12)).await;
    let plan = json!([{ "api": "instagram.publish", "file": "Three", "do": { "status": 400, "code": -1, "subcode": 2207001, "transient": true } }]);
    house.http.post(format!("{}/api/faults", house.sandbox.page())).json(&plan).send().await.unwrap();
    let (_, body) = account.publish(&refused).await;
    assert_eq!((code(&body), &body["error"]["is_transient"]), ((-1, Some(2_207_001)), &json!(true)));
    assert_eq!(account.status_code(&refused).await, "FINISHED");
    let fields = [("fields", "id,caption,timestamp,permalink"), ("limit", "5")];
    let (_, list) = account.get(&format!("{MIRABAKES}/media"), &fields).await;
    let captions: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|media| media["caption"].clone()).collect();
    assert_eq!(captions, [json!("Two"), json!(REEL[1].1)], "newest first");
    let (_, first) = account.get(&format!("{MIRABAKES}/media"), &[("limit", "1")]).await;
    let next = first["paging"]["next"].as_str().unwrap();
    let (_, second) = read(house.http.get(next).send().await.unwrap()).await;
    assert_eq!((second["data"].as_array().unwrap().len(), second["paging"].get("next")), (1, None));
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
}

#[tokio::test]
async fn the_days_posts_and_containers_are_counted() {
    let house = house().await;
    house.sandbox.settings(|settings| {
        settings.meta.quota_total = 2;
        settings.meta.containers_per_day = 5;
    });
    let account = house.account();
    let limit = async |fields: &str| {
        account.get(&format!("{MIRABAKES}/content_publishing_limit"), &[("fields", fields)]).await.1["data"]
            [0]
        .clone()
    };
    for n in 0..2 {
        let id = account.ready(&REEL, &stuff(10 + n)).await;
        assert_eq!(account.publish(&id).await.0, 200);
    }
    assert_eq!(
        limit("config,quota_usage").await,
        json!({ "quota_usage": 2, "config": { "quota_total": 2, "quota_duration": 86_400 } })
    );
    assert_eq!(limit("quota_usage").await, json!({ "quota_usage": 2 }));
    let third = account.ready(&REEL, &stuff(20)).await;
    let (status, body) = account.publish(&third).await;
    assert_eq!((status, code(&body)), (400, (9, Some(2_207_042))));
    assert_eq!(account.status_code(&third).await, "FINISHED", "it is not used up");
    account.container(&REEL).await;
    account.container(&REEL).await;
    let form = [("media_type", "REELS"), ("upload_type", "resumable")];
    assert_eq!(code(&account.post(&format!("{MIRABAKES}/media"), &form).await.1).0, 9);
    house.sandbox.advance(Duration::from_secs(86_401));
    assert_eq!(limit("quota_usage").await, json!({ "quota_usage": 0 }));
    account.container(&REEL).await;
}

#[tokio::test]
async fn a_carousel_of_videos_is_one_post() {
    let house = house().await;
    let account = house.account();
    let item = [("media_type", "VIDEO"), ("is_carousel_item", "true")];
    let (one, two) = (stuff(100), stuff(200));
    let first = account.ready(&item, &one).await;
    let media = format!("{MIRABAKES}/media");
    let carousel = |children: String| {
        let (account, media) = (&account, &media);
        async move {
            let form =
                [("media_type", "CAROUSEL"), ("caption", "Two cakes"), ("children", children.as_str())];
            account.post(media, &form).await
        }
    };
    assert_eq!(code(&carousel(first.clone()).await.1), (100, Some(2_207_028)), "one is none");
    assert_eq!(code(&carousel(vec![first.clone(); 11].join(",")).await.1), (100, Some(2_207_028)));
    assert_eq!(code(&carousel(format!("{first},999")).await.1), (24, Some(2_207_006)));
    let whole = account.ready(&REEL, &stuff(9)).await;
    assert_eq!(code(&carousel(format!("{first},{whole}")).await.1).0, 100, "not made to be part of one");
    let (second, address) = account.container(&item).await;
    account.upload(&address, &two).await;
    let both = json!([first, second]).to_string();
    assert_eq!(code(&carousel(both.clone()).await.1), (9007, Some(2_207_027)), "not ready");
    house.sandbox.advance(Duration::from_secs(3));
    assert_eq!(code(&account.publish(&first).await.1).0, 24, "a child is not published by itself");
    let (status, body) = carousel(both).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.get("uri").is_none());
    let parent = body["id"].as_str().unwrap().to_string();
    assert_eq!(account.status_code(&parent).await, "IN_PROGRESS");
    house.sandbox.advance(Duration::from_secs(3));
    let (_, body) = account.publish(&parent).await;
    let id = body["id"].as_str().unwrap().to_string();
    let fields = "media_type,caption,permalink,children{id,media_type,media_url}";
    let (_, item) = account.get(&id, &[("fields", fields)]).await;
    assert_eq!(
        (&item["media_type"], item["children"]["data"].as_array().unwrap().len()),
        (&json!("CAROUSEL_ALBUM"), 2)
    );
    assert!(item["permalink"].as_str().unwrap().contains("/p/"));
    let video = house.only_video();
    assert_eq!((video.description.as_str(), video.tall), ("Two cakes", false));
    assert_eq!(video.blake3.as_deref(), Some(hex(&one).as_str()));
    assert_eq!(video.options["children"][1]["blake3"], json!(hex(&two)));
    let limit = account.get(&format!("{MIRABAKES}/content_publishing_limit"), &[]).await.1;
    assert_eq!(limit["data"][0]["quota_usage"], 1, "it counts once");
    let url = item["children"]["data"][1]["media_url"].as_str().unwrap();
    assert_eq!(house.http.get(url).send().await.unwrap().bytes().await.unwrap(), two);
    assert_eq!(
        account.get(&media, &[]).await.1["data"].as_array().unwrap().len(),
        1,
        "its parts are in no list"
    );
}

#[tokio::test]
async fn a_story_is_in_its_own_list_for_a_day() {
    let house = house().await;
    let account = house.account();
    let id = account.ready(&[("media_type", "STORIES")], &stuff(10)).await;
    let (_, body) = account.publish(&id).await;
    let stories = format!("{MIRABAKES}/stories");
    let (_, list) = account.get(&stories, &[("fields", "id,media_product_type,permalink,caption")]).await;
    assert_eq!(
        (&list["data"][0]["id"], &list["data"][0]["media_product_type"]),
        (&body["id"], &json!("STORY"))
    );
    assert!(list["data"][0].get("caption").is_none());
    assert_eq!(account.get(&format!("{MIRABAKES}/media"), &[]).await.1["data"], json!([]));
    house.sandbox.advance(Duration::from_secs(86_401));
    assert_eq!(account.get(&stories, &[]).await.1["data"], json!([]));
}

#[tokio::test]
async fn what_is_out_can_lose_its_comments_and_be_deleted() {
    let house = house().await;
    let account = house.account();
    let id = account.ready(&REEL, &stuff(10)).await;
    let (_, body) = account.publish(&id).await;
    let media = body["id"].as_str().unwrap();
    assert_eq!(
        code(&account.post(media, &[("caption", "Better")]).await.1).0,
        100,
        "words are never changed"
    );
    assert_eq!(account.post(media, &[("comment_enabled", "false")]).await.1, json!({ "success": true }));
    let enabled =
        account.get(media, &[("fields", "is_comment_enabled")]).await.1["is_comment_enabled"].clone();
    assert_eq!(enabled, json!(false));
    let unable = house.sandbox.grant_for("instagram", "mira", &["instagram_basic"]);
    let unable = house::meta::Caller { house: &house, host: house::meta::GRAPH, token: unable.access_token };
    assert_eq!(code(&unable.delete(media).await.1), (10, None));
    assert_eq!(account.delete(media).await.1, json!({ "success": true, "deleted_id": media }));
    assert_eq!(code(&account.get(media, &[]).await.1), (100, Some(33)));
    assert!(house.sandbox.state().videos.is_empty());
}

#[tokio::test]
async fn instagram_login_takes_no_bytes_from_a_disk() {
    let house = house().await;
    let mira = house.login("mira");
    let media = format!("{MIRABAKES}/media");
    let form = [("media_type", "REELS"), ("upload_type", "resumable"), ("caption", "A cake")];
    let (status, body) = mira.post(&media, &form).await;
    assert_eq!((status, code(&body)), (400, (100, None)));
    assert_eq!(body["error"]["message"], "The parameter video_url is required");
    assert_eq!(body["error"]["type"], "IGApiException");
    // What lies at a public address is fetched, as far as anything does here.
    let all = stuff(500);
    let address = "https://creator.example/cake.mp4";
    let post = async |url: &str| {
        let form = [("media_type", "REELS"), ("video_url", url), ("caption", "A cake")];
        let (status, body) = mira.post(&media, &form).await;
        assert_eq!(status, 200, "{body}");
        assert!(body.get("uri").is_none());
        body["id"].as_str().unwrap().to_string()
    };
    let nothing = post(address).await;
    let status = mira.get(&nothing, &[("fields", "status_code,status")]).await.1;
    assert_eq!(status["status"], "Error: Media upload has failed with error code 2207052");
    house.sandbox.serve_static(address, all.clone());
    let placed = post(address).await;
    let local = format!("{}/redirect/creator.example/cake.mp4", house.sandbox.page());
    let loopback = post(&local).await;
    house.sandbox.advance(Duration::from_secs(3));
    for id in [&placed, &loopback] {
        assert_eq!(mira.status_code(id).await, "FINISHED");
        assert_eq!(mira.publish(id).await.0, 200);
    }
    let videos = house.sandbox.state().videos;
    assert!(videos.iter().all(|video| video.blake3.as_deref() == Some(hex(&all).as_str())));
    let late = [("media_type", "REELS"), ("video_url", address), ("thumb_offset", "30000")];
    assert_eq!(
        code(&mira.post(&media, &late).await.1),
        (1, Some(2_207_057)),
        "at once, where the length is known"
    );
    let list = mira.get("me/media", &[("fields", "caption")]).await.1;
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert_eq!(code(&mira.delete(&videos[0].id).await.1).0, 10, "deleting is Facebook Login's");
    assert_eq!(
        code(&mira.post(&format!("{BAKES}/video_reels"), &[]).await.1),
        (100, Some(33)),
        "no Pages here"
    );
    let answer = mira.ask(Method::GET, "me").send().await.unwrap();
    assert!(answer.headers().contains_key("x-business-use-case-usage"));
}

#[tokio::test]
async fn images_come_from_public_addresses_only() {
    let house = house().await;
    let account = house.account();
    let media = format!("{MIRABAKES}/media");
    let image = ("image_url", "https://creator.example/a.jpg");
    let (status, body) = account.post(&media, &[image, ("caption", "A cake")]).await;
    assert_eq!((status, code(&body)), (400, (9004, Some(2_207_052))), "at once");
    house.sandbox.serve_static(image.1, stuff(30));
    let (status, body) = account.post(&media, &[image, ("caption", "A cake"), ("alt_text", "Cake")]).await;
    assert_eq!(status, 200);
    house.sandbox.advance(Duration::from_secs(3));
    let (_, body) = account.publish(body["id"].as_str().unwrap()).await;
    let fields = [("fields", "media_type,alt_text,permalink")];
    let item: Value = account.get(body["id"].as_str().unwrap(), &fields).await.1;
    assert_eq!((&item["media_type"], &item["alt_text"]), (&json!("IMAGE"), &json!("Cake")));
}

#[tokio::test]
async fn stories_may_be_for_businesses_alone() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.meta.stories_for_business_only = true);
    let story = [("media_type", "STORIES"), ("video_url", "https://creator.example/a.mp4")];
    let ada = house.login("ada");
    let (status, body) = ada.post(&format!("{}/media", house::meta::ADA_LETTERS), &story).await;
    assert_eq!((status, code(&body)), (400, (10, None)), "a creator account");
    let reel = [("media_type", "REELS"), story[1]];
    assert_eq!(ada.post(&format!("{}/media", house::meta::ADA_LETTERS), &reel).await.0, 200);
    let mira = house.login("mira");
    assert_eq!(mira.post(&format!("{MIRABAKES}/media"), &story).await.0, 200, "a business account");
}
