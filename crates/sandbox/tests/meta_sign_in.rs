//! Signing in to Facebook and Instagram, as a client meets it: the dialogs, ways back, tokens and all the ways to be refused.
#![allow(clippy::unwrap_used)]

mod house;

use house::meta::{BAKES, Caller, GARDEN, GRAPH, GRAPH_INSTAGRAM, LETTERS, MIRABAKES, RIDES, code};
use house::{House, house, read};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use slipway_sandbox::{Deed, Fault, MetaAnswers};
use std::collections::HashMap;
use std::time::Duration;

const LOCALHOST: &str = "http://localhost:4567/";
const HTTPS: &str = "https://creator.example/slipway.html";
const SCOPES: &str = "pages_show_list,pages_read_engagement,pages_manage_posts";

async fn dialog(house: &House, app: &str, changes: &[(&str, &str)]) -> Response {
    let (id, _) = house.meta_app(app);
    let mut query = HashMap::from([
        ("client_id", id.as_str()),
        ("redirect_uri", LOCALHOST),
        ("response_type", "code"),
        ("scope", SCOPES),
        ("state", "a/b+c d&é"),
    ]);
    for (name, value) in changes {
        match *value {
            "" => query.remove(name),
            value => query.insert(name, value),
        };
    }
    let address = match app {
        "instagram_login" => format!("{}/oauth/authorize", house.host("www.instagram.com")),
        _ => format!("{}/v25.0/dialog/oauth", house.host("www.facebook.com")),
    };
    house.http.get(address).query(&query).send().await.unwrap()
}

/// Fills the form of a dialog; where the browser is sent.
async fn answer(house: &House, app: &str, page: Response, answers: &[(&str, &str)]) -> (u16, String) {
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    let request = html.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap();
    let action = html.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    let host = if app == "instagram_login" { "www.instagram.com" } else { "www.facebook.com" };
    let form = [&[("request", request)], answers].concat();
    let sent = house.http.post(format!("{}{action}", house.host(host))).form(&form).send().await.unwrap();
    let to = sent.headers().get("location").map(|to| to.to_str().unwrap().to_string());
    (sent.status().as_u16(), to.unwrap_or_default())
}

fn parameters(to: &str) -> HashMap<String, String> {
    url::Url::parse(to).unwrap().query_pairs().into_owned().collect()
}

async fn consent(house: &House, app: &str, changes: &[(&str, &str)], answers: &[(&str, &str)]) -> String {
    let page = dialog(house, app, changes).await;
    let (status, to) = answer(house, app, page, answers).await;
    assert_eq!(status, 302);
    to
}

fn yes(account: &str) -> Vec<(&str, &str)> {
    let scopes = SCOPES.split(',').map(|scope| ("scope", scope));
    [("account", account), ("decision", "allow")].into_iter().chain(scopes).collect()
}

/// `GET /oauth/access_token` with the app's own id and secret.
async fn token(house: &House, app: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let (id, secret) = house.meta_app(app);
    let mut query: HashMap<&str, &str> =
        HashMap::from([("client_id", id.as_str()), ("client_secret", secret.as_str())]);
    for (name, value) in fields {
        match *value {
            "" => query.remove(name),
            value => query.insert(name, value),
        };
    }
    let address = format!("{}/v25.0/oauth/access_token", house.host(GRAPH));
    read(house.http.get(address).query(&query).send().await.unwrap()).await
}

async fn sign_in<'h>(house: &'h House, answers: &[(&str, &str)]) -> Caller<'h> {
    let back = parameters(&consent(house, "facebook", &[], answers).await);
    let (status, body) =
        token(house, "facebook", &[("code", &back["code"]), ("redirect_uri", LOCALHOST)]).await;
    assert_eq!(status, 200, "{body}");
    Caller { house, host: GRAPH, token: body["access_token"].as_str().unwrap().into() }
}

async fn long(caller: &Caller<'_>) -> Value {
    let fields = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", caller.token.as_str())];
    let (status, body) = token(caller.house, "facebook", &fields).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn a_creator_signs_in_by_localhost_and_finds_her_pages() {
    let house = house().await;
    let to = consent(&house, "facebook", &[], &yes("mira")).await;
    assert!(to.starts_with(LOCALHOST), "{to}");
    let back = parameters(&to);
    assert_eq!(back["state"], "a/b+c d&é");
    let mira = sign_in(&house, &yes("mira")).await;
    assert!(mira.token.starts_with("EAA"));
    let whole = "id,name,username,access_token,tasks,category,picture{url},instagram_business_account";
    let (status, body) = mira.get("me/accounts", &[("fields", whole), ("limit", "100")]).await;
    assert_eq!(status, 200);
    let pages = body["data"].as_array().unwrap();
    assert_eq!((&pages[0]["id"], &pages[1]["id"]), (&json!(BAKES), &json!(GARDEN)));
    assert!(pages[0]["tasks"].as_array().unwrap().contains(&json!("CREATE_CONTENT")));
    assert!(pages[0]["picture"]["data"]["url"].is_string());
    assert!(pages[0].get("instagram_business_account").is_none(), "instagram_basic was not asked for");
    assert!(body["paging"]["cursors"]["after"].is_string() && body["paging"].get("next").is_none());
    let (_, me) = mira.get("me", &[]).await;
    assert_eq!(me["name"], "Mira Halloran");
    let page =
        Caller { house: &house, host: GRAPH, token: pages[0]["access_token"].as_str().unwrap().into() };
    assert_eq!(
        page.get("me", &[("fields", "name")]).await.1["name"],
        "Mira Bakes",
        "a Page is who its token is"
    );
    assert_eq!(mira.page(BAKES).await.token, page.token, "the same each time");
    // The calls have their names by the app that asks.
    let names: Vec<String> = house.sandbox.calls().into_iter().map(|call| call.api).collect();
    for name in [
        "auth.facebook.page",
        "auth.facebook.consent",
        "facebook.token",
        "facebook.accounts",
        "facebook.page",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    assert!(house.sandbox.calls().iter().all(|call| call.platform == "facebook" && !call.unknown));
}

#[tokio::test]
async fn instagrams_app_sees_the_account_behind_a_page_and_bears_its_name() {
    let house = house().await;
    let account = house.account();
    let fields = "id,name,instagram_business_account{id,username,name,profile_picture_url}";
    let (_, body) = account.get("me/accounts", &[("fields", fields)]).await;
    let found = &body["data"][0]["instagram_business_account"];
    assert_eq!((&found["id"], &found["username"]), (&json!(MIRABAKES), &json!("mirabakes")));
    assert!(body["data"][1].get("instagram_business_account").is_none(), "the second Page has none");
    assert_eq!(house.calls("instagram.accounts").len(), 1);
    let page = account.page(BAKES).await;
    assert_eq!(page.get(MIRABAKES, &[("fields", "username")]).await.1["username"], "mirabakes");
    let jonas = house.sandbox.grant_for("instagram", "jonas", &house::meta::INSTAGRAM);
    let jonas = Caller { house: &house, host: GRAPH, token: jonas.access_token };
    let (_, body) = jonas.get("me/accounts", &[("fields", fields)]).await;
    assert_eq!(body["data"][0]["id"], RIDES);
    assert!(body["data"][0].get("instagram_business_account").is_none(), "a personal account is none");
}

#[tokio::test]
async fn long_lists_have_pages() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.meta.most_entries = 1);
    let mira = house.person("mira");
    let (_, first) = mira.get("me/accounts", &[("fields", "id"), ("limit", "100")]).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 1);
    let next = first["paging"]["next"].as_str().unwrap();
    assert!(next.starts_with(&house.host(GRAPH)) && next.contains("access_token="));
    let (_, second) = read(house.http.get(next).send().await.unwrap()).await;
    assert_eq!(second["data"][0]["id"], GARDEN);
    assert!(second["paging"].get("next").is_none() && second["paging"]["previous"].is_string());
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let (_, again) = mira.get("me/accounts", &[("fields", "id"), ("after", after)]).await;
    assert_eq!(again["data"], second["data"]);
    assert_eq!(code(&mira.get("me/accounts", &[("after", "nonsense")]).await.1).0, 100);
}

#[tokio::test]
async fn what_is_unticked_is_not_given() {
    let house = house().await;
    let but = [("account", "mira"), ("decision", "allow"), ("scope", "pages_show_list"), ("page", GARDEN)];
    let mira = sign_in(&house, &but).await;
    let (_, body) = mira.get("me/permissions", &[]).await;
    let status = |name: &str| {
        let all = body["data"].as_array().unwrap();
        all.iter().find(|line| line["permission"] == name).map(|line| line["status"].clone())
    };
    assert_eq!(status("public_profile"), Some(json!("granted")));
    assert_eq!(status("pages_show_list"), Some(json!("granted")));
    assert_eq!(status("pages_manage_posts"), Some(json!("declined")));
    let (_, pages) = mira.get("me/accounts", &[]).await;
    assert_eq!(pages["data"].as_array().unwrap().len(), 1, "one Page was left out");
    assert_eq!(pages["data"][0]["id"], GARDEN);
    assert_eq!(code(&mira.get(BAKES, &[("fields", "access_token")]).await.1).0, 10);
    let garden = mira.page(GARDEN).await;
    let start = [("upload_phase", "start")];
    assert_eq!(code(&garden.post(&format!("{GARDEN}/video_reels"), &start).await.1), (200, None));
    // Somebody else's Pages that stay ticked mean nothing: with all of one's own unticked there is none.
    let none = [yes("mira"), vec![("page", RIDES)]].concat();
    let mira = sign_in(&house, &none).await;
    assert_eq!(mira.get("me/accounts", &[]).await.1["data"], json!([]));
    let nothing = sign_in(&house, &[("account", "mira"), ("decision", "allow")]).await;
    assert_eq!(nothing.get("me/accounts", &[]).await.1["data"], json!([]), "no pages_show_list");
}

#[tokio::test]
async fn no_page_no_task_no_account() {
    let house = house().await;
    let tove = house.person("tove");
    assert_eq!(tove.get("me/accounts", &[]).await.1["data"], json!([]));
    let ada = house.person("ada");
    let (_, body) = ada.get("me/accounts", &[("fields", "id,tasks")]).await;
    assert_eq!(body["data"][0], json!({ "id": LETTERS, "tasks": ["ANALYZE", "MODERATE"] }));
    let page = ada.page(LETTERS).await;
    let (status, body) = page.post(&format!("{LETTERS}/video_reels"), &[("upload_phase", "start")]).await;
    assert_eq!((status, code(&body)), (400, (100, None)));
}

#[tokio::test]
async fn denying_leads_back_with_both_hosts_words() {
    let house = house().await;
    let to = consent(&house, "facebook", &[], &[("account", "mira"), ("decision", "deny")]).await;
    let back = parameters(&to);
    let of = |name: &str| back[name].as_str();
    assert_eq!((of("error"), of("error_reason")), ("access_denied", "user_denied"));
    assert_eq!((of("error_description"), of("state")), ("Permissions error", "a/b+c d&é"));
    assert!(!back.contains_key("code"));
    let changes = [("redirect_uri", HTTPS), ("scope", "instagram_business_basic")];
    let to = consent(&house, "instagram_login", &changes, &[("decision", "deny")]).await;
    assert!(to.contains("error_description=The+user+denied+your+request"), "{to}");
}

#[tokio::test]
async fn mistakes_of_the_app_stay_on_the_page() {
    let house = house().await;
    let (instagram, _) = house.meta_app("instagram_login");
    for (app, changes, words) in [
        ("facebook", vec![("client_id", "1234")], "valid app ID"),
        ("facebook", vec![("client_id", instagram.as_str())], "valid app ID"),
        ("facebook", vec![("redirect_uri", "")], "redirect_uri"),
        ("facebook", vec![("redirect_uri", "http://127.0.0.1:4567/")], "not whitelisted"),
        ("facebook", vec![("redirect_uri", "https://creator.example/other.html")], "not whitelisted"),
        ("facebook", vec![("response_type", "token")], "response_type"),
        ("facebook", vec![("scope", "pages_show_list,pages_fly")], "Invalid Scopes: pages_fly"),
        ("facebook", vec![("scope", "instagram_business_basic")], "Invalid Scopes"),
        ("instagram_login", vec![("scope", "instagram_business_basic")], "not whitelisted"),
        ("instagram_login", vec![("redirect_uri", HTTPS), ("scope", "business_basic")], "Invalid Scopes"),
        (
            "instagram_login",
            vec![("redirect_uri", HTTPS), ("scope", "instagram_business_content_publish")],
            "required",
        ),
        ("instagram_login", vec![("redirect_uri", HTTPS), ("response_type", "")], "response_type"),
    ] {
        let page = dialog(&house, app, &changes).await;
        assert_eq!(page.status(), 400, "{changes:?}");
        assert!(page.headers().get("location").is_none());
        let text = page.text().await.unwrap();
        assert!(text.contains(words), "{changes:?}: {text}");
    }
    let form = [("request", "never"), ("account", "mira"), ("decision", "allow")];
    let address = format!("{}/v25.0/dialog/oauth/confirm", house.host("www.facebook.com"));
    assert_eq!(house.http.post(address).form(&form).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_live_app_comes_back_over_the_creators_own_https_page() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.meta.live_app = true);
    assert_eq!(dialog(&house, "facebook", &[]).await.status(), 400, "no localhost any more");
    let changes = [("redirect_uri", HTTPS), ("state", "4567.abc")];
    let to = consent(&house, "facebook", &changes, &yes("mira")).await;
    let here = format!("{}/redirect/creator.example/slipway.html?", house.sandbox.page());
    assert!(to.starts_with(&here), "{to}");
    assert_eq!(house.http.get(&to).send().await.unwrap().status(), 404, "nothing was put there yet");
    house.sandbox.serve_static(HTTPS, "<!doctype html><p>on you go");
    let page = house.http.get(&to).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().contains("on you go"));
    let back = parameters(&to);
    assert_eq!(back["state"], "4567.abc");
    let used = [("code", back["code"].as_str()), ("redirect_uri", HTTPS)];
    assert_eq!(token(&house, "facebook", &used).await.0, 200);
}

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
async fn every_version_that_is_served_and_none_other() {
    let house = house().await;
    let mira = house.person("mira");
    for path in ["/v25.0/me", "/v26.0/me", "/me"] {
        let address = format!("{}{path}?access_token={}", house.host(GRAPH), mira.token);
        let answer = house.http.get(address).send().await.unwrap();
        let version = if path.contains("v26") { "v26.0" } else { "v25.0" };
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["facebook-api-version"]),
            (200, &version.parse().unwrap())
        );
    }
    let address = format!("{}/v13.0/me?access_token={}", house.host(GRAPH), mira.token);
    assert_eq!(code(&read(house.http.get(address).send().await.unwrap()).await.1).0, 2500);
    assert!(house.sandbox.calls().pop().unwrap().unknown);
    let oauth = house.http.get(format!("{}/v25.0/me", house.host(GRAPH)));
    let oauth = oauth.header("authorization", format!("OAuth {}", mira.token)).send().await.unwrap();
    assert_eq!(oauth.status(), 200, "Graph takes both schemes");
}

async fn login_code(house: &House, account: &str) -> String {
    let changes =
        [("redirect_uri", HTTPS), ("scope", "instagram_business_basic instagram_business_content_publish")];
    let answers =
        [("account", account), ("scope", "instagram_business_content_publish"), ("decision", "allow")];
    consent(house, "instagram_login", &changes, &answers).await
}

async fn login_token(house: &House, fields: &[(&str, &str)]) -> (u16, Value) {
    let (id, secret) = house.meta_app("instagram_login");
    let base = [
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("grant_type", "authorization_code"),
    ];
    let mut form: HashMap<&str, &str> = base.into_iter().collect();
    form.extend(fields.iter().copied());
    let address = format!("{}/oauth/access_token", house.host("api.instagram.com"));
    read(house.http.post(address).form(&form).send().await.unwrap()).await
}

#[tokio::test]
async fn instagram_login_has_its_mark_both_shapes_and_its_own_errors() {
    let house = house().await;
    let to = login_code(&house, "mira").await;
    assert!(to.ends_with("#_") && to.contains("/redirect/creator.example/slipway.html?code="), "{to}");
    let code = parameters(&to)["code"].clone();
    let wrong = format!("{code}#_");
    for (fields, words) in [
        (vec![("client_id", "1")], "platform app"),
        (vec![("client_secret", "1")], "secret"),
        (vec![("code", wrong.as_str())], "Matching code was not found or was already used"),
        (vec![("redirect_uri", LOCALHOST)], "redirect_uri"),
    ] {
        let all = [vec![("code", code.as_str()), ("redirect_uri", HTTPS)], fields].concat();
        let (status, body) = login_token(&house, &all).await;
        assert_eq!(
            (status, &body["error_type"], &body["code"]),
            (400, &json!("OAuthException"), &json!(400))
        );
        assert!(body["error_message"].as_str().unwrap().contains(words), "{body}");
    }
    let all = [("code", code.as_str()), ("redirect_uri", HTTPS)];
    let (status, body) = login_token(&house, &all).await;
    assert_eq!(status, 200);
    let data = &body["data"][0];
    assert!(data["access_token"].as_str().unwrap().starts_with("IG"));
    assert_eq!(data["user_id"], MIRABAKES);
    assert_eq!(data["permissions"], "instagram_business_basic,instagram_business_content_publish");
    assert_eq!(login_token(&house, &all).await.0, 400, "once");
    house.sandbox.settings(|settings| settings.meta.answers = MetaAnswers::Field);
    let code = parameters(&login_code(&house, "mira").await)["code"].clone();
    let (_, body) = login_token(&house, &[("code", &code), ("redirect_uri", HTTPS)]).await;
    assert_eq!(body["user_id"], json!(17_841_400_000_000_101u64));
    assert!(body["permissions"].is_array());
    // The page's own words to a personal account; there is no way back from it.
    let changes = [("redirect_uri", HTTPS), ("scope", "instagram_business_basic")];
    let page = dialog(&house, "instagram_login", &changes).await;
    assert_eq!(
        answer(&house, "instagram_login", page, &[("account", "jonas"), ("decision", "allow")]).await.0,
        400
    );
    assert!(house.sandbox.calls().iter().all(|call| call.platform == "instagram"));
}

#[tokio::test]
async fn instagrams_tokens_are_traded_and_refreshed_after_a_day() {
    let house = house().await;
    let code = parameters(&login_code(&house, "ada").await)["code"].clone();
    let (_, body) = login_token(&house, &[("code", &code), ("redirect_uri", HTTPS)]).await;
    let short = body["data"][0]["access_token"].as_str().unwrap().to_string();
    let (_, secret) = house.meta_app("instagram_login");
    let get = async |path: &str, query: &[(&str, &str)]| {
        let address = format!("{}/{path}", house.host(GRAPH_INSTAGRAM));
        read(house.http.get(address).query(query).send().await.unwrap()).await
    };
    let trade = [
        ("grant_type", "ig_exchange_token"),
        ("client_secret", secret.as_str()),
        ("access_token", short.as_str()),
    ];
    let refresh = |token: &str| {
        let token = token.to_string();
        let get = &get;
        async move {
            get("refresh_access_token", &[("grant_type", "ig_refresh_token"), ("access_token", &token)]).await
        }
    };
    let (status, body) = refresh(&short).await;
    assert_eq!(
        (status, &body["error"]["type"]),
        (400, &json!("IGApiException")),
        "a short one is not refreshed"
    );
    let (status, body) = get("access_token", &trade).await;
    assert_eq!(
        (status, &body["token_type"], &body["expires_in"]),
        (200, &json!("bearer"), &json!(5_183_944))
    );
    let long = body["access_token"].as_str().unwrap().to_string();
    assert_eq!(refresh(&long).await.0, 400, "younger than a day");
    house.sandbox.advance(Duration::from_secs(86_401));
    let (status, body) = refresh(&long).await;
    assert_eq!(
        (status, &body["permissions"]),
        (200, &json!("instagram_business_basic,instagram_business_content_publish"))
    );
    let ada =
        Caller { house: &house, host: GRAPH_INSTAGRAM, token: body["access_token"].as_str().unwrap().into() };
    let fields = [("fields", "id,user_id,username,account_type")];
    let (_, me) = ada.get("me", &fields).await;
    let me = &me["data"][0];
    assert_eq!((&me["user_id"], &me["username"]), (&json!("17841400000000303"), &json!("ada.letters")));
    assert_eq!(me["account_type"], "MEDIA_CREATOR");
    assert_ne!(me["id"], me["user_id"]);
    house.sandbox.settings(|settings| settings.meta.answers = MetaAnswers::Field);
    assert_eq!(ada.get("me", &fields).await.1["username"], "ada.letters", "flat");
    house.sandbox.advance(Duration::from_secs(61 * 86_400));
    assert_eq!(house::meta::code(&refresh(&long).await.1), (190, Some(463)));
    // A token of one flavour means nothing to the other's host.
    let mira = house.person("mira");
    let stranger = Caller { house: &house, host: GRAPH_INSTAGRAM, token: mira.token };
    assert_eq!(house::meta::code(&stranger.get("me", &[]).await.1).0, 190);
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
