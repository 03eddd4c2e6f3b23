//! Signing in, as a client meets it: the page, the code, the tokens, and all the ways to be refused.
#![allow(clippy::unwrap_used)]

mod house;

use house::{FORCE, House, READONLY, REDIRECT, UPLOAD, VERIFIER, house, reason};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

fn error(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"].as_str().unwrap())
}

#[tokio::test]
async fn a_creator_signs_in_and_is_known() {
    let house = house().await;
    let scopes = format!("openid https://www.googleapis.com/auth/userinfo.email {FORCE}");
    let tokens = house.grant("mira", &scopes).await;
    assert_eq!(tokens["expires_in"], 3599);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], scopes);
    assert!(tokens["access_token"].as_str().unwrap().starts_with("ya29."));
    assert!(tokens["refresh_token"].as_str().unwrap().starts_with("1//"));
    assert_eq!(tokens["id_token"].as_str().unwrap().split('.').count(), 3);
    assert!(tokens.get("refresh_token_expires_in").is_none());
    let mira = house::Creator { house: &house, token: tokens["access_token"].as_str().unwrap().into() };
    assert_eq!(mira.get("/oauth2/v2/userinfo").await.1["email"], "mira@creators.example");
    let (status, channels) =
        mira.get("/youtube/v3/channels?part=snippet,status,contentDetails&mine=true").await;
    assert_eq!((status, &channels["items"][0]["snippet"]["title"]), (200, &json!("Mira Bakes")));
    let secrets = house.sandbox.state();
    for name in ["access_token", "refresh_token", "id_token"] {
        let secret = tokens[name].as_str().unwrap();
        assert!(secrets.secrets.iter().any(|known| known == secret), "{name}");
        assert!(
            secrets.canaries.iter().any(|part| part.len() > 30 && secret.ends_with(part.as_str())),
            "{name}"
        );
    }
    assert!(house.sandbox.calls().iter().all(|call| !call.unknown));
}

#[tokio::test]
async fn the_way_back_carries_the_state_unchanged() {
    let house = house().await;
    let back = house.consent(FORCE, &[("account", "mira"), ("decision", "allow")]).await;
    assert_eq!(back["state"], "a/b+c d&é");
    assert_eq!(back["scope"], FORCE);
    assert_eq!((back["authuser"].as_str(), back["prompt"].as_str()), ("0", "consent"));
    assert!(back["code"].starts_with("4/0A"));
    let back = house.consent(FORCE, &[("account", "mira"), ("decision", "deny")]).await;
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "a/b+c d&é"));
    assert!(!back.contains_key("code"));
}

#[tokio::test]
async fn what_is_unticked_is_not_granted() {
    let house = house().await;
    let both = format!("{UPLOAD} {READONLY}");
    let back = house.consent(&both, &[("account", "mira"), ("scope", UPLOAD), ("decision", "allow")]).await;
    assert_eq!(back["scope"], UPLOAD);
    let (_, tokens) = house.exchange(&back["code"]).await;
    assert_eq!(tokens["scope"], UPLOAD);
    let mira = house::Creator { house: &house, token: tokens["access_token"].as_str().unwrap().into() };
    let (status, body) = mira.get("/youtube/v3/videos?part=id&id=x").await;
    assert_eq!((status, reason(&body)), (403, "insufficientPermissions"));
    assert_eq!(body["error"]["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(body["error"]["status"], "PERMISSION_DENIED");
    let back = house.consent(&both, &[("account", "mira"), ("decision", "allow")]).await;
    assert_eq!(back["error"], "access_denied", "nothing ticked");
}

#[tokio::test]
async fn mistakes_of_the_app_stay_on_googles_page() {
    let house = house().await;
    for (changes, code) in [
        (vec![("redirect_uri", "https://example.com/cb")], "redirect_uri_mismatch"),
        (vec![("redirect_uri", "")], "invalid_request"),
        (vec![("client_id", "nobody")], "invalid_client"),
        (vec![("response_type", "token")], "invalid_request"),
        (vec![("scope", "https://www.googleapis.com/auth/drive")], "invalid_scope"),
        (vec![("code_challenge_method", "S512")], "invalid_request"),
    ] {
        let page = house.auth_page(&changes).await;
        assert_eq!(page.status(), 400, "{changes:?}");
        assert!(page.headers().get("location").is_none());
        assert!(page.text().await.unwrap().contains(code), "{changes:?}");
    }
}

#[tokio::test]
async fn a_page_is_answered_once() {
    let house = house().await;
    let html = house.auth_page(&[]).await.text().await.unwrap();
    let request = html.split("name=request value=\"").nth(1).unwrap().split('"').next().unwrap();
    let address = format!("{}/signin/consent", house.host("accounts.google.com"));
    let form = [("request", request), ("account", "mira"), ("decision", "allow")];
    assert_eq!(house.http.post(&address).form(&form).send().await.unwrap().status(), 302);
    assert_eq!(house.http.post(&address).form(&form).send().await.unwrap().status(), 400);
}

async fn code(house: &House) -> String {
    house.consent(FORCE, &[("account", "mira"), ("decision", "allow")]).await["code"].clone()
}

#[tokio::test]
async fn the_token_endpoint_is_strict() {
    let house = house().await;
    let code = code(&house).await;
    let grant = ("grant_type", "authorization_code");
    let all = [grant, ("code", code.as_str()), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)];
    let changed = |name: &'static str, value: &'static str| {
        let mut fields = all.to_vec();
        fields.push((name, value));
        fields
    };
    let other = "a".repeat(43);
    for (fields, expected) in [
        (changed("client_secret", ""), (400, "invalid_request")),
        (changed("client_secret", "GOCSPX-wrong"), (401, "invalid_client")),
        (changed("client_id", "nobody"), (401, "invalid_client")),
        (changed("grant_type", "password"), (400, "unsupported_grant_type")),
        (changed("redirect_uri", "http://127.0.0.1:4567/callback/"), (400, "redirect_uri_mismatch")),
        (changed("code_verifier", ""), (400, "invalid_grant")),
        ([&all[..], &[("code_verifier", other.as_str())]].concat(), (400, "invalid_grant")),
        (changed("code", "4/0Anonsense"), (400, "invalid_grant")),
    ] {
        assert_eq!(error(&house.token(&fields).await), expected, "{:?}", fields.last());
    }
    let (id, secret) = house.app();
    let address = format!("{}/token", house.host("oauth2.googleapis.com"));
    let json = json!({ "client_id": id, "client_secret": secret, "grant_type": "refresh_token", "refresh_token": "x" });
    assert_eq!(
        house.http.post(&address).json(&json).send().await.unwrap().status(),
        400,
        "form encoding only"
    );
    assert_eq!(house.token(&all).await.0, 200, "none of these mistakes burned the code");
}

#[tokio::test]
async fn a_code_works_once_and_a_replay_kills_what_it_gave() {
    let house = house().await;
    let code = code(&house).await;
    let (status, tokens) = house.exchange(&code).await;
    assert_eq!(status, 200);
    let mira = house::Creator { house: &house, token: tokens["access_token"].as_str().unwrap().into() };
    assert_eq!(mira.get("/youtube/v3/videos?part=id&id=x").await.0, 200);
    assert_eq!(error(&house.exchange(&code).await), (400, "invalid_grant"));
    assert_eq!(mira.get("/youtube/v3/videos?part=id&id=x").await.0, 401);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let again = house.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!(error(&again), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let house = house().await;
    let (young, old) = (code(&house).await, code(&house).await);
    house.sandbox.advance(Duration::from_secs(590));
    assert_eq!(house.exchange(&young).await.0, 200);
    house.sandbox.advance(Duration::from_secs(11));
    assert_eq!(error(&house.exchange(&old).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn access_tokens_die_after_an_hour_and_are_refreshed_without_a_new_refresh_token() {
    let house = house().await;
    let tokens = house.grant("mira", FORCE).await;
    let mut mira = house::Creator { house: &house, token: tokens["access_token"].as_str().unwrap().into() };
    house.sandbox.advance(Duration::from_secs(3601));
    let (status, body) = mira.get("/youtube/v3/videos?part=id&id=x").await;
    assert_eq!(
        (status, reason(&body), &body["error"]["status"]),
        (401, "authError", &json!("UNAUTHENTICATED"))
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let (status, fresh) = house.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await;
    assert_eq!(status, 200);
    assert!(fresh.get("refresh_token").is_none());
    mira.token = fresh["access_token"].as_str().unwrap().into();
    assert_eq!(mira.get("/youtube/v3/videos?part=id&id=x").await.0, 200);
}

#[tokio::test]
async fn an_app_in_testing_loses_its_refresh_token_after_seven_days() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.testing_mode = true);
    let tokens = house.grant("mira", FORCE).await;
    assert_eq!(tokens["refresh_token_expires_in"], 604_799);
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    house.sandbox.advance(Duration::from_secs(6 * 86_400));
    assert_eq!(house.token(&refresh).await.0, 200);
    house.sandbox.advance(Duration::from_secs(86_401));
    assert_eq!(error(&house.token(&refresh).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn revoking_one_token_ends_all_of_that_person_and_nobody_elses() {
    let house = house().await;
    let (one, two) = (house.grant("mira", FORCE).await, house.grant("mira", READONLY).await);
    let jonas = house.sign_in("jonas").await;
    let address = format!("{}/revoke", house.host("oauth2.googleapis.com"));
    let revoke = |token: String| house.http.post(&address).form(&[("token", token)]).send();
    let token = one["access_token"].as_str().unwrap().to_string();
    assert_eq!(revoke(token.clone()).await.unwrap().status(), 200);
    assert_eq!(revoke(token).await.unwrap().status(), 400);
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", two["refresh_token"].as_str().unwrap())];
    assert_eq!(error(&house.token(&refresh).await), (400, "invalid_grant"));
    assert_eq!(jonas.get("/youtube/v3/videos?part=id&id=x").await.0, 200);
}

#[tokio::test]
async fn an_account_without_a_channel_is_told_so() {
    let house = house().await;
    let ada = house.sign_in("ada").await;
    let (status, body) = ada.get("/youtube/v3/channels?part=id&mine=true").await;
    assert_eq!((status, reason(&body)), (401, "youtubeSignupRequired"));
    assert_eq!(ada.start_with(house::cake("private"), Some(9)).await.status(), 401);
}

#[tokio::test]
async fn expiring_by_hand_and_asking_without_a_token() {
    let house = house().await;
    let mira = house.sign_in("mira").await;
    house.sandbox.expire(true, false);
    assert_eq!(mira.get("/youtube/v3/videos?part=id&id=x").await.0, 401);
    let bare =
        house.http.request(Method::GET, house.api("/youtube/v3/videos?part=id&id=x")).send().await.unwrap();
    let (status, body) = house::read(bare).await;
    assert_eq!((status, reason(&body)), (401, "required"));
}
