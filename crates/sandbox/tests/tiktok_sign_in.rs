//! Signing in to TikTok: the consent page, the way back, codes and tokens, and how they die.
#![allow(clippy::unwrap_used)]

mod house;

use house::tiktok::{
    ALL, POSTING, REDIRECT, Tiktoker, auth_page, challenge, code, consent, exchange, flat, grant, oauth,
    query, sign_in, token, with_code,
};
use house::{House, house};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const YES: [(&str, &str); 2] = [("account", "mira"), ("decision", "allow")];

#[tokio::test]
async fn the_way_back_has_code_scopes_and_state_with_everything_encoded() {
    let house = house().await;
    let mut answers = YES.to_vec();
    answers.extend(POSTING.split(',').map(|scope| ("scope", scope)));
    let to = consent(&house, &[], &answers).await;
    let (path, raw) = to.split_once('?').unwrap();
    assert_eq!(path, REDIRECT);
    assert!(!raw.contains(['*', '!', ',']), "TikTok encodes them all: {raw}");
    let back = query(&to);
    assert!(back["code"].contains('*') && back["code"].contains('!'), "decoded once: {}", back["code"]);
    assert_eq!((back["scopes"].as_str(), back["state"].as_str()), (POSTING, "a/b+c d&é"));
    assert_eq!(back.len(), 3);
}

#[tokio::test]
async fn mistakes_of_the_app_stay_on_tiktoks_own_page() {
    let house = house().await;
    let upper = challenge().to_uppercase();
    for (name, value) in [
        ("client_key", ""),
        ("client_key", "nobody"),
        ("redirect_uri", ""),
        ("redirect_uri", "http://127.0.0.1:4567/callback"),
        ("redirect_uri", "http://127.0.0.1/callback/"),
        ("redirect_uri", "https://127.0.0.1:4567/callback/"),
        ("redirect_uri", "http://127.0.0.1:4567/callback/?a=b"),
        ("redirect_uri", "http://example.com:4567/callback/"),
        ("response_type", "token"),
        ("scope", ""),
        ("scope", "user.info.basic video.publish"),
        ("scope", "user.info.basic,video.delete"),
        ("state", ""),
        ("code_challenge", ""),
        ("code_challenge", upper.as_str()),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", ""),
        ("code_challenge_method", "plain"),
    ] {
        let page = auth_page(&house, &[(name, value)]).await;
        assert_eq!(page.status(), 400, "{name}={value}");
        assert!(page.headers().get("location").is_none());
        let html = page.text().await.unwrap();
        assert!(html.contains(&format!(">{name}<")), "the page names {name}");
    }
    for good in ["http://localhost:1/callback/", "http://127.0.0.1:65535/callback/"] {
        assert_eq!(auth_page(&house, &[("redirect_uri", good)]).await.status(), 200, "{good}");
    }
}

#[tokio::test]
async fn a_person_may_untick_or_refuse() {
    let house = house().await;
    let html = auth_page(&house, &[("scope", ALL)]).await.text().await.unwrap();
    assert!(html.contains("value=\"user.info.basic\" checked disabled"), "this one comes with signing in");
    assert!(html.contains("value=\"video.publish\" checked>"));
    let half = [YES.as_slice(), &[("scope", "video.upload")]].concat();
    let back = query(&consent(&house, &[], &half).await);
    assert_eq!(back["scopes"], "user.info.basic,video.upload");
    let (_, tokens) = exchange(&house, &back["code"]).await;
    assert_eq!(tokens["scope"], "user.info.basic,video.upload");
    for answers in [
        vec![("account", "mira"), ("decision", "deny")],
        // Everything unticked where nothing is fixed.
        YES.to_vec(),
    ] {
        let scope = if answers[1].1 == "deny" { ALL } else { "video.upload,video.publish" };
        let to = consent(&house, &[("scope", scope)], &answers).await;
        let back = query(&to);
        assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "a/b+c d&é"));
        assert!(back.contains_key("error_description") && !back.contains_key("code"), "{to}");
    }
}

#[tokio::test]
async fn a_consent_is_answered_once() {
    let house = house().await;
    let html = auth_page(&house, &[]).await.text().await.unwrap();
    let request = html.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
    let address = format!("{}/v2/auth/consent/", house.host("www.tiktok.com"));
    let form = [("request", request.as_str()), ("account", "mira"), ("decision", "allow")];
    assert_eq!(house.http.post(&address).form(&form).send().await.unwrap().status(), 302);
    assert_eq!(house.http.post(&address).form(&form).send().await.unwrap().status(), 400);
}

async fn fresh_code(house: &House) -> String {
    let mut answers = YES.to_vec();
    answers.extend(POSTING.split(',').map(|scope| ("scope", scope)));
    query(&consent(house, &[], &answers).await)["code"].clone()
}

#[tokio::test]
async fn the_token_endpoint_is_strict_and_flat() {
    let house = house().await;
    let code = fresh_code(&house).await;
    let encoded = code.replace('*', "%2A").replace('!', "%21");
    let other = "a".repeat(43);
    for (name, value, expected) in [
        ("client_secret", "", "invalid_request"),
        ("client_secret", "wrong", "invalid_client"),
        ("client_key", "nobody", "invalid_client"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
        ("redirect_uri", "http://127.0.0.1:4568/callback/", "invalid_request"),
        ("redirect_uri", "", "invalid_request"),
        ("code_verifier", "", "invalid_request"),
        ("code_verifier", other.as_str(), "invalid_request"),
        ("code", "nonsense", "invalid_grant"),
        // Not decoded: what arrives in the address has to be decoded once.
        ("code", encoded.as_str(), "invalid_grant"),
    ] {
        let mut fields = with_code(&code).to_vec();
        fields.push((name, value));
        let answer = token(&house, &fields).await;
        assert_eq!(flat(&answer), (400, expected), "{name}={value}");
        assert!(answer.1["error_description"].is_string() && answer.1.get("data").is_none());
    }
    let app = house.sandbox.announcement().apps["tiktok"].clone();
    let address = format!("{}/v2/oauth/token/", house.host("open.tiktokapis.com"));
    let json = json!({ "client_key": app.client_id, "client_secret": app.client_secret, "grant_type": "refresh_token" });
    assert_eq!(house.http.post(&address).json(&json).send().await.unwrap().status(), 400, "a form, not JSON");

    let (status, tokens) = exchange(&house, &code).await;
    assert_eq!(status, 200, "none of these mistakes burned the code: {tokens}");
    assert!(tokens["access_token"].as_str().unwrap().starts_with("act."));
    assert!(tokens["refresh_token"].as_str().unwrap().starts_with("rft."));
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&json!(86_400), &json!(31_536_000)));
    assert_eq!((&tokens["scope"], &tokens["token_type"]), (&json!(POSTING), &json!("Bearer")));
    assert!(tokens["open_id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(flat(&exchange(&house, &code).await), (400, "invalid_grant"), "a code works once");
}

#[tokio::test]
async fn a_refusal_can_come_with_200() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.oauth_error_status = 200);
    let answer = exchange(&house, "nonsense").await;
    assert_eq!(flat(&answer), (200, "invalid_grant"));
    assert!(answer.1.get("access_token").is_none());
}

#[tokio::test]
async fn a_code_is_good_for_its_time() {
    let house = house().await;
    let (young, old) = (fresh_code(&house).await, fresh_code(&house).await);
    house.sandbox.advance(Duration::from_secs(590));
    assert_eq!(exchange(&house, &young).await.0, 200);
    house.sandbox.advance(Duration::from_secs(11));
    assert_eq!(flat(&exchange(&house, &old).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_challenge_in_base64_fails_late_where_that_was_seen() {
    let house = house().await;
    house.sandbox.settings(|s| s.tiktok.challenge_checked_late = true);
    let base64 = [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")];
    let back = query(&consent(&house, &base64, &YES).await);
    let answer = exchange(&house, &back["code"]).await;
    assert_eq!(flat(&answer), (400, "invalid_request"));
    assert_eq!(answer.1["error_description"], "Code verifier or code challenge is invalid.");
}

fn refreshing(with: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", with)]
}

#[tokio::test]
async fn access_tokens_live_a_day_and_a_refresh_rotates() {
    let house = house().await;
    let mut mira = sign_in(&house, "mira").await;
    house.sandbox.advance(Duration::from_secs(86_399));
    assert_eq!(mira.creator_info().await.0, 200);
    house.sandbox.advance(Duration::from_secs(2));
    assert_eq!(code(&mira.creator_info().await), (401, "access_token_invalid"));
    let (status, fresh) = token(&house, &refreshing(&mira.refresh)).await;
    assert_eq!(status, 200);
    assert_ne!(fresh["refresh_token"], json!(mira.refresh));
    assert!(fresh["refresh_expires_in"].as_i64().unwrap() < 31_536_000 - 86_000, "the year goes on");
    assert_eq!(
        flat(&token(&house, &refreshing(&mira.refresh)).await),
        (400, "invalid_grant"),
        "dead at once"
    );
    mira.token = fresh["access_token"].as_str().unwrap().into();
    assert_eq!(mira.creator_info().await.0, 200);
    let new = fresh["refresh_token"].as_str().unwrap().to_string();
    house.sandbox.settings(|s| s.tiktok.rotate_refresh = false);
    let (_, again) = token(&house, &refreshing(&new)).await;
    assert_eq!(again["refresh_token"], json!(new), "the same one, where nothing is rotated");
    house.sandbox.advance(Duration::from_secs(365 * 86_400));
    assert_eq!(flat(&token(&house, &refreshing(&new)).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn revoking_ends_all_of_that_creator_and_nobody_elses() {
    let house = house().await;
    let (mira, jonas) = (sign_in(&house, "mira").await, sign_in(&house, "jonas").await);
    let other = sign_in(&house, "mira").await;
    let revoke = |token: String| {
        let house = &house;
        async move { oauth(house, "revoke", &[("token", &token)]).await }
    };
    let answer = revoke(mira.token.clone()).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""));
    assert_eq!(revoke(mira.token.clone()).await.status(), 400);
    for dead in [&mira, &other] {
        assert_eq!(code(&dead.creator_info().await), (401, "access_token_invalid"));
        assert_eq!(flat(&token(&house, &refreshing(&dead.refresh)).await), (400, "invalid_grant"));
    }
    assert_eq!(jonas.creator_info().await.0, 200);
}

#[tokio::test]
async fn tokens_without_a_browser_and_tokens_that_are_killed() {
    let house = house().await;
    let granted = house.sandbox.grant_for("tiktok", "mira", &["video.publish"]);
    let google = house.sandbox.grant("mira", &[house::FORCE]);
    let mira = Tiktoker {
        http: house.http.clone(),
        api: house.host("open.tiktokapis.com"),
        token: granted.access_token.clone(),
        refresh: granted.refresh_token.clone(),
    };
    assert_eq!(mira.creator_info().await.0, 200);
    house.sandbox.expire_for("youtube", true, true);
    assert_eq!(mira.creator_info().await.0, 200, "another platform's affair");
    house.sandbox.expire_for("tiktok", true, false);
    assert_eq!(code(&mira.creator_info().await), (401, "access_token_invalid"));
    assert_eq!(token(&house, &refreshing(&granted.refresh_token)).await.0, 200);
    house.sandbox.expire(false, true);
    let dead =
        house.token(&[("grant_type", "refresh_token"), ("refresh_token", &google.refresh_token)]).await;
    assert_eq!(dead.0, 400);
    assert!(house.sandbox.grant_for("nowhere", "mira", &[]).access_token.is_empty());
}

#[tokio::test]
async fn without_a_token_or_without_the_scope() {
    let house = house().await;
    let bare = house::read(
        house
            .http
            .request(
                Method::POST,
                format!("{}/v2/post/publish/creator_info/query/", house.host("open.tiktokapis.com")),
            )
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(code(&bare), (401, "access_token_invalid"));
    let tokens = grant(&house, "mira", "user.info.basic,video.upload").await;
    let drafts_only = Tiktoker {
        http: house.http.clone(),
        api: house.host("open.tiktokapis.com"),
        token: tokens["access_token"].as_str().unwrap().into(),
        refresh: String::new(),
    };
    assert_eq!(code(&drafts_only.creator_info().await), (401, "scope_not_authorized"));
    let direct = drafts_only.init(house::tiktok::post("SELF_ONLY"), house::tiktok::file(10)).await;
    assert_eq!(code(&direct), (401, "scope_not_authorized"));
    assert_eq!(drafts_only.draft_init(house::tiktok::file(10)).await.0, 200);
}

#[tokio::test]
async fn no_secret_shows_up_in_the_log() {
    let house = house().await;
    let mira = sign_in(&house, "mira").await;
    let all = house::stuff(100);
    let upload = mira.begin(all.len()).await;
    mira.send(&upload, &all).await;
    let (calls, state) = (serde_json::to_string(&house.sandbox.calls()).unwrap(), house.sandbox.state());
    let upload_token = query(&upload.url)["upload_token"].clone();
    for secret in [&mira.token, &mira.refresh, &upload_token] {
        assert!(state.secrets.contains(secret), "is known to be one");
    }
    assert!(state.canaries.iter().all(|canary| canary.len() >= 11 && !calls.contains(canary)));
}
