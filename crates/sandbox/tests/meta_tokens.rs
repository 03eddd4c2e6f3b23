//! Facebook Login's tokens: had, traded, inspected, taken back, dying; and what Graph says of its limits.
#![allow(clippy::unwrap_used)]

mod house;

use house::dialog::{LOCALHOST, consent, long, parameters, sign_in, token, yes};
use house::meta::{BAKES, Caller, GRAPH, MIRABAKES, code};
use house::{house, read};
use reqwest::Method;
use serde_json::{Value, json};
use slipway_sandbox::{Deed, Fault};
use std::time::Duration;

#[tokio::test]
async fn the_token_endpoint_is_strict() {
    let house = house().await;
    let back = parameters(&consent(&house, "facebook", &[], &yes("mira")).await);
    let fresh = back["code"].as_str();
    for (fields, expected) in [
        (vec![("client_id", "")], (101, None)),
        (vec![("client_id", "1")], (101, None)),
        (vec![("client_secret", "")], (1, None)),
        (vec![("client_secret", "wrong")], (1, None)),
        (vec![("redirect_uri", "")], (100, None)),
        (vec![("redirect_uri", "http://localhost:4567")], (100, Some(36_008))),
        (vec![("code", "AQnonsense")], (100, None)),
        (vec![("grant_type", "client_magic")], (100, None)),
    ] {
        let all = [vec![("code", fresh), ("redirect_uri", LOCALHOST)], fields.clone()].concat();
        let (status, body) = token(&house, "facebook", &all).await;
        assert_eq!((status, code(&body)), (400, expected), "{fields:?}");
    }
    let all = [("code", fresh), ("redirect_uri", LOCALHOST)];
    assert_eq!(code(&token(&house, "instagram", &all).await.1), (100, None), "another app's code");
    let (_, tokens) = token(&house, "facebook", &all).await;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(5400)));
    assert_eq!(code(&token(&house, "facebook", &all).await.1), (100, Some(36_009)), "once");
    let back = parameters(&consent(&house, "facebook", &[], &yes("mira")).await);
    house.sandbox.advance(Duration::from_secs(601));
    let late = [("code", back["code"].as_str()), ("redirect_uri", LOCALHOST)];
    assert_eq!(code(&token(&house, "facebook", &late).await.1), (100, Some(36_007)));
}

#[tokio::test]
async fn a_short_token_becomes_a_long_one_and_that_its_own_successor() {
    let house = house().await;
    let short = sign_in(&house, &yes("mira")).await;
    let with_it = short.page(BAKES).await;
    let body = long(&short).await;
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("bearer"), &json!(5_183_944)));
    let mira = Caller { house: &house, host: GRAPH, token: body["access_token"].as_str().unwrap().into() };
    let page = mira.page(BAKES).await;
    assert_ne!(page.token, with_it.token);
    house.sandbox.advance(Duration::from_secs(5401));
    assert_eq!(code(&short.get("me", &[]).await.1), (190, Some(463)));
    assert_eq!(
        code(&with_it.get("me", &[]).await.1),
        (190, Some(463)),
        "read with a short token, ended with it"
    );
    house.sandbox.advance(Duration::from_secs(40 * 86_400));
    house.sandbox.settings(|settings| settings.meta.tells_expires_in = false);
    let next = long(&mira).await;
    assert!(next.get("expires_in").is_none(), "some answers do not say");
    house.sandbox.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(code(&mira.get("me", &[]).await.1), (190, Some(463)));
    let fields = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", mira.token.as_str())];
    assert_eq!(
        code(&token(&house, "facebook", &fields).await.1),
        (190, Some(463)),
        "what is dead is not renewed"
    );
    let mira = Caller { house: &house, host: GRAPH, token: next["access_token"].as_str().unwrap().into() };
    assert_eq!(mira.get("me", &[]).await.0, 200);
    assert_eq!(page.get("me", &[]).await.0, 200, "a Page's token has no end of its own");
    let fields = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", page.token.as_str())];
    assert_eq!(code(&token(&house, "facebook", &fields).await.1).0, 100, "nor is it traded");
}

#[tokio::test]
async fn tokens_are_inspected_with_the_apps_own() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    let (id, secret) = house.meta_app("facebook");
    let own = format!("{id}|{secret}");
    let inspect = async |input: &str, with: &str| {
        let address = format!("{}/v25.0/debug_token", house.host(GRAPH));
        let query = [("input_token", input), ("access_token", with)];
        read(house.http.get(address).query(&query).send().await.unwrap()).await
    };
    let (status, body) = inspect(&page.token, &own).await;
    let data = &body["data"];
    assert_eq!((status, &data["type"], &data["is_valid"]), (200, &json!("PAGE"), &json!(true)));
    assert_eq!((&data["expires_at"], &data["profile_id"]), (&json!(0), &json!(BAKES)));
    assert_eq!(data["app_id"], json!(id));
    let (_, body) = inspect(&mira.token, &own).await;
    assert_eq!(body["data"]["type"], "USER");
    assert!(body["data"]["expires_at"].as_i64().unwrap() > 0);
    assert!(body["data"]["scopes"].as_array().unwrap().contains(&json!("pages_manage_posts")));
    assert_eq!(inspect("EAAnonsense", &own).await.1["data"]["is_valid"], false);
    assert_eq!(code(&inspect(&page.token, &mira.token).await.1).0, 190);
}

#[tokio::test]
async fn taking_it_back_ends_every_token_of_that_person_and_app() {
    let house = house().await;
    let (mira, again, jonas) = (house.person("mira"), house.person("mira"), house.person("jonas"));
    let page = mira.page(BAKES).await;
    let other = house.account();
    assert_eq!(mira.delete("me/permissions/pages_manage_posts").await.1, json!({ "success": true }));
    let start = [("upload_phase", "start")];
    assert_eq!(code(&page.post(&format!("{BAKES}/video_reels"), &start).await.1).0, 200);
    assert_eq!(mira.delete("me/permissions").await.1, json!({ "success": true }));
    for dead in [&mira, &again, &page] {
        let (status, body) = dead.get("me", &[]).await;
        assert_eq!((status, code(&body)), (400, (190, Some(458))));
    }
    assert_eq!(jonas.get("me", &[]).await.0, 200);
    assert_eq!(other.get("me", &[]).await.0, 200, "the other app was not meant");
}

#[tokio::test]
async fn tokens_die_by_hand_by_plan_and_by_another_status() {
    let house = house().await;
    let mira = house.person("mira");
    let page = mira.page(BAKES).await;
    house.sandbox.expire_for("facebook", true, false);
    assert_eq!(code(&page.get("me", &[]).await.1), (190, Some(460)));
    let page = mira.page(BAKES).await;
    house.sandbox.plan(Fault::next("facebook.page", Deed::TokenExpired));
    let (status, body) = page.get("me", &[("fields", "name")]).await;
    assert_eq!((status, code(&body)), (400, (190, Some(463))));
    assert_eq!(body["error"]["type"], "OAuthException");
    house.sandbox.settings(|settings| settings.meta.dead_token_status = 401);
    let dead = page.ask(Method::GET, "me").send().await.unwrap();
    assert_eq!(dead.status(), 401);
    assert_eq!(code(&read(dead).await.1), (190, Some(463)), "really dead");
    assert_ne!(mira.page(BAKES).await.token, page.token, "a fresh one is had with the person's own");
    house.sandbox.expire_for("facebook", false, true);
    assert_eq!(code(&mira.get("me", &[]).await.1), (190, Some(460)));
    let nobody = Caller { house: &house, host: GRAPH, token: "EAAnonsense".into() };
    assert_eq!(code(&nobody.get("me", &[]).await.1), (190, None));
    let bare = house.http.get(format!("{}/v25.0/me", house.host(GRAPH))).send().await.unwrap();
    assert_eq!(code(&read(bare).await.1).0, 104);
    let home = house.account();
    house.sandbox.expire_for("facebook", true, true);
    assert_eq!(home.get("me", &[]).await.0, 200, "the other platform was not meant");
}

#[tokio::test]
async fn an_app_may_require_its_proof() {
    let house = house().await;
    let mira = house.person("mira");
    house.sandbox.settings(|settings| settings.meta.require_proof = true);
    assert_eq!(code(&mira.get("me", &[]).await.1).0, 100);
    assert_eq!(code(&mira.get("me", &[("appsecret_proof", "00")]).await.1).0, 100);
    let (_, secret) = house.meta_app("facebook");
    let proof = hmac(&secret, &mira.token);
    assert_eq!(mira.get("me", &[("appsecret_proof", &proof)]).await.0, 200);
}

/// HMAC-SHA256 for keys of at most a block.
fn hmac(key: &str, message: &str) -> String {
    use sha2::{Digest, Sha256};
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|n| key.as_bytes().get(n).copied().unwrap_or(0) ^ with).collect()
    };
    let inner = Sha256::digest([pad(0x36), message.as_bytes().to_vec()].concat());
    let outer = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn no_secret_stands_in_the_log() {
    let house = house().await;
    let mira = sign_in(&house, &yes("mira")).await;
    let token = long(&mira).await["access_token"].as_str().unwrap().to_string();
    let address = format!("{}/v25.0/me/accounts?access_token={token}", house.host(GRAPH));
    house.http.get(address).send().await.unwrap();
    let state = house.sandbox.state();
    assert!(state.secrets.contains(&token) && state.secrets.contains(&mira.token));
    let (_, secret) = house.meta_app("facebook");
    assert!(state.secrets.contains(&secret));
    let log = serde_json::to_string(&house.sandbox.calls()).unwrap();
    for canary in state.canaries {
        assert!(!log.contains(&canary), "{canary}");
    }
}

#[tokio::test]
async fn graph_says_how_much_is_used_and_stops_at_a_hundred() {
    let house = house().await;
    let page = house.page("mira", BAKES).await;
    house.sandbox.settings(|settings| {
        settings.meta.app_usage = 91;
        settings.meta.business_usage = 92;
        settings.meta.regain_minutes = 7;
    });
    let answer = page.ask(Method::GET, BAKES).send().await.unwrap();
    let header =
        |name: &str| -> Value { serde_json::from_str(answer.headers()[name].to_str().unwrap()).unwrap() };
    assert_eq!(header("x-app-usage")["call_count"], 91);
    let business = &header("x-business-use-case-usage")[BAKES][0];
    assert_eq!((&business["type"], &business["call_count"]), (&json!("pages"), &json!(92)));
    assert_eq!(business["estimated_time_to_regain_access"], 7);
    assert!(answer.headers().contains_key("x-fb-trace-id"));
    house.sandbox.settings(|settings| settings.meta.business_usage = 100);
    assert_eq!(code(&page.get(BAKES, &[]).await.1).0, 80_001);
    let account = house.account();
    assert_eq!(code(&account.get(MIRABAKES, &[]).await.1).0, 80_002);
    house.sandbox.settings(|settings| settings.meta.app_usage = 100);
    let refused = page.ask(Method::GET, BAKES).send().await.unwrap();
    assert!(refused.headers().contains_key("x-app-usage"), "refusals say it, too");
    let (_, body) = read(refused).await;
    assert_eq!((code(&body).0, &body["error"]["is_transient"]), (4, &json!(true)));
}
