//! Videos of a Page that are no reels: the app's own upload, the post made of its handle, and what is done to it afterwards.
#![allow(clippy::unwrap_used)]

mod house;

use house::meta::{BAKES, Caller, GRAPH, code, kind};
use house::{House, UNIT, hex, house, read, stuff};
use serde_json::{Value, json};
use slipway_sandbox::{Deed, Fault, MetaAnswers};
use std::time::Duration;

/// Opens the upload of a file; the id to speak of it by.
async fn open(person: &Caller<'_>, size: usize) -> String {
    let (app, _) = person.house.meta_app("facebook");
    let length = size.to_string();
    let form = [("file_name", "cake.mp4"), ("file_length", length.as_str()), ("file_type", "video/mp4")];
    let (status, body) = person.post(&format!("{app}/uploads"), &form).await;
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().unwrap().to_string()
}

async fn put(
    person: &Caller<'_>,
    id: &str,
    offset: usize,
    body: Vec<u8>,
) -> reqwest::Result<reqwest::Response> {
    let address = format!("{}/v25.0/{id}", person.house.host(GRAPH));
    let ask = person.house.http.post(address).header("authorization", format!("OAuth {}", person.token));
    ask.header("file_offset", offset).body(body).send().await
}

async fn offset(person: &Caller<'_>, id: &str) -> (u16, Value) {
    let address = format!("{}/v25.0/{id}", person.house.host(GRAPH));
    let ask = person.house.http.get(address).header("authorization", format!("OAuth {}", person.token));
    read(ask.send().await.unwrap()).await
}

async fn handle(person: &Caller<'_>, all: &[u8]) -> String {
    let id = open(person, all.len()).await;
    let (status, body) = read(put(person, &id, 0, all.to_vec()).await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body["h"].as_str().unwrap().to_string()
}

async fn create(page: &Caller<'_>, handle: &str, more: &[(&str, &str)]) -> (u16, Value) {
    let form = [&[("fbuploader_video_file_chunk", handle)], more].concat();
    page.post(&format!("{BAKES}/videos"), &form).await
}

fn seconds(house: &House, ahead: i64) -> String {
    (house.sandbox.now_ms() / 1000 + ahead).to_string()
}

#[tokio::test]
async fn a_file_becomes_a_handle_and_that_a_video() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    let all = stuff(3 * UNIT + 7);
    let id = open(&mira, all.len()).await;
    assert!(id.starts_with("upload:") && id.contains("?sig="));
    house.sandbox.plan(Fault::next("facebook.uploads.put", Deed::CutAfter(2 * UNIT as u64 + 50)));
    assert!(put(&mira, &id, 0, all.clone()).await.is_err());
    let (status, body) = offset(&mira, &id).await;
    assert_eq!((status, &body["file_offset"]), (200, &json!(2 * UNIT)));
    assert_eq!(
        kind(&read(put(&mira, &id, UNIT, all[UNIT..].to_vec()).await.unwrap()).await.1),
        "OffsetInvalidError"
    );
    house.sandbox.plan(Fault::next("facebook.uploads.query", Deed::WrongOffset));
    assert_eq!(offset(&mira, &id).await.1["file_offset"], UNIT);
    let (status, body) = read(put(&mira, &id, UNIT, all[UNIT..].to_vec()).await.unwrap()).await;
    assert_eq!(status, 200);
    let handle = body["h"].as_str().unwrap();
    assert!(handle.starts_with("2:"));
    assert!(house.sandbox.state().videos.is_empty());
    let words = [("title", "A cake"), ("description", "Eat it."), ("content_category", "FOOD_HEALTH")];
    let (status, body) = create(&page, handle, &words).await;
    assert_eq!(status, 200, "{body}");
    let id = body["id"].as_str().unwrap();
    house.sandbox.advance(Duration::from_secs(3));
    let video = house.only_video();
    assert_eq!(
        (video.id.as_str(), video.title.as_str(), video.file.as_deref()),
        (id, "A cake", Some("cake.mp4"))
    );
    assert_eq!((video.blake3.as_deref(), video.tall), (Some(hex(&all).as_str()), false));
    assert!(video.public_at_ms.is_some());
    assert_eq!(video.options["content_category"], "FOOD_HEALTH");
    let (_, body) = page.get(id, &[("fields", "permalink_url,published,title,post_id")]).await;
    assert_eq!(body["permalink_url"], json!(format!("https://www.facebook.com/{BAKES}/videos/{id}")));
    let names: Vec<String> = house.sandbox.calls().into_iter().map(|call| call.api).collect();
    assert!(
        names.contains(&"facebook.uploads.start".into()) && names.contains(&"facebook.videos.create".into())
    );
    let session = &house.sandbox.state().sessions[0];
    assert_eq!(
        (session.finished, session.file.as_deref(), session.total),
        (true, Some("cake.mp4"), Some(all.len() as u64))
    );
}

#[tokio::test]
async fn the_apps_upload_is_strict() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    let (app, _) = house.meta_app("facebook");
    let (other, _) = house.meta_app("instagram");
    let good = [("file_name", "a.mp4"), ("file_length", "10"), ("file_type", "video/mp4")];
    for (name, value) in
        [("file_name", ""), ("file_length", "0"), ("file_length", "ten"), ("file_type", "video/webm")]
    {
        let form: Vec<_> =
            good.iter().map(|field| if field.0 == name { (name, value) } else { *field }).collect();
        assert_eq!(code(&mira.post(&format!("{app}/uploads"), &form).await.1).0, 100, "{name}={value}");
    }
    assert_eq!(code(&page.post(&format!("{app}/uploads"), &good).await.1).0, 102, "the person's own token");
    assert_eq!(code(&mira.post(&format!("{other}/uploads"), &good).await.1), (100, Some(33)), "another app");
    let all = stuff(10);
    let id = open(&mira, 10).await;
    let (bare, _) = id.split_once('?').unwrap();
    for (id, what) in [
        (bare, "no sig"),
        (&format!("{bare}?sig=x") as &str, "a wrong sig"),
        ("upload:MTox?sig=x", "nothing"),
    ] {
        assert_eq!(read(put(&mira, id, 0, all.clone()).await.unwrap()).await.0, 400, "{what}");
        assert_eq!(code(&offset(&mira, id).await.1).0, 100, "{what}");
    }
    let address = format!("{}/v25.0/{id}", house.host(GRAPH));
    let bearer =
        house.http.post(&address).bearer_auth(&mira.token).header("file_offset", 0).body(all.clone());
    assert_eq!(bearer.send().await.unwrap().status(), 400, "OAuth, not Bearer");
    let bare =
        house.http.post(&address).header("authorization", format!("OAuth {}", mira.token)).body(all.clone());
    assert_eq!(kind(&read(bare.send().await.unwrap()).await.1), "OffsetInvalidError", "no file_offset");
    assert_eq!(kind(&read(put(&mira, &id, 0, stuff(9)).await.unwrap()).await.1), "PartialRequestError");
    let jonas = house.person("jonas");
    assert_eq!(put(&jonas, &id, 0, all.clone()).await.unwrap().status(), 400);
    assert_eq!(put(&mira, &id, 0, all.clone()).await.unwrap().status(), 200);
    house.sandbox.advance(Duration::from_secs(86_401));
    let late = open(&mira, 10).await;
    house.sandbox.advance(Duration::from_secs(86_401));
    assert_eq!(offset(&mira, &late).await.0, 400, "after a day");
    let log = serde_json::to_string(&house.sandbox.calls()).unwrap();
    for canary in house.sandbox.state().canaries {
        assert!(!log.contains(&canary), "the session's id stands in no log");
    }
}

#[tokio::test]
async fn making_a_video_has_rules() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    let handle = handle(&mira, &stuff(20)).await;
    let (soon, late, good) = (seconds(&house, 500), seconds(&house, 31 * 86_400), seconds(&house, 3600));
    let long = "x".repeat(256);
    for more in [
        vec![("scheduled_publish_time", good.as_str())],
        vec![("published", "true"), ("scheduled_publish_time", &good)],
        vec![("published", "false"), ("scheduled_publish_time", &soon)],
        vec![("published", "false"), ("scheduled_publish_time", &late)],
        vec![("published", "maybe")],
        vec![("title", &long)],
        vec![("content_category", "FOOD")],
        vec![("content_category", "music")],
    ] {
        let (status, body) = create(&page, &handle, &more).await;
        assert_eq!((status, code(&body).0), (400, 100), "{more:?}");
    }
    assert_eq!(code(&create(&page, "2:nonsense", &[]).await.1).0, 100);
    assert_eq!(code(&page.post(&format!("{BAKES}/videos"), &[("title", "A")]).await.1).0, 100, "no file");
    assert_eq!(code(&create(&mira, &handle, &[]).await.1).0, 190, "with the Page's token");
    assert!(house.sandbox.state().videos.is_empty());
}

#[tokio::test]
async fn a_scheduled_video_is_found_changed_and_public_at_its_minute() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    let handle = handle(&mira, &stuff(20)).await;
    let due = seconds(&house, 3600);
    let words = [
        ("title", "A cake"),
        ("description", "Eat it."),
        ("published", "false"),
        ("scheduled_publish_time", &due),
    ];
    house.sandbox.plan(Fault::next("facebook.videos.create", Deed::Lost));
    let form = [&[("fbuploader_video_file_chunk", handle.as_str())], &words[..]].concat();
    let lost = page.ask(reqwest::Method::POST, &format!("{BAKES}/videos")).form(&form).send().await;
    assert!(lost.is_err(), "made, and never told");
    let fields = [("fields", "id,title,description,created_time,published,scheduled_publish_time")];
    let (_, list) = page.get(&format!("{BAKES}/videos"), &fields).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let found = &list["data"][0];
    assert_eq!((&found["title"], &found["published"]), (&json!("A cake"), &json!(false)));
    assert!(found["scheduled_publish_time"].as_str().unwrap().ends_with("+0000"));
    let id = found["id"].as_str().unwrap().to_string();
    for wrong in [
        ("title", "A better cake"),
        ("title", ""),
        ("name", ""),
        ("description", ""),
        ("content_category", "CAKES"),
    ] {
        assert_eq!(code(&page.post(&id, &[wrong]).await.1).0, 100, "{wrong:?}");
    }
    assert_eq!(page.post(&id, &[("name", "A better cake")]).await.0, 200);
    let later = seconds(&house, 7200);
    assert_eq!(page.post(&id, &[("scheduled_publish_time", &later)]).await.0, 200);
    let (_, posts) = page.get(&format!("{BAKES}/scheduled_posts"), &[]).await;
    let post = posts["data"][0]["id"].as_str().unwrap().to_string();
    assert!(post.starts_with(&format!("{BAKES}_")));
    house.sandbox.advance(Duration::from_secs(7205));
    let video = house.only_video();
    assert_eq!(
        (video.title.as_str(), video.public_at_ms),
        ("A better cake", Some(later.parse::<i64>().unwrap() * 1000))
    );
    assert_eq!(page.get(&format!("{BAKES}/published_posts"), &[]).await.1["data"][0]["id"], json!(post));
    // The same handle makes another video: whoever repeats this call blindly has two.
    assert_eq!(create(&page, &handle, &[("published", "false")]).await.0, 200);
    let videos = house.sandbox.state().videos;
    assert_eq!((videos.len(), videos[1].privacy.as_str(), videos[1].public_at_ms), (2, "unpublished", None));
    assert_eq!(page.delete(&id).await.1, json!({ "success": true }));
    let left = house.only_video();
    let media = house.http.get(format!("{}/media/{}", house.sandbox.page(), left.id)).send().await.unwrap();
    assert_eq!(
        media.bytes().await.unwrap(),
        stuff(20),
        "the bytes of one file are not taken from the other video"
    );
    assert_eq!(page.post(&left.id, &[("is_published", "true")]).await.0, 200);
    house.sandbox.advance(Duration::from_secs(3));
    assert!(house.only_video().public_at_ms.is_some());
}

#[tokio::test]
async fn small_video_comes_in_the_call_itself() {
    let house = house().await;
    let page = house.person("mira").page(BAKES).await;
    let all = stuff(5000);
    let mut body = b"--xx\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\nEat it.\r\n--xx\r\n\
        Content-Disposition: form-data; name=\"source\"; filename=\"cake.mp4\"\r\nContent-Type: video/mp4\r\n\r\n"
        .to_vec();
    body.extend_from_slice(&all);
    body.extend_from_slice(b"\r\n--xx--\r\n");
    let ask = page.ask(reqwest::Method::POST, &format!("{BAKES}/videos"));
    let ask = ask.header("content-type", "multipart/form-data; boundary=xx").body(body);
    let (status, made) = read(ask.send().await.unwrap()).await;
    assert_eq!(status, 200, "{made}");
    house.sandbox.advance(Duration::from_secs(3));
    let video = house.only_video();
    assert_eq!((&json!(video.id), video.description.as_str()), (&made["id"], "Eat it."));
    assert_eq!(
        (video.blake3.as_deref(), video.file.as_deref()),
        (Some(hex(&all).as_str()), Some("cake.mp4"))
    );
    assert!(video.public_at_ms.is_some());
    let media = house.http.get(format!("{}/media/{}", house.sandbox.page(), video.id)).send().await.unwrap();
    assert_eq!(media.bytes().await.unwrap(), all);
}

#[tokio::test]
async fn upright_video_posted_as_video_stays_a_draft() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    house.sandbox.settings(|settings| settings.meta.upright = true);
    let handle = handle(&mira, &stuff(20)).await;
    let (_, made) = create(&page, &handle, &[]).await;
    let id = made["id"].as_str().unwrap();
    house.sandbox.advance(Duration::from_secs(3));
    let fields = [("fields", "published,post_id,status")];
    let (_, body) = page.get(id, &fields).await;
    assert_eq!((&body["published"], &body["post_id"]), (&json!(true), &Value::Null));
    assert_eq!(body["status"]["publishing_phase"]["publish_status"], "draft");
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.public_at_ms, video.tall), ("draft", None, true));
    // Asking again changes nothing, and no list that an audience sees has it.
    assert_eq!(page.post(id, &[("published", "true")]).await.0, 200);
    assert_eq!(page.get(&format!("{BAKES}/published_posts"), &[]).await.1["data"], json!([]));
    house.sandbox.settings(|settings| settings.meta.answers = MetaAnswers::Field);
    let (_, body) = page.get(id, &fields).await;
    assert_eq!((&body["published"], &body["status"]["publishing_phase"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn one_file_of_several_is_hurt() {
    let house = house().await;
    let mira = house.person("mira");
    house.sandbox.plan(Fault::next("facebook.uploads.put", 503).file("other.mp4"));
    house.sandbox.plan(Fault::next("facebook.*", 500).file("cake.mp4"));
    let (app, _) = house.meta_app("facebook");
    let form = [("file_name", "cake.mp4"), ("file_length", "5"), ("file_type", "video/mp4")];
    assert_eq!(mira.post(&format!("{app}/uploads"), &form).await.0, 500);
    handle(&mira, &stuff(5)).await;
    let done: Vec<_> = house.sandbox.plans().iter().map(|plan| plan.done).collect();
    assert_eq!(done, [false, true]);
    house.sandbox.clear_plans();
    house.sandbox.plan(Fault::next("facebook.uploads.put", Deed::SessionGone));
    let id = open(&mira, 5).await;
    assert_eq!(put(&mira, &id, 0, stuff(5)).await.unwrap().status(), 400);
    assert_eq!(offset(&mira, &id).await.0, 400, "for good");
}
