//! Reels and video stories of a Page: begun, sent, finished, scheduled, looked at; and all that is refused on the way.
#![allow(clippy::unwrap_used)]

mod house;

use house::meta::{BAKES, GARDEN, code, kind};
use house::{UNIT, hex, house, read, stuff};
use reqwest::Method;
use serde_json::json;
use slipway_sandbox::{Deed, Fault, MetaAnswers, Outcome};
use std::time::Duration;

fn seconds(house: &house::House, ahead: i64) -> String {
    (house.sandbox.now_ms() / 1000 + ahead).to_string()
}

#[tokio::test]
async fn a_reel_from_disk_is_public_once_processed() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let all = stuff(3 * UNIT + 5);
    let (id, address) = page.start_reel(BAKES).await;
    let upload = house.host("rupload.facebook.com");
    assert_eq!(address, format!("{upload}/video-upload/v25.0/{id}"));
    let status = page.status(&id).await;
    assert_eq!(
        (&status["video_status"], &status["uploading_phase"]["status"]),
        (&json!("uploading"), &json!("not_started"))
    );
    assert_eq!(page.upload(&address, &all).await, (200, json!({ "success": true })));
    assert!(house.sandbox.state().videos.is_empty(), "nothing that anybody could see");
    let words = [("video_state", "PUBLISHED"), ("description", "A cake #bread"), ("title", "Cake")];
    let (status, body) = page.finish_reel(BAKES, &id, &words).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)));
    let post = body["post_id"].as_str().unwrap().to_string();
    let status = page.status(&id).await;
    assert_eq!(status["publishing_phase"]["status"], "in_progress", "publishing waits for processing");
    assert_eq!(house.only_video().public_at_ms, None);
    house.sandbox.advance(Duration::from_secs(3));
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.platform.as_str()), ("public", "facebook"));
    assert_eq!((video.bytes, video.blake3.as_deref()), (all.len() as u64, Some(hex(&all).as_str())));
    assert_eq!((video.title.as_str(), video.description.as_str()), ("Cake", "A cake #bread"));
    assert_eq!((video.tall, video.channel.as_str()), (true, "Mira Bakes"));
    let fields = "post_id,permalink_url,published,description,status";
    let (_, body) = page.get(&id, &[("fields", fields)]).await;
    assert_eq!(body["permalink_url"], json!(format!("https://www.facebook.com/reel/{id}")));
    assert_eq!((&body["post_id"], &body["published"]), (&json!(post), &json!(true)));
    let phase = &body["status"]["publishing_phase"];
    assert_eq!((&phase["status"], &phase["publish_status"]), (&json!("complete"), &json!("published")));
    assert!(phase["publish_time"].as_str().unwrap().ends_with("+0000"));
    let (_, list) =
        page.get(&format!("{BAKES}/video_reels"), &[("fields", "id,description,permalink_url")]).await;
    assert_eq!(list["data"][0]["description"], "A cake #bread");
    let shown = house.http.get(house.sandbox.page()).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("A cake #bread") && shown.contains("class=screen") && shown.contains("Facebook"));
    let media = house.http.get(format!("{}/media/{id}", house.sandbox.page())).send().await.unwrap();
    assert_eq!(hex(&media.bytes().await.unwrap()), hex(&all));
}

#[tokio::test]
async fn the_status_object_in_both_spellings() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let all = stuff(2 * UNIT);
    let (id, address) = page.start_reel(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.upload", Deed::CutAfter(UNIT as u64 + 9)));
    assert!(page.send(&address, 0, all.len(), all.clone()).await.is_err());
    let before = page.status(&id).await;
    assert_eq!(before["uploading_phase"]["bytes_transfered"], UNIT);
    assert!(before["uploading_phase"].get("bytes_transferred").is_none());
    assert_eq!(before["uploading_phase"]["status"], "in_progress");
    assert_eq!(before["uploading_phase"]["source_file_size"], all.len());
    house.sandbox.settings(|settings| settings.meta.answers = MetaAnswers::Field);
    let after = page.status(&id).await;
    assert_eq!(after["uploading_phase"]["bytes_transferred"], UNIT);
    assert!(after["uploading_phase"].get("bytes_transfered").is_none());
    let rest = page.send(&address, UNIT, all.len(), all[UNIT..].to_vec()).await.unwrap();
    assert_eq!(rest.status(), 200);
    let status = page.status(&id).await;
    assert_eq!(status["uploading_phase"]["status"], "completed");
    assert_eq!(status["processing_phase"], json!({ "status": "in_progress", "errors": [] }));
    assert!(status["processing_progress"].as_i64().unwrap() < 100);
    assert_eq!(status["copyright_check_status"], json!({ "status": "in_progress", "matches_found": false }));
    house.sandbox.settings(|settings| settings.meta.copyright_matches = true);
    house.sandbox.advance(Duration::from_secs(3));
    let status = page.status(&id).await;
    assert_eq!((&status["video_status"], &status["processing_progress"]), (&json!("ready"), &json!(100)));
    assert_eq!(status["copyright_check_status"]["matches_found"], true);
    assert_eq!(status["publishing_phase"], json!({ "status": "not_started", "errors": [] }));
    let due = seconds(&house, 3600);
    let (_, body) =
        page.finish_reel(BAKES, &id, &[("video_state", "SCHEDULED"), ("scheduled_publish_time", &due)]).await;
    assert_eq!(body, json!({ "success": true }), "older answers do not name the post");
    let phase = page.status(&id).await["publishing_phase"].clone();
    assert_eq!((&phase["status"], &phase["publish_status"]), (&json!("completed"), &json!("scheduled")));
    assert_eq!(
        page.get(&id, &[("fields", "permalink_url")]).await.1["permalink_url"],
        format!("/reel/{id}/")
    );
    let (_, address) = page.start_reel(BAKES).await;
    assert!(!address.contains("v25.0"), "sometimes without a version: {address}");
    assert_eq!(page.upload(&address, &all).await.0, 200);
    assert_eq!(hex(&all), house.only_video().blake3.unwrap());
}

#[tokio::test]
async fn bytes_are_taken_in_one_order_only() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let other = house.page("jonas", house::meta::RIDES).await;
    let all = stuff(1000);
    let (_, address) = page.start_reel(BAKES).await;
    let bearer = house.http.post(&address).header("authorization", format!("Bearer {}", page.token));
    let bearer = bearer.header("offset", 0).header("file_size", 1000).body(all.clone()).send().await.unwrap();
    let (status, body) = read(bearer).await;
    assert_eq!((status, kind(&body)), (400, "ProcessingFailedError"), "OAuth, not Bearer");
    assert!(body["debug_info"]["message"].as_str().unwrap().contains("unauthorized user request"));
    assert_eq!(body["debug_info"]["retriable"], false);
    let refused = async |offset, size, body: &[u8]| {
        let (status, body) = read(page.send(&address, offset, size, body.to_vec()).await.unwrap()).await;
        assert_eq!(status, 400);
        kind(&body).to_string()
    };
    assert_eq!(kind(&other.upload(&address, &all).await.1), "ProcessingFailedError", "somebody else");
    assert_eq!(refused(1, 1000, &all[1..]).await, "OffsetInvalidError");
    assert_eq!(refused(0, 1000, &all[..999]).await, "PartialRequestError");
    assert_eq!(refused(0, 999, &all).await, "PartialRequestError");
    let bare = house.http.post(&address).header("authorization", format!("OAuth {}", page.token));
    let (_, body) = read(bare.body(all.clone()).send().await.unwrap()).await;
    assert_eq!(kind(&body), "OffsetInvalidError", "the headers are required");
    let (_, address) = page.start_reel(BAKES).await;
    assert_eq!(page.upload(&address, &all).await.0, 200);
    assert_eq!(kind(&page.upload(&address, &all).await.1), "OffsetInvalidError", "it is whole already");
    let nowhere = address.replace("/video-upload/v25.0/", "/video-upload/v25.0/9");
    assert_eq!(kind(&page.upload(&nowhere, &all).await.1), "ProcessingFailedError");
    assert_eq!(house.calls("facebook.upload").len(), 9);
}

#[tokio::test]
async fn a_cut_upload_goes_on_where_the_platform_says() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let all = stuff(5 * UNIT + 9);
    let (id, address) = page.start_reel(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.upload", Deed::CutAfter(3 * UNIT as u64 + 500)));
    assert!(page.send(&address, 0, all.len(), all.clone()).await.is_err());
    house.sandbox.plan(Fault::next("facebook.video.status", Deed::WrongOffset));
    let at = page.status(&id).await["uploading_phase"]["bytes_transfered"].as_u64().unwrap();
    assert_eq!(at, 2 * UNIT as u64, "it forgot its newest");
    assert_eq!(
        kind(
            &read(page.send(&address, 3 * UNIT, all.len(), all[3 * UNIT..].to_vec()).await.unwrap()).await.1
        ),
        "OffsetInvalidError"
    );
    let at = usize::try_from(at).unwrap();
    assert_eq!(page.send(&address, at, all.len(), all[at..].to_vec()).await.unwrap().status(), 200);
    page.finish_reel(BAKES, &id, &[("video_state", "DRAFT")]).await;
    let video = house.only_video();
    assert_eq!((video.blake3.as_deref(), video.privacy.as_str()), (Some(hex(&all).as_str()), "draft"));
    house.sandbox.settings(|settings| settings.keep_granularity = 1);
    let (id, address) = page.start_reel(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.upload", Deed::CutAfter(777)));
    assert!(page.send(&address, 0, all.len(), all.clone()).await.is_err());
    assert_eq!(page.status(&id).await["uploading_phase"]["bytes_transfered"], 777);
    let sessions = house.sandbox.state().sessions;
    assert_eq!((sessions[1].ordinal, sessions[1].stored, sessions[1].finished), (2, 777, false));
}

#[tokio::test]
async fn bytes_at_an_address_are_fetched_from_here_only() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let all = stuff(900);
    let (id, address) = page.start_reel(BAKES).await;
    let fetch = async |url: &str| {
        let ask = house.http.post(&address).header("authorization", format!("OAuth {}", page.token));
        read(ask.header("file_url", url).send().await.unwrap()).await
    };
    for nowhere in
        ["https://creator.example/cake.mp4", "http://192.0.2.1/cake.mp4", "http://127.0.0.1:1/x", "cake.mp4"]
    {
        let (status, body) = fetch(nowhere).await;
        assert_eq!((status, kind(&body)), (400, "ProcessingFailedError"), "{nowhere}");
    }
    house.sandbox.serve_static("https://creator.example/cake.mp4", all.clone());
    assert_eq!(fetch("https://creator.example/cake.mp4").await, (200, json!({ "success": true })));
    page.finish_reel(BAKES, &id, &[("video_state", "PUBLISHED")]).await;
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn finishing_has_rules() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let (unsent, _) = page.start_reel(BAKES).await;
    let id = page.whole_reel(BAKES, &stuff(10)).await;
    let (soon, late, past, good) =
        (seconds(&house, 599), seconds(&house, 29 * 86_400 + 5), seconds(&house, -60), seconds(&house, 1200));
    let long = "x".repeat(63_207);
    let published = ("video_state", "PUBLISHED");
    let scheduled = ("video_state", "SCHEDULED");
    for (id, more) in [
        ("12", vec![published]),
        (unsent.as_str(), vec![published]),
        (id.as_str(), vec![]),
        (id.as_str(), vec![("video_state", "LATER")]),
        (id.as_str(), vec![scheduled]),
        (id.as_str(), vec![scheduled, ("scheduled_publish_time", &soon)]),
        (id.as_str(), vec![scheduled, ("scheduled_publish_time", &late)]),
        (id.as_str(), vec![scheduled, ("scheduled_publish_time", &past)]),
        (id.as_str(), vec![scheduled, ("scheduled_publish_time", "2027-01-01")]),
        (id.as_str(), vec![published, ("scheduled_publish_time", &good)]),
        (id.as_str(), vec![published, ("description", &long)]),
    ] {
        let (status, body) = page.finish_reel(BAKES, id, &more).await;
        assert_eq!((status, code(&body)), (400, (100, None)), "{id} {more:?}");
    }
    let garden = house.page("mira", GARDEN).await;
    assert_eq!(code(&garden.finish_reel(GARDEN, &id, &[published]).await.1).0, 100, "another Page's");
    let reels = format!("{BAKES}/video_reels");
    assert_eq!(code(&page.post(&reels, &[]).await.1).0, 100, "no phase");
    assert_eq!(code(&page.post(&reels, &[("upload_phase", "transfer")]).await.1).0, 100);
    let person = house.person("mira");
    assert_eq!(
        code(&person.post(&reels, &[("upload_phase", "start")]).await.1).0,
        190,
        "with the Page's token only"
    );
    let json = page.ask(Method::POST, &reels);
    let json = json.json(&json!({ "upload_phase": "FINISH", "video_id": id, "video_state": "PUBLISHED" }));
    assert_eq!(read(json.send().await.unwrap()).await.0, 200, "JSON, and in capitals");
    assert_eq!(code(&page.finish_reel(BAKES, &id, &[published]).await.1).0, 100, "once");
    assert_eq!(house.sandbox.state().videos.len(), 1);
}

#[tokio::test]
async fn a_schedule_is_kept_moved_and_taken_back() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let id = page.whole_reel(BAKES, &stuff(10)).await;
    let due = seconds(&house, 3600);
    let words =
        [("video_state", "SCHEDULED"), ("scheduled_publish_time", due.as_str()), ("description", "Soon")];
    let (_, body) = page.finish_reel(BAKES, &id, &words).await;
    let post = format!("{BAKES}_{}", body["post_id"].as_str().unwrap());
    house.sandbox.advance(Duration::from_secs(60));
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.public_at_ms), ("scheduled", None));
    assert!(video.publish_at.is_some());
    let phase = page.status(&id).await["publishing_phase"].clone();
    assert_eq!((&phase["status"], &phase["publish_status"]), (&json!("not_started"), &json!("scheduled")));
    let (_, waiting) = page
        .get(&format!("{BAKES}/scheduled_posts"), &[("fields", "id,message,scheduled_publish_time")])
        .await;
    assert_eq!(
        waiting["data"][0],
        json!({ "id": post, "message": "Soon", "scheduled_publish_time": due.parse::<i64>().unwrap() })
    );
    assert_eq!(page.get(&format!("{BAKES}/video_reels"), &[]).await.1["data"], json!([]), "not yet");
    // Moved by the post, reworded by the video.
    let later = seconds(&house, 7200);
    assert_eq!(page.post(&post, &[("scheduled_publish_time", &later)]).await.1, json!({ "success": true }));
    assert_eq!(page.post(&id, &[("description", "Sooner")]).await.1, json!({ "success": true }));
    let near = seconds(&house, 5);
    assert_eq!(code(&page.post(&id, &[("scheduled_publish_time", &near)]).await.1).0, 100);
    let (_, body) = page.get(&id, &[("fields", "scheduled_publish_time,description,published")]).await;
    assert_eq!((&body["published"], &body["description"]), (&json!(false), &json!("Sooner")));
    house.sandbox.advance(Duration::from_secs(3700));
    assert_eq!(house.only_video().public_at_ms, None, "not at the old minute");
    house.sandbox.advance(Duration::from_secs(3600));
    let video = house.only_video();
    assert_eq!(
        video.public_at_ms,
        Some(later.parse::<i64>().unwrap() * 1000),
        "at the new one, to the second"
    );
    assert_eq!(
        code(&page.post(&id, &[("scheduled_publish_time", &seconds(&house, 7200))]).await.1).0,
        100,
        "what is out is out"
    );
    assert_eq!(page.get(&post, &[("fields", "is_published")]).await.1["is_published"], true);
    assert_eq!(page.get(&format!("{BAKES}/scheduled_posts"), &[]).await.1["data"], json!([]));
    assert_eq!(page.delete(&post).await.1, json!({ "success": true }));
    assert_eq!(code(&page.get(&id, &[("fields", "status")]).await.1), (100, Some(33)));
    assert!(house.sandbox.state().videos.is_empty());
    assert_eq!(code(&page.delete(&id).await.1), (100, Some(33)));
}

#[tokio::test]
async fn a_draft_is_finished_again_or_told_to_go() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let id = page.whole_reel(BAKES, &stuff(10)).await;
    let (_, body) = page.finish_reel(BAKES, &id, &[("video_state", "DRAFT")]).await;
    assert_eq!(body, json!({ "success": true }), "a draft is no post");
    assert_eq!(page.status(&id).await["publishing_phase"]["publish_status"], "draft");
    assert_eq!(page.finish_reel(BAKES, &id, &[("video_state", "PUBLISHED")]).await.0, 200);
    house.sandbox.advance(Duration::from_secs(3));
    assert!(house.only_video().public_at_ms.is_some());
    let id = page.whole_reel(BAKES, &stuff(11)).await;
    let due = seconds(&house, 3600);
    let words = [("video_state", "SCHEDULED"), ("scheduled_publish_time", due.as_str())];
    page.finish_reel(BAKES, &id, &words).await;
    house.sandbox.advance(Duration::from_secs(3));
    assert_eq!(page.post(&id, &[("is_published", "true")]).await.0, 200);
    assert!(house.sandbox.state().videos[1].public_at_ms.is_some(), "now, not in an hour");
}

#[tokio::test]
async fn what_the_probe_finds_is_told_in_the_status() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    house.sandbox.settings(|settings| settings.meta.duration_ms = 91_000);
    let long = page.whole_reel(BAKES, &stuff(10)).await;
    assert_eq!(page.finish_reel(BAKES, &long, &[("video_state", "PUBLISHED")]).await.0, 200);
    house.sandbox.settings(|settings| {
        settings.meta.duration_ms = 30_000;
        settings.meta.probe_errors = vec![1_363_040, 1_363_127, 1_363_129];
    });
    let odd = page.whole_reel(BAKES, &stuff(10)).await;
    house.sandbox.settings(|settings| {
        settings.meta.probe_errors.clear();
        settings.processing_outcome = Outcome::Failed;
    });
    let none = page.whole_reel(BAKES, &stuff(10)).await;
    assert_eq!(page.status(&long).await["video_status"], "processing", "not at once");
    house.sandbox.advance(Duration::from_secs(3));
    let codes = async |id: &str| {
        let status = page.status(id).await;
        assert_eq!(
            (&status["video_status"], &status["processing_phase"]["status"]),
            (&json!("error"), &json!("error"))
        );
        let errors = status["processing_phase"]["errors"].as_array().unwrap().clone();
        assert!(errors.iter().all(|error| error["message"].is_string()));
        errors.iter().map(|error| error["code"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&long).await, [1_363_128]);
    assert_eq!(codes(&odd).await, [1_363_040, 1_363_127, 1_363_129]);
    assert_eq!(codes(&none).await.len(), 1);
    assert_eq!(page.status(&long).await["publishing_phase"]["publish_status"], "error");
    let video = house.only_video();
    assert_eq!((video.processing.as_str(), video.public_at_ms), ("failed", None));
}

#[tokio::test]
async fn thirty_reels_in_a_rolling_day() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.meta.reels_per_day = 2);
    let page = house.page("mira", BAKES).await;
    let published = [("video_state", "PUBLISHED")];
    for _ in 0..2 {
        let id = page.whole_reel(BAKES, &stuff(5)).await;
        assert_eq!(page.finish_reel(BAKES, &id, &published).await.0, 200);
    }
    let id = page.whole_reel(BAKES, &stuff(5)).await;
    let (status, body) = page.finish_reel(BAKES, &id, &published).await;
    assert_eq!((status, code(&body).0), (400, 368));
    assert!(body["error"]["error_user_msg"].is_string());
    let due = seconds(&house, 2 * 86_400);
    let words = [("video_state", "SCHEDULED"), ("scheduled_publish_time", due.as_str())];
    assert_eq!(page.finish_reel(BAKES, &id, &words).await.0, 200, "the day after tomorrow is another day");
    let garden = house.page("mira", GARDEN).await;
    let other = garden.whole_reel(GARDEN, &stuff(5)).await;
    assert_eq!(garden.finish_reel(GARDEN, &other, &published).await.0, 200, "each Page by itself");
    house.sandbox.advance(Duration::from_secs(86_401));
    let id = page.whole_reel(BAKES, &stuff(5)).await;
    assert_eq!(page.finish_reel(BAKES, &id, &published).await.0, 200);
    assert_eq!(house.sandbox.state().quota["facebook"].buckets["reels of Mira Bakes"].limit, 2);
}

#[tokio::test]
async fn a_video_story_is_told_to_go_and_has_a_list_of_its_own() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let stories = format!("{BAKES}/video_stories");
    let (_, body) = page.post(&stories, &[("upload_phase", "start")]).await;
    let (id, address) = (body["video_id"].as_str().unwrap(), body["upload_url"].as_str().unwrap());
    assert_eq!(page.upload(address, &stuff(50)).await.0, 200);
    assert_eq!(
        code(&page.finish_reel(BAKES, id, &[("video_state", "PUBLISHED")]).await.1).0,
        100,
        "a story is no reel"
    );
    let (status, body) = page.post(&stories, &[("upload_phase", "finish"), ("video_id", id)]).await;
    assert_eq!((status, body["post_id"].is_string()), (200, true));
    house.sandbox.advance(Duration::from_secs(3));
    let (_, list) = page.get(&format!("{BAKES}/stories"), &[]).await;
    assert_eq!((&list["data"][0]["media_id"], &list["data"][0]["status"]), (&json!(id), &json!("published")));
    assert_eq!(page.get(&format!("{BAKES}/video_reels"), &[]).await.1["data"], json!([]));
    assert_eq!(house.only_video().options["kind"], "story");
    house.sandbox.settings(|settings| settings.meta.duration_ms = 61_000);
    let (_, body) = page.post(&stories, &[("upload_phase", "start")]).await;
    assert_eq!(page.upload(body["upload_url"].as_str().unwrap(), &stuff(50)).await.0, 200);
    house.sandbox.advance(Duration::from_secs(3));
    let status = page.status(body["video_id"].as_str().unwrap()).await;
    assert_eq!(status["processing_phase"]["errors"][0]["code"], 1_363_128);
}

#[tokio::test]
async fn a_cover_tracks_and_a_guest_go_with_a_reel() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let id = page.whole_reel(BAKES, &stuff(50)).await;
    page.finish_reel(BAKES, &id, &[("video_state", "PUBLISHED")]).await;
    let send = async |path: &str, name: &str, file: &str, bytes: Vec<u8>, more: &[(&str, &str)]| {
        let mark = "sandboxmark";
        let mut body = Vec::new();
        for (name, value) in more {
            body.extend(
                format!("--{mark}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .into_bytes(),
            );
        }
        body.extend(format!("--{mark}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n").into_bytes());
        body.extend(bytes);
        body.extend(format!("\r\n--{mark}--\r\n").into_bytes());
        let ask = page.ask(Method::POST, &format!("{id}/{path}"));
        let ask = ask.header("content-type", format!("multipart/form-data; boundary={mark}")).body(body);
        read(ask.send().await.unwrap()).await
    };
    let image = [&[0xff, 0xd8, 0xff, 0xe0][..], &stuff(40)].concat();
    let preferred = [("is_preferred", "true")];
    assert_eq!(
        send("thumbnails", "source", "a.jpg", image.clone(), &preferred).await,
        (200, json!({ "success": true }))
    );
    assert_eq!(send("thumbnails", "source", "a.jpg", stuff(40), &preferred).await.0, 400, "no image");
    assert_eq!(send("thumbnails", "image", "a.jpg", image.clone(), &preferred).await.0, 400, "no source");
    let track = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n".to_vec();
    assert_eq!(
        send("captions", "captions_file", "a.srt", track.clone(), &[]).await.0,
        400,
        "no language in its name"
    );
    let english =
        send("captions", "captions_file", "a.en_US.srt", track.clone(), &[("default_locale", "en_US")]).await;
    assert_eq!(english, (200, json!({ "success": true })));
    assert_eq!(
        send("captions", "captions_file", "a.en_US.srt", track.clone(), &[]).await.0,
        200,
        "in the old one's place"
    );
    let video = house.only_video();
    assert_eq!(video.thumbnail.unwrap().blake3, hex(&image));
    assert_eq!((video.captions.len(), video.captions[0].language.as_str()), (1, "en_US"));
    let thumb = house.http.get(format!("{}/thumb/{id}", house.sandbox.page())).send().await.unwrap();
    assert_eq!(thumb.bytes().await.unwrap(), image);
    assert_eq!(page.get(&format!("{id}/captions"), &[]).await.1["data"][0]["locale"], "en_US");
    let invite = format!("{id}/collaborators");
    assert_eq!(code(&page.post(&invite, &[]).await.1).0, 100);
    for n in 0..10 {
        assert_eq!(page.post(&invite, &[("target_id", &format!("20{n}"))]).await.0, 200);
    }
    assert_eq!(code(&page.post(&invite, &[("target_id", "300")]).await.1).0, 368, "ten a day");
    assert_eq!(house.only_video().options["collaborators"].as_array().unwrap().len(), 10);
    assert_eq!(page.delete(&id).await.0, 200);
}
