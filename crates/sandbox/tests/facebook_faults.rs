//! What goes wrong on the way to a reel, by plan and by itself, and what is left of it then.
#![allow(clippy::unwrap_used)]

mod house;

use house::meta::{BAKES, Caller, GRAPH, code, kind};
use house::{UNIT, hex, house, read, stuff};
use reqwest::Method;
use serde_json::json;
use slipway_sandbox::{Deed, Fault};
use std::time::Duration;

#[tokio::test]
async fn an_upload_ends_by_age_and_by_fault() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let all = stuff(100);
    let (old, address) = page.start_reel(BAKES).await;
    let (lost, gone) = page.start_reel(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.upload", Deed::SessionGone));
    assert_eq!(kind(&page.upload(&gone, &all).await.1), "ProcessingFailedError");
    assert_eq!(page.status(&lost).await["video_status"], "upload_failed");
    assert_eq!(page.upload(&gone, &all).await.0, 400, "for good");
    house.sandbox.advance(Duration::from_secs(86_401));
    assert_eq!(page.status(&old).await["video_status"], "expired");
    assert_eq!(page.upload(&address, &all).await.0, 400);
    let (third, _) = page.start_reel(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.video.status", Deed::SessionGone));
    assert_eq!(page.status(&third).await["video_status"], "upload_failed");
}

#[tokio::test]
async fn planned_faults_have_graphs_shapes_and_ruploads() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    let plans = json!([
        { "api": "facebook.reels.start", "do": { "status": 400, "code": 368, "subcode": 1390008, "transient": false, "message": "Slow down" } },
        { "api": "facebook.reels.start", "do": { "status": 500 } },
        { "api": "facebook.reels.start", "do": { "status": 503, "retry_after": 9 } },
        { "api": "facebook.reels.start", "do": { "status": 401 } },
        { "api": "facebook.upload", "do": { "status": 500 } },
        { "api": "facebook.upload", "do": { "status": 400, "reason": "PartialRequestError", "transient": true } },
        { "api": "facebook.reels.finish", "do": "lost" },
        { "api": "facebook.video.status", "do": { "status_after": 500 } },
    ]);
    let ask = house.http.post(format!("{}/api/faults", house.sandbox.page())).json(&plans);
    assert_eq!(ask.send().await.unwrap().status(), 200);
    let reels = format!("{BAKES}/video_reels");
    let start = [("upload_phase", "start")];
    let (status, body) = page.post(&reels, &start).await;
    assert_eq!(
        (status, code(&body), &body["error"]["is_transient"]),
        (400, (368, Some(1_390_008)), &json!(false))
    );
    assert!(body["error"]["fbtrace_id"].is_string());
    assert_eq!(code(&page.post(&reels, &start).await.1), (1, None));
    let busy = page.ask(Method::POST, &reels).form(&start).send().await.unwrap();
    assert_eq!((busy.status().as_u16(), busy.headers()["retry-after"].to_str().unwrap()), (503, "9"));
    assert!(busy.headers().contains_key("x-app-usage"));
    let (_, body) = read(busy).await;
    assert_eq!((code(&body), &body["error"]["is_transient"]), ((2, None), &json!(true)));
    let (status, body) = page.post(&reels, &start).await;
    assert_eq!((status, code(&body)), (401, (190, Some(463))), "and the token lives");
    assert!(house.sandbox.state().sessions.is_empty(), "none of these had any effect");
    let (id, address) = page.start_reel(BAKES).await;
    let all = stuff(77);
    let (status, body) = page.upload(&address, &all).await;
    assert_eq!((status, &body["debug_info"]["retriable"]), (500, &json!(true)));
    assert_eq!(kind(&page.upload(&address, &all).await.1), "PartialRequestError");
    assert_eq!(page.upload(&address, &all).await.0, 200);
    let finish = page.ask(Method::POST, &reels);
    let form = [("upload_phase", "finish"), ("video_id", id.as_str()), ("video_state", "PUBLISHED")];
    assert!(finish.form(&form).send().await.is_err(), "done, and never told");
    house.sandbox.advance(Duration::from_secs(3));
    assert!(house.only_video().public_at_ms.is_some());
    assert_eq!(page.get(&id, &[("fields", "status")]).await.0, 500);
    assert_eq!(page.status(&id).await["publishing_phase"]["publish_status"], "published");
    assert!(house.sandbox.plans().iter().all(|plan| plan.done));
}

#[tokio::test]
async fn a_token_that_dies_under_way_leaves_the_bytes() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    let all = stuff(2 * UNIT);
    let (id, address) = page.start_reel(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.upload", Deed::CutAfter(UNIT as u64)));
    assert!(page.send(&address, 0, all.len(), all.clone()).await.is_err());
    house.sandbox.plan(Fault::next("facebook.upload", Deed::TokenExpired));
    house.sandbox.settings(|settings| settings.meta.dead_token_status = 401);
    let dead = page.send(&address, UNIT, all.len(), all[UNIT..].to_vec()).await.unwrap();
    assert_eq!(dead.status(), 401);
    assert_eq!(kind(&read(dead).await.1), "ProcessingFailedError");
    let fresh = mira.page(BAKES).await;
    assert_eq!(fresh.send(&address, UNIT, all.len(), all[UNIT..].to_vec()).await.unwrap().status(), 200);
    fresh.finish_reel(BAKES, &id, &[("video_state", "PUBLISHED")]).await;
    assert_eq!(house.only_video().blake3.unwrap(), hex(&all));
}

#[tokio::test]
async fn reels_outlive_the_process() {
    let home = tempfile::tempdir().unwrap();
    let config = || slipway_sandbox::Config { home: Some(home.path().to_path_buf()), ..Default::default() };
    let all = stuff(2 * UNIT + 5);
    let (id, address, token, app) = {
        let house = house::house_with(config()).await;
        let page = house.page("mira", BAKES).await;
        let (id, address) = page.start_reel(BAKES).await;
        house.sandbox.plan(Fault::next("facebook.upload", Deed::CutAfter(UNIT as u64)));
        assert!(page.send(&address, 0, all.len(), all.clone()).await.is_err());
        let (token, app) = (page.token.clone(), house.meta_app("facebook"));
        house.sandbox.stop().await;
        (id, address, token, app)
    };
    let house = house::house_with(config()).await;
    assert_eq!(house.meta_app("facebook"), app);
    let page = Caller { house: &house, host: GRAPH, token };
    assert_eq!(page.status(&id).await["uploading_phase"]["bytes_transfered"], UNIT);
    assert_eq!(page.send(&address, UNIT, all.len(), all[UNIT..].to_vec()).await.unwrap().status(), 200);
    page.finish_reel(BAKES, &id, &[("video_state", "PUBLISHED")]).await;
    assert_eq!(
        house.only_video().blake3.as_deref(),
        Some(hex(&all).as_str()),
        "the hash goes on across the restart"
    );
    house.sandbox.reset();
    assert!(house.sandbox.state().videos.is_empty() && house.sandbox.state().sessions.is_empty());
    assert_eq!(code(&page.get(&id, &[]).await.1).0, 190, "no token is left");
}
