//! Signing in to Facebook and Instagram, as a client meets it: the dialogs, the ways back, and all the ways to be refused.
#![allow(clippy::unwrap_used)]

mod house;

use house::dialog::{HTTPS, LOCALHOST, SCOPES, consent, dialog, parameters, sign_in, token, yes};
use house::meta::{BAKES, Caller, GARDEN, GRAPH, LETTERS, MIRABAKES, RIDES, code};
use house::{house, read};
use serde_json::json;

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
    let placed = json!({ "address": HTTPS, "body": "<!doctype html><p>on you go" });
    let ask = house.http.post(format!("{}/api/static", house.sandbox.page())).json(&placed);
    assert_eq!(ask.send().await.unwrap().status(), 200);
    let page = house.http.get(&to).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().contains("on you go"));
    let back = parameters(&to);
    assert_eq!(back["state"], "4567.abc");
    let used = [("code", back["code"].as_str()), ("redirect_uri", HTTPS)];
    assert_eq!(token(&house, "facebook", &used).await.0, 200);
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

#[tokio::test]
async fn pages_of_a_portfolio_are_listed_there_alone() {
    let house = house().await;
    house.sandbox.settings(|settings| {
        settings.meta.owned_pages = vec![BAKES.into()];
        settings.meta.client_pages = vec![GARDEN.into()];
    });
    let mira = house.person("mira");
    assert_eq!(mira.get("me/accounts", &[("fields", "id")]).await.1["data"], json!([]));
    assert_eq!(code(&mira.get("me/businesses", &[("fields", "id,name")]).await.1).0, 200, "not permitted");
    let scopes = [&house::meta::FACEBOOK[..], &["business_management"]].concat();
    let granted = house.sandbox.grant_for("facebook", "mira", &scopes);
    let mira = Caller { house: &house, host: GRAPH, token: granted.access_token };
    let (_, found) = mira.get("me/businesses", &[("fields", "id,name")]).await;
    let portfolio = found["data"][0]["id"].as_str().unwrap();
    let list = async |edge: &str| {
        let (_, body) = mira.get(&format!("{portfolio}/{edge}"), &[("fields", "id,name,tasks")]).await;
        body["data"].clone()
    };
    assert_eq!(list("owned_pages").await[0]["id"], BAKES);
    assert_eq!(list("client_pages").await[0]["id"], GARDEN);
    assert!(mira.page(BAKES).await.token.starts_with("EAA"), "its token is read as any Page's");
    let other = house.sandbox.grant_for("facebook", "jonas", &scopes);
    let jonas = Caller { house: &house, host: GRAPH, token: other.access_token };
    assert_eq!(code(&jonas.get(&format!("{portfolio}/owned_pages"), &[]).await.1), (100, Some(33)));
    assert_eq!(house.calls("facebook.business.pages").len(), 3);
}

#[tokio::test]
async fn dialog_takes_what_the_app_was_given() {
    let house = house().await;
    house.sandbox.settings(|settings| settings.meta.app_lacks = vec!["business_management".into()]);
    let more = format!("{SCOPES},business_management");
    let page = dialog(&house, "facebook", &[("scope", &more)]).await;
    assert_eq!(page.status(), 400);
    assert!(page.text().await.unwrap().contains("Invalid Scopes: business_management"));
    assert_eq!(dialog(&house, "facebook", &[]).await.status(), 200);
    // An app that wants a configuration takes nothing else.
    house.sandbox.settings(|settings| {
        settings.meta.demands_config = true;
        settings.meta.configs =
            [("778".to_string(), vec!["pages_show_list".into(), "pages_manage_posts".into()])].into();
    });
    let code_too = ("override_default_response_type", "true");
    for wrong in
        [&[][..], &[("scope", ""), ("config_id", "778")], &[("scope", ""), ("config_id", "779"), code_too]]
    {
        assert_eq!(dialog(&house, "facebook", wrong).await.status(), 400, "{wrong:?}");
    }
    let to =
        consent(&house, "facebook", &[("scope", ""), ("config_id", "778"), code_too], &yes("mira")).await;
    let back = parameters(&to);
    let (_, body) = token(&house, "facebook", &[("code", &back["code"]), ("redirect_uri", LOCALHOST)]).await;
    let mira = Caller { house: &house, host: GRAPH, token: body["access_token"].as_str().unwrap().into() };
    let (_, granted) = mira.get("me/permissions", &[]).await;
    let names: Vec<_> = granted["data"].as_array().unwrap().iter().map(|one| &one["permission"]).collect();
    assert_eq!(names, ["public_profile", "pages_show_list", "pages_manage_posts"]);
}
