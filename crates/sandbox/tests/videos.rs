//! What is around a video: reading, schedules, changing, thumbnails, lists, captions, quota, the page.
#![allow(clippy::unwrap_used)]

mod house;

use house::{House, UPLOAD, cake, hex, house, reason, stuff};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nthe rest of a picture";

fn at(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap().to_string()
}

#[tokio::test]
async fn a_schedule_publishes_at_its_own_millisecond() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let due = house.sandbox.now_ms() / 1000 * 1000 + 600_000;
    let mut words = cake("private");
    words["status"]["publishAt"] = at(due).into();
    let answer = mira.start_with(words.clone(), Some(5)).await;
    let session = answer.headers()["location"].to_str().unwrap().to_string();
    assert_eq!(mira.put(&session, None, stuff(5)).await.unwrap().status(), 201);
    house.sandbox.advance(Duration::from_secs(590));
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.public_at_ms), ("private", None));
    assert_eq!(video.raw["status"]["publishAt"], json!(at(due)));
    // Nobody looks until long after: the minute is still the schedule's.
    house.sandbox.advance(Duration::from_secs(300));
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.public_at_ms), ("public", Some(due)));
    assert_eq!(video.publish_at, Some(at(due)));
    let (_, list) = mira.get(&format!("/youtube/v3/videos?part=status&id={}", video.id)).await;
    assert_eq!(list["items"][0]["status"]["privacyStatus"], "public");
    // A published video cannot be scheduled again.
    let again =
        json!({ "id": video.id, "status": { "privacyStatus": "private", "publishAt": at(due + 9_000_000) } });
    let (status, body) = mira.send(Method::PUT, "/youtube/v3/videos?part=status", again).await;
    assert_eq!((status, reason(&body)), (400, "invalidPublishScheduleForVideo"));
}

#[tokio::test]
async fn a_past_schedule_publishes_at_once_and_unset_privacy_is_public() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let mut words = cake("private");
    words["status"]["publishAt"] = "2020-01-01T00:00:00Z".into();
    for words in [words, json!({ "snippet": { "title": "Bare" }, "status": {} })] {
        let answer = mira.start_with(words, Some(5)).await;
        let session = answer.headers()["location"].to_str().unwrap().to_string();
        let answer = mira.put(&session, None, stuff(5)).await.unwrap().json::<Value>().await.unwrap();
        assert_eq!(answer["status"]["privacyStatus"], "public");
    }
    for video in house.sandbox.state().videos {
        assert_eq!(video.public_at_ms, Some(video.created_at_ms), "{}", video.title);
    }
}

#[tokio::test]
async fn a_schedule_can_be_moved_and_taken_back() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let due = house.sandbox.now_ms() / 1000 * 1000 + 600_000;
    let path = "/youtube/v3/videos?part=status";
    let scheduled =
        |ms: i64| json!({ "id": id, "status": { "privacyStatus": "private", "publishAt": at(ms) } });
    assert_eq!(mira.send(Method::PUT, path, scheduled(due)).await.1["status"]["publishAt"], json!(at(due)));
    assert_eq!(mira.send(Method::PUT, path, scheduled(due + 60_000)).await.0, 200);
    house.sandbox.advance(Duration::from_secs(610));
    assert_eq!(house.only_video().privacy, "private");
    assert_eq!(
        mira.send(Method::PUT, path, json!({ "id": id, "status": { "privacyStatus": "private" } })).await.0,
        200
    );
    house.sandbox.advance(Duration::from_secs(610));
    let video = house.only_video();
    assert_eq!((video.privacy.as_str(), video.publish_at, video.public_at_ms), ("private", None, None));
}

#[tokio::test]
async fn the_list_shows_processing_with_numbers_as_strings_and_omits_the_unknown() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.processing_ms = 10_000_000);
    let mira = house.sign_in("mira").await;
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let path = format!(
        "/youtube/v3/videos?part=status,processingDetails,fileDetails,statistics&id={id},nope&id={id}"
    );
    let (_, list) = mira.get(&path).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["pageInfo"]["totalResults"], 1);
    let video = &list["items"][0];
    assert_eq!(video["processingDetails"]["processingStatus"], "processing");
    for part in ["partsTotal", "partsProcessed", "timeLeftMs"] {
        assert!(video["processingDetails"]["processingProgress"][part].is_string(), "{part}");
    }
    assert_eq!(video["fileDetails"], json!({ "fileName": "cake.mp4", "fileSize": "5", "fileType": "video" }));
    assert!(video["statistics"]["viewCount"].is_string());
    house.sandbox.advance(Duration::from_secs(10_000));
    let mira = house.sign_in("mira").await;
    let video = mira.get(&path).await.1["items"][0].clone();
    assert_eq!(video["status"]["uploadStatus"], "processed");
    assert_eq!(video["processingDetails"]["processingStatus"], "succeeded");
    assert!(video["processingDetails"].get("processingProgress").is_none());
    // Somebody else sees neither the private video nor, once it is public, the owner's parts.
    let jonas = house.sign_in("jonas").await;
    assert_eq!(jonas.get(&path).await.1["items"], json!([]));
    mira.send(
        Method::PUT,
        "/youtube/v3/videos?part=status",
        json!({ "id": id, "status": { "privacyStatus": "public" } }),
    )
    .await;
    let (status, body) = jonas.get(&path).await;
    assert_eq!((status, reason(&body)), (403, "forbidden"));
    assert_eq!(
        jonas.get(&format!("/youtube/v3/videos?part=snippet&id={id}")).await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn lists_of_videos_refuse_what_the_real_one_refuses() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let many = (0..51).map(|n| format!("id{n}")).collect::<Vec<_>>().join(",");
    for (query, expected) in [
        ("id=x", "missingRequiredParameter"),
        ("part=id", "missingRequiredParameter"),
        ("part=words&id=x", "unknownPart"),
        ("part=id&id=x&chart=mostPopular", "incompatibleParameters"),
        ("part=id&id=x&maxResults=5", "incompatibleParameters"),
        (&format!("part=id&id={many}"), "invalidFilters"),
    ] {
        let (status, body) = mira.get(&format!("/youtube/v3/videos?{query}")).await;
        assert_eq!((status, reason(&body)), (400, expected), "{query}");
    }
}

#[tokio::test]
async fn an_update_overwrites_and_a_delete_removes() {
    let house = house().await;
    let (mira, jonas) = (house.sign_in("mira").await, house.sign_in("jonas").await);
    let id = mira.upload(&stuff(5), "unlisted").await["id"].as_str().unwrap().to_string();
    let path = "/youtube/v3/videos?part=snippet";
    let (status, body) =
        mira.send(Method::PUT, path, json!({ "id": id, "snippet": { "title": "Half" } })).await;
    assert_eq!((status, reason(&body)), (400, "invalidVideoMetadata"));
    let new = json!({ "id": id, "snippet": { "title": "Bread", "categoryId": "27" } });
    assert_eq!(jonas.send(Method::PUT, path, new.clone()).await.0, 403);
    assert_eq!(mira.send(Method::PUT, path, new).await.0, 200);
    let video = house.only_video();
    assert_eq!((video.title.as_str(), video.tags.len(), video.description.as_str()), ("Bread", 0, ""));
    assert_eq!(video.privacy, "unlisted", "the other part stays");
    assert_eq!(mira.send(Method::PUT, path, json!({ "id": "nope", "snippet": {} })).await.0, 404);
    let stats = mira.get(&format!("/youtube/v3/videos:batchGetStats?part=statistics&id={id},nope")).await.1;
    assert_eq!(stats["items"][0]["statistics"]["viewCount"], "0");
    let delete = |id: &str| format!("/youtube/v3/videos?id={id}");
    assert_eq!(jonas.ask(Method::DELETE, &delete(&id)).send().await.unwrap().status(), 403);
    assert_eq!(mira.ask(Method::DELETE, &delete(&id)).send().await.unwrap().status(), 204);
    assert_eq!(mira.ask(Method::DELETE, &delete(&id)).send().await.unwrap().status(), 404);
    assert!(house.sandbox.state().videos.is_empty());
}

async fn thumbnail(creator: &house::Creator<'_>, id: &str, mime: &str, image: &[u8]) -> (u16, Value) {
    let path = format!("/upload/youtube/v3/thumbnails/set?videoId={id}&uploadType=media");
    let ask = creator.ask(Method::POST, &path).header("Content-Type", mime).body(image.to_vec());
    house::read(ask.send().await.unwrap()).await
}

#[tokio::test]
async fn thumbnails_are_for_the_verified_and_for_pictures() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.thumbnails_per_day = 4);
    let (mira, jonas) = (house.sign_in("mira").await, house.sign_in("jonas").await);
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let his = jonas.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let (status, body) = thumbnail(&jonas, &his, "image/png", PNG).await;
    assert_eq!(
        (status, reason(&body), &body["error"]["errors"][0]["domain"]),
        (403, "forbidden", &json!("youtube.thumbnail"))
    );
    assert_eq!(thumbnail(&jonas, &id, "image/png", PNG).await.0, 403);
    assert_eq!(reason(&thumbnail(&mira, "nope", "image/png", PNG).await.1), "videoNotFound");
    assert_eq!(reason(&thumbnail(&mira, &id, "image/gif", PNG).await.1), "invalidImage");
    assert_eq!(reason(&thumbnail(&mira, &id, "image/png", b"no picture").await.1), "invalidImage");
    assert_eq!(reason(&thumbnail(&mira, &id, "image/png", b"").await.1), "mediaBodyRequired");
    let (status, body) = thumbnail(&mira, &id, "image/png", PNG).await;
    assert_eq!((status, &body["kind"]), (200, &json!("youtube#thumbnailSetResponse")));
    assert!(body["items"][0]["default"]["width"].is_u64());
    let view = house.sandbox.state().videos[0].thumbnail.clone().unwrap();
    assert_eq!((view.bytes, view.blake3, view.mime.as_str()), (PNG.len() as u64, hex(PNG), "image/png"));
    assert_eq!(house.sandbox.state().videos[0].raw["contentDetails"]["hasCustomThumbnail"], true);
    // The fifth: sends that fail for their content have counted.
    assert_eq!(thumbnail(&mira, &id, "image/png", PNG).await.0, 200);
    assert_eq!(reason(&thumbnail(&mira, &id, "image/png", PNG).await.1), "uploadRateLimitExceeded");
    let huge = vec![0xff; 52_428_801];
    assert_eq!(thumbnail(&mira, &id, "image/jpeg", &huge).await.0, 413);
}

#[tokio::test]
async fn a_thumbnail_can_come_in_a_session_and_a_short_ignores_an_early_one() {
    let house = house().await;
    house.sandbox.settings(|settings| {
        settings.processing_ms = 60_000;
        settings.shorts = true;
        settings.discard_bytes = true;
    });
    let mira = house.sign_in("mira").await;
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    assert_eq!(thumbnail(&mira, &id, "image/png", PNG).await.0, 200);
    assert!(house.only_video().thumbnail.is_none(), "accepted and ignored");
    house.sandbox.advance(Duration::from_secs(60));
    let path = format!("/upload/youtube/v3/thumbnails/set?videoId={id}&uploadType=resumable");
    let opened = mira
        .ask(Method::POST, &path)
        .header("X-Upload-Content-Type", "image/png")
        .header("Content-Length", 0);
    let opened = opened.send().await.unwrap();
    let session = opened.headers()["location"].to_str().unwrap().to_string();
    let sent =
        mira.ask(Method::PUT, &session).header("Content-Type", "image/png").body(PNG).send().await.unwrap();
    assert!(sent.status().is_success());
    assert_eq!(house.only_video().thumbnail.unwrap().blake3, hex(PNG));
}

async fn add(creator: &house::Creator<'_>, list: &str, video: &str) -> (u16, Value) {
    let item = json!({ "snippet": { "playlistId": list, "resourceId": { "kind": "youtube#video", "videoId": video } } });
    creator.send(Method::POST, "/youtube/v3/playlistItems?part=snippet", item).await
}

#[tokio::test]
async fn adding_to_a_playlist_twice_adds_it_twice() {
    let house = house().await;
    let (mira, jonas) = (house.sign_in("mira").await, house.sign_in("jonas").await);
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let other = mira.upload(&stuff(6), "private").await["id"].as_str().unwrap().to_string();
    let words = json!({ "snippet": { "title": "Cakes" }, "status": { "privacyStatus": "private" } });
    let (status, list) = mira.send(Method::POST, "/youtube/v3/playlists?part=snippet,status", words).await;
    assert_eq!(status, 200);
    let list = list["id"].as_str().unwrap();
    let (_, mine) =
        mira.get("/youtube/v3/playlists?part=snippet,contentDetails&mine=true&maxResults=50").await;
    assert!(mine["items"].as_array().unwrap().iter().any(|row| row["snippet"]["title"] == "Cakes"));
    let (_, first) = add(&mira, list, &id).await;
    let (_, second) = add(&mira, list, &id).await;
    assert_ne!(first["id"], second["id"]);
    assert_eq!((&first["snippet"]["position"], &second["snippet"]["position"]), (&json!(0), &json!(1)));
    add(&mira, list, &other).await;
    let looked = format!("/youtube/v3/playlistItems?part=snippet&playlistId={list}&videoId={id}");
    assert_eq!(mira.get(&looked).await.1["pageInfo"]["totalResults"], 2, "one looks before one repeats");
    assert_eq!(house.sandbox.state().videos[0].playlists.len(), 2);
    let (_, page) =
        mira.get(&format!("/youtube/v3/playlistItems?part=snippet&playlistId={list}&maxResults=2")).await;
    let next = page["nextPageToken"].as_str().unwrap();
    let rest = mira
        .get(&format!(
            "/youtube/v3/playlistItems?part=snippet&playlistId={list}&maxResults=2&pageToken={next}"
        ))
        .await
        .1;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert!(rest.get("nextPageToken").is_none());
    let gone = format!("/youtube/v3/playlistItems?id={}", second["id"].as_str().unwrap());
    assert_eq!(mira.ask(Method::DELETE, &gone).send().await.unwrap().status(), 204);
    assert_eq!(house.sandbox.state().videos[0].playlists.len(), 1);
    // All uploads are a list too, newest first, that nobody adds to.
    let uploads = "UUmiraBakes0000000000001";
    let (_, all) =
        mira.get(&format!("/youtube/v3/playlistItems?part=contentDetails&playlistId={uploads}")).await;
    assert_eq!(all["items"][0]["contentDetails"]["videoId"], json!(other));
    assert_eq!(reason(&add(&mira, uploads, &id).await.1), "playlistOperationUnsupported");
    assert_eq!(reason(&add(&mira, "PLnope", &id).await.1), "playlistNotFound");
    assert_eq!(reason(&add(&mira, list, "nope").await.1), "videoNotFound");
    assert_eq!(reason(&add(&mira, "", &id).await.1), "playlistIdRequired");
    assert_eq!(reason(&add(&jonas, list, &id).await.1), "playlistNotFound", "private");
}

fn track(video: &str) -> Value {
    json!({ "snippet": { "videoId": video, "language": "de", "name": "Deutsch", "isDraft": false } })
}

#[tokio::test]
async fn captions_come_in_one_request_or_in_a_session() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let text = b"1\n00:00:00,000 --> 00:00:01,000\nKuchen\n";
    let body = |words: &Value| {
        let mut body = format!(
            "--xx\r\nContent-Type: application/json\r\n\r\n{words}\r\n--xx\r\nContent-Type: */*\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(text);
        body.extend_from_slice(b"\r\n--xx--\r\n");
        body
    };
    let send = |words: Value| {
        let ask = mira.ask(Method::POST, "/upload/youtube/v3/captions?part=snippet&uploadType=multipart");
        ask.header("Content-Type", "multipart/related; boundary=xx").body(body(&words)).send()
    };
    let (status, made) = house::read(send(track(&id)).await.unwrap()).await;
    assert_eq!((status, &made["snippet"]["language"]), (200, &json!("de")));
    let (status, again) = house::read(send(track(&id)).await.unwrap()).await;
    assert_eq!((status, reason(&again)), (409, "captionExists"));
    assert_eq!(house::read(send(track("nope")).await.unwrap()).await.0, 404);
    for name in [json!(""), json!(" "), Value::Null] {
        let mut nameless = track(&id);
        nameless["snippet"]["name"] = name.clone();
        let (status, answer) = house::read(send(nameless).await.unwrap()).await;
        assert_eq!((status, reason(&answer)), (400, "invalidMetadata"), "{name}");
    }
    let mut french = track(&id);
    french["snippet"]["language"] = "fr".into();
    let opened = mira
        .ask(Method::POST, "/upload/youtube/v3/captions?part=snippet&uploadType=resumable")
        .header("X-Upload-Content-Length", text.len())
        .json(&french);
    let opened = opened.send().await.unwrap();
    let session = opened.headers()["location"].to_str().unwrap().to_string();
    assert!(mira.ask(Method::PUT, &session).body(&text[..]).send().await.unwrap().status().is_success());
    let list = format!("/youtube/v3/captions?part=snippet&videoId={id}");
    assert_eq!(mira.get(&list).await.1["items"].as_array().unwrap().len(), 2);
    for view in house.only_video().captions {
        assert_eq!((view.bytes, view.blake3), (text.len() as u64, hex(text)));
    }
    assert_eq!(house.only_video().raw["contentDetails"]["caption"], "true");
    let gone = format!("/youtube/v3/captions?id={}", made["id"].as_str().unwrap());
    assert_eq!(mira.ask(Method::DELETE, &gone).send().await.unwrap().status(), 204);
    assert_eq!(mira.get(&list).await.1["items"].as_array().unwrap().len(), 1);
    // Uploading is allowed with a scope that captions do not accept.
    let tokens = house.grant("mira", UPLOAD).await;
    let small = house::Creator { house: &house, token: tokens["access_token"].as_str().unwrap().into() };
    assert_eq!(reason(&small.get(&list).await.1), "insufficientPermissions");
}

#[tokio::test]
async fn the_pool_empties_and_fills_at_midnight_in_california() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.pool = 52);
    let mira = house.sign_in("mira").await;
    let read = "/youtube/v3/videos?part=id&id=x";
    assert_eq!(mira.get(read).await.0, 200);
    // An invalid call costs like a valid one.
    assert_eq!(
        mira.send(Method::PUT, "/youtube/v3/videos?part=status", json!({ "id": "nope", "status": {} }))
            .await
            .0,
        404
    );
    assert_eq!(mira.get(read).await.0, 200);
    let (status, body) = mira.get(read).await;
    assert_eq!(
        (status, reason(&body), &body["error"]["errors"][0]["domain"]),
        (403, "quotaExceeded", &json!("youtube.quota"))
    );
    let quota = house.sandbox.state().quota["youtube"].clone();
    assert_eq!((quota.buckets["pool"].used, quota.buckets["pool"].limit), (52, 52));
    mira.start(5).await;
    house.sandbox.advance(Duration::from_secs(86_400));
    let mira = house.sign_in("mira").await;
    assert_eq!(mira.get(read).await.0, 200);
}

async fn page(house: &House, path: &str) -> (u16, String) {
    let answer = house.http.get(format!("{}{path}", house.sandbox.page())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn the_page_shows_and_plays_what_was_published() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(700_000);
    let mut words = cake("public");
    words["snippet"]["title"] = "Cake & \"cream\"".into();
    let answer = mira.start_with(words, Some(all.len() as u64)).await;
    let session = answer.headers()["location"].to_str().unwrap().to_string();
    mira.put(&session, None, all.clone()).await.unwrap();
    let id = house.only_video().id;
    let (status, html) = page(&house, "/").await;
    assert_eq!(status, 200);
    assert!(html.contains("Sandbox: nothing here is on the real internet"));
    assert!(
        html.contains("Cake &amp; &quot;cream&quot;")
            && html.contains("Mira Bakes")
            && html.contains(hex(&all).get(..12).expect("a hash"))
    );
    assert_eq!(page(&house, &format!("/watch?v={id}")).await.0, 200);
    assert_eq!(page(&house, "/watch?v=nope").await.0, 404);
    let media = format!("{}/media/{id}", house.sandbox.page());
    let whole = house.http.get(&media).send().await.unwrap();
    assert_eq!(hex(&whole.bytes().await.unwrap()), hex(&all));
    let part = house.http.get(&media).header("Range", "bytes=300000-").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 300000-699999/700000");
    assert_eq!(part.bytes().await.unwrap(), all[300_000..]);
    assert!(house.sandbox.calls().iter().all(|call| call.host != "page"), "the page is not a platform");
    let (tokens, html) = (house.sandbox.state().secrets, page(&house, "/").await.1);
    assert!(tokens.iter().all(|secret| !html.contains(secret.as_str())));
}
