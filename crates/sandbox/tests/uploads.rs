//! Resumable uploads, byte by byte: whole, in chunks, cut, asked about, resumed, refused.
#![allow(clippy::unwrap_used)]

mod house;

use house::{UNIT, cake, hex, house, house_with, reason, seen, stuff};
use reqwest::Method;
use serde_json::json;
use slipway_sandbox::{Config, Deed, Fault};
use std::time::Duration;

fn upto(n: usize) -> (u16, Option<String>) {
    (308, Some(format!("bytes=0-{}", n - 1)))
}

#[tokio::test]
async fn a_whole_file_in_one_request() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(3 * UNIT + 77);
    let session = mira.start(all.len()).await;
    assert!(
        session.starts_with(&house.host("www.googleapis.com")),
        "the session lives where it was asked for"
    );
    assert!(session.contains("/upload/youtube/v3/videos?") && session.contains("upload_id="));
    assert!(house.sandbox.state().videos.is_empty(), "no video before its last byte");
    let answer = mira.put(&session, None, all.clone()).await.unwrap();
    assert_eq!(answer.status(), 201);
    let resource: serde_json::Value = answer.json().await.unwrap();
    let video = house.only_video();
    assert_eq!((video.bytes, video.blake3.as_deref()), (all.len() as u64, Some(hex(&all).as_str())));
    assert_eq!(resource["id"], json!(video.id));
    assert_eq!(resource["status"]["uploadStatus"], "uploaded");
    assert!(resource.get("processingDetails").is_none(), "only the parts asked for");
    assert_eq!((video.privacy.as_str(), video.public_at_ms), ("private", None));
    // The final answer is repeated to whoever asks, and bytes sent again make no second video.
    assert_eq!(mira.where_are_we(&session, all.len()).await.0, 200);
    let again = mira.put(&session, None, all.clone()).await.unwrap();
    assert_eq!(again.status(), 200);
    assert_eq!(again.json::<serde_json::Value>().await.unwrap()["id"], json!(video.id));
    assert_eq!(house.only_video().id, video.id);
}

#[tokio::test]
async fn chunks_of_the_contracts_own_example() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(2_000_000);
    let session = mira.start(all.len()).await;
    assert_eq!(mira.where_are_we(&session, all.len()).await, (308, None), "no Range when nothing is stored");
    for first in [0, 524_288, 1_048_576] {
        assert_eq!(mira.chunk(&session, &all, first, first + 524_288).await, upto(first + 524_288));
    }
    assert_eq!(mira.chunk(&session, &all, 1_572_864, 2_000_000).await.0, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn what_is_not_continuous_or_not_whole_units_is_not_stored() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(6 * UNIT);
    let session = mira.start(all.len()).await;
    assert_eq!(mira.chunk(&session, &all, 0, 1000).await.0, 400, "a short chunk");
    assert_eq!(mira.chunk(&session, &all, 0, UNIT + 1).await.0, 400, "not a multiple");
    assert_eq!(mira.chunk(&session, &all, UNIT, 2 * UNIT).await.0, 400, "a gap");
    assert_eq!(mira.where_are_we(&session, all.len()).await, (308, None));
    assert_eq!(mira.chunk(&session, &all, 0, 2 * UNIT).await, upto(2 * UNIT));
    assert_eq!(mira.chunk(&session, &all, UNIT, 3 * UNIT).await, upto(2 * UNIT), "an overlap");
    assert_eq!(mira.chunk(&session, &all, 2 * UNIT, 3 * UNIT).await.0, 400, "another chunk size");
    assert_eq!(mira.put(&session, None, all.clone()).await.unwrap().status(), 308, "everything again");
    let other = format!("bytes {}-{}/{}", 2 * UNIT, 4 * UNIT - 1, all.len() + 1);
    assert_eq!(
        mira.put(&session, Some(other), all[..2 * UNIT].to_vec()).await.unwrap().status(),
        400,
        "another total"
    );
    let lying = format!("bytes {}-{}/{}", 2 * UNIT, 4 * UNIT - 1, all.len());
    assert_eq!(
        mira.put(&session, Some(lying), all[..UNIT].to_vec()).await.unwrap().status(),
        400,
        "range and length differ"
    );
    assert_eq!(mira.where_are_we(&session, all.len() + 1).await.0, 400);
    assert_eq!(mira.where_are_we(&session, all.len()).await, upto(2 * UNIT));
    assert_eq!(mira.chunk(&session, &all, 2 * UNIT, all.len()).await.0, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn a_body_of_another_length_than_declared_is_refused() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let session = mira.start(1000).await;
    assert_eq!(mira.put(&session, None, stuff(1001)).await.unwrap().status(), 400);
    assert_eq!(mira.put(&session, None, stuff(999)).await.unwrap().status(), 400);
    assert!(house.sandbox.state().videos.is_empty());
    assert_eq!(mira.put(&session, None, stuff(1000)).await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_cut_connection_leaves_whole_granules_and_is_resumed() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(5 * UNIT + 9);
    let session = mira.start(all.len()).await;
    house.sandbox.plan(Fault::next("videos.insert.put", Deed::CutAfter(3 * UNIT as u64 + 500)));
    assert!(mira.put(&session, None, all.clone()).await.is_err(), "the connection is really gone");
    assert_eq!(mira.where_are_we(&session, all.len()).await, upto(3 * UNIT));
    let state = house.sandbox.state();
    assert_eq!(
        (state.sessions[0].stored, state.sessions[0].received_total),
        (3 * UNIT as u64, 3 * UNIT as u64 + 500)
    );
    assert_eq!(mira.chunk(&session, &all, 3 * UNIT, all.len()).await.0, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
    let cut = &house.calls("videos.insert.put")[0];
    assert!(cut.cut && cut.status.is_none() && cut.fault == Some(1));
    assert!(house.sandbox.plans()[0].done);
}

#[tokio::test]
async fn an_answer_can_be_lost_and_is_still_had_by_asking() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(UNIT + 1);
    let session = mira.start(all.len()).await;
    house.sandbox.plan(Fault::next("videos.insert.put", Deed::Lost).file("cake.mp4"));
    assert!(mira.put(&session, None, all.clone()).await.is_err());
    assert_eq!(mira.where_are_we(&session, all.len()).await.0, 200);
    assert_eq!(house.only_video().bytes, all.len() as u64);
}

#[tokio::test]
async fn a_server_may_forget_and_says_so() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(4 * UNIT);
    let session = mira.start(all.len()).await;
    house.sandbox.plan(Fault::next("videos.insert.put", Deed::WrongOffset));
    assert_eq!(mira.chunk(&session, &all, 0, 2 * UNIT).await, upto(UNIT));
    assert_eq!(
        mira.chunk(&session, &all, 2 * UNIT, all.len()).await.0,
        400,
        "going on from one's own count is a gap"
    );
    house.sandbox.plan(Fault::next("videos.insert.query", Deed::WrongOffset));
    assert_eq!(mira.where_are_we(&session, all.len()).await, (308, None));
    assert_eq!(mira.chunk(&session, &all, 0, all.len()).await.0, 201);
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn sessions_end_by_age_by_cancelling_and_by_fault() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(2 * UNIT);
    let (old, unwanted, lost) =
        (mira.start(all.len()).await, mira.start(all.len()).await, mira.start(all.len()).await);
    assert_eq!(mira.ask(Method::DELETE, &unwanted).send().await.unwrap().status().as_u16(), 499);
    assert_eq!(mira.where_are_we(&unwanted, all.len()).await.0, 410);
    house.sandbox.plan(Fault::next("videos.insert.put", Deed::SessionGone));
    assert_eq!(mira.put(&lost, None, all.clone()).await.unwrap().status(), 404);
    assert_eq!(mira.where_are_we(&lost, all.len()).await.0, 404);
    assert_eq!(
        mira.where_are_we(&old.replace("upload_id=", "upload_id=x"), all.len()).await.0,
        404,
        "unknown"
    );
    house.sandbox.advance(Duration::from_secs(7 * 86_400));
    let mira = house.sign_in("mira").await;
    assert_eq!(mira.chunk(&old, &all, 0, UNIT).await.0, 404);
    assert!(house.sandbox.state().videos.is_empty());
}

#[tokio::test]
async fn another_account_cannot_use_a_session_and_a_dead_token_keeps_it() {
    let house = house().await;
    let (mira, jonas) = (house.sign_in("mira").await, house.sign_in("jonas").await);
    let all = stuff(2 * UNIT);
    let session = mira.start(all.len()).await;
    assert_eq!(jonas.chunk(&session, &all, 0, UNIT).await.0, 403);
    house.sandbox.plan(Fault::next("videos.insert.put", Deed::TokenExpired));
    assert_eq!(mira.chunk(&session, &all, 0, UNIT).await.0, 401);
    assert_eq!(mira.where_are_we(&session, all.len()).await.0, 401, "really dead");
    let mira = house.sign_in("mira").await;
    assert_eq!(mira.chunk(&session, &all, 0, UNIT).await, upto(UNIT));
}

#[tokio::test]
async fn the_day_has_a_hundred_uploads() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    for _ in 0..100 {
        mira.start(10).await;
    }
    let (status, body) = house::read(mira.start_with(cake("private"), Some(10)).await).await;
    assert_eq!(
        (status, reason(&body), &body["error"]["status"]),
        (429, "rateLimitExceeded", &json!("RESOURCE_EXHAUSTED"))
    );
    assert!(body["error"]["message"].as_str().unwrap().contains("'Video Uploads per day'"));
    house.sandbox.advance(Duration::from_secs(86_400));
    let mira = house.sign_in("mira").await;
    mira.start(10).await;
}

#[tokio::test]
async fn the_words_are_checked_when_the_session_opens() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let with = |part: &str, field: &str, value: serde_json::Value| {
        let mut body = cake("private");
        body[part][field] = value;
        body
    };
    for (body, expected) in [
        (with("snippet", "categoryId", json!(22)), "badRequest"),
        (with("snippet", "categoryId", json!("999")), "invalidCategoryId"),
        (with("snippet", "title", json!("")), "invalidTitle"),
        (with("status", "privacyStatus", json!("secret")), "badRequest"),
        (with("status", "publishAt", json!("soon")), "invalidPublishAt"),
        (json!({ "title": "A cake" }), "badRequest"),
        (json!({ "snippet": { "title": "A" }, "recordingDetails": {} }), "unexpectedPart"),
    ] {
        let (status, answer) = house::read(mira.start_with(body.clone(), Some(10)).await).await;
        assert_eq!((status, reason(&answer)), (400, expected), "{body}");
    }
    assert_eq!(mira.start_with(cake("private"), Some(274_877_906_945)).await.status(), 413);
    assert_eq!(mira.start_with(cake("private"), Some(274_877_906_944)).await.status(), 200);
    let start = "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status";
    let picture =
        mira.ask(Method::POST, start).header("X-Upload-Content-Type", "image/png").json(&cake("private"));
    assert_eq!(picture.send().await.unwrap().status(), 400);
    // A part that exists may be refused all the same.
    house.sandbox.settings(|settings| settings.insert_parts_refused = vec!["recordingDetails".into()]);
    let dated = "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status,recordingDetails";
    let (status, answer) =
        house::read(mira.ask(Method::POST, dated).json(&cake("private")).send().await.unwrap()).await;
    assert_eq!((status, reason(&answer)), (400, "unexpectedPart"));
    assert_eq!(mira.start_with(cake("private"), Some(10)).await.status(), 200);
}

#[tokio::test]
async fn a_newer_request_ends_the_one_still_hanging() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let all = stuff(8 * UNIT);
    let session = mira.start(all.len()).await;
    house.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(1)));
    let hanging = mira.put(&session, None, all.clone());
    let asking = async {
        while house.sandbox.state().sessions[0].received_total == 0 {
            tokio::task::yield_now().await;
        }
        mira.where_are_we(&session, all.len()).await
    };
    // At a byte a second the slow one would take weeks; the question ends it.
    let (hanging, (status, _)) = tokio::join!(hanging, asking);
    assert!(hanging.is_err());
    assert_eq!(status, 308);
}

#[tokio::test]
async fn sessions_and_videos_outlive_the_process() {
    let home = tempfile::tempdir().unwrap();
    let config = || Config { home: Some(home.path().to_path_buf()), ..Config::default() };
    let all = stuff(4 * UNIT + 5);
    let (session, token, app) = {
        let house = house_with(config()).await;
        let mira = house.sign_in("mira").await;
        mira.upload(&all[..100], "public").await;
        let session = mira.start(all.len()).await;
        assert_eq!(mira.chunk(&session, &all, 0, 2 * UNIT).await, upto(2 * UNIT));
        let (token, app) = (mira.token.clone(), house.app());
        house.sandbox.stop().await;
        (session, token, app)
    };
    let house = house_with(config()).await;
    assert_eq!(house.app(), app);
    let mira = house::Creator { house: &house, token };
    assert_eq!(mira.where_are_we(&session, all.len()).await, upto(2 * UNIT), "same address, same offset");
    assert_eq!(mira.chunk(&session, &all, 2 * UNIT, all.len()).await.0, 201);
    let videos = house.sandbox.state().videos;
    assert_eq!(videos.len(), 2);
    assert_eq!(videos[1].blake3.as_deref(), Some(hex(&all).as_str()), "the hash goes on across the restart");
    assert!(house.sandbox.state().secrets.contains(&mira.token));
}

#[tokio::test]
async fn bytes_can_be_thrown_away_or_not_even_hashed() {
    let house = house_with(Config { discard_bytes: true, ..Config::default() }).await;
    let mira = house.sign_in("mira").await;
    let all = stuff(3 * UNIT);
    mira.upload(&all, "private").await;
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
    let id = house.only_video().id;
    let media = house.http.get(format!("{}/media/{id}", house.sandbox.page())).send().await.unwrap();
    assert_eq!(media.status(), 404);
    house.sandbox.settings(|settings| settings.hash = false);
    mira.upload(&all, "private").await;
    let videos = house.sandbox.state().videos;
    assert_eq!((videos[1].bytes, videos[1].blake3.as_deref()), (all.len() as u64, None));
}

#[tokio::test]
async fn length_is_required_and_refusals_reach_the_client() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let session = mira.start(10 << 20).await;
    house.sandbox.plan(Fault::next("videos.insert.put", 503));
    let answer = mira.put(&session, None, stuff(10 << 20)).await.unwrap();
    assert_eq!(seen(&answer), (503, None));
    assert_eq!(mira.where_are_we(&session, 10 << 20).await, (308, None));
    assert_eq!(house.calls("videos.insert.put")[0].body_bytes, 10 << 20);
}
