//! Planned misbehaviour in TikTok's own shapes.
#![allow(clippy::unwrap_used)]

mod house;

use house::tiktok::{auth_page, code, file, flat, post, sign_in, token};
use house::{house, stuff};
use reqwest::Method;
use serde_json::json;
use slipway_sandbox::{Deed, Fault, StatusAnswer};

fn saying(status: u16, reason: &str) -> StatusAnswer {
    StatusAnswer { status, reason: Some(reason.into()), ..StatusAnswer::default() }
}

#[tokio::test]
async fn every_call_has_its_name_and_fails_in_its_shape() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let upload = mira.begin(10).await;
    house.sandbox.clear_calls();
    let fields = "/v2/video/list/?fields=id";
    for (api, path) in [
        ("tiktok.creator_info", "/v2/post/publish/creator_info/query/"),
        ("tiktok.video.init", "/v2/post/publish/video/init/"),
        ("tiktok.inbox.init", "/v2/post/publish/inbox/video/init/"),
        ("tiktok.status.fetch", "/v2/post/publish/status/fetch/"),
        ("tiktok.cancel", "/v2/post/publish/cancel/"),
        ("tiktok.video.list", fields),
        ("tiktok.video.query", "/v2/video/query/?fields=id"),
    ] {
        house.sandbox.plan(Fault::next(api, 500));
        assert_eq!(code(&mira.post(path, json!({})).await), (500, "internal_error"), "{api}");
    }
    house.sandbox.plan(Fault::next("tiktok.user.info", 429));
    let busy =
        house::read(mira.ask(Method::GET, "/v2/user/info/?fields=open_id").send().await.unwrap()).await;
    assert_eq!(code(&busy), (429, "rate_limit_exceeded"));
    house.sandbox.plan(Fault::next("tiktok.token", 503));
    assert_eq!(flat(&token(&house, &[]).await), (503, "temporarily_unavailable"));
    house.sandbox.plan(Fault::next("tiktok.token", saying(400, "invalid_grant")));
    assert_eq!(flat(&token(&house, &[]).await), (400, "invalid_grant"));
    house.sandbox.plan(Fault::next("tiktok.revoke", 500));
    let revoked = house::tiktok::oauth(&house, "revoke", &[("token", &mira.token)]).await;
    assert_eq!(flat(&house::read(revoked).await), (500, "server_error"));
    house.sandbox.plan(Fault::next("tiktok.upload.put", 503));
    assert_eq!(mira.chunk(&upload, &stuff(10), 0, 10).await.0, 503);
    house.sandbox.plan(Fault::next("auth.tiktok.page", 500));
    assert_eq!(auth_page(&house, &[]).await.status(), 500);
    assert!(house.sandbox.plans().iter().all(|plan| plan.done));
    assert!(house.sandbox.calls().iter().all(|call| call.platform == "tiktok" && call.fault.is_some()));
}

#[tokio::test]
async fn a_code_of_ones_own_and_a_refusal_with_200() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    house.sandbox.plan(Fault::next("tiktok.creator_info", saying(200, "spam_risk_too_many_posts")));
    assert_eq!(code(&mira.creator_info().await), (200, "spam_risk_too_many_posts"));
    house
        .sandbox
        .plan(Fault::next("tiktok.video.init", saying(403, "spam_risk_text")).file("A cake #baking"));
    assert_eq!(mira.draft_init(file(10)).await.0, 200);
    let mut other = post("SELF_ONLY");
    other["title"] = json!("Bread");
    assert_eq!(mira.init(other, file(10)).await.0, 200);
    assert_eq!(code(&mira.init(post("SELF_ONLY"), file(10)).await), (403, "spam_risk_text"));
    house.sandbox.plan(Fault::next("tiktok.creator_info", Deed::Html));
    let answer = mira.ask(Method::POST, "/v2/post/publish/creator_info/query/").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    house.sandbox.plan(Fault::next(
        "tiktok.creator_info",
        StatusAnswer { status: 429, retry_after: Some(9), ..StatusAnswer::default() },
    ));
    let answer = mira.ask(Method::POST, "/v2/post/publish/creator_info/query/").send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "9", "a plan may say more than TikTok does");
}

#[tokio::test]
async fn tokens_die_in_the_middle() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    house.sandbox.plan(Fault::next("tiktok.status.fetch", Deed::TokenExpired));
    let upload = mira.begin(10).await;
    assert_eq!(code(&mira.status(&upload.id).await), (401, "access_token_invalid"));
    assert_eq!(code(&mira.creator_info().await), (401, "access_token_invalid"), "really dead");
    assert_eq!(mira.chunk(&upload, &stuff(10), 0, 10).await.0, 201, "bytes need no token");
    house.sandbox.plan(Fault::next("tiktok.token", Deed::TokenExpired));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", mira.refresh.as_str())];
    for _ in 0..2 {
        assert_eq!(flat(&token(&house, &refresh).await), (400, "invalid_grant"));
    }
}

#[tokio::test]
async fn an_init_that_was_lost_leaves_an_orphan_and_one_that_was_cut_nothing() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let path = "/v2/post/publish/video/init/";
    let body = json!({ "post_info": post("SELF_ONLY"), "source_info": file(10) });
    house.sandbox.plan(Fault::next("tiktok.video.init", Deed::Cut));
    assert!(mira.ask(Method::POST, path).json(&body).send().await.is_err());
    assert!(house.sandbox.state().sessions.is_empty());
    house.sandbox.plan(Fault::next("tiktok.video.init", Deed::Lost));
    assert!(mira.ask(Method::POST, path).json(&body).send().await.is_err());
    assert_eq!(house.sandbox.state().sessions.len(), 1);
    house.sandbox.plan(Fault::next("tiktok.video.init", Deed::StatusAfter(502)));
    assert_eq!(code(&mira.post(path, body).await), (502, "internal_error"));
    assert_eq!(house.sandbox.state().sessions.len(), 2);
    assert!(house.sandbox.state().videos.is_empty());
}

/// A refresh whose answer is lost has still rotated: the old token is dead, and nobody has the new one.
#[tokio::test]
async fn a_lost_refresh_has_rotated() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    house.sandbox.plan(Fault::next("tiktok.token", Deed::StatusAfter(500)));
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", mira.refresh.as_str())];
    assert_eq!(flat(&token(&house, &refresh).await), (500, "server_error"));
    assert_eq!(flat(&token(&house, &refresh).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn one_of_two_platforms_is_hurt() {
    let house = house().await;
    let (mira, google) = (sign_in(&house, "mira").await, house.sign_in("mira").await);
    house.sandbox.plan(Fault::next("*", 503).platform("tiktok"));
    assert_eq!(auth_page(&house, &[]).await.status(), 200, "not the pages of a browser");
    assert_eq!(google.get("/youtube/v3/videos?part=id&id=x").await.0, 200);
    assert_eq!(mira.creator_info().await.0, 503);
    let platforms: Vec<_> =
        house.sandbox.calls().into_iter().rev().take(2).map(|call| call.platform).collect();
    assert_eq!(platforms, ["tiktok", "youtube"]);
}

#[tokio::test]
async fn settings_of_a_platform_over_http() {
    let house = house().await;
    let address = format!("{}/api/settings", house.sandbox.page());
    let changed =
        house.http.post(&address).json(&json!({ "tiktok": { "audited": false, "megabyte": "binary" } }));
    let (status, settings) = house::read(changed.send().await.unwrap()).await;
    assert_eq!(
        (status, &settings["tiktok"]["audited"], &settings["tiktok"]["posts_per_day"]),
        (200, &json!(false), &json!(15))
    );
    assert!(!house.sandbox.current_settings().tiktok.audited);
    let wrong = house.http.post(&address).json(&json!({ "tiktok": { "audit": true } }));
    assert_eq!(wrong.send().await.unwrap().status(), 400);
    let mira = sign_in(&house, "mira").await;
    let expire = house.http.post(format!("{}/api/expire", house.sandbox.page()));
    expire.json(&json!({ "platform": "tiktok", "access": true })).send().await.unwrap();
    assert_eq!(mira.creator_info().await.0, 401);
}
