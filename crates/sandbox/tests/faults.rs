//! Planned misbehaviour and the accounts of it, over HTTP as a test in another language would use them.
#![allow(clippy::unwrap_used)]

mod house;

use house::{House, READONLY, house, read, reason, stuff};
use reqwest::Method;
use serde_json::{Value, json};
use slipway_sandbox::{Deed, Fault, StatusAnswer};

const LIST: &str = "/youtube/v3/videos?part=id&id=x";

async fn api(house: &House, method: Method, path: &str, body: Value) -> (u16, Value) {
    let ask = house.http.request(method, format!("{}{path}", house.sandbox.page())).json(&body);
    read(ask.send().await.unwrap()).await
}

#[tokio::test]
async fn a_status_in_the_platforms_own_shape_once() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let plans = json!([
        { "api": "videos.list", "do": { "status": 503, "retry_after": 7 } },
        { "api": "videos.list", "do": { "status": 403, "reason": "quotaExceeded", "domain": "youtube.quota" } },
        { "api": "videos.list", "do": "html" },
        { "api": "videos.delete", "do": "cut" },
    ]);
    assert_eq!(api(&house, Method::POST, "/api/faults", plans).await.1["ids"], json!([1, 2, 3, 4]));
    let first = mira.ask(Method::GET, LIST).send().await.unwrap();
    assert_eq!((first.status().as_u16(), first.headers()["retry-after"].to_str().unwrap()), (503, "7"));
    let (status, second) = mira.get(LIST).await;
    assert_eq!(
        (status, reason(&second), &second["error"]["errors"][0]["domain"]),
        (403, "quotaExceeded", &json!("youtube.quota"))
    );
    let third = mira.ask(Method::GET, LIST).send().await.unwrap();
    assert_eq!(third.status(), 200);
    assert!(third.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(mira.get(LIST).await.0, 200);
    let (_, accounts) = api(&house, Method::GET, "/api/faults", json!(null)).await;
    let done: Vec<_> = accounts.as_array().unwrap().iter().map(|plan| plan["done"] == true).collect();
    assert_eq!(done, [true, true, true, false], "what never happened is visible");
    assert!(accounts[0]["done_at_ms"].is_i64() && accounts[3]["done_at_ms"].is_null());
    assert_eq!(accounts[1]["do"]["reason"], "quotaExceeded");
    api(&house, Method::DELETE, "/api/faults", json!(null)).await;
    assert!(house.sandbox.plans().is_empty());
    assert_eq!(
        api(&house, Method::POST, "/api/faults", json!([{ "api": "x", "do": "explode" }])).await.0,
        400
    );
}

#[tokio::test]
async fn the_token_endpoint_fails_in_its_own_shape() {
    let house = house().await;
    let tokens = house.grant("mira", READONLY).await;
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    house.sandbox.plan(Fault::next("token", 503));
    let (status, body) = house.token(&refresh).await;
    assert_eq!((status, &body["error"]), (503, &json!("internal_failure")));
    assert_eq!(house.token(&refresh).await.0, 200);
    house.sandbox.plan(Fault::next("token", Deed::TokenExpired));
    assert_eq!(house.token(&refresh).await.1["error"], "invalid_grant");
    assert_eq!(house.token(&refresh).await.1["error"], "invalid_grant", "really dead");
}

#[tokio::test]
async fn cut_does_nothing_and_lost_does_everything() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let id = mira.upload(&stuff(5), "private").await["id"].as_str().unwrap().to_string();
    let delete = || mira.ask(Method::DELETE, &format!("/youtube/v3/videos?id={id}")).send();
    house.sandbox.plan(Fault::next("videos.delete", Deed::Cut));
    assert!(delete().await.is_err());
    assert_eq!(house.sandbox.state().videos.len(), 1);
    house.sandbox.plan(Fault::next("videos.delete", Deed::Lost));
    assert!(delete().await.is_err());
    assert!(house.sandbox.state().videos.is_empty());
    let id = mira.upload(&stuff(6), "private").await["id"].as_str().unwrap().to_string();
    house.sandbox.plan(Fault::next("videos.delete", Deed::StatusAfter(500)));
    let late = mira.ask(Method::DELETE, &format!("/youtube/v3/videos?id={id}")).send().await.unwrap();
    let (status, body) = read(late).await;
    assert_eq!((status, reason(&body)), (500, "internalError"));
    assert!(house.sandbox.state().videos.is_empty(), "done all the same");
    let calls = &house.calls("videos.delete")[..2];
    assert_eq!(
        house.calls("videos.delete").len(),
        3,
        "the client's library has not repeated anything by itself"
    );
    assert!(calls.iter().all(|call| call.cut && call.status.is_none()));
    assert_eq!((calls[0].fault, calls[1].fault), (Some(1), Some(2)));
}

#[tokio::test]
async fn a_deed_is_done_before_its_answer_is_spoilt() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    let upload = async |seed| mira.upload(&stuff(seed), "private").await["id"].as_str().unwrap().to_string();
    let delete =
        async |id: &str| mira.ask(Method::DELETE, &format!("/youtube/v3/videos?id={id}")).send().await;
    let id = upload(5).await;
    let page = StatusAnswer { status: 200, body: Some("<!doctype html>".into()), ..StatusAnswer::default() };
    house.sandbox.plan(Fault::next("videos.delete", Deed::AnswerAfter(page)));
    let page = delete(&id).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().starts_with("<!doctype html>"));
    assert!(house.sandbox.state().videos.is_empty());
    let id = upload(6).await;
    house.sandbox.plan(Fault::next("videos.update", Deed::HalfAnswer));
    let words = json!({"id": id, "snippet": {"title": "Rye", "categoryId": "22"}});
    let asked =
        mira.ask(Method::PUT, "/youtube/v3/videos?part=snippet").header("content-type", "application/json");
    let half = asked.body(words.to_string()).send().await.unwrap();
    assert_eq!(half.status(), 200);
    assert!(half.text().await.is_err(), "the answer ends in its middle");
    assert_eq!(house.sandbox.state().videos[0].title, "Rye");
}

#[tokio::test]
async fn the_kth_call_of_all_is_hurt() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    house.sandbox.plan(Fault::nth("*", 3, StatusAnswer { status: 500, ..StatusAnswer::default() }));
    let session = mira.start(5).await;
    assert_eq!(mira.get(LIST).await.0, 200);
    house.auth_page(&[]).await;
    assert_eq!(mira.put(&session, None, stuff(5)).await.unwrap().status(), 500);
    assert_eq!(mira.put(&session, None, stuff(5)).await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_plan_can_name_its_file() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    house.sandbox.plan(Fault::next("videos.insert.*", 503).file("other.mp4"));
    house.sandbox.plan(Fault::next("videos.insert.put", 502).file("A cake"));
    let session = mira.start(5).await;
    assert_eq!(mira.put(&session, None, stuff(5)).await.unwrap().status(), 502);
    let done: Vec<_> = house.sandbox.plans().iter().map(|plan| plan.done).collect();
    assert_eq!(done, [false, true]);
}

#[tokio::test]
async fn the_log_has_every_call_and_flags_the_unknown() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    house.sandbox.clear_calls();
    let session = mira.start(5).await;
    mira.put(&session, None, stuff(5)).await.unwrap();
    assert_eq!(mira.get("/youtube/v3/search?part=id&forMine=true").await.0, 404);
    let (_, calls) = api(&house, Method::GET, "/api/calls", json!(null)).await;
    let names: Vec<_> = calls.as_array().unwrap().iter().map(|call| call["api"].as_str().unwrap()).collect();
    assert_eq!(names, ["videos.insert.start", "videos.insert.put", "unknown"]);
    assert_eq!(calls[1]["body_bytes"], 5);
    assert_eq!((&calls[0]["session"], &calls[1]["session"]), (&json!(1), &json!(1)));
    assert_eq!((&calls[0]["file"], &calls[1]["status"]), (&json!("cake.mp4"), &json!(201)));
    assert_eq!(calls[2]["unknown"], true);
    let text = calls.to_string();
    for secret in house.sandbox.state().secrets {
        assert!(!text.contains(&secret), "no secret in the log");
    }
}

#[tokio::test]
async fn tuning_and_looking_over_http() {
    let house = house().await;
    let (_, settings) = api(&house, Method::POST, "/api/settings", json!({ "pool": 7 })).await;
    assert_eq!((&settings["pool"], &settings["uploads_per_day"]), (&json!(7), &json!(100)));
    assert_eq!(api(&house, Method::POST, "/api/settings", json!({ "poool": 7 })).await.0, 400);
    assert_eq!(house.sandbox.current_settings().pool, 7);
    let before = house.sandbox.now_ms();
    api(&house, Method::POST, "/api/clock", json!({ "advance_ms": 86_400_000 })).await;
    assert!(house.sandbox.now_ms() >= before + 86_400_000);
    let mira = house.sign_in("mira").await;
    mira.upload(&stuff(5), "private").await;
    let (_, state) = api(&house, Method::GET, "/api/state", json!(null)).await;
    assert_eq!(state["videos"][0]["channel"], "Mira Bakes");
    assert_eq!(state["sessions"][0]["received_total"], 5);
    assert_eq!(state["quota"]["youtube"]["buckets"]["uploads"]["used"], 1);
    api(&house, Method::POST, "/api/expire", json!({ "access": true })).await;
    assert_eq!(mira.get(LIST).await.0, 401);
    let app = house.app();
    api(&house, Method::POST, "/api/reset", json!({})).await;
    let state = house.sandbox.state();
    assert!(state.videos.is_empty() && state.sessions.is_empty());
    assert_eq!(house.app(), app);
    let (_, announced) = api(&house, Method::GET, "/api/announcement", json!(null)).await;
    assert_eq!(announced, serde_json::to_value(house.sandbox.announcement()).unwrap());
    assert_eq!(api(&house, Method::GET, "/api/nope", json!(null)).await.0, 404);
}

#[tokio::test]
async fn stopping_ends_every_listener() {
    let house = house().await;
    let addresses: Vec<String> = house.sandbox.announcement().hosts.values().cloned().collect();
    assert!(addresses.len() >= 7, "Google's four and TikTok's three at least");
    let line = serde_json::to_string(house.sandbox.announcement()).unwrap();
    assert!(!line.contains('\n') && line.contains("\"youtube\":{\"client_id\""));
    house.auth_page(&[]).await;
    let House { sandbox, http } = house;
    sandbox.stop().await;
    for address in addresses {
        assert!(http.get(address).send().await.is_err());
    }
}
