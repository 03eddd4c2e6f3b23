//! Signing in with Instagram Login: its mark, both shapes of its answers, its own errors, and its tokens.
#![allow(clippy::unwrap_used)]

mod house;

use house::dialog::{HTTPS, LOCALHOST, answer, consent, dialog, parameters};
use house::meta::{Caller, GRAPH_INSTAGRAM, MIRABAKES};
use house::{House, house, read};
use serde_json::{Value, json};
use slipway_sandbox::MetaAnswers;
use std::collections::HashMap;
use std::time::Duration;

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
